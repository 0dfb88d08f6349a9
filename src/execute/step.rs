//! One step of a plan, carried out.

use futures_util::future::join;

use super::{
    Run, change, gate, host, identity,
    limit::{bounded, until_signal},
    progress::{Progress, note, tell},
    restart, synced, unlock, verify,
};
use crate::{
    backend::{Apply, CallError, Kubernetes, Propagation, Reason, Side},
    diff,
    error::{Error, Result},
    lock,
    object::{Id, Object, starts_pods},
    plan::{Action, Step, Update},
    release,
    wait::{self, Waiting},
};

/// Carries out one step; the text says what came of it.
pub(super) async fn carry_out(step: &Step, run: &Run<'_>, progress: &Progress) -> Result<String> {
    act(step, run, progress).await.map_err(|error| {
        if error.after_writes {
            progress.wrote.set(true);
        }
        if !(error.unanswered && step.action.writes()) {
            return error;
        }
        progress.wrote.set(true);
        error.detail("no answer came, so it may have been carried out")
    })
}

async fn act(step: &Step, run: &Run<'_>, progress: &Progress) -> Result<String> {
    let text = match &step.action {
        Action::Create(object) => create(object, run, progress).await?,
        Action::Update(update) => change(update, run, progress).await?,
        Action::Delete(object) => delete(object, run, progress).await?,
        Action::Release(object) => release(object, run, progress).await?,
        Action::GoesWithNamespace => "goes with its namespace".into(),
        Action::Lock => {
            let lock = lock::acquire(run.kubernetes()?, &step.id.name, run.holder).await?;
            progress.lock.replace(Some(lock));
            String::new()
        }
        Action::Gate(pod) => until_signal(run, gate::open(step, pod, run, progress)).await?,
        Action::Settle => {
            bounded(step, (run, progress), restart::settle(step, run, progress)).await?
        }
        Action::Restart(workload) => {
            let restart = restart::restart(step, workload, run, progress);
            bounded(step, (run, progress), restart).await?
        }
        Action::KeepHost(host) => host::keep(&step.id, host, run, progress).await?,
        Action::AwaitGone => bounded(step, (run, progress), gone(step, run, progress)).await?,
        Action::AwaitSynced => {
            bounded(step, (run, progress), synced::wait(step, (run, progress))).await?
        }
        Action::AwaitReady => {
            let ready = bounded(
                step,
                (run, progress),
                super::ready::ready(step, run, progress),
            );
            // Where all is written by now, nobody else has to wait as well.
            let all_written = async {
                if !progress.writes_late {
                    unlock(run, progress).await;
                }
            };
            join(all_written, ready).await.1?
        }
        Action::Verify(pod) => verify::verify(step, pod, run, progress).await?,
    };
    Ok(text)
}

async fn create(object: &Object, run: &Run<'_>, progress: &Progress) -> Result<String> {
    let made = match run.side(object.id())? {
        Side::Aws(aws) => identity::create(object, aws, (run, progress)).await?,
        Side::Kubernetes(kubernetes) => apply_new(object, kubernetes, run).await?,
    };
    note(progress, made);
    Ok("created".into())
}

async fn apply_new(object: &Object, kubernetes: &Kubernetes, run: &Run<'_>) -> Result<Object> {
    match host::apply(object, &Apply::anew(), kubernetes).await {
        Ok(made) => Ok(made),
        Err(error) if error.reason == Reason::Conflict => {
            already_there(object, error, (kubernetes, run)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// A repeated request may find what the first one made.
async fn already_there(
    object: &Object,
    error: CallError,
    (kubernetes, run): (&Kubernetes, &Run<'_>),
) -> Result<Object> {
    let other = kubernetes.get(object.id()).await?;
    let same =
        other.filter(|other| run.subject.owns(other) && diff::changes(object, other).is_empty());
    // A namespace that looks as we want it may still be another run's claim.
    match same.filter(|_| !object.id().is("", "Namespace")) {
        Some(other) => Ok(other),
        None => Err(Error::from(error)
            .detail("somebody made it since the plan was made")
            .hint("run the same command again: it looks anew")),
    }
}

async fn change(update: &Update, run: &Run<'_>, progress: &Progress) -> Result<String> {
    let changed = match run.side(update.wanted.id())? {
        Side::Aws(aws) => identity::change(update, aws).await?,
        Side::Kubernetes(kubernetes) => {
            synced::let_the_second_pass(update).await;
            change::carry_out(update, kubernetes).await?
        }
    };
    note(progress, changed);
    Ok("updated".into())
}

async fn delete(object: &Object, run: &Run<'_>, progress: &Progress) -> Result<String> {
    let id = object.id();
    let was_there = match run.side(id)? {
        Side::Aws(aws) => identity::delete(object, aws, run).await?,
        Side::Kubernetes(kubernetes) => {
            let propagation = if starts_pods(id) {
                Propagation::Foreground
            } else {
                Propagation::Background
            };
            let uid = object.text("/metadata/uid");
            match kubernetes.delete(id, uid, propagation).await {
                // A namespace that is going already answers so: it needs no second delete.
                Err(error) if error.message.contains("ensuring all content is removed") => true,
                answer => answer?,
            }
        }
    };
    progress.wrote.set(true);
    progress.state.borrow_mut().remove(id);
    Ok(if was_there {
        "deleted"
    } else {
        "was gone already"
    }
    .into())
}

/// Takes our marks off, and leaves the rest as it is.
async fn release(object: &Object, run: &Run<'_>, progress: &Progress) -> Result<String> {
    let id = object.id();
    let released = match run.side(id)? {
        Side::Aws(aws) => identity::release(object, aws, run).await?,
        Side::Kubernetes(kubernetes) => {
            // As it is now: other steps changed who holds what, and pods their counts.
            let now = kubernetes.get(id).await?;
            match now.filter(|now| run.subject.owns(now)) {
                Some(now) => {
                    kubernetes
                        .repair(&now, &release::patch(&now), false)
                        .await?;
                    true
                }
                None => false,
            }
        }
    };
    progress.wrote.set(true);
    progress.state.borrow_mut().remove(id);
    Ok(if released {
        "given back"
    } else {
        "was gone already"
    }
    .into())
}

async fn gone(step: &Step, run: &Run<'_>, progress: &Progress) -> Result<String> {
    let tell = |waiting: &Waiting| tell(step, waiting, run, progress);
    let uid = run
        .live
        .get(&step.id)
        .map(|object| object.text("/metadata/uid").to_string())
        .unwrap_or_default();
    wait::gone(run.keeper(&step.id)?, &step.id, &uid, &tell).await?;
    progress.state.borrow_mut().remove(&step.id);
    if step.id == Id::namespace(run.subject.lock_namespace()) {
        // The lock went with it.
        progress.lock.replace(None);
    }
    Ok("gone".into())
}
