//! Requests and answers of the API server as they go over the wire.

use std::time::Duration;

use http::Request;
use serde_json::Value;

use super::Answer;
use crate::{
    ack,
    backend::{CallError, Reason, causes},
    error::Error,
    object::{Id, KnownKind, Object},
};

pub(super) fn request(
    method: &str,
    path: &str,
    body: Option<&Value>,
    call: &str,
) -> Answer<Request<Vec<u8>>> {
    let content = match body {
        Some(Value::Array(_)) => "application/json-patch+json",
        _ if method == "PATCH" => "application/apply-patch+yaml",
        _ => "application/json",
    };
    Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", content)
        .header("user-agent", concat!("mcpctl/", env!("CARGO_PKG_VERSION")))
        .body(
            body.map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
        )
        .map_err(|error| transport(call, error.to_string()))
}

pub(super) fn collection(kind: &KnownKind, namespace: &str) -> String {
    let root = if kind.group.is_empty() {
        "/api".into()
    } else {
        format!("/apis/{}", kind.group)
    };
    let namespace = if namespace.is_empty() {
        String::new()
    } else {
        format!("/namespaces/{namespace}")
    };
    format!("{root}/{}{namespace}/{}", kind.version, kind.plural)
}

/// A query string of the parameters that are not empty.
pub(super) fn query(parameters: &[(&str, &str)]) -> String {
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(given)
        .finish()
}

pub(super) fn to_object(tree: Value, call: &str) -> Answer<Object> {
    Object::new(ack::read(tree)).map_err(|error| transport(call, error.line()))
}

pub(super) fn transport(call: &str, message: String) -> CallError {
    CallError {
        call: call.into(),
        reason: Reason::Transport,
        code: String::new(),
        message,
        retry_after: None,
        after_writes: false,
        advice: None,
    }
}

/// What h2 says of a request that came after the server's GOAWAY without an error. The server has not looked at it (RFC
/// 9113, 6.8). API servers close connections so now and then, and after each request that they do not authenticate.
const GOING_AWAY: &str = "connection error received: not a result of an error";

fn unanswered(call: &str, why: String) -> CallError {
    let again = why.contains(GOING_AWAY);
    let error = transport(call, why);
    if again {
        return CallError {
            reason: Reason::Busy,
            ..error
        };
    }
    error
}

pub(super) fn not_served(id: &Id, call: &str) -> CallError {
    CallError {
        reason: Reason::NotServed,
        ..transport(
            call,
            format!("no kind {} of group `{}` is known", id.kind, id.group),
        )
    }
}

/// The call was not made, since nothing could say who makes it.
fn no_credentials(call: &str, why: &(dyn std::error::Error + 'static)) -> CallError {
    let why = why.downcast_ref::<Error>();
    let message = why.map(Error::line);
    CallError {
        reason: Reason::NoCredentials,
        advice: why.and_then(|why| why.hints.first().cloned()),
        ..transport(call, message.unwrap_or_default())
    }
}

pub(super) fn failed(call: &str, error: kube::Error) -> CallError {
    let status = match error {
        kube::Error::Api(status) => status,
        kube::Error::Service(cause) if cause.is::<Error>() => return no_credentials(call, &*cause),
        error => return unanswered(call, causes::chain(&error)),
    };
    let reason = match status.code {
        401 => Reason::Unauthorized,
        403 if status.message.contains("status unknown for quota") => Reason::Busy,
        403 => Reason::Forbidden,
        404 => Reason::NotFound,
        // What a pod is refused with while others are counted; an update of the quota itself is stale instead.
        409 if status.message.contains("resourcequotas") && !call.contains("ResourceQuota ") => {
            Reason::Busy
        }
        409 => Reason::Conflict,
        422 | 400 => Reason::Invalid,
        429 | 502..=504 => Reason::Busy,
        500 if status
            .message
            .contains("failed to create typed patch object") =>
        {
            Reason::UnknownField
        }
        _ => Reason::Other,
    };
    let seconds = status
        .details
        .as_ref()
        .map(|details| u64::from(details.retry_after_seconds))
        .filter(|seconds| *seconds > 0);
    CallError {
        call: call.into(),
        reason,
        code: format!("{} {}", status.code, status.reason).trim().into(),
        message: status.message,
        retry_after: seconds.map(Duration::from_secs),
        after_writes: false,
        advice: None,
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(call: &str) -> Reason {
        let message = "Operation cannot be fulfilled on resourcequotas \"tenant\": the object has been modified; \
            please apply your changes to the latest version and try again";
        let status = Status::failure(message, "Conflict").with_code(409);
        failed(call, kube::Error::Api(status.boxed())).reason
    }

    #[test]
    fn a_quota_that_others_are_counted_against_passes_and_one_that_moved_on_is_stale() {
        assert_eq!(refused("create Pod in mcp-acme"), Reason::Busy);
        assert_eq!(refused("apply Service mcp-acme/mcp-server"), Reason::Busy);
        assert_eq!(
            refused("apply ResourceQuota mcp-acme/tenant"),
            Reason::Conflict
        );
    }
}
