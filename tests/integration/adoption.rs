//! Taking over what exists, and giving it back.

use mcpctl_sandbox::AwsRule;
use serde_json::{Value, json};

use crate::world::{Run, World};

mod associations;

/// A namespace, a service account, a role and an association under the tenant's names, made by somebody else.
struct Foreign {
    role: String,
}

impl Foreign {
    fn make(world: &World<'_>, tenant: &str) -> Self {
        let namespace = format!("mcp-{tenant}");
        world.kubectl(&["create", "namespace", &namespace]);
        world.kubectl(&["label", "namespace", &namespace, "team=payments"]);
        world.kubectl(&["-n", &namespace, "create", "serviceaccount", "mcp-server"]);
        let dry = world
            .mcpctl(&["tenant", "add", tenant, "--dry-run"])
            .expect(0)
            .stdout;
        let name = dry
            .lines()
            .find(|line| line.starts_with(&format!("  name: {tenant}-")))
            .expect("the role's name");
        let role = name.trim_start_matches("  name: ").to_string();
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        let call = [
            ("Action", "CreateRole"),
            ("RoleName", role.as_str()),
            ("Path", &format!("/mcpctl/{}/", world.cluster)),
            ("AssumeRolePolicyDocument", &trust.to_string()),
        ];
        world.sandbox.aws_iam(&call).expect("CreateRole");
        let body = json!({"namespace": namespace, "serviceAccount": "mcp-server",
            "roleArn": "arn:aws:iam::111122223333:role/theirs", "tags": {"team": "payments"}});
        world.associate(body);
        Self { role }
    }

    fn role(&self, world: &World<'_>, action: &str) -> String {
        let call = [("Action", action), ("RoleName", self.role.as_str())];
        world.sandbox.aws_iam(&call).expect("the role")
    }
}

fn namespace(world: &World<'_>, tenant: &str) -> Value {
    let name = format!("mcp-{tenant}");
    let text = world.kubectl(&[
        "get",
        "namespace",
        &name,
        "-o",
        "json",
        "--show-managed-fields",
    ]);
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn what_exists_is_taken_over_on_request_and_given_back_on_removal() {
    let tenant = "taken";
    let world = World::new(tenant);
    let foreign = Foreign::make(&world, tenant);
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(3).says(&[
        "4 conflicts; nothing was written",
        "Namespace mcp-taken: exists",
        "ServiceAccount mcp-taken/mcp-server: exists",
        "--adopt",
    ]);
    let shown = world
        .mcpctl(&["tenant", "diff", tenant, "--adopt", "--set", "replicas=1"])
        .expect(1)
        .stdout;
    for line in [
        "~ Namespace mcp-taken (taken over)",
        "~ ServiceAccount mcp-taken/mcp-server (taken over)",
        "(mcp-taken/mcp-server) (taken over)",
        "spec.roleARN: \"arn:aws:iam::111122223333:role/theirs\" -> ",
        "\"Principal\":{\"Service\":\"ec2.amazonaws.com\"}",
    ] {
        assert!(shown.contains(line), "`{line}` is not in {shown}");
    }
    let _ = world
        .mcpctl(&["tenant", "add", tenant, "--adopt"])
        .expect(0);
    marked_before_changed(&world);
    let _ = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
    let _ = world
        .mcpctl(&["tenant", "add", tenant])
        .expect(0)
        .says(&["nothing to do"]);
    assert!(
        foreign
            .role(&world, "ListRoleTags")
            .contains("mcpctl.dev/adopted")
    );

    let rehearsal = world
        .mcpctl(&["tenant", "remove", tenant, "--dry-run"])
        .expect(0)
        .stdout;
    assert!(
        rehearsal.contains("- Deployment mcp-taken/mcp-server"),
        "{rehearsal}"
    );
    assert_eq!(
        rehearsal.matches("was taken over; given back").count(),
        4,
        "{rehearsal}"
    );
    let _ = world
        .mcpctl(&["tenant", "remove", tenant, "--yes"])
        .expect(0)
        .says(&["given back without our marks", "Namespace mcp-taken"]);
    given_back(&world, &foreign, tenant);
}

/// A policy of the caller's that asks for our tag allows the changes only then.
fn marked_before_changed(world: &World<'_>) {
    let calls = world.aws_calls();
    let first = |name: &str| calls.iter().position(|call| call.operation == name);
    for (mark, change) in [
        ("TagRole", "UpdateAssumeRolePolicy"),
        ("TagResource", "UpdatePodIdentityAssociation"),
    ] {
        let (mark, change) = (first(mark), first(change));
        assert!(mark.is_some() && mark < change, "{calls:?}");
    }
}

/// What was there before is there, and nothing else.
fn given_back(world: &World<'_>, foreign: &Foreign, tenant: &str) {
    let namespace = namespace(world, tenant);
    let metadata = &namespace["metadata"];
    let labels =
        json!({"kubernetes.io/metadata.name": format!("mcp-{tenant}"), "team": "payments"});
    assert_eq!(metadata["labels"], labels);
    assert!(metadata.get("annotations").is_none(), "{metadata}");
    assert!(
        !metadata["managedFields"].to_string().contains("mcpctl"),
        "{metadata}"
    );
    let left = world.kubectl(&[
        "-n",
        &format!("mcp-{tenant}"),
        "get",
        "all,ingress,networkpolicy,quota,limits,sa,lease,pdb",
        "-o",
        "name",
    ]);
    assert_eq!(left, "serviceaccount/default\nserviceaccount/mcp-server\n");
    let tags = foreign.role(world, "ListRoleTags");
    assert!(!tags.contains("mcpctl.dev"), "{tags}");
    let policies = foreign.role(world, "ListRolePolicies");
    assert!(!policies.contains("<member>"), "{policies}");
    let association = world.association();
    assert_eq!(association["tags"], json!({"team": "payments"}));
    let _ = world
        .mcpctl(&["tenant", "add", tenant])
        .expect(3)
        .says(&["4 conflicts"]);
}

#[test]
fn what_belongs_to_another_tenant_or_would_be_cut_off_is_not_taken_over() {
    let tenant = "kept-out";
    let world = World::new(tenant);
    world.kubectl(&["create", "namespace", "mcp-kept-out"]);
    world.kubectl(&[
        "label",
        "namespace",
        "mcp-kept-out",
        "mcpctl.dev/tenant=somebody",
    ]);
    let adopt = |world: &World<'_>| -> Run { world.mcpctl(&["tenant", "add", tenant, "--adopt"]) };
    let _ = adopt(&world)
        .expect(3)
        .says(&["belongs to tenant somebody"]);
    world.kubectl(&["label", "namespace", "mcp-kept-out", "mcpctl.dev/tenant-"]);
    world.kubectl(&[
        "-n",
        "mcp-kept-out",
        "create",
        "deployment",
        "shop",
        "--image=registry.example/shop:1",
    ]);
    let _ = adopt(&world).expect(3).says(&[
        "Deployment mcp-kept-out/shop: is not the tenant's",
        "cut off",
    ]);
    world.kubectl(&[
        "-n",
        "mcp-kept-out",
        "delete",
        "deployment",
        "shop",
        "--wait",
    ]);
    let _ = adopt(&world).expect(0);
}

#[test]
fn a_removal_that_fails_while_it_gives_back_is_resumed() {
    let tenant = "halfway";
    let world = World::new(tenant);
    let foreign = Foreign::make(&world, tenant);
    let _ = world
        .mcpctl(&["tenant", "add", tenant, "--adopt"])
        .expect(0);
    let fail = |operation: &str| {
        let rule = AwsRule::on(operation).by(&world.access_key).once();
        world
            .sandbox
            .aws_fault(rule.fail(403, "AccessDenied", "not today"))
    };
    for operation in ["UntagResource", "DeleteRolePolicy", "UntagRole"] {
        let _fault = fail(operation);
        let _ = world
            .mcpctl(&["tenant", "remove", tenant, "--yes"])
            .expect(5)
            .says(&["not today", "run the same command again"]);
    }
    let _ = world
        .mcpctl(&["tenant", "remove", tenant, "--yes"])
        .expect(0);
    given_back(&world, &foreign, tenant);
}
