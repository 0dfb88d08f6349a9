//! What a shell offers at the tab key. Besides verbs, flags and their values: the tenants of the cluster, the tiers of
//! the settings, the contexts of the kubeconfig. Whatever goes wrong on the way, nothing is offered and nothing is
//! said: the user is in the middle of a line.

use std::{ffi::OsString, time::Duration};

use clap::{Arg, CommandFactory, FromArgMatches};
use clap_complete::{
    CompleteEnv,
    engine::{ArgValueCandidates, CompletionCandidate},
};

use crate::{
    backend,
    cli::{Cli, Global},
    error::Result,
    lint::RULES,
    marks::TENANT,
    object::own_kind,
    report::Format,
    session::{Context, access},
};

/// The variable by which the scripts of `mcpctl completion` ask for completions; `clap_complete` reads it.
pub const VARIABLE: &str = "MCPCTL_COMPLETE";
/// A tab key may take so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers a shell that asks for completions. False when this is an ordinary run.
///
/// # Errors
/// For a shell that is not known, and when stdout cannot be written.
pub fn answer() -> clap::error::Result<bool> {
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .try_complete(std::env::args_os(), here.as_deref())
}

/// The command line, with what is to be looked up. By the arguments' ids, so that a new verb completes as the others.
fn command() -> clap::Command {
    Cli::command()
        .mut_arg("context", |arg| arg.add(ArgValueCandidates::new(contexts)))
        .mut_subcommands(|group| group.mut_subcommands(|verb| verb.mut_args(looked_up)))
}

fn looked_up(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "name" | "names" => arg.add(ArgValueCandidates::new(tenants)),
        "tier" => arg.add(ArgValueCandidates::new(tiers)),
        "allow" => arg.add(ArgValueCandidates::new(rules)),
        _ => arg,
    }
}

fn rules() -> Vec<CompletionCandidate> {
    let allowable = RULES.iter().filter(|rule| rule.allowable);
    allowable
        .map(|rule| CompletionCandidate::new(rule.id))
        .collect()
}

fn tenants() -> Vec<CompletionCandidate> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return Vec::new();
    };
    let names = async { tokio::time::timeout(PATIENCE, tenants_of_the_cluster()).await };
    let names = runtime.block_on(names);
    // A look-up of a host that hangs must not hold the shell up.
    runtime.shutdown_background();
    candidates(names.ok().and_then(Result::ok))
}

async fn tenants_of_the_cluster() -> Result<Vec<String>> {
    let kubernetes = access::quietly(&context()?).await?;
    let namespaces = kubernetes
        .list(own_kind("", "Namespace"), "", TENANT)
        .await?;
    let names = namespaces
        .iter()
        .filter_map(|namespace| namespace.label(TENANT));
    Ok(names.map(str::to_string).collect())
}

fn tiers() -> Vec<CompletionCandidate> {
    let settings = context().and_then(|context| context.settings());
    candidates(
        settings
            .ok()
            .map(|settings| settings.tiers.into_keys().collect()),
    )
}

fn contexts() -> Vec<CompletionCandidate> {
    let names = context().and_then(|context| backend::contexts(&context.kubeconfigs()));
    candidates(names.ok())
}

fn candidates(names: Option<Vec<String>>) -> Vec<CompletionCandidate> {
    names
        .into_iter()
        .flatten()
        .map(CompletionCandidate::new)
        .collect()
}

/// What a verb would be given if the line were run as far as it is typed.
fn context() -> Result<Context> {
    let typed: Vec<OsString> = std::env::args_os()
        .skip_while(|arg| arg != "--")
        .skip(1)
        .collect();
    let matches = Cli::command()
        .ignore_errors(true)
        .try_get_matches_from(typed);
    let global = matches.and_then(|matches| Global::from_arg_matches(&matches));
    Context::new(
        global.unwrap_or_default(),
        Format::Text,
        tokio::sync::watch::channel(None).1,
    )
}
