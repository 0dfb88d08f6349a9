use serde_json::json;

use super::*;
use crate::testing::object;

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
fn what_waiting_does_not_help_is_a_failure_and_the_rest_is_told() {
    let fails = |reason: &str, message: &str| {
        let pods = [with_container("a", 1, &waiting(reason, message))];
        matches!(evidence(&pods).verdict(START), Verdict::Failed(_))
    };
    for (reason, message) in [
        ("ErrImagePull", "not found"),
        ("ImagePullBackOff", ""),
        ("InvalidImageName", ""),
        ("ErrImageNeverPull", ""),
        ("CrashLoopBackOff", ""),
        (
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root",
        ),
    ] {
        assert!(fails(reason, message), "{reason} {message}");
    }
    for (reason, message) in [
        ("ContainerCreating", ""),
        ("PodInitializing", ""),
        ("CreateContainerError", "context deadline exceeded"),
        (
            "CreateContainerConfigError",
            "secret \"upstream\" not found",
        ),
        (
            "CreateContainerConfigError",
            "configmap \"settings\" not found",
        ),
        (
            "CreateContainerConfigError",
            "couldn't find key token in Secret mcp-acme/upstream",
        ),
        (
            "CreateContainerConfigError",
            "failed to sync secret cache: timed out waiting for the condition",
        ),
    ] {
        assert!(!fails(reason, message), "{reason} {message}");
    }
}

#[test]
fn pods_that_say_the_same_say_it_once() {
    let crash = json!({
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
        "lastState": {"terminated": {"exitCode": 127, "reason": "Error"}},
        "restartCount": 4,
    });
    let pods = ["a", "b", "c"].map(|name| with_container(name, 1, &crash));
    let verdict = evidence(&pods).verdict(START);
    let Verdict::Failed(findings) = verdict else {
        panic!("{verdict:?}")
    };
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(
        finding.line,
        "pod a and 2 more: container mcp-server keeps ending (CrashLoopBackOff): exit code 127 (Error), restarted 4 times"
    );
    assert_eq!(
        finding.hint.as_deref(),
        Some("the program was not found or cannot be run: check command and args")
    );
    assert!(
        finding
            .log
            .as_ref()
            .is_some_and(|log| log.previous && log.pod == "a")
    );
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
fn a_pod_that_was_evicted_or_disrupted_is_no_failure() {
    let crash = waiting("CrashLoopBackOff", "");
    let mut evicted = with_container("a", 1, &crash);
    evicted["status"]["phase"] = "Failed".into();
    let mut disrupted = with_container("b", 1, &crash);
    disrupted["status"]["conditions"] = json!([{"type": "DisruptionTarget", "status": "True"}]);
    let mut going = with_container("c", 1, &crash);
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(
        told(evidence(&[evicted, disrupted, going]).verdict(START)),
        "0 of 1 pods ready"
    );
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

fn unhealthy(version: u64, message: &str) -> Value {
    json!({
        "metadata": {"resourceVersion": version.to_string()},
        "type": "Warning", "reason": "Unhealthy", "message": message,
        "involvedObject": {"kind": "Pod", "name": "a"},
    })
}

#[test]
fn the_probe_that_keeps_a_container_back_is_named() {
    let with = |started: bool| {
        let pods = [with_container(
            "a",
            1,
            &json!({"ready": false, "started": started, "state": {"running": {}}}),
        )];
        let mut evidence = evidence(&pods);
        evidence.present(
            "Event",
            unhealthy(12, "Startup probe failed: connection refused"),
            START,
        );
        evidence.present(
            "Event",
            unhealthy(11, "Startup probe failed: an older word"),
            START,
        );
        evidence.present(
            "Event",
            unhealthy(13, "Readiness probe failed: timeout"),
            START,
        );
        told(evidence.verdict(START))
    };
    let startup = with(false);
    assert!(
        startup.contains("its startup probe fails (GET /healthz on port 8080): connection refused"),
        "{startup}"
    );
    assert!(!startup.contains("readiness"), "{startup}");
    let readiness = with(true);
    assert!(
        readiness.contains("its readiness probe fails (a connection to port 8080): timeout"),
        "{readiness}"
    );
}

#[test]
fn a_pull_without_its_secret_is_waited_for_and_one_with_it_is_hopeless() {
    let pulls = |reason: &str, secrets: &Value, event: bool, at: u64| {
        let mut pod = with_container("a", 1, &waiting(reason, "401 Unauthorized"));
        pod["spec"]["imagePullSecrets"] = secrets.clone();
        pod["status"]["phase"] = "Pending".into();
        let mut evidence = evidence(&[pod]);
        let mut lacks = unhealthy(
            12,
            "Unable to retrieve some image pull secrets (one, two); attempting to pull the image may not succeed.",
        );
        lacks["reason"] = "FailedToRetrieveImagePullSecret".into();
        if event {
            evidence.present("Event", lacks, START);
        }
        evidence.verdict(Duration::from_secs(at))
    };
    let secrets = json!([{"name": "one"}, {"name": "two"}]);
    for at in [0, 60] {
        assert_eq!(
            told(pulls("ImagePullBackOff", &secrets, true, at)),
            "0 of 1 pods ready (pod a: container mcp-server waits for image pull Secret one, two: image mcp:1 cannot be pulled: ImagePullBackOff: 401 Unauthorized)"
        );
    }
    // The event may come after the failure that it explains.
    for reason in ["ErrImagePull", "ImagePullBackOff"] {
        assert!(told(pulls(reason, &secrets, false, 9)).contains("image mcp:1 cannot be pulled"));
    }
    for (reason, secrets, event, at) in [
        ("ImagePullBackOff", &secrets, false, 10),
        ("ErrImagePull", &json!([]), false, 0),
        ("InvalidImageName", &secrets, true, 0),
    ] {
        let said = failed(pulls(reason, secrets, event, at));
        assert!(said[0].contains("cannot be pulled"), "{reason}: {said:?}");
    }
}

#[test]
fn a_pod_that_only_the_load_balancer_has_not_seen_says_so() {
    let mut pod = pod(
        "a",
        1,
        &json!({"phase": "Running", "conditions": [
            {"type": "ContainersReady", "status": "True"},
            {"type": "target-health.elbv2.k8s.aws/x", "status": "False", "message": "Target registration is in progress"},
        ]}),
    );
    pod["spec"]["readinessGates"] = json!([{"conditionType": "target-health.elbv2.k8s.aws/x"}]);
    let said = told(evidence(&[pod]).verdict(START));
    assert!(
        said.contains(
            "waits for the load balancer to find it healthy: Target registration is in progress"
        ),
        "{said}"
    );
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

/// An Ingress with an address that was changed at five seconds past.
fn changed() -> Evidence {
    let done = json!({"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
    let ingress = object(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {
            "name": "mcp-server", "namespace": "mcp-acme", "uid": "i", "creationTimestamp": "2026-01-01T10:00:00Z",
            "managedFields": [{"manager": "mcpctl", "operation": "Apply", "time": "2026-01-01T10:00:05Z"}],
        },
        "spec": {"ingressClassName": "mcp"},
        "status": {"loadBalancer": {"ingress": [{"hostname": "alb"}]}},
    }));
    Evidence::new(&object(deployment(1, 1, &done)), (Some(&ingress), true))
}

fn controller(second: u64, reason: &str, message: &str) -> Value {
    json!({
        "metadata": {"resourceVersion": second.to_string()}, "reason": reason, "message": message,
        "involvedObject": {"kind": "Ingress", "uid": "i"}, "lastTimestamp": format!("2026-01-01T10:00:0{second}Z"),
    })
}

#[test]
fn a_change_of_the_ingress_counts_when_its_controller_has_taken_it() {
    let mut evidence = changed();
    assert!(evidence.was_changed());
    evidence.present("Event", controller(4, "SuccessfullyReconciled", ""), START);
    assert_eq!(evidence.patience_ends(START), Some(SILENCE));
    assert_eq!(
        told(evidence.verdict(START)),
        "the load balancer controller has not taken the change of the Ingress yet"
    );
    // An event may be lost, and a controller may be down: the tenant serves as it did.
    assert_eq!(evidence.verdict(SILENCE), Verdict::Ready);
    let said = evidence.reservation().expect("a reservation").line;
    assert!(
        said.contains("mcp-acme/mcp-server has an effect is not known"),
        "{said}"
    );
    evidence.present("Event", controller(5, "SuccessfullyReconciled", ""), START);
    assert_eq!(evidence.verdict(START), Verdict::Ready);
    assert_eq!(evidence.reservation(), None);
    assert_eq!(evidence.patience_ends(START), None);
}

#[test]
fn a_change_that_the_controller_refuses_is_a_failure_and_that_of_another_a_reservation() {
    let mut evidence = changed();
    evidence.present(
        "Event",
        controller(5, "FailedBuildModel", "of before, perhaps"),
        START,
    );
    assert_eq!(evidence.complaint(), None);
    let why = "Failed build model due to ingress: mcp-acme/mcp-server: no";
    evidence.present("Event", controller(6, "FailedBuildModel", why), START);
    let said = failed(evidence.verdict(START));
    assert!(
        said[0].starts_with("Ingress mcp-acme/mcp-server blocks"),
        "{said:?}"
    );

    evidence.present(
        "Event",
        controller(7, "FailedBuildModel", "ingress: team-x/web: no"),
        START,
    );
    evidence.members(vec![json!({
        "metadata": {"name": "web", "namespace": "team-x"}, "spec": {"ingressClassName": "mcp"},
    })]);
    assert_eq!(evidence.verdict(START), Verdict::Ready);
    let said = evidence.reservation().expect("a reservation").line;
    let start = "what was changed at Ingress mcp-acme/mcp-server has no effect yet: Ingress team-x/web blocks";
    assert!(said.starts_with(start), "{said}");
}
