//! `mcpctl completion SHELL`

use std::process::ExitCode;

use clap::CommandFactory;

use crate::{cli::Cli, error::Result, session::Context};

pub(super) fn run(context: &Context, shell: clap_complete::Shell) -> Result<ExitCode> {
    // The generator panics on a write error, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mcpctl", &mut script);
    context.ui.data(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
