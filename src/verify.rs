//! `--verify-identity`: a short-lived pod of the tenant asks STS who it is, and what its answer means. Pure.
//!
//! The gate proves that pods get credentials, not whose: those an association gives change seconds after it does, and a
//! pod without a working agent falls back on its node's role.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use serde_json::{Map, Value, json};

use crate::{
    config::Settings,
    error::{Error, Result},
    marks::TENANT,
    object::{EKS, IAM, Id, Object, State, runs_on, spec_of_pods, starts_pods},
    spec::{ArnParts, Image, Resolved, TenantSpec, unseen},
    wait::Finding,
};

/// Name of the server's container in our templates.
const SERVER: &str = "mcp-server";

/// Name of the pod, and of its container. One for each tenant: what a run that was killed left behind is found again.
pub const NAME: &str = "mcpctl-verify-identity";
/// How long the pod may live once it has a node, the pull of its image included.
pub const SECONDS: u64 = 120;

/// The image of the pod.
///
/// # Errors
/// Usage, when the settings name none.
pub fn image(settings: &Settings) -> Result<&Image> {
    settings.verify_image.as_ref().ok_or_else(|| {
        Error::usage(format!("{}: identity.verifyImage is missing", settings.source))
            .detail("--verify-identity runs a pod of the tenant that asks STS who it is, and needs an image for it")
            .hint("set it there to an image with the AWS CLI that your nodes can pull, such as a copy of amazon/aws-cli")
    })
}

/// The pod that asks. It runs where the tenant's pods run and as their user, and carries no label by which requests or
/// a disruption budget would find it. What it asks for is the default of the tenant's `LimitRange`.
///
/// It takes in what the server's container in `wanted` takes in by `envFrom`, since nothing else sees whether that brings
/// other credentials. Of its `env` it needs nothing: the admission policy refuses what would choose an identity there.
/// What the pod sets itself counts before `envFrom`, so that a Secret does not say where it asks.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
///
/// # Errors
/// Usage, when the settings name no image for it.
pub fn pod(resolved: &Resolved, settings: &Settings, wanted: &State) -> Result<Object> {
    let image = image(settings)?;
    let (names, spec) = (&resolved.names, &resolved.spec);
    let region = settings.cluster.region.as_str();
    let mut pod = json!({
        "serviceAccountName": names.service_account,
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "restartPolicy": "Never",
        "activeDeadlineSeconds": SECONDS,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": spec.security.run_as_user,
            "runAsGroup": spec.security.run_as_group,
            "fsGroup": spec.security.fs_group,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [{
            "name": NAME,
            "image": image,
            "command": ["aws", "sts", "get-caller-identity", "--output", "json"],
            "env": env(region),
            "resources": {
                "requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"cpu": "200m", "memory": "256Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        }],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    });
    if let Some(sources) = env_from(wanted, spec) {
        pod["containers"][0]["envFrom"] = sources;
    }
    if let Some(pod) = pod.as_object_mut() {
        pod.extend(place(resolved));
    }
    Object::new(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": NAME,
            "namespace": names.namespace,
            "labels": {
                "app.kubernetes.io/managed-by": "mcpctl",
                "app.kubernetes.io/name": NAME,
                TENANT: resolved.name.as_str(),
            },
        },
        "spec": pod,
    }))
}

/// Where and how the pod asks.
fn env(region: &str) -> Value {
    json!([
        {"name": "HOME", "value": "/tmp"},
        {"name": "AWS_REGION", "value": region},
        {"name": "AWS_DEFAULT_REGION", "value": region},
        {"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"},
        {"name": "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "value": "true"},
        {"name": "AWS_CLI_AUTO_PROMPT", "value": "off"},
    ])
}

/// What the server's container takes its variables from. Where own templates call no container by that name, it is the
/// first one of what runs on; where that does not say what its pods are, what the tenant says; where nothing runs on, the
/// first one of what starts pods.
fn env_from(wanted: &State, spec: &TenantSpec) -> Option<Value> {
    let (all, on) = (containers(wanted, starts_pods), containers(wanted, runs_on));
    let server = all.iter().find(|container| container["name"] == SERVER);
    let sources = match server.or_else(|| on.first()) {
        Some(container) => container["envFrom"].clone(),
        None if all.is_empty() || wanted.keys().any(runs_on) => json!(spec.env_from),
        None => all[0]["envFrom"].clone(),
    };
    let any = sources.as_array().is_some_and(|list| !list.is_empty());
    any.then_some(sources)
}

/// The containers of the pods that some objects start. Kinds that nobody knows may say it as a Deployment does.
fn containers(wanted: &State, is: fn(&Id) -> bool) -> Vec<&Value> {
    let lists = wanted.values().filter(|object| is(object.id()));
    let lists = lists.filter_map(|object| {
        let spec = spec_of_pods(object.id()).unwrap_or("/spec/template/spec");
        object.tree.pointer(&format!("{spec}/containers"))
    });
    lists.filter_map(Value::as_array).flatten().collect()
}

/// The Secrets and `ConfigMap`s of which such a pod takes in variables that may choose an identity.
pub fn brings(pod: &Object) -> Vec<String> {
    let sources = pod.tree.pointer("/spec/containers/0/envFrom");
    let sources = sources.and_then(Value::as_array).into_iter().flatten();
    sources.filter_map(unseen).collect()
}

/// Where to look, where such variables may be what is wrong: environment variables are what AWS SDKs look at first.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
pub fn look_there(brings: &[String]) -> Option<String> {
    (!brings.is_empty()).then(|| {
        format!(
            "what envFrom brings counts before the tenant's role: see whether {} holds AWS_ACCESS_KEY_ID, AWS_PROFILE or the like",
            brings.join(", ")
        )
    })
}

/// Whether an object is such a pod.
pub fn is_own(id: &Id) -> bool {
    id.is("", "Pod") && id.name == NAME
}

/// The ARN of the role whose credentials pods get, as a run wrote or read it: the second one of a chain, else the one that
/// the association is for. Where ACK makes it, the association refers to the role's object.
pub fn role(state: &State) -> Option<String> {
    const PLACES: [(&str, &str); 3] = [
        (EKS, "/spec/targetRoleARN"),
        (EKS, "/spec/roleARN"),
        (IAM, "/status/ackResourceMetadata/arn"),
    ];
    PLACES.iter().find_map(|(group, place)| {
        let mut of_group = state.values().filter(|object| object.id().group == *group);
        of_group
            .find_map(|object| Some(object.text(place).to_string()).filter(|arn| !arn.is_empty()))
    })
}

/// Which nodes the tenant's pods are for, and what they pull with, as far as it says.
fn place(resolved: &Resolved) -> Map<String, Value> {
    let spec = &resolved.spec;
    let fields = [
        ("nodeSelector", json!(spec.node_selector)),
        ("tolerations", json!(spec.tolerations)),
        ("affinity", json!(spec.affinity)),
        ("priorityClassName", json!(spec.priority_class_name)),
        ("imagePullSecrets", json!(spec.image_pull_secrets)),
    ];
    let said = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    };
    let fields = fields.into_iter().filter(|(_, value)| said(value));
    fields
        .map(|(key, value)| (key.to_string(), value))
        .collect()
}

/// A role as far as two ARNs of it agree: that of an assumed role has no path.
#[derive(Debug, PartialEq, Eq)]
struct Role<'a> {
    partition: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> Role<'a> {
    /// `arn:aws:iam::111122223333:role/path/name`
    fn of(arn: &'a str) -> Option<Self> {
        let arn = ArnParts::of(arn).filter(|arn| arn.service == "iam")?;
        let (kind, path) = arn.resource.split_once('/')?;
        let name = path.rsplit('/').next()?;
        (kind == "role").then_some(Self::called(name, arn))
    }

    /// `arn:aws:sts::111122223333:assumed-role/name/session`
    fn assumed(arn: &'a str) -> Option<Self> {
        let arn = ArnParts::of(arn).filter(|arn| arn.service == "sts")?;
        let mut parts = arn.resource.split('/');
        let (kind, name) = (parts.next()?, parts.next()?);
        (kind == "assumed-role").then_some(Self::called(name, arn))
    }

    fn called(name: &'a str, arn: ArnParts<'a>) -> Self {
        Self {
            partition: arn.partition,
            account: arn.account,
            name,
        }
    }
}

/// The name of the role that an answer of STS tells of, where it is the wanted one. `brings` is what the pod took in that
/// may choose an identity.
///
/// # Errors
/// Who the pod was and who it should be, and what to do.
pub fn judge(log: &str, wanted: &str, brings: &[String]) -> std::result::Result<String, Finding> {
    let Some(caller) = caller(log) else {
        return Err(Finding::new("the pod ended without an answer of STS in its log").hint(
            "identity.verifyImage must run `aws sts get-caller-identity` and print what it answers",
        ));
    };
    match (Role::of(wanted), Role::assumed(&caller)) {
        (Some(wanted), Some(found)) if wanted == found => Ok(found.name.into()),
        (_, found) => Err(
            Finding::new(format!("the pod was {caller}, and should be {wanted}")).hint(advice(
                &caller,
                found.is_some(),
                brings,
            )),
        ),
    }
}

/// The sessions of a node's role have the id of its instance for a name:
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html>
fn advice(caller: &str, assumed: bool, brings: &[String]) -> String {
    let session = caller.rsplit('/').next().unwrap_or_default();
    if assumed && session.starts_with("i-") {
        "that is the node's role: see whether the Pod Identity agent runs on the node (kubectl -n kube-system get pods -l app.kubernetes.io/name=eks-pod-identity-agent -o wide), and keep pods off instance metadata (hop limit 1)".into()
    } else if assumed {
        let first =
            look_there(brings).map_or_else(String::new, |there| format!("{there}; if not, "));
        format!(
            "{first}a changed association takes a while to act: run the same command again; if it stays, see who changed what: mcpctl tenant diff"
        )
    } else if let Some(there) = look_there(brings) {
        there
    } else {
        "pods get credentials by another way than Pod Identity: look for AWS_* variables or files in the image".into()
    }
}

/// `Arn` of what `aws sts get-caller-identity --output json` prints, whatever is written around it.
fn caller(log: &str) -> Option<String> {
    let (start, end) = (log.find('{')?, log.rfind('}')?);
    let answer: Value = serde_json::from_str(log.get(start..=end)?).ok()?;
    answer["Arn"].as_str().map(str::to_string)
}

#[cfg(test)]
mod tests;
