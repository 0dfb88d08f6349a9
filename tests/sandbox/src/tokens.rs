//! How EKS's API servers know their callers: by a call of `sts:GetCallerIdentity` that the caller has signed but not
//! sent.
//!
//! Source: kubernetes-sigs/aws-iam-authenticator, `pkg/token/token.go`; EKS User Guide, "Grant IAM users access to
//! Kubernetes with EKS access entries". The real one sends the call with the name of its cluster in the header
//! `x-k8s-aws-id`, and maps the ARN that STS answers to a user. Here the signature is checked at once, with each cluster
//! that the sandbox's API server stands for, and principals are told apart by their access key.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{StatusCode, Uri};
use k8s_openapi::jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::aws::{REGION, SECRET};
use crate::engine::Engine;
use crate::files::write_private;
use crate::http::{Reply, acceptor, json_response, serve};
use crate::pki::Authority;
use signature::{Get, Scope};

mod signature;

const PREFIX: &str = "k8s-aws-v1.";

/// How old a token may be, whatever it says itself.
const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// The header whose value is the name of the cluster.
const CLUSTER: &str = "x-k8s-aws-id";

const DATE: &str = "%Y%m%dT%H%M%SZ";

/// The parameters that may be in the signed URL, in lower case; nothing else may.
const PARAMETERS: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// Whom the API server knows.
#[derive(Clone, Default)]
pub(crate) struct Principals {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// The clusters that the API server is that of.
    clusters: BTreeSet<String>,
    /// By access key. Who is not here made the cluster, and is an administrator named as the access key.
    entries: BTreeMap<String, Option<Entry>>,
    /// Access keys whose next token is refused.
    refused: Vec<String>,
}

/// An access entry.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
}

impl Principals {
    pub(crate) fn add_cluster(&self, name: &str) {
        self.known().clusters.insert(name.to_owned());
    }

    pub(crate) fn set_entry(&self, access_key: &str, entry: Option<Entry>) {
        self.known().entries.insert(access_key.to_owned(), entry);
    }

    pub(crate) fn refuse_next(&self, access_key: &str) {
        self.known().refused.push(access_key.to_owned());
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, review: &Value) -> Value {
        let token = review["spec"]["token"].as_str().unwrap_or_default();
        let status = match self.entry(token) {
            Ok(Entry { user, groups }) => {
                json!({"authenticated": true, "user": {"username": user, "groups": groups}})
            }
            Err(why) => json!({"authenticated": false, "error": why}),
        };
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status})
    }

    fn entry(&self, token: &str) -> Result<Entry, &'static str> {
        let mut known = self.known();
        let access_key = access_key(token, &known.clusters)?;
        if let Some(at) = known.refused.iter().position(|key| *key == access_key) {
            known.refused.swap_remove(at);
            return Err("refused on purpose");
        }
        let creator = Entry {
            user: access_key.clone(),
            groups: vec!["system:masters".to_owned()],
        };
        let entry = known.entries.get(&access_key).cloned();
        entry.unwrap_or(Some(creator)).ok_or("ARN is not mapped")
    }
}

/// Starts the webhook that the API server asks about tokens, and writes the file by which it finds it.
pub(crate) fn start(
    engine: &Engine,
    authority: &Authority,
    configuration: &Path,
) -> Result<Principals> {
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
    let principals = Principals::default();
    let handler = principals.clone();
    engine.spawn(serve(listener, Some(tls), move |request| {
        let review = serde_json::from_slice::<Value>(request.body()).unwrap_or_default();
        let answer = json_response(StatusCode::OK, &handler.answer(&review));
        async { Reply::Answer(answer) }
    }));
    Ok(principals)
}

/// The access key id that signed a token for one of these clusters, or what is wrong with the token.
fn access_key(token: &str, clusters: &BTreeSet<String>) -> Result<String, &'static str> {
    let encoded = token
        .strip_prefix(PREFIX)
        .ok_or("token is missing expected \"k8s-aws-v1.\" prefix")?;
    let url = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| "token is not base64 without padding")?;
    let url = Uri::try_from(url).map_err(|_| "token is not a URL")?;
    let host = url.host().unwrap_or_default();
    if url.scheme_str() != Some("https")
        || url.path() != "/"
        || host != format!("sts.{REGION}.amazonaws.com")
    {
        return Err("unexpected endpoint in pre-signed URL");
    }
    let query = form_urlencoded::parse(url.query().unwrap_or_default().as_bytes());
    let mut query = query.into_owned().collect::<Vec<_>>();
    let mut names = query
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect::<Vec<_>>();
    names.sort();
    if names
        .iter()
        .any(|name| !PARAMETERS.contains(&name.as_str()))
        || names.windows(2).any(|pair| pair[0] == pair[1])
    {
        return Err("non-whitelisted or repeated query parameter");
    }
    let signature = query
        .iter()
        .position(|(name, _)| name == "X-Amz-Signature")
        .map(|at| query.remove(at).1)
        .ok_or("no signature in pre-signed URL")?;
    let access_key = check_parameters(&query)?;
    let get = |name: &str| parameter(&query, name);
    let scope = Scope {
        date: get("X-Amz-Date"),
        region: REGION,
        service: "sts",
    };
    if get("X-Amz-Credential") != format!("{access_key}/{}", scope.text()) {
        return Err("credential is of another scope");
    }
    let is_signed_for = |cluster: &String| {
        let headers = [("host", host), (CLUSTER, cluster.as_str())];
        let request = Get {
            query: &query,
            headers: &headers,
        };
        signature::of(&request, &scope, SECRET) == signature
    };
    if clusters.iter().any(is_signed_for) {
        Ok(access_key)
    } else {
        Err("error from AWS (expected 200, got 403): SignatureDoesNotMatch")
    }
}

/// The access key id in the parameters that are signed, or what is wrong with them.
fn check_parameters(query: &[(String, String)]) -> Result<String, &'static str> {
    let get = |name: &str| parameter(query, name);
    if get("Action") != "GetCallerIdentity" {
        return Err("unexpected action parameter in pre-signed URL");
    }
    if get("X-Amz-SignedHeaders") != format!("host;{CLUSTER}") {
        return Err("client did not sign the x-k8s-aws-id header in the pre-signed URL");
    }
    if !get("X-Amz-Expires")
        .parse()
        .is_ok_and(|seconds: i64| (0..=900).contains(&seconds))
    {
        return Err("invalid X-Amz-Expires parameter in pre-signed URL");
    }
    let made = DateTime::strptime(DATE, get("X-Amz-Date"))
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

fn parameter<'a>(query: &'a [(String, String)], name: &str) -> &'a str {
    query
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .unwrap_or_default()
}

/// A token for a cluster, as `aws eks get-token` makes it at a time with the sandbox's secret key.
pub(crate) fn make(cluster: &str, access_key: &str, made: Timestamp) -> String {
    let date = made.strftime(DATE).to_string();
    let scope = Scope {
        date: &date,
        region: REGION,
        service: "sts",
    };
    let host = format!("sts.{REGION}.amazonaws.com");
    let credential = format!("{access_key}/{}", scope.text());
    let mut query = [
        ("Action", "GetCallerIdentity"),
        ("Version", "2011-06-15"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", &date),
        ("X-Amz-Expires", "60"),
        ("X-Amz-SignedHeaders", &format!("host;{CLUSTER}")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    let request = Get {
        query: &query,
        headers: &[("host", &host), (CLUSTER, cluster)],
    };
    let signature = signature::of(&request, &scope, SECRET);
    query.push(("X-Amz-Signature".to_owned(), signature));
    let query = query.iter().map(signature::encoded).collect::<Vec<_>>();
    let url = format!("https://{host}/?{}", query.join("&"));
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
}
