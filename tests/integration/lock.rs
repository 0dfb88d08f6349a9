//! One writer at a time: who holds the lock, when it counts as dead, and what becomes of a run that lost it.

use serde_json::{Value, json};

use crate::{
    pace::{Held, wait_until},
    world::World,
};

const OTHER: [&str; 2] = ["--image", "registry.example/mcp:2"];

/// A Lease that says when it was renewed by the clock of its holder's machine.
fn lease(world: &World<'_>, renewed: &str) -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "mcpctl", "namespace": format!("mcp-{}", world.cluster)},
        "spec": {"holderIdentity": "ann@laptop (pid 7)", "leaseDurationSeconds": 30, "renewTime": renewed}})
}

fn kubectl(world: &World<'_>, how: &[&str], lease: &Value) {
    let file = world.write("lease.json", &lease.to_string());
    world.kubectl(&[how, &["-f", &file.display().to_string()]].concat());
}

#[test]
fn a_lock_that_another_run_holds() {
    let tenant = "locked";
    let world = World::new(tenant);
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0);
    let now = k8s_openapi::jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string();
    kubectl(&world, &["apply"], &lease(&world, &now));
    // A lock is asked for by a write that is refused, so that one call is made.
    let says = [
        "another run holds the lock in mcp-locked",
        "ann@laptop (pid 7)",
    ];
    let _ = world
        .mcpctl(&["tenant", "add", tenant, "--image", "registry.example/mcp:2"])
        .expect(3)
        .says(&says);
    let image = "jsonpath={.spec.template.spec.containers[0].image}";
    let image = world.kubectl(&[
        "-n",
        "mcp-locked",
        "get",
        "deployment",
        "mcp-server",
        "-o",
        image,
    ]);
    assert_eq!(image, "registry.example/mcp:1");
    // Its holder died: the lock is taken over.
    kubectl(
        &world,
        &["apply"],
        &lease(&world, "2026-01-01T00:00:00.000000Z"),
    );
    let _ = world
        .mcpctl(&["tenant", "add", tenant, "--image", "registry.example/mcp:2"])
        .expect(0);
    let leases = world.kubectl(&["-n", "mcp-locked", "get", "leases", "-o", "name"]);
    assert_eq!(leases, "", "the lock was not released");
}

/// Machines whose clocks differ by more than a lock lasts.
#[test]
fn only_the_clock_of_the_api_server_counts() {
    let tenant = "skewed";
    let world = World::new(tenant);
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0);
    let add = ["tenant", "add", tenant];
    for renewed in ["2020-01-01T00:00:00.000000Z", "2100-01-01T00:00:00.000000Z"] {
        let lease = lease(&world, renewed);
        kubectl(&world, &["create", "--field-manager=mcpctl"], &lease);
        let _ = world
            .mcpctl(&[&add[..], &OTHER].concat())
            .expect(3)
            .says(&["another run holds the lock in mcp-skewed", "last seen "]);
        kubectl(&world, &["delete"], &lease);
    }
    // Written long ago by the server's clock, whatever the holder's says.
    let ahead = lease(&world, "2100-01-01T00:00:00.000000Z");
    kubectl(&world, &["create", "--field-manager=mcpctl"], &ahead);
    let get = [
        "-n",
        "mcp-skewed",
        "get",
        "lease",
        "mcpctl",
        "--show-managed-fields",
        "-o",
        "json",
    ];
    let mut live: Value = serde_json::from_str(&world.kubectl(&get)).expect("a Lease");
    live["metadata"]["managedFields"][0]["time"] = "2020-01-01T00:00:00Z".into();
    live["metadata"]["labels"] = json!({"aged": "true"});
    kubectl(&world, &["replace", "--field-manager=ann"], &live);
    let _ = world.mcpctl(&[&add[..], &OTHER].concat()).expect(0);
}

/// As after a long sleep of the machine: another run took the lock, wrote, and gave it back.
#[test]
fn a_run_whose_lock_is_gone_begins_nothing_more() {
    let world = World::new("sleepy");
    let run = Held::at(&world, "CreateRole", &["tenant", "add", "sleepy"]);
    run.send("-STOP");
    world.kubectl(&["-n", "mcp-sleepy", "delete", "lease", "mcpctl"]);
    let renewals = || {
        let audit = world.audit();
        let own = audit
            .iter()
            .filter(|event| event.verb == "update" && event.resource == "leases");
        own.count()
    };
    run.send("-CONT");
    wait_until(|| renewals() > 0);
    let run = run.go_on().expect(5).says(&[
        "the lock was taken away",
        "nothing more is written",
        "run the same command again",
    ]);
    assert!(
        !run.stderr.contains("PodIdentityAssociation sleepy created"),
        "{run}"
    );
    let _ = world.mcpctl(&["tenant", "add", "sleepy"]).expect(0);
}
