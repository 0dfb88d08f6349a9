//! The optional admission policy: the tool's users stay in tenants' namespaces, and every verb works, ACK's way too.

use std::collections::BTreeSet;

use super::{
    cluster::{self, Cluster, User},
    rules,
};
use crate::world::Run;

/// What the policy says to a write of the tool's user, by kubectl's arguments.
const OUTSIDE: &[(&str, &str)] = &[
    ("create namespace other", "namespaces of tenants only"),
    ("delete namespace team", "namespaces of tenants only"),
    (
        "label namespace team mcpctl.dev/tenant=x",
        "namespaces of tenants only",
    ),
    (
        "label namespace kube-system mcpctl.dev/tenant=x",
        "namespaces of tenants only",
    ),
    (
        "-n default create serviceaccount x",
        "in namespaces of tenants only",
    ),
    (
        "-n kube-system create configmap x",
        "in namespaces of tenants only",
    ),
    (
        "-n team delete configmap theirs",
        "in namespaces of tenants only",
    ),
    (
        "-n team annotate configmap theirs a=b",
        "in namespaces of tenants only",
    ),
    (
        "create clusterrole x --verb=get --resource=pods",
        "no other object of the whole cluster",
    ),
];

#[test]
fn the_tool_is_kept_to_tenants_namespaces_and_every_verb_works() {
    let sandbox = cluster::sandbox();
    let names = "mcpctl-name-contents";
    let roles: &[&str] = &["mcpctl-read", "mcpctl-tenants", "mcpctl-platform", names];
    let cluster = Cluster::new(
        &sandbox,
        "walled",
        &[("mcpctl", roles), ("readers", &["mcpctl-read"])],
    );
    let tool = cluster.user("tool", "mcpctl");
    // Who is in the group and may do anything, so that it is not RBAC that refuses.
    let strong = |args: &str| {
        let mut kubectl = sandbox.kubectl();
        kubectl.args("--as strong --as-group mcpctl --as-group system:masters".split(' '));
        Run::of(kubectl.args(args.split(' ')))
    };
    let _ = tool.run("platform apply").expect(0);
    cluster.world.kubectl(&["create", "namespace", "team"]);
    cluster
        .world
        .kubectl(&["-n", "team", "create", "configmap", "theirs"]);
    let existing = ["mcp-kept", "mcp-later"];
    for name in existing {
        cluster.world.kubectl(&["create", "namespace", name]);
    }
    let _ = tool.run("tenant add kept --adopt").expect(0);
    cluster.apply("admission-policy.yaml");
    let probe = "create namespace probe --dry-run=server";
    crate::pace::wait_until(|| strong(probe).code != 0);

    let _ = tool.run("tenant add first").expect(0);
    for (write, why) in OUTSIDE {
        let _ = strong(write).expect(1).says(&["mcpctl-writes", why]);
    }
    let _ = strong("-n mcp-first create configmap x").expect(0);
    let _ = tool.run("tenant add first --set replicas=2").expect(0);
    let _ = tool.run("tenant diff first").expect(0);
    let _ = tool.run("tenant remove first --yes").expect(0);
    taking_over(&cluster, &tool);
    by_ack(&cluster, &tool);
    let certificate =
        "ingress: {certificateArns: ['arn:aws:acm:eu-west-1:111122223333:certificate/x'], ";
    cluster.world.settings("ingress: {", certificate);
    let _ = tool.run("platform apply").expect(0).says(&["1 changed"]);
    let _ = tool.run("platform remove --yes").expect(0);
    // One was refused for the namespace that is nobody's tenant; all else went through.
    let refused = tool.refused();
    assert!(
        refused
            .iter()
            .all(|request| request.contains("/namespaces/mcp-later")),
        "{refused:?}"
    );
}

/// What is nobody's tenant is not written, so it cannot become one.
fn taking_over(cluster: &Cluster<'_>, tool: &User<'_>) {
    let _ = tool
        .run("tenant add later --adopt")
        .expect(6)
        .says(&["mcpctl-writes", "namespaces of tenants only"]);
    let _ = tool
        .run("tenant remove kept --yes")
        .expect(0)
        .says(&["Namespace mcp-kept given back"]);
    let left = cluster
        .world
        .kubectl(&["-n", "mcp-kept", "get", "leases", "-o", "name"]);
    assert_eq!(left, "", "the lock stays");
}

/// Role and association in the hands of ACK, with the two `ClusterRoles` for them in `mcpctl-system`.
fn by_ack(cluster: &Cluster<'_>, tool: &User<'_>) {
    let reader = cluster.user("ack-reader", "readers");
    for (group, role) in [
        ("mcpctl", "mcpctl-ack-read"),
        ("mcpctl", "mcpctl-ack"),
        ("readers", "mcpctl-ack-read"),
    ] {
        cluster.bind("-n mcpctl-system create rolebinding", group, role);
    }
    let ack = "region: eu-west-1, accountId: \"111122223333\"}\naws: ack";
    cluster.world.settings("region: eu-west-1}", ack);
    let _ = tool.run("tenant add second").expect(0);
    let policy = crate::world::POLICY.replace("s3:GetObject", "s3:PutObject");
    cluster.world.write("policy.json", &policy);
    let _ = tool.run("tenant add second").expect(0);
    for verb in [
        "tenant diff second",
        "tenant status second",
        "tenant list",
        "tenant list --orphans",
    ] {
        let _ = reader.run(verb).expect(0);
    }
    let _ = tool.run("tenant remove second --yes").expect(0);
    assert_eq!(reader.refused(), Vec::<String>::new());
    let used = rules::used(&tool.requests());
    for (role, used) in [
        ("mcpctl-ack", &used),
        ("mcpctl-ack-read", &rules::used(&reader.requests())),
    ] {
        let granted = rules::granted(&cluster.world, role);
        let surplus: BTreeSet<_> = granted.difference(used).collect();
        assert!(
            surplus.is_empty(),
            "{role} allows more than is used: {surplus:?}"
        );
    }
    cluster.world.settings("\naws: ack", "\naws: direct");
}
