use super::*;

impl Clients {
    async fn put(&self, name: &str, document: &str) -> Result<(), String> {
        let call = self
            .iam
            .put_role_policy()
            .role_name("acme")
            .policy_name(name);
        let answer = call.policy_document(document).send().await;
        answer.map(drop).plain()
    }

    async fn trust(&self, document: &str) -> Result<(), String> {
        let call = self.iam.update_assume_role_policy().role_name("acme");
        let answer = call.policy_document(document).send().await;
        answer.map(drop).plain()
    }
}

#[tokio::test]
async fn documents_must_be_policies_of_their_kind() {
    let clients = start();
    clients.role("acme").await.unwrap();
    let policy =
        |statement: Value| json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    let whole = policy(json!({"Effect": "Allow", "Action": ["s3:Get*"], "Resource": ["*"]}));
    clients.put("mcpctl", &whole).await.unwrap();
    let cases = [
        ("{".to_owned(), "invalid Json"),
        (policy(json!([])), "Syntax errors"),
        (
            policy(json!([{"Effect": "allow", "Action": "s3:*", "Resource": "*"}])),
            "legacy parsing",
        ),
        (
            policy(json!([{"Effect": "Allow", "Resource": "*"}])),
            "must contain actions",
        ),
        (
            policy(json!([{"Effect": "Allow", "Action": "s3:*"}])),
            "must contain resources",
        ),
        (
            policy(json!([{"Effect": "Allow", "Action": "Get", "Resource": "*"}])),
            "prefaced by a vendor",
        ),
        (permissions("bucket/*"), "must be in ARN format"),
        (trust(), "should not specify a principal"),
    ];
    for (document, expected) in cases {
        let refused = clients.put("mcpctl", &document).await.unwrap_err();
        assert!(refused.starts_with("MalformedPolicyDocument:"), "{refused}");
        assert!(refused.contains(expected), "{refused}");
    }
    let mut operator = trust_of("pods.eks.amazonaws.com");
    operator["Statement"][0]["Condition"] = json!({"StringEqual": {"aws:SourceAccount": ACCOUNT}});
    let cases = [
        (permissions("*"), "Has prohibited field Resource"),
        (
            trust_of("pods.example.com").to_string(),
            "Invalid principal",
        ),
        (operator.to_string(), "Invalid Condition type"),
    ];
    for (document, expected) in cases {
        let refused = clients.trust(&document).await.unwrap_err();
        assert!(refused.starts_with("MalformedPolicyDocument:"), "{refused}");
        assert!(refused.contains(expected), "{refused}");
    }
}

#[tokio::test]
async fn documents_have_limits_and_come_back_encoded() {
    let clients = start();
    clients.role("acme").await.unwrap();
    let long = trust_of(&format!("{}.amazonaws.com", "x".repeat(2048)));
    let long = clients.trust(&long.to_string()).await.unwrap_err();
    assert_eq!(
        long,
        "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"
    );

    let half = permissions(&format!(
        "arn:aws:s3:::{}",
        "b".repeat(5120 - permissions("arn:aws:s3:::").len())
    ));
    // White space does not count, nor does the version that is replaced.
    clients.put("one", &half.replace(',', " , ")).await.unwrap();
    clients.put("two", &half).await.unwrap();
    clients.put("two", &half).await.unwrap();
    let over = clients.put("three", &permissions("*")).await.unwrap_err();
    assert_eq!(
        over,
        "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role acme"
    );

    let got = clients
        .iam
        .get_role_policy()
        .role_name("acme")
        .policy_name("two")
        .send()
        .await
        .unwrap();
    assert!(
        got.policy_document.starts_with("%7B%22"),
        "{}",
        got.policy_document
    );
    let document = percent_encoding::percent_decode_str(&got.policy_document);
    assert_eq!(document.decode_utf8().unwrap(), half);
}

#[tokio::test]
async fn policies_that_do_not_exist_are_refused() {
    let clients = start();
    let iam = &clients.iam;
    clients.role("acme").await.unwrap();
    let arn = "arn:aws:iam::111122223333:policy/none";
    let boundary = iam
        .put_role_permissions_boundary()
        .role_name("acme")
        .permissions_boundary(arn);
    let boundary = boundary.send().await.refused();
    assert_eq!(
        boundary,
        format!("NoSuchEntity: Scope ARN: {arn} does not exist or is not attachable.")
    );
    let attached = iam.attach_role_policy().role_name("acme").policy_arn(arn);
    let attached = attached.send().await.refused();
    assert_eq!(
        attached,
        format!("NoSuchEntity: Policy {arn} does not exist or is not attachable.")
    );
    let policy = iam
        .delete_role_policy()
        .role_name("acme")
        .policy_name("none");
    let policy = policy.send().await.refused();
    assert_eq!(
        policy,
        "NoSuchEntity: The role policy with name none cannot be found."
    );
    let role = iam.get_role().role_name("none").send().await.refused();
    assert_eq!(
        role,
        "NoSuchEntity: The role with name none cannot be found."
    );
}
