//! `mcpctl tenant add`

use std::{process::ExitCode, time::Duration};

use futures_util::future::try_join;

use crate::{
    cli::{Add, IdentityGate, Only, RunForm, Wait},
    config::{AwsMode, Settings},
    desired,
    error::{Error, Result},
    execute::Outcome,
    guard::{Guard, Seen},
    guests,
    input::Given,
    lint::Finding,
    object::{EKS, IAM, State, in_making_order},
    observe,
    plan::{Action, Plan, Step, Subject},
    record,
    render::ACCOUNT_PLACEHOLDER,
    report,
    session::{Context, Session},
    spec::{Resolved, TenantName},
    tenant::{self, How, Look, existing},
    verify, yaml,
};

/// The stream that `add` would carry out, as YAML or as JSON lines on stdout.
pub(super) fn dry_run(context: &Context, args: &Add) -> Result<ExitCode> {
    let settings = context.settings()?;
    let name = tenant::parse_name(&args.name)?;
    let given = tenant::given(&args.input, &context.working_directory)?;
    let (resolved, mut wanted) = tenant::offline(&name, &given, &settings)?;
    let findings = lint((&resolved, &wanted), &settings, args)?;
    tenant::keep(&mut wanted, args.half.only);
    if args.half.only.is_none() {
        // Role and association are printed as ACK takes them, whatever the settings say.
        record::say_who_carries_out(&mut wanted, &resolved.names.namespace, AwsMode::Ack);
    }
    for object in in_making_order(&wanted) {
        let object = desired::encode(object);
        let text = match args.output.output {
            RunForm::Text => yaml::print(&object)?,
            RunForm::Json => format!("{object}\n"),
        };
        context.ui.data(&text)?;
    }
    warn(context, &findings, &resolved, args);
    let account_said =
        settings.cluster.account_id.is_some() || settings.scoping.shared_role().is_some();
    if !account_said && args.half.only != Some(Only::Kubernetes) {
        context.ui.warning(&format!(
            "the account is not known, so the trust policy holds {ACCOUNT_PLACEHOLDER} and lets nobody in: set cluster.accountId in {} or give --account-id",
            settings.source
        ));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn run(context: &Context, args: &Add) -> Result<ExitCode> {
    let name = tenant::parse_name(&args.name)?;
    context.report.about("tenant", name.as_str());
    let given = tenant::given(&args.input, &context.working_directory)?;
    early_check(context, &name, &given, args)?;
    let only = args.half.only;
    let how = How {
        only,
        gate: args.identity_gate,
        ready: args.wait == Wait::Ready && only != Some(Only::Aws),
        verify: args.verify_identity,
        existing: existing(args.adopt),
    };
    let (session, resolved, plan, live, look) = context
        .until_signal(async {
            let look = async |session: &Session<'_>| {
                let seen = async { Ok(Seen::of(session.kubernetes.as_ref()).await) };
                try_join(Look::to_make(session, name), seen).await
            };
            let (session, (look, seen)) = Session::open_and(context, only, look).await?;
            let resolved = look.resolve(&given, &session)?;
            let wanted = look.wanted(&resolved, &session)?;
            let findings = lint((&resolved, &wanted), &session.settings, args)?;
            warn(context, &findings, &resolved, args);
            let (plan, live) = look.plan(&resolved, wanted, &session, &how).await?;
            let mut plan = plan.to_write()?;
            look.said_enough((&given, &resolved), &plan, only)?;
            let guard = seen?.judged(session.kubernetes.as_ref(), &session.settings);
            heed(&guard.await, &plan, &session, args)?;
            check(&mut plan, &look.subject, &session).await?;
            Ok((session, resolved, plan, live, look))
        })
        .await?;
    let subject = format!("tenant `{}`", resolved.name);
    if !plan.conflicts.is_empty() {
        return Err(report::conflicts(&subject, &plan));
    }
    let title = format!("{subject} on cluster {}", session.settings.cluster.name);
    context.report.plan(&title, &plan);
    let outcome = session
        .execute(
            &plan,
            (&look.subject, &live),
            args.timeout.or_at_least(Duration::ZERO),
        )
        .await;
    context
        .report
        .facts(facts(&resolved, &session.settings, &outcome));
    context.report.outcome(&subject, &plan, &outcome)?;
    for reservation in &outcome.reservations {
        context.report.warning(&reservation.told());
    }
    let (word, lines) = good_end((&resolved, &session.settings), &plan, &outcome);
    context.report.done(word, &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// What can be wrong in files and flags is found before anything is called.
fn early_check(context: &Context, name: &TenantName, given: &Given, args: &Add) -> Result<()> {
    let settings = context.settings()?;
    if args.verify_identity {
        verify::image(&settings)?;
    }
    if given.tenant().is_some() {
        let (resolved, wanted) = tenant::offline(name, given, &settings)?;
        lint((&resolved, &wanted), &settings, args)?;
    } else {
        // Without a file the record may say the rest.
        given.over(name, None)?;
    }
    Ok(())
}

/// Refuses a role that would be given too much. What is left is worth a warning.
fn lint(
    (resolved, wanted): (&Resolved, &State),
    settings: &Settings,
    args: &Add,
) -> Result<Vec<Finding>> {
    if args.half.only == Some(Only::Kubernetes) {
        return Ok(Vec::new());
    }
    let findings = tenant::findings(resolved, settings, wanted)?;
    match report::refusal(&format!("tenant `{}`", resolved.name), &findings) {
        Some(error) => Err(error),
        None => Ok(findings),
    }
}

fn warn(context: &Context, findings: &[Finding], resolved: &Resolved, args: &Add) {
    for finding in findings {
        context.report.warning(&report::finding(finding));
    }
    if args.half.only != Some(Only::Aws) {
        for unseen in tenant::unseen_variables(resolved) {
            context.report.warning(&unseen);
        }
    }
}

async fn check(plan: &mut Plan, subject: &Subject, session: &Session<'_>) -> Result<()> {
    let makes_identity = |step: &Step| step.id.is_aws() && matches!(step.action, Action::Create(_));
    if let Some(ack) = &session.ack
        && plan.steps.iter().any(makes_identity)
        && !observe::has_platform(ack).await?
    {
        return Err(
            Error::unreachable("this cluster has no namespace mcpctl-system")
                .detail("with aws: ack that is where role and association are kept")
                .hint("install the platform: mcpctl platform apply"),
        );
    }
    let Some(kubernetes) = session.kubernetes.as_ref().filter(|_| plan.writes()) else {
        return Ok(());
    };
    let takes_namespace = |step: &Step| {
        step.id.is("", "Namespace")
            && matches!(&step.action, Action::Update(update) if update.adopts)
    };
    if let Some(step) = plan.steps.iter().find(|step| takes_namespace(step)) {
        let namespace = step.id.name.clone();
        let guests = guests::find(kubernetes, subject, &namespace).await?;
        guests.keep_out(plan);
    }
    Ok(())
}

/// No pod is started where nothing would refuse the next one for lack of credentials, unless the user wants it so.
fn heed(guard: &Guard, plan: &Plan, session: &Session<'_>, args: &Add) -> Result<()> {
    let required = args.identity_gate == IdentityGate::Required && plan.makes_pods();
    if let Some(refusal) = guard.refusal().filter(|_| required) {
        return Err(refusal);
    }
    if let Some(warning) = guard.warning() {
        session.context.report.warning(&warning);
    }
    Ok(())
}

fn facts(
    resolved: &Resolved,
    settings: &Settings,
    outcome: &Outcome,
) -> Vec<(&'static str, String)> {
    let state = &outcome.state;
    let role = match settings.scoping.shared_role() {
        Some(shared) => shared.to_string(),
        None => text(state, IAM, "/status/ackResourceMetadata/arn"),
    };
    let association = |pointer| text(state, EKS, pointer);
    let mut facts = vec![
        ("url", resolved.url()),
        ("namespace", resolved.names.namespace.clone()),
        ("role", role),
        ("association", association("/status/associationID")),
    ];
    // The owner of the second role writes it into that role's trust policy.
    if resolved.spec.identity.target_role_arn.is_some() {
        facts.push(("targetRole", association("/spec/targetRoleARN")));
        facts.push(("externalId", association("/status/externalID")));
    }
    facts
}

/// One word, and the lines for people.
fn good_end(
    (resolved, settings): (&Resolved, &Settings),
    plan: &Plan,
    outcome: &Outcome,
) -> (&'static str, Vec<String>) {
    let shared = settings.scoping.shared_role().is_some();
    let name = &resolved.name;
    let verifies = |step: &Step| matches!(step.action, Action::Verify(_));
    let verified = plan.steps.iter().any(verifies).then(|| {
        let arn = verify::role(&outcome.state).unwrap_or_default();
        let role = arn.rsplit('/').next().unwrap_or_default();
        let untested = if shared {
            "; what its session policy leaves of that was not tried"
        } else {
            ""
        };
        format!("a pod of it asked STS who it is, and runs as role {role}{untested}")
    });
    if !plan.writes() {
        let mut lines = vec![format!("tenant `{name}`: nothing to do")];
        lines.extend(verified);
        return ("unchanged", lines);
    }
    let waited = plan
        .steps
        .iter()
        .any(|step| matches!(step.action, Action::AwaitReady));
    let ready = waited && outcome.unknown.is_empty();
    let word = if ready { "ready" } else { "applied" };
    let [create, change, delete] = plan.counts();
    let mut lines = vec![format!(
        "tenant `{name}` is {word}: {create} created, {change} changed, {delete} deleted"
    )];
    let silent = outcome.unknown.iter();
    lines.extend(silent.map(|id| {
        format!("whether {id} is ready is not known: it has no condition Ready or Available")
    }));
    lines.extend(verified);
    if waited {
        lines.push("DNS and TLS of the URL are not checked".into());
    }
    (word, lines)
}

fn text(state: &State, group: &str, pointer: &str) -> String {
    state
        .iter()
        .find(|(id, _)| id.group == group)
        .map(|(_, object)| object.text(pointer).to_string())
        .unwrap_or_default()
}
