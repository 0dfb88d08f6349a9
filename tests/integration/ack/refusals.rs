//! ACK refuses, or nobody looks.

use mcpctl_sandbox::AckAnswer;

use super::{Acks, iam, role_name};

#[test]
fn what_ack_does_not_try_again_ends_the_run_at_once() {
    let acks = Acks::new("ack-terminal");
    acks.answers(
        "Role",
        AckAnswer::Terminal("MalformedPolicyDocument: no".into()),
    );
    let failed = acks.tenant("add", &[]).expect(5).says(&[
        "Role ack-terminal cannot be carried out by ACK",
        "ACK.Terminal: MalformedPolicyDocument: no",
        "not begun: PodIdentityAssociation ack-terminal, Deployment mcp-ack-terminal/mcp-server",
        "run the same command again",
    ]);
    assert!(
        failed.stderr.contains("created Namespace mcp-ack-terminal"),
        "{failed}"
    );
    assert_eq!(acks.has("deployments,pods"), "");
    // It is said by everything that looks, and again by a run that has nothing to write.
    let diff = acks.tenant("diff", &[]).expect(1);
    let said =
        "! Role ack-terminal: not carried out by ACK: ACK.Terminal: MalformedPolicyDocument: no";
    assert!(diff.stdout.contains(said), "{diff}");
    let _ = acks.tenant("add", &[]).expect(5).says(&["ACK.Terminal"]);
    acks.answers("Role", AckAnswer::Normal);
    // What ACK says is about the last time that it looked.
    acks.world.kubectl(&[
        "-n",
        "mcpctl-system",
        "wait",
        "--for=condition=ACK.ResourceSynced",
        "roles.iam.services.k8s.aws/ack-terminal",
        "--timeout=60s",
    ]);
    let _ = acks.tenant("add", &[]).expect(0).says(&["is ready"]);
}

#[test]
fn a_role_that_exists_is_not_taken_over() {
    let acks = Acks::new("ack-exists");
    let role = role_name(&acks);
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let role = ("RoleName", role.as_str());
    let document = ("AssumeRolePolicyDocument", trust);
    iam(&acks, &[("Action", "CreateRole"), role, document]);
    let _ = acks.tenant("add", &["--adopt"]).expect(5).says(&[
        "ACK.Terminal: Resource already exists",
        "kubectl -n mcpctl-system delete roles.iam.services.k8s.aws ack-exists",
    ]);
    // As the hint has it.
    iam(&acks, &[("Action", "DeleteRole"), role]);
    let gone = [
        "-n",
        "mcpctl-system",
        "delete",
        "roles.iam.services.k8s.aws",
        "ack-exists",
    ];
    acks.world.kubectl(&gone);
    let _ = acks.tenant("add", &[]).expect(0).says(&["is ready"]);
}

#[test]
fn what_ack_tries_again_is_said_and_waited_for() {
    let acks = Acks::new("ack-retried");
    let why = "ResourceInUseException: Association already exists: a-1";
    acks.answers("PodIdentityAssociation", AckAnswer::Recoverable(why.into()));
    let late = acks.tenant("add", &["--timeout", "3s"]).expect(4).says(&[
        "PodIdentityAssociation ack-retried: ACK.Recoverable: ResourceInUseException",
        "PodIdentityAssociation ack-retried was not carried out by ACK in time",
        "Association already exists: a-1",
    ]);
    assert!(!late.stderr.contains("identity gate"), "{late}");
    assert_eq!(acks.has("deployments"), "");
    acks.answers("PodIdentityAssociation", AckAnswer::Normal);
    let _ = acks.tenant("add", &[]).expect(0).says(&["is ready"]);
}

#[test]
fn a_reference_that_cannot_be_resolved_is_a_failure() {
    let acks = Acks::new("ack-reference");
    let why =
        AckAnswer::Unresolved("Role mcpctl-system/ack-reference is in a terminal state".into());
    acks.answers("PodIdentityAssociation", why);
    let _ = acks.tenant("add", &[]).expect(5).says(&[
        "PodIdentityAssociation ack-reference cannot be carried out by ACK",
        "ACK.ReferencesResolved: Reference resolution failed: Role mcpctl-system/ack-reference is in a terminal state",
    ]);
    assert_eq!(acks.has("deployments"), "");
    acks.answers("PodIdentityAssociation", AckAnswer::Normal);
    let _ = acks.tenant("add", &[]).expect(0).says(&["is ready"]);
}

#[test]
fn without_a_controller_the_user_hears_what_is_missing() {
    let acks = Acks::new("ack-absent");
    acks.answers("Role", AckAnswer::Absent);
    let late = acks.tenant("add", &["--timeout", "4s"]).expect(4).says(&[
        "Role ack-absent: no ACK controller has looked at it yet",
        "are the ACK controllers for IAM and EKS running, and do they watch the namespace mcpctl-system?",
        "run the same command again to go on",
    ]);
    assert!(
        late.stderr
            .contains("not begun: PodIdentityAssociation ack-absent"),
        "{late}"
    );
    acks.answers("Role", AckAnswer::Normal);
    let _ = acks.tenant("add", &[]).expect(0).says(&["is ready"]);
}
