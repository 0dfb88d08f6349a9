//! The Kubernetes half of an update: repair, handover, apply.

use super::host;
use crate::{
    backend::{Apply, Kubernetes, Reason},
    diff,
    error::{Error, Result},
    managed::HANDOVER_MANAGER,
    object::Object,
    plan::Update,
};

/// How often a write is tried when only the status of its object moves on: a rollout on a busy cluster moves it often.
const STALE_ATTEMPTS: usize = 20;

/// Makes the living object as it is wanted.
pub(super) async fn carry_out(update: &Update, kubernetes: &Kubernetes) -> Result<Object> {
    let wanted = &update.wanted;
    let mut live = update.live.clone();
    let repairs = update.repairs();
    if !repairs.is_empty() {
        live = kubernetes.repair(&live, &repairs, false).await?;
        if diff::changes(wanted, &live).is_empty() {
            return Ok(live);
        }
    }
    if let Some(handover) = update.handover() {
        let write = (&handover, Some(HANDOVER_MANAGER));
        live = write_unless_changed(write, wanted, &live, kubernetes).await?;
    }
    write_unless_changed((wanted, None), wanted, &live, kubernetes).await
}

/// By force: who holds a field that differs was looked at when the plan was made, and a stale plan is refused. Refuses
/// when the object has changed since the plan was made, unless all that moved is what we do not care about,
/// such as its status.
async fn write_unless_changed(
    (object, manager): (&Object, Option<&'static str>),
    wanted: &Object,
    live: &Object,
    kubernetes: &Kubernetes,
) -> Result<Object> {
    let left = diff::changes(wanted, live);
    let mut version = live.text("/metadata/resourceVersion").to_string();
    for _ in 0..STALE_ATTEMPTS {
        let how = Apply {
            force: true,
            resource_version: Some(version.clone()),
            manager,
            ..Apply::default()
        };
        let error = match host::apply(object, &how, kubernetes).await {
            Ok(object) => return Ok(object),
            Err(error) => error,
        };
        let stale = error.reason == Reason::Conflict
            && error.message.contains("the object has been modified");
        let now = if stale {
            kubernetes.get(wanted.id()).await?
        } else {
            None
        };
        match now.filter(|now| diff::changes(wanted, now) == left) {
            Some(now) => version = now.text("/metadata/resourceVersion").into(),
            None => {
                return Err(Error::from(error)
                    .hint("it changed since the plan was made; run the same command again"));
            }
        }
    }
    Err(Error::conflict(format!(
        "apply {}: it keeps changing",
        wanted.id()
    )))
}
