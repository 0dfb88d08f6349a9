//! Error answers in the form that each service's clients read.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::http::{json_response, response};

/// An error of a service that speaks the query protocol: IAM, STS.
///
/// Source: Smithy, "AWS Query protocol", operation error serialization.
pub(crate) fn query_error(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    let party = if status.is_client_error() {
        "Sender"
    } else {
        "Receiver"
    };
    let body = format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>{party}</Type>\
         <Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>",
        escape(code),
        escape(message)
    );
    response(status, "text/xml", body)
}

/// An error of a service that speaks the REST JSON protocol: EKS.
///
/// Source: Smithy, "AWS restJson1 protocol", operation error serialization.
pub(crate) fn json_error(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    let mut answer = json_response(status, &json!({"__type": code, "message": message}));
    if let Ok(code) = HeaderValue::from_str(code) {
        answer.headers_mut().insert("x-amzn-errortype", code);
    }
    answer
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
