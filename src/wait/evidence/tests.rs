//! What follows from what is known, with Deployments and pods as an API server would keep them.

use serde_json::json;

use super::*;
use crate::testing::object;

mod pods;
mod way;

const START: Duration = Duration::ZERO;

fn deployment(generation: u64, observed: u64, status: &Value) -> Value {
    let mut tree = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "mcp-server", "namespace": "mcp-acme", "uid": "d", "generation": generation,
            "annotations": {"deployment.kubernetes.io/revision": observed.to_string()},
        },
        "spec": {"replicas": 1},
        "status": {"observedGeneration": observed},
    });
    crate::spec::merge(&mut tree["status"], status);
    tree
}

fn replica_set(revision: u64, status: &Value) -> Value {
    json!({
        "metadata": {
            "name": format!("set-{revision}"), "uid": format!("set-{revision}"),
            "annotations": {"deployment.kubernetes.io/revision": revision.to_string()},
            "ownerReferences": [{"uid": "d"}],
        },
        "status": status,
    })
}

fn pod(name: &str, revision: u64, status: &Value) -> Value {
    json!({
        "metadata": {
            "name": name, "labels": {"mcpctl.dev/tenant": "acme"},
            "ownerReferences": [{"uid": format!("set-{revision}")}],
        },
        "spec": {"containers": [{
            "name": "mcp-server",
            "resources": {"limits": {"memory": "256Mi"}},
            "startupProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
            "readinessProbe": {"tcpSocket": {"port": 8080}},
        }]},
        "status": status,
    })
}

/// A pod whose one container is in this state.
fn with_container(name: &str, revision: u64, container: &Value) -> Value {
    let mut status = json!({"phase": "Running", "containerStatuses": [{"name": "mcp-server", "image": "mcp:1"}]});
    crate::spec::merge(&mut status["containerStatuses"][0], container);
    pod(name, revision, &status)
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"state": {"waiting": {"reason": reason, "message": message}}, "ready": false})
}

/// Evidence of a rollout of the first version.
fn evidence(pods: &[Value]) -> Evidence {
    let mut evidence = Evidence::new(&object(deployment(1, 1, &json!({}))), (None, false));
    evidence.present("ReplicaSet", replica_set(1, &json!({})), START);
    for pod in pods {
        evidence.present("Pod", pod.clone(), START);
    }
    evidence
}

fn failed(verdict: Verdict) -> Vec<String> {
    match verdict {
        Verdict::Failed(findings) => findings.into_iter().map(|finding| finding.line).collect(),
        other => panic!("not a failure: {other:?}"),
    }
}

fn told(verdict: Verdict) -> String {
    match verdict {
        Verdict::Waiting(waiting) => waiting.line(),
        other => panic!("not a wait: {other:?}"),
    }
}

#[test]
fn only_pods_of_the_newest_version_count_and_those_before_still_serve() {
    let crash = waiting("CrashLoopBackOff", "");
    let serves = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    let mut evidence = Evidence::new(&object(deployment(2, 1, &json!({}))), (None, false));
    evidence.present("ReplicaSet", replica_set(1, &json!({})), START);
    evidence.present("Pod", with_container("broken-before", 1, &crash), START);
    evidence.present("Pod", pod("good-before", 1, &serves), START);
    // The Deployment's controller has not made the new version yet.
    assert_eq!(told(evidence.verdict(START)), "0 of 1 pods ready");
    evidence.present("Deployment", deployment(2, 2, &json!({})), START);
    evidence.present("ReplicaSet", replica_set(2, &json!({})), START);
    assert_eq!(told(evidence.verdict(START)), "0 of 1 pods ready");
    evidence.present("Pod", with_container("broken-now", 2, &crash), START);
    let said = failed(evidence.verdict(START));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("pod broken-now: "), "{said:?}");
    assert_eq!(said[1], "1 pod of the version before still serves");
}

#[test]
fn a_node_is_waited_for_three_minutes_from_when_its_lack_was_first_seen() {
    let no_node = |message: &str| {
        let why = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message});
        pod("a", 1, &json!({"phase": "Pending", "conditions": [why]}))
    };
    let seconds = Duration::from_secs;
    let mut evidence = evidence(&[]);
    assert_eq!(evidence.patience_ends(START), None);
    evidence.present("Pod", no_node("0/3 nodes are available"), seconds(10));
    evidence.present("Pod", no_node("0/4 nodes are available"), seconds(100));
    assert_eq!(evidence.patience_ends(START), Some(seconds(190)));
    assert_eq!(
        told(evidence.verdict(seconds(189))),
        "0 of 1 pods ready (pod a: waits for a node: 0/4 nodes are available)"
    );
    assert_eq!(
        failed(evidence.verdict(seconds(190))),
        ["pod a: no node for 3 minutes: 0/4 nodes are available"]
    );
    evidence.present(
        "Pod",
        pod("a", 1, &json!({"phase": "Pending"})),
        seconds(191),
    );
    assert_eq!(told(evidence.verdict(seconds(500))), "0 of 1 pods ready");
    assert_eq!(evidence.patience_ends(START), None);
}

#[test]
fn a_rollout_that_runs_out_of_time_fails_but_not_for_what_it_was_before() {
    let late = json!({"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]});
    let before = deployment(1, 1, &late);
    let mut evidence = Evidence::new(&object(before.clone()), (None, false));
    evidence.present("ReplicaSet", replica_set(1, &json!({})), START);
    assert_eq!(told(evidence.verdict(START)), "0 of 1 pods ready");
    evidence.present("Deployment", deployment(1, 1, &json!({})), START);
    evidence.present(
        "Pod",
        with_container(
            "a",
            1,
            &waiting("CreateContainerConfigError", "secret \"x\" not found"),
        ),
        START,
    );
    evidence.present("Deployment", before, START);
    let said = failed(evidence.verdict(START));
    assert!(said[0].contains("ProgressDeadlineExceeded"), "{said:?}");
    assert!(said[1].contains("secret \"x\" not found"), "{said:?}");
}

#[test]
fn a_refusal_is_a_failure_unless_it_heals() {
    let refused = |message: &str| {
        let condition = json!({"type": "ReplicaFailure", "status": "True", "message": message});
        let mut evidence = evidence(&[]);
        evidence.present(
            "ReplicaSet",
            replica_set(1, &json!({"conditions": [condition]})),
            START,
        );
        evidence
    };
    let quota = "pods \"a\" is forbidden: exceeded quota: tenant, requested: pods=1";
    assert!(
        failed(refused(quota).verdict(START))[0]
            .starts_with("pods are refused by ResourceQuota tenant")
    );
    let mut healing = refused(quota);
    let mut going = pod("old", 0, &json!({}));
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    healing.present("Pod", going, START);
    assert!(told(healing.verdict(START)).contains("ResourceQuota tenant"));
    let gate = refused(
        "ValidatingAdmissionPolicy 'mcpctl-identity' with binding 'mcpctl-identity' denied request: no",
    );
    assert!(told(gate.verdict(START)).contains("mcpctl-identity"));
}
