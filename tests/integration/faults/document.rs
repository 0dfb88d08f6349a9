//! `docs/faults.md`, out of the very rows that are carried out.

use std::{fmt::Write, path::Path};

use super::{
    calls::{CALLS, DENIED, THROTTLED, Work},
    fault::{Fault, Source},
};

/// Groups of rows, under their headings.
pub(super) fn document(groups: &[(&str, &[Fault])]) -> String {
    let mut text = String::from(INTRODUCTION);
    for (heading, rows) in groups {
        _ = write!(text, "\n## {heading}\n\n{HEAD}");
        for row in *rows {
            text += &line(row);
        }
    }
    let (throttled, denied) = (link(THROTTLED), link(DENIED));
    _ = write!(
        text,
        "\n## Any call\n\n\
         - Throttled ({throttled}): the call is made again, after longer and longer pauses, for about half a minute. What\n  \
           goes on longer ends the command as a refusal does.\n\
         - Its answer is lost: what it did is found out, and nothing is done twice.\n\
         - Not allowed ({denied}): the error names the call, what it is about and AWS's answer, and what stands. Once it is\n  \
           allowed, the same command completes. Right after a role or association got its tags it is tried again for six\n  \
           seconds first, since the caller's policy may ask for them ([permissions.md](permissions.md)).\n\n\
         | call | of | exit where it is not allowed | what is as it was asked for then |\n|---|---|---|---|\n",
    );
    for call in CALLS {
        let of = match call.work {
            Work::Add => "`add`",
            Work::Repair => {
                "`add`, of a tenant that was changed by hand and asks for a managed policy less"
            }
            Work::Unbound => "`add`, where no boundary is wanted any more",
            Work::Remove => "`remove`",
        };
        _ = writeln!(
            text,
            "| `{}` | {of} | {} | {} |",
            call.operation, call.code, call.stands
        );
    }
    text
}

const INTRODUCTION: &str = "\
# When AWS does not do as it is told

What `mcpctl tenant` says and does where IAM or EKS refuses, delays or changes something. Each row is carried out by
the tests, on a double of both that keeps to what AWS documents, with `--only aws`; this page is printed from the list
that they go through. In all rows the same command, given again once the fault is gone, completes, and `mcpctl tenant
diff` then finds nothing. Exit codes are those of the [README](../README.md).
";

const HEAD: &str = "\
| what happens | what AWS does | command | exit | what you see | what stands | the same command, once the fault is gone |
|---|---|---|---|---|---|---|
";

fn line(row: &Fault) -> String {
    let quoted: Vec<String> = [row.first]
        .iter()
        .chain(row.says)
        .map(|said| format!("`{}`", said.replace('`', "'")))
        .collect();
    format!(
        "| {} | {} ({}) | `{}` | {} | {} | {} | {} |\n",
        row.name,
        row.aws,
        link(row.source),
        row.command,
        row.code,
        quoted.join("; "),
        row.stands,
        row.again,
    )
}

fn link((title, address): Source) -> String {
    format!("[{title}]({address})")
}

/// Compares a page with what it is printed from; writes it anew where `UPDATE_DOCS` is set.
pub(super) fn compare(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if option_env_is_set("UPDATE_DOCS") {
        std::fs::write(&path, text).expect("the page");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{page} is not what the tests carry out; UPDATE_DOCS=1 cargo test --test integration faults writes it"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a page is written where the caller asks for it"
)]
fn option_env_is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}
