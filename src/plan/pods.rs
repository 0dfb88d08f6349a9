//! What a plan means for the tenant's pods, and what has to come before they start.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Action, Options, Plan, Step, identity_changes, repoints, step};
use crate::{
    gate,
    object::{Id, Object, State, runs_on, scales, starts_pods},
};

/// What a plan means for the tenant's pods.
pub(super) struct Pods {
    /// What starts pods, lives and stays.
    living: State,
    /// What starts pods, as the plan writes it.
    written: State,
    /// Whether pods that run would go on with another identity than the one that is wanted.
    pub(super) identity_changes: bool,
}

impl Pods {
    pub(super) fn of(plan: &Plan, live: &State, options: &Options) -> Self {
        let goes = |id: &Id| {
            let deletes = |step: &Step| {
                let goes = matches!(step.action, Action::Delete(_) | Action::Release(_));
                step.id == *id && goes
            };
            plan.steps.iter().any(deletes)
        };
        let living = live.iter().filter(|(id, _)| starts_pods(id) && !goes(id));
        let written = plan.steps.iter().filter_map(|step| {
            let object = match &step.action {
                Action::Create(object) => object,
                Action::Update(update) => &update.wanted,
                _ => return None,
            };
            starts_pods(&step.id).then(|| (step.id.clone(), object.clone()))
        });
        Self {
            living: living
                .map(|(id, object)| (id.clone(), object.clone()))
                .collect(),
            written: written.collect(),
            identity_changes: identity_changes(plan) || options.stale_pods,
        }
    }

    /// What lives and has to start its pods anew. Where that is left to another's controller, one object stands for all
    /// pods of the namespace.
    pub(super) fn to_restart(&self) -> Vec<Object> {
        if !self.identity_changes {
            return Vec::new();
        }
        let (ours, others): (Vec<_>, Vec<_>) = self
            .living
            .values()
            .filter(|object| runs_on(object.id()))
            .partition(|object| object.id().group == "apps");
        let stand_in = others.into_iter().take(usize::from(ours.is_empty()));
        ours.into_iter().chain(stand_in).cloned().collect()
    }

    /// The objects whose next pods have to wait for their identity: they are new, their identity is, or no pod of
    /// theirs is known to run.
    fn to_come(&self) -> impl Iterator<Item = &Object> {
        let running = |object: &Object| {
            ["availableReplicas", "numberAvailable"]
                .iter()
                .any(|field| object.tree["status"][field].as_u64().unwrap_or(0) > 0)
        };
        let proven = move |id| !self.identity_changes && self.living.get(id).is_some_and(running);
        let restarted = self
            .living
            .iter()
            .filter(|(id, _)| self.identity_changes && !self.written.contains_key(id));
        self.written
            .iter()
            .chain(restarted)
            .filter(move |(id, _)| !proven(id))
            .map(|(_, object)| object)
    }

    /// What is there in the end and tells whether the tenant is ready: its Deployments, or where there is none, what
    /// stands in for one.
    pub(super) fn workloads(&self) -> BTreeSet<Id> {
        let all: BTreeSet<Id> = self
            .living
            .keys()
            .chain(self.written.keys())
            .filter(|id| runs_on(id))
            .cloned()
            .collect();
        let is_deployment = |id: &Id| id.is("apps", "Deployment");
        if all.iter().any(is_deployment) {
            all.into_iter().filter(is_deployment).collect()
        } else {
            all
        }
    }
}

/// The association, if pods are to start before what it was changed to has spread: where there was one, the webhook gives
/// them credentials all along, and for a while those of the role that it pointed to before.
pub(super) fn unsettled(plan: &Plan, options: &Options) -> Option<Id> {
    let changed = plan.steps.iter().find(|step| repoints(step));
    let found = changed.map(|step| &step.id).or(options.unsettled.as_ref());
    found.filter(|_| plan.steps.iter().any(makes_pods)).cloned()
}

pub(super) fn settle(plan: &mut Plan, association: &Id) {
    let before = |step: &Step| step.id == *association || matches!(step.action, Action::Lock);
    let mut settle = step(association, Action::Settle);
    settle.after = (0..plan.steps.len())
        .filter(|index| before(&plan.steps[*index]))
        .collect();
    let index = plan.steps.len();
    let gated = plan.steps.iter_mut().filter(|step| makes_pods(step));
    gated.for_each(|step| step.after.push(index));
    plan.steps.push(settle);
}

/// Pods come when all that makes them safe is there, and when they would come with credentials. The pod to ask about is
/// one of those to come, where an object says what they are: one of the tenant's service account, else the server's.
pub(super) fn gate(plan: &mut Plan, pods: &Pods, other: &Value) {
    let account = "/spec/serviceAccountName";
    let told = |is: &dyn Fn(&Object, &Value) -> bool| {
        pods.to_come().find_map(|object| {
            let pod = gate::pod_of(object).filter(|pod| is(object, pod))?;
            Some((object.id().clone(), pod))
        })
    };
    let first = || {
        let object = pods.to_come().next()?;
        Some((object.id().clone(), other.clone()))
    };
    let asked = told(&|_, pod| pod.pointer(account) == other.pointer(account))
        .or_else(|| told(&|object, _| object.id().is("apps", "Deployment")))
        .or_else(first);
    let Some((id, pod)) = asked else {
        return;
    };
    let before = |step: &Step| !starts_pods(&step.id) && !scales(&step.id);
    let after = (0..plan.steps.len())
        .filter(|index| before(&plan.steps[*index]))
        .collect();
    let index = plan.steps.len();
    plan.steps.push(Step {
        id,
        action: Action::Gate(Box::new(pod)),
        after,
    });
    let gated = plan.steps.iter_mut().filter(|step| makes_pods(step));
    gated.for_each(|step| step.after.push(index));
}

fn makes_pods(step: &Step) -> bool {
    starts_pods(&step.id) && matches!(step.action, Action::Create(_) | Action::Update(_))
}
