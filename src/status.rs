//! How a tenant is: one document out of what was said, what lives, and how the two differ. Pure.
//!
//! The types of this module are what `tenant status` and `tenant list` print with `-o json` and `-o yaml`. Field names
//! are in camelCase, times in RFC 3339; fields may be added, and what is there keeps its meaning within one
//! `apiVersion`. Literal values of environment variables are in none of them.

use serde::Serialize;

use crate::{
    config::AwsMode,
    gate,
    object::{EKS, IAM, Id, Object, PLATFORM_NAMESPACE, State},
    observe,
    plan::{self, Action, Plan, Step},
    record,
    spec::{API_VERSION, Names, Resolved, RoleArn},
    tenant::Look,
};

mod drift;
mod identity;
mod list;
mod pods;
mod rollout;
mod said;
mod standing;
mod targets;
#[cfg(test)]
mod tests;
mod warnings;
mod workload;

pub use drift::{Alteration, Drift, Finding};
pub use identity::{Association, Role};
pub use list::{Item, TenantList};
pub use pods::{Condition, Container, Pod, Termination};
pub use rollout::{Ingress, Rollout};
pub use said::Said;
pub use standing::{Presence, RecordState, Standing, TenantState};
pub use targets::{Health, Target, TargetGroup};
pub use warnings::Warning;
pub use workload::Workload;

use workload::Running;

/// One tenant, as `tenant status` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `mcpctl.dev/v1alpha1`
    pub api_version: &'static str,
    /// `TenantStatus`
    pub kind: &'static str,
    /// The tenant.
    pub metadata: Metadata,
    /// Name of the EKS cluster.
    pub cluster: String,
    /// The first thing that is to say about it.
    pub state: TenantState,
    /// What stands in the way of knowing more, and why the tenant is as it is; each a sentence.
    pub problems: Vec<String>,
    /// What holds, tiers and defaults included; null where nothing believable says it.
    pub spec: Option<Said>,
    /// Recorded names, or derived ones where there is no record.
    pub names: Names,
    /// What lives in the cluster.
    pub kubernetes: Half,
    /// What lives in IAM and EKS.
    pub aws: Half,
    /// Who carries out what lives in IAM and EKS. Of `ack` it is what its objects say, and IAM is not asked.
    pub aws_mode: AwsMode,
    /// The tenant's role, or the one that all tenants share; null where there is none, or AWS was not asked.
    pub role: Option<Role>,
    /// What binds it to the service account; null as above.
    pub association: Option<Association>,
    /// The Deployment; null where there is none.
    pub rollout: Option<Rollout>,
    /// What runs pods where there is no Deployment.
    pub workloads: Vec<Workload>,
    /// Every pod of the namespace, by name.
    pub pods: Vec<Pod>,
    /// The Ingress; null where there is none.
    pub ingress: Option<Ingress>,
    /// Target groups of the namespace; empty where the load balancer controller made none.
    pub target_groups: Vec<TargetGroup>,
    /// The newest Warning events of the namespace, at most ten, the newest first.
    pub warnings: Vec<Warning>,
}

/// `metadata`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metadata {
    /// The tenant's name.
    pub name: String,
}

/// One side of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Half {
    /// Whether it is there.
    pub presence: Presence,
    /// What `tenant diff` says of it; null where there is nothing to compare with.
    pub drift: Option<Drift>,
}

/// What was found out about a tenant.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Name of the EKS cluster.
    pub cluster: &'a str,
    /// Who carries role and association out.
    pub aws_mode: AwsMode,
    /// The role that all tenants share, where they do.
    pub shared_role: Option<&'a RoleArn>,
    /// Whether the cluster and AWS were asked.
    pub asked: (bool, bool),
    /// Namespace, record and names.
    pub look: &'a Look,
    /// Whether the record, if there is one, can be believed.
    pub believed: bool,
    /// What holds, where it can be told.
    pub resolved: Option<&'a Resolved>,
    /// What would make the tenant as it is to be.
    pub plan: Option<&'a Plan>,
    /// What lives of it.
    pub live: &'a State,
    /// Pods, target groups and events.
    pub workload: &'a observe::Workload,
}

impl Status {
    /// Puts the facts together. `problems` are added to those that the facts show.
    pub fn of(facts: &Facts<'_>, mut problems: Vec<String>) -> Self {
        let look = facts.look;
        let first = |group: &str, kind: &str| {
            facts
                .live
                .values()
                .find(|object| object.id().is(group, kind))
        };
        let rollout = first("apps", "Deployment").map(Rollout::of);
        let ingress = first("networking.k8s.io", "Ingress").map(Ingress::of);
        let (role, association) = (facts.role(), facts.association());
        let half = |presence, aws| Half {
            presence,
            drift: facts.plan.map(|plan| Drift::of(plan, aws)),
        };
        let (kubernetes, aws) = (
            half(facts.namespace(), false),
            half(facts.aws_half(role, association), true),
        );
        let unsynced = facts.unsynced();
        let is_unsynced = !unsynced.is_empty();
        problems.extend(unsynced);
        problems.extend(look.namespace.iter().flat_map(standing::what_holds));
        problems.extend(facts.workload.denied.iter().cloned());
        let running = facts.running();
        let addressed = ingress
            .as_ref()
            .is_none_or(|ingress| ingress.address.is_some());
        let ready = if addressed {
            running.ready
        } else {
            Some(false)
        };
        let standing = facts.standing(kubernetes.presence, ready, is_unsynced);
        Self {
            api_version: API_VERSION,
            kind: "TenantStatus",
            metadata: Metadata {
                name: look.name.to_string(),
            },
            cluster: facts.cluster.into(),
            state: standing.state(),
            problems,
            spec: facts.resolved.map(Said::of),
            names: look.names.clone(),
            kubernetes,
            aws,
            aws_mode: facts.aws_mode,
            role: facts
                .shared_role_of(association)
                .map(Role::shared)
                .or_else(|| role.map(Role::of)),
            association: association.map(Association::of),
            rollout,
            workloads: running.others,
            pods: facts.workload.pods.iter().map(Pod::of).collect(),
            ingress,
            target_groups: targets::of(&facts.workload.bindings, &facts.workload.pods),
            warnings: warnings::newest(&facts.workload.events),
        }
    }
}

impl<'a> Facts<'a> {
    /// The living object with the name of the tenant's own, whoever made it.
    fn named(&self, group: &str, kind: &str) -> Option<&'a Object> {
        let id = Id::new(group, kind, PLATFORM_NAMESPACE, self.look.name.as_str());
        self.live.get(&id)
    }

    fn own(&self, group: &str, kind: &str) -> Option<&'a Object> {
        self.named(group, kind)
            .filter(|object| self.look.subject.owns(object))
    }

    fn role(&self) -> Option<&'a Object> {
        self.own(IAM, "Role")
    }

    /// The shared role, where an association has it: until it is bound to that one, a tenant's pods have its own.
    fn shared_role_of(&self, association: Option<&Object>) -> Option<&'a RoleArn> {
        self.shared_role.filter(|shared| {
            association.is_some_and(|object| object.text("/spec/roleARN") == shared.as_str())
        })
    }

    fn association(&self) -> Option<&'a Object> {
        self.own(EKS, "PodIdentityAssociation")
    }

    /// What ACK has not carried out, each as a sentence.
    fn unsynced(&self) -> Vec<String> {
        let own = self.role().into_iter().chain(self.association());
        let kept = own.filter(|object| object.lives_in_cluster());
        kept.filter_map(plan::unsynced)
            .map(|found| format!("{} is not carried out by ACK: {}", found.id, found.why))
            .collect()
    }

    /// What runs the tenant's pods, as far as it is the tenant's.
    fn running(&self) -> Running {
        let own = |object: &&Object| self.look.subject.owns(object);
        let recorded = self.look.namespace.iter().flat_map(record::kinds);
        let makes_one = |step: &Step| {
            step.id.is("apps", "Deployment") && matches!(step.action, Action::Create(_))
        };
        let wants_one = || {
            self.plan
                .is_some_and(|plan| plan.steps.iter().any(makes_one))
        };
        Running::of(self.live.values().filter(own), recorded, wants_one)
    }

    fn standing(&self, namespace: Presence, ready: Option<bool>, unsynced: bool) -> Standing {
        let has_role = self.role().is_some() || self.shared_role.is_some();
        Standing {
            namespace,
            labelled: self
                .look
                .namespace
                .as_ref()
                .is_none_or(standing::is_labelled),
            record: self.record(),
            role: self.asked.1.then_some(has_role),
            association: self.asked.1.then_some(self.association().is_some()),
            unsynced,
            bare: self.workload.pods.iter().any(gate::is_bare),
            ready,
            drift: self.plan.map(Drift::whole),
        }
    }

    fn namespace(&self) -> Presence {
        match &self.look.namespace {
            _ if !self.asked.0 => Presence::NotAsked,
            None => Presence::Missing,
            Some(namespace) => Presence::of_namespace(namespace, &self.look.subject),
        }
    }

    fn aws_half(&self, role: Option<&Object>, association: Option<&Object>) -> Presence {
        let foreign = (self.named(IAM, "Role").is_some() && role.is_none())
            || (self.named(EKS, "PodIdentityAssociation").is_some() && association.is_none());
        match (role, association) {
            _ if !self.asked.1 => Presence::NotAsked,
            _ if foreign => Presence::NotOurs,
            (Some(_), Some(_)) => Presence::Present,
            (None, Some(_)) if self.shared_role.is_some() => Presence::Present,
            (None, None) => Presence::Missing,
            _ => Presence::Partial,
        }
    }

    fn record(&self) -> RecordState {
        match &self.look.record {
            _ if !self.believed => RecordState::Broken,
            Some(_) => RecordState::Valid,
            None => RecordState::Missing,
        }
    }

    /// Whether anything says that there is such a tenant.
    pub fn is_known(&self) -> bool {
        let says_so = |namespace: &Object| {
            namespace.label(crate::marks::TENANT) == Some(self.look.name.as_str())
        };
        self.look.owns_namespace()
            || self.look.namespace.as_ref().is_some_and(says_so)
            || self.role().is_some()
            || self.association().is_some()
    }
}
