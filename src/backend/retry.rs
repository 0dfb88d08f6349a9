//! The one place that repeats calls.

use std::time::Duration;

use super::{CallError, Reason, trace};

const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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
