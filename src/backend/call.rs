//! A call of the AWS SDK: made in one place, its failure turned into ours.

use aws_sdk_eks::error::{ProvideErrorMetadata, SdkError};
use aws_types::request_id::RequestId;

use super::{CallError, Reason, causes, retry::retry, trace};

/// Codes of changes that are still spreading or that pass: the SDK does not repeat them.
const PASSING: [&str; 5] = [
    "ConcurrentModification",
    "EntityTemporarilyUnmodifiable",
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
];

/// Makes a call of the SDK, again while it fails in a passing way. `name` is what messages call it.
pub(super) async fn call<T, E>(
    name: &str,
    mut send: impl AsyncFnMut() -> std::result::Result<T, SdkError<E>>,
) -> std::result::Result<T, CallError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    SdkError<E>: RequestId,
{
    // The SDK's futures are nested deeper than the compiler follows through ours.
    retry(async || {
        let answer = trace::NAME.scope(name.into(), Box::pin(send())).await;
        answer.map_err(|error| failed(name, &error))
    })
    .await
}

/// Absence, where that is what was to be reached. False says that there was nothing to do.
pub(super) fn absent_is_fine<T>(
    answer: std::result::Result<T, CallError>,
) -> std::result::Result<bool, CallError> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.reason == Reason::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An SDK failure as one of ours.
fn failed<E>(call: &str, error: &SdkError<E>) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    SdkError<E>: RequestId,
{
    let status = error
        .raw_response()
        .map(|response| format!("HTTP {}", response.status().as_u16()));
    let code = error
        .code()
        .map(str::to_string)
        .or(status)
        .unwrap_or_default();
    let mut message = error.message().unwrap_or_default().to_string();
    let reason = if matches!(error, SdkError::ServiceError(_)) {
        reason_of(&code)
    } else {
        message = causes::chain(error);
        if message.contains("credential") {
            message = message.replacen("dispatch failure: other: ", "", 1);
            Reason::NoCredentials
        } else {
            Reason::Transport
        }
    };
    if let Some(request) = error.request_id() {
        message = format!("{message} (request {request})");
    }
    CallError {
        call: call.into(),
        reason,
        code,
        message,
        retry_after: None,
        after_writes: false,
        advice: None,
    }
}

/// What a service's error code means to us.
fn reason_of(code: &str) -> Reason {
    match code {
        code if PASSING.contains(&code) => Reason::Busy,
        "NoSuchEntity" | "ResourceNotFoundException" => Reason::NotFound,
        "EntityAlreadyExists" | "ResourceInUseException" | "DeleteConflict" => Reason::Conflict,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => Reason::Forbidden,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException" => Reason::Unauthorized,
        "MalformedPolicyDocument"
        | "InvalidInput"
        | "ValidationError"
        | "InvalidParameterException"
        | "InvalidRequestException"
        | "LimitExceeded"
        | "ResourceLimitExceededException" => Reason::Invalid,
        _ => Reason::Other,
    }
}
