//! A pod runs with its tenant's role or not at all.

use std::time::Duration;

use mcpctl_sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::{guard::no_pod_lacks_credentials, world::World};

/// A pod of a tenant's service account that passes everything but the identity policy.
pub(crate) const BY_HAND: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "by-hand", "namespace": "mcp-bare"},
    "spec": {"serviceAccountName": "mcp-server",
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "x", "image": "x",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}}"#;

fn pods(world: &World<'_>, namespace: &str) -> Vec<Value> {
    let text = world.kubectl(&["-n", namespace, "get", "pods", "-o", "json"]);
    let list: Value = serde_json::from_str(&text).expect("a list of pods");
    list["items"].as_array().cloned().unwrap_or_default()
}

fn has_credentials(pod: &Value) -> bool {
    let env = pod["spec"]["containers"][0]["env"].as_array();
    env.is_some_and(|env| {
        env.iter()
            .any(|variable| variable["name"] == "AWS_CONTAINER_CREDENTIALS_FULL_URI")
    })
}

#[test]
fn the_gate_waits_until_the_association_has_spread() {
    let world = World::new("gate");
    world
        .sandbox
        .webhook_delay("mcp-gate", Duration::from_secs(3));
    let added = world.mcpctl(&["tenant", "add", "gate"]).expect(0);
    let _ = added.says(&[
        "a pod would get no credentials yet",
        "identity gate open after",
    ]);
    let pods = pods(&world, "mcp-gate");
    assert!(
        !pods.is_empty() && pods.iter().all(has_credentials),
        "{pods:?}"
    );
    no_pod_lacks_credentials(&world, "mcp-gate");
    // The Deployment came after the gate, so no pod was ever refused.
    let refused = world.kubectl(&[
        "-n",
        "mcp-gate",
        "get",
        "events",
        "--field-selector",
        "reason=FailedCreate",
        "-o",
        "name",
    ]);
    assert_eq!(refused, "");
}

#[test]
fn another_refusal_ends_the_gate_at_once() {
    let world = World::new("refused");
    let _ = world.mcpctl(&["tenant", "add", "refused"]).expect(0);
    world.kubectl(&[
        "-n",
        "mcp-refused",
        "create",
        "quota",
        "small",
        "--hard=pods=0",
    ]);
    world.kubectl(&[
        "-n",
        "mcp-refused",
        "delete",
        "deployment",
        "mcp-server",
        "--ignore-not-found",
    ]);
    let refused = world.mcpctl(&["tenant", "add", "refused"]).expect(6);
    let _ = refused.says(&[
        "exceeded quota: small",
        "so nothing that starts pods is applied",
    ]);
}

#[test]
fn a_cluster_without_the_identity_policy_is_refused_and_told_what_to_install() {
    let sandbox = Sandbox::start(&Options {
        progress: false,
        ..Options::default()
    })
    .expect("a sandbox");
    let world = World::in_sandbox(&sandbox, "bare");
    let refused = world.mcpctl(&["tenant", "add", "bare"]).expect(6);
    let _ = refused.says(&[
        "no admission policy mcpctl-identity",
        "mcpctl platform apply",
    ]);
    assert!(
        !world
            .kubectl(&["get", "namespaces", "-o", "name"])
            .contains("mcp-bare")
    );

    platform_from_nothing(&world);
    all_tenants_at_once(&world);
    no_pod_while_the_webhook_is_down(&world);
    platform_to_nothing(&world);
}

#[test]
fn an_ingress_of_a_tenant_keeps_to_its_own_host_and_off_the_load_balancer() {
    let world = World::new("edge");
    let _ = world.mcpctl(&["tenant", "add", "edge"]).expect(0);
    let patches = [
        (
            r#"[{"op":"replace","path":"/spec/rules/0/host","value":"other.example.com"}]"#,
            "serves its own host only",
        ),
        (
            r#"[{"op":"replace","path":"/spec/ingressClassName","value":"nginx"}]"#,
            "uses the class mcp",
        ),
        (
            r#"[{"op":"add","path":"/metadata/annotations/alb.ingress.kubernetes.io~1load-balancer-attributes","value":"deletion_protection.enabled=true"}]"#,
            "none of the shared load balancer",
        ),
        (
            r#"[{"op":"add","path":"/spec/defaultBackend","value":{"service":{"name":"x","port":{"number":1}}}}]"#,
            "serves its own host only",
        ),
    ];
    for (patch, why) in patches {
        let patch = [
            "-n",
            "mcp-edge",
            "patch",
            "ingress",
            "mcp-server",
            "--type=json",
            "-p",
            patch,
        ];
        let refused = world
            .sandbox
            .kubectl()
            .args(patch)
            .output()
            .expect("kubectl");
        let text = String::from_utf8_lossy(&refused.stderr).to_string();
        assert!(!refused.status.success() && text.contains(why), "{text}");
    }
}

#[test]
fn a_pod_that_brings_another_role_is_refused() {
    let world = World::new("irsa");
    let _ = world.mcpctl(&["tenant", "add", "irsa"]).expect(0);
    let variable = r#""env": [{"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::111122223333:role/other"}], "image": "x","#;
    let pod = BY_HAND
        .replace("mcp-bare", "mcp-irsa")
        .replacen(r#""image": "x","#, variable, 1);
    let text = refused(&world, &pod);
    assert!(
        text.contains("AWS SDKs would take other credentials than the tenant's"),
        "{text}"
    );
}

/// What the API server says to a pod that it does not admit.
fn refused(world: &World<'_>, pod: &str) -> String {
    let file = world.write("pod.json", pod).display().to_string();
    let output = world
        .sandbox
        .kubectl()
        .args(["create", "-f", &file])
        .output()
        .expect("kubectl");
    let text = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(!output.status.success(), "it was admitted: {text}");
    text
}

/// Applied, applied again, drifted and repaired.
fn platform_from_nothing(world: &World<'_>) {
    let _ = world.mcpctl(&["platform", "diff"]).expect(1);
    let _ = world
        .mcpctl(&["platform", "apply"])
        .expect(0)
        .says(&["7 created"]);
    let _ = world
        .mcpctl(&["platform", "apply"])
        .expect(0)
        .says(&["nothing to do"]);
    let _ = world.mcpctl(&["platform", "diff"]).expect(0);
    world.kubectl(&[
        "delete",
        "validatingadmissionpolicybinding",
        "mcpctl-identity",
    ]);
    let drift = world.mcpctl(&["platform", "diff"]).expect(1);
    assert!(
        drift
            .stdout
            .contains("+ ValidatingAdmissionPolicyBinding mcpctl-identity"),
        "{drift}"
    );
    let _ = world
        .mcpctl(&["tenant", "add", "bare"])
        .expect(6)
        .says(&["mcpctl-identity"]);
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
}

/// One command looks at every tenant, and names those that drifted.
fn all_tenants_at_once(world: &World<'_>) {
    let _ = world.mcpctl(&["tenant", "add", "bare-two"]).expect(0);
    let _ = world.mcpctl(&["tenant", "add", "bare"]).expect(0);
    let _ = world
        .mcpctl(&["tenant", "diff", "--all"])
        .expect(0)
        .says(&["no differences"]);
    world.kubectl(&["-n", "mcp-bare-two", "delete", "service", "mcp-server"]);
    let all = world.mcpctl(&["tenant", "diff", "--all"]).expect(1);
    assert!(
        all.stdout.contains("tenant bare-two\n") && !all.stdout.contains("tenant bare\n"),
        "{all}"
    );
    let _ = world
        .mcpctl(&["tenant", "remove", "bare-two", "--yes"])
        .expect(0);
    crate::unlabelled::stays_in_sight(world, "bare");
}

/// Whoever makes it: the admission policy refuses it.
fn no_pod_while_the_webhook_is_down(world: &World<'_>) {
    let _ = world.mcpctl(&["tenant", "add", "bare"]).expect(0);
    world.sandbox.webhook_down(true);
    world.kubectl(&["-n", "mcp-bare", "delete", "pods", "--all", "--wait=true"]);
    let text = refused(world, BY_HAND);
    assert!(
        text.contains("no Pod Identity credentials were injected"),
        "{text}"
    );
    assert!(pods(world, "mcp-bare").iter().all(has_credentials));
    world.sandbox.webhook_down(false);
    no_pod_lacks_credentials(world, "mcp-bare");
}

/// Refused while there are tenants, and nothing is left afterwards.
fn platform_to_nothing(world: &World<'_>) {
    let _ = world
        .mcpctl(&["platform", "remove", "--yes"])
        .expect(3)
        .says(&["tenants would lose their protection: bare"]);
    let _ = world
        .mcpctl(&["tenant", "remove", "bare", "--yes"])
        .expect(0);
    let _ = world.mcpctl(&["platform", "remove", "--yes"]).expect(0);
    let _ = world
        .mcpctl(&["platform", "remove", "--yes"])
        .expect(0)
        .says(&["nothing to do"]);
    assert!(
        !world
            .kubectl(&[
                "get",
                "namespaces,ingressclasses,validatingadmissionpolicies",
                "-o",
                "name"
            ])
            .contains("mcp")
    );
}
