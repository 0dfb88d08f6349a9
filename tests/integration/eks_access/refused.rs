//! What is said where EKS, or its API server, does not let one in. Exit 6, and nothing is written.

use std::{fs, time::Duration};

use serde_json::json;

use super::{Ci, LIST, count, stray_cluster, token};
use crate::world::Run;

/// Nothing was written: neither half asked for more than it takes to look.
#[track_caller]
fn wrote_nothing(ci: &Ci, tenant: &str) {
    let mut seen = 0;
    let asked = ci.asked_of_aws(&mut seen);
    let writes = |name: &&String| {
        ["Create", "Put", "Update", "Tag"]
            .iter()
            .any(|verb| name.starts_with(verb))
    };
    assert_eq!(asked.iter().find(writes), None);
    let namespaces = ci.world.kubectl(&["get", "namespaces", "-o", "name"]);
    assert!(
        !namespaces.contains(&format!("mcp-{tenant}\n")),
        "{namespaces}"
    );
}

#[test]
fn a_principal_without_an_access_entry() {
    let ci = Ci::new("eks-stranger");
    ci.world.sandbox.no_access_entry(&ci.world.access_key);
    let run = ci
        .mcpctl(&["tenant", "add", "eks-stranger", "-vv"])
        .expect(6);
    assert!(
        !run.stderr.contains("k8s-aws-v1") && !run.stderr.contains("X-Amz"),
        "{run}"
    );
    let _ = run.says(&[
        "401 Unauthorized",
        "aws eks create-access-entry --cluster-name eks-stranger --region eu-west-1 --principal-arn ARN --kubernetes-groups mcpctl\n",
        "kubectl create clusterrolebinding mcpctl-read --clusterrole=mcpctl-read --group=mcpctl\n",
        "aws sts get-caller-identity",
    ]);
    wrote_nothing(&ci, "eks-stranger");
    // Where there are no access entries, they are not named.
    let change = json!({"accessConfig": {"authenticationMode": "CONFIG_MAP"}});
    ci.world.sandbox.describe_cluster_as("eks-stranger", change);
    let run = ci
        .mcpctl(&LIST)
        .expect(6)
        .says(&["ConfigMap aws-auth", "authenticationMode"]);
    assert!(!run.stderr.contains("create-access-entry"), "{run}");
}

#[test]
fn a_principal_without_rights() {
    let ci = Ci::new("eks-guest");
    let user = "arn:aws:sts::111122223333:assumed-role/ci/run-7";
    ci.world
        .sandbox
        .access_entry(&ci.world.access_key, user, &[]);
    let run = ci.mcpctl(&["tenant", "add", "eks-guest"]).expect(6);
    let _ = run.says(&[
        "403 Forbidden",
        user,
        "does not let it list namespaces on cluster `eks-guest`",
        "aws eks update-access-entry --cluster-name eks-guest --region eu-west-1 --principal-arn arn:aws:iam::111122223333:role/ci --kubernetes-groups mcpctl\n",
        "kubectl create clusterrolebinding mcpctl-tenants --clusterrole=mcpctl-tenants --group=mcpctl\n",
    ]);
    wrote_nothing(&ci, "eks-guest");
}

#[test]
fn a_token_of_another_cluster() {
    let ci = Ci::new("eks-wrong");
    stray_cluster(&ci, "eks-elsewhere");
    let run = ci
        .mcpctl(&["tenant", "add", "eks-wrong", "--cluster", "eks-elsewhere"])
        .expect(6);
    let _ = run.says(&[
        "401 Unauthorized",
        "create-access-entry --cluster-name eks-elsewhere",
    ]);
    wrote_nothing(&ci, "eks-wrong");
}

/// The kubeconfig that `aws eks update-kubeconfig` writes, and what its plugin gives.
#[test]
fn a_token_of_the_aws_cli_that_is_refused() {
    let ci = Ci::new("eks-cli");
    let path = ci
        .world
        .sandbox
        .kubeconfig_for_cluster("eks-cli", "unused", &[]);
    let text = fs::read_to_string(path.expect("a kubeconfig")).expect("a kubeconfig");
    let mut kubeconfig: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let version = "client.authentication.k8s.io/v1beta1";
    let aws = ci.world.dir.join("bin/aws");
    kubeconfig["users"][0]["user"] = json!({"exec": {
        "apiVersion": version,
        "command": aws,
        "args": ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "eks-cli", "--output", "json"],
    }});
    let kubeconfig = ci.world.write("kubeconfig.json", &kubeconfig.to_string());
    let list = |token: &str| {
        let answer =
            json!({"apiVersion": version, "kind": "ExecCredential", "status": {"token": token}});
        let script = ci
            .world
            .write("bin/aws", &format!("#!/bin/sh\necho '{answer}'\n"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&script, mode).expect("a mode");
        Run::of(ci.command(&LIST).env("KUBECONFIG", &kubeconfig))
    };
    let now = Duration::ZERO;
    let _ = list(&token(&ci, "eks-cli", now)).expect(0);
    for refused in [
        token(&ci, "another", now),
        token(&ci, "eks-cli", Duration::from_mins(16)),
    ] {
        let run = list(&refused).expect(6);
        assert!(!run.stderr.contains(&refused), "{run}");
        let _ = run.says(&[
            "401 Unauthorized",
            "aws eks create-access-entry --cluster-name eks-cli --region eu-west-1 ",
        ]);
    }
}

#[test]
fn no_credentials() {
    let ci = Ci::new("eks-nobody");
    let mut command = ci.command(&["tenant", "add", "eks-nobody"]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let run = Run::of(&mut command).expect(6);
    let _ = run.says(&[
        "eks:DescribeCluster eks-nobody",
        "no kubeconfig has a current context, and this is not a pod",
        "Environment: ",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "Ec2InstanceMetadata: ",
        "give AWS credentials",
    ]);
    let list = ["tenant", "list", "--profile", "nowhere"];
    let _ = ci.mcpctl(&list).expect(6).says(&[
        "the AWS configuration files have no profile `nowhere`",
        "give AWS credentials",
    ]);
}

#[test]
fn a_cluster_that_is_not_there_or_not_yet() {
    let ci = Ci::new("eks-absent");
    let run = ci
        .mcpctl(&["tenant", "list", "--cluster", "nowhere"])
        .expect(6);
    let _ = run.says(&[
        "EKS has no cluster `nowhere` in eu-west-1",
        "no kubeconfig has",
    ]);
    let creating = json!({"status": "CREATING", "endpoint": null, "certificateAuthority": null});
    ci.world.sandbox.describe_cluster_as("eks-absent", creating);
    let _ = ci.mcpctl(&LIST).expect(6).says(&[
        "cluster `eks-absent` has no endpoint yet",
        "EKS says that it is CREATING",
        "aws eks wait cluster-active --name eks-absent --region eu-west-1",
    ]);
    assert_eq!(ci.asked_of_the_cluster(), 0);
}

#[test]
fn an_endpoint_that_does_not_reach_here() {
    let ci = Ci::new("eks-far");
    // Port 1 of loopback: nothing listens there.
    for (network, status, said) in [
        (
            json!({"endpointPrivateAccess": true, "endpointPublicAccess": false}),
            "ACTIVE",
            "the endpoint of cluster `eks-far` is private",
        ),
        (
            json!({"endpointPrivateAccess": true, "endpointPublicAccess": true, "publicAccessCidrs": ["203.0.113.0/24"]}),
            "ACTIVE",
            "takes connections from 203.0.113.0/24 only",
        ),
        (
            json!({"endpointPublicAccess": true, "publicAccessCidrs": ["0.0.0.0/0"]}),
            "DELETING",
            "EKS says that cluster `eks-far` is DELETING",
        ),
        (
            json!({"endpointPublicAccess": true, "publicAccessCidrs": ["0.0.0.0/0"]}),
            "ACTIVE",
            "is https://127.0.0.1:1 reachable from here?",
        ),
    ] {
        let change = json!({"endpoint": "https://127.0.0.1:1", "resourcesVpcConfig": network, "status": status});
        ci.world.sandbox.describe_cluster_as("eks-far", change);
        let run = ci.mcpctl(&["tenant", "add", "eks-far"]).expect(6);
        let _ = run.says(&["Connection refused", said]);
    }
    let mut seen = 0;
    assert_eq!(count(&ci.asked_of_aws(&mut seen), "CreateRole"), 0);
}
