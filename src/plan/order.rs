//! The order of a plan's steps, and the steps that are no change of an object: lock, gate, waits.

use super::{Action, Options, Plan, Step, Subject, identity_changes, step, waits};
use crate::object::{Id, Object, State, starts_pods};

/// Adds the operations that go with the changes, then the edges.
pub(super) fn complete(plan: &mut Plan, live: &State, subject: &Subject, options: Options) {
    let removal = plan.steps.iter().any(ends_namespace);
    let pods = Pods::of(plan, live, options);
    let restart = pods
        .living
        .clone()
        .filter(|_| pods.identity_changes && !removal);
    lock(plan, live, subject, restart.is_some());
    let given_back = take_out_given_back(plan);
    await_deletes(plan);
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
    if options.gate {
        gate(plan, &pods);
    }
    if let Some(deployment) = restart {
        let id = deployment.id().clone();
        push_last(plan, step(&id, Action::Restart(deployment)));
    }
    if let Some(pods) = pods.living.or(pods.wanted).filter(|_| options.ready) {
        push_last(plan, step(pods.id(), Action::AwaitReady));
    }
}

/// What a plan means for the tenant's pods.
struct Pods {
    /// The Deployment that lives.
    living: Option<Object>,
    /// The Deployment as the plan writes it.
    wanted: Option<Object>,
    /// Whether pods that run would go on with another identity than the one that is wanted.
    identity_changes: bool,
}

impl Pods {
    fn of(plan: &Plan, live: &State, options: Options) -> Self {
        let living = live
            .iter()
            .find(|(id, _)| is_deployment(id))
            .map(|(_, object)| object.clone());
        let wanted = plan
            .steps
            .iter()
            .filter(|step| is_deployment(&step.id))
            .find_map(|step| match &step.action {
                Action::Create(object) => Some(object.clone()),
                Action::Update(update) => Some(update.wanted.clone()),
                _ => None,
            });
        Self {
            living,
            wanted,
            identity_changes: identity_changes(plan) || options.stale_pods,
        }
    }

    /// The Deployment whose next pods have to wait for their identity: it is new, its identity is, or no pod of it
    /// runs.
    fn to_come(&self) -> Option<&Object> {
        let running = |object: &Object| {
            object.tree["status"]["availableReplicas"]
                .as_u64()
                .unwrap_or(0)
                > 0
        };
        let proven = self.living.as_ref().is_some_and(running) && !self.identity_changes;
        let untouched = self.wanted.is_none() && !self.identity_changes;
        self.wanted
            .as_ref()
            .or(self.living.as_ref())
            .filter(|_| !proven && !untouched)
    }
}

fn is_deployment(id: &Id) -> bool {
    id.is("apps", "Deployment")
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

/// Pods come when all that makes them safe is there, and when they would come with credentials.
fn gate(plan: &mut Plan, pods: &Pods) {
    let Some(deployment) = pods.to_come() else {
        return;
    };
    let before = |step: &Step| !is_deployment(&step.id);
    let after = (0..plan.steps.len())
        .filter(|index| before(&plan.steps[*index]))
        .collect();
    let index = plan.steps.len();
    plan.steps.push(Step {
        id: deployment.id().clone(),
        action: Action::Gate(deployment.clone()),
        after,
    });
    let gated = plan
        .steps
        .iter_mut()
        .filter(|step| is_deployment(&step.id) && step.action.writes());
    gated.for_each(|step| step.after.push(index));
}

fn await_namespaces(plan: &mut Plan) {
    let deleted = plan.steps.iter().filter(|step| is_namespace_delete(step));
    let ids: Vec<Id> = deleted.map(|step| step.id.clone()).collect();
    for id in ids {
        push_last(plan, step(&id, Action::AwaitGone));
    }
}

/// What is given back in AWS has no mark any more. It comes last, so that a removal that was cut off finds it as ours.
fn take_out_given_back(plan: &mut Plan) -> Vec<Step> {
    let last = |step: &Step| step.id.is_aws() && matches!(step.action, Action::Release(_));
    let (last, steps) = std::mem::take(&mut plan.steps).into_iter().partition(last);
    plan.steps = steps;
    last
}

/// A namespace is deleted only when the load balancer controller has let its Ingresses go. One that is given back waits
/// for the pods too, which nothing else would wait for.
fn await_deletes(plan: &mut Plan) {
    let stays = !plan.steps.iter().any(is_namespace_delete);
    let is_awaited = |step: &&Step| {
        let id = &step.id;
        matches!(step.action, Action::Delete(_))
            && (id.is("networking.k8s.io", "Ingress") || (stays && starts_pods(id)))
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
