//! What no single field can check: fields that contradict each other, and what Kubernetes or a load balancer would refuse
//! only after the first write.

use super::{
    AuthMode, Cidr, HealthType, TenantSpec,
    kubernetes::{LABEL_VALUE, is_dns_name, is_label_value},
};

mod resources;

/// Kubernetes takes no user and no group above it.
/// <https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go>
const HIGHEST_ID: i64 = i32::MAX as i64;

/// What contradicts itself across fields.
pub(super) fn findings(spec: &TenantSpec) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |wrong: bool, why: &str| {
        if wrong {
            found.push(why.to_string());
        }
    };
    check(
        spec.image.is_none(),
        "spec.image is missing: give --image, spec.image or defaults.image",
    );
    check(
        spec.health.kind == HealthType::Http
            && (spec.health.path == spec.mcp_path || spec.health.ready_path == spec.mcp_path),
        "spec.health.path: the MCP path answers POST only; use a path of its own, or health.type: tcp",
    );
    check(
        !are_codes(spec.health.success_codes.as_str()),
        "spec.health.successCodes: expected codes from 200 to 499, such as 200, 200-299 or 200,204",
    );
    check(
        spec.auth.mode == AuthMode::Jwt
            && (spec.auth.issuer.is_none() || spec.auth.jwks_endpoint.is_none()),
        "spec.auth: mode jwt needs issuer and jwksEndpoint",
    );
    check(
        spec.auth.mode == AuthMode::Server
            && (spec.auth.issuer.is_some()
                || spec.auth.jwks_endpoint.is_some()
                || !spec.auth.claims.is_empty()),
        "spec.auth: issuer, jwksEndpoint and claims belong to mode jwt",
    );
    check(
        spec.auth.claims.len() > 10,
        "spec.auth.claims: a load balancer takes 10",
    );
    check(
        !(1..=HIGHEST_ID).contains(&spec.security.run_as_user),
        "spec.security.runAsUser: from 1, since 0 is root, to 2147483647",
    );
    check(
        !(0..=HIGHEST_ID).contains(&spec.security.run_as_group),
        "spec.security.runAsGroup: from 0 to 2147483647",
    );
    check(
        !(0..=HIGHEST_ID).contains(&spec.security.fs_group),
        "spec.security.fsGroup: from 0 to 2147483647",
    );
    check(
        spec.drain_seconds > 3600,
        "spec.drainSeconds: at most 3600, the longest deregistration delay of a target group",
    );
    found.extend(bad_egress(spec));
    found.extend(bad_variables(spec));
    found.extend(resources::findings(&spec.resources));
    found.extend(names_twice(spec));
    found.extend(bad_labels(spec));
    found
}

/// Whether a load balancer of ours takes this for healthy codes. One that it refuses stops every tenant of its group.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html>
fn are_codes(text: &str) -> bool {
    let code = |text: &str| {
        let digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        let code = text.parse::<u16>().ok().filter(|_| digits)?;
        (200..=499).contains(&code).then_some(code)
    };
    text.split(',').all(|part| match part.split_once('-') {
        Some((from, to)) => code(from)
            .zip(code(to))
            .is_some_and(|(from, to)| from <= to),
        None => code(part).is_some(),
    })
}

fn bad_egress(spec: &TenantSpec) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |wrong: bool, why: &str| {
        if wrong {
            found.push(why.to_string());
        }
    };
    check(
        spec.egress.iter().any(|to| {
            to.cidr.is_some() == (to.namespace_selector.is_some() || to.pod_selector.is_some())
        }),
        "spec.egress: each entry has either cidr or namespaceSelector/podSelector",
    );
    check(
        spec.egress
            .iter()
            .filter_map(|to| to.cidr.as_ref())
            .any(Cidr::reaches_metadata),
        "spec.egress: an address block that holds 169.254.0.0/16 or fd00:ec2::/32 would reach the node's credentials; only 0.0.0.0/0 and ::/0 are made without them",
    );
    check(
        spec.egress.iter().any(|to| to.ports.is_empty()),
        "spec.egress: an entry without ports",
    );
    found
}

/// The two variables whose names can be chosen: no name is free that chooses an identity.
fn bad_variables(spec: &TenantSpec) -> Vec<String> {
    let chosen = [
        ("publicUrlEnv", &spec.public_url_env),
        ("allowedHostsEnv", &spec.allowed_hosts_env),
    ];
    let refused = chosen.into_iter().filter_map(|(field, name)| {
        let why = super::env::may_be_set(name.as_str()).err()?;
        Some(format!("spec.{field}: {why}"))
    });
    refused.collect()
}

fn names_twice(spec: &TenantSpec) -> Option<String> {
    let mut names: Vec<&str> = spec
        .env
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    names.extend([
        spec.public_url_env.as_str(),
        spec.allowed_hosts_env.as_str(),
    ]);
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1])?[0];
    Some(format!(
        "spec.env: variable `{twice}` is set twice (publicUrlEnv and allowedHostsEnv count)"
    ))
}

/// Keys that mcpctl sets itself, and keys and values that Kubernetes would refuse.
fn bad_labels(spec: &TenantSpec) -> Vec<String> {
    let mut found = Vec::new();
    for (field, map) in [
        ("labels", &spec.labels),
        ("annotations", &spec.annotations),
        ("nodeSelector", &spec.node_selector),
    ] {
        for (key, value) in map {
            let place = format!("spec.{field}[{key}]");
            let ours = key.starts_with("mcpctl.dev/") || key.starts_with("app.kubernetes.io/");
            if ours && field != "nodeSelector" {
                found.push(format!("{place} is set by mcpctl"));
            }
            let (prefix, name) = key.rsplit_once('/').unwrap_or(("example.com", key));
            if name.is_empty() || !is_label_value(name) || !is_dns_name(prefix) {
                found.push(format!(
                    "{place}: not a key: an optional DNS name and `/`, then {LABEL_VALUE}"
                ));
            }
            if field != "annotations" && !is_label_value(value.as_str()) {
                found.push(format!("{place}: `{value}` is not a value: {LABEL_VALUE}"));
            }
        }
    }
    found
}
