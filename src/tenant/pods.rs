//! What the pods of a tenant's namespace say of their identity.

use k8s_openapi::jiff::Timestamp;

use super::Look;
use crate::{
    error::Result,
    gate,
    object::{Id, Object},
    observe,
    plan::BarePod,
    session::Session,
};

/// Pods that do not run with the tenant's identity as it is now.
#[derive(Debug, Default)]
pub(super) struct Astray {
    /// Whether some of the tenant's server have to start anew.
    pub(super) stale: bool,
    /// The association, if those that start now may get what it pointed to before.
    pub(super) unsettled: Option<Id>,
    /// Those that run without credentials, whoever made them.
    pub(super) bare: Vec<BarePod>,
}

impl Look {
    /// Reads the pods of the tenant's namespace.
    pub(super) async fn astray(&self, session: &Session<'_>) -> Result<Astray> {
        let unsettled = self.unsettled(session.settings.settle_seconds);
        let kubernetes = session.kubernetes.as_ref();
        let Some(kubernetes) = kubernetes.filter(|_| self.owns_namespace()) else {
            return Ok(Astray {
                unsettled,
                ..Astray::default()
            });
        };
        let pods = observe::pods(kubernetes, &self.names.namespace).await?;
        let changed = self.identity_changed(session.settings.settle_seconds);
        let stale = |pod: &Object| gate::is_bare(pod) || is_older(pod, changed);
        Ok(Astray {
            unsettled,
            stale: pods.iter().any(|pod| starts_anew(pod) && stale(pod)),
            bare: pods
                .iter()
                .filter(|pod| gate::is_bare(pod))
                .map(|pod| BarePod {
                    id: pod.id().clone(),
                    restarts: starts_anew(pod),
                })
                .collect(),
        })
    }

    /// The association, if it was changed so lately that pods may get what it pointed to before.
    fn unsettled(&self, settle_seconds: u64) -> Option<Id> {
        let now = Timestamp::now().as_second();
        let lately = |object: &&Object| {
            let settled = settled(object, settle_seconds);
            self.subject.owns(object) && settled.is_some_and(|settled| now <= settled)
        };
        self.identity
            .values()
            .find(lately)
            .map(|object| object.id().clone())
    }

    /// When the tenant's role or association acted as it is now, in seconds since 1970. A run that changed it and ended
    /// before it restarted the pods left them behind.
    fn identity_changed(&self, settle_seconds: u64) -> Option<i64> {
        let own = self.identity.values();
        own.filter(|object| self.subject.owns(object))
            .filter_map(|object| acts_since(object, settle_seconds))
            .max()
    }
}

/// Pods that a run starts come when the time to settle is over, by its own clock: one second is left to the clocks of EKS
/// and of the API server.
fn acts_since(object: &Object, settle_seconds: u64) -> Option<i64> {
    let spread = settled(object, settle_seconds).map(|settled| settled - 1);
    let times = ["/status/modifiedAt", "/status/createdAt"];
    let told = times.map(|time| object.tree.pointer(time)?.as_i64());
    told.into_iter().chain([spread]).flatten().max()
}

/// When an association that was changed has spread, in seconds since 1970. One that is new gives no pod credentials before
/// it has, so nothing has to be waited for. EKS may note the two times of a new one one after the other.
fn settled(association: &Object, settle_seconds: u64) -> Option<i64> {
    let time = |pointer| association.tree.pointer(pointer)?.as_i64();
    let modified: i64 = time("/status/modifiedAt")?;
    let changed = time("/status/createdAt").is_some_and(|created| modified - created > 1);
    let settle = i64::try_from(settle_seconds).unwrap_or(i64::MAX);
    changed.then(|| modified.saturating_add(settle))
}

/// Whether a restart of the server replaces the pod: not one that nothing keeps up, whatever its labels say.
fn starts_anew(pod: &Object) -> bool {
    let owners = pod.tree["metadata"]["ownerReferences"].as_array();
    let mut owners = owners.into_iter().flatten();
    let kept_up = owners.any(|owner| owner["controller"] == true && owner["kind"] != "Job");
    observe::is_server(pod) && kept_up
}

fn is_older(pod: &Object, than: Option<i64>) -> bool {
    let made: Option<Timestamp> = pod.text("/metadata/creationTimestamp").parse().ok();
    made.is_some_and(|made| than.is_some_and(|than| made.as_second() < than))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::object;

    fn pod(labels: &Value, owners: &Value) -> Object {
        object(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "some", "namespace": "mcp-acme", "labels": labels, "ownerReferences": owners},
        }))
    }

    #[test]
    fn what_was_changed_acts_when_it_has_spread_and_what_is_new_at_once() {
        let since = |created: Option<i64>, modified: Option<i64>, settle| {
            let association = object(json!({
                "apiVersion": "eks.services.k8s.aws/v1alpha1", "kind": "PodIdentityAssociation",
                "metadata": {"name": "acme"}, "status": {"createdAt": created, "modifiedAt": modified},
            }));
            acts_since(&association, settle)
        };
        assert_eq!(since(Some(100), Some(200), 10), Some(209));
        assert_eq!(since(Some(100), Some(200), 0), Some(200));
        // EKS notes both when it makes one.
        assert_eq!(since(Some(100), Some(100), 10), Some(100));
        assert_eq!(since(Some(100), Some(101), 10), Some(101));
        assert_eq!(since(None, Some(200), 10), Some(200));
        // A role has no other.
        assert_eq!(since(Some(100), None, 10), Some(100));
        assert_eq!(since(None, None, 10), None);
    }

    #[test]
    fn a_restart_replaces_pods_of_the_server_that_something_keeps_up() {
        let server = json!({"app.kubernetes.io/name": "mcp-server"});
        let owner = |kind: &str| json!([{"kind": kind, "name": "some", "controller": true}]);
        assert!(starts_anew(&pod(&server, &owner("ReplicaSet"))));
        assert!(starts_anew(&pod(&server, &owner("Rollout"))));
        for (labels, owners) in [
            (&server, json!([])),
            (&server, owner("Job")),
            (&server, json!([{"kind": "ReplicaSet", "name": "some"}])),
            (&json!({"run": "debug"}), owner("ReplicaSet")),
        ] {
            assert!(!starts_anew(&pod(labels, &owners)), "{labels} {owners}");
        }
    }
}
