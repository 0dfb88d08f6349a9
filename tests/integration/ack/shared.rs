//! One role for all, where ACK makes the associations.

use serde_json::Value;

use super::Acks;

#[test]
fn an_association_of_a_shared_role_names_it_and_carries_the_policy() {
    let acks = Acks::new("acks-shared");
    let account = acks.world.sandbox.account_id().to_owned();
    let trust = |condition: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "pods.eks.amazonaws.com"}},
            "Action": ["sts:AssumeRole", "sts:TagSession"], "Condition": {{"StringEquals": {{{condition}}}}}}}]}}"#
        )
    };
    let made = acks.world.sandbox.aws_iam(&[
        ("Action", "CreateRole"),
        ("RoleName", "acks-shared-role"),
        (
            "AssumeRolePolicyDocument",
            &trust(&format!("\"aws:SourceAccount\": \"{account}\"")),
        ),
    ]);
    made.expect("a shared role");
    let shared = format!("arn:aws:iam::{account}:role/acks-shared-role");
    acks.world.settings(
        "permissionsBoundary: none",
        &format!("scoping: session-policy, sharedRole: '{shared}'"),
    );
    let _ = acks.tenant("add", &[]).expect(0);
    let object = acks.object("associations");
    let spec = &object["spec"];
    assert_eq!(
        (&spec["roleARN"], &spec["disableSessionTags"]),
        (&Value::from(shared), &Value::from(true))
    );
    assert!(
        spec["policy"]
            .as_str()
            .is_some_and(|policy| policy.contains("data-acks-shared/")),
        "{spec}"
    );
    let _ = acks.tenant("diff", &[]).expect(0);
    // Nobody but IAM knows whom the shared role trusts.
    let looked = acks.tenant("diff", &["--aws"]).expect(3);
    let _ = looked.says(&["pods of another cluster may assume it: aws:SourceArn is not asked for"]);
    let _ = acks.tenant("remove", &["--yes"]).expect(0);
}
