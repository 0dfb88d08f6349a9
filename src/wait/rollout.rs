//! Follows a rollout until it is done or cannot be.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::time::Instant;

use super::{
    evidence::{Evidence, Verdict},
    explain,
    finding::{Finding, Waiting},
    ingresses, sleep_until,
};
use crate::{
    backend::{CallError, Kubernetes, WatchEvent},
    error::{Error, Kind, Result},
    object::{Id, Object, own_kind},
};

/// Follows Deployment, `ReplicaSets`, pods, Ingress and events of a namespace until the tenant is ready. `progress` hears
/// each time what is still waited for. False when it was ready at once.
///
/// # Errors
/// Wait, as soon as there is evidence that waiting does not help, with the log of the container that fails.
pub async fn ready(
    kubernetes: &Kubernetes,
    deployment: &Object,
    ingress: Option<&Object>,
    progress: &dyn Fn(&Waiting),
) -> Result<bool> {
    let began = Instant::now();
    let mut evidence = Evidence::new(deployment, ingress);
    if let Verdict::Ready = evidence.verdict(Duration::ZERO) {
        return Ok(false);
    }
    let id = deployment.id();
    let mut version = deployment.text("/metadata/resourceVersion");
    let (mut last, mut explained) = (Waiting::default(), String::new());
    loop {
        let mut all = follow(kubernetes, &id.namespace, version).await?;
        // A watch that starts again tells the Deployment's state as well.
        version = "";
        loop {
            let patience = evidence.patience_ends().map(|end| began + end);
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
                Verdict::Ready => return Ok(true),
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

/// The watches of a namespace as one stream, each event with its kind. `version` is where the Deployment's begins.
async fn follow(
    kubernetes: &Kubernetes,
    namespace: &str,
    version: &str,
) -> Result<impl Stream<Item = (&'static str, WatchEvent)> + Unpin> {
    let watched = [
        ("apps", "Deployment", version),
        ("apps", "ReplicaSet", ""),
        ("", "Pod", ""),
        ("networking.k8s.io", "Ingress", ""),
        ("", "Event", ""),
    ];
    let watches = watched.map(async |(group, kind, version)| {
        let stream = kubernetes
            .watch(own_kind(group, kind), namespace, None, version)
            .await?;
        Ok::<Tagged, CallError>(stream.map(move |event| (kind, event)).boxed_local())
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
