//! What each test gets: the shared sandbox, an own cluster name, user and access key, an empty directory, and the
//! built binary in a clean environment.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use mcpctl_sandbox::{AuditEvent, AwsCall, Options, Sandbox};

mod aws;

/// A policy that names its tenant, as all of them should.
pub(crate) const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Data", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::data-{{ tenant.name }}/*"}
  ]
}"#;

/// The sandbox that tests share, with the platform applied.
pub(crate) fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let sandbox = Sandbox::start(&Options::default()).expect("the sandbox starts");
        let world = World::in_sandbox(&sandbox, "platform-of-all");
        world.mcpctl(&["platform", "apply"]).expect(0);
        drop(world);
        sandbox
    })
}

/// One test's surroundings. Everything of it is named after the test, so that tests run side by side.
pub(crate) struct World<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) dir: PathBuf,
    pub(crate) cluster: String,
    pub(crate) user: String,
    pub(crate) access_key: String,
    pub(crate) kubeconfig: PathBuf,
}

impl World<'static> {
    /// Surroundings in the shared sandbox. `name` must be a DNS label that no other test uses.
    pub(crate) fn new(name: &str) -> Self {
        Self::in_sandbox(sandbox(), name)
    }
}

impl<'a> World<'a> {
    /// Surroundings in a sandbox of the test's own.
    pub(crate) fn in_sandbox(sandbox: &'a Sandbox, name: &str) -> Self {
        let dir =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&dir));
        std::fs::create_dir_all(&dir).expect("a directory for the test");
        let (cluster, user) = (name.to_string(), format!("user-{name}"));
        sandbox.cluster(&cluster).expect("an EKS cluster");
        let kubeconfig = sandbox
            .kubeconfig_for_cluster(&cluster, &user, &["system:masters"])
            .expect("a kubeconfig");
        let world = Self {
            sandbox,
            dir,
            user,
            access_key: format!("KEY-{name}").to_uppercase(),
            kubeconfig,
            cluster,
        };
        world.write("policy.json", POLICY);
        world.write(
            "mcpctl.yaml",
            &format!(
                "cluster: {{name: {name}, region: eu-west-1}}\n\
                 domain: {name}.example.com\n\
                 ingress: {{albSubnetCidrs: [10.0.0.0/20], maxPerGroup: 1000}}\n\
                 iam: {{permissionsBoundary: none, policy: policy.json}}\n\
                 identity: {{settleSeconds: 0}}\n\
                 defaults: {{image: registry.example/mcp:1}}\n"
            ),
        );
        world
    }

    /// Writes a file into the test's directory.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a directory");
        }
        std::fs::write(&path, text).expect("a file in the test's directory");
        path
    }

    /// Replaces a text in the settings file.
    pub(crate) fn settings(&self, from: &str, to: &str) {
        let path = self.dir.join("mcpctl.yaml");
        let text = std::fs::read_to_string(&path).expect("settings");
        assert!(text.contains(from), "the settings hold {from}");
        std::fs::write(&path, text.replace(from, to)).expect("settings");
    }

    /// The binary in this test's directory, with nothing from the caller's environment but `PATH`.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = offline(&self.dir, args);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            .envs(self.sandbox.aws_env(&self.access_key));
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn mcpctl(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }

    /// Starts the binary and leaves it running.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("mcpctl starts")
    }

    /// Runs kubectl as the cluster's administrator; its stdout.
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let run = Run::of(self.sandbox.kubectl().args(args));
        assert_eq!(run.code, 0, "kubectl {args:?}: {run}");
        run.stdout
    }

    /// What mcpctl asked the API server for in this test.
    pub(crate) fn audit(&self) -> Vec<AuditEvent> {
        self.sandbox.audit(&self.user).expect("the audit log")
    }

    /// What mcpctl asked AWS for in this test.
    pub(crate) fn aws_calls(&self) -> Vec<AwsCall> {
        self.sandbox.aws_calls(&self.access_key)
    }
}

/// The binary in a directory, without a cluster, without AWS credentials and without a home.
#[expect(
    clippy::disallowed_methods,
    reason = "the caller's PATH is all that a test takes over"
)]
pub(crate) fn offline(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpctl"));
    command
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

/// How a process ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the command starts");
        Self::from_output(output)
    }

    /// Waits for a process that was started.
    pub(crate) fn at_end_of(child: Child) -> Self {
        Self::from_output(child.wait_with_output().expect("an end"))
    }

    fn from_output(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }

    /// Asserts the exit code, showing everything if it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Asserts that stderr holds each text.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "stderr does not say `{text}`:\n{self}"
            );
        }
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "exit {}\n--- stdout\n{}--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}
