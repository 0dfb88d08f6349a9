//! Taints of nodes that a tenant's pods put up with.

use serde::{Deserialize, Serialize};

use super::{Check, LabelKey, LabelValue};

/// `Toleration`
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Toleration {
    /// Key of the taint; any where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<LabelKey>,
    /// How the taint's value compares; `Equal` where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<TolerationOperator>,
    /// Value of the taint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<LabelValue>,
    /// Effect of the taint; any where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Seconds that a pod stays after the taint came; for ever where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<i64>,
}

/// How the value of a taint compares.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum TolerationOperator {
    /// The same value.
    Equal,
    /// Any value.
    Exists,
}

/// What a taint does.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum Effect {
    /// Keeps new pods away.
    NoSchedule,
    /// Keeps new pods away where it can.
    PreferNoSchedule,
    /// Sends running pods away too.
    NoExecute,
}

impl Check for Toleration {
    fn check(&self) -> Result<(), String> {
        let exists = self.operator == Some(TolerationOperator::Exists);
        if self.key.is_none() && !exists {
            return Err("a toleration without key needs operator: Exists".into());
        }
        let value = self
            .value
            .as_ref()
            .filter(|value| !value.as_str().is_empty());
        if exists && value.is_some() {
            return Err("operator Exists takes no value".into());
        }
        if self.toleration_seconds.is_some() && self.effect != Some(Effect::NoExecute) {
            return Err("tolerationSeconds needs effect: NoExecute".into());
        }
        Ok(())
    }
}
