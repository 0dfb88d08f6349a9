//! The verbs, one file each: a few lines over the path.

use std::process::ExitCode;

use crate::{
    cli::{Command, Platform, Tenant},
    error::Result,
    session::Context,
};

mod add;
mod completion;
mod diff;
mod list;
mod platform;
mod remove;

/// Runs one verb.
///
/// # Errors
/// What the verb says.
pub async fn run(context: &Context, command: Command) -> Result<ExitCode> {
    match command {
        Command::Platform(Platform::Render) => platform::render(context),
        Command::Platform(Platform::Apply(timeout)) => platform::apply(context, timeout).await,
        Command::Platform(Platform::Diff) => platform::diff(context).await,
        Command::Platform(Platform::Remove(args)) => platform::remove(context, &args).await,
        Command::Tenant(Tenant::Add(args)) if args.dry_run => add::dry_run(context, &args),
        Command::Tenant(Tenant::Add(args)) => add::run(context, &args).await,
        Command::Tenant(Tenant::Diff(args)) => diff::run(context, &args).await,
        Command::Tenant(Tenant::Remove(args)) => remove::run(context, &args).await,
        Command::Tenant(Tenant::List) => list::run(context).await,
        Command::Completion { shell } => completion::run(context, shell),
    }
}
