//! A tenant whose Deployment somebody deleted, while another workload of it stands.

use serde_json::Value;

use super::{
    custom::{define, widget},
    world,
};
use crate::world::World;

/// What the list calls the tenant, once its status has said the same.
fn state(world: &World<'_>) -> String {
    let read = |args: &[&str]| -> Value {
        let run = world.mcpctl(&[args, &["-o", "json"]].concat()).expect(0);
        serde_json::from_str(&run.stdout).expect("JSON")
    };
    let list = read(&["tenant", "list"]);
    let mut items = list["items"].as_array().into_iter().flatten();
    let item = items.find(|item| item["name"] == world.cluster.as_str());
    let state = &item.expect("the tenant is listed")["state"];
    let status = read(&["tenant", "status", &world.cluster]);
    assert_eq!(*state, status["state"], "{status:#}");
    state.as_str().expect("a state").into()
}

#[test]
fn it_is_not_ready_while_its_templates_make_a_deployment() {
    let (world, group) = (world("own-lacking"), "own-lacking.example.com");
    define(&world, group, "Namespaced");
    widget(&world, group, "{mode: auto}");
    let add = ["tenant", "add", "own-lacking"];
    let _ = world.mcpctl(&add).expect(0);
    assert_eq!(state(&world), "ok");
    let deployment = ["delete", "deployment", "mcp-server"];
    world.kubectl(&[&["-n", "mcp-own-lacking"][..], &deployment].concat());
    assert_eq!(state(&world), "notReady");
    let _ = world.mcpctl(&add).expect(0);
    assert_eq!(state(&world), "ok");
    // Where the Widget is to run the pods, no Deployment is missing.
    world.write("templates/tenant/deployment.yaml.j2", "");
    let _ = world.mcpctl(&add).expect(0);
    assert_eq!(state(&world), "ok");
}
