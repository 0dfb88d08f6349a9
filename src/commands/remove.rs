//! `mcpctl tenant remove`

use std::{
    io::{BufRead, IsTerminal},
    process::ExitCode,
    time::Duration,
};

use serde_json::Value;

use crate::{
    cli::Remove,
    error::{Error, Result},
    object::{IAM, Id, Object, State, known_kind},
    plan::{self, Conflict, Options, Plan},
    report,
    session::{Context, Session},
    tenant::{self, Look},
};

pub(super) async fn run(context: &Context, args: &Remove) -> Result<ExitCode> {
    let name = tenant::parse_name(&args.name)?;
    let (session, look, plan, live) = context
        .until_signal(async {
            let session = Session::open(context, args.half.only).await?;
            let look = Look::at(&session, name).await?;
            let (plan, live) = look_for_everything(&look, &session, args).await?;
            Ok((session, look, plan, live))
        })
        .await?;
    let ui = &context.ui;
    let subject = format!("tenant `{}`", look.name);
    let cluster = &session.settings.cluster.name;
    if !plan.conflicts.is_empty() {
        ui.block(&report::plan(&subject, &plan));
        return Err(report::conflicts(&subject, &plan));
    }
    if !plan.writes() && plan.steps.is_empty() {
        ui.status(&format!(
            "{subject} is not known on cluster {cluster}: nothing to remove"
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let text = report::plan(&format!("{subject} on cluster {cluster}"), &plan);
    if args.dry_run {
        ui.data(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    ui.block(&text);
    let question = format!("Delete {subject} from cluster {cluster}?");
    confirm(context, args.yes, &question).await?;
    let outcome = session
        .execute(
            &plan,
            (&look.subject, &live),
            args.timeout.or_at_least(time_to_end(&live)),
        )
        .await;
    if let Some(error) = report::failure(&subject, &plan, &outcome) {
        return Err(error);
    }
    ui.status(&format!(
        "{subject} is removed: nothing of it is left on cluster {cluster}"
    ));
    Ok(ExitCode::SUCCESS)
}

async fn look_for_everything(
    look: &Look,
    session: &Session<'_>,
    args: &Remove,
) -> Result<(Plan, State)> {
    let wanted = State::new();
    let mut live = look.live(session, &wanted).await?;
    tenant::keep(&mut live, args.half.only);
    let mut plan = plan::toward(
        &wanted,
        &live,
        &look.subject,
        Options {
            gate: false,
            ready: false,
        },
    );
    if let Some(id) = look
        .foreign_namespace()
        .filter(|_| args.half.only.is_none())
    {
        plan.conflicts.push(Conflict::new(
            &id,
            "is not ours: it has another owner than mcpctl",
        ));
    }
    if let Some(conflict) = protected(look) {
        plan.conflicts.push(conflict);
    }
    let foreign: Vec<Conflict> = plan
        .foreign
        .drain(..)
        .map(|foreign| {
            Conflict::new(
                &foreign.id,
                format!("{} is not ours; detach it first", foreign.what),
            )
        })
        .collect();
    let own = own_managed_of_record(look);
    plan.conflicts.extend(
        foreign
            .into_iter()
            .filter(|conflict| !own.iter().any(|arn| conflict.why.contains(arn.as_str()))),
    );
    if let Some(kubernetes) = &session.kubernetes
        && look.owns_namespace()
    {
        plan.conflicts
            .extend(foreign_contents(kubernetes, look).await?);
    }
    if let Some(aws) = &session.aws {
        for object in live.values().filter(|object| object.id().is(IAM, "Role")) {
            let profiles = aws.iam.instance_profiles(object.text("/spec/name")).await?;
            plan.conflicts.extend(profiles.into_iter().map(|profile| {
                Conflict::new(object.id(), format!("instance profile {profile} holds it"))
            }));
        }
    }
    Ok((plan, live))
}

fn protected(look: &Look) -> Option<Conflict> {
    let record = look.record.as_ref()?;
    let protected = record
        .input
        .layer
        .spec
        .get("protected")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let id = Id::namespace(&look.names.namespace);
    protected.then(|| Conflict::new(&id, "the tenant is protected; take it off first: mcpctl tenant add NAME --set protected=false"))
}

/// Managed policies that the tenant itself asked for: they are detached with its role.
fn own_managed_of_record(look: &Look) -> Vec<String> {
    let list = look.record.as_ref().and_then(|record| {
        record
            .input
            .layer
            .spec
            .get("identity")?
            .get("managedPolicyArns")?
            .as_array()
            .cloned()
    });
    list.unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_string)
        .collect()
}

/// Volumes and workloads that somebody else put into the namespace: deleting it would delete them.
async fn foreign_contents(
    kubernetes: &crate::backend::Kubernetes,
    look: &Look,
) -> Result<Vec<Conflict>> {
    const KINDS: [(&str, &str); 6] = [
        ("", "PersistentVolumeClaim"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("batch", "CronJob"),
        ("batch", "Job"),
    ];
    let lists = KINDS
        .iter()
        .filter_map(|(group, kind)| known_kind(group, kind))
        .map(|kind| kubernetes.list(kind, &look.names.namespace, ""));
    let lists = futures_util::future::try_join_all(lists).await?;
    let foreign = |object: &&Object| {
        !look.subject.owns(object) && object.tree["metadata"]["ownerReferences"].is_null()
    };
    let why = "is not ours, and would be deleted with the namespace; delete or move it first";
    Ok(lists
        .iter()
        .flatten()
        .filter(foreign)
        .map(|object| Conflict::new(object.id(), why))
        .collect())
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
