//! Reads sections of the file: each value by key, with its place; what is wrong becomes a finding.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::{At, Entry, Findings, Place};
use crate::form::Form;
use crate::lines::Lines;
use crate::text::{is_hidden, quoted};

/// Most items of a list: as many as a database may have services.
const MOST_ITEMS: usize = 100;

/// What is wrong with one value.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) mend: String,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { message: message.into(), mend: mend.into() }
    }
}

/// One section: a table of the file, with the form it must have.
#[derive(Debug)]
pub(crate) struct Section<'t> {
    pub(crate) place: Place,
    form: &'static Form,
    entries: &'t DeTable<'t>,
}

impl Section<'_> {
    /// Whether nothing is written under a key, or an empty list.
    pub(crate) fn lacks(&self, key: &str) -> bool {
        let value = self.entries.get(key).map(Spanned::get_ref);
        value.is_none_or(|value| value.as_array().is_some_and(|items| items.is_empty()))
    }
}

/// Reads sections and collects what it finds.
#[derive(Debug)]
pub(crate) struct Reader<'f> {
    pub(crate) lines: Lines,
    pub(crate) findings: Findings<'f>,
    /// Whether the file breaks TOML's rules, so that keys may be missing only because of that.
    pub(crate) is_broken: bool,
}

impl Reader<'_> {
    fn place(&self, span: &Range<usize>, key: String) -> Place {
        Place { line: self.lines.at(span.start), key }
    }

    /// Takes a table as a section; its unknown keys and those of later versions are reported here.
    pub(crate) fn open<'t>(
        &mut self,
        entries: &'t DeTable<'t>,
        form: &'static Form,
        place: Place,
    ) -> Section<'t> {
        for key in entries.keys() {
            let name: &str = key.get_ref();
            let here = Place { line: self.lines.at(key.span().start), ..place.inside(name) };
            if let Some(later) = form.later.iter().find(|later| later.key == name) {
                let message = format!("not yet: {} comes with a later version of Mainstay", later.what);
                self.findings.error(&here, message, format!("remove `{name}`"));
            } else if !form.keys.contains(&name) {
                let message = format!("`{}` is not a key of {}", quoted(name), form.header);
                self.findings.error(&here, message, form.mend_unknown(name));
            }
        }
        Section { place, form, entries }
    }

    /// The section under a key that stands at most once, such as `[database.detection]`.
    pub(crate) fn table<'t>(
        &mut self,
        section: &Section<'t>,
        key: &str,
        form: &'static Form,
    ) -> Option<Section<'t>> {
        let value = section.entries.get(key)?;
        let place = self.place(&value.span(), section.place.inside(key).key);
        let DeValue::Table(entries) = value.get_ref() else {
            let found = value.get_ref().type_str();
            let message = format!("`{key}` must be a section of its own, but is a TOML {found}");
            self.findings.error(&place, message, format!("write {} with its keys below it", form.header));
            return None;
        };
        Some(self.open(entries, form, place))
    }

    /// The sections under a key that may stand many times, such as `[[database.service]]`; more than `most`
    /// of them are an error.
    pub(crate) fn tables<'t>(
        &mut self,
        section: &Section<'t>,
        key: &str,
        form: &'static Form,
        most: usize,
    ) -> Vec<Section<'t>> {
        let Some(value) = section.entries.get(key) else {
            return Vec::new();
        };
        let path = section.place.inside(key).key;
        let place = self.place(&value.span(), path.clone());
        let mend = format!("write each one as a section {} with its keys below it", form.header);
        let DeValue::Array(items) = value.get_ref() else {
            let found = value.get_ref().type_str();
            let message = format!("`{key}` must be a list of sections, but is a TOML {found}");
            self.findings.error(&place, message, mend);
            return Vec::new();
        };
        if items.len() > most {
            let message = format!("{} of {}, but at most {most} can be handled", items.len(), form.header);
            self.findings.error(&place, message, "divide them among several, or ask whether all are needed");
        }
        let mut sections = Vec::new();
        for (count, item) in items.iter().take(most).enumerate() {
            let key = item.get_ref().as_table().and_then(own_name);
            let key = format!("{path}[{}]", key.unwrap_or_else(|| (count + 1).to_string()));
            let place = self.place(&item.span(), key);
            match item.get_ref().as_table() {
                Some(entries) => sections.push(self.open(entries, form, place)),
                None => self.findings.error(
                    &place,
                    format!("`{}` must hold sections, but holds a TOML {}", path, item.get_ref().type_str()),
                    mend.clone(),
                ),
            }
        }
        sections
    }

    /// A value that must be there.
    pub(crate) fn required<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        example: &str,
        take: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
    ) -> Option<At<T>> {
        match self.optional(section, key, take) {
            Entry::Here(at) => Some(at),
            Entry::Absent if !self.is_broken => {
                let message = format!("`{key}` is missing in {}", section.form.header);
                let mend = format!("write `{key} = {example}`");
                self.findings.error(&section.place.inside(key), message, mend);
                None
            }
            Entry::Absent | Entry::Wrong => None,
        }
    }

    /// A value that has a default; none if what is written is wrong.
    pub(crate) fn or_default<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        default: T,
        take: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
    ) -> Option<At<T>> {
        match self.optional(section, key, take) {
            Entry::Here(at) => Some(at),
            Entry::Absent => Some(At { value: default, place: section.place.inside(key) }),
            Entry::Wrong => None,
        }
    }

    /// A value that may be left out.
    pub(crate) fn optional<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        take: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
    ) -> Entry<T> {
        debug_assert!(section.form.keys.contains(&key), "{key} is read but not in the form");
        let Some(value) = section.entries.get(key) else {
            return Entry::Absent;
        };
        let place = self.place(&value.span(), section.place.inside(key).key);
        self.take(value, place, take).map_or(Entry::Wrong, Entry::Here)
    }

    /// A list that may be left out, each item with its own place; wrong if any item is.
    pub(crate) fn list<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        example: &str,
        take: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
    ) -> Entry<Vec<At<T>>> {
        let Some(value) = section.entries.get(key) else {
            return Entry::Absent;
        };
        let place = self.place(&value.span(), section.place.inside(key).key);
        let DeValue::Array(items) = value.get_ref() else {
            let message = format!("`{key}` must be a list, but is a TOML {}", value.get_ref().type_str());
            self.findings.error(&place, message, format!("write `{key} = {example}`"));
            return Entry::Wrong;
        };
        if items.len() > MOST_ITEMS {
            let message =
                format!("`{key}` has {} items, but at most {MOST_ITEMS} can be handled", items.len());
            self.findings.error(&place, message, "name fewer of them");
            return Entry::Wrong;
        }
        let taken: Vec<_> = items
            .iter()
            .map(|item| self.take(item, self.place(&item.span(), place.key.clone()), &take))
            .collect();
        let value = taken.into_iter().collect::<Option<Vec<_>>>();
        value.map_or(Entry::Wrong, |value| Entry::Here(At { value, place }))
    }

    fn take<T>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        place: Place,
        take: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
    ) -> Option<At<T>> {
        match take(value.get_ref()) {
            Ok(value) => Some(At { value, place }),
            Err(fault) => {
                self.findings.error(&place, fault.message, fault.mend);
                None
            }
        }
    }
}

/// The name of an item, if it has one by which it can be shown in a path.
fn own_name(entries: &DeTable<'_>) -> Option<String> {
    let name = entries.get("name")?.get_ref().as_str()?;
    let fits = !name.is_empty()
        && name.trim() == name
        && name.len() <= 64
        && !name.contains(|c: char| is_hidden(c) || c == ']');
    fits.then(|| name.to_owned())
}
