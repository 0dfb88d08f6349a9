use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    error::Kind,
    object::{EKS, PLATFORM_NAMESPACE},
};

const ROLE: &str = "arn:aws:iam::111122223333:role/mcpctl/prod/acme-1";

fn pod() -> Value {
    json!({
        "metadata": {"namespace": "mcp-acme"},
        "spec": {"serviceAccountName": "mcp-server", "containers": [{"name": "mcp-server", "env": [{"name": "HOME"}]}]},
    })
}

fn object(tree: Value) -> Object {
    Object::new(tree).expect("an object")
}

fn account(annotations: &Value) -> Object {
    let metadata =
        json!({"name": "mcp-server", "namespace": "mcp-acme", "annotations": annotations});
    object(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}))
}

fn association(account: &str, role: &str) -> Object {
    object(json!({
        "apiVersion": format!("{EKS}/v1alpha1"), "kind": "PodIdentityAssociation",
        "metadata": {"name": "a-1", "namespace": PLATFORM_NAMESPACE},
        "spec": {"namespace": "mcp-acme", "serviceAccount": account, "roleARN": role},
        "status": {"associationID": "a-1"},
    }))
}

fn webhook() -> Object {
    object(json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK}, "webhooks": [{"timeoutSeconds": 10}],
    }))
}

fn addon(status: &str, issues: &[&str]) -> Addon {
    Addon {
        status: status.into(),
        issues: issues.iter().map(ToString::to_string).collect(),
    }
}

/// Nothing is wrong.
fn well() -> Evidence {
    Evidence {
        service_account: Ok(Some(account(&json!({})))),
        associations: Ok(vec![association("mcp-server", ROLE)]),
        webhook: Ok(Some(webhook())),
        addon: Ok(Some(addon("ACTIVE", &[]))),
        nodes: Ok(Nodes {
            suitable: true,
            any: true,
            auto: false,
        }),
    }
}

fn judged(pod: &Value, took: u64, evidence: &Evidence) -> Diagnosis {
    let patient = Patient {
        cluster: "prod",
        pod,
        role: Some(ROLE),
        took: Duration::from_secs(took),
    };
    judge(&patient, evidence)
}

type Change = fn(&mut Evidence);

/// That of what was well, each change alone is the one cause, by these words.
fn each_is_a_cause(cases: &[(Change, &str)], lasts: bool) {
    for (change, wanted) in cases {
        let mut seen = well();
        change(&mut seen);
        let found = judged(&pod(), 0, &seen).causes;
        assert_eq!(found.len(), 1, "{found:?}");
        let Cause { finding, .. } = &found[0];
        assert!(finding.line.contains(wanted), "{wanted}: {finding:?}");
        assert!(finding.hint.is_some(), "{finding:?}");
        assert_eq!(found[0].lasts, lasts, "{finding:?}");
    }
}

#[test]
fn where_all_is_well_that_is_said() {
    let found = judged(&pod(), 0, &well());
    assert!(
        found.causes.is_empty() && found.unseen.is_empty(),
        "{found:?}"
    );
    let error = found.explain(Error::new(Kind::Wait, "shut")).to_string();
    assert_eq!(
        error,
        format!(
            "shut\n  in order: service account, association a-1 for role {ROLE}, webhook configuration, nodes, add-on \
             eks-pod-identity-agent ACTIVE\n  so EKS has not told its webhook of the association yet, or the webhook does \
             not answer\n  hint: run the same command again to go on; --timeout gives it longer"
        )
    );
}

#[test]
fn what_nobody_mends_meanwhile_ends_the_wait() {
    let cases: [(Change, &str); 5] = [
        (
            |seen| seen.service_account = Ok(None),
            "there is no ServiceAccount mcp-acme/mcp-server",
        ),
        (
            |seen| seen.associations = Ok(Vec::new()),
            "EKS has no association for service account mcp-server of mcp-acme",
        ),
        (
            |seen| seen.associations = Ok(vec![association("other", ROLE)]),
            "the pod's service account is mcp-server, and EKS has an association in mcp-acme for other only",
        ),
        (
            |seen| {
                let two = [association("other", ROLE), association("third", ROLE)];
                seen.associations = Ok(two.into());
            },
            "for other, third only",
        ),
        (
            |seen| seen.webhook = Ok(None),
            "no MutatingWebhookConfiguration pod-identity-webhook",
        ),
    ];
    each_is_a_cause(&cases, true);
}

#[test]
fn what_may_be_mended_or_keeps_no_gate_shut_is_told() {
    let cases: [(Change, &str); 5] = [
        (
            |seen| {
                let annotations = json!({"eks.amazonaws.com/role-arn": "arn:other"});
                seen.service_account = Ok(Some(account(&annotations)));
            },
            "has the annotation eks.amazonaws.com/role-arn, by which pods get role arn:other instead",
        ),
        (
            |seen| seen.associations = Ok(vec![association("mcp-server", "arn:other")]),
            "association a-1 is for role arn:other, not for the tenant's",
        ),
        (
            |seen| seen.addon = Ok(None),
            "cluster prod has no add-on eks-pod-identity-agent",
        ),
        (
            |seen| {
                let issue = "InsufficientNumberOfReplicas: no node takes it";
                seen.addon = Ok(Some(addon("DEGRADED", &[issue])));
            },
            "the add-on eks-pod-identity-agent is DEGRADED: InsufficientNumberOfReplicas: no node takes it",
        ),
        (
            |seen| {
                seen.nodes = Ok(Nodes {
                    suitable: false,
                    any: true,
                    auto: false,
                });
            },
            "all nodes for the pod are Fargate or Windows",
        ),
    ];
    each_is_a_cause(&cases, false);
}

#[test]
fn a_webhook_that_does_not_answer_is_told_from_one_that_says_no() {
    assert!(judged(&pod(), 9, &well()).causes.is_empty());
    let causes = judged(&pod(), 10, &well()).causes;
    assert!(
        causes[0]
            .finding
            .line
            .contains("the webhook does not answer"),
        "{causes:?}"
    );
}

#[test]
fn what_may_not_be_looked_at_is_said_and_is_no_cause() {
    let mut seen = well();
    seen.addon =
        Err("eks:DescribeAddon prod eks-pod-identity-agent: AccessDeniedException: no".into());
    let found = judged(&pod(), 0, &seen);
    assert!(found.causes.is_empty(), "{found:?}");
    let error = found.explain(Error::new(Kind::Wait, "shut"));
    assert!(
        error.details[0].starts_with("not looked at: eks:DescribeAddon prod"),
        "{error}"
    );
}

#[test]
fn auto_mode_has_the_agent_built_in_and_a_cluster_without_nodes_yet_is_no_cause() {
    let mut seen = well();
    seen.addon = Ok(None);
    seen.nodes = Ok(Nodes {
        suitable: true,
        any: true,
        auto: true,
    });
    assert!(judged(&pod(), 0, &seen).causes.is_empty());
    seen = well();
    seen.nodes = Ok(Nodes::default());
    assert!(judged(&pod(), 0, &seen).causes.is_empty());
}

#[test]
fn the_pod_itself_may_keep_credentials_away() {
    let mut preset = pod();
    preset["spec"]["initContainers"] = json!([{"name": "init", "env": [{"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": "x"}]}]);
    let mut skipped = pod();
    skipped["metadata"]["annotations"] =
        json!({"eks.amazonaws.com/skip-containers": "other, mcp-server"});
    let mut other = pod();
    other["spec"]["containers"][0]["env"] = json!([{"name": "AWS_ROLE_ARN", "value": "arn:other"}]);
    let mut windows = pod();
    windows["spec"]["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
    let mut default = pod();
    default["spec"]["serviceAccountName"] = Value::Null;
    for (pod, wanted) in [
        (
            preset,
            "container init sets AWS_CONTAINER_CREDENTIALS_FULL_URI itself",
        ),
        (
            skipped,
            "skip-containers tells the webhook to leave container mcp-server alone",
        ),
        (
            other,
            "container mcp-server sets AWS_ROLE_ARN itself, which AWS SDKs look at before",
        ),
        (windows, "nodeSelector asks for kubernetes.io/os=windows"),
        (
            default,
            "the pod's service account is default, and the tenant's role is bound to mcp-server",
        ),
    ] {
        let found = judged(&pod, 0, &well());
        assert!(
            found.causes[0].finding.line.contains(wanted),
            "{wanted}: {found:?}"
        );
        assert!(found.lasts());
    }
    assert!(of_pod(&pod()).is_empty());
}
