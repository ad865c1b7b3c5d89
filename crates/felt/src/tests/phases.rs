use super::{Stretches, at, fault_at};
use crate::{Span, beside, own_share};

fn span(name: &str, from: i64, until: i64) -> Span {
    Span::new(name, at(from), at(until))
}

#[test]
fn the_outage_lies_beside_the_phases() {
    let phases = [
        span("detect", 0, 2_000),
        span("promote", 2_500, 3_000),
        span("endpoint", 3_000, 8_000),
        span("verify", 8_000, 18_000),
        span("empty", 5_000, 4_000),
        span("before", -3_000, -1_000),
    ];
    let beside = beside(fault_at(), at(8_500), &phases);
    let parts: Vec<(&str, f64, f64)> =
        beside.parts.iter().map(|part| (part.name.as_str(), part.seconds, part.felt)).collect();
    let expected = [
        ("detect", 2.0, 2.0),
        ("promote", 0.5, 0.5),
        ("endpoint", 5.0, 5.0),
        ("verify", 10.0, 0.5),
        ("empty", 0.0, 0.0),
        ("before", 2.0, 0.0),
    ];
    assert_eq!(parts, expected);
    assert_eq!((beside.outage, beside.outside), (8.5, 0.5));
}

#[test]
fn own_is_what_belongs_to_nobody_else() {
    // What; the RTO in ms; spans of others; own seconds; own share.
    let table: [(&str, i64, Stretches, f64, Option<f64>); 9] = [
        ("nobody else", 8_000, &[], 8.0, Some(1.0)),
        ("promotion and lag", 8_000, &[(1_000, 3_000), (3_000, 8_000)], 1.0, Some(0.125)),
        (
            "overlapping spans count once",
            8_000,
            &[(0, 4_000), (2_000, 6_000), (3_000, 3_500)],
            2.0,
            Some(0.25),
        ),
        ("spans within another", 8_000, &[(0, 6_000), (1_000, 2_000), (3_000, 5_000)], 2.0, Some(0.25)),
        ("in any order", 8_000, &[(6_000, 7_000), (0, 5_000)], 2.0, Some(0.25)),
        ("only within the outage", 8_000, &[(-5_000, 2_000), (6_000, 90_000)], 4.0, Some(0.5)),
        ("a span that ends before it starts", 8_000, &[(6_000, 2_000)], 8.0, Some(1.0)),
        ("all of it others'", 8_000, &[(0, 8_000)], 0.0, Some(0.0)),
        ("no outage", 0, &[(0, 8_000)], 0.0, None),
    ];
    for (what, rto_ms, others, own, fraction) in table {
        let others: Vec<Span> = others.iter().map(|(from, until)| span("other", *from, *until)).collect();
        let share = own_share(fault_at(), at(rto_ms), &others);
        assert_eq!((share.own, share.fraction), (own, fraction), "{what}");
        assert_eq!(share.rto, share.own + share.others, "{what}");
    }
    assert_eq!(own_share(fault_at(), at(-1), &[]).fraction, None, "back before the fault");
}
