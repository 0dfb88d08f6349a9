//! The credential plugin of a kubeconfig's user, run as client-go runs it:
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.
//!
//! What a plugin prints on stdout is secret and gets into no message. Its stderr is for people, and goes to ours.

use std::{
    fmt,
    io::IsTerminal,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use http::HeaderValue;
use kube::config::{ExecConfig, ExecInteractiveMode};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::error::{Error, Result, os_reason};

mod answer;

pub(super) use answer::Credential;

/// What client-go knows; the answer must be of the version that was asked for.
const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];
/// A plugin that asks nobody may take so long. One that asks ends with its answer, or with a signal.
const PATIENCE: Duration = Duration::from_mins(1);

/// How to get a credential.
#[derive(Debug)]
pub(super) struct Plugin {
    /// As messages call it: what it is, its command, and the context that it is of.
    name: String,
    exec: ExecConfig,
    command: String,
    version: &'static str,
    attended: bool,
}

impl Plugin {
    /// Checks what the kubeconfig says of it, as kubectl does. Unattended, it can ask nobody and is silent.
    ///
    /// # Errors
    /// Unreachable, for what cannot be run.
    pub(super) fn new(exec: ExecConfig, context: &str, attended: bool) -> Result<Self> {
        let of = format!("of context `{context}`");
        let command = exec.command.clone().filter(|command| !command.is_empty());
        let command = command.ok_or_else(|| {
            Error::unreachable(format!("the credential plugin {of} has no command"))
        })?;
        let name = format!("credential plugin `{command}` {of}");
        let given = exec.api_version.as_deref().unwrap_or_default();
        let version = VERSIONS.into_iter().find(|version| *version == given);
        let version = version.ok_or_else(|| {
            Error::unreachable(format!("{name}: its apiVersion is `{given}`"))
                .detail(format!("known: {}", VERSIONS.join(", ")))
                .hint("let what wrote the kubeconfig write it anew, as `aws eks update-kubeconfig` does")
        })?;
        if exec.interactive_mode.is_none() && version == VERSIONS[0] {
            return Err(
                Error::unreachable(format!("{name}: interactiveMode is missing"))
                    .hint("set it to Never, IfAvailable or Always"),
            );
        }
        Ok(Self {
            name,
            exec,
            command,
            version,
            attended,
        })
    }

    /// Runs it once.
    ///
    /// # Errors
    /// Unreachable, when it cannot be started, fails, or gives no credential.
    pub(super) async fn run(&self) -> Result<Credential> {
        self.run_within(PATIENCE).await
    }

    async fn run_within(&self, patience: Duration) -> Result<Credential> {
        let interactive = self.interactive()?;
        let mut command = self.command(interactive);
        let output = async {
            let started = command.spawn().map_err(|error| self.not_started(&error))?;
            let output = started.wait_with_output().await;
            output.map_err(|error| self.failed(os_reason(&error)))
        };
        let output = if interactive {
            output.await?
        } else {
            let ended = tokio::time::timeout(patience, output).await;
            ended.map_err(|_| {
                let limit = patience.as_secs();
                self.failed(format!("it did not end within {limit} seconds"))
            })??
        };
        if !output.status.success() {
            return Err(self
                .failed(ending(output.status))
                .hint("what it says about it is above; run it by hand to see more"));
        }
        let credential = answer::read(&output.stdout, self.version);
        credential.map_err(|why| self.failed(why))
    }

    /// Whether it may ask the person at the terminal.
    fn interactive(&self) -> Result<bool> {
        let terminal = self.attended && std::io::stdin().is_terminal();
        match self.exec.interactive_mode {
            Some(ExecInteractiveMode::Never) => Ok(false),
            Some(ExecInteractiveMode::Always) if !terminal => Err(self
                .failed("it asks for something, and stdin is not a terminal")
                .hint("run mcpctl on a terminal, or use credentials that need nobody")),
            Some(ExecInteractiveMode::Always) => Ok(true),
            Some(ExecInteractiveMode::IfAvailable) | None => Ok(terminal),
        }
    }

    fn command(&self, interactive: bool) -> Command {
        let mut spec = json!({"interactive": interactive});
        if let Some(cluster) = &self.exec.cluster {
            spec["cluster"] = serde_json::to_value(cluster).unwrap_or(Value::Null);
        }
        let info = json!({"apiVersion": self.version, "kind": "ExecCredential", "spec": spec});
        let variables = self.exec.env.iter().flatten();
        let variables = variables.filter_map(|env| Some((env.get("name")?, env.get("value")?)));
        let mut command = Command::new(&self.command);
        command
            .args(self.exec.args.iter().flatten())
            .envs(variables)
            .env("KUBERNETES_EXEC_INFO", info.to_string())
            .stdin(if interactive {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(if self.attended {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .kill_on_drop(true);
        command
    }

    fn not_started(&self, error: &std::io::Error) -> Error {
        let failure = self.failed(format!("it cannot be started: {}", os_reason(error)));
        match &self.exec.install_hint {
            Some(hint) => failure.hint(hint),
            None => failure.hint("install it, or mend users[].user.exec in the kubeconfig"),
        }
    }

    /// Its failure, with why.
    pub(super) fn failed(&self, why: impl Into<String>) -> Error {
        Error::unreachable(format!("no credentials from {self}")).detail(why)
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// `it ended with exit code 3`
fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => "it was ended by a signal".into(),
    }
}

/// The value of an `Authorization` header; none for a token that no header can carry.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_that_never_ends_is_ended() {
        let exec = ExecConfig {
            api_version: Some(VERSIONS[0].into()),
            command: Some("sleep".into()),
            args: Some(vec!["600".into()]),
            interactive_mode: Some(ExecInteractiveMode::Never),
            ..ExecConfig::default()
        };
        let plugin = Plugin::new(exec, "prod", true).expect("a plugin");
        let failure = plugin.run_within(Duration::from_millis(20)).await;
        let failure = failure.err().map(|error| error.line());
        let expected = "no credentials from credential plugin `sleep` of context `prod`: it did not end within 0 seconds";
        assert_eq!(failure.as_deref(), Some(expected));
    }
}
