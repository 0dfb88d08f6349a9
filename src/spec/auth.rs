//! Who authenticates clients.

use serde::{Deserialize, Serialize};

use super::{
    Text,
    checked::checked,
    kubernetes::{Check, Checked},
};

/// Who authenticates clients.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// The MCP server itself.
    #[default]
    Server,
    /// The load balancer, by JSON Web Token.
    Jwt,
}

/// Authentication at the edge. The limits are those of the load balancer:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_JwtValidationActionConfig.html>
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Auth {
    /// Who authenticates.
    pub mode: AuthMode,
    /// `iss` of the tokens.
    pub issuer: Option<Issuer>,
    /// Where the keys are published.
    pub jwks_endpoint: Option<JwksEndpoint>,
    /// Claims that must hold besides `exp`, `iss`, `nbf` and `iat`; at most 10.
    pub claims: Vec<Checked<Claim>>,
}

checked!(
    /// `iss` of the tokens; at most 256 characters.
    Issuer,
    |text| {
        if text.is_empty() {
            return Err("an issuer is empty".into());
        }
        short(text)
    }
);

checked!(
    /// The HTTPS URL of a JSON Web Key Set, with host and path; at most 256 characters.
    JwksEndpoint,
    |text| {
        let url: Option<http::Uri> = text.parse().ok();
        let full = |url: &http::Uri| {
            let host = url.host().is_some_and(|host| !host.is_empty());
            url.scheme_str() == Some("https") && host && url.path().len() > 1
        };
        if url.as_ref().is_some_and(full) {
            short(text)
        } else {
            Err(format!("`{text}` is not a URL such as https://login.example.com/.well-known/jwks.json"))
        }
    }
);

/// A claim that tokens must have.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its name.
    pub name: Text,
    /// How the token carries it.
    pub format: ClaimFormat,
    /// The values of which one must be there; 1 to 10, each of at most 256 characters.
    pub values: Vec<Text>,
}

/// How a token carries a claim.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimFormat {
    /// One text.
    SingleString,
    /// A list of texts.
    StringArray,
    /// One text with spaces between the values, as `scope` is.
    SpaceSeparatedValues,
}

impl Check for Claim {
    fn check(&self) -> Result<(), String> {
        let name = self.name.as_str();
        if name.is_empty() {
            return Err("the name of a claim is empty".into());
        }
        if ["exp", "iss", "nbf", "iat"].contains(&name) {
            return Err(format!("claim `{name}` is always checked; leave it out"));
        }
        if !(1..=10).contains(&self.values.len()) {
            return Err(format!(
                "claim `{name}` has {} values; 1 to 10 are allowed",
                self.values.len()
            ));
        }
        let spaces = self.values.iter().any(|value| value.as_str().contains(' '));
        if self.format == ClaimFormat::SpaceSeparatedValues && spaces {
            return Err(format!(
                "claim `{name}`: a value of format space-separated-values holds no space; list each"
            ));
        }
        self.values
            .iter()
            .try_for_each(|value| short(value.as_str()))
    }
}

fn short(text: &str) -> Result<(), String> {
    match text.chars().count() {
        0..=256 => Ok(()),
        count => Err(format!(
            "a value has {count} characters; the load balancer takes 256"
        )),
    }
}
