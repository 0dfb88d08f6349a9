//! In which form a run is told.

use clap::{Args, ValueEnum};

use super::{Command, Platform, Tenant};
use crate::report::Format;

/// Of a run that writes.
#[derive(Clone, Copy, Debug, Args)]
pub struct RunOutput {
    /// Form of what is printed
    #[arg(long, short, value_enum, value_name = "FORM", default_value_t = RunForm::Text)]
    pub output: RunForm,
}

/// Of a comparison.
#[derive(Clone, Copy, Debug, Args)]
pub struct DiffOutput {
    /// Form of what is printed
    #[arg(long, short, value_enum, value_name = "FORM", default_value_t = DiffForm::Text)]
    pub output: DiffForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunForm {
    /// For people
    Text,
    /// One JSON object per line: what happens, and the result
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffForm {
    /// For people
    Text,
    /// One JSON object per line: the changes, and the result
    Json,
    /// A comment on a pull request
    Markdown,
}

impl Command {
    /// In which form the run is told.
    pub fn format(&self) -> Format {
        match self {
            // What is printed are the objects, in either form.
            Self::Tenant(Tenant::Add(add)) if add.dry_run => Format::Text,
            Self::Tenant(Tenant::Add(add)) => add.output.into(),
            Self::Tenant(Tenant::Remove(remove)) => remove.output.into(),
            Self::Tenant(Tenant::Diff(diff)) => diff.output.into(),
            Self::Platform(Platform::Apply(apply)) => apply.output.into(),
            Self::Platform(Platform::Remove(remove)) => remove.output.into(),
            Self::Platform(Platform::Diff(output)) => (*output).into(),
            _ => Format::Text,
        }
    }
}

impl From<RunOutput> for Format {
    fn from(given: RunOutput) -> Self {
        match given.output {
            RunForm::Text => Self::Text,
            RunForm::Json => Self::Json,
        }
    }
}

impl From<DiffOutput> for Format {
    fn from(given: DiffOutput) -> Self {
        match given.output {
            DiffForm::Text => Self::Text,
            DiffForm::Json => Self::Json,
            DiffForm::Markdown => Self::Markdown,
        }
    }
}
