//! The verbs, one file each: a few lines over the path.

use std::process::ExitCode;

use crate::{
    cli::{Command, Platform, Policy, Template, Tenant},
    error::Result,
    session::Context,
};

mod add;
mod completion;
mod diff;
mod list;
mod man;
mod platform;
mod policy;
mod remove;
mod show;
mod status;
mod template;

/// Runs one verb.
///
/// # Errors
/// What the verb says.
pub async fn run(context: &Context, command: Command) -> Result<ExitCode> {
    match command {
        Command::Platform(Platform::Render) => platform::render(context),
        Command::Platform(Platform::Apply(args)) => {
            Box::pin(platform::apply(context, args.timeout)).await
        }
        Command::Platform(Platform::Diff(_)) => Box::pin(platform::diff(context)).await,
        Command::Platform(Platform::Remove(args)) => {
            Box::pin(platform::remove(context, &args)).await
        }
        Command::Tenant(Tenant::Add(args)) if args.dry_run => add::dry_run(context, &args),
        Command::Tenant(Tenant::Add(args)) => Box::pin(add::run(context, &args)).await,
        Command::Tenant(Tenant::Diff(args)) => Box::pin(diff::run(context, &args)).await,
        Command::Tenant(Tenant::Remove(args)) => Box::pin(remove::run(context, &args)).await,
        Command::Tenant(Tenant::List(args)) => Box::pin(list::run(context, &args)).await,
        Command::Tenant(Tenant::Status(args)) => Box::pin(status::run(context, &args)).await,
        Command::Tenant(Tenant::Show(args)) => Box::pin(show::run(context, &args)).await,
        Command::Template(Template::Export(args)) => template::export(context, &args),
        Command::Policy(Policy::Lint(args)) => policy::lint(context, &args),
        Command::Completion { shell } => completion::run(context, shell),
        Command::Man { directory } => man::run(context, directory.as_deref()),
    }
}
