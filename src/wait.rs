//! Waiting for what others do: pods that become ready, an Ingress that gets an address, objects that go away.

use serde_json::Value;
use tokio::time::Instant;

use crate::{
    backend::Kubernetes,
    error::{Error, Kind},
    object::own_kind,
};

mod ended;
mod evidence;
mod finding;
mod group;
mod leaving;
mod logs;
mod own;
mod pods;
mod refusal;
mod rollout;
mod synced;
mod workload;

pub use ended::{ended, failure};
pub use evidence::{Evidence, Verdict};
pub use finding::{Finding, LogOf, Waiting};
pub use leaving::gone;
pub use logs::excerpt;
pub use own::{Said, said};
pub use pods::is_taken;
pub use rollout::{Awaited, Readiness, ready};
pub use synced::synced;

/// The Ingresses of all namespaces; none where they cannot be read, since they only explain.
async fn ingresses(kubernetes: &Kubernetes) -> Vec<Value> {
    let all = kubernetes
        .list(own_kind("networking.k8s.io", "Ingress"), "", "")
        .await;
    let all = all.unwrap_or_default().into_iter();
    all.map(|ingress| ingress.tree).collect()
}

/// A wait that ran out: what was still missing, with the log of the container that it hangs on.
pub async fn late(
    what: String,
    kubernetes: Option<&Kubernetes>,
    namespace: &str,
    waiting: &Waiting,
) -> Error {
    let mut error = Error::new(Kind::Wait, what);
    if !waiting.state.is_empty() {
        error = error.detail(waiting.state.clone());
    }
    if let Some(kubernetes) = kubernetes {
        error = explain(error, kubernetes, namespace, &waiting.findings).await;
    }
    error.hint("run the same command again to go on; --timeout gives it longer")
}

/// Adds findings to an error, their hints, and the log of the first container that has one to show.
async fn explain(
    mut error: Error,
    kubernetes: &Kubernetes,
    namespace: &str,
    findings: &[Finding],
) -> Error {
    for finding in findings {
        error.details.push(finding.line.clone());
        error.hints.extend(finding.hint.clone());
    }
    if let Some(of) = findings.iter().find_map(|finding| finding.log.as_ref()) {
        error
            .details
            .push(logs::excerpt(kubernetes, namespace, of).await);
    }
    error.hints.dedup();
    error
}

async fn sleep_until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
