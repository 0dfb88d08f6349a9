//! What a run knows while it goes on, and what its steps note there.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use super::{Event, Run};
use crate::{
    error::{Error, Kind, Result},
    lock::Lock,
    object::{Id, Object, State},
    plan::{Action, Plan, Step},
    wait::{Finding, Waiting},
};

/// What a run knows while it goes on.
pub(super) struct Progress {
    pub(super) wrote: Cell<bool>,
    /// Whether a change of the association was given its time to spread.
    pub(super) settled: Cell<bool>,
    /// Whether something is written after the wait for pods.
    pub(super) writes_late: bool,
    pub(super) state: RefCell<State>,
    pub(super) lock: RefCell<Option<Lock>>,
    /// What the steps that wait said last.
    pub(super) waits_for: RefCell<BTreeMap<Id, Waiting>>,
    /// What says nothing of its state.
    pub(super) unknown: RefCell<Vec<Id>>,
    pub(super) reservations: RefCell<Vec<Finding>>,
}

impl Progress {
    pub(super) fn at_first(plan: &Plan, run: &Run<'_>) -> Self {
        Self {
            wrote: Cell::new(false),
            settled: Cell::new(false),
            writes_late: writes_late(plan),
            state: RefCell::new(run.live.clone()),
            lock: RefCell::new(None),
            waits_for: RefCell::default(),
            unknown: RefCell::default(),
            reservations: RefCell::default(),
        }
    }
}

fn writes_late(plan: &Plan) -> bool {
    let waits = |index: &usize| matches!(plan.steps[*index].action, Action::AwaitReady);
    let late = |step: &Step| step.action.writes() && step.after.iter().any(waits);
    plan.steps.iter().any(late)
}

pub(super) fn note(progress: &Progress, object: Object) {
    progress.wrote.set(true);
    progress
        .state
        .borrow_mut()
        .insert(object.id().clone(), object);
}

/// Tells what a step waits for, and keeps it for the time when the wait runs out.
pub(super) fn tell(step: &Step, waiting: &Waiting, run: &Run<'_>, progress: &Progress) {
    (run.events)(Event::Waiting(step, &waiting.line()));
    let mut waits_for = progress.waits_for.borrow_mut();
    waits_for.insert(step.id.clone(), waiting.clone());
}

pub(super) fn find(state: &crate::object::State, id: &Id) -> Result<Object> {
    state
        .get(id)
        .cloned()
        .ok_or_else(|| Error::new(Kind::Incomplete, format!("{id} is not there")))
}
