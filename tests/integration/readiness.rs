//! Pods that do not become ready: each cause is told within seconds, with what to do.

use serde_json::json;

use crate::{
    identity::BY_HAND,
    lines::Lines,
    pace::wait_until,
    world::{Run, World},
};

/// Runs `add` for a tenant whose pods fail like this.
fn add(world: &World<'_>, state: &str, more: &[&str]) -> Run {
    let annotations = format!("annotations={{sandbox.test/state: {state}}}");
    let args = ["tenant", "add", &world.cluster, "--set", &annotations];
    world.mcpctl(&[&args, more].concat())
}

#[test]
fn an_image_that_cannot_be_pulled_leaves_the_pods_before_in_service() {
    let world = World::new("pull");
    let _ = world.mcpctl(&["tenant", "add", "pull"]).expect(0);
    let broken = [
        "tenant",
        "add",
        "pull",
        "--image",
        "registry.example/does-not-exist:2",
    ];
    let broken = world.mcpctl(&broken).expect(4).says(&[
        "Deployment mcp-pull/mcp-server does not become ready",
        "container mcp-server: image registry.example/does-not-exist:2 cannot be pulled: ImagePullBackOff",
        "1 pod of the version before still serves",
        "hint: check the image's name and tag (--image); a private registry needs imagePullSecrets",
        "hint: then run the same command again",
    ]);
    assert!(
        !broken.stderr.contains("log of"),
        "it never ran, so there is no log: {broken}"
    );
    // The pods that fail are those of the version before now.
    let _ = world
        .mcpctl(&["tenant", "add", "pull", "--image", "registry.example/mcp:3"])
        .expect(0)
        .says(&["is ready"]);
}

#[test]
fn a_container_that_keeps_ending_is_shown_with_its_last_log() {
    let world = World::new("crash");
    let _ = add(&world, "CrashLoopBackOff", &[]).expect(4).says(&[
        "container mcp-server keeps ending (CrashLoopBackOff): exit code 1 (Error), restarted 3 times",
        "log of the last instance of container mcp-server in pod mcp-server-",
        "  | error: the sandbox's containers run nothing",
        "hint: mend the server or what it is given",
    ]);
}

#[test]
fn of_a_long_log_the_last_lines_are_shown() {
    let world = World::new("talkative");
    let annotations =
        "annotations={sandbox.test/state: CrashLoopBackOff, sandbox.test/log-lines: \"30\"}";
    let add = ["tenant", "add", "talkative", "--set", annotations];
    let run = world.mcpctl(&add).expect(4);
    let shown: Vec<&str> = run
        .stderr
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("| "))
        .collect();
    // Of two and thirty.
    assert_eq!((shown.len(), shown[0]), (20, "line 13"), "{run}");
    assert!(shown[19].starts_with("error: the sandbox's"), "{run}");
}

#[test]
fn a_container_without_enough_memory_is_told_its_limit() {
    let world = World::new("memory");
    let memory = [
        "--set",
        "resources={limits: {memory: 96Mi}, requests: {memory: 64Mi}}",
    ];
    let _ = add(&world, "OOMKilled", &memory).expect(4).says(&[
        "container mcp-server needs more memory than its limit of 96Mi (OOMKilled)",
        "hint: raise it: mcpctl tenant add memory --set resources.limits.memory=192Mi",
    ]);
}

#[test]
fn a_container_that_ended_once_and_is_well_is_no_failure() {
    let world = World::new("once");
    let _ = add(&world, "RestartedOnce", &[]).expect(0).says(&[
        "container mcp-server: restarted once, last ended with exit code 1 (Error)",
        "is ready",
    ]);
}

#[test]
fn a_probe_that_fails_is_named_while_the_wait_lasts() {
    let world = World::new("probe");
    let _ = add(
        &world,
        "Unready",
        &["--set", "health.readyPath=/up", "--timeout", "3s"],
    )
    .expect(4)
    .says(&[
        "Deployment mcp-probe/mcp-server did not become ready in time",
        "its readiness probe fails (GET /up on port 8080): HTTP probe failed with statuscode: 404",
        "log of container mcp-server in pod",
        "  | listening on :8080",
        "--timeout gives it longer",
    ]);
}

#[test]
fn a_pod_that_fits_no_node_waits_for_one() {
    let world = World::new("nodeless");
    let args = [
        "tenant",
        "add",
        "nodeless",
        "--set",
        "nodeSelector={disk: fast}",
        "--timeout",
        "3s",
    ];
    let _ = world.mcpctl(&args).expect(4).says(&[
        "waits for a node: 0/1 nodes are available",
        "did not become ready in time",
    ]);
}

#[test]
fn a_secret_that_arrives_late_is_named_and_waited_for() {
    let world = World::new("late");
    let variable = "env=[{name: API_KEY, valueFrom: {secretKeyRef: {name: upstream, key: token}}}]";
    let mut child = world.start(&["tenant", "add", "late", "--set", variable]);
    let mut said = Lines::of(&mut child);
    said.until(r#"container mcp-server waits for what it refers to: secret "upstream" not found"#);
    let secret = ["-n", "mcp-late", "create", "secret", "generic", "upstream"];
    world.kubectl(&[&secret[..], &["--from-literal=other=x"]].concat());
    said.until("couldn't find key token in Secret mcp-late/upstream");
    let patch = r#"{"stringData":{"token":"hush"}}"#;
    world.kubectl(&["-n", "mcp-late", "patch", "secret", "upstream", "-p", patch]);
    said.until("tenant `late` is ready");
    let run = Run::at_end_of(child).expect(0);
    assert!(!run.stdout.contains("hush"), "{run}");
}

#[test]
fn an_image_pull_secret_that_arrives_late_is_named_and_waited_for() {
    let world = World::new("credentials");
    let image = "registry.example/private:1";
    let secrets = "imagePullSecrets=[{name: registry}]";
    let mut child = world.start(&[
        "tenant",
        "add",
        "credentials",
        "--image",
        image,
        "--set",
        secrets,
    ]);
    let mut said = Lines::of(&mut child);
    said.until("container mcp-server waits for image pull Secret registry: image registry.example/private:1 cannot be pulled: ImagePullBackOff");
    let secret = [
        "-n",
        "mcp-credentials",
        "create",
        "secret",
        "docker-registry",
        "registry",
    ];
    let password = ["--docker-username=x", "--docker-password=hush"];
    world.kubectl(&[&secret[..], &password].concat());
    said.until("tenant `credentials` is ready");
    let _ = Run::at_end_of(child).expect(0);
    // One that never comes is named in the end too.
    let secrets = "imagePullSecrets=[{name: registry}, {name: other}]";
    let add = [
        "tenant",
        "add",
        "credentials",
        "--set",
        secrets,
        "--timeout",
        "10s",
    ];
    let _ = world.mcpctl(&add).expect(4).says(&[
        "waits for image pull Secret other: ",
        "hint: create it in the tenant's namespace",
    ]);
}

#[test]
fn pods_that_the_quota_refuses_are_told_by_whom() {
    let world = World::new("tight");
    let _ = world.mcpctl(&["tenant", "add", "tight"]).expect(0);
    let quota = r#"{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"guest","namespace":"mcp-tight"},"spec":{"hard":{"pods":"1"}}}"#;
    let file = world.write("quota.json", quota);
    world.kubectl(&["create", "-f", &file.display().to_string()]);
    world.kubectl(&[
        "-n",
        "mcp-tight",
        "wait",
        "--for=jsonpath={.status.used.pods}=1",
        "resourcequota/guest",
        "--timeout=20s",
    ]);
    let _ = world
        .mcpctl(&["tenant", "add", "tight", "--set", "replicas=2"])
        .expect(4)
        .says(&[
            "pods are refused by ResourceQuota guest",
            "hint: that quota is not of mcpctl",
        ]);
}

/// Makes a policy of somebody else's that lets no pod into a namespace, and waits until it acts.
fn police(world: &World<'_>, namespace: &str) {
    let (group, name) = ("admissionregistration.k8s.io/v1", "no-more-pods");
    let policy = json!({
        "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "resourceRules": [{
                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
                }],
            },
            "validations": [{"expression": "false", "message": "nobody gets more pods"}],
        },
    });
    let binding = json!({
        "apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    });
    for (file, object) in [("refuses.json", policy), ("binds.json", binding)] {
        let file = world.write(file, &object.to_string()).display().to_string();
        world.kubectl(&["create", "-f", &file]);
    }
    let pod = world.write("pod.json", &BY_HAND.replace("mcp-bare", namespace));
    let ask = ["create", "--dry-run=server", "-f"];
    wait_until(|| {
        let run = Run::of(world.sandbox.kubectl().args(ask).arg(&pod));
        run.stderr.contains(name)
    });
}

#[test]
fn pods_that_a_policy_of_others_refuses_are_told_by_which() {
    let world = World::new("policed");
    let _ = world.mcpctl(&["tenant", "add", "policed"]).expect(0);
    police(&world, "mcp-policed");
    let _ = world
        .mcpctl(&["tenant", "add", "policed", "--set", "replicas=2"])
        .expect(4)
        .says(&[
            "Deployment mcp-policed/mcp-server does not become ready",
            "pods are refused by ValidatingAdmissionPolicy no-more-pods: ",
            "nobody gets more pods",
        ]);
}
