//! Waits at the identity gate, and says why it stays shut.

use std::{cell::Cell, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

use super::{Event, Run, progress::Progress};
use crate::{
    diagnosis::{self, Diagnosis, Patient},
    error::{Error, Kind, Result},
    gate,
    object::{EKS, Id, Object},
    plan::{Step, Subject},
};

/// How long the association may take to spread before the causes are looked for: EKS says several seconds.
const LOOK_AFTER: Duration = Duration::from_secs(10);

/// Asks until a pod would come with credentials, at most until the deadline.
///
/// # Errors
/// Wait, with the causes: at once where the pod itself is one, after a while where waiting does not help, else at the
/// deadline. A refusal that is not about identity, as the API server gave it.
pub(super) async fn open(
    step: &Step,
    pod: &Value,
    run: &Run<'_>,
    progress: &Progress,
) -> Result<String> {
    let asking = Asking {
        step,
        pod,
        run,
        started: Instant::now(),
        asked: Cell::new(Instant::now()),
        took: Cell::new(None),
    };
    let answer = tokio::time::timeout_at(run.deadline, asking.until_open(progress)).await;
    if let Ok(answer) = answer {
        return answer;
    }
    let found = look(pod, asking.took(), run, progress).await?;
    Err(asking.shut(found))
}

struct Asking<'a> {
    step: &'a Step,
    pod: &'a Value,
    run: &'a Run<'a>,
    started: Instant,
    /// When it was asked last.
    asked: Cell<Instant>,
    /// How long the answer before took.
    took: Cell<Option<Duration>>,
}

impl Asking<'_> {
    async fn until_open(&self, progress: &Progress) -> Result<String> {
        let kubernetes = self.run.kubernetes()?;
        let mut looked = false;
        self.keeps_none_away()?;
        for (attempt, pause) in gate::pauses().enumerate() {
            let first = attempt == 0;
            // The connection that stands is as good as any other. A "no" may be of the API server at its end alone.
            let asked = if first {
                kubernetes.clone()
            } else {
                kubernetes.fresh()?
            };
            self.asked.set(Instant::now());
            if gate::is_open(&asked, self.pod).await? {
                let seconds = self.started.elapsed().as_secs_f64();
                return Ok(if first {
                    "open".into()
                } else {
                    format!("open after {seconds:.1} s")
                });
            }
            self.took.set(Some(self.asked.get().elapsed()));
            if first {
                let most = (self.run.deadline - Instant::now()).as_secs_f64().ceil();
                self.say(&format!(
                    "a pod would get no credentials yet; waits at most {most} s for EKS to spread the association"
                ));
            }
            if !looked && self.started.elapsed() >= LOOK_AFTER {
                looked = true;
                let found = look(self.pod, self.took(), self.run, progress).await?;
                if found.lasts() {
                    return Err(self.shut(found));
                }
                let seconds = self.started.elapsed().as_secs();
                self.say(&format!(
                    "no credentials after {seconds} s; {}",
                    found.line()
                ));
            }
            tokio::time::sleep(pause).await;
        }
        Err(Error::new(Kind::Wait, "the gate was never asked"))
    }

    /// No question is needed where the pod itself keeps credentials away, or brings its own.
    fn keeps_none_away(&self) -> Result<()> {
        let causes = diagnosis::of_pod(self.pod);
        if causes.is_empty() {
            return Ok(());
        }
        Err(self.shut(Diagnosis {
            causes,
            ..Diagnosis::default()
        }))
    }

    fn say(&self, what: &str) {
        (self.run.events)(Event::Waiting(self.step, what));
    }

    /// How long the API server takes to answer. A question that never got an answer tells as well.
    fn took(&self) -> Duration {
        let unanswered = || self.asked.get().elapsed();
        self.took.get().unwrap_or_else(unanswered)
    }

    fn shut(&self, found: Diagnosis) -> Error {
        let (id, seconds) = (&self.step.id, self.started.elapsed().as_secs());
        let what = format!(
            "{id} was not applied: after {seconds} s no pod of it would get its credentials"
        );
        found.explain(Error::new(Kind::Wait, what))
    }
}

/// Why the pods of a workload that lives are refused for lack of credentials; none where one would get them by now, or
/// where that cannot be found out.
pub(super) async fn why_shut(id: &Id, run: &Run<'_>, progress: &Progress) -> Option<Diagnosis> {
    let workload = progress.state.borrow().get(id).cloned()?;
    let pod = gate::pod_of(&workload)?;
    let asked = Instant::now();
    let open = gate::is_open(run.kubernetes?, &pod).await;
    if !matches!(open, Ok(false)) {
        return None;
    }
    look(&pod, asked.elapsed(), run, progress).await.ok()
}

/// Looks for what keeps credentials from a pod that the API server took so long to answer about.
async fn look(
    pod: &Value,
    took: Duration,
    run: &Run<'_>,
    progress: &Progress,
) -> Result<Diagnosis> {
    let association = association(progress);
    let patient = Patient {
        cluster: match run.subject {
            Subject::Tenant { cluster, .. } | Subject::Platform { cluster } => cluster,
        },
        pod,
        role: association
            .as_ref()
            .map(|object| object.text("/spec/roleARN")),
        took,
    };
    let evidence = diagnosis::gather(run.kubernetes()?, run.identities, &patient).await;
    Ok(diagnosis::judge(&patient, &evidence))
}

/// The tenant's own, as the run wrote it or found it as it should be; of others only a summary is known.
fn association(progress: &Progress) -> Option<Object> {
    let state = progress.state.borrow();
    let is_own = |object: &&Object| {
        object.id().is(EKS, "PodIdentityAssociation") && !object.text("/spec/roleARN").is_empty()
    };
    state.values().find(is_own).cloned()
}
