use aws_sdk_iam::types::Tag;

use super::*;

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

#[tokio::test]
async fn a_role_comes_back_whole_from_get_and_without_tags_and_boundary_from_lists() {
    let Clients { aws, iam, .. } = start();
    let boundary = iam
        .create_policy()
        .policy_name("edge")
        .policy_document(permissions("*"));
    let boundary = boundary.send().await.unwrap().policy.unwrap().arn.unwrap();
    let request = iam.create_role().role_name("acme-1").path("/mcpctl/prod/");
    let request = request.description("<made> & kept");
    let request = request
        .assume_role_policy_document(trust())
        .permissions_boundary(&boundary);
    request
        .tags(tag("mcpctl.dev/tenant", "acme"))
        .send()
        .await
        .unwrap();

    let role = iam
        .get_role()
        .role_name("ACME-1")
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert_eq!(
        role.arn,
        "arn:aws:iam::111122223333:role/mcpctl/prod/acme-1"
    );
    assert_eq!(role.tags(), [tag("mcpctl.dev/tenant", "acme")]);
    assert_eq!(role.description.as_deref(), Some("<made> & kept"));
    let limit = role.permissions_boundary.unwrap();
    assert_eq!(limit.permissions_boundary_arn, Some(boundary));
    let document = role.assume_role_policy_document.unwrap();
    assert!(document.starts_with("%7B%22"), "{document}");
    let document = percent_encoding::percent_decode_str(&document)
        .decode_utf8()
        .unwrap();
    assert_eq!(document, trust());

    let roles = iam
        .list_roles()
        .path_prefix("/mcpctl/prod/")
        .send()
        .await
        .unwrap()
        .roles;
    assert_eq!(roles.len(), 1);
    assert!(roles[0].tags.is_none() && roles[0].permissions_boundary.is_none());
    let elsewhere = iam
        .list_roles()
        .path_prefix("/mcpctl/test/")
        .send()
        .await
        .unwrap();
    assert!(elsewhere.roles.is_empty());
    assert_eq!(aws.state(|state| state.roles.len()), 1);
}

#[tokio::test]
async fn names_and_paths_keep_iams_rules() {
    let clients = start();
    let long = clients.role(&"a".repeat(65)).await.unwrap_err();
    assert!(
        long.starts_with("ValidationError: 1 validation error detected: Value 'aaa"),
        "{long}"
    );
    let blank = clients.role("a b").await.unwrap_err();
    assert!(blank.contains("alphanumeric"), "{blank}");
    clients.role("acme").await.unwrap();
    let again = clients.role("ACME").await.unwrap_err();
    assert_eq!(
        again,
        "EntityAlreadyExists: Role with name ACME already exists."
    );
    for path in ["mcpctl/", "/mcpctl", "//"] {
        let role = clients.iam.create_role().role_name("x").path(path);
        let path = role.assume_role_policy_document(trust()).send().await;
        assert!(path.refused().contains("begin and end with /"));
    }
}

#[tokio::test]
async fn tags_keep_iams_rules() {
    let clients = start();
    clients.role("acme").await.unwrap();
    let put = async |tags: Vec<Tag>| {
        let call = clients.iam.tag_role().role_name("acme");
        call.set_tags(Some(tags)).send().await.map(drop).plain()
    };
    for bad in [
        tag("aws:x", ""),
        tag("a#b", ""),
        tag(&"k".repeat(129), ""),
        tag("a", &"v".repeat(257)),
    ] {
        put(vec![bad]).await.unwrap_err();
    }
    let twice = put(vec![tag("Team", ""), tag("team", "")])
        .await
        .unwrap_err();
    assert!(twice.starts_with("InvalidInput: Duplicate tag keys found."));

    let fifty = (0..50).map(|n| tag(&format!("Key{n}"), "1")).collect();
    put(fifty).await.unwrap();
    put(vec![tag("KEY0", "2")]).await.unwrap();
    let more = put(vec![tag("one-more", "")]).await.unwrap_err();
    assert!(more.starts_with("LimitExceeded:"), "{more}");
    let untag = clients.iam.untag_role().role_name("acme");
    untag
        .tag_keys("key1")
        .tag_keys("none")
        .send()
        .await
        .unwrap();
    clients.aws.state(|state| {
        let tags = &state.role("acme").unwrap().tags;
        assert_eq!((tags.len(), tags["KEY0"].as_str()), (49, "2"));
    });
}

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// A role with all that keeps it from being deleted.
async fn hung(clients: &Clients) {
    clients.role("acme").await.unwrap();
    let profile = clients.iam.create_instance_profile();
    profile.instance_profile_name("nodes").send().await.unwrap();
    let member = clients.iam.add_role_to_instance_profile().role_name("acme");
    member.instance_profile_name("nodes").send().await.unwrap();
    let attached = clients.iam.attach_role_policy().role_name("acme");
    attached.policy_arn(READ_ONLY).send().await.unwrap();
    let inline = clients.iam.put_role_policy().role_name("acme");
    let inline = inline.policy_name("mcpctl");
    inline
        .policy_document(permissions("*"))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_role_goes_only_when_nothing_hangs_on_it() {
    let clients = start();
    let iam = &clients.iam;
    hung(&clients).await;
    let delete = async || {
        let call = iam.delete_role().role_name("acme");
        call.send().await.map(drop).plain()
    };

    let refused = delete().await.unwrap_err();
    assert!(refused.ends_with("must remove roles from instance profile first."));
    let profiles = iam.list_instance_profiles_for_role().role_name("acme");
    let profiles = profiles.send().await.unwrap().instance_profiles;
    assert_eq!(profiles[0].roles[0].role_name, "acme");
    let member = iam.remove_role_from_instance_profile().role_name("acme");
    member.instance_profile_name("nodes").send().await.unwrap();

    let refused = delete().await.unwrap_err();
    assert!(refused.ends_with("must detach all policies first."));
    let attached = iam.detach_role_policy().role_name("acme");
    attached.policy_arn(READ_ONLY).send().await.unwrap();

    assert_eq!(
        delete().await.unwrap_err(),
        "DeleteConflict: Cannot delete entity, must delete policies first."
    );
    let inline = iam.delete_role_policy().role_name("acme");
    inline.policy_name("mcpctl").send().await.unwrap();
    delete().await.unwrap();
    assert!(delete().await.unwrap_err().starts_with("NoSuchEntity:"));
}

#[tokio::test]
async fn lists_come_in_pages_and_the_paginators_read_them_all() {
    let clients = start();
    clients.aws.page_size(2);
    for n in 0..5 {
        clients.role(&format!("acme-{n}")).await.unwrap();
    }
    clients.aws.state(|state| {
        let role = state.role_mut("acme-0").unwrap();
        role.inline = (0..5)
            .map(|n| (format!("p{n}"), permissions("*")))
            .collect();
    });
    let first = clients.iam.list_roles().send().await.unwrap();
    assert!(first.is_truncated && first.roles.len() == 2);
    let roles = clients.iam.list_roles().into_paginator().items().send();
    let roles = roles.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(roles.len(), 5);
    let names = clients
        .iam
        .list_role_policies()
        .role_name("acme-0")
        .into_paginator()
        .items()
        .send();
    let names = names.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(names, ["p0", "p1", "p2", "p3", "p4"]);
}
