//! What `-v` shows of the calls: one line for each request that was sent, those that are repeated included. A line is
//! made of what this file names, so that no header, body or credential gets into it.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use aws_sdk_iam::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef},
    },
    error::BoxError,
};
use aws_smithy_runtime_api::client::{orchestrator::Metadata, retries::RequestAttempts};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use http::{Request, Response};
use tracing::Level;

/// The target of every line. DEBUG is for `-v`, TRACE for `-vv`.
pub const CALLS: &str = "mcpctl::calls";

tokio::task_local! {
    /// What messages call the AWS call that is being made; the SDK knows its operation, but not on what.
    pub(super) static NAME: String;
}

/// Says that a call will be made again.
pub(super) fn again(call: &str, code: &str, attempt: u32, pause: Duration) {
    tracing::debug!(target: CALLS, "{call}: {code}; attempt {attempt} in {} ms", pause.as_millis());
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Sent {
    call: String,
    at: Instant,
}

impl Sent {
    fn new(call: String) -> Self {
        Self {
            call,
            at: Instant::now(),
        }
    }

    /// A request to the API server. `-vv` shows its query, which holds selectors and options.
    pub(super) fn to_kubernetes<B>(request: &Request<B>) -> Self {
        let uri = request.uri();
        let query = uri.query().unwrap_or_default();
        let mut call = format!("{} {}", request.method(), uri.path());
        if tracing::enabled!(target: CALLS, Level::TRACE) && !query.is_empty() {
            _ = write!(call, "?{query}");
        } else if query.contains("watch=1") {
            call.push_str(" (watch)");
        } else if query.contains("dryRun=All") {
            call.push_str(" (dry run)");
        }
        Self::new(call)
    }

    /// A request for AWS credentials, which has no name of ours. Its query may hold anything.
    pub(super) fn for_credentials(method: &str, uri: &str) -> Self {
        let place = uri.split('?').next().unwrap_or_default();
        Self::new(format!("{method} {place} (credentials)"))
    }

    /// What came back of it, or that nothing did.
    pub(super) fn gave(&self, status: Option<u16>) {
        self.line(status, 1, [("", None), ("", None)]);
    }

    /// What came back from the API server, or that nothing did.
    pub(super) fn answered<B>(&self, response: Option<&Response<B>>) {
        let header = |name| response?.headers().get(name)?.to_str().ok();
        self.line(
            response.map(|response| response.status().as_u16()),
            1,
            [
                ("audit-id", header("audit-id")),
                ("bytes", header("content-length")),
            ],
        );
    }

    fn line(&self, status: Option<u16>, attempt: u32, details: [(&str, Option<&str>); 2]) {
        let status = status.map_or("no answer after".into(), |status| status.to_string());
        let took = self.at.elapsed().as_millis();
        let mut text = format!("{} {status} {took} ms", self.call);
        if attempt > 1 {
            _ = write!(text, " attempt {attempt}");
        }
        if tracing::enabled!(target: CALLS, Level::TRACE) {
            for (name, value) in details {
                if let Some(value) = value {
                    _ = write!(text, " {name} {value}");
                }
            }
        }
        tracing::debug!(target: CALLS, "{text}");
    }
}

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

/// Says a line for each attempt of the SDK.
#[derive(Debug)]
pub(super) struct Attempts;

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = || state.load::<Metadata>().map(|call| call.name().to_string());
        let call = NAME.try_with(Clone::clone).ok().or_else(operation);
        let sent = Sent::new(call.unwrap_or_default());
        state.interceptor_state().store_put(sent);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Without credentials nothing was sent.
        let Some(sent) = state.load::<Sent>() else {
            return Ok(());
        };
        let attempt = state.load::<RequestAttempts>();
        let response = context.response();
        let header = |name| response?.headers().get(name);
        sent.line(
            response.map(|response| response.status().as_u16()),
            attempt.map_or(1, RequestAttempts::attempts),
            [
                ("request-id", header("x-amzn-requestid")),
                ("bytes", header("content-length")),
            ],
        );
        Ok(())
    }
}
