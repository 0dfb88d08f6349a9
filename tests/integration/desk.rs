//! What an offline test gets: an empty directory with settings, and the built binary in a clean environment.

use std::path::{Path, PathBuf};

use crate::world::{POLICY, Run, offline};

/// Settings that a tenant needs nothing besides.
pub(crate) const SETTINGS: &str = "\
cluster: {name: prod, region: eu-west-1, accountId: 012345678901}
domain: mcp.example.com
ingress: {albSubnetCidrs: [10.0.0.0/20]}
iam: {permissionsBoundary: none, policy: policy.json}
defaults: {image: registry.example/mcp:1}
";

/// A directory of a test's own.
pub(crate) struct Desk {
    pub(crate) dir: PathBuf,
}

impl Desk {
    /// A directory that no other test has, with settings and a policy.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("offline-{name}-{}", std::process::id());
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(std::fs::remove_dir_all(&dir));
        std::fs::create_dir_all(&dir).expect("a directory for the test");
        let desk = Self { dir };
        desk.write("mcpctl.yaml", SETTINGS);
        desk.write("policy.json", POLICY);
        desk
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file in the test's directory");
    }

    pub(crate) fn mcpctl(&self, args: &[&str]) -> Run {
        Run::of(&mut offline(&self.dir, args))
    }

    /// The stream of a tenant.
    pub(crate) fn stream(&self, args: &[&str]) -> String {
        let args = [&["tenant", "add", "acme", "--dry-run"], args].concat();
        self.mcpctl(&args).expect(0).stdout
    }

    /// What a command that must be refused says, with nothing on stdout.
    pub(crate) fn refusal(&self, args: &[&str]) -> String {
        let run = self.mcpctl(args).expect(2);
        assert_eq!(run.stdout, "", "{run}");
        let dir = format!("{}/", self.dir.display());
        run.stderr.replace(&dir, "[DIR]/")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(std::fs::remove_dir_all(&self.dir));
        }
    }
}
