//! Every field of a tenant, said in its file, comes out right in the objects that live.

use serde_json::{Value, json};

use crate::world::World;

/// Writes a tenant file.
fn file(world: &World<'_>, name: &str, spec: &Value) {
    let tenant = json!({"apiVersion": "mcpctl.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": name}, "spec": spec});
    world.write(&format!("{name}.yaml"), &format!("{tenant:#}"));
}

/// An object of a tenant as it lives.
fn live(world: &World<'_>, tenant: &str, kind: &str, name: &str) -> Value {
    let namespace = format!("mcp-{tenant}");
    let read = world.kubectl(&["-n", &namespace, "get", kind, name, "-o", "json"]);
    serde_json::from_str(&read).expect("an object")
}

/// Asserts that what lives holds what is wanted: the API server adds defaults to maps, and nothing to lists.
#[track_caller]
fn holds(live: &Value, wanted: &Value) {
    assert!(is_in(live, wanted), "{live:#} does not hold {wanted:#}");
}

fn is_in(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| live.get(key).is_some_and(|live| is_in(live, wanted))),
        (Value::Array(live), Value::Array(wanted)) => {
            let mut pairs = live.iter().zip(wanted);
            live.len() == wanted.len() && pairs.all(|(live, wanted)| is_in(live, wanted))
        }
        (live, wanted) => live == wanted,
    }
}

/// The rule of a `NetworkPolicy` that lets a destination through.
fn to(destination: &Value, ports: &[u16]) -> Value {
    let ports: Vec<Value> = ports
        .iter()
        .map(|port| json!({"protocol": "TCP", "port": port}))
        .collect();
    json!({"to": [destination], "ports": ports})
}

/// Says it again, in every way, and finds nothing to do.
fn stays(world: &World<'_>, tenant: &str) {
    let nothing = ["nothing to do"];
    let _ = world
        .mcpctl(&["tenant", "add", tenant])
        .expect(0)
        .says(&nothing);
    let diff = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
    assert_eq!(diff.stdout, "", "{diff}");
    let given = format!("{tenant}.yaml");
    let _ = world
        .mcpctl(&["tenant", "diff", tenant, "-f", &given])
        .expect(0)
        .says(&["no differences"]);
}

#[expect(clippy::too_many_lines, reason = "one literal that says every field")]
fn rich() -> Value {
    json!({
        "image": "registry.example/mcp:2",
        "command": ["/bin/server", "--stdio=no"],
        "args": ["serve", "--verbose"],
        "env": [
            {"name": "LEVEL", "value": "debug"},
            {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "upstream", "key": "token"}}},
            {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "modes", "key": "mode.txt"}}},
            {"name": "MAYBE", "valueFrom": {"configMapKeyRef": {"name": "absent", "key": "x", "optional": true}}},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "TEAM", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['team']"}}},
            {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"containerName": "mcp-server", "resource": "limits.memory", "divisor": "1Mi"}}},
            {"name": "CPUS", "valueFrom": {"resourceFieldRef": {"resource": "requests.cpu"}}},
        ],
        "envFrom": [
            {"secretRef": {"name": "upstream"}, "prefix": "UPSTREAM_"},
            {"configMapRef": {"name": "absent", "optional": true}},
        ],
        "imagePullSecrets": [{"name": "registry"}],
        "port": 9000,
        "mcpPath": "/v2/mcp",
        "host": "other.spec-rich.example.com",
        "health": {"path": "/live", "readyPath": "/ready", "successCodes": "200-299,404"},
        "drainSeconds": 90,
        "security": {"runAsUser": 2000, "runAsGroup": 3000, "fsGroup": 4000, "podSecurity": "baseline", "readOnlyRootFilesystem": false},
        "egress": [
            {"cidr": "10.1.0.0/16", "ports": [5432, 6379]},
            {"namespaceSelector": {"matchLabels": {"team": "data"}}, "ports": [443]},
            {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["cache", "queue"]}]}, "ports": [6379]},
            {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "search"}}, "ports": [9200]},
        ],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [
            {"key": "dedicated", "operator": "Equal", "value": "mcp", "effect": "NoSchedule"},
            {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},
        ],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{
                    "matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["eu-west-1a"]}],
                    "matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["elsewhere"]}],
                }]},
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 5, "preference": {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["8"]}]}},
                ],
            },
            "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {
                "labelSelector": {"matchLabels": {"app": "cache"}}, "namespaces": ["default"], "topologyKey": "topology.kubernetes.io/zone",
            }}]},
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "batch"}}, "namespaceSelector": {},
                "mismatchLabelKeys": ["mcpctl.dev/tenant"], "topologyKey": "kubernetes.io/hostname",
            }]},
        },
        "priorityClassName": "spec-rich",
        "disruption": {"doNotDisrupt": true},
        "publicUrlEnv": "BASE_URL",
        "allowedHostsEnv": "HOSTS",
        "labels": {"team": "search", "example.com/cost-centre": "42"},
        "annotations": {"example.com/note": "any text: at all"},
        "protected": true,
    })
}

#[test]
fn a_tenant_that_says_everything() {
    let world = World::new("spec-rich");
    let spec = rich();
    file(&world, "rich", &spec);
    world.kubectl(&["create", "priorityclass", "spec-rich", "--value=1000"]);
    let add = ["tenant", "add", "rich", "-f", "rich.yaml"];
    let _ = world
        .mcpctl(&[&add[..], &["--wait", "applied"]].concat())
        .expect(0);
    let create = |what: &[&str]| world.kubectl(&[&["-n", "mcp-rich", "create"], what].concat());
    create(&["secret", "generic", "upstream", "--from-literal=token=x"]);
    create(&["configmap", "modes", "--from-literal=mode.txt=fast"]);
    let added = world.mcpctl(&add).expect(0);
    let url = "https://other.spec-rich.example.com/v2/mcp";
    assert!(added.stdout.contains(url), "{added}");
    pods_are_as_said(&world, &spec);
    the_network_is_as_said(&world);
    stays(&world, "rich");
    let refused = world.mcpctl(&["tenant", "remove", "rich", "--yes"]);
    let _ = refused.expect(3).says(&["--set protected=false"]);
    world.kubectl(&["delete", "priorityclass", "spec-rich"]);
}

fn pods_are_as_said(world: &World<'_>, spec: &Value) {
    let template = live(world, "rich", "deployment", "mcp-server")["spec"]["template"].take();
    let (labels, annotations) = (&spec["labels"], &spec["annotations"]);
    holds(&template["metadata"]["labels"], labels);
    holds(&template["metadata"]["annotations"], annotations);
    let disruption = json!({"karpenter.sh/do-not-disrupt": "true"});
    holds(&template["metadata"]["annotations"], &disruption);
    let pod = &template["spec"];
    for field in [
        "imagePullSecrets",
        "nodeSelector",
        "tolerations",
        "affinity",
        "priorityClassName",
    ] {
        holds(&pod[field], &spec[field]);
    }
    holds(
        &pod["securityContext"],
        &json!({"runAsUser": 2000, "runAsGroup": 3000, "fsGroup": 4000, "runAsNonRoot": true}),
    );
    // The longest tool call, the pause before the end, and a margin.
    assert_eq!(pod["terminationGracePeriodSeconds"], 90 + 20 + 10);
    let container = &pod["containers"][0];
    for field in ["image", "command", "args", "envFrom"] {
        holds(&container[field], &spec[field]);
    }
    let env = container["env"].as_array().expect("variables");
    let own = &env[env.len() - 8..];
    holds(&json!(own), &spec["env"]);
    let has = |name: &str, value: &str| env.contains(&json!({"name": name, "value": value}));
    assert!(
        has("BASE_URL", "https://other.spec-rich.example.com/v2/mcp"),
        "{env:?}"
    );
    assert!(has("HOSTS", "other.spec-rich.example.com"), "{env:?}");
    assert_eq!(container["ports"][0]["containerPort"], 9000);
    assert_eq!(
        container["securityContext"]["readOnlyRootFilesystem"],
        false
    );
    for (probe, path) in [
        ("startupProbe", "/live"),
        ("livenessProbe", "/live"),
        ("readinessProbe", "/ready"),
    ] {
        holds(
            &container[probe]["httpGet"],
            &json!({"path": path, "port": 9000}),
        );
    }
}

fn the_network_is_as_said(world: &World<'_>) {
    let namespace: Value =
        serde_json::from_str(&world.kubectl(&["get", "namespace", "mcp-rich", "-o", "json"]))
            .expect("a namespace");
    assert_eq!(
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
        "baseline"
    );
    assert_eq!(
        namespace["metadata"]["annotations"]["mcpctl.dev/host"],
        "other.spec-rich.example.com"
    );
    let policy = live(world, "rich", "networkpolicy", "allow-egress");
    let rules = policy["spec"]["egress"].as_array().expect("rules");
    let cache = json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["cache", "queue"]}]}});
    let said = [
        to(&json!({"ipBlock": {"cidr": "10.1.0.0/16"}}), &[5432, 6379]),
        to(
            &json!({"namespaceSelector": {"matchLabels": {"team": "data"}}}),
            &[443],
        ),
        to(&cache, &[6379]),
        to(
            &json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "search"}}}),
            &[9200],
        ),
    ];
    assert_eq!(rules[rules.len() - 4..], said);
    let incoming = live(world, "rich", "networkpolicy", "allow-load-balancer");
    assert_eq!(incoming["spec"]["ingress"][0]["ports"][0]["port"], 9000);
    let service = live(world, "rich", "service", "mcp-server");
    holds(
        &service["spec"]["ports"],
        &json!([{"port": 9000, "targetPort": 9000}]),
    );
    let attributes = "alb.ingress.kubernetes.io/target-group-attributes";
    assert_eq!(
        service["metadata"]["annotations"][attributes],
        "deregistration_delay.timeout_seconds=90"
    );
    let ingress = live(world, "rich", "ingress", "mcp-server");
    holds(
        &ingress["metadata"]["annotations"],
        &json!({
            "alb.ingress.kubernetes.io/healthcheck-path": "/live",
            "alb.ingress.kubernetes.io/success-codes": "200-299,404",
        }),
    );
    let rule = &ingress["spec"]["rules"][0];
    assert_eq!(rule["host"], "other.spec-rich.example.com");
    assert_eq!(
        rule["http"]["paths"][0]["backend"]["service"]["port"]["number"],
        9000
    );
}

#[test]
fn a_tenant_whose_clients_the_load_balancer_authenticates() {
    let world = World::new("spec-jwt");
    let claims = json!([
        {"name": "tenant", "format": "single-string", "values": ["spec-edge"]},
        {"name": "roles", "format": "string-array", "values": ["reader", "writer"]},
        {"name": "scope", "format": "space-separated-values", "values": ["mcp:call"]},
    ]);
    let (issuer, keys) = (
        "https://id.example.com",
        "https://id.example.com/jwks.json?v=1",
    );
    file(
        &world,
        "spec-edge",
        &json!({
            "auth": {"mode": "jwt", "issuer": issuer, "jwksEndpoint": keys, "claims": claims},
            "health": {"type": "tcp", "path": "/"},
            "disruption": {"doNotDisrupt": "30m"},
        }),
    );
    let _ = world
        .mcpctl(&["tenant", "add", "spec-edge", "-f", "spec-edge.yaml"])
        .expect(0);
    let annotations =
        live(&world, "spec-edge", "ingress", "mcp-server")["metadata"]["annotations"].take();
    let text = annotations["alb.ingress.kubernetes.io/jwt-validation"].as_str();
    let validation: Value = serde_json::from_str(text.expect("an annotation")).expect("JSON");
    assert_eq!(
        validation,
        json!({"issuer": issuer, "jwksEndpoint": keys, "additionalClaims": claims})
    );
    assert_eq!(
        annotations["alb.ingress.kubernetes.io/success-codes"],
        "200-499"
    );
    let template = live(&world, "spec-edge", "deployment", "mcp-server")["spec"]["template"].take();
    let container = &template["spec"]["containers"][0];
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["tcpSocket"], json!({"port": 8080}));
    }
    let disruption = &template["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"];
    assert_eq!(*disruption, "30m");
    stays(&world, "spec-edge");
    let _ = world
        .mcpctl(&["tenant", "remove", "spec-edge", "--yes"])
        .expect(0);
}

/// As many run them, so that a busy server is not slowed down: the namespace's defaults must not bring a limit back.
#[test]
fn a_tenant_without_a_limit_of_cpu() {
    let world = World::new("spec-unlimited");
    let settings = "tiers: {open: {resources: {requests: {cpu: 500m, memory: 64Mi}, limits: {memory: 256Mi}}}}\ndomain:";
    world.settings("domain:", settings);
    let add = ["tenant", "add", "spec-unlimited", "--tier", "open"];
    let _ = world.mcpctl(&add).expect(0).says(&["is ready"]);
    let pods = world.kubectl(&["-n", "mcp-spec-unlimited", "get", "pods", "-o", "json"]);
    let pods: Value = serde_json::from_str(&pods).expect("pods");
    let resources = &pods["items"][0]["spec"]["containers"][0]["resources"];
    let asked =
        json!({"requests": {"cpu": "500m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}});
    assert_eq!(*resources, asked);
    let _ = world
        .mcpctl(&["tenant", "diff", "spec-unlimited"])
        .expect(0);
}
