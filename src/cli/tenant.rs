//! The verbs about tenants.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{DiffOutput, RunOutput, Timeout};
use crate::lint::Allowed;

#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Add a tenant, or bring one to what its file says; run again it changes nothing
    #[command(after_help = "\
Examples:
  mcpctl tenant add acme --image ghcr.io/acme/mcp:1.4 --policy policies/acme.json
  mcpctl tenant add acme -f tenants/acme.yaml
  mcpctl tenant add acme -f tenants/acme.yaml --dry-run > gitops/acme.yaml")]
    Add(Add),
    /// Show what add would change; exit 1 if anything
    #[command(after_help = "\
Examples:
  mcpctl tenant diff acme
  mcpctl tenant diff acme --image ghcr.io/acme/mcp:1.5
  mcpctl tenant diff --all")]
    Diff(Diff),
    /// Delete everything that add made for a tenant
    #[command(after_help = "\
Examples:
  mcpctl tenant remove acme --dry-run
  mcpctl tenant remove acme --yes --timeout 10m")]
    Remove(Remove),
    /// List the tenants of the cluster
    #[command(
        visible_alias = "ls",
        after_help = "\
Examples:
  mcpctl tenant list
  mcpctl tenant list -o wide
  mcpctl tenant list --orphans
  mcpctl tenant list --context staging -v"
    )]
    List(List),
    /// Show how a tenant is: what was asked for, both halves and their drift, pods, target health, warnings
    ///
    /// The exit code is 0 when the tenant could be looked at, whatever its health, and 2 when there is none of that name.
    #[command(after_help = "\
Examples:
  mcpctl tenant status acme
  mcpctl tenant status acme --watch
  mcpctl tenant status acme -o json")]
    Status(Status),
    /// Print what was said about a tenant, as a tenant file for Git
    #[command(after_help = "\
Examples:
  mcpctl tenant show acme > tenants/acme.yaml
  mcpctl tenant add acme -f tenants/acme.yaml")]
    Show(Show),
}

#[derive(Debug, Args)]
pub struct Add {
    /// The tenant: a DNS label of at most 40 characters
    pub name: String,
    #[command(flatten)]
    pub input: Input,
    /// Print the objects as YAML, or as JSON with -o json; needs no cluster, no AWS and no network
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub output: RunOutput,
    #[command(flatten)]
    pub timeout: Timeout,
    #[command(flatten)]
    pub half: Half,
    /// Take over what somebody else made under the tenant's names; remove gives it back
    #[arg(long, conflicts_with = "dry_run")]
    pub adopt: bool,
    /// Whether pods wait until they would come with credentials
    #[arg(long, value_enum, default_value_t = IdentityGate::Required)]
    pub identity_gate: IdentityGate,
    /// At last run a short-lived pod of the tenant that asks STS who it is; its image is identity.verifyImage of the settings
    #[arg(long, conflicts_with_all = ["dry_run", "only"])]
    pub verify_identity: bool,
    /// What to wait for at the end
    #[arg(long, value_enum, default_value_t = Wait::Ready)]
    pub wait: Wait,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The tenants
    pub names: Vec<String>,
    /// Every tenant of the cluster
    #[arg(long, conflicts_with_all = ["names", "file"])]
    pub all: bool,
    #[command(flatten)]
    pub output: DiffOutput,
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub half: Half,
    /// Show what add --adopt would change
    #[arg(long)]
    pub adopt: bool,
    /// Where ACK carries role and association out, ask IAM and EKS too what they have
    #[arg(long)]
    pub aws: bool,
}

#[derive(Debug, Args)]
pub struct Remove {
    /// The tenant
    pub name: String,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Show what would go, delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Delete volumes and workloads that are not the tenant's too, if they are in its namespace
    #[arg(long)]
    pub with_contents: bool,
    #[command(flatten)]
    pub output: RunOutput,
    #[command(flatten)]
    pub timeout: Timeout,
    #[command(flatten)]
    pub half: Half,
}

#[derive(Debug, Args)]
pub struct List {
    /// What is printed
    #[arg(long, short, value_enum, default_value_t = ListForm::Table)]
    pub output: ListForm,
    /// What lost its other half instead: roles and associations whose tenant is gone, tenants without; each with the
    /// command that puts it right
    #[arg(long)]
    pub orphans: bool,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListForm {
    /// One row for each tenant, images without their registry
    Table,
    /// The same with namespace, whole image, role and association; of orphans with namespace and the reason in one word
    Wide,
    /// One document of kind TenantList
    Json,
    /// The same as YAML
    Yaml,
    /// Names alone, one a line
    Name,
}

#[derive(Debug, Args)]
pub struct Status {
    /// The tenant
    pub name: String,
    /// What is printed
    #[arg(long, short, value_enum, default_value_t = ViewForm::Text)]
    pub output: ViewForm,
    /// Show it anew whenever something in its namespace changes, until it is gone; JSON as one document a line
    #[arg(long, short)]
    pub watch: bool,
    #[command(flatten)]
    pub half: Half,
}

/// The form of what is shown of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ViewForm {
    /// For people
    Text,
    /// One document of kind TenantStatus
    Json,
    /// The same as YAML
    Yaml,
}

#[derive(Debug, Args)]
pub struct Show {
    /// The tenant
    pub name: String,
    /// The form of the file
    #[arg(long, short, value_enum, default_value_t = FileForm::Yaml)]
    pub output: FileForm,
}

/// The form of a file that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileForm {
    /// One YAML document
    Yaml,
    /// The same as JSON
    Json,
}

/// What is said about a tenant.
#[derive(Debug, Args)]
pub struct Input {
    /// Tenant file, - for stdin; replaces what was recorded
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Container image
    #[arg(long)]
    pub image: Option<String>,
    /// IAM policy of the tenant's role, as a JSON file
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Tier of the settings
    #[arg(long)]
    pub tier: Option<String>,
    /// Any field of the tenant's spec; the value is YAML, and null takes back what was said
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// A rule of the policy lint to let through; recorded with the tenant
    #[arg(long, value_name = "RULE")]
    pub allow: Vec<Allowed>,
}

/// One half where the other is somebody else's job.
#[derive(Debug, Args)]
pub struct Half {
    /// Only this half of the tenant
    #[arg(long, value_enum)]
    pub only: Option<Only>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// What lives in the cluster
    Kubernetes,
    /// Role and association
    Aws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IdentityGate {
    /// Refuse a cluster without the identity policy, and wait
    Required,
    /// Warn about a cluster without the identity policy, and wait
    Warn,
    /// Start pods without waiting
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Wait {
    /// Until objects are written
    Applied,
    /// Until pods are ready and the Ingress has an address
    Ready,
}
