use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Allowed, Finding, Identity, RULES, lint};
use crate::{policy, testing};

mod conditions;
mod words;

/// What is found in a policy of tenant `acme`.
fn found(document: &Value, allowed: &[Allowed]) -> Vec<Finding> {
    let identity = Identity {
        policy: Some(document),
        with_target: None,
        managed: Vec::new(),
        names: vec!["acme", "mcp-acme"],
    };
    lint(&identity, allowed)
}

/// Rules that a statement breaks, besides the policy's own.
fn broken(statement: &Value) -> Vec<&'static str> {
    let own =
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"});
    let document = json!({"Version": "2012-10-17", "Statement": [own, statement]});
    let found = found(&document, &[]);
    found.iter().map(|finding| finding.rule.id).collect()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

#[test]
fn a_statement_breaks_the_rules_that_it_breaks() {
    const NONE: &[&str] = &[];
    for (action, resource, rules) in [
        ("s3:getobject", "arn:aws:s3:::b/*", NONE),
        ("s3:Get*", "arn:aws:s3:::b/*", NONE),
        ("*", "*", &["any-action"]),
        ("*:*", "arn:aws:s3:::b", &["any-action"]),
        ("IAM:*", "*", &["whole-iam"]),
        ("s3:*", "*", &["whole-service", "any-resource"]),
        ("s3:Put*", "arn:aws:s3:::b/*", &["wildcard-permissions"]),
        ("sqs:Send*", "arn:aws:sqs:*:*:q", &["wildcard-writes"]),
        ("s3:ListAllMyBuckets", "*", NONE),
        ("textract:DetectDocumentText", "*", NONE),
        (
            "dynamodb:GetItem",
            "arn:aws:dynamodb:*:*:table/*",
            &["any-resource"],
        ),
        ("kms:Decrypt", "*", &["any-resource"]),
        ("lambda:InvokeFunction", "*", &["any-resource"]),
        ("sns:Publish", "*", &["any-resource"]),
        ("iam:PassRole", "*", &["pass-any-role"]),
        (
            "sts:Assume*",
            "*",
            &["wildcard-writes", "any-resource", "assume-any-role"],
        ),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/one", NONE),
        (
            "iam:CreatePolicyVersion",
            "arn:aws:iam::111122223333:policy/p",
            &["escalation-action"],
        ),
        (
            "iam:Put*",
            "arn:aws:iam::111122223333:role/r",
            &["wildcard-permissions", "escalation-action"],
        ),
        ("nosuch:Thing", "*", &["unknown-service"]),
        ("s3:Gt*", "arn:aws:s3:::b", &["unknown-action"]),
        ("n*such:Thing", "arn:aws:s3:::b", &["unknown-service"]),
    ] {
        let mut rules = rules.to_vec();
        rules.sort_by_key(|id| RULES.iter().position(|rule| rule.id == *id));
        assert_eq!(
            broken(&allow(action, resource)),
            rules,
            "{action} on {resource}"
        );
    }
}

#[test]
fn what_fits_other_tenants_too_is_told_by_its_text() {
    let own = allow("s3:GetObject", "arn:aws:s3:::data-acme*");
    let document = json!({"Version": "2012-10-17", "Statement": own});
    let found = found(&document, &[]);
    insta::assert_debug_snapshot!(found.iter().map(|finding| (finding.rule.id, &finding.why)).collect::<Vec<_>>(), @r#"
    [
        (
            "fits-other-tenants",
            "`arn:aws:s3:::data-acme*`: what belongs to other tenants, whose names only begin or end like this one's, fits too",
        ),
    ]
    "#);
}

#[test]
fn what_is_denied_is_granted_to_nobody() {
    let mut statement = allow("*", "*");
    statement["Effect"] = "Deny".into();
    assert_eq!(broken(&statement), [""; 0]);
    assert_eq!(
        broken(&json!({"Effect": "Deny", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::acme"})),
        [""; 0]
    );
}

#[test]
fn a_pair_counts_across_statements() {
    let role = "arn:aws:iam::111122223333:role/worker";
    let statements = json!([
        {"Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": role},
        {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:Describe*"], "Resource": "arn:aws:ec2:*:*:instance/acme"},
    ]);
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let found = found(&document, &[]);
    insta::assert_debug_snapshot!(found.iter().map(|finding| (finding.rule.id, &finding.place, &finding.why)).collect::<Vec<_>>(), @r#"
    [
        (
            "escalation-pair",
            "statements Pass, #2",
            "gives the rights of another role: iam:PassRole + ec2:RunInstances",
        ),
    ]
    "#);
}

#[test]
fn what_is_allowed_is_not_found() {
    let document = json!({"Version": "2012-10-17", "Statement": allow("s3:*", "*")});
    let allowed: Vec<Allowed> = ["whole-service", "tenant-not-named"]
        .into_iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let found = found(&document, &allowed);
    assert_eq!(
        found
            .iter()
            .map(|finding| finding.rule.id)
            .collect::<Vec<_>>(),
        ["any-resource"]
    );
}

#[test]
fn a_rule_is_named_as_the_table_names_it() {
    let refusal = |id: &str| id.parse::<Allowed>().unwrap_err();
    insta::assert_snapshot!([refusal("whole-servce"), refusal("x"), refusal("too-long")].join("\n"), @"
    there is no rule `whole-servce`; did you mean `whole-service`?
    there is no rule `x`; mcpctl policy lint --rules lists them
    rule `too-long` cannot be allowed: IAM refuses such a policy
    ");
    for rule in RULES {
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(rule.id.chars().all(kebab), "{}", rule.id);
        assert_eq!(RULES.iter().filter(|other| other.id == rule.id).count(), 1);
    }
}

#[test]
fn the_limit_is_on_what_iam_counts() {
    let of_length = |length: usize, space: &str| {
        let resource = |name: &str| json!({"Version": "2012-10-17", "Statement": allow("s3:GetObject", &format!("arn:aws:s3:::acme/{name}"))});
        let rest = length - resource("").to_string().len();
        resource(&("a".repeat(rest) + space))
    };
    assert_eq!(found(&of_length(10_240, ""), &[]), []);
    assert_eq!(found(&of_length(10_240, "  "), &[]), []);
    let found = found(&of_length(10_241, ""), &[]);
    let found: Vec<_> = found
        .iter()
        .map(|finding| (finding.rule.id, finding.why.as_str()))
        .collect();
    assert_eq!(
        found,
        [(
            "too-long",
            "it has 10241 characters, and a role's inline policies take 10240"
        )]
    );
}

/// The table of the documentation, as it must stand there.
fn table() -> String {
    let mut text = String::from("| rule | severity | finds | write instead |\n|---|---|---|---|\n");
    for rule in RULES {
        let always = if rule.allowable { "" } else { ", always" };
        let severity = format!("{}{always}", rule.severity);
        _ = writeln!(
            text,
            "| `{}` | {severity} | {} | {} |",
            rule.id, rule.finds, rule.instead
        );
    }
    text
}

#[test]
fn the_documentation_holds_the_table_of_the_rules() {
    let page = include_str!("../../docs/policy-lint.md");
    let table = table();
    assert!(
        page.contains(&table),
        "docs/policy-lint.md must hold:\n{table}"
    );
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9*?-]{0,8}:[A-Za-z*?]{0,12}",
        "arn:[a-z*]{0,4}:[a-z0-9]{0,5}:[a-z0-9-]{0,3}:[0-9*]{0,3}:[a-z*/:?]{0,8}",
        "\\PC{0,12}",
        Just("*".to_string()),
        Just("iam:PassRole".to_string()),
    ]
}

fn some_texts() -> impl Strategy<Value = Value> {
    prop_oneof![
        texts().prop_map(Value::from),
        prop::collection::vec(texts(), 0..4).prop_map(Value::from),
    ]
}

fn trees() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(texts(), inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

fn statements() -> impl Strategy<Value = Value> {
    let keys = (prop::bool::weighted(0.8), prop::bool::weighted(0.8));
    let effect = prop_oneof![Just("Allow"), Just("Deny")];
    let sid = prop::option::of(texts());
    let condition = prop::option::of(prop::collection::btree_map(
        texts(),
        prop::collection::btree_map(texts(), trees(), 0..3),
        0..3,
    ));
    (keys, effect, sid, some_texts(), some_texts(), condition).prop_map(
        |((action, resource), effect, sid, actions, resources, condition)| {
            let mut statement = json!({
                "Effect": effect,
                if action { "Action" } else { "NotAction" }: actions,
                if resource { "Resource" } else { "NotResource" }: resources,
            });
            if let Some(sid) = sid {
                statement["Sid"] = sid.into();
            }
            if let Some(condition) = condition {
                statement["Condition"] = json!(condition);
            }
            statement
        },
    )
}

proptest! {
    #![proptest_config(testing::same_cases())]

    #[test]
    fn no_policy_panics(statements in prop::collection::vec(statements(), 1..4), tree in trees()) {
        let policies = [json!({"Version": "2012-10-17", "Statement": statements}), tree];
        for document in policies {
            if policy::load(document.clone(), std::path::Path::new("/"), "p").is_ok() {
                for finding in found(&document, &[]) {
                    prop_assert!(!finding.why.is_empty());
                }
            }
        }
    }
}
