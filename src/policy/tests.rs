use serde_json::{Value, json};

use super::{canonical, expand, load};
use crate::testing::policy;

/// What expansion makes of a resource, or why it makes nothing.
fn expanded(resource: &str) -> String {
    let document =
        policy(json!({"Sid": "Data", "Effect": "Allow", "Action": "s3:*", "Resource": resource}));
    let variables = json!({
        "tenant": {"name": "acme"},
        "account": "123456789012",
        "values": {"prefix": "a/b-c_d.e", "star": "a*", "mark": "a?", "variable": "${aws:username}", "empty": ""},
    });
    match expand(&document, &variables, "spec.identity.policy") {
        Ok(document) => document["Statement"][0]["Resource"]
            .as_str()
            .unwrap_or_default()
            .into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_go_into_texts_and_what_is_around_them_stays() {
    for (written, meant) in [
        (
            "arn:aws:s3:::data-{{ tenant.name }}/*",
            "arn:aws:s3:::data-acme/*",
        ),
        (
            "arn:aws:s3:::{{ account }}-{{ tenant.name }}",
            "arn:aws:s3:::123456789012-acme",
        ),
        (
            "arn:aws:s3:::x/{{ values.prefix }}/${aws:username}",
            "arn:aws:s3:::x/a/b-c_d.e/${aws:username}",
        ),
        ("arn:aws:s3:::*", "arn:aws:s3:::*"),
    ] {
        assert_eq!(expanded(written), meant);
    }
}

#[test]
fn a_value_that_iam_would_read_as_more_than_text_is_refused() {
    insta::assert_snapshot!(expanded("arn:aws:s3:::{{ values.star }}"), @"
    spec.identity.policy: statement Data: `arn:aws:s3:::{{ values.star }}`
      the value `a*` holds `*`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    ");
    insta::assert_snapshot!(expanded("arn:aws:s3:::{{ values.mark }}"), @"
    spec.identity.policy: statement Data: `arn:aws:s3:::{{ values.mark }}`
      the value `a?` holds `?`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    ");
    insta::assert_snapshot!(expanded("arn:aws:s3:::{{ values.variable }}"), @"
    spec.identity.policy: statement Data: `arn:aws:s3:::{{ values.variable }}`
      the value `${aws:username}` holds `$`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    ");
}

#[test]
fn a_wildcard_beside_a_value_is_refused_with_what_to_write() {
    insta::assert_snapshot!(expanded("arn:aws:s3:::data-{{ tenant.name }}*"), @"
    spec.identity.policy: statement Data: `arn:aws:s3:::data-{{ tenant.name }}*`
      a `*` beside a tenant's value also matches other tenants, whose names only begin or end like it
      hint: names hold letters, digits and `-`: put another separator between, as in `{{ tenant.name }}/*`
    ");
    for resource in [
        "x-{{ tenant.name }}?",
        "x-{{ tenant.name }}${aws:username}",
        "x-{{ tenant.name }}{{ values.empty }}*",
        "x-{{ tenant.name }}-*",
        "*{{ tenant.name }}",
        "*-x-{{ tenant.name }}",
    ] {
        assert!(expanded(resource).contains("beside"), "{resource}");
    }
    for resource in [
        "*/{{ tenant.name }}/*",
        "x-{{ tenant.name }}.*",
        "{{ tenant.name }}:?",
    ] {
        assert!(!expanded(resource).contains("beside"), "{resource}");
    }
}

#[test]
fn a_name_that_nothing_gives_is_refused() {
    insta::assert_snapshot!(expanded("arn:aws:s3:::{{ tenant.nmae }}"), @"
    spec.identity.policy: statement Data: `arn:aws:s3:::{{ tenant.nmae }}`
      `tenant.nmae` is undefined
      hint: a policy may name tenant.name, tenant.namespace, cluster.name, cluster.region, account, partition and values.*
    ");
    insta::assert_snapshot!(expanded("arn:aws:s3:::{{ tenant.name"), @"
    spec.identity.policy: statement Data: `arn:aws:s3:::{{ tenant.name`
      unexpected end of input, expected end of variable block
    ");
}

#[test]
fn keys_of_conditions_are_expanded_too() {
    let document = policy(json!({
        "Effect": "Allow", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/{{ tenant.name }}": ["{{ tenant.name }}"]}},
    }));
    let expanded = expand(&document, &json!({"tenant": {"name": "acme"}}), "policy").unwrap();
    let condition = &expanded["Statement"][0]["Condition"];
    assert_eq!(
        *condition,
        json!({"StringEquals": {"aws:ResourceTag/acme": ["acme"]}})
    );
}

#[test]
fn documents_of_one_meaning_have_one_canonical_form() {
    let left = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["b", "a", "a"],
         "Condition": {"NumericLessThan": {"s3:max-keys": 10}}}});
    let right = json!({"Statement": [
        {"Condition": {"NumericLessThan": {"s3:max-keys": ["10"]}}, "Resource": ["a", "b"],
         "Action": ["S3:GETOBJECT"], "Effect": "Allow"}], "Version": "2012-10-17"});
    assert_eq!(canonical(&left).to_string(), canonical(&right).to_string());
}

#[test]
fn documents_of_another_meaning_have_another_form() {
    let base = json!({"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"});
    for (key, value) in [
        ("Effect", json!("Deny")),
        ("Action", json!("s3:GetObjects")),
        ("Resource", json!("arn:aws:s3:::A/*")),
        ("Sid", json!("B")),
        (
            "Condition",
            json!({"Bool": {"aws:SecureTransport": "true"}}),
        ),
    ] {
        let mut other = base.clone();
        other[key] = value;
        assert_ne!(
            canonical(&policy(base.clone())),
            canonical(&policy(other)),
            "{key}"
        );
    }
}

/// Why a document is no policy of a role.
fn refusal(document: Value) -> String {
    let read = load(document, std::path::Path::new("/"), "spec.identity.policy");
    read.expect_err("it is no policy").what
}

#[test]
fn what_is_no_identity_policy_is_refused_with_the_place() {
    let allow = |change: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        for (key, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(statement.as_object_mut().unwrap().remove(key)),
                value => statement[key] = value.clone(),
            }
        }
        refusal(policy(statement))
    };
    let found = [
        refusal(json!([])),
        refusal(json!({"Statement": []})),
        refusal(json!({"Version": "2008-10-17", "Statement": []})),
        refusal(json!({"Version": "2012-10-17"})),
        refusal(json!({"Version": "2012-10-17", "Statement": []})),
        refusal(json!({"Version": "2012-10-17", "Statment": []})),
        refusal(policy(json!("Allow"))),
        allow(json!({"Actions": "s3:*"})),
        allow(json!({"Effect": "allow"})),
        allow(json!({"Action": null})),
        allow(json!({"NotAction": "s3:*"})),
        allow(json!({"Resource": []})),
        allow(json!({"Resource": 5})),
        allow(json!({"Action": "GetObject"})),
        allow(json!({"Resource": "my-bucket"})),
        allow(json!({"Condition": "x"})),
        allow(json!({"Condition": {"Bool": "x"}})),
        allow(json!({"Sid": 5})),
        allow(json!({"Principal": "*"})),
    ];
    insta::assert_snapshot!(found.join("\n"), @r#"
    spec.identity.policy: a policy is an object with Version and Statement
    spec.identity.policy: a policy's Version is "2012-10-17"
    spec.identity.policy: a policy's Version is "2012-10-17"
    spec.identity.policy: a policy's Statement is missing or empty
    spec.identity.policy: a policy's Statement is missing or empty
    spec.identity.policy: a policy has no key `Statment`; did you mean `Statement`?
    spec.identity.policy: statement #1: is not an object
    spec.identity.policy: statement #1: has no key `Actions`; did you mean `Action`?
    spec.identity.policy: statement #1: Effect is neither "Allow" nor "Deny"
    spec.identity.policy: statement #1: needs exactly one of Action and NotAction
    spec.identity.policy: statement #1: needs exactly one of Action and NotAction
    spec.identity.policy: statement #1: Resource is neither text nor a list of texts
    spec.identity.policy: statement #1: Resource is neither text nor a list of texts
    spec.identity.policy: statement #1: Action `GetObject` is neither service:Action nor `*`
    spec.identity.policy: statement #1: Resource `my-bucket` is neither an ARN nor `*`
    spec.identity.policy: statement #1: Condition is not of the form {"StringEquals": {"aws:PrincipalTag/x": "y"}}
    spec.identity.policy: statement #1: Condition is not of the form {"StringEquals": {"aws:PrincipalTag/x": "y"}}
    spec.identity.policy: statement #1: Sid is not text
    spec.identity.policy: statement #1: Principal belongs to resource and trust policies
    "#);
}
