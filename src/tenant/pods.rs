//! What the pods of a tenant's namespace say of their identity.

use k8s_openapi::jiff::Timestamp;

use super::Look;
use crate::{
    error::Result,
    gate,
    object::{Id, Object},
    observe,
    session::Session,
};

/// Pods that do not run with the tenant's identity as it is now.
#[derive(Debug, Default)]
pub(super) struct Astray {
    /// Whether some of the tenant's server have to start anew.
    pub(super) stale: bool,
    /// Those that run without credentials, whoever made them.
    pub(super) bare: Vec<Id>,
}

impl Look {
    /// Reads the pods of the tenant's namespace.
    pub(super) async fn astray(&self, session: &Session<'_>) -> Result<Astray> {
        let kubernetes = session.kubernetes.as_ref();
        let Some(kubernetes) = kubernetes.filter(|_| self.owns_namespace()) else {
            return Ok(Astray::default());
        };
        let pods = observe::pods(kubernetes, &self.names.namespace).await?;
        let changed = self.identity_changed();
        let stale = |pod: &Object| gate::is_bare(pod) || is_older(pod, changed);
        Ok(Astray {
            stale: pods.iter().any(|pod| observe::is_server(pod) && stale(pod)),
            bare: pods
                .iter()
                .filter(|pod| gate::is_bare(pod))
                .map(|pod| pod.id().clone())
                .collect(),
        })
    }

    /// When the tenant's role or association was changed last, in seconds since 1970. A run that changed it and ended
    /// before it restarted the pods left them behind.
    fn identity_changed(&self) -> Option<i64> {
        let changed = |object: &Object| {
            let times = ["/status/modifiedAt", "/status/createdAt"];
            times
                .into_iter()
                .filter_map(|time| object.tree.pointer(time)?.as_i64())
                .max()
        };
        let own = self.identity.values();
        own.filter(|object| self.subject.owns(object))
            .filter_map(changed)
            .max()
    }
}

fn is_older(pod: &Object, than: Option<i64>) -> bool {
    let made: Option<Timestamp> = pod.text("/metadata/creationTimestamp").parse().ok();
    made.is_some_and(|made| than.is_some_and(|than| made.as_second() < than))
}
