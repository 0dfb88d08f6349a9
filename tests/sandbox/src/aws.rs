//! AWS as the sandbox gives it: an emulator behind a front that adds what the emulator lacks, logs every call, and
//! can be told to fail.

mod associations;
mod call;
mod eks;
mod front;
mod ministack;
mod rules;
mod wire;

pub use call::AwsCall;
pub use rules::{AwsRule, AwsRuleHandle};

pub(crate) use associations::Associations;
pub(crate) use eks::Cluster;
pub(crate) use front::Front;
pub(crate) use ministack::{Ministack, query};

/// The account that owns everything: one of those that AWS's documentation uses in its examples.
pub(crate) const ACCOUNT: &str = "111122223333";

pub(crate) const REGION: &str = "eu-west-1";

/// The secret key of every access key. Calls are not held against it, tokens for the API server are.
pub(crate) const SECRET: &str = "sandbox";
