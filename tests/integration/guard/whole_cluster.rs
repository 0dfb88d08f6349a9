//! A sandbox of its own, whose policy and webhook are taken away from all tenants at once.

use mcpctl_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::{
    asked_for, delete_pods, is_refused_a_pod, no_pod_lacks_credentials, pods, unhooked, weakened,
};
use crate::{
    pace::wait_until,
    world::{Run, World},
};

#[test]
fn a_cluster_that_loses_its_policy_or_its_webhook() {
    let sandbox = Sandbox::start(&Options {
        progress: false,
        ..Options::default()
    })
    .expect("a sandbox");
    let world = World::in_sandbox(&sandbox, "unguarded");
    neither_policy_nor_webhook(&world);
    no_policy_under_a_running_tenant(&world);
    weakened::is_told_and_put_right(&world);
    weakened::is_compared_where_an_own_template_names_the_account(&world);
    policy_and_no_webhook(&world);
    no_pod_lacks_credentials(&world, "mcp-unguarded");
    pods_that_came_without_credentials(&world);
    no_pod_lacks_credentials(&world, "mcp-unguarded");
    unhooked::is_told(&world);
}

const MISSING: &str = "this cluster has no admission policy mcpctl-identity";

/// Required refuses; with a warning the gate alone keeps the tenant's first pod waiting.
fn neither_policy_nor_webhook(world: &World<'_>) {
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
    world.kubectl(&["delete", "validatingadmissionpolicy", "mcpctl-identity"]);
    let _ = world
        .mcpctl(&["tenant", "add", "unguarded"])
        .expect(6)
        .says(&[MISSING, "install it: mcpctl platform apply"]);
    world.sandbox.webhook_down(true);
    let warn = ["tenant", "add", "unguarded", "--identity-gate=warn"];
    let shut = world.mcpctl(&[&warn[..], &["--timeout", "4s"]].concat());
    let _ = shut.expect(4).says(&[
        "warning: this cluster has no admission policy mcpctl-identity: a pod that the Pod Identity webhook misses runs \
         with the node's role; put it in place: mcpctl platform apply",
        "no pod of it would get its credentials",
    ]);
    assert_eq!(asked_for(world, "mcp-unguarded").len(), 0);
    world.sandbox.webhook_down(false);
    let _ = world.mcpctl(&warn).expect(0).says(&[MISSING]);
}

fn no_policy_under_a_running_tenant(world: &World<'_>) {
    says_what_is_missing(world, MISSING);
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
    for verb in ["add", "diff"] {
        let run = world.mcpctl(&["tenant", verb, "unguarded"]).expect(0);
        assert!(!run.stderr.contains("warning"), "{run}");
    }
    let binding = "validatingadmissionpolicybinding/mcpctl-identity";
    let warn = r#"{"spec": {"validationActions": ["Warn"]}}"#;
    world.kubectl(&["patch", binding, "--type=merge", "-p", warn]);
    says_what_is_missing(world, "its binding does not deny");
    world.kubectl(&["delete", binding]);
    says_what_is_missing(world, "nothing binds the admission policy mcpctl-identity");
}

/// Each verb says it, and `add` starts no pod.
pub(super) fn says_what_is_missing(world: &World<'_>, what: &str) {
    for verb in ["add", "diff"] {
        let run = world.mcpctl(&["tenant", verb, "unguarded"]).expect(0);
        let _ = run.says(&["warning: ", what]);
    }
    let diff = ["tenant", "diff", "unguarded", "-o"];
    let json = world.mcpctl(&[&diff[..], &["json"]].concat()).expect(0);
    let warning: Value = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .find(|line: &Value| line["type"] == "warning")
        .expect("a warning");
    let said = warning["what"].as_str().expect("a text");
    assert!(said.contains(what), "{json}");
    let markdown = world.mcpctl(&[&diff[..], &["markdown"]].concat());
    let _ = markdown.expect(0).says(&["warning: ", what]);
    let shown = world.mcpctl(&["tenant", "status", "unguarded"]).expect(0);
    let problem = shown.stdout.lines().find(|line| line.contains(what));
    assert!(
        problem.is_some_and(|line| line.starts_with("problem      ")),
        "{shown}"
    );
    let before = pods(world, "mcp-unguarded");
    let other = [
        "tenant",
        "add",
        "unguarded",
        "--image",
        "registry.example/mcp:2",
    ];
    let _ = world.mcpctl(&other).expect(6).says(&[
        what,
        "mcpctl platform apply",
        "--identity-gate=warn",
    ]);
    let half = [&other[..], &["--only", "kubernetes"]].concat();
    let _ = world.mcpctl(&half).expect(6).says(&[what]);
    assert_eq!(before, pods(world, "mcp-unguarded"));
}

/// The policy begins to act a moment after it was applied.
fn install_policy(world: &World<'_>) {
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asks", "namespace": "mcp-unguarded"},
        "spec": {
            "serviceAccountName": "nobody", "containers": [{"name": "x", "image": "x",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
            "securityContext": {"runAsNonRoot": true, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
        },
    });
    let file = world.write("pod.json", &pod.to_string());
    let file = file.display().to_string();
    world.kubectl(&["-n", "mcp-unguarded", "create", "serviceaccount", "nobody"]);
    wait_until(|| {
        let ask = ["create", "--dry-run=server", "-f", &file];
        let run = Run::of(world.sandbox.kubectl().args(ask));
        run.stderr
            .contains("ValidatingAdmissionPolicy 'mcpctl-identity'")
    });
    world.kubectl(&["-n", "mcp-unguarded", "delete", "serviceaccount", "nobody"]);
}

fn policy_and_no_webhook(world: &World<'_>) {
    install_policy(world);
    world.sandbox.webhook_down(true);
    delete_pods(world, "mcp-unguarded");
    wait_until(|| is_refused_a_pod(world, "mcp-unguarded"));
    let available = "jsonpath={.items[*].status.availableReplicas}";
    let deployments = ["-n", "mcp-unguarded", "get", "deployments", "-o", available];
    wait_until(|| world.kubectl(&deployments).is_empty());
    let args = [
        "tenant",
        "add",
        "unguarded",
        "--image",
        "registry.example/mcp:3",
    ];
    let shut = world.mcpctl(&[&args[..], &["--timeout", "4s"]].concat());
    let _ = shut.expect(4).says(&[
        "no pod of it would get its credentials",
        "or the webhook does not answer",
    ]);
    assert_eq!(pods(world, "mcp-unguarded").len(), 0);
    world.sandbox.webhook_down(false);
    let _ = world.mcpctl(&args).expect(0);
}

/// The worst that may happen is named by each verb, and mended by the next `add`.
fn pods_that_came_without_credentials(world: &World<'_>) {
    let _ = world.mcpctl(&["tenant", "add", "bared"]).expect(0);
    world.kubectl(&[
        "delete",
        "validatingadmissionpolicybinding",
        "mcpctl-identity",
    ]);
    world.sandbox.webhook_down(true);
    delete_pods(world, "mcp-bared");
    let runs = || {
        let ready = r#"jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}"#;
        world.kubectl(&["-n", "mcp-bared", "get", "pods", "-o", ready]) == "True"
    };
    wait_until(runs);
    let bare = pods(world, "mcp-bared")[0].replace("pod/", "Pod mcp-bared/");

    let diff = world.mcpctl(&["tenant", "diff", "bared"]).expect(1);
    let named = format!("  ! {bare}: runs without the tenant's credentials");
    let restart = "  ! Deployment mcp-bared/mcp-server: pods restart";
    for line in [named.as_str(), restart] {
        assert!(diff.stdout.contains(line), "{diff}");
    }
    let shown = world.mcpctl(&["tenant", "status", "bared"]).expect(0);
    for line in [
        "state        no credentials\n",
        "nothing binds the admission policy",
        "1 change, 1 pod without credentials\n",
        &named,
        " Running, 1/1 ready, without credentials\n",
    ] {
        assert!(shown.stdout.contains(line), "`{line}`: {shown}");
    }
    let json = ["tenant", "status", "bared", "-o", "json"];
    let document: Value =
        serde_json::from_str(&world.mcpctl(&json).expect(0).stdout).expect("JSON");
    assert_eq!(document["state"], "noCredentials");
    assert_eq!(document["pods"][0]["credentials"], false);
    let drift = &document["kubernetes"]["drift"];
    assert_eq!(drift["withoutCredentials"], json!([bare]));
    let markdown = ["tenant", "diff", "bared", "-o", "markdown"];
    let markdown = world.mcpctl(&markdown).expect(1);
    assert!(markdown.stdout.contains(named.trim_start()), "{markdown}");

    // Not before somebody would refuse the next one.
    let _ = world.mcpctl(&["tenant", "add", "bared"]).expect(6);
    // Nothing starts this one anew.
    debug_pod(world);
    install_policy(world);
    let shut = ["tenant", "add", "bared", "--timeout", "4s"];
    let _ = world.mcpctl(&shut).expect(4);
    world.sandbox.webhook_down(false);
    let _ = world
        .mcpctl(&["tenant", "add", "bared"])
        .expect(0)
        .says(&["pods restarted"]);
    debug_pod_is_to_be_deleted(world);
    let _ = world.mcpctl(&["tenant", "diff", "bared"]).expect(0);
    let shown = world.mcpctl(&["tenant", "status", "bared"]).expect(0);
    assert!(shown.stdout.contains("state        ok\n"), "{shown}");
}

/// The verbs say how, and no run restarts the server for it.
fn debug_pod_is_to_be_deleted(world: &World<'_>) {
    let delete = "kubectl -n mcp-bared delete pod debug";
    for (verb, code) in [("add", 0), ("diff", 1)] {
        let run = world.mcpctl(&["tenant", verb, "bared"]).expect(code);
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(
            told.contains(&format!(
                "add does not restart it, so delete it: {delete}\n"
            )),
            "{run}"
        );
        assert!(!told.contains("pods restart"), "{run}");
    }
    let words: Vec<&str> = delete.split(' ').skip(1).collect();
    world.kubectl(&words);
}

/// A pod that a person made, with the labels of the server's.
fn debug_pod(world: &World<'_>) {
    let spec = json!({"apiVersion": "v1", "spec": {
        "serviceAccountName": "mcp-server",
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "debug", "image": "registry.example/debug:1",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            "resources": {
                "requests": {"cpu": "10m", "memory": "16Mi"},
                "limits": {"cpu": "10m", "memory": "16Mi"},
            },
        }],
    }});
    let overrides = format!("--overrides={spec}");
    world.kubectl(&[
        "-n",
        "mcp-bared",
        "run",
        "debug",
        "--image=registry.example/debug:1",
        "--labels=app.kubernetes.io/name=mcp-server",
        &overrides,
    ]);
}
