//! A strict double of the AWS calls that mcpctl makes: IAM, EKS and STS in one process, over plain HTTP on loopback.
//!
//! An emulator is enough to see that a tenant comes and goes. It does not cut lists into pages, look whether a role
//! exists, read a policy, keep a limit, or need time until a change is seen. This does, and it can be told to fail at
//! any call or to change the world right after one. Every behaviour names the AWS page or the public report it rests
//! on; what AWS does not document and nobody has reported says so.
//!
//! ```no_run
//! use mcpctl_sandbox::strict_aws::{Fault, StrictAws, Times};
//!
//! # fn main() -> anyhow::Result<()> {
//! let aws = StrictAws::start("111122223333", "eu-west-1")?;
//! aws.add_cluster("prod", "https://127.0.0.1:6443", "LS0t");
//! aws.role_visible_after(2);
//! aws.fail("PutRolePolicy", 1, Fault::iam_throttling());
//! aws.fail("DeleteRole", Times::Always, Fault::concurrent_modification());
//! // Run mcpctl with `aws.env()`, then look at `aws.calls()` and `aws.state(|state| …)`.
//! # Ok(())
//! # }
//! ```

mod authorization;
mod eks;
mod fault;
mod form;
mod iam;
mod permissions;
mod policy;
mod resources;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, Uri};
use tokio::net::TcpListener;

use crate::aws::AwsCall;
use crate::engine::Engine;
use crate::http::{Reply, serve};
use fault::Plans;
use form::Form;
use permissions::Permissions;
use wire::Xml;

pub use fault::{Fault, Hook, Times};
pub use resources::{Association, Cluster, InstanceProfile, ManagedPolicy, Role};
pub use state::State;

/// A running double. It stops when it is dropped.
pub struct StrictAws {
    shared: Arc<Mutex<Shared>>,
    endpoint: String,
    region: String,
    _engine: Engine,
}

struct Shared {
    state: State,
    permissions: Permissions,
    plans: Plans,
    calls: Vec<AwsCall>,
}

impl StrictAws {
    /// Starts an empty account on a free port of loopback, on a thread of its own.
    pub fn start(account: &str, region: &str) -> Result<Self> {
        let engine = Engine::start()?;
        let listener =
            engine.run(async { Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?) })?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Mutex::new(Shared {
            state: State::new(account, region),
            permissions: Permissions::default(),
            plans: Plans::default(),
            calls: Vec::new(),
        }));
        let handler = Arc::clone(&shared);
        engine.spawn(serve(listener, None, move |request| {
            let answer = lock(&handler).handle(&request);
            async move { Reply::Answer(answer) }
        }));
        Ok(Self {
            shared,
            endpoint,
            region: region.to_owned(),
            _engine: engine,
        })
    }

    /// The address of all three services.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The variables by which the AWS SDKs and the AWS CLI come here.
    pub fn env(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
            ("AWS_REGION", &self.region),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Adds a cluster with the Pod Identity agent installed.
    pub fn add_cluster(&self, name: &str, endpoint: &str, ca_base64: &str) {
        self.state(|state| state.add_cluster(name, endpoint, ca_base64));
    }

    /// Looks at the account or prepares it, without a call in the log.
    pub fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut lock(&self.shared).state)
    }

    /// From now on EKS does not know a new role in the first `calls` create or update calls that name it.
    pub fn role_visible_after(&self, calls: u32) {
        self.state(|state| state.role_hidden_for = calls);
    }

    /// From now on the first `calls` calls about a role whose tags were set are authorized as if it had none.
    ///
    /// Source: IAM User Guide, "Changes that I make are not always immediately visible". How long is assumed.
    pub fn tags_seen_after(&self, calls: u32) {
        self.state(|state| state.tags_unseen_for = calls);
    }

    /// From now on a deleted association refuses its successor in the first `calls` create calls.
    pub fn deleted_association_lingers(&self, calls: u32) {
        self.state(|state| state.association_lingers_for = calls);
    }

    /// Deleted associations are in nobody's way any more.
    pub fn forget_deleted_associations(&self) {
        self.state(|state| state.lingering.clear());
    }

    /// Lists give at most this many items a page, whatever the caller asks for.
    pub fn page_size(&self, items: usize) {
        self.state(|state| state.page_size = items.max(1));
    }

    /// Answers the next calls of an operation with a fault, and does not carry them out.
    pub fn fail(&self, operation: &str, times: impl Into<Times>, fault: Fault) {
        let times = times.into();
        lock(&self.shared)
            .plans
            .fail(operation, times, fault, false);
    }

    /// Carries the next calls of an operation out, and then answers with a fault: the caller cannot know.
    pub fn fail_after_doing(&self, operation: &str, times: impl Into<Times>, fault: Fault) {
        let times = times.into();
        lock(&self.shared).plans.fail(operation, times, fault, true);
    }

    /// Changes the world right after the next call of an operation that succeeds, before anything else is answered.
    pub fn after(&self, operation: &str, hook: Hook) {
        lock(&self.shared).plans.after(operation, hook);
    }

    /// From now on callers may do what this identity policy allows, and nothing else.
    pub fn allow(&self, policy: &str) -> Result<()> {
        lock(&self.shared).permissions.set(policy)
    }

    /// Each statement of that policy, by its `Sid`, with each action that it was needed for since this was asked last.
    pub fn take_allowed(&self) -> BTreeSet<(String, String)> {
        lock(&self.shared).permissions.take_used()
    }

    /// Forgets all faults and hooks that have not come true.
    pub fn heal(&self) {
        let mut shared = lock(&self.shared);
        shared.plans = Plans::default();
        shared.state.role_hidden_for = 0;
        shared.state.association_lingers_for = 0;
        shared.state.tags_unseen_for = 0;
    }

    /// The names of the operations called, in order.
    pub fn calls(&self) -> Vec<String> {
        let calls = self.log();
        calls.into_iter().map(|call| call.operation).collect()
    }

    /// The operations called with the HTTP status of each answer, in order.
    pub fn outcomes(&self) -> Vec<(String, u16)> {
        let calls = self.log();
        calls
            .into_iter()
            .map(|call| (call.operation, call.status.unwrap_or_default()))
            .collect()
    }

    /// The calls with all that was asked, in order.
    pub fn log(&self) -> Vec<AwsCall> {
        lock(&self.shared).calls.clone()
    }

    /// Empties the log, so that a test can look at one step alone.
    pub fn clear_calls(&self) {
        lock(&self.shared).calls.clear();
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // A test's closure that panicked has failed its test already.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn handle(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let mut call = AwsCall::new(self.calls.len() as u64, request);
        let answer = match self.plans.fault(&call.operation) {
            None => self.carry_out(&call, request.uri()),
            Some((fault, carried_out)) => {
                if carried_out {
                    self.carry_out(&call, request.uri());
                }
                wire::error(&call, &fault)
            }
        };
        call.status = Some(answer.status().as_u16());
        self.calls.push(call);
        answer
    }

    fn carry_out(&mut self, call: &AwsCall, uri: &Uri) -> Response<Bytes> {
        let asks = authorization::asks(&mut self.state, call, uri);
        if let Some(ask) = asks.iter().find(|ask| !self.permissions.allow(ask)) {
            return wire::error(call, &Fault::not_allowed(call, ask));
        }
        let form = Form::new(&call.parameters);
        let result = match call.service.as_str() {
            "iam" => iam::answer(&mut self.state, &call.operation, &form)
                .map(|xml| wire::query(&call.operation, &xml)),
            "sts" => self.caller_identity(&call.operation),
            "eks" => eks::answer(&mut self.state, call, uri).map(|body| wire::json(&body)),
            // Source: AWS General Reference, "Common errors": no signature.
            _ => Err(Fault::new(
                403,
                "MissingAuthenticationToken",
                "Missing Authentication Token",
            )),
        };
        match result {
            Ok(answer) => {
                self.plans.run_hooks(&call.operation, &mut self.state);
                answer
            }
            Err(fault) => wire::error(call, &fault),
        }
    }

    /// Source: AWS STS API Reference, `GetCallerIdentity`.
    fn caller_identity(&self, operation: &str) -> Result<Response<Bytes>, Fault> {
        if operation != "GetCallerIdentity" {
            return Err(wire::unknown_operation(operation));
        }
        let xml = Xml::new()
            .text("Arn", &self.state.iam_arn("user/mcpctl"))
            .text("UserId", "AIDACKCEVSQ6C2EXAMPLE")
            .text("Account", self.state.account());
        Ok(wire::query(operation, &xml))
    }
}
