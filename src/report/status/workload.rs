//! What runs, whether the load balancer likes it, and what went wrong.

use std::fmt::Write;

use super::{super::table, line, plain};
use crate::status::{Pod, Rollout, TargetGroup, Warning, Workload};

pub(super) fn progress(rollout: &Rollout) -> String {
    let mut text = format!(
        "{} wanted, {} updated, {} ready, {} available",
        rollout.wanted, rollout.updated, rollout.ready, rollout.available
    );
    if rollout.old > 0 {
        _ = write!(text, ", {} to end", rollout.old);
    }
    if !rollout.current {
        text.push_str(" (before the newest change)");
    }
    if let Some(why) = &rollout.refused {
        _ = write!(text, "; pods are refused: {why}");
    }
    text
}

/// What runs pods in place of a Deployment.
pub(super) fn others(text: &mut String, workloads: &[Workload]) {
    for workload in workloads {
        let how = match workload.ready {
            Some(true) => "ready",
            Some(false) => "not ready",
            None => "its status does not tell whether it is ready",
        };
        let why = workload.why.as_ref();
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let what = format!("{}: {how}{why}", workload.object);
        line(text, "workload", &plain(&what));
    }
}

pub(super) fn targets(text: &mut String, groups: &[TargetGroup]) {
    if groups.iter().all(|group| group.targets.is_empty()) {
        let why = if groups.is_empty() {
            "unknown: the load balancer controller made no target group here"
        } else {
            "unknown: no pod carries a readiness gate of the load balancer controller"
        };
        line(text, "targets", why);
        return;
    }
    for target in groups.iter().flat_map(|group| &group.targets) {
        let health = target.health;
        let why = [&target.reason, &target.message];
        let why: Vec<&str> = why.into_iter().flatten().map(String::as_str).collect();
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(": {}", why.join(": "))
        };
        line(
            text,
            "target",
            &plain(&format!("{health} {}{why}", target.pod)),
        );
    }
}

/// Conditions of pods that say something where they hold; all others where they do not.
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions>
const BAD_NEWS: [&str; 3] = [
    "DisruptionTarget",
    "PodResizeInProgress",
    "PodResizePending",
];

pub(super) fn pods(text: &mut String, pods: &[Pod]) {
    for pod in pods {
        line(text, "pod", &plain(&what(pod)));
        for condition in &pod.conditions {
            let why = [&condition.reason, &condition.message];
            let why: Vec<&str> = why.into_iter().flatten().map(String::as_str).collect();
            let (kind, why) = (&condition.kind, plain(&why.join(": ")));
            let holds = condition.status == "True";
            match (BAD_NEWS.contains(&kind.as_str()), holds) {
                (true, true) => _ = writeln!(text, "  {kind}: {why}"),
                (false, false) => _ = writeln!(text, "  not {kind}: {why}"),
                _ => {}
            }
        }
        for container in &pod.containers {
            if let Some(reason) = container.reason.as_ref().filter(|_| !container.ready) {
                let message = container.message.as_ref();
                let message = message
                    .map(|message| format!(": {message}"))
                    .unwrap_or_default();
                _ = writeln!(
                    text,
                    "  {}: {}",
                    container.name,
                    plain(&format!("{reason}{message}"))
                );
            }
            if let Some(ended) = container
                .last_termination
                .as_ref()
                .filter(|_| !container.init)
            {
                let at = ended
                    .finished_at
                    .as_ref()
                    .map(|time| format!(" at {time}"))
                    .unwrap_or_default();
                let how = format!(
                    "last ended with exit code {} ({}){at}",
                    ended.exit_code, ended.reason
                );
                _ = writeln!(text, "  {}: {}", container.name, plain(&how));
            }
        }
    }
}

fn what(pod: &Pod) -> String {
    let (ready, all) = pod.ready();
    let reason = pod
        .reason
        .as_ref()
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default();
    let restarts = match pod.restarts() {
        0 => String::new(),
        1 => ", 1 restart".into(),
        number => format!(", {number} restarts"),
    };
    let bare = if pod.credentials {
        ""
    } else {
        ", without credentials"
    };
    let going = if pod.deleting { ", on its way out" } else { "" };
    format!(
        "{} {}{reason}, {ready}/{all} ready{restarts}{bare}{going}",
        pod.name, pod.phase
    )
}

pub(super) fn warnings(text: &mut String, warnings: &[Warning]) {
    if warnings.is_empty() {
        return;
    }
    let rows = warnings.iter().map(|warning| {
        vec![
            warning.last_seen.clone(),
            warning.count.to_string(),
            plain(&warning.object),
            plain(&warning.reason),
            plain(&warning.message),
        ]
    });
    let head = ["LAST SEEN", "COUNT", "OBJECT", "REASON", "MESSAGE"];
    _ = write!(text, "\n{}", table(&head, &rows.collect::<Vec<_>>()));
}
