//! The command line, as types.

#![expect(clippy::doc_markdown, reason = "these comments are what --help prints")]

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand};
use k8s_openapi::jiff::SignedDuration;

mod output;
mod policy;
mod tenant;

pub use output::{DiffForm, DiffOutput, RunForm, RunOutput};
pub use policy::{Lint, LintForm, Policy};
pub use tenant::{
    Add, Diff, FileForm, Half, IdentityGate, Input, List, ListForm, Only, Remove, Show, Status,
    Tenant, ViewForm, Wait,
};

/// Gives every tenant of an EKS cluster its own MCP server: namespace, workload, host, IAM role and Pod Identity association.
#[derive(Debug, Parser)]
#[command(name = "mcpctl", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; no differences
  1  diff: differences found
  2  usage, settings, template or tenant file is wrong; nothing was called
  3  conflict: not ours, held by another manager, or locked; nothing was written
  4  written, but a wait ran out or the identity was not verified
  5  incomplete: a step failed after the first write; the same command resumes
  6  could not reach, or was not allowed; nothing was written
  130, 143  interrupted, after the calls in flight ended";

/// What every verb takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options of every verb")]
pub struct Global {
    /// Settings file; mcpctl.yaml in this directory or above where it is not given [env: MCPCTL_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name of the EKS cluster [env: MCPCTL_CLUSTER]
    #[arg(long, global = true)]
    pub cluster: Option<String>,
    /// Region of the cluster [env: MCPCTL_REGION]
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// Account of the cluster; asked of EKS where it is not given [env: MCPCTL_ACCOUNT_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub account_id: Option<String>,
    /// Tenants' hosts are NAME.DOMAIN [env: MCPCTL_DOMAIN]
    #[arg(long, global = true)]
    pub domain: Option<String>,
    /// Context of the kubeconfig [env: MCPCTL_CONTEXT]
    #[arg(long, global = true)]
    pub context: Option<String>,
    /// Kubeconfig; as kubectl finds it where it is not given [env: KUBECONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Profile of the AWS configuration [env: AWS_PROFILE]
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// Go on although the context's API server is not the cluster's, as behind a tunnel
    #[arg(long, global = true)]
    pub allow_context_mismatch: bool,
    /// Show each call on stderr; twice, also its query, its id and the size of the answer
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// What a cluster needs once: the ingress class and the admission policies
    #[command(subcommand)]
    Platform(Platform),
    /// Tenants
    #[command(subcommand)]
    Tenant(Tenant),
    /// The templates that tenants and the platform are made from
    #[command(subcommand)]
    Template(Template),
    /// IAM policies, before anything is made of them
    #[command(subcommand)]
    Policy(Policy),
    /// Print a script that completes commands, flags, tenants, tiers and contexts
    #[command(after_help = "\
Examples:
  source <(mcpctl completion bash)
  mcpctl completion zsh > ~/.zfunc/_mcpctl
  mcpctl completion fish > ~/.config/fish/completions/mcpctl.fish")]
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each verb
    #[command(after_help = "\
Examples:
  mcpctl man ~/.local/share/man/man1
  mcpctl man | man -l -")]
    Man {
        /// Where to write them; made if it is missing. Without it the page of mcpctl goes to stdout
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Platform {
    /// Print the platform's objects as YAML; calls nothing
    #[command(after_help = "\
Examples:
  mcpctl platform render
  mcpctl platform render | kubectl diff --server-side --field-manager=mcpctl -f -")]
    Render,
    /// Make the cluster ready for tenants
    #[command(after_help = "\
Examples:
  mcpctl platform apply
  mcpctl platform apply --context staging --timeout 1m")]
    Apply(ApplyPlatform),
    /// Show what apply would change; exit 1 if anything
    #[command(after_help = "\
Examples:
  mcpctl platform diff
  mcpctl platform diff --context staging || mcpctl platform apply --context staging")]
    Diff(DiffOutput),
    /// Delete the platform's objects; refuses while there are tenants
    #[command(after_help = "\
Examples:
  mcpctl platform remove --dry-run
  mcpctl platform remove --yes")]
    Remove(RemovePlatform),
}

#[derive(Debug, Args)]
pub struct ApplyPlatform {
    #[command(flatten)]
    pub timeout: Timeout,
    #[command(flatten)]
    pub output: RunOutput,
}

#[derive(Debug, Args)]
pub struct RemovePlatform {
    #[command(flatten)]
    pub timeout: Timeout,
    #[command(flatten)]
    pub output: RunOutput,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Show what would go, delete nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub enum Template {
    /// Write the built-in templates to a folder; `templates` in the settings names it
    #[command(after_help = "\
Examples:
  mcpctl template export templates
  mcpctl template export templates --force")]
    Export(Export),
}

#[derive(Debug, Args)]
pub struct Export {
    /// The folder; made where it is missing
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Write over files that exist
    #[arg(long)]
    pub force: bool,
}

/// Bound of a whole verb.
#[derive(Clone, Copy, Debug, Args)]
pub struct Timeout {
    /// How long the verb may take, such as 90s; 5m where it is not given, and never less than pods may take to end
    #[arg(long, value_parser = duration, allow_hyphen_values = true)]
    pub timeout: Option<Duration>,
}

impl Timeout {
    const DEFAULT: Duration = Duration::from_mins(5);

    /// What was asked for, else five minutes, or `least` where that is longer.
    pub fn or_at_least(self, least: Duration) -> Duration {
        self.timeout.unwrap_or(Self::DEFAULT.max(least))
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration such as 90s or 5m");
    let parsed: SignedDuration = text.parse().map_err(|_| wrong())?;
    match Duration::try_from(parsed).map_err(|_| wrong())? {
        Duration::ZERO => Err("a verb needs more time than none".into()),
        longer if longer > Duration::from_hours(24) => Err("a verb may take 24h at most".into()),
        time => Ok(time),
    }
}
