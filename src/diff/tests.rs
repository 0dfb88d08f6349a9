use std::fmt::Write;

use serde_json::{Value, json};

use super::{changes, foreign};
use crate::{
    object::Object,
    testing::{entry, map, object, written},
};

/// One change a line, as `path: have -> want (owners)`.
fn listed(wanted: &Object, live: &Object) -> String {
    let shown = |value: &Option<Value>| value.as_ref().map_or("-".into(), Value::to_string);
    let mut text = String::new();
    for change in changes(wanted, live) {
        let owners: Vec<&str> = change
            .owners
            .iter()
            .map(|owner| owner.manager.as_str())
            .collect();
        let (have, want) = (shown(&change.have), shown(&change.want));
        _ = write!(text, "{}: {have} -> {want}", change.path);
        if !owners.is_empty() {
            _ = write!(text, " ({})", owners.join(", "));
        }
        text.push('\n');
    }
    text
}

fn deployment(container: Value) -> Object {
    let mut container = container;
    container["name"] = "mcp-server".into();
    object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "mcp-server", "namespace": "mcp-acme"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }))
}

/// The object as it lives, after a change to it.
fn lives(wanted: &Object, change: impl Fn(&mut Value)) -> Object {
    let mut live = written(wanted, "mcpctl", "Apply");
    change(&mut live.tree);
    live
}

fn container(tree: &mut Value) -> &mut Value {
    &mut tree["spec"]["template"]["spec"]["containers"][0]
}

#[test]
fn what_the_api_server_adds_is_no_change() {
    let wanted = deployment(json!({
        "image": "mcp:1", "args": [], "ports": [{"containerPort": 8080}],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
    }));
    let live = lives(&wanted, |tree| {
        tree["status"] = json!({"replicas": 1});
        tree["metadata"]["uid"] = "1".into();
        let container = container(tree);
        container.as_object_mut().unwrap().remove("args");
        container["ports"][0]["protocol"] = "TCP".into();
        container["imagePullPolicy"] = "IfNotPresent".into();
        container["livenessProbe"]["httpGet"]["scheme"] = "HTTP".into();
        let sidecar = json!({"name": "injected", "image": "proxy:1"});
        let containers = &mut tree["spec"]["template"]["spec"]["containers"];
        containers.as_array_mut().unwrap().insert(0, sidecar);
    });
    insta::assert_snapshot!(listed(&wanted, &live), @"");
}

#[test]
fn another_spelling_of_a_quantity_is_no_change_where_quantities_are() {
    let resources = json!({"limits": {"cpu": "1000m", "memory": "1Gi"}, "requests": {"cpu": 0.5}});
    let wanted =
        deployment(json!({"resources": resources, "env": [{"name": "A", "value": "1000m"}]}));
    let live = lives(&wanted, |tree| {
        container(tree)["resources"] =
            json!({"limits": {"cpu": "1", "memory": "1024Mi"}, "requests": {"cpu": "500m"}});
    });
    insta::assert_snapshot!(listed(&wanted, &live), @"");
    let live = lives(&wanted, |tree| {
        container(tree)["resources"]["limits"]["cpu"] = "1001m".into();
        container(tree)["env"][0]["value"] = "1".into();
    });
    insta::assert_snapshot!(listed(&wanted, &live), @r#"
    spec.template.spec.containers[mcp-server].resources.limits.cpu: "1001m" -> "1000m"
    spec.template.spec.containers[mcp-server].env[A].value: "1" -> "1000m"
    "#);
}

#[test]
fn list_items_are_found_by_their_keys_and_lists_without_keys_are_one_value() {
    let variable = |name: &str, value: &str| json!({"name": name, "value": value});
    let wanted = deployment(json!({
        "env": [variable("A", "1"), variable("B", "2")],
        "args": ["--a", "--b"],
    }));
    let live = lives(&wanted, |tree| {
        container(tree)["env"] = json!([variable("B", "3"), variable("A", "1")]);
        container(tree)["args"] = json!(["--a"]);
    });
    insta::assert_snapshot!(listed(&wanted, &live), @r#"
    spec.template.spec.containers[mcp-server].env[B].value: "3" -> "2"
    spec.template.spec.containers[mcp-server].args: ["--a"] -> ["--a","--b"]
    "#);
    let live = lives(&wanted, |tree| {
        container(tree)["env"] = json!([variable("A", "1")]);
        container(tree)["args"] = json!(["--a", "--c"]);
    });
    insta::assert_snapshot!(listed(&wanted, &live), @r#"
    spec.template.spec.containers[mcp-server].env[B]: - -> {"name":"B","value":"2"}
    spec.template.spec.containers[mcp-server].args: ["--a","--c"] -> ["--a","--b"]
    "#);
}

#[test]
fn a_field_that_we_applied_and_no_longer_want_goes_and_a_strangers_stays() {
    let before = deployment(json!({
        "image": "mcp:1",
        "env": [{"name": "OLD", "value": "1"}, {"name": "KEPT", "value": "2"}],
        "command": ["run"],
    }));
    let wanted = deployment(json!({"image": "mcp:1", "env": [{"name": "KEPT", "value": "2"}]}));
    let live = lives(&before, |tree| {
        let foreign = json!({"name": "FOREIGN", "value": "3"});
        container(tree)["env"].as_array_mut().unwrap().push(foreign);
        tree["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "4"});
    });
    insta::assert_snapshot!(listed(&wanted, &live), @r#"
    spec.template.spec.containers[mcp-server].command: ["run"] -> -
    spec.template.spec.containers[mcp-server].env[OLD]: {"name":"OLD","value":"1"} -> -
    "#);
}

#[test]
fn a_change_names_who_owns_the_field_now() {
    let wanted = deployment(json!({"image": "mcp:1"}));
    let live = lives(&wanted, |tree| {
        container(tree)["image"] = "mcp:2".into();
        let fields = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"mcp-server\"}": {"f:image": {}}
        }}}}});
        let entries = tree["metadata"]["managedFields"].as_array_mut().unwrap();
        entries.push(entry("kubectl-edit", "Update", &fields));
        entries.push(entry(
            "someone-else",
            "Update",
            &json!({"f:spec": {"f:paused": {}}}),
        ));
    });
    insta::assert_snapshot!(listed(&wanted, &live), @r#"spec.template.spec.containers[mcp-server].image: "mcp:2" -> "mcp:1" (kubectl-edit)"#);
}

#[test]
fn keys_with_dots_and_slashes_stand_in_brackets() {
    let service = |value: &str| {
        object(json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "mcp-server", "namespace": "mcp-acme", "annotations": {"example.com/a.b": value}},
        }))
    };
    let live = written(&service("1"), "mcpctl", "Apply");
    insta::assert_snapshot!(listed(&service("2"), &live), @r#"metadata.annotations[example.com/a.b]: "1" -> "2""#);
}

fn role(spec: Value) -> Object {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "EksPodIdentity", "Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }]});
    let mut whole = map(json!({"assumeRolePolicyDocument": trust}));
    whole.extend(map(spec));
    object(json!({
        "apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": "Role", "metadata": {"name": "acme"}, "spec": whole,
    }))
}

fn inline(statements: &Value) -> Object {
    role(json!({"inlinePolicies": {"mcpctl": {"Version": "2012-10-17", "Statement": statements}}}))
}

#[test]
fn policies_that_mean_the_same_are_no_change() {
    let wanted = inline(&json!([
        {"Sid": "A", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::a/*"},
        {"Sid": "B", "Effect": "Deny", "Action": "*", "Resource": "*",
         "Condition": {"Bool": {"aws:SecureTransport": false}}},
    ]));
    let live = inline(&json!([
        {"Resource": ["*"], "Effect": "Deny", "Action": ["*"], "Sid": "B",
         "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
        {"Sid": "A", "Effect": "Allow", "Action": ["S3:putobject", "s3:GetObject"], "Resource": ["arn:aws:s3:::a/*"]},
    ]));
    insta::assert_snapshot!(listed(&wanted, &live), @"");
}

#[test]
fn statements_added_changed_and_taken_away_are_told_apart() {
    let statement = |sid: &str, action: &str| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*"});
    let wanted = inline(&json!([
        statement("Kept", "s3:GetObject"),
        statement("Changed", "s3:ListBucket"),
        statement("Lost", "sqs:SendMessage")
    ]));
    let live = inline(&json!([
        statement("Kept", "s3:GetObject"),
        statement("Changed", "s3:*"),
        statement("Added", "iam:*")
    ]));
    insta::assert_snapshot!(listed(&wanted, &live), @r#"
    spec.inlinePolicies.mcpctl.Statement[Changed]: {"Sid":"Changed","Effect":"Allow","Action":"s3:*","Resource":"*"} -> {"Sid":"Changed","Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}
    spec.inlinePolicies.mcpctl.Statement[Added]: {"Sid":"Added","Effect":"Allow","Action":"iam:*","Resource":"*"} -> -
    spec.inlinePolicies.mcpctl.Statement[Lost]: - -> {"Sid":"Lost","Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}
    "#);
}

#[test]
fn everything_that_is_ours_on_a_role_is_compared_and_nothing_else() {
    let wanted = role(json!({
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
        "policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "tags": [{"key": "mcpctl.dev/tenant", "value": "acme"}],
    }));
    let mut live = role(json!({
        "policies": ["arn:aws:iam::aws:policy/AdministratorAccess"],
        "inlinePolicies": {"extra": {}},
        "tags": [{"key": "team", "value": "x"}, {"key": "mcpctl.dev/tenant", "value": "other"}],
    }));
    live.tree["spec"]["assumeRolePolicyDocument"]["Statement"][0]["Principal"] =
        json!({"Service": "ec2.amazonaws.com"});
    insta::assert_snapshot!(listed(&wanted, &live), @r#"
    spec.assumeRolePolicyDocument.Statement[EksPodIdentity]: {"Sid":"EksPodIdentity","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]} -> {"Sid":"EksPodIdentity","Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}
    spec.permissionsBoundary: - -> "arn:aws:iam::123456789012:policy/boundary"
    spec.policies[arn:aws:iam::aws:policy/ReadOnlyAccess]: - -> "arn:aws:iam::aws:policy/ReadOnlyAccess"
    spec.tags[mcpctl.dev/tenant]: "other" -> "acme"
    "#);
    insta::assert_snapshot!(foreign(Some(&wanted), &live).join("\n"), @"
    inline policy extra
    managed policy arn:aws:iam::aws:policy/AdministratorAccess
    ");
}

#[test]
fn a_policy_that_is_missing_or_no_longer_wanted_is_one_change() {
    let with = inline(&json!([{"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]));
    let without = role(json!({}));
    insta::assert_snapshot!(listed(&with, &without), @r#"spec.inlinePolicies.mcpctl: - -> {"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#);
    insta::assert_snapshot!(listed(&without, &with), @r#"spec.inlinePolicies.mcpctl: {"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"}]} -> -"#);
}

#[test]
fn a_flag_of_an_association_that_the_server_leaves_out_is_no_change() {
    let association = |spec: Value| {
        object(
            json!({"apiVersion": "eks.services.k8s.aws/v1alpha1", "kind": "PodIdentityAssociation", "metadata": {"name": "acme"}, "spec": spec}),
        )
    };
    let wanted = association(
        json!({"roleARN": "arn:aws:iam::1:role/a", "disableSessionTags": false, "tags": {"a": "1"}}),
    );
    let live = association(
        json!({"roleARN": "arn:aws:iam::1:role/b", "disableSessionTags": false, "tags": {"a": "2", "b": "3"}}),
    );
    insta::assert_snapshot!(listed(&wanted, &live), @r#"
    spec.roleARN: "arn:aws:iam::1:role/b" -> "arn:aws:iam::1:role/a"
    spec.tags.a: "2" -> "1"
    "#);
}

#[test]
fn what_a_hand_adds_within_a_list_that_has_one_owner_is_a_change() {
    let policy = |ports: Value| {
        object(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "allow-egress", "namespace": "mcp-acme", "labels": {"a": "b"}},
            "spec": {"egress": [{"ports": [ports]}]},
        }))
    };
    let wanted = policy(json!({"port": 443}));
    let edited = |ports: Value| written(&policy(ports), "kubectl-edit", "Update");
    let filled_in = edited(json!({"port": 443, "protocol": "TCP"}));
    insta::assert_snapshot!(listed(&wanted, &filled_in), @"");
    let wider = edited(json!({"port": 443, "protocol": "TCP", "endPort": 65535}));
    insta::assert_snapshot!(listed(&wanted, &wider), @r#"spec.egress: [{"ports":[{"port":443,"protocol":"TCP","endPort":65535}]}] -> [{"ports":[{"port":443}]}] (kubectl-edit)"#);
}
