//! The variables of role and association: who may assume the role, and what it may do.

use serde_json::{Value, json};

mod session;

use super::arns::{account, cluster_arn, role_arn};
use crate::{
    config::{Scoping, Settings},
    error::{Error, Result},
    policy,
    spec::{Boundary, Resolved, RoleArn, partition},
};

/// Variables of the templates of role and association.
///
/// # Errors
/// Usage, for a policy that cannot be expanded, and for what AWS would refuse.
pub(super) fn variables(resolved: &Resolved, settings: &Settings) -> Result<Value> {
    match &settings.scoping {
        Scoping::Dedicated => dedicated(resolved, settings),
        Scoping::SessionPolicy(role) => shared(role, resolved, settings),
    }
}

fn dedicated(resolved: &Resolved, settings: &Settings) -> Result<Value> {
    let names = &resolved.names;
    let arn = role_arn(settings, &names.role_path, &names.role);
    let target = target_role(resolved, settings, &arn)?;
    let own = role_policy(resolved, settings)?;
    let policy = match target {
        Some(target) => Some(with_target(own.as_ref(), target)),
        None => own,
    };
    Ok(json!({
        "role": {
            "arn": arn,
            "shared": false,
            "trustPolicy": trust_policy(resolved, settings),
            "inlinePolicies": policy.map_or(json!({}), |policy| json!({"mcpctl": policy})),
            "boundary": boundary(resolved, settings)?,
        },
        "association": {
            "disableSessionTags": false,
            "targetRoleArn": target.map(RoleArn::as_str),
            "policy": null,
        },
    }))
}

/// A session policy needs the session tags off, so the shared role cannot be pinned to one tenant by them: the policy on
/// the association is all that keeps tenants apart.
/// <https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html>
fn shared(role: &RoleArn, resolved: &Resolved, settings: &Settings) -> Result<Value> {
    // The account is known from the settings, or from EKS.
    let account = settings.cluster.account_id.as_ref();
    if let Some(account) = account.filter(|account| account.as_str() != role.account()) {
        return Err(Error::usage(format!(
            "{}: iam.sharedRole {role} is not of the cluster's account {account}",
            settings.source
        ))
        .hint("EKS takes roles of the cluster's account; one of another may be a tenant's identity.targetRoleArn"));
    }
    let target = target_role(resolved, settings, role.as_str())?;
    Ok(json!({
        "role": {
            "arn": role.as_str(),
            "shared": true,
            "trustPolicy": null,
            "inlinePolicies": {},
            "boundary": null,
        },
        "association": {
            "disableSessionTags": true,
            "targetRoleArn": target.map(RoleArn::as_str),
            "policy": session::policy(resolved, settings)?,
        },
    }))
}

/// The second role of the chain, which EKS assumes with the first. It may be of another account, but of no other
/// partition: `sts:AssumeRole` does not reach there.
/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html>
fn target_role<'a>(
    resolved: &'a Resolved,
    settings: &Settings,
    role: &str,
) -> Result<Option<&'a RoleArn>> {
    let Some(target) = &resolved.spec.identity.target_role_arn else {
        return Ok(None);
    };
    let region = &settings.cluster.region;
    let partition = partition(region.as_str());
    let refused = |why: String| Err(resolved.wrong("identity.targetRoleArn", &why));
    if target.partition() != partition {
        return refused(format!(
            "{target} is of partition {}, and {region} is of {partition}: no role can be assumed from one in the other",
            target.partition()
        ));
    }
    // IAM tells no upper from lower case in names.
    if target.as_str().eq_ignore_ascii_case(role) {
        return refused(format!("{target} is the role that the chain begins with"));
    }
    Ok(Some(target))
}

/// Begins the Sid of the statement that lets the first role of a chain assume the second.
const FOR_TARGET: &str = "McpctlTargetRole";

/// The first role of a chain may assume the second, and pass the session tags on.
pub fn with_target(policy: Option<&Value>, target: &RoleArn) -> Value {
    let none = || json!({"Version": "2012-10-17", "Statement": []});
    let mut policy = policy.cloned().unwrap_or_else(none);
    let mut all = policy::statements(&policy).to_vec();
    // IAM takes each Sid once.
    let mut sid = FOR_TARGET.to_string();
    while all.iter().any(|statement| statement["Sid"] == sid.as_str()) {
        sid.push('X');
    }
    all.push(target_statement(&sid, target));
    policy["Statement"] = all.into();
    policy
}

/// What remains of such a policy without what was put in for the target role.
pub fn without_target(policy: &Value, target: &RoleArn) -> Option<Value> {
    let for_target = |statement: &&Value| {
        let sid = statement["Sid"].as_str().unwrap_or_default();
        sid.starts_with(FOR_TARGET) && target_statement(sid, target) == **statement
    };
    let rest = policy::statements(policy).iter();
    let rest: Vec<Value> = rest
        .filter(|statement| !for_target(statement))
        .cloned()
        .collect();
    let mut policy = policy.clone();
    policy["Statement"] = Value::from(rest);
    (!policy::statements(&policy).is_empty()).then_some(policy)
}

fn target_statement(sid: &str, target: &RoleArn) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Resource": target.as_str(),
    })
}

/// Only this cluster's Pod Identity, for this namespace and service account, may assume the role.
/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html>
fn trust_policy(resolved: &Resolved, settings: &Settings) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "EksPodIdentity",
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"StringEquals": {
                "aws:RequestTag/eks-cluster-arn": cluster_arn(settings),
                "aws:RequestTag/kubernetes-namespace": resolved.names.namespace,
                "aws:RequestTag/kubernetes-service-account": resolved.names.service_account,
                "aws:SourceAccount": account(settings),
            }},
        }],
    })
}

/// The one inline policy that is ours, expanded; none where neither tenant nor settings give one.
///
/// # Errors
/// Usage, with the statement that cannot be expanded.
pub fn role_policy(resolved: &Resolved, settings: &Settings) -> Result<Option<Value>> {
    let (document, source) = match (&resolved.spec.identity.policy, &settings.policy) {
        (Some(policy), _) => {
            let place = resolved.place("identity.policy").unwrap_or_default();
            (policy.document(), format!("spec.identity.policy ({place})"))
        }
        (None, Some(document)) => (document, format!("iam.policy ({})", settings.source)),
        (None, None) => return Ok(None),
    };
    let variables = json!({
        "tenant": {"name": resolved.name.as_str(), "namespace": resolved.names.namespace},
        "cluster": {"name": settings.cluster.name, "region": settings.cluster.region},
        "account": account(settings),
        "partition": partition(settings.cluster.region.as_str()),
        "values": resolved.spec.values,
    });
    let source = format!("tenant `{}`: {source}", resolved.name);
    policy::expand(document, &variables, &source).map(Some)
}

fn boundary(resolved: &Resolved, settings: &Settings) -> Result<Option<String>> {
    let (own, common) = (
        &resolved.spec.identity.permissions_boundary,
        &settings.permissions_boundary,
    );
    // It is the platform's word on what a tenant's policy may do at most, so the tenant's file does not have the last.
    if let (Some(own), Some(Boundary::Policy(common))) = (own, common) {
        let refused = |why: String| {
            Err(resolved
                .wrong("identity.permissionsBoundary", &why)
                .detail(format!("{} gives tenants the boundary {common}", settings.source))
                .hint("leave it out; another one has to be named in the settings: tiers.NAME.identity.permissionsBoundary"))
        };
        match own {
            Boundary::None => {
                return refused("is none, which would take off that of the settings".into());
            }
            Boundary::Policy(arn) if arn != common && !settings.other_boundaries.contains(arn) => {
                return refused(format!("is {arn}, which the settings do not name"));
            }
            Boundary::Policy(_) => {}
        }
    }
    match own.as_ref().or(common.as_ref()) {
        Some(Boundary::Policy(arn)) => Ok(Some(arn.to_string())),
        Some(Boundary::None) => Ok(None),
        None => Err(Error::usage(format!(
            "{}: iam.permissionsBoundary is missing",
            settings.source
        ))
        .detail("without a boundary a tenant's policy may grant anything that this account allows")
        .hint("give the ARN of a managed policy, or say `none`")),
    }
}
