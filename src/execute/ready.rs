//! Waits until a workload is ready.

use super::{
    Run,
    progress::{Progress, find, tell},
};
use crate::{
    error::Result,
    object::Object,
    plan::Step,
    wait::{self, Awaited, Readiness, Waiting},
};

/// Waits for a workload and the Ingress that leads to it.
pub(super) async fn ready(step: &Step, run: &Run<'_>, progress: &Progress) -> Result<String> {
    let (workload, ingress) = {
        let state = progress.state.borrow();
        let ingress = state
            .iter()
            .find(|(id, _)| id.is("networking.k8s.io", "Ingress"))
            .map(|(_, object)| object.clone());
        (find(&state, &step.id)?, ingress)
    };
    let tell = |waiting: &Waiting| tell(step, waiting, run, progress);
    let before = ingress.as_ref().and_then(|now| run.live.get(now.id()));
    let awaited = Awaited {
        workload: &workload,
        ingress: ingress.as_ref(),
        changed: before.zip(ingress.as_ref()).is_some_and(is_another),
    };
    let (readiness, reservation) = wait::ready(run.kubernetes()?, &awaited, &tell).await?;
    let mut reservations = progress.reservations.borrow_mut();
    if let Some(reservation) = reservation.filter(|one| !reservations.contains(one)) {
        reservations.push(reservation);
    }
    Ok(match readiness {
        Readiness::AtOnce => "",
        Readiness::Ready => "ready",
        Readiness::Unknown => {
            progress.unknown.borrow_mut().push(step.id.clone());
            "its readiness is not known"
        }
    }
    .into())
}

/// Whether an Ingress changed in what the load balancer controller reads.
fn is_another((before, now): (&Object, &Object)) -> bool {
    let read = |object: &Object| {
        let tree = &object.tree;
        (
            tree["spec"].clone(),
            tree["metadata"]["annotations"].clone(),
        )
    };
    read(before) != read(now)
}
