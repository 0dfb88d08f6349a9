//! Which line of a file, or which flag, a field comes from.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use crate::yaml;

/// A field of a tenant, by the keys that lead to it; of a list, a key is the number of the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field(Vec<String>);

impl Field {
    /// From a path such as `health.path`.
    pub fn of(path: &str) -> Self {
        Self(path.split('.').map(str::to_string).collect())
    }

    /// Where a reader stopped.
    pub(super) fn at(path: &Path) -> Self {
        let key = |segment: &Segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        Self(path.iter().filter_map(key).collect())
    }

    /// The field, and then what it is in, outwards.
    pub(super) fn outwards(&self) -> impl Iterator<Item = Self> {
        (1..=self.0.len())
            .rev()
            .map(|depth| Self(self.0[..depth].to_vec()))
    }

    /// The field below, or the item.
    #[must_use]
    pub fn key(mut self, key: impl fmt::Display) -> Self {
        self.0.push(key.to_string());
        self
    }

    /// The field itself, or what it is in, as far as the fields say something about it.
    fn given(&self, spec: &Map<String, Value>) -> Option<Self> {
        let mut node = spec.get(self.0.first()?)?;
        for (depth, key) in self.0.iter().enumerate().skip(1) {
            match at(node, key) {
                Some(below) => node = below,
                // A list or a single value replaces what lies below it, a map does not.
                None if node.is_object() => return None,
                None => return Some(Self(self.0[..depth].to_vec())),
            }
        }
        Some(self.clone())
    }

    fn is_in(&self, tree: &Value) -> bool {
        let found = self.0.iter().try_fold(tree, |node, key| at(node, key));
        found.is_some()
    }
}

fn at<'a>(node: &'a Value, key: &str) -> Option<&'a Value> {
    match node {
        Value::Object(fields) => fields.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    }
}

/// `egress[0].cidr`, `labels[example.com/team]`
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, key) in self.0.iter().enumerate() {
            let word = key.starts_with(|c: char| c.is_ascii_alphabetic())
                && key.bytes().all(|b| b.is_ascii_alphanumeric());
            match (word, depth) {
                (true, 0) => f.write_str(key)?,
                (true, _) => write!(f, ".{key}")?,
                (false, _) => write!(f, "[{key}]")?,
            }
        }
        Ok(())
    }
}

/// Fields that one source gives, before defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The file or flag, for messages.
    pub source: String,
    /// The fields of a tenant that it gives.
    pub spec: Map<String, Value>,
    /// What it is put together from, the later over the earlier. Where none of them gives a field, it is the source.
    pub origins: Vec<Origin>,
}

impl Layer {
    /// A layer that nothing more is known of than its name.
    pub fn new(source: impl Into<String>, spec: Map<String, Value>) -> Self {
        Self {
            source: source.into(),
            spec,
            origins: Vec::new(),
        }
    }

    /// Where the layer says something about a field; nothing where it does not.
    pub fn place(&self, field: &Field) -> Option<String> {
        let field = field.given(&self.spec)?;
        let place = self
            .origins
            .iter()
            .rev()
            .find_map(|origin| origin.place(&field));
        Some(place.unwrap_or_else(|| self.source.clone()))
    }
}

/// One source of a layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A YAML file.
    File {
        /// How messages name it.
        source: String,
        /// What it says.
        text: Arc<str>,
        /// The keys under which the fields stand.
        under: Vec<String>,
    },
    /// A flag.
    Flag {
        /// How messages name it, such as `--set replicas`.
        name: String,
        /// What it gives.
        gives: Value,
    },
    /// What has no lines, such as a record. It may give any field.
    Whole(String),
}

impl Origin {
    fn place(&self, field: &Field) -> Option<String> {
        match self {
            Self::File {
                source,
                text,
                under,
            } => {
                let keys = under.iter().chain(&field.0).map(String::as_str);
                let (line, column) = yaml::place(text, &keys.collect::<Vec<_>>())?;
                let part = match under.as_slice() {
                    [spec] if spec == "spec" => String::new(),
                    [tiers, tier] if tiers == "tiers" => format!(" (tier {tier})"),
                    keys => format!(" ({})", keys.join(".")),
                };
                Some(format!("{source}:{line}:{column}{part}"))
            }
            Self::Flag { name, gives } => field.is_in(gives).then(|| name.clone()),
            Self::Whole(name) => Some(name.clone()),
        }
    }
}

/// Something that is wrong with fields, and which.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// What is wrong.
    pub why: String,
    /// The fields, of which the tenant may give only some.
    pub fields: Vec<Field>,
}

impl Finding {
    /// Of fields by their paths, such as `health.path`.
    pub(super) fn new(why: impl Into<String>, fields: &[&str]) -> Self {
        Self {
            why: why.into(),
            fields: fields.iter().copied().map(Field::of).collect(),
        }
    }

    /// Of a single field.
    pub(super) fn of(field: Field, why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            fields: vec![field],
        }
    }
}

/// Says where fields come from, those that no layer gives left out. The uppermost layer is the first.
pub(super) fn places(fields: &[Field], layers: &[&Layer]) -> Option<String> {
    let place = |field: &Field| layers.iter().find_map(|layer| layer.place(field));
    match fields {
        [single] => place(single).map(|place| format!("from {place}")),
        several => {
            let given: Vec<String> = several
                .iter()
                .filter_map(|field| Some(format!("{field} from {}", place(field)?)))
                .collect();
            (!given.is_empty()).then(|| given.join(", "))
        }
    }
}
