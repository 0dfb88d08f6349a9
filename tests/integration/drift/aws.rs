//! Drift of role and association.

use serde_json::json;

use super::{added, caught_and_repaired};
use crate::world::World;

fn role(world: &World<'_>, tenant: &str) -> String {
    let run = world.mcpctl(&["tenant", "list", "-o", "json"]).expect(0);
    let list: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let mut items = list["items"].as_array().into_iter().flatten();
    let item = items.find(|item| item["name"] == tenant);
    let role = item.and_then(|item| item["role"].as_str());
    role.expect("a role of the tenant").to_string()
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
