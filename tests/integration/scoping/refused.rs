//! What AWS would refuse, or what would give up the pin, is refused before anything is called.

use super::{Aws, SHARED};

/// What the settings say under `iam`, the tenant under `identity`, and what is said of it.
const CASES: [(&str, &str, &[&str]); 16] = [
    (
        "scoping: session-policy",
        "{}",
        &["mcpctl.yaml: iam.sharedRole is missing"],
    ),
    (
        "permissionsBoundary: none, sharedRole: 'arn:aws:iam::111122223333:role/mcp/shared'",
        "{}",
        &["iam.sharedRole has no place", "iam.scoping: session-policy"],
    ),
    (
        "scoping: shared, permissionsBoundary: none",
        "{}",
        &["iam.scoping", "session-policy"],
    ),
    (
        "SESSION, permissionsBoundary: none",
        "{}",
        &["iam.permissionsBoundary has no place with iam.scoping: session-policy"],
    ),
    (
        "scoping: session-policy, sharedRole: 'arn:aws-cn:iam::111122223333:role/mcp/shared'",
        "{}",
        &["partition aws-cn", "eu-west-1"],
    ),
    (
        "scoping: session-policy, sharedRole: 'arn:aws:iam::111122223333:role/mcpctl/prod/acme-0123456789'",
        "{}",
        &["where the tenants' own roles are"],
    ),
    (
        "scoping: session-policy, sharedRole: 'arn:aws:iam::111122223333:role/mcp/*'",
        "{}",
        &["iam.sharedRole", "is not the ARN of a role"],
    ),
    (
        "scoping: session-policy, sharedRole: 'arn:aws:iam::111122223333:user/shared'",
        "{}",
        &["is not the ARN of a role"],
    ),
    (
        "SESSION",
        "{managedPolicyArns: ['arn:aws:iam::111122223333:policy/acme']}",
        &["spec.identity.managedPolicyArns has no place"],
    ),
    (
        "SESSION",
        "{permissionsBoundary: 'arn:aws:iam::111122223333:policy/edge'}",
        &["spec.identity.permissionsBoundary has no place"],
    ),
    (
        "SESSION",
        "{policy: long.json}",
        &[
            "characters, written without white space, and a session policy takes 2048",
            "iam.scoping: dedicated",
        ],
    ),
    (
        "SESSION",
        "{policy: tags.json}",
        &[
            "aws:PrincipalTag/kubernetes-namespace",
            "which nothing sets",
        ],
    ),
    (
        "SESSION",
        "{policy: role-tag.json}",
        &[
            "aws:PrincipalTag/mcpctl.dev/tenant",
            "which nothing sets",
            "a tag of a tenant's own role",
        ],
    ),
    (
        "SESSION",
        "{targetRoleArn: 'arn:aws:iam::111122223333:role/mcp/shared'}",
        &["is the role that the chain begins with"],
    ),
    (
        "permissionsBoundary: none",
        "{targetRoleArn: 'arn:aws-us-gov:iam::444455556666:role/x'}",
        &["partition aws-us-gov", "no role can be assumed"],
    ),
    (
        "permissionsBoundary: none",
        "{targetRoleArn: reader}",
        &["`reader` is not the ARN of a role"],
    ),
];

#[test]
fn what_cannot_be_is_refused_offline() {
    let aws = Aws::new("refused");
    let statements: Vec<String> = (0..30)
        .map(|number| format!(r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data-{{{{ tenant.name }}}}-{number:040}/x"}}"#))
        .collect();
    let long = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#,
        statements.join(",")
    );
    std::fs::write(aws.dir.join("long.json"), long).expect("a policy");
    let tags = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data-{{ tenant.name }}/*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/owner": "${aws:PrincipalTag/kubernetes-namespace}"}}}]}"#;
    std::fs::write(aws.dir.join("tags.json"), tags).expect("a policy");
    let role_tag = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/${aws:PrincipalTag/mcpctl.dev/tenant}/*"}]}"#;
    std::fs::write(aws.dir.join("role-tag.json"), role_tag).expect("a policy");
    let session = format!("scoping: session-policy, sharedRole: '{SHARED}'");
    for (iam, identity, said) in CASES {
        aws.settings(&iam.replace("SESSION", &session));
        aws.tenant(identity);
        for more in [&["--dry-run"][..], &[]] {
            let refused =
                aws.run(&[&["tenant", "add", "acme", "-f", "tenant.yaml"], more].concat());
            let _ = refused.expect(2).says(said);
        }
    }
    assert_eq!(aws.strict.calls(), [""; 0]);
}

#[test]
fn without_a_policy_a_shared_role_is_refused() {
    let aws = Aws::new("no-policy");
    let text = format!(
        "cluster: {{name: prod, region: eu-west-1}}\ndomain: example.com\ningress: {{albSubnetCidrs: [10.0.0.0/20]}}\n\
         iam: {{scoping: session-policy, sharedRole: '{SHARED}'}}\ndefaults: {{image: registry.example/mcp:1}}\n"
    );
    std::fs::write(aws.dir.join("mcpctl.yaml"), text).expect("settings");
    aws.tenant("{}");
    let _ = aws.add().expect(2).says(&[
        "there is no policy",
        "could do all that the shared role may",
    ]);
}

#[test]
fn a_policy_that_names_no_tenant_is_refused_where_it_is_all_that_keeps_them_apart() {
    let aws = Aws::new("not-named");
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/*"}]}"#;
    std::fs::write(aws.dir.join("same.json"), policy).expect("a policy");
    aws.tenant("{policy: same.json}");
    let _ = aws.add().expect(0);
    aws.shared();
    aws.share(&super::pinned(super::CLUSTER_ARN, super::ACCOUNT));
    let said = [
        "no statement of the policy names the tenant",
        "--allow tenant-not-named",
    ];
    let _ = aws.add().expect(2).says(&said);
    let allowed = [
        "tenant",
        "add",
        "acme",
        "-f",
        "tenant.yaml",
        "--allow",
        "tenant-not-named",
    ];
    let _ = aws.run(&allowed).expect(0);
}

#[test]
fn a_shared_role_of_another_account_is_refused() {
    let aws = Aws::new("other-account");
    aws.settings(
        "scoping: session-policy, sharedRole: 'arn:aws:iam::444455556666:role/mcp/shared'",
    );
    aws.tenant("{}");
    let mut args = vec![
        "tenant",
        "add",
        "acme",
        "-f",
        "tenant.yaml",
        "--account-id",
        "111122223333",
    ];
    let said = ["is not of the cluster's account 111122223333"];
    let _ = aws.run(&args).expect(2).says(&said);
    // Where the account is not said, EKS says it.
    args.truncate(5);
    let _ = aws.run(&args).expect(2).says(&said);
    aws.strict
        .state(|state| assert!(state.associations.is_empty()));
}

/// Templates of one's own: `from` of the built-in one replaced.
fn template(aws: &Aws, name: &str, (from, to): (&str, &str)) {
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/tenant");
    let text = std::fs::read_to_string(built_in.join(name)).expect("a template");
    assert!(text.contains(from), "{text}");
    let folder = aws.dir.join("templates/tenant");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(name), text.replace(from, to)).expect("a template");
    let path = aws.dir.join("mcpctl.yaml");
    let text = std::fs::read_to_string(&path).expect("settings");
    if !text.contains("templates:") {
        std::fs::write(&path, text + "templates: templates\n").expect("settings");
    }
}

/// A folder of templates from before could leave the policy out, and give the tenant all that the shared role may.
#[test]
fn templates_that_leave_the_session_policy_out_are_refused() {
    let aws = Aws::new("old-templates");
    aws.settings(&format!("scoping: session-policy, sharedRole: '{SHARED}'"));
    let policy = ("  policy: {{ association.policy }}\n", "");
    template(&aws, "association.yaml.j2", policy);
    aws.tenant("{}");
    let said = [
        "association.yaml.j2",
        "spec.policy must be {{ association.policy }}",
    ];
    let _ = aws.add().expect(2).says(&said);
    let all = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    template(
        &aws,
        "association.yaml.j2",
        ("{{ association.policy }}", all),
    );
    let _ = aws.add().expect(2).says(&said);
}

#[test]
fn templates_that_give_up_the_pin_are_refused() {
    let aws = Aws::new("unpinned-templates");
    aws.tenant("{}");
    let tags = ("{{ association.disableSessionTags }}", "true");
    template(&aws, "association.yaml.j2", tags);
    let said = [
        "association.yaml.j2",
        "spec.disableSessionTags must be {{ association.disableSessionTags }}, which is false here; it is true",
    ];
    let _ = aws.add().expect(2).says(&said);
    let admin = ("{{ role.arn }}", "arn:aws:iam::111122223333:role/admin");
    template(&aws, "association.yaml.j2", admin);
    let said = ["spec.roleARN must be {{ role.arn }}", "role/admin"];
    let _ = aws.add().expect(2).says(&said);
    template(&aws, "association.yaml.j2", ("apiVersion", "apiVersion"));
    let open = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}]}"#;
    template(&aws, "role.yaml.j2", ("{{ role.trustPolicy }}", open));
    let _ = aws.add().expect(2).says(&[
        "role.yaml.j2",
        "its trust policy lets others in",
        "pods of another namespace may assume it",
        "write assumeRolePolicyDocument: {{ role.trustPolicy }}",
    ]);
    assert_eq!(aws.strict.calls(), [""; 0]);
}
