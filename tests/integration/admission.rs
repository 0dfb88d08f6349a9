//! What the identity policy lets into a tenant's namespace: the API server's own CEL is asked, by dry runs.

use mcpctl::injected::has_credentials;
use serde_json::{Value, json};

use crate::world::{Run, World};

/// A tenant of the world's name that runs.
fn tenant(name: &'static str) -> World<'static> {
    let world = World::new(name);
    let _ = world.mcpctl(&["tenant", "add", name]).expect(0);
    world
}

/// A pod in the tenant's namespace that passes everything but, perhaps, the identity policy.
fn pod(world: &World<'_>) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "asked", "namespace": format!("mcp-{}", world.cluster)},
        "spec": {
            "serviceAccountName": "mcp-server",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "x", "image": "x",
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    })
}

/// What the API server says to a pod.
fn asked(world: &World<'_>, pod: &Value) -> Run {
    let file = world.write("pod.json", &pod.to_string());
    let file = file.display().to_string();
    let ask = ["create", "--dry-run=server", "-f", &file];
    Run::of(world.sandbox.kubectl().args(ask))
}

#[track_caller]
fn admitted(world: &World<'_>, pod: &Value) {
    let _ = asked(world, pod).expect(0);
}

#[track_caller]
fn refused(world: &World<'_>, pod: &Value, why: &str) {
    let policy = "ValidatingAdmissionPolicy 'mcpctl-identity'";
    let _ = asked(world, pod).expect(1).says(&[policy, why]);
}

/// Somebody's association for another account of the namespace would arm its pods with another role.
#[test]
fn a_pod_of_another_service_account_is_refused() {
    let world = tenant("accounts");
    admitted(&world, &pod(&world));
    let mut other = pod(&world);
    other["spec"]["serviceAccountName"] = "other".into();
    world.kubectl(&["-n", "mcp-accounts", "create", "serviceaccount", "other"]);
    let body = json!({"namespace": "mcp-accounts", "serviceAccount": "other", "roleArn": "arn:aws:iam::111122223333:role/admin"});
    world.associate(body);
    let why =
        "a pod of a tenant runs as service account mcp-server, which the tenant's role is bound to";
    refused(&world, &other, why);
    other["spec"]["serviceAccountName"] = Value::Null;
    refused(&world, &other, why);
}

const NOT_INJECTED: &str = "no Pod Identity credentials were injected";
const OTHERS: &str = "AWS SDKs would take other credentials than the tenant's";
const VOLUME: &str = "eks-pod-identity-token";
const DIRECTORY: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";

/// A pod that says by itself all that the webhook would put in, which therefore leaves it alone.
fn whole(world: &World<'_>) -> Value {
    let mut pod = pod(world);
    let container = &mut pod["spec"]["containers"][0];
    container["env"] = json!([
        {"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": "http://169.254.170.23/v1/credentials"},
        {"name": "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "value": format!("{DIRECTORY}/eks-pod-identity-token")},
    ]);
    container["volumeMounts"] = json!([{"name": "eks-pod-identity-token", "mountPath": DIRECTORY}]);
    let token = json!({"audience": "pods.eks.amazonaws.com", "path": "eks-pod-identity-token"});
    let projected = json!({"sources": [{"serviceAccountToken": token}]});
    pod["spec"]["volumes"] = json!([{"name": "eks-pod-identity-token", "projected": projected}]);
    pod
}

/// The pod with another value at a place.
fn with(world: &World<'_>, pointer: &str, value: Value) -> Value {
    let mut pod = whole(world);
    let (place, key) = pointer.rsplit_once('/').expect("a pointer");
    let place = pod.pointer_mut(place).expect("a place");
    match place.as_array_mut() {
        Some(list) => list[key.parse::<usize>().expect("an index")] = value,
        None => place[key] = value,
    }
    pod
}

/// Both judge alike: the CEL, of what is made, and mcpctl, of what comes out of a dry run or runs.
#[track_caller]
fn judged(world: &World<'_>, cases: Vec<(Value, &str)>) {
    for (pod, why) in cases {
        assert_eq!(has_credentials(&pod), why.is_empty(), "{pod:#}");
        if why.is_empty() {
            admitted(world, &pod);
        } else {
            refused(world, &pod, why);
        }
    }
}

#[test]
fn variables_that_policy_and_gate_take_for_credentials() {
    let world = tenant("variables");
    let list = "/spec/containers/0/env";
    let env = |names: &[(&str, &str)]| {
        let mut pod = whole(&world);
        let variables = names
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}));
        let list = pod.pointer_mut(list).and_then(Value::as_array_mut);
        list.expect("a list").extend(variables);
        pod
    };
    let instead =
        |place: &str, value: &str| with(&world, &format!("{list}/{place}/value"), value.into());
    let mut init = whole(&world);
    init["spec"]["initContainers"] = json!([init["spec"]["containers"][0]]);
    init["spec"]["initContainers"][0]["name"] = "init".into();
    let both = init.clone();
    let variables = init["spec"]["initContainers"][0]["env"].as_array_mut();
    variables.expect("variables").pop();
    // The API server spends so much on an expression and no more.
    let many: Vec<String> = (0..1000)
        .map(|number| format!("VARIABLE_{number}"))
        .collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
    let cases = vec![
        (whole(&world), ""),
        (both, ""),
        (env(&many), ""),
        (instead("0", "http://[fd00:ec2::23]/v1/credentials"), ""),
        (instead("0", "http://localhost/"), NOT_INJECTED),
        (instead("1", "/tmp/token"), NOT_INJECTED),
        (init, NOT_INJECTED),
        // Of two the last one counts.
        (
            env(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/")]),
            NOT_INJECTED,
        ),
        (
            env(&[("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/tmp/token")]),
            NOT_INJECTED,
        ),
        (env(&[("AWS_ROLE_ARN", "x")]), OTHERS),
        (env(&[("AWS_ACCESS_KEY_ID", "x")]), OTHERS),
        (env(&[("AWS_SHARED_CREDENTIALS_FILE", "x")]), OTHERS),
        (env(&[("AWS_PROFILE", "x")]), OTHERS),
        (
            env(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "x")]),
            OTHERS,
        ),
        (env(&[("AWS_CONTAINER_AUTHORIZATION_TOKEN", "x")]), OTHERS),
    ];
    judged(&world, cases);
}

#[test]
fn tokens_that_policy_and_gate_take_for_the_webhooks() {
    let world = tenant("tokens");
    let mount = |name: &str, path: &str| {
        let mounts = json!([{"name": name, "mountPath": path}]);
        with(&world, "/spec/containers/0/volumeMounts", mounts)
    };
    let of = |source: Value| {
        let mut volume = source;
        volume["name"] = VOLUME.into();
        with(&world, "/spec/volumes", json!([volume]))
    };
    let token = |audience: &str, path: &str| json!({"serviceAccountToken": {"audience": audience, "path": path}});
    let ours = token("pods.eks.amazonaws.com", VOLUME);
    let secret = json!({"secret": {"name": "tokens"}});
    let projected = |sources: &[&Value]| of(json!({"projected": {"sources": sources}}));
    let cases = vec![
        (mount(VOLUME, &format!("{DIRECTORY}/")), ""),
        (projected(&[&ours]), ""),
        (
            with(&world, "/spec/containers/0/volumeMounts", json!([])),
            NOT_INJECTED,
        ),
        (mount(VOLUME, "/tmp"), NOT_INJECTED),
        (of(json!({"emptyDir": {}})), NOT_INJECTED),
        (projected(&[&secret]), NOT_INJECTED),
        (projected(&[&ours, &secret]), NOT_INJECTED),
        (
            projected(&[&token("sts.amazonaws.com", VOLUME)]),
            NOT_INJECTED,
        ),
        (
            projected(&[&token("pods.eks.amazonaws.com", "other")]),
            NOT_INJECTED,
        ),
    ];
    judged(&world, cases);
}

/// The webhook passes over them, so one without the variables would run with the node's role.
#[test]
fn a_debug_container_has_the_pods_credentials_or_is_refused() {
    let world = tenant("debugged");
    let namespace = ["-n", "mcp-debugged"];
    let name = world.kubectl(&[&namespace[..], &["get", "pods", "-o", "name"]].concat());
    let live = || {
        let get = ["get", name.trim(), "-o", "json"];
        let text = world.kubectl(&[&namespace[..], &get].concat());
        serde_json::from_str::<Value>(&text).expect("a pod")
    };
    let debug = |container: &str, more: &[&str]| {
        let how = [
            "debug",
            name.trim(),
            "--image=x",
            "--profile=restricted",
            "--attach=false",
            "-c",
            container,
        ];
        Run::of(world.sandbox.kubectl().args(namespace).args(how).args(more))
    };
    let refused = debug("plain", &[]).expect(1);
    let _ = refused.says(&[
        "ValidatingAdmissionPolicy 'mcpctl-identity'",
        "no Pod Identity credentials were injected: the webhook passes over ephemeral containers",
        "kubectl debug --custom",
    ]);
    let _ = debug("profiled", &["--env=AWS_PROFILE=other"]).expect(1);
    assert_eq!(live()["spec"]["ephemeralContainers"], Value::Null);

    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/debug.yaml");
    let _ = debug("armed", &["--custom", file]).expect(0);
    let mut pod = live();
    assert_eq!(pod["spec"]["ephemeralContainers"][0]["name"], "armed");
    assert!(has_credentials(&pod), "{pod:#}");
    let _ = world.mcpctl(&["tenant", "diff", "debugged"]).expect(0);
    // A copy is a new pod, which the webhook looks at.
    let _ = debug("copied", &["--copy-to=copy"]).expect(0);
    world.kubectl(&[&namespace[..], &["delete", "pod", "copy"]].concat());
    // One that came before there was a policy.
    pod["spec"]["ephemeralContainers"][0]["env"] = Value::Null;
    assert!(!has_credentials(&pod), "{pod:#}");
}
