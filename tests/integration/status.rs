//! How a tenant is: healthy, drifted, broken, by halves, going and gone; as text and as one document.

use serde_json::Value;

use crate::world::World;

mod views;
mod watch;

/// The document of a tenant's status.
fn status(world: &World<'_>, tenant: &str) -> Value {
    let run = world
        .mcpctl(&["tenant", "status", tenant, "-o", "json"])
        .expect(0);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"))
}

/// What people read, without colours since it goes to a pipe.
fn text(world: &World<'_>, tenant: &str) -> String {
    let run = world.mcpctl(&["tenant", "status", tenant]).expect(0);
    assert_eq!(run.stderr, "", "{run}");
    run.stdout
}

#[track_caller]
fn shows(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "`{line}` is not shown:\n{text}");
    }
}

/// Changes the status of the tenant's one pod, as a kubelet or a controller would.
fn patch_pod(world: &World<'_>, namespace: &str, patch: &str) -> String {
    let pods = ["-n", namespace, "get", "pods", "-o", "name"];
    let pod = world.kubectl(&pods).trim().to_string();
    let patch = ["patch", &pod, "--subresource=status", "-p", patch];
    world.kubectl(&[&["-n", namespace], &patch[..]].concat());
    pod.trim_start_matches("pod/").to_string()
}

#[test]
fn a_tenant_that_is_well() {
    let world = World::new("well");
    let env = r#"env=[{name: MODE, value: "hunter2"}]"#;
    let add = [
        "tenant",
        "add",
        "well",
        "--set",
        env,
        "--set",
        "protected=true",
    ];
    let _ = world.mcpctl(&add).expect(0);
    let document = status(&world, "well");
    check_document(&document);
    let role = document["role"]["arn"].as_str().expect("a role");
    let association = document["association"]["id"]
        .as_str()
        .expect("an association");
    let address = document["ingress"]["address"].as_str().expect("an address");
    let text = text(&world, "well");
    shows(
        &text,
        &[
            "tenant       well on cluster well\nstate        ok\n",
            "url          https://well.well.example.com/mcp\n",
            "auth         server: the MCP server authenticates clients\n",
            "tier         small: 1 pod, drain 20 s, protected\n",
            "namespace    mcp-well\n",
            &format!("role         {role}\nassociation  {association}\n"),
            "kubernetes   present, no drift\naws          present, no drift\n",
            "rollout      1 wanted, 1 updated, 1 ready, 1 available\n",
            &format!("ingress      well.well.example.com -> {address}\n"),
            "targets      unknown: no pod carries a readiness gate",
            " Running, 1/1 ready\n",
        ],
    );
    let yaml = world
        .mcpctl(&["tenant", "status", "well", "-o", "yaml"])
        .expect(0);
    for output in [&text, &document.to_string(), &yaml.stdout] {
        assert!(
            !output.contains("hunter2"),
            "a variable's value is shown: {output}"
        );
    }
    assert!(
        yaml.stdout
            .starts_with("---\napiVersion: mcpctl.dev/v1alpha1\n"),
        "{yaml}"
    );
    let wrote = |event: &mcpctl_sandbox::AuditEvent| event.verb == "patch" && event.dry_run;
    assert!(!world.audit().iter().any(wrote), "a view asks for writes");
}

fn check_document(document: &Value) {
    assert_eq!(document["apiVersion"], "mcpctl.dev/v1alpha1");
    assert_eq!(document["kind"], "TenantStatus");
    assert_eq!(document["metadata"]["name"], "well");
    assert_eq!(document["state"], "ok", "{document:#}");
    assert_eq!(document["problems"], serde_json::json!([]));
    let said = &document["spec"];
    assert_eq!(said["image"], "registry.example/mcp:1");
    assert_eq!(said["tier"], "small");
    assert_eq!(said["replicas"], 1);
    assert_eq!(said["url"], "https://well.well.example.com/mcp");
    assert_eq!(said["auth"]["mode"], "server");
    assert_eq!(said["drainSeconds"], 20);
    assert_eq!(said["protected"], true);
    assert_eq!(said["env"], serde_json::json!(["MODE"]));
    assert_eq!(document["names"]["namespace"], "mcp-well");
    for half in ["kubernetes", "aws"] {
        let none = serde_json::json!({"changes": [], "conflicts": [], "foreign": [], "withoutCredentials": [], "postponed": []});
        assert_eq!(document[half]["presence"], "present");
        assert_eq!(document[half]["drift"], none);
    }
    let role = document["role"]["arn"].as_str().expect("a role");
    assert!(role.starts_with("arn:aws:iam::"), "{role}");
    assert_eq!(document["rollout"]["wanted"], 1);
    assert_eq!(document["rollout"]["available"], 1);
    assert_eq!(document["pods"][0]["phase"], "Running");
    assert_eq!(document["pods"][0]["credentials"], true);
    assert_eq!(document["pods"][0]["containers"][0]["state"], "running");
    assert_eq!(
        document["ingress"]["hosts"],
        serde_json::json!(["well.well.example.com"])
    );
}

#[test]
fn drift_is_what_diff_says() {
    let world = World::new("drifted");
    let _ = world.mcpctl(&["tenant", "add", "drifted"]).expect(0);
    let scale = ["scale", "deployment/mcp-server", "--replicas=2"];
    world.kubectl(&[&["-n", "mcp-drifted"], &scale[..]].concat());
    let _ = world.mcpctl(&["tenant", "diff", "drifted"]).expect(1);
    let role = status(&world, "drifted")["role"]["name"]
        .as_str()
        .expect("a role")
        .to_string();
    let attach = [
        ("Action", "AttachRolePolicy"),
        ("RoleName", role.as_str()),
        ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ];
    world.sandbox.aws_iam(&attach).expect("AttachRolePolicy");
    world.kubectl(&[
        "-n",
        "mcp-drifted",
        "rollout",
        "status",
        "deployment/mcp-server",
    ]);
    let document = status(&world, "drifted");
    assert_eq!(document["state"], "drift", "{document:#}");
    assert_eq!(
        document["kubernetes"]["drift"]["changes"],
        serde_json::json!([{
            "object": "Deployment mcp-drifted/mcp-server", "action": "update", "fields": ["spec.replicas"],
        }])
    );
    let foreign = &document["aws"]["drift"]["foreign"][0];
    assert!(
        foreign["what"]
            .as_str()
            .is_some_and(|what| what.contains("ReadOnlyAccess")),
        "{document:#}"
    );
    shows(
        &text(&world, "drifted"),
        &[
            "state        drift\n",
            "kubernetes   present, 1 change\n  ~ update Deployment mcp-drifted/mcp-server: spec.replicas\n",
            "aws          present, 1 foreign thing\n  ! Role drifted: ",
        ],
    );
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

#[test]
fn the_newest_warnings_come_first_and_steer_no_terminal() {
    let world = World::new("warned");
    let _ = world.mcpctl(&["tenant", "add", "warned"]).expect(0);
    let event = |number: usize| {
        serde_json::json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"namespace": "mcp-warned", "name": format!("e{number}")},
            "involvedObject": {"kind": "Ingress", "namespace": "mcp-warned", "name": "mcp-server"},
            "type": if number == 5 {"Normal"} else {"Warning"}, "reason": "FailedDeployModel",
            "message": format!("wrong\u{1b}[2J {number}\nand more"), "count": number,
            "firstTimestamp": "2030-01-01T00:00:00Z", "lastTimestamp": format!("2030-01-01T00:00:{number:02}Z"),
        })
    };
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": (1..=12).map(event).collect::<Vec<_>>()});
    let file = world
        .write("events.json", &list.to_string())
        .display()
        .to_string();
    world.kubectl(&["create", "-f", &file]);
    let document = status(&world, "warned");
    let counts: Vec<u64> = document["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .filter_map(|warning| warning["count"].as_u64())
        .collect();
    assert_eq!(counts, [12, 11, 10, 9, 8, 7, 6, 4, 3, 2]);
    assert_eq!(document["warnings"][0]["lastSeen"], "2030-01-01T00:00:12Z");
    let text = text(&world, "warned");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let row = text
        .lines()
        .find(|line| line.starts_with("2030-01-01T00:00:12Z"));
    let words: Vec<&str> = row.expect("a row").split_whitespace().collect();
    assert_eq!(
        words[1..5],
        ["12", "Ingress", "mcp-server", "FailedDeployModel"]
    );
    assert!(row.is_some_and(|row| row.ends_with("and more")), "{text}");
}
