//! Follows a rollout until it is done or cannot be.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::time::Instant;

use super::{
    evidence::{Evidence, OWN, Verdict},
    explain,
    finding::{Finding, Waiting},
    ingresses, sleep_until,
};
use crate::{
    backend::{CallError, Kubernetes, WatchEvent},
    error::{Error, Kind, Result},
    object::{Id, Object, own_kind},
};

/// What is waited for: a workload, and the Ingress that leads to it.
pub struct Awaited<'a> {
    /// The workload.
    pub workload: &'a Object,
    /// The Ingress, where there is one.
    pub ingress: Option<&'a Object>,
    /// Whether the Ingress lived before and is another now, in what its controller reads.
    pub changed: bool,
}

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It was ready at once.
    AtOnce,
    /// It became ready.
    Ready,
    /// The workload is of a kind that says nothing of its state. All else is ready.
    Unknown,
}

/// Follows the workload, its Deployment, `ReplicaSets` and pods, the Ingress and the events of a namespace until the
/// tenant is ready. `progress` hears each time what is still waited for. What is to be said of one that is ready comes
/// with it.
///
/// # Errors
/// Wait, as soon as there is evidence that waiting does not help, with the log of the container that fails.
pub async fn ready(
    kubernetes: &Kubernetes,
    awaited: &Awaited<'_>,
    progress: &dyn Fn(&Waiting),
) -> Result<(Readiness, Option<Finding>)> {
    let began = Instant::now();
    let workload = awaited.workload;
    let mut evidence = Evidence::new(workload, (awaited.ingress, awaited.changed));
    if evidence.was_changed() {
        let namespace = &workload.id().namespace;
        for event in kubernetes
            .list(own_kind("", "Event"), namespace, "")
            .await?
        {
            evidence.present("Event", event.tree, Duration::ZERO);
        }
        if evidence.complaint().is_some() {
            evidence.members(ingresses(kubernetes).await);
        }
    }
    if let Verdict::Ready = evidence.verdict(Duration::ZERO) {
        return Ok((Readiness::AtOnce, evidence.reservation()));
    }
    let id = workload.id();
    let mut version = workload.text("/metadata/resourceVersion");
    let (mut last, mut explained) = (Waiting::default(), String::new());
    loop {
        let mut all = follow(kubernetes, id, version).await?;
        // A watch that starts again tells the workload's state as well.
        version = "";
        loop {
            let patience = evidence
                .patience_ends(began.elapsed())
                .map(|end| began + end);
            tokio::select! {
                event = all.next() => match event {
                    Some((kind, WatchEvent::Present(tree))) => evidence.present(kind, tree, began.elapsed()),
                    Some((kind, WatchEvent::Gone(tree))) => evidence.gone(kind, &tree),
                    Some((_, WatchEvent::Ended)) | None => break,
                },
                () = sleep_until(patience) => {}
            }
            if let Some(said) = evidence.complaint().filter(|said| *said != explained) {
                explained = said.to_string();
                evidence.members(ingresses(kubernetes).await);
            }
            match evidence.verdict(began.elapsed()) {
                Verdict::Ready => return Ok((Readiness::Ready, evidence.reservation())),
                Verdict::Unknown => return Ok((Readiness::Unknown, evidence.reservation())),
                Verdict::Failed(why) => return Err(failed(kubernetes, id, &why).await),
                Verdict::Waiting(waiting) if waiting != last => {
                    progress(&waiting);
                    last = waiting;
                }
                Verdict::Waiting(_) => {}
            }
        }
    }
}

type Tagged = futures_util::stream::LocalBoxStream<'static, (&'static str, WatchEvent)>;

/// The watches of a workload's namespace as one stream, each event with its kind. `version` is where the workload's
/// begins.
async fn follow(
    kubernetes: &Kubernetes,
    workload: &Id,
    version: &str,
) -> Result<impl Stream<Item = (&'static str, WatchEvent)> + Unpin> {
    let (deployment, own) = if workload.is("apps", "Deployment") {
        (version, None)
    } else {
        let kind = kubernetes.kind(&workload.group, &workload.kind);
        ("", kind.map(|kind| (OWN, kind, version)))
    };
    let known = [
        ("apps", "Deployment", deployment),
        ("apps", "ReplicaSet", ""),
        ("", "Pod", ""),
        ("networking.k8s.io", "Ingress", ""),
        ("", "Event", ""),
    ];
    let known = known.map(|(group, kind, version)| (kind, own_kind(group, kind).clone(), version));
    let watches = known.into_iter().chain(own);
    let watches = watches.map(async |(tag, kind, version)| {
        let stream = kubernetes
            .watch(&kind, &workload.namespace, None, version)
            .await?;
        Ok::<Tagged, CallError>(stream.map(move |event| (tag, event)).boxed_local())
    });
    let streams = futures_util::future::try_join_all(watches).await?;
    Ok(futures_util::stream::select_all(streams))
}

async fn failed(kubernetes: &Kubernetes, id: &Id, why: &[Finding]) -> Error {
    let error = Error::new(Kind::Wait, format!("{id} does not become ready"));
    explain(error, kubernetes, &id.namespace, why)
        .await
        .hint("then run the same command again")
}
