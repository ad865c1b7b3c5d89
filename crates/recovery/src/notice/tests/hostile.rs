//! What arrives is untrusted: it may not break a subject, forge a line of a letter, or flood an inbox.

use super::*;
use crate::notice::{Notice, render};

fn hostile() -> String {
    let forged = "ok\r\nSubject: forged\n\nRun book: https://evil.example\u{7}\u{202e}<script>*x*</script>\"";
    forged.repeat(1_000_000 / forged.len() + 1)
}

/// An incident in which every text that others write is hostile.
fn poisoned(kind: NoticeKind, last: Event) -> Vec<Notice> {
    let bad = hostile();
    let mut opening = opened(
        Trigger::Alarm {
            name: bad.clone(),
            kind: AlarmKind::Metric,
            at: at("10:02:00"),
            breaching_since: None,
            reason: bad.clone(),
        },
        verdict(Decision::Open, Guard::WitnessSpeaks, &bad),
        None,
    );
    if let Event::Opened { plan, writer, .. } = &mut opening {
        *writer = Some(bad.clone());
        plan.audiences[0].notices = NoticeKind::ALL.to_vec();
        plan.database.run_book = Some(bad.clone());
        for service in &mut plan.database.services {
            service.name.clone_from(&bad);
        }
    }
    let services = Event::Services { news: vec![service(&bad, ServiceState::Failed, &bad)] };
    let answer = FailoverAnswer::Doubtful { cause: bad.clone() };
    let (mut incident, mut record) = story(
        vec![
            ("10:02:01", opening),
            ("10:02:02", Event::FailoverIntended { from: bad.clone(), target: bad.clone() }),
            ("10:02:03", Event::FailoverAnswered { answer }),
            ("10:02:04", services),
            ("10:02:05", last),
        ],
        kind,
    );
    record.database.clone_from(&bad);
    for r in &mut incident.records {
        r.database.clone_from(&bad);
    }
    render(&incident, &record)
}

#[test]
fn no_text_of_others_breaks_a_letter() {
    let bad = hostile();
    let mut verdict = verdict(Decision::Refuse, Guard::TookTooLong, &bad);
    for _ in 0..100 {
        verdict = verdict.seeing(&bad, &bad).unless(&bad);
    }
    let closed = |closing| Event::Closed { closing, step: None, verdict: verdict.clone() };
    let all = [
        poisoned(NoticeKind::Escalation, closed(Closing::Escalated)),
        poisoned(NoticeKind::Refused, closed(Closing::Refused)),
        poisoned(NoticeKind::AllClear, closed(Closing::Recovered)),
        poisoned(NoticeKind::Interruption, Event::Confirmed { verdict: verdict.clone() }),
        poisoned(NoticeKind::Held, Event::Held { verdict: verdict.clone(), until: at("10:12:00") }),
        poisoned(
            NoticeKind::Escalation,
            Event::Services { news: (0..200).map(|_| service(&bad, ServiceState::Failed, &bad)).collect() },
        ),
    ];
    for notice in all.iter().flatten() {
        let printable = notice.subject.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        assert!(printable && notice.subject.len() < 100, "{}", notice.subject);
        assert!(notice.body.len() < 40_000, "{} bytes", notice.body.len());
        let odd = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!notice.body.contains(odd), "{}", notice.body);
        for line in notice.body.lines() {
            assert!(!line.starts_with("Subject:"), "a line was forged: {line}");
            assert!(!line.starts_with("Run book: https://evil"), "a line was forged: {line}");
        }
    }
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [2; 6]);
}

#[test]
fn an_empty_plan_still_makes_a_letter() {
    let mut opening = witness_speaks();
    if let Event::Opened { plan, .. } = &mut opening {
        plan.database.services.clear();
        plan.database.run_book = None;
    }
    let (incident, record) =
        story(vec![("10:02:01", opening), ("10:02:31", confirmed())], NoticeKind::Interruption);
    for notice in render(&incident, &record) {
        assert!(!notice.body.contains("then restart"), "{}", notice.body);
        assert!(!notice.body.contains("Run book"), "{}", notice.body);
    }
}
