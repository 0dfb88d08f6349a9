//! Role and association, as they live.

use serde::Serialize;

use crate::{object::Object, spec::RoleArn};

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Role {
    /// Name without path.
    pub name: String,
    /// ARN.
    pub arn: String,
}

/// A Pod Identity association.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Association {
    /// `a-…`
    pub id: String,
    /// ARN.
    pub arn: String,
    /// The second role of the chain, whose credentials the pods get; null where there is none.
    pub target_role_arn: Option<String>,
    /// What the trust policy of the second role should ask for as `sts:ExternalId`; null where EKS says none.
    pub external_id: Option<String>,
}

impl Role {
    pub(super) fn of(object: &Object) -> Self {
        Self {
            name: object.text("/spec/name").into(),
            arn: object.text("/status/ackResourceMetadata/arn").into(),
        }
    }

    /// The one that all tenants share.
    pub(super) fn shared(arn: &RoleArn) -> Self {
        Self {
            name: arn.name().into(),
            arn: arn.to_string(),
        }
    }
}

impl Association {
    pub(super) fn of(object: &Object) -> Self {
        let said = |pointer| Some(object.text(pointer)).filter(|text| !text.is_empty());
        Self {
            id: object.text("/status/associationID").into(),
            arn: object.text("/status/ackResourceMetadata/arn").into(),
            target_role_arn: said("/spec/targetRoleARN").map(str::to_string),
            external_id: said("/status/externalID").map(str::to_string),
        }
    }
}
