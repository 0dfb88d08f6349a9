//! Waits for ACK to carry out what it was given.

use k8s_openapi::jiff::Timestamp;

use super::{
    Run,
    progress::{Progress, find, tell},
};
use crate::{
    ack,
    error::Result,
    object::Object,
    plan::{Step, Update},
    wait::{self, Waiting},
};

/// Waits until AWS has a role or association as its object says.
pub(super) async fn wait(step: &Step, (run, progress): (&Run<'_>, &Progress)) -> Result<String> {
    let id = &step.id;
    let now = find(&progress.state.borrow(), id)?;
    // ACK looks at a new generation, which a change of the metadata alone does not make.
    let generation = |object: &Object| object.tree["metadata"]["generation"].clone();
    let before = run.live.get(id).map(generation);
    let written = before != Some(generation(&now));
    let say = |waiting: &Waiting| tell(step, waiting, run, progress);
    let synced = wait::synced(run.keeper(id)?, &now, written, &say).await?;
    let account = ack::in_account(&synced, run.account);
    progress.state.borrow_mut().insert(id.clone(), synced);
    account?;
    Ok("carried out by ACK".into())
}

/// Before a role or association is changed that ACK has looked at just now, so that its next word shows.
pub(super) async fn let_the_second_pass(update: &Update) {
    if update.wanted.id().is_aws() {
        let pause = ack::pause_before_write(&update.live, Timestamp::now());
        tokio::time::sleep(pause).await;
    }
}
