//! The mutating webhook by which EKS gives pods their Pod Identity credentials.
//!
//! Source: EKS User Guide, "Understand how EKS Pod Identity works"; the code of
//! aws/amazon-eks-pod-identity-webhook. The names and paths are those measured with the real webhook.

mod inject;

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::aws::Associations;
use crate::engine::Engine;
use crate::http::{Reply, acceptor, json_response, response, serve};
use crate::kubernetes;
use crate::pki::Authority;

/// The API server gives up after seconds.
const LONGER_THAN_ANYBODY_WAITS: Duration = Duration::from_mins(1);

/// The webhook, and the switches by which tests disturb it.
pub(crate) struct Webhook {
    switches: Arc<Switches>,
}

struct Switches {
    associations: Associations,
    /// How long it takes until an association acts, where a namespace has no delay of its own.
    delay: Duration,
    /// By namespace.
    moods: Mutex<HashMap<String, Mood>>,
    /// Namespaces and service accounts whose pods got credentials.
    served: Mutex<HashSet<(String, String)>>,
    down: AtomicBool,
}

/// How the webhook treats the pods of one namespace.
#[derive(Clone, Copy, Default)]
struct Mood {
    delay: Option<Duration>,
    hangs: bool,
    stale: bool,
}

impl Webhook {
    /// Starts the server and registers it with the API server.
    pub(crate) fn start(
        engine: &Engine,
        client: kube::Client,
        authority: &Authority,
        associations: Associations,
        delay: Duration,
    ) -> Result<Self> {
        let listener =
            engine.run(async { Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?) })?;
        let url = format!("https://{}/mutate", listener.local_addr()?);
        let tls = acceptor(&authority.server("pod-identity-webhook", &["127.0.0.1"])?)?;
        let switches = Arc::new(Switches {
            associations,
            delay,
            moods: Mutex::default(),
            served: Mutex::default(),
            down: AtomicBool::new(false),
        });
        let handler = Arc::clone(&switches);
        engine.spawn(serve(listener, Some(tls), move |request| {
            let handler = Arc::clone(&handler);
            async move { handler.answer(&request).await }
        }));
        let configuration = configuration(&url, authority.certificate());
        engine.run(async move {
            let collection = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
            kubernetes::create(&client, collection, &configuration)
                .await
                .context("cannot register the webhook")
        })?;
        Ok(Self { switches })
    }

    pub(crate) fn set_delay(&self, namespace: &str, delay: Duration) {
        self.set(namespace, |mood| mood.delay = Some(delay));
    }

    pub(crate) fn set_hanging(&self, namespace: &str, hangs: bool) {
        self.set(namespace, |mood| mood.hangs = hangs);
    }

    pub(crate) fn set_stale(&self, namespace: &str, stale: bool) {
        self.set(namespace, |mood| mood.stale = stale);
    }

    fn set(&self, namespace: &str, change: impl FnOnce(&mut Mood)) {
        change(
            locked(&self.switches.moods)
                .entry(namespace.to_owned())
                .or_default(),
        );
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.switches.down.store(down, Ordering::Relaxed);
    }
}

impl Switches {
    async fn answer(&self, request: &Request<Bytes>) -> Reply {
        let answer = if self.down.load(Ordering::Relaxed) {
            let down = "down on purpose";
            response(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", down)
        } else {
            match serde_json::from_slice::<Value>(request.body()) {
                Ok(review) if self.mood(&review["request"]).hangs => {
                    tokio::time::sleep(LONGER_THAN_ANYBODY_WAITS).await;
                    return Reply::Break;
                }
                Ok(review) => json_response(StatusCode::OK, &self.review(&review)),
                Err(error) => response(StatusCode::BAD_REQUEST, "text/plain", error.to_string()),
            }
        };
        Reply::Answer(answer)
    }

    fn mood(&self, request: &Value) -> Mood {
        let namespace = request["namespace"].as_str().unwrap_or_default();
        locked(&self.moods)
            .get(namespace)
            .copied()
            .unwrap_or_default()
    }

    /// An `AdmissionReview` answered.
    ///
    /// Source: Kubernetes documentation, "Dynamic Admission Control", response.
    fn review(&self, review: &Value) -> Value {
        let request = &review["request"];
        let mut answer = json!({"uid": request["uid"], "allowed": true});
        if self.acts(request) {
            let patch = inject::patch(&request["object"]);
            answer["patchType"] = "JSONPatch".into();
            answer["patch"] = STANDARD.encode(patch.to_string()).into();
        }
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer})
    }

    /// Whether the pod's service account has an association that is old enough, or had one of which the webhook has not
    /// heard that it is gone.
    fn acts(&self, request: &Value) -> bool {
        let namespace = request["namespace"].as_str().unwrap_or_default();
        let account = request["object"]["spec"]["serviceAccountName"]
            .as_str()
            .unwrap_or("default");
        let mood = self.mood(request);
        let delay = mood.delay.unwrap_or(self.delay);
        let age = self.associations.age(namespace, account);
        let served = (namespace.to_owned(), account.to_owned());
        if age.is_some_and(|age| age >= delay) {
            locked(&self.served).insert(served);
            return true;
        }
        mood.stale && locked(&self.served).contains(&served)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The registration as EKS makes it, apart from the address and the shorter time limit: a webhook that hangs would
/// hold each test for EKS's 10 seconds.
fn configuration(url: &str, authority: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "pod-identity-webhook"},
        "webhooks": [{
            "name": "pod-identity-webhook.amazonaws.com",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": url, "caBundle": STANDARD.encode(authority)},
            "failurePolicy": "Ignore",
            "sideEffects": "None",
            "timeoutSeconds": 5,
            "reinvocationPolicy": "IfNeeded",
            "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]},
            ]},
            "rules": [{
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
                "scope": "Namespaced",
            }],
        }],
    })
}
