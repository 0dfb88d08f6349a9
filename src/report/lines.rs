//! One line per state change while a plan is carried out, and now and then one on what it still waits for.

use std::{cell::RefCell, time::Instant};

use super::{
    GREEN, RED, Ui, YELLOW,
    entries::has_line,
    heartbeat::{Awaited, Heartbeat},
};
use crate::{
    execute::Event,
    plan::{Action, Step},
};

/// Prints events as they come.
pub(crate) struct Lines<'a> {
    ui: &'a Ui,
    heartbeat: RefCell<Heartbeat>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(ui: &'a Ui) -> Self {
        Self {
            ui,
            heartbeat: RefCell::new(Heartbeat::new(Instant::now())),
        }
    }

    pub(super) fn hear(&self, event: &Event<'_>) {
        let mut heartbeat = self.heartbeat.borrow_mut();
        let now = Instant::now();
        heartbeat.hear(event, now);
        let text = match event {
            Event::Tick => still_waiting(heartbeat.due(now), now).map(|awaited| {
                let mark = self.ui.marks.waiting;
                format!("  {YELLOW}{mark}{YELLOW:#} still waiting: {awaited}")
            }),
            _ => line(self.ui, event),
        };
        if let Some(text) = text {
            self.ui.status(&text);
            heartbeat.said(now);
        }
    }
}

/// What an event says; nothing where it is not worth a line.
pub(super) fn line(ui: &Ui, event: &Event<'_>) -> Option<String> {
    let marks = ui.marks;
    match event {
        Event::Done(step, text) if !text.is_empty() && has_line(&step.id, &step.action) => {
            let (mark, text) = (marks.done, came_of_it(step, text));
            Some(format!("  {GREEN}{mark}{GREEN:#} {} {text}", step.id))
        }
        Event::Waiting(step, what) => {
            let mark = marks.waiting;
            Some(format!("  {YELLOW}{mark}{YELLOW:#} {}: {what}", step.id))
        }
        Event::Failed(step, error) => {
            let mark = marks.failed;
            Some(format!(
                "  {RED}{mark}{RED:#} {}: {}",
                step.id,
                error.line()
            ))
        }
        Event::Interrupted => {
            Some("interrupted; waiting for the calls in flight to end (again: stop at once)".into())
        }
        Event::Begun(_) | Event::Done(..) | Event::Skipped(_) | Event::Tick => None,
    }
}

/// What came of a step, said of its object.
pub(super) fn came_of_it(step: &Step, text: &str) -> String {
    match &step.action {
        Action::Gate(_) => format!("identity gate {text}"),
        _ => text.to_string(),
    }
}

/// What is awaited and for how long, on one line; nothing where nothing is due.
fn still_waiting(due: &[Awaited], now: Instant) -> Option<String> {
    let one = |awaited: &Awaited| {
        let (id, what, seconds) = (&awaited.id, &awaited.what, awaited.seconds(now));
        let colon = if what.is_empty() { "" } else { ": " };
        format!("{id}{colon}{what} ({seconds} s)")
    };
    let all: Vec<String> = due.iter().map(one).collect();
    (!all.is_empty()).then(|| all.join("; "))
}
