use super::{at, sample};
use crate::{Mark, MarkKind, Picture, terminal};

#[test]
fn the_drawing() {
    let expected = "\
orders-api, recycled     ▕████████             ▅█████████████████████████████████▏ RTO 8.4 s
orders-api, not recycled ▕████████             ▄▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▏ never, 35 of 50/s
catalogue                ▕███████████████████████████████████████████████████████▏ not interrupted
                                 F    P       ER
                                 0 s             10              20             30
F fault · P promoted +3.0 s · E endpoint moved +8.2 s · R recycled +8.4 s
";
    assert_eq!(terminal(&sample(), 100), expected);
    assert!(include_str!("../../README.md").contains(expected), "the README shows this drawing");
}

#[test]
fn it_is_as_wide_as_it_is_told() {
    for width in [72, 80, 100, 140, 200] {
        let drawing = terminal(&sample(), width);
        let widest = drawing.lines().map(|line| line.chars().count()).max().unwrap();
        assert_eq!(widest, width, "{drawing}");
    }
    // No room at all: ten columns remain.
    let drawing = terminal(&sample(), 0);
    let first = drawing.lines().next().unwrap();
    let blocks = first.split('▕').nth(1).unwrap().split('▏').next().unwrap();
    assert_eq!(blocks.chars().count(), 10);
}

#[test]
fn marks_in_one_column_stand_side_by_side() {
    let mut picture = sample();
    let mark = |kind, ms| Mark { kind, at: at(ms) };
    picture.marks = vec![
        mark(MarkKind::Recycled, 29_990),
        mark(MarkKind::EndpointMoved, 29_980),
        mark(MarkKind::Promoted, 10),
        mark(MarkKind::Promoted, 90_000),
    ];
    let drawing = terminal(&picture, 80);
    let row = drawing.lines().nth(3).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["FP", "ER"]);
}

#[test]
fn names_cannot_disturb_the_terminal() {
    let mut picture = sample();
    picture.services[0].name = "\u{1b}[2J\rorders".to_owned();
    picture.services[1].name = "a name that is much longer than all its place".to_owned();
    let drawing = terminal(&picture, 100);
    assert!(!drawing.chars().any(|c| c.is_control() && c != '\n'));
    assert!(drawing.contains("[2Jorders "));
    assert!(drawing.contains("a name that is much longer than all its…"), "{drawing}");
}

#[test]
fn little_is_more_than_nothing() {
    let mut picture = sample();
    picture.services.truncate(1);
    picture.seconds = 0..10;
    picture.services[0].rates = vec![0.0, 0.1, 6.25, 6.3, 25.0, 43.75, 43.8, 50.0, 100.0, 50.0];
    // The scale follows the highest second.
    picture.services[0].rates[8] = 50.0;
    let drawing = terminal(&picture, 0);
    assert!(drawing.contains("▕ ▁▁▂▄▇████▏"), "{drawing}");
}

#[test]
fn nothing_to_draw() {
    let empty = Picture { services: vec![], marks: vec![], phases: vec![], seconds: 0..0, ..sample() };
    let drawing = terminal(&empty, 40);
    assert!(drawing.ends_with("F fault\n"), "{drawing}");
}
