use super::*;

#[tokio::test]
async fn an_association_is_made_changed_and_deleted() {
    let clients = start();
    let eks = &clients.eks;
    let role = clients.role("acme").await.unwrap();
    let other = clients.role("other").await.unwrap();
    let id = clients.associate("mcp-acme", &role).await.unwrap();
    let update = || {
        let call = eks.update_pod_identity_association().cluster_name("prod");
        call.association_id(&id)
    };
    let describe = async || {
        let call = eks.describe_pod_identity_association().cluster_name("prod");
        let found = call.association_id(&id).send().await.plain()?;
        Ok::<_, String>(found.association.unwrap().role_arn.unwrap())
    };
    assert_eq!(describe().await.unwrap(), role);
    update().role_arn(&other).send().await.unwrap();
    assert_eq!(describe().await.unwrap(), other);
    update().role_arn(&other).send().await.unwrap_err();
    update().send().await.unwrap_err();

    let delete = eks.delete_pod_identity_association().cluster_name("prod");
    delete.association_id(&id).send().await.unwrap();
    let gone = describe().await.unwrap_err();
    assert!(gone.starts_with("ResourceNotFoundException:"), "{gone}");
}

#[tokio::test]
async fn tags_of_an_association_change_by_its_arn() {
    let clients = start();
    let eks = &clients.eks;
    let role = clients.role("acme").await.unwrap();
    let id = clients.associate("mcp-acme", &role).await.unwrap();
    let arn = format!("arn:aws:eks:eu-west-1:111122223333:podidentityassociation/prod/{id}");
    let tag = || eks.tag_resource().resource_arn(&arn);
    let tags = async || {
        let tags = eks.list_tags_for_resource().resource_arn(&arn);
        tags.send().await.unwrap().tags.unwrap()
    };
    tag()
        .tags("mcpctl.dev/tenant", "acme")
        .send()
        .await
        .unwrap();
    assert_eq!(tags().await["mcpctl.dev/tenant"], "acme");
    let reserved = tag().tags("aws:x", "").send().await.refused();
    assert!(reserved.starts_with("BadRequestException:"), "{reserved}");
    let untag = eks.untag_resource().resource_arn(&arn);
    untag.tag_keys("mcpctl.dev/tenant").send().await.unwrap();
    assert!(tags().await.is_empty());
    let other = eks
        .list_tags_for_resource()
        .resource_arn(arn.replace("prod", "test"));
    assert!(
        other
            .send()
            .await
            .refused()
            .starts_with("NotFoundException:")
    );
}

#[tokio::test]
async fn the_role_must_exist_here_and_trust_pod_identity() {
    let clients = start();
    let role = clients.role("acme").await.unwrap();
    let lambda = trust_of("lambda.amazonaws.com").to_string();
    let lambda = clients
        .aws
        .state(|state| state.add_role("/", "lambda", &lambda).arn.clone());
    let missing = "InvalidParameterException: Role provided in the request does not exist.";
    for arn in [
        "arn:aws:iam::111122223333:role/acme",
        &role.replace(ACCOUNT, "444455556666"),
        &role.replace("acme", "none"),
    ] {
        assert_eq!(
            clients.associate("mcp-acme", arn).await.unwrap_err(),
            missing
        );
    }
    let untrusted = clients.associate("mcp-acme", &lambda).await.unwrap_err();
    assert_eq!(
        untrusted,
        "InvalidParameterException: Trust policy of the role provided is invalid."
    );
    let cluster = clients
        .eks
        .create_pod_identity_association()
        .cluster_name("none")
        .namespace("a");
    let cluster = cluster
        .service_account("b")
        .role_arn(role)
        .send()
        .await
        .plain();
    assert_eq!(
        cluster.unwrap_err(),
        "ResourceNotFoundException: No cluster found for name: none."
    );
}

#[tokio::test]
async fn a_service_account_has_one_association_and_a_token_makes_one() {
    let clients = start();
    let role = clients.role("acme").await.unwrap();
    let create = async |token: &str, namespace: &str| {
        let call = clients
            .eks
            .create_pod_identity_association()
            .cluster_name("prod");
        let call = call
            .namespace(namespace)
            .service_account("mcp")
            .role_arn(&role);
        let made = call.client_request_token(token).send().await.plain()?;
        Ok::<_, String>(made.association.unwrap().association_id.unwrap())
    };
    let id = create("one", "mcp-acme").await.unwrap();
    assert_eq!(create("one", "mcp-acme").await.unwrap(), id);
    create("one", "mcp-other").await.unwrap_err();
    let second = create("two", "mcp-acme").await.unwrap_err();
    assert_eq!(
        second,
        format!("ResourceInUseException: Association already exists: {id}")
    );
}

#[tokio::test]
async fn an_add_ons_association_is_not_ours_to_change() {
    let clients = start();
    let role = clients.role("acme").await.unwrap();
    let id = clients.aws.state(|state| {
        let association = state.add_association("prod", "kube-system", "csi", &role);
        association.owner_arn =
            Some("arn:aws:eks:eu-west-1:111122223333:addon/prod/csi/1".to_owned());
        association.association_id.clone()
    });
    let update = clients
        .eks
        .update_pod_identity_association()
        .cluster_name("prod");
    let update = update
        .association_id(&id)
        .disable_session_tags(true)
        .send()
        .await;
    assert!(update.refused().starts_with("InvalidRequestException:"));
    let delete = clients
        .eks
        .delete_pod_identity_association()
        .cluster_name("prod");
    let delete = delete.association_id(&id).send().await;
    assert!(delete.refused().starts_with("InvalidRequestException:"));
}

#[tokio::test]
async fn a_session_policy_needs_session_tags_off_and_has_a_limit() {
    let clients = start();
    let role = clients.role("acme").await.unwrap();
    let create = async |policy: &str, disabled: bool| {
        let call = clients
            .eks
            .create_pod_identity_association()
            .cluster_name("prod");
        let call = call
            .namespace("mcp-acme")
            .service_account("mcp")
            .role_arn(&role);
        let call = call.policy(policy).disable_session_tags(disabled);
        call.send().await.map(drop).plain()
    };
    create(&permissions("*"), false).await.unwrap_err();
    create(
        &permissions(&format!("arn:aws:s3:::{}", "b".repeat(2048))),
        true,
    )
    .await
    .unwrap_err();
    create(&trust(), true).await.unwrap_err();
    create(&permissions("*"), true).await.unwrap();
}

#[tokio::test]
async fn summaries_are_filtered_and_paged() {
    let clients = start();
    clients.aws.page_size(2);
    let role = clients.role("acme").await.unwrap();
    for n in 0..5 {
        clients.associate(&format!("mcp-{n}"), &role).await.unwrap();
    }
    let list = || {
        clients
            .eks
            .list_pod_identity_associations()
            .cluster_name("prod")
    };
    let first = list().send().await.unwrap();
    assert_eq!(
        (first.associations().len(), first.next_token.is_some()),
        (2, true)
    );
    let all = list().into_paginator().items().send();
    assert_eq!(all.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 5);
    let one = list()
        .namespace("mcp-3")
        .service_account("mcp")
        .send()
        .await
        .unwrap();
    assert_eq!(one.associations()[0].namespace.as_deref(), Some("mcp-3"));
    let none = list()
        .namespace("mcp-3")
        .service_account("other")
        .send()
        .await
        .unwrap();
    assert!(none.associations().is_empty() && none.next_token.is_none());
}

#[tokio::test]
async fn a_cluster_is_described_with_its_agent() {
    let clients = start();
    let cluster = clients
        .eks
        .describe_cluster()
        .name("prod")
        .send()
        .await
        .unwrap()
        .cluster
        .unwrap();
    assert_eq!(
        cluster.arn(),
        Some("arn:aws:eks:eu-west-1:111122223333:cluster/prod")
    );
    assert_eq!(cluster.endpoint(), Some("https://127.0.0.1:6443"));
    assert_eq!(
        cluster.certificate_authority.unwrap().data.as_deref(),
        Some("LS0t")
    );
    let addon = |name: &str| {
        clients
            .eks
            .describe_addon()
            .cluster_name("prod")
            .addon_name(name)
    };
    let agent = addon("eks-pod-identity-agent")
        .send()
        .await
        .unwrap()
        .addon
        .unwrap();
    assert_eq!(agent.status.unwrap().as_str(), "ACTIVE");
    addon("vpc-cni").send().await.unwrap_err();
}
