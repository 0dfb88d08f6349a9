//! A stand-in for the IAM and EKS controllers of AWS Controllers for Kubernetes (ACK): it carries out `Role` and
//! `PodIdentityAssociation` objects on the emulator, and writes finalizers, conditions and late-initialised fields as
//! the real ones do.
//!
//! Source: aws-controllers-k8s/runtime, `pkg/runtime/reconciler.go` and `pkg/condition`; the messages are those measured
//! with the real controllers. They act when a spec changes and when an object is deleted, and else only at a resync,
//! which here comes when a test asks for it.

mod association;
mod controller;
mod role;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::aws::Front;
use crate::engine::Engine;
use crate::kubernetes;
use crate::watch::{self, Change};
use controller::Controller;

/// Whom the API server sees.
pub(crate) const USER: &str = "system:serviceaccount:ack-system:ack-controller";
pub(crate) const GROUPS: [&str; 2] = [
    "system:serviceaccounts",
    "system:serviceaccounts:ack-system",
];

const ROLES: &str = "/apis/iam.services.k8s.aws/v1alpha1/roles";
const ASSOCIATIONS: &str = "/apis/eks.services.k8s.aws/v1alpha1/podidentityassociations";

/// How the stand-in for ACK treats an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AckAnswer {
    /// As ACK does.
    #[default]
    Normal,
    /// Nobody looks at it, as where no controller runs.
    Absent,
    /// `ACK.Terminal` with this message: it is not tried again.
    Terminal(String),
    /// `ACK.Recoverable` with this message: it is tried again, in vain.
    Recoverable(String),
    /// `ACK.ReferencesResolved` False with this message.
    Unresolved(String),
}

pub(crate) struct Ack {
    answers: Answers,
    inbox: UnboundedSender<Message>,
}

/// By kind and name.
type Answers = Arc<Mutex<HashMap<(String, String), AckAnswer>>>;

/// What the controllers react to.
enum Message {
    Role(Change),
    Association(Change),
    /// All objects of this kind and name are looked at again.
    Resync(String, String),
}

/// A collection, and what a change in it is to the controllers.
type Watched = (&'static str, fn(Change) -> Message);

impl Ack {
    /// Starts the controllers; `admin` grants them their rights, `kubeconfig` is their own, `iam` the emulator's address.
    pub(crate) fn start(
        engine: &Engine,
        admin: kube::Client,
        kubeconfig: &Path,
        (iam, front): (&str, Front),
    ) -> Result<Self> {
        let kubeconfig = kubeconfig.to_owned();
        let client = engine.run(async move {
            grant(&admin).await?;
            kubernetes::client(&kubeconfig).await
        })?;
        let (inbox, messages) = unbounded_channel();
        let watched: [Watched; 2] = [(ROLES, Message::Role), (ASSOCIATIONS, Message::Association)];
        for (collection, message) in watched {
            let inbox = inbox.clone();
            engine.spawn(watch::follow(client.clone(), collection, move |change| {
                inbox.send(message(change)).is_ok()
            }));
        }
        let answers = Answers::default();
        let controller = Controller::new(client, (iam.to_owned(), front), Arc::clone(&answers));
        engine.spawn(controller.run(messages));
        Ok(Self { answers, inbox })
    }

    pub(crate) fn answer(&self, kind: &str, name: &str, answer: AckAnswer) {
        let key = (kind.to_owned(), name.to_owned());
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone(), answer);
        // The controllers live as long as the sandbox.
        let _ = self.inbox.send(Message::Resync(key.0, key.1));
    }
}

/// The tags that the controllers put on all that they make, unless they are told others.
fn own_tags(service: &str, namespace: &str) -> [(&'static str, String); 2] {
    [
        (
            "services.k8s.aws/controller-version",
            format!("{service}-v1.6.3"),
        ),
        ("services.k8s.aws/namespace", namespace.to_owned()),
    ]
}

/// The rights that the controllers' Helm charts give them, as far as they are used here.
async fn grant(admin: &kube::Client) -> Result<()> {
    let name = "ack-controller";
    let rule = |group: &str, resources: &[&str]| {
        json!({"apiGroups": [group], "resources": resources,
            "verbs": ["get", "list", "watch", "patch", "update"]})
    };
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [
            rule("iam.services.k8s.aws", &["roles", "roles/status"]),
            rule("eks.services.k8s.aws", &["podidentityassociations", "podidentityassociations/status"]),
        ],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "namespace": "ack-system", "name": name}],
    });
    let objects: [(&str, &Value); 2] = [("clusterroles", &role), ("clusterrolebindings", &binding)];
    for (kind, object) in objects {
        let collection = format!("/apis/rbac.authorization.k8s.io/v1/{kind}");
        kubernetes::create(admin, &collection, object)
            .await
            .with_context(|| format!("cannot make {kind} {name}"))?;
    }
    Ok(())
}
