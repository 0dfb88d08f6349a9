//! What happens to pods when EKS's webhook or the admission policy lets a tenant down. Of all pods that anybody asks for
//! in a tenant's namespace, none is admitted without the variable: that is read off the API server's audit log.

use std::{
    io::{BufRead, BufReader},
    time::Duration,
};

use mcpctl_sandbox::{AuditEvent, Options, Sandbox};
use serde_json::{Value, json};

use crate::{
    never::wait_until,
    world::{Run, World},
};

const VARIABLE: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// The pods that anybody asked for, those that are not stored left out.
fn asked_for(world: &World<'_>, namespace: &str) -> Vec<AuditEvent> {
    let mut events = world
        .sandbox
        .pods_asked_for(namespace)
        .expect("the audit log");
    events.retain(|event| !event.dry_run);
    events
}

fn is_admitted(event: &AuditEvent) -> bool {
    (200..300).contains(&event.code)
}

/// Whoever made them: a controller, a person, we.
#[track_caller]
pub(crate) fn no_pod_lacks_credentials(world: &World<'_>, namespace: &str) {
    let events = asked_for(world, namespace);
    let admitted: Vec<_> = events.iter().filter(|event| is_admitted(event)).collect();
    assert!(!admitted.is_empty(), "no pod was made in {namespace}");
    for event in admitted {
        let pod = event.admitted.as_ref().expect("what was admitted");
        let spec = &pod["spec"];
        let containers = ["containers", "initContainers"].map(|list| spec[list].as_array());
        for container in containers.into_iter().flatten().flatten() {
            let env = container["env"].as_array().into_iter().flatten();
            let mut names = env.map(|variable| &variable["name"]);
            assert!(names.any(|name| name == VARIABLE), "{pod:#}");
        }
    }
}

fn is_refused_a_pod(world: &World<'_>, namespace: &str) -> bool {
    let events = asked_for(world, namespace);
    events.iter().any(|event| event.code == 403)
}

fn pods(world: &World<'_>, namespace: &str) -> Vec<String> {
    let names = world.kubectl(&["-n", namespace, "get", "pods", "-o", "name"]);
    names.lines().map(str::to_string).collect()
}

fn delete_pods(world: &World<'_>, namespace: &str) {
    world.kubectl(&["-n", namespace, "delete", "pods", "--all", "--wait=true"]);
}

#[test]
fn without_a_delay_nothing_is_waited_for() {
    let world = World::new("delay-none");
    let run = world.mcpctl(&["tenant", "add", "delay-none"]).expect(0);
    let _ = run.says(&["Deployment mcp-delay-none/mcp-server identity gate open\n"]);
    no_pod_lacks_credentials(&world, "mcp-delay-none");
    assert!(!is_refused_a_pod(&world, "mcp-delay-none"));
}

#[test]
fn a_long_delay_is_waited_for() {
    let world = World::new("delay-long");
    let delay = Duration::from_secs(20);
    world.sandbox.webhook_delay("mcp-delay-long", delay);
    let run = world.mcpctl(&["tenant", "add", "delay-long"]).expect(0);
    let _ = run.says(&[
        "a pod would get no credentials yet; waits at most ",
        "identity gate open after ",
    ]);
    no_pod_lacks_credentials(&world, "mcp-delay-long");
    assert!(!is_refused_a_pod(&world, "mcp-delay-long"));
}

#[test]
fn who_waits_for_long_hears_what_was_looked_at() {
    let world = World::new("delay-told");
    let namespace = "mcp-delay-told";
    let forever = Duration::from_hours(1);
    world.sandbox.webhook_delay(namespace, forever);
    let mut child = world.start(&["tenant", "add", "delay-told"]);
    let mut said = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let told = said.find(|line| {
        let line = line.as_ref().expect("a line");
        line.contains("mcp-server: no credentials after ")
            && line.contains("nothing wrong is found: service account, association a-")
    });
    assert!(told.is_some(), "it does not say what it looked at");
    world.sandbox.webhook_delay(namespace, Duration::ZERO);
    // Who no longer reads would end it.
    said.for_each(drop);
    assert!(child.wait().expect("an end").success());
    no_pod_lacks_credentials(&world, namespace);
}

/// The API server gives up after the webhook's time limit and admits the pod as it is; the policy does not.
#[test]
fn a_webhook_that_hangs_lets_no_pod_through() {
    let world = World::new("hanging");
    world.sandbox.webhook_hangs("mcp-hanging", true);
    let args = ["tenant", "add", "hanging", "--timeout", "20s"];
    let _ = world.mcpctl(&args).expect(4).says(&[
        "no pod of it would get its credentials",
        "the webhook does not answer: the API server gives up after 5 s and lets the pod go without",
    ]);
    assert_eq!(asked_for(&world, "mcp-hanging").len(), 0);
    world.sandbox.webhook_hangs("mcp-hanging", false);
    let _ = world.mcpctl(&["tenant", "add", "hanging"]).expect(0);

    world.sandbox.webhook_hangs("mcp-hanging", true);
    delete_pods(&world, "mcp-hanging");
    wait_until(|| is_refused_a_pod(&world, "mcp-hanging"));
    wait_until(|| {
        let shown = world.mcpctl(&["tenant", "status", "hanging"]).expect(0);
        let says = |text: &str| shown.stdout.contains(text);
        says("state        not ready\n") && says("no Pod Identity credentials were injected")
    });
    world.sandbox.webhook_hangs("mcp-hanging", false);
    let _ = world.mcpctl(&["tenant", "add", "hanging"]).expect(0);
    no_pod_lacks_credentials(&world, "mcp-hanging");
}

/// Somebody deletes the association, and the webhook has not heard of it: pods come with variables that lead nowhere.
#[test]
fn a_webhook_that_is_behind_hides_no_missing_association() {
    let world = World::new("behind");
    let _ = world.mcpctl(&["tenant", "add", "behind"]).expect(0);
    world.sandbox.webhook_is_stale("mcp-behind", true);
    let eks = |method: &str, path: &str| world.sandbox.aws_eks(method, path, None).expect("EKS");
    let path = "/clusters/behind/pod-identity-associations";
    let id = eks("GET", path)["associations"][0]["associationId"].clone();
    eks("DELETE", &format!("{path}/{}", id.as_str().expect("an id")));
    delete_pods(&world, "mcp-behind");
    wait_until(|| !pods(&world, "mcp-behind").is_empty());
    let made = pods(&world, "mcp-behind");

    let diff = world.mcpctl(&["tenant", "diff", "behind"]).expect(1);
    for line in [
        "  + PodIdentityAssociation behind",
        "  ! Deployment mcp-behind/mcp-server: pods restart, since their identity changes",
    ] {
        assert!(diff.stdout.contains(line), "{diff}");
    }
    let shown = world.mcpctl(&["tenant", "status", "behind"]).expect(0);
    assert!(
        shown.stdout.contains("state        no association\n"),
        "{shown}"
    );
    let added = world.mcpctl(&["tenant", "add", "behind"]).expect(0);
    assert_ne!(made, pods(&world, "mcp-behind"), "{added}");
    let _ = world.mcpctl(&["tenant", "diff", "behind"]).expect(0);
    no_pod_lacks_credentials(&world, "mcp-behind");
}

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
    policy_and_no_webhook(&world);
    no_pod_lacks_credentials(&world, "mcp-unguarded");
    pods_that_came_without_credentials(&world);
    no_pod_lacks_credentials(&world, "mcp-unguarded");
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
fn says_what_is_missing(world: &World<'_>, what: &str) {
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
        run.stderr.contains("no Pod Identity credentials")
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
    install_policy(world);
    let shut = ["tenant", "add", "bared", "--timeout", "4s"];
    let _ = world.mcpctl(&shut).expect(4);
    world.sandbox.webhook_down(false);
    let _ = world
        .mcpctl(&["tenant", "add", "bared"])
        .expect(0)
        .says(&["pods restarted"]);
    let _ = world.mcpctl(&["tenant", "diff", "bared"]).expect(0);
    let shown = world.mcpctl(&["tenant", "status", "bared"]).expect(0);
    assert!(shown.stdout.contains("state        ok\n"), "{shown}");
}
