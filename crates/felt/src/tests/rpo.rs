use super::{acknowledged, at, writes};
use crate::{Answer, Attempt, Loss, Promotion, rpo};
use std::collections::BTreeSet;

const OLD: &str = "5433";
const NEW: &str = "5434";

fn promotion() -> Promotion {
    Promotion { at: at(3_000), old_writer: OLD.to_owned(), new_writer: NEW.to_owned() }
}

#[test]
fn each_missing_row_is_counted_once() {
    let ack = acknowledged;
    let refused =
        |n, ms| Attempt { answer: Answer::Refused { reason: "closed".to_owned() }, ..ack(n, ms, 5, OLD) };
    let timed_out = |n, ms| Attempt { answer: Answer::TimedOut, ..ack(n, ms, 5_000, OLD) };
    let loss = |rows_lost, seconds, rows_on_old_writer| Loss { rows_lost, seconds, rows_on_old_writer };
    // What happened; the attempts; rows on the new writer; the loss.
    let table: [(&str, Vec<Attempt>, &[u64], Loss); 13] = [
        ("nothing was tried", vec![], &[], loss(0, 0.0, 0)),
        ("all there", vec![ack(1, 0, 5, OLD), ack(2, 20, 5, OLD)], &[1, 2], loss(0, 0.0, 0)),
        ("not promised", vec![refused(1, 0), timed_out(2, 20)], &[], loss(0, 0.0, 0)),
        ("in doubt, and there", vec![timed_out(1, 0)], &[1], loss(0, 0.0, 0)),
        ("one lost spans nothing", vec![ack(1, -20, 5, OLD)], &[], loss(1, 0.0, 0)),
        (
            "lost with holes: from the first to the last",
            vec![ack(3, 0, 5, OLD), ack(1, -1_500, 5, OLD), ack(2, -700, 5, OLD)],
            &[2],
            loss(2, 1.5, 0),
        ),
        ("all sent at one instant", vec![ack(1, 0, 0, OLD), ack(2, 0, 0, OLD)], &[], loss(2, 0.0, 0)),
        ("written to the zombie", vec![ack(1, 4_000, 5, OLD), ack(2, 9_000, 5, OLD)], &[], loss(0, 0.0, 2)),
        ("at the instant of the promotion", vec![ack(1, 2_990, 10, OLD)], &[], loss(1, 0.0, 0)),
        ("sent before it, acknowledged after", vec![ack(1, 2_990, 11, OLD)], &[], loss(0, 0.0, 1)),
        ("the old writer, and carried over", vec![ack(1, 2_990, 11, OLD)], &[1], loss(0, 0.0, 0)),
        (
            "lost by the new writer is lost",
            vec![ack(1, 4_000, 5, NEW), ack(2, 4_500, 5, NEW)],
            &[],
            loss(2, 0.5, 0),
        ),
        (
            "acknowledged twice is one row, by the first",
            vec![ack(1, 4_000, 5, OLD), ack(1, -100, 5, OLD)],
            &[],
            loss(1, 0.0, 0),
        ),
    ];
    for (what, attempts, rows, expected) in table {
        let rows: BTreeSet<u64> = rows.iter().copied().collect();
        assert_eq!(rpo(&attempts, &rows, Some(&promotion())), expected, "{what}");
    }
}

#[test]
fn replication_held_for_a_second_and_then_the_crash() {
    // 50 rows of the last second did not cross; the zombie then took 100 more.
    let attempts = writes(-10_000, 5_000, |ms| (0..3_000).contains(&ms));
    let crossed: BTreeSet<u64> = attempts.iter().filter(|a| a.sent_at < at(-1_000)).map(|a| a.n).collect();
    let loss = rpo(&attempts, &crossed, Some(&promotion()));
    assert_eq!(loss, Loss { rows_lost: 50, seconds: 0.98, rows_on_old_writer: 100 });
    assert_eq!(loss.rows_missing(), 150);
    // Without a promotion nobody is a zombie.
    let loss = rpo(&attempts, &crossed, None);
    assert_eq!((loss.rows_lost, loss.rows_on_old_writer), (150, 0));
}

#[test]
fn a_late_promise_is_a_promise() {
    let loss = rpo(&[acknowledged(1, -100, 2_000, OLD)], &BTreeSet::new(), Some(&promotion()));
    assert_eq!(loss.rows_lost, 1);
}

#[test]
fn the_loss_as_json() {
    let loss = Loss { rows_lost: 50, seconds: 0.98, rows_on_old_writer: 0 };
    let json = serde_json::to_string(&loss).unwrap();
    assert_eq!(json, r#"{"rows_lost":50,"seconds":0.98,"rows_on_old_writer":0}"#);
}
