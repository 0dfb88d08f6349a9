use serde_json::{Value, json};

use super::*;
use crate::{backend::AssociationSummary, observe::Everyone, testing::object};

fn standing() -> Standing {
    Standing {
        namespace: Presence::Present,
        labelled: true,
        record: RecordState::Valid,
        role: Some(true),
        association: Some(true),
        unsynced: false,
        bare: false,
        ready: Some(true),
        drift: Some(Drift::default()),
    }
}

#[test]
fn the_first_thing_to_say_wins() {
    let finding = Finding {
        object: "Role acme".into(),
        what: "x".into(),
    };
    let mut it = standing();
    let mut states = vec![it.state()];
    // From the last to the first: each hides those before it.
    let steps: [&dyn Fn(&mut Standing); 13] = [
        &|it| {
            it.drift = Some(Drift {
                foreign: vec![finding.clone()],
                ..Drift::default()
            });
        },
        &|it| {
            it.drift = Some(Drift {
                conflicts: vec![finding.clone()],
                ..Drift::default()
            });
        },
        &|it| it.ready = Some(false),
        &|it| it.bare = true,
        &|it| it.association = Some(false),
        &|it| it.unsynced = true,
        &|it| it.role = Some(false),
        &|it| it.record = RecordState::Missing,
        &|it| it.record = RecordState::Broken,
        &|it| it.labelled = false,
        &|it| it.namespace = Presence::Missing,
        &|it| it.namespace = Presence::NotOurs,
        &|it| it.namespace = Presence::Removing,
    ];
    for step in steps {
        step(&mut it);
        states.push(it.state());
    }
    let words: Vec<String> = states.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "ok",
            "drift",
            "conflict",
            "not ready",
            "no credentials",
            "no association",
            "not synced",
            "no role",
            "no record",
            "broken record",
            "no label",
            "no namespace",
            "not ours",
            "removing"
        ]
    );
    assert_eq!(json!(TenantState::NoNamespace), "noNamespace");
}

#[test]
fn a_role_that_is_given_up_later_is_drift_as_it_is_a_difference() {
    let plan = crate::plan::Plan {
        postponed: vec![crate::object::Id::new(IAM, "Role", "mcpctl-system", "acme")],
        ..crate::plan::Plan::default()
    };
    let mut it = standing();
    it.drift = Some(Drift::whole(&plan));
    assert!(!plan.is_clean());
    assert_eq!(it.state(), TenantState::Drift);
}

#[test]
fn a_side_that_was_not_asked_is_not_missing() {
    let mut it = standing();
    (it.role, it.association, it.ready, it.drift) = (None, None, None, None);
    assert_eq!(it.state(), TenantState::Ok);
    (it.namespace, it.record) = (Presence::NotAsked, RecordState::Missing);
    assert_eq!(it.state(), TenantState::Ok);
}

fn deployment(status: &Value) -> Rollout {
    Rollout::of(&object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "x", "generation": 2}, "spec": {"replicas": 2}, "status": status,
    })))
}

#[test]
fn a_rollout_is_complete_when_nothing_old_is_left_of_the_newest_spec() {
    let done = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2});
    assert!(deployment(&done).is_complete());
    let less = [
        ("observedGeneration", 1),
        ("replicas", 3),
        ("updatedReplicas", 1),
        ("availableReplicas", 1),
    ];
    for (field, number) in less {
        let mut status = done.clone();
        status[field] = number.into();
        assert!(!deployment(&status).is_complete(), "{field}");
    }
    let nothing = deployment(&json!({}));
    assert_eq!(
        (nothing.wanted, nothing.available, nothing.current),
        (2, 0, false)
    );
}

fn pod(status: &Value, spec: &Value) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec, "status": status,
    }))
}

#[test]
fn how_a_container_ended_is_told_and_what_it_wrote_is_not() {
    let ended = json!({"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:01Z", "message": "hunter2"});
    for (state, name) in [
        (
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}),
            "waiting",
        ),
        (json!({"running": {}}), "running"),
    ] {
        let status = json!({"containerStatuses": [{"name": "c", "state": state, "lastState": {"terminated": ended}, "restartCount": 4}]});
        let pod = Pod::of(&pod(&status, &json!({})));
        let container = &pod.containers[0];
        assert_eq!(container.state.as_deref(), Some(name));
        let last = container.last_termination.as_ref().expect("an end");
        assert_eq!((last.exit_code, last.reason.as_str()), (137, "OOMKilled"));
        assert_eq!((pod.restarts(), pod.ready()), (4, (0, 1)));
    }
    let status = json!({"phase": "Failed", "reason": "Evicted", "containerStatuses": [{"name": "c", "state": {"terminated": ended}, "lastState": {}}]});
    let pod = Pod::of(&pod(&status, &json!({})));
    assert_eq!(pod.reason.as_deref(), Some("Evicted"));
    assert_eq!(pod.containers[0].reason.as_deref(), Some("OOMKilled"));
    assert!(pod.containers[0].last_termination.is_some());
    assert!(!json!(pod).to_string().contains("hunter2"));
}

#[test]
fn a_pod_of_which_nothing_is_known_yet() {
    let pod = Pod::of(&pod(
        &json!({"containerStatuses": [{}, {"state": {}}]}),
        &json!({}),
    ));
    assert_eq!(pod.containers.len(), 2);
    assert_eq!((pod.containers[0].state.clone(), pod.node), (None, None));
}

#[test]
fn only_pods_with_a_gate_or_a_condition_of_the_binding_are_targets() {
    let binding = object(json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding", "metadata": {"name": "b"},
        "spec": {"targetGroupARN": "arn:tg", "serviceRef": {"name": "s", "port": 80}},
    }));
    let gate = json!({"readinessGates": [{"conditionType": "target-health.elbv2.k8s.aws/b"}]});
    let other = json!({"readinessGates": [{"conditionType": "target-health.elbv2.k8s.aws/other"}]});
    let pods = [
        pod(&json!({}), &gate),
        pod(&json!({}), &other),
        pod(&json!({}), &json!({})),
    ];
    let groups = targets::of(&[binding], &pods);
    assert_eq!(
        (
            groups[0].service.as_str(),
            groups[0].target_group_arn.as_str()
        ),
        ("s", "arn:tg")
    );
    let health: Vec<Health> = groups[0]
        .targets
        .iter()
        .map(|target| target.health)
        .collect();
    assert_eq!(health, [Health::Unknown]);
}

#[test]
fn events_of_both_kinds_are_counted_and_dated() {
    let event = |fields: Value| {
        let mut tree = json!({
            "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "R", "message": "m",
            "metadata": {"name": "e", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "involvedObject": {"kind": "Pod", "name": "p"},
        });
        crate::spec::merge(&mut tree, &fields);
        object(tree)
    };
    let warnings = warnings::newest(&[
        event(json!({})),
        event(
            json!({"eventTime": "2026-01-01T00:00:02.000000Z", "count": null, "lastTimestamp": null}),
        ),
        event(
            json!({"series": {"count": 7, "lastObservedTime": "2026-01-01T00:00:04.000000Z"}, "eventTime": "2026-01-01T00:00:01Z"}),
        ),
        event(json!({"count": 3, "lastTimestamp": "2026-01-01T00:00:03Z"})),
        event(json!({"type": "Normal"})),
    ]);
    let seen: Vec<(u64, &str)> = warnings
        .iter()
        .map(|w| (w.count, &w.last_seen[17..19]))
        .collect();
    assert_eq!(seen, [(7, "04"), (3, "03"), (1, "02"), (1, "00")]);
}

#[test]
fn the_list_joins_what_is_left_of_each_tenant() {
    let association = |id: &str, namespace: &str, account: &str| AssociationSummary {
        id: id.into(),
        namespace: namespace.into(),
        service_account: account.into(),
        owner: String::new(),
    };
    let role = |name: &str| crate::backend::RoleSummary {
        name: name.into(),
        arn: String::new(),
        trust: Value::Null,
    };
    let everyone = Everyone {
        namespaces: vec![object(json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "mcp-acme", "labels": {"mcpctl.dev/tenant": "acme"}},
        }))],
        workloads: Vec::new(),
        denied: Vec::new(),
        roles: vec![role("left-0123456789"), role("byhand")],
        associations: vec![
            association("a-1", "mcp-acme", "mcp-server"),
            association("a-2", "mcp-acme", "other"),
            association("a-3", "mcp-alone", "mcp-server"),
            association("a-4", "elsewhere", "mcp-server"),
        ],
        unsynced: std::collections::BTreeSet::new(),
    };
    let list = TenantList::of(&everyone, ("prod", "mcp-"), None, &|_| false);
    let items: Vec<_> = list
        .items
        .iter()
        .map(|item| {
            (
                item.name.as_str(),
                item.state,
                item.role.as_deref(),
                item.association.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        items,
        [
            ("acme", TenantState::NotOurs, None, Some("a-1")),
            ("alone", TenantState::NoNamespace, None, Some("a-3")),
            ("byhand", TenantState::NoNamespace, Some("byhand"), None),
            (
                "left",
                TenantState::NoNamespace,
                Some("left-0123456789"),
                None
            ),
        ]
    );
}
