//! `mcpctl tenant list`

use std::process::ExitCode;

use crate::{
    cli::{List, ListForm},
    error::{Error, Result},
    observe, report,
    session::{Context, Session},
    status::TenantList,
    tenant,
};

pub(super) async fn run(context: &Context, args: &List) -> Result<ExitCode> {
    if args.orphans {
        return Box::pin(orphans(context, args.output)).await;
    }
    let list = context
        .until_signal(async {
            let session = Session::open(context, None).await?;
            let settings = &session.settings;
            let identities = session.identities();
            let everyone = observe::everyone(session.kubernetes()?, identities, settings).await?;
            for denied in &everyone.denied {
                context.ui.warning(denied);
            }
            let prefix = settings.namespace_prefix.as_str();
            Ok(TenantList::of(
                &everyone,
                (settings.cluster.name.as_str(), prefix),
                settings.scoping.shared_role(),
                &|namespace| tenant::wants_deployment(namespace, settings),
            ))
        })
        .await?;
    let text = match args.output {
        ListForm::Json => report::json(&list),
        ListForm::Yaml => report::yaml(&list)?,
        ListForm::Name => report::names(&list),
        ListForm::Table => report::tenants(&list),
        ListForm::Wide => report::tenants_wide(&list),
    };
    if list.items.is_empty() {
        context.ui.status("no tenants");
    }
    context.ui.data(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// It is a list: what it finds is no failure.
async fn orphans(context: &Context, output: ListForm) -> Result<ExitCode> {
    let list = context
        .until_signal(async {
            let session = Session::open(context, None).await?;
            let identities = session.identities();
            let identities = identities.ok_or_else(|| Error::usage("AWS is left out"))?;
            tenant::orphans(&session, identities).await
        })
        .await?;
    let text = match output {
        ListForm::Json => report::json(&list),
        ListForm::Yaml => report::yaml(&list)?,
        ListForm::Name => report::orphan_names(&list),
        ListForm::Table => report::orphans(&list),
        ListForm::Wide => report::orphans_wide(&list),
    };
    if list.items.is_empty() {
        context.ui.status("no orphans");
    }
    context.ui.data(&text)?;
    Ok(ExitCode::SUCCESS)
}
