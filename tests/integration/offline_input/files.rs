//! Files that are no tenant files.

use super::{HEAD, to_files};
use crate::desk::Desk;

#[test]
fn a_file_that_is_no_tenant_file() {
    insta::assert_snapshot!(
        to_files("files", &[
            "",
            "# only a comment\n",
            "[]\n",
            "hello\n",
            "kind: Tenant\n",
            &HEAD.replace("mcpctl.dev/v1alpha1", "mcpctl.dev/v1"),
            &HEAD.replace("kind: Tenant", "kind: Tenants"),
            &HEAD.replace("name: acme", "name: Acme"),
            &HEAD.replace("name: acme", "name: globex"),
            &format!("{HEAD}---\n{HEAD}"),
            &format!("{HEAD}spec:\n\treplicas: 1\n"),
            &format!("{HEAD}spec:\n  replicas: 1\n  replicas: 2\n"),
            &format!("{HEAD}spec:\n  image: \"a\n"),
            &format!("{HEAD}spec:\n  image: a: b\n"),
            &format!("{HEAD}spec: *nothing\n"),
        ]),
        @r#"
    error: acme.yaml: there is nothing in it

    error: acme.yaml: there is nothing in it

    error: acme.yaml:1:1: expected a map, found a list
      1 | []

    error: acme.yaml:1:1: expected a map, found `hello`
      1 | hello

    error: acme.yaml:1:1: `apiVersion` is missing
      1 | kind: Tenant

    error: acme.yaml:1:13: apiVersion: unknown value `mcpctl.dev/v1`
      1 | apiVersion: mcpctl.dev/v1
      hint: did you mean `mcpctl.dev/v1alpha1`?

    error: acme.yaml:2:7: kind: unknown value `Tenants`
      2 | kind: Tenants
      hint: did you mean `Tenant`?

    error: acme.yaml:3:18: metadata.name: `Acme` holds `A` at character 1: upper case is not allowed
      3 | metadata: {name: Acme}

    error: acme.yaml is of tenant `globex`, not `acme`

    error: acme.yaml:5:1: a second document starts; one file holds one
      5 | apiVersion: mcpctl.dev/v1alpha1

    error: acme.yaml:5:2: a tab in the indentation; YAML is indented with spaces
      5 | 	replicas: 1

    error: acme.yaml:6:3: spec: key `replicas` is given twice
      6 |   replicas: 2

    error: acme.yaml:5:10: spec: unclosed quote
      5 |   image: "a

    error: acme.yaml:5:11: spec: mapping values are not allowed in this context
      5 |   image: a: b

    error: acme.yaml:4:7: alias references unknown anchor
      4 | spec: *nothing
    "#
    );
}

#[test]
fn a_file_that_cannot_be_read() {
    let desk = Desk::new("unreadable");
    std::fs::create_dir(desk.dir.join("tenants")).expect("a directory");
    std::fs::write(desk.dir.join("latin1.yaml"), b"image: \xe4\n").expect("a file");
    let mut said = String::new();
    for file in ["none.yaml", "tenants", "latin1.yaml"] {
        said.push_str(&desk.refusal(&["tenant", "add", "acme", "--dry-run", "-f", file]));
    }
    said.push_str(&desk.refusal(&[
        "tenant",
        "add",
        "acme",
        "--dry-run",
        "--policy",
        "none.json",
    ]));
    said.push_str(&desk.refusal(&[
        "tenant",
        "add",
        "acme",
        "--dry-run",
        "--config",
        "none.yaml",
    ]));
    desk.write(
        "acme.yaml",
        &format!("{HEAD}spec: {{identity: {{policy: policies/none.json}}}}\n"),
    );
    said.push_str(&desk.refusal(&["tenant", "add", "acme", "--dry-run", "-f", "acme.yaml"]));
    insta::assert_snapshot!(said, @"
    error: cannot read tenant file none.yaml: No such file or directory
    error: cannot read tenant file tenants: Is a directory
    error: cannot read tenant file latin1.yaml: it is not UTF-8 text
    error: cannot read policy [DIR]/none.json: No such file or directory
      named by --policy
    error: cannot read settings none.yaml: No such file or directory
    error: cannot read policy [DIR]/policies/none.json: No such file or directory
      named by acme.yaml: identity.policy
    ");
}
