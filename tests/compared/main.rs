//! The estate compared: the same sequences of calls against the estate, ministack and moto, asked with the same SDK.
//!
//! What differs stands in `differences.toml` with the document of AWS that says who is right. A difference that is not
//! there fails its test, and so does a row that no longer occurs.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says with these what it expects; this harness has no attribute that would tell the lints"
)]

mod ecs;
mod moto;
mod rds;
mod restores;
mod seen;
mod sequence;
mod stand;
mod table;

use libtest_mimic::{Failed, Trial};
use seen::Seen;
use sequence::Sequence;
use stand::{Clients, Emulators, Other, Trouble};
use std::{
    collections::BTreeSet,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};
use table::{Difference, Row};
use tokio::runtime::Runtime;

/// The emulators, once a test has asked for them; or why there are none.
struct Shared {
    runtime: Runtime,
    emulators: Mutex<Option<Result<Emulators, String>>>,
    rows: Vec<Row>,
}

impl Shared {
    fn compare(&self, sequence: &Sequence, who: Other) -> Result<(), Failed> {
        let mut emulators = self.emulators.lock().unwrap_or_else(PoisonError::into_inner);
        let started = emulators.get_or_insert_with(|| {
            self.runtime.block_on(Emulators::start()).map_err(|error| error.to_string())
        });
        let emulators = started.as_ref().map_err(Failed::from)?;
        let (ours, theirs) = self.runtime.block_on(async {
            let (_server, estate) = stand::estate(sequence.pace).await?;
            let other = emulators.anew(who).await?;
            Ok::<_, Trouble>((play(&estate, sequence).await, play(&other, sequence).await))
        })?;
        let mut found: Vec<Difference> = Vec::new();
        for (step, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            found.extend(table::compare(who, &table::place(sequence, step), ours, theirs));
        }
        let prefix = format!("{}: ", sequence.name);
        let rows = self.rows.iter().flat_map(Row::differences);
        let known: Vec<Difference> = rows.filter(|d| d.who == who && d.at.starts_with(&prefix)).collect();
        table::judge(&found, &known).map_err(Failed::from)
    }
}

/// Plays a sequence and keeps every answer.
async fn play(clients: &Clients, sequence: &Sequence) -> Vec<Seen> {
    let (mut listed, mut all) = (Vec::new(), Vec::new());
    for step in &sequence.steps {
        let seen = match rds::make(&clients.rds, &step.call).await {
            Some(seen) => seen,
            None => ecs::make(&clients.ecs, &step.call, &mut listed).await.expect("a call of RDS or of ECS"),
        };
        all.push(seen);
    }
    all
}

/// The table itself: its steps exist, nothing is said twice, and every document is one of AWS's.
fn the_table(sequences: &[Sequence], rows: &[Row]) {
    let steps = |s: &Sequence| (0..s.steps.len()).map(|step| table::place(s, step)).collect::<Vec<_>>();
    let places: Vec<String> = sequences.iter().flat_map(steps).collect();
    let all: BTreeSet<&String> = places.iter().collect();
    assert_eq!(all.len(), places.len(), "two steps have the same name");
    let mut once = BTreeSet::new();
    for row in rows {
        assert!(
            !row.fields.is_empty() && !row.at.is_empty() && !row.who.is_empty(),
            "a row without a difference: {row:?}"
        );
        assert!(row.path.starts_with('/') && row.path.contains(".html"), "no path of a document: {row:?}");
        assert!(!row.document.is_empty() && row.why.ends_with('.'), "no reason or document: {row:?}");
        for difference in row.differences() {
            assert!(all.contains(&difference.at), "no such step: {}", difference.at);
            assert_ne!(difference.estate, difference.other, "no difference: {difference}");
            let key = (difference.who, difference.at.clone(), difference.field.clone());
            assert!(once.insert(key), "twice in the table: {difference}");
        }
    }
}

/// The judgement can fail: a difference that is not in the table, a row that no longer occurs, a changed answer.
fn the_judgement() {
    let seen = |status: &str| {
        Seen::from([("answer".to_owned(), "success".to_owned()), ("status".to_owned(), status.to_owned())])
    };
    let found = |ours, theirs| table::compare(Other::Moto, "a: b", &seen(ours), &seen(theirs));
    assert!(found("creating", "creating").is_empty());
    let known = found("creating", "available");
    assert_eq!(known.len(), 1, "{known:?}");
    assert_eq!(table::judge(&known, &known), Ok(()));
    let told =
        |found: &[Difference], known: &[Difference]| table::judge(found, known).expect_err("a finding");
    assert!(told(&known, &[]).starts_with("not in "), "a new difference");
    assert!(told(&[], &known).contains("take it out"), "a row that does not occur");
    let other = found("creating", "failed");
    assert_eq!(told(&other, &known).matches("a: b: status").count(), 2, "another answer than the row's");
}

/// `docs/local-cloud.md` shows the table. With `UPDATE_DOCS=1` this writes it there.
fn the_document(rows: &[Row]) -> Result<(), Failed> {
    let path = drill::artifacts::repository().join("docs/local-cloud.md");
    let text = std::fs::read_to_string(&path)?;
    let (begin, end) = ("<!-- differences -->\n", "<!-- end of differences -->");
    let (before, rest) = text.split_once(begin).expect("the document has the mark of the table");
    let (shown, after) = rest.split_once(end).expect("the document has the mark of the table's end");
    let table = table::document(rows);
    if shown == table {
        return Ok(());
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return Ok(std::fs::write(&path, format!("{before}{begin}{table}{end}{after}"))?);
    }
    Err("docs/local-cloud.md shows another table: run this once more with UPDATE_DOCS=1".into())
}

fn main() -> ExitCode {
    let shared = |runtime| Shared { runtime, emulators: Mutex::new(None), rows: table::rows() };
    tests::play(1, shared, trials, |shared| {
        drop(shared.emulators.lock().unwrap_or_else(PoisonError::into_inner).take());
    })
}

fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    let sequences = sequence::all();
    let mut trials: Vec<Trial> = sequences
        .iter()
        .flat_map(|sequence| Other::ALL.map(|who| (sequence.clone(), who)))
        .map(|(sequence, who)| {
            let (shared, name) =
                (Arc::clone(shared), format!("{}::{}", sequence.name.replace(' ', "_"), who.name()));
            Trial::test(name, move || shared.compare(&sequence, who))
        })
        .collect();
    let (rows, shown) = (shared.rows.clone(), shared.rows.clone());
    trials.push(Trial::test("the_table", move || {
        the_table(&sequences, &rows);
        Ok(())
    }));
    trials.push(Trial::test("the_judgement", || {
        the_judgement();
        Ok(())
    }));
    trials.push(Trial::test("the_document", move || the_document(&shown)));
    trials
}
