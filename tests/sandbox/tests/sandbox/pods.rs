//! Pods: how they become ready or fail, and when they get credentials.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{SANDBOX, apply, eventually, get, kubectl, run};

fn container_state(namespace: &str, pod: &str) -> Value {
    get("pod", namespace, pod)["status"]["containerStatuses"][0].clone()
}

#[test]
fn a_deployment_becomes_available_and_goes() {
    kubectl(&["create", "namespace", "rollout"]);
    kubectl(&[
        "create",
        "deployment",
        "web",
        "-n",
        "rollout",
        "--image=web:1",
        "--replicas=2",
    ]);
    kubectl(&[
        "rollout",
        "status",
        "deployment/web",
        "-n",
        "rollout",
        "--timeout=20s",
    ]);
    assert!(
        kubectl(&["logs", "deployment/web", "-n", "rollout"]).starts_with("listening on :8080\n")
    );
    kubectl(&[
        "delete",
        "deployment",
        "web",
        "-n",
        "rollout",
        "--cascade=foreground",
        "--timeout=20s",
    ]);
    assert_eq!(kubectl(&["get", "pods", "-n", "rollout", "-o", "name"]), "");
}

#[test]
fn a_private_image_is_pulled_once_its_secret_is_there() {
    kubectl(&["create", "namespace", "pulling"]);
    let overrides = r#"--overrides={"spec": {"imagePullSecrets": [{"name": "registry"}]}}"#;
    kubectl(&[
        "run",
        "pull",
        "-n",
        "pulling",
        "--image=private:1",
        overrides,
    ]);
    eventually("a pull that fails", || {
        container_state("pulling", "pull")["state"]["waiting"]["reason"] == "ImagePullBackOff"
    });
    let about = "--field-selector=reason=FailedToRetrieveImagePullSecret";
    let message = "-o=jsonpath={.items[*].message}";
    assert_eq!(
        kubectl(&["get", "events", "-n", "pulling", about, message]),
        "Unable to retrieve some image pull secrets (registry); attempting to pull the image may not succeed."
    );
    kubectl(&["create", "secret", "generic", "registry", "-n", "pulling"]);
    eventually("a pod that runs", || {
        container_state("pulling", "pull")["ready"] == true
    });
}

#[test]
fn a_pod_fails_as_its_image_or_annotation_says() {
    kubectl(&["create", "namespace", "failing"]);
    kubectl(&[
        "run",
        "pull",
        "-n",
        "failing",
        "--image=registry.example.com/does-not-exist:1",
    ]);
    kubectl(&[
        "run",
        "crash",
        "-n",
        "failing",
        "--image=registry.example.com/mcp:crash",
    ]);
    for (name, state) in [
        ("config", "CreateContainerConfigError"),
        ("memory", "OOMKilled"),
        ("waits", "Pending"),
    ] {
        let annotation = format!("--annotations=sandbox.test/state={state}");
        kubectl(&["run", name, "-n", "failing", "--image=mcp:1", &annotation]);
    }
    for (pod, reason) in [
        ("pull", "ImagePullBackOff"),
        ("crash", "CrashLoopBackOff"),
        ("config", "CreateContainerConfigError"),
        ("memory", "CrashLoopBackOff"),
    ] {
        eventually(reason, || {
            container_state("failing", pod)["state"]["waiting"]["reason"] == reason
        });
    }
    assert_eq!(
        container_state("failing", "crash")["lastState"]["terminated"]["exitCode"],
        1
    );
    assert_eq!(
        container_state("failing", "memory")["lastState"]["terminated"]["reason"],
        "OOMKilled"
    );
    assert_eq!(get("pod", "failing", "waits")["status"]["phase"], "Pending");
    kubectl(&[
        "annotate",
        "pod",
        "waits",
        "-n",
        "failing",
        "--overwrite",
        "sandbox.test/state=Ready",
    ]);
    kubectl(&[
        "wait",
        "pod/waits",
        "-n",
        "failing",
        "--for=condition=Ready",
        "--timeout=20s",
    ]);
}

/// What the API server would admit for a pod of the service account `mcp`.
fn dry_run(namespace: &str) -> Value {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "probe-", "namespace": namespace,
            "annotations": {"eks.amazonaws.com/skip-containers": "other, skipped"},
        },
        "spec": {
            "serviceAccountName": "mcp",
            "automountServiceAccountToken": false,
            "initContainers": [{"name": "init", "image": "mcp:1"}],
            "containers": [
                {"name": "mcp", "image": "mcp:1", "env": [{"name": "A", "value": "b"}]},
                {"name": "own", "image": "mcp:1", "env": [{"name": "AWS_CONTAINER_X", "value": "y"}]},
                {"name": "skipped", "image": "mcp:1"},
            ],
        },
    });
    let mut create = SANDBOX.kubectl();
    create.args(["create", "--dry-run=server", "-o", "json", "--filename=-"]);
    serde_json::from_str(&run(&mut create, &pod.to_string())).unwrap()
}

fn has_credentials(container: &Value) -> bool {
    let variables = container["env"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    variables
        .iter()
        .any(|variable| variable["name"] == "AWS_CONTAINER_CREDENTIALS_FULL_URI")
}

fn associate(namespace: &str) -> Value {
    let role = format!("arn:aws:iam::{}:role/mcp", SANDBOX.account_id());
    let body = json!({"namespace": namespace, "serviceAccount": "mcp", "roleArn": role});
    SANDBOX
        .aws_eks(
            "POST",
            "/clusters/prod/pod-identity-associations",
            Some(body),
        )
        .unwrap()["association"]
        .clone()
}

#[test]
fn an_association_gives_new_pods_credentials() {
    for namespace in ["known", "late"] {
        apply(&format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: {namespace}}}}}\n---\n\
             {{apiVersion: v1, kind: ServiceAccount, metadata: {{name: mcp, namespace: {namespace}}}}}"
        ));
    }
    assert!(!has_credentials(&dry_run("known")["spec"]["containers"][0]));
    let association = associate("known");
    let pod = dry_run("known")["spec"].clone();
    assert!(has_credentials(&pod["containers"][0]));
    assert!(
        !has_credentials(&pod["containers"][1]),
        "a container with a variable of its own is left alone"
    );
    assert!(!has_credentials(&pod["containers"][2]));
    assert!(has_credentials(&pod["initContainers"][0]));
    let token = &pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(token["audience"], "pods.eks.amazonaws.com");
    assert_eq!(
        pod["containers"][0]["volumeMounts"][0]["mountPath"],
        "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
    );

    SANDBOX.webhook_delay("late", Duration::from_hours(1));
    associate("late");
    assert!(
        !has_credentials(&dry_run("late")["spec"]["containers"][0]),
        "it does not act yet"
    );
    SANDBOX.webhook_delay("late", Duration::ZERO);
    assert!(has_credentials(&dry_run("late")["spec"]["containers"][0]));

    SANDBOX.webhook_down(true);
    assert!(!has_credentials(&dry_run("known")["spec"]["containers"][0]));
    SANDBOX.webhook_down(false);
    assert!(has_credentials(&dry_run("known")["spec"]["containers"][0]));
    SANDBOX.webhook_hangs("known", true);
    assert!(!has_credentials(&dry_run("known")["spec"]["containers"][0]));
    assert!(has_credentials(&dry_run("late")["spec"]["containers"][0]));
    SANDBOX.webhook_hangs("known", false);

    let path = format!(
        "/clusters/prod/pod-identity-associations/{}",
        association["associationId"].as_str().unwrap()
    );
    SANDBOX.webhook_is_stale("known", true);
    SANDBOX.aws_eks("DELETE", &path, None).unwrap();
    assert!(has_credentials(&dry_run("known")["spec"]["containers"][0]));
    SANDBOX.webhook_is_stale("known", false);
    assert!(!has_credentials(&dry_run("known")["spec"]["containers"][0]));
}

#[test]
fn a_pod_that_asks_sts_is_told_its_role() {
    apply(
        "{apiVersion: v1, kind: Namespace, metadata: {name: asking}}\n---\n\
         {apiVersion: v1, kind: ServiceAccount, metadata: {name: mcp, namespace: asking}}",
    );
    let ask = |name: &str, account: &str| {
        apply(&format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: asking}}, spec: {{restartPolicy: Never, \
             serviceAccountName: {account}, containers: [{{name: cli, image: 'cli:1', command: [aws, sts, \
             get-caller-identity], envFrom: [{{secretRef: {{name: keys, optional: true}}}}]}}]}}}}"
        ));
        eventually("the pod ends", || {
            get("pod", "asking", name)["status"]["phase"] == "Succeeded"
        });
        let log = kubectl(&["logs", name, "-n", "asking"]);
        let answer = serde_json::from_str::<Value>(&log).unwrap();
        answer["Arn"].as_str().unwrap().to_owned()
    };
    associate("asking");
    let role = format!("arn:aws:sts::{}:assumed-role/", SANDBOX.account_id());
    assert!(ask("associated", "mcp").starts_with(&format!("{role}mcp/eks-sandbox-associated-")));
    assert!(ask("other", "default").starts_with(&format!("{role}eks-node/i-")));
    let keys = [
        "--from-literal=AWS_ACCESS_KEY_ID=AKIAOTHER",
        "--from-literal=AWS_SECRET_ACCESS_KEY=hush",
    ];
    let secret = ["create", "secret", "generic", "keys", "-n", "asking"];
    kubectl(&[&secret[..], &keys].concat());
    let user = format!(
        "arn:aws:iam::{}:user/who-made-the-keys",
        SANDBOX.account_id()
    );
    assert_eq!(ask("keyed", "mcp"), user);
    SANDBOX.pods_are("asking", "arn:aws:sts::1:assumed-role/x/y");
    assert_eq!(ask("told", "mcp"), "arn:aws:sts::1:assumed-role/x/y");
    let made = SANDBOX.pods_asked_for("asking").unwrap();
    assert_eq!(made.len(), 4, "{made:#?}");
}

#[test]
fn a_container_waits_for_what_it_refers_to() {
    kubectl(&["create", "namespace", "referring"]);
    apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: refers, namespace: referring}, spec: {containers: [{name: mcp, \
         image: 'mcp:1', envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: maybe, optional: true}}], env: \
         [{name: A, valueFrom: {secretKeyRef: {name: upstream, key: token}}}]}]}}",
    );
    let waits_for = |text: &str| {
        eventually(text, || {
            let waiting = container_state("referring", "refers")["state"]["waiting"].clone();
            waiting["reason"] == "CreateContainerConfigError" && waiting["message"] == text
        });
    };
    waits_for("configmap \"settings\" not found");
    kubectl(&["create", "configmap", "settings", "-n", "referring"]);
    waits_for("secret \"upstream\" not found");
    kubectl(&[
        "create",
        "secret",
        "generic",
        "upstream",
        "-n",
        "referring",
        "--from-literal=a=b",
    ]);
    waits_for("couldn't find key token in Secret referring/upstream");
    let patch = r#"{"stringData":{"token":"x"}}"#;
    kubectl(&[
        "patch",
        "secret",
        "upstream",
        "-n",
        "referring",
        "-p",
        patch,
    ]);
    kubectl(&[
        "wait",
        "pod/refers",
        "-n",
        "referring",
        "--for=condition=Ready",
        "--timeout=20s",
    ]);
}

#[test]
fn a_probe_fails_with_an_event_and_a_restarted_container_recovers() {
    kubectl(&["create", "namespace", "probing"]);
    for (name, state) in [("unready", "Unready"), ("restarted", "RestartedOnce")] {
        let annotation = format!("--annotations=sandbox.test/state={state}");
        kubectl(&["run", name, "-n", "probing", "--image=mcp:1", &annotation]);
    }
    eventually("an event of the probe", || {
        let about = "--field-selector=reason=Unhealthy,involvedObject.name=unready";
        !kubectl(&["get", "events", "-n", "probing", about, "-o", "name"]).is_empty()
    });
    kubectl(&[
        "wait",
        "pod/restarted",
        "-n",
        "probing",
        "--for=condition=Ready",
        "--timeout=20s",
    ]);
    assert_eq!(container_state("probing", "restarted")["restartCount"], 1);
}
