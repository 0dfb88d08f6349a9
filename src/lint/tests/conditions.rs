//! Which conditions bind a `Resource: *` to the tenant.

use serde_json::{Value, json};

use super::{allow, broken, found};

const NONE: &[&str] = &[];
const OTHERS: &str = "fits-other-tenants";
const NAMESPACE: &str = "${aws:PrincipalTag/kubernetes-namespace}";

fn with(mut statement: Value, condition: &Value) -> Value {
    statement["Condition"] = condition.clone();
    statement
}

fn secrets(condition: &Value) -> Vec<&'static str> {
    broken(&with(
        allow("secretsmanager:GetSecretValue", "*"),
        condition,
    ))
}

#[test]
fn a_condition_that_holds_for_the_tenants_own_alone_binds() {
    for condition in [
        json!({"StringEquals": {"aws:ResourceTag/tenant": "acme"}}),
        json!({"StringEquals": {"aws:ResourceTag/tenant": ["acme", "mcp-acme"]}}),
        json!({"StringEquals": {"aws:ResourceTag/tenant": NAMESPACE}}),
        json!({"StringEquals": {"aws:ResourceTag/tenant": "${aws:PrincipalTag/mcpctl.dev/tenant}"}}),
        json!({"stringequalsignorecase": {"AWS:resourcetag/tenant": "acme"}}),
        json!({"StringLike": {"s3:prefix": "acme/*"}}),
        json!({"StringLike": {"s3:prefix": ["acme", "acme/*", format!("{NAMESPACE}/*")]}}),
        json!({"StringLike": {"aws:ResourceTag/path": "*/acme/*"}}),
        json!({"ArnEquals": {"ecs:cluster": "arn:aws:ecs:*:*:cluster/acme"}}),
        json!({"ArnLike": {"ecs:cluster": "arn:aws:ecs:*:*:cluster/acme"}}),
        json!({"ForAnyValue:StringEquals": {"aws:ResourceTag/tenant": "acme"}}),
        json!({"ForAllValues:StringEquals": {"aws:ResourceTag/tenant": "acme"}, "Null": {"aws:resourcetag/tenant": "false"}}),
        json!({"StringEquals": {"aws:ResourceTag/tenant": "acme", "aws:RequestedRegion": "eu-west-1"}, "Bool": {"aws:SecureTransport": true}}),
    ] {
        assert_eq!(secrets(&condition), NONE, "{condition}");
    }
}

#[test]
fn a_condition_that_holds_for_others_too_does_not() {
    for condition in [
        json!({"StringEquals": {"aws:ResourceTag/env": "prod"}}),
        json!({"StringNotEquals": {"aws:ResourceTag/tenant": "acme"}}),
        json!({"StringNotLike": {"aws:ResourceTag/tenant": NAMESPACE}}),
        json!({"StringEqualsIfExists": {"aws:ResourceTag/tenant": "acme"}}),
        json!({"StringLikeIfExists": {"s3:prefix": "acme/*"}}),
        json!({"StringLike": {"aws:ResourceTag/tenant": "mcp-*"}}),
        json!({"StringEquals": {"aws:ResourceTag/tenant": ["acme", "globex"]}}),
        json!({"StringEquals": {"aws:ResourceTag/tenant": ["acme", 7]}}),
        json!({"StringEquals": {"aws:ResourceTag/tenant": []}}),
        json!({"StringEquals": {"aws:ResourceTag/acme": "yes"}}),
        json!({"StringEquals": {"aws:ResourceTag/account": "${aws:PrincipalTag/kubernetes-service-account}"}}),
        json!({"StringEquals": {"aws:PrincipalTag/kubernetes-namespace": "mcp-acme"}}),
        json!({"StringEquals": {"aws:principaltag/mcpctl.dev/tenant": "acme"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/mcpctl/prod/acme-*/x"}}),
        json!({"StringEquals": {"aws:RequestTag/tenant": "acme"}}),
        json!({"ForAllValues:StringEquals": {"aws:ResourceTag/tenant": "acme"}}),
        json!({"ForAllValues:StringEquals": {"aws:ResourceTag/tenant": "acme"}, "Null": {"aws:ResourceTag/tenant": "true"}}),
        json!({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "acme"}}),
        json!({"Null": {"aws:ResourceTag/acme": "false"}}),
        json!({"Bool": {"aws:ResourceTag/tenant": "acme"}}),
    ] {
        assert_eq!(secrets(&condition), ["any-resource"], "{condition}");
    }
}

/// But for the wildcard the condition would bind: that is what there is to mend, and not the resource.
#[test]
fn a_condition_that_binds_but_for_a_wildcard_fits_others() {
    for condition in [
        json!({"StringLike": {"aws:ResourceTag/tenant": "acme*"}}),
        json!({"StringLike": {"aws:ResourceTag/tenant": "acme-*"}}),
        json!({"StringLike": {"aws:ResourceTag/tenant": format!("{NAMESPACE}*")}}),
        json!({"StringLike": {"aws:ResourceTag/tenant": "${AWS:principaltag/Kubernetes-namespace}*"}}),
        json!({"StringLike": {"aws:ResourceTag/tenant": ["acme", "acme-*"]}}),
    ] {
        assert_eq!(secrets(&condition), [OTHERS], "{condition}");
    }
    let tag = json!({"StringLike": {"iam:ResourceTag/tenant": "acme*"}});
    for action in ["iam:PassRole", "sts:AssumeRole"] {
        assert_eq!(broken(&with(allow(action, "*"), &tag)), [OTHERS]);
    }
}

/// It would not bind without the wildcard either: two things are to be mended.
#[test]
fn a_condition_that_binds_nothing_may_fit_others_too() {
    for condition in [
        json!({"StringLikeIfExists": {"s3:prefix": "acme*"}}),
        json!({"StringLike": {"aws:ResourceTag/tenant": ["acme*", "globex"]}}),
    ] {
        assert_eq!(secrets(&condition), ["any-resource", OTHERS], "{condition}");
    }
}

/// No resource holds such an action to anything, so that only its condition can.
#[test]
fn an_action_without_a_resource_is_held_by_its_condition() {
    for operator in ["StringLike", "StringLikeIfExists"] {
        for (text, rules) in [
            ("acme*", &[OTHERS][..]),
            ("acme/*", NONE),
            ("shared*", NONE),
        ] {
            let condition = json!({operator: {"xray:group": text}});
            let put = with(allow("xray:PutTraceSegments", "*"), &condition);
            assert_eq!(broken(&put), rules, "{condition}");
        }
    }
}

/// What says the same of a policy's only statement is found once.
#[test]
fn a_wildcard_in_a_condition_is_one_finding() {
    let prefix = json!({"StringLike": {"s3:prefix": "acme*"}});
    for resource in ["*", "arn:aws:s3:::shared"] {
        let only = with(allow("s3:ListBucket", resource), &prefix);
        let found = found(
            &json!({"Version": "2012-10-17", "Statement": only}),
            &["any-resource".parse().unwrap()],
        );
        let rules: Vec<_> = found.iter().map(|finding| finding.rule.id).collect();
        assert_eq!(rules, [OTHERS], "{resource}");
    }
    let all_but = json!({"Effect": "Allow", "Action": "s3:ListBucket", "NotResource": "arn:aws:s3:::x", "Condition": prefix});
    assert_eq!(broken(&all_but), ["not-resource", OTHERS]);
}

/// Such keys say the same whatever is reached.
#[test]
fn a_key_that_says_nothing_of_what_is_reached_neither_binds_nor_fits_others() {
    for key in [
        "aws:RequestedRegion",
        "aws:CalledVia",
        "aws:ViaAWSService",
        "aws:VpceOrgPaths",
        "aws:FederatedProvider",
        "aws:ResourceOrgPaths",
        "aws:PrincipalTag/tenant",
        "aws:NotYetThere",
        "kms:ViaService",
        "ec2:Region",
        "EC2:region",
        "iam:PassedToService",
        "s3:x-amz-storage-class",
        "lambda:SourceFunctionArn",
    ] {
        for value in ["acme", "acme*"] {
            let condition = json!({"StringLike": {key: value}});
            assert_eq!(secrets(&condition), ["any-resource"], "{key} {value}");
            let list = allow("s3:ListBucket", "arn:aws:s3:::shared");
            assert_eq!(broken(&with(list, &condition)), NONE, "{key} {value}");
        }
    }
}

#[test]
fn roles_that_are_passed_or_assumed_are_bound_by_their_own_tags_alone() {
    for (action, rule) in [
        ("iam:PassRole", "pass-any-role"),
        ("sts:AssumeRole", "assume-any-role"),
    ] {
        let broken = |condition: Value| broken(&with(allow(action, "*"), &condition));
        let tag = json!({"StringEquals": {"iam:ResourceTag/tenant": "acme"}});
        assert_eq!(broken(tag), NONE, "{action}");
        for condition in [
            json!({"StringNotEquals": {"iam:ResourceTag/tenant": "acme"}}),
            json!({"StringEquals": {"aws:PrincipalTag/kubernetes-namespace": "mcp-acme"}}),
            json!({"StringEquals": {"aws:RequestTag/tenant": "acme"}}),
            json!({"StringEquals": {"sts:RoleSessionName": "acme"}}),
            json!({"StringEquals": {"sts:ExternalId": "acme"}}),
            json!({"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:*:*:instance/acme"}}),
        ] {
            assert_eq!(broken(condition.clone()), [rule], "{action} {condition}");
        }
    }
}

#[test]
fn the_tag_of_a_request_binds_what_is_made_with_it() {
    let condition = json!({"StringEquals": {"aws:RequestTag/tenant": "acme"}});
    let broken = |action: &str| broken(&with(allow(action, "*"), &condition));
    assert_eq!(broken("secretsmanager:CreateSecret"), NONE);
    assert_eq!(broken("secretsmanager:TagResource"), ["any-resource"]);
    assert_eq!(broken("ec2:CreateTags"), ["any-resource"]);
}

/// What is found in a policy of this statement alone, on a table that is every tenant's.
fn of_rows(actions: &Value, condition: &Value) -> Vec<&'static str> {
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/shared";
    let mut statement = with(allow("", table), condition);
    statement["Action"] = actions.clone();
    let document = json!({"Version": "2012-10-17", "Statement": statement});
    let found = found(&document, &[]);
    found.iter().map(|finding| finding.rule.id).collect()
}

#[test]
fn rows_are_the_tenants_where_every_key_must_be() {
    let rows = json!([
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:BatchGetItem"
    ]);
    let scan = json!(["dynamodb:GetItem", "dynamodb:Scan"]);
    let all = json!({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [NAMESPACE]}});
    let like = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["acme/*"]}});
    let there = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["acme/*"]}, "Null": {"dynamodb:LeadingKeys": "false"}});
    let any = json!({"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": ["acme"]}});
    let plain = json!({"StringLike": {"dynamodb:LeadingKeys": "acme/*"}});
    for condition in [&all, &like, &there, &plain] {
        assert_eq!(of_rows(&rows, condition), NONE, "{condition}");
    }
    assert_eq!(of_rows(&scan, &there), NONE);
    for (actions, condition) in [(&scan, &all), (&rows, &any)] {
        assert_eq!(
            of_rows(actions, condition),
            ["tenant-not-named"],
            "{condition}"
        );
    }
}

/// Beside a resource that tenants share, the condition says what is whose.
#[test]
fn a_value_that_fits_other_tenants_is_found_where_the_resource_is_shared() {
    let broken = |action: &str, resource: &str, condition: Value| {
        broken(&with(allow(action, resource), &condition))
    };
    let (list, shared) = ("s3:ListBucket", "arn:aws:s3:::shared");
    let like = |values: Value| json!({"StringLike": {"s3:prefix": values}});
    for condition in [
        like(json!("acme*")),
        like(json!(["acme/*", "acme-*"])),
        json!({"ForAnyValue:StringLikeIfExists": {"s3:prefix": ["acme?"]}}),
    ] {
        assert_eq!(
            broken(list, shared, condition.clone()),
            [OTHERS],
            "{condition}"
        );
    }
    let rows =
        json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [format!("{NAMESPACE}*")]}});
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/shared";
    assert_eq!(broken("dynamodb:Query", table, rows), [OTHERS]);
    let named = json!({"StringLike": {"s3:prefix": "acme*"}, "StringEquals": {"aws:ResourceTag/tenant": "acme"}});
    for (resource, condition) in [
        (shared, like(json!("acme/*"))),
        (shared, json!({"StringEquals": {"s3:prefix": "acme*"}})),
        (shared, json!({"StringNotLike": {"s3:prefix": "acme*"}})),
        (
            shared,
            json!({"StringLike": {"aws:PrincipalArn": "*/acme*"}}),
        ),
        (shared, named),
        ("arn:aws:s3:::acme", like(json!("acme*"))),
    ] {
        assert_eq!(
            broken(list, resource, condition.clone()),
            [""; 0],
            "{condition}"
        );
    }
    // What another condition holds to the tenant.
    let held = json!({"StringEquals": {"aws:ResourceTag/tenant": "acme"}});
    assert_eq!(
        broken("s3:GetObject", "arn:aws:s3:::data-acme*", held),
        [""; 0]
    );
}
