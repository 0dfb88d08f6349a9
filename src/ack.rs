//! AWS Controllers for Kubernetes (ACK): the form in which they take role and association, and what they say of them.
//! Pure.
//!
//! <https://aws-controllers-k8s.github.io/docs/>

/// Tag that ACK's controllers put on all that they make, with their name and version.
/// <https://aws-controllers-k8s.github.io/community/docs/user-docs/ack-tags/>
pub const CONTROLLER: &str = "services.k8s.aws/controller-version";

mod account;
mod conditions;
mod form;

pub use account::in_account;
pub use conditions::{TERMINAL, Verdict, conditions, is_behind, pause_before_write, verdict};
pub use form::{carried, read, stored};
