//! Environment variables of the tenant's container.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    kubernetes::{Checked, ValueFrom},
    types::{EnvName, Text},
};

/// A variable with a literal value or a reference, never both. A variable that looks like a secret takes a reference
/// only, and none may set what decides which AWS identity the pod has.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(try_from = "Raw")]
pub struct EnvVar {
    /// The variable.
    pub name: EnvName,
    /// A literal value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Text>,
    /// Where the value comes from.
    #[serde(rename = "valueFrom", skip_serializing_if = "Option::is_none")]
    pub value_from: Option<Checked<ValueFrom>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Raw {
    name: EnvName,
    value: Option<Text>,
    value_from: Option<Checked<ValueFrom>>,
}

/// Variables that our own templates set.
const SET_BY_TEMPLATES: [&str; 9] = [
    "HOME",
    "NODE_NAME",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_PROPAGATORS",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "POD_NAME",
    "POD_NAMESPACE",
];

/// Variables by which AWS SDKs choose an identity before they ask the Pod Identity agent, older names that some of them
/// still read included: <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
pub const CHOOSES_IDENTITY: [&str; 11] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// How the variables begin that the webhook injects, and that keep it from it where a container has one of its own.
pub const OF_CONTAINERS: &str = "AWS_CONTAINER_";

impl TryFrom<Raw> for EnvVar {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let name = raw.name.as_str();
        let upper = name.to_ascii_uppercase();
        may_be_set(name)?;
        match (&raw.value, &raw.value_from) {
            (Some(_), Some(_)) => Err(format!("variable `{name}` has both value and valueFrom")),
            (None, None) => Err(format!("variable `{name}` has neither value nor valueFrom")),
            (Some(_), None) if looks_secret(&upper) => Err(format!(
                "variable `{name}` looks like a secret: give it by valueFrom.secretKeyRef, not as a literal value"
            )),
            _ => Ok(Self {
                name: raw.name,
                value: raw.value,
                value_from: raw.value_from,
            }),
        }
    }
}

/// The `ConfigMap` or Secret of which an item of `envFrom` takes variables in whose names nobody sees, where one of them
/// could choose an identity.
pub fn unseen(item: &Value) -> Option<String> {
    // Own templates may write more than tenants, such as an empty prefix.
    let prefix = item["prefix"].as_str().unwrap_or_default();
    let reaches = |name: &str| name.starts_with(prefix);
    let may = CHOOSES_IDENTITY.iter().any(|name| reaches(name))
        || reaches(OF_CONTAINERS)
        || prefix.starts_with(OF_CONTAINERS);
    let of = |kind: &str, field: &str| Some(format!("{kind} {}", item[field]["name"].as_str()?));
    of("ConfigMap", "configMapRef")
        .or_else(|| of("Secret", "secretRef"))
        .filter(|_| may)
}

/// Refuses variables that are not the tenant's to set.
pub(super) fn may_be_set(name: &str) -> Result<(), String> {
    let upper = name.to_ascii_uppercase();
    if SET_BY_TEMPLATES.contains(&name) {
        return Err(format!("variable `{name}` is set by mcpctl"));
    }
    if CHOOSES_IDENTITY.contains(&upper.as_str()) || upper.starts_with(OF_CONTAINERS) {
        return Err(format!(
            "variable `{name}` would give the pod another identity than its role; it cannot be set"
        ));
    }
    Ok(())
}

fn looks_secret(upper: &str) -> bool {
    ["KEY", "TOKEN", "SECRET", "PASSWORD"]
        .iter()
        .any(|word| upper.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_source_is_unseen_unless_its_prefix_keeps_it_from_aws() {
        let with = |prefix: Value| {
            let item = json!({"prefix": prefix, "secretRef": {"name": "keys"}});
            unseen(&item)
        };
        for prefix in [
            json!(null),
            json!(""),
            json!("AWS_"),
            json!("AWS_CONTAINER_X_"),
        ] {
            assert_eq!(
                with(prefix.clone()).as_deref(),
                Some("Secret keys"),
                "{prefix}"
            );
        }
        assert_eq!(with(json!("MY_")), None);
        let map = json!({"configMapRef": {"name": "more", "optional": true}});
        assert_eq!(unseen(&map).as_deref(), Some("ConfigMap more"));
        assert_eq!(unseen(&json!({})), None);
    }
}
