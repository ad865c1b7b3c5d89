//! Each finding: how much it matters, its line, its key, what it says and how to mend it.

use plan::{Finding, Severity, parse, parse_bytes};

/// A plan about which there is nothing to say.
const GOOD: &str = r#"version = 1

[[database]]
name = "orders"
identifier = "orders"
kind = "aurora-cluster"
region = "ca-central-1"
allowed_regions = ["ca-central-1", "ca-west-1"]
strategy = "warm-standby"
rpo = "1m"
rto = "5m"
mode = "automatic"
run_book = "https://example.com/orders"

[database.detection]
agree = "all"
hold_deadline = "10m"

[[database.alarm]]
name = "orders-writer-down"
speaks_for = "15s"

[[database.service]]
cluster = "shop"
name = "orders-api"
wave = 1

[[database.service]]
cluster = "shop"
name = "orders-worker"
wave = 2
after = ["orders-api"]
count_after_recovery = 4

[[database.snapshot]]
every = "1d"
keep = "35d"

[[audience]]
name = "on-call"
notices = ["interruption", "held", "refused", "all-clear", "escalation"]
"#;

/// One change to the good plan and the one finding that it must cause.
struct Case {
    change: (&'static str, &'static str),
    severity: Severity,
    line: usize,
    key: &'static str,
    message: &'static str,
    mend: &'static str,
}

const fn case(
    change: (&'static str, &'static str),
    severity: Severity,
    line: usize,
    key: &'static str,
    message: &'static str,
    mend: &'static str,
) -> Case {
    Case { change, severity, line, key, message, mend }
}

use Severity::{Advice, Error, Warning};

const ALARM: &str = "[[database.alarm]]\nname = \"orders-writer-down\"\nspeaks_for = \"15s\"\n";

#[rustfmt::skip] // One line for the change, one for what is said.
const SINGLE_VALUES: &[Case] = &[
    case(("version = 1", "version = 2"),
        Error, 1, "version", "this plan has version 2, but this Mainstay reads version 1", "write `version = 1`"),
    case(("version = 1", "version = \"1\""),
        Error, 1, "version", "must be a whole number, but is a TOML string", "write `version = 1`"),
    case(("version = 1\n", "\n"),
        Error, 1, "version", "`version` is missing in the top of the file", "write `version = 1`"),
    case(("version = 1\n", "version = 1\nvresion = 1\n"),
        Error, 2, "vresion", "`vresion` is not a key of the top of the file", "did you mean `version`?"),
    case(("rpo = \"1m\"\n", "rpo = \"1m\"\nowner = \"me\"\n"),
        Error, 11, "database[orders].owner", "`owner` is not a key of [[database]]", "remove it; the keys here are `name`"),
    case(("rpo = \"1m\"\n", "rpo = \"1m\"\nspeaks_for = \"1m\"\n"),
        Error, 11, "database[orders].speaks_for", "`speaks_for` is not a key of [[database]]",
        "move it to [[database.alarm]]"),
    case(("rpo = \"1m\"\n", ""),
        Error, 3, "database[orders].rpo", "`rpo` is missing in [[database]]", "write `rpo = \"1m\"`"),
    case(("rpo = \"1m\"", "rpo = 60"),
        Error, 10, "database[orders].rpo", "`60` has no unit", "\"15m\""),
    case(("rpo = \"1m\"", "rpo = \"60\""),
        Error, 10, "database[orders].rpo", "`60` is not a span of time: a number has no unit", "\"15m\""),
    case(("rpo = \"1m\"", "rpo = true"),
        Error, 10, "database[orders].rpo", "must be a span of time, but is a TOML boolean", "\"15m\""),
    case(("rto = \"5m\"", "rto = \"0s\""),
        Error, 11, "database[orders].rto", "0s is too short", "write a span from 1s to 366d"),
    case(("name = \"orders\"", "name = \"Orders\""),
        Error, 4, "database[Orders].name", "`Orders` can't be used in names", "lower-case letters"),
    case(("name = \"orders\"", "name = \"\""),
        Error, 4, "database[1].name", "is empty", "write a text"),
    case(("name = \"orders\"", "name = \"ord\\u0007ers\""),
        Error, 4, "database[1].name", "`ord\\u{7}ers` has the hidden character \\u{7}", "type the text again"),
    case(("name = \"orders\"", "name = \" orders\""),
        Error, 4, "database[1].name", "begins or ends with a space", "write `orders`"),
    case(("name = \"orders\"", "name = \"orders-of-the-shop-in-the-main-street-of-montreal\""),
        Error, 4, "database[orders-of-the-shop-in-the-main-street-of-montreal].name",
        "has 49 characters, but at most 40 are allowed", "shorten it to 40"),
    case(("identifier = \"orders\"", "identifier = \"Orders\""),
        Error, 5, "database[orders].identifier", "RDS stores lower case", "write `orders`"),
    case(("identifier = \"orders\"", "identifier = \"orders--1\""),
        Error, 5, "database[orders].identifier", "RDS can't have an identifier `orders--1`", "no `--`"),
    case(("identifier = \"orders\"", "identifier = \"arn:aws:rds:ca-central-1:1:cluster:orders\""),
        Error, 5, "database[orders].identifier", "is an ARN", "write the identifier alone: `orders`"),
    case(("identifier = \"orders\"", "identifier = \"orders.cluster-x.ca-central-1.rds.amazonaws.com\""),
        Error, 5, "database[orders].identifier", "looks like an endpoint", "write the identifier alone: `orders`"),
    case(("\"aurora-cluster\"", "\"aurora\""),
        Error, 6, "database[orders].kind", "`aurora` is not known here", "did you mean `aurora-cluster`?"),
    case(("\"aurora-cluster\"", "\"oracle\""),
        Error, 6, "database[orders].kind", "`oracle` is not known here", "write `aurora-cluster`, `multi-az-cluster`"),
    case(("\"aurora-cluster\"", "\"multi-az-instance\""),
        Error, 6, "database[orders].kind", "not yet: recovering a `multi-az-instance`",
        "use `aurora-cluster` or `multi-az-cluster`"),
    case(("\"aurora-cluster\"", "\"read-replica\""),
        Error, 6, "database[orders].kind", "not yet: recovering a `read-replica`", "leave this database out"),
    case(("\"aurora-cluster\"", "\"global-database\""),
        Error, 6, "database[orders].kind", "not yet: recovering a `global-database`", "leave this database out"),
    case(("\"warm-standby\"", "\"pilot-light\""),
        Error, 9, "database[orders].strategy", "not yet: the strategy `pilot-light`",
        "use `active-active` or `warm-standby`"),
    case(("region = \"ca-central-1\"", "region = \"ca-central-1a\""),
        Error, 7, "database[orders].region", "`ca-central-1a` is not the name of a region",
        "did you mean `ca-central-1`?"),
    case(("region = \"ca-central-1\"", "region = \"Montreal\""),
        Error, 7, "database[orders].region", "`Montreal` is not the name of a region", "such as `ca-central-1`"),
    case(("\"ca-west-1\"]", "\"ca-wset-1\"]"),
        Warning, 8, "database[orders].allowed_regions", "`ca-wset-1` is not a region that Mainstay knows",
        "did you mean `ca-west-1`?"),
    case(("[\"ca-central-1\", \"ca-west-1\"]", "\"ca-central-1\""),
        Error, 8, "database[orders].allowed_regions", "must be a list, but is a TOML string",
        "write `allowed_regions = [\"ca-central-1\"]`"),
    case(("\"automatic\"", "\"auto\""),
        Error, 12, "database[orders].mode", "`auto` is not known here", "write `observe` or `automatic`"),
    case(("https://example.com/orders", "http://example.com/orders"),
        Error, 13, "database[orders].run_book", "is not an https address", "https://wiki.example.com"),
    case(("https://example.com/orders", "https://me:secret@example.com/orders"),
        Error, 13, "database[orders].run_book", "holds a user name or a password", "remove what stands before the `@`"),
    case(("agree = \"all\"", "agree = [\"all\"]"),
        Error, 16, "database[orders].detection.agree", "must be a word, but is a TOML array", "write `any` or `all`"),
    case(("orders-writer-down", "arn:aws:cloudwatch:ca-central-1:1:alarm:down"),
        Error, 20, "database[orders].alarm[arn:aws:cloudwatch:ca-central-1:1:alarm:down].name", "is an ARN",
        "`down`"),
    case(("cluster = \"shop\"\nname = \"orders-api\"", "cluster = \"arn:aws:ecs:ca-central-1:1:cluster/shop\"\nname = \"orders-api\""),
        Error, 24, "database[orders].service[orders-api].cluster", "is an ARN", "write the name alone: `shop`"),
    case(("wave = 1", "wave = 0"),
        Error, 26, "database[orders].service[orders-api].wave", "0 is out of bounds", "from 1 to 100"),
    case(("wave = 1", "wave = -99999999999999999999"),
        Error, 26, "database[orders].service[orders-api].wave", "is out of bounds", "from 1 to 100"),
    case(("wave = 1", "wave = 1.5"),
        Error, 26, "database[orders].service[orders-api].wave", "must be a whole number, but is a TOML float",
        "from 1 to 100"),
    case(("count_after_recovery = 4", "count_after_recovery = 0"),
        Error, 33, "database[orders].service[orders-worker].count_after_recovery", "0 is out of bounds",
        "from 1 to 5000"),
    case(("wave = 1\n", "wave = 1\ncheck = {}\n"),
        Error, 27, "database[orders].service[orders-api].check.url", "`url` is missing in [database.service.check]",
        "write `url = \"https://orders-api.example.com/pool\"`"),
    case(("wave = 1\n", "wave = 1\ncheck = \"https://a.example.com\"\n"),
        Error, 27, "database[orders].service[orders-api].check", "must be a section of its own, but is a TOML string",
        "write [database.service.check] with its keys below it"),
    case(("wave = 1\n", "wave = 1\ncheck = { url = \"http://a.example.com\" }\n"),
        Error, 27, "database[orders].service[orders-api].check.url", "`http://a.example.com` is not an https address",
        "https://"),
    case(("wave = 1\n", "wave = 1\ncheck = { url = \"https://10.0.0.1/pool\" }\n"),
        Error, 27, "database[orders].service[orders-api].check.url", "`10.0.0.1` is not a host by name",
        "https://orders-api.example.com/pool"),
    case(("wave = 1\n", "wave = 1\ncheck = { url = \"https://a.example.com\", allow_private = \"yes\" }\n"),
        Error, 27, "database[orders].service[orders-api].check.allow_private", "must be true or false, but is a TOML string",
        "without quotes"),
    case(("wave = 1\n", "wave = 1\ncheck = { url = \"https://a.example.com\", answer_within = \"1m\" }\n"),
        Error, 27, "database[orders].service[orders-api].check.answer_within", "1m is too long", "from 1s to 5s"),
    case(("wave = 1\n", "wave = 1\ncheck = { url = \"https://a.example.com\", allow_privat = true }\n"),
        Error, 27, "database[orders].service[orders-api].check.allow_privat", "is not a key of [database.service.check]",
        "did you mean `allow_private`?"),
    case(("wave = 1\n", "wave = 1\nwithin = \"1h50m\"\ncheck = { url = \"https://a.example.com\" }\n"),
        Error, 27, "database[orders].service[orders-api].within",
        "+ 3h50m of `within` in all waves (twice where there is a `check`)", "or more"),
    case(("every = \"1d\"", "every = \"0s\""),
        Error, 36, "database[orders].snapshot[1].every", "0s is not one or more whole minutes", "from 1m"),
    case(("every = \"1d\"", "every = \"30s\""),
        Error, 36, "database[orders].snapshot[1].every",
        "30s is not one or more whole minutes, and EventBridge Scheduler ticks at most once a minute",
        "use automated backups"),
    case(("every = \"1d\"", "every = \"1h 30s\""),
        Error, 36, "database[orders].snapshot[1].every", "1h30s is not one or more whole minutes", "write whole minutes"),
    case(("keep = \"35d\"", "keep = \"367d\""),
        Error, 37, "database[orders].snapshot[1].keep", "`367d` is not a span of time: it is longer than 366 days", "\"15m\""),
    case(("keep = \"35d\"", "keep = \"35d\"\ncopy_to = \"ca-west-1\""),
        Error, 38, "database[orders].snapshot[1].copy_to", "not yet: copying snapshots", "remove `copy_to`"),
    case(("version = 1\n", "version = 1\nprune_at_most = -1\n"),
        Error, 2, "prune_at_most", "-1 is out of bounds", "from 0 to 10000"),
    case(("version = 1\n", "version = 1\nsnapshot_quota = 0\n"),
        Error, 2, "snapshot_quota", "0 is out of bounds", "from 1 to 1000000"),
    case(("\"held\", ", "\"hold\", \"held\", "),
        Error, 41, "audience[on-call].notices", "`hold` is not known here", "did you mean `held`?"),
];

#[rustfmt::skip]
const TOGETHER: &[Case] = &[
    case(("[\"ca-central-1\", \"ca-west-1\"]", "[\"ca-west-1\"]"),
        Error, 7, "database[orders].region", "which `allowed_regions` leaves out",
        "add \"ca-central-1\" to `allowed_regions`"),
    case(("\"ca-west-1\"]", "\"ca-central-1\"]"),
        Error, 8, "database[orders].allowed_regions", "the region `ca-central-1` stands here twice", "remove one"),
    case((ALARM, ""),
        Error, 3, "database[orders].alarm", "an automatic database needs a witness", "[[database.alarm]]"),
    case(("speaks_for = \"15s\"", "speaks_for = \"0s\""),
        Warning, 21, "database[orders].alarm[orders-writer-down].speaks_for", "a partition of seconds becomes a failover",
        "\"15s\""),
    case(("hold_deadline = \"10m\"", "hold_deadline = \"15s\""),
        Error, 17, "database[orders].detection.hold_deadline",
        "`hold_deadline` is 15s, so Mainstay would give up before an alarm has spoken for 15s",
        "make it longer than 15s"),
    case(("rto = \"5m\"", "rto = \"1m\""),
        Warning, 11, "database[orders].rto",
        "1m20s = 15s of confirmation + 30s to promote + 30s for the endpoint + 5s to settle",
        "promise no less than 1m20s"),
    case(("kind = \"aurora-cluster\"\nregion = \"ca-central-1\"\nallowed_regions = [\"ca-central-1\", \"ca-west-1\"]\nstrategy = \"warm-standby\"\nrpo = \"1m\"",
          "kind = \"multi-az-cluster\"\nregion = \"ca-central-1\"\nallowed_regions = [\"ca-central-1\", \"ca-west-1\"]\nstrategy = \"warm-standby\"\nrpo = \"0s\""),
        Warning, 10, "database[orders].rpo", "with 0s Mainstay refuses nearly every failover", "such as \"10s\""),
    case(("hold_deadline = \"10m\"", "hold_deadline = \"3h30m\""),
        Error, 17, "database[orders].detection.hold_deadline",
        "may take 4h16m = 3h30m of `hold_deadline` + 5m of `promotion_within` + 5m of `endpoint_within` + 20m of `within` \
         in all waves + 1m of `verify_for` + 15m for the steps between, but its execution is ended after 4h",
        "shorten them by 16m or more"),
    case(("wave = 2\n", "wave = 1\nwithin = \"3h30m\"\n"),
        Error, 32, "database[orders].service[orders-worker].within", "+ 3h40m of `within` in all waves",
        "shorten them by 16m or more"),
    case(("keep = \"35d\"\n", ""),
        Advice, 36, "database[orders].snapshot[1].every",
        "kept for ever: at one every 1d the quota of 100 manual snapshots in a region is used up after 100d",
        "such as `keep = \"35d\"`"),
    case(("keep = \"35d\"", "keep = \"6h\""),
        Warning, 37, "database[orders].snapshot[1].keep", "due for deletion 18h before the next one is taken", "1d or longer"),
    case(("keep = \"35d\"", "keep = \"366d\""),
        Error, 37, "database[orders].snapshot[1].keep",
        "up to 367 manual snapshots in `ca-central-1` at once, but the quota is 100: orders keeps 367 = 366 of every \
         1d for 366d + 1 new",
        "for short intervals use automated backups"),
    case(("version = 1\n", "version = 1\nprune_at_most = 0\n"),
        Warning, 2, "prune_at_most",
        "up to 1 snapshots a day come to their end in `ca-central-1`, but 0 in each of the 24 runs of a day delete only 0",
        "write `prune_at_most = 1` or more"),
    case(("every = \"1d\"", "every = \"1d 30m\""),
        Warning, 36, "database[orders].snapshot[1].every", "looks only every 1h", "`SnapshotSchedule`"),
    case(("rto = \"5m\"\n", "rto = \"5m\"\nsettle = \"2s\"\n"),
        Warning, 12, "database[orders].settle", "may still be told the old writer's address", "wait 5s or more"),
    case(("kind = \"aurora-cluster\"\nregion", "kind = \"multi-az-cluster\"\nendpoint_proof = \"prober\"\nregion"),
        Error, 7, "database[orders].endpoint_proof", "no probe could ever prove that the new writer answered",
        "only a `aurora-cluster` names its instance"),
    case(("rto = \"5m\"\n", "rto = \"5m\"\nendpoint_proof = \"probe\"\n"),
        Error, 12, "database[orders].endpoint_proof", "`probe`", "`prober`"),
    case(("rto = \"5m\"\n", "rto = \"5m\"\nverify_for = \"0s\"\n"),
        Warning, 12, "database[orders].verify_for", "may be taken back", "\"60s\""),
    case(("rto = \"5m\"\n", "rto = \"5m\"\ncooldown = \"0s\"\n"),
        Warning, 12, "database[orders].cooldown", "an alarm that flaps", "\"30m\""),
    case(("rto = \"5m\"\n", "rto = \"5m\"\npromotion_within = \"10s\"\n"),
        Warning, 12, "database[orders].promotion_within", "people are called for nothing", "allow 30s or more"),
    case((ALARM, "[[database.alarm]]\nname = \"orders-writer-down\"\n\
                  [[database.alarm]]\nname = \"orders-writer-down\"\n"),
        Error, 22, "database[orders].alarm[orders-writer-down].name",
        "the alarm `orders-writer-down` already speaks for this database, on line 20", "describe each alarm once"),
    case(("name = \"orders-worker\"", "name = \"orders-api\""),
        Error, 30, "database[orders].service[orders-api].name", "a service `orders-api` is already on line 25",
        "describe each service once"),
    case(("after = [\"orders-api\"]", "after = [\"orders-ap\"]"),
        Error, 32, "database[orders].service[orders-worker].after", "`orders-ap` is not a service of this database",
        "did you mean `orders-api`?"),
    case(("after = [\"orders-api\"]", "after = [\n  \"orders-api\",\n  \"orders-api\",\n]"),
        Error, 34, "database[orders].service[orders-worker].after", "`orders-api` stands here twice", "remove one"),
    case(("wave = 2", "wave = 1\n[[database.snapshot]]\nevery = \"1d\"\nkeep = \"1d\"\n[[database.service]]\ncluster = \"shop\"\nname = \"third\""),
        Error, 42, "database[orders].snapshot[2].every", "snapshots every 1d are already asked for on line 33",
        "remove one of the two"),
    case(("wave = 1\n", "wave = 5\n"),
        Error, 32, "database[orders].service[orders-worker].after",
        "this service is in wave 2 and waits for `orders-api`, which starts only in wave 5",
        "put this service in wave 5 or later"),
    case(("after = [\"orders-api\"]", "after = [\"orders-api\", \"orders-worker\"]"),
        Error, 32, "database[orders].service[orders-worker].after",
        "services wait for each other in a circle: orders-worker waits for orders-worker", "remove one `after`"),
    case(("count_after_recovery = 4\n", ""),
        Warning, 9, "database[orders].strategy", "none says to how many tasks", "`count_after_recovery`"),
    case(("every = \"1d\"", "every = \"1h\""),
        Error, 37, "database[orders].snapshot[1].keep",
        "orders keeps 841 = 840 of every 1h for 35d + 1 new", "write `snapshot_quota`"),
    case(("[[database.snapshot]]\nevery = \"1d\"\nkeep = \"35d\"\n", ""),
        Advice, 3, "database[orders].snapshot", "does not help against deleted", "[[database.snapshot]]"),
    case(("mode = \"automatic\"", "mode = \"observe\""),
        Advice, 12, "database[orders].mode", "watch and tell, but not act", "`mode = \"automatic\"`"),
    case(("run_book = \"https://example.com/orders\"\n", ""),
        Advice, 3, "database[orders].run_book", "where people find what to do by hand", "write `run_book ="),
    case(("\"refused\", ", ""),
        Warning, 39, "audience[on-call].notices", "no audience receives `refused`", "add \"refused\""),
    case(("\"refused\", ", "\"refused\", \"held\", "),
        Error, 41, "audience[on-call].notices", "`held` stands here twice", "remove one"),
    case(("[[audience]]\n", "[[audience]]\nname = \"boss\"\n[[audience]]\n"),
        Error, 39, "audience[boss].notices", "has a default only for `stakeholders` and `on-call`",
        "[\"interruption\", \"all-clear\"]"),
    case(("[[audience]]\n", "[[audience]]\nname = \"boss\"\nnotices = []\n[[audience]]\n"),
        Error, 41, "audience[boss].notices", "would never hear anything", "remove the audience"),
    case(("[[audience]]\n", "[[audience]]\nname = \"on-call\"\n[[audience]]\n"),
        Error, 42, "audience[on-call].name", "an audience `on-call` is already on line 40", "once"),
];

#[rustfmt::skip]
const FORM: &[Case] = &[
    case(("[database.detection]\nagree", "[[database.detection]]\nagree"),
        Error, 15, "database[orders].detection", "must be a section of its own, but is a TOML array",
        "write [database.detection]"),
    case(("[[database.snapshot]]", "[database.snapshot]"),
        Error, 35, "database[orders].snapshot", "must be a list of sections, but is a TOML table",
        "write each one as a section [[database.snapshot]]"),
    case(("[[audience]]\nname = \"on-call\"\nnotices =", "#\n#\n[[database.audience]]\nnotices ="),
        Error, 41, "database[orders].audience", "`audience` is not a key of [[database]]",
        "move it to the top of the file"),
    case(("rpo = \"1m\"", "rpo = 1m"),
        Error, 10, "rpo", "breaks the rules of TOML", "put it in double quotes: \"1m\""),
    case(("rpo = \"1m\"", "rpo = \"1m"),
        Error, 10, "rpo", "breaks the rules of TOML: invalid basic string", "end the text with the quote"),
    case(("rpo = \"1m\"", "rpo ="),
        Error, 10, "rpo", "breaks the rules of TOML", "write a value after the `=`"),
    case(("rpo = \"1m\"", "rpo \"1m\""),
        Error, 10, "rpo \"1m\"", "breaks the rules of TOML: key with no value", "`key = value`"),
    case(("rpo = \"1m\"\n", "rpo = \"1m\"\nrpo = \"2m\"\n"),
        Error, 11, "rpo", "breaks the rules of TOML: duplicate key", "keep one of the two"),
    case(("run_book = \"https://", "run_book = \"C:\\q"),
        Error, 13, "run_book", "breaks the rules of TOML: missing escaped value", "two backslashes"),
    case(("[[database.snapshot]]", "[[database.snapshot]"),
        Error, 35, "[[database.snapshot]", "breaks the rules of TOML: unclosed array table", "as many brackets"),
];

#[test]
fn a_second_database_that_asks_for_the_one_prober_is_told() {
    let asking = GOOD.replacen("rto = \"5m\"\n", "rto = \"5m\"\nendpoint_proof = \"prober\"\n", 1);
    assert_eq!(parse(&asking, "plan.toml").findings, [], "one may");
    let (databases, audiences) = asking.split_once("[[audience]]").unwrap();
    let (_, first) = databases.split_once("[[database]]").unwrap();
    let second = first.replace("orders", "stock");
    let findings =
        parse(&format!("{databases}[[database]]{second}[[audience]]{audiences}"), "plan.toml").findings;
    let told: Vec<_> = findings.iter().filter(|f| f.key == "database[stock].endpoint_proof").collect();
    assert_eq!(told.len(), 1, "{findings:#?}");
    assert_eq!(told.first().map(|f| f.severity), Some(Warning));
    assert!(
        told.iter().all(|f| f.message.contains("the one on line 12 asks for its prober already")),
        "{told:#?}"
    );
}

fn changed(case: &Case) -> String {
    let (from, to) = case.change;
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?} must stand in the plan exactly once");
    GOOD.replacen(from, to, 1)
}

fn assert_says(case: &Case, text: &str) {
    let findings = parse(text, "plans/mine.toml").findings;
    assert_eq!(findings.len(), 1, "{:?} must cause one finding, but caused {findings:#?}", case.change);
    let Some(finding) = findings.first() else { return };
    let Finding { severity, file, line, key, message, mend } = finding;
    assert_eq!(
        (*severity, file.as_str(), *line, key.as_str()),
        (case.severity, "plans/mine.toml", case.line, case.key),
        "{:?} caused {finding:#?}",
        case.change
    );
    assert!(message.contains(case.message), "{finding:#?} does not say {:?}", case.message);
    assert!(mend.contains(case.mend), "{finding:#?} does not mend with {:?}", case.mend);
    assert!(!message.contains('\n') && !mend.contains('\n'), "{finding:#?}");
}

#[test]
fn there_is_nothing_to_say_about_the_good_plan() {
    let parsed = parse(GOOD, "plan.toml");
    assert_eq!(parsed.findings, []);
    assert!(parsed.plan.is_some());
}

#[test]
fn without_any_loss_only_copies_of_the_data_are_warned_about() {
    let none = GOOD.replace("rpo = \"1m\"", "rpo = \"0s\"");
    assert_eq!(parse(&none, "plan.toml").findings, [], "Aurora's readers share the storage");
}

#[test]
fn each_single_value() {
    for case in SINGLE_VALUES {
        assert_says(case, &changed(case));
    }
}

#[test]
fn values_that_must_fit_each_other() {
    for case in TOGETHER {
        assert_says(case, &changed(case));
    }
}

#[test]
fn sections_and_syntax() {
    for case in FORM {
        assert_says(case, &changed(case));
    }
}

#[test]
fn windows_line_ends_do_not_shift_lines() {
    for case in SINGLE_VALUES.iter().chain(TOGETHER) {
        assert_says(case, &changed(case).replace('\n', "\r\n"));
    }
}

#[test]
fn only_errors_take_the_plan_away() {
    for case in SINGLE_VALUES.iter().chain(TOGETHER).chain(FORM) {
        let parsed = parse(&changed(case), "plan.toml");
        assert_eq!(parsed.plan.is_none(), case.severity == Error, "{:?}", case.change);
        assert_eq!(parsed.errors().count(), usize::from(case.severity == Error));
    }
}

/// How much, where and what, in the order in which it is reported.
fn said(text: &str) -> Vec<(Severity, usize, String)> {
    parse(text, "plan.toml").findings.into_iter().map(|it| (it.severity, it.line, it.key)).collect()
}

#[test]
fn all_errors_are_reported_in_the_order_of_the_file() {
    let text = GOOD
        .replace("every = \"1d\"", "every = \"1x\"")
        .replace("rpo = \"1m\"", "rpo = 1")
        .replace("wave = 2", "wave = 200")
        .replace("version = 1", "version = 3")
        .replace("after = [\"orders-api\"]", "after = [\"nobody\"]")
        .replace("agree = \"all\"", "agrees = \"all\"");
    let lines: Vec<_> = said(&text).into_iter().map(|(severity, line, _)| (severity, line)).collect();
    assert_eq!(lines, [1, 10, 16, 31, 32, 36].map(|line| (Error, line)));
}

#[test]
fn broken_lines_do_not_hide_the_others_and_cause_nothing_else() {
    let text = GOOD
        .replace("rpo = \"1m\"", "rpo = 1m")
        .replace("name = \"orders\"", "name = \"orders")
        .replace("wave = 2", "wave = 200");
    let expected = [(4, "name"), (10, "rpo"), (31, "database[orders].service[orders-worker].wave")];
    assert_eq!(said(&text), expected.map(|(line, key)| (Error, line, key.to_owned())));
}

#[test]
fn two_databases_must_differ() {
    let (head, database) = GOOD.split_once("[[database]]").unwrap();
    let (database, audience) = database.split_once("[[audience]]").unwrap();
    let text = format!("{head}[[database]]{database}[[database]]{database}[[audience]]{audience}");
    let findings = parse(&text, "plan.toml").findings;
    let said: Vec<_> =
        findings.iter().map(|it| (it.severity, it.line, it.key.as_str(), it.message.as_str())).collect();
    let expected = [
        (Error, 40, "database[orders].name", "a database `orders` is already on line 4"),
        (Error, 41, "database[orders].identifier", "the database `orders` is already in the plan, on line 5"),
        (
            Warning,
            56,
            "database[orders].alarm[orders-writer-down].name",
            "the alarm `orders-writer-down` speaks for `orders` too: each time, both are taken to be down",
        ),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_circle_of_three_is_reported_once() {
    let service = |name: &str, after: &str| {
        format!("[[database.service]]\ncluster = \"shop\"\nname = \"{name}\"\nafter = [\"{after}\"]\n")
    };
    let circle = format!("{}{}{}", service("a", "b"), service("b", "c"), service("c", "a"));
    let text = GOOD.replace("[[database.snapshot]]", &format!("{circle}[[database.snapshot]]"));
    let findings = parse(&text, "plan.toml").findings;
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    assert_eq!(
        finding.message,
        "services wait for each other in a circle: a waits for b waits for c waits for a"
    );
    assert_eq!((finding.line, finding.key.as_str()), (46, "database[orders].service[c].after"));
}

#[test]
fn snapshots_must_keep_the_rpo_only_where_they_are_all_there_is() {
    let text = GOOD.replace("warm-standby", "backup-and-restore");
    let expected = [(Error, 9, "database[orders].strategy"), (Warning, 10, "database[orders].rpo")];
    assert_eq!(said(&text), expected.map(|(severity, line, key)| (severity, line, key.to_owned())));
}

#[test]
fn an_observed_database_without_anything_is_told_what_it_lacks() {
    let text = "version = 1\n[[database]]\nname = \"a\"\nidentifier = \"a\"\nkind = \"multi-az-cluster\"\n\
                region = \"ca-west-1\"\nstrategy = \"active-active\"\nrpo = \"1m\"\nrto = \"2m\"\n";
    let expected = [
        (Warning, "alarm"),
        (Warning, "service"),
        (Advice, "mode"),
        (Advice, "run_book"),
        (Advice, "snapshot"),
    ];
    assert_eq!(said(text), expected.map(|(severity, key)| (severity, 2, format!("database[a].{key}"))));
    assert!(parse(text, "plan.toml").plan.is_some());
}

#[test]
fn a_plan_without_databases_is_an_error() {
    for text in ["version = 1", "version = 1\ndatabase = []"] {
        assert_eq!(said(text), [(Error, 1, "database".to_owned())]);
    }
    assert_eq!(said(""), ["database", "version"].map(|key| (Error, 1, key.to_owned())));
}

#[test]
fn what_can_not_be_read_is_one_finding() {
    let long = parse(&"#".repeat(plan::MOST_BYTES + 1), "plan.toml");
    let [finding] = long.findings.as_slice() else { panic!() };
    assert_eq!(finding.message, "the file has 1048577 bytes");
    assert!(finding.mend.contains("below 1048576 bytes"));

    let foreign = parse_bytes(b"version = 1\n# caf\xe9\n", "plan.toml");
    let [finding] = foreign.findings.as_slice() else { panic!() };
    assert_eq!((finding.line, finding.message.as_str()), (2, "the file is not UTF-8 text"));
    assert_eq!(finding.mend, "save it as UTF-8");
    assert_eq!(parse_bytes(GOOD.as_bytes(), "plan.toml"), parse(GOOD, "plan.toml"));
}

#[test]
fn a_flood_of_findings_is_bounded_and_counted() {
    let text =
        format!("version = 1\n{}", (0..700).map(|key| format!("k{key} = 1\n")).collect::<Vec<_>>().concat());
    let findings = parse(&text, "plan.toml").findings;
    assert_eq!(findings.len(), 501);
    let last = findings.last().unwrap();
    assert_eq!((last.severity, last.message.as_str()), (Error, "201 more findings are not shown"));
}

#[test]
fn absurd_lengths_and_counts_are_refused_and_not_repeated() {
    let key = "k".repeat(100_000);
    let text = GOOD.replace("version = 1", &format!("version = 1\n{key} = \"{key}\""));
    let findings = parse(&text, "plan.toml").findings;
    let [finding] = findings.as_slice() else { panic!("{} findings", findings.len()) };
    assert!(finding.to_string().len() < 1_000, "{finding}");

    let many = "[[database.snapshot]]\nevery = \"1d\"\n".repeat(11);
    let text = GOOD.replace("[[database.snapshot]]\nevery = \"1d\"\n", &many);
    let findings = parse(&text, "plan.toml").findings;
    let message = "11 of [[database.snapshot]], but at most 10 can be handled";
    assert!(findings.iter().any(|it| it.message == message && it.line == 35), "{findings:#?}");
}

#[test]
fn a_hostile_file_is_answered_in_no_time() {
    let broken = "=\n".repeat(200_000);
    assert_eq!(parse(&broken, "plan.toml").findings.len(), 501);
    let after = GOOD.replace("[\"orders-api\"]", &format!("[{}]", "\"nobody\",".repeat(50_000)));
    let findings = parse(&after, "plan.toml").findings;
    let message = "`after` has 50000 items, but at most 100 can be handled";
    assert!(findings.iter().any(|it| it.line == 32 && it.message == message), "{findings:#?}");
}

#[test]
fn a_slice_that_could_not_travel_is_refused() {
    let name = |number: usize| format!("{}-{number}", "s".repeat(200));
    let services: Vec<_> = (0..40)
        .map(|number| {
            let after: Vec<_> = (0..number.min(20))
                .map(|before| format!("\"{}\"", name(before)))
                .collect();
            let (name, after) = (name(number), after.join(", "));
            format!("[[database.service]]\ncluster = \"shop\"\nname = \"{name}\"\nafter = [{after}]\nwithin = \"1m\"\n")
        })
        .collect();
    let text = GOOD.replace("[[database.snapshot]]", &format!("{}[[database.snapshot]]", services.concat()));
    let parsed = parse(&text, "plan.toml");
    let [finding] = parsed.findings.as_slice() else { panic!("{:#?}", parsed.findings) };
    assert!(finding.message.contains("at most 65536 travel safely"), "{finding}");
    assert_eq!((finding.line, finding.key.as_str()), (3, "database[orders]"));
    assert_eq!(parsed.plan, None);
}

#[test]
fn findings_are_shown_in_two_lines_and_keep_their_form_in_json() {
    let findings = parse(&GOOD.replace("rpo = \"1m\"", "rpo = 60"), "plan.toml").findings;
    let finding = findings.first().unwrap();
    assert_eq!(
        finding.to_string(),
        "plan.toml:10: error: database[orders].rpo: `60` has no unit\n  mend: write it like \"15m\", \"90s\", \
         \"1h 30m\" or \"2d\", in quotes and with its unit"
    );
    let json = serde_json::to_value(finding).unwrap();
    assert_eq!(json["severity"], "error");
    assert_eq!(json["line"], 10);
    for key in ["file", "key", "message", "mend"] {
        assert!(json[key].is_string(), "{key}");
    }
}
