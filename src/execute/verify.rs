//! Runs the pod that asks STS who it is, and takes it away again whatever it says.

use std::time::Duration;

use serde_json::Value;

use super::{
    Run,
    limit::bounded,
    progress::{Progress, tell},
};
use crate::{
    backend::{Apply, Kubernetes, Propagation, Reason},
    error::{Error, Kind, Result},
    object::Object,
    plan::Step,
    verify,
    wait::{self, LogOf, Waiting},
};

/// Lines of its log that are read: an answer has five.
const LINES: usize = 100;
/// How often a pod is made that somebody takes away before it has answered.
const TRIES: usize = 5;
/// How long the run that made a pod may take to read its answer and delete it.
const TO_DELETE: Duration = Duration::from_secs(5);

/// Makes the pod, waits for its answer and compares it with the tenant's role. The pod is deleted at any end but that of
/// a run that is killed; what such a one left is replaced. Nothing tells that from the pod of a run at the same time, so a
/// run whose pod was taken away makes it again, after the other's. Names of their own would need the right to delete any pod.
///
/// # Errors
/// Wait: who the pod was and who it should be, or why it did not answer, with its log. Interrupted.
pub(super) async fn verify(
    step: &Step,
    pod: &Object,
    run: &Run<'_>,
    progress: &Progress,
) -> Result<String> {
    let verified = until_answered(step, pod, run, progress).await;
    verified.map_err(|error| match error.kind {
        Kind::Interrupted(_) => error,
        _ => error.with_kind(Kind::Wait),
    })
}

async fn until_answered(
    step: &Step,
    pod: &Object,
    run: &Run<'_>,
    progress: &Progress,
) -> Result<String> {
    let kubernetes = run.kubernetes()?;
    let role = verify::role(&progress.state.borrow());
    let role =
        role.ok_or_else(|| Error::new(Kind::Wait, "the ARN of the tenant's role is not known"))?;
    for tries in 0..TRIES {
        let free = free((step, pod), tries == 0, (run, progress), kubernetes);
        bounded(step, (run, progress), free).await?;
        let Some(made) = make(pod, kubernetes).await? else {
            continue;
        };
        let answer = ask(step, &made, (run, progress), (kubernetes, &role));
        let answer = bounded(step, (run, progress), answer).await;
        let answer = match (answer, delete(&made, kubernetes).await) {
            (answer, Ok(())) => answer,
            (Ok(_), Err(error)) => Err(error),
            (Err(answer), Err(error)) => Err(error
                .details
                .into_iter()
                .fold(answer.detail(error.what), Error::detail)),
        };
        if let Some(answer) = answer? {
            return Ok(answer);
        }
    }
    let what = format!(
        "{} was taken away {TRIES} times before it had answered",
        pod.id()
    );
    Err(Error::new(Kind::Wait, what)
        .hint("see who deletes or evicts it, then run the same command again"))
}

/// Makes way for the pod: takes away what a run that was killed left behind, or waits for that of a run at the same time.
async fn free(
    (step, pod): (&Step, &Object),
    replaces: bool,
    (run, progress): (&Run<'_>, &Progress),
    kubernetes: &Kubernetes,
) -> Result<()> {
    let id = pod.id();
    let Some(left) = kubernetes.get(id).await? else {
        return Ok(());
    };
    if !run.subject.owns(&left) {
        return Err(Error::conflict(format!("{id} is not ours"))
            .hint("take it away: its name is that of the pod of --verify-identity"));
    }
    let gone = || wait::gone(kubernetes, id, left.text("/metadata/uid"), &|_| {});
    if !replaces {
        if !wait::is_taken(&left.tree) {
            let state = "waits for the pod of another run".into();
            let findings = Vec::new();
            tell(step, &Waiting { state, findings }, run, progress);
        }
        tokio::select! {
            gone = gone() => return gone,
            () = left_over(&left, kubernetes) => {}
        }
    }
    delete(&left, kubernetes).await?;
    gone().await
}

/// Until the run that made a pod, if it lives, would have deleted it: when it has ended or cannot start, or has had its
/// time.
async fn left_over(pod: &Object, kubernetes: &Kubernetes) {
    let limit = Duration::from_secs(verify::SECONDS);
    let ended = wait::ended(kubernetes, pod, &|_| {});
    drop(tokio::time::timeout(limit, ended).await);
    tokio::time::sleep(TO_DELETE).await;
}

/// The pod, unless another run was faster.
async fn make(pod: &Object, kubernetes: &Kubernetes) -> Result<Option<Object>> {
    match kubernetes.apply(pod, &Apply::anew()).await {
        Ok(made) => Ok(Some(made)),
        Err(error) if error.reason == Reason::Conflict => Ok(None),
        Err(error) => {
            let error = Error::from(error);
            // It may have been made all the same.
            if error.unanswered {
                drop(delete(pod, kubernetes).await);
            }
            Err(error)
        }
    }
}

async fn delete(pod: &Object, kubernetes: &Kubernetes) -> Result<()> {
    let (id, uid) = (pod.id(), pod.text("/metadata/uid"));
    match kubernetes.delete(id, uid, Propagation::Background).await {
        Ok(_) => Ok(()),
        // It went, and another run's has its name.
        Err(error) if error.reason == Reason::Conflict => Ok(()),
        Err(error) => Err(Error::new(Kind::Wait, format!("{id} could not be deleted"))
            .detail(error.to_string())
            .hint("the next run with --verify-identity takes it away")),
    }
}

/// What came of it; nothing where somebody took the pod away before it had answered.
async fn ask(
    step: &Step,
    pod: &Object,
    (run, progress): (&Run<'_>, &Progress),
    (kubernetes, role): (&Kubernetes, &str),
) -> Result<Option<String>> {
    let id = pod.id();
    let tell = |waiting: &Waiting| tell(step, waiting, run, progress);
    let ended = wait::ended(kubernetes, pod, &tell).await;
    let ended = ended.map_err(|error| {
        if error.hints.is_empty() {
            error.hint(of_image(pod))
        } else {
            error
        }
    })?;
    let Some(ended) = ended else {
        return Ok(None);
    };
    let of = LogOf {
        pod: id.name.clone(),
        container: verify::NAME.into(),
        previous: false,
    };
    let error = if ended["status"]["phase"] == "Failed" {
        if wait::is_taken(&ended) {
            return Ok(None);
        }
        let waited_for = progress.waits_for.borrow().get(&step.id).cloned();
        failed(pod, &ended, &waited_for.unwrap_or_default())
    } else {
        let log = kubernetes.log(&id.namespace, &of.pod, &of.container, (false, LINES));
        let judged = log
            .await
            .map(|log| verify::judge(&log, role, &verify::brings(pod)));
        // It is read by name: it may be that of another run's pod, or cut short where the pod is taken away.
        let Some(now) = still(pod, kubernetes).await? else {
            return Ok(None);
        };
        match judged {
            Ok(Ok(name)) => return Ok(Some(format!("runs as role {name}"))),
            _ if wait::is_taken(&now.tree) => return Ok(None),
            Ok(Err(found)) => {
                let what = format!("{id} does not run as the tenant's role");
                let error = Error::new(Kind::Wait, what).detail(found.line);
                found.hint.into_iter().fold(error, Error::hint)
            }
            Err(error) => return Err(error.into()),
        }
    };
    Err(error.detail(wait::excerpt(kubernetes, &id.namespace, &of).await))
}

/// The pod, unless it is gone.
async fn still(pod: &Object, kubernetes: &Kubernetes) -> Result<Option<Object>> {
    let found = kubernetes.get(pod.id()).await?;
    Ok(found.filter(|found| found.text("/metadata/uid") == pod.text("/metadata/uid")))
}

fn of_image(pod: &Object) -> String {
    let image = pod.text("/spec/containers/0/image");
    format!(
        "identity.verifyImage is {image}: it must have the AWS CLI, and the nodes must be able to pull it"
    )
}

/// Why a pod failed; of one that came to its end while it waited, for what.
fn failed(pod: &Object, ended: &Value, waited_for: &Waiting) -> Error {
    let what = format!("{} could not ask STS who it is", pod.id());
    let mut error = Error::new(Kind::Wait, what).detail(wait::failure(ended));
    for finding in &waited_for.findings {
        error.details.push(finding.line.clone());
        error.hints.extend(finding.hint.clone());
    }
    let there = verify::look_there(&verify::brings(pod));
    there
        .into_iter()
        .fold(error.hint(of_image(pod)), Error::hint)
        .hint("it must reach the Pod Identity agent (169.254.170.23, port 80) and STS (port 443)")
}
