//! Rules by which the front fails, delays or holds calls.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;

use super::AwsCall;

/// What the front shall do with certain calls: `AwsRule::on("CreateRole").by("KEY").once().fail(403, "AccessDenied",
/// "...")`.
#[derive(Clone, Debug)]
pub struct AwsRule {
    operation: String,
    access_key: Option<String>,
    times: Option<usize>,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Fail(Failure),
    Delay(Duration),
    Hold,
}

/// How a call fails.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The error to answer with; none breaks the connection instead.
    pub(crate) error: Option<(StatusCode, String, String)>,
    /// Whether the call takes effect nevertheless.
    pub(crate) carried_out: bool,
}

impl AwsRule {
    /// A rule for an operation, or for all with `*`. Without an action it holds the call until it is released.
    pub fn on(operation: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            access_key: None,
            times: None,
            action: Action::Hold,
        }
    }

    /// Only calls signed by this access key id.
    #[must_use]
    pub fn by(mut self, access_key: impl Into<String>) -> Self {
        self.access_key = Some(access_key.into());
        self
    }

    /// Only the first so many calls.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Only the first call.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Answer with this error; the call is not carried out. A status that HTTP does not know becomes 500.
    #[must_use]
    pub fn fail(self, status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.failure(
            Some((status_code(status), code.into(), message.into())),
            false,
        )
    }

    /// Carry the call out, and answer with this error nevertheless.
    #[must_use]
    pub fn fail_after(
        self,
        status: u16,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        self.failure(
            Some((status_code(status), code.into(), message.into())),
            true,
        )
    }

    /// Carry the call out, and break the connection instead of answering.
    #[must_use]
    pub fn lose_answer(self) -> Self {
        self.failure(None, true)
    }

    fn failure(mut self, error: Option<(StatusCode, String, String)>, carried_out: bool) -> Self {
        self.action = Action::Fail(Failure { error, carried_out });
        self
    }

    /// Let the call wait before it is carried out.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.action = Action::Delay(delay);
        self
    }

    /// Let the call wait before it is carried out, until [`AwsRuleHandle::release`].
    #[must_use]
    pub fn hold(mut self) -> Self {
        self.action = Action::Hold;
        self
    }

    fn matches(&self, call: &AwsCall) -> bool {
        (self.operation == "*" || self.operation == call.operation)
            && self
                .access_key
                .as_ref()
                .is_none_or(|key| *key == call.access_key)
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

struct Entry {
    rule: AwsRule,
    state: Mutex<State>,
    changed: Condvar,
    released: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    hits: usize,
    removed: bool,
}

/// A rule that was given to the front. It stays in force when its handle is dropped.
#[derive(Clone)]
pub struct AwsRuleHandle {
    entry: Arc<Entry>,
}

impl AwsRuleHandle {
    /// How many calls the rule has caught.
    pub fn hits(&self) -> usize {
        self.state().hits
    }

    /// Waits until the rule has caught so many calls; false if that took too long.
    pub fn wait_for_hits(&self, hits: usize, limit: Duration) -> bool {
        let state = self.state();
        let waited = self
            .entry
            .changed
            .wait_timeout_while(state, limit, |state| state.hits < hits);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Lets held calls go on; later ones are not held.
    pub fn release(&self) {
        self.entry.released.send_replace(true);
    }

    /// Takes the rule out of force and lets held calls go on.
    pub fn remove(&self) {
        self.state().removed = true;
        self.release();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.entry
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rules in force, oldest first.
#[derive(Default)]
pub(crate) struct Rules {
    handles: Mutex<Vec<AwsRuleHandle>>,
}

impl Rules {
    pub(crate) fn add(&self, rule: AwsRule) -> AwsRuleHandle {
        let entry = Entry {
            rule,
            state: Mutex::default(),
            changed: Condvar::new(),
            released: watch::Sender::new(false),
        };
        let handle = AwsRuleHandle {
            entry: Arc::new(entry),
        };
        self.handles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(handle.clone());
        handle
    }

    /// Waits as the rules say, and returns the failure that the first failing one wants.
    pub(crate) async fn apply(&self, call: &AwsCall) -> Option<Failure> {
        for handle in self.catching(call) {
            match &handle.entry.rule.action {
                Action::Delay(delay) => tokio::time::sleep(*delay).await,
                Action::Hold => {
                    let mut released = handle.entry.released.subscribe();
                    // The sender lives in the entry, so this cannot fail.
                    let _ = released.wait_for(|released| *released).await;
                }
                Action::Fail(failure) => return Some(failure.clone()),
            }
        }
        None
    }

    /// The rules that catch this call, up to the first that makes it fail; each counts it.
    fn catching(&self, call: &AwsCall) -> Vec<AwsRuleHandle> {
        let handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        let mut catching = Vec::new();
        for handle in handles
            .iter()
            .filter(|handle| handle.entry.rule.matches(call))
        {
            let mut state = handle.state();
            if state.removed
                || handle
                    .entry
                    .rule
                    .times
                    .is_some_and(|times| state.hits >= times)
            {
                continue;
            }
            state.hits += 1;
            handle.entry.changed.notify_all();
            catching.push(handle.clone());
            if matches!(handle.entry.rule.action, Action::Fail(_)) {
                break;
            }
        }
        catching
    }
}
