//! What the identity policy lets into a tenant's namespace: the API server's own CEL is asked, by dry runs.

use serde_json::{Value, json};

use crate::world::{Run, World};

/// A tenant of the world's name that runs.
fn tenant(name: &'static str) -> World<'static> {
    let world = World::new(name);
    let _ = world.mcpctl(&["tenant", "add", name]).expect(0);
    world
}

/// A pod in the tenant's namespace that passes everything but, perhaps, the identity policy.
fn pod(world: &World<'_>) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "asked", "namespace": format!("mcp-{}", world.cluster)},
        "spec": {
            "serviceAccountName": "mcp-server",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "x", "image": "x",
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    })
}

/// What the API server says to a pod.
fn asked(world: &World<'_>, pod: &Value) -> Run {
    let file = world.write("pod.json", &pod.to_string());
    let file = file.display().to_string();
    let ask = ["create", "--dry-run=server", "-f", &file];
    Run::of(world.sandbox.kubectl().args(ask))
}

#[track_caller]
fn admitted(world: &World<'_>, pod: &Value) {
    let _ = asked(world, pod).expect(0);
}

#[track_caller]
fn refused(world: &World<'_>, pod: &Value, why: &str) {
    let policy = "ValidatingAdmissionPolicy 'mcpctl-identity'";
    let _ = asked(world, pod).expect(1).says(&[policy, why]);
}

/// Somebody's association for another account of the namespace would arm its pods with another role.
#[test]
fn a_pod_of_another_service_account_is_refused() {
    let world = tenant("accounts");
    admitted(&world, &pod(&world));
    let mut other = pod(&world);
    other["spec"]["serviceAccountName"] = "other".into();
    world.kubectl(&["-n", "mcp-accounts", "create", "serviceaccount", "other"]);
    let path = "/clusters/accounts/pod-identity-associations";
    let body = json!({"namespace": "mcp-accounts", "serviceAccount": "other", "roleArn": "arn:aws:iam::111122223333:role/admin"});
    let made = world.sandbox.aws_eks("POST", path, Some(body));
    made.expect("an association");
    let why =
        "a pod of a tenant runs as service account mcp-server, which the tenant's role is bound to";
    refused(&world, &other, why);
    other["spec"]["serviceAccountName"] = Value::Null;
    refused(&world, &other, why);
}
