//! What a kubelet does with containers that refer to Secrets and `ConfigMaps`: it does not make them before all of those
//! are there, and goes on by itself when they come. KWOK cannot look anything up, so this writes what is missing into an
//! annotation of the pod, or `none`, and the stages act on it. The same holds for the Secrets by which an image is pulled;
//! of those that are not there a kubelet tells in an event, and then pulls without them.
//!
//! Source: `makeEnvironmentVariables` and `getPullSecretsForPod` in `pkg/kubelet/kubelet_pods.go` of Kubernetes, whose
//! messages these are.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::engine::Engine;
use crate::files::digest;
use crate::kubernetes;
use crate::load_balancer::world::{Store, key, list, text};
use crate::watch::{self, Change};

const ANNOTATION: &str = "sandbox.test/missing";
/// Changes where a pod's status does not follow the annotation, so that KWOK looks at the pod again.
const NUDGE: &str = "sandbox.test/looked-at";
/// How the annotation begins where it names image pull secrets.
const PULL: &str = "image pull secrets";
/// A kubelet, too, looks at all its pods now and then, whatever it was told (`--sync-frequency`).
const RESYNC: Duration = Duration::from_secs(1);
/// For one patch; what it leaves undone is done at the next look.
const PATIENCE: Duration = Duration::from_secs(5);

enum Message {
    Pod(Change),
    Secret(Change),
    ConfigMap(Change),
}

/// A collection, and what a change in it is here.
type Watched = (&'static str, fn(Change) -> Message);

#[derive(Default)]
struct World {
    pods: Store,
    secrets: Store,
    config_maps: Store,
}

/// Starts looking, for as long as the sandbox lives.
pub(crate) fn start(engine: &Engine, client: kube::Client) {
    let (inbox, messages) = unbounded_channel();
    let watched: [Watched; 3] = [
        ("/api/v1/secrets", Message::Secret),
        ("/api/v1/configmaps", Message::ConfigMap),
        ("/api/v1/pods", Message::Pod),
    ];
    for (collection, message) in watched {
        let inbox = inbox.clone();
        engine.spawn(watch::follow(client.clone(), collection, move |change| {
            inbox.send(message(change)).is_ok()
        }));
    }
    engine.spawn(run(client, messages));
}

async fn run(client: kube::Client, mut messages: UnboundedReceiver<Message>) {
    let mut world = World::default();
    let mut resync = tokio::time::interval(RESYNC);
    let mut looks = 0_u64;
    loop {
        let nudge = tokio::select! {
            message = messages.recv() => {
                match message {
                    Some(Message::Pod(change)) => drop(world.pods.take(change)),
                    Some(Message::Secret(change)) => drop(world.secrets.take(change)),
                    Some(Message::ConfigMap(change)) => drop(world.config_maps.take(change)),
                    None => return,
                }
                None
            }
            _ = resync.tick() => {
                looks += 1;
                Some(looks.to_string())
            }
        };
        let waiting = world
            .pods
            .values()
            .filter(|pod| pod["status"]["phase"] == "Pending");
        for pod in waiting {
            let Some(missing) = world.missing(pod) else {
                continue;
            };
            let known = pod["metadata"]["annotations"][ANNOTATION] == missing.as_str();
            let shown = text(&pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"]);
            let pulls = missing.starts_with(PULL);
            let follows = shown == missing || (pulls && !shown.is_empty());
            if known && (nudge.is_none() || follows) {
                continue;
            }
            let (namespace, name) = key(pod);
            if pulls && !known {
                let event = failed_to_retrieve(pod, &missing);
                let path = format!("/api/v1/namespaces/{namespace}/events");
                // Events may be lost.
                let made = kubernetes::create(&client, &path, &event);
                let _ = tokio::time::timeout(PATIENCE, made).await;
            }
            let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
            let patch = json!({"metadata": {"annotations": {ANNOTATION: missing, NUDGE: nudge}}});
            // A pod that went meanwhile needs no annotation; the watch or the next look tells of any other.
            let patched = kubernetes::merge(&client, &path, &patch);
            let _ = tokio::time::timeout(PATIENCE, patched).await;
        }
    }
}

impl World {
    /// The first thing that a pod refers to and that is not there, or `none`; nothing for a pod that refers to nothing.
    fn missing(&self, pod: &Value) -> Option<String> {
        let (namespace, _) = key(pod);
        let private = list(&pod["spec"]["containers"])
            .iter()
            .any(|container| text(&container["image"]).contains("private"));
        let credentials = list(&pod["spec"]["imagePullSecrets"]);
        let mut refers = private && !credentials.is_empty();
        let lacking = credentials
            .iter()
            .map(|reference| text(&reference["name"]))
            .filter(|name| {
                let secret = (namespace.clone(), (*name).to_owned());
                self.secrets.get(&secret).is_none()
            })
            .collect::<Vec<_>>();
        if private && !lacking.is_empty() {
            return Some(format!("{PULL} ({})", lacking.join(", ")));
        }
        for container in list(&pod["spec"]["containers"]) {
            let whole = list(&container["envFrom"]).iter();
            let single = list(&container["env"])
                .iter()
                .map(|variable| &variable["valueFrom"]);
            for source in whole.chain(single) {
                for (kind, store, fields) in [
                    ("Secret", &self.secrets, ["secretRef", "secretKeyRef"]),
                    (
                        "ConfigMap",
                        &self.config_maps,
                        ["configMapRef", "configMapKeyRef"],
                    ),
                ] {
                    for reference in fields.map(|field| &source[field]) {
                        if reference.is_null() {
                            continue;
                        }
                        refers = true;
                        if let Some(why) = lacks(kind, store, &namespace, reference) {
                            return Some(why);
                        }
                    }
                }
            }
        }
        refers.then(|| "none".to_owned())
    }
}

/// As the kubelet tells it each time before it pulls.
fn failed_to_retrieve(pod: &Value, missing: &str) -> Value {
    let (namespace, name) = key(pod);
    let uid = &pod["metadata"]["uid"];
    let now = Timestamp::from_second(Timestamp::now().as_second()).map(|now| now.to_string());
    let now = now.unwrap_or_default();
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": namespace, "name": format!("{name}.{}", digest(&[text(uid), missing]))},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": name, "uid": uid},
        "type": "Warning",
        "reason": "FailedToRetrieveImagePullSecret",
        "message": format!("Unable to retrieve some {missing}; attempting to pull the image may not succeed."),
        "source": {"component": "kubelet"},
        "reportingComponent": "kubelet",
        "reportingInstance": "",
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
    })
}

fn lacks(kind: &str, store: &Store, namespace: &str, reference: &Value) -> Option<String> {
    if reference["optional"] == true {
        return None;
    }
    let name = text(&reference["name"]);
    let Some(object) = store.get(&(namespace.to_owned(), name.to_owned())) else {
        return Some(format!("{} \"{name}\" not found", kind.to_lowercase()));
    };
    let wanted = reference["key"].as_str()?;
    let there = !object["data"][wanted].is_null();
    (!there).then(|| format!("couldn't find key {wanted} in {kind} {namespace}/{name}"))
}
