//! Waiting for what others do: pods that become ready, an Ingress that gets an address, objects that go away.

use futures_util::StreamExt;
use serde_json::Value;

use crate::{
    backend::{Kubernetes, WatchEvent},
    error::{Error, Kind, Result},
    object::{Id, Object, own_kind},
};

mod evidence;

pub use evidence::{Evidence, Verdict};

/// Follows Deployment, pods, Ingress and events of a namespace until the tenant is ready. `progress` hears each time
/// what is still waited for. False when it was ready at once.
///
/// # Errors
/// Wait, as soon as there is evidence that waiting does not help.
pub async fn ready(
    kubernetes: &Kubernetes,
    deployment: &Object,
    ingress: Option<&Object>,
    progress: &dyn Fn(&str),
) -> Result<bool> {
    let mut evidence = Evidence::new(deployment, ingress);
    if let Verdict::Ready = evidence.verdict() {
        return Ok(false);
    }
    let namespace = deployment.id().namespace.as_str();
    let version = deployment.text("/metadata/resourceVersion");
    let mut last = String::new();
    loop {
        let watch = |group, kind, version: &'static str| {
            kubernetes.watch(own_kind(group, kind), namespace, None, version)
        };
        let (deployments, pods, ingresses, events) = futures_util::future::try_join4(
            kubernetes.watch(
                own_kind("apps", "Deployment"),
                namespace,
                None,
                if last.is_empty() { version } else { "" },
            ),
            watch("", "Pod", ""),
            watch("networking.k8s.io", "Ingress", ""),
            watch("", "Event", ""),
        )
        .await
        .map_err(Error::from)?;
        let mut all = futures_util::stream::select_all([
            tagged("Deployment", deployments),
            tagged("Pod", pods),
            tagged("Ingress", ingresses),
            tagged("Event", events),
        ]);
        while let Some((kind, event)) = all.next().await {
            match event {
                WatchEvent::Present(tree) => evidence.present(kind, tree),
                WatchEvent::Gone(tree) => evidence.gone(kind, &tree),
                WatchEvent::Ended => break,
            }
            match evidence.verdict() {
                Verdict::Ready => return Ok(true),
                Verdict::Failed(why) => return Err(failed(deployment.id(), why)),
                Verdict::Waiting(what) => {
                    if what != last {
                        progress(&what);
                        last = what;
                    }
                }
            }
        }
    }
}

fn failed(id: &Id, why: Vec<String>) -> Error {
    let mut error = Error::new(Kind::Wait, format!("{id} does not become ready"));
    error.details = why;
    error.hint("mend the cause and run the same command again")
}

type Tagged = futures_util::stream::LocalBoxStream<'static, (&'static str, WatchEvent)>;

fn tagged(
    kind: &'static str,
    stream: impl futures_util::Stream<Item = WatchEvent> + 'static,
) -> Tagged {
    stream.map(move |event| (kind, event)).boxed_local()
}

/// Waits until an object is gone. `progress` hears what holds it.
///
/// # Errors
/// What the API server answered.
pub async fn gone(
    kubernetes: &Kubernetes,
    id: &Id,
    uid: &str,
    progress: &dyn Fn(&str),
) -> Result<()> {
    let mut last = String::new();
    loop {
        let Some(object) = kubernetes.get(id).await? else {
            return Ok(());
        };
        if !uid.is_empty() && object.text("/metadata/uid") != uid {
            return Ok(());
        }
        let mut tell = |tree: &Value| {
            let what = evidence::holders(tree).join(", ");
            if what != last && !what.is_empty() {
                progress(&what);
                last = what;
            }
        };
        tell(&object.tree);
        let kind = own_kind(&id.group, &id.kind);
        let version = object.text("/metadata/resourceVersion").to_string();
        let mut events = kubernetes
            .watch(kind, &id.namespace, Some(&id.name), &version)
            .await
            .map_err(Error::from)?;
        while let Some(event) = events.next().await {
            match event {
                WatchEvent::Present(tree) => tell(&tree),
                WatchEvent::Gone(_) => return Ok(()),
                WatchEvent::Ended => break,
            }
        }
    }
}

/// Why an object is still there: its finalizers, a namespace's conditions, and what the load balancer controller says
/// to the other members of the group.
pub async fn blockers(kubernetes: &Kubernetes, id: &Id) -> Vec<String> {
    let Ok(Some(object)) = kubernetes.get(id).await else {
        return Vec::new();
    };
    let mut found: Vec<String> = evidence::holders(&object.tree)
        .into_iter()
        .map(|holder| format!("{id}: {holder}"))
        .collect();
    if id.is("networking.k8s.io", "Ingress") {
        let events = kubernetes
            .list(own_kind("", "Event"), "", "")
            .await
            .unwrap_or_default();
        let mut failures: Vec<String> = events
            .iter()
            .filter(|event| {
                event.text("/reason").starts_with("FailedBuildModel")
                    || event.text("/reason").starts_with("FailedDeployModel")
            })
            .map(|event| {
                format!(
                    "the load balancer controller says: {}",
                    event.text("/message")
                )
            })
            .collect();
        failures.sort();
        failures.dedup();
        found.extend(failures);
    }
    found
}
