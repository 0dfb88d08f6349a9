//! What comes after the first add: removal, views, drift.

use std::time::{Duration, Instant};

use mcpctl_sandbox::AckAnswer;
use serde_json::{Value, json};

use super::{Acks, iam, role_name};
use crate::world::Run;

#[test]
fn a_removal_waits_until_ack_has_deleted_the_association_then_the_role() {
    let acks = Acks::new("ack-remove");
    let _ = acks.tenant("add", &[]).expect(0);
    let role = role_name(&acks);
    acks.answers("PodIdentityAssociation", AckAnswer::Absent);
    let late = acks
        .tenant("remove", &["--yes", "--timeout", "6s"])
        .expect(4)
        .says(&[
            "PodIdentityAssociation ack-remove is still being deleted",
            "finalizer finalizers.eks.services.k8s.aws/PodIdentityAssociation",
            "is its controller running?",
            "not begun: Role ack-remove, ",
        ]);
    assert!(late.stderr.contains("Namespace mcp-ack-remove"), "{late}");
    // The association has not outlived its namespace, nor the role its association.
    acks.world.kubectl(&["get", "namespace", "mcp-ack-remove"]);
    assert!(acks.object("roles")["metadata"]["deletionTimestamp"].is_null());
    // Once more, and nothing in AWS is left.
    acks.answers("PodIdentityAssociation", AckAnswer::Normal);
    let why =
        "DeleteConflict: Cannot delete entity, must remove roles from instance profile first.";
    acks.answers("Role", AckAnswer::Recoverable(why.into()));
    let _ = acks
        .tenant("remove", &["--yes", "--timeout", "8s"])
        .expect(4)
        .says(&["Role ack-remove is still being deleted", why]);
    acks.answers("Role", AckAnswer::Normal);
    let _ = acks
        .tenant("remove", &["--yes"])
        .expect(0)
        .says(&["nothing of it is left"]);
    let gone = [("Action", "GetRole"), ("RoleName", role.as_str())];
    assert!(acks.world.sandbox.aws_iam(&gone).is_err());
    assert!(acks.world.associations().is_empty());
    assert!(acks.world.aws_calls().is_empty());
    let _ = acks
        .tenant("remove", &["--yes"])
        .expect(0)
        .says(&["nothing to remove"]);
}

#[test]
fn the_halves_can_be_made_and_removed_by_themselves() {
    let acks = Acks::new("ack-halves");
    let _ = acks
        .tenant("add", &["--only", "aws"])
        .expect(0)
        .says(&["Role ack-halves carried out by ACK", "2 created"]);
    let namespaces = acks.world.kubectl(&["get", "namespaces", "-o", "name"]);
    assert!(!namespaces.contains("mcp-ack-halves"));
    let _ = acks.tenant("add", &["--only", "kubernetes"]).expect(0);
    let _ = acks.tenant("diff", &[]).expect(0);
    let _ = acks
        .tenant("remove", &["--yes", "--only", "aws"])
        .expect(0)
        .says(&["role and association of tenant `ack-halves` are removed"]);
    let _ = acks.tenant("add", &[]).expect(0).says(&["2 created"]);
    let _ = acks.tenant("remove", &["--yes"]).expect(0);
}

#[test]
fn status_and_list_tell_what_ack_says() {
    let acks = Acks::new("ack-status");
    let why = "InvalidParameterException: trust policy";
    acks.answers("PodIdentityAssociation", AckAnswer::Recoverable(why.into()));
    let _ = acks.tenant("add", &["--timeout", "2s"]).expect(4);
    let status = acks.tenant("status", &[]).expect(0).stdout;
    let problem = "PodIdentityAssociation ack-status is not carried out by ACK: ACK.Recoverable: InvalidParameterException";
    for said in [
        "state        not synced",
        problem,
        "IAM and EKS were not asked",
    ] {
        assert!(status.contains(said), "no `{said}`: {status}");
    }
    let row = |list: &Run| {
        let mut lines = list.stdout.lines();
        let row = lines.find(|line| line.starts_with("ack-status "));
        row.map_or_else(|| panic!("{list}"), str::to_string)
    };
    let list = acks.mcpctl(&["tenant", "list"]).expect(0);
    assert!(row(&list).ends_with("not synced"), "{list}");
    acks.answers("PodIdentityAssociation", AckAnswer::Normal);
    let _ = acks.tenant("add", &[]).expect(0);
    let status = acks.tenant("status", &["-o", "json"]).expect(0).stdout;
    let status: Value = serde_json::from_str(&status).expect("JSON");
    assert_eq!(
        (&status["state"], &status["awsMode"]),
        (&"ok".into(), &"ack".into())
    );
    let arn = acks.object("roles")["status"]["ackResourceMetadata"]["arn"].clone();
    assert_eq!(status["role"]["arn"], arn);
    let list = acks.mcpctl(&["tenant", "list", "-o", "wide"]).expect(0);
    let id = acks.object("podidentityassociations")["status"]["associationID"].clone();
    let row = row(&list);
    assert!(
        row.contains(&role_name(&acks)) && row.contains(id.as_str().expect("an id")),
        "{row}"
    );
    assert!(row.contains(" ok "), "{row}");
}

#[test]
fn drift_in_iam_itself_is_seen_where_it_is_asked_for() {
    let acks = Acks::new("ack-drift");
    let _ = acks.tenant("add", &[]).expect(0);
    let _ = acks.tenant("diff", &["--aws"]).expect(0);
    let role = role_name(&acks);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    let update = [
        ("Action", "UpdateAssumeRolePolicy"),
        ("RoleName", role.as_str()),
        ("PolicyDocument", trust),
    ];
    iam(&acks, &update);
    let _ = acks
        .tenant("diff", &[])
        .expect(0)
        .says(&["what was changed in IAM or EKS itself is not seen until ACK looks again"]);
    let seen = acks
        .tenant("diff", &["--aws"])
        .expect(1)
        .says(&["ACK puts right when it looks again"]);
    assert!(
        seen.stdout
            .starts_with("tenant ack-drift in IAM and EKS\n  ~ Role ack-drift")
            && seen
                .stdout
                .contains("spec.assumeRolePolicyDocument.Statement"),
        "{seen}"
    );
    let events = acks.tenant("diff", &["--aws", "-o", "json"]).expect(1);
    let plan = |source: Value| {
        let lines = events.stdout.lines();
        let mut lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let plan = lines.find(|line| line["type"] == "plan" && line["source"] == source);
        plan.unwrap_or_else(|| panic!("{events}"))
    };
    assert_eq!(plan(Value::Null)["clean"], true);
    assert_eq!(plan("aws".into())["clean"], false);
    let _ = acks
        .tenant("diff", &["--aws", "--only", "kubernetes"])
        .expect(2);
    // Without credentials there is nothing to ask with.
    let mut command = acks.world.command(&[
        "tenant",
        "diff",
        "ack-drift",
        "--aws",
        "--allow-context-mismatch",
    ]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let _ = Run::of(&mut command)
        .expect(6)
        .says(&["give AWS credentials"]);
    acks.answers("Role", AckAnswer::Normal);
    let deadline = Instant::now() + Duration::from_secs(20);
    while acks.tenant("diff", &["--aws"]).code != 0 {
        assert!(Instant::now() < deadline, "ACK does not put it right");
    }
}

#[test]
fn what_was_changed_on_the_objects_is_shown_and_repaired() {
    let acks = Acks::new("ack-edited");
    let _ = acks.tenant("add", &[]).expect(0);
    let edit = |kind: &str, patch: &str| {
        let kind = format!("{kind}.services.k8s.aws");
        let place = ["-n", "mcpctl-system", "patch", &kind, "ack-edited"];
        let patch = ["--type=merge", "--field-manager=kubectl-edit", "-p", patch];
        acks.world.kubectl(&[&place[..], &patch[..]].concat());
    };
    edit(
        "podidentityassociations.eks",
        r#"{"spec":{"targetRoleARN":"arn:aws:iam::111122223333:role/admin"}}"#,
    );
    let policy = |action: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
            .to_string()
    };
    let role = json!({
        "metadata": {"annotations": {"services.k8s.aws/deletion-policy": "retain"}},
        "spec": {"inlinePolicies": {"extra": policy("s3:ListBucket"), "mcpctl": policy("s3:*")}},
    });
    edit("roles.iam", &role.to_string());
    let diff = acks.tenant("diff", &[]).expect(1).stdout;
    for said in [
        "metadata.annotations[services.k8s.aws/deletion-policy]: \"retain\" -> \"delete\"   (changed by kubectl-edit)",
        "spec.inlinePolicies.mcpctl.Statement[#1]: {\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"} -> removed   (changed by kubectl-edit)",
        "spec.targetRoleARN: \"arn:aws:iam::111122223333:role/admin\" -> removed   (changed by kubectl-edit)",
        "! Role ack-edited: inline policy extra is not ours; it is left alone",
    ] {
        assert!(diff.contains(said), "no `{said}`: {diff}");
    }
    let _ = acks.tenant("add", &[]).expect(0).says(&["2 changed"]);
    // What is not ours survives, is told, and stops the removal.
    let left = acks.tenant("diff", &[]).expect(1).stdout;
    assert!(left.contains("0 to create, 0 to change"), "{left}");
    let _ = acks
        .tenant("remove", &["--yes"])
        .expect(3)
        .says(&["inline policy extra is not ours; take it away first"]);
    edit("roles.iam", r#"{"spec":{"inlinePolicies":{"extra":null}}}"#);
    let _ = acks.tenant("diff", &[]).expect(0);
    // ACK does not look at a change of the metadata alone, and nobody waits for it.
    edit(
        "roles.iam",
        r#"{"metadata":{"annotations":{"services.k8s.aws/deletion-policy":null}}}"#,
    );
    let _ = acks.tenant("add", &[]).expect(0).says(&["1 changed"]);
    let _ = acks.tenant("diff", &[]).expect(0);
}
