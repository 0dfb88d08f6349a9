//! Shapes of the Kubernetes API that fields of a tenant take as they are. The API server would refuse an unknown key or
//! a combination that it does not allow only after the first write; here both are refused where they stand.
//!
//! Rules: `pkg/apis/core/validation/validation.go` of Kubernetes 1.36. What needs a feature that is off there is left out.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

mod affinity;
mod names;
mod selector;
mod source;
mod toleration;

pub use affinity::{
    Affinity, FieldRequirement, NodeAffinity, NodeSelector, NodeSelectorTerm, PodAffinity,
    PodAffinityTerm, PreferredNodes, PreferredPods, Weight,
};
pub use names::{DataKey, LabelKey, LabelValue, ObjectName};
pub(super) use names::{LABEL_VALUE, is_dns_name, is_label_value};
pub use selector::{LabelOperator, LabelSelector, NodeOperator, Requirement};
pub use source::{EnvFrom, FieldPath, FieldRef, KeyRef, NameRef, ResourceFieldRef, ValueFrom};
pub use toleration::{Effect, Toleration, TolerationOperator};

/// A rule over several fields of one shape.
pub trait Check {
    /// Says which rule is broken.
    ///
    /// # Errors
    /// The rule.
    fn check(&self) -> Result<(), String>;
}

/// A shape whose fields fit together. A reader refuses any other.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Checked<T>(T);

impl<T> AsRef<T> for Checked<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de> + Check> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shape = T::deserialize(deserializer)?;
        shape.check().map_err(D::Error::custom)?;
        Ok(Self(shape))
    }
}

/// Exactly one of some fields is given; each with its name.
fn exactly_one(fields: &[(&str, bool)]) -> Result<(), String> {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let given: Vec<&str> = fields
        .iter()
        .filter(|(_, given)| *given)
        .map(|(name, _)| *name)
        .collect();
    match given[..] {
        [_] => Ok(()),
        [] => Err(format!("one of {} is missing", names.join(", "))),
        _ => Err(format!("{} exclude each other", given.join(" and "))),
    }
}
