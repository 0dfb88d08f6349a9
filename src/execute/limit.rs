//! How a wait ends when it must: at the deadline, or on a signal.

use super::{Run, gate, next_signal, progress::Progress};
use crate::{
    error::{Error, Kind, Result},
    marks::IDENTITY_POLICY,
    plan::{Action, Step},
    wait::{self, Finding},
};

/// Ends a wait at the deadline or on a signal.
pub(super) async fn bounded<T>(
    step: &Step,
    (run, progress): (&Run<'_>, &Progress),
    wait: impl Future<Output = Result<T>>,
) -> Result<T> {
    let late = async {
        tokio::time::sleep_until(run.deadline).await;
        Err(timed_out(step, run, progress).await)
    };
    until_signal(run, async {
        tokio::select! {
            result = wait => result,
            late = late => late,
        }
    })
    .await
}

pub(super) async fn until_signal<T>(
    run: &Run<'_>,
    wait: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut signal = run.signal.clone();
    tokio::select! {
        result = wait => result,
        Some(came) = next_signal(&mut signal) => Err(Error::new(Kind::Interrupted(came), "interrupted")),
    }
}

async fn timed_out(step: &Step, run: &Run<'_>, progress: &Progress) -> Error {
    let id = &step.id;
    let waiting = progress
        .waits_for
        .borrow_mut()
        .remove(id)
        .unwrap_or_default();
    let late = match step.action {
        Action::AwaitGone => format!("{id} is still being deleted"),
        Action::AwaitSynced => format!("{id} was not carried out by ACK in time"),
        Action::Settle => format!("what {id} was changed to has not spread yet"),
        Action::Verify(_) => format!("{id} did not say in time who it is"),
        _ => format!("{id} did not become ready in time"),
    };
    let error = wait::late(late, run.kubernetes, &id.namespace, &waiting).await;
    let refused = |finding: &Finding| finding.line.contains(IDENTITY_POLICY);
    if !waiting.findings.iter().any(refused) {
        return error;
    }
    match gate::why_shut(id, run, progress).await {
        Some(found) => found.explain(error),
        None => error,
    }
}
