//! Keeps a sandbox up for you: a real Kubernetes control plane and an AWS emulator, on loopback.
//!
//! `cargo run --example sandbox` prints the variables for a second shell and stops everything on Ctrl-C.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use mcpctl_sandbox::{Options, Sandbox};
use tokio::signal::unix::{SignalKind, signal};

const CLUSTER: &str = "sandbox";

fn main() -> Result<()> {
    let sandbox = Sandbox::start(&Options::default())?;
    sandbox.cluster(CLUSTER)?;
    print_variables(&sandbox)?;
    wait_for_signal()
}

/// The variables on stdout, where a shell can read them; what to do with them on stderr.
fn print_variables(sandbox: &Sandbox) -> io::Result<()> {
    let kubeconfig = (
        "KUBECONFIG".to_owned(),
        sandbox.admin_kubeconfig().display().to_string(),
    );
    let mut out = io::stdout().lock();
    for (name, value) in [kubeconfig].into_iter().chain(sandbox.aws_env("SANDBOX")) {
        writeln!(out, "export {name}='{value}'")?;
    }
    out.flush()?;
    let mut err = io::stderr().lock();
    writeln!(
        err,
        "\nIn a second shell, paste these lines. The EKS cluster and the context are called {CLUSTER}."
    )?;
    writeln!(
        err,
        "kubectl is {}",
        sandbox.kubectl().get_program().display()
    )?;
    writeln!(
        err,
        "AWS calls are logged in {}",
        sandbox.aws_log().display()
    )?;
    writeln!(err, "Ctrl-C stops the sandbox and removes its files.")
}

fn wait_for_signal() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}
