//! Now and then a word on what a run still waits for, and for how long: who hears nothing takes it for dead.

use std::time::{Duration, Instant};

use super::entries::action_name;
use crate::{execute::Event, object::Id, plan::Step};

/// After so long without a word one is due: CI services end jobs that say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// Decides when a word is due, and what it says.
#[derive(Debug)]
pub(super) struct Heartbeat {
    said: Instant,
    awaited: Vec<Awaited>,
}

/// A step that is begun and not over.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) id: Id,
    /// The name of what is done.
    pub(super) action: &'static str,
    /// What it waits for; empty where it has not said so.
    pub(super) what: String,
    since: Instant,
}

impl Awaited {
    fn is(&self, step: &Step) -> bool {
        self.id == step.id && self.action == action_name(&step.action)
    }

    /// For how long.
    pub(super) fn seconds(&self, now: Instant) -> u64 {
        now.duration_since(self.since).as_secs()
    }
}

impl Heartbeat {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            said: now,
            awaited: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::Begun(step) => self.awaited.push(Awaited {
                id: step.id.clone(),
                action: action_name(&step.action),
                what: String::new(),
                since: now,
            }),
            Event::Waiting(step, what) => {
                let found = self.awaited.iter_mut().find(|awaited| awaited.is(step));
                if let Some(awaited) = found {
                    awaited.what = (*what).to_string();
                }
            }
            Event::Done(step, _) | Event::Failed(step, _) | Event::Skipped(step) => {
                self.awaited.retain(|awaited| !awaited.is(step));
            }
            Event::Interrupted | Event::Tick => {}
        }
    }

    /// A word was said.
    pub(super) fn said(&mut self, now: Instant) {
        self.said = now;
    }

    /// For how long a step has been waited for by now.
    pub(super) fn seconds(&self, step: &Step, now: Instant) -> u64 {
        let found = self.awaited.iter().find(|awaited| awaited.is(step));
        found.map_or(0, |awaited| awaited.seconds(now))
    }

    /// What is awaited, once nothing was said for long.
    pub(super) fn due(&self, now: Instant) -> &[Awaited] {
        if now.duration_since(self.said) < SILENCE {
            return &[];
        }
        &self.awaited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;

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
        assert!(heartbeat.due(at(60)).is_empty(), "nothing is awaited");

        heartbeat.hear(&Event::Begun(&ready), at(60));
        heartbeat.said(at(60));
        assert!(heartbeat.due(at(89)).is_empty(), "it is too early");
        heartbeat.hear(&Event::Waiting(&ready, "1 of 2 pods are ready"), at(70));
        let due = heartbeat.due(at(90));
        assert_eq!(due.len(), 1);
        assert_eq!(
            (due[0].what.as_str(), due[0].seconds(at(90))),
            ("1 of 2 pods are ready", 30)
        );
        heartbeat.said(at(90));
        assert!(heartbeat.due(at(119)).is_empty(), "it was said just now");

        // Another step about the same object does not end the wait.
        heartbeat.hear(&Event::Begun(&gone), at(119));
        heartbeat.hear(&Event::Done(&gone, ""), at(119));
        assert_eq!(heartbeat.due(at(120)).len(), 1);
        heartbeat.hear(&Event::Done(&ready, "ready"), at(120));
        assert!(heartbeat.due(at(500)).is_empty(), "it is over");
    }
}
