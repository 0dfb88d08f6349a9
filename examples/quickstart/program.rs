//! Building and running programs.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::{Context as _, Result, ensure};

/// Runs to the end and gives the exit code; both streams through one pipe, so that their lines keep their order.
pub(crate) fn run(mut command: Command, show: impl Fn(&str)) -> Result<(i32, String)> {
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    // The command holds the pipe open: without this, the lines would never end.
    drop(command);
    let mut text = String::new();
    for line in BufReader::new(reader).lines() {
        let line = line?;
        show(&line);
        text.push_str(&line);
        text.push('\n');
    }
    Ok((child.wait()?.code().unwrap_or(-1), text))
}

/// The mcpctl next to this example, built now where it is missing or older than its sources.
pub(crate) fn build() -> Result<PathBuf> {
    let example = std::env::current_exe()?;
    let place = "the example does not lie in <target>/<profile>/examples";
    let directory = example.ancestors().nth(2).context(place)?;
    let mcpctl = directory.join("mcpctl");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = fs::metadata(&mcpctl).and_then(|file| file.modified()).ok();
    let sources = ["src", "templates", "Cargo.lock"];
    if built.is_some() && sources.iter().all(|name| newest(&root.join(name)) <= built) {
        return Ok(mcpctl);
    }
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(profile) => profile,
    };
    let name = example.file_name().context(place)?;
    // With the example named, too, the dependencies are those that are built already, of the same features.
    let status = Command::new(env!("CARGO"))
        .args("build --quiet --locked --bin mcpctl --example".split(' '))
        .arg(name)
        .args(["--profile", profile, "--target-dir"])
        .arg(directory.parent().context(place)?)
        .current_dir(root)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "mcpctl does not build");
    Ok(mcpctl)
}

/// When the file, or the last one in the directory, was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let inside = entries.map(|entry| newest(&entry.path()));
    let own = fs::metadata(path).ok()?.modified().ok();
    inside.chain([own]).flatten().max()
}
