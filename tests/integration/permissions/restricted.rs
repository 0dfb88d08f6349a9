//! A caller of AWS who has one of the policies of the examples.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use mcpctl_sandbox::strict_aws::StrictAws;

use super::{example, granted};
use crate::world::{Run, World};

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/edge";
pub(super) const MANAGED: &str = "arn:aws:iam::111122223333:policy/mcp/reader";
const OTHER: &str = "arn:aws:iam::111122223333:policy/mcp/writer";
pub(super) const SHARED: &str = "arn:aws:iam::111122223333:role/mcp/shared";

/// A cluster, and an AWS where the caller may do what a policy says.
pub(super) struct Restricted {
    pub(super) world: World<'static>,
    pub(super) aws: StrictAws,
    /// Statements and actions that were needed.
    needed: RefCell<BTreeSet<(String, String)>>,
    /// The actions by the verb that needed them.
    by_verb: RefCell<BTreeMap<String, BTreeSet<String>>>,
}

impl Restricted {
    pub(super) fn new(name: &str) -> Self {
        let world = World::new(name);
        let aws = StrictAws::start(ACCOUNT, "eu-west-1").expect("the double starts");
        aws.add_cluster(name, world.sandbox.api_server(), "");
        aws.state(|state| {
            state.add_managed_policy(BOUNDARY);
            state.add_managed_policy(MANAGED);
            state.add_managed_policy(OTHER);
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
    pub(super) fn allow(&self, policy: &str) {
        self.aws.allow(&self.filled(policy)).expect("a policy");
    }

    /// As `docs/permissions.md` has it filled in.
    pub(super) fn filled(&self, policy: &str) -> String {
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

    pub(super) fn run(&self, args: &str) -> Run {
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
    pub(super) fn is_described(&self, verbs: &[&str]) {
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

    /// The AWS half alone, which asks for a tenant file where it changes something.
    pub(super) fn half(&self, args: &str) -> Run {
        let file = match args.strip_prefix("tenant add ") {
            Some(rest) => {
                let name = rest.split(' ').next().unwrap_or_default();
                let text = format!(
                    "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {{name: {name}}}\n"
                );
                self.world.write("half.yaml", &text);
                " -f half.yaml"
            }
            None => "",
        };
        self.run(&format!("{args} --only aws{file}"))
    }

    /// Every action of every statement of the policy was needed.
    #[track_caller]
    pub(super) fn all_was_needed(&self, policy: &str) {
        let (granted, needed) = (granted(&self.filled(policy)), self.needed.borrow());
        let surplus: Vec<_> = granted.difference(&needed).collect();
        assert!(surplus.is_empty(), "{policy} grants more: {surplus:?}");
    }

    /// The tenant asks for another managed policy.
    pub(super) fn ask_for_another(&self) {
        self.world.settings(MANAGED, OTHER);
    }

    /// Everything that is ours of role and association, as somebody might change it by hand.
    pub(super) fn change_all(&self) {
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
    pub(super) fn foreign(&self, tenant: &str) {
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
