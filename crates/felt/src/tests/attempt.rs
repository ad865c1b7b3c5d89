use super::{acknowledged, at, writes};
use crate::{Answer, Attempt, by_service, read_lines};
use std::error::Error;

fn answers() -> Vec<Attempt> {
    let refused = Answer::Refused { reason: "a \"quoted\"\nreason".to_owned() };
    let attempt = acknowledged(17, 0, 3, "5433");
    vec![
        attempt.clone(),
        Attempt { answer: refused, ..attempt.clone() },
        Attempt { answer: Answer::TimedOut, ended_at: at(5_000), ..attempt },
    ]
}

#[test]
fn a_line_is_short_and_says_all() {
    let lines: Vec<String> = answers().iter().map(|attempt| attempt.line().unwrap()).collect();
    let common = r#"{"service":"orders-api","n":17,"sent_us":1795521600000000,"took_us":"#;
    let expected = [
        format!(r#"{common}3000,"answer":{{"acknowledged":"5433"}}}}"#),
        format!(r#"{common}3000,"answer":{{"refused":"a \"quoted\"\nreason"}}}}"#),
        format!(r#"{common}5000000,"answer":"timed-out"}}"#),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn lines_are_read_as_they_were_written() {
    let text: String = answers().iter().map(|attempt| attempt.line().unwrap() + "\n").collect();
    assert_eq!(read_lines(&text).unwrap(), answers());
    assert_eq!(read_lines(&text.replace('\n', "\r\n\n")).unwrap(), answers());
    assert_eq!(read_lines("").unwrap(), []);
}

#[test]
fn only_the_half_line_of_a_killed_probe_is_passed_over() {
    let whole = answers().remove(0).line().unwrap();
    let torn = format!("{whole}\n{}", &whole[..40]);
    assert_eq!(read_lines(&torn).unwrap().len(), 1);
    // Whole but for its newline: kept.
    assert_eq!(read_lines(&format!("{whole}\n{whole}")).unwrap().len(), 2);

    let error = read_lines(&format!("{whole}\n{}\n{whole}\n", &whole[..40])).unwrap_err();
    assert_eq!(error.line, 2);
    assert!(error.to_string().starts_with("line 2 is no attempt of the probe: "), "{error}");
    assert!(error.source().is_some());
    let unknown = whole.replace("acknowledged", "maybe") + "\n";
    assert!(read_lines(&unknown).is_err());
}

#[test]
fn a_time_out_of_range_stays_at_the_border() {
    let line = r#"{"service":"s","n":1,"sent_us":0,"took_us":9223372036854775807,"answer":"timed-out"}"#;
    let read = read_lines(line).unwrap();
    assert_eq!(read[0].ended_at, jiff::Timestamp::MAX);
}

#[test]
fn late_is_acknowledged_but_not_prompt() {
    for (took_ms, prompt) in [(0, true), (-5, true), (1_000, true), (1_001, false), (30_000, false)] {
        let attempt = acknowledged(1, 0, took_ms, "5433");
        assert!(attempt.is_acknowledged());
        assert_eq!(attempt.is_prompt(), prompt, "{took_ms} ms");
    }
    assert!(answers()[1..].iter().all(|attempt| !attempt.is_prompt() && !attempt.is_acknowledged()));
}

#[test]
fn attempts_are_told_apart_by_service() {
    let mut attempts = writes(0, 100, |_| false);
    attempts[3].service = "catalogue".to_owned();
    let services = by_service(&attempts);
    let sizes: Vec<(&str, usize)> = services.into_iter().map(|(name, of)| (name, of.len())).collect();
    assert_eq!(sizes, [("catalogue", 1), ("orders-api", 4)]);
}
