//! A tenant's public host: who holds it, and what it takes to change it.

use crate::world::World;

/// What a command of kubectl prints of the tenant's namespace.
fn in_namespace(world: &World<'_>, tenant: &str, args: &[&str]) -> String {
    let namespace = format!("mcp-{tenant}");
    world.kubectl(&[&["-n", namespace.as_str()], args].concat())
}

fn ingress_host(world: &World<'_>, tenant: &str) -> String {
    let path = "jsonpath={.spec.rules[*].host}";
    in_namespace(world, tenant, &["get", "ingress", "mcp-server", "-o", path])
}

/// Nothing differs, for `add` and `diff`, and the status is as it should be.
#[track_caller]
fn settled(world: &World<'_>, tenant: &str) {
    let _ = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
    let again = world.mcpctl(&["tenant", "add", tenant]).expect(0);
    let _ = again.says(&["nothing to do"]);
    let status = world.mcpctl(&["tenant", "status", tenant, "-o", "json"]);
    let status: serde_json::Value =
        serde_json::from_str(&status.expect(0).stdout).expect("a status");
    assert_eq!(status["state"], "ok", "{status:#}");
}

#[test]
fn a_host_changes_and_changes_back() {
    let world = World::new("moving");
    let _ = world.mcpctl(&["tenant", "add", "moving"]).expect(0);
    let first = ingress_host(&world, "moving");
    let second = "second.moving.example.com";
    let set = format!("host={second}");
    let verbs: [(&str, &[&str]); 2] = [(&set, &[]), ("host=null", &["--only", "kubernetes"])];
    for ((set, only), host) in verbs.into_iter().zip([second, first.as_str()]) {
        let args = |verb| [&["tenant", verb, "moving", "--set", set], only].concat();
        let diff = world.mcpctl(&args("diff")).expect(1);
        for line in ["annotations[mcpctl.dev/host]", "spec.rules"] {
            assert!(
                diff.stdout.contains(line) && diff.stdout.contains(host),
                "{line}: {diff}"
            );
        }
        let _ = world.mcpctl(&args("add")).expect(0);
        assert_eq!(ingress_host(&world, "moving"), host);
        settled(&world, "moving");
    }
}

/// What another pending change makes room for is not judged by what there is before it.
#[test]
fn quota_pod_security_and_server_change_together() {
    let world = World::new("together");
    world.settings(
        "defaults: {image: registry.example/mcp:1}",
        "defaults: {image: registry.example/mcp:1}\n\
         tiers: {big: {replicas: 4, resources: {requests: {cpu: \"2\", memory: 4Gi}, limits: {cpu: \"2\", memory: 4Gi}}}}",
    );
    let _ = world.mcpctl(&["tenant", "add", "together"]).expect(0);
    let change = |tier: &str, security: &str, host: &str| {
        let sets = [
            format!("tier={tier}"),
            format!("security.podSecurity={security}"),
            format!("host={host}"),
        ];
        for (verb, code) in [("diff", 1), ("add", 0)] {
            let sets = sets.iter().flat_map(|set| ["--set", set]);
            let args: Vec<&str> = ["tenant", verb, "together"]
                .into_iter()
                .chain(sets)
                .collect();
            let _ = world.mcpctl(&args).expect(code);
        }
        settled(&world, "together");
    };
    change("big", "baseline", "x.together.example.com");
    // The large pod runs until the small one does, and the small one needs room beside it.
    change("null", "null", "null");
}

/// That the host is about to change excuses nothing else.
#[test]
fn what_else_is_refused_is_refused_beside_a_change_of_the_host() {
    let world = World::new("excused");
    let _ = world.mcpctl(&["tenant", "add", "excused"]).expect(0);
    let _ = world.mcpctl(&["template", "export", "own"]).expect(0);
    let file = world.dir.join("own/tenant/ingress.yaml.j2");
    let text = std::fs::read_to_string(&file).expect("a template");
    let shared = "  annotations:\n    alb.ingress.kubernetes.io/group.order: \"1\"\n";
    std::fs::write(&file, text.replacen("  annotations:\n", shared, 1)).expect("a template");
    world.settings("identity: {", "templates: own\nidentity: {");
    let set = ["--set", "host=other.excused.example.com"];
    for verb in ["diff", "add"] {
        let args = [&["tenant", verb, "excused"][..], &set].concat();
        let refused = world.mcpctl(&args);
        assert!(![0, 1].contains(&refused.code), "{refused}");
        let _ = refused.says(&["none of the shared load balancer"]);
    }
    assert_ne!(ingress_host(&world, "excused"), "other.excused.example.com");
}

/// A tenant has its host from when its namespace says so, whatever became of its Ingress.
#[test]
fn a_host_is_held_by_the_namespace_that_says_it() {
    let world = World::new("claims");
    let host = "mine.claims.example.com";
    let set = format!("host={host}");
    let add = |tenant| world.mcpctl(&["tenant", "add", tenant, "--set", &set]);
    let _ = add("claims-one").expect(0);
    in_namespace(&world, "claims-one", &["delete", "ingress", "mcp-server"]);
    let _ = world.mcpctl(&["tenant", "add", "claims-two"]).expect(0);
    let held = format!("host {host} is held by Namespace mcp-claims-one");
    for tenant in ["claims-two", "claims-three"] {
        let _ = add(tenant).expect(3).says(&[&held, "nothing was written"]);
    }
    let diff = ["tenant", "diff", "claims-two", "--set", &set];
    let _ = world.mcpctl(&diff).expect(3).says(&[&held]);
    // Its own tenant makes the Ingress anew, and then that holds it.
    let _ = add("claims-one").expect(0);
    settled(&world, "claims-one");
    let held = format!("host {host} is held by Ingress mcp-claims-one/mcp-server");
    let _ = world.mcpctl(&diff).expect(3).says(&[&held]);
    world.settings("maxPerGroup: 1000", "maxPerGroup: 1");
    world.write(
        "three.yaml",
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: claims-three}\nspec: {}\n",
    );
    let full = world.mcpctl(&["tenant", "diff", "-f", "three.yaml"]);
    let _ = full.expect(3).says(&["ingress.maxPerGroup is 1"]);
    settled(&world, "claims-two");
}
