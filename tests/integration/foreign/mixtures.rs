//! Every mixture of what is absent, ours, nobody's and another tenant's, of namespace, role and association: what is
//! not ours is named and left as it is.

use std::thread;

use serde_json::{Value, json};

use crate::world::World;

/// Whose one of the three is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Absent,
    Ours,
    Nobodys,
    Anothers,
}

use Whose::{Absent, Anothers, Nobodys, Ours};

const ALL: [Whose; 4] = [Absent, Ours, Nobodys, Anothers];

impl Whose {
    fn letter(self) -> &'static str {
        match self {
            Absent => "a",
            Ours => "o",
            Nobodys => "n",
            Anothers => "t",
        }
    }

    fn is_foreign(self) -> bool {
        matches!(self, Nobodys | Anothers)
    }
}

/// One mixture, with a tenant of its own.
struct Mixture<'a> {
    world: &'a World<'static>,
    tenant: String,
    namespace: Whose,
    role: Whose,
    association: Whose,
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// What pods there are is another matter.
const WITHOUT_PODS: [&str; 6] = [
    "--set",
    "replicas=0",
    "--wait",
    "applied",
    "--identity-gate",
    "off",
];

impl Mixture<'_> {
    fn place(&self) -> String {
        format!("mcp-{}", self.tenant)
    }

    fn all(&self) -> [Whose; 3] {
        [self.namespace, self.role, self.association]
    }

    fn has(&self, whose: Whose) -> bool {
        self.all().contains(&whose)
    }

    fn is_foreign(&self) -> bool {
        self.all().into_iter().any(Whose::is_foreign)
    }

    fn run(&self, verb: &str, flags: &[&str]) -> crate::world::Run {
        let args = [&["tenant", verb, self.tenant.as_str()], flags].concat();
        self.world.mcpctl(&args)
    }

    fn iam(&self, call: &[(&str, &str)]) -> String {
        self.world.sandbox.aws_iam(call).expect("IAM answers")
    }

    fn eks(&self, method: &str, id: &str, body: Option<Value>) -> Value {
        let path = format!(
            "/clusters/{}/pod-identity-associations{id}",
            self.world.cluster
        );
        self.world
            .sandbox
            .aws_eks(method, &path, body)
            .expect("EKS answers")
    }

    /// The role's name, as a dry run tells it.
    fn role_name(&self) -> String {
        let dry = self
            .run("add", &["--dry-run", "--only", "aws"])
            .expect(0)
            .stdout;
        let own = format!("  name: {}-", self.tenant);
        let line = dry.lines().find(|line| line.starts_with(&own));
        line.expect("the role's name")
            .trim_start_matches("  name: ")
            .to_string()
    }

    /// Brings the mixture about.
    fn make(&self) {
        let place = self.place();
        match self.namespace {
            Absent => {}
            Ours => {
                let flags = [&["--only", "kubernetes"], &WITHOUT_PODS[..]].concat();
                let _ = self.run("add", &flags).expect(0);
            }
            Nobodys | Anothers => {
                self.world.kubectl(&["create", "namespace", &place]);
                self.world
                    .kubectl(&["label", "namespace", &place, "team=shop"]);
            }
        }
        if self.namespace == Anothers {
            self.world
                .kubectl(&["label", "namespace", &place, "mcpctl.dev/tenant=somebody"]);
        }
        self.make_ours();
        self.make_theirs();
    }

    /// Role and association as mcpctl makes them, less what is not to be ours.
    fn make_ours(&self) {
        if self.role == Ours || self.association == Ours {
            let _ = self.run("add", &["--only", "aws"]).expect(0);
        }
        let name = self.role_name();
        if self.role != Ours && self.association == Ours {
            let policy = [
                ("Action", "DeleteRolePolicy"),
                ("RoleName", &name),
                ("PolicyName", "mcpctl"),
            ];
            self.iam(&policy);
            self.iam(&[("Action", "DeleteRole"), ("RoleName", &name)]);
        }
        if self.association != Ours && self.role == Ours {
            let id = self.association().expect("made with the role");
            self.eks(
                "DELETE",
                &format!("/{}", id["associationId"].as_str().expect("an id")),
                None,
            );
        }
    }

    fn make_theirs(&self) {
        let (place, name) = (self.place(), self.role_name());
        if self.role.is_foreign() {
            let path = format!("/mcpctl/{}/", self.world.cluster);
            self.iam(&[
                ("Action", "CreateRole"),
                ("RoleName", &name),
                ("Path", &path),
                ("AssumeRolePolicyDocument", TRUST),
                (
                    "Tags.member.1.Key",
                    if self.role == Anothers {
                        "mcpctl.dev/tenant"
                    } else {
                        "team"
                    },
                ),
                ("Tags.member.1.Value", "somebody"),
            ]);
        }
        if self.association.is_foreign() {
            let key = if self.association == Anothers {
                "mcpctl.dev/tenant"
            } else {
                "team"
            };
            let body = json!({"namespace": place, "serviceAccount": "mcp-server",
                "roleArn": "arn:aws:iam::111122223333:role/theirs", "tags": {key: "somebody"}});
            self.eks("POST", "", Some(body));
        }
    }

    fn association(&self) -> Option<Value> {
        let list = self.eks("GET", "", None);
        let found = list["associations"].as_array().into_iter().flatten();
        let mut own = found.filter(|one| one["namespace"] == self.place());
        let id = own.next()?["associationId"].as_str().map(str::to_string);
        Some(self.eks("GET", &format!("/{}", id?), None)["association"].clone())
    }

    /// What is foreign of the three, to the letter.
    fn foreign(&self) -> String {
        let mut text = String::new();
        if self.namespace.is_foreign() {
            let template = "jsonpath={.metadata.labels}{.metadata.annotations}";
            text += &self
                .world
                .kubectl(&["get", "namespace", &self.place(), "-o", template]);
            let inside = [
                "-n",
                &self.place(),
                "get",
                "all,sa,ingress,quota,leases",
                "-o",
                "name",
            ];
            text += &self.world.kubectl(&inside);
        }
        if self.role.is_foreign() {
            let name = self.role_name();
            for action in ["GetRole", "ListRolePolicies", "ListAttachedRolePolicies"] {
                let answer = self.iam(&[("Action", action), ("RoleName", &name)]);
                text += answer
                    .split("<ResponseMetadata>")
                    .next()
                    .unwrap_or_default();
            }
        }
        if self.association.is_foreign() {
            text += &self.association().expect("theirs").to_string();
        }
        text
    }

    /// How messages name what is foreign.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let tenant = &self.tenant;
        if self.namespace.is_foreign() {
            names.push(format!("Namespace {}: ", self.place()));
        }
        if self.role.is_foreign() {
            names.push(format!("Role {tenant}: exists"));
        }
        if self.association.is_foreign() {
            names.push(format!("PodIdentityAssociation {tenant}: exists"));
        }
        names
    }

    /// Refused with everything foreign named.
    fn refused(&self, verb: &str, flags: &[&str]) {
        let names = self.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let _ = self.run(verb, flags).expect(3).says(&names);
    }

    fn carry_out(&self) {
        self.make();
        let before = self.foreign();
        let spec = ["--set", "replicas=1"];
        if !self.is_foreign() {
            let _ = self.run("diff", &spec).expect(1);
            let known = self.has(Ours);
            let shown = self.run("remove", &["--dry-run"]).expect(0);
            assert_eq!(shown.stdout.contains("to delete"), known, "{shown}");
            return;
        }
        self.refused("diff", &spec);
        self.refused("remove", &["--yes"]);
        self.refused("add", &[]);
        assert_eq!(self.foreign(), before, "something foreign was changed");
        if self.has(Anothers) {
            // Not even what is nobody's is taken over where the rest cannot be.
            let _ = self
                .run("add", &["--adopt"])
                .expect(3)
                .says(&["belongs to tenant somebody"]);
            assert_eq!(self.foreign(), before, "something foreign was changed");
            return;
        }
        let adopt = [&["--adopt"], &WITHOUT_PODS[..]].concat();
        let added = self.run("add", &adopt).expect(0);
        let taken = self
            .all()
            .into_iter()
            .filter(|whose| whose.is_foreign())
            .count();
        assert_eq!(
            added.stderr.matches("(taken over)").count(),
            taken,
            "{added}"
        );
        let _ = self.run("diff", &[]).expect(0);
    }
}

#[test]
fn every_mixture_is_named_and_left_alone() {
    let world = World::new("mixtures");
    let mut mixtures = Vec::new();
    for namespace in ALL {
        for role in ALL {
            for association in ALL {
                // A failure names the mixture.
                let letters = [namespace, role, association].map(Whose::letter);
                let tenant = format!("mix-{}", letters.concat());
                mixtures.push(Mixture {
                    world: &world,
                    tenant,
                    namespace,
                    role,
                    association,
                });
            }
        }
    }
    thread::scope(|scope| {
        for part in mixtures.chunks(16) {
            scope.spawn(move || {
                for mixture in part {
                    mixture.carry_out();
                }
            });
        }
    });
}
