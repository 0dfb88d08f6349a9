//! What lost its other half is listed, with a command that works, and nothing else is.

use base64::Engine;
use mcpctl_sandbox::{Options, Sandbox, strict_aws::StrictAws};
use serde_json::json;

use crate::{
    strict::{ACCOUNT, Strict},
    world::{Run, World},
};

mod cluster;

use cluster::Orphans;

const LIST: [&str; 3] = ["tenant", "list", "--orphans"];

const ALL: [&str; 8] = [
    "fine",
    "both",
    "role",
    "bound",
    "norole",
    "nobond",
    "noaccount",
    "retaken",
];

#[test]
fn each_mixture_is_listed_and_its_command_cleans_it_up() {
    let sandbox = Sandbox::start(&Options::default()).expect("the sandbox starts");
    let orphans = Orphans {
        world: World::in_sandbox(&sandbox, "orphans"),
    };
    let _ = orphans.world.mcpctl(&["platform", "apply"]).expect(0);
    orphans.add(&ALL[..1], &[]);
    let one = orphans.cost();
    orphans.add(&ALL[1..], &[]);
    assert_eq!(orphans.cost(), one, "more tenants cost more requests");
    others(&orphans);
    let nothing = orphans.world.mcpctl(&LIST).expect(0).says(&["no orphans"]);
    assert_eq!(nothing.stdout, "");

    lose(&orphans);
    listed(&orphans);
    let commands: Vec<String> = orphans
        .list()
        .iter()
        .map(|item| item["command"].as_str().expect("a command").to_string())
        .collect();
    for command in commands {
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(words[0], "mcpctl", "{command}");
        let _ = orphans.world.mcpctl(&words[1..]).expect(0);
    }
    assert_eq!(orphans.lines(), [""; 0]);
    // What is left is what lives, and what was never ours.
    let living = |name: &String| {
        ["fine-", "nobond-", "noaccount-", "norole-", "half-"]
            .iter()
            .any(|own| name.starts_with(own))
    };
    assert!(orphans.roles().iter().all(living), "{:?}", orphans.roles());
    assert_eq!(orphans.roles().len(), 5);
    assert_eq!(orphans.world.associations().len(), 5 + 2);
    removed(&orphans);
}

/// Associations and a role that are somebody else's.
fn others(orphans: &Orphans<'_>) {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/theirs");
    for (namespace, account, tags) in [
        ("shop", "mcp-server", json!({"team": "shop"})),
        (
            "gone",
            "mcp-server",
            json!({"mcpctl.dev/tenant": "gone", "mcpctl.dev/cluster": "another"}),
        ),
    ] {
        let body = json!({"namespace": namespace, "serviceAccount": account, "roleArn": role, "tags": tags});
        orphans.world.associate(body);
    }
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let call = [
        ("Action", "CreateRole"),
        ("RoleName", "fine-theirs"),
        ("Path", "/mcpctl/orphans/"),
        ("AssumeRolePolicyDocument", trust),
    ];
    orphans.world.sandbox.aws_iam(&call).expect("a role");
    let call = [("Action", "DeleteRole"), ("RoleName", "fine-theirs")];
    assert!(orphans.list().is_empty(), "{:?}", orphans.lines());
    orphans.world.sandbox.aws_iam(&call).expect("a delete");
}

fn lose(orphans: &Orphans<'_>) {
    orphans.add(&["half"], &["--only", "kubernetes"]);
    for tenant in ["role", "nobond"] {
        orphans.lose_association(tenant);
    }
    for tenant in ["bound", "norole"] {
        orphans.lose_role(tenant);
    }
    orphans.loosen("role", &format!("*:{ACCOUNT}:cluster/orphans"));
    orphans.loosen("both", &format!("us-east-1:{ACCOUNT}:cluster/orphans"));
    let account = ["delete", "serviceaccount", "mcp-server"];
    orphans
        .world
        .kubectl(&[&["-n", "mcp-noaccount"], &account[..]].concat());
    orphans.lose_namespaces(&["both", "role", "bound", "retaken"]);
    orphans
        .world
        .kubectl(&["create", "namespace", "mcp-retaken"]);
}

fn listed(orphans: &Orphans<'_>) {
    let remove = |tenant: &str| format!("mcpctl tenant remove {tenant} --yes");
    let add = |tenant: &str| format!("mcpctl tenant add {tenant}");
    let retaken = "namespaceNotTheTenants: mcpctl tenant remove retaken --only aws --yes";
    let expected = [
        format!("both association: namespaceGone: {}", remove("both")),
        format!("both role: namespaceGone: {}", remove("both")),
        format!("bound association: namespaceGone: {}", remove("bound")),
        format!("half namespace: noAwsHalf: {}", add("half")),
        format!(
            "noaccount association: serviceAccountGone: {}",
            add("noaccount")
        ),
        format!("nobond namespace: noAssociation: {}", add("nobond")),
        format!("norole namespace: noRole: {}", add("norole")),
        format!("retaken association: {retaken}"),
        format!("retaken role: {retaken}"),
        format!("role role: namespaceGone: {}", remove("role")),
    ];
    assert_eq!(orphans.lines(), expected);
    told_elsewhere(orphans);
    let table = orphans.world.mcpctl(&LIST).expect(0).stdout;
    let head = "TENANT      ORPHAN";
    assert!(table.starts_with(head), "{table}");
    assert!(
        table.contains("namespace mcp-both is gone") && table.lines().count() == 11,
        "{table}"
    );
    let wide = orphans.world.mcpctl(&[&LIST[..], &["-o", "wide"]].concat());
    let wide = wide.expect(0).stdout;
    let row = |line: &str| {
        line.split_whitespace()
            .map(str::to_string)
            .collect::<Vec<_>>()
    };
    let rows: Vec<_> = wide.lines().map(row).collect();
    let head = ["TENANT", "NAMESPACE", "ORPHAN", "REASON", "WHY", "COMMAND"];
    assert_eq!(rows[0], head, "{wide}");
    let cells = [
        "nobond",
        "mcp-nobond",
        "namespace/mcp-nobond",
        "noAssociation",
    ];
    assert!(rows.iter().any(|row| row[..4] == cells), "{wide}");
    let names = orphans.world.mcpctl(&[&LIST[..], &["-o", "name"]].concat());
    let names = names.expect(0).stdout;
    assert!(names.contains("namespace/mcp-norole\n"), "{names}");
    assert!(names.contains("role/both-"), "{names}");
    let yaml = orphans.world.mcpctl(&[&LIST[..], &["-o", "yaml"]].concat());
    assert!(yaml.expect(0).stdout.contains("kind: OrphanList\n"));
}

/// Of "bound" an association is all that is left: it is a difference, and the platform stays while it may be used.
fn told_elsewhere(orphans: &Orphans<'_>) {
    let diff = orphans.world.mcpctl(&["tenant", "diff", "--all"]);
    let diff = diff.expect(1).stdout;
    let gone = |tenant: &str| {
        format!(
            "is left: namespace mcp-{tenant} is gone; put it right: mcpctl tenant remove {tenant} --yes"
        )
    };
    for line in [
        "tenant bound\n  ! association a-",
        &gone("bound"),
        "tenant role\n  ! role role-",
        &gone("role"),
        "tenant retaken\n  ! association a-",
        "put it right: mcpctl tenant remove retaken --only aws --yes",
    ] {
        assert!(diff.contains(line), "{line}: {diff}");
    }
    assert!(!diff.contains("fine"), "{diff}");
    let remove = ["platform", "remove", "--dry-run"];
    let refused = orphans.world.mcpctl(&remove).expect(3);
    let _ = refused.says(&[
        "lose their protection: both, bound, fine, half, noaccount, nobond, norole, retaken, role;",
        "mcpctl tenant list --orphans",
    ]);
}

/// Whatever a tenant lacks, `remove` leaves nothing of it.
fn removed(orphans: &Orphans<'_>) {
    let tenants = ["norole", "nobond", "noaccount", "half"];
    orphans.lose_role("norole");
    orphans.lose_association("nobond");
    let account = ["delete", "serviceaccount", "mcp-server"];
    orphans
        .world
        .kubectl(&[&["-n", "mcp-noaccount"], &account[..]].concat());
    let children =
        tenants.map(|tenant| orphans.world.start(&["tenant", "remove", tenant, "--yes"]));
    for child in children {
        let _ = Run::at_end_of(child)
            .expect(0)
            .says(&["nothing of it is left"]);
    }
    assert_eq!(orphans.lines(), [""; 0]);
    assert_eq!(
        (orphans.roles().len(), orphans.world.associations().len()),
        (1, 1 + 2)
    );
}

/// Two in one account would also be told apart by name; what counts is the tag. Lists are read to their end.
#[test]
fn all_pages_are_read_and_what_remove_does_not_find_by_name_is_told_so() {
    let world = World::new("orphan-pages");
    let strict = StrictAws::start(ACCOUNT, "eu-west-1").expect("the double starts");
    let authority = base64::engine::general_purpose::STANDARD.encode(world.sandbox.ca_pem());
    strict.add_cluster("orphan-pages", world.sandbox.api_server(), &authority);
    strict.page_size(2);
    let run = |args: &[&str]| {
        let mut command = world.command(args);
        Run::of(command.env_remove("AWS_ENDPOINT_URL").envs(strict.env()))
    };
    let tenants = ["page-a", "page-b", "page-c", "page-d", "page-e"];
    for tenant in tenants {
        let _ = run(&["tenant", "add", tenant, "--only", "aws"]).expect(0);
    }
    // Renamed by hand, tags and all.
    strict.state(|state| {
        let role = state
            .roles
            .values()
            .find(|role| role.name.starts_with("page-e-"));
        let mut role = role.expect("a role").clone();
        state.delete_role_under_us(&role.name.clone());
        role.name = "byhand".into();
        state.roles.insert("byhand".into(), role);
    });
    let own = |stdout: &str| -> Vec<String> {
        let lines = stdout.lines().filter(|line| line.starts_with("page-"));
        lines.map(str::to_string).collect()
    };
    let list = run(&LIST).expect(0);
    let lines = own(&list.stdout);
    assert_eq!(lines.len(), 10, "{list}");
    let by_hand = "aws iam delete-role --role-name byhand";
    assert!(lines[9].contains(by_hand), "{list}");
    for tenant in tenants {
        let _ = run(&["tenant", "remove", tenant, "--yes"]).expect(0);
    }
    let list = run(&LIST).expect(0);
    assert_eq!(own(&list.stdout).len(), 1, "{list}");
}

/// The namespace, and with it the record, is gone; the role's tag knows.
#[test]
fn managed_policies_that_were_asked_for_go_with_the_role_and_others_stop_its_removal() {
    let strict = Strict::new("managed");
    let own = "arn:aws:iam::111122223333:policy/edge";
    strict.aws.state(|state| {
        state.add_managed_policy(own);
    });
    let add = format!("defaults: {{identity: {{managedPolicyArns: ['{own}']}}, ");
    strict.settings("defaults: {", &add);
    let _ = strict.add().expect(0);
    let other = "arn:aws:iam::aws:policy/PowerUserAccess";
    let attach = |arn: &str| {
        let name = strict.role();
        strict.aws.state(|state| {
            let role = state.role_mut(&name).expect("the role");
            role.attached = [own, arn].map(str::to_string).into();
        });
    };
    attach(other);
    let named = format!("managed policy {other} is not ours");
    let refused = strict.remove().expect(3).says(&[&named]);
    assert!(!refused.stderr.contains(own), "{refused}");
    attach(own);
    let _ = strict.remove().expect(0);
    strict.has_nothing();
}
