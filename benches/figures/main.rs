//! `cargo bench` prints what each verb costs, as a Markdown table.
//!
//! The release build runs as whole processes against the sandbox, over a line with no added round trip and over one
//! with 20 ms, with TLS to both sides. Every figure is the median of several runs: time on the clock, CPU time of the
//! process, its peak memory, and how many requests it made. Pods become ready at once there and the identity gate is
//! open at once, so the table shows what the program costs, and not what EKS takes. Nothing is asserted.

use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use mcpctl_sandbox::{Options, Sandbox};

mod machine;
mod meter;
mod stage;
mod thousand;

use meter::Sample;
use stage::Stage;

/// Runs of each verb. A tenant of its own for each.
const RUNS: usize = 7;
/// Runs of what ends within milliseconds.
const SHORT_RUNS: usize = 21;
/// Round trips that are added, in milliseconds.
const ROUND_TRIPS: [u64; 2] = [0, 20];

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == meter::ROLE) {
        return meter::run(arguments);
    }
    writeln!(
        io::stdout(),
        "{}\n| what | added round trip | wall | CPU | peak memory | requests to Kubernetes + AWS |\n\
         |---|---|---|---|---|---|",
        machine::describe()?
    )?;
    for arguments in [&["--version"][..], &["tenant", "add", "acme", "--dry-run"]] {
        let command = stage::offline("figures-offline", arguments)?;
        let runs = repeat(SHORT_RUNS, || meter::measure(&command))?;
        print(&arguments.join(" "), None, &runs)?;
    }
    for (what, runs) in thousand::measure(RUNS)? {
        print(&what, None, &runs)?;
    }
    let sandbox = Sandbox::start(&Options::default())?;
    for milliseconds in ROUND_TRIPS {
        verbs(&sandbox, milliseconds)?;
    }
    Ok(())
}

/// The life of one tenant after another.
fn verbs(sandbox: &Sandbox, milliseconds: u64) -> Result<()> {
    let name = format!("figures-{milliseconds}");
    let stage = Stage::new(sandbox, &name, Duration::from_millis(milliseconds))?;
    stage.measure(&["platform", "apply"])?;
    // The API server's own caches are warm afterwards.
    for verb in ["add", "remove"] {
        stage.measure(&arguments(verb, "warm"))?;
    }
    let tenants: Vec<String> = (1..=RUNS).map(|number| format!("t{number}")).collect();
    for (title, verb) in [
        ("tenant add", "add"),
        ("tenant add, nothing to do", "add"),
        ("tenant diff", "diff"),
        ("tenant remove", "remove"),
    ] {
        let mut tenants = tenants.iter();
        let runs = repeat(RUNS, || {
            let tenant = tenants.next().context("a tenant for each run")?;
            stage.measure(&arguments(verb, tenant))
        })?;
        print(title, Some(milliseconds), &runs)?;
    }
    // The platform belongs to one cluster; the next round trip brings another.
    stage.measure(&["platform", "remove", "--yes"])?;
    Ok(())
}

fn arguments<'a>(verb: &'a str, tenant: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["tenant", verb, tenant];
    if verb == "remove" {
        arguments.push("--yes");
    }
    arguments
}

fn repeat(times: usize, mut run: impl FnMut() -> Result<Sample>) -> Result<Vec<Sample>> {
    (0..times).map(|_| run()).collect()
}

/// A row of the table: the median of each column.
fn print(what: &str, round_trip: Option<u64>, runs: &[Sample]) -> Result<()> {
    let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let median = |column: fn(&Sample) -> u64| {
        let mut values: Vec<u64> = runs.iter().map(column).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    let round_trip = round_trip.map_or_else(|| "-".into(), |time| format!("{time} ms"));
    let peak = match median(|run| run.peak_bytes) {
        0 => "-".into(),
        bytes => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    };
    let requests = match median(|run| run.kubernetes + run.aws) {
        0 => "-".into(),
        _ => format!(
            "{} + {}",
            median(|run| run.kubernetes),
            median(|run| run.aws)
        ),
    };
    writeln!(
        io::stdout(),
        "| {what} | {round_trip} | {} | {} | {} | {requests} |",
        milliseconds(Duration::from_micros(median(|run| run.wall_micros))),
        milliseconds(Duration::from_micros(median(|run| run.cpu_micros))),
        peak,
    )?;
    Ok(())
}
