//! What `diff` catches, and `add` repairs.

use crate::world::World;

mod aws;

/// A tenant with one thing changed by hand: `diff` names it with exit 1, `add` repairs it, `diff` is empty again.
#[track_caller]
fn caught_and_repaired(world: &World<'_>, tenant: &str, named: &[&str]) {
    let diff = world.mcpctl(&["tenant", "diff", tenant]).expect(1);
    for text in named {
        assert!(
            diff.stdout.contains(text),
            "diff does not name `{text}`:\n{diff}"
        );
    }
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0);
    let clean = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
    assert_eq!(clean.stdout, "", "{clean}");
}

fn added(name: &str) -> World<'static> {
    let world = World::new(name);
    let _ = world.mcpctl(&["tenant", "add", name]).expect(0);
    world
}

/// What kubectl is asked to do, and what `diff` says of it.
const BY_HAND: [(&[&str], &[&str]); 8] = [
    (
        &["scale", "deployment/mcp-server", "--replicas=3"],
        &["Deployment", "spec.replicas: 3 -> 1", "changed by kubectl"],
    ),
    (
        &[
            "set",
            "image",
            "deployment/mcp-server",
            "mcp-server=registry.example/other:9",
        ],
        &[
            "containers[mcp-server].image: \"registry.example/other:9\" -> \"registry.example/mcp:1\"",
            "kubectl-set",
        ],
    ),
    (
        &["label", "service", "mcp-server", "mcpctl.dev/tenant-"],
        &["Service", "labels[mcpctl.dev/tenant]: missing"],
    ),
    (
        &[
            "label",
            "namespace",
            "mcp-drift-fields",
            "mcpctl.dev/identity-",
        ],
        &["Namespace", "labels[mcpctl.dev/identity]: missing"],
    ),
    (
        &[
            "label",
            "namespace",
            "mcp-drift-fields",
            "mcpctl.dev/tenant-",
        ],
        &["labels[mcpctl.dev/tenant]: missing"],
    ),
    (
        &["delete", "poddisruptionbudget", "mcp-server"],
        &["+ PodDisruptionBudget"],
    ),
    (
        &[
            "patch",
            "serviceaccount",
            "mcp-server",
            "-p",
            r#"{"automountServiceAccountToken":true}"#,
        ],
        &[
            "ServiceAccount",
            "automountServiceAccountToken: true -> false",
        ],
    ),
    (
        &[
            "patch",
            "resourcequota",
            "tenant",
            "--type=json",
            "-p",
            r#"[{"op":"remove","path":"/spec/hard/pods"}]"#,
        ],
        &["ResourceQuota", "spec.hard.pods: missing -> \"5\""],
    ),
];

#[test]
fn fields_in_the_cluster() {
    let tenant = "drift-fields";
    let world = added(tenant);
    let namespace = "mcp-drift-fields";
    for (change, named) in BY_HAND {
        let mut args = vec!["-n", namespace];
        args.extend(change);
        world.kubectl(&args);
        caught_and_repaired(&world, tenant, named);
    }
}

#[test]
fn an_object_that_the_templates_no_longer_make_goes() {
    let tenant = "drift-dropped";
    let world = added(tenant);
    world.settings("identity:", "networkPolicy: {engine: none}\nidentity:");
    caught_and_repaired(
        &world,
        tenant,
        &[
            "- NetworkPolicy mcp-drift-dropped/default-deny",
            "3 to delete",
        ],
    );
    let left = world.kubectl(&[
        "-n",
        "mcp-drift-dropped",
        "get",
        "networkpolicies",
        "-o",
        "name",
    ]);
    assert_eq!(left, "");
}

#[test]
fn a_field_that_the_templates_no_longer_set_goes() {
    let tenant = "drift-unset";
    let world = World::new(tenant);
    let first = world.mcpctl(&[
        "tenant",
        "add",
        tenant,
        "--set",
        "annotations.team=red",
        "--set",
        "nodeSelector.disk=ssd",
        "--wait=applied",
    ]);
    let _ = first.expect(0);
    world.write(
        "tenant.yaml",
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: drift-unset}\nspec: {annotations: {team: red}}\n",
    );
    let diff = world
        .mcpctl(&["tenant", "diff", "-f", "tenant.yaml"])
        .expect(1);
    assert!(diff.stdout.contains("nodeSelector"), "{diff}");
    let _ = world
        .mcpctl(&["tenant", "add", tenant, "-f", "tenant.yaml"])
        .expect(0);
    let template = world.kubectl(&[
        "-n",
        "mcp-drift-unset",
        "get",
        "deployment",
        "mcp-server",
        "-o",
        "jsonpath={.spec.template}",
    ]);
    assert!(
        !template.contains("nodeSelector") && template.contains("red"),
        "{template}"
    );
    let _ = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
}

#[test]
fn an_edit_of_what_was_recorded_is_shown_field_by_field() {
    let world = World::new("reworded");
    let add = |more: &[&str]| world.mcpctl(&[&["tenant", "add", "reworded"], more].concat());
    let _ = add(&["--set", "env=[{name: MODE, value: quiet-one}]"]).expect(0);
    let run = world
        .mcpctl(&[
            "tenant",
            "diff",
            "reworded",
            "--image",
            "registry.example/mcp:2",
            "--set",
            "env=[{name: MODE, value: loud-one}]",
        ])
        .expect(1);
    let record = "metadata.annotations[mcpctl.dev/input].spec";
    for line in [
        format!("{record}.image: missing -> \"registry.example/mcp:2\""),
        format!("{record}.env: changed (values are not shown)"),
    ] {
        assert!(run.stdout.contains(&line), "`{line}` is not in {run}");
    }
    assert!(!run.stdout.contains("-one"), "{run}");
}
