use super::{Stretches, acknowledged, at, fault_at, writes};
use crate::{Attempt, Outcome, Promotion, Recovery, Rule, Unmeasured, rto};
use jiff::SignedDuration;

fn measure(attempts: &[Attempt]) -> Recovery {
    rto(attempts, fault_at(), &Rule::default())
}

/// A probe from 15 s before the fault until 60 s after it; refused in the given stretches of milliseconds.
fn refused_in(stretches: Stretches) -> Vec<Attempt> {
    writes(-15_000, 60_000, |ms| stretches.iter().any(|(from, until)| (*from..*until).contains(&ms)))
}

const fn back(seconds: f64) -> Outcome {
    Outcome::Recovered { seconds }
}

#[test]
fn the_rto_is_the_start_of_the_first_ten_seconds_that_hold() {
    // What happened; when it was refused; the outcome; interruptions after that.
    let table: [(&str, Stretches, Outcome, usize); 13] = [
        ("never interrupted", &[], Outcome::Uninterrupted, 0),
        ("five writes are one per cent", &[(0, 100)], Outcome::Uninterrupted, 0),
        ("six are more", &[(0, 120)], back(0.12), 0),
        ("recovered", &[(0, 8_300)], back(8.3), 0),
        ("the fault bit later than it struck", &[(400, 8_300)], back(8.3), 0),
        ("the first interruption came later", &[(20_000, 24_000)], back(24.0), 0),
        ("a first success that does not last", &[(0, 5_000), (5_020, 12_000)], back(12.0), 0),
        ("nine good seconds do not last", &[(0, 5_000), (14_000, 20_000)], back(20.0), 0),
        ("ten good seconds are a recovery", &[(0, 5_000), (15_000, 20_000)], back(5.0), 1),
        ("down twice more", &[(0, 5_000), (16_000, 17_000), (30_000, 31_000)], back(5.0), 2),
        ("the last ten seconds are enough", &[(0, 50_000)], back(50.0), 0),
        ("never", &[(0, 60_000)], Outcome::Never, 0),
        ("the last nine seconds prove nothing", &[(0, 51_000)], Outcome::Never, 0),
    ];
    for (what, stretches, outcome, later) in table {
        let recovery = measure(&refused_in(stretches));
        assert_eq!((recovery.outcome, recovery.later_interruptions), (outcome, later), "{what}");
        assert_eq!(recovery.normal_rate, 50.0, "{what}");
        assert_eq!((recovery.late, recovery.unsent), (0, 0), "{what}");
    }
}

#[test]
fn seconds_and_words() {
    let table: [(Stretches, Option<f64>, &str); 3] = [
        (&[], Some(0.0), "not interrupted"),
        (&[(0, 8_340)], Some(8.34), "RTO 8.3 s"),
        (&[(0, 60_000)], None, "never, 0 of 50/s"),
    ];
    for (stretches, seconds, words) in table {
        let recovery = measure(&refused_in(stretches));
        assert_eq!(recovery.seconds(), seconds);
        assert_eq!(recovery.to_string(), words);
    }
}

#[test]
fn flapping_is_no_recovery() {
    // Eight seconds up, two down, for ever.
    let recovery = measure(&writes(-15_000, 60_000, |ms| ms >= 0 && ms % 10_000 < 2_000));
    assert_eq!(recovery.outcome, Outcome::Never);
    assert_eq!(recovery.end_rate, 40.0);
}

#[test]
fn three_of_ten_pinned_connections_end_at_35_of_50() {
    let recovery = measure(&writes(-15_000, 60_000, |ms| ms >= 0 && (ms / 20) % 10 >= 7));
    assert_eq!(recovery.outcome, Outcome::Never);
    assert_eq!((recovery.end_rate, recovery.normal_rate), (35.0, 50.0));
    assert_eq!(recovery.to_string(), "never, 35 of 50/s");
}

#[test]
fn what_cannot_be_said_is_not_said() {
    let fails = |ms| ms >= 0;
    let table = [
        ("no attempts at all", vec![], Unmeasured::NoAttempts),
        ("before the fault only", writes(-15_000, 0, fails), Unmeasured::NoneAfterTheFault),
        ("ended early", writes(-15_000, 9_980, fails), Unmeasured::TooShort),
        ("began with the fault", writes(0, 60_000, |_| false), Unmeasured::NoNormalRate),
        ("began shortly before", writes(-4_000, 60_000, fails), Unmeasured::NoNormalRate),
        ("was down before", writes(-15_000, 60_000, |_| true), Unmeasured::NoNormalRate),
    ];
    for (what, attempts, why) in table {
        let recovery = measure(&attempts);
        assert_eq!(recovery.outcome, Outcome::Unmeasured(why), "{what}");
        assert_eq!(recovery.seconds(), None, "{what}");
        assert_eq!(recovery.to_string(), format!("not measured: {why}"));
    }
    assert_eq!(measure(&writes(-15_000, 10_000, |_| false)).outcome, Outcome::Uninterrupted, "just enough");
    assert_eq!(measure(&[]).end_rate, 0.0);
    assert_eq!(measure(&writes(-15_000, 0, fails)).end_rate, 0.0, "nothing from before the fault");
    assert_eq!(measure(&writes(-15_000, 5_000, |_| false)).end_rate, 50.0, "of five seconds");
}

#[test]
fn a_rate_is_expected_only_when_none_was_measured() {
    let expecting = |rate| Rule { expect_rate: Some(rate), ..Rule::default() };
    let late_start = writes(-4_000, 60_000, |ms| (0..7_000).contains(&ms));
    let recovery = rto(&late_start, fault_at(), &expecting(50.0));
    assert_eq!((recovery.outcome, recovery.normal_rate), (back(7.0), 50.0));
    // 60 a second were never sent.
    assert_eq!(rto(&late_start, fault_at(), &expecting(60.0)).outcome, Outcome::Never);
    for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let recovery = rto(&late_start, fault_at(), &expecting(nonsense));
        assert_eq!(recovery.outcome, Outcome::Unmeasured(Unmeasured::NoNormalRate), "{nonsense}");
    }

    let measured = refused_in(&[(0, 7_000)]);
    assert_eq!(rto(&measured, fault_at(), &expecting(10.0)).normal_rate, 50.0);
    // Six seconds of the ten are enough, and are not taken for ten.
    let short = writes(-6_000, 60_000, |ms| (0..7_000).contains(&ms));
    assert_eq!(measure(&short).normal_rate, 50.0);
    assert_eq!(measure(&short).outcome, back(7.0));
}

#[test]
fn a_service_that_was_never_perfect_is_held_to_its_own_rate() {
    // Every tenth write fails, always.
    let tenth = |ms: i64| (ms / 20) % 10 == 0;
    let recovery = measure(&writes(-15_000, 60_000, |ms| tenth(ms) || (0..3_000).contains(&ms)));
    assert_eq!(recovery.normal_rate, 45.0);
    let seconds = recovery.seconds().unwrap();
    assert!((2.9..=3.02).contains(&seconds), "{seconds}");
}

#[test]
fn a_late_acknowledgement_does_not_break_a_stretch_and_many_do() {
    let late = |every: usize| {
        let mut attempts = refused_in(&[(0, 8_000)]);
        for attempt in attempts.iter_mut().skip(1_200).step_by(every) {
            attempt.ended_at = attempt.sent_at + SignedDuration::from_secs(4);
        }
        measure(&attempts)
    };
    let one_in_ten_seconds = late(500);
    assert_eq!(one_in_ten_seconds.outcome, back(8.0));
    assert_eq!(one_in_ten_seconds.late, 6);
    assert_eq!(late(20).outcome, Outcome::Never);

    let mut before_the_fault = refused_in(&[(0, 8_000)]);
    before_the_fault[700].ended_at = before_the_fault[700].sent_at + SignedDuration::from_secs(4);
    assert_eq!(measure(&before_the_fault).late, 0);
}

#[test]
fn a_write_that_hung_is_an_outage_although_it_was_acknowledged() {
    // A black hole of seven seconds, after which TCP delivers everything.
    let mut attempts = refused_in(&[]);
    for attempt in &mut attempts {
        if (at(0)..at(7_000)).contains(&attempt.sent_at) {
            attempt.ended_at = at(7_100);
        }
    }
    let recovery = measure(&attempts);
    // Who was sent within a second of the end waited no longer than a client's patience.
    assert_eq!(recovery.seconds(), Some(6.1));
    assert_eq!(recovery.late, 305);
}

#[test]
fn a_busy_machine_sends_late_and_in_bursts() {
    // Every 700 ms the probe sleeps for 300 ms, then sends what it missed, at one instant.
    let mut attempts = refused_in(&[(0, 8_000)]);
    for attempt in &mut attempts {
        let ms = attempt.sent_at.duration_since(at(-15_000)).as_millis();
        let ms = i64::try_from(ms).unwrap();
        if ms % 1_000 >= 700 {
            let took = attempt.ended_at.duration_since(attempt.sent_at);
            attempt.sent_at = at(-15_000 + ms / 1_000 * 1_000 + 1_000);
            attempt.ended_at = attempt.sent_at + took;
        }
    }
    // The refused ones were sent at the instant of recovery, too: it is found one write later.
    assert_eq!(measure(&attempts).seconds(), Some(8.02));
}

#[test]
fn a_few_unsent_writes_are_not_the_services_fault_and_many_prove_nothing() {
    let without = |skipped: fn(i64) -> bool| {
        let mut attempts = refused_in(&[(0, 8_000)]);
        attempts.retain(|attempt| {
            let ms = i64::try_from(attempt.sent_at.duration_since(fault_at()).as_millis()).unwrap();
            ms < 0 || !skipped(ms / 20)
        });
        measure(&attempts)
    };
    // One in twelve.
    let few = without(|tick| tick % 12 == 7);
    assert_eq!((few.outcome, few.unsent), (back(8.0), 250));
    // One in eight.
    let many = without(|tick| tick % 8 == 3);
    assert_eq!((many.outcome, many.unsent), (Outcome::Never, 375));
    // One pause of 0.8 s is borne, one of two seconds is not.
    let pause = without(|tick| (600..640).contains(&tick));
    assert_eq!((pause.outcome, pause.unsent), (back(8.0), 40));
    let pause = without(|tick| (600..700).contains(&tick));
    assert_eq!((pause.outcome, pause.unsent), (back(14.0), 100));
    // Silence from the fault on is no proof of health.
    let mut silent = refused_in(&[]);
    silent.retain(|attempt| !(at(0)..at(4_000)).contains(&attempt.sent_at));
    assert_eq!(measure(&silent).outcome, back(4.0));
}

#[test]
fn more_writes_than_normal_do_not_raise_the_bar() {
    // From the fault on, every write is sent twice, and the second is refused.
    let mut attempts = refused_in(&[]);
    attempts.extend(writes(0, 60_000, |_| true));
    assert_eq!(measure(&attempts).outcome, Outcome::Uninterrupted);
}

#[test]
fn the_order_of_the_attempts_is_no_matter() {
    let mut attempts = refused_in(&[(0, 8_300)]);
    let sorted = measure(&attempts);
    attempts.reverse();
    assert_eq!(measure(&attempts), sorted);
}

#[test]
fn a_clock_that_stands_still_or_goes_back_breaks_nothing() {
    // All at one instant, after the fault or at it: too short to say anything.
    for ms in [0, 3] {
        let mut attempts: Vec<Attempt> = (0..500).map(|n| acknowledged(n, ms, 0, "5433")).collect();
        assert_eq!(measure(&attempts).outcome, Outcome::Unmeasured(Unmeasured::TooShort));
        attempts.extend(writes(-15_000, 60_000, |ms| (0..8_000).contains(&ms)));
        assert_eq!(measure(&attempts).normal_rate, 50.0);
        assert_eq!(measure(&attempts).later_interruptions, 0);
    }
    // Pairs of attempts with the same time, and answers that came before they were sent.
    let mut attempts = refused_in(&[(0, 8_000)]);
    for pair in attempts.chunks_mut(2) {
        let (sent_at, second) = (pair[0].sent_at, pair.len() - 1);
        pair[second].sent_at = sent_at;
        pair[second].ended_at = sent_at - SignedDuration::from_millis(2);
    }
    assert_eq!(measure(&attempts).outcome, back(8.0));
}

#[test]
fn an_interval_of_nothing_is_survived() {
    let rule = Rule { interval: SignedDuration::ZERO, ..Rule::default() };
    assert_eq!(rto(&refused_in(&[(0, 8_000)]), fault_at(), &rule).outcome, back(8.0));
}

#[test]
fn after_the_promotion_only_the_new_writer_brings_a_service_back() {
    let promotion = Promotion { at: at(3_000), old_writer: "5433".to_owned(), new_writer: "5434".to_owned() };
    let rule = Rule { promotion: Some(promotion), ..Rule::default() };
    // The old writer hangs for 8 s and then takes every write, promptly, for ever.
    let zombie = writes(-15_000, 60_000, |ms| (0..8_000).contains(&ms));
    assert_eq!(rto(&zombie, fault_at(), &Rule::default()).outcome, back(8.0), "any server's word would do");
    let recovery = rto(&zombie, fault_at(), &rule);
    assert_eq!((recovery.outcome, recovery.end_rate, recovery.normal_rate), (Outcome::Never, 0.0, 50.0));
    // From 20 s on its tasks write to the new one.
    let moved: Vec<Attempt> = zombie
        .into_iter()
        .map(|a| if a.sent_at < at(20_000) { a } else { acknowledged(a.n, ms_of(&a), 3, "5434") })
        .collect();
    assert_eq!(rto(&moved, fault_at(), &rule).outcome, back(20.0));
}

fn ms_of(attempt: &Attempt) -> i64 {
    i64::try_from(attempt.sent_at.duration_since(fault_at()).as_millis()).unwrap()
}
