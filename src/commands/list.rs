//! `mcpctl tenant list`

use std::process::ExitCode;

use crate::{
    cli::{List, ListForm},
    error::Result,
    observe, report,
    session::{Context, Session},
    status::TenantList,
};

pub(super) async fn run(context: &Context, args: &List) -> Result<ExitCode> {
    let list = context
        .until_signal(async {
            let session = Session::open(context, None).await?;
            let settings = &session.settings;
            let identities = session.identities();
            let everyone = observe::everyone(session.kubernetes()?, identities, settings).await?;
            let prefix = settings.namespace_prefix.as_str();
            Ok(TenantList::of(
                &everyone,
                settings.cluster.name.as_str(),
                prefix,
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
