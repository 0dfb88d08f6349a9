//! A status that follows its tenant.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use crate::world::{Run, World};

/// A run of `status --watch` whose output is read as it comes.
struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Watch {
    fn start(world: &World<'_>, tenant: &str, form: &str) -> Self {
        Self::start_as(world, tenant, form, &[])
    }

    fn start_as(world: &World<'_>, tenant: &str, form: &str, flags: &[&str]) -> Self {
        let watch = ["tenant", "status", tenant, "--watch", "-o", form];
        let mut child = world.start(&[&watch[..], flags].concat());
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, out }
    }

    /// The next document for which this holds; those before it are passed over.
    fn until(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            let read = self.out.read_line(&mut line).expect("a line");
            assert!(read > 0, "the watch ended; it showed {seen}");
            let document: Value = serde_json::from_str(&line).expect("one document a line");
            if is(&document) {
                return document;
            }
            seen.push_str(&line);
        }
    }

    fn end(self) -> Run {
        let Self { child, out } = self;
        let rest: Vec<String> = out.lines().map_while(Result::ok).collect();
        let mut run = Run::at_end_of(child);
        run.stdout = rest.join("\n");
        run
    }
}

#[test]
fn it_shows_each_change_until_the_tenant_is_gone() {
    let world = World::new("followed");
    let _ = world.mcpctl(&["tenant", "add", "followed"]).expect(0);
    let mut watch = Watch::start(&world, "followed", "json");
    let first = watch.until(|_| true);
    assert_eq!(
        (&first["state"], &first["kind"]),
        (&"ok".into(), &"TenantStatus".into())
    );
    world.kubectl(&[
        "-n",
        "mcp-followed",
        "scale",
        "deployment/mcp-server",
        "--replicas=2",
    ]);
    let drifted = watch.until(|status| status["rollout"]["available"] == 2);
    assert_eq!(drifted["state"], "drift");
    let _ = world.mcpctl(&["tenant", "add", "followed"]).expect(0);
    let _ = watch.until(|status| status["state"] == "ok");
    world.kubectl(&[
        "-n",
        "mcp-followed",
        "label",
        "service",
        "mcp-server",
        "mcpctl.dev/tenant-",
    ]);
    let _ = watch.until(|status| status["state"] == "drift");
    let _ = world
        .mcpctl(&["tenant", "remove", "followed", "--yes"])
        .expect(0);
    let run = watch.end().expect(0);
    let _ = run.says(&["tenant `followed` is gone"]);
    let watches = world.audit();
    let watches = watches.iter().filter(|event| event.verb == "watch");
    assert!(watches.count() > 0, "nothing is watched");
}

#[test]
fn kinds_of_own_templates_are_followed_too() {
    let world = World::new("follows");
    world.settings("defaults:", "templates: templates\ndefaults:");
    world.write(
        "templates/tenant/own.yaml.j2",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: {{ names.namespace }}}\ndata: {mode: fast}\n",
    );
    let _ = world.mcpctl(&["tenant", "add", "follows"]).expect(0);
    let mut watch = Watch::start(&world, "follows", "json");
    let _ = watch.until(|status| status["state"] == "ok");
    let patch = r#"{"data": {"mode": "slow"}}"#;
    world.kubectl(&[
        "-n",
        "mcp-follows",
        "patch",
        "configmap",
        "own",
        "-p",
        patch,
    ]);
    let _ = watch.until(|status| status["state"] == "drift");
    let remove = ["tenant", "remove", "follows", "--yes"];
    let _ = world.mcpctl(&remove).expect(0);
    let _ = watch.end().expect(0);
}

#[test]
fn what_may_not_be_followed_is_said_and_the_rest_is_followed() {
    let world = World::new("unfollowed");
    let _ = world.mcpctl(&["tenant", "add", "unfollowed"]).expect(0);
    let path = super::views::viewer(&world);
    let mut watch = Watch::start_as(&world, "unfollowed", "json", &["--kubeconfig", &path]);
    let first = watch.until(|_| true);
    let problems = first["problems"].to_string();
    for what in [
        "not followed: watch events in mcp-unfollowed",
        "not followed: watch targetgroupbindings in mcp-unfollowed",
    ] {
        assert!(problems.contains(what), "no `{what}`: {first:#}");
    }
    let scale = ["scale", "deployment/mcp-server", "--replicas=2"];
    world.kubectl(&[&["-n", "mcp-unfollowed"], &scale[..]].concat());
    let _ = watch.until(|status| status["rollout"]["available"] == 2);
    let remove = ["tenant", "remove", "unfollowed", "--yes"];
    let _ = world.mcpctl(&remove).expect(0);
    let _ = watch.end().expect(0);
}

#[test]
fn a_signal_ends_it_in_good_order() {
    let world = World::new("signalled");
    let _ = world
        .mcpctl(&["tenant", "add", "signalled", "--wait", "applied"])
        .expect(0);
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut watch = Watch::start(&world, "signalled", "json");
        let _ = watch.until(|_| true);
        let pid = watch.child.id().to_string();
        let kill = Command::new("kill")
            .args([signal, &pid])
            .status()
            .expect("kill");
        assert!(kill.success());
        let _ = watch.end().expect(code);
    }
    let unknown = world.mcpctl(&["tenant", "status", "nobody", "--watch"]);
    let _ = unknown.expect(2).says(&["is not known"]);
}

#[test]
fn blocks_follow_each_other_where_nothing_can_be_drawn_over() {
    let world = World::new("blocks");
    let _ = world
        .mcpctl(&["tenant", "add", "blocks", "--wait", "applied"])
        .expect(0);
    let watch = Watch::start(&world, "blocks", "text");
    let mut lines = watch.out.lines();
    let mut next = |start: &str| {
        let found = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line starts with {start}"))
    };
    assert_eq!(next("tenant "), "tenant       blocks on cluster blocks");
    world.kubectl(&[
        "-n",
        "mcp-blocks",
        "scale",
        "deployment/mcp-server",
        "--replicas=3",
    ]);
    assert_eq!(next("tenant "), "tenant       blocks on cluster blocks");
    let _ = next("  ~ update Deployment");
    let mut child = watch.child;
    child.kill().expect("a kill");
    let _ = child.wait();
}

/// On a terminal of 20 columns.
#[test]
fn a_narrow_terminal_is_drawn_over() {
    const SPAWN: &str = "import fcntl, os, pty, struct, sys, termios
def read(fd):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 5, 20, 0, 0))
    return os.read(fd, 1024)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))";
    let world = World::new("narrow");
    let _ = world.mcpctl(&["tenant", "add", "narrow"]).expect(0);
    let terminal = |args: &[&str], environment: &[(&str, &str)]| {
        let mut plain = world.command(args);
        plain.envs(environment.iter().copied());
        let mut command = Command::new("python3");
        command
            .args(["-c", SPAWN])
            .arg(plain.get_program())
            .args(plain.get_args());
        let variables = plain
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        command.envs(variables).current_dir(&world.dir);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("python3 starts")
    };
    for args in [&["tenant", "status", "narrow"][..], &["tenant", "list"]] {
        let child = terminal(args, &[]);
        let _ = Run::at_end_of(child).expect(0);
    }
    let watch = ["tenant", "status", "narrow", "--watch"];
    // What is not in colour is drawn over all the same.
    let mut shown = [&[][..], &[("NO_COLOR", "1")]].map(|environment| {
        let mut child = terminal(&watch, environment);
        let mut out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut first = String::new();
        out.read_line(&mut first).expect("a line");
        assert!(first.starts_with("\u{1b}[2J\u{1b}[H"), "{first:?}");
        (child, out, first)
    });
    let _ = world
        .mcpctl(&["tenant", "remove", "narrow", "--yes"])
        .expect(0);
    for (child, out, text) in &mut shown {
        out.read_to_string(text).expect("text");
        assert!(text.contains("is gone"), "{text:?}");
        assert!(child.wait().expect("an end").success());
    }
    let plain = shown[1].2.replace("\u{1b}[2J\u{1b}[H", "");
    assert!(!plain.contains('\u{1b}'), "there is colour: {plain:?}");
}
