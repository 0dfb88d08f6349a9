//! The verbs about policies.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::lint::Allowed;

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Say what is wrong with policies; calls nothing. Exit 2 for an error, 0 for warnings only
    #[command(after_help = "\
Examples:
  mcpctl policy lint policies/acme.json
  mcpctl policy lint tenants/*.yaml -o json
  mcpctl policy lint policies/acme.json --allow whole-service
  mcpctl policy lint --rules")]
    Lint(Lint),
}

#[derive(Debug, Args)]
pub struct Lint {
    /// Policies as JSON, or tenant files
    #[arg(value_name = "FILE", required_unless_present = "rules")]
    pub files: Vec<PathBuf>,
    /// A rule to leave out; tenant add records it with the tenant
    #[arg(long, value_name = "RULE")]
    pub allow: Vec<Allowed>,
    /// Form of what is printed
    #[arg(long, short, value_enum, value_name = "FORM", default_value_t = LintForm::Text)]
    pub output: LintForm,
    /// List the rules
    #[arg(long, conflicts_with_all = ["files", "allow"])]
    pub rules: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LintForm {
    /// For people
    Text,
    /// For programs
    Json,
}
