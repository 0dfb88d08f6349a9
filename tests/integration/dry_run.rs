//! `tenant add --dry-run`: the stream, for every reader, from nothing but files.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{ErrorKind, Write as _, pipe},
    net::TcpListener,
    process::Stdio,
    sync::OnceLock,
};

use serde_json::{Value, json};

use crate::{
    desk::{Desk, SETTINGS},
    world::{Run, offline},
};

const ADD: [&str; 4] = ["tenant", "add", "acme", "--dry-run"];

/// The documents as a YAML 1.1 reader (`PyYAML`) and a YAML 1.2 reader (`ruamel.yaml`) take them.
fn read_by_all(stream: &str) -> [Vec<Value>; 2] {
    static PYTHON: OnceLock<std::path::PathBuf> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let requirements = include_str!("yaml_readers/requirements.txt");
        mcpctl_sandbox::python_with("yaml-readers", requirements).expect("two YAML readers")
    });
    ["1.1", "1.2"].map(|version| {
        let mut child = std::process::Command::new(python)
            .args(["-c", include_str!("yaml_readers/read.py"), version])
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

/// The one object of a kind.
fn of<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    documents
        .iter()
        .find(|document| document["kind"] == kind)
        .expect("an object of the kind")
}

fn container(documents: &[Value]) -> &Value {
    &of(documents, "Deployment")["spec"]["template"]["spec"]["containers"][0]
}

#[test]
fn the_whole_stream() {
    let desk = Desk::new("stream");
    insta::assert_snapshot!(desk.stream(&[]));
}

#[test]
fn the_stream_is_the_same_on_every_run_and_from_everywhere() {
    let desk = Desk::new("same");
    let first = desk.stream(&[
        "--set",
        "labels={z: 1, a: 2}",
        "--set",
        "values={z: 1, a: 2}",
    ]);
    for _ in 0..5 {
        assert_eq!(
            first,
            desk.stream(&[
                "--set",
                "labels={a: 2, z: 1}",
                "--set",
                "values={a: 2, z: 1}"
            ])
        );
    }
    let below = desk.dir.join("tenants/eu");
    std::fs::create_dir_all(&below).expect("a directory");
    let plain = desk.stream(&[]);
    let mut command = offline(&below, &ADD);
    command
        .env("TZ", "Asia/Tokyo")
        .env("LANG", "tr_TR.UTF-8")
        .env("HOME", "/nonexistent")
        .env("TERM", "xterm");
    assert_eq!(Run::of(&mut command).expect(0).stdout, plain);
}

#[test]
fn neither_the_cluster_nor_aws_is_asked() {
    let desk = Desk::new("silent");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    });
    desk.write("kubeconfig", &kubeconfig.to_string());
    let quiet = desk.stream(&[]);
    let mut command = offline(&desk.dir, &ADD);
    command
        .env("KUBECONFIG", "kubeconfig")
        .env("AWS_ENDPOINT_URL", &url)
        .env("AWS_REGION", "eu-west-1");
    command
        .env("AWS_ACCESS_KEY_ID", "id")
        .env("AWS_SECRET_ACCESS_KEY", "key");
    command
        .env("HTTP_PROXY", &url)
        .env("HTTPS_PROXY", &url)
        .env("AWS_EC2_METADATA_DISABLED", "false");
    assert_eq!(Run::of(&mut command).expect(0).stdout, quiet);
    listener.set_nonblocking(true).expect("a listener");
    let asked = listener
        .accept()
        .map(|(_, peer)| peer)
        .map_err(|error| error.kind());
    assert_eq!(asked, Err(ErrorKind::WouldBlock));
    // A kubeconfig that nobody could read is not read.
    desk.write("kubeconfig", "{");
    assert_eq!(Run::of(&mut command).expect(0).stdout, quiet);
}

#[test]
fn without_an_account_the_role_lets_nobody_in_and_stderr_says_which_setting_fills_it() {
    let desk = Desk::new("account");
    let given = desk.mcpctl(&ADD).expect(0);
    assert_eq!(given.stderr, "");
    desk.write(
        "mcpctl.yaml",
        &SETTINGS.replace(", accountId: 012345678901", ""),
    );
    let run = desk.mcpctl(&ADD).expect(0);
    insta::assert_snapshot!(run.stderr, @"warning: the account is not known, so the trust policy holds ACCOUNT-ID-NOT-SET and lets nobody in: set cluster.accountId in mcpctl.yaml or give --account-id");
    assert_eq!(
        run.stdout.replace("ACCOUNT-ID-NOT-SET", "012345678901"),
        given.stdout
    );
    let documents = mcpctl::yaml::read_stream(&run.stdout).expect("a stream");
    let trust = of(&documents, "Role")["spec"]["assumeRolePolicyDocument"]
        .as_str()
        .expect("text");
    let trust: Value = serde_json::from_str(trust).expect("a policy");
    let condition = &trust["Statement"][0]["Condition"]["StringEquals"];
    assert_eq!(condition["aws:SourceAccount"], "ACCOUNT-ID-NOT-SET");
    // A flag fills it as the setting does; the Kubernetes half does not hold it.
    let flag = desk
        .mcpctl(&[&ADD[..], &["--account-id", "012345678901"]].concat())
        .expect(0);
    assert_eq!((flag.stdout, flag.stderr), (given.stdout, String::new()));
    let kubernetes = desk
        .mcpctl(&[&ADD[..], &["--only", "kubernetes"]].concat())
        .expect(0);
    assert_eq!(kubernetes.stderr, "");
    assert!(!kubernetes.stdout.contains("ACCOUNT-ID-NOT-SET"));
}

#[test]
fn one_half_and_the_other_are_the_whole() {
    let desk = Desk::new("halves");
    let kinds = |args: &[&str]| -> BTreeSet<String> {
        let documents = mcpctl::yaml::read_stream(&desk.stream(args)).expect("a stream");
        documents
            .iter()
            .map(|document| format!("{} {}", document["kind"], document["metadata"]["name"]))
            .collect()
    };
    let (kubernetes, aws) = (kinds(&["--only", "kubernetes"]), kinds(&["--only", "aws"]));
    assert_eq!(aws.len(), 2);
    assert!(kubernetes.is_disjoint(&aws));
    assert_eq!(
        kubernetes.union(&aws).cloned().collect::<BTreeSet<_>>(),
        kinds(&[])
    );
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

#[test]
fn flags_say_what_a_file_would_say() {
    let desk = Desk::new("flags");
    desk.write(
        "own.json",
        &crate::world::POLICY.replace("s3:GetObject", "s3:PutObject"),
    );
    let policy: Value =
        serde_json::from_str(&crate::world::POLICY.replace("s3:GetObject", "s3:PutObject"))
            .expect("JSON");
    let file = json!({
        "apiVersion": "mcpctl.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"},
        "spec": {"image": "a:1", "tier": "large", "replicas": 2, "args": ["--a"], "health": {"path": "/up"}, "identity": {"policy": policy}},
    });
    desk.write("acme.yaml", &file.to_string());
    let flags = [
        "--image",
        "a:1",
        "--tier",
        "large",
        "--policy",
        "own.json",
        "--set",
        "replicas=2",
        "--set",
        "args=[--a]",
        "--set",
        "health.path=/up",
    ];
    assert_eq!(desk.stream(&flags), desk.stream(&["-f", "acme.yaml"]));
    // Flags edit what a file says.
    assert_eq!(
        desk.stream(&["-f", "acme.yaml", "--image", "b:1", "--set", "args=[]"]),
        desk.stream(&[&flags[2..], &["--image", "b:1", "--set", "args=[]"]].concat())
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let desk = Desk::new("closed");
    for args in [
        &ADD[..],
        &["platform", "render"],
        &["completion", "bash"],
        &["man"],
        &["--help"],
        &["tenant", "add", "--help"],
        &["--version"],
    ] {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let run = Run::of(
            offline(&desk.dir, args)
                .stdout(writer)
                .stderr(Stdio::piped()),
        );
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn a_reader_that_takes_one_line_gets_it() {
    let desk = Desk::new("head");
    let binary = env!("CARGO_BIN_EXE_mcpctl");
    for (args, first) in [
        ("tenant add acme --dry-run", "---\n"),
        ("man", ".ie \\n(.g .ds Aq \\(aq\n"),
        ("completion bash", "_clap_complete_mcpctl() {\n"),
    ] {
        let script = format!("set -o pipefail; '{binary}' {args} | head -1");
        let mut shell = std::process::Command::new("bash");
        let run = Run::of(shell.args(["-c", &script]).current_dir(&desk.dir)).expect(0);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (first, ""));
    }
}
