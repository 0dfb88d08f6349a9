//! Streams that are full, closed, or that nobody reads.

use std::{
    io,
    process::{Command, Stdio},
};

use super::DRY_RUN;
use crate::{
    desk::Desk,
    pty::like,
    world::{Run, World, offline},
};

/// What prints data without a cluster.
const OFFLINE: [&[&str]; 7] = [
    &DRY_RUN,
    &["platform", "render"],
    &["completion", "bash"],
    &["man"],
    &["--help"],
    &["tenant", "list", "--help"],
    &["--version"],
];

/// Runs a command with what a shell makes of its streams.
fn redirected(plain: &Command, how: &str) -> Run {
    let mut shell = like(plain, Command::new("sh"));
    shell
        .args(["-c", &format!("exec \"$0\" \"$@\" {how}")])
        .arg(plain.get_program())
        .args(plain.get_args());
    Run::of(&mut shell)
}

/// Runs a command whose reader has gone.
fn unread(mut command: Command) -> Run {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
    Run::at_end_of(child.expect("mcpctl starts"))
}

#[test]
fn a_disk_that_is_full() {
    let desk = Desk::new("full");
    let full = "error: cannot write to stdout: No space left on device\n";
    for args in OFFLINE {
        let run = redirected(&offline(&desk.dir, args), ">/dev/full");
        assert_eq!((run.code, run.stderr.as_str()), (6, full), "{args:?}");
    }
    // What is for people is lost, and nothing else.
    let run = redirected(
        &offline(&desk.dir, &["tenant", "add", "Acme"]),
        "2>/dev/full",
    );
    let _ = run.expect(2);
    let world = World::new("full");
    // 5, since this one has written something else before.
    let run = redirected(&world.command(&["tenant", "add", "full"]), ">/dev/full").expect(5);
    let _ = run.says(&[full]);
    for (args, code) in [
        (&["tenant", "list"][..], 6),
        (&["tenant", "diff", "full", "--image", "b:2"], 6),
        (&["tenant", "diff", "full", "-o", "json"], 6),
        (&["tenant", "add", "full"], 6),
        (&["tenant", "add", "full", "-o", "json"], 6),
        (
            &["tenant", "add", "full", "--image", "b:2", "-o", "json"],
            5,
        ),
        (&["tenant", "remove", "full", "--dry-run"], 6),
        (&["tenant", "remove", "full", "--dry-run", "-o", "json"], 6),
        (&["tenant", "remove", "full", "--yes", "-o", "json"], 5),
    ] {
        let run = redirected(&world.command(args), ">/dev/full").expect(code);
        let _ = run.says(&[full]);
    }
}

#[test]
fn readers_that_stop() {
    let desk = Desk::new("unread");
    let world = World::new("gone-reader");
    let mut commands: Vec<Command> = OFFLINE.map(|args| offline(&desk.dir, args)).into();
    commands.push(world.command(&["tenant", "list"]));
    commands.push(world.command(&["tenant", "diff", "gone-reader"]));
    let _ = world.mcpctl(&["tenant", "add", "gone-reader"]).expect(0);
    for command in commands {
        let args: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let run = unread(command);
        assert_eq!(run.code, 0, "{args:?}: {run}");
        assert!(
            !run.stderr.contains("error") && !run.stderr.contains("panic"),
            "{args:?}: {run}"
        );
    }
}

#[test]
fn streams_that_are_closed() {
    let desk = Desk::new("closed-streams");
    for args in OFFLINE {
        for how in [">&-", "2>&-", "<&-", "<&- >&- 2>&-"] {
            let run = redirected(&offline(&desk.dir, args), how).expect(0);
            assert_eq!(run.stderr, "", "{args:?} {how}");
        }
    }
    let refused = offline(&desk.dir, &["tenant", "add", "Acme"]);
    let _ = redirected(&refused, "2>&-").expect(2);
    let stdin = offline(&desk.dir, &[&DRY_RUN[..], &["-f", "-"]].concat());
    let _ = redirected(&stdin, "<&-")
        .expect(2)
        .says(&["there is nothing in it"]);
    let world = World::new("no-streams");
    let _ = redirected(&world.command(&["tenant", "add", "no-streams"]), "<&- 2>&-").expect(0);
    let asked = redirected(&world.command(&["tenant", "remove", "no-streams"]), "<&-").expect(2);
    let _ = asked.says(&["--yes"]);
    let _ = redirected(
        &world.command(&["tenant", "diff", "no-streams"]),
        "<&- >&- 2>&-",
    )
    .expect(0);
}
