//! A side that cannot be reached or does not allow: which side, which call, on what, and what to do. Exit 6 before the
//! first write, 5 after it.

use std::path::Path;

use mcpctl_sandbox::{Options, Sandbox};

use crate::world::{Run, World, offline};

mod aws;

const ADD: [&str; 3] = ["tenant", "add", "nobody"];

#[test]
fn a_kubeconfig_that_is_not_there() {
    let world = World::new("no-kubeconfig");
    let mut command = offline(&world.dir, &ADD);
    command
        .envs(world.sandbox.aws_env("NONE"))
        .args(["--kubeconfig", "nowhere.yaml"]);
    let _ = Run::of(&mut command)
        .expect(6)
        .says(&["cannot read the kubeconfig", "nowhere.yaml"]);
}

#[test]
fn of_several_kubeconfigs_those_that_are_missing_are_passed_over() {
    let world = World::new("several");
    let paths =
        world
            .sandbox
            .kubeconfig_for_cluster("several", "user-several", &["system:masters"]);
    let path = paths.expect("a kubeconfig").display().to_string();
    let mut command = world.command(&["tenant", "list"]);
    command.env("KUBECONFIG", format!("/missing:{path}"));
    let _ = Run::of(&mut command).expect(0);
    let broken = world
        .write("broken.yaml", "clusters: [")
        .display()
        .to_string();
    command.env("KUBECONFIG", format!("{broken}:{path}"));
    let _ = Run::of(&mut command)
        .expect(6)
        .says(&["cannot read the kubeconfig", "broken.yaml"]);
}

#[test]
fn a_context_that_is_not_there() {
    let world = World::new("no-context");
    let _ = world
        .mcpctl(&["tenant", "add", "nobody", "--context", "elsewhere"])
        .expect(6)
        .says(&["context `elsewhere`"]);
}

#[test]
fn an_api_server_that_does_not_answer() {
    let world = World::new("no-server");
    // Port 1 of loopback: nothing listens there.
    let kubeconfig = kubeconfig(&world, |text| {
        text.replace(world.sandbox.api_server(), "https://127.0.0.1:1")
    });
    let args = [
        "tenant",
        "add",
        "nobody",
        "--allow-context-mismatch",
        "--kubeconfig",
        &kubeconfig,
    ];
    let _ = world.mcpctl(&args).expect(6).says(&[
        "namespaces",
        "Connection refused",
        "is the API server reachable",
    ]);
}

/// The world's kubeconfig, changed.
fn kubeconfig(world: &World<'_>, change: impl Fn(String) -> String) -> String {
    let path = world
        .sandbox
        .kubeconfig_for("somebody", &[])
        .expect("a kubeconfig");
    let text = std::fs::read_to_string(path).expect("a kubeconfig");
    world
        .write("kubeconfig.yaml", &change(text))
        .display()
        .to_string()
}

/// Adds a tenant by another kubeconfig.
fn add_by(world: &World<'_>, kubeconfig: &Path) -> Run {
    let kubeconfig = kubeconfig.display().to_string();
    world.mcpctl(&[&ADD[..], &["--kubeconfig", &kubeconfig]].concat())
}

#[test]
fn a_certificate_that_expired() {
    let world = World::new("expired");
    let path = world
        .sandbox
        .expired_kubeconfig_for("late", &["system:masters"])
        .expect("a kubeconfig");
    let _ = add_by(&world, &path)
        .expect(6)
        .says(&["401 Unauthorized", "expired"]);
}

#[test]
fn a_verb_that_rbac_forbids() {
    let world = World::new("forbidden");
    let path = world
        .sandbox
        .kubeconfig_for("guest", &[])
        .expect("a kubeconfig");
    let _ = add_by(&world, &path).expect(6).says(&[
        "namespaces",
        "403 Forbidden",
        "User \"guest\" cannot",
        "ClusterRole",
    ]);
}

#[test]
fn the_context_of_another_cluster() {
    let other = Sandbox::start(&Options {
        progress: false,
        ..Options::default()
    })
    .expect("a second sandbox");
    let world = World::new("other-cluster");
    let path = other.admin_kubeconfig().display().to_string();
    let run = world
        .mcpctl(&["tenant", "add", "nobody", "--kubeconfig", &path])
        .expect(6);
    let run = run.says(&[
        "is not cluster `other-cluster`",
        other.api_server(),
        world.sandbox.api_server(),
    ]);
    let _ = run.says(&["--allow-context-mismatch"]);
}

/// May look at everything, and make namespaces and the lock; nothing else.
const NAMESPACES_ONLY: &str = r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "namespaces-only"},
    "rules": [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create", "patch"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "delete", "update"]}]}"#;

#[test]
fn a_verb_that_rbac_forbids_after_the_first_write() {
    let world = World::new("half-forbidden");
    let role = world
        .write("role.json", NAMESPACES_ONLY)
        .display()
        .to_string();
    world.kubectl(&["apply", "-f", &role]);
    let bind = [
        "create",
        "clusterrolebinding",
        "namespaces-only",
        "--clusterrole=namespaces-only",
        "--user=halfway",
    ];
    world.kubectl(&bind);
    let path = world
        .sandbox
        .kubeconfig_for("halfway", &[])
        .expect("a kubeconfig")
        .display()
        .to_string();
    let run = world
        .mcpctl(&["tenant", "add", "half-forbidden", "--kubeconfig", &path])
        .expect(5);
    let run = run.says(&[
        "apply ServiceAccount mcp-half-forbidden/mcp-server",
        "User \"halfway\" cannot patch",
        "ClusterRole",
    ]);
    let run = run.says(&[
        "stands: created Namespace mcp-half-forbidden",
        "not begun: Ingress",
        "same command",
    ]);
    assert!(!run.stderr.contains("✓ Deployment"), "{run}");
    // Someone who may do it completes it.
    let _ = world.mcpctl(&["tenant", "add", "half-forbidden"]).expect(0);
    let _ = world
        .mcpctl(&["tenant", "diff", "half-forbidden"])
        .expect(0);
}

/// May look at everything.
const READER: &str = r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reads-all"},
    "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]}"#;

/// Whether the API server would leave a change as it is, only who may write is told.
#[test]
fn who_may_only_read_is_shown_what_differs() {
    let world = World::new("onlooker");
    let role = world.write("role.json", READER).display().to_string();
    world.kubectl(&["apply", "-f", &role]);
    let bind = ["create", "clusterrolebinding", "reads-all"];
    world.kubectl(&[&bind[..], &["--clusterrole=reads-all", "--user=looks-on"]].concat());
    let _ = world.mcpctl(&["tenant", "add", "onlooker"]).expect(0);
    let kubeconfig = world.sandbox.kubeconfig_for("looks-on", &[]);
    let kubeconfig = kubeconfig.expect("a kubeconfig").display().to_string();
    let diff = ["tenant", "diff", "onlooker", "--kubeconfig", &kubeconfig];
    let _ = world.mcpctl(&diff).expect(0);
    let scale = ["scale", "deployment/mcp-server", "--replicas=3"];
    world.kubectl(&[&["-n", "mcp-onlooker"], &scale[..]].concat());
    let run = world.mcpctl(&diff).expect(1).says(&[
        "warning: tenant `onlooker`: not allowed to ask whether the API server would leave something as it is",
        "User \"looks-on\" cannot patch",
    ]);
    assert!(run.stdout.contains("spec.replicas: 3 -> 1"), "{run}");
    let add = ["tenant", "add", "onlooker", "--kubeconfig", &kubeconfig];
    let _ = world.mcpctl(&add).expect(6).says(&["ClusterRole"]);
}

#[test]
fn secrets_of_a_kubeconfig_are_not_printed() {
    let world = World::new("silent");
    let broken = "apiVersion: v1\nkind: Config\nusers:\n- name: x\n  user: {token: BEARERTOK, password: [hunter2]}\n";
    let plugin = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "users": [{"name": "x", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh",
            "args": ["-c", "echo BEARERTOK; exit CODE"], "interactiveMode": "Never"}}}]}"#;
    for text in [
        broken.to_string(),
        plugin.replace("CODE", "0"),
        plugin.replace("CODE", "1"),
    ] {
        let file = world.write("kubeconfig.yaml", &text).display().to_string();
        let run = world
            .mcpctl(&["tenant", "add", "silent", "--kubeconfig", &file])
            .expect(6);
        assert!(
            !run.stderr.contains("BEARERTOK") && !run.stderr.contains("hunter2"),
            "{run}"
        );
    }
}
