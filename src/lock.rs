//! One writer at a time: the Lease `mcpctl` in the namespace that is written to.
//!
//! Renewal and expiry follow <https://kubernetes.io/docs/concepts/architecture/leases/>.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    backend::{CallError, Kubernetes, Propagation, Reason},
    error::{Error, Result},
    managed::MANAGER,
    object::{Id, Object, own_kind},
};

const GROUP: &str = "coordination.k8s.io";
/// A holder that has not renewed for so long is taken to be dead.
const DURATION_SECONDS: i64 = 30;
/// How often a holder renews.
pub const RENEWAL: Duration = Duration::from_secs(10);

/// A lock that is held until it is released.
#[derive(Debug)]
pub struct Lock {
    lease: Object,
}

/// Takes the lock, or takes it over from a holder that is dead.
///
/// # Errors
/// Conflict, with holder and age, when another run holds it; else what the API server answered.
pub async fn acquire(kubernetes: &Kubernetes, namespace: &str, holder: &str) -> Result<Lock> {
    let kind = own_kind(GROUP, "Lease");
    let now = timestamp();
    let tree = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "Lease",
        "metadata": {"name": "mcpctl", "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "mcpctl"}},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": DURATION_SECONDS,
            "acquireTime": now,
            "renewTime": now,
        },
    });
    match kubernetes.create(kind, &tree, false).await {
        Ok(tree) => Ok(Lock {
            lease: Object::new(tree)?,
        }),
        Err(error) if error.reason == Reason::Conflict => {
            take_over(kubernetes, namespace, tree).await
        }
        Err(error) => Err(unless_ending(namespace, error)),
    }
}

/// A removal that was faster took the namespace, or is about to.
fn unless_ending(namespace: &str, error: CallError) -> Error {
    let ends = error.reason == Reason::Forbidden
        && error.message.contains("because it is being terminated");
    if !ends && error.reason != Reason::NotFound {
        return error.into();
    }
    Error::conflict(format!("{namespace} is being deleted"))
        .detail(error.to_string())
        .hint("wait until it is gone, then run the same command again")
}

async fn take_over(kubernetes: &Kubernetes, namespace: &str, mut tree: Value) -> Result<Lock> {
    let id = Id::new(GROUP, "Lease", namespace, "mcpctl");
    let held = |holder: &str, age: i64| {
        Error::conflict(format!("another run holds the lock in {namespace}"))
            .detail(format!("{holder}, last seen {age} s ago"))
            .hint(format!(
                "wait for it to end; a dead run's lock expires after {DURATION_SECONDS} s"
            ))
    };
    let Some(other) = kubernetes.get(&id).await? else {
        return Err(held("it has just ended", 0));
    };
    let holder = other.text("/spec/holderIdentity").to_string();
    let age = age(kubernetes, &other, &tree)
        .await
        .map_err(|error| unless_ending(namespace, error))?;
    if age <= DURATION_SECONDS {
        return Err(held(&holder, age));
    }
    tree["metadata"]["resourceVersion"] = other.tree["metadata"]["resourceVersion"].clone();
    match kubernetes.replace(&Object::new(tree)?).await {
        Ok(lease) => Ok(Lock { lease }),
        Err(error) if error.reason == Reason::Conflict => Err(held("a run that was faster", 0)),
        Err(error) => Err(unless_ending(namespace, error)),
    }
}

/// For how many seconds the Lease has not been renewed, by the clock of the API server alone: those of two machines that
/// run mcpctl may differ by more than a lock lasts. It notes when a manager last changed something
/// (<https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>), and says what time it is when it
/// is asked to make something, if only to try.
async fn age(
    kubernetes: &Kubernetes,
    lease: &Object,
    ours: &Value,
) -> std::result::Result<i64, CallError> {
    let entries = lease.tree["metadata"]["managedFields"].as_array();
    let renewals = entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["manager"] == MANAGER);
    let noted = renewals.filter_map(|entry| time(&entry["time"])).max();
    // What mcpctl never wrote has its own word only.
    let renewed = noted.or_else(|| time(&lease.tree["spec"]["renewTime"]));
    let mut probe = ours.clone();
    probe["metadata"] =
        json!({"generateName": "mcpctl-", "namespace": ours["metadata"]["namespace"]});
    let probe = kubernetes
        .create(own_kind(GROUP, "Lease"), &probe, true)
        .await?;
    let now = time(&probe["metadata"]["creationTimestamp"]).unwrap_or_else(Timestamp::now);
    Ok(renewed.map_or(i64::MAX, |renewed| now.as_second() - renewed.as_second()))
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

impl Lock {
    /// Says that we are still alive.
    ///
    /// # Errors
    /// `Conflict` when somebody took the lock over.
    pub async fn renew(&mut self, kubernetes: &Kubernetes) -> std::result::Result<(), CallError> {
        let mut lease = self.lease.clone();
        lease.tree["spec"]["renewTime"] = timestamp().into();
        self.lease = kubernetes.replace(&lease).await?;
        Ok(())
    }

    /// Who holds the lock now; nobody where the Lease is gone.
    ///
    /// # Errors
    /// What the API server answered.
    pub async fn holder(
        &self,
        kubernetes: &Kubernetes,
    ) -> std::result::Result<Option<String>, CallError> {
        let lease = kubernetes.get(self.lease.id()).await?;
        Ok(lease.map(|lease| lease.text("/spec/holderIdentity").to_string()))
    }

    /// Gives the lock up. A namespace that is going takes it along.
    ///
    /// # Errors
    /// What the API server answered; the lock then expires by itself.
    pub async fn release(self, kubernetes: &Kubernetes) -> std::result::Result<(), CallError> {
        let uid = self.lease.text("/metadata/uid");
        kubernetes
            .delete(self.lease.id(), uid, Propagation::Background)
            .await
            .map(|_| ())
    }
}

/// A `MicroTime`, which wants exactly six digits.
fn timestamp() -> String {
    Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string()
}
