//! What the server's container takes in by `envFrom`, the pod that asks takes in too: before its role counts what is in
//! there, and it waits for what is missing.

use super::{POD, add, is_gone, waiting, world};
use crate::{
    lines::Lines,
    world::{Run, World},
};

/// A Secret of the tenant's.
pub(super) fn secret(world: &World<'_>, name: &str, values: &[&str]) {
    let namespace = format!("mcp-{}", world.cluster);
    let create = ["-n", &namespace, "create", "secret", "generic", name];
    let values: Vec<String> = values
        .iter()
        .map(|value| format!("--from-literal={value}"))
        .collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    world.kubectl(&[&create[..], &values].concat());
}

fn without(world: &World<'_>, name: &str) {
    let namespace = format!("mcp-{}", world.cluster);
    world.kubectl(&["-n", &namespace, "delete", "secret", name]);
}

const KEYS: [&str; 2] = [
    "AWS_ACCESS_KEY_ID=AKIASOMEBODYELSE",
    "AWS_SECRET_ACCESS_KEY=open-sesame",
];

#[test]
fn keys_that_env_from_brings_count_first() {
    let world = world("verify-keys", "aws-cli:2");
    let _ = world.mcpctl(&["tenant", "add", "verify-keys"]).expect(0);
    secret(&world, "keys", &KEYS);
    let whole = ["--set", "envFrom=[{secretRef: {name: keys}}]"];
    let account = world.sandbox.account_id();
    let run = add(&world, &whole).expect(4).says(&[
        "its identity is not verified",
        &format!(
            "the pod was arn:aws:iam::{account}:user/who-made-the-keys, and should be arn:aws:iam::{account}:role/mcpctl/verify-keys/verify-keys-"
        ),
        "hint: what envFrom brings counts before the tenant's role: see whether Secret keys holds AWS_ACCESS_KEY_ID",
    ]);
    for value in ["AKIASOMEBODYELSE", "open-sesame"] {
        assert!(!format!("{run}").contains(value), "{run}");
    }
    is_gone(&world);
    // With a prefix they are no keys of AWS's.
    let prefixed = ["--set", "envFrom=[{prefix: MY_, secretRef: {name: keys}}]"];
    let _ = add(&world, &prefixed)
        .expect(0)
        .says(&["runs as role verify-keys-"]);
    without(&world, "keys");
    secret(&world, "keys", &["password=open-sesame"]);
    let run = add(&world, &whole).expect(0);
    let run = run.says(&["runs as role verify-keys-"]);
    assert!(!format!("{run}").contains("open-sesame"), "{run}");
    is_gone(&world);
}

/// A tenant whose server runs with a Secret that is gone since, so that a pod of it that is made now waits.
pub(super) fn with_lost_secret(name: &'static str) -> World<'static> {
    let world = world(name, "aws-cli:2");
    let add = ["tenant", "add", name];
    let _ = world.mcpctl(&add).expect(0);
    secret(&world, "lost", &["a=b"]);
    let from = ["--set", "envFrom=[{secretRef: {name: lost}}]"];
    let _ = world.mcpctl(&[&add[..], &from].concat()).expect(0);
    without(&world, "lost");
    world
}

#[test]
fn a_secret_that_is_missing_is_named_and_waited_for() {
    let world = with_lost_secret("verify-lost");
    let waits = format!(
        "Pod mcp-verify-lost/{POD}: pending (container {POD} waits for what it refers to: secret \"lost\" not found)"
    );
    let run = add(&world, &["--timeout", "15s"]).expect(4);
    let _ = run.says(&[
        &waits,
        &format!("Pod mcp-verify-lost/{POD} did not say in time who it is"),
        "hint: create it in the tenant's namespace",
    ]);
    is_gone(&world);
    let mut child = waiting(&world);
    let mut said = Lines::of(&mut child);
    said.until(&waits);
    secret(&world, "lost", &["a=b"]);
    said.until("runs as role verify-lost-");
    let run = Run::at_end_of(child);
    let _ = run.expect(0);
    is_gone(&world);
}
