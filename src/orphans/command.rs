//! The command that puts an orphan right, as it can be pasted.

use super::{Living, Reason};
use crate::{
    ack,
    config::{AwsMode, Cluster},
    diff,
    marks::PROTECTED,
    object::{Object, PLATFORM_NAMESPACE},
    plan::{aws_tag, is_adopted},
    spec::{SERVICE_ACCOUNT, is_named_after, tenant_in},
};

/// What gives a tenant the half in AWS that it lacks.
pub(super) fn completing(tenant: &Living) -> String {
    if tenant.gitops {
        // The record is not read for the AWS half alone.
        return format!("mcpctl tenant add {} -f FILE --only aws", tenant.name);
    }
    adding(tenant)
}

/// What makes a tenant whole.
fn adding(tenant: &Living) -> String {
    let file = if tenant.recorded { "" } else { " -f FILE" };
    format!("mcpctl tenant add {}{file}", tenant.name)
}

/// A role or association that is left.
pub(super) struct Found<'a> {
    pub(super) object: &'a Object,
    pub(super) role: bool,
    pub(super) tenant: &'a str,
    /// The tenant, where it lives.
    pub(super) living: Option<&'a Living>,
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
            Reason::ServiceAccountGone => self.account(),
            Reason::RegionUnknown => format!("aws iam get-role --role-name {}", self.name()),
            // To give it back would give the role to whoever has the namespace now.
            Reason::NamespaceNotTheTenants if !ack && !self.role && is_adopted(self.object) => {
                self.aws(cluster)
            }
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
        let role = format!("--role-name {name}");
        let mut steps = self.obstacles(&role);
        if self
            .object
            .tree
            .pointer("/spec/inlinePolicies/mcpctl")
            .is_some()
        {
            steps.push(format!("delete-role-policy {role} --policy-name mcpctl"));
        }
        steps.push(format!("delete-role {role}"));
        let steps: Vec<String> = steps.iter().map(|step| format!("aws iam {step}")).collect();
        steps.join(" && ")
    }

    /// What IAM has to be told before it deletes the role: first what others hung on it, so that ours is still there
    /// where one of them cannot be taken away.
    fn obstacles(&self, role: &str) -> Vec<String> {
        let foreign = diff::foreign(None, self.object);
        let step = |what: &String| {
            let (kind, name) = what.rsplit_once(' ')?;
            Some(match kind {
                "managed policy" => format!("detach-role-policy {role} --policy-arn {name}"),
                "inline policy" => format!("delete-role-policy {role} --policy-name {name}"),
                _ => format!(
                    "remove-role-from-instance-profile {role} --instance-profile-name {name}"
                ),
            })
        };
        foreign.iter().filter_map(step).collect()
    }

    /// What makes the service account anew. One that a repository applies, mcpctl does not.
    fn account(&self) -> String {
        match self.living {
            Some(living) if living.gitops => format!(
                "kubectl -n {} create serviceaccount {SERVICE_ACCOUNT}",
                self.namespace
            ),
            Some(living) => adding(living),
            None => format!("mcpctl tenant add {}", self.tenant),
        }
    }
}
