//! The IAM policies, on the double that evaluates them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use mcpctl_sandbox::strict_aws::StrictAws;
use serde_json::Value;

use super::{example, granted};
use crate::world::{Run, World};

const ACCOUNT: &str = "111122223333";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/edge";
const MANAGED: &str = "arn:aws:iam::111122223333:policy/mcp/reader";
const SHARED: &str = "arn:aws:iam::111122223333:role/mcp/shared";

/// A cluster, and an AWS where the caller may do what a policy says.
struct Restricted {
    world: World<'static>,
    aws: StrictAws,
    /// Statements and actions that were needed.
    needed: RefCell<BTreeSet<(String, String)>>,
    /// The actions by the verb that needed them.
    by_verb: RefCell<BTreeMap<String, BTreeSet<String>>>,
}

impl Restricted {
    fn new(name: &str) -> Self {
        let world = World::new(name);
        let aws = StrictAws::start(ACCOUNT, "eu-west-1").expect("the double starts");
        aws.add_cluster(name, world.sandbox.api_server(), "");
        aws.state(|state| {
            state.add_managed_policy(BOUNDARY);
            state.add_managed_policy(MANAGED);
        });
        world.settings(
            "permissionsBoundary: none",
            &format!("permissionsBoundary: '{BOUNDARY}'"),
        );
        world.settings(
            "defaults: {",
            &format!("defaults: {{identity: {{managedPolicyArns: ['{MANAGED}']}}, "),
        );
        Self {
            world,
            aws,
            needed: RefCell::default(),
            by_verb: RefCell::default(),
        }
    }

    /// From now on the caller has this policy, and nothing else.
    fn allow(&self, policy: &str) {
        self.aws.allow(&self.filled(policy)).expect("a policy");
    }

    /// As `docs/permissions.md` has it filled in.
    fn filled(&self, policy: &str) -> String {
        let placeholders = [
            ("ACCOUNT", ACCOUNT),
            ("REGION", "eu-west-1"),
            ("CLUSTER", &self.world.cluster),
            ("BOUNDARY", BOUNDARY),
            ("MANAGED_POLICIES", "arn:aws:iam::111122223333:policy/mcp/*"),
            ("SHARED_ROLE", SHARED),
        ];
        let fill = |text: String, (name, value): &(&str, &str)| text.replace(name, value);
        placeholders.iter().fold(example(policy), fill)
    }

    fn run(&self, args: &str) -> Run {
        let args: Vec<&str> = args.split(' ').collect();
        let mut command = self.world.command(&args);
        // The cluster's certificate is not the double's to know.
        command.envs(self.aws.env()).arg("--allow-context-mismatch");
        let run = Run::of(&mut command);
        self.note(&args);
        run
    }

    /// Keeps what a run needed.
    fn note(&self, args: &[&str]) {
        let needed = self.aws.take_allowed();
        let flag = |arg: &&&str| ["--adopt", "--orphans"].contains(*arg);
        let verb: Vec<&str> = args[..2]
            .iter()
            .chain(args.iter().filter(flag))
            .copied()
            .collect();
        let mut by_verb = self.by_verb.borrow_mut();
        let actions = by_verb.entry(verb.join(" ")).or_default();
        actions.extend(needed.iter().map(|(_, action)| action.clone()));
        self.needed.borrow_mut().extend(needed);
    }

    /// The page has a row for the verb, with the actions that it needed.
    #[track_caller]
    fn is_described(&self, verbs: &[&str]) {
        let page = include_str!("../../../docs/permissions.md");
        let by_verb = self.by_verb.borrow();
        let rows = verbs.iter().map(|verb| {
            let actions = by_verb.get(*verb).expect("a run of the verb");
            let actions: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
            format!("| `{verb}` | {} |", actions.join(", "))
        });
        let missing: Vec<String> = rows.filter(|row| !page.contains(row.as_str())).collect();
        assert!(
            missing.is_empty(),
            "docs/permissions.md lacks\n{}",
            missing.join("\n")
        );
    }

    /// The AWS half alone.
    fn half(&self, args: &str) -> Run {
        self.run(&format!("{args} --only aws"))
    }

    /// Every action of every statement of the policy was needed.
    #[track_caller]
    fn all_was_needed(&self, policy: &str) {
        let (granted, needed) = (granted(&self.filled(policy)), self.needed.borrow());
        let surplus: Vec<_> = granted.difference(&needed).collect();
        assert!(surplus.is_empty(), "{policy} grants more: {surplus:?}");
    }

    /// Everything that is ours of role and association, as somebody might change it by hand.
    fn change_all(&self) {
        self.aws.state(|state| {
            let role = state.roles.values_mut().next().expect("the role");
            role.boundary = Some("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
            role.trust = role
                .trust
                .replace("sts:TagSession", "sts:SetSourceIdentity");
            role.attached.clear();
            role.inline.clear();
            role.tags.remove("mcpctl.dev/namespace");
            role.tags.insert("mcpctl.dev/more".into(), "x".into());
            let one = state.associations.values_mut().next();
            let one = one.expect("the association");
            one.role_arn = format!("arn:aws:iam::{ACCOUNT}:role/theirs");
            one.tags.remove("mcpctl.dev/namespace");
            one.tags.insert("mcpctl.dev/more".into(), "x".into());
        });
    }

    /// A role and an association under a tenant's names that nobody tagged.
    fn foreign(&self, tenant: &str) {
        let dry = self
            .run(&format!("tenant add {tenant} --dry-run"))
            .expect(0);
        let own = format!("  name: {tenant}-");
        let name = dry.stdout.lines().find_map(|line| line.strip_prefix(&own));
        let name = format!("{tenant}-{}", name.expect("the role's name"));
        let path = format!("/mcpctl/{}/", self.world.cluster);
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        self.aws.state(|state| {
            state.add_role(&path, &name, trust);
            let theirs = format!("arn:aws:iam::{ACCOUNT}:role/theirs");
            let namespace = format!("mcp-{tenant}");
            state.add_association(&self.world.cluster, &namespace, "mcp-server", &theirs);
        });
    }
}

#[test]
fn a_tenants_life_needs_the_whole_policy_and_no_more() {
    let policy = "iam-policy.json";
    let restricted = Restricted::new("iam-life");
    restricted.allow(policy);
    let _ = restricted.half("tenant add iam-life").expect(0);
    let _ = restricted
        .half("tenant add iam-life")
        .expect(0)
        .says(&["nothing to do"]);
    restricted.change_all();
    let _ = restricted
        .half("tenant add iam-life")
        .expect(0)
        .says(&["2 changed"]);
    let _ = restricted
        .half("tenant add iam-life")
        .expect(0)
        .says(&["nothing to do"]);
    // Here nobody injects credentials, so the gate stays shut.
    let gate = "tenant add iam-life --timeout 4s";
    let _ = restricted
        .run(gate)
        .expect(4)
        .says(&["add-on eks-pod-identity-agent ACTIVE"]);
    let _ = restricted.run("tenant remove iam-life --yes").expect(0);
    restricted.foreign("iam-taken");
    let _ = restricted.half("tenant add iam-taken").expect(3);
    let _ = restricted.half("tenant add iam-taken --adopt").expect(0);
    let _ = restricted.half("tenant remove iam-taken --yes").expect(0);
    restricted.all_was_needed(policy);
    restricted.is_described(&["tenant add", "tenant add --adopt", "tenant remove"]);
}

#[test]
fn verbs_that_only_read_need_the_smaller_policy_and_no_more() {
    let policy = "iam-policy-read.json";
    let restricted = Restricted::new("iam-read");
    let add = "tenant add iam-read --identity-gate off --wait applied";
    let _ = restricted.run(add).expect(0);
    restricted.foreign("iam-lone");
    restricted.allow(policy);
    for verb in [
        "tenant diff iam-read",
        "tenant diff --all",
        "tenant status iam-read",
        "tenant show iam-read",
        "tenant list",
        "tenant list -o wide",
        "tenant list --orphans",
        "platform diff",
    ] {
        let run = restricted.run(verb);
        // Others' tenants are on the cluster too, and come and go; the platform is another's.
        let all = verb.ends_with("--all") || verb.starts_with("platform");
        assert!(
            (all || run.code <= 1) && !run.stderr.contains("AccessDenied"),
            "{verb}: {run}"
        );
    }
    restricted.all_was_needed(policy);
    restricted.is_described(&[
        "tenant diff",
        "tenant status",
        "tenant show",
        "tenant list",
        "tenant list --orphans",
        "platform diff",
    ]);
    let _ = restricted
        .run("tenant add iam-read2 --only aws")
        .expect(6)
        .says(&["iam:CreateRole", "AccessDenied", "nothing was written"]);
}

#[test]
fn a_role_without_the_boundary_of_the_policy_is_refused() {
    let restricted = Restricted::new("iam-boundary");
    restricted.allow("iam-policy.json");
    let said = format!("permissionsBoundary: '{BOUNDARY}'");
    restricted
        .world
        .settings(&said, "permissionsBoundary: none");
    let _ = restricted.half("tenant add iam-boundary").expect(6).says(&[
        "nothing was written",
        "iam:CreateRole",
        "not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111122223333:role/mcpctl/iam-boundary/",
    ]);
    restricted
        .aws
        .state(|state| assert!(state.roles.is_empty()));
}

#[test]
fn where_tenants_share_a_role_the_policy_for_that_is_enough_and_no_more_than_that() {
    let policy = "iam-policy-session.json";
    let restricted = Restricted::new("iam-shared");
    let world = &restricted.world;
    let dedicated = format!("permissionsBoundary: '{BOUNDARY}'");
    let shared = format!("scoping: session-policy, sharedRole: '{SHARED}'");
    world.settings(&dedicated, &shared);
    world.settings(
        &format!("identity: {{managedPolicyArns: ['{MANAGED}']}}, "),
        "",
    );
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"pods.eks.amazonaws.com"}},
        "Action":["sts:AssumeRole","sts:TagSession"],"Condition":{{"StringEquals":{{
        "aws:SourceArn":"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/iam-shared","aws:SourceAccount":"{ACCOUNT}"}}}}}}]}}"#
    );
    restricted
        .aws
        .state(|state| drop(state.add_role("/mcp/", "shared", &trust).clone()));
    restricted.allow(policy);
    let _ = restricted.half("tenant add iam-shared").expect(0);
    restricted.aws.state(|state| {
        let one = state.associations.values_mut().next();
        let one = one.expect("the association");
        one.policy = None;
        one.tags.remove("mcpctl.dev/namespace");
        one.tags.insert("mcpctl.dev/more".into(), "x".into());
    });
    let _ = restricted
        .half("tenant add iam-shared")
        .expect(0)
        .says(&["1 changed"]);
    let gate = "tenant add iam-shared --timeout 4s";
    let _ = restricted
        .run(gate)
        .expect(4)
        .says(&["add-on eks-pod-identity-agent ACTIVE"]);
    let _ = restricted.run("tenant list --orphans").expect(0);
    let _ = restricted.run("tenant diff iam-shared").expect(1);
    let _ = restricted.run("tenant remove iam-shared --yes").expect(0);
    restricted.all_was_needed(policy);
}

/// As the page says: without the conditions on the boundary, and with what takes one off.
#[test]
fn where_no_boundary_is_wanted_the_policy_without_it_is_enough() {
    let restricted = Restricted::new("iam-free");
    let _ = restricted.half("tenant add iam-free").expect(0);
    let filled = restricted.filled("iam-policy.json");
    let mut policy: Value = serde_json::from_str(&filled).expect("a policy");
    let mut taken_out = 0;
    for statement in policy["Statement"].as_array_mut().expect("statements") {
        if let Some(equal) = statement["Condition"]["StringEquals"].as_object_mut() {
            taken_out += equal.remove("iam:PermissionsBoundary").iter().count();
        }
        if statement["Sid"] == "ChangeAndDeleteOurRoles" {
            let actions = statement["Action"].as_array_mut().expect("actions");
            actions.push("iam:DeleteRolePermissionsBoundary".into());
        }
        if statement["Condition"].is_null() {
            drop(
                statement
                    .as_object_mut()
                    .expect("an object")
                    .remove("Condition"),
            );
        }
    }
    assert_eq!(taken_out, 3);
    restricted.aws.allow(&policy.to_string()).expect("a policy");
    let said = format!("permissionsBoundary: '{BOUNDARY}'");
    restricted
        .world
        .settings(&said, "permissionsBoundary: none");
    let _ = restricted
        .half("tenant add iam-free")
        .expect(0)
        .says(&["1 changed"]);
    let _ = restricted.half("tenant remove iam-free --yes").expect(0);
    let _ = restricted.half("tenant add iam-free").expect(0);
    let _ = restricted.half("tenant remove iam-free --yes").expect(0);
}

/// Tags are gone from a role: it is nobody's, for the tool as for IAM.
#[test]
fn a_role_without_our_tags_is_neither_changed_nor_deleted() {
    let restricted = Restricted::new("iam-untagged");
    restricted.allow("iam-policy.json");
    let _ = restricted.half("tenant add iam-untagged").expect(0);
    restricted.aws.state(|state| {
        let role = state.roles.values_mut().next().expect("the role");
        role.tags = BTreeMap::new();
    });
    restricted.aws.clear_calls();
    let _ = restricted.half("tenant add iam-untagged").expect(3);
    let calls = restricted.aws.calls();
    let writes = ["Put", "Update", "Delete", "Tag", "Attach", "Create"];
    let wrote = |call: &String| writes.iter().any(|verb| call.starts_with(verb));
    assert!(!calls.iter().any(wrote), "{calls:?}");
}
