//! Layers of input, the later over the earlier: built-in, defaults of the settings, tier, tenant file and flags.

use serde_json::{Map, Value};

use super::{Names, TenantName, TenantSpec, findings::findings};
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
    let defaults = Layer {
        source: format!("{} (defaults)", settings.source),
        spec: settings.defaults.clone(),
    };
    let tier = tier(&[&input.layer, &defaults], settings)?;
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
    let mut findings = findings(&resolved.spec);
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

/// The tier that the uppermost of these layers asks for.
fn tier(layers: &[&Layer], settings: &Settings) -> Result<Layer> {
    let asks = layers
        .iter()
        .find_map(|layer| Some((layer, layer.spec.get("tier")?.as_str()?)));
    let name = asks.map_or("small", |(_, name)| name);
    if let Some(spec) = settings.tiers.get(name) {
        return Ok(Layer {
            source: format!("{} (tier {name})", settings.source),
            spec: spec.clone(),
        });
    }
    let known: Vec<&str> = settings.tiers.keys().map(String::as_str).collect();
    let error = Error::usage(format!(
        "{}: spec.tier: there is no tier `{name}`",
        asks.map_or("built-in", |(layer, _)| layer.source.as_str())
    ))
    .detail(format!("known tiers: {}", known.join(", ")));
    Err(match nearest(name, known.into_iter()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("define it in {}: tiers.{name}", settings.source)),
    })
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

#[cfg(test)]
mod tests;
