//! Role and association in the hands of AWS Controllers for Kubernetes.

use std::time::{Duration, Instant};

use mcpctl_sandbox::AckAnswer;
use serde_json::Value;

use crate::world::{Run, World};

mod guards;
mod later;
mod managed;
mod orphans;
mod refusals;
mod shared;
mod switch;

/// A cluster whose settings say `aws: ack`. The platform that tests share is that of another cluster name.
struct Acks<'a> {
    world: World<'a>,
    tenant: String,
}

impl Acks<'static> {
    fn new(tenant: &str) -> Self {
        let acks = Self {
            world: World::new(tenant),
            tenant: tenant.into(),
        };
        acks.set_up();
        acks
    }
}

impl Acks<'_> {
    fn set_up(&self) {
        self.world.settings(
            "region: eu-west-1}",
            "region: eu-west-1, accountId: \"111122223333\"}\naws: ack",
        );
    }

    fn mcpctl(&self, args: &[&str]) -> Run {
        let mut all = args.to_vec();
        all.push("--allow-context-mismatch");
        self.world.mcpctl(&all)
    }

    /// A verb about the tenant.
    fn tenant(&self, verb: &str, args: &[&str]) -> Run {
        let mut all = vec!["tenant", verb, self.tenant.as_str()];
        all.extend(args);
        self.mcpctl(&all)
    }

    fn answers(&self, kind: &str, answer: AckAnswer) {
        self.world.sandbox.ack(kind, &self.tenant, answer);
    }

    /// The object that stands for the role or the association.
    fn object(&self, plural: &str) -> Value {
        let kind = match plural {
            "roles" => "roles.iam.services.k8s.aws",
            _ => "podidentityassociations.eks.services.k8s.aws",
        };
        let text = self.world.kubectl(&[
            "-n",
            "mcpctl-system",
            "get",
            kind,
            &self.tenant,
            "-o",
            "json",
            "--show-managed-fields",
        ]);
        serde_json::from_str(&text).expect("an object")
    }

    /// What lives of these kinds in the tenant's namespace.
    fn has(&self, kinds: &str) -> String {
        let namespace = format!("mcp-{}", self.tenant);
        self.world
            .kubectl(&["-n", &namespace, "get", kinds, "-o", "name"])
    }
}

#[test]
fn a_tenant_is_made_without_a_call_to_aws() {
    let acks = Acks::new("by-ack");
    let added = acks.tenant("add", &[]).expect(0).says(&[
        "Role by-ack carried out by ACK",
        "PodIdentityAssociation by-ack carried out by ACK",
        "is ready",
    ]);
    let role = acks.object("roles");
    let arn = role["status"]["ackResourceMetadata"]["arn"].as_str();
    assert!(added.stdout.contains(arn.expect("an ARN")), "{added}");
    let association = acks.object("podidentityassociations");
    let id = association["status"]["associationID"].as_str();
    assert!(added.stdout.contains(id.expect("an id")), "{added}");
    assert_eq!(association["spec"].get("roleARN"), None);
    // What ACK filled in and spelt otherwise is no difference.
    assert_eq!(role["spec"]["maxSessionDuration"], 3600);
    let trust = role["spec"]["assumeRolePolicyDocument"].as_str();
    assert!(!trust.expect("a document").contains('\n'), "{role}");
    let _ = acks.tenant("add", &[]).expect(0).says(&["nothing to do"]);
    let diff = acks.tenant("diff", &[]).expect(0);
    assert_eq!(diff.stdout, "", "{diff}");
    assert!(acks.has("pods").contains("pod/"), "no pod");
    assert!(acks.world.aws_calls().is_empty());
}

/// Runs a call on IAM by hand.
fn iam(acks: &Acks<'_>, call: &[(&str, &str)]) -> String {
    acks.world.sandbox.aws_iam(call).expect("IAM answers")
}

/// The role's name, as a dry run tells it.
fn role_name(acks: &Acks<'_>) -> String {
    let dry = acks.tenant("add", &["--dry-run"]).expect(0).stdout;
    let own = format!("  name: {}-", acks.tenant);
    let line = dry.lines().find(|line| line.starts_with(&own));
    let line = line.expect("the role's name");
    line.trim_start_matches("  name: ").to_string()
}

#[test]
fn a_change_is_waited_for_and_arrives_in_aws() {
    let acks = Acks::new("ack-change");
    let _ = acks.tenant("add", &[]).expect(0);
    let policy = crate::world::POLICY.replace("s3:GetObject", "s3:PutObject");
    acks.world.write("other.json", &policy);
    acks.answers("Role", AckAnswer::Absent);
    let changed = ["--policy", "other.json", "--timeout", "4s"];
    let late = acks.tenant("add", &changed).expect(4).says(&[
        "no ACK controller has looked at it yet",
        "Role ack-change was not carried out by ACK in time",
        "are the ACK controllers for IAM and EKS running",
    ]);
    assert!(late.stderr.contains("stands: updated"), "{late}");
    acks.answers("Role", AckAnswer::Normal);
    let _ = acks.tenant("add", &[]).expect(0);
    let role = role_name(&acks);
    let policy = [
        ("Action", "GetRolePolicy"),
        ("RoleName", &role),
        ("PolicyName", "mcpctl"),
    ];
    // The object says it already; ACK looks at it after the answer above.
    let deadline = Instant::now() + Duration::from_secs(20);
    while !iam(&acks, &policy).contains("PutObject") {
        assert!(Instant::now() < deadline, "ACK does not carry it out");
    }
    let _ = acks.tenant("diff", &[]).expect(0);
}

#[test]
fn a_dry_run_prints_the_same_whoever_carries_it_out() {
    let acks = Acks::new("ack-dry");
    let through_ack = acks.tenant("add", &["--dry-run"]).expect(0);
    let of_platform = acks.mcpctl(&["platform", "render"]).expect(0);
    acks.world.settings("aws: ack", "aws: direct");
    assert_eq!(
        acks.tenant("add", &["--dry-run"]).expect(0).stdout,
        through_ack.stdout
    );
    assert_eq!(
        acks.mcpctl(&["platform", "render"]).expect(0).stdout,
        of_platform.stdout
    );
    assert!(
        through_ack
            .stdout
            .contains("services.k8s.aws/deletion-policy: delete")
    );
    // And it is what is applied, to the letter.
    acks.world.settings("aws: direct", "aws: ack");
    let _ = acks.tenant("add", &[]).expect(0);
    let file = acks.world.write("dry.yaml", &through_ack.stdout);
    let file = file.display().to_string();
    let diff = [
        "diff",
        "--server-side",
        "--field-manager=mcpctl",
        "--force-conflicts",
        "-f",
        &file,
    ];
    let diff = Run::of(acks.world.sandbox.kubectl().args(diff));
    assert!(
        !diff.stdout.contains("roleRef") && !diff.stdout.contains("tags"),
        "{diff}"
    );
}

#[test]
fn pods_are_asked_whose_role_they_have() {
    let acks = Acks::new("ack-verified");
    let image = "settleSeconds: 0, verifyImage: \"registry.example/aws-cli:2\"";
    acks.world.settings("settleSeconds: 0", image);
    let said = "mcpctl-verify-identity runs as role ack-verified-";
    let _ = acks
        .tenant("add", &["--verify-identity"])
        .expect(0)
        .says(&[said]);
    assert!(acks.world.aws_calls().is_empty());
}
