//! A stand-in for the AWS Load Balancer Controller: it treats Ingress groups as the real one does, without making
//! load balancers.
//!
//! Source: kubernetes-sigs/aws-load-balancer-controller, `controllers/ingress/group_controller.go` and `pkg/ingress`;
//! measured against version 3.5. It does not watch namespaces: their labels are read when an Ingress or its class
//! changes.

mod bindings;
mod controller;
mod events;
mod group;
mod model;
pub(crate) mod world;
mod writer;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::engine::Engine;
use crate::kubernetes;
use crate::watch::{self, Change};
use controller::Controller;

/// Whom the API server sees.
pub(crate) const USER: &str = "system:serviceaccount:kube-system:aws-load-balancer-controller";
pub(crate) const GROUPS: [&str; 2] = [
    "system:serviceaccounts",
    "system:serviceaccounts:kube-system",
];

pub(crate) struct LoadBalancer {
    held: Held,
    inbox: UnboundedSender<Message>,
}

/// Namespaces whose Ingresses are left as they are.
type Held = Arc<Mutex<HashSet<String>>>;

/// A collection, and what a change in it is to the controller.
type Watched = (&'static str, fn(Change) -> Message);

/// What the controller reacts to.
enum Message {
    Ingress(Change),
    Class(Change),
    Params(Change),
    Binding(Change),
    /// The Ingresses of a namespace are no longer held.
    Released(String),
    /// A group could not be reconciled and is tried again.
    Retry(group::Group),
}

impl LoadBalancer {
    /// Starts the controller; `admin` grants it its rights, `kubeconfig` is its own.
    pub(crate) fn start(engine: &Engine, admin: kube::Client, kubeconfig: &Path) -> Result<Self> {
        let kubeconfig = kubeconfig.to_owned();
        let client = engine.run(async move {
            grant(&admin).await?;
            kubernetes::client(&kubeconfig).await
        })?;
        let (inbox, messages) = unbounded_channel();
        let watched: [Watched; 4] = [
            ("/apis/networking.k8s.io/v1/ingressclasses", Message::Class),
            (
                "/apis/elbv2.k8s.aws/v1beta1/ingressclassparams",
                Message::Params,
            ),
            (
                "/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings",
                Message::Binding,
            ),
            ("/apis/networking.k8s.io/v1/ingresses", Message::Ingress),
        ];
        for (collection, message) in watched {
            let inbox = inbox.clone();
            engine.spawn(watch::follow(client.clone(), collection, move |change| {
                inbox.send(message(change)).is_ok()
            }));
        }
        let held = Held::default();
        let (known, again) = (Arc::clone(&held), inbox.clone());
        engine.spawn(async move { Controller::new(client, known, again).run(messages).await });
        Ok(Self { held, inbox })
    }

    pub(crate) fn hold(&self, namespace: &str, hold: bool) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if hold {
            held.insert(namespace.to_owned());
        } else if held.remove(namespace) {
            // The controller lives as long as the sandbox.
            let _ = self.inbox.send(Message::Released(namespace.to_owned()));
        }
    }
}

/// The rights that the controller's Helm chart gives it, as far as they are used here.
async fn grant(admin: &kube::Client) -> Result<()> {
    let name = "aws-load-balancer-controller";
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let read = ["get", "list", "watch"];
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [
            rule("", &["namespaces"], &read),
            rule("", &["events"], &["create", "patch"]),
            rule("networking.k8s.io", &["ingressclasses"], &read),
            rule("networking.k8s.io", &["ingresses"], &["get", "list", "watch", "patch", "update"]),
            rule("networking.k8s.io", &["ingresses/status"], &["patch", "update"]),
            rule("elbv2.k8s.aws", &["ingressclassparams"], &read),
            rule("elbv2.k8s.aws", &["targetgroupbindings"],
                &["create", "delete", "get", "list", "patch", "update", "watch"]),
        ],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "namespace": "kube-system", "name": name}],
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
