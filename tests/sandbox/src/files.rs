//! Where the sandbox keeps its files, all under the workspace's `target` directory: caches that live on, and one
//! directory for each run that goes with it.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// `target/sandbox`; the target directory is the workspace's unless `CARGO_TARGET_DIR` names another.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => std::path::absolute(dir)?,
        _ => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
    };
    let dir = target.join("sandbox");
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    dir.canonicalize()
        .with_context(|| format!("cannot resolve {}", dir.display()))
}

/// The first 16 hexadecimal digits of the SHA-256 of `parts`: enough to name a cache by what went into it.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize()
        .iter()
        .take(8)
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// An exclusive lock between processes, held until dropped; the operating system frees it when its holder dies.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock; `waiting` is called once if somebody else holds it.
    pub(crate) fn acquire(path: &Path, waiting: impl FnOnce()) -> Result<Self> {
        let file = lock_file(path)?;
        if file.try_lock().is_err() {
            waiting();
            file.lock()
                .with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Ok(Self { _file: file })
    }

    fn try_acquire(path: &Path) -> Result<Option<Self>> {
        let file = lock_file(path)?;
        Ok(file.try_lock().is_ok().then_some(Self { _file: file }))
    }
}

fn lock_file(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The directory of one run: data of etcd, keys, kubeconfigs, logs.
///
/// Removed when dropped. A run whose process was killed leaves its directory behind; the next run removes it, which
/// it tells from a live one by the lock that the live one holds.
pub(crate) struct RunDir {
    path: PathBuf,
    _alive: Lock,
}

const ALIVE: &str = "alive.lock";

impl RunDir {
    pub(crate) fn create(cache: &Path) -> Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let _between_runs = Lock::acquire(&cache.join("runs.lock"), || ())?;
        sweep(cache);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = cache.join(format!("run-{}-{number}", process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        let alive = Lock::acquire(&path.join(ALIVE), || ())?;
        Ok(Self {
            path,
            _alive: alive,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether run directories are kept for reading logs: `MCPCTL_SANDBOX_KEEP` is set.
    pub(crate) fn kept() -> bool {
        std::env::var_os("MCPCTL_SANDBOX_KEEP").is_some()
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if !Self::kept() {
            // Whatever cannot be removed now, the next run removes.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes the directories of runs whose process is gone. Called under the lock between runs.
fn sweep(cache: &Path) {
    if RunDir::kept() {
        return;
    }
    let Ok(entries) = fs::read_dir(cache) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_run = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("run-"));
        if is_run && let Ok(Some(_dead)) = Lock::try_acquire(&path.join(ALIVE)) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}
