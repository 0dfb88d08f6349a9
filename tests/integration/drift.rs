//! What `diff` catches, and `add` repairs.

use serde_json::json;

use crate::world::World;

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

fn role(world: &World<'_>, tenant: &str) -> String {
    let run = world.mcpctl(&["tenant", "list", "-o", "json"]).expect(0);
    let list: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let mut items = list["items"].as_array().into_iter().flatten();
    let item = items.find(|item| item["name"] == tenant);
    let role = item.and_then(|item| item["role"].as_str());
    role.expect("a role of the tenant").to_string()
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
fn policies_of_the_role() {
    let tenant = "drift-policy";
    let world = added(tenant);
    let role = role(&world, tenant);
    let wide = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Data", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::data-drift-policy/*"]},
        {"Sid": "More", "Effect": "Allow", "Action": "*", "Resource": "*"},
    ]})
    .to_string();
    let put = |document: &str| {
        let call = [
            ("Action", "PutRolePolicy"),
            ("RoleName", &role),
            ("PolicyName", "mcpctl"),
            ("PolicyDocument", document),
        ];
        world.sandbox.aws_iam(&call).expect("PutRolePolicy");
    };
    put(&wide);
    caught_and_repaired(
        &world,
        tenant,
        &["inlinePolicies.mcpctl.Statement[More]", "-> removed"],
    );
    // The same policy in another spelling is no difference.
    put(
        r#"{"Statement":{"Resource":["arn:aws:s3:::data-drift-policy/*"],"Action":"S3:getobject","Effect":"Allow","Sid":"Data"},"Version":"2012-10-17"}"#,
    );
    let _ = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
    put(
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"Other","Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#,
    );
    caught_and_repaired(
        &world,
        tenant,
        &["Statement[Data]: missing", "Statement[Other]"],
    );
    let call = [
        ("Action", "DeleteRolePolicy"),
        ("RoleName", role.as_str()),
        ("PolicyName", "mcpctl"),
    ];
    world.sandbox.aws_iam(&call).expect("DeleteRolePolicy");
    caught_and_repaired(&world, tenant, &["spec.inlinePolicies.mcpctl: missing"]);
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
    let call = [
        ("Action", "UpdateAssumeRolePolicy"),
        ("RoleName", role.as_str()),
        ("PolicyDocument", open),
    ];
    world
        .sandbox
        .aws_iam(&call)
        .expect("UpdateAssumeRolePolicy");
    caught_and_repaired(
        &world,
        tenant,
        &["assumeRolePolicyDocument.Statement", "kubernetes-namespace"],
    );
}

#[test]
fn a_boundary_that_was_taken_off() {
    let tenant = "drift-boundary";
    let world = World::new(tenant);
    let arn = world.managed_policy("drift-boundary-limit");
    world.settings(
        "permissionsBoundary: none",
        &format!("permissionsBoundary: {arn}"),
    );
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0);
    let role = role(&world, tenant);
    let call = [
        ("Action", "DeleteRolePermissionsBoundary"),
        ("RoleName", role.as_str()),
    ];
    world
        .sandbox
        .aws_iam(&call)
        .expect("DeleteRolePermissionsBoundary");
    caught_and_repaired(
        &world,
        tenant,
        &["spec.permissionsBoundary: missing ->", &arn],
    );
}

#[test]
fn foreign_policies_are_named_and_left_alone() {
    let tenant = "drift-foreign";
    let world = added(tenant);
    let role = role(&world, tenant);
    let arn = world.managed_policy("drift-foreign-extra");
    let attach = [
        ("Action", "AttachRolePolicy"),
        ("RoleName", role.as_str()),
        ("PolicyArn", arn.as_str()),
    ];
    world.sandbox.aws_iam(&attach).expect("AttachRolePolicy");
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let put = [
        ("Action", "PutRolePolicy"),
        ("RoleName", role.as_str()),
        ("PolicyName", "sneaky"),
        ("PolicyDocument", document),
    ];
    world.sandbox.aws_iam(&put).expect("PutRolePolicy");
    let diff = world.mcpctl(&["tenant", "diff", tenant]).expect(1);
    assert!(
        diff.stdout.contains("inline policy sneaky is not ours"),
        "{diff}"
    );
    assert!(
        diff.stdout
            .contains(&format!("managed policy {arn} is not ours")),
        "{diff}"
    );
    let _ = world
        .mcpctl(&["tenant", "add", tenant])
        .expect(0)
        .says(&["sneaky", "nothing to do"]);
    let refused = world
        .mcpctl(&["tenant", "remove", tenant, "--yes"])
        .expect(3);
    let _ = refused.says(&["inline policy sneaky", &arn]);
}

#[test]
fn the_association() {
    let tenant = "drift-association";
    let world = added(tenant);
    let other =
        json!({"roleArn": format!("arn:aws:iam::{}:role/other", world.sandbox.account_id())});
    world.change_association(other);
    let pod = |world: &World<'_>| {
        world.kubectl(&["-n", "mcp-drift-association", "get", "pods", "-o", "name"])
    };
    let before = pod(&world);
    caught_and_repaired(
        &world,
        tenant,
        &[
            "PodIdentityAssociation",
            "spec.roleARN",
            "role/other",
            "pods restart",
        ],
    );
    assert_ne!(
        before,
        pod(&world),
        "a pod that ran with another role goes on running"
    );
    world.delete_association(&world.association_id());
    caught_and_repaired(&world, tenant, &["+ PodIdentityAssociation"]);
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
