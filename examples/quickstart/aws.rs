//! What the quickstart does on IAM and EKS without mcpctl, and the one command whose output it shortens.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{
    program,
    stage::{CLUSTER, Stage},
};

impl Stage {
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
