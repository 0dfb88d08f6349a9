//! What the webhook changes in a pod.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

const VOLUME: &str = "eks-pod-identity-token";
/// Names of containers that are left alone, with commas between.
const SKIP: &str = "eks.amazonaws.com/skip-containers";
const DIRECTORY: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";

/// A JSON patch that gives the pod the volume and its containers the variables; empty where nothing is to do.
pub(crate) fn patch(pod: &Value) -> Value {
    let spec = &pod["spec"];
    let skipped = pod["metadata"]["annotations"][SKIP].as_str();
    let skipped = skipped.unwrap_or_default().split(',').map(str::trim);
    let skipped = skipped.collect::<Vec<_>>();
    let wants = |container: &Value| {
        let name = container["name"].as_str().unwrap_or_default();
        !skipped.contains(&name) && wants_credentials(container)
    };
    let given = |container: &Value| {
        if wants(container) {
            with_credentials(container)
        } else {
            container.clone()
        }
    };
    let mut patch = Vec::new();
    for list in ["initContainers", "containers"] {
        let containers = spec[list].as_array().map(Vec::as_slice).unwrap_or_default();
        if containers.iter().any(wants) {
            let containers = containers.iter().map(given).collect::<Value>();
            patch.push(
                json!({"op": "replace", "path": format!("/spec/{list}"), "value": containers}),
            );
        }
    }
    let volumes = spec["volumes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !patch.is_empty() && volumes.iter().all(|volume| volume["name"] != VOLUME) {
        let volumes = volumes.iter().cloned().chain([volume()]).collect::<Value>();
        patch.push(json!({"op": "add", "path": "/spec/volumes", "value": volumes}));
    }
    Value::Array(patch)
}

/// A container that sets such a variable itself is left alone.
fn wants_credentials(container: &Value) -> bool {
    let variables = container["env"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    !variables.iter().any(|variable| {
        variable["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("AWS_CONTAINER_"))
    })
}

fn with_credentials(container: &Value) -> Value {
    let mut container = container.clone();
    append(
        &mut container,
        "env",
        [
            json!({
                "name": "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "value": "http://169.254.170.23/v1/credentials",
            }),
            json!({
                "name": "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                "value": format!("{DIRECTORY}/{VOLUME}"),
            }),
        ],
    );
    append(
        &mut container,
        "volumeMounts",
        [json!({"name": VOLUME, "mountPath": DIRECTORY, "readOnly": true})],
    );
    container
}

fn append<const N: usize>(container: &mut Value, field: &str, items: [Value; N]) {
    if container[field].is_null() {
        container[field] = json!([]);
    }
    if let Some(list) = container[field].as_array_mut() {
        list.extend(items);
    }
}

fn volume() -> Value {
    json!({
        "name": VOLUME,
        "projected": {"sources": [{"serviceAccountToken": {
            "audience": "pods.eks.amazonaws.com",
            "expirationSeconds": expiration(),
            "path": VOLUME,
        }}]},
    })
}

/// The real webhook draws a number from 79200 to 86400, so that tokens do not all expire together; nobody may compare
/// it. The clock is random enough for that.
fn expiration() -> u32 {
    let nanoseconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|elapsed| elapsed.subsec_nanos());
    79_200 + nanoseconds.unwrap_or_default() / 1000 % 7_201
}
