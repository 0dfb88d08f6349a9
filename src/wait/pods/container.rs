//! What the state of one container says: whether its image comes, what it waits for, how it ended. Pure.

use serde_json::Value;

use super::{
    super::finding::{Finding, LogOf, message},
    EVENT_PATIENCE, Says, Warning, array, patience, text,
};

/// Reads one container, by its status.
pub(super) fn container(
    pod: &Value,
    status: &Value,
    (warnings, at_end): (&[&Warning], bool),
    says: &mut Says,
) {
    let name = text(status, "/name");
    let why = message(text(status, "/state/waiting/message"));
    let reason = text(status, "/state/waiting/reason");
    let said = if why.is_empty() {
        reason.into()
    } else {
        format!("{reason}: {why}")
    };
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull"
        | "ImageInspectError" => {
            let image = message(text(status, "/image"));
            let line = format!("image {image} cannot be pulled: {said}");
            pull(
                (name, reason, &line),
                warnings,
                at_end || patience(pod) != Some(EVENT_PATIENCE),
                says,
            );
        }
        "CreateContainerConfigError" if may_come(&why) => {
            let line = format!("container {name} waits for what it refers to: {why}");
            let hint = "create it in the tenant's namespace: the pods go on by themselves";
            says.told.push(Finding::new(line).hint(hint));
        }
        "CreateContainerConfigError" => says.hopeless.push(
            Finding::new(format!("container {name} cannot be made: {said}"))
                .hint("mend the image, or the tenant's security and env"),
        ),
        "CrashLoopBackOff" => says.hopeless.push(crash(pod, status, warnings)),
        "" => says.told.extend(unready(pod, status, warnings)),
        "ContainerCreating" | "PodInitializing" => {}
        _ => says
            .told
            .push(Finding::new(format!("container {name}: {said}"))),
    }
}

/// The reason of the event in which the kubelet names image pull Secrets that are not there, before it pulls without
/// them: `getPullSecretsForPod` in `pkg/kubelet/kubelet_pods.go`.
pub(super) const NO_PULL_SECRET: &str = "FailedToRetrieveImagePullSecret";
pub(super) const PULL_SECRET: &str = "image pull Secret";

/// Whether the kubelet asked the registry for the image, and asks again.
pub(super) fn is_pulled(reason: &str) -> bool {
    ["ErrImagePull", "ImagePullBackOff"].contains(&reason)
}

/// An image that cannot be pulled: for lack of a Secret, which may still be made, or for good.
fn pull(
    (name, reason, line): (&str, &str, &str),
    warnings: &[&Warning],
    hopeless: bool,
    says: &mut Says,
) {
    let lacks = warnings.iter().find(|(reason, _)| reason == NO_PULL_SECRET);
    if let Some((_, why)) = lacks.filter(|_| is_pulled(reason)) {
        // Unable to retrieve some image pull secrets (one, two); attempting to pull the image may not succeed.
        let names = why.split(['(', ')']).nth(1).unwrap_or(why);
        let line = format!("container {name} waits for {PULL_SECRET} {names}: {line}");
        let hint = "create it in the tenant's namespace: the pods go on by themselves, though minutes may pass until the next try";
        says.told.push(Finding::new(line).hint(hint));
        return;
    }
    let finding = Finding::new(format!("container {name}: {line}")).hint(
        "check the image's name and tag (--image); a private registry needs imagePullSecrets, ECR the pull rights of the node's role",
    );
    if hopeless {
        says.hopeless.push(finding);
    } else {
        says.told.push(finding);
    }
}

/// Whether what a container refers to may still be made, and whether the kubelet then goes on. Its words are those of
/// `makeEnvironmentVariables` in `pkg/kubelet/kubelet_pods.go`.
fn may_come(why: &str) -> bool {
    [
        "not found",
        "couldn't find key",
        "not registered",
        "timed out",
    ]
    .iter()
    .any(|words| why.contains(words))
}

fn crash(pod: &Value, status: &Value, warnings: &[&Warning]) -> Finding {
    let name = text(status, "/name");
    let log = LogOf {
        pod: text(pod, "/metadata/name").into(),
        container: name.into(),
        previous: true,
    };
    let ended = &status["lastState"]["terminated"];
    if ended["reason"] == "OOMKilled" {
        return out_of_memory(pod, name).log(log);
    }
    let restarts = status["restartCount"].as_i64().unwrap_or(0);
    let mut line = format!(
        "container {name} keeps ending (CrashLoopBackOff): {}, restarted {}",
        exit(ended),
        times(restarts)
    );
    if let Some(why) = probe(pod, name, "Liveness", warnings) {
        line = format!("{line}; {why}");
    }
    let hint = match ended["exitCode"].as_i64() {
        Some(0) => "a server goes on running: check command and args",
        Some(126..=128) => "the program was not found or cannot be run: check command and args",
        _ => "mend the server or what it is given (image, command, args, env)",
    };
    Finding::new(line).hint(hint).log(log)
}

fn out_of_memory(pod: &Value, name: &str) -> Finding {
    let spec = array(&pod["spec"]["containers"]).find(|spec| spec["name"] == name);
    let limit = spec.map_or("", |spec| text(spec, "/resources/limits/memory"));
    let line = format!("container {name} needs more memory than its limit of {limit} (OOMKilled)");
    let tenant = text(pod, "/metadata/labels/mcpctl.dev~1tenant");
    if name != "mcp-server" || tenant.is_empty() {
        return Finding::new(line).hint(format!("raise the memory limit of container {name}"));
    }
    let digits = limit.bytes().take_while(u8::is_ascii_digit).count();
    let more = match limit[..digits].parse::<u64>() {
        Ok(amount) => format!("{}{}", amount.saturating_mul(2), &limit[digits..]),
        Err(_) => "AMOUNT".into(),
    };
    Finding::new(line).hint(format!(
        "raise it: mcpctl tenant add {tenant} --set resources.limits.memory={more}"
    ))
}

/// A container that runs or ended without being waited for: one restart is no failure, but told.
fn unready(pod: &Value, status: &Value, warnings: &[&Warning]) -> Option<Finding> {
    let name = text(status, "/name");
    if status["ready"] == true
        || status
            .pointer("/state/terminated/exitCode")
            .is_some_and(|code| code == 0)
    {
        return None;
    }
    let phase = if status["started"] == true {
        "Readiness"
    } else {
        "Startup"
    };
    let restarts = status["restartCount"].as_i64().unwrap_or(0);
    let ended = &status["lastState"]["terminated"];
    let restarted = (restarts > 0 && ended.is_object()).then(|| {
        format!(
            "restarted {}, last ended with {}",
            times(restarts),
            exit(ended)
        )
    });
    let why: Vec<String> = restarted
        .into_iter()
        .chain(probe(pod, name, phase, warnings))
        .collect();
    let log = LogOf {
        pod: text(pod, "/metadata/name").into(),
        container: name.into(),
        previous: false,
    };
    (!why.is_empty())
        .then(|| Finding::new(format!("container {name}: {}", why.join("; "))).log(log))
}

/// Which probe fails, and how: the kubelet says so in an event, `Readiness probe failed: …`.
fn probe(pod: &Value, container: &str, kind: &str, warnings: &[&Warning]) -> Option<String> {
    let start = format!("{kind} probe failed: ");
    let why = warnings
        .iter()
        .filter(|(reason, _)| reason == "Unhealthy")
        .find_map(|(_, why)| why.strip_prefix(&start))?;
    let spec = array(&pod["spec"]["containers"]).find(|spec| spec["name"] == container)?;
    let probe = &spec[format!("{}Probe", kind.to_lowercase())];
    let (path, port) = (text(probe, "/httpGet/path"), &probe["httpGet"]["port"]);
    let asks = if path.is_empty() {
        format!("a connection to port {}", probe["tcpSocket"]["port"])
    } else {
        format!("GET {path} on port {port}")
    };
    Some(format!(
        "its {} probe fails ({asks}): {why}",
        kind.to_lowercase()
    ))
}

fn exit(ended: &Value) -> String {
    let reason = text(ended, "/reason");
    match ended["exitCode"].as_i64() {
        Some(code) if reason.is_empty() => format!("exit code {code}"),
        Some(code) => format!("exit code {code} ({reason})"),
        None => "an exit code that is not known".into(),
    }
}

fn times(number: i64) -> String {
    if number == 1 {
        "once".into()
    } else {
        format!("{number} times")
    }
}
