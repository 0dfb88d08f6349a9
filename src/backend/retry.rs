//! The one place that repeats calls.

use std::time::Duration;

use super::{CallError, Reason, trace};

const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long what was just tagged may take to be seen with its tag.
const MARK_PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
];

/// Repeats a call about what was tagged right before it, while it is not allowed: a policy of the caller's may ask for the
/// tag, and "any change that you make in IAM takes time to become visible":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
pub(super) async fn once_marked<T>(
    mut call: impl AsyncFnMut() -> Result<T, CallError>,
) -> Result<T, CallError> {
    for (attempt, pause) in (2..).zip(MARK_PAUSES) {
        match call().await {
            Err(error) if error.reason == Reason::Forbidden => {
                trace::again(&error.call, &error.code, attempt, pause);
                tokio::time::sleep(pause).await;
            }
            answer => return answer,
        }
    }
    call().await
}

/// Repeats a call while its failure is a passing one, with growing pauses and jitter, for as long as the server asks.
/// Never a field conflict, never an unknown field.
pub(super) async fn retry<T>(
    mut call: impl AsyncFnMut() -> Result<T, CallError>,
) -> Result<T, CallError> {
    let mut pause = FIRST_PAUSE;
    for attempt in 1..ATTEMPTS {
        match call().await {
            Err(error) if error.reason == Reason::Busy => {
                let wait = error.retry_after.unwrap_or(pause).min(LONGEST_PAUSE);
                let wait = wait.mul_f64(0.5 + fastrand::f64());
                trace::again(&error.call, &error.code, attempt + 1, wait);
                tokio::time::sleep(wait).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            answer => return answer,
        }
    }
    call().await
}
