//! A plan as text: one heading per object, its fields below.

use std::fmt::{Display, Write};

use super::{
    GREEN, RED, YELLOW,
    entries::{EntryKind, bare, entries},
};
use crate::{error::Error, plan::Plan};

/// What a plan would do, or nothing where it would do nothing.
pub(super) fn plan(title: &str, plan: &Plan) -> String {
    let mut text = String::new();
    if plan.is_clean() {
        return text;
    }
    _ = writeln!(text, "{title}");
    changes(&mut text, plan);
    for foreign in &plan.foreign {
        _ = writeln!(
            text,
            "  {YELLOW}!{YELLOW:#} {}: {} is not ours; it is left alone",
            foreign.id, foreign.what
        );
    }
    for unsynced in &plan.unsynced {
        _ = writeln!(
            text,
            "  {YELLOW}!{YELLOW:#} {}: not carried out by ACK: {}",
            unsynced.id, unsynced.why
        );
    }
    for pod in &plan.bare_pods {
        _ = writeln!(text, "  {RED}!{RED:#} {}", bare(pod));
    }
    for role in &plan.postponed {
        _ = writeln!(text, "  {YELLOW}!{YELLOW:#} {}", postponed(role));
    }
    for guest in &plan.guests {
        _ = writeln!(
            text,
            "  {RED}-{RED:#} {guest} (not ours; goes with the namespace)"
        );
    }
    for conflict in &plan.conflicts {
        _ = writeln!(text, "  {RED}x{RED:#} {}: {}", conflict.id, conflict.why);
    }
    _ = writeln!(text, "{}", counts(plan));
    text
}

pub(super) fn postponed(role: &impl Display) -> String {
    format!(
        "{role}: the tenant gives it up, and its pods may still have it; when they have started anew, the next add deletes it"
    )
}

/// `1 to create, 0 to change, 0 to delete`
pub(super) fn counts(plan: &Plan) -> String {
    let [create, change, delete] = plan.counts();
    format!("{create} to create, {change} to change, {delete} to delete")
}

fn changes(text: &mut String, plan: &Plan) {
    for entry in entries(plan) {
        let (style, mark) = match entry.kind {
            EntryKind::Create => (GREEN, '+'),
            EntryKind::Change | EntryKind::TakeOver | EntryKind::Release => (YELLOW, '~'),
            EntryKind::Delete | EntryKind::DeleteWithNamespace => (RED, '-'),
            EntryKind::Restart => (YELLOW, '!'),
        };
        _ = writeln!(text, "  {style}{mark}{style:#} {}", entry.title());
        for field in entry.fields {
            let by = if field.owners.is_empty() {
                String::new()
            } else {
                format!("   (changed by {})", field.owners.join(", "))
            };
            _ = writeln!(text, "      {}: {}{by}", field.path, field.values.line());
        }
        for loosened in entry.loosened {
            _ = writeln!(text, "      {RED}!{RED:#} {loosened}");
        }
    }
}

/// All conflicts as one failure.
pub fn conflicts(subject: &str, plan: &Plan) -> Error {
    let count = plan.conflicts.len();
    let plural = if count == 1 { "conflict" } else { "conflicts" };
    let mut error = Error::conflict(format!("{subject}: {count} {plural}; nothing was written"));
    error.details = plan
        .conflicts
        .iter()
        .map(|conflict| format!("{}: {}", conflict.id, conflict.why))
        .collect();
    let error = error.hint(
        "mcpctl changes nothing of this: give it up or take it away with the tool that owns it, then run the same command again",
    );
    if plan.conflicts.iter().any(|conflict| conflict.adoptable) {
        return error.hint(
            "or take over what is nobody's tenant: --adopt on add does it, --adopt on diff shows what would change",
        );
    }
    error
}
