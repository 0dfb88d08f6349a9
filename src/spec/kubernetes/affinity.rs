//! Which nodes a tenant's pods are for, and which pods they go with or stay away from.

use serde::{Deserialize, Serialize};

use super::{
    Check, Checked, LabelKey, LabelSelector, NodeOperator, ObjectName, selector::Requirement,
};

/// `Affinity`
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Affinity {
    /// To nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_affinity: Option<NodeAffinity>,
    /// To pods that should be near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_affinity: Option<PodAffinity>,
    /// To pods that should be far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_anti_affinity: Option<PodAffinity>,
}

/// `NodeAffinity`
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct NodeAffinity {
    /// Must hold.
    #[serde(
        rename = "requiredDuringSchedulingIgnoredDuringExecution",
        skip_serializing_if = "Option::is_none"
    )]
    pub required: Option<Checked<NodeSelector>>,
    /// Better if it holds.
    #[serde(
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        skip_serializing_if = "Option::is_none"
    )]
    pub preferred: Option<Vec<PreferredNodes>>,
}

/// `NodeSelector`: one of the terms must hold.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NodeSelector {
    /// At least one.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// `NodeSelectorTerm`: all of it must hold; an empty one never does.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct NodeSelectorTerm {
    /// Over the node's labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_expressions: Option<Vec<Checked<Requirement<NodeOperator>>>>,
    /// Over the node's fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_fields: Option<Vec<Checked<FieldRequirement>>>,
}

/// A requirement over a field of the node.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FieldRequirement {
    /// The field.
    pub key: NodeField,
    /// How it compares.
    pub operator: FieldOperator,
    /// Exactly one.
    pub values: Vec<ObjectName>,
}

/// The one field of a node that can be asked for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum NodeField {
    /// `metadata.name`
    #[serde(rename = "metadata.name")]
    Name,
}

/// How a field of a node compares.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum FieldOperator {
    /// Is the value.
    In,
    /// Is another one.
    NotIn,
}

/// `PreferredSchedulingTerm`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PreferredNodes {
    /// How much it counts.
    pub weight: Weight,
    /// The nodes.
    pub preference: NodeSelectorTerm,
}

/// `PodAffinity` and `PodAntiAffinity`
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct PodAffinity {
    /// Must hold.
    #[serde(
        rename = "requiredDuringSchedulingIgnoredDuringExecution",
        skip_serializing_if = "Option::is_none"
    )]
    pub required: Option<Vec<Checked<PodAffinityTerm>>>,
    /// Better if it holds.
    #[serde(
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        skip_serializing_if = "Option::is_none"
    )]
    pub preferred: Option<Vec<PreferredPods>>,
}

/// `WeightedPodAffinityTerm`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PreferredPods {
    /// How much it counts.
    pub weight: Weight,
    /// The pods.
    pub pod_affinity_term: Checked<PodAffinityTerm>,
}

/// `PodAffinityTerm`: pods, and how near is near.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PodAffinityTerm {
    /// The pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Labels that must have the values of the pod to be placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_label_keys: Option<Vec<LabelKey>>,
    /// Labels that must have other values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch_label_keys: Option<Vec<LabelKey>>,
    /// Their namespaces, besides those that are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Their namespaces; the tenant's own where neither is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<ObjectName>>,
    /// The node's label whose value near nodes share.
    pub topology_key: LabelKey,
}

/// A weight from 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Weight(u32);

impl TryFrom<u32> for Weight {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        if (1..=100).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("{number} is not a weight: 1 to 100"))
        }
    }
}

impl From<Weight> for u32 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

impl Check for NodeSelector {
    fn check(&self) -> Result<(), String> {
        if self.node_selector_terms.is_empty() {
            return Err("nodeSelectorTerms is empty; at least one term is needed".into());
        }
        Ok(())
    }
}

impl Check for FieldRequirement {
    fn check(&self) -> Result<(), String> {
        if self.values.len() == 1 {
            return Ok(());
        }
        Err("a requirement over a node's field takes one value".into())
    }
}

impl Check for PodAffinityTerm {
    fn check(&self) -> Result<(), String> {
        let keys = [&self.match_label_keys, &self.mismatch_label_keys];
        let [matching, other] = keys.map(|keys| keys.as_deref().unwrap_or_default());
        if self.label_selector.is_none() && !(matching.is_empty() && other.is_empty()) {
            return Err("matchLabelKeys and mismatchLabelKeys need labelSelector".into());
        }
        match matching.iter().find(|key| other.contains(key)) {
            Some(key) => Err(format!(
                "`{key}` is in both matchLabelKeys and mismatchLabelKeys"
            )),
            None => Ok(()),
        }
    }
}
