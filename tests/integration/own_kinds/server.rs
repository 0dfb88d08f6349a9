//! An operator's kind in place of the Deployment: `MCPServer` of kubernetes-sigs/mcp-lifecycle-operator, whose
//! controller makes the pods. Defined here with the fields that the template uses.

use serde_json::{Value, json};

use super::world;
use crate::world::World;

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
    world.kubectl(&["apply", "-f", &path.display().to_string()]);
    world.kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd/mcpservers.mcp.x-k8s.io",
    ]);
    // The condition comes a moment before the path does.
    world.kubectl(&["get", "mcpservers.mcp.x-k8s.io", "--all-namespaces"]);
}

#[test]
fn it_comes_behind_the_gate_and_goes_with_the_tenant() {
    let tenant = "own-server";
    let world = world(tenant);
    define(&world);
    world.write("templates/tenant/deployment.yaml.j2", "");
    world.write("templates/tenant/server.yaml.j2", TEMPLATE);
    let _ = world.mcpctl(&["tenant", "add", tenant]).expect(0).says(&[
        "+ MCPServer mcp-own-server/mcp-server",
        "identity gate open",
        "is applied",
    ]);
    let events = world.audit();
    let at = |is: &dyn Fn(&mcpctl_sandbox::AuditEvent) -> bool| events.iter().position(is);
    let gate = at(&|event| event.resource == "pods" && event.dry_run);
    let made = at(&|event| event.resource == "mcpservers" && event.verb == "patch");
    assert!(gate.is_some() && gate < made, "{events:#?}");
    let _ = world.mcpctl(&["tenant", "diff", tenant]).expect(0);
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
    world.kubectl(&["delete", "crd", "mcpservers.mcp.x-k8s.io"]);
}
