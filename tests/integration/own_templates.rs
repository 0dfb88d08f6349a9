//! A folder of templates over the built-in ones, without a cluster.

use crate::desk::{Desk, SETTINGS};

mod faults;
mod folder;

const CONFIG_MAP: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: own
  namespace: {{ names.namespace }}
data:
  host: {{ host }}
";

/// A desk whose settings name the folder `templates`.
fn desk(name: &str) -> Desk {
    let desk = Desk::new(name);
    desk.write("mcpctl.yaml", &format!("{SETTINGS}templates: templates\n"));
    desk
}

/// The kinds of a stream, in its order.
fn kinds(stream: &str) -> Vec<&str> {
    let kinds = stream
        .lines()
        .filter_map(|line| line.strip_prefix("kind: "));
    kinds.collect()
}

#[test]
fn a_file_of_its_own_name_is_added_and_one_of_a_built_in_takes_its_place() {
    let desk = desk("over");
    let before = Desk::new("over-before").stream(&[]);
    desk.write("templates/tenant/own.yaml.j2", CONFIG_MAP);
    desk.write(
        "templates/tenant/service.yaml.j2",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: mcp-server\n  namespace: {{ names.namespace }}\nspec:\n  ports:\n    - port: 9999\n",
    );
    let after = desk.stream(&[]);
    assert!(after.contains("  host: acme.mcp.example.com\n"), "{after}");
    assert!(after.contains("port: 9999"), "{after}");
    assert!(
        after.contains("    mcpctl.dev/tenant: acme\n  name: own") || after.contains("name: own"),
        "{after}"
    );
    let mut kinds_before = kinds(&before);
    kinds_before.push("ConfigMap");
    let mut kinds_after = kinds(&after);
    kinds_before.sort_unstable();
    kinds_after.sort_unstable();
    assert_eq!(kinds_after, kinds_before);
    let record = after.lines().find(|line| line.contains("mcpctl.dev/kinds"));
    assert!(
        record.is_some_and(|line| line.contains("/ConfigMap")),
        "{record:?}"
    );
}

#[test]
fn an_empty_file_drops_a_built_in() {
    let desk = desk("empty");
    for empty in ["", "# nothing\n", "{% if false %}\nx\n{% endif %}\n"] {
        desk.write("templates/tenant/disruptionbudget.yaml.j2", empty);
        assert!(!kinds(&desk.stream(&[])).contains(&"PodDisruptionBudget"));
    }
}

#[test]
fn the_platform_takes_own_templates_too() {
    let desk = desk("platform");
    desk.write(
        "templates/platform/own.yaml.j2",
        "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: {{ cluster.name }}\nspec:\n  a: 1\n",
    );
    let stream = desk.mcpctl(&["platform", "render"]).expect(0).stdout;
    assert!(
        stream.contains("kind: Widget\nmetadata:\n  name: prod\n"),
        "{stream}"
    );
    assert!(kinds(&stream).contains(&"IngressClass"));
}

#[test]
fn what_is_exported_renders_the_same_bytes() {
    let desk = Desk::new("export");
    let (tenant, platform) = (
        ["tenant", "add", "acme", "--dry-run"],
        ["platform", "render"],
    );
    let streams =
        |desk: &Desk| [tenant.as_slice(), &platform].map(|args| desk.mcpctl(args).expect(0).stdout);
    let before = streams(&desk);
    let run = desk.mcpctl(&["template", "export", "own"]).expect(0);
    assert_eq!(run.stdout, "");
    insta::assert_snapshot!(run.stderr, @"15 files are in own; to use them, say in mcpctl.yaml: templates: own");
    desk.write("mcpctl.yaml", &format!("{SETTINGS}templates: own\n"));
    assert_eq!(streams(&desk), before);
    let readme = std::fs::read_to_string(desk.dir.join("own/README.md")).expect("a README");
    assert_eq!(readme, include_str!("../../templates/README.md"));

    let changed = "# changed\n";
    desk.write("own/tenant/service.yaml.j2", changed);
    insta::assert_snapshot!(desk.refusal(&["template", "export", "own"]), @"
    error: these files exist; nothing was written
      own/tenant/namespace.yaml.j2
      own/tenant/serviceaccount.yaml.j2
      own/tenant/quota.yaml.j2
      own/tenant/networkpolicy.yaml.j2
      own/tenant/role.yaml.j2
      own/tenant/association.yaml.j2
      own/tenant/service.yaml.j2
      own/tenant/ingress.yaml.j2
      own/tenant/deployment.yaml.j2
      own/tenant/disruptionbudget.yaml.j2
      own/platform/namespace.yaml.j2
      own/platform/ingressclass.yaml.j2
      own/platform/identity.yaml.j2
      own/platform/ingress.yaml.j2
      own/README.md
      hint: name another folder, or give --force to write over them
    ");
    let service = || std::fs::read_to_string(desk.dir.join("own/tenant/service.yaml.j2"));
    assert_eq!(service().expect("the file"), changed);
    desk.mcpctl(&["template", "export", "own", "--force"])
        .expect(0);
    assert_eq!(streams(&desk), before);
}

#[test]
fn an_export_that_cannot_be_written() {
    let desk = Desk::new("export-fails");
    desk.write("file", "");
    insta::assert_snapshot!(desk.refusal(&["template", "export", "file"]), @"error: cannot write file/tenant/namespace.yaml.j2: Not a directory");
    // One of the files has no place: what was written before it is named.
    std::fs::create_dir_all(desk.dir.join("half/platform/ingress.yaml.j2")).expect("a folder");
    let run = desk
        .mcpctl(&["template", "export", "half", "--force"])
        .expect(5);
    insta::assert_snapshot!(run.stderr, @"
    error: cannot write half/platform/ingress.yaml.j2: Is a directory
      stands: half/tenant/namespace.yaml.j2
      stands: half/tenant/serviceaccount.yaml.j2
      stands: half/tenant/quota.yaml.j2
      stands: half/tenant/networkpolicy.yaml.j2
      stands: half/tenant/role.yaml.j2
      stands: half/tenant/association.yaml.j2
      stands: half/tenant/service.yaml.j2
      stands: half/tenant/ingress.yaml.j2
      stands: half/tenant/deployment.yaml.j2
      stands: half/tenant/disruptionbudget.yaml.j2
      stands: half/platform/namespace.yaml.j2
      stands: half/platform/ingressclass.yaml.j2
      stands: half/platform/identity.yaml.j2
    ");
}
