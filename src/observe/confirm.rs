//! Asks the API server what would come of each update, before the first write.

use std::{collections::BTreeMap, fmt::Display};

use futures_util::{StreamExt, stream};

use super::{IN_FLIGHT, is_of_other_host};
use crate::{
    backend::{Apply, CallError, Kubernetes, Reason},
    diff::{self, Change},
    error::Result,
    marks::HOST,
    object::Object,
    plan::{Action, Conflict, Options, Plan, Update},
};

/// A plan, and what the API server could be asked about it.
pub struct Confirmed {
    plan: Plan,
    /// Why it could not be asked about a change: the caller may read, and not write.
    forbidden: Option<CallError>,
}

/// One in which nothing is to be asked.
impl From<Plan> for Confirmed {
    fn from(plan: Plan) -> Self {
        Self {
            plan,
            forbidden: None,
        }
    }
}

impl Confirmed {
    /// Adds what else stands in the way.
    pub fn stopped_by(&mut self, conflicts: Vec<Conflict>) {
        self.plan.conflicts.extend(conflicts);
    }

    /// The plan, for whoever is going to write.
    ///
    /// # Errors
    /// That the caller may not.
    pub fn to_write(self) -> Result<Plan> {
        match self.forbidden {
            Some(error) => Err(error.into()),
            None => Ok(self.plan),
        }
    }

    /// The plan, for whoever only shows it, with a sentence where the API server could not be asked.
    pub fn to_show(self) -> (Plan, Option<String>) {
        let said = self
            .forbidden
            .map(|error| unasked("not allowed to ask", &error));
        (self.plan, said)
    }
}

fn unasked(why: &str, error: &impl Display) -> String {
    format!(
        "{why} whether the API server would leave something as it is, so more may be shown than would change: {error}"
    )
}

/// A plan, made anew where a dry run of its updates tells more: what the API server refuses is a conflict, and what it
/// leaves or puts back as it is, such as a default, is no change.
///
/// # Errors
/// What the API server answered, unless it is a refusal.
pub async fn confirmed(
    kubernetes: &Kubernetes,
    options: &mut Options,
    plan: impl Fn(&Options) -> Plan,
) -> Result<Confirmed> {
    let first = plan(options);
    let moves = moves_host(&first);
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
    let (mut refused, mut idle, mut forbidden) = (Vec::new(), BTreeMap::new(), None);
    for (id, answer) in answers {
        match answer {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => _ = idle.insert(id, changes),
            Err(error) if matches!(error.reason, Reason::Invalid | Reason::Conflict) => {
                let why = format!("the API server refuses the change: {}", error.message);
                refused.push(Conflict::new(&id, why));
            }
            // The policy compares with what the namespace says now, and this plan writes that before the Ingress.
            Err(error) if moves && is_of_other_host(&error) => {}
            // RBAC's words; what an admission policy or a quota forbids is another matter.
            Err(error)
                if error.reason == Reason::Forbidden && error.message.contains("cannot patch") =>
            {
                forbidden = Some(error);
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
    Ok(Confirmed {
        plan: confirmed,
        forbidden,
    })
}

/// Whether the namespace comes to say another host.
fn moves_host(plan: &Plan) -> bool {
    let namespace = plan.change_of(|id| id.is("", "Namespace"));
    matches!(namespace, Some(Action::Update(update)) if update.changes.iter().any(|change| change.path.contains(HOST)))
}

/// As [`confirmed`], for whoever shows what there is: what the API server cannot be asked about is shown as it was read,
/// with a sentence that says so.
pub async fn confirmed_or_not(
    kubernetes: &Kubernetes,
    options: &mut Options,
    plan: impl Fn(&Options) -> Plan,
) -> (Plan, Option<String>) {
    match confirmed(kubernetes, options, &plan).await {
        Ok(confirmed) => confirmed.to_show(),
        Err(error) => {
            let said = unasked("it could not be asked", &error.line());
            (plan(options), Some(said))
        }
    }
}

/// The changes of an update that would come to nothing; none where the API server may not be asked.
pub async fn idle(update: &Update, kubernetes: &Kubernetes) -> Vec<Change> {
    ask(update, kubernetes).await.unwrap_or_default()
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
