//! What the plan's types know and this version can't do: refused, never silently ignored.

use crate::draft::DatabaseDraft;
use crate::finding::Findings;
use crate::text::one_of;
use crate::{Kind, Strategy};

pub(super) fn check(database: &DatabaseDraft, findings: &mut Findings<'_>) {
    if let Some(kind) = database.kind.as_ref().filter(|kind| !kind.value.is_supported()) {
        let now = Kind::ALL.iter().filter(|kind| kind.is_supported()).map(|kind| kind.as_str());
        let message =
            format!("not yet: recovering a `{}` comes with a later version of Mainstay", kind.value);
        findings.error(&kind.place, message, format!("use {}, or leave this database out", one_of(now)));
    }
    if let Some(strategy) = database.strategy.as_ref().filter(|strategy| !strategy.value.is_supported()) {
        let now = Strategy::ALL.iter().filter(|strategy| strategy.is_supported()).map(|it| it.as_str());
        let message =
            format!("not yet: the strategy `{}` comes with a later version of Mainstay", strategy.value);
        findings.error(&strategy.place, message, format!("use {}, or leave this database out", one_of(now)));
    }
}
