//! `mcpctl tenant diff`

use std::process::ExitCode;

use futures_util::future::try_join;

use crate::{
    backend::Aws,
    cli::{Diff, IdentityGate, Only},
    error::{Error, Kind, Result},
    guard::Seen,
    input::Given,
    report,
    session::{Context, Session},
    spec::{Resolved, TenantName},
    tenant::{self, How, Look, existing},
};

pub(super) async fn run(context: &Context, args: &Diff) -> Result<ExitCode> {
    let given = tenant::given(&args.input, &context.working_directory)?;
    let names = given_names(&given, args)?;
    let look = async |session: &Session<'_>| {
        let seen = async { Ok(Seen::of(session.kubernetes.as_ref()).await) };
        try_join(first(session, names, args.all), seen).await
    };
    context
        .until_signal(async {
            let (session, ((names, mut first), seen)) =
                Session::open_and(context, args.half.only, look).await?;
            let guard = seen?.judged(session.kubernetes.as_ref(), &session.settings);
            if let Some(warning) = guard.await.warning() {
                context.report.warning(&warning);
            }
            let aws = match session.ack {
                Some(_) if args.aws => Some(session.aws_itself().await?),
                _ => None,
            };
            // With --all there is more to say than of one tenant, however few there are.
            let alone = names.len() == 1 && !args.all;
            let mut codes = Vec::new();
            for name in names.clone() {
                context.report.about("tenant", name.as_str());
                let look = match first.take() {
                    Some(look) => look,
                    None => Look::to_make(&session, name.clone()).await,
                };
                match one((&session, aws.as_ref()), (args, &given), look).await {
                    Ok(clean) => codes.push(u8::from(!clean)),
                    Err(error) if alone || error.kind == Kind::ClosedOutput => return Err(error),
                    Err(error) => {
                        context.report.failed(&format!("tenant {name}"), &error);
                        codes.push(error.kind.exit_code());
                    }
                }
            }
            if !alone {
                context.report.about("tenant", "");
            }
            if args.all && args.half.only.is_none() {
                for orphan in tenant::only_in_aws(&session, &names).await? {
                    context.report.leftover(&orphan)?;
                    codes.push(1);
                }
            }
            say_what_is_not_seen(&session, args);
            let worst = worst(&codes);
            context.report.compared(worst);
            Ok(ExitCode::from(worst))
        })
        .await
}

/// The names of all that are meant, and a look at the first of them.
async fn first(
    session: &Session<'_>,
    names: Vec<TenantName>,
    all: bool,
) -> Result<(Vec<TenantName>, Option<Result<Look>>)> {
    let names = if all {
        tenant::all(session).await?
    } else {
        names
    };
    let first = match names.first() {
        Some(name) => Some(Look::to_make(session, name.clone()).await),
        None => None,
    };
    Ok((names, first))
}

fn say_what_is_not_seen(session: &Session<'_>, args: &Diff) {
    if session.ack.is_some() && !args.aws {
        session.context.ui.status("role and association were compared as ACK's objects say them; what was changed in IAM or EKS itself is not seen until ACK looks again, by default every 10 hours: --aws asks them");
    }
}

/// Of several tenants' codes the one that matters most.
fn worst(codes: &[u8]) -> u8 {
    const ORDER: [u8; 6] = [6, 5, 3, 4, 2, 1];
    ORDER
        .into_iter()
        .find(|code| codes.contains(code))
        .unwrap_or(0)
}

fn given_names(given: &Given, args: &Diff) -> Result<Vec<TenantName>> {
    if args.aws && args.half.only == Some(Only::Kubernetes) {
        return Err(Error::usage(
            "--aws asks about the half that --only kubernetes leaves out",
        ));
    }
    let mut names = args
        .names
        .iter()
        .map(|name| tenant::parse_name(name))
        .collect::<Result<Vec<_>>>()?;
    if names.is_empty() {
        names.extend(given.tenant().cloned());
    }
    if names.len() > 1 && given.tenant().is_some() {
        return Err(Error::usage(
            "a tenant file is of one tenant: give one name with -f",
        ));
    }
    if names.is_empty() && !args.all {
        return Err(Error::usage("which tenant?").hint("give names, -f FILE or --all"));
    }
    Ok(names)
}

/// True when there is nothing to say.
async fn one(
    (session, aws): (&Session<'_>, Option<&Aws>),
    (args, given): (&Diff, &Given),
    look: Result<Look>,
) -> Result<bool> {
    let report = &session.context.report;
    let look = look?;
    let name = &look.name;
    if look.record.is_none() && given.is_empty() && look.foreign_namespace().is_none() {
        if session.kubernetes.is_none() {
            return Err(
                Error::usage(format!("tenant `{name}`: nothing says what it is to be"))
                    .detail(tenant::NO_RECORD)
                    .hint(tenant::give_file(name)),
            );
        }
        let why = if look.owns_namespace() {
            "has no record"
        } else {
            "is not known"
        };
        return Err(Error::usage(format!(
            "tenant `{name}` {why} on cluster {}",
            session.settings.cluster.name
        ))
        .hint("to see what add would make, give the tenant file: -f FILE"));
    }
    let resolved = look.resolve(given, session)?;
    let wanted = look.wanted(&resolved, session)?;
    if args.half.only != Some(Only::Kubernetes) {
        for finding in tenant::findings(&resolved, &session.settings, &wanted)? {
            let said = report::finding(&finding);
            report.warning(&format!("tenant `{name}`: {said}"));
        }
    }
    let how = How {
        only: args.half.only,
        gate: IdentityGate::Off,
        ready: args.half.only.is_none(),
        verify: false,
        existing: existing(args.adopt),
    };
    let (confirmed, _) = look.plan(&resolved, wanted, session, &how).await?;
    let (plan, unasked) = confirmed.to_show();
    if let Some(said) = unasked {
        report.warning(&format!("tenant `{name}`: {said}"));
    }
    report.difference(&format!("tenant {name}"), &plan)?;
    if !plan.conflicts.is_empty() {
        return Err(report::conflicts(&format!("tenant `{name}`"), &plan));
    }
    look.said_enough((given, &resolved), &plan, args.half.only)?;
    let same_in_aws = match aws {
        Some(aws) => in_aws(session, &look, (&resolved, aws)).await?,
        None => true,
    };
    Ok(plan.is_clean() && same_in_aws)
}

/// True when IAM and EKS have what ACK was given.
async fn in_aws(
    session: &Session<'_>,
    look: &Look,
    (resolved, aws): (&Resolved, &Aws),
) -> Result<bool> {
    let report = &session.context.report;
    let plan = look.plan_in_aws(resolved, session, aws).await?;
    report.about("source", "aws");
    let told = report.difference(&format!("tenant {} in IAM and EKS", look.name), &plan);
    report.about("source", "");
    told?;
    if !plan.is_clean() {
        session.context.ui.status("what differs in IAM and EKS, ACK puts right when it looks again: at its resync, or when its object changes; what it did not make there it may leave");
    }
    if !plan.conflicts.is_empty() {
        let subject = format!("tenant `{}` in IAM and EKS", look.name);
        return Err(report::conflicts(&subject, &plan));
    }
    Ok(plan.is_clean())
}
