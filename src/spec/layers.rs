//! Layers of input, the later over the earlier: built-in, defaults of the settings, tier, tenant file and flags.

use serde_json::{Map, Value};

use super::{AuthMode, HealthType, Names, TenantName, TenantSpec};
use crate::{
    config::Settings,
    error::{Error, Result},
    yaml::nearest,
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
    let asks = [&input.layer, &defaults]
        .into_iter()
        .find_map(|layer| Some((layer, layer.spec.get("tier")?.as_str()?)));
    let tier_name = asks.map_or("small", |(_, name)| name).to_string();
    let tier = settings.tiers.get(&tier_name).ok_or_else(|| {
        let known: Vec<&str> = settings.tiers.keys().map(String::as_str).collect();
        let error = Error::usage(format!(
            "{}: spec.tier: there is no tier `{tier_name}`",
            asks.map_or("built-in", |(layer, _)| layer.source.as_str())
        ))
        .detail(format!("known tiers: {}", known.join(", ")));
        match nearest(&tier_name, known.into_iter()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!(
                "define it in {}: tiers.{tier_name}",
                settings.source
            )),
        }
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
    found.extend(bad_resources(spec));
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

const LABEL_VALUE: &str =
    "at most 63 of A-Z, a-z, 0-9, `-`, `_`, `.`, with a letter or digit at both ends";

/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
fn is_label_value(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Requests over their limits, and names that are no resource of a container.
fn bad_resources(spec: &TenantSpec) -> Vec<String> {
    const KNOWN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
    let resources = &spec.resources;
    let mut found = Vec::new();
    for (field, map) in [
        ("requests", &resources.requests),
        ("limits", &resources.limits),
    ] {
        let unknown = |name: &&String| {
            !KNOWN.contains(&name.as_str())
                && !name.contains('/')
                && !name.starts_with("hugepages-")
        };
        for name in map.keys().filter(unknown) {
            let near = nearest(name, KNOWN.into_iter());
            let instead = near.map_or_else(
                || KNOWN.join(", "),
                |near| format!("did you mean `{near}`?"),
            );
            found.push(format!(
                "spec.resources.{field}.{name}: not a resource: {instead}"
            ));
        }
    }
    for (name, request) in &resources.requests {
        let limit = resources.limits.get(name);
        if let Some(limit) = limit.filter(|limit| request.milli() > limit.milli()) {
            found.push(format!(
                "spec.resources: request {request} of {name} is over its limit {limit}"
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests;
