//! A namespace that lost the label by which tenants are found: whoever looks at all of them has to see it, since nothing
//! keeps its Ingress in bounds.

use crate::world::World;

/// Of a tenant that is whole and the only one; it is whole again in the end.
pub(crate) fn stays_in_sight(world: &World<'_>, tenant: &str) {
    let namespace = format!("mcp-{tenant}");
    let list = |form: &[&str]| {
        let args = [&["tenant", "list"], form].concat();
        world.mcpctl(&args).expect(0).stdout
    };
    let take_off = |verb: &str, key: &str| world.kubectl(&[verb, "namespace", &namespace, key]);
    let seen = || {
        let line = list(&[]);
        assert!(line.contains("no label"), "{line}");
        let status = world.mcpctl(&["tenant", "status", tenant]).expect(0);
        assert!(status.stdout.contains("no label"), "{status}");
        assert_eq!(list(&["--orphans", "-o", "name"]), "");
        let remove = world.mcpctl(&["platform", "remove", "--yes"]);
        let _ = remove
            .expect(3)
            .says(&["would lose their protection", tenant]);
    };
    take_off("label", "mcpctl.dev/tenant-");
    seen();
    let all = world.mcpctl(&["tenant", "diff", "--all"]).expect(1);
    assert!(all.stdout.contains("labels[mcpctl.dev/tenant]"), "{all}");
    // Without a record the name tells.
    take_off("annotate", "mcpctl.dev/names-");
    seen();
    let all = world.mcpctl(&["tenant", "diff", "--all"]).expect(2);
    let _ = all.says(&["has no record"]);
    let file = format!(
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {{name: {tenant}}}\nspec: {{}}\n"
    );
    world.write("unlabelled.yaml", &file);
    let add = world.mcpctl(&["tenant", "add", tenant, "-f", "unlabelled.yaml"]);
    let _ = add.expect(0);
    let _ = world.mcpctl(&["tenant", "diff", "--all"]).expect(0);
    assert!(list(&[]).contains(" ok"), "{}", list(&[]));
}
