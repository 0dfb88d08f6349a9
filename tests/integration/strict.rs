//! The AWS half alone, on the strict double: what AWS does and an emulator does not.

use mcpctl_sandbox::strict_aws::StrictAws;

use crate::world::{POLICY, Run, offline};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const NAMESPACE: &str = "mcp-acme";
/// The AWS half alone asks for a tenant file where it changes something. This one says nothing.
const SILENT: &str =
    "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {}\n";

/// The ARN of a managed policy of the account.
pub(crate) fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

/// A strict AWS with one cluster, and a directory with settings. Only the AWS half is asked for, so no cluster runs.
pub(crate) struct Strict {
    pub(crate) aws: StrictAws,
    pub(crate) dir: std::path::PathBuf,
}

impl Strict {
    pub(crate) fn new(name: &str) -> Self {
        let aws = StrictAws::start(ACCOUNT, "eu-west-1").expect("the double starts");
        aws.add_cluster("prod", "https://127.0.0.1:1", "");
        let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("strict-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        std::fs::write(dir.join("policy.json"), POLICY).expect("a policy");
        let settings = "cluster: {name: prod, region: eu-west-1}\ndomain: example.com\ningress: {albSubnetCidrs: [10.0.0.0/20]}\n\
             iam: {permissionsBoundary: none, policy: policy.json}\ndefaults: {image: registry.example/mcp:1}\n";
        std::fs::write(dir.join("mcpctl.yaml"), settings).expect("settings");
        std::fs::write(dir.join("acme.yaml"), SILENT).expect("a tenant file");
        Self { aws, dir }
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        let mut command = offline(&self.dir, args);
        command.envs(self.aws.env()).args(["--only", "aws"]);
        if ["add", "diff"].contains(&args[1]) && !args.contains(&"-f") {
            command.args(["-f", "acme.yaml"]);
        }
        Run::of(&mut command)
    }

    /// Replaces a text in the settings file.
    pub(crate) fn settings(&self, from: &str, to: &str) {
        let path = self.dir.join("mcpctl.yaml");
        let text = std::fs::read_to_string(&path).expect("settings");
        assert!(text.contains(from), "the settings hold {from}");
        std::fs::write(&path, text.replace(from, to)).expect("settings");
    }

    pub(crate) fn add(&self) -> Run {
        self.run(&["tenant", "add", "acme"])
    }

    /// What would change. The record is in the cluster, so diff has to be told what was asked for.
    pub(crate) fn diff(&self) -> Run {
        self.run(&[
            "tenant",
            "diff",
            "acme",
            "--image",
            "registry.example/mcp:1",
        ])
    }

    pub(crate) fn remove(&self) -> Run {
        self.run(&["tenant", "remove", "acme", "--yes"])
    }

    /// Makes managed policies; their ARNs.
    pub(crate) fn managed_policies<const N: usize>(&self, names: [&str; N]) -> [String; N] {
        let arns = names.map(policy_arn);
        self.aws.state(|state| {
            for arn in &arns {
                state.add_managed_policy(arn);
            }
        });
        arns
    }

    /// The tenant's role by the name that the tool derives.
    pub(crate) fn role(&self) -> String {
        self.aws.state(|state| {
            let mut roles = state
                .roles
                .values()
                .filter(|role| role.name.starts_with("acme-"));
            roles.next().map(|role| role.name.clone()).expect("a role")
        })
    }

    /// Added and clean: a run again calls nothing that writes.
    pub(crate) fn is_clean(&self) {
        self.aws.heal();
        self.aws.clear_calls();
        let _ = self.add().expect(0).says(&["nothing to do"]);
        let read = |name: &String| {
            ["Describe", "Get", "List"]
                .iter()
                .any(|verb| name.starts_with(verb))
        };
        let calls = self.aws.calls();
        assert!(calls.iter().all(read), "{calls:?}");
        self.aws.state(|state| {
            assert!(
                state.association("prod", NAMESPACE, "mcp-server").is_some(),
                "no association"
            );
        });
    }

    /// What was asked for is what stands.
    pub(crate) fn differs_in_nothing(&self) {
        let run = self.diff().expect(0);
        assert_eq!(run.stdout, "", "{run}");
    }

    pub(crate) fn has_nothing(&self) {
        self.aws.state(|state| {
            assert!(state.roles.is_empty(), "roles: {:?}", state.roles.keys());
            assert!(
                state.associations.is_empty(),
                "associations: {:?}",
                state.associations.keys()
            );
        });
    }

    pub(crate) fn is_clean_after_rerun(&self) {
        let _ = self.add().expect(0);
        self.is_clean();
    }
}
