//! A tenant's public host: written when its namespace says it, and kept by one Ingress.

use std::time::Duration;

use serde_json::json;

use super::{
    Run,
    progress::{Progress, find},
};
use crate::{
    backend::{Apply, CallError, Kubernetes, Propagation},
    error::{Error, Result},
    marks::HOST,
    object::{Id, Object},
    observe,
};

/// Applies an object. For a moment after its namespace was written, admission may know that as it was before, and refuse
/// an Ingress for the host that it says now.
pub(super) async fn apply(
    object: &Object,
    how: &Apply,
    kubernetes: &Kubernetes,
) -> std::result::Result<Object, CallError> {
    const PAUSE: Duration = Duration::from_millis(200);
    const RETRIES: usize = 10;
    for _ in 0..RETRIES {
        match kubernetes.apply(object, how).await {
            Err(error) if observe::is_of_other_host(&error) => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
    kubernetes.apply(object, how).await
}

/// Of two Ingresses of a class with one host the older one keeps it. Times are whole seconds: of two of one second the
/// one whose namespace sorts later withdraws, and the other waits until it has, since it may not have seen us.
pub(super) async fn keep(
    id: &Id,
    host: &str,
    run: &Run<'_>,
    progress: &Progress,
) -> Result<String> {
    const PAUSE: Duration = Duration::from_millis(500);
    const LOOKS: u32 = 8;
    let kubernetes = run.kubernetes()?;
    let own = find(&progress.state.borrow(), id)?;
    let class = own.text("/spec/ingressClassName");
    let made = |object: &Object| object.text("/metadata/creationTimestamp").to_string();
    for look in 1..=LOOKS {
        let all = observe::ingresses_with_host(kubernetes, class, host).await?;
        let others = all
            .iter()
            .filter(|other| other.id() != id && made(other) <= made(&own));
        let Some(other) = others.min_by_key(|other| (made(other), other.id().clone())) else {
            return Ok(String::new());
        };
        let yields = made(other) == made(&own) && other.id() > id;
        if !yields || look == LOOKS {
            kubernetes
                .delete(id, own.text("/metadata/uid"), Propagation::Background)
                .await?;
            progress.state.borrow_mut().remove(id);
            let_go(&id.namespace, host, kubernetes).await;
            return Err(Error::conflict(format!(
                "{id} was taken back: host {host} is held by {}",
                other.id()
            ))
            .hint("choose another host for this tenant"));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(String::new())
}

/// Takes the host off the namespace, which else would hold it against the tenant that has it. Where that fails, the
/// loss of the Ingress is what has to be told.
async fn let_go(namespace: &str, host: &str, kubernetes: &Kubernetes) {
    let Ok(Some(namespace)) = kubernetes.get(&Id::namespace(namespace)).await else {
        return;
    };
    let place = format!("/metadata/annotations/{}", HOST.replace('/', "~1"));
    let patch = [
        json!({"op": "test", "path": place, "value": host}),
        json!({"op": "remove", "path": place}),
    ];
    drop(kubernetes.repair(&namespace, &patch, false).await);
}
