//! What the environment says.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{Overrides, Surroundings};
use crate::error::{Error, Result};

/// What the environment says, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `MCPCTL_*` in place of flags.
    pub overrides: Overrides,
    /// `MCPCTL_CONTEXT`
    pub context: Option<String>,
    /// The files of `KUBECONFIG` that exist, else the one of the home directory.
    pub kubeconfigs: Vec<PathBuf>,
    /// PEM file that the AWS clients trust, which the SDK does not read by itself.
    pub aws_ca_bundle: Option<PathBuf>,
    /// Where output goes.
    pub surroundings: Surroundings,
    /// Names the holder of a lock.
    pub holder: String,
}

impl Environment {
    /// Reads the process environment.
    ///
    /// # Errors
    /// Usage, for an `MCPCTL_*` variable that is not text.
    pub fn read() -> Result<Self> {
        let path = |name: &str| raw(name).map(PathBuf::from);
        let text = |name: &str| {
            let value = raw(name).map(OsString::into_string).transpose();
            value.map_err(|_| {
                Error::usage(format!("the variable {name} is not UTF-8 text"))
                    .hint("set it anew, or unset it")
            })
        };
        let user = shown("USER")
            .or_else(|| shown("LOGNAME"))
            .unwrap_or_else(|| "unknown".into());
        let host = shown("HOSTNAME")
            .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
            .unwrap_or_default();
        Ok(Self {
            overrides: Overrides {
                config: path("MCPCTL_CONFIG"),
                cluster: text("MCPCTL_CLUSTER")?,
                region: text("MCPCTL_REGION")?,
                account_id: text("MCPCTL_ACCOUNT_ID")?,
                domain: text("MCPCTL_DOMAIN")?,
            },
            context: text("MCPCTL_CONTEXT")?,
            kubeconfigs: kubeconfigs(raw("KUBECONFIG"), path("HOME")),
            aws_ca_bundle: path("AWS_CA_BUNDLE"),
            surroundings: Surroundings::of_this_process(),
            holder: format!("{user}@{} (pid {})", host.trim(), std::process::id()),
        })
    }
}

/// A variable that is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn raw(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The same, for people to read or where anything but some words means nothing.
pub(super) fn shown(name: &str) -> Option<String> {
    raw(name).map(|value| value.to_string_lossy().into_owned())
}

/// As kubectl finds them: those that are missing are left out.
fn kubeconfigs(variable: Option<OsString>, home: Option<PathBuf>) -> Vec<PathBuf> {
    let named: Vec<PathBuf> = match (variable, home) {
        (Some(variable), _) => std::env::split_paths(&variable).collect(),
        (None, Some(home)) => vec![home.join(Path::new(".kube/config"))],
        (None, None) => Vec::new(),
    };
    named.into_iter().filter(|path| path.is_file()).collect()
}
