//! Names and values that a reader of YAML may take for something else.

use std::{fmt::Write as _, io::Write as _, process::Stdio, sync::OnceLock};

use serde_json::{Value, json};

use super::of;
use crate::{desk::Desk, world::Run};

/// The documents as a YAML 1.1 reader (`PyYAML`) and a YAML 1.2 reader (`ruamel.yaml`) take them.
fn read_by_all(stream: &str) -> [Vec<Value>; 2] {
    static PYTHON: OnceLock<std::path::PathBuf> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let requirements = include_str!("../yaml_readers/requirements.txt");
        mcpctl_sandbox::python_with("yaml-readers", requirements).expect("two YAML readers")
    });
    ["1.1", "1.2"].map(|version| {
        let mut child = std::process::Command::new(python)
            .args(["-c", include_str!("../yaml_readers/read.py"), version])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin
            .write_all(stream.as_bytes())
            .expect("the stream goes in");
        drop(stdin);
        let run = Run::at_end_of(child).expect(0);
        serde_json::from_str(&run.stdout).expect("JSON")
    })
}

fn container(documents: &[Value]) -> &Value {
    &of(documents, "Deployment")["spec"]["template"]["spec"]["containers"][0]
}

#[test]
fn names_that_yaml_1_1_takes_for_something_else_work() {
    let desk = Desk::new("names-in-yaml");
    for name in ["on", "no", "null", "true", "y", "e1"] {
        let stream = desk
            .mcpctl(&["tenant", "add", name, "--dry-run"])
            .expect(0)
            .stdout;
        let own = mcpctl::yaml::read_stream(&stream).expect("a stream");
        for documents in read_by_all(&stream) {
            assert_eq!(documents, own, "{name}");
            assert_eq!(
                of(&documents, "Namespace")["metadata"]["labels"]["mcpctl.dev/tenant"],
                name
            );
            assert_eq!(of(&documents, "Role")["metadata"]["name"], name);
            let host = &of(&documents, "Ingress")["spec"]["rules"][0]["host"];
            assert_eq!(*host, format!("{name}.mcp.example.com"));
        }
    }
}

/// Texts that a reader, a template or a shell might take for something else.
const NASTY: [&str; 62] = [
    "",
    " ",
    "1",
    "01",
    "0644",
    "0o17",
    "0x1f",
    "0b11",
    "1e3",
    "1E3",
    ".5",
    "1.",
    "1.10",
    "+1",
    "1_000",
    "12:30",
    "12:30:45",
    "2001-01-01",
    "2001-01-01T00:00:00Z",
    "=",
    "<<",
    "~",
    "null",
    "Null",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "N",
    "true",
    "False",
    ".inf",
    "-.INF",
    ".nan",
    "---",
    "...",
    "- a",
    "? a",
    "a: b",
    "a #b",
    "#a",
    "&a",
    "*a",
    "!a",
    "|",
    ">-",
    "%a",
    "@a",
    "`a",
    "{{",
    "{{ tenant.name }}",
    "{% raw %}",
    "{a: b}",
    "[a]",
    "'",
    "\"",
    "\\n",
    "it's \"quoted\" \\ and $(HOME) ${HOME}",
    " leading and trailing ",
    "\ttabs\t",
    "a\u{2028}b\u{2029}c\u{a0}d\u{feff}e 🦀 é e\u{301}",
];
const BLOCKS: [&str; 8] = [
    "two\nlines",
    "a last newline\n",
    "two of them\n\n",
    "\na first one",
    "  indented\n less\nnot",
    "---\n- {{ x }}\n...\n",
    "{\n  \"json\": true\n}\n",
    "tab\n\tand trailing \n# no comment",
];

#[test]
fn values_of_variables_read_back_unchanged_by_readers_of_yaml_1_1_and_1_2() {
    let desk = Desk::new("nasty");
    let long = "long ".repeat(60);
    let values: Vec<&str> = NASTY
        .into_iter()
        .chain(BLOCKS)
        .chain([long.as_str()])
        .collect();
    let env: Vec<Value> = values
        .iter()
        .enumerate()
        .map(|(number, value)| json!({"name": format!("V{number}"), "value": value}))
        .collect();
    let file = json!({
        "apiVersion": "mcpctl.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"},
        "spec": {"env": env, "args": values, "annotations": {"example.com/note": values[61]}},
    });
    desk.write("acme.yaml", &file.to_string());
    let stream = desk.stream(&["-f", "acme.yaml"]);
    let own = mcpctl::yaml::read_stream(&stream).expect("a stream");
    for documents in read_by_all(&stream) {
        assert_eq!(documents, own);
        let container = container(&documents);
        assert_eq!(container["args"], json!(values));
        for variable in &env {
            let listed = container["env"].as_array().expect("a list");
            assert!(listed.contains(variable), "{variable} is not in {listed:?}");
        }
        let annotations = &of(&documents, "Namespace")["metadata"]["annotations"];
        let input: Value =
            serde_json::from_str(annotations["mcpctl.dev/input"].as_str().expect("text"))
                .expect("JSON");
        assert_eq!(input["spec"]["env"], json!(env));
    }
}

#[test]
fn what_a_person_writes_without_quotes_is_taken_as_written() {
    let desk = Desk::new("unquoted");
    let written = [
        "1e3",
        "0x1f",
        "12:30",
        "=",
        "yes",
        "no",
        "1_000",
        "0644",
        "2001-01-01",
        "1.10",
        "true",
        "012345678901",
    ];
    let mut file =
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec:\n  env:\n"
            .to_string();
    for (number, value) in written.iter().enumerate() {
        _ = writeln!(file, "  - {{name: V{number}, value: {value}}}");
    }
    desk.write("acme.yaml", &file);
    let documents =
        mcpctl::yaml::read_stream(&desk.stream(&["-f", "acme.yaml"])).expect("a stream");
    let env = container(&documents)["env"].as_array().expect("a list");
    for (number, value) in written.iter().enumerate() {
        assert!(
            env.contains(&json!({"name": format!("V{number}"), "value": value})),
            "{value}: {env:?}"
        );
    }
}
