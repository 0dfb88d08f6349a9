//! Removal: the exact inverse of add, whatever is left of the tenant.

use crate::world::World;

fn nothing_is_left(world: &World<'_>, tenant: &str) {
    let namespaces = world.kubectl(&[
        "get",
        "namespaces",
        "-l",
        &format!("mcpctl.dev/tenant={tenant}"),
        "-o",
        "name",
    ]);
    assert_eq!(namespaces, "");
    let path = format!("/mcpctl/{}/", world.cluster);
    let roles = world
        .sandbox
        .aws_iam(&[("Action", "ListRoles"), ("PathPrefix", &path)])
        .expect("ListRoles");
    assert!(!roles.contains("<RoleName>"), "{roles}");
    let associations = world.associations();
    assert!(associations.is_empty(), "{associations:?}");
}

/// Deletes the cluster's one role with its policy, as somebody would who cleans up in IAM.
fn remove_role(world: &World<'_>) {
    let path = format!("/mcpctl/{}/", world.cluster);
    let call = [("Action", "ListRoles"), ("PathPrefix", path.as_str())];
    let roles = world.sandbox.aws_iam(&call).expect("ListRoles");
    let name = roles
        .split("<RoleName>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    let name = name.expect("a role");
    let policy = [
        ("Action", "DeleteRolePolicy"),
        ("RoleName", name),
        ("PolicyName", "mcpctl"),
    ];
    world.sandbox.aws_iam(&policy).expect("DeleteRolePolicy");
    let role = [("Action", "DeleteRole"), ("RoleName", name)];
    world.sandbox.aws_iam(&role).expect("DeleteRole");
}

#[test]
fn every_part_may_be_gone_already() {
    let world = World::new("parts");
    let remove_association = |world: &World<'_>| world.delete_association(&world.association_id());
    let remove_namespace =
        |world: &World<'_>| drop(world.kubectl(&["delete", "namespace", "mcp-parts"]));
    let remove_deployment = |world: &World<'_>| {
        drop(world.kubectl(&["-n", "mcp-parts", "delete", "deployment", "mcp-server"]));
    };
    // Other names are looked for only where the namespace cannot tell them.
    let (named, all) = (
        "nothing of it is left under its names on cluster",
        "nothing of it is left on cluster",
    );
    let losses: [&dyn Fn(&World<'_>); 4] = [
        &remove_role,
        &remove_association,
        &remove_deployment,
        &remove_namespace,
    ];
    for (loss, said) in losses.into_iter().zip([named, named, named, all]) {
        let _ = world.mcpctl(&["tenant", "add", "parts"]).expect(0);
        loss(&world);
        let _ = world
            .mcpctl(&["tenant", "remove", "parts", "--yes"])
            .expect(0)
            .says(&[said]);
        nothing_is_left(&world, "parts");
    }
    let _ = world
        .mcpctl(&["tenant", "remove", "parts"])
        .expect(0)
        .says(&["is not known", "nothing to remove"]);
}

#[test]
fn a_dry_run_shows_what_will_go_and_deletes_nothing() {
    let world = World::new("rehearsal");
    let _ = world.mcpctl(&["tenant", "add", "rehearsal"]).expect(0);
    let shown = world
        .mcpctl(&["tenant", "remove", "rehearsal", "--dry-run"])
        .expect(0);
    for line in [
        "- Ingress mcp-rehearsal/mcp-server",
        "- Role rehearsal",
        "- Namespace mcp-rehearsal",
        "(with its namespace)",
    ] {
        assert!(shown.stdout.contains(line), "{shown}");
    }
    let _ = world.mcpctl(&["tenant", "diff", "rehearsal"]).expect(0);
}

#[test]
fn without_a_terminal_it_wants_yes() {
    let world = World::new("unasked");
    let _ = world.mcpctl(&["tenant", "add", "unasked"]).expect(0);
    let _ = world
        .mcpctl(&["tenant", "remove", "unasked"])
        .expect(2)
        .says(&["--yes"]);
    let _ = world.mcpctl(&["tenant", "diff", "unasked"]).expect(0);
}

#[test]
fn what_is_protected_stays() {
    let world = World::new("protected");
    let _ = world
        .mcpctl(&["tenant", "add", "protected", "--set", "protected=true"])
        .expect(0);
    let _ = world
        .mcpctl(&["tenant", "remove", "protected", "--yes"])
        .expect(3)
        .says(&["protected", "--set protected=false"]);
    let _ = world
        .mcpctl(&["tenant", "add", "protected", "--set", "protected=false"])
        .expect(0);
    let _ = world
        .mcpctl(&["tenant", "remove", "protected", "--yes"])
        .expect(0);
    nothing_is_left(&world, "protected");
}

#[test]
fn what_a_tier_or_the_defaults_protect_stays() {
    let world = World::new("sheltered");
    let remove =
        |only: &[&str]| world.mcpctl(&[&["tenant", "remove", "sheltered", "--yes"], only].concat());
    let kubernetes = ["--only", "kubernetes"];
    let defaults = "defaults: {image: registry.example/mcp:1}";
    let protected = "defaults: {image: registry.example/mcp:1, protected: true}";
    let _ = world.mcpctl(&["tenant", "add", "sheltered"]).expect(0);
    // Whether the tenant was added before or after they said so.
    world.settings(defaults, protected);
    for only in [&kubernetes[..], &[]] {
        let refused = remove(only).expect(3);
        let _ = refused.says(&["the tenant is protected", "--set protected=false"]);
    }
    let _ = world.mcpctl(&["tenant", "add", "sheltered"]).expect(0);
    let _ = remove(&kubernetes)
        .expect(3)
        .says(&["the tenant is protected"]);
    world.settings(
        protected,
        &format!("{defaults}\ntiers: {{gold: {{protected: true}}}}"),
    );
    let tier = ["tenant", "add", "sheltered", "--tier", "gold"];
    let _ = world.mcpctl(&tier).expect(0);
    let _ = remove(&kubernetes)
        .expect(3)
        .says(&["the tenant is protected"]);
    // The tier is gone, and with it who could tell.
    world.settings("{gold: {protected: true}}", "{}");
    let refused = remove(&kubernetes).expect(3);
    let _ = refused.says(&["whether the tenant is protected", "there is no tier `gold`"]);
    let _ = world
        .mcpctl(&["tenant", "add", "sheltered", "--tier", "small"])
        .expect(0);
    let _ = remove(&kubernetes).expect(0);
    let _ = remove(&[]).expect(0);
    nothing_is_left(&world, "sheltered");
}

#[test]
fn a_tier_that_is_gone_keeps_nobody_whose_role_says_that_nothing_is_protected() {
    let world = World::new("tierless");
    world.settings("defaults:", "tiers: {gold: {replicas: 2}}\ndefaults:");
    let tier = ["tenant", "add", "tierless", "--tier", "gold"];
    let _ = world.mcpctl(&tier).expect(0);
    world.settings("{gold: {replicas: 2}}", "{}");
    let remove = ["tenant", "remove", "tierless", "--yes"];
    let _ = world.mcpctl(&remove).expect(0);
    nothing_is_left(&world, "tierless");
}

#[test]
fn what_others_put_into_the_namespace_is_not_deleted_with_it() {
    let world = World::new("guests");
    let _ = world.mcpctl(&["tenant", "add", "guests"]).expect(0);
    let claim = r#"{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"diary","namespace":"mcp-guests"},
        "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}"#;
    let file = world.write("claim.json", claim);
    world.kubectl(&["create", "-f", &file.display().to_string()]);
    let _ = world
        .mcpctl(&["tenant", "remove", "guests", "--yes"])
        .expect(3)
        .says(&[
            "PersistentVolumeClaim mcp-guests/diary: is not ours",
            "--with-contents",
        ]);
    let _ = world.mcpctl(&["tenant", "diff", "guests"]).expect(0);
    let with_contents =
        |more: &str| world.mcpctl(&["tenant", "remove", "guests", "--with-contents", more]);
    let shown = with_contents("--dry-run").expect(0).stdout;
    let line = "- PersistentVolumeClaim mcp-guests/diary (not ours; goes with the namespace)";
    assert!(shown.contains(line), "{shown}");
    let _ = with_contents("--yes").expect(0);
    nothing_is_left(&world, "guests");
}

#[test]
fn a_finalizer_that_stays_is_named_and_the_same_command_resumes() {
    let world = World::new("stuck");
    let _ = world.mcpctl(&["tenant", "add", "stuck"]).expect(0);
    world.sandbox.hold_ingress("mcp-stuck", true);
    let remove = ["tenant", "remove", "stuck", "--yes", "--timeout", "5s"];
    let blocked = world.mcpctl(&remove).expect(4);
    let blocked = blocked.says(&[
        "Ingress mcp-stuck/mcp-server",
        "finalizer group.ingress.k8s.aws/mcp",
        "same command",
    ]);
    // The tenant is disarmed all the same.
    let stands = blocked
        .stderr
        .lines()
        .find(|line| line.contains("stands: deleted"));
    let gone = [
        "Ingress mcp-stuck/mcp-server",
        "Deployment mcp-stuck/mcp-server",
        "PodIdentityAssociation",
        "Role",
    ];
    let all = |line: &str| gone.iter().all(|id| line.contains(id));
    assert!(stands.is_some_and(all), "{blocked}");
    world.sandbox.hold_ingress("mcp-stuck", false);
    let _ = world
        .mcpctl(&["tenant", "remove", "stuck", "--yes"])
        .expect(0);
    nothing_is_left(&world, "stuck");
}

#[test]
fn a_namespace_that_does_not_go_says_by_which_condition() {
    let world = World::new("clinging");
    let _ = world.mcpctl(&["tenant", "add", "clinging"]).expect(0);
    let held = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","namespace":"mcp-clinging","finalizers":["example.com/never"]}}"#;
    let file = world.write("held.json", held);
    world.kubectl(&["create", "-f", &file.display().to_string()]);
    let remove = ["tenant", "remove", "clinging", "--yes", "--timeout"];
    let _ = world.mcpctl(&[&remove[..], &["10s"]].concat()).expect(4);
    let looked = "--for=condition=NamespaceFinalizersRemaining";
    world.kubectl(&["wait", "namespace/mcp-clinging", looked, "--timeout=60s"]);
    let again = world.mcpctl(&[&remove[..], &["3s"]].concat());
    let _ = again.expect(4).says(&[
        "Namespace mcp-clinging is still being deleted",
        "NamespaceFinalizersRemaining",
        "example.com/never",
    ]);
    world.kubectl(&[
        "-n",
        "mcp-clinging",
        "patch",
        "configmap",
        "held",
        "--type=json",
        "-p",
        r#"[{"op":"remove","path":"/metadata/finalizers"}]"#,
    ]);
    let _ = world
        .mcpctl(&["tenant", "remove", "clinging", "--yes"])
        .expect(0);
    nothing_is_left(&world, "clinging");
}
