//! What a request to AWS is: who calls which operation of which service.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Method, Request, header};
use k8s_openapi::jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Map, Value};

use super::REGION;

/// One call that reached the front.
#[derive(Clone, Debug, Serialize)]
pub struct AwsCall {
    /// Counts all calls of the sandbox in the order in which they arrived.
    pub sequence: u64,
    /// When it arrived (RFC 3339).
    pub time: String,
    /// The access key id that signed it.
    pub access_key: String,
    /// `iam`, `eks` or `sts`.
    pub service: String,
    /// The operation's name in the service's API, such as `CreatePodIdentityAssociation`.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// What was asked: the form's fields for IAM and STS, the JSON body for EKS.
    pub parameters: Value,
    /// The HTTP status of the answer; none while the call is in flight, or if it got no answer.
    pub status: Option<u16>,
}

impl AwsCall {
    pub(crate) fn new(sequence: u64, request: &Request<Bytes>) -> Self {
        let authorization = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let (access_key, service) = authorization.and_then(credential_scope).unwrap_or_default();
        let form = parse_form(request);
        let operation = match form
            .as_ref()
            .and_then(|form| form.get("Action"))
            .and_then(Value::as_str)
        {
            Some(action) => action.to_owned(),
            None => eks_operation(request.method(), request.uri().path()),
        };
        let parameters = match form {
            Some(form) => Value::Object(form),
            None => serde_json::from_slice(request.body()).unwrap_or_default(),
        };
        Self {
            sequence,
            time: Timestamp::now().to_string(),
            access_key: access_key.to_owned(),
            service: service.to_owned(),
            operation,
            method: request.method().to_string(),
            path: request
                .uri()
                .path_and_query()
                .map_or_else(String::new, ToString::to_string),
            parameters,
            status: None,
        }
    }

    /// A parameter as text: `call.parameter("RoleName")`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(Value::as_str)
    }

    /// IAM and STS speak XML, EKS speaks JSON.
    pub(crate) fn is_query(&self) -> bool {
        self.service != "eks"
    }
}

/// The access key id and the service in `Credential=KEY/date/region/service/aws4_request`.
///
/// Source: AWS General Reference, "Create a signed AWS API request".
fn credential_scope(authorization: &str) -> Option<(&str, &str)> {
    let (_, credential) = authorization.split_once("Credential=")?;
    let mut parts = credential.split([',', ' ']).next()?.split('/');
    Some((parts.next()?, parts.nth(2)?))
}

/// An authorization header of the right form; nobody here checks signatures.
pub(crate) fn authorization(access_key: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20260101/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}

fn parse_form(request: &Request<Bytes>) -> Option<Map<String, Value>> {
    let content_type = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    content_type
        .starts_with("application/x-www-form-urlencoded")
        .then(|| {
            form_urlencoded::parse(request.body())
                .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())))
                .collect()
        })
}

/// The segments of a path, decoded.
pub(crate) fn segments(path: &str) -> Vec<Cow<'_, str>> {
    path.trim_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect()
}

/// The operation that EKS's HTTP bindings give a method and a path.
///
/// Source: Amazon EKS API Reference, the request syntax of each action.
fn eks_operation(method: &Method, path: &str) -> String {
    let segments = segments(path);
    let segments = segments.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let name = match (method.as_str(), segments.as_slice()) {
        ("POST", ["clusters"]) => "CreateCluster",
        ("GET", ["clusters"]) => "ListClusters",
        ("GET", ["clusters", _]) => "DescribeCluster",
        ("DELETE", ["clusters", _]) => "DeleteCluster",
        ("POST", ["clusters", _, "pod-identity-associations"]) => "CreatePodIdentityAssociation",
        ("GET", ["clusters", _, "pod-identity-associations"]) => "ListPodIdentityAssociations",
        ("GET", ["clusters", _, "pod-identity-associations", _]) => {
            "DescribePodIdentityAssociation"
        }
        ("POST", ["clusters", _, "pod-identity-associations", _]) => "UpdatePodIdentityAssociation",
        ("DELETE", ["clusters", _, "pod-identity-associations", _]) => {
            "DeletePodIdentityAssociation"
        }
        ("GET", ["clusters", _, "addons"]) => "ListAddons",
        ("GET", ["clusters", _, "addons", _]) => "DescribeAddon",
        ("POST", ["clusters", _, "addons"]) => "CreateAddon",
        ("GET", ["tags", ..]) => "ListTagsForResource",
        ("POST", ["tags", ..]) => "TagResource",
        ("DELETE", ["tags", ..]) => "UntagResource",
        _ => return format!("{method} {path}"),
    };
    name.to_owned()
}
