//! Layers of input, the later over the earlier: built-in, defaults of the settings, tier, tenant file and flags.

use serde_json::{Map, Value};

use super::{AuthMode, HealthType, Names, TenantName, TenantSpec};
use crate::{
    config::Settings,
    error::{Error, Result},
};

/// Fields that one source gives, before defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The file or flag, for messages.
    pub source: String,
    /// The fields of [`TenantSpec`] that it gives.
    pub spec: Map<String, Value>,
}

/// What the tenant's owner said: file and flags, with the contents of files embedded. This is what is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The tenant.
    pub name: TenantName,
    /// File and flags, merged.
    pub layer: Layer,
}

/// A tenant with nothing left to look up.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The tenant.
    pub name: TenantName,
    /// What was said.
    pub input: Input,
    /// What holds, defaults included.
    pub spec: TenantSpec,
    /// Derived names.
    pub names: Names,
}

impl Resolved {
    /// The public host.
    pub fn host(&self) -> &str {
        self.spec.host.as_ref().unwrap_or(&self.names.host).as_str()
    }

    /// The public URL of the MCP endpoint.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.host(), self.spec.mcp_path)
    }
}

/// Lays the input over tier, defaults and built-in values, and checks what no single field can check.
///
/// # Errors
/// Usage, with the layer and the field.
pub fn resolve(input: Input, names: Names, settings: &Settings) -> Result<Resolved> {
    let source = |suffix: &str| format!("{} ({suffix})", settings.source);
    let defaults = Layer {
        source: source("defaults"),
        spec: settings.defaults.clone(),
    };
    let tier_name = [&input.layer, &defaults]
        .iter()
        .find_map(|layer| layer.spec.get("tier")?.as_str());
    let tier_name = tier_name.unwrap_or("small").to_string();
    let tier = settings.tiers.get(&tier_name).ok_or_else(|| {
        let known = settings
            .tiers
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        Error::usage(format!(
            "tenant `{}`: there is no tier `{tier_name}`",
            input.name
        ))
        .hint(format!("known tiers: {known}"))
    })?;
    let tier = Layer {
        source: source(&format!("tier {tier_name}")),
        spec: tier.clone(),
    };
    let said = input.layer.clone();
    let layers = [&defaults, &tier, &said];
    let mut merged = Value::Object(Map::new());
    for layer in layers {
        lay(&mut merged, &layer.spec);
    }
    let spec: TenantSpec = serde_path_to_error::deserialize(&merged).map_err(|error| {
        let path = error.path().to_string();
        let top = path.split(['.', '[']).next().unwrap_or_default();
        let from = layers
            .iter()
            .rev()
            .find(|layer| layer.spec.contains_key(top));
        Error::usage(format!(
            "{}: spec.{path}: {}",
            from.map_or("spec", |layer| &layer.source),
            error.inner()
        ))
    })?;
    let resolved = Resolved {
        name: input.name.clone(),
        spec,
        names,
        input,
    };
    let mut findings = findings(&resolved);
    if findings.is_empty() {
        return Ok(resolved);
    }
    let mut error = Error::usage(format!(
        "tenant `{}` is not complete or contradicts itself",
        resolved.name
    ));
    error.details.append(&mut findings);
    error.hints.push(format!(
        "its fields come from {}, {} and {}",
        layers[2].source, layers[1].source, layers[0].source
    ));
    Err(error)
}

/// Lays one layer over those below. A policy is a document and no map of fields: two of them do not mix.
pub fn lay(base: &mut Value, layer: &Map<String, Value>) {
    let given = layer
        .get("identity")
        .is_some_and(|identity| identity.get("policy").is_some());
    if given && let Some(policy) = base.pointer_mut("/identity/policy") {
        policy.take();
    }
    merge(base, &Value::Object(layer.clone()));
}

/// Maps merge, everything else replaces.
pub fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// What contradicts itself across fields.
fn findings(resolved: &Resolved) -> Vec<String> {
    let spec = &resolved.spec;
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
        !spec
            .health
            .success_codes
            .as_str()
            .split([',', '-'])
            .all(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit())),
        "spec.health.successCodes: expected codes such as 200, 200-299 or 200,204",
    );
    check(
        spec.auth.mode == AuthMode::Jwt
            && (spec.auth.issuer.is_none() || spec.auth.jwks_endpoint.is_none()),
        "spec.auth: mode jwt needs issuer and jwksEndpoint",
    );
    check(
        spec.auth.mode == AuthMode::Server
            && (spec.auth.issuer.is_some() || spec.auth.jwks_endpoint.is_some()),
        "spec.auth: issuer and jwksEndpoint belong to mode jwt",
    );
    check(
        spec.egress.iter().any(|to| {
            to.cidr.is_some() == (to.namespace_selector.is_some() || to.pod_selector.is_some())
        }),
        "spec.egress: each entry has either cidr or namespaceSelector/podSelector",
    );
    check(
        spec.egress.iter().any(|to| to.ports.is_empty()),
        "spec.egress: an entry without ports",
    );
    check(
        spec.security.run_as_user <= 0
            || spec.security.run_as_group < 0
            || spec.security.fs_group < 0,
        "spec.security: runAsUser must be above 0, groups must not be negative",
    );
    check(
        spec.drain_seconds > 3600,
        "spec.drainSeconds: at most 3600, the longest deregistration delay of a target group",
    );
    let over = spec
        .resources
        .requests
        .iter()
        .filter_map(|(name, request)| {
            let limit = spec.resources.limits.get(name)?;
            (request.milli() > limit.milli()).then(|| {
                format!("spec.resources: request {request} of {name} is over its limit {limit}")
            })
        });
    let over: Vec<String> = over.collect();
    found.extend(over);
    found.extend(names_twice(spec));
    found.extend(bad_labels(spec));
    found
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

/// Keys that mcpctl sets itself, and values that Kubernetes would refuse.
fn bad_labels(spec: &TenantSpec) -> Vec<String> {
    let ours = |key: &str| key.starts_with("mcpctl.dev/") || key.starts_with("app.kubernetes.io/");
    let reserved = spec
        .labels
        .keys()
        .chain(spec.annotations.keys())
        .filter(|key| ours(key));
    let mut found: Vec<String> = reserved
        .map(|key| format!("spec.labels, spec.annotations: `{key}` is set by mcpctl"))
        .collect();
    let valid = |text: &str| {
        let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
        text.len() <= 63
            && edge(text.chars().next())
            && edge(text.chars().last())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    found.extend(spec.labels.iter().filter(|(_, value)| !valid(value.as_str())).map(|(key, value)| {
        format!("spec.labels.{key}: `{value}` is not a label value: at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, alphanumeric at both ends")
    }));
    found
}

#[cfg(test)]
mod tests;
