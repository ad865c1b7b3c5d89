//! What the policies of all databases keep together, against the quota and against a count of every snapshot.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::fmt::Write;

use plan::{Finding, Severity, parse};

/// A plan with databases `d0`, `d1`, … of these policies (`every`, `keep`), and lines before the first section.
fn plan(head: &str, databases: &[&[(&str, &str)]]) -> String {
    let mut text = format!("version = 1\n{head}\n");
    for (number, policies) in databases.iter().enumerate() {
        write!(
            text,
            "[[database]]\nname = \"d{number}\"\nidentifier = \"d{number}\"\nkind = \"aurora-cluster\"\n\
             region = \"ca-central-1\"\nstrategy = \"active-active\"\nrpo = \"1m\"\nrto = \"5m\"\n"
        )
        .unwrap();
        for (every, keep) in *policies {
            write!(text, "[[database.snapshot]]\nevery = \"{every}\"\nkeep = \"{keep}\"\n").unwrap();
        }
    }
    text
}

fn said(text: &str, key: &str) -> Vec<Finding> {
    let parsed = parse(text, "plan.toml");
    parsed.findings.into_iter().filter(|finding| finding.key.ends_with(key)).collect()
}

const GENERATIONS: &[(&str, &str)] = &[("1h", "2d"), ("1d", "35d"), ("30d", "360d")];

#[test]
fn three_generations_of_one_database_fit_and_of_two_do_not() {
    assert_eq!(said(&plan("", &[GENERATIONS]), ".keep"), []);
    let found = said(&plan("", &[GENERATIONS, GENERATIONS]), ".keep");
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(finding.severity, Severity::Error);
    let one = "48 of every 1h for 2d + 33 of every 1d for 35d + 11 of every 30d for 360d + 1 new";
    assert_eq!(
        finding.message,
        format!(
            "the policies keep up to 186 manual snapshots in `ca-central-1` at once, but the quota is 100: \
             d0 keeps 93 = {one}; d1 keeps 93 = {one}"
        )
    );
    for says in ["automated backups", "for copies and for long", "`snapshot_quota`"] {
        assert!(finding.mend.contains(says), "{finding}");
    }
    assert_eq!(said(&plan("snapshot_quota = 186", &[GENERATIONS, GENERATIONS]), ".keep"), []);
    assert_eq!(said(&plan("snapshot_quota = 185", &[GENERATIONS, GENERATIONS]), ".keep").len(), 1);
}

#[test]
fn the_largest_are_named_and_the_others_counted() {
    let fleet: Vec<&[(&str, &str)]> = vec![&[("1d", "35d")]; 1_000];
    let found = said(&plan("", &fleet), ".keep");
    let [finding] = found.as_slice() else { panic!("{} findings", found.len()) };
    assert!(finding.message.contains("up to 36000 manual"), "{finding}");
    assert!(finding.message.ends_with("; 35892 of 997 more databases"), "{finding}");
    assert!(finding.message.len() < 500, "{finding}");
}

#[test]
fn other_regions_have_a_quota_of_their_own() {
    let text = plan("", &[GENERATIONS, GENERATIONS]);
    let (first, second) = text.rsplit_once("ca-central-1").unwrap();
    assert_eq!(said(&format!("{first}ca-west-1{second}"), ".keep"), []);
}

#[test]
fn deleting_must_keep_up_with_taking() {
    let fleet: Vec<&[(&str, &str)]> = vec![&[("1h", "2d"), ("1d", "35d")]; 100];
    let found = said(&plan("snapshot_quota = 100000\nprune_at_most = 20", &fleet), "prune_at_most");
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.starts_with("up to 2400 snapshots a day come to their end"), "{finding}");
    assert_eq!(finding.mend, "write `prune_at_most = 100` or more");
    assert_eq!(said(&plan("snapshot_quota = 100000\nprune_at_most = 100", &fleet), "prune_at_most"), []);
    assert_eq!(said(&plan("snapshot_quota = 100000", &fleet), "prune_at_most"), [], "it deletes none yet");
}

/// The most snapshots that are there at once, counted one by one: at each tick those that some policy still keeps, and
/// those that came to their end at this very tick and have not gone yet.
fn counted(policies: &[(u64, u64)]) -> usize {
    let longest = policies.iter().map(|(_, keep)| *keep).max().unwrap();
    let period = policies.iter().map(|(every, _)| *every).max().unwrap() * 12;
    let begin = 1_000_000 / period * period;
    let there = |now: u64| {
        (now - longest..=now)
            .filter(|tick| {
                policies.iter().any(|(every, keep)| tick.is_multiple_of(*every) && now - tick <= *keep)
            })
            .count()
    };
    (begin..=begin + period).map(there).max().unwrap()
}

/// The plan's sum, read out of its message.
fn summed(policies: &[(u64, u64)]) -> usize {
    let written: Vec<(String, String)> =
        policies.iter().map(|(every, keep)| (format!("{every}m"), format!("{keep}m"))).collect();
    let policies: Vec<(&str, &str)> = written.iter().map(|(e, k)| (e.as_str(), k.as_str())).collect();
    let found = said(&plan("snapshot_quota = 1", &[&policies]), ".keep");
    let error = found.iter().find(|finding| finding.severity == Severity::Error);
    let (_, rest) = error.unwrap().message.split_once("keep up to ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn the_sum_is_never_less_than_what_is_really_there() {
    let mut chance: u32 = 7;
    let mut draw = |most: u32| {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from((chance >> 16) % most + 1)
    };
    for _ in 0..60 {
        let mut policies: Vec<(u64, u64)> = (0..draw(3)).map(|_| (draw(12), draw(60) + 12)).collect();
        policies.sort_unstable();
        policies.dedup_by_key(|(every, _)| *every);
        let (sum, there) = (summed(&policies), counted(&policies));
        assert!(sum >= there, "{policies:?}: {sum} and really {there}");
    }
    for chain in [&[(1, 10), (5, 40), (10, 200)][..], &[(2, 30)], &[(3, 12), (6, 7)]] {
        let (sum, there) = (summed(chain), counted(chain));
        assert!(sum.abs_diff(there) <= 1 && sum >= there, "{chain:?}: {sum} and really {there}");
    }
}
