//! A tenant from its first add to its removal.

use crate::world::{Run, World};

#[test]
fn add_again_diff_and_remove() {
    let world = World::new("lifecycle");
    let added = world.mcpctl(&["tenant", "add", "life"]).expect(0);
    assert!(
        added
            .stdout
            .contains("https://life.lifecycle.example.com/mcp"),
        "{added}"
    );
    assert!(added.stdout.contains("arn:aws:iam::"), "{added}");
    assert!(added.stdout.contains("\nassociation  a-"), "{added}");
    world
        .mcpctl(&["tenant", "diff", "life"])
        .expect(0)
        .says(&["no differences"]);
    world
        .mcpctl(&["tenant", "add", "life"])
        .expect(0)
        .says(&["nothing to do"]);
    let removed = world
        .mcpctl(&["tenant", "remove", "life", "--yes"])
        .expect(0);
    removed.says(&["nothing of it is left"]);
    let names = world.kubectl(&["get", "namespaces", "-o", "name"]);
    assert!(!names.contains("mcp-life\n"), "{names}");
    let left = world.mcpctl(&["tenant", "list", "-o", "wide"]).expect(0);
    assert!(!left.stdout.contains("mcp-life "), "{left}");
}

#[test]
fn a_tenant_file_may_come_through_a_pipe() {
    let world = World::new("piped");
    world.write(
        "tenant.yaml",
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: piped}\nspec: {replicas: 2}\n",
    );
    let piped = |args: &[&str]| {
        let mut command = world.command(args);
        command.stdin(std::fs::File::open(world.dir.join("tenant.yaml")).expect("the file"));
        Run::of(&mut command)
    };
    let _ = piped(&["tenant", "diff", "-f", "-"]).expect(1);
    let _ = piped(&["tenant", "add", "piped", "-f", "-"]).expect(0);
    let _ = piped(&["tenant", "diff", "-f", "-"]).expect(0);
    let _ = world
        .mcpctl(&["tenant", "remove", "piped", "--yes"])
        .expect(0);
}
