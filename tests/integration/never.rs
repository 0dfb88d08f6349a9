//! What must never happen: something deleted that mcpctl did not make, something left behind that nobody sees, and a
//! pod that runs with another identity than its tenant's.

use serde_json::json;

use crate::{
    pace::{Held, wait_until},
    world::{Run, World},
};

#[test]
fn a_label_alone_makes_nothing_ours() {
    let world = World::new("claimed");
    world.kubectl(&["create", "namespace", "victim"]);
    world.kubectl(&[
        "-n",
        "victim",
        "create",
        "configmap",
        "precious",
        "--from-literal=a=b",
    ]);
    world.kubectl(&["label", "namespace", "victim", "mcpctl.dev/tenant=claimed"]);
    let says = ["Namespace victim", "mcpctl did not apply it"];
    let _ = world
        .mcpctl(&["tenant", "add", "claimed"])
        .expect(3)
        .says(&says);
    let _ = world
        .mcpctl(&["tenant", "remove", "claimed", "--yes"])
        .expect(3)
        .says(&["Namespace victim"]);
    world.kubectl(&["-n", "victim", "get", "configmap", "precious"]);
    world.kubectl(&["label", "namespace", "victim", "mcpctl.dev/tenant-"]);
}

#[test]
fn guests_of_a_namespace_are_kept_or_named() {
    let world = World::new("hosting");
    let _ = world.mcpctl(&["tenant", "add", "hosting"]).expect(0);
    let metadata = |name: &str| json!({"name": name, "namespace": "mcp-hosting", "labels": {"mcpctl.dev/tenant": "hosting"}});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata("diary"),
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let workload = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("theirs"),
        "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "x", "image": "x"}]}}}});
    for (name, object) in [("claim.json", &claim), ("workload.json", &workload)] {
        let file = world.write(name, &object.to_string()).display().to_string();
        world.kubectl(&["create", "-f", &file]);
    }
    world.kubectl(&[
        "-n",
        "mcp-hosting",
        "create",
        "secret",
        "generic",
        "theirs",
        "--from-literal=a=b",
    ]);
    // Neither add nor diff touches what has our label and was not applied by us.
    let _ = world.mcpctl(&["tenant", "diff", "hosting"]).expect(0);
    let _ = world
        .mcpctl(&["tenant", "add", "hosting"])
        .expect(0)
        .says(&["nothing to do"]);
    let says = [
        "PersistentVolumeClaim mcp-hosting/diary: is not ours",
        "Deployment mcp-hosting/theirs: is not ours",
    ];
    let _ = world
        .mcpctl(&["tenant", "remove", "hosting", "--yes"])
        .expect(3)
        .says(&says);
    world.kubectl(&[
        "-n",
        "mcp-hosting",
        "delete",
        "pvc/diary",
        "deployment/theirs",
    ]);
    let shown = world
        .mcpctl(&["tenant", "remove", "hosting", "--dry-run"])
        .expect(0);
    assert!(
        shown
            .stdout
            .contains("Secret mcp-hosting/theirs (not ours; goes with the namespace)"),
        "{shown}"
    );
    let _ = world
        .mcpctl(&["tenant", "remove", "hosting", "--yes"])
        .expect(0);
}

#[test]
fn a_second_role_on_the_association_is_seen() {
    let world = World::new("second");
    let _ = world.mcpctl(&["tenant", "add", "second"]).expect(0);
    let target = json!({"targetRoleArn": "arn:aws:iam::999999999999:role/admin"});
    world.change_association(target);
    let diff = world.mcpctl(&["tenant", "diff", "second"]).expect(1);
    assert!(
        diff.stdout
            .contains("spec.targetRoleARN: \"arn:aws:iam::999999999999:role/admin\" -> removed"),
        "{diff}"
    );
}

fn pods(world: &World<'_>, namespace: &str) -> String {
    world.kubectl(&["-n", namespace, "get", "pods", "-o", "name"])
}

#[test]
fn pods_that_are_older_than_their_identity_are_restarted_by_a_later_run() {
    let world = World::new("stale");
    let _ = world.mcpctl(&["tenant", "add", "stale"]).expect(0);
    let before = pods(&world, "mcp-stale");
    // Both sides tell times in whole seconds.
    let made = world.kubectl(&[
        "-n",
        "mcp-stale",
        "get",
        "pods",
        "-o",
        "jsonpath={.items[0].metadata.creationTimestamp}",
    ]);
    let made: k8s_openapi::jiff::Timestamp = made.parse().expect("a time");
    wait_until(|| k8s_openapi::jiff::Timestamp::now().as_second() > made.as_second() + 1);
    let body =
        json!({"roleArn": format!("arn:aws:iam::{}:role/admin", world.sandbox.account_id())});
    world.change_association(body);
    // The run that repairs it is killed before the restart.
    let repairs = ["tenant", "add", "stale"];
    Held::at(&world, "UpdatePodIdentityAssociation", &repairs).kill("mcp-stale");
    let restarted = world.mcpctl(&["tenant", "add", "stale"]).expect(0);
    assert_ne!(
        before,
        pods(&world, "mcp-stale"),
        "pods of another role go on running: {restarted}"
    );
    let _ = world.mcpctl(&["tenant", "diff", "stale"]).expect(0);
}

#[test]
fn an_association_beside_the_tenants_own_is_named_and_holds_up_the_removal() {
    let world = World::new("beside");
    let _ = world.mcpctl(&["tenant", "add", "beside"]).expect(0);
    let body = json!({"namespace": "mcp-beside", "serviceAccount": "default", "roleArn": "arn:aws:iam::111122223333:role/admin"});
    let id = world.associate(body);
    let diff = world.mcpctl(&["tenant", "diff", "beside"]).expect(1);
    assert!(
        diff.stdout
            .contains(&format!("{id}: the association of service account default")),
        "{diff}"
    );
    let _ = world
        .mcpctl(&["tenant", "remove", "beside", "--yes"])
        .expect(3)
        .says(&[&id, "take it away first"]);
    world.delete_association(&id);
    let _ = world
        .mcpctl(&["tenant", "remove", "beside", "--yes"])
        .expect(0);
}

#[test]
fn protection_holds_for_each_half() {
    let world = World::new("guarded");
    let _ = world
        .mcpctl(&["tenant", "add", "guarded", "--set", "protected=true"])
        .expect(0);
    for only in ["aws", "kubernetes"] {
        let _ = world
            .mcpctl(&["tenant", "remove", "guarded", "--yes", "--only", only])
            .expect(3)
            .says(&["protected"]);
    }
    let _ = world
        .mcpctl(&["tenant", "add", "guarded", "--set", "protected=false"])
        .expect(0);
    let _ = world.mcpctl(&["tenant", "diff", "guarded"]).expect(0);
    let half = world
        .mcpctl(&["tenant", "remove", "guarded", "--yes", "--only", "aws"])
        .expect(0);
    assert!(!half.stderr.contains("nothing of it is left"), "{half}");
}

#[test]
fn a_tenant_of_a_repository_is_removed_there() {
    let world = World::new("repository");
    let printed = world
        .mcpctl(&[
            "tenant",
            "add",
            "repository",
            "--dry-run",
            "--only",
            "kubernetes",
        ])
        .expect(0);
    let file = world
        .write("tenant.yaml", &printed.stdout)
        .display()
        .to_string();
    let _ = world
        .mcpctl(&["tenant", "add", "repository", "--only", "aws"])
        .expect(0);
    world.kubectl(&[
        "apply",
        "--server-side",
        "--field-manager=argocd-controller",
        "-f",
        &file,
    ]);
    let _ = world.mcpctl(&["tenant", "diff", "repository"]).expect(0);
    let _ = world
        .mcpctl(&["tenant", "remove", "repository", "--yes"])
        .expect(3)
        .says(&["argocd-controller applies it from a repository"]);
}

#[test]
fn a_lost_record_and_other_names_leave_nothing_behind() {
    let world = World::new("renamed");
    let _ = world.mcpctl(&["tenant", "add", "renamed"]).expect(0);
    world.kubectl(&[
        "annotate",
        "namespace",
        "mcp-renamed",
        "mcpctl.dev/input-",
        "mcpctl.dev/names-",
    ]);
    let plan = world
        .mcpctl(&["tenant", "remove", "renamed", "--dry-run"])
        .expect(0);
    for line in [
        "- Deployment mcp-renamed/mcp-server",
        "- Ingress mcp-renamed/mcp-server",
    ] {
        assert!(plan.stdout.contains(line), "{plan}");
    }
    world
        .sandbox
        .kubectl()
        .args(["delete", "namespace", "mcp-renamed"])
        .output()
        .expect("kubectl");
    world.settings("domain:", "namespacePrefix: zz-\ndomain:");
    let _ = world
        .mcpctl(&["tenant", "remove", "renamed", "--yes"])
        .expect(0)
        .says(&["Role renamed", "PodIdentityAssociation renamed"]);
    let associations = world.associations();
    assert!(associations.is_empty(), "{associations:?}");
}

#[test]
fn a_removal_that_outlives_its_lock_ends_well() {
    let world = World::new("slow");
    let _ = world.mcpctl(&["tenant", "add", "slow"]).expect(0);
    let held = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","namespace":"mcp-slow","finalizers":["example.com/wait"]}}"#;
    let file = world.write("held.json", held).display().to_string();
    world.kubectl(&["create", "-f", &file]);
    let child = world.start(&["tenant", "remove", "slow", "--yes"]);
    // Two renewals find the Lease gone with the namespace's contents.
    wait_until(|| {
        world
            .kubectl(&["-n", "mcp-slow", "get", "leases", "-o", "name"])
            .is_empty()
    });
    let renewals = || {
        world
            .audit()
            .iter()
            .filter(|event| event.resource == "leases" && event.verb == "get")
            .count()
    };
    wait_until(|| renewals() > 0);
    world.kubectl(&[
        "-n",
        "mcp-slow",
        "patch",
        "configmap",
        "held",
        "--type=json",
        "-p",
        r#"[{"op":"remove","path":"/metadata/finalizers"}]"#,
    ]);
    let _ = Run::at_end_of(child)
        .expect(0)
        .says(&["nothing of it is left"]);
}

#[test]
fn a_policy_in_which_a_key_is_given_twice_is_refused() {
    let world = World::new("twofold");
    world.write(
        "policy.json",
        "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\",\n \"Resource\": \"arn:aws:s3:::x\", \"Resource\": \"*\"}]}",
    );
    let _ = world
        .mcpctl(&["tenant", "add", "twofold", "--dry-run"])
        .expect(2)
        .says(&["policy.json:2:", "key `Resource` is given twice"]);
}
