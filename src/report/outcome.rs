//! How carrying out a plan went wrong, as one failure.

use crate::{
    error::{Error, Kind},
    execute::Outcome,
    plan::{Action, Plan},
};

/// What went wrong, what stands and what to do, or nothing if all went well.
pub(super) fn failure(subject: &str, plan: &Plan, outcome: &Outcome) -> Option<Error> {
    let kind = match (outcome.interrupted, outcome.worst()) {
        (Some(signal), _) => Kind::Interrupted(signal),
        (None, Some(worst)) => worst.kind,
        (None, None) => return None,
    };
    let mut error = Error::new(kind, heading(subject, kind, plan, outcome));
    for (_, failed) in &outcome.failed {
        error.details.push(failed.what.clone());
        error
            .details
            .extend(failed.details.iter().map(|line| format!("  {line}")));
        error.hints.extend(failed.hints.iter().cloned());
    }
    let verb = |action: &Action| match action {
        Action::Create(_) => Some("created"),
        Action::Update(_) => Some("updated"),
        Action::Delete(_) => Some("deleted"),
        Action::Release(_) => Some("released"),
        _ => None,
    };
    for word in ["created", "updated", "deleted", "released"] {
        let steps = outcome
            .done
            .iter()
            .map(|index| &plan.steps[*index])
            .filter(|step| verb(&step.action) == Some(word));
        let names: Vec<String> = steps.map(|step| step.id.to_string()).collect();
        if !names.is_empty() {
            error.stands.push(format!("{word} {}", names.join(", ")));
        }
    }
    let skipped: Vec<String> = outcome
        .skipped
        .iter()
        .map(|index| &plan.steps[*index])
        .filter(|step| step.action.writes())
        .map(|step| step.id.to_string())
        .collect();
    if !skipped.is_empty() {
        error
            .stands
            .push(format!("not begun: {}", skipped.join(", ")));
    }
    if matches!(kind, Kind::Interrupted(_) | Kind::Incomplete) {
        error
            .hints
            .push("run the same command again: it goes on from here".into());
    }
    error.hints.dedup();
    Some(error)
}

fn heading(subject: &str, kind: Kind, plan: &Plan, outcome: &Outcome) -> String {
    let verifies =
        |(index, _): &(usize, Error)| matches!(plan.steps[*index].action, Action::Verify(_));
    match kind {
        Kind::Interrupted(_) => format!("{subject}: interrupted"),
        Kind::Wait if outcome.failed.iter().all(verifies) => {
            format!("{subject}: written, but its identity is not verified")
        }
        Kind::Wait => format!("{subject}: written, but not finished"),
        Kind::Incomplete => format!("{subject}: incomplete"),
        _ => format!("{subject}: nothing was written"),
    }
}
