//! The logs that the pretended kubelets give. KWOK plays the rest of them.
//!
//! A container that runs `aws sts get-caller-identity` has the answer in its log. As AWS's SDKs do, it looks at keys in
//! its environment first, what `envFrom` brings included; then it has the role of its pod's association where the pod
//! carries the variable, else that of the node. All others have one and the same log, which as many lines stand before as
//! the annotation `sandbox.test/log-lines` of their pod says.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
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
/// The IAM user whose keys all access keys in pods are.
const KEYS_OF: &str = "who-made-the-keys";
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
        let log = match kubernetes::get(&self.client, &path).await {
            Ok(pod) => self.log(&pod, container).await,
            Err(error) => return response(StatusCode::NOT_FOUND, "text/plain", error.to_string()),
        };
        let query = request.uri().query().unwrap_or_default().split('&');
        let tail = query
            .filter_map(|given| given.strip_prefix("tailLines="))
            .find_map(|lines| lines.parse().ok());
        response(StatusCode::OK, "text/plain", last(&log, tail))
    }

    async fn log(&self, pod: &Value, container: &str) -> String {
        let mut all = list(&pod["spec"]["containers"]).iter();
        let asks = |spec: &&Value| {
            spec["name"] == container
                && list(&spec["command"])
                    .iter()
                    .any(|word| word == "get-caller-identity")
        };
        if let Some(container) = all.find(asks) {
            let environment = self.environment(pod, container).await;
            return format!("{:#}\n", self.caller(pod, &environment));
        }
        let lines = text(&pod["metadata"]["annotations"]["sandbox.test/log-lines"]).parse::<u32>();
        let before = (1..=lines.unwrap_or_default()).map(|number| format!("line {number}\n"));
        before.chain([LOG.to_owned()]).collect()
    }

    /// What a container's environment is made of, where it is no field of the pod: the later of two counts, and `env` comes
    /// after `envFrom`.
    ///
    /// Source: `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go` of Kubernetes.
    async fn environment(&self, pod: &Value, container: &Value) -> HashMap<String, String> {
        let namespace = text(&pod["metadata"]["namespace"]);
        let mut environment = HashMap::new();
        for source in list(&container["envFrom"]) {
            let prefix = text(&source["prefix"]);
            for (collection, field) in [("configmaps", "configMapRef"), ("secrets", "secretRef")] {
                let Some(name) = source[field]["name"].as_str() else {
                    continue;
                };
                let path = format!("/api/v1/namespaces/{namespace}/{collection}/{name}");
                // One that is optional may not be there.
                let object = kubernetes::get(&self.client, &path).await;
                let object = object.unwrap_or_default();
                for (key, value) in object["data"].as_object().into_iter().flatten() {
                    let value = match collection {
                        "secrets" => decoded(text(value)),
                        _ => text(value).to_owned(),
                    };
                    environment.insert(format!("{prefix}{key}"), value);
                }
            }
        }
        for variable in list(&container["env"]) {
            let value = text(&variable["value"]).to_owned();
            environment.insert(text(&variable["name"]).to_owned(), value);
        }
        environment
    }

    /// What the AWS CLI prints.
    fn caller(&self, pod: &Value, environment: &HashMap<String, String>) -> Value {
        let metadata = &pod["metadata"];
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        let account = text(&pod["spec"]["serviceAccountName"]);
        let given = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
        let injected = given(VARIABLE);
        let keys = given("AWS_ACCESS_KEY_ID") && given("AWS_SECRET_ACCESS_KEY");
        let role = self
            .associations
            .role(namespace, account)
            .filter(|_| injected);
        let callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let arn = callers.get(namespace).cloned().unwrap_or_else(|| {
            if keys {
                return format!("arn:aws:iam::{ACCOUNT}:user/{KEYS_OF}");
            }
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

/// The last lines of a log, as many as are asked for.
fn last(log: &str, lines: Option<usize>) -> String {
    let all = log.lines().count();
    let shown = log.lines().skip(all - lines.unwrap_or(all).min(all));
    shown.flat_map(|line| [line, "\n"]).collect()
}

fn decoded(data: &str) -> String {
    let bytes = STANDARD.decode(data).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
