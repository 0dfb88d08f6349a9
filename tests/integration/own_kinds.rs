//! Objects that only a user's templates name, on a cluster.

use mcpctl_sandbox::AuditEvent;

use crate::world::World;

mod custom;
mod idle;
mod lacking;
mod scaled;
mod secret;
mod server;

/// A world whose settings name the folder `templates`.
fn world(name: &str) -> World<'static> {
    let world = World::new(name);
    let settings = world.dir.join("mcpctl.yaml");
    let text = std::fs::read_to_string(&settings).expect("settings");
    world.write("mcpctl.yaml", &format!("{text}templates: templates\n"));
    world.write("templates/tenant/README.md", "");
    world
}

/// The requests by which kinds are looked up, since an index into the log.
fn discoveries(world: &World<'_>, since: usize) -> Vec<String> {
    let asks = |event: &AuditEvent| event.resource.is_empty() || event.uri.contains("openapi");
    let events = world.audit().split_off(since);
    let asked = events.into_iter().filter(asks).map(|event| event.uri);
    asked.collect()
}

fn drop_template(world: &World<'_>, name: &str) {
    std::fs::remove_file(world.dir.join("templates/tenant").join(name)).expect("the template");
}

#[test]
fn a_config_map_is_added_changed_and_dropped() {
    let world = world("own-map");
    let template = |value: &str| {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: own\n  namespace: {{{{ names.namespace }}}}\ndata:\n  mode: {value}\n  url: {{{{ url }}}}\n"
        );
        world.write("templates/tenant/own.yaml.j2", &text);
    };
    template("fast");
    let (add, diff) = (["tenant", "add", "own-map"], ["tenant", "diff", "own-map"]);
    world
        .mcpctl(&add)
        .expect(0)
        .says(&["+ ConfigMap mcp-own-map/own"]);
    let data = |key: &str| {
        let path = format!("jsonpath={{.data.{key}}}");
        world.kubectl(&["-n", "mcp-own-map", "get", "configmap", "own", "-o", &path])
    };
    assert_eq!(data("url"), "https://own-map.own-map.example.com/mcp");
    world.mcpctl(&diff).expect(0);

    template("slow");
    let run = world.mcpctl(&diff).expect(1);
    assert!(
        run.stdout.contains("data.mode: \"fast\" -> \"slow\""),
        "{run}"
    );
    world
        .mcpctl(&add)
        .expect(0)
        .says(&["0 created, 1 changed, 0 deleted"]);
    assert_eq!(data("mode"), "slow");

    drop_template(&world, "own.yaml.j2");
    let run = world.mcpctl(&diff).expect(1);
    assert!(
        run.stdout.contains("- ConfigMap mcp-own-map/own\n"),
        "{run}"
    );
    world
        .mcpctl(&add)
        .expect(0)
        .says(&["- ConfigMap mcp-own-map/own", "1 deleted"]);
    world.mcpctl(&diff).expect(0);
    assert_eq!(discoveries(&world, 0), [""; 0]);
}
