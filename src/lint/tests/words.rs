//! Tenants whose names are words that policies are full of.

use serde_json::{Value, json};

use super::{Identity, allow, lint};

/// A region is no tenant, whatever the tenant is called.
#[test]
fn a_tenant_called_like_a_region_is_not_named_by_it() {
    let found = |statement: &Value| {
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        let identity = Identity {
            policy: Some(&document),
            with_target: None,
            managed: Vec::new(),
            names: vec!["eu", "mcp-eu"],
        };
        let found = lint(&identity, &[]);
        found
            .iter()
            .map(|finding| finding.rule.id)
            .collect::<Vec<_>>()
    };
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/shared";
    let mut query = allow("dynamodb:Query", table);
    assert_eq!(found(&query), ["tenant-not-named"]);
    query["Condition"] = json!({"StringLike": {"aws:RequestedRegion": "eu-*"}});
    assert_eq!(found(&query), ["tenant-not-named"]);
    query["Condition"] = json!({"StringLike": {"dynamodb:LeadingKeys": "eu-*"}});
    assert_eq!(found(&query), ["fits-other-tenants"]);
    let mut any = allow("dynamodb:Query", "*");
    any["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}});
    assert_eq!(found(&any), ["any-resource", "tenant-not-named"]);
    let cluster = "arn:aws:ecs:eu-west-1:111122223333:cluster/shared";
    let mut task = allow("ecs:StopTask", "*");
    task["Condition"] = json!({"ArnEquals": {"ecs:cluster": cluster}});
    assert_eq!(found(&task), ["any-resource", "tenant-not-named"]);
}
