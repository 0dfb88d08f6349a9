//! Answers in the two protocols: XML for IAM and STS, JSON for EKS.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::fault::Fault;
use crate::aws::AwsCall;
use crate::http::{json_response, response};

const REQUEST: &str = "00000000-0000-4000-8000-000000000000";

/// A piece of XML under construction.
#[derive(Default)]
pub(super) struct Xml(String);

impl Xml {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Text without an element around it, for a list of texts.
    pub(super) fn value(text: &str) -> Self {
        Self(escape(text))
    }

    pub(super) fn text(self, name: &str, value: &str) -> Self {
        self.nest(name, &Self::value(value))
    }

    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(super) fn nest(mut self, name: &str, inner: &Self) -> Self {
        for part in ["<", name, ">", &inner.0, "</", name, ">"] {
            self.0.push_str(part);
        }
        self
    }

    /// A list as the query protocol writes it.
    ///
    /// Source: Smithy, "AWS Query protocol", collections.
    pub(super) fn members(self, name: &str, items: impl IntoIterator<Item = Self>) -> Self {
        let list = items
            .into_iter()
            .fold(Self::new(), |list, item| list.nest("member", &item));
        self.nest(name, &list)
    }
}

/// The answer to a call of IAM or STS.
///
/// Source: Smithy, "AWS Query protocol", response serialization.
pub(super) fn query(operation: &str, result: &Xml) -> Response<Bytes> {
    let mut answer = Xml::new();
    if !result.0.is_empty() {
        answer = answer.nest(&format!("{operation}Result"), result);
    }
    let answer = answer.nest("ResponseMetadata", &Xml::new().text("RequestId", REQUEST));
    let body = format!("<{operation}Response>{}</{operation}Response>", answer.0);
    response(StatusCode::OK, "text/xml", body)
}

pub(super) fn json(body: &Value) -> Response<Bytes> {
    json_response(StatusCode::OK, body)
}

/// An error in the protocol of the service that was called.
pub(super) fn error(call: &AwsCall, fault: &Fault) -> Response<Bytes> {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = if call.is_query() {
        query_error(status, fault)
    } else {
        json_error(status, fault)
    };
    let request = HeaderValue::from_static(REQUEST);
    answer.headers_mut().insert("x-amzn-requestid", request);
    answer
}

/// Source: Smithy, "AWS Query protocol", operation error serialization.
fn query_error(status: StatusCode, fault: &Fault) -> Response<Bytes> {
    let party = if status.is_client_error() {
        "Sender"
    } else {
        "Receiver"
    };
    let error = Xml::new()
        .text("Type", party)
        .text("Code", &fault.code)
        .text("Message", &fault.message);
    let answer = Xml::new().nest("Error", &error).text("RequestId", REQUEST);
    let body = format!("<ErrorResponse>{}</ErrorResponse>", answer.0);
    response(status, "text/xml", body)
}

/// Source: Smithy, "AWS restJson1 protocol", operation error serialization.
fn json_error(status: StatusCode, fault: &Fault) -> Response<Bytes> {
    let body = json!({"__type": fault.code, "message": fault.message});
    let mut answer = json_response(status, &body);
    if let Ok(code) = HeaderValue::from_str(&fault.code) {
        answer.headers_mut().insert("x-amzn-errortype", code);
    }
    answer
}

/// Source: IAM API Reference, "Common Errors", `InvalidAction`.
pub(super) fn unknown_operation(operation: &str) -> Fault {
    let message = format!("Could not find operation {operation}");
    Fault::new(400, "InvalidAction", &message)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
