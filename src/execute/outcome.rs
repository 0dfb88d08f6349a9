//! How a run ended, step by step.

use super::{Event, Run};
use crate::{
    error::{Error, Kind, Result, Signal},
    object::{Id, State},
    plan::Plan,
    wait::Finding,
};

/// How a run ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Indexes of the steps that were carried out.
    pub done: Vec<usize>,
    /// Steps that failed.
    pub failed: Vec<(usize, Error)>,
    /// Indexes of steps that were not begun.
    pub skipped: Vec<usize>,
    /// The objects as they were written or read last.
    pub state: State,
    /// What was waited for and says nothing of its state.
    pub unknown: Vec<Id>,
    /// What is to be said of what is ready.
    pub reservations: Vec<Finding>,
    /// The signal that ended it.
    pub interrupted: Option<Signal>,
}

impl Outcome {
    /// Notes how a step ended. One that a signal ended has not failed.
    pub(super) fn take(
        &mut self,
        plan: &Plan,
        index: usize,
        result: Result<String>,
        run: &Run<'_>,
    ) {
        let step = &plan.steps[index];
        match result {
            Ok(text) => {
                (run.events)(Event::Done(step, &text));
                self.done.push(index);
            }
            // A step that waits may hear of the signal first, and be the last of the run.
            Err(Error {
                kind: Kind::Interrupted(came),
                ..
            }) => {
                self.interrupt(came, run);
                self.skip(plan, index, run);
            }
            Err(error) => {
                (run.events)(Event::Failed(step, &error));
                self.failed.push((index, error));
            }
        }
    }

    /// Notes the first signal; those who follow the run hear of it once.
    pub(super) fn interrupt(&mut self, came: Signal, run: &Run<'_>) {
        if self.interrupted.is_none() {
            (run.events)(Event::Interrupted);
            self.interrupted = Some(came);
        }
    }

    /// Notes a step that was not carried out.
    pub(super) fn skip(&mut self, plan: &Plan, index: usize, run: &Run<'_>) {
        (run.events)(Event::Skipped(&plan.steps[index]));
        self.skipped.push(index);
    }

    /// The failure that decides the exit code: incomplete before a wait that ran out.
    pub fn worst(&self) -> Option<&Error> {
        self.failed
            .iter()
            .map(|(_, error)| error)
            .max_by_key(|error| u8::from(error.kind != Kind::Wait))
    }
}
