//! What a user is told while the identity gate is shut, and why it is.

use std::time::Duration;

use mcpctl_sandbox::{AuditEvent, AwsRule};
use serde_json::{Value, json};

use crate::world::{Run, World};

const FOREVER: Duration = Duration::from_hours(1);

/// A tenant whose gate does not open.
fn shut(name: &'static str) -> World<'static> {
    let world = World::new(name);
    world.sandbox.webhook_delay(&format!("mcp-{name}"), FOREVER);
    world
}

fn add(world: &World<'_>, more: &[&str]) -> Run {
    let args = ["tenant", "add", world.cluster.as_str(), "--timeout", "4s"];
    world.mcpctl(&[&args[..], more].concat())
}

fn has_no_deployment(world: &World<'_>) {
    let namespace = format!("mcp-{}", world.cluster);
    let found = world.kubectl(&["-n", &namespace, "get", "deployments,pods", "-o", "name"]);
    assert_eq!(found, "");
}

#[test]
fn a_gate_that_does_not_open_leaves_no_deployment_and_says_what_was_looked_at() {
    let world = shut("shut");
    let run = add(&world, &[]).expect(4).says(&[
        "Deployment mcp-shut/mcp-server: a pod would get no credentials yet; waits at most ",
        " s for EKS to spread the association",
        "Deployment mcp-shut/mcp-server was not applied: after ",
        " s no pod of it would get its credentials",
        "in order: service account, association a-",
        "for role arn:aws:iam::",
        "webhook configuration, nodes, add-on eks-pod-identity-agent ACTIVE",
        "so EKS has not told its webhook of the association yet, or the webhook does not answer",
        "hint: run the same command again to go on; --timeout gives it longer",
    ]);
    assert!(!run.stderr.contains("not looked at"), "{run}");
    has_no_deployment(&world);
    // Nothing runs, so whoever looks is told.
    let look = |args: &[&str]| -> Value {
        let run = world.mcpctl(&[args, &["-o", "json"]].concat()).expect(0);
        serde_json::from_str(&run.stdout).expect("JSON")
    };
    assert_eq!(look(&["tenant", "status", "shut"])["state"], "notReady");
    let list = look(&["tenant", "list"]);
    let mut items = list["items"].as_array().into_iter().flatten();
    let own = items.find(|item| item["name"] == "shut");
    assert_eq!(own.expect("it is listed")["state"], "notReady");
    // The same holds for the run after it, and both go on when the gate opens.
    let _ = add(&world, &[]).expect(4).says(&["in order: "]);
    has_no_deployment(&world);
    world.sandbox.webhook_delay("mcp-shut", Duration::ZERO);
    let _ = world.mcpctl(&["tenant", "add", "shut"]).expect(0);
    let _ = world.mcpctl(&["tenant", "diff", "shut"]).expect(0);
}

#[test]
fn an_agent_that_is_degraded_or_not_installed_is_named() {
    let world = shut("agent");
    let why = "InsufficientNumberOfReplicas";
    world.sandbox.degrade_agent(
        "agent",
        why,
        "The add-on is unhealthy: 0 of 3 pods are ready.",
    );
    let _ = add(&world, &[]).expect(4).says(&[
        "the add-on eks-pod-identity-agent is DEGRADED: InsufficientNumberOfReplicas: The add-on is unhealthy: 0 of 3",
        "hint: see what is wrong with it: aws eks describe-addon --cluster-name agent",
    ]);
    world
        .sandbox
        .aws_eks(
            "DELETE",
            "/clusters/agent/addons/eks-pod-identity-agent",
            None,
        )
        .expect("a delete");
    let _ = add(&world, &[]).expect(4).says(&[
        "cluster agent has no add-on eks-pod-identity-agent",
        "hint: install it: aws eks create-addon --cluster-name agent --addon-name eks-pod-identity-agent",
        "hint: then run the same command again",
    ]);
    has_no_deployment(&world);
}

#[test]
fn what_may_not_be_looked_at_is_said() {
    let world = shut("unseen");
    let denied = AwsRule::on("DescribeAddon").by(&world.access_key).fail(
        403,
        "AccessDeniedException",
        "not authorized to perform: eks:DescribeAddon",
    );
    world.sandbox.aws_fault(denied);
    let _ = add(&world, &[]).expect(4).says(&[
        "not looked at: eks:DescribeAddon unseen eks-pod-identity-agent: AccessDeniedException: not authorized",
        "in order: service account, association a-",
    ]);
}

/// Asks the gate for the second time, and disturbs something once it does: what is wrong before is put right first.
fn disturbed(world: &World<'_>, disturb: impl FnOnce()) -> Run {
    let _ = add(world, &[]).expect(4);
    let before = probes(world);
    let child = world.start(&["tenant", "add", &world.cluster, "--timeout", "15s"]);
    crate::pace::wait_until(|| probes(world) > before);
    disturb();
    Run::at_end_of(child)
}

/// How often the gate was asked.
fn probes(world: &World<'_>) -> usize {
    let asked = |event: &AuditEvent| event.dry_run && event.resource == "pods";
    world.audit().iter().filter(|event| asked(event)).count()
}

/// Somebody deletes the association while the gate is asked: nothing in this run makes it again.
#[test]
fn an_association_that_goes_meanwhile_ends_the_wait() {
    let world = shut("vanished");
    let ended = disturbed(&world, || world.delete_association(&world.association_id()));
    let _ = ended.expect(4).says(&[
        "was not applied: after 1",
        "EKS has no association for service account mcp-server of mcp-vanished",
        "hint: somebody deleted it; the next run makes it again",
    ]);
    has_no_deployment(&world);
    world.sandbox.webhook_delay("mcp-vanished", Duration::ZERO);
    let _ = world.mcpctl(&["tenant", "add", "vanished"]).expect(0);
}

#[test]
fn an_association_for_another_role_and_an_irsa_annotation_are_named() {
    let world = shut("swapped");
    let ended = disturbed(&world, || {
        world.change_association(json!({"roleArn": "arn:aws:iam::111122223333:role/other"}));
        let annotation = "eks.amazonaws.com/role-arn=arn:aws:iam::111122223333:role/irsa";
        let account = ["annotate", "serviceaccount", "mcp-server", annotation];
        world.kubectl(&[&["-n", "mcp-swapped"][..], &account].concat());
    });
    let _ = ended.expect(4).says(&[
        // Said after ten seconds, and again at the end.
        "mcp-server: no credentials after 1",
        "ServiceAccount mcp-swapped/mcp-server has the annotation eks.amazonaws.com/role-arn, by which pods get role \
         arn:aws:iam::111122223333:role/irsa instead",
        "hint: take it off: kubectl -n mcp-swapped annotate serviceaccount mcp-server eks.amazonaws.com/role-arn-",
        "is for role arn:aws:iam::111122223333:role/other, not for the tenant's arn:aws:iam::",
        "hint: somebody changed it; the next run puts it right",
    ]);
    has_no_deployment(&world);
}

/// Writes own templates in which a text of the built-in one is another.
fn template(world: &World<'_>, file: &str, from: &str, to: &str) {
    let folder = world.dir.join("templates").display().to_string();
    let _ = world.mcpctl(&["template", "export", &folder]).expect(0);
    let path = format!("templates/tenant/{file}");
    let text = std::fs::read_to_string(world.dir.join(&path)).expect("a template");
    assert!(text.contains(from), "{file} holds {from}");
    world.write(&path, &text.replace(from, to));
    world.settings("domain:", "templates: templates\ndomain:");
}

#[test]
fn a_template_that_keeps_credentials_away_ends_the_wait_at_once() {
    let world = World::new("preset");
    template(
        &world,
        "deployment.yaml.j2",
        "            - name: POD_NAME\n",
        "            - name: AWS_CONTAINER_CREDENTIALS_FULL_URI\n              value: http://localhost/\n            - name: POD_NAME\n",
    );
    let args = ["tenant", "add", "preset", "-o", "json"];
    let run = world.mcpctl(&args).expect(4).says(&[
        "container mcp-server sets AWS_CONTAINER_CREDENTIALS_FULL_URI itself, and the webhook leaves such a container alone",
        "hint: take AWS_CONTAINER_CREDENTIALS_FULL_URI out of the template",
        "hint: then run the same command again",
    ]);
    has_no_deployment(&world);
    let last = run.stdout.lines().last().expect("a result");
    let result: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(result["outcome"], "unfinished", "{last}");
    let reason = result["failed"][0]["details"][0]
        .as_str()
        .expect("a detail");
    assert!(
        reason.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        "{last}"
    );
}

/// The webhook leaves such a container alone, and no token is there.
#[test]
fn credentials_that_were_never_injected_do_not_open_the_gate() {
    let world = World::new("forged");
    template(
        &world,
        "deployment.yaml.j2",
        "            - name: POD_NAME\n",
        "            - name: AWS_CONTAINER_CREDENTIALS_FULL_URI\n              value: http://169.254.170.23/v1/credentials\n            - name: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\n              value: /tmp/token\n            - name: POD_NAME\n",
    );
    let _ = add(&world, &[]).expect(4).says(&[
        "was not applied: after 0 s no pod of it would get its credentials",
        "container mcp-server sets AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE itself, and the webhook leaves such a container alone",
    ]);
    has_no_deployment(&world);
}

#[test]
fn an_annotation_that_keeps_the_webhook_away_ends_the_wait_at_once() {
    let world = World::new("skipped");
    let skip = "annotations={eks.amazonaws.com/skip-containers: \"proxy, mcp-server\"}";
    let _ = add(&world, &["--set", skip]).expect(4).says(&[
        "no pod of it would get its credentials",
        "the annotation eks.amazonaws.com/skip-containers tells the webhook to leave container mcp-server alone",
        "hint: take eks.amazonaws.com/skip-containers out of the annotations of tenant or template",
    ]);
    has_no_deployment(&world);
    let other = "annotations={eks.amazonaws.com/skip-containers: proxy}";
    let _ = world
        .mcpctl(&["tenant", "add", "skipped", "--set", other])
        .expect(0);
}

#[test]
fn nodes_without_an_agent_are_named() {
    let world = shut("nodes");
    // The taint keeps the pods of other tests off it, as on Fargate.
    let taint = json!({"key": "eks.amazonaws.com/compute-type", "value": "fargate", "effect": "NoSchedule"});
    let labels = json!({"kubernetes.io/os": "linux", "eks.amazonaws.com/compute-type": "fargate", "sort": "fargate"});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "fargate-1", "labels": labels},
        "spec": {"taints": [taint]}});
    let file = world
        .write("node.json", &node.to_string())
        .display()
        .to_string();
    world.kubectl(&["create", "-f", &file]);
    let run = add(&world, &["--set", "nodeSelector={sort: fargate}"]);
    world.kubectl(&["delete", "node", "fargate-1"]);
    let _ = run
        .expect(4)
        .says(&["all nodes for the pod are Fargate or Windows, where no Pod Identity agent runs"]);
    let windows = "nodeSelector={kubernetes.io/os: windows}";
    let _ = add(&world, &["--set", windows]).expect(4).says(&[
        "the pod's nodeSelector asks for kubernetes.io/os=windows, where no Pod Identity agent runs",
        "hint: Pod Identity works on Linux nodes of EC2 only",
    ]);
}

#[test]
fn programs_hear_for_what_and_how_long_too() {
    let world = shut("heard");
    let run = add(&world, &["-o", "json"]).expect(4);
    let waiting: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|line: &Value| line["type"] == "waiting" && line["action"] == "identityGate")
        .collect();
    assert_eq!(waiting.len(), 1, "{run}");
    let what = waiting[0]["what"].as_str().expect("a text");
    assert!(
        what.contains("s for EKS to spread the association"),
        "{run}"
    );
    assert!(waiting[0]["seconds"].is_u64(), "{run}");
}
