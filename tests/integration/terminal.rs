//! On a terminal: the question before a removal.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::world::{Run, World};

/// Runs the binary on a terminal of its own, types a line, and gives back all that the terminal showed.
fn on_a_terminal(world: &World<'_>, args: &[&str], typed: &str) -> Run {
    const SPAWN: &str =
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let plain = world.command(args);
    let mut command = Command::new("python3");
    command
        .args(["-c", SPAWN])
        .arg(plain.get_program())
        .args(plain.get_args());
    command.envs(
        plain
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
        .current_dir(&world.dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("python3 starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    writeln!(stdin, "{typed}").expect("a line typed");
    let run = Run::from_output(child.wait_with_output().expect("an end"));
    drop(stdin);
    run
}

#[test]
fn a_removal_asks_and_takes_yes_only() {
    let world = World::new("asked");
    let _ = world.mcpctl(&["tenant", "add", "asked"]).expect(0);
    for answer in ["no", "y", ""] {
        let refused = on_a_terminal(&world, &["tenant", "remove", "asked"], answer).expect(2);
        assert!(
            refused.stdout.contains("Role asked"),
            "it does not show what would go: {refused}"
        );
        assert!(refused.stdout.contains("Type yes to go on"), "{refused}");
        assert!(refused.stdout.contains("nothing was deleted"), "{refused}");
    }
    let _ = world.mcpctl(&["tenant", "diff", "asked"]).expect(0);
    let removed = on_a_terminal(&world, &["tenant", "remove", "asked"], "yes").expect(0);
    assert!(
        removed.stdout.contains("nothing of it is left"),
        "{removed}"
    );
}

#[test]
fn colour_is_for_terminals_and_can_be_switched_off() {
    let world = World::new("colour");
    let args = ["tenant", "diff", "colour"];
    let shown = on_a_terminal(&world, &args, "").expect(2);
    assert!(shown.stdout.contains("\u{1b}["), "{shown}");
    let piped = world.mcpctl(&args).expect(2);
    assert!(!piped.stderr.contains("\u{1b}["), "{piped}");
}
