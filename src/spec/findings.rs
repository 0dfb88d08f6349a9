//! What no single field can check: fields that contradict each other, and what Kubernetes or a load balancer would refuse
//! only after the first write.

use super::{
    AuthMode, Cidr, HealthType, TenantSpec,
    kubernetes::{LABEL_VALUE, is_dns_name, is_label_value},
    origin::{Field, Finding},
};

mod resources;
#[cfg(test)]
mod tests;

/// Kubernetes takes no user and no group above it.
/// <https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go>
const HIGHEST_ID: i64 = i32::MAX as i64;

/// What contradicts itself across fields, or is out of its range.
pub(super) fn findings(spec: &TenantSpec) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(bad_server(spec));
    found.extend(bad_auth(spec));
    found.extend(bad_numbers(spec));
    found.extend(bad_egress(spec));
    found.extend(bad_variables(spec));
    found.extend(resources::findings(&spec.resources));
    found.extend(names_twice(spec));
    found.extend(bad_labels(spec));
    found
}

/// Collects what is wrong: whether it is, why, and the fields that say so.
struct Checks(Vec<Finding>);

impl Checks {
    fn check(&mut self, wrong: bool, why: &str, fields: &[&str]) {
        if wrong {
            self.0.push(Finding::new(why, fields));
        }
    }
}

fn bad_server(spec: &TenantSpec) -> Vec<Finding> {
    let mut found = Checks(Vec::new());
    found.check(
        spec.image.is_none(),
        "spec.image is missing: give --image, spec.image or defaults.image",
        &["image"],
    );
    found.check(
        spec.health.kind == HealthType::Http
            && (spec.health.path == spec.mcp_path || spec.health.ready_path == spec.mcp_path),
        "spec.health.path: the MCP path answers POST only; use a path of its own, or health.type: tcp",
        &["mcpPath", "health.path", "health.readyPath", "health.type"],
    );
    found.check(
        !are_codes(spec.health.success_codes.as_str()),
        "spec.health.successCodes: expected codes from 200 to 499, such as 200, 200-299 or 200,204",
        &["health.successCodes"],
    );
    found.0
}

fn bad_auth(spec: &TenantSpec) -> Vec<Finding> {
    const FIELDS: [&str; 4] = [
        "auth.mode",
        "auth.issuer",
        "auth.jwksEndpoint",
        "auth.claims",
    ];
    let auth = &spec.auth;
    let mut found = Checks(Vec::new());
    found.check(
        auth.mode == AuthMode::Jwt && (auth.issuer.is_none() || auth.jwks_endpoint.is_none()),
        "spec.auth: mode jwt needs issuer and jwksEndpoint",
        &FIELDS[..3],
    );
    found.check(
        auth.mode == AuthMode::Server
            && (auth.issuer.is_some() || auth.jwks_endpoint.is_some() || !auth.claims.is_empty()),
        "spec.auth: issuer, jwksEndpoint and claims belong to mode jwt",
        &FIELDS,
    );
    found.check(
        auth.claims.len() > 10,
        "spec.auth.claims: a load balancer takes 10",
        &["auth.claims"],
    );
    found.0
}

fn bad_numbers(spec: &TenantSpec) -> Vec<Finding> {
    let security = &spec.security;
    let mut found = Checks(Vec::new());
    found.check(
        !(1..=HIGHEST_ID).contains(&security.run_as_user),
        "spec.security.runAsUser: from 1, since 0 is root, to 2147483647",
        &["security.runAsUser"],
    );
    found.check(
        !(0..=HIGHEST_ID).contains(&security.run_as_group),
        "spec.security.runAsGroup: from 0 to 2147483647",
        &["security.runAsGroup"],
    );
    found.check(
        !(0..=HIGHEST_ID).contains(&security.fs_group),
        "spec.security.fsGroup: from 0 to 2147483647",
        &["security.fsGroup"],
    );
    found.check(
        spec.drain_seconds > 3600,
        "spec.drainSeconds: at most 3600, the longest deregistration delay of a target group",
        &["drainSeconds"],
    );
    found.0
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

fn bad_egress(spec: &TenantSpec) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, to) in spec.egress.iter().enumerate() {
        let entry = Field::of("egress").key(index);
        let mut check = |wrong: bool, field: Field, why: &str| {
            if wrong {
                found.push(Finding::of(field, format!("spec.egress[{index}]: {why}")));
            }
        };
        check(
            to.cidr.is_some() == (to.namespace_selector.is_some() || to.pod_selector.is_some()),
            entry.clone(),
            "an entry has either cidr or namespaceSelector/podSelector",
        );
        check(
            to.cidr.as_ref().is_some_and(Cidr::reaches_metadata),
            entry.clone().key("cidr"),
            "an address block that holds 169.254.0.0/16 or fd00:ec2::/32 would reach the node's credentials; only 0.0.0.0/0 and ::/0 are made without them",
        );
        check(
            to.ports.is_empty(),
            entry.key("ports"),
            "an entry without ports",
        );
    }
    found
}

/// The two variables whose names can be chosen: no name is free that chooses an identity.
fn bad_variables(spec: &TenantSpec) -> Vec<Finding> {
    let chosen = [
        ("publicUrlEnv", &spec.public_url_env),
        ("allowedHostsEnv", &spec.allowed_hosts_env),
    ];
    let refused = chosen.into_iter().filter_map(|(field, name)| {
        let why = super::env::may_be_set(name.as_str()).err()?;
        Some(Finding::new(format!("spec.{field}: {why}"), &[field]))
    });
    refused.collect()
}

fn names_twice(spec: &TenantSpec) -> Option<Finding> {
    let own = spec.env.iter().enumerate().map(|(index, variable)| {
        let field = Field::of("env").key(index).key("name");
        (variable.name.as_str(), field)
    });
    let chosen = [
        (spec.public_url_env.as_str(), Field::of("publicUrlEnv")),
        (
            spec.allowed_hosts_env.as_str(),
            Field::of("allowedHostsEnv"),
        ),
    ];
    let mut names: Vec<(&str, Field)> = own.chain(chosen).collect();
    names.sort_by_key(|(name, _)| *name);
    let twice = names.windows(2).find(|pair| pair[0].0 == pair[1].0)?[0].0;
    let why = format!(
        "spec.env: variable `{twice}` is set twice (publicUrlEnv and allowedHostsEnv count)"
    );
    names.retain(|(name, _)| *name == twice);
    let fields = names.into_iter().map(|(_, field)| field).collect();
    Some(Finding { why, fields })
}

/// Keys that mcpctl sets itself, and keys and values that Kubernetes would refuse.
fn bad_labels(spec: &TenantSpec) -> Vec<Finding> {
    let mut found = Vec::new();
    for (field, map) in [
        ("labels", &spec.labels),
        ("annotations", &spec.annotations),
        ("nodeSelector", &spec.node_selector),
    ] {
        for (key, value) in map {
            let place = format!("spec.{field}[{key}]");
            let mut find = |why: String| {
                found.push(Finding::of(Field::of(field).key(key), why));
            };
            let ours = key.starts_with("mcpctl.dev/") || key.starts_with("app.kubernetes.io/");
            if ours && field != "nodeSelector" {
                find(format!("{place} is set by mcpctl"));
            }
            let (prefix, name) = key.rsplit_once('/').unwrap_or(("example.com", key));
            if name.is_empty() || !is_label_value(name) || !is_dns_name(prefix) {
                find(format!(
                    "{place}: not a key: an optional DNS name and `/`, then {LABEL_VALUE}"
                ));
            }
            if field != "annotations" && !is_label_value(value.as_str()) {
                find(format!("{place}: `{value}` is not a value: {LABEL_VALUE}"));
            }
        }
    }
    found
}
