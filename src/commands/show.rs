//! `mcpctl tenant show`

use std::process::ExitCode;

use crate::{
    cli::{FileForm, Show},
    error::{Error, Result},
    input,
    session::{Context, Session},
    tenant::{self, Look},
    yaml,
};

pub(super) async fn run(context: &Context, args: &Show) -> Result<ExitCode> {
    let name = tenant::parse_name(&args.name)?;
    context
        .until_signal(async {
            // EKS tells whether the cluster is the one that is meant. What was said is all in it.
            let session = Session::open(context, None).await?.without_identities();
            let look = Look::at(&session, name).await?;
            let Some(record) = &look.record else {
                return Err(without_record(&look, &session));
            };
            let file = input::to_record(&record.input);
            let text = match args.output {
                FileForm::Yaml => yaml::print_alone(&file)?,
                FileForm::Json => format!("{file:#}\n"),
            };
            context.ui.data(&text)?;
            Ok(ExitCode::SUCCESS)
        })
        .await
}

fn without_record(look: &Look, session: &Session<'_>) -> Error {
    let cluster = &session.settings.cluster.name;
    let name = &look.name;
    if look.owns_namespace() {
        return Error::usage(format!(
            "tenant `{name}` has no record on cluster {cluster}"
        ))
        .detail(format!(
            "nothing on namespace {} says what was asked for",
            look.names.namespace
        ))
        .hint(format!(
            "write one from a tenant file: mcpctl tenant add {name} -f FILE"
        ));
    }
    Error::usage(format!("tenant `{name}` is not known on cluster {cluster}"))
        .hint("see who is there: mcpctl tenant list")
}
