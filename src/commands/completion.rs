//! `mcpctl completion SHELL`

use std::process::ExitCode;

use clap_complete::{Shell, env::Shells};

use crate::{
    complete,
    error::{Error, Result},
    session::Context,
};

/// Prints a script that asks mcpctl itself at each tab key, so that it can offer what is in the cluster.
pub(super) fn run(context: &Context, shell: Shell) -> Result<ExitCode> {
    let name = shell.to_string();
    let shells = Shells::builtins();
    let shell = shells
        .completer(&name)
        .ok_or_else(|| Error::usage(format!("there are no completions for {name}")))?;
    let mut script = Vec::new();
    shell.write_registration(
        complete::VARIABLE,
        "mcpctl",
        "mcpctl",
        "mcpctl",
        &mut script,
    )?;
    let script = String::from_utf8_lossy(&script);
    context.ui.data(&format!("{}\n", script.trim()))?;
    Ok(ExitCode::SUCCESS)
}
