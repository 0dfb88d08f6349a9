//! Asks the API server what would come of each update, before the first write.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use super::IN_FLIGHT;
use crate::{
    backend::{Apply, CallError, Kubernetes, Reason},
    diff::{self, Change},
    error::Result,
    object::Object,
    plan::{Action, Conflict, Options, Plan, Update},
};

/// A plan, made anew where a dry run of its updates tells more: what the API server refuses is a conflict, and what it
/// leaves or puts back as it is, such as a default, is no change.
///
/// # Errors
/// What the API server answered, unless it is a refusal.
pub async fn confirmed(
    kubernetes: &Kubernetes,
    options: &mut Options,
    plan: impl Fn(&Options) -> Plan,
) -> Result<Plan> {
    let first = plan(options);
    let updates = first.steps.iter().filter_map(|step| match &step.action {
        Action::Update(update) if !step.id.is_aws() || update.live.lives_in_cluster() => {
            Some(update.as_ref())
        }
        _ => None,
    });
    let asked =
        updates.map(async |update| (update.wanted.id().clone(), ask(update, kubernetes).await));
    let answers: Vec<_> = stream::iter(asked)
        .buffer_unordered(IN_FLIGHT)
        .collect()
        .await;
    let (mut refused, mut idle) = (Vec::new(), BTreeMap::new());
    for (id, answer) in answers {
        match answer {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => _ = idle.insert(id, changes),
            Err(error) if matches!(error.reason, Reason::Invalid | Reason::Conflict) => {
                let why = format!("the API server refuses the change: {}", error.message);
                refused.push(Conflict::new(&id, why));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let mut confirmed = if idle.is_empty() {
        first
    } else {
        options.idle = idle;
        plan(options)
    };
    confirmed.conflicts.extend(refused);
    Ok(confirmed)
}

/// The changes of an update that would come to nothing.
async fn ask(
    update: &Update,
    kubernetes: &Kubernetes,
) -> std::result::Result<Vec<Change>, CallError> {
    let repairs = update.repairs();
    if !repairs.is_empty() {
        let after = kubernetes.repair(&update.live, &repairs, true).await?;
        let all = update.changes.iter();
        let taken_out: Vec<&Change> = all.filter(|change| update.takes_out(change)).collect();
        let idle = standing(&taken_out, &update.wanted, &after);
        // The apply comes after the repair, so the repair is what can be asked about.
        if idle.len() < taken_out.len() {
            return Ok(idle);
        }
    }
    let how = Apply {
        dry_run: true,
        force: true,
        ..Apply::default()
    };
    let after = kubernetes.apply(&update.wanted, &how).await?;
    let all: Vec<&Change> = update.changes.iter().collect();
    Ok(standing(&all, &update.wanted, &after))
}

/// The changes that would still have to be made afterwards.
fn standing(changes: &[&Change], wanted: &Object, after: &Object) -> Vec<Change> {
    let left = diff::changes(wanted, after);
    let same = |change: &Change| {
        left.iter().any(|left| {
            (&left.path, &left.have, &left.want) == (&change.path, &change.have, &change.want)
        })
    };
    let standing = changes.iter().filter(|change| same(change));
    standing.map(|change| (*change).clone()).collect()
}
