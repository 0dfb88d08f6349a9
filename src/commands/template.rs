//! `mcpctl template export`

use std::{fs, io, io::Write, path::Path, process::ExitCode};

use crate::{
    cli::Export,
    error::{Error, Kind, Result, os_reason},
    files,
    render::Template,
    session::Context,
    templates::exported,
};

/// Writes the built-in templates; all of them or, where files of their names exist, none.
pub(super) fn export(context: &Context, args: &Export) -> Result<ExitCode> {
    let folder = context.working_directory.join(&args.folder);
    let name = |template: &Template| {
        files::shown(
            &folder.join(template.name.as_ref()),
            &context.working_directory,
        )
    };
    let exists = |template: &Template| folder.join(&*template.name).symlink_metadata().is_ok();
    let existing: Vec<String> = exported()
        .filter(exists)
        .map(|template| name(&template))
        .collect();
    if !existing.is_empty() && !args.force {
        let mut error = Error::usage("these files exist; nothing was written");
        error.details = existing;
        return Err(error.hint("name another folder, or give --force to write over them"));
    }
    for (number, template) in exported().enumerate() {
        write(&folder, &template, args.force).map_err(|error| {
            let kind = if number == 0 {
                Kind::Usage
            } else {
                Kind::Incomplete
            };
            let what = format!("cannot write {}: {}", name(&template), os_reason(&error));
            let mut error = Error::new(kind, what);
            let written = exported().take(number);
            error.stands = written.map(|template| name(&template)).collect();
            error
        })?;
    }
    let folder = files::shown(&folder, &context.working_directory);
    let count = exported().count();
    context.ui.status(&format!(
        "{count} files are in {folder}; to use them, say in mcpctl.yaml: templates: {folder}"
    ));
    Ok(ExitCode::SUCCESS)
}

/// What another program made since it was looked for is not written over.
fn write(folder: &Path, template: &Template, force: bool) -> io::Result<()> {
    let path = folder.join(&*template.name);
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    let mut options = fs::OpenOptions::new();
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut file = options.write(true).open(path)?;
    file.write_all(template.source.as_bytes())
}
