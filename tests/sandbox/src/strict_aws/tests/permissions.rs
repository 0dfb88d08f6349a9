//! What `examples/permissions/iam-policy.json` lets its holder do, and what not.

use aws_sdk_iam::types::Tag;

use super::*;

const OWN: &str = "acme-a9231ac3a2";
const THEIRS: &str = "shop-0123456789";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/edge";

/// An account with a role of this cluster's, and a caller who has the policy.
fn restricted() -> Clients {
    let clients = start();
    clients.aws.state(|state| {
        state.add_managed_policy(BOUNDARY);
        let role = state.add_role("/mcpctl/prod/", OWN, &trust());
        role.boundary = Some(BOUNDARY.to_owned());
        role.tags = tags("prod");
    });
    let text = include_str!("../../../../../examples/permissions/iam-policy.json");
    let placeholders = [
        ("ACCOUNT", ACCOUNT),
        ("REGION", "eu-west-1"),
        ("CLUSTER", "prod"),
        ("BOUNDARY", BOUNDARY),
        ("MANAGED_POLICIES", "arn:aws:iam::111122223333:policy/mcp/*"),
    ];
    let fill = |text: String, (name, value): &(&str, &str)| text.replace(name, value);
    let policy = placeholders.iter().fold(text.to_owned(), fill);
    clients.aws.allow(&policy).unwrap();
    clients
}

fn tags(cluster: &str) -> std::collections::BTreeMap<String, String> {
    [("mcpctl.dev/cluster".to_owned(), cluster.to_owned())].into()
}

fn denied(answer: &str, action: &str) {
    assert!(answer.starts_with("AccessDenied"), "{answer}");
    assert!(
        answer.contains(&format!("perform: {action} on")),
        "{answer}"
    );
}

/// Tries to make a role as the policy wants it, but for one thing.
async fn create(clients: &Clients, path: &str, boundary: Option<&str>, cluster: &str) -> String {
    let request = clients
        .iam
        .create_role()
        .role_name("new-0123456789")
        .path(path);
    let request = request.assume_role_policy_document(trust());
    let tag = Tag::builder().key("mcpctl.dev/cluster").value(cluster);
    let request = request.tags(tag.build().unwrap());
    let request = request.set_permissions_boundary(boundary.map(str::to_owned));
    match request.send().await.plain() {
        Ok(_) => "made".to_owned(),
        Err(why) => why,
    }
}

#[tokio::test]
async fn a_role_is_made_only_with_our_boundary_path_and_tags() {
    let clients = restricted();
    let wide = "arn:aws:iam::aws:policy/AdministratorAccess";
    for (path, boundary, cluster) in [
        ("/mcpctl/prod/", None, "prod"),
        ("/mcpctl/prod/", Some(wide), "prod"),
        ("/mcpctl/prod/", Some(BOUNDARY), "test"),
        ("/mcpctl/test/", Some(BOUNDARY), "prod"),
        ("/", Some(BOUNDARY), "prod"),
    ] {
        let answer = create(&clients, path, boundary, cluster).await;
        denied(&answer, "iam:CreateRole");
    }
    let made = create(&clients, "/mcpctl/prod/", Some(BOUNDARY), "prod").await;
    assert_eq!(made, "made");
}

#[tokio::test]
async fn a_role_keeps_our_boundary() {
    let clients = restricted();
    let iam = &clients.iam;
    let wide = iam.put_role_permissions_boundary().role_name(OWN);
    let wide = wide.permissions_boundary("arn:aws:iam::aws:policy/AdministratorAccess");
    denied(
        &wide.send().await.refused(),
        "iam:PutRolePermissionsBoundary",
    );
    let off = iam.delete_role_permissions_boundary().role_name(OWN);
    denied(
        &off.send().await.refused(),
        "iam:DeleteRolePermissionsBoundary",
    );
    let attach = iam.attach_role_policy().role_name(OWN);
    let attach = attach.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess");
    denied(&attach.send().await.refused(), "iam:AttachRolePolicy");
    let put = || {
        let put = iam.put_role_policy().role_name(OWN).policy_name("mcpctl");
        put.policy_document(permissions("arn:aws:s3:::data/*"))
    };
    put().send().await.unwrap();
    // Whoever loosened the boundary by hand: it comes back before anything is granted.
    clients
        .aws
        .state(|state| state.role_mut(OWN).unwrap().boundary = None);
    denied(&put().send().await.refused(), "iam:PutRolePolicy");
    let back = iam.put_role_permissions_boundary().role_name(OWN);
    back.permissions_boundary(BOUNDARY).send().await.unwrap();
    put().send().await.unwrap();
}

/// Another cluster's, even below our path, and one without a tag.
#[tokio::test]
async fn roles_of_others_are_not_changed_and_not_deleted() {
    let clients = restricted();
    let iam = &clients.iam;
    for theirs in [tags("test"), std::collections::BTreeMap::default()] {
        clients.aws.state(|state| {
            let role = state.add_role("/mcpctl/prod/", THEIRS, &trust());
            role.boundary = Some(BOUNDARY.to_owned());
            role.inline.insert("mcpctl".to_owned(), permissions("*"));
            role.tags = theirs;
        });
        let put = iam
            .put_role_policy()
            .role_name(THEIRS)
            .policy_name("mcpctl");
        let put = put.policy_document(permissions("*")).send().await;
        denied(&put.refused(), "iam:PutRolePolicy");
        let trust = iam.update_assume_role_policy().role_name(THEIRS);
        let trust = trust.policy_document(super::trust()).send().await;
        denied(&trust.refused(), "iam:UpdateAssumeRolePolicy");
        let policy = iam
            .delete_role_policy()
            .role_name(THEIRS)
            .policy_name("mcpctl");
        denied(&policy.send().await.refused(), "iam:DeleteRolePolicy");
        let delete = iam.delete_role().role_name(THEIRS).send().await;
        denied(&delete.refused(), "iam:DeleteRole");
        let untag = iam
            .untag_role()
            .role_name(THEIRS)
            .tag_keys("mcpctl.dev/cluster");
        denied(&untag.send().await.refused(), "iam:UntagRole");
    }
    // What has another cluster's tag cannot be given ours either, and ours cannot be given away.
    clients
        .aws
        .state(|state| state.role_mut(THEIRS).unwrap().tags = tags("test"));
    for (role, cluster) in [(THEIRS, "prod"), (OWN, "test")] {
        let tag = Tag::builder().key("mcpctl.dev/cluster").value(cluster);
        let tag = iam.tag_role().role_name(role).tags(tag.build().unwrap());
        denied(&tag.send().await.refused(), "iam:TagRole");
    }
}

#[tokio::test]
async fn associations_of_others_stay_and_only_our_roles_are_passed() {
    let clients = restricted();
    let eks = &clients.eks;
    let (own, foreign) = clients.aws.state(|state| {
        let own = state.role(OWN).unwrap().arn.clone();
        let foreign = state.add_role("/", THEIRS, &trust()).arn.clone();
        (own, foreign)
    });
    let associate = |role: &str, cluster: &str| {
        let request = eks.create_pod_identity_association().cluster_name("prod");
        let request = request.namespace("mcp-acme").service_account("mcp-server");
        request
            .role_arn(role)
            .tags("mcpctl.dev/cluster", cluster)
            .send()
    };
    let answer = associate(&foreign, "prod").await.refused();
    denied(&answer, "iam:PassRole");
    let answer = associate(&own, "test").await.refused();
    denied(&answer, "eks:CreatePodIdentityAssociation");
    associate(&own, "prod").await.unwrap();

    for theirs in [tags("test"), std::collections::BTreeMap::default()] {
        let id = clients.aws.state(|state| {
            let one = state.add_association("prod", "shop", "server", &foreign);
            one.tags = theirs;
            one.association_id.clone()
        });
        let update = eks.update_pod_identity_association().cluster_name("prod");
        let update = update.association_id(&id).role_arn(&own).send().await;
        denied(&update.refused(), "eks:UpdatePodIdentityAssociation");
        let delete = eks.delete_pod_identity_association().cluster_name("prod");
        let delete = delete.association_id(&id).send().await;
        denied(&delete.refused(), "eks:DeletePodIdentityAssociation");
    }
}
