//! What may lie in the folder of templates.

use std::os::unix::fs::symlink;

use super::{CONFIG_MAP, desk, kinds};

const ADD: [&str; 4] = ["tenant", "add", "acme", "--dry-run"];

#[test]
fn notes_hidden_files_and_parts_are_left_out() {
    let desk = desk("left-out");
    desk.write("templates/tenant/own.yaml.j2", CONFIG_MAP);
    for name in ["README.md", ".gitkeep", "_old.yaml.j2"] {
        desk.write(&format!("templates/{name}"), "{{ broken");
        desk.write(&format!("templates/tenant/{name}"), "{{ broken");
    }
    assert!(kinds(&desk.stream(&[])).contains(&"ConfigMap"));
}

#[test]
fn a_file_that_would_be_left_out_in_silence_is_refused() {
    let desk = desk("silence");
    let refusal = |name: &str| {
        desk.write(name, CONFIG_MAP);
        let told = desk.refusal(&ADD);
        std::fs::remove_file(desk.dir.join(name)).expect("the file");
        told
    };
    insta::assert_snapshot!(refusal("templates/tenant/own.yaml"), @"
    error: templates/tenant/own.yaml: is not a template: its name must end with .yaml.j2
      README.md and names that begin with `.` or `_` are left out; nothing else
      hint: call it own.yaml.j2
    ");
    insta::assert_snapshot!(refusal("templates/tenant/own.yml.j2"), @"
    error: templates/tenant/own.yml.j2: is not a template: its name must end with .yaml.j2
      README.md and names that begin with `.` or `_` are left out; nothing else
      hint: call it own.yaml.j2
    ");
    insta::assert_snapshot!(refusal("templates/tenant/notes.txt"), @"
    error: templates/tenant/notes.txt: is not a template: its name must end with .yaml.j2
      README.md and names that begin with `.` or `_` are left out; nothing else
    ");
    insta::assert_snapshot!(refusal("templates/own.yaml.j2"), @"
    error: templates/own.yaml.j2: templates lie in tenant/ or platform/
      README.md and names that begin with `.` or `_` are left out; nothing else
      hint: to see the built-in ones as such a folder: mcpctl template export DIR
    ");
    insta::assert_snapshot!(refusal("templates/tenants/own.yaml.j2"), @"
    error: templates/tenants: templates lie in tenant/ or platform/
      README.md and names that begin with `.` or `_` are left out; nothing else
      hint: to see the built-in ones as such a folder: mcpctl template export DIR
    ");
}

#[test]
fn a_folder_or_file_that_cannot_be_read() {
    let desk = desk("unreadable");
    insta::assert_snapshot!(desk.refusal(&ADD), @"error: cannot read the templates in templates: No such file or directory");
    std::fs::create_dir(desk.dir.join("templates")).expect("a folder");
    insta::assert_snapshot!(desk.refusal(&ADD), @"
    error: templates holds neither tenant/ nor platform/
      hint: to see the built-in ones as such a folder: mcpctl template export DIR
    ");
    let file = desk.dir.join("templates/tenant/own.yaml.j2");
    desk.write("templates/tenant/own.yaml.j2", "");
    std::fs::write(&file, b"name: \xff\n").expect("the file");
    insta::assert_snapshot!(desk.refusal(&ADD), @"error: cannot read template templates/tenant/own.yaml.j2: it is not UTF-8 text");
    std::fs::remove_file(&file).expect("the file");
    symlink("own.yaml.j2", &file).expect("a link to itself");
    insta::assert_snapshot!(desk.refusal(&ADD), @"
    error: templates/tenant/own.yaml.j2: cannot be read
      Too many levels of symbolic links
    ");
    std::fs::remove_file(&file).expect("the link");
    std::fs::create_dir(&file).expect("a folder in its place");
    insta::assert_snapshot!(desk.refusal(&ADD), @"
    error: templates/tenant/own.yaml.j2: is not a file; templates lie side by side
      README.md and names that begin with `.` or `_` are left out; nothing else
    ");
    std::fs::remove_dir(&file).expect("the folder");
    std::fs::write(desk.dir.join("elsewhere"), CONFIG_MAP).expect("a file");
    symlink("../../elsewhere", &file).expect("a link");
    assert!(kinds(&desk.stream(&[])).contains(&"ConfigMap"));
}

#[test]
fn the_folder_is_relative_to_the_settings() {
    let desk = desk("relative");
    desk.write("templates/tenant/own.yaml.j2", "apiVersion: {{ nosuch }}\n");
    desk.write("below/here", "");
    let mut command = crate::world::offline(&desk.dir.join("below"), &ADD);
    let run = crate::world::Run::of(&mut command).expect(2);
    assert!(
        run.stderr
            .contains("/templates/tenant/own.yaml.j2:1: undefined value"),
        "{run}"
    );
}
