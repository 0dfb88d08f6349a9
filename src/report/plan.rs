//! A plan as text: one heading per object, its fields below.

use std::fmt::Write;

use serde_json::Value;

use super::{GREEN, RED, YELLOW};
use crate::{
    diff::Change,
    error::Error,
    object::{Id, Object},
    plan::{Action, Plan},
};

/// What a plan would do, or nothing where it would do nothing.
pub fn plan(title: &str, plan: &Plan) -> String {
    let mut text = String::new();
    if plan.is_clean() {
        return text;
    }
    _ = writeln!(text, "{title}");
    steps(&mut text, plan);
    for foreign in &plan.foreign {
        _ = writeln!(
            text,
            "  {YELLOW}!{YELLOW:#} {}: {} is not ours; it is left alone",
            foreign.id, foreign.what
        );
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
    let [create, change, delete] = plan.counts();
    _ = writeln!(
        text,
        "{create} to create, {change} to change, {delete} to delete"
    );
    text
}

fn steps(text: &mut String, plan: &Plan) {
    for step in &plan.steps {
        match &step.action {
            Action::Create(object) => {
                _ = writeln!(text, "  {GREEN}+{GREEN:#} {}{}", step.id, about(object));
            }
            Action::Update(update) => {
                let adopts = if update.adopts { " (taken over)" } else { "" };
                _ = writeln!(
                    text,
                    "  {YELLOW}~{YELLOW:#} {}{}{adopts}",
                    step.id,
                    about(&update.live)
                );
                for change in &update.changes {
                    field(text, change);
                }
            }
            Action::Delete(object) => {
                _ = writeln!(text, "  {RED}-{RED:#} {}{}", step.id, about(object));
            }
            Action::Release(object) => {
                _ = writeln!(
                    text,
                    "  {YELLOW}~{YELLOW:#} {}{} (was taken over; given back as it is, without our marks)",
                    step.id,
                    about(object)
                );
            }
            Action::GoesWithNamespace => {
                _ = writeln!(text, "  {RED}-{RED:#} {} (with its namespace)", step.id);
            }
            Action::Restart(_) => {
                _ = writeln!(
                    text,
                    "  {YELLOW}!{YELLOW:#} {}: pods restart, since their identity changes",
                    step.id
                );
            }
            Action::Lock
            | Action::Gate(_)
            | Action::KeepHost(_)
            | Action::AwaitGone
            | Action::AwaitReady => {}
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

/// The name in AWS, where it is another one.
fn about(object: &Object) -> String {
    let id = object.id();
    if !id.is_aws() {
        return String::new();
    }
    match id.kind.as_str() {
        "Role" => format!(
            " ({}{})",
            object.text("/spec/path"),
            object.text("/spec/name")
        ),
        _ => format!(
            " ({}/{})",
            object.text("/spec/namespace"),
            object.text("/spec/serviceAccount")
        ),
    }
}

fn field(text: &mut String, change: &Change) {
    let path = &change.path;
    let values = if change.is_secretive() {
        "changed (values are not shown)".to_string()
    } else if path.ends_with(&format!("[{}]", crate::record::INPUT)) {
        record_change(change)
    } else {
        match (&change.have, &change.want) {
            (Some(have), Some(want)) => format!("{} -> {}", shown(have), shown(want)),
            (None, Some(want)) => format!("missing -> {}", shown(want)),
            (Some(have), None) => format!("{} -> removed", shown(have)),
            (None, None) => String::new(),
        }
    };
    let owners: Vec<&str> = change
        .owners
        .iter()
        .map(|owner| owner.manager.as_str())
        .collect();
    let by = if owners.is_empty() {
        String::new()
    } else {
        format!("   (changed by {})", owners.join(", "))
    };
    _ = writeln!(text, "      {path}: {values}{by}");
}

fn record_change(change: &Change) -> String {
    if change.have.is_some() {
        "the tenant's input changed".into()
    } else {
        "missing -> the tenant's input".into()
    }
}

fn shown(value: &Value) -> String {
    let mut value = value.clone();
    mask(&mut value);
    value.to_string()
}

/// Takes literal values of variables and the tenant's input out of what is shown.
fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match (key.as_str(), inner) {
                    (crate::record::INPUT, input) => *input = "(the tenant's input)".into(),
                    ("env", Value::Array(variables)) => {
                        let literals = variables
                            .iter_mut()
                            .filter_map(|variable| variable.get_mut("value"));
                        literals.for_each(|literal| *literal = "(not shown)".into());
                    }
                    (_, inner) => mask(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

/// Whether a step's subject is worth a line of its own while it is carried out.
pub(super) fn has_line(id: &Id, action: &Action) -> bool {
    !matches!(action, Action::Lock | Action::GoesWithNamespace) && !id.name.is_empty()
}
