//! Reads a tenant's input: the tenant file and the flags, with the contents of the files that they name.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    config,
    error::{Error, Result},
    lint::Allowed,
    policy,
    spec::{API_VERSION, Input, Layer, TenantName, TenantSpec, lay, merge},
    yaml,
};

/// What the command line says about a tenant.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--image`
    pub image: Option<String>,
    /// `--tier`
    pub tier: Option<String>,
    /// `--policy`: path of a policy document.
    pub policy: Option<std::path::PathBuf>,
    /// `--set path=value`, in the order given.
    pub set: Vec<String>,
    /// `--allow`, besides what the input allows already.
    pub allow: Vec<Allowed>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TenantFile {
    api_version: ApiVersion,
    kind: TenantKind,
    metadata: Metadata,
    #[serde(default)]
    spec: TenantSpec,
}

#[derive(Debug, Deserialize, Serialize)]
enum ApiVersion {
    #[serde(rename = "mcpctl.dev/v1alpha1")]
    V1Alpha1,
}

#[derive(Debug, Deserialize, Serialize)]
enum TenantKind {
    Tenant,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: TenantName,
}

/// Reads a tenant file.
///
/// # Errors
/// Usage, with file, line, key and what was expected.
pub fn read_file(path: &Path, working_directory: &Path) -> Result<Input> {
    let source = config::shown(path, working_directory);
    let text = config::read_file(&working_directory.join(path), &source, "tenant file")?;
    let parsed = yaml::read::<TenantFile>(&source, &text)?;
    let mut spec = given_spec(&parsed.given);
    let base = working_directory.join(path);
    config::embed_policy(&mut spec, base.parent().unwrap_or(&base), &source)?;
    Ok(Input {
        name: parsed.value.metadata.name,
        layer: Layer { source, spec },
    })
}

/// An input that says nothing yet.
pub fn empty(name: TenantName) -> Input {
    Input {
        name,
        layer: Layer {
            source: "flags".into(),
            spec: Map::new(),
        },
    }
}

/// Reads a recorded input back.
///
/// # Errors
/// Usage, when the text is no tenant of this version.
pub fn from_record(text: &str, source: &str) -> Result<Input> {
    // The record is JSON, in which a text may hold what no YAML document may.
    let given: Value =
        serde_json::from_str(text).map_err(|error| Error::usage(format!("{source}: {error}")))?;
    let file: TenantFile = serde_path_to_error::deserialize(&given)
        .map_err(|error| Error::usage(format!("{source}: {error}")))?;
    Ok(Input {
        name: file.metadata.name,
        layer: Layer {
            source: source.into(),
            spec: given_spec(&given),
        },
    })
}

/// The input as it is recorded, and as a tenant file would say it.
pub fn to_record(input: &Input) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "Tenant",
        "metadata": {"name": input.name.as_str()},
        "spec": input.layer.spec,
    })
}

fn given_spec(given: &Value) -> Map<String, Value> {
    given
        .get("spec")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// What one call says about a tenant: its file, read once since it may be a pipe, and its flags.
#[derive(Clone, Debug, Default)]
pub struct Given {
    file: Option<Input>,
    flags: Flags,
    working_directory: PathBuf,
}

impl Given {
    /// Reads the tenant file, if one is named; `-` is stdin.
    ///
    /// # Errors
    /// Usage, with file, line, key and what was expected.
    pub fn read(file: Option<&Path>, flags: Flags, working_directory: &Path) -> Result<Self> {
        let stdin = Path::new("/dev/stdin");
        let path = file.map(|path| if path == Path::new("-") { stdin } else { path });
        let file = path
            .map(|path| read_file(path, working_directory))
            .transpose()?;
        Ok(Self {
            file,
            flags,
            working_directory: working_directory.into(),
        })
    }

    /// The tenant that the file is of.
    pub fn tenant(&self) -> Option<&TenantName> {
        self.file.as_ref().map(|input| &input.name)
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.file.is_none() && self.flags.is_empty()
    }

    /// The input: a file replaces what was recorded, flags edit it.
    ///
    /// # Errors
    /// Usage, for the file of another tenant, or with the flag.
    pub fn over(&self, name: &TenantName, recorded: Option<&Input>) -> Result<Input> {
        let base = match (&self.file, recorded) {
            (Some(input), _) if input.name != *name => {
                let (source, other) = (&input.layer.source, &input.name);
                return Err(Error::usage(format!(
                    "{source} is of tenant `{other}`, not `{name}`"
                )));
            }
            (Some(input), _) | (None, Some(input)) => input.clone(),
            (None, None) => empty(name.clone()),
        };
        self.flags.apply(base, &self.working_directory)
    }
}

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
        let mut spec = Value::Object(std::mem::take(&mut input.layer.spec));
        let named = [("image", &self.image), ("tier", &self.tier)];
        for (field, value) in named {
            if let Some(value) = value {
                let quoted = Value::from(value.as_str()).to_string();
                merge(&mut spec, &read_assignment("--", field, &quoted)?);
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
                merge(&mut spec, &read_assignment("--set ", path, value)?);
            }
        }
        if let Some(path) = &self.policy {
            let document = policy::read_named(&working_directory.join(path), "--policy")?;
            let identity = json!({"policy": document});
            lay(
                &mut spec,
                &Map::from_iter([("identity".to_string(), identity)]),
            );
        }
        self.allow_rules(&mut spec);
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
            layer: Layer { source, spec },
        })
    }

    fn allow_rules(&self, spec: &mut Value) {
        if self.allow.is_empty() {
            return;
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
        merge(spec, &json!({"identity": {"allow": allow}}));
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
