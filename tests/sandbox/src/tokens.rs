//! How EKS's API servers know their callers: by a call of `sts:GetCallerIdentity` that the caller has signed but not
//! sent.
//!
//! Source: kubernetes-sigs/aws-iam-authenticator, `pkg/token/token.go`. The real one sends the call and maps the ARN
//! that STS answers to a user. Here the user is the access key id, the signature is not checked, and everybody is an
//! administrator, as who created an EKS cluster is.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{StatusCode, Uri};
use k8s_openapi::jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::engine::Engine;
use crate::files::write_private;
use crate::http::{Reply, acceptor, json_response, serve};
use crate::pki::Authority;

const PREFIX: &str = "k8s-aws-v1.";

/// How old a token may be, whatever it says itself.
const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// Starts the webhook that the API server asks about tokens, and writes the file by which it finds it.
pub(crate) fn start(engine: &Engine, authority: &Authority, configuration: &Path) -> Result<()> {
    let listener = engine.run(async { Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?) })?;
    let text = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "webhook",
        "contexts": [{"name": "webhook", "context": {"cluster": "webhook", "user": "api-server"}}],
        "clusters": [{"name": "webhook", "cluster": {
            "server": format!("https://{}/authenticate", listener.local_addr()?),
            "certificate-authority-data": STANDARD.encode(authority.certificate()),
        }}],
        "users": [{"name": "api-server"}],
    });
    write_private(configuration, &text.to_string())?;
    let tls = acceptor(&authority.server("token-webhook", &["127.0.0.1"])?)?;
    engine.spawn(serve(listener, Some(tls), |request| async move {
        let review = serde_json::from_slice::<Value>(request.body()).unwrap_or_default();
        Reply::Answer(json_response(StatusCode::OK, &answer(&review)))
    }));
    Ok(())
}

fn answer(review: &Value) -> Value {
    let token = review["spec"]["token"].as_str().unwrap_or_default();
    let status = match access_key(token) {
        Ok(user) => {
            json!({"authenticated": true, "user": {"username": user, "groups": ["system:masters"]}})
        }
        Err(why) => json!({"authenticated": false, "error": why}),
    };
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status})
}

/// The access key id that signed a token, or what is wrong with the token.
fn access_key(token: &str) -> Result<String, &'static str> {
    let encoded = token
        .strip_prefix(PREFIX)
        .ok_or("token is missing expected \"k8s-aws-v1.\" prefix")?;
    let url = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| "token is not base64 without padding")?;
    let url = Uri::try_from(url).map_err(|_| "token is not a URL")?;
    let is_sts = url.scheme_str() == Some("https")
        && url.host().is_some_and(|host| host.starts_with("sts."));
    if !is_sts || url.path() != "/" {
        return Err("unexpected endpoint in pre-signed URL");
    }
    let query = form_urlencoded::parse(url.query().unwrap_or_default().as_bytes());
    let query = query.into_owned().collect::<Vec<_>>();
    let get = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    };
    if get("Action") != "GetCallerIdentity" {
        return Err("unexpected action parameter in pre-signed URL");
    }
    if !get("X-Amz-SignedHeaders")
        .split(';')
        .any(|header| header == "x-k8s-aws-id")
    {
        return Err("client did not sign the x-k8s-aws-id header in the pre-signed URL");
    }
    let made = DateTime::strptime("%Y%m%dT%H%M%SZ", get("X-Amz-Date"))
        .and_then(|made| made.to_zoned(TimeZone::UTC))
        .map_err(|_| "error parsing X-Amz-Date parameter")?;
    if Timestamp::now().duration_since(made.timestamp()) > LIFE {
        return Err("X-Amz-Date parameter is expired");
    }
    match get("X-Amz-Credential").split('/').next() {
        Some(key) if !key.is_empty() => Ok(key.to_owned()),
        _ => Err("no access key in pre-signed URL"),
    }
}
