//! What the tenant's role may do.

use serde::{Deserialize, Serialize};

use super::{Arn, RoleArn};
use crate::{lint::Allowed, policy::Policy};

/// What the tenant's role may do.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Identity {
    /// The policy document, or the path of one, relative to the file that names it.
    pub policy: Option<Policy>,
    /// Managed policies to attach.
    pub managed_policy_arns: Vec<Arn>,
    /// Permissions boundary, or `none`; from the settings where it is not given.
    pub permissions_boundary: Option<Boundary>,
    /// A role, perhaps of another account, that EKS assumes with the tenant's: the pods get its credentials.
    pub target_role_arn: Option<RoleArn>,
    /// Rules of the policy lint that its owner lets through.
    pub allow: Vec<Allowed>,
}

/// A permissions boundary, or the explicit word that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Boundary {
    /// No boundary, said explicitly.
    None,
    /// ARN of a managed policy.
    Policy(Arn),
}

impl TryFrom<String> for Boundary {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "none" {
            Ok(Self::None)
        } else {
            text.parse().map(Self::Policy)
        }
    }
}

impl From<Boundary> for String {
    fn from(boundary: Boundary) -> Self {
        match boundary {
            Boundary::None => "none".into(),
            Boundary::Policy(arn) => arn.into(),
        }
    }
}
