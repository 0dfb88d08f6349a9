//! Runs the pod that asks STS who it is, and takes it away again whatever it says.

use serde_json::Value;

use super::{
    Progress, Run,
    step::{bounded, tell},
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

/// Makes the pod, waits for its answer and compares it with the tenant's role. The pod is deleted at any end but that of
/// a run that is killed; what such a one left is replaced.
///
/// # Errors
/// Wait: who the pod was and who it should be, or why it did not answer, with its log. Interrupted.
pub(super) async fn verify(
    step: &Step,
    pod: &Object,
    run: &Run<'_>,
    progress: &Progress,
) -> Result<String> {
    let verified = run_once(step, pod, run, progress).await;
    verified.map_err(|error| match error.kind {
        Kind::Interrupted(_) => error,
        _ => error.with_kind(Kind::Wait),
    })
}

async fn run_once(step: &Step, pod: &Object, run: &Run<'_>, progress: &Progress) -> Result<String> {
    let kubernetes = run.kubernetes()?;
    let role = verify::role(&progress.state.borrow());
    let role =
        role.ok_or_else(|| Error::new(Kind::Wait, "the ARN of the tenant's role is not known"))?;
    let replaced = async {
        replace(pod, kubernetes, run).await?;
        Ok(String::new())
    };
    bounded(step, (run, progress), replaced).await?;
    let made = kubernetes.apply(pod, &Apply::anew()).await;
    let made = match made.map_err(Error::from) {
        Ok(made) => made,
        Err(error) => {
            // It may have been made all the same.
            if error.unanswered {
                drop(delete(pod, kubernetes).await);
            }
            return Err(error);
        }
    };
    let answer = ask(step, &made, (run, progress), (kubernetes, &role));
    let answer = bounded(step, (run, progress), answer).await;
    match (answer, delete(&made, kubernetes).await) {
        (answer, Ok(())) => answer,
        (Ok(_), Err(error)) => Err(error),
        (Err(answer), Err(error)) => Err(error
            .details
            .into_iter()
            .fold(answer.detail(error.what), Error::detail)),
    }
}

/// Takes away what a run that was killed left behind.
async fn replace(pod: &Object, kubernetes: &Kubernetes, run: &Run<'_>) -> Result<()> {
    let id = pod.id();
    let Some(left) = kubernetes.get(id).await? else {
        return Ok(());
    };
    if !run.subject.owns(&left) {
        return Err(Error::conflict(format!("{id} is not ours"))
            .hint("take it away: its name is that of the pod of --verify-identity"));
    }
    delete(&left, kubernetes).await?;
    wait::gone(kubernetes, id, left.text("/metadata/uid"), &|_| {}).await
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

async fn ask(
    step: &Step,
    pod: &Object,
    (run, progress): (&Run<'_>, &Progress),
    (kubernetes, role): (&Kubernetes, &str),
) -> Result<String> {
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
    let of = LogOf {
        pod: id.name.clone(),
        container: verify::NAME.into(),
        previous: false,
    };
    let error = if ended["status"]["phase"] == "Failed" {
        let waited_for = progress.waits_for.borrow().get(&step.id).cloned();
        failed(pod, &ended, &waited_for.unwrap_or_default())
    } else {
        let log = kubernetes
            .log(&id.namespace, &of.pod, &of.container, (false, LINES))
            .await?;
        match verify::judge(&log, role, &verify::brings(pod)) {
            Ok(name) => return Ok(format!("runs as role {name}")),
            Err(found) => {
                let error = Error::new(
                    Kind::Wait,
                    format!("{id} does not run as the tenant's role"),
                );
                let error = error.detail(found.line);
                found.hint.into_iter().fold(error, Error::hint)
            }
        }
    };
    Err(error.detail(wait::excerpt(kubernetes, &id.namespace, &of).await))
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
