//! The logs that the pretended kubelets give. KWOK plays the rest of them.
//!
//! A container that runs `aws sts get-caller-identity` has the answer in its log: the role of its pod's association
//! where the pod carries the variable, else that of the node. All others have one and the same log.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::aws::{ACCOUNT, Associations};
use crate::engine::Engine;
use crate::http::{Reply, acceptor, response, serve};
use crate::kubernetes;
use crate::load_balancer::world::{list, text};
use crate::pki::Authority;

/// The log of every container, with and without `--previous`.
const LOG: &str = "listening on :8080\nerror: the sandbox's containers run nothing; this is the log of all of them\n";
const VARIABLE: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// The server that the API server asks for logs.
pub(crate) struct Kubelet {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    client: kube::Client,
    associations: Associations,
    /// Whom STS takes pods for, by namespace, where a test says so.
    callers: Mutex<HashMap<String, String>>,
}

impl Kubelet {
    pub(crate) fn start(
        engine: &Engine,
        client: kube::Client,
        authority: &Authority,
        associations: Associations,
    ) -> Result<Self> {
        let listener =
            engine.run(async { Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?) })?;
        let port = listener.local_addr()?.port();
        let tls = acceptor(&authority.server("kubelet", &["127.0.0.1"])?)?;
        let shared = Arc::new(Shared {
            client,
            associations,
            callers: Mutex::default(),
        });
        let handler = Arc::clone(&shared);
        engine.spawn(serve(listener, Some(tls), move |request| {
            let handler = Arc::clone(&handler);
            async move { Reply::Answer(handler.answer(&request).await) }
        }));
        Ok(Self { port, shared })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whom STS takes the pods of a namespace for from now on.
    pub(crate) fn set_caller(&self, namespace: &str, arn: &str) {
        let callers = self.shared.callers.lock();
        let mut callers = callers.unwrap_or_else(PoisonError::into_inner);
        callers.insert(namespace.to_owned(), arn.to_owned());
    }
}

impl Shared {
    /// Source: `pkg/kubelet/server/server.go` of Kubernetes, `/containerLogs/{namespace}/{pod}/{container}`.
    async fn answer(&self, request: &Request<Bytes>) -> http::Response<Bytes> {
        let parts = request.uri().path().split('/').skip(1).collect::<Vec<_>>();
        let ["containerLogs", namespace, pod, container] = parts.as_slice() else {
            return response(StatusCode::NOT_FOUND, "text/plain", "404 page not found");
        };
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}");
        match kubernetes::get(&self.client, &path).await {
            Ok(pod) => response(StatusCode::OK, "text/plain", self.log(&pod, container)),
            Err(error) => response(StatusCode::NOT_FOUND, "text/plain", error.to_string()),
        }
    }

    fn log(&self, pod: &Value, container: &str) -> String {
        let mut all = list(&pod["spec"]["containers"]).iter();
        let asks = |spec: &&Value| {
            spec["name"] == container
                && list(&spec["command"])
                    .iter()
                    .any(|word| word == "get-caller-identity")
        };
        match all.find(asks) {
            Some(container) => format!("{:#}\n", self.caller(pod, container)),
            None => LOG.to_owned(),
        }
    }

    /// What the AWS CLI prints.
    fn caller(&self, pod: &Value, container: &Value) -> Value {
        let metadata = &pod["metadata"];
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        let account = text(&pod["spec"]["serviceAccountName"]);
        let injected = list(&container["env"])
            .iter()
            .any(|variable| variable["name"] == VARIABLE);
        let role = self
            .associations
            .role(namespace, account)
            .filter(|_| injected);
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let arn = callers.get(namespace).cloned().unwrap_or_else(|| {
            let (account, session) = match role {
                Some(role) => {
                    let account = role.split(':').nth(4).unwrap_or(ACCOUNT).to_owned();
                    let role = role.rsplit('/').next().unwrap_or_default();
                    let session = format!("{role}/eks-sandbox-{name}-{}", text(&metadata["uid"]));
                    (account, session)
                }
                None => (
                    ACCOUNT.to_owned(),
                    "eks-node/i-0123456789abcdef0".to_owned(),
                ),
            };
            format!("arn:aws:sts::{account}:assumed-role/{session}")
        });
        json!({"UserId": "AROASANDBOX:session", "Account": ACCOUNT, "Arn": arn})
    }
}
