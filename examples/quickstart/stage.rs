//! A sandbox with the cluster of `examples/mcpctl.yaml`, and programs run on it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use mcpctl_sandbox::{Options, Sandbox};
use serde_json::json;

use super::program;

/// The cluster that `examples/mcpctl.yaml` names.
pub(crate) const CLUSTER: &str = "prod";

/// What all steps share.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    mcpctl: PathBuf,
    kubeconfig: PathBuf,
}

impl Stage {
    pub(crate) fn set() -> Result<Self> {
        let mcpctl = program::build()?;
        super::heading(
            "A Kubernetes control plane, an AWS emulator and what EKS adds, on loopback",
        );
        let sandbox = Sandbox::start(&Options::default())?;
        sandbox.cluster(CLUSTER)?;
        let kubeconfig = sandbox.kubeconfig_for_cluster(CLUSTER, "admin", &["system:masters"])?;
        // On EKS, too, an association needs a moment until it acts on new pods.
        sandbox.webhook_delay("mcp-acme", Duration::from_secs(3));
        let stage = Self {
            sandbox,
            mcpctl,
            kubeconfig,
        };
        stage.make_the_boundary()?;
        Ok(stage)
    }

    /// The permissions boundary that the settings name: the account's owners make it, not mcpctl.
    fn make_the_boundary(&self) -> Result<()> {
        let statement =
            json!({"Effect": "Allow", "Action": ["s3:*", "dynamodb:*"], "Resource": "*"});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let name = ("PolicyName", "mcp-tenant-boundary");
        self.iam("CreatePolicy", &[name, ("PolicyDocument", &policy)])?;
        Ok(())
    }

    /// Runs mcpctl and shows what it prints, as it comes.
    pub(crate) fn mcpctl(&self, arguments: &str, expected: i32) -> Result<()> {
        println!("$ mcpctl {arguments}");
        let (code, text) = program::run(self.command(arguments), |line| println!("{line}"))?;
        if expected != 0 {
            println!("$ echo $?\n{code}");
        }
        ensure!(
            code == expected,
            "`mcpctl {arguments}` ended with exit code {code}, not {expected}:\n{text}"
        );
        Ok(())
    }

    /// In `examples/`, where the settings lie; without your profile, context or proxy, so that it stays in the sandbox.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(&self.mcpctl);
        command
            .args(arguments.split(' '))
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"))
            .env_clear()
            .envs(self.sandbox.aws_env("QUICKSTART"))
            .env("KUBECONFIG", &self.kubeconfig);
        command
    }

    pub(crate) fn kubectl(&self, arguments: &str) -> Result<String> {
        println!("$ kubectl {arguments}");
        let mut command = self.sandbox.kubectl();
        command.args(arguments.split(' '));
        let (code, text) = program::run(command, |line| println!("{line}"))?;
        ensure!(
            code == 0,
            "`kubectl {arguments}` ended with exit code {code}:\n{text}"
        );
        Ok(text)
    }

    pub(crate) fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let call = [&[("Action", action)], parameters].concat();
        let answer = self.sandbox.aws_iam(&call);
        answer.with_context(|| format!("IAM {action} failed"))
    }
}
