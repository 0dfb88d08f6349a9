//! A status that follows its tenant.

use std::{
    io::{BufRead, BufReader},
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
        let mut child = world.start(&["tenant", "status", tenant, "--watch", "-o", form]);
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
        let mut run = Run::from_output(child.wait_with_output().expect("an end"));
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
    let terminal = |args: &[&str]| {
        let plain = world.command(args);
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
        let child = terminal(args);
        let _ = Run::from_output(child.wait_with_output().expect("an end")).expect(0);
    }
    let mut child = terminal(&["tenant", "status", "narrow", "--watch"]);
    let mut out = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    out.read_line(&mut first).expect("a line");
    assert!(first.starts_with("\u{1b}[2J\u{1b}[H"), "{first:?}");
    let _ = world
        .mcpctl(&["tenant", "remove", "narrow", "--yes"])
        .expect(0);
    let rest: Vec<String> = out.lines().map_while(Result::ok).collect();
    assert!(rest.iter().any(|line| line.contains("is gone")), "{rest:?}");
    assert!(child.wait().expect("an end").success());
}
