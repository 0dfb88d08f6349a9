//! When a changed association is given its time before pods start.

use serde_json::json;

use super::{
    Action, Options, Plan,
    tests::{options, picture, plan, subject},
    toward,
};
use crate::{
    object::{EKS, State},
    testing::{acme, made},
};

/// The tenant as it lives, with its association pointing elsewhere, and without one of its kinds.
fn pointing_elsewhere(without: &str) -> State {
    let mut live = made(&acme(json!({})));
    live.retain(|id, _| id.kind != without);
    let association = live.values_mut().find(|object| object.id().group == EKS);
    let association = association.expect("an association");
    association.tree["spec"]["roleARN"] = "arn:aws:iam::111122223333:role/other".into();
    live
}

fn settles(plan: &Plan) -> bool {
    let settles = |step: &super::Step| matches!(step.action, Action::Settle);
    plan.steps.iter().any(settles)
}

#[test]
fn what_starts_pods_comes_after_the_association_has_spread() {
    let live = pointing_elsewhere("Deployment");
    insta::assert_snapshot!(picture(&plan(&acme(json!({})), &live)), @"
    00 update (spec.roleARN) PodIdentityAssociation acme<- 02
    01 create Deployment mcp-server                     <- 04
    02 lock Namespace mcp-acme
    03 settle PodIdentityAssociation acme               <- 00
    04 gate Deployment mcp-server                       <- 03
    05 await ready Deployment mcp-server                <- 01
    ");
    // Not for want of a gate.
    let off = Options::default();
    let off = toward(&acme(json!({})), &live, &subject(), &off);
    assert!(settles(&off), "{}", picture(&off));
}

#[test]
fn a_change_of_before_is_waited_for_as_well_and_only_where_pods_start() {
    let wanted = acme(json!({}));
    let mut live = made(&wanted);
    let association = live.keys().find(|id| id.group == EKS);
    let lately = Options {
        unsettled: association.cloned(),
        ..options()
    };
    assert!(toward(&wanted, &live, &subject(), &lately).is_clean());
    live.retain(|id, _| id.kind != "Deployment");
    let settling = toward(&wanted, &live, &subject(), &lately);
    insta::assert_snapshot!(picture(&settling), @"
    00 create Deployment mcp-server                     <- 03
    01 lock Namespace mcp-acme
    02 settle PodIdentityAssociation acme               <- 01
    03 gate Deployment mcp-server                       <- 02
    04 await ready Deployment mcp-server                <- 00
    ");
    assert!(!settles(&plan(&wanted, &live)));
    // A new association, and one whose pods run already and start anew in the end.
    assert!(!settles(&plan(&wanted, &State::new())));
    let running = pointing_elsewhere("");
    assert!(!settles(&plan(&wanted, &running)));
}
