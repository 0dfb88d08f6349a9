//! Whatever a tenant is: right after an add there is no difference, and nothing of what it was before is left.

use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

use crate::world::World;

const CASES: u32 = 24;

/// Texts that readers of YAML like to take for something else.
const NASTY: [&str; 24] = [
    "1e3",
    "0x1f",
    "12:30",
    "=",
    "~",
    "two\nlines",
    "two\nlines\n",
    "\"quoted\"",
    "it's",
    "{{ braces }}",
    "---",
    "a\u{2028}b",
    "yes",
    "on",
    "null",
    "0644",
    "1_000",
    "2001-01-01",
    " lead",
    "trail ",
    "#no",
    "a: b",
    "\ttab",
    "ünï ✓",
];
const QUANTITIES: [&str; 6] = ["0.5", "500m", "1", "1500m", "2", "1e0"];
const BYTES: [&str; 6] = ["128Mi", "0.5Gi", "1Gi", "1024Mi", "1e9", "256000Ki"];

fn tenants() -> impl Strategy<Value = Value> {
    let env = prop::collection::btree_map(
        select(vec!["ALPHA", "BETA", "GAMMA", "DELTA"]),
        select(NASTY.to_vec()),
        0..4,
    );
    let labels = prop::collection::btree_map(
        select(vec!["team", "cost-center"]),
        select(vec!["red", "1.5", "on", ""]),
        0..3,
    );
    let annotations = prop::collection::btree_map(
        select(vec!["example.com/a", "note"]),
        select(NASTY.to_vec()),
        0..3,
    );
    let resources = (select(QUANTITIES.to_vec()), select(BYTES.to_vec()));
    let ports = (select(vec![1024_u16, 8080, 8443]), 0_u16..4, 0_u16..40);
    let choices = (any::<[bool; 6]>(), 0_u8..4);
    (env, labels, annotations, resources, ports, choices).prop_map(|(env, labels, annotations, (cpu, memory), (port, replicas, drain), (flags, egress))| {
        let env: Vec<Value> = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let egress: Vec<Value> = (0..egress)
            .map(|n| match n {
                0 => json!({"cidr": "10.1.0.0/16", "ports": [5432, 6379]}),
                1 => json!({"namespaceSelector": {"matchLabels": {"a": "b"}}, "podSelector": {}, "ports": [80]}),
                _ => json!({"podSelector": {"matchExpressions": [{"key": "x", "operator": "Exists"}]}, "ports": [9000]}),
            })
            .collect();
        let mut spec = json!({
            "env": env, "labels": labels, "annotations": annotations, "egress": egress,
            "port": port, "replicas": replicas, "drainSeconds": drain,
            "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": "4", "memory": "2Gi"}},
            "health": {"type": if flags[0] { "tcp" } else { "http" }},
            "security": {"readOnlyRootFilesystem": flags[1]},
        });
        if flags[2] {
            spec["auth"] = json!({"mode": "jwt", "issuer": "https://id.example.com", "jwksEndpoint": "https://id.example.com/jwks",
                "claims": [{"name": "tenant", "format": "single-string", "values": ["property"]}]});
        }
        if flags[3] {
            spec["tolerations"] = json!([{"key": "a", "operator": "Exists", "effect": "NoSchedule"}]);
            spec["nodeSelector"] = json!({"kubernetes.io/os": "linux"});
            spec["affinity"] = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}}]}});
        }
        if flags[4] {
            spec["disruption"] = json!({"doNotDisrupt": if flags[5] { json!("30m") } else { json!(true) }});
            spec["envFrom"] = json!([{"configMapRef": {"name": "more", "optional": true}}]);
            spec["imagePullSecrets"] = json!([{"name": "registry"}]);
        }
        if flags[5] {
            spec["command"] = json!(["/bin/server", "--flag=yes"]);
            spec["args"] = json!(NASTY);
        }
        spec
    })
}

#[test]
fn right_after_an_add_there_is_no_difference() {
    let world = World::new("property");
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&tenants(), |spec| {
        let tenant = json!({"apiVersion": "mcpctl.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "property"}, "spec": spec});
        world.write("tenant.yaml", &format!("{tenant:#}"));
        let added = world.mcpctl(&["tenant", "add", "property", "-f", "tenant.yaml", "--wait=applied"]);
        prop_assert_eq!(added.code, 0, "{}", added);
        let diff = world.mcpctl(&["tenant", "diff", "property"]);
        prop_assert_eq!((diff.code, diff.stdout.as_str()), (0, ""), "{}", diff);
        let read = world.kubectl(&["-n", "mcp-property", "get", "deployment", "mcp-server", "-o", "json"]);
        let live: Value = serde_json::from_str(&read).expect("a Deployment");
        let container = &live["spec"]["template"]["spec"]["containers"][0];
        let env = container["env"].as_array().expect("variables");
        for wanted in spec["env"].as_array().expect("variables") {
            prop_assert!(env.contains(wanted), "{} is not in {:?}", wanted, env);
        }
        let args = container["args"].as_array().cloned().unwrap_or_default();
        prop_assert_eq!(args, spec["args"].as_array().cloned().unwrap_or_default());
        Ok(())
    });
    outcome.unwrap_or_else(|why| panic!("{why}"));
}
