//! Reads a tenant's input: the tenant file and the flags, with the contents of the files that they name.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    config,
    error::{Error, Result},
    files,
    lint::Allowed,
    spec::{API_VERSION, Input, Layer, Origin, TenantName, TenantSpec},
    yaml,
};

mod flags;

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
    let source = files::shown(path, working_directory);
    let text = files::read(&working_directory.join(path), &source, "tenant file")?;
    let parsed = yaml::read::<TenantFile>(&source, &text)?;
    let mut spec = given_spec(&parsed.given);
    let base = working_directory.join(path);
    config::embed_policy(&mut spec, base.parent().unwrap_or(&base), &source)?;
    let origin = Origin::File {
        source: source.clone(),
        text: text.into(),
        under: vec!["spec".into()],
    };
    Ok(Input {
        name: parsed.value.metadata.name,
        layer: Layer {
            source,
            spec,
            origins: vec![origin],
        },
    })
}

/// An input that says nothing yet.
pub fn empty(name: TenantName) -> Input {
    Input {
        name,
        layer: Layer::new("flags", Map::new()),
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
            origins: vec![Origin::Whole(source.into())],
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
