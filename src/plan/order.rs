//! The order of a plan's steps, and the steps that are no change of an object: lock, gate, waits.

use super::{Action, Options, Plan, Step, Subject, identity_changes, step, waits};
use crate::object::{EKS, Id, State};

/// Adds the operations that go with the changes, then the edges.
pub(super) fn complete(plan: &mut Plan, live: &State, subject: &Subject, options: Options) {
    let deployment = |id: &Id| id.is("apps", "Deployment");
    let lives = live
        .iter()
        .find(|(id, _)| deployment(id))
        .map(|(_, object)| object);
    let changed = plan.steps.iter().position(|step| {
        deployment(&step.id)
            && !matches!(step.action, Action::Delete(_) | Action::GoesWithNamespace)
    });
    let removal = plan
        .steps
        .iter()
        .any(|step| step.id.is("", "Namespace") && matches!(step.action, Action::Delete(_)));
    let identity = identity_changes(plan);
    let idle = lives.is_some_and(|object| {
        object.tree["status"]["availableReplicas"]
            .as_u64()
            .unwrap_or(0)
            == 0
    });
    let pods_to_come = match changed.map(|index| &plan.steps[index].action) {
        Some(Action::Create(object)) => Some(object.clone()),
        Some(Action::Update(update)) if identity || idle => Some(update.wanted.clone()),
        None if identity => lives.cloned(),
        _ => None,
    };
    let restart = lives.cloned().filter(|_| identity && !removal);
    lock(plan, live, subject);
    order(plan);
    if let Some(pods) = pods_to_come.filter(|_| options.gate && !removal) {
        let mut gate = step(pods.id(), Action::Gate(pods.clone()));
        gate.after = all_but(plan, |step| deployment(&step.id));
        let index = push(plan, gate);
        for step in plan
            .steps
            .iter_mut()
            .filter(|step| deployment(&step.id) && step.action.writes())
        {
            step.after.push(index);
        }
    }
    if let Some(object) = restart {
        let mut restart = step(&object.id().clone(), Action::Restart(object));
        restart.after = all_but(plan, |_| false);
        push(plan, restart);
    }
    if removal {
        let namespaces: Vec<Id> = plan
            .steps
            .iter()
            .filter(|step| step.id.is("", "Namespace") && matches!(step.action, Action::Delete(_)))
            .map(|step| step.id.clone())
            .collect();
        for id in namespaces {
            let mut gone = step(&id, Action::AwaitGone);
            gone.after = all_but(plan, |_| false);
            push(plan, gone);
        }
    } else if options.ready && lives.is_some() | changed.is_some() {
        let id = lives
            .map(|object| object.id().clone())
            .or_else(|| changed.map(|index| plan.steps[index].id.clone()));
        if let Some(id) = id {
            let mut ready = step(&id, Action::AwaitReady);
            ready.after = all_but(plan, |_| false);
            push(plan, ready);
        }
    }
}

/// Every write is made under the lock. It lives in the namespace, so a new namespace comes before it, and one that is
/// already going has no room for it.
fn lock(plan: &mut Plan, live: &State, subject: &Subject) {
    let namespace = Id::namespace(subject.lock_namespace());
    let created = plan
        .steps
        .iter()
        .any(|step| step.id == namespace && matches!(step.action, Action::Create(_)));
    let active = live
        .get(&namespace)
        .is_some_and(|object| object.text("/metadata/deletionTimestamp").is_empty());
    if plan.writes() && (created || active) {
        plan.steps.push(step(&namespace, Action::Lock));
    }
    let ingresses: Vec<Id> = plan
        .steps
        .iter()
        .filter(|step| {
            step.id.is("networking.k8s.io", "Ingress") && matches!(step.action, Action::Delete(_))
        })
        .map(|step| step.id.clone())
        .collect();
    plan.steps
        .extend(ingresses.iter().map(|id| step(id, Action::AwaitGone)));
}

fn order(plan: &mut Plan) {
    let lock = plan
        .steps
        .iter()
        .position(|step| matches!(step.action, Action::Lock));
    for index in 0..plan.steps.len() {
        let later = &plan.steps[index];
        let earlier = plan
            .steps
            .iter()
            .enumerate()
            .filter(|(other, earlier)| *other != index && waits(earlier, later));
        let mut after: Vec<usize> = earlier.map(|(other, _)| other).collect();
        let claim =
            |step: &Step| step.id.is("", "Namespace") && matches!(step.action, Action::Create(_));
        match &later.action {
            Action::Lock => after.extend(plan.steps.iter().position(claim)),
            Action::AwaitGone => {
                let same =
                    |step: &Step| step.id == later.id && matches!(step.action, Action::Delete(_));
                after.extend(plan.steps.iter().position(same));
            }
            _ if !claim(later) => after.extend(lock),
            _ => {}
        }
        // What a binding needs is made by its own edges; an association also waits for the claim by the lock.
        if later.id.is(EKS, "PodIdentityAssociation") && lock.is_none() {
            after.extend(plan.steps.iter().position(claim));
        }
        after.sort_unstable();
        after.dedup();
        plan.steps[index].after = after;
    }
}

fn all_but(plan: &Plan, is: impl Fn(&Step) -> bool) -> Vec<usize> {
    (0..plan.steps.len())
        .filter(|index| !is(&plan.steps[*index]))
        .collect()
}

fn push(plan: &mut Plan, step: Step) -> usize {
    plan.steps.push(step);
    plan.steps.len() - 1
}
