//! What a credential plugin answers: an `ExecCredential`.

use std::fmt;

use http::HeaderValue;
use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::yaml;

/// What a plugin gave: a token, a client certificate, or both.
pub(in crate::backend) struct Credential {
    /// The `Authorization` header.
    pub(in crate::backend) authorization: Option<HeaderValue>,
    /// Certificate and key, in PEM.
    pub(in crate::backend) certificate: Option<(String, String)>,
    /// When it is to be asked for again.
    pub(in crate::backend) expires: Option<Timestamp>,
}

/// Without what is secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: String,
    kind: String,
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

/// Reads what a plugin printed, as JSON or YAML. `version` is what it was asked for.
///
/// # Errors
/// With why, in words that hold nothing of what was printed.
pub(super) fn read(stdout: &[u8], version: &str) -> Result<Credential, String> {
    let text = std::str::from_utf8(stdout).unwrap_or_default();
    let tree: Option<Value> = serde_json::from_str(text)
        .ok()
        .or_else(|| yaml::read_stream(text).ok()?.into_iter().next());
    let answer = tree.and_then(|tree| serde_json::from_value::<ExecCredential>(tree).ok());
    let answer = answer
        .filter(|answer| answer.kind == "ExecCredential")
        .ok_or("what it printed is no ExecCredential")?;
    if answer.api_version != version {
        return Err(format!(
            "its answer is not of {version}, which the kubeconfig asks for"
        ));
    }
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let status = answer.status.ok_or("its answer has no status")?;
    let certificate = match (
        filled(status.client_certificate_data),
        filled(status.client_key_data),
    ) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err("its answer holds only one of certificate and key".into()),
    };
    let token = filled(status.token);
    if token.is_none() && certificate.is_none() {
        return Err("its answer holds neither a token nor a certificate".into());
    }
    let authorization = token
        .map(|token| super::bearer(token.trim()).ok_or("its token does not fit into a header"))
        .transpose()?;
    let expires = filled(status.expiration_timestamp)
        .map(|time| {
            time.parse()
                .map_err(|_| "its expirationTimestamp is no time")
        })
        .transpose()?;
    Ok(Credential {
        authorization,
        certificate,
        expires,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const V1: &str = "client.authentication.k8s.io/v1";

    fn of(status: &Value) -> String {
        json!({"apiVersion": V1, "kind": "ExecCredential", "status": status}).to_string()
    }

    fn refusal(stdout: &str) -> String {
        read(stdout.as_bytes(), V1).expect_err("a refusal")
    }

    #[test]
    fn tokens_and_certificates() {
        let token = of(&json!({"token": "abc", "expirationTimestamp": "2030-01-02T03:04:05Z"}));
        let credential = read(token.as_bytes(), V1).expect("a credential");
        let header = credential.authorization.expect("a header");
        assert_eq!(header, "Bearer abc");
        assert!(header.is_sensitive());
        assert_eq!(credential.expires, "2030-01-02T03:04:05Z".parse().ok());
        let pair = of(&json!({"clientCertificateData": "c", "clientKeyData": "k", "token": ""}));
        let credential = read(pair.as_bytes(), V1).expect("a credential");
        assert_eq!(credential.certificate, Some(("c".into(), "k".into())));
        assert!(credential.authorization.is_none() && credential.expires.is_none());
        let yaml = format!("apiVersion: {V1}\nkind: ExecCredential\nstatus:\n  token: abc\n");
        assert!(read(yaml.as_bytes(), V1).is_ok());
    }

    #[test]
    fn refusals_hold_nothing_of_what_was_printed() {
        let secret = "SECRET";
        for printed in [
            "",
            secret,
            &format!("\"{secret}\""),
            &of(&json!({"token": [secret]})),
            &of(&json!({"token": secret})).replace("ExecCredential", secret),
            &of(&json!({"token": secret})).replace(V1, secret),
            &of(&json!({"clientKeyData": secret})),
            &of(&json!({"token": format!("{secret}\n{secret}")})),
            &of(&json!({"token": secret, "expirationTimestamp": secret})),
        ] {
            let refusal = refusal(printed);
            assert!(!refusal.contains(secret), "{refusal}");
        }
        let no_status = json!({"apiVersion": V1, "kind": "ExecCredential"}).to_string();
        assert_eq!(refusal(&no_status), "its answer has no status");
        assert_eq!(
            refusal(&of(&json!({}))),
            "its answer holds neither a token nor a certificate"
        );
    }
}
