//! Failures on demand, and changes that happen between two calls.

use std::collections::{HashMap, VecDeque};

use super::permissions::Ask;
use super::state::State;
use crate::aws::AwsCall;

/// A change of the world right after a call, as somebody else makes it.
pub type Hook = Box<dyn FnOnce(&mut State) + Send>;

/// An error as AWS answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The HTTP status.
    pub status: u16,
    /// The error code, such as `NoSuchEntity` or `ResourceInUseException`.
    pub code: String,
    /// The text for people.
    pub message: String,
}

impl Fault {
    pub fn new(status: u16, code: &str, message: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// Source: re:Post "IAM and STS throttling"; the code is the query protocol's.
    pub fn iam_throttling() -> Self {
        Self::new(400, "Throttling", "Rate exceeded")
    }

    /// Source: EKS API Reference, "Common Errors": `ThrottlingException`.
    pub fn eks_throttling() -> Self {
        Self::new(429, "ThrottlingException", "Rate exceeded")
    }

    /// Source: IAM User Guide, "Troubleshoot access denied error messages".
    pub fn iam_access_denied(action: &str) -> Self {
        Self::new(403, "AccessDenied", &not_authorized(action, ""))
    }

    /// Source: IAM User Guide, "Troubleshoot access denied error messages"; EKS's code for it as in
    /// aws/eks-hybrid#740.
    pub fn eks_access_denied(action: &str) -> Self {
        Self::new(403, "AccessDeniedException", &not_authorized(action, ""))
    }

    /// The same, of something that a policy does not allow.
    pub(super) fn not_allowed(call: &AwsCall, ask: &Ask) -> Self {
        let code = if call.is_query() {
            "AccessDenied"
        } else {
            "AccessDeniedException"
        };
        let on = format!(" on resource: {}", ask.resource);
        Self::new(403, code, &not_authorized(&ask.action, &on))
    }

    /// Source: IAM API Reference, `CreateRole`, errors.
    pub fn concurrent_modification() -> Self {
        Self::new(
            409,
            "ConcurrentModification",
            "The request was rejected because multiple requests to change this object were submitted simultaneously. \
             Wait a few minutes and submit your request again.",
        )
    }

    /// Source: IAM API Reference, `CreateRole`, errors.
    pub fn service_failure() -> Self {
        Self::new(
            500,
            "ServiceFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        )
    }

    /// Source: IAM API Reference, "Common Errors".
    pub(super) fn validation(message: &str) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// Source: EKS API Reference, `CreatePodIdentityAssociation`, errors.
    pub(super) fn parameter(message: &str) -> Self {
        Self::new(400, "InvalidParameterException", message)
    }
}

fn not_authorized(action: &str, on: &str) -> String {
    format!(
        "User: arn:aws:iam::111122223333:user/mcpctl is not authorized to perform: {action}{on} because no identity-based \
         policy allows the {action} action"
    )
}

/// How often a fault comes true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    Exactly(u32),
    Always,
}

impl From<u32> for Times {
    fn from(times: u32) -> Self {
        Self::Exactly(times)
    }
}

/// What is to happen to the calls to come, by operation.
#[derive(Default)]
pub(super) struct Plans {
    faults: HashMap<String, VecDeque<Planned>>,
    hooks: HashMap<String, VecDeque<Hook>>,
}

struct Planned {
    times: Times,
    fault: Fault,
    carried_out: bool,
}

impl Plans {
    pub(super) fn fail(&mut self, operation: &str, times: Times, fault: Fault, carried_out: bool) {
        let queue = self.faults.entry(operation.to_owned()).or_default();
        queue.push_back(Planned {
            times,
            fault,
            carried_out,
        });
    }

    pub(super) fn after(&mut self, operation: &str, hook: Hook) {
        let queue = self.hooks.entry(operation.to_owned()).or_default();
        queue.push_back(hook);
    }

    /// The fault of this call, if it is to fail, and whether it is carried out all the same.
    pub(super) fn fault(&mut self, operation: &str) -> Option<(Fault, bool)> {
        let queue = self.faults.get_mut(operation)?;
        while let Some(planned) = queue.front_mut() {
            match &mut planned.times {
                Times::Exactly(0) => {
                    queue.pop_front();
                    continue;
                }
                Times::Exactly(left) => *left -= 1,
                Times::Always => {}
            }
            return Some((planned.fault.clone(), planned.carried_out));
        }
        None
    }

    /// Runs the next hook of an operation.
    pub(super) fn run_hooks(&mut self, operation: &str, state: &mut State) {
        if let Some(hook) = self.hooks.get_mut(operation).and_then(VecDeque::pop_front) {
            hook(state);
        }
    }
}
