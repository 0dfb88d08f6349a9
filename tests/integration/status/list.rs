//! The list of tenants: its forms, and what it costs.

use mcpctl_sandbox::AuditEvent;
use serde_json::Value;

use crate::world::World;

/// The document of the list.
pub(super) fn list(world: &World<'_>) -> Value {
    let run = world.mcpctl(&["tenant", "list", "-o", "json"]).expect(0);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"))
}

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn add(world: &World<'_>, tenant: &str) -> String {
    let image = format!("ghcr.io/acme/mcp-server@sha256:{DIGEST}");
    let args = ["tenant", "add", tenant, "--wait", "applied", "--image"];
    let _ = world.mcpctl(&[&args[..], &[&image]].concat()).expect(0);
    image
}

#[test]
fn the_list_costs_as_much_for_three_as_for_one() {
    let world = World::new("counted");
    // Tenants of other tests have kinds of their own, each of which costs a call.
    let audit = || {
        let usual =
            |event: &AuditEvent| ["namespaces", "deployments"].contains(&event.resource.as_str());
        world.audit().iter().filter(|event| usual(event)).count()
    };
    let calls = || {
        let (asked, called) = (audit(), world.aws_calls().len());
        let list = list(&world);
        let names = list["items"].as_array().into_iter().flatten();
        let names = names.filter_map(|item| item["name"].as_str());
        let count = names.filter(|name| name.starts_with("counted-")).count();
        let (asked, called) = (audit() - asked, world.aws_calls().len() - called);
        (count, asked, called)
    };
    let _ = add(&world, "counted-a");
    assert_eq!(calls(), (1, 2, 3));
    let _ = add(&world, "counted-b");
    let _ = add(&world, "counted-c");
    assert_eq!(calls(), (3, 2, 3));
}

#[test]
fn the_list_in_every_form() {
    let world = World::new("listed");
    let image = add(&world, "listed-a");
    let rows = |form: &str| {
        let run = world.mcpctl(&["tenant", "list", "-o", form]).expect(0);
        assert_eq!(run.stderr, "", "{run}");
        run.stdout
    };
    let row = |form: &str| {
        let rows = rows(form);
        let row = rows.lines().find(|line| line.starts_with("listed-a "));
        row.unwrap_or_else(|| panic!("no row: {rows}")).to_string()
    };
    let row_of_table = row("table");
    let cells: Vec<&str> = row_of_table.split_whitespace().take(3).collect();
    let host = "listed-a.listed.example.com";
    assert_eq!(cells, ["listed-a", host, "mcp-server@0123456789ab"]);
    let wide = row("wide");
    for cell in [image.as_str(), "mcp-listed-a", host, "  a-"] {
        assert!(wide.contains(cell), "{wide}");
    }
    let names = rows("name");
    assert!(names.lines().any(|name| name == "listed-a"), "{names}");
    assert!(names.lines().all(|name| !name.contains(' ')), "{names}");
    let start = "---\napiVersion: mcpctl.dev/v1alpha1\nkind: TenantList\nitems:\n";
    assert!(rows("yaml").starts_with(start));
    let list = list(&world);
    assert_eq!(list["kind"], "TenantList");
    assert_eq!(list["apiVersion"], "mcpctl.dev/v1alpha1");
    let items = list["items"].as_array().expect("items");
    let item = items.iter().find(|item| item["name"] == "listed-a");
    let item = item.expect("an item");
    assert_eq!(item["image"], image.as_str());
    assert_eq!(item["namespace"], "mcp-listed-a");
    assert!(item["role"].is_string() && item["association"].is_string());
    assert!(item["rollout"].is_object());
}
