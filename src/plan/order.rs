//! The order of a plan's steps, and the steps that are no change of an object: lock, gate, waits.

use std::collections::BTreeSet;

use super::{
    Action, Options, Plan, Step, Subject, narrower,
    pods::{self, Pods},
    step, waits,
};
use crate::object::{IAM, Id, State, may_be_held, starts_pods};

/// Adds the operations that go with the changes, then the edges.
pub(super) fn complete(plan: &mut Plan, live: &State, subject: &Subject, options: &Options) {
    let removal = plan.steps.iter().any(ends_namespace);
    let pods = Pods::of(plan, live, options);
    let restarted = if removal {
        Vec::new()
    } else {
        pods.to_restart()
    };
    lock(plan, live, subject, !restarted.is_empty());
    let (retired, narrower) = if removal {
        <(Vec<Step>, Vec<Step>)>::default()
    } else {
        (
            take_out_roles(plan),
            narrower::take_out(plan, options.ready),
        )
    };
    let given_back = take_out_given_back(plan);
    await_deletes(plan);
    if options.synced {
        await_synced(plan);
    }
    order(plan);
    if removal {
        await_namespaces(plan);
    }
    for step in given_back {
        push_last(plan, step);
    }
    if removal {
        return;
    }
    keep_hosts(plan);
    if let Some(id) = pods::unsettled(plan, options) {
        pods::settle(plan, &id);
    }
    if let Some(pod) = &options.gate {
        pods::gate(plan, &pods, pod);
    }
    for object in restarted {
        let id = object.id().clone();
        push_last(plan, step(&id, Action::Restart(object)));
    }
    if options.ready {
        await_ready(plan, &pods);
    }
    for step in narrower {
        push_last(plan, step);
    }
    if let Some(pod) = &options.verify {
        push_last(plan, step(pod.id(), Action::Verify(Box::new(pod.clone()))));
    }
    // Pods go on with the credentials of the role that they have until they start anew.
    let started_anew = options.ready || !pods.identity_changes;
    for step in retired {
        if started_anew {
            retire(plan, step);
        } else {
            plan.postponed.push(step.id);
        }
    }
}

fn await_ready(plan: &mut Plan, pods: &Pods) {
    let all: Vec<usize> = (0..plan.steps.len()).collect();
    for id in pods.workloads() {
        let mut await_ready = step(&id, Action::AwaitReady);
        await_ready.after.clone_from(&all);
        plan.steps.push(await_ready);
    }
}

fn retire(plan: &mut Plan, role: Step) {
    let id = role.id.clone();
    let awaited = matches!(&role.action, Action::Delete(object) if object.lives_in_cluster());
    push_last(plan, role);
    if awaited {
        push_last(plan, step(&id, Action::AwaitGone));
    }
}

fn is_namespace_delete(step: &Step) -> bool {
    step.id.is("", "Namespace") && matches!(step.action, Action::Delete(_))
}

/// Whether the tenant leaves the namespace, which then goes or is given back.
fn ends_namespace(step: &Step) -> bool {
    step.id.is("", "Namespace") && matches!(step.action, Action::Delete(_) | Action::Release(_))
}

/// Two runs for two tenants may both have seen a host free.
fn keep_hosts(plan: &mut Plan) {
    for index in 0..plan.steps.len() {
        let Step { id, action, .. } = &plan.steps[index];
        let ingress = match action {
            Action::Create(object) => object,
            Action::Update(update) => &update.wanted,
            _ => continue,
        };
        if !id.is("networking.k8s.io", "Ingress") {
            continue;
        }
        let mut keep = step(
            id,
            Action::KeepHost(ingress.text("/spec/rules/0/host").into()),
        );
        keep.after = vec![index];
        plan.steps.push(keep);
    }
}

fn await_namespaces(plan: &mut Plan) {
    let deleted = plan.steps.iter().filter(|step| is_namespace_delete(step));
    let ids: Vec<Id> = deleted.map(|step| step.id.clone()).collect();
    for id in ids {
        push_last(plan, step(&id, Action::AwaitGone));
    }
}

/// A tenant that stays and comes to share a role gives its own up.
fn take_out_roles(plan: &mut Plan) -> Vec<Step> {
    let retires = |step: &Step| {
        step.id.is(IAM, "Role") && matches!(step.action, Action::Delete(_) | Action::Release(_))
    };
    let (retired, steps) = std::mem::take(&mut plan.steps)
        .into_iter()
        .partition(retires);
    plan.steps = steps;
    retired
}

/// What is given back in AWS has no mark any more. It comes last, so that a removal that was cut off finds it as ours.
fn take_out_given_back(plan: &mut Plan) -> Vec<Step> {
    let last = |step: &Step| step.id.is_aws() && matches!(step.action, Action::Release(_));
    let (last, steps) = std::mem::take(&mut plan.steps).into_iter().partition(last);
    plan.steps = steps;
    last
}

/// What ACK carries out is there when ACK says so: what is written now, and what was not carried out when it was read.
fn await_synced(plan: &mut Plan) {
    let written = plan.steps.iter().filter(|step| {
        step.id.is_aws() && matches!(step.action, Action::Create(_) | Action::Update(_))
    });
    let awaited: BTreeSet<Id> = written
        .map(|step| &step.id)
        .chain(plan.unsynced.iter().map(|unsynced| &unsynced.id))
        .cloned()
        .collect();
    plan.steps
        .extend(awaited.iter().map(|id| step(id, Action::AwaitSynced)));
}

/// A namespace is deleted only when controllers have let go what they may hold, such as its Ingresses. One that is given back waits
/// for the pods too, which nothing else would wait for.
fn await_deletes(plan: &mut Plan) {
    let stays = !plan.steps.iter().any(is_namespace_delete);
    let is_awaited = |step: &&Step| match &step.action {
        Action::Delete(object) => {
            let id = &step.id;
            let acks = id.is_aws() && object.lives_in_cluster();
            may_be_held(id) || acks || (stays && starts_pods(id))
        }
        _ => false,
    };
    let ids: Vec<Id> = plan
        .steps
        .iter()
        .filter(is_awaited)
        .map(|step| step.id.clone())
        .collect();
    plan.steps
        .extend(ids.iter().map(|id| step(id, Action::AwaitGone)));
}

/// Every write is made under the lock. It lives in the namespace, so a new namespace comes before it, and one that is
/// already going has no room for it.
fn lock(plan: &mut Plan, live: &State, subject: &Subject, restart: bool) {
    let namespace = Id::namespace(subject.lock_namespace());
    let created = plan
        .steps
        .iter()
        .any(|step| step.id == namespace && matches!(step.action, Action::Create(_)));
    let active = live
        .get(&namespace)
        .is_some_and(|object| object.text("/metadata/deletionTimestamp").is_empty());
    if (plan.writes() || restart) && (created || active) {
        plan.steps.push(step(&namespace, Action::Lock));
    }
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
            Action::AwaitSynced => {
                let write = |step: &Step| {
                    step.id == later.id
                        && matches!(step.action, Action::Create(_) | Action::Update(_))
                };
                after.extend(plan.steps.iter().position(write));
            }
            Action::AwaitGone => {
                let same =
                    |step: &Step| step.id == later.id && matches!(step.action, Action::Delete(_));
                after.extend(plan.steps.iter().position(same));
            }
            _ if !claim(later) => after.extend(lock),
            _ => {}
        }
        after.sort_unstable();
        after.dedup();
        plan.steps[index].after = after;
    }
}

/// Adds a step that comes after all others.
fn push_last(plan: &mut Plan, mut step: Step) {
    step.after = (0..plan.steps.len()).collect();
    plan.steps.push(step);
}
