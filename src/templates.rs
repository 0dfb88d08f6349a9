//! The templates: those that are compiled in, and a folder of the user's own over them.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result, os_reason},
    files,
    render::{Set, Template},
};

/// How the name of a template ends.
const ENDING: &str = ".yaml.j2";

macro_rules! templates {
    ($folder:literal: $($name:literal)*) => {
        &[$(Template {
            name: Cow::Borrowed(concat!($folder, "/", $name)),
            source: Cow::Borrowed(include_str!(concat!("../templates/", $folder, "/", $name))),
        }),*]
    };
}

const TENANT: &[Template] = templates!("tenant":
    "namespace.yaml.j2" "serviceaccount.yaml.j2" "quota.yaml.j2" "networkpolicy.yaml.j2" "role.yaml.j2"
    "association.yaml.j2" "service.yaml.j2" "ingress.yaml.j2" "deployment.yaml.j2" "disruptionbudget.yaml.j2");

const PLATFORM: &[Template] = templates!("platform":
    "namespace.yaml.j2" "ingressclass.yaml.j2" "identity.yaml.j2" "ingress.yaml.j2");

const README: Template = Template {
    name: Cow::Borrowed("README.md"),
    source: Cow::Borrowed(include_str!("../templates/README.md")),
};

/// Both sets.
#[derive(Clone, Debug)]
pub struct Templates {
    /// What one tenant is made of.
    pub tenant: Set,
    /// What a cluster needs once.
    pub platform: Set,
}

impl Templates {
    /// Those that are compiled in.
    pub fn built_in() -> Self {
        Self {
            tenant: Set::new(TENANT.to_vec()),
            platform: Set::new(PLATFORM.to_vec()),
        }
    }

    /// Those that are compiled in, with a folder of the user's own over them: a file in `tenant/` or `platform/` takes
    /// the place of the one of its name, or comes after all others, in the order of names. `shown` is the folder as the
    /// user would type it.
    ///
    /// # Errors
    /// Usage, for a folder or file that cannot be read, and for anything in it that would be left out in silence.
    pub fn read(folder: &Path, shown: &str) -> Result<Self> {
        let (mut tenant, mut platform) = (TENANT.to_vec(), PLATFORM.to_vec());
        let mut found = false;
        for entry in entries(folder, shown)? {
            let set = match entry.name.as_str() {
                "tenant" => &mut tenant,
                "platform" => &mut platform,
                _ => {
                    return Err(Error::usage(format!(
                        "{}: templates lie in tenant/ or platform/",
                        entry.shown
                    ))
                    .detail(LEFT_OUT)
                    .hint(EXPORT));
                }
            };
            found = true;
            for entry in entries(&entry.path, &entry.shown)? {
                lay(set, entry.read()?);
            }
        }
        if found {
            return Ok(Self {
                tenant: Set::new(tenant),
                platform: Set::new(platform),
            });
        }
        Err(Error::usage(format!("{shown} holds neither tenant/ nor platform/")).hint(EXPORT))
    }
}

const LEFT_OUT: &str = "README.md and names that begin with `.` or `_` are left out; nothing else";
const EXPORT: &str = "to see the built-in ones as such a folder: mcpctl template export DIR";

/// What `template export` writes: each path below the folder, with its text.
pub fn exported() -> impl Iterator<Item = Template> {
    TENANT
        .iter()
        .chain(PLATFORM)
        .chain(std::iter::once(&README))
        .cloned()
}

fn lay(set: &mut Vec<Template>, own: Template) {
    match set
        .iter_mut()
        .find(|other| other.file_name() == own.file_name())
    {
        Some(other) => *other = own,
        None => set.push(own),
    }
}

struct Entry {
    name: String,
    path: PathBuf,
    shown: String,
}

/// What lies in a folder, by name, without what is no template by its name.
fn entries(folder: &Path, shown: &str) -> Result<Vec<Entry>> {
    let unreadable = |error: &std::io::Error| {
        Error::usage(format!(
            "cannot read the templates in {shown}: {}",
            os_reason(error)
        ))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(&error))? {
        let path = entry.map_err(|error| unreadable(&error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name != "README.md" && !name.starts_with(['.', '_']) {
            found.push(Entry {
                shown: format!("{}/{name}", shown.trim_end_matches('/')),
                name: name.into_owned(),
                path,
            });
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

impl Entry {
    fn read(self) -> Result<Template> {
        let Self { name, path, shown } = self;
        let refused = |why: &str| Error::usage(format!("{shown}: {why}"));
        let kind = fs::metadata(&path)
            .map_err(|error| refused("cannot be read").detail(os_reason(&error)))?;
        if !kind.is_file() {
            return Err(refused("is not a file; templates lie side by side").detail(LEFT_OUT));
        }
        if !name.ends_with(ENDING) {
            let refused = refused(&format!(
                "is not a template: its name must end with {ENDING}"
            ))
            .detail(LEFT_OUT);
            let stem = [".yml.j2", ".yaml", ".yml", ".j2"]
                .iter()
                .find_map(|ending| name.strip_suffix(ending));
            return Err(match stem {
                Some(stem) => refused.hint(format!("call it {stem}{ENDING}")),
                None => refused,
            });
        }
        Ok(Template {
            source: files::read(&path, &shown, "template")?.into(),
            name: shown.into(),
        })
    }
}
