//! A pod that somebody takes away before it has answered is made again: after that of another run, if there is one.

use std::process::Child;

use super::{
    POD,
    env_from::{secret, with_lost_secret},
    is_gone, waiting,
};
use crate::{
    pace::wait_until,
    world::{Run, World},
};

fn kubectl(world: &World<'_>, args: &[&str]) -> String {
    let namespace = format!("mcp-{}", world.cluster);
    world.kubectl(&[&["-n", &namespace], args].concat())
}

fn uid(world: &World<'_>) -> String {
    let path = "jsonpath={.metadata.uid}";
    kubectl(
        world,
        &["get", "pods", POD, "--ignore-not-found", "-o", path],
    )
}

/// Starts a run that finds the pod of one before, up to the moment when it has made its own.
fn second(world: &World<'_>) -> Child {
    let before = uid(world);
    let child = world.start(&["tenant", "add", &world.cluster, "--verify-identity"]);
    wait_until(|| ![String::new(), before.clone()].contains(&uid(world)));
    child
}

/// How a kubelet notes the end of a container that was killed.
fn fails(world: &World<'_>, conditions: &str) {
    let status = format!(
        r#"{{"status": {{"phase": "Failed", "conditions": [{conditions}], "containerStatuses": [{{"name": "{POD}", "image": "x", "imageID": "", "ready": false, "restartCount": 0, "state": {{"terminated": {{"exitCode": 143, "reason": "Error"}}}}}}]}}}}"#
    );
    let patch = ["patch", "pods", POD, "--subresource=status", "-p", &status];
    kubectl(world, &patch);
}

/// Each of two runs has its answer, though the later one takes the pod of the earlier away.
#[test]
fn two_runs_at_once() {
    let world = with_lost_secret("verify-twice");
    let first = waiting(&world);
    let second = second(&world);
    secret(&world, "lost", &["a=b"]);
    for child in [second, first] {
        let run = Run::at_end_of(child);
        let _ = run.expect(0).says(&["runs as role verify-twice-"]);
    }
    is_gone(&world);
}

#[test]
fn what_a_killed_run_leaves_holds_up_no_other() {
    let world = with_lost_secret("verify-held");
    let first = waiting(&world);
    let mut second = second(&world);
    second.kill().expect("a kill");
    second.wait().expect("an end");
    secret(&world, "lost", &["a=b"]);
    let run = Run::at_end_of(first);
    let _ = run.expect(0).says(&["runs as role verify-held-"]);
    is_gone(&world);
}

/// As on a node: how the containers ended is there before the pod is gone.
#[test]
fn a_pod_that_fails_because_it_is_taken_away() {
    let world = with_lost_secret("verify-taken");
    let first = waiting(&world);
    let holds = |finalizers: &str| {
        let patch = format!(r#"{{"metadata": {{"finalizers": {finalizers}}}}}"#);
        kubectl(
            &world,
            &["patch", "pods", POD, "--type=merge", "-p", &patch],
        );
    };
    holds(r#"["example.com/node"]"#);
    kubectl(&world, &["delete", "pods", POD, "--wait=false"]);
    fails(&world, "");
    secret(&world, "lost", &["a=b"]);
    holds("[]");
    let run = Run::at_end_of(first);
    let _ = run.expect(0).says(&["runs as role verify-taken-"]);
    is_gone(&world);
}

#[test]
fn a_pod_that_fails_because_it_is_evicted() {
    let world = with_lost_secret("verify-evicted");
    let first = waiting(&world);
    let its = uid(&world);
    fails(
        &world,
        r#"{"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}"#,
    );
    wait_until(|| ![String::new(), its.clone()].contains(&uid(&world)));
    secret(&world, "lost", &["a=b"]);
    let run = Run::at_end_of(first);
    let _ = run.expect(0).says(&["runs as role verify-evicted-"]);
    is_gone(&world);
}
