//! Every verb under its `ClusterRole`, and every rule of a `ClusterRole` made use of.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::Stdio,
    time::Duration,
};

use super::{
    cluster::{self, Cluster, User},
    own_templates,
    rules::{self, Rule},
};
use crate::{completion::tab, world::Run};

/// Their `get` tells what came of a write that somebody else overtook: it takes a race to need it.
const WRITTEN: [&str; 14] = [
    "configmaps",
    "deployments",
    "horizontalpodautoscalers",
    "ingressclasses",
    "ingressclassparams",
    "ingresses",
    "limitranges",
    "networkpolicies",
    "poddisruptionbudgets",
    "resourcequotas",
    "serviceaccounts",
    "services",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
];

fn takes_a_race((_, resource, verb): &Rule) -> bool {
    verb == "get" && WRITTEN.contains(&resource.as_str())
}

#[test]
fn every_verb_runs_under_its_cluster_role_and_needs_all_of_it() {
    let sandbox = cluster::sandbox();
    let names = "mcpctl-name-contents";
    let cluster = Cluster::new(
        &sandbox,
        "rbac",
        &[
            ("readers", &["mcpctl-read"]),
            ("tenants", &["mcpctl-read", "mcpctl-tenants", names]),
            ("platform", &["mcpctl-read", "mcpctl-platform", names]),
            ("least", &["mcpctl-read", "mcpctl-tenants"]),
            ("own", &["mcpctl-read", "mcpctl-tenants", names]),
            (
                "verifiers",
                &["mcpctl-read", "mcpctl-tenants", "mcpctl-verify", names],
            ),
        ],
    );
    let reader = cluster.user("reader", "readers");
    let tool = cluster.user("tool", "tenants");
    let keeper = cluster.user("keeper", "platform");

    make_the_platform(&keeper);
    asked_aws_for(&cluster, 0, &["DescribeCluster"]);
    take_over_and_give_back(&cluster, &tool);
    without_names(&cluster);
    live(&cluster, &tool);
    look(&cluster, &reader);
    find_out_why(&cluster, &tool);
    remove(&cluster, &tool, &reader);
    own_templates::run(&cluster);
    let verifier = cluster.user("verifier", "verifiers");
    verify(&cluster, &verifier);
    let before = cluster.world.aws_calls().len();
    remove_the_platform(&cluster, &keeper);
    let asked = [
        "DescribeCluster",
        "ListPodIdentityAssociations",
        "ListRoles",
    ];
    asked_aws_for(&cluster, before, &asked);

    for user in [&tool, &keeper, &verifier] {
        assert_eq!(user.refused(), Vec::<String>::new());
    }
    // Only the dry runs of what differs, which a reader may not ask for.
    let dry = |request: &String| request.starts_with("patch ") && request.contains("dryRun=All");
    let refused = reader.refused();
    assert!(
        refused.iter().all(dry) && !refused.is_empty(),
        "{refused:?}"
    );

    let used = |user: &User<'_>| rules::used(&user.requests());
    all_is_used(&cluster, "mcpctl-read", &used(&reader));
    all_is_used(&cluster, "mcpctl-tenants", &used(&tool));
    all_is_used(&cluster, "mcpctl-platform", &used(&keeper));
    all_is_used(&cluster, names, &used(&tool));
    all_is_used(&cluster, "mcpctl-verify", &used(&verifier));
}

fn verify(cluster: &Cluster<'_>, tool: &User<'_>) {
    let image = "identity: {verifyImage: registry.example/aws-cli:2, ";
    cluster.world.settings("identity: {", image);
    let said = ["runs as role verified-"];
    let _ = tool
        .run("tenant add verified --verify-identity")
        .expect(0)
        .says(&said);
    let _ = tool.run("tenant remove verified --yes").expect(0);
}

#[track_caller]
pub(super) fn all_is_used(cluster: &Cluster<'_>, role: &str, used: &BTreeSet<Rule>) {
    let granted = rules::granted(&cluster.world, role);
    let surplus: Vec<_> = granted
        .difference(used)
        .filter(|rule| !takes_a_race(rule))
        .collect();
    assert!(
        surplus.is_empty(),
        "{role} allows more than is used: {surplus:?}"
    );
}

/// What the page says of the platform's verbs.
#[track_caller]
fn asked_aws_for(cluster: &Cluster<'_>, since: usize, operations: &[&str]) {
    let calls = cluster.world.aws_calls().split_off(since);
    let asked: BTreeSet<_> = calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(asked, operations.iter().copied().collect());
}

/// A lock whose holder died.
fn leave_a_lock(cluster: &Cluster<'_>, namespace: &str) {
    let lease = format!(
        r#"{{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {{"name": "mcpctl", "namespace": "{namespace}"}},
        "spec": {{"holderIdentity": "dead", "leaseDurationSeconds": 30, "renewTime": "2020-01-01T00:00:00.000000Z"}}}}"#
    );
    let file = cluster.world.write("lease.json", &lease);
    cluster
        .world
        .kubectl(&["apply", "-f", &file.display().to_string()]);
}

fn make_the_platform(keeper: &User<'_>) {
    let _ = keeper.run("platform render").expect(0);
    let _ = keeper.run("platform diff").expect(1);
    let _ = keeper.run("platform apply").expect(0);
    let _ = keeper
        .run("platform apply")
        .expect(0)
        .says(&["nothing to do"]);
}

fn remove_the_platform(cluster: &Cluster<'_>, keeper: &User<'_>) {
    let certificate =
        "ingress: {certificateArns: ['arn:aws:acm:eu-west-1:111122223333:certificate/x'], ";
    cluster.world.settings("ingress: {", certificate);
    leave_a_lock(cluster, "mcpctl-system");
    let _ = keeper.run("platform apply").expect(0).says(&["1 changed"]);
    let _ = keeper.run("platform remove --yes").expect(0);
}

/// Each object goes by itself where the namespace stays.
fn take_over_and_give_back(cluster: &Cluster<'_>, tool: &User<'_>) {
    cluster.world.kubectl(&["create", "namespace", "mcp-taken"]);
    let _ = tool.run("tenant add taken --adopt").expect(0);
    let _ = tool
        .run("tenant remove taken --yes")
        .expect(0)
        .says(&["given back"]);
}

/// What only names things in a removal is not needed for it.
fn without_names(cluster: &Cluster<'_>) {
    let least = cluster.user("least", "least");
    let _ = least.run("tenant add delta").expect(0);
    let _ = least.run("tenant remove delta --yes").expect(0);
    let optional = ["configmaps", "secrets", "rolebindings", "roles"];
    let optional = |request: &String| {
        let of_kind = |kind| request.starts_with("list ") && request.contains(kind);
        optional.into_iter().any(of_kind)
    };
    let refused = least.refused();
    assert!(
        refused.iter().all(optional) && refused.len() == 4,
        "{refused:?}"
    );
}

fn live(cluster: &Cluster<'_>, tool: &User<'_>) {
    let _ = tool.run("tenant add alpha").expect(0);
    let _ = tool
        .run("tenant add alpha")
        .expect(0)
        .says(&["nothing to do"]);
    leave_a_lock(cluster, "mcp-alpha");
    let _ = tool
        .run("tenant add alpha --set replicas=2 --tier large")
        .expect(0);
    for object in [
        "service",
        "serviceaccount",
        "poddisruptionbudget",
        "networkpolicy",
    ] {
        cluster
            .world
            .kubectl(&["-n", "mcp-alpha", "delete", object, "--all"]);
    }
    let _ = tool.run("tenant add alpha").expect(0);
}

/// What a reader does, on a tenant that somebody changed.
fn look(cluster: &Cluster<'_>, reader: &User<'_>) {
    for verb in [
        "tenant diff alpha",
        "tenant diff --all",
        "tenant status alpha",
        "tenant show alpha",
        "tenant list",
        "tenant list -o wide",
        "tenant list --orphans",
        "platform diff",
    ] {
        let _ = reader.run(verb).expect(0);
    }
    let offered = tab(&reader.command("tenant"), "mcpctl tenant diff al");
    assert_eq!(offered.stdout, "alpha\n", "{offered}");
    by_eks(cluster);
    cluster.world.kubectl(&[
        "-n",
        "mcp-alpha",
        "scale",
        "deployment/mcp-server",
        "--replicas=1",
    ]);
    let _ = reader.run("tenant diff alpha").expect(1).says(&[
        "not allowed to ask whether the API server would leave something as it is",
        "cannot patch resource \"deployments\"",
    ]);
    let _ = reader.run("tenant add alpha --set replicas=3").expect(6);
}

/// Without a kubeconfig it takes an access entry with the same group, and no more.
fn by_eks(cluster: &Cluster<'_>) {
    let world = &cluster.world;
    let sandbox = world.sandbox;
    sandbox.access_entry(&world.access_key, "by-eks", &["readers"]);
    let mut list = world.command(&["tenant", "list", "-o", "name"]);
    let run = Run::of(list.env("KUBECONFIG", "/dev/null")).expect(0);
    assert!(run.stdout.contains("alpha"), "{run}");
    let asked = sandbox.audit("by-eks").expect("the audit log");
    assert!(!asked.is_empty() && asked.iter().all(|request| request.code == 200));
}

fn find_out_why(cluster: &Cluster<'_>, tool: &User<'_>) {
    let mut failing = tool.command("tenant add beta --set");
    failing.arg("annotations={sandbox.test/state: CrashLoopBackOff}");
    let _ = Run::of(&mut failing)
        .expect(4)
        .says(&["log of the last instance"]);
    cluster
        .world
        .sandbox
        .webhook_delay("mcp-gamma", Duration::from_hours(1));
    let _ = tool
        .run("tenant add gamma --timeout 4s")
        .expect(4)
        .says(&["webhook configuration, nodes"]);
}

fn remove(cluster: &Cluster<'_>, tool: &User<'_>, reader: &User<'_>) {
    let _ = tool.run("tenant remove gamma --yes").expect(0);
    let _ = tool.run("tenant remove beta --yes").expect(0);
    let mut watch = reader.command("tenant status alpha --watch -o json");
    let mut watch = watch
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a watch");
    let mut out = BufReader::new(watch.stdout.take().expect("stdout is piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a first document");
    cluster.world.kubectl(&[
        "-n",
        "mcp-alpha",
        "create",
        "deployment",
        "shop",
        "--image=registry.example/shop:1",
    ]);
    let _ = tool
        .run("tenant remove alpha --yes")
        .expect(3)
        .says(&["Deployment mcp-alpha/shop"]);
    let _ = tool
        .run("tenant remove alpha --yes --with-contents")
        .expect(0);
    let rest: Vec<_> = out.lines().map_while(Result::ok).collect();
    let ended = Run::at_end_of(watch);
    let _ = ended.expect(0).says(&["is gone"]);
    drop(rest);
}
