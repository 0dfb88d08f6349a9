//! Which steps a plan has, and in which order.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Action, Options, Plan, Subject, toward};
use crate::{
    gate,
    object::{EKS, IAM, Id, Object, State},
    testing::{self, acme, made, object, written},
};

mod identity;
mod others;
mod removal;

pub(super) fn options() -> Options {
    let settings = testing::settings();
    let acme = testing::resolved("acme", json!({}), &settings);
    Options {
        gate: Some(gate::pod_for(&acme)),
        ready: true,
        ..Options::default()
    }
}

pub(super) fn subject() -> Subject {
    Subject::Tenant {
        name: "acme".into(),
        cluster: "prod".into(),
        namespace: "mcp-acme".into(),
    }
}

pub(super) fn plan(wanted: &State, live: &State) -> Plan {
    toward(wanted, live, &subject(), &options())
}

/// The steps, each with those that it waits for and that no other of them already waits for.
pub(super) fn picture(plan: &Plan) -> String {
    let mut text = String::new();
    for (number, step) in plan.steps.iter().enumerate() {
        let direct: Vec<String> = step
            .after
            .iter()
            .filter(|one| !step.after.iter().any(|other| reaches(plan, *other, **one)))
            .map(|index| format!("{index:02}"))
            .collect();
        let line = format!("{number:02} {} {}", verb(&step.action), short(&step.id));
        let after = if direct.is_empty() {
            String::new()
        } else {
            format!("<- {}", direct.join(" "))
        };
        text.push_str(format!("{line:<52}{after}").trim_end());
        text.push('\n');
    }
    for conflict in &plan.conflicts {
        _ = writeln!(text, "conflict {}: {}", conflict.id, conflict.why);
    }
    for foreign in &plan.foreign {
        _ = writeln!(text, "foreign {}: {}", foreign.id, foreign.what);
    }
    text
}

fn reaches(plan: &Plan, from: usize, to: usize) -> bool {
    let after = &plan.steps[from].after;
    after.contains(&to) || after.iter().any(|next| reaches(plan, *next, to))
}

fn short(id: &Id) -> String {
    format!("{} {}", id.kind, id.name)
}

fn verb(action: &Action) -> String {
    match action {
        Action::Create(_) => "create".into(),
        Action::Update(update) => {
            let paths: Vec<&str> = update
                .changes
                .iter()
                .map(|change| change.path.as_str())
                .collect();
            format!("update ({})", paths.join(", "))
        }
        Action::Delete(_) => "delete".into(),
        Action::Release(_) => "release".into(),
        Action::GoesWithNamespace => "goes".into(),
        Action::Lock => "lock".into(),
        Action::Gate(_) => "gate".into(),
        Action::Settle => "settle".into(),
        Action::Restart(_) => "restart".into(),
        Action::KeepHost(_) => "keep host".into(),
        Action::AwaitGone => "await gone".into(),
        Action::AwaitSynced => "await synced".into(),
        Action::AwaitReady => "await ready".into(),
        Action::Verify(_) => "verify".into(),
    }
}

fn find<'a>(state: &'a mut State, kind: &str) -> &'a mut Object {
    state
        .values_mut()
        .find(|object| object.id().kind == kind)
        .expect("an object of the kind")
}

fn drop_kind(state: &mut State, kind: &str) {
    let before = state.len();
    state.retain(|id, _| id.kind != kind);
    assert_eq!(state.len() + 1, before, "one {kind}");
}

/// A pod of the Deployment serves.
fn running(state: &mut State) {
    find(state, "Deployment").tree["status"] = json!({"availableReplicas": 1});
}

#[test]
fn a_first_add_arms_the_tenant_before_its_first_pod() {
    insta::assert_snapshot!(picture(&plan(&acme(json!({})), &State::new())), @"
    00 create Namespace mcp-acme
    01 create LimitRange tenant                         <- 13
    02 create ResourceQuota tenant                      <- 13
    03 create Service mcp-server                        <- 13
    04 create ServiceAccount mcp-server                 <- 13
    05 create Role acme                                 <- 13
    06 create PodIdentityAssociation acme               <- 05
    07 create Ingress mcp-server                        <- 03
    08 create NetworkPolicy allow-egress                <- 13
    09 create NetworkPolicy allow-load-balancer         <- 13
    10 create NetworkPolicy default-deny                <- 13
    11 create Deployment mcp-server                     <- 15
    12 create PodDisruptionBudget mcp-server            <- 13
    13 lock Namespace mcp-acme                          <- 00
    14 keep host Ingress mcp-server                     <- 07
    15 gate Deployment mcp-server                       <- 01 02 04 06 08 09 10 12 14
    16 await ready Deployment mcp-server                <- 11
    ");
}

fn add(state: &mut State, tree: Value) {
    let object = object(tree);
    state.insert(object.id().clone(), object);
}

fn own(kind: &str, api_version: &str) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind, "spec": {},
        "metadata": {"name": "own", "namespace": "mcp-acme", "labels": {"mcpctl.dev/tenant": "acme"}},
    })
}

#[test]
fn an_own_kind_comes_behind_the_gate_and_an_autoscaler_after_its_target() {
    let mut wanted = acme(json!({}));
    add(&mut wanted, own("Widget", "example.com/v1"));
    add(
        &mut wanted,
        own("HorizontalPodAutoscaler", "autoscaling/v2"),
    );
    insta::assert_snapshot!(picture(&plan(&wanted, &State::new())), @"
    00 create Namespace mcp-acme
    01 create LimitRange tenant                         <- 15
    02 create ResourceQuota tenant                      <- 15
    03 create Service mcp-server                        <- 15
    04 create ServiceAccount mcp-server                 <- 15
    05 create Role acme                                 <- 15
    06 create PodIdentityAssociation acme               <- 05
    07 create Ingress mcp-server                        <- 03
    08 create NetworkPolicy allow-egress                <- 15
    09 create NetworkPolicy allow-load-balancer         <- 15
    10 create NetworkPolicy default-deny                <- 15
    11 create Deployment mcp-server                     <- 17
    12 create Widget own                                <- 17
    13 create HorizontalPodAutoscaler own               <- 11 12
    14 create PodDisruptionBudget mcp-server            <- 15
    15 lock Namespace mcp-acme                          <- 00
    16 keep host Ingress mcp-server                     <- 07
    17 gate Deployment mcp-server                       <- 01 02 04 06 08 09 10 14 16
    18 await ready Deployment mcp-server                <- 13
    ");
    drop_kind(&mut wanted, "Deployment");
    insta::assert_snapshot!(picture(&plan(&wanted, &State::new())), @"
    00 create Namespace mcp-acme
    01 create LimitRange tenant                         <- 14
    02 create ResourceQuota tenant                      <- 14
    03 create Service mcp-server                        <- 14
    04 create ServiceAccount mcp-server                 <- 14
    05 create Role acme                                 <- 14
    06 create PodIdentityAssociation acme               <- 05
    07 create Ingress mcp-server                        <- 03
    08 create NetworkPolicy allow-egress                <- 14
    09 create NetworkPolicy allow-load-balancer         <- 14
    10 create NetworkPolicy default-deny                <- 14
    11 create Widget own                                <- 16
    12 create HorizontalPodAutoscaler own               <- 11
    13 create PodDisruptionBudget mcp-server            <- 14
    14 lock Namespace mcp-acme                          <- 00
    15 keep host Ingress mcp-server                     <- 07
    16 gate Widget own                                  <- 01 02 04 06 08 09 10 13 15
    17 await ready Widget own                           <- 12
    ");
}

#[test]
fn what_no_template_makes_any_more_is_deleted_and_an_own_kind_waited_for() {
    let wanted = acme(json!({}));
    let mut live = wanted.clone();
    add(&mut live, own("Widget", "example.com/v1"));
    add(&mut live, own("HorizontalPodAutoscaler", "autoscaling/v2"));
    let mut live = made(&live);
    running(&mut live);
    find(&mut live, "Deployment").tree["spec"]["replicas"] = 4.into();
    insta::assert_snapshot!(picture(&plan(&wanted, &live)), @"
    00 update (spec.replicas) Deployment mcp-server     <- 01
    01 delete HorizontalPodAutoscaler own               <- 03
    02 delete Widget own                                <- 01
    03 lock Namespace mcp-acme
    04 await gone Widget own                            <- 02
    05 await ready Deployment mcp-server                <- 00 04
    ");
    insta::assert_snapshot!(picture(&plan(&State::new(), &live)), @"
    00 goes HorizontalPodAutoscaler own                 <- 15
    01 delete Ingress mcp-server                        <- 15
    02 delete Deployment mcp-server                     <- 15
    03 delete Widget own                                <- 15
    04 delete PodIdentityAssociation acme               <- 01 02 03
    05 delete Role acme                                 <- 04
    06 goes LimitRange tenant                           <- 15
    07 goes ResourceQuota tenant                        <- 15
    08 goes Service mcp-server                          <- 15
    09 goes ServiceAccount mcp-server                   <- 15
    10 goes NetworkPolicy allow-egress                  <- 15
    11 goes NetworkPolicy allow-load-balancer           <- 15
    12 goes NetworkPolicy default-deny                  <- 15
    13 goes PodDisruptionBudget mcp-server              <- 15
    14 delete Namespace mcp-acme                        <- 05 16 17
    15 lock Namespace mcp-acme
    16 await gone Ingress mcp-server                    <- 01
    17 await gone Widget own                            <- 03
    18 await gone Namespace mcp-acme                    <- 00 06 07 08 09 10 11 12 13 14
    ");
}

#[test]
fn what_stands_as_wanted_needs_no_step() {
    let wanted = acme(json!({"env": [{"name": "A", "value": "1"}]}));
    let mut live = made(&wanted);
    running(&mut live);
    let plan = plan(&wanted, &live);
    assert!(plan.is_clean() && !plan.writes(), "{}", picture(&plan));
}

#[test]
fn a_difference_that_would_come_to_nothing_is_none() {
    let wanted = acme(json!({}));
    let mut live = made(&wanted);
    find(&mut live, "Service").tree["spec"]["ports"][0]["port"] = 1.into();
    let changed = plan(&wanted, &live);
    let of_service = |id: &Id| id.is("", "Service");
    let Some(Action::Update(update)) = changed.change_of(of_service) else {
        panic!("{changed:?}")
    };
    let mut options = options();
    options
        .idle
        .insert(update.wanted.id().clone(), update.changes.clone());
    let plan = |live: &State| toward(&wanted, live, &subject(), &options);
    assert!(!plan(&live).writes());
    find(&mut live, "Service").tree["spec"]["type"] = "NodePort".into();
    let left = plan(&live);
    let Some(Action::Update(update)) = left.change_of(of_service) else {
        panic!("{left:?}")
    };
    let paths: Vec<&str> = update
        .changes
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    assert_eq!(paths, ["spec.type"]);
}

#[test]
fn an_object_that_the_templates_no_longer_make_goes() {
    let wanted = acme(json!({}));
    let mut live = made(&wanted);
    running(&mut live);
    let old = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "old", "namespace": "mcp-acme", "labels": {"mcpctl.dev/tenant": "acme"}}
    });
    let old = written(&object(old), "mcpctl", "Apply");
    live.insert(old.id().clone(), old);
    insta::assert_snapshot!(picture(&plan(&wanted, &live)), @"
    00 delete ConfigMap old                             <- 01
    01 lock Namespace mcp-acme
    02 await ready Deployment mcp-server                <- 00
    ");
}

#[test]
fn whatever_half_lives_every_step_waits_only_for_steps_that_can_run() {
    let wanted = acme(json!({}));
    let all = made(&wanted);
    for gone in 0..(1_u32 << all.len()) {
        if gone % 37 != 0 {
            continue;
        }
        let kept = all
            .iter()
            .enumerate()
            .filter(|(index, _)| gone & (1 << index) == 0);
        let live: State = kept
            .map(|(_, (id, object))| (id.clone(), object.clone()))
            .collect();
        for wanted in [&wanted, &State::new()] {
            let plan = plan(wanted, &live);
            let mut done = vec![false; plan.steps.len()];
            while let Some(next) = (0..done.len()).find(|index| {
                !done[*index] && plan.steps[*index].after.iter().all(|one| done[*one])
            }) {
                done[next] = true;
            }
            assert!(done.iter().all(|done| *done), "{}", picture(&plan));
            assert_armed_before_pods(&plan);
        }
    }
}

/// Role, association, quota and service account are made before what starts pods; they go after it.
fn assert_armed_before_pods(plan: &Plan) {
    let is = |step: &super::Step, group: &str, kind: &str| step.id.is(group, kind);
    for (index, step) in plan.steps.iter().enumerate() {
        let pods = is(step, "apps", "Deployment");
        for (other, earlier) in plan.steps.iter().enumerate() {
            let arms = is(earlier, IAM, "Role") || is(earlier, EKS, "PodIdentityAssociation");
            match (&step.action, &earlier.action) {
                (Action::Create(_) | Action::Update(_), Action::Create(_) | Action::Update(_))
                    if pods && arms =>
                {
                    assert!(reaches(plan, index, other), "{}", picture(plan));
                }
                (Action::Delete(_), Action::Delete(_)) if pods && arms => {
                    assert!(reaches(plan, other, index), "{}", picture(plan));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_quota_that_comes_to_allow_less_waits_for_the_pods_and_one_that_allows_more_goes_first() {
    let [small, large] = [1, 4].map(|replicas| acme(json!({"replicas": replicas})));
    let is_quota = |step: &super::Step| step.id.is("", "ResourceQuota");
    let ready = |step: &super::Step| matches!(step.action, Action::AwaitReady);
    for (wanted, before, late) in [(&small, &large, true), (&large, &small, false)] {
        let mut live = made(before);
        running(&mut live);
        let plan = plan(wanted, &live);
        let place = |is: &dyn Fn(&super::Step) -> bool| plan.steps.iter().position(is);
        let [quota, ready] = [&is_quota as &dyn Fn(&super::Step) -> bool, &ready]
            .map(|is| place(is).expect("a step"));
        assert_eq!(reaches(&plan, quota, ready), late, "{}", picture(&plan));
        assert_eq!(reaches(&plan, ready, quota), !late, "{}", picture(&plan));
    }
}
