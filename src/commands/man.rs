//! `mcpctl man [DIR]`

use std::{fs, io, path::Path, process::ExitCode};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::{
    cli::Cli,
    error::{Error, Result, os_reason},
    session::Context,
};

pub(super) fn run(context: &Context, directory: Option<&Path>) -> Result<ExitCode> {
    let mut pages = Vec::new();
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    render(command, &mut pages)?;
    match directory {
        Some(directory) => write(context, &pages, directory)?,
        None => context.ui.data(&pages[0].text)?,
    }
    Ok(ExitCode::SUCCESS)
}

struct Page {
    file: String,
    text: String,
}

/// The page of a command, then those of its verbs.
fn render(command: Command, pages: &mut Vec<Page>) -> io::Result<()> {
    let verbs: Vec<Command> = command.get_subcommands().cloned().collect();
    let man = Man::new(command)
        .source(concat!("mcpctl ", env!("CARGO_PKG_VERSION")))
        .manual("mcpctl");
    let mut text = Vec::new();
    man.render(&mut text)?;
    pages.push(Page {
        file: man.get_filename(),
        text: String::from_utf8_lossy(&text).into_owned(),
    });
    verbs.into_iter().try_for_each(|verb| render(verb, pages))
}

fn write(context: &Context, pages: &[Page], directory: &Path) -> Result<()> {
    let path = context.working_directory.join(directory);
    let failed = |what: String, error: io::Error| {
        Error::usage(format!("cannot write {what}: {}", os_reason(&error)))
    };
    fs::create_dir_all(&path)
        .map_err(|error| failed(format!("into {}", directory.display()), error))?;
    for page in pages {
        let shown = directory.join(&page.file).display().to_string();
        fs::write(path.join(&page.file), &page.text).map_err(|error| failed(shown, error))?;
    }
    let written = format!("{} pages in {}", pages.len(), directory.display());
    context.ui.status(&written);
    Ok(())
}
