use super::super::Fault;
use super::*;

#[tokio::test]
async fn a_new_role_and_a_deleted_association_take_their_time() {
    let clients = start();
    clients.aws.role_visible_after(2);
    clients.aws.deleted_association_lingers(1);
    let role = clients.role("acme").await.unwrap();
    for _ in 0..2 {
        let hidden = clients.associate("mcp-acme", &role).await.unwrap_err();
        assert!(
            hidden.ends_with("Role provided in the request does not exist."),
            "{hidden}"
        );
    }
    let id = clients.associate("mcp-acme", &role).await.unwrap();
    let delete = clients
        .eks
        .delete_pod_identity_association()
        .cluster_name("prod");
    delete.association_id(&id).send().await.unwrap();
    let lingers = clients.associate("mcp-acme", &role).await.unwrap_err();
    assert_eq!(
        lingers,
        format!("ResourceInUseException: Association already exists: {id}")
    );
    clients.associate("mcp-acme", &role).await.unwrap();
}

#[tokio::test]
async fn faults_come_as_often_as_told() {
    let clients = start();
    // The SDK retries throttling and 500 itself, three attempts in all, and a 409 never.
    clients.aws.fail("CreateRole", 2, Fault::iam_throttling());
    clients.role("acme").await.unwrap();
    clients
        .aws
        .fail("CreateRole", 1, Fault::concurrent_modification());
    let changed = clients.role("other").await.unwrap_err();
    assert!(changed.starts_with("ConcurrentModification:"), "{changed}");
    clients.aws.fail(
        "DescribeCluster",
        Times::Always,
        Fault::eks_access_denied("eks:DescribeCluster"),
    );
    for _ in 0..2 {
        let denied = clients.eks.describe_cluster().name("prod").send().await;
        assert!(
            denied
                .refused()
                .starts_with("AccessDeniedException: User: ")
        );
    }
    clients.aws.heal();
    clients
        .eks
        .describe_cluster()
        .name("prod")
        .send()
        .await
        .unwrap();
    let outcomes = clients.aws.outcomes();
    let statuses = outcomes
        .iter()
        .map(|(_, status)| *status)
        .collect::<Vec<_>>();
    assert_eq!(statuses, [400, 400, 200, 409, 403, 403, 200]);
    assert_eq!(clients.aws.calls()[3..5], ["CreateRole", "DescribeCluster"]);
}

#[tokio::test]
async fn an_answer_can_get_lost_after_the_deed() {
    let clients = start();
    clients
        .aws
        .fail_after_doing("CreateRole", 1, Fault::service_failure());
    // The SDK tries again, and meets its own role.
    let again = clients.role("acme").await.unwrap_err();
    assert!(again.starts_with("EntityAlreadyExists:"), "{again}");
}

#[tokio::test]
async fn the_world_can_change_between_two_calls() {
    let clients = start();
    let role = clients.role("acme").await.unwrap();
    let theirs = clients.role("theirs").await.unwrap();
    let id = clients.associate("mcp-acme", &role).await.unwrap();
    let swapped = theirs.clone();
    clients.aws.after(
        "ListPodIdentityAssociations",
        Box::new(move |state| state.swap_association("prod", "mcp-acme", "mcp", &swapped)),
    );
    clients.aws.after(
        "GetRole",
        Box::new(|state| state.delete_role_under_us("acme")),
    );
    let list = clients
        .eks
        .list_pod_identity_associations()
        .cluster_name("prod")
        .send()
        .await
        .unwrap();
    assert_eq!(
        list.associations()[0].association_id.as_deref(),
        Some(id.as_str())
    );
    clients.aws.state(|state| {
        let now = state.association("prod", "mcp-acme", "mcp").unwrap();
        assert!(now.association_id != id && now.role_arn == theirs);
    });
    clients
        .iam
        .get_role()
        .role_name("acme")
        .send()
        .await
        .unwrap();
    clients
        .iam
        .get_role()
        .role_name("acme")
        .send()
        .await
        .unwrap_err();
}
