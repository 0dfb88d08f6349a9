//! One line per state change while a plan is carried out, and now and then one on what it still waits for.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use super::{GREEN, RED, Ui, YELLOW, entries::has_line};
use crate::{
    execute::Event,
    object::Id,
    plan::{Action, Step},
};

/// After so long without a line one says what is still awaited: CI services end jobs that say nothing.
const SILENCE: Duration = Duration::from_secs(30);

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
            Event::Tick => heartbeat.due(now).map(|awaited| {
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

/// Decides when a line on what is awaited is due, and what it says.
#[derive(Debug)]
struct Heartbeat {
    said: Instant,
    awaited: Vec<Awaited>,
}

#[derive(Debug)]
struct Awaited {
    id: Id,
    action: std::mem::Discriminant<Action>,
    what: String,
    since: Instant,
}

impl Heartbeat {
    fn new(now: Instant) -> Self {
        Self {
            said: now,
            awaited: Vec::new(),
        }
    }

    fn hear(&mut self, event: &Event<'_>, now: Instant) {
        let of = |awaited: &Awaited, step: &Step| {
            awaited.id == step.id && awaited.action == std::mem::discriminant(&step.action)
        };
        match event {
            Event::Begun(step) => self.awaited.push(Awaited {
                id: step.id.clone(),
                action: std::mem::discriminant(&step.action),
                what: String::new(),
                since: now,
            }),
            Event::Waiting(step, what) => {
                let found = self.awaited.iter_mut().find(|awaited| of(awaited, step));
                if let Some(awaited) = found {
                    awaited.what = format!(": {what}");
                }
            }
            Event::Done(step, _) | Event::Failed(step, _) | Event::Skipped(step) => {
                self.awaited.retain(|awaited| !of(awaited, step));
            }
            Event::Interrupted | Event::Tick => {}
        }
    }

    fn said(&mut self, now: Instant) {
        self.said = now;
    }

    /// What is awaited and for how long, once nothing was said for long.
    fn due(&self, now: Instant) -> Option<String> {
        let silent = now.duration_since(self.said) >= SILENCE;
        let awaited = self.awaited.iter().map(|awaited| {
            let seconds = now.duration_since(awaited.since).as_secs();
            format!("{}{} ({seconds} s)", awaited.id, awaited.what)
        });
        let awaited: Vec<String> = awaited.collect();
        (silent && !awaited.is_empty()).then(|| awaited.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Heartbeat;
    use crate::{
        execute::Event,
        object::Id,
        plan::{Action, Step},
    };

    fn step(action: Action) -> Step {
        Step {
            id: Id::new("apps", "Deployment", "mcp-acme", "mcp-server"),
            action,
            after: Vec::new(),
        }
    }

    #[test]
    fn silence_is_broken_while_something_is_awaited() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let (ready, gone) = (step(Action::AwaitReady), step(Action::AwaitGone));
        let mut heartbeat = Heartbeat::new(begin);
        assert_eq!(heartbeat.due(at(60)), None, "nothing is awaited");

        heartbeat.hear(&Event::Begun(&ready), at(60));
        heartbeat.said(at(60));
        assert_eq!(heartbeat.due(at(89)), None, "it is too early");
        heartbeat.hear(&Event::Waiting(&ready, "1 of 2 pods are ready"), at(70));
        let due = heartbeat.due(at(90)).expect("a line");
        assert_eq!(
            due,
            "Deployment mcp-acme/mcp-server: 1 of 2 pods are ready (30 s)"
        );
        heartbeat.said(at(90));
        assert_eq!(heartbeat.due(at(119)), None, "it was said just now");

        // Another step about the same object does not end the wait.
        heartbeat.hear(&Event::Begun(&gone), at(119));
        heartbeat.hear(&Event::Done(&gone, ""), at(119));
        assert!(heartbeat.due(at(120)).is_some());
        heartbeat.hear(&Event::Done(&ready, "ready"), at(120));
        assert_eq!(heartbeat.due(at(500)), None, "it is over");
    }
}
