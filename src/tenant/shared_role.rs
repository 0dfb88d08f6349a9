//! The role that tenants share, where they do: mcpctl does not keep it, and goes on only while it is pinned to the cluster.

use serde_json::json;

use crate::{
    backend::Aws,
    config::Settings,
    error::Result,
    object::{IAM, Id},
    plan::Conflict,
    policy,
    render::cluster_arn,
};

/// Who assumes roles for pods.
const PODS: &str = "pods.eks.amazonaws.com";

/// What is wrong with the shared role. Nothing where tenants have roles of their own, and where IAM is not asked.
///
/// # Errors
/// When IAM does not answer.
pub(super) async fn conflicts(settings: &Settings, aws: Option<&Aws>) -> Result<Vec<Conflict>> {
    let (Some(shared), Some(aws)) = (settings.scoping.shared_role(), aws) else {
        return Ok(Vec::new());
    };
    let id = Id::new(IAM, "Role", "", shared.name());
    let conflict = |why: String| {
        let hint = "iam.sharedRole; docs/scoping.md has the trust policy that it needs";
        Conflict::new(&id, format!("{why} ({hint})"))
    };
    let Some((arn, trust)) = aws.iam.trust(shared.name()).await? else {
        return Ok(vec![conflict(format!("{shared} does not exist"))]);
    };
    if arn != shared.as_str() {
        return Ok(vec![conflict(format!(
            "the role of this name is {arn}, not {shared}"
        ))]);
    }
    // Without session tags only these two say whose pods ask.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    let pinned = json!({"Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": PODS},
        "Condition": {"StringEquals": {
            "aws:SourceArn": cluster_arn(settings),
            "aws:SourceAccount": shared.account(),
        }},
    }]});
    let loose = policy::loosened(&pinned, &trust);
    let shut =
        policy::shut_to(PODS, &trust).map(|why| format!("{why}: pods would have no credentials"));
    Ok(loose.into_iter().chain(shut).map(conflict).collect())
}
