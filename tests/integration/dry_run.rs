//! `tenant add --dry-run`: the stream, for every reader, from nothing but files.

use std::{
    collections::BTreeSet,
    io::{ErrorKind, pipe},
    net::TcpListener,
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{
    desk::{Desk, SETTINGS},
    world::{Run, offline},
};

mod values;

const ADD: [&str; 4] = ["tenant", "add", "acme", "--dry-run"];

/// The one object of a kind.
fn of<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    documents
        .iter()
        .find(|document| document["kind"] == kind)
        .expect("an object of the kind")
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
