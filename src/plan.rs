//! What has to be done: from what is wanted and what lives to steps with an order. Pure; the value that is printed is
//! the value that is run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    ack::{self, Verdict},
    diff::{self, Change},
    object::{
        EKS, IAM, Id, Object, State, deleted_before, goes_late, in_making_order, made_before,
        scales, starts_pods,
    },
};

#[cfg(test)]
mod ack_tests;
mod adopt;
mod conflicts;
mod narrower;
mod order;
mod pods;
#[cfg(test)]
mod settle_tests;
mod subject;
mod surplus;
#[cfg(test)]
mod tests;
mod update;

pub use adopt::is_adopted;
pub use conflicts::Conflict;
pub use subject::{Subject, aws_tag};
pub use update::Update;

/// One thing to do.
#[derive(Clone, Debug)]
pub struct Step {
    /// The object that it is about.
    pub id: Id,
    /// What is done.
    pub action: Action,
    /// Indexes of the steps that must have succeeded before.
    pub after: Vec<usize>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Make it.
    Create(Object),
    /// Change these fields.
    Update(Box<Update>),
    /// Delete it.
    Delete(Object),
    /// Give it back: it was taken over, so only our marks go.
    Release(Object),
    /// Nothing to call: it goes with its namespace.
    GoesWithNamespace,
    /// Hold the lock in this namespace.
    Lock,
    /// Wait until this pod would be admitted with credentials.
    Gate(Box<Value>),
    /// Let a changed association spread before what starts pods is written.
    Settle,
    /// Start the pods anew, once a changed identity has spread.
    Restart(Object),
    /// Look again whether another tenant took the host meanwhile; of two the later one withdraws.
    KeepHost(String),
    /// Wait until it is gone.
    AwaitGone,
    /// Wait until ACK has carried it out.
    AwaitSynced,
    /// Wait until pods are ready and the Ingress has an address.
    AwaitReady,
    /// Run this pod, which asks STS who it is, and compare the answer with the role.
    Verify(Box<Object>),
}

/// Something on an object of ours that we neither made nor touch.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The object.
    pub id: Id,
    /// `managed policy arn:…`
    pub what: String,
}

/// A role or association that ACK has not carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsynced {
    /// The object.
    pub id: Id,
    /// What ACK says of it.
    pub why: String,
}

/// Steps, and what stands in their way.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What to do.
    pub steps: Vec<Step>,
    /// Why it cannot be done.
    pub conflicts: Vec<Conflict>,
    /// What is reported and left alone.
    pub foreign: Vec<Foreign>,
    /// What lives as an object and not yet, or not so, in AWS.
    pub unsynced: Vec<Unsynced>,
    /// What is not ours and goes with a namespace all the same.
    pub guests: Vec<Id>,
    /// Roles that the tenant gives up, and that its pods may still have: another run deletes them.
    pub postponed: Vec<Id>,
    /// Pods that run without the tenant's credentials, and so with the node's role, if with any.
    pub bare_pods: Vec<BarePod>,
}

/// A pod that runs without the tenant's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarePod {
    /// The pod.
    pub id: Id,
    /// Whether the server's pods, when they start anew, replace it.
    pub restarts: bool,
}

/// What becomes of objects under the wanted names that somebody else made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// They are conflicts.
    #[default]
    Refuse,
    /// They are taken over, where they are nobody's tenant.
    Adopt,
}

/// Whether a subject has its namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Home {
    /// It has, or has given it back, or the cluster was not asked.
    #[default]
    Kept,
    /// It is gone, going, or somebody else's.
    Lost,
}

/// What a plan does besides making things as they are wanted; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether new pods wait for their identity; the pod to ask about where no object says what its pods are.
    pub gate: Option<Value>,
    /// Whether the end of the plan is a ready tenant.
    pub ready: bool,
    /// The pod by which the tenant's identity is verified at last.
    pub verify: Option<Object>,
    /// Whether ACK carries role and association out, and is waited for.
    pub synced: bool,
    /// Whether pods of the server run that were started before their identity was changed last, or without one.
    pub stale_pods: bool,
    /// The association, where what it points to was changed so lately that it may not have spread.
    pub unsettled: Option<Id>,
    /// The pods that run without the tenant's credentials.
    pub bare_pods: Vec<BarePod>,
    /// What becomes of what somebody else made.
    pub existing: Existing,
    /// Whether the subject still has its namespace.
    pub home: Home,
    /// Differences that the API server is known to leave, or to put back at once: they are no change.
    pub idle: BTreeMap<Id, Vec<Change>>,
}

impl Plan {
    /// Whether carrying it out would write anything.
    pub fn writes(&self) -> bool {
        self.steps.iter().any(|step| step.action.writes())
    }

    /// Whether `diff` has nothing to say.
    pub fn is_clean(&self) -> bool {
        !self.writes()
            && self.foreign.is_empty()
            && self.unsynced.is_empty()
            && self.postponed.is_empty()
            && self.bare_pods.is_empty()
            && self.conflicts.is_empty()
    }

    /// Whether pods would be made: what starts or scales them is written, or they start anew.
    pub fn makes_pods(&self) -> bool {
        self.steps.iter().any(|step| match &step.action {
            Action::Create(_) | Action::Update(_) => starts_pods(&step.id) || scales(&step.id),
            Action::Gate(_) | Action::Restart(_) | Action::Verify(_) => true,
            _ => false,
        })
    }

    /// How many objects are made, changed and deleted.
    pub fn counts(&self) -> [usize; 3] {
        let count =
            |is: fn(&Action) -> bool| self.steps.iter().filter(|step| is(&step.action)).count();
        [
            count(|action| matches!(action, Action::Create(_))),
            count(|action| matches!(action, Action::Update(_) | Action::Release(_))),
            count(|action| matches!(action, Action::Delete(_) | Action::GoesWithNamespace)),
        ]
    }

    /// The step about an object that makes, changes or deletes it.
    pub fn change_of(&self, is: impl Fn(&Id) -> bool) -> Option<&Action> {
        self.steps
            .iter()
            .find(|step| step.action.writes() && is(&step.id))
            .map(|step| &step.action)
    }
}

impl Action {
    /// Whether it makes, changes or deletes an object of the plan's subject.
    pub fn writes(&self) -> bool {
        matches!(
            self,
            Self::Create(_)
                | Self::Update(_)
                | Self::Delete(_)
                | Self::GoesWithNamespace
                | Self::Release(_)
                | Self::Restart(_)
        )
    }
}

/// The plan that makes `live` as `wanted`. An empty `wanted` is a removal.
pub fn toward(wanted: &State, live: &State, subject: &Subject, options: &Options) -> Plan {
    let mut plan = Plan::default();
    let scaled = update::was_scaled(wanted);
    for object in in_making_order(wanted) {
        let id = object.id();
        match live.get(id) {
            None => plan.steps.push(step(id, Action::Create(object.clone()))),
            Some(other) => {
                let adopts = !subject.owns(other);
                let adoptable = adopts && adopt::may_adopt(subject, other);
                if adopts && !(adoptable && options.existing == Existing::Adopt) {
                    let conflict = Conflict::not_ours(subject, other);
                    plan.conflicts.push(Conflict {
                        adoptable,
                        ..conflict
                    });
                } else if other.text("/metadata/deletionTimestamp").is_empty() {
                    let how = update::How {
                        adopts,
                        scaled,
                        idle: options.idle.get(id).map_or(&[], Vec::as_slice),
                    };
                    let wanted = adopt::marked(object, other, adopts);
                    update::add(&wanted, other, &how, &mut plan);
                } else {
                    plan.conflicts
                        .push(Conflict::new(id, "is being deleted; wait until it is gone"));
                }
            }
        }
    }
    surplus::add(wanted, live, (subject, options.home), &mut plan);
    for (id, object) in live.iter().filter(|(id, _)| id.is(IAM, "Role")) {
        let found = diff::foreign(wanted.get(id), object);
        let found = found.into_iter().map(|what| Foreign {
            id: id.clone(),
            what,
        });
        let deletes = |step: &Step| step.id == *id && matches!(step.action, Action::Delete(_));
        if wanted.is_empty() || !plan.steps.iter().any(deletes) {
            plan.foreign.extend(found);
            continue;
        }
        let stops = found.filter(|foreign| !asked_for(object, &foreign.what));
        plan.conflicts.extend(stops.map(|foreign| {
            let why = format!(
                "{} is not ours; take it away first: the role is to go",
                foreign.what
            );
            Conflict::new(id, why)
        }));
    }
    if options.synced {
        let all = live
            .iter()
            .filter(|(id, object)| id.is_aws() && wanted.contains_key(id) && subject.owns(object));
        plan.unsynced = all.filter_map(|(_, object)| unsynced(object)).collect();
    }
    plan.bare_pods.clone_from(&options.bare_pods);
    order::complete(&mut plan, live, subject, options);
    plan
}

/// Whether what hangs on a role is a managed policy that its tenant asked for, by the role's tag.
pub fn asked_for(role: &Object, what: &str) -> bool {
    let arn = what.strip_prefix("managed policy ");
    arn.is_some_and(|arn| diff::asked_for(role, arn))
}

/// What ACK says of an object that it has not carried out.
pub fn unsynced(object: &Object) -> Option<Unsynced> {
    let why = match ack::verdict(object) {
        Verdict::Synced if ack::is_behind(object) => "ACK has not looked at the last change".into(),
        Verdict::Synced => return None,
        Verdict::Waiting(why) if why.is_empty() => "no ACK controller has looked at it yet".into(),
        Verdict::Waiting(why) | Verdict::Failed(why) => why.join("; "),
    };
    Some(Unsynced {
        id: object.id().clone(),
        why,
    })
}

fn step(id: &Id, action: Action) -> Step {
    Step {
        id: id.clone(),
        action,
        after: Vec::new(),
    }
}

/// Whether a step waits for another, by what they do to which objects.
fn waits(earlier: &Step, later: &Step) -> bool {
    use Action::{AwaitGone, AwaitSynced, Create, Delete, Release, Update};
    match (&earlier.action, &later.action) {
        // Where ACK makes the role, the association has to wait until it is made.
        (Create(_) | Update(_), Create(_) | Update(_))
        | (AwaitSynced, Create(_) | Update(_) | AwaitSynced) => made_before(&earlier.id, &later.id),
        (Delete(_) | Release(_), Delete(_) | Release(_)) => deleted_before(&earlier.id, &later.id),
        // An autoscaler would take back what is set.
        (Delete(_), Update(_)) => scales(&earlier.id) && starts_pods(&later.id),
        // What guards the pods and what holds the Ingress goes after them, and where ACK deletes, the role goes after the
        // association is gone.
        (AwaitGone, Delete(_) | Release(_)) => {
            let bound = earlier.id.is(EKS, "PodIdentityAssociation") && later.id.is(IAM, "Role");
            goes_late(&later.id) || bound
        }
        _ => false,
    }
}

/// Whether the identity of pods that run may have changed.
fn identity_changes(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| match &step.action {
        Action::Create(_) => step.id.is(IAM, "Role") || step.id.is(EKS, "PodIdentityAssociation"),
        // Pods that ran there before were not guarded.
        Action::Update(update) if update.adopts && step.id.is("", "Namespace") => true,
        _ => repoints(step),
    })
}

/// Whether an association that pods may get credentials of already is changed in what it gives them.
fn repoints(step: &Step) -> bool {
    let Action::Update(update) = &step.action else {
        return false;
    };
    let gives = |path: &str| path.starts_with("spec.") && !path.starts_with("spec.tags");
    let mut changes = update.changes.iter();
    step.id.is(EKS, "PodIdentityAssociation") && changes.any(|change| gives(&change.path))
}
