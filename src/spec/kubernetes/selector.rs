//! What selects pods, namespaces and nodes by their labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Check, Checked, LabelKey, LabelValue};

/// `LabelSelector`. An empty one selects everything.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must be there with these values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_labels: Option<BTreeMap<LabelKey, LabelValue>>,
    /// Requirements that must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_expressions: Option<Vec<Checked<Requirement<LabelOperator>>>>,
}

/// `LabelSelectorRequirement` and `NodeSelectorRequirement`, which differ in their operators.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Requirement<O> {
    /// The label.
    pub key: LabelKey,
    /// How it compares.
    pub operator: O,
    /// What it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<LabelValue>>,
}

/// How a label of a pod or a namespace compares.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum LabelOperator {
    /// One of the values.
    In,
    /// None of the values.
    NotIn,
    /// Whatever the value.
    Exists,
    /// Not there.
    DoesNotExist,
}

/// How a label of a node compares.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum NodeOperator {
    /// One of the values.
    In,
    /// None of the values.
    NotIn,
    /// Whatever the value.
    Exists,
    /// Not there.
    DoesNotExist,
    /// A greater whole number.
    Gt,
    /// A lesser whole number.
    Lt,
}

impl Check for Requirement<LabelOperator> {
    fn check(&self) -> Result<(), String> {
        let values = self.values.as_deref().unwrap_or_default();
        match self.operator {
            LabelOperator::In | LabelOperator::NotIn => some(values),
            LabelOperator::Exists | LabelOperator::DoesNotExist => none(values),
        }
    }
}

impl Check for Requirement<NodeOperator> {
    fn check(&self) -> Result<(), String> {
        let values = self.values.as_deref().unwrap_or_default();
        match self.operator {
            NodeOperator::In | NodeOperator::NotIn => some(values),
            NodeOperator::Exists | NodeOperator::DoesNotExist => none(values),
            NodeOperator::Gt | NodeOperator::Lt => match values {
                [number] if number.as_str().parse::<i64>().is_ok() => Ok(()),
                _ => Err("operators Gt and Lt take one value, a whole number".into()),
            },
        }
    }
}

fn some(values: &[LabelValue]) -> Result<(), String> {
    if values.is_empty() {
        return Err("operators In and NotIn need values".into());
    }
    Ok(())
}

fn none(values: &[LabelValue]) -> Result<(), String> {
    if values.is_empty() {
        return Ok(());
    }
    Err("operators Exists and DoesNotExist take no values".into())
}
