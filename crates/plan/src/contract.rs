//! The form of the file is told in four places: the parser, the schema for editors, the documentation and the
//! example. These tests hold them together.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::form::{self, Form};
use crate::{Agree, EndpointProof, Finding, Kind, Mode, NoticeKind, Severity, Strategy, parse};

const EXAMPLE: &str = include_str!("../../../plan.toml");
const SCHEMA: &str = include_str!("../../../plan.schema.json");
const DOCUMENT: &str = include_str!("../../../docs/plan.md");

/// Only what must be there; everything else takes its default.
const LEAST: &str = r#"version = 1
[[database]]
name = "orders"
identifier = "orders"
kind = "aurora-cluster"
region = "ca-central-1"
strategy = "active-active"
rpo = "1m"
rto = "5m"
[database.detection]
[[database.alarm]]
name = "orders-writer-down"
[[database.service]]
cluster = "shop"
name = "orders-api"
[database.service.check]
url = "https://orders-api.example.com/pool"
[[database.snapshot]]
every = "1d"
[[audience]]
name = "on-call"
"#;

/// Each form, the pointer to its schema, and the header that begins it in a file.
fn forms() -> [(&'static Form, &'static str, &'static str); 8] {
    [
        (&form::FILE, "", ""),
        (&form::DATABASE, "/definitions/database", "[[database]]"),
        (&form::DETECTION, "/definitions/database/properties/detection", "[database.detection]"),
        (&form::ALARM, "/definitions/alarm", "[[database.alarm]]"),
        (&form::SERVICE, "/definitions/service", "[[database.service]]"),
        (&form::CHECK, "/definitions/service/properties/check", "[database.service.check]"),
        (&form::SNAPSHOT, "/definitions/snapshot", "[[database.snapshot]]"),
        (&form::AUDIENCE, "/definitions/audience", "[[audience]]"),
    ]
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

fn findings(text: &str) -> Vec<Finding> {
    parse(text, "plan.toml").findings
}

/// A plan whose only content is one section of this kind with these lines.
fn alone(header: &str, lines: &str) -> String {
    format!("{}{header}\n{lines}\n", parents(header))
}

/// The headers that must stand before this one.
fn parents(header: &str) -> &'static str {
    if header.contains("service.") {
        "[[database]]\n[[database.service]]\n"
    } else if header.contains("database.") {
        "[[database]]\n"
    } else {
        ""
    }
}

#[test]
fn the_example_is_valid_and_least_says_nothing_wrong() {
    for text in [EXAMPLE, LEAST] {
        let parsed = parse(text, "plan.toml");
        assert_eq!(parsed.errors().collect::<Vec<_>>(), Vec::<&Finding>::new());
        assert!(parsed.findings.iter().all(|finding| finding.severity == Severity::Advice));
        assert!(parsed.plan.is_some());
    }
}

#[test]
fn the_schema_has_the_keys_of_the_parser() {
    let schema = schema();
    for (form, pointer, header) in forms() {
        let section = schema.pointer(pointer).unwrap();
        assert_eq!(section["additionalProperties"], Value::Bool(false), "{header}");
        let properties = section["properties"].as_object().unwrap();
        let (later, now): (Vec<_>, Vec<_>) =
            properties.iter().partition(|(_, property)| property.get("not").is_some());
        let now: BTreeSet<_> = now.into_iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(now, form.keys.iter().copied().collect(), "{header}");
        let later_keys: BTreeSet<_> = later.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(later_keys, form.later.iter().map(|later| later.key).collect(), "{header}");
        for (key, property) in properties {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{header} {key}");
            assert_eq!(description.starts_with("Not yet: "), later_keys.contains(key.as_str()), "{key}");
        }
    }
}

#[test]
fn the_schema_requires_what_the_parser_requires() {
    let schema = schema();
    for (_, pointer, header) in forms() {
        let section = schema.pointer(pointer).unwrap();
        let required: BTreeSet<_> = section.get("required").map(words).into_iter().flatten().collect();
        let found = findings(&alone(header, ""));
        let missing: BTreeSet<_> = found
            .iter()
            .filter(|finding| finding.message.ends_with(&format!("is missing in {}", named(header))))
            .map(|finding| finding.key.rsplit('.').next().unwrap())
            .collect();
        // A file without any database is an error with words of its own.
        let missing = if header.is_empty() { &missing | &BTreeSet::from(["database"]) } else { missing };
        assert_eq!(missing, required, "{header}");
    }
}

fn named(header: &str) -> &str {
    if header.is_empty() { form::FILE.header } else { header }
}

#[test]
fn every_key_of_every_form_is_read() {
    for (form, _, header) in forms() {
        for key in form.keys {
            // No key takes a moment in time, so each one that is read complains about it.
            let found = findings(&alone(header, &format!("{key} = 1979-05-27")));
            let complaint = found.iter().find(|finding| {
                finding.key.rsplit('.').next() == Some(key) && finding.message.contains("datetime")
            });
            let complaint = complaint.unwrap_or_else(|| panic!("{header} {key} is not read: {found:#?}"));
            assert_eq!(complaint.severity, Severity::Error);
            assert_eq!(complaint.line, 2 + parents(header).lines().count());
            assert!(!complaint.mend.is_empty());
        }
    }
}

#[test]
fn later_keys_are_refused_with_not_yet() {
    for (form, _, header) in forms() {
        for later in form.later {
            let found = findings(&alone(header, &format!("{} = 1", later.key)));
            let refusal = found.iter().find(|finding| finding.key.ends_with(later.key)).unwrap();
            assert_eq!(refusal.severity, Severity::Error);
            assert!(refusal.message.starts_with("not yet: "), "{}", refusal.message);
            assert_eq!(refusal.mend, format!("remove `{}`", later.key));
        }
    }
}

#[test]
fn the_schema_has_the_words_of_the_parser() {
    let schema = schema();
    let database = &schema["definitions"]["database"]["properties"];
    let kinds: Vec<_> = Kind::ALL.iter().filter(|it| it.is_supported()).map(|it| it.as_str()).collect();
    assert_eq!(words(&database["kind"]["enum"]), kinds);
    let strategies = Strategy::ALL.iter().filter(|it| it.is_supported()).map(|it| it.as_str());
    assert_eq!(words(&database["strategy"]["enum"]), strategies.collect::<Vec<_>>());
    let later_kinds = Kind::ALL.iter().filter(|it| !it.is_supported()).map(|it| it.as_str());
    assert_eq!(not_yet(&database["kind"]), later_kinds.collect::<Vec<_>>());
    let later_strategies = Strategy::ALL.iter().filter(|it| !it.is_supported()).map(|it| it.as_str());
    assert_eq!(not_yet(&database["strategy"]), later_strategies.collect::<Vec<_>>());
    assert_eq!(words(&database["mode"]["enum"]), Mode::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>());
    let agree = &database["detection"]["properties"]["agree"]["enum"];
    assert_eq!(words(agree), Agree::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>());
    let proof = EndpointProof::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>();
    assert_eq!(words(&database["endpoint_proof"]["enum"]), proof);
    let notices = &schema["definitions"]["audience"]["properties"]["notices"]["items"]["enum"];
    assert_eq!(words(notices), NoticeKind::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>());
}

fn not_yet(property: &Value) -> Vec<&str> {
    let description = property["description"].as_str().unwrap();
    let (_, later) = description.split_once("Not yet: ").unwrap();
    later.trim_end_matches('.').split(", ").collect()
}

#[test]
fn the_schema_and_the_document_have_the_defaults_of_the_parser() {
    let least = parse(LEAST, "plan.toml").plan.unwrap();
    let plan = serde_json::to_value(&least).unwrap();
    let database = &plan["databases"][0];
    let read = [
        ("", &plan),
        ("/definitions/database", database),
        ("/definitions/database/properties/detection", &database["detection"]),
        ("/definitions/alarm", &database["detection"]["alarms"][0]),
        ("/definitions/service", &database["services"][0]),
        ("/definitions/service/properties/check", &database["services"][0]["check"]),
    ];
    let schema = schema();
    let mut seen = 0;
    for (pointer, read) in read {
        for (key, property) in schema.pointer(pointer).unwrap()["properties"].as_object().unwrap() {
            let Some(default) = property.get("default") else {
                continue;
            };
            if key == "endpoint_proof" {
                // No slice carries the default: written out, it changes nothing.
                assert_eq!(read.get(key), None);
                let written = LEAST.replace("rto = \"5m\"\n", &format!("rto = \"5m\"\n{key} = {default}\n"));
                assert_eq!(parse(&written, "plan.toml").plan.as_ref(), Some(&least), "{key}");
            } else {
                assert_eq!(&read[key], default, "{pointer} {key}");
            }
            let shown = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            assert!(DOCUMENT.contains(&format!("| `{key}` | | `{shown}` |")), "docs/plan.md: {key} {shown}");
            seen += 1;
        }
    }
    assert_eq!(seen, 16);
}

#[test]
fn the_document_explains_every_key_and_word() {
    for (form, _, header) in forms() {
        let title = if header.is_empty() { "## The file".to_owned() } else { format!("### `{header}`") };
        let (_, part) = DOCUMENT.split_once(&title).unwrap_or_else(|| panic!("no part {title}"));
        let part = part.split("\n##").next().unwrap();
        let sections = ["database", "audience", "detection", "alarm", "service", "check", "snapshot"];
        for key in form.keys.iter().filter(|key| !sections.contains(key)) {
            assert!(part.contains(&format!("| `{key}` |")), "{title}: `{key}` is not explained");
        }
    }
    let later = forms().into_iter().flat_map(|(form, _, _)| form.later).map(|later| later.key);
    let (_, part) = DOCUMENT.split_once("## Not yet").unwrap();
    for key in later {
        assert!(part.contains(&format!("`{key}`")), "not yet: {key}");
    }
    let state = |is_supported| if is_supported { "works" } else { "not yet" };
    for kind in Kind::ALL {
        assert!(DOCUMENT.contains(&format!("| `{kind}` | {} |", state(kind.is_supported()))), "{kind}");
    }
    for strategy in Strategy::ALL {
        let row = format!("| `{strategy}` | {} |", state(strategy.is_supported()));
        assert!(DOCUMENT.contains(&row), "{strategy}");
    }
}

#[test]
fn the_document_shows_what_the_example_really_says() {
    let found: Vec<_> = findings(EXAMPLE).iter().map(ToString::to_string).collect();
    let (_, shown) = DOCUMENT.split_once("$ cargo drp validate plan.toml\n").unwrap();
    let shown: Vec<_> = shown.split("```").next().unwrap().lines().collect();
    let (last, findings) = shown.split_last().unwrap();
    assert_eq!(findings, found);
    assert_eq!(*last, "plan.toml: valid, 1 database(s); 0 error(s), 0 warning(s), 0 piece(s) of advice");
}
