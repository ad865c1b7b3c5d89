//! `cargo drill measure` on the real functions, built as the tests are.

use drill::{
    artifacts::MEASURED,
    cli::MeasureArgs,
    measure::{measure, text},
    view::View,
};

/// Connections that each function makes while it starts: one for each client that it warms.
const WARMED: [(&str, usize); 5] = [
    ("alarm-handler", 2),
    ("failover-executor", 4),
    ("task-recycler", 3),
    ("notifier", 1),
    ("snapshotter", 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_function_starts_and_answers_over_tls() {
    let args = MeasureArgs { function: Vec::new(), runs: 3, dev: true, json: true };
    let document = measure(&args, &mut View::silent()).await.expect("a measurement");
    assert_eq!(WARMED.map(|(function, _)| function), MEASURED);
    for (measured, (function, warmed)) in document.functions.iter().zip(WARMED) {
        assert_eq!(measured.function, function);
        assert_eq!(measured.sample_failed, None, "{function}");
        assert_eq!(measured.over_tls.start_connections, warmed, "{function}: handshakes that succeeded");
        assert_eq!(measured.without_tls.start_connections, warmed, "{function}");
        assert!(measured.over_tls.start_ms.median > 0.0 && measured.binary_mb > 1.0, "{function}");
    }
    let decided = document.functions.first().map(|f| f.answer["decision"].clone());
    assert_eq!(decided, Some("open".into()), "the door got as far as to open an incident");
    if cfg!(target_os = "linux") {
        for measured in &document.functions {
            assert!(measured.tls.is_some(), "{}: Linux tells the processor time", measured.function);
            assert!(measured.over_tls.peak_mb.is_some_and(|peak| peak.median > 1.0));
        }
        assert!(document.passed, "{}", text(&document));
    }
    let table = text(&document);
    assert!(MEASURED.iter().all(|function| table.contains(function)), "{table}");
}
