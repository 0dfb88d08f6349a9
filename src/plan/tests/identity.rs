//! What becomes of pods whose identity changes, is lost or never came.

use serde_json::json;

use super::{drop_kind, find, options, picture, plan, running, subject};
use crate::{
    object::Id,
    plan::{Action, BarePod, Options, toward},
    testing::{acme, made},
};

#[test]
fn an_association_with_another_role_is_pointed_back_and_the_pods_start_anew() {
    let wanted = acme(json!({}));
    let mut live = made(&wanted);
    running(&mut live);
    find(&mut live, "PodIdentityAssociation").tree["spec"]["roleARN"] =
        "arn:aws:iam::123456789012:role/other".into();
    insta::assert_snapshot!(picture(&plan(&wanted, &live)), @"
    00 update (spec.roleARN) PodIdentityAssociation acme<- 01
    01 lock Namespace mcp-acme
    02 gate Deployment mcp-server                       <- 00
    03 restart Deployment mcp-server                    <- 02
    04 await ready Deployment mcp-server                <- 03
    ");
}

#[test]
fn a_lost_association_is_made_again_behind_the_gate() {
    let wanted = acme(json!({}));
    let mut live = made(&wanted);
    running(&mut live);
    drop_kind(&mut live, "PodIdentityAssociation");
    insta::assert_snapshot!(picture(&plan(&wanted, &live)), @"
    00 create PodIdentityAssociation acme               <- 01
    01 lock Namespace mcp-acme
    02 gate Deployment mcp-server                       <- 00
    03 restart Deployment mcp-server                    <- 02
    04 await ready Deployment mcp-server                <- 03
    ");
}

#[test]
fn a_new_image_under_an_identity_that_stands_needs_no_gate() {
    let mut live = made(&acme(json!({})));
    running(&mut live);
    let wanted = acme(json!({"image": "registry.example/mcp:2"}));
    insta::assert_snapshot!(picture(&plan(&wanted, &live)), @"
    00 update (metadata.annotations[mcpctl.dev/input].spec.image) Namespace mcp-acme<- 02
    01 update (spec.template.spec.containers[mcp-server].image) Deployment mcp-server<- 00
    02 lock Namespace mcp-acme
    03 await ready Deployment mcp-server                <- 01
    ");
}

#[test]
fn pods_that_do_not_run_pass_the_gate_again() {
    let live = made(&acme(json!({})));
    let wanted = acme(json!({"image": "registry.example/mcp:2"}));
    insta::assert_snapshot!(picture(&plan(&wanted, &live)), @"
    00 update (metadata.annotations[mcpctl.dev/input].spec.image) Namespace mcp-acme<- 02
    01 update (spec.template.spec.containers[mcp-server].image) Deployment mcp-server<- 03
    02 lock Namespace mcp-acme
    03 gate Deployment mcp-server                       <- 00
    04 await ready Deployment mcp-server                <- 01
    ");
}

#[test]
fn pods_without_credentials_are_told_of_and_start_anew_behind_the_gate() {
    let wanted = acme(json!({}));
    let live = made(&wanted);
    assert!(plan(&wanted, &live).is_clean());
    let bare = BarePod {
        id: Id::new("", "Pod", "mcp-acme", "mcp-server-1"),
        restarts: true,
    };
    let foreign = Options {
        bare_pods: vec![bare.clone()],
        ..options()
    };
    let told = toward(&wanted, &live, &subject(), &foreign);
    assert!(!told.is_clean() && !told.makes_pods(), "{told:#?}");
    let own = Options {
        stale_pods: true,
        ..foreign
    };
    let mended = toward(&wanted, &live, &subject(), &own);
    assert_eq!(mended.bare_pods, [bare]);
    let place = |is: fn(&Action) -> bool| mended.steps.iter().position(|step| is(&step.action));
    let gate = place(|action| matches!(action, Action::Gate(_))).expect("a gate");
    let restart = place(|action| matches!(action, Action::Restart(_))).expect("a restart");
    assert!(mended.steps[restart].after.contains(&gate) && mended.makes_pods());
}
