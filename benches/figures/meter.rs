//! What one process takes. A small process of its own starts it and waits for it: the kernel counts what a process was
//! before it became the program, so a child of the process that holds the sandbox would show that one's memory.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// The first argument by which this program knows that it is the small process.
pub(crate) const ROLE: &str = "meter";

/// One run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) wall_micros: u64,
    /// User and system.
    pub(crate) cpu_micros: u64,
    /// Highest resident set.
    pub(crate) peak_bytes: u64,
    /// Requests to the API server.
    pub(crate) kubernetes: u64,
    /// Calls of AWS.
    pub(crate) aws: u64,
}

/// Runs a command to its end; its exit code must be 0.
pub(crate) fn measure(command: &Command) -> Result<Sample> {
    let mut meter = Command::new(std::env::current_exe()?);
    meter
        .arg(ROLE)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        meter.env(name, value.unwrap_or_default());
    }
    if let Some(dir) = command.get_current_dir() {
        meter.current_dir(dir);
    }
    let output = meter.output().context("the meter does not start")?;
    ensure!(
        output.status.success(),
        "{command:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || {
        numbers
            .next()
            .context("the meter says too little")?
            .context("no number")
    };
    Ok(Sample {
        wall_micros: next()?,
        cpu_micros: next()?,
        peak_bytes: next()?,
        ..Sample::default()
    })
}

/// The small process: runs the command and prints the numbers.
pub(crate) fn run(mut arguments: impl Iterator<Item = OsString>) -> Result<()> {
    let program = arguments.next().context("which program?")?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let wall = start.elapsed().as_micros();
    ensure!(status.success(), "{status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    // Linux counts KiB, macOS bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let (cpu, peak) = (cpu_micros(&usage), usage.max_rss() * unit);
    writeln!(io::stdout(), "{wall} {cpu} {peak}")?;
    Ok(())
}

fn cpu_micros(usage: &Usage) -> i64 {
    (usage.user_time() + usage.system_time()).num_microseconds()
}

/// Times a part of this process.
pub(crate) struct Stopwatch {
    start: Instant,
    cpu: i64,
}

impl Stopwatch {
    pub(crate) fn start() -> Result<Self> {
        let cpu = cpu_micros(&getrusage(UsageWho::RUSAGE_SELF)?);
        Ok(Self {
            start: Instant::now(),
            cpu,
        })
    }

    pub(crate) fn stop(self) -> Result<Sample> {
        let wall = self.start.elapsed().as_micros();
        let cpu = cpu_micros(&getrusage(UsageWho::RUSAGE_SELF)?) - self.cpu;
        Ok(Sample {
            wall_micros: wall.try_into()?,
            cpu_micros: cpu.try_into()?,
            ..Sample::default()
        })
    }
}
