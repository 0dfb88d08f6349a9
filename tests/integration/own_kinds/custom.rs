//! A custom resource, by a definition of the test's own.

use serde_json::json;

use super::{discoveries, drop_template, world};
use crate::world::{Run, World};

/// Defines the kind `Widget` of a group of the test's own, with defaults and a list of each sort.
pub(super) fn define(world: &World<'_>, group: &str, scope: &str) {
    let text = json!({"type": "string"});
    let item = json!({"type": "object", "properties": {
        "id": text, "size": {"type": "integer", "default": 1},
    }});
    let spec = json!({"type": "object", "properties": {
        "mode": {"type": "string", "default": "auto"},
        "limit": {"type": "object", "default": {}, "properties": {"rate": {"type": "integer", "default": 5}}},
        "keyed": {"type": "array", "items": {"required": ["id"], "type": "object", "properties": item["properties"]},
            "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"]},
        "set": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
        "plain": {"type": "array", "items": item},
        "env": {"type": "array", "items": {"type": "object", "properties": {"name": text, "value": text}}},
    }});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }],
        },
    });
    let path = world.write("definition.json", &definition.to_string());
    world.kubectl(&["apply", "-f", &path.display().to_string()]);
    let name = format!("crd/widgets.{group}");
    world.kubectl(&["wait", "--for=condition=Established", &name]);
    // The condition comes a moment before the path does.
    world.kubectl(&["get", &format!("widgets.{group}"), "--all-namespaces"]);
}

pub(super) fn widget(world: &World<'_>, group: &str, spec: &str) {
    let text = format!(
        "apiVersion: {group}/v1\nkind: Widget\nmetadata:\n  name: own\n  namespace: {{{{ names.namespace }}}}\nspec: {spec}\n"
    );
    world.write("templates/tenant/widget.yaml.j2", &text);
}

#[test]
fn it_is_looked_up_once_and_made_behind_the_gate() {
    let (world, group) = (world("own-kind"), "own-kind.example.com");
    define(&world, group, "Namespaced");
    widget(
        &world,
        group,
        "{keyed: [{id: b}, {id: a, size: 3}], set: [y, x], plain: [{id: q}], env: [{name: N, value: v}]}",
    );
    let (add, diff) = (
        ["tenant", "add", "own-kind"],
        ["tenant", "diff", "own-kind"],
    );
    world
        .mcpctl(&add)
        .expect(0)
        .says(&["+ Widget mcp-own-kind/own"]);
    let version = format!("/apis/{group}/v1");
    assert_eq!(discoveries(&world, 0), [version.as_str()]);
    let events = world.audit();
    let at = |is: &dyn Fn(&mcpctl_sandbox::AuditEvent) -> bool| events.iter().position(is);
    let gate = at(&|event| event.resource == "pods" && event.dry_run);
    let made = at(&|event| event.resource == "widgets" && event.verb == "patch");
    assert!(gate.is_some() && gate < made, "{events:#?}");

    let since = world.audit().len();
    world.mcpctl(&diff).expect(0);
    assert_eq!(discoveries(&world, since), [version.as_str()]);

    drop_template(&world, "widget.yaml.j2");
    let since = world.audit().len();
    let run = world.mcpctl(&diff).expect(1);
    assert!(run.stdout.contains("- Widget mcp-own-kind/own\n"), "{run}");
    assert_eq!(
        discoveries(&world, since),
        [format!("/apis/{group}"), version]
    );
    world
        .mcpctl(&add)
        .expect(0)
        .says(&["Widget mcp-own-kind/own gone", "1 deleted"]);
    world.mcpctl(&diff).expect(0);
}

#[test]
fn its_lists_are_compared_as_its_schema_says() {
    let (world, group) = (world("own-lists"), "own-lists.example.com");
    define(&world, group, "Namespaced");
    let spec =
        "{mode: manual, keyed: [{id: a}], set: [x], plain: [{id: q}], env: [{name: N, value: v}]}";
    widget(&world, group, spec);
    let (add, diff) = (
        ["tenant", "add", "own-lists"],
        ["tenant", "diff", "own-lists"],
    );
    world.mcpctl(&add).expect(0);
    let edit = |patch: &str| {
        let name = format!("widgets.{group}");
        world.kubectl(&[
            "-n",
            "mcp-own-lists",
            "patch",
            &name,
            "own",
            "--type=json",
            "-p",
            patch,
        ]);
        let run = world.mcpctl(&diff).expect(1);
        world.mcpctl(&add).expect(0);
        world.mcpctl(&diff).expect(0);
        run.stdout
    };
    insta::assert_snapshot!(edit(r#"[{"op": "add", "path": "/spec/env/-", "value": {"name": "M", "value": "secret"}}]"#), @"
    tenant own-lists
      ~ Widget mcp-own-lists/own
          spec.env: changed (values are not shown)   (changed by kubectl-patch)
    0 to create, 1 to change, 0 to delete
    ");
    insta::assert_snapshot!(edit(r#"[{"op": "add", "path": "/spec/plain/-", "value": {"id": "r"}}]"#), @r#"
    tenant own-lists
      ~ Widget mcp-own-lists/own
          spec.plain: [{"id":"q","size":1},{"id":"r","size":1}] -> [{"id":"q"}]   (changed by kubectl-patch)
    0 to create, 1 to change, 0 to delete
    "#);
    insta::assert_snapshot!(edit(r#"[{"op": "add", "path": "/spec/keyed/-", "value": {"id": "b"}}]"#), @r#"
    tenant own-lists
      ~ Widget mcp-own-lists/own
          spec.keyed[b]: {"id":"b","size":1} -> removed   (changed by kubectl-patch)
    0 to create, 1 to change, 0 to delete
    "#);
    insta::assert_snapshot!(edit(r#"[{"op": "add", "path": "/spec/set/-", "value": "y"}]"#), @r#"
    tenant own-lists
      ~ Widget mcp-own-lists/own
          spec.set: ["x","y"] -> ["x"]   (changed by kubectl-patch)
    0 to create, 1 to change, 0 to delete
    "#);
    insta::assert_snapshot!(edit(r#"[{"op": "replace", "path": "/spec/mode", "value": "auto"}]"#), @r#"
    tenant own-lists
      ~ Widget mcp-own-lists/own
          spec.mode: "auto" -> "manual"   (changed by kubectl-patch)
    0 to create, 1 to change, 0 to delete
    "#);
}

#[test]
fn what_the_cluster_does_not_serve_is_refused_before_anything_is_written() {
    let (world, group) = (world("own-absent"), "own-absent.example.com");
    let add = ["tenant", "add", "own-absent"];
    widget(&world, group, "{}");
    let run = world.mcpctl(&add).expect(6);
    insta::assert_snapshot!(run.stderr, @"
    error: this cluster serves no kind Widget of own-absent.example.com/v1
      the templates make Widget mcp-own-absent/own
      hint: install what defines it, such as the operator's CustomResourceDefinitions, then run the same command again
    ");
    assert!(world.audit().iter().all(|event| event.method == "GET"));
    // A dry run asks nobody.
    world.mcpctl(&[&add[..], &["--dry-run"]].concat()).expect(0);

    // Gone with its definition, an object of the record is gone.
    define(&world, group, "Namespaced");
    world.mcpctl(&add).expect(0);
    world.kubectl(&["delete", "crd", &format!("widgets.{group}")]);
    drop_template(&world, "widget.yaml.j2");
    world.mcpctl(&["tenant", "diff", "own-absent"]).expect(0);
    world
        .mcpctl(&["tenant", "remove", "own-absent", "--yes"])
        .expect(0);
}

#[test]
fn a_kind_of_the_whole_cluster_cannot_be_a_tenants() {
    let (world, group) = (world("own-wide"), "own-wide.example.com");
    define(&world, group, "Cluster");
    widget(&world, group, "{}");
    let run = world.mcpctl(&["tenant", "add", "own-wide"]).expect(2);
    insta::assert_snapshot!(run.stderr, @"error: the templates make Widget mcp-own-wide/own, which belongs to the whole cluster; a tenant's objects live in its namespace");
    assert!(world.audit().iter().all(|event| event.method == "GET"));
}

#[test]
fn a_finalizer_is_waited_for_before_the_namespace_goes() {
    let (world, group) = (world("own-held"), "own-held.example.com");
    define(&world, group, "Namespaced");
    widget(&world, group, "{}");
    world.mcpctl(&["tenant", "add", "own-held"]).expect(0);
    let name = format!("widgets.{group}");
    let finalizers = |list: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{list}}}}}");
        world.kubectl(&[
            "-n",
            "mcp-own-held",
            "patch",
            &name,
            "own",
            "--type=merge",
            "-p",
            &patch,
        ]);
    };
    finalizers("[\"example.com/hold\"]");
    let remove = ["tenant", "remove", "own-held", "--yes", "--timeout", "2s"];
    let run = world.mcpctl(&remove).expect(4);
    let _ = run.says(&[
        "Widget mcp-own-held/own is still being deleted",
        "finalizer example.com/hold",
    ]);
    let phase = [
        "get",
        "namespace",
        "mcp-own-held",
        "-o",
        "jsonpath={.status.phase}",
    ];
    assert_eq!(world.kubectl(&phase), "Active");
    finalizers("[]");
    let Run { stderr, .. } = world.mcpctl(&remove[..4]).expect(0);
    assert!(stderr.contains("nothing of it is left"), "{stderr}");
}
