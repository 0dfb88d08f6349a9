use serde_json::json;

use super::*;

fn ingress(namespace: &str, annotations: &Value) -> Value {
    json!({
        "metadata": {
            "namespace": namespace, "name": "mcp-server", "uid": namespace, "annotations": annotations,
            "labels": {"mcpctl.dev/tenant": namespace.trim_start_matches("mcp-")},
            "creationTimestamp": "2026-01-01T10:00:00Z",
        },
        "spec": {"ingressClassName": "mcp"},
    })
}

fn going(mut ingress: Value) -> Value {
    ingress["metadata"]["deletionTimestamp"] = "2026-01-01T10:00:00Z".into();
    ingress
}

fn explained(said: &str, members: &[Value]) -> String {
    let own = ingress("mcp-own", &json!({}));
    let Diagnosis { own, finding } = diagnose(said, &own, members);
    format!(
        "{}{}\n  {}",
        if own { "own: " } else { "" },
        finding.line,
        finding.hint.unwrap_or_default()
    )
}

#[test]
fn the_one_that_the_controller_names_is_named_with_its_tenant() {
    let members = [
        ingress("mcp-bad", &json!({})),
        ingress("mcp-good", &json!({})),
    ];
    insta::assert_snapshot!(explained(
        "Failed build model due to ingress: mcp-bad/mcp-server: listen protocol must be HTTP or HTTPS: FTP",
        &members,
    ), @"
    Ingress mcp-bad/mcp-server of tenant `bad` blocks the shared load balancer for all its members: listen protocol must be HTTP or HTTPS: FTP
      mend or remove that one: mcpctl tenant diff bad, then mcpctl tenant add bad or mcpctl tenant remove bad
    ");
    insta::assert_snapshot!(explained("Failed build model due to ingress: mcp-own/mcp-server: no", &members), @"
    own: Ingress mcp-own/mcp-server of tenant `own` blocks the shared load balancer for all its members: no
      mend or remove that one: kubectl -n mcp-own describe ingress mcp-server
    ");
}

#[test]
fn one_that_is_not_named_is_found_by_what_is_wrong_with_it() {
    let attributes = json!({"alb.ingress.kubernetes.io/load-balancer-attributes": "nonsense"});
    let others = json!({"alb.ingress.kubernetes.io/load-balancer-attributes": "a=b"});
    let said = "Failed build model due to failed to parse stringMap annotation, alb.ingress.kubernetes.io/load-balancer-attributes: nonsense";
    insta::assert_snapshot!(explained(said, &[ingress("mcp-a", &others), going(ingress("mcp-b", &attributes))]), @"
    Ingress mcp-b/mcp-server of tenant `b` blocks the shared load balancer for all its members: failed to parse stringMap annotation, alb.ingress.kubernetes.io/load-balancer-attributes: nonsense
      it is being deleted and cannot go: kubectl -n mcp-b annotate ingress mcp-server alb.ingress.kubernetes.io/load-balancer-attributes-
    ");
    let protected = json!({"alb.ingress.kubernetes.io/load-balancer-attributes": "deletion_protection.enabled=true"});
    insta::assert_snapshot!(explained(
        "Failed build model due to deletion_protection is enabled, cannot delete the ingress: mcp-server",
        &[ingress("mcp-a", &protected), going(ingress("mcp-b", &protected))],
    ), @"
    Ingress mcp-b/mcp-server of tenant `b` blocks the shared load balancer for all its members: deletion_protection is enabled, cannot delete the ingress: mcp-server
      it is being deleted and cannot go: kubectl -n mcp-b annotate ingress mcp-server alb.ingress.kubernetes.io/load-balancer-attributes-
    ");
}

#[test]
fn what_names_nobody_is_said_as_it_is() {
    insta::assert_snapshot!(explained(
        "Failed deploy model due to CertificateNotFound: arn:aws:acm:eu-west-1:123456789012:certificate/x",
        &[ingress("mcp-a", &json!({}))],
    ), @"
    the shared load balancer is blocked: CertificateNotFound: arn:aws:acm:eu-west-1:123456789012:certificate/x
      the controller does not say which Ingress: its log may
    ");
    let both = json!({"alb.ingress.kubernetes.io/scheme": "internal"});
    insta::assert_snapshot!(explained(
        "Failed build model due to invalid alb.ingress.kubernetes.io/scheme",
        &[ingress("mcp-a", &both), ingress("mcp-b", &both)],
    ), @"
    the shared load balancer is blocked: invalid alb.ingress.kubernetes.io/scheme
      it is one of these Ingresses: mcp-a/mcp-server, mcp-b/mcp-server
    ");
}

fn event(version: u64, time: &str, reason: &str, message: &str) -> Value {
    json!({
        "metadata": {"resourceVersion": version.to_string()},
        "involvedObject": {"kind": "Ingress", "uid": "mcp-own"},
        "type": "Warning", "reason": reason, "message": message, "lastTimestamp": time,
    })
}

#[test]
fn the_last_word_counts_and_none_from_before_the_last_change() {
    let mut own = ingress("mcp-own", &json!({}));
    let mut complaints = Complaints::default();
    complaints.take(&event(
        9,
        "2026-01-01T10:00:05Z",
        "FailedBuildModel",
        "second",
    ));
    complaints.take(&event(
        7,
        "2026-01-01T10:00:04Z",
        "FailedBuildModel",
        "first",
    ));
    complaints.take(&event(
        10,
        "2026-01-01T10:00:06Z",
        "Throttled",
        "no failure of the group",
    ));
    assert_eq!(complaints.about(&own), Some("second"));
    own["metadata"]["managedFields"] =
        json!([{"manager": "mcpctl", "operation": "Apply", "time": "2026-01-01T10:00:05Z"}]);
    assert_eq!(
        complaints.about(&own),
        None,
        "it was said before the change, or in the same second"
    );
    complaints.take(&event(
        11,
        "2026-01-01T10:00:06Z",
        "FailedBuildModel",
        "second",
    ));
    assert_eq!(complaints.about(&own), Some("second"));
    complaints.take(&event(
        12,
        "2026-01-01T10:00:07Z",
        "SuccessfullyReconciled",
        "",
    ));
    assert_eq!(complaints.about(&own), None);
}

#[test]
fn a_member_that_goes_hears_nothing_but_its_group_does() {
    let own = going(ingress("mcp-left", &json!({})));
    let sibling = ingress("mcp-own", &json!({}));
    let mut stranger = sibling.clone();
    stranger["spec"]["ingressClassName"] = "other".into();
    let mut complaints = Complaints::default();
    complaints.take(&event(9, "2026-01-01T10:00:05Z", "FailedDeployModel", "no"));
    assert_eq!(complaints.in_group(&own, &[sibling]), Some("no"));
    assert_eq!(complaints.in_group(&own, &[stranger]), None);
}
