//! Arguments that nobody means, and some that look so.

use super::DRY_RUN;
use crate::desk::Desk;

#[test]
fn names_that_look_like_flags_or_like_nothing() {
    let desk = Desk::new("odd-names");
    for verb in ["add", "diff", "remove"] {
        let said = desk.refusal(&["tenant", verb, "-x"]);
        assert!(said.contains("unexpected argument '-x'"), "{verb}: {said}");
        let said = desk.refusal(&["tenant", verb, "--", "-x"]);
        assert!(
            said.contains("tenant name `-x` starts with `-`"),
            "{verb}: {said}"
        );
        let said = desk.refusal(&["tenant", verb, ""]);
        assert!(said.contains("tenant name `` is empty"), "{verb}: {said}");
        let said = desk.refusal(&["tenant", verb, "--", "--"]);
        assert!(
            said.contains("tenant name `--` starts with `-`"),
            "{verb}: {said}"
        );
    }
    for verb in ["add", "remove"] {
        let said = desk.refusal(&["tenant", verb, "--"]);
        assert!(said.contains("<NAME>"), "{verb}: {said}");
    }
    assert!(
        desk.refusal(&["tenant", "diff", "--"])
            .contains("which tenant?")
    );
}

#[test]
fn what_follows_two_dashes_is_no_flag() {
    let desk = Desk::new("dashes");
    let stream = desk.stream(&[]);
    let run = desk
        .mcpctl(&["tenant", "add", "--dry-run", "--", "acme"])
        .expect(0);
    assert_eq!(run.stdout, stream);
    let said = desk.refusal(&[&DRY_RUN[..], &["--", "--image"]].concat());
    assert!(said.contains("unexpected argument '--image'"), "{said}");
}

#[test]
fn times() {
    let desk = Desk::new("times");
    for (time, why) in [
        ("0", "`0` is not a duration such as 90s or 5m"),
        ("0s", "a verb needs more time than none"),
        ("-5s", "`-5s` is not a duration"),
        ("-5", "`-5` is not a duration"),
        ("5", "`5` is not a duration"),
        ("", "`` is not a duration"),
        ("25h", "a verb may take 24h at most"),
        ("999999999999999h", "a verb may take 24h at most"),
        ("99999999999999999999s", "is not a duration"),
    ] {
        for verb in [
            &["tenant", "add", "acme"][..],
            &["tenant", "remove", "acme"],
            &["platform", "apply"],
        ] {
            let said = desk.refusal(&[verb, &["--timeout", time]].concat());
            assert!(said.contains(why), "{verb:?} {time}: {said}");
        }
    }
    for time in ["5 minutes", "1m30s", "24h", "1ms"] {
        let _ = desk
            .mcpctl(&[&DRY_RUN[..], &["--timeout", time]].concat())
            .expect(0);
    }
}

#[test]
fn the_same_flag_twice() {
    let desk = Desk::new("twice");
    for (flags, name) in [
        (&["--image", "a:1", "--image", "b:2"][..], "--image"),
        (&["--dry-run"], "--dry-run"),
        (&["--region", "a", "--region", "b"], "--region"),
    ] {
        let said = desk.refusal(&[&DRY_RUN[..], flags].concat());
        assert!(
            said.contains(name) && said.contains("cannot be used multiple times"),
            "{said}"
        );
    }
}

#[test]
fn of_several_values_for_one_path_the_last_holds() {
    let desk = Desk::new("set-twice");
    let last = desk.stream(&["--set", "replicas=3", "--set", "health.path=/z"]);
    let both = [
        "--set",
        "replicas=1",
        "--set",
        "health.path=/a",
        "--set",
        "replicas=3",
        "--set",
        "health.path=/z",
    ];
    assert_eq!(desk.stream(&both), last);
    assert_ne!(desk.stream(&["--set", "replicas=1"]), last);
}
