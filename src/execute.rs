//! Walks a plan: each step as soon as those before it are done, several at a time, and tells what happens.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{sync::watch, time::Instant};

use crate::{
    backend::{Kubernetes, Side},
    error::{Error, Kind, Result, Signal},
    lock,
    object::{Id, State},
    plan::{Action, Plan, Step, Subject},
    spec::AccountId,
};

mod change;
mod gate;
mod host;
mod identity;
mod limit;
mod outcome;
mod progress;
mod ready;
mod restart;
mod step;
mod synced;
mod verify;

use progress::Progress;

pub use outcome::Outcome;

/// Calls in flight at most.
const IN_FLIGHT: usize = 16;
/// How often those who follow a run hear that time passes.
const TICK: Duration = Duration::from_millis(250);

/// What happens while a plan is carried out.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step is begun.
    Begun(&'a Step),
    /// A step is done; the text says what came of it.
    Done(&'a Step, &'a str),
    /// A step waits for something.
    Waiting(&'a Step, &'a str),
    /// A step failed.
    Failed(&'a Step, &'a Error),
    /// A step was not carried out: one before it failed, or a signal came.
    Skipped(&'a Step),
    /// A signal came; nothing new is begun.
    Interrupted,
    /// Time passes.
    Tick,
}

/// What a run needs besides the plan.
pub struct Run<'a> {
    /// The cluster, where its half is carried out.
    pub kubernetes: Option<&'a Kubernetes>,
    /// Who carries role and association out.
    pub identities: Option<Side<'a>>,
    /// The account of role and association, where it is known.
    pub account: Option<&'a AccountId>,
    /// Whose plan it is.
    pub subject: &'a Subject,
    /// What lived when the plan was made.
    pub live: &'a State,
    /// When waiting ends.
    pub deadline: Instant,
    /// Who holds the lock.
    pub holder: &'a str,
    /// How long a changed identity is given to spread.
    pub settle: Duration,
    /// Carries a signal, once there is one.
    pub signal: watch::Receiver<Option<Signal>>,
    /// Hears what happens.
    pub events: &'a dyn Fn(Event<'_>),
}

impl<'a> Run<'a> {
    /// Who carries an object out, by its API group.
    fn side(&self, id: &Id) -> Result<Side<'a>> {
        if id.is_aws() {
            self.identities
                .ok_or_else(|| Error::usage("this plan needs AWS"))
        } else {
            self.kubernetes().map(Side::Kubernetes)
        }
    }

    fn kubernetes(&self) -> Result<&'a Kubernetes> {
        self.kubernetes
            .ok_or_else(|| Error::usage("this plan needs the cluster"))
    }

    /// The API server that keeps an object.
    fn keeper(&self, id: &Id) -> Result<&'a Kubernetes> {
        match self.side(id)? {
            Side::Kubernetes(kubernetes) => Ok(kubernetes),
            Side::Aws(_) => Err(Error::usage(format!("no API server keeps {id}"))),
        }
    }
}

/// Carries out a plan. Nothing new is begun after a failure that its step depends on, or after a signal; calls in
/// flight always end. The lock is released after the last write, whatever happened.
pub async fn execute(plan: &Plan, run: &Run<'_>) -> Outcome {
    let progress = Progress::at_first(plan, run);
    let mut outcome = Outcome::default();
    let mut pending: BTreeMap<usize, &Step> = plan.steps.iter().enumerate().collect();
    let mut flying = FuturesUnordered::new();
    let mut signal = run.signal.clone();
    let mut renewal = tokio::time::interval_at(Instant::now() + lock::RENEWAL, lock::RENEWAL);
    let mut tick = tokio::time::interval(TICK);
    let mut stop = false;
    loop {
        let open = outcome.interrupted.is_none() && !stop;
        let room = if open {
            IN_FLIGHT.saturating_sub(flying.len())
        } else {
            0
        };
        for index in startable(&pending, &outcome.done, room) {
            (run.events)(Event::Begun(&plan.steps[index]));
            let step = Box::pin(step::carry_out(&plan.steps[index], run, &progress));
            flying.push(async move { (index, step.await) });
            pending.remove(&index);
        }
        if flying.is_empty() {
            break;
        }
        tokio::select! {
            // Who was stopped for long looks after the lock before anything else goes on.
            biased;
            Some(came) = next_signal(&mut signal), if outcome.interrupted.is_none() => {
                outcome.interrupt(came, run);
            }
            _ = renewal.tick() => stop |= !renew((run, plan), &progress, &mut outcome).await,
            Some((index, result)) = flying.next() => outcome.take(plan, index, result, run),
            _ = tick.tick() => (run.events)(Event::Tick),
        }
    }
    drop(flying);
    for index in pending.into_keys() {
        outcome.skip(plan, index, run);
    }
    unlock(run, &progress).await;
    for (_, error) in &mut outcome.failed {
        if progress.wrote.get() && error.kind != Kind::Wait {
            error.kind = Kind::Incomplete;
        }
    }
    outcome.state = progress.state.into_inner();
    outcome.unknown = progress.unknown.into_inner();
    outcome.reservations = progress.reservations.into_inner();
    outcome
}

/// Gives the lock up, unless it has been. One that cannot be released expires by itself.
async fn unlock(run: &Run<'_>, progress: &Progress) {
    let lock = progress.lock.borrow_mut().take();
    if let (Some(lock), Some(kubernetes)) = (lock, run.kubernetes) {
        drop(lock.release(kubernetes).await);
    }
}

fn startable(pending: &BTreeMap<usize, &Step>, done: &[usize], room: usize) -> Vec<usize> {
    let ready = |step: &Step| step.after.iter().all(|before| done.contains(before));
    pending
        .iter()
        .filter(|(_, step)| ready(step))
        .map(|(index, _)| *index)
        .take(room)
        .collect()
}

async fn next_signal(signal: &mut watch::Receiver<Option<Signal>>) -> Option<Signal> {
    loop {
        if let Some(came) = *signal.borrow_and_update() {
            return Some(came);
        }
        if signal.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// False when the lock is lost, to somebody who took it over and may have given it up again: then nothing new may be begun.
async fn renew((run, plan): (&Run<'_>, &Plan), progress: &Progress, outcome: &mut Outcome) -> bool {
    let lock = progress.lock.borrow_mut().take();
    let (Some(mut lock), Some(kubernetes)) = (lock, run.kubernetes) else {
        return true;
    };
    let Err(error) = lock.renew(kubernetes).await else {
        progress.lock.replace(Some(lock));
        return true;
    };
    let why = match lock.holder(kubernetes).await {
        // On removal the namespace controller deletes the Lease with the rest.
        Ok(None) if deletes_its_namespace(plan) => return true,
        Ok(None) => {
            "the lock was taken away, so another run may have written meanwhile".to_string()
        }
        Ok(Some(holder)) if holder != run.holder => format!("the lock was taken over by {holder}"),
        // A renewal that failed in passing is tried again at the next turn.
        _ => {
            progress.lock.replace(Some(lock));
            return true;
        }
    };
    let lost = Error::conflict(why)
        .detail(error.to_string())
        .detail("nothing more is written")
        .hint("run the same command again: it looks anew");
    outcome.failed.push((0, lost));
    false
}

fn deletes_its_namespace(plan: &Plan) -> bool {
    let deletes =
        |step: &Step| step.id.is("", "Namespace") && matches!(step.action, Action::Delete(_));
    plan.steps.iter().any(deletes)
}
