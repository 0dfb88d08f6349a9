//! `mcpctl tenant status`

use std::{collections::BTreeSet, process::ExitCode};

use futures_util::future::try_join3;

use crate::{
    cli::{IdentityGate, Only, Status as Args, ViewForm},
    error::{Error, Kind, Result},
    guard::Guard,
    input::Given,
    object::State,
    observe::{self, Changes, Workload},
    plan::{Existing, Plan},
    record, report,
    session::{Context, Session},
    spec::{Names, Resolved, TenantName},
    status::{Facts, Status},
    tenant::{self, How, Look},
};

pub(super) async fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let name = tenant::parse_name(&args.name)?;
    if args.watch && args.half.only == Some(Only::Aws) {
        return Err(Error::usage(
            "--watch follows the cluster, and --only aws leaves it out",
        ));
    }
    context
        .until_signal(async {
            let session = Session::open(context, args.half.only).await?;
            if args.watch {
                follow(&session, &name, args).await?;
            } else {
                let status = look(&session, &name, args.half.only).await?;
                let (status, _) = status.ok_or_else(|| unknown(&session, &name))?;
                let text = match args.output {
                    ViewForm::Text => report::status(&status),
                    ViewForm::Json => report::json(&status),
                    ViewForm::Yaml => report::yaml(&status)?,
                };
                context.ui.data(&text)?;
            }
            Ok(ExitCode::SUCCESS)
        })
        .await
}

fn unknown(session: &Session<'_>, name: &TenantName) -> Error {
    let cluster = &session.settings.cluster.name;
    Error::usage(format!("tenant `{name}` is not known on cluster {cluster}"))
        .hint("see who is there: mcpctl tenant list")
}

/// Shows a tenant anew whenever something in its namespace changes, until it is gone.
async fn follow(session: &Session<'_>, name: &TenantName, args: &Args) -> Result<()> {
    let kubernetes = session.kubernetes()?;
    let mut place = Names::derive(name, &session.settings)?.namespace;
    // Which kinds there are besides our own, the record tells.
    let mut kinds = record::own_kinds();
    let mut shown: Option<Status> = None;
    loop {
        let mut changes = Changes::of(kubernetes, &place, &kinds).await?;
        loop {
            let Some((mut status, recorded)) = look(session, name, args.half.only).await? else {
                if shown.is_none() {
                    return Err(unknown(session, name));
                }
                session
                    .context
                    .ui
                    .status(&format!("tenant `{name}` is gone"));
                return Ok(());
            };
            status.problems.extend(changes.denied.iter().cloned());
            if shown.as_ref() != Some(&status) {
                redraw(session.context, &status, args.output, shown.is_none())?;
            }
            let elsewhere = status.names.namespace != place || !recorded.is_subset(&kinds);
            kinds.extend(recorded);
            place.clone_from(&status.names.namespace);
            shown = Some(status);
            if elsewhere || !changes.next().await {
                break;
            }
        }
    }
}

/// In place on a terminal, else below what was printed before: JSON as one document a line, YAML as a stream.
fn redraw(context: &Context, status: &Status, form: ViewForm, first: bool) -> Result<()> {
    let text = match form {
        ViewForm::Json => report::json_line(status),
        ViewForm::Yaml => report::yaml(status)?,
        ViewForm::Text if context.ui.clear()? || first => report::status(status),
        ViewForm::Text => format!("\n{}", report::status(status)),
    };
    context.ui.data(&text)?;
    context.ui.flush()
}

/// How a tenant is, and the kinds that were ever applied for it; none where nothing says that there is one.
async fn look(
    session: &Session<'_>,
    name: &TenantName,
    only: Option<Only>,
) -> Result<Option<(Status, BTreeSet<(String, String)>)>> {
    let (look, fault) = Look::with_fault(session, name.clone()).await?;
    let workload = async {
        match &session.kubernetes {
            Some(kubernetes) if look.owns_namespace() => {
                observe::workload(kubernetes, &look.names.namespace).await
            }
            _ => Ok(Workload::default()),
        }
    };
    let guard = Guard::of(session.kubernetes.as_ref(), &session.settings);
    let mut problems = Vec::from_iter(fault.as_ref().map(Error::line));
    let recorded = look.record.is_some();
    let resolved = recorded.then(|| look.resolve(&Given::default(), session));
    let resolved = said(resolved.transpose(), &mut problems)?.flatten();
    let compared = compare(&look, session, (resolved.as_ref(), only));
    let (workload, compared, guard) = try_join3(workload, compared, guard).await?;
    let plan = said(compared.plan, &mut problems)?.flatten();
    problems.extend(compared.unasked);
    problems.extend(guard.warning());
    let facts = Facts {
        cluster: session.settings.cluster.name.as_str(),
        aws_mode: session.settings.aws,
        shared_role: session.settings.scoping.shared_role(),
        asked: (session.kubernetes.is_some(), session.identities().is_some()),
        look: &look,
        believed: fault.is_none(),
        resolved: resolved.as_ref(),
        plan: plan.as_ref(),
        live: &compared.live,
        workload: &workload,
    };
    let kinds = look.record.as_ref().map(|record| record.kinds.clone());
    Ok(facts
        .is_known()
        .then(|| (Status::of(&facts, problems), kinds.unwrap_or_default())))
}

/// A record that settings, tiers or templates no longer fit is a problem to show, and no reason to show nothing.
fn said<T>(answer: Result<T>, problems: &mut Vec<String>) -> Result<Option<T>> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == Kind::Usage => {
            problems.push(error.line());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What would change, and what lives. There is no plan where nothing says what is wanted, and none for a tenant that
/// is going.
async fn compare(
    look: &Look,
    session: &Session<'_>,
    (resolved, only): (Option<&Resolved>, Option<Only>),
) -> Result<Compared> {
    let how = How {
        only,
        gate: IdentityGate::Off,
        ready: only.is_none(),
        verify: false,
        existing: Existing::Refuse,
    };
    let nothing = State::new();
    let (plan, live, unasked) = match resolved.filter(|_| !look.is_going()) {
        None => (Ok(None), look.live(session, &nothing).await?, None),
        Some(resolved) => match look.view(resolved, session, &how).await {
            Ok((plan, live, unasked)) => (Ok(Some(plan)), live, unasked),
            Err(error) if error.kind == Kind::Usage => {
                (Err(error), look.live(session, &nothing).await?, None)
            }
            Err(error) => return Err(error),
        },
    };
    Ok(Compared {
        plan,
        live,
        unasked,
    })
}

/// What a comparison found.
struct Compared {
    plan: Result<Option<Plan>>,
    live: State,
    /// What the API server could not be asked.
    unasked: Option<String>,
}
