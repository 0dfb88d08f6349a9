//! Policies.

use super::to_specs;
use crate::desk::Desk;

#[test]
fn a_policy_that_is_none() {
    let desk = Desk::new("policies");
    let mut said = String::new();
    for text in [
        "",
        "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\",}\n  ]\n}\n",
        "[]",
        r#"{"Version": "2012-10-17"}"#,
        r#"{"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Actions": "s3:*", "Resource": "*"}]}"#,
        r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Own", "Effect": "Allow", "Action": "s3:*"}]}"#,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}]}"#,
    ] {
        desk.write("own.json", text);
        said.push_str(&desk.refusal(&[
            "tenant",
            "add",
            "acme",
            "--dry-run",
            "--policy",
            "own.json",
        ]));
    }
    insta::assert_snapshot!(said, @r#"
    error: [DIR]/own.json: there is nothing in it
      named by --policy
    error: [DIR]/own.json:4:24: not JSON: trailing comma
      4 |     {"Effect": "Allow",}
      named by --policy
    error: [DIR]/own.json: a policy is an object with Version and Statement
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    error: [DIR]/own.json: a policy's Statement is missing or empty
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    error: [DIR]/own.json: a policy's Version is "2012-10-17"
      named by --policy
      hint: a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}
    error: [DIR]/own.json: statement #1: has no key `Actions`; did you mean `Action`?
      named by --policy
    error: [DIR]/own.json: statement Own: needs exactly one of Resource and NotResource
      named by --policy
    error: [DIR]/own.json: statement #1: Resource `bucket` is neither an ARN nor `*`
      named by --policy
    "#);
}

#[test]
fn a_policy_written_in_the_tenant_file_is_refused_at_its_line() {
    insta::assert_snapshot!(
        to_specs("inline-policies", &[
            "  identity:\n    policy: [1]",
            "  identity:\n    policy:\n      Version: 2012-10-17\n      Statement:\n      - {Effect: Allow, Action: s3:*}",
        ]),
        @"
    error: acme.yaml:6:13: spec.identity.policy: a policy is an object with Version and Statement
      6 |     policy: [1]

    error: acme.yaml:7:7: spec.identity.policy: statement #1: needs exactly one of Resource and NotResource
      7 |       Version: 2012-10-17
    "
    );
}

#[test]
fn a_policy_over_the_limit() {
    let desk = Desk::new("long-policy");
    let resources: Vec<String> = (0..400)
        .map(|number| format!("\"arn:aws:s3:::bucket-{number:03}/*\""))
        .collect();
    let text = |resources: &[String]| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": [{}]}}]}}"#,
            resources.join(",\n")
        )
    };
    desk.write("own.json", &text(&resources[..300]));
    desk.stream(&["--policy", "own.json"]);
    desk.write("own.json", &text(&resources));
    insta::assert_snapshot!(desk.refusal(&["tenant", "add", "acme", "--dry-run", "--policy", "own.json"]), @"
    error: tenant `acme` is refused by the policy lint
      too-long: the whole policy: it has 11294 characters, and a role's inline policies take 10240
        instead: move statements into managed policies and list them in identity.managedPolicyArns
    ");
}

/// The role gets one statement more than the policy has.
#[test]
fn a_policy_over_the_limit_with_the_statement_for_a_target_role() {
    let desk = Desk::new("long-chain");
    let policy = |rest: usize| {
        let resource = "r".repeat(rest);
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/{resource}"}}]}}"#
        )
    };
    let room = 10_240 - policy(0).len();
    desk.write("own.json", &policy(room));
    let own = ["--policy", "own.json"];
    desk.stream(&own);
    let target = "identity.targetRoleArn=arn:aws:iam::444455556666:role/data/reader";
    let add = ["tenant", "add", "acme", "--dry-run", "--set", target];
    insta::assert_snapshot!(desk.refusal(&[&add[..], &own].concat()), @"
    error: tenant `acme` is refused by the policy lint
      too-long: the whole policy: it has 10385 characters, with the statement for identity.targetRoleArn, and a role's inline policies take 10240
        instead: move statements into managed policies and list them in identity.managedPolicyArns
    ");
    let file = format!(
        "{}spec: {{identity: {{policy: own.json, targetRoleArn: 'arn:aws:iam::444455556666:role/data/reader'}}}}\n",
        super::HEAD
    );
    desk.write("acme.yaml", &file);
    let lint = desk.mcpctl(&["policy", "lint", "acme.yaml"]).expect(2);
    assert!(lint.stdout.contains("error too-long"), "{lint}");
    // With the room that the statement takes, the document is as long as may be.
    let whole = |rest: usize| {
        desk.write("own.json", &policy(rest));
        desk.mcpctl(&[&add[..], &own].concat())
    };
    let statement = r#",{"Sid":"McpctlTargetRole","Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"arn:aws:iam::444455556666:role/data/reader"}"#;
    let _ = whole(room - statement.len()).expect(0);
    let _ = whole(room - statement.len() + 1).expect(2);
}

#[test]
fn an_expanded_value_that_iam_would_read_as_more_than_text() {
    let desk = Desk::new("expanded");
    let policy = |resource: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "Own", "Effect": "Allow", "Action": "s3:*", "Resource": "{resource}"}}]}}"#
        );
        desk.write("own.json", &text);
    };
    let refusal = |value: &str| {
        let value = format!("values.bucket={value}");
        desk.refusal(&[
            "tenant",
            "add",
            "acme",
            "--dry-run",
            "--policy",
            "own.json",
            "--set",
            &value,
        ])
    };
    policy("arn:aws:s3:::{{ values.bucket }}/*");
    let mut said: String = ["'*'", "data?", "${aws:PrincipalTag/x}", "'a\",\"b'"]
        .map(refusal)
        .concat();
    for resource in [
        "arn:aws:s3:::data-{{ tenant.name }}*",
        "arn:aws:s3:::{{ values.bukcet }}",
        "arn:aws:s3:::{{ tenant.name",
    ] {
        policy(resource);
        said.push_str(&refusal("data"));
    }
    insta::assert_snapshot!(said, @r#"
    error: tenant `acme`: spec.identity.policy (--policy): statement Own: `arn:aws:s3:::{{ values.bucket }}/*`
      the value `*` holds `*`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    error: tenant `acme`: spec.identity.policy (--policy): statement Own: `arn:aws:s3:::{{ values.bucket }}/*`
      the value `data?` holds `?`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    error: tenant `acme`: spec.identity.policy (--policy): statement Own: `arn:aws:s3:::{{ values.bucket }}/*`
      the value `${aws:PrincipalTag/x}` holds `$`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    error: tenant `acme`: spec.identity.policy (--policy): statement Own: `arn:aws:s3:::{{ values.bucket }}/*`
      the value `a","b` holds `"`; values hold letters, digits and `._/-` only
      hint: give a plain value, and write wildcards and ${…} in the policy itself
    error: tenant `acme`: spec.identity.policy (--policy): statement Own: `arn:aws:s3:::data-{{ tenant.name }}*`
      a `*` beside a tenant's value also matches other tenants, whose names only begin or end like it
      hint: names hold letters, digits and `-`: put another separator between, as in `{{ tenant.name }}/*`
    error: tenant `acme`: spec.identity.policy (--policy): statement Own: `arn:aws:s3:::{{ values.bukcet }}`
      `values.bukcet` is undefined
      hint: a policy may name tenant.name, tenant.namespace, cluster.name, cluster.region, account, partition and values.*
    error: tenant `acme`: spec.identity.policy (--policy): statement Own: `arn:aws:s3:::{{ tenant.name`
      unexpected end of input, expected end of variable block
    "#);
}
