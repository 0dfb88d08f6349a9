//! `tenant diff --all`, on a cluster of its own: on the one that tests share there are the tenants of all others.

use mcpctl_sandbox::{Options, Sandbox};

use crate::world::{Run, World};

const ALL: [&str; 3] = ["tenant", "diff", "--all"];

fn add(world: &World<'_>, args: &[&str]) {
    let applied = [&["tenant", "add"], args, &["--wait", "applied"]].concat();
    let _ = world.mcpctl(&applied).expect(0);
}

/// The tenants of which something is shown.
fn differ(run: &Run) -> Vec<&str> {
    run.stdout
        .lines()
        .filter_map(|line| line.strip_prefix("tenant "))
        .collect()
}

#[test]
fn all_tenants_and_what_is_left_of_others() {
    let sandbox = Sandbox::start(&Options::default()).expect("the sandbox starts");
    let world = World::in_sandbox(&sandbox, "all");
    let _ = world.mcpctl(&["platform", "apply"]).expect(0);
    one_that_cannot_be_compared_hides_no_leftovers(&world);
    what_the_settings_say_of_recorded_tenants_shows(&world);
}

/// Of "gone" role and association are left. "only" is the one tenant there is, and nobody believes its record.
fn one_that_cannot_be_compared_hides_no_leftovers(world: &World<'_>) {
    for tenant in ["only", "gone"] {
        add(world, &[tenant]);
    }
    world.kubectl(&["delete", "namespace", "mcp-gone"]);
    let edit = "mcpctl.dev/input={}";
    world.kubectl(&["annotate", "--overwrite", "namespace", "mcp-only", edit]);
    let run = world.mcpctl(&ALL).expect(3);
    assert_eq!(differ(&run), ["gone", "gone"], "{run}");
    let _ = run.says(&["mcpctl.dev/input was edited by hand"]);
    let json = world
        .mcpctl(&[&ALL[..], &["-o", "json"]].concat())
        .expect(3);
    let events: Vec<serde_json::Value> = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |event: &str| {
        let found = events.iter().filter(|line| line["type"] == event);
        found.map(|line| &line["tenant"]).collect::<Vec<_>>()
    };
    assert_eq!(of("error"), ["only"], "{json}");
    assert_eq!(of("leftover"), ["gone", "gone"], "{json}");
    world.kubectl(&["annotate", "namespace", "mcp-only", "mcpctl.dev/input-"]);
    add(world, &["only"]);
    for tenant in ["gone", "only"] {
        let _ = world
            .mcpctl(&["tenant", "remove", tenant, "--yes"])
            .expect(0);
    }
}

/// Nothing was said of the tenants themselves.
fn what_the_settings_say_of_recorded_tenants_shows(world: &World<'_>) {
    add(world, &["plain"]);
    add(world, &["large", "--tier", "large"]);
    add(world, &["own", "--set", "drainSeconds=30"]);
    let same = world.mcpctl(&ALL).expect(0);
    assert_eq!(differ(&same), [""; 0], "{same}");

    // The tier of one.
    world.settings("defaults:", "tiers: {large: {replicas: 2}}\ndefaults:");
    let run = world.mcpctl(&ALL).expect(1);
    assert_eq!(differ(&run), ["large"], "{run}");
    assert!(
        run.stdout.contains("      spec.replicas: 1 -> 2\n"),
        "{run}"
    );
    assert!(!run.stdout.contains("mcpctl.dev/input"), "{run}");

    // A default, which the file of one gives itself.
    world.settings("mcp:1}", "mcp:1, drainSeconds: 45}");
    let run = world.mcpctl(&ALL).expect(1);
    assert_eq!(differ(&run), ["large", "plain"], "{run}");
    let grace = "terminationGracePeriodSeconds: 50 -> 75";
    assert_eq!(run.stdout.matches(grace).count(), 2, "{run}");

    // Each is brought to it without another word.
    for tenant in ["large", "plain"] {
        add(world, &[tenant]);
    }
    let same = world.mcpctl(&ALL).expect(0);
    let _ = same.says(&["no differences"]);
}
