//! A changed association is given its time before pods start: until it has spread they would get another role's
//! credentials, and keep them for hours.

use std::io::{BufRead, BufReader};

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{pace::wait_until, world::World};

/// A world in which a change is given some seconds.
fn world(name: &'static str, seconds: u32) -> World<'static> {
    let world = World::new(name);
    world.settings("settleSeconds: 0", &format!("settleSeconds: {seconds}"));
    world
}

/// Somebody's association for the tenant's service account.
fn associate(world: &World<'_>) {
    let body = json!({"namespace": format!("mcp-{}", world.cluster), "serviceAccount": "mcp-server",
        "roleArn": "arn:aws:iam::111122223333:role/theirs"});
    world.associate(body);
    grow_old(world);
}

/// What is changed at once may be what its making consists in.
fn grow_old(world: &World<'_>) {
    let made = world.association()["createdAt"].as_f64().expect("a time");
    let later = SignedDuration::from_secs_f64(made + 3.0);
    wait_until(|| Timestamp::now().as_duration() > later);
}

/// Somebody points the tenant's association to another role.
fn point_elsewhere(world: &World<'_>) {
    world.change_association(json!({"roleArn": "arn:aws:iam::111122223333:role/other"}));
}

/// Starts a run, kills it while it waits within a step, and takes away the lock that it leaves behind.
fn killed(world: &World<'_>, args: &[&str], step: &str) {
    let mut child = world.start(&[args, &["-o", "json"]].concat());
    let said = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let mut lines = said.map(|line| serde_json::from_str::<Value>(&line.expect("a line")));
    let waits = lines.any(|line| {
        let line = line.expect("JSON");
        line["action"] == step && line["type"] == "waiting"
    });
    assert!(waits, "it does not wait");
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let namespace = format!("mcp-{}", world.cluster);
    world.kubectl(&["-n", &namespace, "delete", "lease", "mcpctl"]);
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// When mcpctl changed the association for the last time.
fn pointed(world: &World<'_>) -> Timestamp {
    let calls = world.aws_calls();
    let mut calls = calls.iter().rev();
    let update = calls.find(|call| call.operation == "UpdatePodIdentityAssociation");
    time(&update.expect("an update").time)
}

/// When mcpctl wrote the Deployment for the last time.
fn deployed(world: &World<'_>) -> Timestamp {
    let events = world.audit();
    let mut events = events.iter().rev();
    let write = events
        .find(|event| event.resource == "deployments" && event.verb == "patch" && !event.dry_run);
    time(&write.expect("a write").request_received)
}

#[track_caller]
fn waited(world: &World<'_>, seconds: i64) {
    let waited = deployed(world).duration_since(pointed(world));
    assert!(waited >= SignedDuration::from_secs(seconds), "{waited}");
}

/// The webhook injects at once, since there is an association.
#[test]
fn a_first_deployment_waits_until_an_association_that_was_there_has_spread() {
    let world = world("settled", 2);
    associate(&world);
    let add = ["tenant", "add", "settled"];
    let added = world.mcpctl(&[&add[..], &["--adopt"]].concat()).expect(0);
    let _ = added.says(&[
        "PodIdentityAssociation settled: what it was changed to has 2 s to spread before pods start",
    ]);
    waited(&world, 2);
    let _ = world.mcpctl(&["tenant", "diff", "settled"]).expect(0);

    // The same where it is repaired and there are no pods.
    let deployment = ["-n", "mcp-settled", "delete", "deployment", "mcp-server"];
    world.kubectl(&[&deployment[..], &["--cascade=foreground"]].concat());
    point_elsewhere(&world);
    let _ = world.mcpctl(&add).expect(0);
    waited(&world, 2);
    let _ = world.mcpctl(&["tenant", "diff", "settled"]).expect(0);

    // Where there are, they start anew, once.
    point_elsewhere(&world);
    let image = ["--image", "registry.example/mcp:2"];
    let added = world.mcpctl(&[&add[..], &image].concat()).expect(0);
    let _ = added.says(&["pods restarted"]);
    waited(&world, 2);
    let _ = world.mcpctl(&["tenant", "diff", "settled"]).expect(0);
}

/// The next run changes nothing in AWS any more.
#[test]
fn a_run_that_is_cut_off_while_it_settles_leaves_the_rest_of_it_to_the_next() {
    let world = world("unsettled", 4);
    associate(&world);
    killed(&world, &["tenant", "add", "unsettled", "--adopt"], "settle");
    let before = pointed(&world);
    let _ = world.mcpctl(&["tenant", "add", "unsettled"]).expect(0);
    assert_eq!(before, pointed(&world), "it was changed again");
    waited(&world, 4);
    let _ = world.mcpctl(&["tenant", "diff", "unsettled"]).expect(0);
}

/// Pods that came after the change, and before it had spread, may have the role of before.
#[test]
fn pods_that_start_while_a_change_spreads_are_not_taken_for_fresh() {
    let world = world("hurried", 120);
    let add = ["tenant", "add", "hurried"];
    let _ = world.mcpctl(&add).expect(0);
    grow_old(&world);
    point_elsewhere(&world);
    killed(&world, &add, "restart");
    let pods = |more: &[&str]| world.kubectl(&[&["-n", "mcp-hurried"], more].concat());
    let names = || pods(&["get", "pods", "-o", "name"]);
    pods(&["delete", "pods", "--all", "--wait=true"]);
    wait_until(|| !names().is_empty());
    let diff = world.mcpctl(&["tenant", "diff", "hurried"]).expect(1);
    let restart =
        "  ! Deployment mcp-hurried/mcp-server: pods restart, since their identity changes";
    assert!(diff.stdout.contains(restart), "{diff}");
    // To whom a change acts at once they are.
    world.settings("settleSeconds: 120", "settleSeconds: 0");
    let _ = world.mcpctl(&["tenant", "diff", "hurried"]).expect(0);
}
