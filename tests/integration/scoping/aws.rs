//! An AWS in which tenants are kept apart in one way or another, with settings and a tenant file that say which.

use std::path::PathBuf;

use mcpctl_sandbox::strict_aws::StrictAws;
use serde_json::Value;

use super::SHARED;
use crate::{
    strict::Strict,
    world::{Run, offline},
};

/// The AWS half alone, on the strict double, since the emulator does not take policies off associations.
pub(super) struct Aws {
    pub(super) strict: StrictAws,
    pub(super) dir: PathBuf,
}

impl Aws {
    pub(super) fn new(name: &str) -> Self {
        let Strict { aws: strict, dir } = Strict::new(&format!("scoping-{name}"));
        let aws = Self { strict, dir };
        aws.dedicated();
        aws
    }

    pub(super) fn settings(&self, iam: &str) {
        let text = format!(
            "cluster: {{name: prod, region: eu-west-1}}\ndomain: example.com\ningress: {{albSubnetCidrs: [10.0.0.0/20]}}\n\
             iam: {{policy: policy.json, {iam}}}\ndefaults: {{image: registry.example/mcp:1}}\n"
        );
        std::fs::write(self.dir.join("mcpctl.yaml"), text).expect("settings");
    }

    pub(super) fn dedicated(&self) {
        self.settings("permissionsBoundary: none");
    }

    pub(super) fn shared(&self) {
        self.settings(&format!("scoping: session-policy, sharedRole: '{SHARED}'"));
    }

    pub(super) fn share(&self, trust: &Value) {
        self.strict.state(|state| {
            state.roles.remove("shared");
            state.add_role("/mcp/", "shared", &trust.to_string());
        });
    }

    pub(super) fn run(&self, args: &[&str]) -> Run {
        let mut command = offline(&self.dir, args);
        command.envs(self.strict.env()).args(["--only", "aws"]);
        Run::of(&mut command)
    }

    pub(super) fn association(&self) -> Value {
        self.strict.state(|state| {
            let found = state.association("prod", "mcp-acme", "mcp-server");
            serde_json::to_value(found.expect("an association")).expect("JSON")
        })
    }

    pub(super) fn own_roles(&self) -> Vec<String> {
        self.strict.state(|state| {
            let names = state.roles.values().map(|role| role.name.clone());
            names.filter(|name| name.starts_with("acme-")).collect()
        })
    }

    pub(super) fn is_clean(&self) {
        let _ = self
            .run(&["tenant", "diff", "acme", "-f", "tenant.yaml"])
            .expect(0);
        let _ = self
            .run(&["tenant", "add", "acme", "-f", "tenant.yaml"])
            .expect(0)
            .says(&["nothing to do"]);
    }

    pub(super) fn tenant(&self, identity: &str) {
        let text = format!(
            "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {{name: acme}}\nspec: {{identity: {identity}}}\n"
        );
        std::fs::write(self.dir.join("tenant.yaml"), text).expect("a tenant file");
    }

    pub(super) fn add(&self) -> Run {
        self.run(&["tenant", "add", "acme", "-f", "tenant.yaml"])
    }
}
