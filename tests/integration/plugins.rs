//! Kubeconfigs whose credentials come from a program: it is run once, asked again when its token ends, and never
//! waited for without end.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    process::Command,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    pty,
    world::{Run, World, sandbox},
};

const V1: &str = "client.authentication.k8s.io/v1";
const LIST: [&str; 2] = ["tenant", "list"];
/// Counts its runs, keeps what it was told, and prints the answer of this run, or else the last one.
const SCRIPT: &str = "#!/bin/sh
cd \"$(dirname \"$0\")\"
echo run >> runs
printf '%s' \"$KUBERNETES_EXEC_INFO\" > info
printf '%s' \"$FLAVOUR\" > flavour
run=$(wc -l < runs)
[ -f answer-$run ] || run=last
cat answer-$run
";

/// A world whose kubeconfig has a plugin.
struct Plugged {
    world: World<'static>,
    kubeconfig: Value,
    /// What the kubeconfig held before.
    user: Value,
}

impl Plugged {
    fn new(name: &str) -> Self {
        let world = World::new(name);
        let path = world
            .sandbox
            .kubeconfig_for_cluster(name, name, &["system:masters"]);
        let text = fs::read_to_string(path.expect("a kubeconfig")).expect("a kubeconfig");
        let mut kubeconfig: Value = serde_json::from_str(&text).expect("JSON");
        let user = kubeconfig["users"][0]["user"].take();
        let script = world.write("plugin", SCRIPT);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&script, mode).expect("a mode");
        let exec = json!({"apiVersion": V1, "command": script, "interactiveMode": "Never"});
        kubeconfig["users"][0]["user"] = json!({"exec": exec});
        Self {
            world,
            kubeconfig,
            user,
        }
    }

    /// Sets a field of what the kubeconfig says of the plugin.
    fn exec(&mut self, field: &str, value: Value) {
        self.kubeconfig["users"][0]["user"]["exec"][field] = value;
    }

    /// What a run prints: `answer-1` the first, `answer-last` all that have none of their own.
    fn answers(&self, run: &str, status: &Value) {
        let answer = json!({"apiVersion": V1, "kind": "ExecCredential", "status": status});
        self.world
            .write(&format!("answer-{run}"), &answer.to_string());
    }

    fn command(&self, args: &[&str]) -> Command {
        let path = self.world.write("kubeconfig", &self.kubeconfig.to_string());
        let mut command = self.world.command(args);
        command.env("KUBECONFIG", path);
        command
    }

    fn mcpctl(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.world.dir.join(name)).unwrap_or_default()
    }

    /// How often the plugin was run since this was asked last.
    fn runs(&self) -> usize {
        let runs = self.read("runs").lines().count();
        drop(fs::remove_file(self.world.dir.join("runs")));
        runs
    }
}

/// A token that the sandbox knows as this user's.
fn token(user: &str) -> String {
    let token = sandbox().eks_token("platform-of-all", user, Duration::ZERO);
    token.expect("a token")
}

#[test]
fn once_for_each_run() {
    let plugged = Plugged::new("plugin-once");
    let tokens =
        json!({"token": token("PLUGIN-ONCE"), "expirationTimestamp": "2999-01-01T00:00:00Z"});
    plugged.answers("last", &tokens);
    for (args, code) in [
        (&["tenant", "add", "plugin-once"][..], 0),
        (&["tenant", "diff", "plugin-once"], 0),
        (&LIST, 0),
        (&["tenant", "remove", "plugin-once", "--yes"], 0),
    ] {
        let _ = plugged.mcpctl(args).expect(code);
        assert_eq!(plugged.runs(), 1, "{args:?}");
    }
    let seen = plugged
        .world
        .sandbox
        .audit("PLUGIN-ONCE")
        .expect("the audit log");
    assert!(!seen.is_empty(), "the token is not what the API server saw");
    // Not for what needs no cluster.
    let _ = plugged
        .mcpctl(&["tenant", "add", "x", "--dry-run"])
        .expect(0);
    assert_eq!(plugged.runs(), 0);
}

#[test]
fn a_client_certificate() {
    let plugged = Plugged::new("plugin-pair");
    let pem = |field: &str| {
        let text = plugged.user[field].as_str().unwrap_or_default();
        String::from_utf8(STANDARD.decode(text).expect("base64")).expect("PEM")
    };
    let pair = json!({
        "clientCertificateData": pem("client-certificate-data"),
        "clientKeyData": pem("client-key-data"),
    });
    plugged.answers("last", &pair);
    let _ = plugged.mcpctl(&LIST).expect(0);
    assert_eq!(plugged.runs(), 1);
    plugged.answers(
        "last",
        &json!({"clientCertificateData": "SECRET", "clientKeyData": "SECRET"}),
    );
    let run = plugged.mcpctl(&LIST).expect(6);
    assert!(!run.stderr.contains("SECRET"), "{run}");
}

#[test]
fn a_token_that_ends_is_asked_for_again() {
    let plugged = Plugged::new("plugin-renewed");
    let user = "PLUGIN-RENEWED";
    plugged.answers(
        "1",
        &json!({"token": token(user), "expirationTimestamp": "2001-01-01T00:00:00Z"}),
    );
    plugged.answers("last", &json!({"token": token(user)}));
    let _ = plugged
        .mcpctl(&["tenant", "add", "plugin-renewed"])
        .expect(0);
    assert_eq!(plugged.runs(), 2);
}

#[test]
fn a_token_that_is_refused_is_asked_for_again_once() {
    let plugged = Plugged::new("plugin-refused");
    plugged.answers("1", &json!({"token": "revoked"}));
    plugged.answers("last", &json!({"token": token("PLUGIN-REFUSED")}));
    let run = plugged.mcpctl(&["tenant", "list", "-v"]).expect(0);
    assert!(run.stderr.contains(" 401 "), "{run}");
    assert_eq!(plugged.runs(), 2);
    plugged.answers("last", &json!({"token": "revoked too"}));
    let run = plugged.mcpctl(&LIST).expect(6);
    let run = run.says(&["401 Unauthorized"]);
    assert!(!run.stderr.contains("revoked"), "{run}");
    assert_eq!(plugged.runs(), 2);
}

#[test]
fn what_the_kubeconfig_holds_goes_before_its_plugin() {
    let mut plugged = Plugged::new("plugin-unused");
    plugged.kubeconfig["users"][0]["user"]["token"] = token("PLUGIN-UNUSED").into();
    let _ = plugged.mcpctl(&LIST).expect(0);
    assert_eq!(plugged.runs(), 0);
}

#[test]
fn what_a_plugin_is_told() {
    let mut plugged = Plugged::new("plugin-told");
    plugged.answers("last", &json!({"token": token("PLUGIN-TOLD")}));
    plugged.exec("env", json!([{"name": "FLAVOUR", "value": "plum"}]));
    let told =
        |plugged: &Plugged| serde_json::from_str::<Value>(&plugged.read("info")).expect("JSON");
    let _ = plugged.mcpctl(&LIST).expect(0);
    let expected =
        json!({"apiVersion": V1, "kind": "ExecCredential", "spec": {"interactive": false}});
    assert_eq!(told(&plugged), expected);
    assert_eq!(plugged.read("flavour"), "plum");
    plugged.exec("provideClusterInfo", true.into());
    let extension =
        json!([{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}]);
    plugged.kubeconfig["clusters"][0]["cluster"]["extensions"] = extension;
    let _ = plugged.mcpctl(&LIST).expect(0);
    let cluster = &told(&plugged)["spec"]["cluster"];
    let held = &plugged.kubeconfig["clusters"][0]["cluster"];
    assert_eq!(cluster["server"], held["server"]);
    assert_eq!(
        cluster["certificate-authority-data"],
        held["certificate-authority-data"]
    );
    assert_eq!(cluster["config"], json!({"audience": "x"}));
    // It may ask where there is somebody to be asked.
    for (mode, terminal, expected) in [
        ("IfAvailable", false, Some(false)),
        ("IfAvailable", true, Some(true)),
        ("Always", true, Some(true)),
        ("Always", false, None),
        ("Never", true, Some(false)),
    ] {
        plugged.exec("interactiveMode", mode.into());
        let command = plugged.command(&LIST);
        let run = if terminal {
            pty::run(&command, (24, 80), "")
        } else {
            plugged.mcpctl(&LIST)
        };
        match expected {
            Some(interactive) => {
                let _ = run.expect(0);
                assert_eq!(told(&plugged)["spec"]["interactive"], interactive, "{mode}");
            }
            None => drop(run.expect(6).says(&["stdin is not a terminal"])),
        }
    }
}

#[test]
fn plugins_that_give_nothing() {
    let mut plugged = Plugged::new("plugin-fails");
    plugged.exec("args", json!(["-c", "echo told >&2; echo SECRET; exit 3"]));
    let mut fails = |command: &str, answer: &str, expected: &[&str]| {
        plugged.exec("command", command.into());
        plugged.world.write("answer-last", answer);
        let run = plugged.mcpctl(&LIST).expect(6);
        assert!(
            !run.stderr.contains("SECRET") && run.stdout.is_empty(),
            "{run}"
        );
        let _ = run
            .says(expected)
            .says(&["credential plugin", "of context `plugin-fails`"]);
    };
    let script = "./plugin";
    fails("sh", "", &["`sh`", "told\n", "it ended with exit code 3"]);
    fails(script, "SECRET", &["what it printed is no ExecCredential"]);
    fails(script, "{}", &["what it printed is no ExecCredential"]);
    let beta = "client.authentication.k8s.io/v1beta1";
    let other =
        json!({"apiVersion": beta, "kind": "ExecCredential", "status": {"token": "SECRET"}});
    fails(
        script,
        &other.to_string(),
        &["not of client.authentication.k8s.io/v1, which"],
    );
    let none = json!({"apiVersion": V1, "kind": "ExecCredential", "status": {}});
    fails(
        script,
        &none.to_string(),
        &["neither a token nor a certificate"],
    );
    fails(
        "no-such-plugin",
        "",
        &[
            "`no-such-plugin`",
            "No such file or directory",
            "install it",
        ],
    );
    plugged.exec("installHint", "brew install no-such-plugin".into());
    let run = plugged.mcpctl(&LIST).expect(6);
    let _ = run.says(&["hint: brew install no-such-plugin"]);
    for (field, value, expected) in [
        ("interactiveMode", Value::Null, "interactiveMode is missing"),
        (
            "apiVersion",
            "client.authentication.k8s.io/v1alpha1".into(),
            "known: client",
        ),
        ("command", Value::Null, "has no command"),
    ] {
        plugged.exec(field, value);
        let _ = plugged.mcpctl(&LIST).expect(6).says(&[expected]);
    }
}

#[test]
fn a_plugin_that_never_ends_is_ended_by_a_signal() {
    let mut plugged = Plugged::new("plugin-hangs");
    let alive = plugged.world.dir.join("alive");
    let made = Command::new("mkfifo").arg(&alive).status().expect("mkfifo");
    assert!(made.success());
    let script = format!(
        "exec 9>{}; echo begun >&9; sleep 60 9>&-; echo woke >&9",
        alive.display()
    );
    plugged.exec("command", "sh".into());
    plugged.exec("args", json!(["-c", script]));
    let mut child = plugged.command(&LIST).spawn().expect("mcpctl starts");
    let mut plugin = BufReader::new(File::open(&alive).expect("the plugin begins"));
    let mut heard = String::new();
    plugin.read_line(&mut heard).expect("a line");
    interrupt(child.id());
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    plugin.read_to_string(&mut heard).expect("the plugin's end");
    assert_eq!(heard, "begun\n", "the plugin goes on");
}

fn interrupt(pid: u32) {
    let status = Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status();
    assert!(status.expect("kill").success());
}
