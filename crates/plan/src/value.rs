//! What single values must look like. Each function takes a TOML value and gives the plan's type or says what
//! is wrong with it; rules that need more than one value are in `check`.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use crate::section::Fault;
use crate::text::{is_hidden, meant, one_of, quoted};
use crate::words::Word;
use crate::{NotASpan, Span};

/// A text that can be seen: no control or hidden characters, at most so many characters.
pub(crate) fn text(value: &DeValue<'_>, most: usize) -> Result<String, Fault> {
    let DeValue::String(text) = value else {
        let message = format!("must be a text, but is a TOML {}", value.type_str());
        return Err(Fault::new(message, "write it in double quotes"));
    };
    if text.is_empty() {
        return Err(Fault::new("is empty", "write a text, or remove the key if it may be left out"));
    }
    if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
        let message = format!("`{}` has the hidden character {}", quoted(text), hidden.escape_unicode());
        return Err(Fault::new(message, "type the text again without it"));
    }
    if text.trim().len() != text.len() {
        let message = format!("`{}` begins or ends with a space", quoted(text));
        return Err(Fault::new(message, format!("write `{}`", quoted(text.trim()))));
    }
    let long = text.chars().count();
    if long > most {
        let message = format!("`{}` has {long} characters, but at most {most} are allowed", quoted(text));
        return Err(Fault::new(message, format!("shorten it to {most} characters or fewer")));
    }
    Ok(text.to_string())
}

/// A name in the plan, which travels in the names of executions and snapshots.
pub(crate) fn name(value: &DeValue<'_>) -> Result<String, Fault> {
    let name = text(value, 40)?;
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fits {
        return Ok(name);
    }
    let message = format!("`{}` can't be used in names of executions and messages", quoted(&name));
    Err(Fault::new(
        message,
        "use lower-case letters, digits and hyphens; begin with a letter, end without a hyphen",
    ))
}

/// An identifier that RDS accepts for a cluster or an instance
/// (`CreateDBCluster`: 1 to 63 letters, digits or hyphens, first a letter, no `--`, no hyphen at the end).
pub(crate) fn identifier(value: &DeValue<'_>) -> Result<String, Fault> {
    let identifier = text(value, 255)?;
    if identifier.starts_with("arn:") {
        let last = identifier.rsplit(':').next().unwrap_or_default();
        return Err(Fault::new("is an ARN", format!("write the identifier alone: `{}`", quoted(last))));
    }
    if identifier.ends_with(".rds.amazonaws.com") || identifier.contains('.') {
        let first = identifier.split('.').next().unwrap_or_default();
        let message = format!("`{}` looks like an endpoint", quoted(&identifier));
        return Err(Fault::new(message, format!("write the identifier alone: `{}`", quoted(first))));
    }
    let lower = identifier.to_ascii_lowercase();
    let fits = lower.len() <= 63
        && lower.starts_with(|c: char| c.is_ascii_lowercase())
        && !lower.ends_with('-')
        && !lower.contains("--")
        && lower.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !fits {
        let message = format!("RDS can't have an identifier `{}`", quoted(&identifier));
        let mend = "copy it from RDS: 1 to 63 letters, digits and hyphens; first a letter, no `--`, no hyphen at \
                    the end";
        return Err(Fault::new(message, mend));
    }
    if lower != identifier {
        let message = format!("`{}` has upper-case letters, but RDS stores lower case", quoted(&identifier));
        return Err(Fault::new(message, format!("write `{lower}`")));
    }
    Ok(identifier)
}

/// The name of an alarm in CloudWatch: 1 to 255 visible characters.
pub(crate) fn alarm_name(value: &DeValue<'_>) -> Result<String, Fault> {
    let name = text(value, 255)?;
    if let (true, Some((_, last))) = (name.starts_with("arn:"), name.split_once(":alarm:")) {
        return Err(Fault::new("is an ARN", format!("write the alarm's name alone: `{}`", quoted(last))));
    }
    Ok(name)
}

/// The name of an ECS cluster or service: up to 255 letters, digits, hyphens and underscores.
pub(crate) fn ecs_name(value: &DeValue<'_>) -> Result<String, Fault> {
    let name = text(value, 2_048)?;
    if name.starts_with("arn:") {
        let last = name.rsplit('/').next().unwrap_or_default();
        return Err(Fault::new("is an ARN", format!("write the name alone: `{}`", quoted(last))));
    }
    let fits = name.len() <= 255 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if fits {
        return Ok(name);
    }
    let message = format!("ECS can't have a name `{}`", quoted(&name));
    Err(Fault::new(message, "copy it from ECS: up to 255 letters, digits, hyphens and underscores"))
}

/// An address that people can open and that may stand in a message: `https`, and no password in it.
pub(crate) fn https(value: &DeValue<'_>) -> Result<String, Fault> {
    let address = text(value, 500)?;
    let example = "write it like `https://wiki.example.com/run-books/orders`";
    let Some(rest) = address.strip_prefix("https://") else {
        return Err(Fault::new(format!("`{}` is not an https address", quoted(&address)), example));
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        let mend = "remove what stands before the `@`: the address goes into messages";
        return Err(Fault::new("the address holds a user name or a password", mend));
    }
    let is_host = host.chars().any(char::is_alphanumeric);
    if !is_host || address.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\\')) {
        return Err(Fault::new(format!("`{}` is not an https address", quoted(&address)), example));
    }
    Ok(address)
}

/// Yes or no.
pub(crate) fn flag(value: &DeValue<'_>) -> Result<bool, Fault> {
    let DeValue::Boolean(flag) = value else {
        let message = format!("must be true or false, but is a TOML {}", value.type_str());
        return Err(Fault::new(message, "write `true` or `false`, without quotes"));
    };
    Ok(*flag)
}

/// A whole number within bounds.
pub(crate) fn count(value: &DeValue<'_>, within: RangeInclusive<u32>) -> Result<u32, Fault> {
    let (least, most) = (within.start(), within.end());
    let mend = format!("write a whole number from {least} to {most}, without quotes");
    let DeValue::Integer(number) = value else {
        let message = format!("must be a whole number, but is a TOML {}", value.type_str());
        return Err(Fault::new(message, mend));
    };
    i64::from_str_radix(number.as_str(), number.radix())
        .ok()
        .and_then(|number| u32::try_from(number).ok())
        .filter(|number| within.contains(number))
        .ok_or_else(|| Fault::new(format!("{} is out of bounds", quoted(&number.to_string())), mend))
}

/// A span of time within bounds.
pub(crate) fn span(value: &DeValue<'_>, within: RangeInclusive<Span>) -> Result<Span, Fault> {
    let example = "write it like \"15m\", \"90s\", \"1h 30m\" or \"2d\"";
    if let DeValue::Integer(number) = value {
        let message = format!("`{}` has no unit", quoted(&number.to_string()));
        return Err(Fault::new(message, format!("{example}, in quotes and with its unit")));
    }
    let DeValue::String(written) = value else {
        let message = format!("must be a span of time, but is a TOML {}", value.type_str());
        return Err(Fault::new(message, example));
    };
    let span: Span = written.parse().map_err(|why: NotASpan| {
        Fault::new(format!("`{}` is not a span of time: {why}", quoted(written)), example)
    })?;
    if within.contains(&span) {
        return Ok(span);
    }
    let (least, most) = (within.start(), within.end());
    let what = if span < *least { "too short" } else { "too long" };
    Err(Fault::new(format!("{span} is {what}"), format!("write a span from {least} to {most}")))
}

/// The interval of a rhythm that EventBridge Scheduler can beat: whole minutes.
pub(crate) fn every(value: &DeValue<'_>) -> Result<Span, Fault> {
    let every = span(value, Span::ZERO..=Span::LONGEST)?;
    if !every.is_zero() && every.as_secs().is_multiple_of(60) {
        return Ok(every);
    }
    let message = format!(
        "{every} is not one or more whole minutes, and EventBridge Scheduler ticks at most once a minute"
    );
    let mend = "write whole minutes, from 1m; for moments in between use automated backups, which restore to any second";
    Err(Fault::new(message, mend))
}

/// One word of a closed set.
pub(crate) fn word<W: Word>(value: &DeValue<'_>) -> Result<W, Fault> {
    let known = || W::all().iter().map(|word| word.word());
    let DeValue::String(written) = value else {
        let message = format!("must be a word, but is a TOML {}", value.type_str());
        return Err(Fault::new(message, format!("write {}, in double quotes", one_of(known()))));
    };
    if let Some(word) = W::all().iter().copied().find(|word| word.word() == written) {
        return Ok(word);
    }
    let mend = meant(written, known()).map_or_else(
        || format!("write {}", one_of(known())),
        |guess| format!("did you mean `{guess}`? Possible are {}", one_of(known())),
    );
    Err(Fault::new(format!("`{}` is not known here", quoted(written)), mend))
}
