//! Add-ons of a cluster.

use super::{Answer, Eks};
use crate::backend::{Reason, call::call};

/// How an add-on is: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Addon.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addon {
    /// `ACTIVE`, `DEGRADED`, `CREATE_FAILED` and others.
    pub status: String,
    /// What EKS says is wrong with it, each with its code.
    pub issues: Vec<String>,
}

impl Eks {
    /// How an add-on is; none where it is not installed.
    ///
    /// # Errors
    /// When EKS does not answer, or does not allow the question.
    pub async fn addon(&self, cluster: &str, addon: &str) -> Answer<Option<Addon>> {
        let name = format!("eks:DescribeAddon {cluster} {addon}");
        let describe = async || {
            let request = self.client.describe_addon();
            request.cluster_name(cluster).addon_name(addon).send().await
        };
        let found = match call(&name, describe).await {
            Ok(output) => output.addon,
            Err(error) if error.reason == Reason::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(found.map(|addon| {
            let issues = addon.health.and_then(|health| health.issues);
            let issue = |issue: aws_sdk_eks::types::AddonIssue| {
                let code = issue.code.map(|code| code.as_str().to_string());
                let parts = [code, issue.message].into_iter().flatten();
                parts.collect::<Vec<_>>().join(": ")
            };
            Addon {
                status: addon
                    .status
                    .map_or_else(String::new, |status| status.as_str().into()),
                issues: issues.into_iter().flatten().map(issue).collect(),
            }
        }))
    }
}
