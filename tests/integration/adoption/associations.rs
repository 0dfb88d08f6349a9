//! Associations that were taken over: what they bind must be there when they are given back.

use serde_json::json;

use crate::world::World;

#[test]
fn an_adopted_association_does_not_outlive_a_namespace_that_goes() {
    let tenant = "bound";
    let world = World::new(tenant);
    let body = json!({"namespace": "mcp-bound", "serviceAccount": "mcp-server",
        "roleArn": "arn:aws:iam::111122223333:role/theirs"});
    world.associate(body);
    let _ = world
        .mcpctl(&["tenant", "add", tenant, "--adopt"])
        .expect(0);
    let _ = world
        .mcpctl(&["tenant", "remove", tenant, "--yes"])
        .expect(0);
    assert!(world.associations().is_empty());
}

/// Somebody deleted the namespace: whoever makes that name anew must not get the role.
#[test]
fn an_adopted_association_does_not_outlive_a_namespace_that_is_gone() {
    let tenant = "unhoused";
    let world = World::new(tenant);
    let adopt = |world: &World<'_>| {
        let body = json!({"namespace": "mcp-unhoused", "serviceAccount": "mcp-server",
            "roleArn": "arn:aws:iam::111122223333:role/theirs"});
        world.associate(body);
        let add = ["tenant", "add", tenant, "--adopt", "--wait", "applied"];
        let _ = world.mcpctl(&add).expect(0);
        world.kubectl(&["delete", "namespace", "mcp-unhoused"]);
    };
    let remove = ["tenant", "remove", tenant, "--yes"];
    adopt(&world);
    let _ = world.mcpctl(&remove).expect(0);
    assert!(world.associations().is_empty());
    // Where the cluster is not asked, the namespace may well be there, but the role is gone all the same.
    adopt(&world);
    let only_aws = [&remove[..], &["--only", "aws"]].concat();
    let _ = world.mcpctl(&only_aws).expect(0);
    assert!(world.associations().is_empty());
}

/// What is given back would name a role that is gone, without a tag by which anybody could find it.
#[test]
fn an_adopted_association_does_not_outlive_the_role_that_it_binds() {
    let tenant = "unbound";
    let world = World::new(tenant);
    world.kubectl(&["create", "namespace", "mcp-unbound"]);
    let body = json!({"namespace": "mcp-unbound", "serviceAccount": "mcp-server",
        "roleArn": "arn:aws:iam::111122223333:role/theirs"});
    let adopt = ["tenant", "add", tenant, "--adopt", "--wait", "applied"];
    let remove = ["tenant", "remove", tenant, "--yes"];
    for more in [&[][..], &["--only", "aws"]] {
        world.associate(body.clone());
        let _ = world.mcpctl(&adopt).expect(0);
        let rehearsal = [&remove[..2], &[tenant, "--dry-run"], more].concat();
        let rehearsal = world.mcpctl(&rehearsal).expect(0).stdout;
        for goes in ["- PodIdentityAssociation unbound", "- Role unbound"] {
            assert!(rehearsal.contains(goes), "no `{goes}`: {rehearsal}");
        }
        let _ = world.mcpctl(&[&remove[..], more].concat()).expect(0);
        assert!(world.associations().is_empty());
        world.kubectl(&["get", "namespace", "mcp-unbound"]);
    }
}
