//! What flags say about a tenant, laid over its input.

use std::{fmt::Write, path::Path};

use serde_json::{Map, Value, json};

use super::Flags;
use crate::{
    config,
    error::{Error, Result},
    policy,
    spec::{Input, Layer, Origin, TenantSpec, lay, merge},
    yaml,
};

impl Flags {
    /// Whether no flag says anything about the tenant.
    pub fn is_empty(&self) -> bool {
        self.image.is_none()
            && self.tier.is_none()
            && self.policy.is_none()
            && self.set.is_empty()
            && self.allow.is_empty()
    }

    /// Lays the flags over an input.
    ///
    /// # Errors
    /// Usage, with the flag.
    pub fn apply(&self, mut input: Input, working_directory: &Path) -> Result<Input> {
        let mut origins = std::mem::take(&mut input.layer.origins);
        let mut flag = |name: String, gives: Value| origins.push(Origin::Flag { name, gives });
        let mut spec = Value::Object(std::mem::take(&mut input.layer.spec));
        let named = [("image", &self.image), ("tier", &self.tier)];
        for (field, value) in named {
            if let Some(value) = value {
                let quoted = Value::from(value.as_str()).to_string();
                let gives = read_assignment("--", field, &quoted)?;
                merge(&mut spec, &gives);
                flag(format!("--{field}"), gives);
            }
        }
        for assignment in &self.set {
            let (path, value) = assignment.split_once('=').ok_or_else(|| {
                Error::usage(format!(
                    "--set {assignment}: expected path=value, such as replicas=2"
                ))
            })?;
            if let Some(keys) = taken_back(path, value) {
                take_back(&mut spec, &keys);
            } else {
                let gives = read_assignment("--set ", path, value)?;
                merge(&mut spec, &gives);
                flag(format!("--set {path}"), gives);
            }
        }
        if let Some(path) = &self.policy {
            let document = policy::read_named(&working_directory.join(path), "--policy")?;
            let gives = json!({"identity": {"policy": document}});
            lay(&mut spec, gives.as_object().unwrap_or(&Map::new()));
            flag("--policy".into(), gives);
        }
        if let Some(gives) = self.allowed(&spec) {
            merge(&mut spec, &gives);
            flag("--allow".into(), gives);
        }
        let Value::Object(mut spec) = spec else {
            unreachable!("merging maps gives a map")
        };
        config::embed_policy(&mut spec, working_directory, "--set")?;
        let source = if input.layer.source == "flags" || self.is_empty() {
            input.layer.source
        } else {
            format!("{} and flags", input.layer.source)
        };
        Ok(Input {
            name: input.name,
            layer: Layer {
                source,
                spec,
                origins,
            },
        })
    }

    /// The rules of `--allow`, after those that are allowed already.
    fn allowed(&self, spec: &Value) -> Option<Value> {
        if self.allow.is_empty() {
            return None;
        }
        let before = spec.pointer("/identity/allow").and_then(Value::as_array);
        let mut allow = before.cloned().unwrap_or_default();
        for rule in self
            .allow
            .iter()
            .map(|allowed| Value::from(allowed.rule().id))
        {
            if !allow.contains(&rule) {
                allow.push(rule);
            }
        }
        Some(json!({"identity": {"allow": allow}}))
    }
}

/// The keys of a field that `null` takes back. Nothing for another value, and for a path that names no field: reading it
/// says so.
fn taken_back<'a>(path: &'a str, value: &str) -> Option<Vec<&'a str>> {
    if !["null", "~"].contains(&value.trim()) {
        return None;
    }
    let keys: Vec<&str> = path.split('.').collect();
    let fields = serde_json::to_value(TenantSpec::default()).ok()?;
    let mut node = Some(&fields);
    for key in &keys {
        node = match node {
            Some(Value::Object(fields)) if !fields.is_empty() => Some(fields.get(*key)?),
            // A map that is empty by default, or a field without a default: any key may be in it.
            Some(Value::Object(_) | Value::Null) | None => None,
            Some(_) => return None,
        };
    }
    Some(keys)
}

/// Removes what was said under a path, so that tier and defaults hold again.
fn take_back(spec: &mut Value, keys: &[&str]) {
    let [parents @ .., last] = keys else { return };
    let parent = parents
        .iter()
        .try_fold(spec, |node, key| node.get_mut(*key));
    if let Some(Value::Object(fields)) = parent {
        fields.shift_remove(*last);
    }
}

/// One `path=value` as the layer that it means. The value is a YAML scalar or flow. It may be secret, so no message
/// repeats it.
fn read_assignment(flag: &str, path: &str, value: &str) -> Result<Value> {
    let mut text = String::new();
    let keys: Vec<&str> = path.split('.').collect();
    if keys
        .iter()
        .any(|key| key.is_empty() || key.contains(['[', ']', ':', '"', '\n', '#', ' ']))
    {
        return Err(Error::usage(format!(
            "{flag}{path}: not a path such as resources.limits.memory"
        ))
        .hint("a list is set whole: --set 'args=[--verbose]'"));
    }
    for (depth, key) in keys.iter().enumerate() {
        let indent = "  ".repeat(depth);
        let end = if depth + 1 == keys.len() { " " } else { "\n" };
        _ = write!(text, "{indent}{}:{end}", Value::from(*key));
    }
    if value.contains('\n') {
        text.push_str(&Value::from(value).to_string());
    } else {
        text.push_str(value);
    }
    let parsed = yaml::read_inline::<TenantSpec>(&format!("{flag}{path}"), &text);
    parsed.map(|parsed| parsed.given).map_err(|mut error| {
        // The flag has said it already.
        error.what = error
            .what
            .replacen(&format!("{path}: {path}: "), &format!("{path}: "), 1);
        let nested = keys.len() > 1 && error.what.contains("expected a single value, found a map");
        if error.what.contains("mapping values are not allowed") {
            error = error.hint(format!(
                "the value is YAML: text with `: ` in it goes in quotes, {flag}'{path}=\"…\"'"
            ));
        }
        if nested {
            let (map, rest) = path.split_once('.').unwrap_or((path, path));
            error = error.hint(format!(
                "a key that holds dots is set with its map: --set '{map}={{{rest}: …}}'"
            ));
        }
        error
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::empty;

    fn set(spec: Value, assignments: &[&str]) -> Result<Value> {
        let mut input = empty("acme".parse().map_err(Error::usage)?);
        input.layer.spec = crate::testing::map(spec);
        let flags = Flags {
            set: assignments.iter().map(ToString::to_string).collect(),
            ..Flags::default()
        };
        Ok(Value::Object(
            flags.apply(input, Path::new("/"))?.layer.spec,
        ))
    }

    #[test]
    fn null_takes_back_what_was_said_and_nothing_else() {
        let said = || json!({"image": "a:1", "nodeSelector": {"disk": "fast", "zone": "a"}, "health": {"path": "/x"}});
        let after = |assignments: &[&str]| set(said(), assignments).unwrap();
        assert_eq!(
            after(&["nodeSelector=null"]),
            json!({"image": "a:1", "health": {"path": "/x"}})
        );
        assert_eq!(
            after(&["nodeSelector.disk=~"])["nodeSelector"],
            json!({"zone": "a"})
        );
        assert_eq!(
            after(&["health.path=null", "health.readyPath=null"])["health"],
            json!({})
        );
        assert_eq!(
            after(&["nodeSelector=null", "nodeSelector={a: b}"])["nodeSelector"],
            json!({"a": "b"})
        );
        assert_eq!(
            after(&["affinity.nodeAffinity=null", "labels.team=null"]),
            said()
        );
    }

    #[test]
    fn null_for_a_field_that_is_none_is_refused() {
        for (path, why) in [
            ("nodeSelectr", "did you mean `nodeSelector`?"),
            ("health.pth", "did you mean `path`?"),
            ("replicas.x", "expected a single value, found a map"),
        ] {
            let error = set(json!({}), &[&format!("{path}=null")])
                .expect_err(path)
                .to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
