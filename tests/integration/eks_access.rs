//! Without a kubeconfig: EKS names the API server of the cluster in the settings, and knows who comes with AWS
//! credentials by a token that mcpctl signs.

use std::{fs, process::Command, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::world::{Run, World, offline};

mod refused;

const LIST: [&str; 2] = ["tenant", "list"];

/// A world on whose machine there are AWS credentials and no kubeconfig.
struct Ci {
    world: World<'static>,
}

impl Ci {
    fn new(name: &str) -> Self {
        let world = World::new(name);
        fs::create_dir_all(world.dir.join("home")).expect("an empty home");
        Self { world }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = offline(&self.world.dir, args);
        command
            .env("HOME", self.world.dir.join("home"))
            .envs(self.world.sandbox.aws_env(&self.world.access_key));
        command
    }

    fn mcpctl(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }

    /// The operations that AWS was asked for since this was asked last, by their names.
    fn asked_of_aws(&self, before: &mut usize) -> Vec<String> {
        let calls = self.world.aws_calls();
        let new = calls[*before..].iter().map(|call| call.operation.clone());
        let new = new.collect();
        *before = calls.len();
        new
    }

    /// How often the API server was asked by whoever signs with the access key.
    fn asked_of_the_cluster(&self) -> usize {
        let seen = self.world.sandbox.audit(&self.world.access_key);
        seen.expect("the audit log").len()
    }
}

fn count(operations: &[String], operation: &str) -> usize {
    operations
        .iter()
        .filter(|known| *known == operation)
        .count()
}

#[test]
fn a_tenant_from_add_to_remove() {
    let ci = Ci::new("eks-whole");
    let mut seen = 0;
    for (args, code) in [
        (&["tenant", "add", "eks-whole"][..], 0),
        (&["tenant", "diff", "eks-whole"], 0),
        (&["tenant", "add", "eks-whole", "--set", "replicas=2"], 0),
        (&["tenant", "status", "eks-whole"], 0),
        (&["tenant", "show", "eks-whole"], 0),
        (&["tenant", "list", "-o", "name"], 0),
        (&["tenant", "remove", "eks-whole", "--yes"], 0),
        (
            &[
                "platform",
                "diff",
                "--cluster",
                "platform-of-all",
                "--domain",
                "platform-of-all.example.com",
            ],
            0,
        ),
    ] {
        // As loud as can be, and without a word about what was signed.
        let run = ci.mcpctl(&[args, &["-vvvv"]].concat()).expect(code);
        for secret in [
            "k8s-aws-v1",
            "X-Amz",
            "Signature",
            "Bearer",
            &ci.world.access_key,
        ] {
            assert!(!run.stderr.contains(secret), "{secret} is shown: {run}");
        }
        let asked = ci.asked_of_aws(&mut seen);
        assert_eq!(count(&asked, "DescribeCluster"), 1, "{args:?}: {asked:?}");
        // The token is made here: STS is not called.
        assert_eq!(count(&asked, "GetCallerIdentity"), 0, "{asked:?}");
    }
    assert!(ci.asked_of_the_cluster() > 20);
    let left = ci.world.kubectl(&["get", "namespaces", "-o", "name"]);
    assert!(!left.contains("mcp-eks-whole\n"), "{left}");
}

#[test]
fn flags_or_variables_are_enough() {
    let ci = Ci::new("eks-flags");
    fs::remove_file(ci.world.dir.join("mcpctl.yaml")).expect("settings");
    let flags = [
        "--cluster",
        "eks-flags",
        "--region",
        "eu-west-1",
        "--domain",
        "eks-flags.example.com",
    ];
    let _ = ci.mcpctl(&[&LIST[..], &flags].concat()).expect(0);
    let mut command = ci.command(&LIST);
    for (name, value) in [
        ("MCPCTL_CLUSTER", "eks-flags"),
        ("MCPCTL_REGION", "eu-west-1"),
        ("MCPCTL_DOMAIN", "eks-flags.example.com"),
    ] {
        command.env(name, value);
    }
    let _ = Run::of(&mut command).expect(0);
    // As the credentials of a role come.
    command.env("AWS_SESSION_TOKEN", "IQoJb3JpZ2lu/+==");
    let _ = Run::of(&mut command).expect(0);
    assert!(ci.asked_of_the_cluster() > 0);
    let _ = ci
        .mcpctl(&LIST)
        .expect(2)
        .says(&["cluster.name is not set"]);
}

#[test]
fn a_kubeconfig_goes_before() {
    let ci = Ci::new("eks-second");
    let _ = ci.world.mcpctl(&LIST).expect(0);
    assert!(!ci.world.audit().is_empty());
    assert_eq!(ci.asked_of_the_cluster(), 0);
    // One that names no cluster does not.
    let empty = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "", "clusters": []}"#;
    let empty = ci.world.write("empty.json", empty).display().to_string();
    for nothing in [empty.as_str(), "/dev/null", "/nowhere"] {
        let before = ci.asked_of_the_cluster();
        let _ = Run::of(ci.command(&LIST).env("KUBECONFIG", nothing)).expect(0);
        assert!(ci.asked_of_the_cluster() > before, "{nothing}");
    }
    // What is asked for by name is not passed over.
    let named = [&LIST[..], &["--kubeconfig", &empty]].concat();
    let _ = ci
        .mcpctl(&named)
        .expect(6)
        .says(&["empty.json has no current context", "--context"]);
    let _ = ci
        .mcpctl(&["tenant", "list", "--context", "staging"])
        .expect(6)
        .says(&["cannot use context `staging`", "--kubeconfig"]);
    // Another cluster's is refused, and it says how to go by EKS.
    let other = json!({"apiVersion": "v1", "kind": "Config", "current-context": "other",
        "clusters": [{"name": "other", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "other", "context": {"cluster": "other", "user": "other"}}],
        "users": [{"name": "other", "user": {"token": "t"}}]});
    let other = ci.world.write("other.json", &other.to_string());
    let _ = Run::of(ci.command(&LIST).env("KUBECONFIG", other))
        .expect(6)
        .says(&[
            "context `other` is not cluster `eks-second`",
            "KUBECONFIG=/dev/null",
        ]);
}

#[test]
fn one_half_alone() {
    let ci = Ci::new("eks-half");
    let mut seen = 0;
    for args in [
        &[
            "tenant",
            "add",
            "eks-half",
            "--wait",
            "applied",
            "--identity-gate",
            "off",
        ][..],
        &["tenant", "diff", "eks-half"],
        &["tenant", "status", "eks-half"],
        &["tenant", "remove", "eks-half", "--yes"],
    ] {
        let args = [args, &["--only", "kubernetes"]].concat();
        let _ = ci.mcpctl(&args).expect(0);
        assert_eq!(ci.asked_of_aws(&mut seen), ["DescribeCluster"], "{args:?}");
    }
}

/// EKS says which account it is, and no AWS call is made besides.
#[test]
fn where_ack_carries_role_and_association_out() {
    let ci = Ci::new("eks-ack");
    ci.world
        .settings("region: eu-west-1}", "region: eu-west-1}\naws: ack");
    let mut seen = 0;
    for args in [
        &["tenant", "add", "eks-ack"][..],
        &["tenant", "diff", "eks-ack"],
        &["tenant", "remove", "eks-ack", "--yes"],
    ] {
        let run = ci.mcpctl(args).expect(0);
        assert!(!run.stderr.contains("nothing tells whether"), "{run}");
        assert_eq!(ci.asked_of_aws(&mut seen), ["DescribeCluster"], "{args:?}");
    }
}

#[test]
fn credentials_are_looked_for_once() {
    let ci = Ci::new("eks-process");
    let keys = json!({"Version": 1, "AccessKeyId": "EKS-PROCESS", "SecretAccessKey": "sandbox"});
    ci.world.write("keys.json", &keys.to_string());
    let dir = ci.world.dir.display();
    let script = format!("#!/bin/sh\necho run >> {dir}/runs\ncat {dir}/keys.json\n");
    let script = ci.world.write("keys.sh", &script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).expect("a mode");
    let config = format!("[default]\ncredential_process = {}\n", script.display());
    let config = ci.world.write("aws-config", &config);
    let mut command = ci.command(&["tenant", "add", "eks-process"]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_CONFIG_FILE", config);
    let _ = Run::of(&mut command).expect(0);
    let runs = fs::read_to_string(ci.world.dir.join("runs")).expect("runs");
    assert_eq!(runs, "run\n");
    let seen = ci
        .world
        .sandbox
        .audit("EKS-PROCESS")
        .expect("the audit log");
    assert!(!seen.is_empty());
}

#[test]
fn a_token_that_is_refused_is_signed_anew_once() {
    let ci = Ci::new("eks-renewed");
    ci.world.sandbox.refuse_token(&ci.world.access_key);
    let run = ci.mcpctl(&["tenant", "list", "-v"]).expect(0);
    assert!(run.stderr.contains(" 401 "), "{run}");
}

/// For the API server of the sandbox, a cluster that was not made by it is another one.
fn stray_cluster(ci: &Ci, name: &str) {
    let sandbox = ci.world.sandbox;
    let body = json!({"name": name, "version": "1.36", "roleArn": "arn:aws:iam::111122223333:role/eks-cluster",
        "resourcesVpcConfig": {"subnetIds": []}});
    let made = sandbox.aws_eks("POST", "/clusters", Some(body));
    let _ = made.expect("a cluster");
    sandbox.describe_cluster_as(
        name,
        json!({
            "arn": format!("arn:aws:eks:eu-west-1:111122223333:cluster/{name}"),
            "endpoint": sandbox.api_server(),
            "certificateAuthority": {"data": STANDARD.encode(sandbox.ca_pem())},
            "status": "ACTIVE",
        }),
    );
}

/// A token of this age as another program would make it.
fn token(ci: &Ci, cluster: &str, age: Duration) -> String {
    let token = ci
        .world
        .sandbox
        .eks_token(cluster, &ci.world.access_key, age);
    token.expect("a token")
}
