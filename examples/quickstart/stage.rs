//! The sandbox of the quickstart, and what is done on it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use mcpctl_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::program;

/// The cluster that `examples/mcpctl.yaml` names.
const CLUSTER: &str = "prod";

/// What all steps share.
pub(crate) struct Stage {
    sandbox: Sandbox,
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
        let kubeconfig =
            sandbox.kubeconfig_for_cluster(CLUSTER, "quickstart", &["system:masters"])?;
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

    /// Shows one object of the stream, which is long.
    pub(crate) fn dry_run(&self, arguments: &str) -> Result<()> {
        println!("$ mcpctl {arguments}");
        let (code, text) = program::run(self.command(arguments), |_| {})?;
        ensure!(
            code == 0,
            "`mcpctl {arguments}` ended with exit code {code}:\n{text}"
        );
        let objects: Vec<&str> = text.split("---\n").skip(1).collect();
        let shown = objects
            .iter()
            .find(|object| object.contains("kind: PodIdentityAssociation"))
            .context("the stream has no PodIdentityAssociation")?;
        println!("[...]\n---\n{shown}---\n[...]");
        let lines = text.lines().count();
        println!("# {} objects, {lines} lines", objects.len());
        Ok(())
    }

    /// In `examples/`, where the settings lie; without your profile, context or proxy, so that it stays in the sandbox.
    fn command(&self, arguments: &str) -> Command {
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

    /// Names of the roles that mcpctl made.
    pub(crate) fn roles(&self) -> Result<Vec<String>> {
        let answer = self.iam("ListRoles", &[("PathPrefix", "/mcpctl/")])?;
        Ok(elements(&answer, "RoleName").map(str::to_owned).collect())
    }

    pub(crate) fn associations(&self) -> Result<Vec<Value>> {
        let path = format!("/clusters/{CLUSTER}/pod-identity-associations");
        let answer = self.sandbox.aws_eks("GET", &path, None)?;
        let list = answer["associations"].as_array().cloned();
        list.context("no list of associations")
    }

    pub(crate) fn add_to_inline_policy(&self, role: &str, statement: Value) -> Result<()> {
        let of = [("RoleName", role), ("PolicyName", "mcpctl")];
        let answer = self.iam("GetRolePolicy", &of)?;
        let policy = with_statement(&answer, "PolicyDocument", statement)?;
        let document = ("PolicyDocument", policy.as_str());
        self.iam("PutRolePolicy", &[of[0], of[1], document])?;
        Ok(())
    }

    pub(crate) fn add_to_trust_policy(&self, role: &str, statement: Value) -> Result<()> {
        let of = ("RoleName", role);
        let answer = self.iam("GetRole", &[of])?;
        let policy = with_statement(&answer, "AssumeRolePolicyDocument", statement)?;
        self.iam("UpdateAssumeRolePolicy", &[of, ("PolicyDocument", &policy)])?;
        Ok(())
    }

    fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let call = [&[("Action", action)], parameters].concat();
        let answer = self.sandbox.aws_iam(&call);
        answer.with_context(|| format!("IAM {action} failed"))
    }
}

/// The policy of an answer of IAM, which gives it percent-encoded, with one statement more.
fn with_statement(answer: &str, element: &str, statement: Value) -> Result<String> {
    let encoded = elements(answer, element).next();
    let encoded = encoded.with_context(|| format!("no {element} in {answer}"))?;
    let text = percent_encoding::percent_decode_str(encoded).decode_utf8()?;
    let mut policy: Value = serde_json::from_str(&text)?;
    let statements = policy["Statement"].as_array_mut();
    statements.context("no statements")?.push(statement);
    Ok(policy.to_string())
}

/// The texts of the XML elements of this name.
fn elements<'a>(xml: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    xml.split('<').filter_map(move |rest| {
        let (tag, text) = rest.split_once('>')?;
        (tag == name).then_some(text)
    })
}
