//! A wildcard beside a tenant's name that stands in a policy as it is.

use crate::desk::Desk;

const BESIDE: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Sid": "Data", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data-acme*"}]}"#;

#[test]
fn it_is_refused_where_the_tenant_is_known() {
    let desk = Desk::new("lint-others");
    desk.write("beside.json", BESIDE);
    desk.write(
        "acme.yaml",
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {identity: {policy: beside.json}}\n",
    );
    let dry_run = ["tenant", "add", "acme", "--dry-run", "-f", "acme.yaml"];
    insta::assert_snapshot!(desk.refusal(&dry_run), @"
    error: tenant `acme` is refused by the policy lint
      fits-other-tenants: statement Data: `arn:aws:s3:::data-acme*`: what belongs to other tenants, whose names only begin or end like this one's, fits too
        instead: part name and wildcard by a character that no name holds, as data-acme/* does, or leave the wildcard out; for a secret write secret:acme-??????, which fits what Secrets Manager puts behind its name and no more
      hint: mend the policy; or let it through, which is recorded with the tenant: --allow fits-other-tenants
    ");
    let _ = desk
        .mcpctl(&[&dry_run[..], &["--allow", "fits-other-tenants"]].concat())
        .expect(0);
    let alone = desk.mcpctl(&["policy", "lint", "acme.yaml"]).expect(2);
    assert!(
        alone
            .stdout
            .contains("acme.yaml: error fits-other-tenants: statement Data: "),
        "{alone}"
    );
    // A document alone is nobody's: it names no tenant at all.
    let nobodys = desk.mcpctl(&["policy", "lint", "beside.json"]).expect(0);
    assert!(
        nobodys.stdout.contains("warning tenant-not-named: ")
            && !nobodys.stdout.contains("fits-other-tenants"),
        "{nobodys}"
    );
    // For another tenant it is as little about the name.
    let other = [
        "tenant",
        "add",
        "globex",
        "--dry-run",
        "--policy",
        "beside.json",
    ];
    let _ = desk
        .mcpctl(&other)
        .expect(0)
        .says(&["warning: tenant-not-named: "]);
}
