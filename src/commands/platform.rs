//! `mcpctl platform render|apply|diff|remove`

use std::{collections::BTreeSet, process::ExitCode, time::Duration};

use crate::{
    cli::{RemovePlatform, Timeout},
    config::Settings,
    desired,
    error::Result,
    guests,
    object::{Id, PLATFORM_NAMESPACE, State, in_making_order},
    observe::{self, Confirmed},
    plan::{self, Action, Conflict, Options, Plan, Step, Subject},
    report,
    session::{Context, Session},
    tenant, yaml,
};

const TITLE: &str = "platform";

pub(super) fn render(context: &Context) -> Result<ExitCode> {
    for object in in_making_order(&desired::platform(&context.settings()?)?) {
        context.ui.data(&yaml::print(&desired::encode(object))?)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn apply(context: &Context, timeout: Timeout) -> Result<ExitCode> {
    let (session, confirmed, live) = look(context, desired::platform).await?;
    let mut plan = confirmed.to_write()?;
    // A class of another name would leave the tenants of the old one without a load balancer.
    let deletes = |step: &Step| matches!(step.action, Action::Delete(_));
    if plan.steps.iter().any(deletes) {
        refuse_while_used(context, &session, &mut plan).await?;
    }
    show(context, &plan)?;
    carry_out((&session, "applied"), &plan, &live, timeout).await?;
    Ok(ExitCode::SUCCESS)
}

/// The plan, unless something stands in its way.
fn show(context: &Context, plan: &Plan) -> Result<()> {
    if !plan.conflicts.is_empty() {
        return Err(report::conflicts(TITLE, plan));
    }
    context.report.plan(TITLE, plan);
    Ok(())
}

/// Nothing of the platform goes while there are tenants, those included of whom only a role or association is left.
async fn refuse_while_used(
    context: &Context,
    session: &Session<'_>,
    plan: &mut Plan,
) -> Result<()> {
    let known = context.until_signal(tenant::all(session)).await?;
    let left = tenant::only_in_aws(session, &known);
    let left = context.until_signal(left).await?;
    let living = known.iter().map(ToString::to_string);
    let gone = left.iter().map(|orphan| orphan.tenant.clone());
    let names: BTreeSet<String> = living.chain(gone).collect();
    if !names.is_empty() {
        let names: Vec<String> = names.into_iter().collect();
        let mut why = format!(
            "tenants would lose their protection: {}; remove them first",
            names.join(", ")
        );
        if !left.is_empty() {
            why += "; what is left of those that have no namespace: mcpctl tenant list --orphans";
        }
        let id = Id::namespace(PLATFORM_NAMESPACE);
        plan.conflicts.push(Conflict::new(&id, why));
    }
    Ok(())
}

pub(super) async fn diff(context: &Context) -> Result<ExitCode> {
    let (_, confirmed, _) = look(context, desired::platform).await?;
    let (plan, unasked) = confirmed.to_show();
    if let Some(said) = unasked {
        context.report.warning(&format!("{TITLE}: {said}"));
    }
    context.report.difference(TITLE, &plan)?;
    if !plan.conflicts.is_empty() {
        return Err(report::conflicts(TITLE, &plan));
    }
    let code = u8::from(!plan.is_clean());
    context.report.compared(code);
    Ok(ExitCode::from(code))
}

pub(super) async fn remove(context: &Context, args: &RemovePlatform) -> Result<ExitCode> {
    let (session, confirmed, live) = look(context, |_| Ok(State::new())).await?;
    let mut plan = confirmed.to_write()?;
    refuse_while_used(context, &session, &mut plan).await?;
    let kubernetes = session.kubernetes()?;
    if plan.writes() {
        let guests = guests::find(kubernetes, &subject(&session), PLATFORM_NAMESPACE).await?;
        guests.join(&mut plan, false);
    }
    if args.dry_run && plan.conflicts.is_empty() {
        context.report.difference(TITLE, &plan)?;
        context.report.done("planned", &[])?;
        return Ok(ExitCode::SUCCESS);
    }
    show(context, &plan)?;
    if plan.writes() {
        let cluster = &session.settings.cluster.name;
        let question = format!("Delete the platform from cluster {cluster}?");
        super::remove::confirm(context, args.yes, &question).await?;
    }
    carry_out((&session, "removed"), &plan, &live, args.timeout).await?;
    Ok(ExitCode::SUCCESS)
}

async fn look(
    context: &Context,
    wanted: impl Fn(&Settings) -> Result<State>,
) -> Result<(Session<'_>, Confirmed, State)> {
    let kinds_wanted = desired::platform(&context.settings()?)?;
    context
        .until_signal(async {
            let session = Session::open(context, None).await?;
            let kubernetes = session.kubernetes()?;
            let wanted = wanted(&session.settings)?;
            let kinds: BTreeSet<_> = kinds_wanted
                .keys()
                .filter(|id| !id.is("", "Namespace"))
                .map(|id| (id.group.clone(), id.kind.clone()))
                .collect();
            observe::discover(kubernetes, &wanted, &kinds).await?;
            let namespace = Id::namespace(PLATFORM_NAMESPACE);
            let (mut live, namespace) = futures_util::future::try_join(
                observe::objects(kubernetes, &kinds, PLATFORM_NAMESPACE),
                async { Ok(kubernetes.get(&namespace).await?) },
            )
            .await?;
            live.extend(namespace.map(|object| (object.id().clone(), object)));
            let subject = subject(&session);
            let live = observe::relevant(live, &wanted, &subject);
            let plan = |options: &Options| plan::toward(&wanted, &live, &subject, options);
            let plan = observe::confirmed(kubernetes, &mut Options::default(), plan).await?;
            Ok((session, plan, live))
        })
        .await
}

fn subject(session: &Session<'_>) -> Subject {
    Subject::Platform {
        cluster: session.settings.cluster.name.to_string(),
    }
}

/// With the word that says how it ended well.
async fn carry_out(
    (session, word): (&Session<'_>, &str),
    plan: &Plan,
    live: &State,
    timeout: Timeout,
) -> Result<()> {
    let report = &session.context.report;
    if !plan.writes() {
        let line = "platform: nothing to do".to_string();
        return report.done("unchanged", &[line]);
    }
    let outcome = session
        .execute(
            plan,
            (&subject(session), live),
            timeout.or_at_least(Duration::ZERO),
        )
        .await;
    report.outcome(TITLE, plan, &outcome)?;
    let [create, change, delete] = plan.counts();
    let line = format!("platform: {create} created, {change} changed, {delete} deleted");
    report.done(word, &[line])
}
