//! AWS that cannot be reached, does not know, does not allow, or does not answer.

use mcpctl_sandbox::AwsRule;

use super::ADD;
use crate::world::{Run, World};

#[test]
fn no_aws_credentials() {
    let world = World::new("no-credentials");
    let mut command = world.command(&ADD);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let _ = Run::of(&mut command)
        .expect(6)
        .says(&["eks:DescribeCluster no-credentials", "give AWS credentials"]);
}

#[test]
fn an_aws_endpoint_that_does_not_answer() {
    let world = World::new("no-endpoint");
    let mut command = world.command(&ADD);
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let _ = Run::of(&mut command).expect(6).says(&[
        "eks:DescribeCluster",
        "Connection refused",
        "AWS_ENDPOINT_URL",
    ]);
}

#[test]
fn a_cluster_that_eks_does_not_know() {
    let world = World::new("unknown-cluster");
    let run = world
        .mcpctl(&["tenant", "add", "nobody", "--cluster", "nowhere"])
        .expect(6);
    let _ = run.says(&[
        "EKS has no cluster `nowhere` in eu-west-1",
        "ResourceNotFoundException",
    ]);
}

#[test]
fn access_denied_by_aws_in_each_call_of_an_add() {
    let calls = [
        ("DescribeCluster", 6),
        ("GetRole", 6),
        ("ListPodIdentityAssociations", 6),
        ("CreateRole", 5),
        ("PutRolePolicy", 5),
        ("CreatePodIdentityAssociation", 5),
    ];
    let world = World::new("denied");
    for (operation, code) in calls {
        let message = format!("User is not authorized to perform {operation}");
        let error = if operation.contains("Role") {
            "AccessDenied"
        } else {
            "AccessDeniedException"
        };
        let rule = world.sandbox.aws_fault(
            AwsRule::on(operation)
                .by(&world.access_key)
                .fail(403, error, message),
        );
        let run = world.mcpctl(&["tenant", "add", "denied"]).expect(code);
        let run = run.says(&[operation, error, "not authorized", "IAM policy must allow"]);
        if code == 5 {
            let run = run.says(&[
                "stands: ",
                "Deployment mcp-denied/mcp-server",
                "same command",
            ]);
            assert!(
                !run.stderr
                    .contains("Deployment mcp-denied/mcp-server created"),
                "{run}"
            );
        }
        rule.remove();
    }
    // The same command completes.
    let _ = world.mcpctl(&["tenant", "add", "denied"]).expect(0);
    let _ = world.mcpctl(&["tenant", "diff", "denied"]).expect(0);
}

#[test]
fn answers_that_are_lost_and_calls_that_are_throttled() {
    let world = World::new("flaky");
    for operation in [
        "CreateRole",
        "PutRolePolicy",
        "CreatePodIdentityAssociation",
    ] {
        world.sandbox.aws_fault(
            AwsRule::on(operation)
                .by(&world.access_key)
                .once()
                .lose_answer(),
        );
    }
    for (operation, code) in [
        ("GetRole", "Throttling"),
        ("ListPodIdentityAssociations", "ThrottlingException"),
    ] {
        world
            .sandbox
            .aws_fault(AwsRule::on(operation).by(&world.access_key).once().fail(
                429,
                code,
                "Rate exceeded",
            ));
    }
    let _ = world.mcpctl(&["tenant", "add", "flaky"]).expect(0);
    let _ = world.mcpctl(&["tenant", "diff", "flaky"]).expect(0);
}
