//! `mcpctl tenant list`

use std::{collections::BTreeMap, process::ExitCode};

use futures_util::future::try_join;

use crate::{
    error::Result,
    marks::TENANT,
    object::{Object, own_kind},
    report,
    session::{Context, Session},
    spec::{SERVICE_ACCOUNT, role_path},
};

const HEAD: [&str; 7] = [
    "NAME",
    "NAMESPACE",
    "HOST",
    "IMAGE",
    "READY",
    "ROLE",
    "ASSOCIATION",
];
const MISSING: &str = "missing";

pub(super) async fn run(context: &Context) -> Result<ExitCode> {
    let rows = context
        .until_signal(async {
            let session = Session::open(context, None).await?;
            rows(&session).await
        })
        .await?;
    if rows.is_empty() {
        context.ui.status("no tenants");
        return Ok(ExitCode::SUCCESS);
    }
    context.ui.data(&report::table(&HEAD, &rows))?;
    Ok(ExitCode::SUCCESS)
}

/// What one tenant shows of its two halves.
#[derive(Default)]
struct Row {
    namespace: Option<String>,
    host: Option<String>,
    image: Option<String>,
    ready: Option<String>,
    role: Option<String>,
    association: Option<String>,
}

async fn rows(session: &Session<'_>) -> Result<Vec<Vec<String>>> {
    let kubernetes = session.kubernetes()?;
    let mut tenants: BTreeMap<String, Row> = BTreeMap::new();
    let (namespaces, deployments) = try_join(
        kubernetes.list(own_kind("", "Namespace"), "", TENANT),
        kubernetes.list(own_kind("apps", "Deployment"), "", TENANT),
    )
    .await?;
    for namespace in &namespaces {
        let row = tenants.entry(tenant_of(namespace)).or_default();
        row.namespace = Some(namespace.id().name.clone());
        row.host = namespace.annotation("mcpctl.dev/host").map(str::to_string);
    }
    for deployment in &deployments {
        let row = tenants.entry(tenant_of(deployment)).or_default();
        let number = |pointer: &str| {
            deployment
                .tree
                .pointer(pointer)
                .and_then(serde_json::Value::as_u64)
                .unwrap_or(0)
        };
        row.image = Some(
            deployment
                .text("/spec/template/spec/containers/0/image")
                .to_string(),
        );
        row.ready = Some(format!(
            "{}/{}",
            number("/status/availableReplicas"),
            number("/spec/replicas")
        ));
    }
    add_identities(session, &mut tenants).await?;
    Ok(tenants
        .into_iter()
        .map(|(name, row)| cells(name, row))
        .collect())
}

fn tenant_of(object: &Object) -> String {
    object.label(TENANT).unwrap_or_default().to_string()
}

/// Roles carry their tenant in the name, before the hash; associations are found by their namespace.
async fn add_identities(session: &Session<'_>, tenants: &mut BTreeMap<String, Row>) -> Result<()> {
    let Some(aws) = &session.aws else {
        return Ok(());
    };
    let cluster = session.settings.cluster.name.as_str();
    let path = role_path(&session.settings.cluster.name);
    let (roles, associations) =
        try_join(aws.iam.roles(&path), aws.eks.associations(cluster, None)).await?;
    for role in roles {
        let tenant = role.tenant().unwrap_or(&role.name).to_string();
        tenants.entry(tenant).or_default().role = Some(role.name);
    }
    let prefix = session.settings.namespace_prefix.as_str();
    for association in associations
        .into_iter()
        .filter(|association| association.service_account == SERVICE_ACCOUNT)
    {
        let known = tenants
            .iter()
            .find(|(_, row)| row.namespace.as_deref() == Some(&association.namespace));
        let tenant = known.map(|(name, _)| name.clone()).or_else(|| {
            association
                .namespace
                .strip_prefix(prefix)
                .map(str::to_string)
        });
        if let Some(tenant) = tenant {
            tenants.entry(tenant).or_default().association = Some(association.id);
        }
    }
    Ok(())
}

fn cells(name: String, row: Row) -> Vec<String> {
    let or_missing = |cell: Option<String>| cell.unwrap_or_else(|| MISSING.into());
    let half = row.namespace.is_none();
    let or_dash = |cell: Option<String>| {
        cell.unwrap_or_else(|| if half { "-".into() } else { MISSING.into() })
    };
    vec![
        name,
        or_missing(row.namespace),
        or_dash(row.host),
        or_dash(row.image),
        or_dash(row.ready),
        or_missing(row.role),
        or_missing(row.association),
    ]
}
