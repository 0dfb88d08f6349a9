//! The variables that templates see.

use serde_json::{Value, json};

use super::{arns::cluster_arn, identity, quota};
use crate::{
    config::Settings,
    error::{Error, Result},
    injected,
    object::PLATFORM_NAMESPACE,
    spec::{AuthMode, Resolved, TenantSpec},
};

/// Seconds between the load balancer being told and the server being told: requests still arrive meanwhile.
const PRE_STOP_SECONDS: u16 = 20;

/// Variables of the tenant's templates; `templates/README.md` describes each.
///
/// # Errors
/// Usage, for a policy that cannot be expanded and for settings that a tenant needs.
pub fn tenant(resolved: &Resolved, settings: &Settings) -> Result<Value> {
    let (spec, names) = (&resolved.spec, &resolved.names);
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
    });
    crate::spec::merge(&mut context, &own);
    crate::spec::merge(&mut context, &identity::variables(resolved, settings)?);
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
        "identity": injected::variables(),
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
