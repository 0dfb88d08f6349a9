//! What a removal takes, and in which order.

use serde_json::json;

use super::{picture, plan, running};
use crate::{
    object::State,
    testing::{acme, made},
};

#[test]
fn a_removal_disarms_the_tenant_and_waits_for_its_ingress_only_before_the_namespace() {
    let mut live = made(&acme(json!({})));
    running(&mut live);
    insta::assert_snapshot!(picture(&plan(&State::new(), &live)), @"
    00 delete Ingress mcp-server                        <- 13
    01 delete Deployment mcp-server                     <- 13
    02 delete PodIdentityAssociation acme               <- 00 01
    03 delete Role acme                                 <- 02
    04 goes LimitRange tenant                           <- 13
    05 goes ResourceQuota tenant                        <- 13
    06 goes Service mcp-server                          <- 13
    07 goes ServiceAccount mcp-server                   <- 13
    08 goes NetworkPolicy allow-egress                  <- 13
    09 goes NetworkPolicy allow-load-balancer           <- 13
    10 goes NetworkPolicy default-deny                  <- 13
    11 goes PodDisruptionBudget mcp-server              <- 13
    12 delete Namespace mcp-acme                        <- 03 14
    13 lock Namespace mcp-acme
    14 await gone Ingress mcp-server                    <- 00
    15 await gone Namespace mcp-acme                    <- 04 05 06 07 08 09 10 11 12
    ");
}

#[test]
fn a_removal_of_what_is_half_gone_is_what_is_left_of_it() {
    let mut live = made(&acme(json!({})));
    live.retain(|id, _| id.is_aws() || id.kind == "Namespace");
    insta::assert_snapshot!(picture(&plan(&State::new(), &live)), @"
    00 delete PodIdentityAssociation acme               <- 03
    01 delete Role acme                                 <- 00
    02 delete Namespace mcp-acme                        <- 01
    03 lock Namespace mcp-acme
    04 await gone Namespace mcp-acme                    <- 02
    ");
}

#[test]
fn a_removal_without_the_namespace_still_takes_the_role() {
    let mut live = made(&acme(json!({})));
    live.retain(|id, _| id.is_aws());
    insta::assert_snapshot!(picture(&plan(&State::new(), &live)), @"
    00 delete PodIdentityAssociation acme
    01 delete Role acme                                 <- 00
    ");
}
