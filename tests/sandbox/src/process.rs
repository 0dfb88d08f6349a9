//! Child processes that die with the process that started them, however that one dies.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// Runs the program beside a watcher that reads a pipe held by the owner. When the owner ends, even by SIGKILL, the
/// operating system closes the pipe and the watcher kills the program. All are in a process group that is not the
/// terminal's, so Ctrl-C reaches the owner only.
const GUARD: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
( read -r _ <&3; kill -KILL "$program" ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
status=$?
kill -KILL "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit "$status"
"#;

/// Removes a directory once the owner has ended.
const JANITOR: &str = r#"
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" && break; sleep 0.2; done
"#;

/// A command that runs `program` and dies with this process. Its standard input is the pipe: keep it.
pub(crate) fn guarded(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", GUARD, "sh"])
        .arg(program)
        .stdin(Stdio::piped())
        .process_group(0);
    command
}

/// Runs a guarded command to its end; what it printed is the error if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start sh")?;
    let _pipe = child.stdin.take();
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "it ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

pub(crate) struct Process {
    name: &'static str,
    guard: Child,
    pipe: Option<ChildStdin>,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; what it prints goes to `<name>.log` in `dir`.
    pub(crate) fn start<A: AsRef<OsStr>>(
        name: &'static str,
        program: &Path,
        args: impl IntoIterator<Item = A>,
        env: &[(&str, String)],
        dir: &Path,
    ) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let out = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut guard = guarded(program)
            .args(args)
            .envs(env.iter().map(|(key, value)| (key, value)))
            .current_dir(dir)
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let pipe = guard.stdin.take();
        Ok(Self {
            name,
            guard,
            pipe,
            log,
        })
    }

    /// If the program has ended: what it printed last.
    pub(crate) fn exited(&mut self) -> Option<String> {
        let status = self.guard.try_wait().ok().flatten()?;
        Some(format!("{} ended ({status}):\n{}", self.name, self.tail()))
    }

    /// The last lines of what the program printed.
    pub(crate) fn tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines = log.lines().collect::<Vec<_>>();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.pipe = None;
        let _ = self.guard.wait();
    }
}

/// Removes `dir` when this process ends without having dropped the janitor: statics of a test binary never are.
pub(crate) struct Janitor {
    child: Child,
}

impl Janitor {
    pub(crate) fn watch(dir: &Path) -> Result<Self> {
        let child = Command::new("sh")
            .args(["-c", JANITOR, "sh"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot start sh")?;
        Ok(Self { child })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
