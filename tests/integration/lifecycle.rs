//! A tenant from its first add to its removal.

use crate::world::World;

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
    let left = world.mcpctl(&["tenant", "list"]).expect(0);
    assert!(!left.stdout.contains("mcp-life "), "{left}");
}
