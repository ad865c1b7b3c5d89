use super::at;
use crate::{Course, Loss, Outcome, Recovery, Run, Share, Span, Unmeasured, courses, markdown};

fn run(fault: &str, recycled: bool, outcome: Outcome, missing: (usize, usize), end_rate: f64) -> Run {
    let (rows_lost, rows_on_old_writer) = missing;
    let recovery =
        Recovery { outcome, normal_rate: 50.0, end_rate, later_interruptions: 0, late: 0, unsent: 0 };
    let loss = Some(Loss { rows_lost, seconds: if rows_lost > 1 { 1.0 } else { 0.0 }, rows_on_old_writer });
    Run { fault: fault.to_owned(), pool: "sqlx".to_owned(), recycled, recovery, loss }
}

fn back(seconds: f64) -> Outcome {
    Outcome::Recovered { seconds }
}

/// The cells of the first row after the table's head.
fn first_row(runs: &[Run]) -> Vec<String> {
    let table = markdown(&[], runs, 180);
    let row = table.lines().nth(2).unwrap();
    row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn the_whole_table() {
    let runs = [
        run("freeze", true, back(8.62), (0, 0), 50.0),
        run("freeze", false, Outcome::Never, (7, 3_100), 35.0),
        run("freeze", true, back(8.41), (0, 0), 50.0),
        run("freeze", false, Outcome::Never, (6, 4_400), 34.0),
        run("freeze", true, back(9.3), (0, 0), 50.0),
        run("freeze", false, Outcome::Never, (9, 3_900), 0.0),
    ];
    let heading = ["2026-11-24".to_owned(), "PostgreSQL 18.6,\nsqlx 0.8.6".to_owned()];
    let expected = "\
- 2026-11-24
- PostgreSQL 18.6, sqlx 0.8.6

| Fault | Pool | RTO, recycled | RTO, not recycled | Acknowledged rows lost | Rows on the old writer | Writes a second at the end |
|---|---|---|---|---|---|---|
| freeze | sqlx | 8.6 s (8.4–9.3) | never (cap 180 s) | 0 · 7 (6–9), over 1.00 s | 0 · 3,900 (3,100–4,400) | 50 of 50 · 34 of 50 (0–35) |
";
    assert_eq!(markdown(&heading, &runs, 180), expected);
}

#[test]
fn the_outage_over_several_runs() {
    let never = Outcome::Never;
    let zero = Outcome::Uninterrupted;
    let silent = Outcome::Unmeasured(Unmeasured::TooShort);
    let table: [(&[Outcome], &str); 11] = [
        (&[back(8.3)], "8.3 s"),
        (&[back(8.3), back(8.3), back(8.31)], "8.3 s"),
        (&[back(8.0), back(9.0)], "8.5 s (8.0–9.0)"),
        (&[zero, zero, zero], "not interrupted"),
        (&[zero, back(1.0), back(2.0)], "1.0 s (0.0–2.0)"),
        (&[never, never, never], "never (cap 180 s)"),
        (&[back(34.0), never, back(60.0)], "60.0 s (34.0 to never (cap 180 s))"),
        (&[never, back(88.0), never], "never (cap 180 s) in 2 of 3, else 88.0 s"),
        (&[never, back(88.0)], "never (cap 180 s) in 1 of 2, else 88.0 s"),
        (&[silent, back(8.3)], "8.3 s (1 not measured)"),
        (&[silent], "– (1 not measured)"),
    ];
    for (outcomes, shown) in table {
        let runs: Vec<Run> = outcomes.iter().map(|of| run("crash", true, *of, (0, 0), 50.0)).collect();
        let row = first_row(&runs);
        assert_eq!((row[2].as_str(), row[3].as_str()), (shown, "–"), "{outcomes:?}");
    }
}

#[test]
fn what_was_not_measured_says_nothing() {
    let row = first_row(&[run("crash", true, Outcome::Unmeasured(Unmeasured::NoAttempts), (9, 9), 9.0)]);
    assert_eq!(row[2..], ["– (1 not measured)", "–", "– · –", "– · –", "– · –"]);
}

#[test]
fn a_cell_stays_a_cell() {
    let table = markdown(&["a\n| b".to_owned()], &[run("x | <b>\ny", true, back(1.0), (0, 0), 50.0)], 180);
    assert!(table.starts_with("- a \\| b\n\n"), "{table}");
    assert!(table.contains("| x \\| &lt;b> y | sqlx |"), "{table}");
    assert_eq!(table.lines().count(), 5);
}

#[test]
fn no_runs_no_rows() {
    assert_eq!(markdown(&[], &[], 180).lines().count(), 2);
}

#[test]
fn the_phases_of_several_runs() {
    let share = |own, rto| Share { rto, others: rto - own, own, fraction: Some(own / rto) };
    let course = |decide_ms, own: Vec<Share>| Course {
        fault: "crash".to_owned(),
        phases: vec![Span::new("detect", at(0), at(4_000)), Span::new("decide", at(4_000), at(decide_ms))],
        work: own.clone(),
        own: vec![share(5.0, 10.0)],
    };
    let aws = Course {
        fault: "black-hole".to_owned(),
        phases: vec![Span::new("detect", at(0), at(500))],
        own: Vec::new(),
        work: Vec::new(),
    };
    let all =
        [course(7_000, vec![share(0.5, 10.0)]), aws, course(8_000, vec![share(1.5, 10.0), share(0.7, 10.0)])];
    let expected = "\
| Fault | Runs | detect | decide | In a service's RTO: neither promotion, endpoint nor tasks' start | of it Mainstay's own work |
|---|--:|---|---|---|---|
| crash | 2 | 4.0 s | 3.5 s (3.0–4.0) | 5.0 s, 50 % | 0.7 s (0.5–1.5), 7 % (5–15) |
| black-hole | 1 | 0.5 s | – | – | – |
";
    assert_eq!(courses(&all), expected);
    assert_eq!(courses(&[]).lines().count(), 2);
}

#[test]
fn rows_that_could_not_be_counted_are_not_known_to_be_none() {
    let counted = run("crash", true, back(1.0), (7, 0), 50.0);
    let not = Run { loss: None, ..counted.clone() };
    assert_eq!(first_row(std::slice::from_ref(&not))[4..6], ["– · –", "– · –"]);
    assert_eq!(first_row(&[not, counted])[4], "7, over 1.00 s · –");
}
