//! One line per state change while a plan is carried out, and the summary at its end.

use super::{GREEN, RED, Ui, YELLOW, plan::has_line};
use crate::{
    error::{Error, Kind},
    execute::{Event, Outcome},
    plan::{Action, Plan},
};

/// Prints events as they come.
pub fn printer(ui: &Ui) -> impl Fn(Event<'_>) + '_ {
    |event| match event {
        Event::Done(step, text) if !text.is_empty() && has_line(&step.id, &step.action) => {
            let text = match &step.action {
                Action::Gate(_) => format!("identity gate {text}"),
                _ => text.to_string(),
            };
            ui.status(&format!("  {GREEN}✓{GREEN:#} {} {text}", step.id));
        }
        Event::Done(..) => {}
        Event::Waiting(step, what) => {
            ui.status(&format!("  {YELLOW}…{YELLOW:#} {}: {what}", step.id));
        }
        Event::Failed(step, error) => {
            ui.status(&format!("  {RED}✗{RED:#} {}: {}", step.id, error.line()));
        }
        Event::Interrupted => {
            ui.status("interrupted; waiting for the calls in flight to end (again: stop at once)");
        }
    }
}

/// What went wrong, what stands and what to do, or nothing if all went well.
pub fn failure(subject: &str, plan: &Plan, outcome: &Outcome) -> Option<Error> {
    let kind = match (outcome.interrupted, outcome.worst()) {
        (Some(signal), _) => Kind::Interrupted(signal),
        (None, Some(worst)) => worst.kind,
        (None, None) => return None,
    };
    let what = match kind {
        Kind::Interrupted(_) => format!("{subject}: interrupted"),
        Kind::Wait => format!("{subject}: written, but not finished"),
        Kind::Incomplete => format!("{subject}: incomplete"),
        _ => format!("{subject}: nothing was written"),
    };
    let mut error = Error::new(kind, what);
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
