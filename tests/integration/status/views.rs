//! Tenants of which something is missing, and callers who may not see everything.

use serde_json::json;

use super::{list::list, shows, status, text};
use crate::world::{Run, World};

/// What list and status call a tenant; they must agree.
fn state(world: &World<'_>, tenant: &str) -> String {
    let document = status(world, tenant);
    let list = list(world);
    let items = list["items"].as_array().expect("items").iter();
    let item = items.into_iter().find(|item| item["name"] == tenant);
    let item = item.unwrap_or_else(|| panic!("{tenant} is not in {list:#}"));
    assert_eq!(item["state"], document["state"], "{document:#}");
    document["state"].as_str().expect("a state").to_string()
}

#[test]
fn one_half_alone() {
    let world = World::new("halved");
    let add = |only: &str| {
        let args = [
            "tenant", "add", "halved", "--only", only, "--wait", "applied",
        ];
        let _ = world.mcpctl(&args).expect(0);
    };
    add("aws");
    assert_eq!(state(&world, "halved"), "noNamespace");
    shows(
        &text(&world, "halved"),
        &[
            "state        no namespace\n",
            "kubernetes   missing\n",
            "aws          present\n",
            "role         arn:",
        ],
    );
    add("kubernetes");
    world.delete_association(&world.association_id());
    assert_eq!(state(&world, "halved"), "noAssociation");
    shows(
        &text(&world, "halved"),
        &[
            "association  missing\n",
            "aws          in part, 1 change\n  ~ create PodIdentityAssociation halved\n",
        ],
    );
    let only = ["tenant", "status", "halved", "--only", "kubernetes"];
    let before = world.aws_calls().len();
    shows(
        &world.mcpctl(&only).expect(0).stdout,
        &["aws          not asked\n", "role         not asked\n"],
    );
    assert_eq!(world.aws_calls().len(), before, "AWS was called");
    let only = ["tenant", "status", "halved", "--only", "aws"];
    shows(
        &world.mcpctl(&only).expect(0).stdout,
        &["kubernetes   not asked\n"],
    );
    let remove = ["tenant", "remove", "halved", "--only", "aws", "--yes"];
    let _ = world.mcpctl(&remove).expect(0);
    assert_eq!(state(&world, "halved"), "noRole");
}

#[test]
fn a_tenant_that_cannot_go() {
    let world = World::new("leaving");
    let _ = world.mcpctl(&["tenant", "add", "leaving"]).expect(0);
    world.sandbox.hold_ingress("mcp-leaving", true);
    world.kubectl(&["delete", "namespace", "mcp-leaving", "--wait=false"]);
    let remaining =
        r#"jsonpath={.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].status}=True"#;
    world.kubectl(&[
        "wait",
        "namespace/mcp-leaving",
        "--for",
        remaining,
        "--timeout=60s",
    ]);
    assert_eq!(state(&world, "leaving"), "removing");
    shows(
        &text(&world, "leaving"),
        &[
            "state        removing\n",
            "problem      Namespace mcp-leaving is being deleted: Some content",
            "group.ingress.k8s.aws/",
            "kubernetes   being deleted\n",
            "aws          present\n",
        ],
    );
    world.sandbox.hold_ingress("mcp-leaving", false);
    let _ = world
        .mcpctl(&["tenant", "remove", "leaving", "--yes"])
        .expect(0);
}

#[test]
fn records_that_are_edited_lost_or_outdated() {
    let world = World::new("records");
    world.settings("defaults:", "tiers: {big: {replicas: 2}}\ndefaults:");
    let add = [
        "tenant", "add", "records", "--wait", "applied", "--tier", "big",
    ];
    let _ = world.mcpctl(&add).expect(0);
    world.settings("tiers: {big: {replicas: 2}}\n", "");
    shows(
        &text(&world, "records"),
        &[
            "problem      ",
            "there is no tier `big`",
            "kubernetes   present\n",
        ],
    );
    let annotate = |change: &str| {
        world.kubectl(&[
            "annotate",
            "--overwrite",
            "namespace",
            "mcp-records",
            change,
        ])
    };
    annotate("mcpctl.dev/input={}");
    assert_eq!(state(&world, "records"), "brokenRecord");
    shows(
        &text(&world, "records"),
        &[
            "state        broken record\n",
            "mcpctl.dev/input was edited by hand",
            "last written by kubectl",
        ],
    );
    annotate("mcpctl.dev/input-");
    assert_eq!(state(&world, "records"), "noRecord");
    shows(
        &text(&world, "records"),
        &["state        no record\n", "pod          mcp-server-"],
    );
}

#[test]
fn namespaces_of_others() {
    let world = World::new("others");
    let unknown = |tenant: &str| {
        let run = world.mcpctl(&["tenant", "status", tenant]).expect(2);
        assert_eq!(run.stdout, "");
        let _ = run.says(&[
            &format!("tenant `{tenant}` is not known on cluster others"),
            "mcpctl tenant list",
        ]);
    };
    unknown("others");
    world.kubectl(&["create", "namespace", "mcp-others"]);
    unknown("others");
    world.kubectl(&[
        "label",
        "namespace",
        "mcp-others",
        "mcpctl.dev/tenant=others",
    ]);
    assert_eq!(state(&world, "others"), "notOurs");
    shows(
        &text(&world, "others"),
        &["state        not ours\n", "kubernetes   not ours\n"],
    );
}

/// A kubeconfig of somebody who may read what a tenant consists of, and neither events nor the load balancer
/// controller's objects.
pub(super) fn viewer(world: &World<'_>) -> String {
    let name = format!("viewer-{}", world.cluster);
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
    "rules": [
        {"apiGroups": ["", "apps", "networking.k8s.io", "policy"], "verbs": ["get", "list", "watch"],
         "resources": ["namespaces", "pods", "services", "serviceaccounts", "resourcequotas", "limitranges", "deployments",
                       "ingresses", "networkpolicies", "poddisruptionbudgets"]}]});
    let file = world
        .write("role.json", &role.to_string())
        .display()
        .to_string();
    world.kubectl(&["apply", "-f", &file]);
    let (role, user) = (format!("--clusterrole={name}"), format!("--user={name}"));
    world.kubectl(&["create", "clusterrolebinding", &name, &role, &user]);
    let path = world.sandbox.kubeconfig_for(&name, &[]);
    path.expect("a kubeconfig").display().to_string()
}

#[test]
fn a_caller_who_may_only_read() {
    let world = World::new("viewer");
    let _ = world.mcpctl(&["tenant", "add", "viewer"]).expect(0);
    world.kubectl(&[
        "-n",
        "mcp-viewer",
        "scale",
        "deployment/mcp-server",
        "--replicas=2",
    ]);
    let path = viewer(&world);
    let run = world
        .mcpctl(&["tenant", "status", "viewer", "--kubeconfig", &path])
        .expect(0);
    shows(
        &run.stdout,
        &[
            "kubernetes   present, 1 change\n",
            "problem      not allowed to ask whether the API server would leave something as it is, so more may be shown than would change: ",
            "problem      not seen: list events",
            "problem      not seen: list targetgroupbindings",
            "problem      whether pods without credentials are refused is not known: get ValidatingAdmissionPolicy",
        ],
    );
    let _ = world
        .mcpctl(&["tenant", "list", "--kubeconfig", &path])
        .expect(0);
    let _ = world
        .mcpctl(&["tenant", "show", "viewer", "--kubeconfig", &path])
        .expect(0);
    let path = world
        .sandbox
        .kubeconfig_for("stranger", &[])
        .expect("a kubeconfig");
    let path = path.display().to_string();
    for verb in [&["list"][..], &["status", "viewer"], &["show", "viewer"]] {
        let args = [&["tenant"], verb, &["--kubeconfig", &path]].concat();
        let _ = world
            .mcpctl(&args)
            .expect(6)
            .says(&["403 Forbidden", "namespaces", "ClusterRole"]);
    }
}

#[test]
fn an_api_server_that_does_not_answer() {
    let world = World::new("unanswered");
    let path = world
        .sandbox
        .kubeconfig_for("somebody", &[])
        .expect("a kubeconfig");
    let text = std::fs::read_to_string(path).expect("a kubeconfig");
    let text = text.replace(world.sandbox.api_server(), "https://127.0.0.1:1");
    let path = world.write("kubeconfig.yaml", &text).display().to_string();
    let flags = ["--allow-context-mismatch", "--kubeconfig", &path];
    for verb in [
        &["list"][..],
        &["status", "x"],
        &["status", "x", "--watch"],
        &["show", "x"],
    ] {
        let args = [&["tenant"], verb, &flags].concat();
        let run = world.mcpctl(&args).expect(6).says(&["Connection refused"]);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn wrong_words_are_refused_before_any_call() {
    let world = World::new("status-words");
    for (args, says) in [
        (&["status", "x", "-o", "jsn"][..], "json"),
        (&["status", "x", "-o", "table"], "text"),
        (&["status", "No_Name"], "No_Name"),
        (&["status"], "NAME"),
        (
            &["status", "x", "--watch", "--only", "aws"],
            "--watch follows the cluster",
        ),
        (&["list", "-o", "text"], "table"),
        (&["list", "x"], "unexpected argument"),
    ] {
        let args = [&["tenant"], args].concat();
        let run = world.mcpctl(&args).expect(2).says(&[says]);
        assert_eq!(run.stdout, "");
    }
    assert!(world.aws_calls().is_empty() && world.audit().is_empty());
}

#[test]
fn a_reader_that_stops_reading() {
    let world = World::new("unread");
    let _ = world
        .mcpctl(&["tenant", "add", "unread", "--wait", "applied"])
        .expect(0);
    for args in [
        &["list"][..],
        &["list", "-o", "json"],
        &["status", "unread"],
        &["status", "unread", "-o", "json"],
        &["status", "unread", "--watch"],
        &["show", "unread"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = world.command(&[&["tenant"], args].concat());
        let child = command
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .spawn();
        drop(command);
        let run = Run::at_end_of(child.expect("mcpctl starts")).expect(0);
        assert_eq!(run.stderr, "", "{args:?}: {run}");
    }
}
