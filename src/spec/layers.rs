//! Layers of input, the later over the earlier: built-in, defaults of the settings, tier, tenant file and flags.

use serde_json::{Map, Value};

use super::{
    Field, Layer, Names, Origin, TenantName, TenantSpec,
    findings::findings,
    origin::{Finding, places},
};
use crate::{
    config::Settings,
    error::{Error, Result},
    yaml::nearest,
};

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
    /// Tier and defaults, for messages.
    below: [Layer; 2],
}

impl Resolved {
    /// The public host.
    pub fn host(&self) -> &str {
        self.spec.host.as_ref().unwrap_or(&self.names.host).as_str()
    }

    /// Something that is wrong with a field such as `identity.targetRoleArn`, with the line or the flag that gives it.
    pub fn wrong(&self, field: &str, why: &str) -> Error {
        let mut error = Error::usage(format!("tenant `{}`: spec.{field} {why}", self.name));
        error
            .details
            .extend(places(&[Field::of(field)], &self.layers()));
        error
    }

    /// The line or the flag that gives a field; nothing where it is mcpctl's own value.
    pub fn place(&self, field: &str) -> Option<String> {
        let field = Field::of(field);
        self.layers().iter().find_map(|layer| layer.place(&field))
    }

    fn layers(&self) -> [&Layer; 3] {
        let [tier, defaults] = &self.below;
        [&self.input.layer, tier, defaults]
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
    let defaults = defaults(settings);
    let tier = tier(&[&input.layer, &defaults], settings)?;
    let mut merged = Value::Object(Map::new());
    for layer in [&defaults, &tier, &input.layer] {
        lay(&mut merged, &layer.spec);
    }
    let spec: TenantSpec = serde_path_to_error::deserialize(&merged).map_err(|error| {
        let layers = [&input.layer, &tier, &defaults];
        let place = Field::at(error.path())
            .outwards()
            .find_map(|field| layers.iter().find_map(|layer| layer.place(&field)));
        Error::usage(format!(
            "{}: spec.{}: {}",
            place.as_deref().unwrap_or("spec"),
            error.path(),
            error.inner()
        ))
    })?;
    let resolved = Resolved {
        name: input.name.clone(),
        spec,
        names,
        input,
        below: [tier, defaults],
    };
    let findings = findings(&resolved.spec);
    if findings.is_empty() {
        return Ok(resolved);
    }
    let what = format!(
        "tenant `{}` is not complete or contradicts itself",
        resolved.name
    );
    let mut error = Error::usage(what);
    for Finding { why, fields } in findings {
        error.details.push(why);
        let places = places(&fields, &resolved.layers());
        error
            .details
            .extend(places.map(|places| format!("  {places}")));
    }
    Err(error)
}

/// Whether a tenant is protected, by its input, its tier or the defaults, however little the rest of them fits together.
///
/// # Errors
/// Usage, where its tier is not there that may say so.
pub fn is_protected(input: &Input, settings: &Settings) -> Result<bool> {
    let said = |spec: &Map<String, Value>| spec.get("protected")?.as_bool();
    if let Some(protected) = said(&input.layer.spec) {
        return Ok(protected);
    }
    let defaults = defaults(settings);
    let tier = tier(&[&input.layer, &defaults], settings)?;
    Ok(said(&tier.spec)
        .or(said(&defaults.spec))
        .unwrap_or(TenantSpec::default().protected))
}

fn defaults(settings: &Settings) -> Layer {
    settings_layer(
        format!("{} (defaults)", settings.source),
        (&settings.defaults, &["defaults"]),
        settings,
    )
}

/// Fields that the settings give, in a file that is there under some keys.
fn settings_layer(
    source: String,
    (spec, under): (&Map<String, Value>, &[&str]),
    settings: &Settings,
) -> Layer {
    let mut layer = Layer::new(source, spec.clone());
    let file = settings.text.as_ref().map(|text| Origin::File {
        source: settings.source.clone(),
        text: text.clone(),
        under: under.iter().map(ToString::to_string).collect(),
    });
    layer.origins.extend(file);
    layer
}

/// The tier that the uppermost of these layers asks for.
fn tier(layers: &[&Layer], settings: &Settings) -> Result<Layer> {
    let asks = layers
        .iter()
        .find_map(|layer| Some((layer, layer.spec.get("tier")?.as_str()?)));
    let name = asks.map_or("small", |(_, name)| name);
    if let Some(spec) = settings.tiers.get(name) {
        let source = format!("{} (tier {name})", settings.source);
        let mut layer = settings_layer(source, (spec, &["tiers", name]), settings);
        // What the file does not say of a tier is mcpctl's own.
        let built_in = Origin::Whole(format!("built-in tier {name}"));
        layer.origins.insert(0, built_in);
        return Ok(layer);
    }
    let place = asks.and_then(|(layer, _)| layer.place(&Field::of("tier")));
    let known: Vec<&str> = settings.tiers.keys().map(String::as_str).collect();
    let error = Error::usage(format!(
        "{}: spec.tier: there is no tier `{name}`",
        place.as_deref().unwrap_or("built-in")
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
pub(super) mod tests;
