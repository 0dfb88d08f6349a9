//! The loop that reconciles objects one by one.

use std::sync::PoisonError;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{AckAnswer, Answers, Message, association, role};
use crate::aws::{ACCOUNT, Front, REGION};
use crate::kubernetes;
use crate::load_balancer::world::{Store, finalizers, has_finalizer, is_terminating, key, list};

/// The name by which the real controllers' changes are known in `managedFields`.
const MANAGER: &str = "fieldManager=controller";

pub(super) struct Controller {
    client: kube::Client,
    pub(super) iam: String,
    pub(super) front: Front,
    answers: Answers,
    pub(super) roles: Store,
    associations: Store,
}

/// What a reconciliation came to.
pub(super) enum Outcome {
    /// AWS has it: the status besides its conditions, and fields of the spec that AWS filled in.
    Synced {
        status: Value,
        late: Value,
    },
    Terminal(String),
    Recoverable(String),
    /// The status of the condition, and why.
    Unresolved(&'static str, String),
}

impl Controller {
    pub(super) fn new(
        client: kube::Client,
        (iam, front): (String, Front),
        answers: Answers,
    ) -> Self {
        Self {
            client,
            iam,
            front,
            answers,
            roles: Store::default(),
            associations: Store::default(),
        }
    }

    pub(super) async fn run(mut self, mut messages: UnboundedReceiver<Message>) {
        while let Some(message) = messages.recv().await {
            let touched: Vec<Value> = match message {
                Message::Role(change) => {
                    let changes = self.roles.take(change);
                    // What refers to a role waits for it.
                    let became_ready = changes.iter().any(|(before, after)| {
                        after.as_ref().is_some_and(is_synced)
                            && !before.as_ref().is_some_and(is_synced)
                    });
                    let waiting = self.associations.values();
                    let waiting = waiting.filter(|object| became_ready && !is_synced(object));
                    let waiting: Vec<Value> = waiting.cloned().collect();
                    changes
                        .into_iter()
                        .filter_map(matters)
                        .chain(waiting)
                        .collect()
                }
                Message::Association(change) => {
                    let changes = self.associations.take(change);
                    changes.into_iter().filter_map(matters).collect()
                }
                Message::Resync(kind, name) => {
                    let all = self.roles.values().chain(self.associations.values());
                    let named = |object: &&Value| object["kind"] == *kind && key(object).1 == name;
                    all.filter(named).cloned().collect()
                }
            };
            for object in touched {
                self.reconcile(object).await;
            }
        }
    }

    /// Looks at an object as it is by now.
    async fn reconcile(&mut self, object: Value) {
        let answer = self.answer(&object);
        if answer == AckAnswer::Absent {
            return;
        }
        let Ok(object) = kubernetes::get(&self.client, &path(&object, "")).await else {
            return;
        };
        let outcome = if is_terminating(&object) {
            match answer {
                AckAnswer::Normal => self.delete(&object).await,
                told => Some(told_outcome(told)),
            }
        } else {
            let finalizer = finalizer(&object);
            if !has_finalizer(&object, &finalizer) {
                let all: Vec<&str> = finalizers(&object).chain([finalizer.as_str()]).collect();
                self.patch(&object, "", &json!({"metadata": {"finalizers": all}}))
                    .await;
            }
            match answer {
                AckAnswer::Normal if object["kind"] == "Role" => {
                    Some(role::apply(&self.iam, &object).await)
                }
                AckAnswer::Normal => Some(association::apply(self, &object).await),
                told => Some(told_outcome(told)),
            }
        };
        if let Some(outcome) = outcome {
            self.tell(&object, outcome).await;
        }
    }

    fn answer(&self, object: &Value) -> AckAnswer {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers
            .get(&(kind, key(object).1))
            .cloned()
            .unwrap_or_default()
    }

    /// What AWS has goes first, unless it is to be kept, and the finalizer after it.
    async fn delete(&self, object: &Value) -> Option<Outcome> {
        let made = !object["status"]["ackResourceMetadata"]["arn"].is_null();
        let policy = &object["metadata"]["annotations"]["services.k8s.aws/deletion-policy"];
        if made && policy != "retain" {
            let deleted = if object["kind"] == "Role" {
                role::delete(&self.iam, object).await
            } else {
                association::delete(self, object).await
            };
            if let Err(why) = deleted {
                return Some(Outcome::Recoverable(format!("{why:#}")));
            }
        }
        let finalizer = finalizer(object);
        let left: Vec<&str> = finalizers(object)
            .filter(|other| *other != finalizer)
            .collect();
        self.patch(object, "", &json!({"metadata": {"finalizers": left}}))
            .await;
        None
    }

    /// All conditions are written anew at the end of each reconciliation.
    async fn tell(&self, object: &Value, outcome: Outcome) {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let condition = |kind: &str, status: &str, message: &str, reason: &str| {
            let mut condition =
                json!({"type": format!("ACK.{kind}"), "status": status, "lastTransitionTime": now});
            for (field, text) in [("message", message), ("reason", reason)] {
                if !text.is_empty() {
                    condition[field] = text.into();
                }
            }
            condition
        };
        let unsynced = condition("ResourceSynced", "False", "Resource not synced", "");
        let mut status =
            json!({"ackResourceMetadata": {"ownerAccountID": ACCOUNT, "region": REGION}});
        let conditions = match outcome {
            Outcome::Synced { status: more, late } => {
                status = more;
                status["ackResourceMetadata"]["ownerAccountID"] = ACCOUNT.into();
                status["ackResourceMetadata"]["region"] = REGION.into();
                if late != object["spec"] {
                    self.patch(object, "", &json!({"spec": late})).await;
                }
                vec![
                    condition("ResourceSynced", "True", "Resource synced successfully", ""),
                    condition("ReferencesResolved", "True", "", ""),
                ]
            }
            Outcome::Terminal(why) => vec![condition("Terminal", "True", &why, ""), unsynced],
            Outcome::Recoverable(why) => vec![condition("Recoverable", "True", &why, ""), unsynced],
            Outcome::Unresolved(known, why) => vec![
                condition(
                    "ReferencesResolved",
                    known,
                    "Reference resolution failed",
                    &why,
                ),
                unsynced,
            ],
        };
        status["conditions"] = conditions.into();
        self.patch(object, "/status", &json!({"status": status}))
            .await;
    }

    /// What went meanwhile needs no patch; the watch tells of any other change.
    async fn patch(&self, object: &Value, subresource: &str, patch: &Value) {
        let path = format!("{}?{MANAGER}", path(object, subresource));
        let _ = kubernetes::merge(&self.client, &path, patch).await;
    }
}

fn path(object: &Value, subresource: &str) -> String {
    let (namespace, name) = key(object);
    let (group, plural) = if object["kind"] == "Role" {
        ("iam.services.k8s.aws", "roles")
    } else {
        ("eks.services.k8s.aws", "podidentityassociations")
    };
    format!("/apis/{group}/v1alpha1/namespaces/{namespace}/{plural}/{name}{subresource}")
}

fn told_outcome(told: AckAnswer) -> Outcome {
    match told {
        AckAnswer::Terminal(why) => Outcome::Terminal(why),
        AckAnswer::Unresolved(why) => Outcome::Unresolved("False", why),
        AckAnswer::Recoverable(why) => Outcome::Recoverable(why),
        AckAnswer::Normal | AckAnswer::Absent => {
            Outcome::Recoverable("the stand-in was told nothing".to_owned())
        }
    }
}

fn finalizer(object: &Value) -> String {
    let group = if object["kind"] == "Role" {
        "iam"
    } else {
        "eks"
    };
    let kind = object["kind"].as_str().unwrap_or_default();
    format!("finalizers.{group}.services.k8s.aws/{kind}")
}

/// Whether AWS has it as its object says.
pub(super) fn is_synced(object: &Value) -> bool {
    has_condition(object, "ACK.ResourceSynced")
}

pub(super) fn has_condition(object: &Value, kind: &str) -> bool {
    list(&object["status"]["conditions"])
        .iter()
        .any(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// The object, if it is new, its spec changed, or its deletion began: `predicate.GenerationChangedPredicate`.
fn matters((before, after): (Option<Value>, Option<Value>)) -> Option<Value> {
    let after = after?;
    let same = before.is_some_and(|before| {
        before["metadata"]["generation"] == after["metadata"]["generation"]
            && is_terminating(&before) == is_terminating(&after)
    });
    (!same).then_some(after)
}
