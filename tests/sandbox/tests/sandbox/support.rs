//! The shared sandbox, and the few things that every test does with it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use mcpctl_sandbox::{Options, Sandbox};
use serde_json::Value;

pub(crate) static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let sandbox = Sandbox::start(&Options::default()).unwrap();
    sandbox.cluster("prod").unwrap();
    sandbox
});

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs kubectl as the administrator and gives its output; fails if it fails.
pub(crate) fn kubectl(args: &[&str]) -> String {
    run(SANDBOX.kubectl().args(args), "")
}

/// Applies YAML documents.
pub(crate) fn apply(yaml: &str) {
    run(
        SANDBOX
            .kubectl()
            .args(["apply", "--server-side", "--filename=-"]),
        yaml,
    );
}

pub(crate) fn get(kind: &str, namespace: &str, name: &str) -> Value {
    serde_json::from_str(&kubectl(&[
        "get", kind, "-n", namespace, name, "-o", "json",
    ]))
    .unwrap()
}

pub(crate) fn run(command: &mut Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
