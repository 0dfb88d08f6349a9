//! Where the verbs run: a cluster of their own in the sandbox, over a line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use mcpctl_sandbox::{Distant, Sandbox};

use crate::meter::{self, Sample};

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Data", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::data-{{ tenant.name }}/*"}
  ]
}"#;

/// A directory with settings, and the way to the cluster that they name.
pub(crate) struct Stage<'a> {
    sandbox: &'a Sandbox,
    distant: Distant<'a>,
    name: String,
    dir: PathBuf,
    kubeconfig: PathBuf,
}

impl<'a> Stage<'a> {
    /// The name is that of the cluster, of the user and of the access key.
    pub(crate) fn new(sandbox: &'a Sandbox, name: &str, round_trip: Duration) -> Result<Self> {
        let distant = sandbox.with_round_trip(round_trip)?;
        sandbox.cluster(name)?;
        Ok(Self {
            kubeconfig: distant.kubeconfig_for_cluster(name, name, &["system:masters"])?,
            dir: settings(name)?,
            name: name.to_owned(),
            distant,
            sandbox,
        })
    }

    /// Runs mcpctl and counts what it takes.
    pub(crate) fn measure(&self, arguments: &[&str]) -> Result<Sample> {
        let requests = || -> Result<(usize, usize)> {
            let kubernetes = self.sandbox.audit(&self.name)?.len();
            Ok((kubernetes, self.sandbox.aws_calls(&self.name).len()))
        };
        let mut command = mcpctl(&self.dir, arguments);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            .envs(self.distant.aws_env(&self.name));
        let before = requests()?;
        let sample = meter::measure(&command)?;
        let after = requests()?;
        Ok(Sample {
            kubernetes: (after.0 - before.0) as u64,
            aws: (after.1 - before.1) as u64,
            ..sample
        })
    }
}

/// mcpctl with the settings of a cluster, and no way to it.
pub(crate) fn offline(cluster: &str, arguments: &[&str]) -> Result<Command> {
    Ok(mcpctl(&settings(cluster)?, arguments))
}

fn mcpctl(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpctl"));
    command.args(arguments).current_dir(dir);
    command
}

/// Writes the settings of a cluster; the directory that holds them.
pub(crate) fn settings(cluster: &str) -> Result<PathBuf> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(cluster);
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("policy.json"), POLICY)?;
    let text = format!(
        "cluster: {{name: {cluster}, region: eu-west-1, accountId: '111122223333'}}\n\
         domain: {cluster}.example.com\n\
         ingress: {{albSubnetCidrs: [10.0.0.0/20], maxPerGroup: 1000}}\n\
         iam: {{permissionsBoundary: none, policy: policy.json}}\n\
         defaults: {{image: registry.example/mcp:1}}\n"
    );
    std::fs::write(dir.join("mcpctl.yaml"), text)?;
    Ok(dir)
}
