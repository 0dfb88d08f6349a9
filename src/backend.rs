//! The two places that hold state: the API server, and IAM and EKS.

use std::{fmt, time::Duration};

use crate::error::{Error, Kind};

mod aws;
mod call;
mod causes;
mod connect;
mod credentials;
mod eks;
mod iam;
mod kubernetes;
mod plugin;
mod retry;
mod token;
mod trace;

pub use aws::Aws;
pub use connect::{Access, IN_CLUSTER, contexts};
pub use eks::{Addon, AssociationSummary, ClusterInfo};
pub use iam::RoleSummary;
pub use kubernetes::{Apply, Kubernetes, Propagation, WatchEvent};
pub use token::Signer;
pub use trace::CALLS;

/// The SDK says where it looked.
const NO_CREDENTIALS: &str =
    "give AWS credentials: a profile (--profile), AWS_* variables, or a role of the CI job";

/// The one that carries an object out.
#[derive(Clone, Copy)]
pub enum Side<'a> {
    /// The API server. For role and association it passes the order on to ACK's controllers.
    Kubernetes(&'a Kubernetes),
    /// IAM and EKS.
    Aws(&'a Aws),
}

/// What kind of answer a call got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The object does not exist.
    NotFound,
    /// The API server serves no such kind.
    NotServed,
    /// It exists already, or another field manager holds the field, or it changed since it was read.
    Conflict,
    /// Not allowed: RBAC, admission, quota, IAM.
    Forbidden,
    /// Who we are was not accepted.
    Unauthorized,
    /// The server read the object and refuses it.
    Invalid,
    /// A field that the kind does not have: a fault of the template.
    UnknownField,
    /// Passing: too many requests, a gateway, a change that is still spreading.
    Busy,
    /// No credentials could be found.
    NoCredentials,
    /// No answer: refused connection, TLS, DNS, time-out.
    Transport,
    /// Anything else.
    Other,
}

/// A call that failed: what was tried, and what the server answered.
#[derive(Clone, Debug)]
pub struct CallError {
    /// `apply Deployment mcp-acme/mcp-server`
    pub call: String,
    /// Class of the answer.
    pub reason: Reason,
    /// The server's own code: `403 Forbidden`, `NoSuchEntity`.
    pub code: String,
    /// The server's own words.
    pub message: String,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether other calls of the same change were carried out before it.
    pub after_writes: bool,
    /// What to do, where whoever made the call knows better than its reason tells.
    pub advice: Option<String>,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.answer())
    }
}

impl CallError {
    /// The answer on one line.
    pub fn answer(&self) -> String {
        if self.code.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.code, self.message)
        }
    }

    /// Whether the object or what it belongs to is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self.reason, Reason::NotFound | Reason::NotServed)
    }

    fn hint(&self) -> Option<String> {
        if self.advice.is_some() {
            return self.advice.clone();
        }
        let aws = self.is_aws();
        Some(match self.reason {
            Reason::NoCredentials if aws => NO_CREDENTIALS.into(),
            Reason::Forbidden if aws => "the caller's IAM policy must allow this action on this resource".into(),
            Reason::Forbidden if self.message.contains("cannot ") => {
                "the caller needs this verb on this resource: a ClusterRole and a binding for it".into()
            }
            Reason::Unauthorized if aws => "the AWS credentials are not valid or have expired".into(),
            Reason::Unauthorized => "the API server does not know the caller: is the token or certificate expired, has the IAM principal an EKS access entry?".into(),
            Reason::NotServed => "this cluster does not serve that kind: install what defines it (for elbv2.k8s.aws the AWS Load Balancer Controller, for iam and eks.services.k8s.aws the ACK controllers)".into(),
            Reason::UnknownField => "a template sets a field that the kind does not have".into(),
            Reason::Transport if aws => "is there a network, and is AWS_ENDPOINT_URL, if set, right?".into(),
            Reason::Transport => "is the API server reachable from here, and is the kubeconfig's context the right one?".into(),
            _ => return None,
        })
    }

    fn is_aws(&self) -> bool {
        self.call.starts_with("iam:")
            || self.call.starts_with("eks:")
            || self.call.starts_with("sts:")
    }
}

/// As an error before the first write.
impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        let kind = match error.reason {
            Reason::UnknownField => Kind::Usage,
            Reason::Conflict | Reason::Invalid => Kind::Conflict,
            _ => Kind::Unreachable,
        };
        let mut report = Self::new(kind, error.call.clone()).detail(error.answer());
        report.hints.extend(error.hint());
        report.unanswered = error.reason == Reason::Transport;
        report.after_writes = error.after_writes;
        report
    }
}
