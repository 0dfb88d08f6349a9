use serde_json::{Value, json};

use super::*;
use crate::{
    marks::CLUSTER,
    object::{EKS, Id, PLATFORM_NAMESPACE, State},
    testing::{acme, made, settings},
};

const ROLE: &str = "acme-ROLE";

/// A tenant as both sides keep it, with an association that was given its id.
fn whole() -> State {
    let mut state = made(&acme(json!({})));
    if let Some(association) = state.get_mut(&id(EKS, "PodIdentityAssociation")) {
        association.tree["status"] = json!({"associationID": "a-1"});
    }
    state
}

fn id(group: &str, kind: &str) -> Id {
    Id::new(group, kind, PLATFORM_NAMESPACE, "acme")
}

fn role() -> Object {
    whole()[&id(IAM, "Role")].clone()
}

fn association() -> Object {
    whole()[&id(EKS, "PodIdentityAssociation")].clone()
}

fn namespace() -> Object {
    whole()[&Id::namespace("mcp-acme")].clone()
}

fn account() -> Object {
    whole()[&Id::new("", "ServiceAccount", "mcp-acme", SERVICE_ACCOUNT)].clone()
}

/// The object with another value somewhere.
fn with(mut object: Object, pointer: &str, value: Value) -> Object {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    object.tree.pointer_mut(parent).expect("a parent")[key] = value;
    object
}

fn tagged(object: Object, key: &str, value: &str) -> Object {
    let mut tags = object.tree["spec"]["tags"].clone();
    match &mut tags {
        Value::Array(pairs) => {
            pairs.retain(|pair| pair["key"] != key);
            pairs.push(json!({"key": key, "value": value}));
        }
        map => map[key] = value.into(),
    }
    with(object, "/spec/tags", tags)
}

/// What is found where these namespaces and service accounts are, and nobody claims these roles and associations.
fn found(namespaces: &[Object], accounts: &[Object], unclaimed: &[Object]) -> Vec<String> {
    in_mode(AwsMode::Direct, (namespaces, accounts), unclaimed)
}

fn in_mode(
    mode: AwsMode,
    (namespaces, accounts): (&[Object], &[Object]),
    unclaimed: &[Object],
) -> Vec<String> {
    let cluster = settings().cluster;
    let tenants = Tenants::of(namespaces, accounts, (&cluster, "mcp-"));
    let place = |object: &Object| object.text("/spec/namespace").to_string();
    let (roles, associations): (Vec<&Object>, Vec<&Object>) =
        unclaimed.iter().partition(|one| one.id().is(IAM, "Role"));
    let held = Held {
        roles: roles
            .iter()
            .map(|role| role.text("/spec/name").into())
            .collect(),
        associations: associations.iter().map(|one| place(one)).collect(),
        unclaimed: unclaimed.to_vec(),
        ..Held::default()
    };
    let list = find(&tenants, &held, (&cluster, mode));
    let own = role().text("/spec/name").to_string();
    let line = |orphan: &Orphan| {
        format!(
            "{} {}: {}: {}",
            orphan.kind, orphan.name, orphan.why, orphan.command
        )
        .replace(&own, ROLE)
    };
    list.items.iter().map(line).collect()
}

#[test]
fn a_tenant_that_has_everything_is_no_orphan_and_claims_what_it_has() {
    let cluster = settings().cluster;
    let tenants = Tenants::of(&[namespace()], &[account()], (&cluster, "mcp-"));
    assert!(tenants.claim_role(role().text("/spec/name")) && tenants.claim_association("mcp-acme"));
    assert!(!tenants.claim_role("acme-0123456789") && !tenants.claim_association("mcp-other"));
    let held = Held {
        roles: [role().text("/spec/name").to_string()].into(),
        associations: ["mcp-acme".to_string()].into(),
        ..Held::default()
    };
    let list = find(&tenants, &held, (&cluster, AwsMode::Direct));
    assert_eq!(list.items, []);
    let sharing = Held {
        roles: BTreeSet::new(),
        shared_role: true,
        ..held
    };
    let list = find(&tenants, &sharing, (&cluster, AwsMode::Direct));
    assert_eq!(list.items, []);
}

#[test]
fn what_is_left_without_its_namespace() {
    let left = [role(), association()];
    assert_eq!(
        found(&[], &[], &left),
        [
            "association a-1: namespace mcp-acme is gone: mcpctl tenant remove acme --yes",
            "role acme-ROLE: namespace mcp-acme is gone: mcpctl tenant remove acme --yes",
        ]
    );
    let going = with(
        namespace(),
        "/metadata/deletionTimestamp",
        "2026-01-01T00:00:00Z".into(),
    );
    assert_eq!(
        found(&[going], &[account()], &left[..1]),
        ["role acme-ROLE: namespace mcp-acme is being deleted: mcpctl tenant remove acme --yes"]
    );
    // Somebody made the namespace anew: what it says of itself counts for nothing.
    let theirs = with(namespace(), "/metadata/managedFields", json!([]));
    assert_eq!(
        found(&[theirs], &[account()], &left),
        [
            "association a-1: namespace mcp-acme is not the tenant's: mcpctl tenant remove acme --only aws --yes",
            "role acme-ROLE: namespace mcp-acme is not the tenant's: mcpctl tenant remove acme --only aws --yes",
        ]
    );
}

#[test]
fn a_tenant_that_lives_and_lacks_something() {
    let lacking = |left: &[Object]| found(&[namespace()], &[account()], left);
    assert_eq!(
        lacking(&[]),
        [
            "namespace mcp-acme: no role and no association: lost, or left out with --only kubernetes: mcpctl tenant add acme"
        ]
    );
    let cluster = settings().cluster;
    let tenants = Tenants::of(&[namespace()], &[], (&cluster, "mcp-"));
    assert!(
        !tenants.claim_association("mcp-acme"),
        "its service account is gone"
    );
    assert_eq!(
        found(&[namespace()], &[], &[role(), association()])[0],
        "association a-1: service account mcp-acme/mcp-server is gone: mcpctl tenant add acme"
    );
    // Without a record add has to be told what the tenant is; where a repository applies the rest, one half is enough.
    let unrecorded = with(namespace(), "/metadata/annotations", json!({}));
    let repository = with(
        namespace(),
        "/metadata/managedFields/0/manager",
        "argocd-controller".into(),
    );
    let command = |namespace: Object| {
        let lines = found(&[namespace], &[account()], &[]);
        lines[0].rsplit(": ").next().map(str::to_string)
    };
    assert_eq!(
        command(unrecorded).as_deref(),
        Some("mcpctl tenant add acme -f FILE")
    );
    assert_eq!(
        command(repository).as_deref(),
        Some("mcpctl tenant add acme -f FILE --only aws")
    );
    // One that is being deleted is to lack it.
    let going = with(namespace(), "/metadata/deletionTimestamp", "2026".into());
    assert_eq!(found(&[going], &[account()], &[]), [""; 0]);
}

#[test]
fn what_is_not_ours_or_of_another_cluster_is_passed_over() {
    let others = [
        tagged(role(), CLUSTER, "other"),
        tagged(association(), CLUSTER, "other"),
        with(role(), "/spec/tags", json!([])),
        with(association(), "/spec/tags", json!({})),
        with(
            association(),
            "/status/ownerARN",
            "arn:aws:eks:eu-west-1:1:addon/prod/x/1".into(),
        ),
        elsewhere(),
    ];
    assert_eq!(found(&[], &[], &others), [""; 0]);
}

#[test]
fn a_service_account_that_is_gone_is_made_by_who_can() {
    let command = |namespace: &Object| {
        let lines = found(std::slice::from_ref(namespace), &[], &[association()]);
        let own = lines.iter().find(|line| line.starts_with("association"));
        own.and_then(|line| line.rsplit(": ").next())
            .map(str::to_string)
    };
    let unrecorded = with(namespace(), "/metadata/annotations", json!({}));
    let repository = with(
        namespace(),
        "/metadata/managedFields/0/manager",
        "argocd-controller".into(),
    );
    for (namespace, expected) in [
        (namespace(), "mcpctl tenant add acme"),
        (unrecorded, "mcpctl tenant add acme -f FILE"),
        (
            repository,
            "kubectl -n mcp-acme create serviceaccount mcp-server",
        ),
    ] {
        assert_eq!(command(&namespace).as_deref(), Some(expected));
    }
}

#[test]
fn what_others_hung_on_a_role_goes_before_it() {
    let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let mut role = with(role(), "/spec/name", "byhand".into());
    role.tree["spec"]["policies"] = json!([policy]);
    role.tree["spec"]["inlinePolicies"]["theirs"] = Value::Null;
    role.tree["status"]["instanceProfiles"] = json!(["nodes"]);
    let lines = found(&[], &[], &[role]);
    let (_, commands) = lines[0].split_once("gone: ").expect("a command");
    let expected = [
        "aws iam delete-role-policy --role-name byhand --policy-name theirs".to_string(),
        format!("aws iam detach-role-policy --role-name byhand --policy-arn {policy}"),
        "aws iam remove-role-from-instance-profile --role-name byhand --instance-profile-name nodes".into(),
        "aws iam delete-role-policy --role-name byhand --policy-name mcpctl".into(),
        "aws iam delete-role --role-name byhand".into(),
    ];
    assert_eq!(commands.split(" && ").collect::<Vec<_>>(), expected);
}

#[test]
fn an_adopted_association_is_not_given_back_to_somebody_elses_namespace() {
    let theirs = with(namespace(), "/metadata/managedFields", json!([]));
    let adopted = tagged(association(), crate::marks::ADOPTED, "true");
    assert_eq!(
        found(&[theirs], &[account()], &[adopted]),
        [
            "association a-1: namespace mcp-acme is not the tenant's: aws eks delete-pod-identity-association --region eu-west-1 --cluster-name prod --association-id a-1"
        ]
    );
}

/// The role of a cluster of the same name in another region.
fn elsewhere() -> Object {
    let trust = role().tree["spec"]["assumeRolePolicyDocument"].to_string();
    let trust = serde_json::from_str(&trust.replace("eu-west-1", "us-east-1")).expect("a document");
    let there = with(role(), "/spec/assumeRolePolicyDocument", trust);
    with(there, "/spec/name", "acme-0123456789".into())
}

#[test]
fn the_command_is_one_that_works() {
    let renamed = |name: &str| with(role(), "/spec/name", name.into());
    let line = |namespaces: &[Object], object: Object| {
        let mut lines = found(namespaces, &[account()], &[object]);
        lines.retain(|line| !line.starts_with("namespace"));
        lines.join("\n")
    };
    // By tags alone: `remove` looks for names.
    assert_eq!(
        line(&[], renamed("byhand")),
        "role byhand: namespace mcp-acme is gone: aws iam delete-role-policy --role-name byhand --policy-name mcpctl && aws iam delete-role --role-name byhand"
    );
    let elsewhere_bound = with(association(), "/spec/namespace", "shop".into());
    assert_eq!(
        line(&[], elsewhere_bound.clone()),
        "association a-1: namespace shop is gone: aws eks delete-pod-identity-association --region eu-west-1 --cluster-name prod --association-id a-1"
    );
    // A second one of a tenant that lives: `remove` would take the tenant.
    assert_eq!(
        line(&[namespace()], renamed("acme-0123456789")),
        "role acme-0123456789: the tenant lives without it: aws iam delete-role-policy --role-name acme-0123456789 --policy-name mcpctl && aws iam delete-role --role-name acme-0123456789"
    );
    let unclear = with(
        renamed("acme-0123456789"),
        "/spec/assumeRolePolicyDocument",
        json!({}),
    );
    assert_eq!(
        line(&[], unclear),
        "role acme-0123456789: neither name nor trust policy tell its region: aws iam get-role --role-name acme-0123456789"
    );
    assert_eq!(
        line(&[], tagged(role(), PROTECTED, "true")),
        "role acme-ROLE: namespace mcp-acme is gone; protected: aws iam untag-role --role-name acme-ROLE --tag-keys mcpctl.dev/protected"
    );
    assert_eq!(
        line(&[], tagged(role(), ack::CONTROLLER, "iam-v1.2.3")),
        "role acme-ROLE: namespace mcp-acme is gone; ACK carries it out: kubectl -n mcpctl-system delete role.iam.services.k8s.aws acme"
    );
}

#[test]
fn what_ack_carries_out_is_known_by_its_object() {
    let kept = |object: Object| {
        let mut object = crate::testing::written(&object, "mcpctl", "Apply");
        object.tree["metadata"]["uid"] = "1".into();
        object
    };
    let in_ack = |object: Object| in_mode(AwsMode::Ack, (&[], &[]), &[object]);
    let edited = with(role(), "/spec/assumeRolePolicyDocument", json!({}));
    assert_eq!(
        in_ack(kept(with(edited, "/spec/name", "byhand".into()))),
        ["role byhand: namespace mcp-acme is gone: mcpctl tenant remove acme --yes"]
    );
    let unmade = with(association(), "/status", json!({}));
    assert_eq!(
        in_ack(kept(unmade)),
        ["association acme: namespace mcp-acme is gone: mcpctl tenant remove acme --yes"]
    );
    let protected = kept(tagged(role(), PROTECTED, "true"));
    assert!(
        in_ack(protected)[0]
            .ends_with("kubectl -n mcpctl-system edit role.iam.services.k8s.aws acme")
    );
    assert_eq!(in_ack(kept(tagged(role(), TENANT, "other"))), [""; 0]);
    // Not applied by us.
    let mut theirs = role();
    theirs.tree["metadata"]["uid"] = "1".into();
    assert_eq!(in_ack(theirs), [""; 0]);
}
