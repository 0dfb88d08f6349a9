//! The command that puts an orphan right, as it can be pasted.

use super::Reason;
use crate::{
    ack,
    config::{AwsMode, Cluster},
    marks::PROTECTED,
    object::{Object, PLATFORM_NAMESPACE},
    plan::aws_tag,
    spec::{is_named_after, tenant_in},
};

/// What gives a tenant the half that it lacks.
pub(super) fn completing(tenant: &str, recorded: bool, gitops: bool) -> String {
    let file = if recorded { "" } else { " -f FILE" };
    let half = if gitops { " --only aws" } else { "" };
    format!("mcpctl tenant add {tenant}{file}{half}")
}

/// A role or association that is left.
pub(super) struct Found<'a> {
    pub(super) object: &'a Object,
    pub(super) role: bool,
    pub(super) tenant: &'a str,
    pub(super) namespace: &'a str,
    pub(super) reason: Reason,
}

impl Found<'_> {
    /// Name of the role, or id of the association.
    pub(super) fn name(&self) -> &str {
        let name = self.object.text(if self.role {
            "/spec/name"
        } else {
            "/status/associationID"
        });
        // ACK may not have carried it out yet.
        if name.is_empty() {
            &self.object.id().name
        } else {
            name
        }
    }

    /// What takes it away, or first what holds that up.
    pub(super) fn command(&self, cluster: &Cluster, mode: AwsMode) -> String {
        let tenant = self.tenant;
        let ack = mode == AwsMode::Ack;
        if !ack && aws_tag(self.object, ack::CONTROLLER).is_some() {
            return self.kubectl("delete");
        }
        if aws_tag(self.object, PROTECTED) == Some("true") {
            return if ack {
                self.kubectl("edit")
            } else {
                let name = self.name();
                format!("aws iam untag-role --role-name {name} --tag-keys {PROTECTED}")
            };
        }
        match self.reason {
            Reason::ServiceAccountGone => format!("mcpctl tenant add {tenant}"),
            Reason::RegionUnknown => format!("aws iam get-role --role-name {}", self.name()),
            Reason::NamespaceNotTheTenants if ack || self.is_found_by_name() => {
                format!("mcpctl tenant remove {tenant} --only aws --yes")
            }
            Reason::NamespaceGone | Reason::NamespaceGoing if ack || self.is_found_by_name() => {
                format!("mcpctl tenant remove {tenant} --yes")
            }
            _ if ack => self.kubectl("delete"),
            _ => self.aws(cluster),
        }
    }

    /// Whether `tenant remove` looks for it.
    fn is_found_by_name(&self) -> bool {
        if self.role {
            tenant_in(self.name()) == Some(self.tenant)
        } else {
            is_named_after(self.tenant, self.namespace)
        }
    }

    fn kubectl(&self, verb: &str) -> String {
        let kind = if self.role {
            "role.iam.services.k8s.aws"
        } else {
            "podidentityassociation.eks.services.k8s.aws"
        };
        format!(
            "kubectl -n {PLATFORM_NAMESPACE} {verb} {kind} {}",
            self.tenant
        )
    }

    fn aws(&self, cluster: &Cluster) -> String {
        let name = self.name();
        if !self.role {
            let Cluster {
                name: cluster,
                region,
                ..
            } = cluster;
            return format!(
                "aws eks delete-pod-identity-association --region {region} --cluster-name {cluster} --association-id {name}"
            );
        }
        let ours = self.object.tree.pointer("/spec/inlinePolicies/mcpctl");
        let policy = ours.map(|_| {
            format!("aws iam delete-role-policy --role-name {name} --policy-name mcpctl && ")
        });
        format!(
            "{}aws iam delete-role --role-name {name}",
            policy.unwrap_or_default()
        )
    }
}
