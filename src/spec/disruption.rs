//! What Karpenter may do to the tenant's pods.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Duration;

/// What Karpenter may do to the tenant's pods.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Disruption {
    /// `true`, or a duration from the pod's start such as `30m` (Karpenter 1.12 and later).
    pub do_not_disrupt: Option<DoNotDisrupt>,
}

/// The value of `karpenter.sh/do-not-disrupt`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(try_from = "Value", into = "Value")]
pub enum DoNotDisrupt {
    /// As long as the pod lives, or not at all.
    Always(bool),
    /// So long after its start.
    For(Duration),
}

impl TryFrom<Value> for DoNotDisrupt {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Bool(always) => Ok(Self::Always(always)),
            Value::String(text) => text.parse().map(Self::For),
            _ => Err("expected true, false or a duration such as 30m".into()),
        }
    }
}

impl From<DoNotDisrupt> for Value {
    fn from(value: DoNotDisrupt) -> Self {
        match value {
            DoNotDisrupt::Always(always) => always.into(),
            DoNotDisrupt::For(duration) => duration.as_str().into(),
        }
    }
}
