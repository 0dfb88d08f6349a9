//! `mcpctl tenant remove`

use std::{
    io::{BufRead, IsTerminal},
    process::ExitCode,
    time::Duration,
};

use futures_util::future::try_join;

use crate::{
    cli::{Only, Remove},
    error::{Error, Result},
    guests::{self, Guests},
    marks::TENANT,
    object::{Id, State},
    observe,
    plan::{self, Action, Conflict, Home, Options, Plan},
    report,
    session::{Context, Session},
    tenant::{self, Look},
};

mod stops;

pub(super) async fn run(context: &Context, args: &Remove) -> Result<ExitCode> {
    let name = tenant::parse_name(&args.name)?;
    context.report.about("tenant", name.as_str());
    let (session, look, plan, live) = context
        .until_signal(async {
            let look = async |session: &Session<'_>| Look::at(session, name).await;
            let (session, look) = Session::open_and(context, args.half.only, look).await?;
            let (plan, live) = look_for_everything(&look, &session, args).await?;
            Ok((session, look, plan, live))
        })
        .await?;
    let report = &context.report;
    report.about("namespace", &look.names.namespace);
    let subject = format!("tenant `{}`", look.name);
    let cluster = &session.settings.cluster.name;
    if !plan.conflicts.is_empty() {
        return Err(report::conflicts(&subject, &plan));
    }
    if !plan.writes() && plan.steps.is_empty() {
        let acks = session.ack.is_some();
        let line = nothing(&subject, cluster.as_str(), acks, args.half.only);
        report.done("unknown", &[line])?;
        return Ok(ExitCode::SUCCESS);
    }
    let title = format!("{subject} on cluster {cluster}");
    if args.dry_run {
        report.difference(&title, &plan)?;
        report.done("planned", &[])?;
        return Ok(ExitCode::SUCCESS);
    }
    report.plan(&title, &plan);
    let question = format!("Delete {subject} from cluster {cluster}?");
    confirm(context, args.yes, &question).await?;
    let outcome = session
        .execute(
            &plan,
            (&look.subject, &live),
            args.timeout.or_at_least(time_to_end(&live)),
        )
        .await;
    report.outcome(&subject, &plan, &outcome)?;
    // What ACK carries out has the tenant's name and no other.
    let elsewhere = session.ack.is_none() && !is_looked_for_by_tags(&look, &session);
    let line = ending(
        &subject,
        cluster.as_str(),
        (&plan, elsewhere),
        args.half.only,
    );
    report.done("removed", &[line])?;
    Ok(ExitCode::SUCCESS)
}

/// What there is to say when nothing was found, and what was not looked at.
fn nothing(subject: &str, cluster: &str, acks: bool, only: Option<Only>) -> String {
    match only {
        None if acks => format!(
            "{subject} is not known on cluster {cluster}: nothing to remove; IAM and EKS were not asked"
        ),
        None => format!("{subject} is not known on cluster {cluster}: nothing to remove"),
        Some(Only::Aws) => format!(
            "cluster {cluster} has no role and no association of {subject}: nothing to remove; its namespace was not looked at"
        ),
        Some(Only::Kubernetes) => format!(
            "cluster {cluster} has no namespace of {subject}: nothing to remove; its role and association were not looked at"
        ),
    }
}

/// What there is to say when all went well; `elsewhere` is whether something may be left under names of its own.
fn ending(
    subject: &str,
    cluster: &str,
    (plan, elsewhere): (&Plan, bool),
    only: Option<Only>,
) -> String {
    let released: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::Release(_)))
        .map(|step| step.id.to_string())
        .collect();
    match only {
        None if !released.is_empty() => format!(
            "{subject} is removed from cluster {cluster}; given back without our marks: {}",
            released.join(", ")
        ),
        None if elsewhere => {
            format!(
                "{subject} is removed: nothing of it is left under its names on cluster {cluster}"
            )
        }
        None => format!("{subject} is removed: nothing of it is left on cluster {cluster}"),
        Some(only) if !released.is_empty() => {
            let other = match only {
                Only::Aws => "its namespace was not looked at",
                Only::Kubernetes => "its role and association were not looked at",
            };
            let released = released.join(", ");
            format!(
                "this half of {subject} is removed; given back without our marks: {released}; {other}"
            )
        }
        Some(Only::Aws) => format!(
            "role and association of {subject} are removed; its namespace was not looked at"
        ),
        Some(Only::Kubernetes) => format!(
            "the namespace of {subject} is removed; its role and association were not looked at"
        ),
    }
}

async fn look_for_everything(
    look: &Look,
    session: &Session<'_>,
    args: &Remove,
) -> Result<(Plan, State)> {
    let wanted = State::new();
    let (mut live, guests) = try_join(everything(look, session), guests(look, session)).await?;
    tenant::keep(&mut live, args.half.only);
    let gone = session.kubernetes.is_some() && !look.owns_namespace();
    let given_back = is_given_back(look, &live);
    let lost = (gone && !given_back) || look.is_going();
    let options = Options {
        home: if lost { Home::Lost } else { Home::Kept },
        ..Options::default()
    };
    let mut plan = plan::toward(&wanted, &live, &look.subject, &options);
    if let Some(id) = look.foreign_namespace().filter(|_| !given_back) {
        let why = "is not ours: mcpctl did not apply it";
        let hint = "what is ours in AWS can be removed alone: --only aws";
        plan.conflicts
            .push(Conflict::new(&id, format!("{why}; {hint}")));
    }
    plan.conflicts.extend(stops::by_the_tenant(
        (look, gone),
        &live,
        session,
        args.half.only,
    ));
    plan.conflicts
        .extend(stops::on_the_role(look, &live, &mut plan.foreign));
    let deletes = |plan: &Plan, is: &dyn Fn(&Id) -> bool| {
        plan.steps
            .iter()
            .any(|step| matches!(step.action, Action::Delete(_)) && is(&step.id))
    };
    if deletes(&plan, &|id| id.is("", "Namespace")) {
        guests.join(&mut plan, args.with_contents);
    }
    Ok((plan, live))
}

/// What lives of the tenant, and where its namespace is gone, what else in AWS says that it is the tenant's.
async fn everything(look: &Look, session: &Session<'_>) -> Result<State> {
    let mut live = look.live(session, &State::new()).await?;
    let by_tags = is_looked_for_by_tags(look, session);
    if let Some(aws) = session.aws.as_ref().filter(|_| by_tags) {
        let whose = (look.name.as_str(), &look.subject);
        live.extend(observe::leftovers(aws, whose, &live, &session.settings).await?);
    }
    Ok(live)
}

/// Whether roles and associations under other names are looked for. Without a namespace nothing else tells the names; with
/// it that would cost a list of all roles and associations.
fn is_looked_for_by_tags(look: &Look, session: &Session<'_>) -> bool {
    session.aws.is_some() && !look.owns_namespace()
}

/// What others put into the tenant's namespace.
async fn guests(look: &Look, session: &Session<'_>) -> Result<Guests> {
    match &session.kubernetes {
        Some(kubernetes) if look.owns_namespace() => {
            guests::find(kubernetes, &look.subject, &look.names.namespace).await
        }
        _ => Ok(Guests::default()),
    }
}

/// Whether the namespace was given back by a removal that was cut off before it gave the rest back.
fn is_given_back(look: &Look, live: &State) -> bool {
    let nobodys = look
        .namespace
        .as_ref()
        .is_some_and(|namespace| namespace.label(TENANT).is_none());
    let mut ours = live
        .values()
        .filter(|object| look.subject.owns(object))
        .peekable();
    nobodys && ours.peek().is_some() && ours.all(plan::is_adopted)
}

/// How long pods may take to end, and the namespace controller after them.
fn time_to_end(live: &State) -> Duration {
    let grace = live.values().filter_map(|object| {
        object
            .tree
            .pointer("/spec/template/spec/terminationGracePeriodSeconds")?
            .as_u64()
    });
    Duration::from_secs(grace.max().unwrap_or(0) + 60)
}

/// Asks on a terminal; without one, `--yes` has to be given.
pub(super) async fn confirm(context: &Context, yes: bool, question: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    if context.report.is_for_programs() {
        return Err(
            Error::usage("-o json asks no question").hint("give --yes to delete without one")
        );
    }
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage("not asking without a terminal")
            .hint("give --yes to delete without a question"));
    }
    context.ui.status(&format!("{question} Type yes to go on:"));
    // A thread of its own reads, so that a signal ends the question too.
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        // Nobody waits for the answer after a signal.
        _ = sender.send(read.is_ok() && line.trim() == "yes");
    });
    let confirmed = context
        .until_signal(async { Ok(answer.await.unwrap_or(false)) })
        .await?;
    if confirmed {
        Ok(())
    } else {
        Err(Error::usage("not confirmed; nothing was deleted"))
    }
}
