//! What pods and their containers say.

use serde_json::{Value, json};

use super::{START, evidence, failed, pod, told, waiting, with_container};
use crate::wait::evidence::Verdict;

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
        evidence.verdict(std::time::Duration::from_secs(at))
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
