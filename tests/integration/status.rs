//! How a tenant is: healthy, drifted, broken, by halves, going and gone; as text and as one document.

use serde_json::{Value, json};

use crate::world::World;

mod list;
mod pods;
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

#[test]
fn a_tenant_that_is_well() {
    let world = World::new("well");
    let node = "{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}";
    let env = format!(r#"env=[{{name: MODE, value: "hunter2"}}, {node}]"#);
    let mut add = vec!["tenant", "add", "well"];
    for said in [
        env.as_str(),
        "protected=true",
        "health.readyPath=/up",
        "egress=[{cidr: 10.1.0.0/16, ports: [5432]}]",
        "imagePullSecrets=[{name: registry}]",
        "labels={team: payments}",
    ] {
        add.extend(["--set", said]);
    }
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
            "tier         small: 1 pod, drain 20 s, protected\nspec         all that is said of it: -o yaml\n",
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

/// What a tenant file may say, with tier and defaults, and nothing that may be secret.
fn check_whole_spec(said: &Value) {
    for (field, value) in [
        (
            "env",
            json!([{"name": "MODE", "value": "(not shown)"}, {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]),
        ),
        ("host", json!("well.well.example.com")),
        (
            "health",
            json!({"type": "http", "path": "/healthz", "readyPath": "/up", "successCodes": "200"}),
        ),
        ("egress", json!([{"cidr": "10.1.0.0/16", "ports": [5432]}])),
        ("imagePullSecrets", json!([{"name": "registry"}])),
        ("labels", json!({"team": "payments"})),
        ("nodeSelector", json!({})),
        ("affinity", Value::Null),
    ] {
        assert_eq!(said[field], value, "{field}: {said:#}");
    }
    assert_eq!(said["security"]["runAsUser"], 10001);
    assert_eq!(said["resources"]["requests"]["cpu"], "100m", "{said:#}");
}

fn check_document(document: &Value) {
    assert_eq!(document["apiVersion"], "mcpctl.dev/v1alpha1");
    assert_eq!(document["kind"], "TenantStatus");
    assert_eq!(document["metadata"]["name"], "well");
    assert_eq!(document["state"], "ok", "{document:#}");
    assert_eq!(document["problems"], json!([]));
    let said = &document["spec"];
    assert_eq!(said["image"], "registry.example/mcp:1");
    assert_eq!(said["tier"], "small");
    assert_eq!(said["replicas"], 1);
    assert_eq!(said["url"], "https://well.well.example.com/mcp");
    assert_eq!(said["auth"]["mode"], "server");
    assert_eq!(said["drainSeconds"], 20);
    assert_eq!(said["protected"], true);
    check_whole_spec(said);
    assert_eq!(document["names"]["namespace"], "mcp-well");
    for half in ["kubernetes", "aws"] {
        let none = json!({"changes": [], "conflicts": [], "foreign": [], "withoutCredentials": [], "postponed": []});
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
        json!(["well.well.example.com"])
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
        json!([{
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
fn the_newest_warnings_come_first_and_steer_no_terminal() {
    let world = World::new("warned");
    let _ = world.mcpctl(&["tenant", "add", "warned"]).expect(0);
    let event = |number: usize| {
        json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"namespace": "mcp-warned", "name": format!("e{number}")},
            "involvedObject": {"kind": "Ingress", "namespace": "mcp-warned", "name": "mcp-server"},
            "type": if number == 5 {"Normal"} else {"Warning"}, "reason": "FailedDeployModel",
            "message": format!("wrong\u{1b}[2J {number}\nand more"), "count": number,
            "firstTimestamp": "2030-01-01T00:00:00Z", "lastTimestamp": format!("2030-01-01T00:00:{number:02}Z"),
        })
    };
    let list = json!({"apiVersion": "v1", "kind": "List", "items": (1..=12).map(event).collect::<Vec<_>>()});
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
