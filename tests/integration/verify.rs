//! `--verify-identity`: a pod of the tenant is asked who it is. The sandbox's STS answers with the role of its
//! association, unless a test says otherwise; nothing of the pod is left, however a run ends.

use std::process::Child;

use serde_json::{Value, json};

use crate::{
    guard::no_pod_lacks_credentials,
    pace::{send, wait_until},
    world::{Run, World},
};

mod env_from;
mod taken;

const POD: &str = "mcpctl-verify-identity";

fn world(name: &'static str, image: &str) -> World<'static> {
    let world = World::new(name);
    let setting = format!("settleSeconds: 0, verifyImage: \"registry.example/{image}\"");
    world.settings("settleSeconds: 0", &setting);
    world
}

fn add(world: &World<'_>, more: &[&str]) -> Run {
    let args = ["tenant", "add", &world.cluster, "--verify-identity"];
    world.mcpctl(&[&args[..], more].concat())
}

fn asks(world: &World<'_>) -> bool {
    let namespace = format!("mcp-{}", world.cluster);
    let args = ["get", "pods", POD, "--ignore-not-found", "-o", "name"];
    !world
        .kubectl(&[&["-n", &namespace], &args[..]].concat())
        .is_empty()
}

/// The kubelet takes a moment for what is deleted.
fn is_gone(world: &World<'_>) {
    wait_until(|| !asks(world));
}

#[test]
fn a_pod_that_runs_as_the_tenants_role() {
    let world = world("verify-right", "aws-cli:2");
    let run = add(&world, &[]).expect(0);
    let role = run
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("role "))
        .and_then(|arn| arn.rsplit('/').next())
        .expect("a role");
    let said = format!("✓ Pod mcp-verify-right/{POD} runs as role {role}\n");
    let _ = run.says(&[
        said.as_str(),
        "a pod of it asked STS who it is, and runs as role verify-right-",
    ]);
    is_gone(&world);
    let again = add(&world, &["-o", "json"]).expect(0);
    let mut lines = again
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let done =
        lines.find(|line: &Value| line["type"] == "done" && line["action"] == "verifyIdentity");
    let what = done.expect("an event")["what"].clone();
    assert!(
        what.as_str()
            .is_some_and(|text| text.starts_with("runs as role verify-right-")),
        "{again}"
    );
    let again = add(&world, &[]).expect(0);
    let _ = again.says(&["nothing to do", said.as_str()]);
    let pods = world.sandbox.pods_asked_for("mcp-verify-right");
    let pods = pods.expect("the audit log");
    let asked = pods.iter().filter(|event| event.name == POD).count();
    assert_eq!(asked, 3, "{pods:#?}");
    no_pod_lacks_credentials(&world, "mcp-verify-right");
}

#[test]
fn a_pod_of_a_chain_runs_as_its_second_role() {
    let world = world("verify-chain", "aws-cli:2");
    let target = "identity.targetRoleArn=arn:aws:iam::444455556666:role/data/reader";
    let run = add(&world, &["--set", target]).expect(0);
    let _ = run.says(&[&format!(
        "✓ Pod mcp-verify-chain/{POD} runs as role reader\n"
    )]);
    is_gone(&world);
}

#[test]
fn without_an_image_nothing_is_called() {
    let world = World::new("verify-unset");
    let _ = add(&world, &[]).expect(2).says(&[
        "mcpctl.yaml: identity.verifyImage is missing",
        "an image with the AWS CLI",
    ]);
    for more in [&["--dry-run"][..], &["--only", "kubernetes"]] {
        let _ = add(&world, more)
            .expect(2)
            .says(&["--verify-identity", "cannot be used with"]);
    }
    assert!(world.audit().is_empty() && world.aws_calls().is_empty());
}

#[test]
fn a_pod_that_runs_as_another() {
    let world = world("verify-wrong", "aws-cli:2");
    for (arn, hint) in [
        (
            "arn:aws:sts::111122223333:assumed-role/other/eks-verify-wrong",
            "hint: a changed association takes a while to act",
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/nodes/i-0123456789abcdef0",
            "hint: that is the node's role: see whether the Pod Identity agent runs on the node",
        ),
    ] {
        world.sandbox.pods_are("mcp-verify-wrong", arn);
        let wrong = format!(
            "the pod was {arn}, and should be arn:aws:iam::{}:role/mcpctl/verify-wrong/verify-wrong-",
            world.sandbox.account_id()
        );
        let logged = format!("|   \"Arn\": \"{arn}\"");
        let _ = add(&world, &[]).expect(4).says(&[
            "tenant `verify-wrong`: written, but its identity is not verified",
            &format!("Pod mcp-verify-wrong/{POD} does not run as the tenant's role"),
            &wrong,
            &format!("log of container {POD} in pod {POD}:"),
            &logged,
            hint,
        ]);
        is_gone(&world);
    }
}

#[test]
fn a_pod_that_does_not_answer() {
    let world = world("verify-silent", "aws-cli:hangs-for-long");
    let _ = add(&world, &[]).expect(4).says(&[
        &format!("Pod mcp-verify-silent/{POD} could not ask STS who it is"),
        "DeadlineExceeded: Pod was active on the node longer than the specified deadline",
        "hint: it must reach the Pod Identity agent (169.254.170.23, port 80) and STS (port 443)",
    ]);
    is_gone(&world);
    let mut before = "aws-cli:hangs-for-long";
    for (image, timeout, says) in [
        ("aws-cli:hangs", "5s", "did not say in time who it is"),
        (
            "does-not-exist:1",
            "5m",
            "image registry.example/does-not-exist:1 cannot be pulled: ImagePullBackOff",
        ),
        (
            "no-aws:1",
            "5m",
            "exit code 128 (StartError): failed to create containerd task: exec: \"aws\"",
        ),
    ] {
        world.settings(before, image);
        before = image;
        let run = add(&world, &["--timeout", timeout]).expect(4);
        let _ = run.says(&["its identity is not verified", says]);
        is_gone(&world);
    }
}

/// No event that names a missing Secret is waited for to the end.
#[test]
fn an_image_that_does_not_come_though_there_is_a_secret_to_pull_with() {
    let world = world("verify-pull", "does-not-exist:1");
    let secret = ["--set", "imagePullSecrets=[{name: registry}]"];
    let _ = add(&world, &secret).expect(4).says(&[
        &format!("Pod mcp-verify-pull/{POD} does not start"),
        "image registry.example/does-not-exist:1 cannot be pulled: ImagePullBackOff",
        "hint: identity.verifyImage is registry.example/does-not-exist:1",
    ]);
    is_gone(&world);
}

/// Starts a run whose pod does not answer, up to the moment when it waits for it.
fn waiting(world: &World<'_>) -> Child {
    let child = world.start(&["tenant", "add", &world.cluster, "--verify-identity"]);
    wait_until(|| asks(world));
    child
}

#[test]
fn what_a_killed_run_leaves_is_nobodys_guest_and_is_replaced() {
    let world = world("verify-killed", "aws-cli:hangs");
    let mut child = waiting(&world);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let _ = world.mcpctl(&["tenant", "diff", "verify-killed"]).expect(0);
    let remove = ["tenant", "remove", "verify-killed"];
    let plan = world.mcpctl(&[&remove[..], &["--dry-run"]].concat());
    let plan = plan.expect(0);
    assert!(!plan.stdout.contains(POD), "{plan}");
    world.settings("aws-cli:hangs", "aws-cli:2");
    let run = add(&world, &[]).expect(0);
    let _ = run.says(&["runs as role verify-killed-"]);
    is_gone(&world);

    world.settings("aws-cli:2", "aws-cli:hangs");
    let mut child = waiting(&world);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let _ = world
        .mcpctl(&[&remove[..], &["--yes"]].concat())
        .expect(0)
        .says(&["nothing of it is left"]);
}

#[test]
fn a_signal_takes_the_pod_away() {
    let world = world("verify-signal", "aws-cli:hangs");
    let child = waiting(&world);
    send("-INT", child.id());
    let run = Run::at_end_of(child);
    let _ = run.expect(130);
    is_gone(&world);
}

#[test]
fn a_pod_of_somebody_else_is_left_alone() {
    let world = world("verify-foreign", "aws-cli:2");
    let _ = world.mcpctl(&["tenant", "add", "verify-foreign"]).expect(0);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD, "namespace": "mcp-verify-foreign"},
        "spec": {
            "serviceAccountName": "mcp-server", "containers": [{"name": "x", "image": "x",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
            "securityContext": {"runAsNonRoot": true, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
        },
    });
    let file = world.write("pod.json", &pod.to_string());
    world.kubectl(&["create", "-f", &file.display().to_string()]);
    let _ = add(&world, &[])
        .expect(4)
        .says(&[&format!("Pod mcp-verify-foreign/{POD} is not ours")]);
    assert!(asks(&world));
}
