//! Waits for ACK to carry out what it was given.

use k8s_openapi::jiff::Timestamp;

use super::{Progress, Run, step};
use crate::{
    ack,
    error::Result,
    plan::{Step, Update},
    wait::{self, Waiting},
};

/// Waits until AWS has a role or association as its object says.
pub(super) async fn wait(step: &Step, (run, progress): (&Run<'_>, &Progress)) -> Result<String> {
    let id = &step.id;
    let now = step::find(&progress.state.borrow(), id)?;
    let written = run.live.get(id) != Some(&now);
    let tell = |waiting: &Waiting| step::tell(step, waiting, run, progress);
    let synced = wait::synced(run.keeper(id)?, &now, written, &tell).await?;
    progress.state.borrow_mut().insert(id.clone(), synced);
    Ok("carried out by ACK".into())
}

/// Before a role or association is changed that ACK has looked at just now, so that its next word shows.
pub(super) async fn let_the_second_pass(update: &Update) {
    if update.wanted.id().is_aws() {
        let pause = ack::pause_before_write(&update.live, Timestamp::now());
        tokio::time::sleep(pause).await;
    }
}
