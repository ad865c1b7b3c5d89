use crate::{Loss, Outcome, Recovery, Run, Unmeasured, markdown};

fn run(fault: &str, recycled: bool, outcome: Outcome, missing: (usize, usize), end_rate: f64) -> Run {
    let (rows_lost, rows_on_old_writer) = missing;
    let recovery =
        Recovery { outcome, normal_rate: 50.0, end_rate, later_interruptions: 0, late: 0, unsent: 0 };
    let loss = Loss { rows_lost, seconds: 0.0, rows_on_old_writer };
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
        run("freeze", false, Outcome::Never, (2, 3_100), 35.0),
        run("freeze", true, back(8.41), (0, 0), 50.0),
        run("freeze", false, Outcome::Never, (0, 4_400), 34.0),
        run("freeze", true, back(9.3), (0, 0), 50.0),
        run("freeze", false, Outcome::Never, (1, 3_900), 0.0),
    ];
    let heading = ["2026-11-24".to_owned(), "PostgreSQL 18.6,\nsqlx 0.8.6".to_owned()];
    let expected = "\
- 2026-11-24
- PostgreSQL 18.6, sqlx 0.8.6

| Fault | Pool | Recycled | Runs | RTO, sustained | Acknowledged rows lost | Rows on the old writer | End rate |
|---|---|---|--:|---|---|---|---|
| freeze | sqlx | yes | 3 | 8.6 s (8.4–9.3) | 0 | 0 | 50 of 50/s |
| freeze | sqlx | no | 3 | never (cap 180 s) | 1 (0–2) | 3,900 (3,100–4,400) | 34 of 50/s (0–35) |
";
    assert_eq!(markdown(&heading, &runs, 180), expected);
}

#[test]
fn the_outage_over_several_runs() {
    let never = Outcome::Never;
    let zero = Outcome::Uninterrupted;
    let silent = Outcome::Unmeasured(Unmeasured::TooShort);
    let table: [(&[Outcome], &str, &str); 11] = [
        (&[back(8.3)], "1", "8.3 s"),
        (&[back(8.3), back(8.3), back(8.31)], "3", "8.3 s"),
        (&[back(8.0), back(9.0)], "2", "8.5 s (8.0–9.0)"),
        (&[zero, zero, zero], "3", "not interrupted"),
        (&[zero, back(1.0), back(2.0)], "3", "1.0 s (0.0–2.0)"),
        (&[never, never, never], "3", "never (cap 180 s)"),
        (&[back(34.0), never, back(60.0)], "3", "60.0 s (34.0 to never (cap 180 s))"),
        (&[never, back(88.0), never], "3", "never (cap 180 s) in 2 of 3, else 88.0 s"),
        (&[never, back(88.0)], "2", "never (cap 180 s) in 1 of 2, else 88.0 s"),
        (&[silent, back(8.3)], "1 (1 not measured)", "8.3 s"),
        (&[silent], "0 (1 not measured)", "–"),
    ];
    for (outcomes, number, shown) in table {
        let runs: Vec<Run> = outcomes.iter().map(|of| run("crash", true, *of, (0, 0), 50.0)).collect();
        let row = first_row(&runs);
        assert_eq!((row[3].as_str(), row[4].as_str()), (number, shown), "{outcomes:?}");
    }
}

#[test]
fn what_was_not_measured_says_nothing() {
    let row = first_row(&[run("crash", true, Outcome::Unmeasured(Unmeasured::NoAttempts), (9, 9), 9.0)]);
    assert_eq!(row[4..], ["–", "–", "–", "–"]);
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
