//! What pods say, and what the load balancer says of them.

use serde_json::json;

use super::{shows, status, text};
use crate::world::World;

/// Changes the status of the tenant's one pod, as a kubelet or a controller would.
fn patch_pod(world: &World<'_>, namespace: &str, patch: &str) -> String {
    let pods = ["-n", namespace, "get", "pods", "-o", "name"];
    let pod = world.kubectl(&pods).trim().to_string();
    let patch = ["patch", &pod, "--subresource=status", "-p", patch];
    world.kubectl(&[&["-n", namespace], &patch[..]].concat());
    pod.trim_start_matches("pod/").to_string()
}

#[test]
fn pods_that_do_not_start_say_why() {
    let world = World::new("unwell");
    let add = ["tenant", "add", "unwell", "--wait", "applied"];
    let with = |image: &str| {
        let _ = world
            .mcpctl(&[&add[..], &["--image", image]].concat())
            .expect(0);
    };
    let wait_for = |reason: &str| {
        let path =
            format!("jsonpath={{.status.containerStatuses[0].state.waiting.reason}}={reason}");
        world.kubectl(&[
            "-n",
            "mcp-unwell",
            "wait",
            "pods",
            "--all",
            "--for",
            &path,
            "--timeout=60s",
        ]);
    };
    with("registry.example/mcp:crash");
    wait_for("CrashLoopBackOff");
    let document = status(&world, "unwell");
    assert_eq!(document["state"], "notReady", "{document:#}");
    let container = &document["pods"][0]["containers"][0];
    assert_eq!(container["reason"], "CrashLoopBackOff");
    assert_eq!(container["restarts"], 3);
    let last = &container["lastTermination"];
    assert_eq!(
        (&last["reason"], &last["exitCode"]),
        (&"Error".into(), &1.into())
    );
    assert!(
        last["finishedAt"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z')),
        "{document:#}"
    );
    shows(
        &text(&world, "unwell"),
        &[
            "state        not ready\n",
            "0/1 ready, 3 restarts\n  not Ready: ContainersNotReady\n",
            "  mcp-server: CrashLoopBackOff: back-off 40s restarting failed container=mcp-server\n",
            "  mcp-server: last ended with exit code 1 (Error) at 2",
        ],
    );
    world.kubectl(&["-n", "mcp-unwell", "delete", "deployment", "mcp-server"]);
    with("registry.example/does-not-exist:1");
    wait_for("ImagePullBackOff");
    shows(
        &text(&world, "unwell"),
        &["  mcp-server: ImagePullBackOff: Back-off pulling image"],
    );
}

#[test]
fn a_pod_that_is_to_go_says_so() {
    let world = World::new("disrupted");
    let _ = world.mcpctl(&["tenant", "add", "disrupted"]).expect(0);
    let disrupted = |status: &str| {
        // The disruption controller takes one back that is older than two minutes.
        let condition = json!({
            "type": "DisruptionTarget", "status": status, "lastTransitionTime": "2099-01-01T00:00:00Z",
            "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
        });
        let patch = json!({"status": {"conditions": [condition]}}).to_string();
        patch_pod(&world, "mcp-disrupted", &patch);
        text(&world, "disrupted")
    };
    let line = "  DisruptionTarget: EvictionByEvictionAPI: Eviction API: evicting\n";
    shows(&disrupted("True"), &[line]);
    let not = disrupted("False");
    assert!(!not.contains("DisruptionTarget"), "{not}");
}

#[test]
fn target_health_is_what_the_controller_writes_on_the_pods() {
    let world = World::new("targets");
    let _ = world.mcpctl(&["tenant", "add", "targets"]).expect(0);
    let bindings = [
        "-n",
        "mcp-targets",
        "get",
        "targetgroupbindings",
        "-o",
        "name",
    ];
    let binding = world.kubectl(&bindings).trim().to_string();
    let binding = binding.split_once('/').expect("a binding").1;
    let condition = |status: &str, reason: &str| {
        let patch = format!(
            r#"{{"status": {{"conditions": [{{"type": "target-health.elbv2.k8s.aws/{binding}", "status": "{status}",
                "reason": "{reason}", "message": "said by ELB"}}]}}}}"#
        );
        patch_pod(&world, "mcp-targets", &patch)
    };
    for (wrote, reason, health) in [
        ("False", "Elb.RegistrationInProgress", "initial"),
        ("False", "Target.FailedHealthChecks", "unhealthy"),
        ("Unknown", "", "unknown"),
        ("True", "", "healthy"),
    ] {
        let pod = condition(wrote, reason);
        let document = status(&world, "targets");
        let group = &document["targetGroups"][0];
        assert_eq!(group["binding"], binding);
        assert_eq!(group["service"], "mcp-server");
        assert_eq!(group["targets"][0]["pod"], pod.as_str());
        assert_eq!(group["targets"][0]["health"], health, "{wrote} {reason}");
        shows(
            &text(&world, "targets"),
            &[&format!("target       {health} {pod}")],
        );
    }
}
