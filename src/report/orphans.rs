//! What lost its other half, as a table and as names.

use super::table;
use crate::orphans::{Orphan, OrphanList};

/// One row for each, the command last, since it may be long. Nothing for no orphans.
pub fn orphans(list: &OrphanList) -> String {
    const HEAD: [&str; 4] = ["TENANT", "ORPHAN", "WHY", "COMMAND"];
    if list.items.is_empty() {
        return String::new();
    }
    let row = |orphan: &Orphan| {
        vec![
            orphan.tenant.clone(),
            name(orphan),
            orphan.why.clone(),
            orphan.command.clone(),
        ]
    };
    table(&HEAD, &list.items.iter().map(row).collect::<Vec<_>>())
}

/// The same with the namespace, and the reason in one word. Nothing for no orphans.
pub fn orphans_wide(list: &OrphanList) -> String {
    const HEAD: [&str; 6] = ["TENANT", "NAMESPACE", "ORPHAN", "REASON", "WHY", "COMMAND"];
    if list.items.is_empty() {
        return String::new();
    }
    let row = |orphan: &Orphan| {
        vec![
            orphan.tenant.clone(),
            orphan.namespace.clone(),
            name(orphan),
            orphan.reason.word(),
            orphan.why.clone(),
            orphan.command.clone(),
        ]
    };
    table(&HEAD, &list.items.iter().map(row).collect::<Vec<_>>())
}

/// One `kind/name` a line. No names of tenants: what is to be done is not the same for all.
pub fn orphan_names(list: &OrphanList) -> String {
    let line = |orphan: &Orphan| format!("{}\n", name(orphan));
    list.items.iter().map(line).collect()
}

fn name(orphan: &Orphan) -> String {
    format!("{}/{}", orphan.kind, orphan.name)
}
