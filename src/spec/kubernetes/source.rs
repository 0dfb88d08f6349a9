//! Where the values of environment variables come from, besides literals.

use serde::{Deserialize, Serialize};

use super::{
    super::{EnvName, checked::checked},
    Check, DataKey, LabelKey, ObjectName, exactly_one,
};
use crate::{quantity::Quantity, yaml::nearest};

/// `EnvVarSource`
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ValueFrom {
    /// A field of the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldRef>,
    /// A request or a limit of a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_field_ref: Option<super::Checked<ResourceFieldRef>>,
    /// A key of a `ConfigMap` in the tenant's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<KeyRef>,
    /// A key of a Secret in the tenant's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<KeyRef>,
}

/// `EnvFromSource`
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct EnvFrom {
    /// Stands before the name of each variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<EnvName>,
    /// A `ConfigMap` in the tenant's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<NameRef>,
    /// A Secret in the tenant's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<NameRef>,
}

/// `SecretEnvSource` and `ConfigMapEnvSource`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NameRef {
    /// `metadata.name`
    pub name: ObjectName,
    /// Whether pods start without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// `SecretKeySelector` and `ConfigMapKeySelector`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct KeyRef {
    /// `metadata.name`
    pub name: ObjectName,
    /// The key in its data.
    pub key: DataKey,
    /// Whether pods start without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// `ObjectFieldSelector`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FieldRef {
    /// Version of the pod's schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<PodVersion>,
    /// The field.
    pub field_path: FieldPath,
}

/// The one version of pods.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum PodVersion {
    /// `v1`
    #[serde(rename = "v1")]
    V1,
}

/// `ResourceFieldSelector`
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResourceFieldRef {
    /// The container; the one that the variable is of where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_name: Option<ObjectName>,
    /// `limits.memory` and the like.
    pub resource: ResourcePath,
    /// The unit that the value is given in; 1 where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divisor: Option<Quantity>,
}

const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

checked!(
    /// A field of the pod that a variable may take, or one label or annotation of it: `metadata.labels['team']`.
    FieldPath,
    |text| {
        let one_of_many = ["metadata.labels['", "metadata.annotations['"]
            .into_iter()
            .find_map(|start| text.strip_prefix(start)?.strip_suffix("']"));
        match one_of_many {
            Some(key) => key.to_ascii_lowercase().parse::<LabelKey>().map(drop),
            None if FIELDS.contains(&text) => Ok(()),
            None => Err(no_such("field of the pod that a variable can take", text, &FIELDS)),
        }
    }
);

checked!(
    /// A request or a limit of a container.
    ResourcePath,
    |text| {
        let pages = ["limits.hugepages-", "requests.hugepages-"];
        if RESOURCES.contains(&text) || pages.iter().any(|pages| text.starts_with(pages)) {
            return Ok(());
        }
        Err(no_such("request or limit", text, &RESOURCES))
    }
);

fn no_such(what: &str, text: &str, known: &[&str]) -> String {
    let instead = nearest(text, known.iter().copied()).map_or_else(
        || format!("known: {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    format!("`{text}` is no {what}; {instead}")
}

impl Check for ValueFrom {
    fn check(&self) -> Result<(), String> {
        exactly_one(&[
            ("fieldRef", self.field_ref.is_some()),
            ("resourceFieldRef", self.resource_field_ref.is_some()),
            ("configMapKeyRef", self.config_map_key_ref.is_some()),
            ("secretKeyRef", self.secret_key_ref.is_some()),
        ])
    }
}

impl Check for EnvFrom {
    fn check(&self) -> Result<(), String> {
        exactly_one(&[
            ("configMapRef", self.config_map_ref.is_some()),
            ("secretRef", self.secret_ref.is_some()),
        ])
    }
}

impl Check for ResourceFieldRef {
    fn check(&self) -> Result<(), String> {
        const CPU: &[&str] = &["1m", "1"];
        const BYTES: &[&str] = &[
            "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
        ];
        let Some(divisor) = &self.divisor else {
            return Ok(());
        };
        let allowed = if ["limits.cpu", "requests.cpu"].contains(&self.resource.as_str()) {
            CPU
        } else {
            BYTES
        };
        if allowed.contains(&divisor.to_string().as_str()) {
            return Ok(());
        }
        Err(format!(
            "divisor {divisor} does not suit {}: one of {}",
            self.resource,
            allowed.join(", ")
        ))
    }
}
