//! The AWS half under everything that AWS does and an emulator does not, on a strict double: a role that is not visible
//! yet, deletes that spread slowly, throttling, refusals, pages, and things that change under us.

use mcpctl_sandbox::strict_aws::{Fault, Times};

use crate::strict::{ACCOUNT, NAMESPACE, Strict};

#[test]
fn a_role_that_eks_does_not_see_yet_is_waited_for() {
    let strict = Strict::new("invisible");
    strict.aws.role_visible_after(3);
    let _ = strict.add().expect(0);
    let creates = strict
        .aws
        .calls()
        .into_iter()
        .filter(|call| call == "CreatePodIdentityAssociation")
        .count();
    assert_eq!(creates, 4, "three refusals, then the association");
    strict.is_clean();
}

#[test]
fn a_deleted_association_that_lingers_is_waited_for() {
    let strict = Strict::new("lingering");
    let _ = strict.add().expect(0);
    strict.aws.deleted_association_lingers(2);
    let _ = strict.run(&["tenant", "remove", "acme", "--yes"]).expect(0);
    let _ = strict.add().expect(0);
    strict.is_clean();
}

#[test]
fn what_passes_is_repeated() {
    let strict = Strict::new("passing");
    for operation in ["GetRole", "CreateRole", "PutRolePolicy"] {
        strict.aws.fail(operation, 2, Fault::iam_throttling());
    }
    for operation in [
        "DescribeCluster",
        "ListPodIdentityAssociations",
        "CreatePodIdentityAssociation",
    ] {
        strict.aws.fail(operation, 2, Fault::eks_throttling());
    }
    let _ = strict.add().expect(0);
    strict.is_clean();
    for operation in ["DeleteRolePolicy", "DeleteRole"] {
        strict
            .aws
            .fail(operation, 2, Fault::concurrent_modification());
    }
    let _ = strict.run(&["tenant", "remove", "acme", "--yes"]).expect(0);
    strict.has_nothing();
}

#[test]
fn a_refusal_of_any_call_is_named_and_a_rerun_completes() {
    let strict = Strict::new("refusals");
    let calls = [
        ("DescribeCluster", 6),
        ("GetRole", 6),
        ("ListPodIdentityAssociations", 6),
        ("CreateRole", 6),
        ("PutRolePolicy", 5),
        ("CreatePodIdentityAssociation", 5),
    ];
    for (operation, code) in calls {
        let iam = operation.contains("Role");
        let fault = if iam {
            Fault::iam_access_denied
        } else {
            Fault::eks_access_denied
        };
        strict.aws.fail(operation, Times::Always, fault(operation));
        let _ =
            strict
                .add()
                .expect(code)
                .says(&[operation, "AccessDenied", "IAM policy must allow"]);
        strict.aws.heal();
        let _ = strict.add().expect(0);
        strict.is_clean();
        let _ = strict.run(&["tenant", "remove", "acme", "--yes"]).expect(0);
        strict.has_nothing();
    }
}

#[test]
fn a_lost_answer_is_found_out() {
    for operation in [
        "CreateRole",
        "PutRolePolicy",
        "CreatePodIdentityAssociation",
    ] {
        let strict = Strict::new(&format!("lost-{}", operation.to_lowercase()));
        strict
            .aws
            .fail_after_doing(operation, 1, Fault::service_failure());
        let _ = strict.add().expect(0);
        strict.is_clean();
    }
}

#[test]
fn limits_and_missing_policies_are_reported_as_aws_says_them() {
    let strict = Strict::new("limits");
    strict.aws.fail(
        "CreateRole",
        1,
        Fault::new(
            409,
            "LimitExceeded",
            "Cannot exceed quota for RolesPerAccount: 1000.",
        ),
    );
    let _ = strict
        .add()
        .expect(3)
        .says(&["LimitExceeded", "RolesPerAccount"]);
    let limit = Fault::new(
        400,
        "ResourceLimitExceededException",
        "Too many associations",
    );
    strict.aws.fail("CreatePodIdentityAssociation", 1, limit);
    let _ = strict
        .add()
        .expect(5)
        .says(&["ResourceLimitExceededException", "same command"]);
    strict.is_clean_after_rerun();
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/not-there");
    let set = format!("identity.permissionsBoundary={arn}");
    let _ = strict
        .run(&["tenant", "add", "acme", "--set", &set])
        .says(&["NoSuchEntity", "not-there"]);
    strict.is_clean();
}

#[test]
fn a_role_that_differs_in_case_only_is_not_taken_over() {
    let strict = Strict::new("case");
    let _ = strict.add().expect(0);
    let name = strict.role();
    let _ = strict.run(&["tenant", "remove", "acme", "--yes"]).expect(0);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    strict.aws.state(|state| {
        drop(
            state
                .add_role("/", &name.to_uppercase(), trust)
                .name
                .clone(),
        );
    });
    let _ = strict.add().expect(3).says(&["Role acme", "not ours"]);
}

#[test]
fn what_changes_under_us_is_not_deleted() {
    let strict = Strict::new("under-us");
    let _ = strict.add().expect(0);
    let name = strict.role();
    // Between the plan and the delete somebody retags the role: it is not ours any more.
    let retag = name.clone();
    strict.aws.after(
        "DeletePodIdentityAssociation",
        Box::new(move |state| {
            if let Some(role) = state.role_mut(&retag) {
                role.tags.clear();
            }
        }),
    );
    let _ = strict
        .run(&["tenant", "remove", "acme", "--yes"])
        .expect(5)
        .says(&["Role acme is not ours any more"]);
    strict.aws.state(|state| {
        assert!(
            state.role(&name).is_some(),
            "a role of somebody else was deleted"
        );
    });
}

#[test]
fn an_association_swapped_and_a_role_deleted_are_repaired() {
    let strict = Strict::new("swapped");
    let _ = strict.add().expect(0);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
    let other = strict
        .aws
        .state(|state| state.add_role("/", "other", trust).arn.clone());
    strict
        .aws
        .state(|state| state.swap_association("prod", NAMESPACE, "mcp-server", &other));
    let diff = strict
        .run(&[
            "tenant",
            "diff",
            "acme",
            "--image",
            "registry.example/mcp:1",
        ])
        .expect(3);
    let _ = diff.says(&["PodIdentityAssociation acme"]);
    strict.aws.state(|state| state.associations.clear());
    let name = strict.role();
    strict.aws.state(|state| state.delete_role_under_us(&name));
    let _ = strict.add().expect(0);
    strict.is_clean();
}

#[test]
fn an_association_of_an_addon_is_never_touched() {
    let strict = Strict::new("addon");
    let _ = strict.add().expect(0);
    let owner = format!("arn:aws:eks:eu-west-1:{ACCOUNT}:addon/prod/efs-csi/1");
    let named = owner.clone();
    strict.aws.state(|state| {
        for association in state.associations.values_mut() {
            association.owner_arn = Some(owner.clone());
        }
    });
    for verb in ["add", "remove"] {
        let mut args = vec!["tenant", verb, "acme"];
        args.extend((verb == "remove").then_some("--yes"));
        let _ = strict
            .run(&args)
            .expect(3)
            .says(&["PodIdentityAssociation acme", &named]);
    }
}

#[test]
fn lists_are_read_to_their_end() {
    let strict = Strict::new("pages");
    let _ = strict.add().expect(0);
    strict.aws.page_size(1);
    let name = strict.role();
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    strict.aws.state(|state| {
        let role = state.role_mut(&name).expect("the role");
        for policy in ["a-first", "z-last"] {
            role.inline.insert(policy.into(), document.into());
        }
    });
    let run = strict.run(&["tenant", "remove", "acme", "--yes"]).expect(3);
    let _ = run.says(&["inline policy a-first", "inline policy z-last"]);
}

/// IAM is one for all regions, and two clusters of one name in two of them put their roles below one path.
#[test]
fn a_role_for_a_cluster_of_the_same_name_in_another_region_is_left_alone() {
    let strict = Strict::new("regions");
    let _ = strict
        .run(&["tenant", "add", "acme", "--region", "us-east-1"])
        .expect(0);
    let theirs = [strict.role()];
    // EKS is another one in each region.
    strict.aws.state(|state| state.associations.clear());
    let _ = strict.add().expect(0).says(&["2 created"]);
    strict.is_clean();
    let roles = |strict: &Strict| {
        strict.aws.state(|state| {
            let names = state.roles.values().map(|role| role.name.clone());
            names.collect::<Vec<_>>()
        })
    };
    assert_eq!(roles(&strict).len(), 2);
    for said in ["are removed", "nothing to remove"] {
        let remove = ["tenant", "remove", "acme", "--yes"];
        let _ = strict.run(&remove).expect(0).says(&[said]);
        assert_eq!(roles(&strict), theirs);
    }
}

/// Whatever the settings derive today: a tenant's own role and association go, and so do second ones.
#[test]
fn what_was_made_under_other_names_is_removed_by_its_tags() {
    let strict = Strict::new("leftovers");
    let _ = strict.add().expect(0);
    let prefix = "namespacePrefix: zz-\ndomain:";
    strict.settings("domain:", prefix);
    let remove = ["tenant", "remove", "acme", "--yes"];
    // Its role gone, the association says by its namespace and tags whose it is.
    let name = strict.role();
    strict.aws.state(|state| state.delete_role_under_us(&name));
    let _ = strict
        .run(&remove)
        .expect(0)
        .says(&["PodIdentityAssociation a-"]);
    strict.has_nothing();
    let _ = strict.run(&remove).expect(0).says(&["nothing to remove"]);
    let _ = strict.add().expect(0);
    strict.aws.state(|state| {
        let mut role = state.roles.values().next().expect("a role").clone();
        role.name = "acme-0123456789".into();
        state.roles.insert(role.name.clone(), role);
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/other");
        let theirs = state.add_association("prod", "shop-acme", "mcp-server", &arn);
        theirs.tags.insert("team".into(), "shop".into());
    });
    let _ = strict
        .run(&remove)
        .expect(0)
        .says(&["Role acme deleted", "Role acme-0123456789 deleted"]);
    strict.aws.state(|state| {
        assert!(state.roles.is_empty(), "{:?}", state.roles.keys());
        let left: Vec<_> = state.associations.values().collect();
        assert!(
            left.len() == 1 && left[0].namespace == "shop-acme",
            "{left:?}"
        );
    });
}
