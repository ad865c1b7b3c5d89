use super::{at, sample};
use crate::{Mark, MarkKind, Picture, Span, svg};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::ops::Range;

/// Reads the whole document, which must be well-formed, and returns the names of its elements.
fn elements(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let (mut names, mut open) = (Vec::new(), 0);
    let mut seen = |element: &BytesStart| {
        assert!(element.attributes().all(|attribute| attribute.is_ok()), "{element:?}");
        names.push(element.name().as_ref().to_owned());
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                seen(&element);
                open += 1;
            }
            Event::Empty(element) => seen(&element),
            // That it ends the right element is checked by the reader.
            Event::End(_) => open -= 1,
            Event::Text(text) => assert!(!text.contains('<')),
            Event::GeneralRef(name) => {
                assert!(["amp", "lt", "gt", "quot", "#39"].contains(&&*name), "{name:?}");
            }
            Event::Eof => break,
            other @ (Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)) => {
                panic!("unexpected {other:?}")
            }
        }
    }
    assert_eq!(open, 0);
    names
}

fn number_of(names: &[String], name: &str) -> usize {
    names.iter().filter(|of| *of == name).count()
}

#[test]
fn it_is_well_formed_and_shows_each_service_mark_and_phase() {
    let document = svg(&sample());
    let names = elements(&document);
    assert_eq!(names[..3], ["svg", "title", "desc"]);
    // A curve and its area for each of three services, and another for the one that never came back.
    assert_eq!((number_of(&names, "polyline"), number_of(&names, "polygon")), (4, 4));
    assert_eq!(document.matches("class=\"never-line\"").count(), 1);
    // Only the recycled service has the end of an RTO within the picture.
    assert_eq!(number_of(&names, "circle"), 1);
    let shown = [
        ">What clients felt: freeze<",
        ">orders-api, recycled<",
        ">RTO 8.4 s<",
        ">never, 35 of 50/s<",
        ">not interrupted<",
        ">fault<",
        ">promoted +3.0 s<",
        ">endpoint moved +8.2 s<",
        ">recycled +8.4 s<",
        ">detect 2.1 s<",
        ">verify 10.0 s<",
        ">seconds since the fault<",
        ">acknowledged writes per second<",
        "prefers-color-scheme: dark",
    ];
    for text in shown {
        assert!(document.contains(text), "{text} in {document}");
    }
}

#[test]
fn it_needs_nothing_else() {
    let document = svg(&sample());
    for foreign in ["<script", "<image", "<use", "href", "@import", "@font-face", "url("] {
        assert!(!document.contains(foreign), "{foreign}");
    }
    assert_eq!(document.matches("http").count(), 1, "only the namespace");
}

#[test]
fn all_given_text_is_escaped() {
    let nasty = "<script>alert('1 & \"2\"')</script>\u{1b}[31m\u{0}\u{ffff}]]>";
    let mut picture = sample();
    picture.title = nasty.to_owned();
    picture.subtitle = nasty.to_owned();
    picture.services[0].name = nasty.to_owned();
    picture.phases[3].name = nasty.to_owned();
    let document = svg(&picture);
    assert_eq!(elements(&document), {
        let mut plain = sample();
        // As long as the nasty one, so that the same labels fit.
        plain.phases[3].name = "x".repeat(nasty.chars().count());
        elements(&svg(&plain))
    });
    assert!(!document.contains("<script"));
    assert!(!document.chars().any(|c| c.is_control() && c != '\n'));
    // Title, its element, description, subtitle, name, and the phase in the legend.
    let escaped = "&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;[31m]]&gt;";
    assert_eq!(document.matches(escaped).count(), 6);
}

#[test]
fn odd_pictures_are_still_pictures() {
    let empty = Picture { services: vec![], marks: vec![], phases: vec![], ..sample() };
    let backwards = Picture { seconds: Range { start: 30, end: -5 }, ..sample() };
    let mut elsewhere = sample();
    elsewhere.marks = vec![Mark { kind: MarkKind::Promoted, at: at(3_600_000) }];
    elsewhere.phases = vec![Span::new("verify", at(9_000_000), at(8_000_000))];
    assert_eq!(svg(&elsewhere).matches("class=\"p0\"").count(), 1, "an empty phase is in the legend only");
    for picture in [empty, backwards, elsewhere] {
        let document = svg(&picture);
        elements(&document);
        assert!(!document.contains("NaN") && !document.contains("inf"), "{document}");
        assert!(!document.contains("promoted"), "a mark outside is not drawn at the border");
    }
}

#[test]
fn the_labels_of_marks_do_not_cross() {
    let mut picture = sample();
    let mark = |kind, ms| Mark { kind, at: at(ms) };
    picture.marks = vec![
        mark(MarkKind::Promoted, 100),
        mark(MarkKind::EndpointMoved, 200),
        mark(MarkKind::Recycled, 29_900),
    ];
    let document = svg(&picture);
    let y = |text: &str| {
        let line = document.lines().find(|line| line.contains(text)).unwrap();
        line.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap()
    };
    let heights = [y(">fault<"), y(">promoted"), y(">endpoint moved"), y(">recycled +")];
    assert!(heights.is_sorted_by(|a, b| a < b), "each below the one before: {heights:?}");
    assert!(document.lines().any(|line| line.contains(">recycled +") && line.contains("\"end\"")));
}
