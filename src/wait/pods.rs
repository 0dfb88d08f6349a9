//! What the state of one pod says. Pure.

use std::time::Duration;

use serde_json::Value;

use super::finding::{Finding, LogOf, message};

const NODE_PATIENCE: Duration = Duration::from_mins(3);
/// A kubelet sends its events beside its statuses, and each is watched on its own: any may be the first.
const EVENT_PATIENCE: Duration = Duration::from_secs(10);

/// A Warning event about a pod: its reason and its message.
pub(super) type Warning = (String, String);

/// What one pod says: what waiting does not help, and what may still come.
#[derive(Debug, Default)]
pub(super) struct Says {
    pub(super) hopeless: Vec<Finding>,
    pub(super) told: Vec<Finding>,
}

/// Whether a pod counts: one that was evicted or is on its way out is replaced by another.
pub(super) fn counts(pod: &Value) -> bool {
    let over = ["Failed", "Succeeded"].contains(&text(pod, "/status/phase"));
    let goes = pod["metadata"]["deletionTimestamp"].is_string();
    let disrupted =
        condition(pod, "DisruptionTarget").is_some_and(|found| found["status"] == "True");
    !over && !goes && !disrupted
}

/// Whether a pod serves requests.
pub(super) fn is_ready(pod: &Value) -> bool {
    counts(pod) && condition(pod, "Ready").is_some_and(|found| found["status"] == "True")
}

/// Why the scheduler finds no node.
fn unschedulable(pod: &Value) -> Option<String> {
    let scheduled = condition(pod, "PodScheduled")?;
    let refused = scheduled["status"] == "False" && scheduled["reason"] == "Unschedulable";
    refused.then(|| message(text(scheduled, "/message")))
}

/// How long a state may last before it counts as failure: without a node, since an autoscaler needs its time, and
/// without an image while an event may still name the Secret that it takes.
pub(super) fn patience(pod: &Value) -> Option<Duration> {
    if unschedulable(pod).is_some() {
        return Some(NODE_PATIENCE);
    }
    let has_secrets = array(&pod["spec"]["imagePullSecrets"]).next().is_some();
    let pulls = statuses(pod).any(|status| is_pulled(text(status, "/state/waiting/reason")));
    (has_secrets && pulls).then_some(EVENT_PATIENCE)
}

/// Reads a pod and the newest warnings about it; whether its [`patience`] is at an end.
pub(super) fn read(pod: &Value, warnings: &[&Warning], at_end: bool) -> Says {
    let mut says = Says::default();
    for status in statuses(pod) {
        container(pod, status, (warnings, at_end), &mut says);
    }
    if let Some(why) = unschedulable(pod) {
        without_node(&why, at_end, &mut says);
    }
    let creating = text(pod, "/status/phase") == "Pending";
    let known = ["FailedMount", "FailedCreatePodSandBox", NO_PULL_SECRET];
    let said = says
        .told
        .iter()
        .any(|found| found.line.contains(PULL_SECRET));
    let early = warnings.iter().filter(|(reason, _)| {
        creating && known.contains(&reason.as_str()) && !(said && reason == NO_PULL_SECRET)
    });
    says.told
        .extend(early.map(|(reason, why)| Finding::new(format!("{reason}: {why}"))));
    says.told.extend(load_balancer(pod));
    says
}

fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|list| array(&pod["status"][list]))
}

fn without_node(why: &str, at_end: bool, says: &mut Says) {
    if !at_end {
        says.told
            .push(Finding::new(format!("waits for a node: {why}")));
        return;
    }
    let minutes = NODE_PATIENCE.as_secs() / 60;
    let finding = Finding::new(format!("no node for {minutes} minutes: {why}"))
        .hint("add nodes that fit, or change resources, nodeSelector, tolerations or affinity");
    says.hopeless.push(finding);
}

fn container(
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
const NO_PULL_SECRET: &str = "FailedToRetrieveImagePullSecret";
const PULL_SECRET: &str = "image pull Secret";

/// Whether the kubelet asked the registry for the image, and asks again.
fn is_pulled(reason: &str) -> bool {
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

/// Containers are ready, but the load balancer has not found the pod healthy. The controller's readiness gate:
/// <https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/>
fn load_balancer(pod: &Value) -> Option<Finding> {
    let containers = condition(pod, "ContainersReady")?;
    let gate = array(&pod["spec"]["readinessGates"])
        .filter_map(|gate| gate["conditionType"].as_str())
        .find(|gate| condition(pod, gate).is_none_or(|found| found["status"] != "True"))?;
    if containers["status"] != "True" {
        return None;
    }
    let why = condition(pod, gate).map_or(String::new(), |found| message(text(found, "/message")));
    let why = if why.is_empty() { gate.into() } else { why };
    Some(Finding::new(format!(
        "waits for the load balancer to find it healthy: {why}"
    )))
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

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    array(&pod["status"]["conditions"]).find(|condition| condition["type"] == kind)
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
