//! Each kind of letter in full, for each audience that receives it. Read the snapshots as a person in trouble.

use super::*;
use crate::notice::{Notice, Severity, render};

/// All letters of a story as one text: whom it is for, how grave, the subject, the body.
fn letters((incident, record): &(Incident, Record)) -> String {
    let all = render(incident, record);
    assert!(!all.is_empty(), "nobody is told");
    all.iter().map(letter).collect::<Vec<_>>().join("\n\n\n")
}

fn letter(notice: &Notice) -> String {
    assert!(notice.subject.len() < 100, "{}", notice.subject);
    let Notice { id, audience, severity, subject, body, .. } = notice;
    format!("to {audience} · {severity:?} · {id}\nSubject: {subject}\n\n{body}")
}

fn reviewed(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

macro_rules! reads {
    ($name:ident, $story:expr) => {
        #[test]
        fn $name() {
            reviewed(stringify!($name), &letters(&$story));
        }
    };
}

reads!(
    failing_over,
    story(vec![("10:02:01", witness_speaks()), ("10:02:31", confirmed())], NoticeKind::Interruption)
);

reads!(
    a_person_asked,
    story(
        vec![("10:02:01", opened(person(), verdict(Decision::Act, Guard::PersonAsks, "alice asks."), None))],
        NoticeKind::Interruption
    )
);

reads!(
    aws_was_faster,
    story(
        vec![
            ("10:02:01", witness_speaks()),
            (
                "10:02:31",
                Event::AlreadyMoved {
                    verdict: verdict(
                        Decision::Recycle,
                        Guard::WriterChanged,
                        "The writer is orders-3, it was orders-1."
                    ),
                    from: Some("orders-1".to_owned()),
                }
            )
        ],
        NoticeKind::Interruption
    )
);

reads!(
    rds_said_so,
    story(
        vec![(
            "10:02:01",
            opened(
                Trigger::Database {
                    id: Some("RDS-EVENT-0073".to_owned()),
                    at: at("10:01:55"),
                    instance: Some("orders-2".to_owned()),
                    message: "Started cross AZ failover to DB instance: orders-2".to_owned(),
                },
                verdict(Decision::Recycle, Guard::AwsFailover, "AWS fails over by itself."),
                None
            )
        )],
        NoticeKind::Interruption
    )
);

fn left_to_people(closing: Closing, guard: Guard) -> Vec<(&'static str, Event)> {
    let closed = Event::Closed {
        closing,
        step: Some(Step::Confirm),
        verdict: verdict(Decision::Refuse, guard, "People decide."),
    };
    let ok = Event::Noted {
        verdict: verdict(Decision::Note, Guard::RecoveredByItself, "Alarm orders-writer-down is OK again.")
            .seeing("alarm orders-writer-down", "OK since 2026-03-01T10:05:31Z"),
        alarm_at: Some(at("10:05:31")),
    };
    vec![("10:02:01", witness_speaks()), ("10:02:31", closed), ("10:05:32", ok)]
}

reads!(
    over_after_mode_observe,
    story(left_to_people(Closing::Observed, Guard::ObserveMode), NoticeKind::AllClear)
);

reads!(
    over_after_an_escalation,
    story(left_to_people(Closing::Escalated, Guard::TookTooLong), NoticeKind::AllClear)
);

reads!(
    observed,
    story(
        vec![
            ("10:02:01", witness_speaks()),
            (
                "10:02:31",
                Event::Closed {
                    closing: Closing::Observed,
                    step: Some(Step::Confirm),
                    verdict: verdict(
                        Decision::Act,
                        Guard::ObserveMode,
                        "The witnesses agree; mode observe forbids acting."
                    ),
                }
            )
        ],
        NoticeKind::Interruption
    )
);

reads!(
    observed_after_aws,
    story(
        vec![(
            "10:02:01",
            opened(
                alarm(),
                verdict(
                    Decision::Recycle,
                    Guard::ObserveMode,
                    "AWS has failed over; mode observe forbids acting."
                ),
                Some(Closing::Observed)
            )
        )],
        NoticeKind::Interruption
    )
);

reads!(
    held,
    story(
        vec![
            ("10:02:01", witness_speaks()),
            (
                "10:02:02",
                Event::Held {
                    verdict: verdict(Decision::Hold, Guard::Muted, "Actions of the alarm are disabled.")
                        .seeing("alarm orders-writer-down", "actions disabled")
                        .unless("Somebody enables the alarm's actions, or asks for the failover."),
                    until: at("10:12:00"),
                }
            )
        ],
        NoticeKind::Held
    )
);

reads!(
    refused_without_a_reader,
    story(
        vec![
            ("10:02:01", witness_speaks()),
            ("10:02:31", confirmed()),
            (
                "10:02:32",
                Event::Closed {
                    closing: Closing::Refused,
                    step: Some(Step::Assess),
                    verdict: verdict(Decision::Refuse, Guard::NoReader, "No reader is available.")
                        .seeing("orders-2", "rebooting"),
                }
            )
        ],
        NoticeKind::Refused
    )
);

reads!(
    refused_while_paused,
    story(
        vec![(
            "10:02:01",
            opened(
                alarm(),
                verdict(Decision::Refuse, Guard::Paused, "bob paused orders: migration tonight."),
                Some(Closing::Refused)
            )
        )],
        NoticeKind::Refused
    )
);

fn stuck() -> Vec<(&'static str, Event)> {
    vec![
        ("10:02:01", witness_speaks()),
        ("10:02:31", confirmed()),
        ("10:02:32", assessed()),
        ("10:02:33", intended()),
        (
            "10:02:43",
            Event::FailoverAnswered {
                answer: FailoverAnswer::Doubtful { cause: "connection closed".to_owned() },
            },
        ),
        (
            "10:07:34",
            Event::Closed {
                closing: Closing::Escalated,
                step: Some(Step::Promotion),
                verdict: verdict(Decision::Refuse, Guard::TookTooLong, "No new writer after 5 min."),
            },
        ),
    ]
}

reads!(escalated, story(stuck(), NoticeKind::Escalation));

reads!(refused_until_acknowledged, {
    let mut events = stuck();
    events.push((
        "10:30:00",
        Event::Noted {
            verdict: verdict(
                Decision::Refuse,
                Guard::EscalationUnacknowledged,
                "The alarm speaks again, and nobody has acknowledged the escalation.",
            ),
            alarm_at: Some(at("10:29:58")),
        },
    ));
    story(events, NoticeKind::Refused)
});

reads!(a_service_failed, {
    let worker = service("orders-worker", ServiceState::Failed, "the circuit breaker stopped its deployment");
    let mut events = until_recycled(worker);
    events.pop();
    story(events, NoticeKind::Escalation)
});

reads!(
    old_writer_not_blocked,
    story(
        vec![
            ("10:02:01", witness_speaks()),
            ("10:02:31", confirmed()),
            ("10:02:33", intended()),
            (
                "10:02:40",
                Event::Noted {
                    verdict: verdict(Decision::Note, Guard::IncidentOpen, "RDS-EVENT-0391 of orders-1.")
                        .seeing("RDS-EVENT-0391", "Write blocking on the old writer timed out"),
                    alarm_at: None,
                }
            )
        ],
        NoticeKind::Escalation
    )
);

reads!(
    old_writer_not_blocked_without_an_incident,
    story(
        vec![(
            "10:02:40",
            opened(
                Trigger::Database {
                    id: Some("RDS-EVENT-0391".to_owned()),
                    at: at("10:02:38"),
                    instance: Some("orders-1".to_owned()),
                    message: "Write blocking on the old writer timed out".to_owned(),
                },
                verdict(Decision::Note, Guard::AwsFailover, "The old writer could not be kept from writing."),
                Some(Closing::Observed)
            )
        )],
        NoticeKind::Escalation
    )
);

reads!(all_clear, recovered(service("orders-worker", ServiceState::Recycled, "every task is new")));

reads!(all_clear_but_one, {
    recovered(service("orders-worker", ServiceState::Failed, "the circuit breaker stopped its deployment"))
});

reads!(
    recovered_by_itself,
    story(
        vec![
            ("10:02:01", witness_speaks()),
            (
                "10:02:20",
                Event::Closed {
                    closing: Closing::StoodDown,
                    step: Some(Step::Confirm),
                    verdict: verdict(Decision::StandDown, Guard::RecoveredByItself, "The alarm is OK again."),
                }
            )
        ],
        NoticeKind::AllClear
    )
);

/// Managers who hear everything, but are to be spoken to plainly, read every kind in plain words too.
#[test]
fn every_kind_has_plain_words() {
    let all = [
        story(
            vec![(
                "10:02:01",
                opened(alarm(), verdict(Decision::Refuse, Guard::Cooldown, "x"), Some(Closing::Refused)),
            )],
            NoticeKind::Refused,
        ),
        story(stuck(), NoticeKind::Escalation),
        story(
            vec![
                ("10:02:01", witness_speaks()),
                (
                    "10:02:02",
                    Event::Held {
                        verdict: verdict(Decision::Hold, Guard::WitnessesDisagree, "x"),
                        until: at("10:12:00"),
                    },
                ),
            ],
            NoticeKind::Held,
        ),
    ];
    let all: Vec<String> = all
        .into_iter()
        .map(|(mut incident, record)| {
            if let Event::Opened { plan, .. } = &mut incident.records[0].event {
                plan.audiences.retain(|a| a.name == "stakeholders");
                plan.audiences[0].notices = NoticeKind::ALL.to_vec();
            }
            letters(&(incident, record))
        })
        .collect();
    reviewed("plain_words_for_every_kind", &all.join("\n\n\n"));
}

#[test]
fn a_drill_says_so_in_every_channel() {
    let (mut incident, record) =
        story(vec![("10:02:01", witness_speaks()), ("10:02:31", confirmed())], NoticeKind::Interruption);
    if let Event::Opened { drill, .. } = &mut incident.records[0].event {
        *drill = true;
    }
    for notice in render(&incident, &record) {
        assert!(notice.drill);
        assert_eq!(notice.subject, "[DRILL] orders: service interrupted, failing over");
        assert!(notice.body.starts_with("DRILL: this is an exercise.\n"), "{}", notice.body);
    }
}

#[test]
fn a_later_copy_reads_the_same() {
    let (whole, _) = recovered(service("orders-worker", ServiceState::Recycled, "every task is new"));
    let mut record = whole.records[1].clone();
    record.owes = vec![NoticeKind::Interruption];
    let early = render(&whole.until(2), &record);
    assert_eq!(early.len(), 2);
    assert_eq!(render(&whole, &record), early);
    assert_eq!(early[0].id, "orders-20260301t100200000z#00000002#stakeholders");
    assert_eq!((early[0].sequence, early[0].severity), (2, Severity::Critical));
}

#[test]
fn only_those_who_asked_are_told_and_nobody_without_a_debt() {
    let (incident, mut record) = story(stuck(), NoticeKind::Escalation);
    let told: Vec<String> = render(&incident, &record).into_iter().map(|n| n.audience).collect();
    assert_eq!(told, ["on-call"]);
    record.owes.clear();
    assert!(render(&incident, &record).is_empty());
}

#[test]
fn two_debts_at_once_make_one_letter_about_the_graver() {
    let (incident, mut record) = story(stuck(), NoticeKind::Escalation);
    record.owes = vec![NoticeKind::AllClear, NoticeKind::Escalation];
    let told: Vec<(String, NoticeKind)> =
        render(&incident, &record).into_iter().map(|n| (n.audience, n.kind)).collect();
    let expected = [("stakeholders", NoticeKind::AllClear), ("on-call", NoticeKind::Escalation)];
    assert_eq!(told, expected.map(|(a, k)| (a.to_owned(), k)));
}
