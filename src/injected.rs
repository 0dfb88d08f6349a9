//! What EKS's webhook puts into a pod, by which a container has its tenant's credentials, and what would count before
//! it. Pure. The admission policy asks for the same: it is rendered from what is said here.
//!
//! The names are those of <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html>.

use serde_json::{Value, json};

use crate::spec::{CHOOSES_IDENTITY, OF_CONTAINERS, SERVICE_ACCOUNT};

/// Where a container asks for credentials.
pub const URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
/// Where it finds the token that it shows there.
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
/// What EKS's agent answers on, over IPv4 and IPv6.
const AGENTS: [&str; 2] = [
    "http://169.254.170.23/v1/credentials",
    "http://[fd00:ec2::23]/v1/credentials",
];
/// Where the volume with the token is mounted.
const DIRECTORY: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";
/// Name of the volume, and of the token in it.
const TOKEN: &str = "eks-pod-identity-token";
/// Whom the token is for. It is of the pod's own service account: no other is projected.
const AUDIENCE: &str = "pods.eks.amazonaws.com";

/// What the templates of the admission policy see of it.
pub fn variables() -> Value {
    json!({
        "serviceAccount": SERVICE_ACCOUNT,
        "agents": AGENTS,
        "tokenFile": token_file(),
        "tokenDirectories": directories(),
        "tokenVolume": TOKEN,
        "tokenAudience": AUDIENCE,
        "countsFirst": CHOOSES_IDENTITY,
    })
}

fn token_file() -> String {
    format!("{DIRECTORY}/{TOKEN}")
}

/// The webhook mounts it without a slash at the end; AWS's documentation shows it with one.
fn directories() -> [String; 2] {
    [DIRECTORY.into(), format!("{DIRECTORY}/")]
}

/// Whether a variable, where a container has it, counts before what the webhook puts in.
pub fn counts_first(variable: &str) -> bool {
    let other = variable.starts_with(OF_CONTAINERS) && ![URI, TOKEN_FILE].contains(&variable);
    CHOOSES_IDENTITY.contains(&variable) || other
}

/// Whether a pod runs as the tenant's service account, and each container has what the webhook gives it, and nothing
/// that SDKs look at before: what the platform's policy asks of a pod.
pub fn has_credentials(pod: &Value) -> bool {
    let spec = &pod["spec"];
    let mut containers = ["containers", "initContainers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|list| items(&spec[list]));
    spec["serviceAccountName"] == SERVICE_ACCOUNT
        && items(&spec["volumes"]).any(is_token)
        && containers.all(is_armed)
}

fn is_token(volume: &Value) -> bool {
    let of_ours = |source: &Value| {
        let token = &source["serviceAccountToken"];
        token["audience"] == AUDIENCE && token["path"] == TOKEN
    };
    let sources = &volume["projected"]["sources"];
    volume["name"] == TOKEN && sources.is_array() && items(sources).all(of_ours)
}

fn is_armed(container: &Value) -> bool {
    let env = || items(&container["env"]);
    // Of two variables of one name the last one counts.
    let only = |name: &str, is: &dyn Fn(&str) -> bool| {
        let mut named = env().filter(|variable| variable["name"] == name);
        let value = named.next().and_then(|variable| variable["value"].as_str());
        value.is_some_and(is) && named.next().is_none()
    };
    let mut names = env().filter_map(|variable| variable["name"].as_str());
    let directories = directories();
    let mounted = |mount: &Value| {
        let path = mount["mountPath"].as_str().unwrap_or_default();
        mount["name"] == TOKEN && directories.iter().any(|directory| directory == path)
    };
    only(URI, &|value| AGENTS.contains(&value))
        && only(TOKEN_FILE, &|value| value == token_file())
        && items(&container["volumeMounts"]).any(mounted)
        && !names.any(counts_first)
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{desired, marks::IDENTITY_POLICY, object::Id, testing::settings};

    #[test]
    fn the_policy_is_made_of_what_is_said_here() {
        let platform = desired::platform(&settings()).expect("a platform");
        let kind = "ValidatingAdmissionPolicy";
        let policy = &platform[&Id::new("admissionregistration.k8s.io", kind, "", IDENTITY_POLICY)];
        let text = policy.tree["spec"].to_string();
        let names = [URI, TOKEN_FILE, DIRECTORY, TOKEN, AUDIENCE, SERVICE_ACCOUNT];
        for name in names.iter().chain(&AGENTS).chain(&CHOOSES_IDENTITY) {
            assert!(text.contains(name), "{name}");
        }
    }

    #[test]
    fn what_counts_first_is_none_of_what_is_injected() {
        for name in ["AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            assert!(counts_first(name), "{name}");
        }
        for name in [URI, TOKEN_FILE, "AWS_REGION", "HOME"] {
            assert!(!counts_first(name), "{name}");
        }
    }
}
