//! Files that the user names.

use std::{fs::File, io::Read, path::Path};

use crate::error::{Error, Result, os_reason};

/// Bytes of a file that are read: more is a mistake, such as a device or an archive.
const LONGEST_FILE: u64 = 1 << 20;
/// Reads a text file that the user named, `shown` as they would type it. Of at most 1 MiB.
///
/// # Errors
/// Usage, with the path.
pub fn read(path: &Path, shown: &str, what: &str) -> Result<String> {
    let failed = |why: &str| Error::usage(format!("cannot read {what} {shown}: {why}"));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| failed(&os_reason(&error)))?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(failed("it is longer than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8 text"))
}

/// The path as the user would type it.
pub fn shown(path: &Path, working_directory: &Path) -> String {
    path.strip_prefix(working_directory)
        .unwrap_or(path)
        .display()
        .to_string()
}
