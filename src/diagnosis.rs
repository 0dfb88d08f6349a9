//! Why a pod would come without its tenant's credentials: each likely cause, looked at by itself.
//!
//! To the pod they look alike: it is admitted without the variables, whether EKS has not told its webhook of the
//! association yet, there is no webhook, or it does not answer. [`gather`] asks both sides for what tells them apart,
//! [`judge`] says what it means. All but the former is pure.

use std::time::Duration;

use serde_json::Value;

use crate::{
    backend::Addon,
    error::Error,
    object::{Id, Object},
    wait::Finding,
};

mod causes;
mod gather;
#[cfg(test)]
mod tests;

pub use causes::{judge, of_pod};
pub use gather::gather;

/// What EKS makes in every cluster to inject the variables:
/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html>
pub const WEBHOOK: &str = "pod-identity-webhook";
/// The add-on that brings credentials to pods: <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html>
pub const AGENT: &str = "eks-pod-identity-agent";

/// What was seen, or why it could not be.
pub type Seen<T> = Result<T, String>;

/// Whom a diagnosis is about.
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    /// The EKS cluster.
    pub cluster: &'a str,
    /// The pod that would come, as it is asked for.
    pub pod: &'a Value,
    /// The role that its association must name; none where no association is wanted.
    pub role: Option<&'a str>,
    /// How long the API server took to answer a dry run of the pod.
    pub took: Duration,
}

impl Patient<'_> {
    fn text(&self, pointer: &str) -> &str {
        self.pod
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    fn service_account(&self) -> &str {
        service_account_of(self.pod)
    }
}

/// Which nodes there are for the pod, by its node selector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nodes {
    /// One that the Pod Identity agent can run on.
    pub suitable: bool,
    /// One of any kind.
    pub any: bool,
    /// One of EKS Auto Mode, which has the agent built in.
    pub auto: bool,
}

/// What both sides said.
#[derive(Debug)]
pub struct Evidence {
    /// The service account of the pod.
    pub service_account: Seen<Option<Object>>,
    /// The associations of the namespace, described.
    pub associations: Seen<Vec<Object>>,
    /// The `MutatingWebhookConfiguration`.
    pub webhook: Seen<Option<Object>>,
    /// The agent's add-on.
    pub addon: Seen<Option<Addon>>,
    /// Nodes.
    pub nodes: Seen<Nodes>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What, and what to do.
    pub finding: Finding,
    /// Whether it stays until somebody does something, so that waiting does not help.
    pub lasts: bool,
}

/// What all the looking comes to.
#[derive(Debug, Default)]
pub struct Diagnosis {
    /// What is wrong, the surest first.
    pub causes: Vec<Cause>,
    /// What could not be looked at, and why.
    pub unseen: Vec<String>,
    /// What is as it should be.
    pub fine: Vec<String>,
}

impl Diagnosis {
    /// Whether waiting does not help.
    pub fn lasts(&self) -> bool {
        self.causes.iter().any(|cause| cause.lasts)
    }

    /// On one line, for who still waits.
    pub fn line(&self) -> String {
        let causes = self.causes.iter().map(|cause| cause.finding.line.as_str());
        let causes: Vec<&str> = causes.collect();
        match (causes.is_empty(), self.fine.is_empty()) {
            (false, _) => causes.join("; "),
            (true, false) => format!("nothing wrong is found: {}", self.fine.join(", ")),
            (true, true) => "nothing could be looked at".into(),
        }
    }

    /// Adds it to an error: each cause on a line of its own with what to do, what could not be looked at, and what is
    /// in order.
    pub fn explain(self, mut error: Error) -> Error {
        let found = !self.causes.is_empty();
        for Cause { finding, .. } in self.causes {
            error.details.push(finding.line);
            error.hints.extend(finding.hint);
        }
        let unseen = self.unseen.into_iter();
        error
            .details
            .extend(unseen.map(|why| format!("not looked at: {why}")));
        if !self.fine.is_empty() {
            error
                .details
                .push(format!("in order: {}", self.fine.join(", ")));
        }
        if !found {
            error = error.detail(
                "so EKS has not told its webhook of the association yet, or the webhook does not answer",
            );
        }
        let again = "run the same command again";
        match error.hints.iter().any(|hint| hint.contains(again)) {
            true => error,
            false if found => error.hint(format!("then {again}")),
            false => error.hint(format!("{again} to go on; --timeout gives it longer")),
        }
    }
}

fn service_account_of(pod: &Value) -> &str {
    match pod["spec"]["serviceAccountName"].as_str() {
        None | Some("") => "default",
        Some(account) => account,
    }
}

fn webhook_id() -> Id {
    Id::new(
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        "",
        WEBHOOK,
    )
}
