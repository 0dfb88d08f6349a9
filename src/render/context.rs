//! The variables that templates see.

use serde_json::{Value, json};

use super::quota;
use crate::{
    config::Settings,
    error::{Error, Result},
    object::PLATFORM_NAMESPACE,
    policy,
    spec::{AuthMode, Boundary, Resolved, TenantSpec, partition},
};

/// Stands for the account id where it is not known. It is no account, so a policy that holds it matches nothing.
pub const ACCOUNT_PLACEHOLDER: &str = "ACCOUNT-ID-NOT-SET";
/// Seconds between the load balancer being told and the server being told: requests still arrive meanwhile.
const PRE_STOP_SECONDS: u16 = 20;

/// ARN of the cluster.
pub fn cluster_arn(settings: &Settings) -> String {
    let cluster = &settings.cluster;
    let partition = partition(cluster.region.as_str());
    format!(
        "arn:{partition}:eks:{}:{}:cluster/{}",
        cluster.region,
        account(settings),
        cluster.name
    )
}

/// ARN of a role by path and name.
pub fn role_arn(settings: &Settings, path: &str, name: &str) -> String {
    let partition = partition(settings.cluster.region.as_str());
    format!(
        "arn:{partition}:iam::{}:role{path}{name}",
        account(settings)
    )
}

fn account(settings: &Settings) -> &str {
    settings
        .cluster
        .account_id
        .as_ref()
        .map_or(ACCOUNT_PLACEHOLDER, |account| account.as_str())
}

/// Variables of the tenant's templates; `templates/README.md` describes each.
///
/// # Errors
/// Usage, for a policy that cannot be expanded and for settings that a tenant needs.
pub fn tenant(resolved: &Resolved, settings: &Settings) -> Result<Value> {
    let (spec, names) = (&resolved.spec, &resolved.names);
    let role_arn = role_arn(settings, &names.role_path, &names.role);
    let grace = PRE_STOP_SECONDS + spec.drain_seconds + 10;
    let jwt = (spec.auth.mode == AuthMode::Jwt).then(|| jwt_validation(spec));
    let mut context = platform(settings)?;
    let own = json!({
        "tenant": {"name": resolved.name.as_str()},
        "names": names,
        "host": resolved.host(),
        "url": resolved.url(),
        "spec": spec,
        "preStopSeconds": PRE_STOP_SECONDS,
        "graceSeconds": grace,
        "quota": {"pods": quota::pods(spec), "resources": quota::hard(spec)},
        "resourceAttributes": format!(
            "mcpctl.tenant={},service.namespace=mcp,k8s.cluster.name={},k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME)",
            resolved.name, settings.cluster.name
        ),
        "jwtValidation": jwt,
        "role": {
            "arn": role_arn,
            "trustPolicy": trust_policy(resolved, settings),
            "inlinePolicies": role_policy(resolved, settings)?.map_or(json!({}), |policy| json!({"mcpctl": policy})),
            "boundary": boundary(resolved, settings)?,
        },
    });
    crate::spec::merge(&mut context, &own);
    Ok(context)
}

/// Variables of the platform's templates, which the tenant's templates see too.
///
/// # Errors
/// Usage, when network policies would let nothing in.
pub fn platform(settings: &Settings) -> Result<Value> {
    let cluster = &settings.cluster;
    let policies = settings.network_engine != crate::config::NetworkEngine::None;
    if policies && settings.ingress.alb_subnet_cidrs.is_empty() {
        return Err(Error::usage(format!(
            "{}: ingress.albSubnetCidrs is missing",
            settings.source
        ))
        .detail("network policies would let no request in from the load balancer")
        .hint("list the address blocks of its subnets, or set networkPolicy.engine: none"));
    }
    Ok(json!({
        "cluster": {"name": cluster.name, "region": cluster.region, "arn": cluster_arn(settings)},
        "platformNamespace": PLATFORM_NAMESPACE,
        "ingress": settings.ingress,
        "networkPolicy": {"engine": settings.network_engine},
        "telemetry": settings.telemetry,
        "podSecurityVersion": settings.pod_security_version,
    }))
}

/// The controller takes JSON as text, in which the order of keys shows: the same whether the tenant's input was read
/// from its file or from its record.
fn jwt_validation(spec: &TenantSpec) -> String {
    let auth = &spec.auth;
    let mut json = json!({
        "additionalClaims": auth.claims,
        "issuer": auth.issuer,
        "jwksEndpoint": auth.jwks_endpoint,
    });
    json.sort_all_objects();
    json.to_string()
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
        (Some(policy), _) => (policy.document(), "spec.identity.policy"),
        (None, Some(document)) => (document, "iam.policy"),
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
    if let (Some(Boundary::None), Some(Boundary::Policy(arn))) = (own, common) {
        return Err(Error::usage(format!(
            "tenant `{}`: spec.identity.permissionsBoundary: none would take off the boundary {arn} of {}",
            resolved.name, settings.source
        ))
        .hint("give the tenant another boundary, or say none in the settings"));
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
