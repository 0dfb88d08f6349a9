//! An operator's kind in place of the Deployment: `MCPServer` of kubernetes-sigs/mcp-lifecycle-operator, whose
//! controller makes the pods. Defined here with the fields that the template uses.

use serde_json::{Value, json};

use super::world;
use crate::{
    pace::wait_until,
    world::{Run, World},
};

const TEMPLATE: &str = "\
apiVersion: mcp.x-k8s.io/v1alpha1
kind: MCPServer
metadata:
  name: mcp-server
  namespace: {{ names.namespace }}
spec:
  source:
    type: ContainerImage
    containerImage:
      ref: {{ spec.image }}
  config:
    port: {{ spec.port }}
    path: {{ spec.mcpPath }}
  runtime:
    replicas: {{ spec.replicas }}
    security:
      serviceAccountName: {{ names.serviceAccount }}
  extraLabels:
    app.kubernetes.io/name: mcp-server
";

fn define(world: &World<'_>) {
    let text = json!({"type": "string"});
    let map = |properties: Value| json!({"type": "object", "properties": properties});
    let spec = map(json!({
        "source": map(json!({"type": text, "containerImage": map(json!({"ref": text}))})),
        "config": map(json!({"port": {"type": "integer"}, "path": text})),
        "runtime": map(json!({
            "replicas": {"type": "integer", "default": 1},
            "security": map(json!({"serviceAccountName": text})),
        })),
        "extraLabels": {"type": "object", "additionalProperties": text},
    }));
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "mcpservers.mcp.x-k8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": "mcp.x-k8s.io",
            "scope": "Namespaced",
            "names": {"kind": "MCPServer", "plural": "mcpservers", "singular": "mcpserver", "listKind": "MCPServerList"},
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": map(json!({"spec": spec,
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}))},
            }],
        },
    });
    let path = world.write("definition.json", &definition.to_string());
    // Tests at the same time define it too; only a server-side apply takes no notice.
    world.kubectl(&["apply", "--server-side", "-f", &path.display().to_string()]);
    world.kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd/mcpservers.mcp.x-k8s.io",
    ]);
    // The condition comes a moment before the path does.
    world.kubectl(&["get", "mcpservers.mcp.x-k8s.io", "--all-namespaces"]);
}

/// A world whose tenants have a server in place of the Deployment.
fn with_server(tenant: &str) -> World<'static> {
    let world = world(tenant);
    define(&world);
    world.write("templates/tenant/deployment.yaml.j2", "");
    world.write("templates/tenant/server.yaml.j2", TEMPLATE);
    world
}

#[test]
fn it_comes_behind_the_gate_and_goes_with_the_tenant() {
    let tenant = "own-server";
    let world = with_server(tenant);
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0).says(&[
        "+ MCPServer mcp-own-server/mcp-server",
        "identity gate open",
        "tenant `own-server` is applied",
        "whether MCPServer mcp-own-server/mcp-server is ready is not known: it has no condition Ready or Available",
    ]);
    let events = world.audit();
    let at = |is: &dyn Fn(&mcpctl_sandbox::AuditEvent) -> bool| events.iter().position(is);
    let gate = at(&|event| event.resource == "pods" && event.dry_run);
    let made = at(&|event| event.resource == "mcpservers" && event.verb == "patch");
    assert!(gate.is_some() && gate < made, "{events:#?}");
    let _ = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
    let silent =
        json!([{"object": "MCPServer mcp-own-server/mcp-server", "ready": null, "why": null}]);
    assert_eq!(seen(&world), ("ok".into(), silent));
    let image = ["--image", "registry.example/mcp:2"];
    let changed = world.mcpctl(&[&["tenant", "diff", tenant][..], &image].concat());
    let line =
        "spec.source.containerImage.ref: \"registry.example/mcp:1\" -> \"registry.example/mcp:2\"";
    let changed = changed.expect(1);
    assert!(changed.stdout.contains(line), "{changed}");
    let _ = world
        .mcpctl(&["tenant", "remove", tenant, "--yes"])
        .expect(0)
        .says(&[
            "MCPServer mcp-own-server/mcp-server deleted",
            "nothing of it is left",
        ]);
}

/// The custom resource, once mcpctl has made it.
fn server(world: &World<'_>, namespace: &str) -> Value {
    let get = [
        "-n",
        namespace,
        "get",
        "mcpservers.mcp.x-k8s.io",
        "mcp-server",
        "-o",
        "json",
    ];
    wait_until(|| {
        let found = world.sandbox.kubectl().args(get).output();
        found.is_ok_and(|found| found.status.success())
    });
    serde_json::from_str(&world.kubectl(&get)).expect("JSON")
}

/// What the operator writes into the status.
fn says(world: &World<'_>, namespace: &str, conditions: &Value) {
    let status = json!({"status": {"observedGeneration": 1, "conditions": conditions}});
    world.kubectl(&[
        "-n",
        namespace,
        "patch",
        "mcpservers.mcp.x-k8s.io",
        "mcp-server",
        "--subresource=status",
        "--type=merge",
        "-p",
        &status.to_string(),
    ]);
}

/// The Deployment that the operator makes of it.
fn operate(world: &World<'_>, namespace: &str) {
    let server = server(world, namespace);
    let labels = json!({"app.kubernetes.io/name": "mcp-server"});
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "mcp-server", "namespace": namespace, "labels": labels,
            "ownerReferences": [{
                "apiVersion": server["apiVersion"], "kind": "MCPServer", "name": "mcp-server",
                "uid": server["metadata"]["uid"], "controller": true,
            }],
        },
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": server["spec"]["runtime"]["security"]["serviceAccountName"],
                    "automountServiceAccountToken": false,
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": 10001,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [{
                        "name": "mcp-server",
                        "image": server["spec"]["source"]["containerImage"]["ref"],
                        "securityContext": {
                            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
                        },
                    }],
                },
            },
        },
    });
    let path = world.write("operated.json", &deployment.to_string());
    world.kubectl(&["apply", "-f", &path.display().to_string()]);
}

/// State and workload of a tenant as its status says them, once the list has said the same.
fn seen(world: &World<'_>) -> (String, Value) {
    let read = |args: &[&str]| -> Value {
        let run = world.mcpctl(&[args, &["-o", "json"]].concat()).expect(0);
        serde_json::from_str(&run.stdout).expect("JSON")
    };
    let mut list = read(&["tenant", "list"]);
    let items = list["items"].as_array_mut().expect("items");
    let item = items
        .iter_mut()
        .find(|item| item["name"] == world.cluster.as_str());
    let item = item.expect("the tenant is listed");
    let mut status = read(&["tenant", "status", &world.cluster]);
    let workload = status["workloads"].take();
    assert_eq!(item["state"], status["state"], "{status:#}");
    assert_eq!(item["workloads"], workload, "{item:#}");
    (status["state"].as_str().expect("a state").into(), workload)
}

#[test]
fn it_is_waited_for_by_its_condition_and_its_deployment() {
    let (tenant, namespace) = ("own-ready", "mcp-own-ready");
    let world = with_server(tenant);
    let add = world.start(&["tenant", "add", tenant]);
    server(&world, namespace);
    let not_yet =
        json!([{"type": "Ready", "status": "False", "reason": "Initializing", "message": ""}]);
    says(&world, namespace, &not_yet);
    operate(&world, namespace);
    world.kubectl(&[
        "-n",
        namespace,
        "wait",
        "--for=condition=Available",
        "deployment/mcp-server",
    ]);
    says(
        &world,
        namespace,
        &json!([{"type": "Ready", "status": "True"}]),
    );
    let _ = Run::at_end_of(add).expect(0).says(&[
        "MCPServer says Ready=False: Initializing",
        "tenant `own-ready` is ready",
    ]);
    let ready =
        json!([{"object": "MCPServer mcp-own-ready/mcp-server", "ready": true, "why": null}]);
    assert_eq!(seen(&world), ("ok".into(), ready));
    let _ = world.mcpctl(&["tenant", "diff", tenant]).expect(0);

    // Its pods go on with the identity that they began with, whoever started them.
    let pods = ["-n", namespace, "get", "pods", "-o", "name"];
    let before = world.kubectl(&pods);
    let body =
        json!({"roleArn": format!("arn:aws:iam::{}:role/admin", world.sandbox.account_id())});
    world.change_association(body);
    let _ = world
        .mcpctl(&["tenant", "add", tenant])
        .expect(0)
        .says(&["1 pod evicted"]);
    wait_until(|| {
        world
            .kubectl(&pods)
            .lines()
            .all(|pod| !before.contains(pod))
    });
    let _ = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
}

#[test]
fn one_that_is_stalled_is_not_waited_for() {
    let (tenant, namespace) = ("own-stalled", "mcp-own-stalled");
    let world = with_server(tenant);
    let add = world.start(&["tenant", "add", tenant]);
    server(&world, namespace);
    let stalled = json!([{"type": "Stalled", "status": "True", "reason": "Invalid", "message": "no such image"}]);
    says(&world, namespace, &stalled);
    let _ = Run::at_end_of(add).expect(4).says(&[
        "MCPServer mcp-own-stalled/mcp-server does not become ready",
        "MCPServer is stalled: Invalid: no such image",
    ]);
    let why = "MCPServer is stalled: Invalid: no such image";
    let stalled =
        json!([{"object": "MCPServer mcp-own-stalled/mcp-server", "ready": false, "why": why}]);
    assert_eq!(seen(&world), ("notReady".into(), stalled));
    let status = world.mcpctl(&["tenant", "status", tenant]).expect(0);
    for line in [
        "state        not ready\n",
        "workload     MCPServer mcp-own-stalled/mcp-server: not ready: MCPServer is stalled: Invalid: no such image\n",
    ] {
        assert!(status.stdout.contains(line), "{status}");
    }
}
