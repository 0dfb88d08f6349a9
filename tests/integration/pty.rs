//! A terminal of a given size.

use std::{
    io::Write,
    process::{Child, Command, Stdio},
};

use crate::world::Run;

/// Rows and columns.
pub(crate) type Size = (u16, u16);

/// Runs a command on a terminal of its own, types a line, and gives back all that the terminal showed.
pub(crate) fn run(plain: &Command, size: Size, typed: &str) -> Run {
    let mut child = start(plain, size);
    let mut stdin = child.stdin.take().expect("stdin is piped");
    writeln!(stdin, "{typed}").expect("a line typed");
    let run = Run::at_end_of(child);
    drop(stdin);
    run
}

/// Starts a command on a terminal of its own. What the terminal shows comes on stdout; the terminal is there for as
/// long as stdin is open.
pub(crate) fn start(plain: &Command, (rows, columns): Size) -> Child {
    const SPAWN: &str =
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    const SIZED: &str = "import fcntl, os, struct, sys, termios\n\
        size = struct.pack('HHHH', int(sys.argv[1]), int(sys.argv[2]), 0, 0)\n\
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)\n\
        os.execv(sys.argv[3], sys.argv[3:])";
    like(plain, Command::new("python3"))
        .args(["-c", SPAWN, "python3", "-c", SIZED])
        .args([rows.to_string(), columns.to_string()])
        .arg(plain.get_program())
        .args(plain.get_args())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 starts")
}

/// Another program, in the directory and the environment of a command.
pub(crate) fn like(plain: &Command, mut other: Command) -> Command {
    let variables = plain.get_envs();
    other
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))));
    if let Some(directory) = plain.get_current_dir() {
        other.current_dir(directory);
    }
    other
}
