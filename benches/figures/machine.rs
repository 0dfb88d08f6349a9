//! On what the figures were taken.

use std::fs;
use std::process::Command;

use anyhow::Result;
use k8s_openapi::jiff::Timestamp;

/// Machine, date and versions, as a Markdown list.
pub(crate) fn describe() -> Result<String> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let threads = std::thread::available_parallelism()?;
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    let rustc = Command::new(env!("CARGO"))
        .arg("--version")
        .output()?
        .stdout;
    Ok(format!(
        "- {model}, {threads} threads, {} {}, load {load} before the start\n\
         - {}, mcpctl {}, {}\n",
        std::env::consts::OS,
        kernel.trim(),
        Timestamp::now().strftime("%Y-%m-%d"),
        env!("CARGO_PKG_VERSION"),
        String::from_utf8_lossy(&rustc).trim(),
    ))
}
