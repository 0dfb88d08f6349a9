//! The programs of the control plane: found, or built from their Go modules.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::files::{Lock, digest};
use crate::process::guarded;
use crate::progress::Progress;
use crate::python;

const PROGRAMS: [&str; 6] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
    "kwok",
];

const GO_MOD: &str = include_str!("../go/go.mod");
const GO_SUM: &str = include_str!("../go/go.sum");

/// Clients parse `/version`, which a plain `go build` leaves empty.
const LD_FLAGS: &str = "-s -w \
    -X k8s.io/component-base/version.gitVersion=v1.36.3 \
    -X k8s.io/component-base/version.gitMajor=1 \
    -X k8s.io/component-base/version.gitMinor=36 \
    -X k8s.io/component-base/version.gitTreeState=clean \
    -X k8s.io/component-base/version.gitCommit=0000000000000000000000000000000000000000 \
    -X k8s.io/component-base/version.buildDate=1970-01-01T00:00:00Z";

/// The directory of the programs: named by the environment, or cached, or built now.
pub(crate) fn find_or_build(cache: &Path, progress: Progress) -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("MCPCTL_SANDBOX_BIN") {
        let dir = PathBuf::from(dir);
        let missing = missing(&dir);
        ensure!(
            missing.is_empty(),
            "MCPCTL_SANDBOX_BIN={} has no {}",
            dir.display(),
            missing.join(", ")
        );
        return Ok(dir);
    }
    // What `setup-envtest` installs has no controller manager, so this serves only who put the rest there.
    if let Some(dir) = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from)
        && missing(&dir).is_empty()
    {
        return Ok(dir);
    }
    let platform = [std::env::consts::OS, std::env::consts::ARCH].join("-");
    let dir = cache.join(format!(
        "bin-{}",
        digest(&[GO_MOD, GO_SUM, LD_FLAGS, &platform])
    ));
    if missing(&dir).is_empty() {
        return Ok(dir);
    }
    let _lock = Lock::acquire(&cache.join("bin.lock"), || {
        progress.say("waiting for another process that builds the Kubernetes control plane");
    })?;
    if !missing(&dir).is_empty() {
        build(cache, &dir, progress)?;
    }
    Ok(dir)
}

fn missing(dir: &Path) -> Vec<&'static str> {
    PROGRAMS
        .into_iter()
        .filter(|name| !dir.join(name).is_file())
        .collect()
}

/// Builds into a directory beside `dir` and renames, so that `dir` is whole or absent.
fn build(cache: &Path, dir: &Path, progress: Progress) -> Result<()> {
    let go = go(cache, progress)?;
    progress
        .say("building the Kubernetes control plane from source, once: about 4 minutes on 2 cores");
    let unfinished = dir.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    let log = cache.join("go-build.log");
    let command = guarded(&go)
        .args([
            "build",
            "-mod=readonly",
            "-buildvcs=false",
            "-trimpath",
            "-ldflags",
            LD_FLAGS,
            "-o",
        ])
        .arg(&unfinished)
        .arg("tool")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go"))
        .envs([("CGO_ENABLED", "0"), ("GOFLAGS", ""), ("GOWORK", "off")])
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .spawn()
        .context("cannot start go")?;
    wait(command, &log, progress)?;
    // The path of etcd's main package ends in `server/v3`, and go names a program after that.
    fs::rename(unfinished.join("server"), unfinished.join("etcd"))?;
    let missing = missing(&unfinished);
    ensure!(
        missing.is_empty(),
        "go build made no {}",
        missing.join(", ")
    );
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::rename(&unfinished, dir).with_context(|| format!("cannot create {}", dir.display()))
}

fn wait(mut build: Child, log: &Path, progress: Progress) -> Result<()> {
    let start = Instant::now();
    let mut told = 0;
    loop {
        if let Some(status) = build.try_wait()? {
            if status.success() {
                return Ok(());
            }
            let text = fs::read_to_string(log).unwrap_or_default();
            bail!("building the Kubernetes control plane failed ({status}):\n{text}");
        }
        let minutes = start.elapsed().as_secs() / 60;
        if minutes > told {
            told = minutes;
            progress.say(&format!(
                "still building the Kubernetes control plane ({minutes} min)"
            ));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn go(cache: &Path, progress: Progress) -> Result<PathBuf> {
    if Command::new("go")
        .arg("version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return Ok(PathBuf::from("go"));
    }
    let install = "install Go 1.26 or newer, or Python 3.10 or newer, or point MCPCTL_SANDBOX_BIN at the programs";
    python::GO
        .install(cache, progress)
        .and_then(|environment| python::go_program(&environment))
        .with_context(|| format!("the control plane must be built and there is no Go: {install}"))
}
