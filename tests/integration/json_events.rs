//! `-o json`: a run as lines of JSON, and the page that describes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    process::Stdio,
};

use mcpctl_sandbox::AwsRule;
use serde_json::{Value, json};

use crate::{
    desk::Desk,
    world::{Run, World, offline},
};

const PAGE: &str = include_str!("../../docs/json-events.md");

/// The lines that a run printed. Every run ends in one result.
#[track_caller]
fn lines(run: &Run) -> Vec<Value> {
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{run}"))
        })
        .collect();
    for line in &lines {
        assert_eq!(line["apiVersion"], "mcpctl.dev/v1alpha1", "{run}");
        described(line);
    }
    let (result, events) = lines.split_last().expect("a line");
    assert_eq!(result["kind"], "Result", "{run}");
    assert_eq!(result["exitCode"], run.code, "{run}");
    assert!(events.iter().all(|line| line["kind"] == "Event"), "{run}");
    lines
}

/// The fields of each type of line, as the page lists them.
fn fields() -> BTreeMap<String, BTreeSet<String>> {
    let (_, table) = PAGE
        .split_once("| line | fields | meaning |\n|---|---|---|\n")
        .expect("a table");
    let rows = table.lines().map_while(|line| line.strip_prefix("| `"));
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let (name, rest) = row.split_once("` | ").expect("a row");
        let names = rest.split(" | ").next().unwrap_or_default();
        let names = names.split('`').skip(1).step_by(2).map(str::to_string);
        fields.entry(name.into()).or_default().extend(names);
    }
    fields
}

#[track_caller]
fn described(line: &Value) {
    let kind = line["type"].as_str().unwrap_or("Result");
    let fields = fields();
    let known = fields
        .get(kind)
        .unwrap_or_else(|| panic!("the page does not list {kind}"));
    let common = &fields["every line"];
    for field in line.as_object().expect("an object").keys() {
        assert!(
            known.contains(field) || common.contains(field),
            "{kind} has {field}, which the page does not list: {line}"
        );
    }
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// A line without what differs from run to run.
fn settled(line: &Value) -> Value {
    let mut line = line.clone();
    line.as_object_mut().expect("an object").remove("time");
    if line.get("association").is_some() {
        line["association"] = "a-ID".into();
    }
    line
}

#[test]
fn the_page_shows_what_is_printed() {
    let world = World::new("prod");
    let mut printed = Vec::new();
    for (args, code) in [
        (&["tenant", "add", "acme"][..], 0),
        (&["tenant", "diff", "acme"], 0),
        (&["tenant", "diff", "acme", "--set", "replicas=2"], 1),
        (&["tenant", "remove", "acme", "--yes"], 0),
        (&["tenant", "remove", "acme", "--yes"], 0),
    ] {
        let run = world.mcpctl(&[args, &["-o", "json"]].concat()).expect(code);
        assert_eq!(run.stderr, "", "{run}");
        printed.extend(lines(&run).iter().map(settled));
    }
    let mut blocks = PAGE.split("```json\n").skip(1).peekable();
    assert!(blocks.peek().is_some(), "the page has no example");
    for block in blocks {
        let block = block.split("```").next().unwrap_or_default();
        for line in block.lines() {
            let example: Value = serde_json::from_str(line).expect("an example");
            let example = settled(&example);
            assert!(
                printed.contains(&example),
                "nothing prints {example}\nbut\n{}",
                printed
                    .iter()
                    .map(Value::to_string)
                    .collect::<Vec<_>>()
                    .join("\n")
            );
        }
    }
}

#[test]
fn an_add_is_told_as_it_happens() {
    let world = World::new("told");
    let hold = world
        .sandbox
        .aws_fault(AwsRule::on("CreateRole").by(&world.access_key).once());
    let mut child = world.start(&["tenant", "add", "told", "-o", "json"]);
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut text = String::new();
    // Each line comes when it happens: the role is not made yet.
    while !text.contains(r#""kind":"Namespace","namespace":"","name":"mcp-told"},"action":"create","what":"created""#) {
        assert!(stdout.read_line(&mut text).expect("a line") > 0, "{text}");
    }
    hold.release();
    std::io::Read::read_to_string(&mut stdout, &mut text).expect("the rest");
    let output = child.wait_with_output().expect("an end");
    let run = Run {
        code: output.status.code().unwrap_or(-1),
        stdout: text,
        stderr: String::from_utf8(output.stderr).expect("text"),
    };
    let lines = lines(&run);
    assert_eq!(run.code, 0, "{run}");
    let plan = &lines[0];
    assert_eq!(plan["type"], "plan", "{run}");
    let changes = plan["changes"].as_array().expect("changes").len();
    assert_eq!(plan["counts"]["create"], changes, "{run}");
    let created = of_type(&lines, "done");
    let created = created.iter().filter(|line| line["action"] == "create");
    assert_eq!(created.count(), changes, "{run}");
    let result = lines.last().expect("a result");
    assert_eq!(result["outcome"], "ready");
    assert_eq!(result["tenant"], "told");
    assert_eq!(result["url"], "https://told.told.example.com/mcp");
    assert_eq!(result["namespace"], "mcp-told");
    assert!(
        result["role"]
            .as_str()
            .is_some_and(|role| role.starts_with("arn:aws:iam::"))
    );
    assert!(
        result["association"]
            .as_str()
            .is_some_and(|id| id.starts_with("a-"))
    );
}

#[test]
fn a_failure_is_told_with_what_stands() {
    let world = World::new("failed");
    let rule = AwsRule::on("CreateRole").by(&world.access_key);
    let fault = world
        .sandbox
        .aws_fault(rule.fail(403, "AccessDenied", "not today"));
    let run = world
        .mcpctl(&["tenant", "add", "failed", "-o", "json"])
        .expect(5);
    fault.release();
    // People read of it too.
    let run = run.says(&["error: tenant `failed`: incomplete", "not today"]);
    let lines = lines(&run);
    let failed = of_type(&lines, "failed");
    assert_eq!(failed.len(), 1, "{run}");
    assert_eq!(failed[0]["object"]["kind"], "Role", "{run}");
    let skipped = of_type(&lines, "skipped");
    let skipped: Vec<&Value> = skipped.iter().map(|line| &line["object"]["kind"]).collect();
    assert!(skipped.contains(&&json!("PodIdentityAssociation")), "{run}");
    let result = lines.last().expect("a result");
    assert_eq!(result["outcome"], "incomplete", "{run}");
    assert_eq!(result["namespace"], "mcp-failed", "{run}");
    assert_eq!(result["failed"][0]["object"]["name"], "failed", "{run}");
    assert!(
        result["error"]["stands"]
            .to_string()
            .contains("created Namespace mcp-failed"),
        "{run}"
    );
    assert!(
        result["error"]["hints"]
            .to_string()
            .contains("same command"),
        "{run}"
    );
    assert!(
        result["failed"][0].to_string().contains("not today"),
        "{run}"
    );
}

#[test]
fn every_end_has_a_result() {
    let world = World::new("ends");
    world.kubectl(&["create", "namespace", "mcp-ends"]);
    let outcome = |args: &[&str], code: i32| {
        let run = world.mcpctl(&[args, &["-o", "json"]].concat()).expect(code);
        assert!(run.stderr.contains("error: "), "{run}");
        let result = lines(&run).pop().expect("a result");
        assert!(result["error"]["reason"].is_string(), "{run}");
        result["outcome"].as_str().expect("a word").to_string()
    };
    assert_eq!(outcome(&["tenant", "add", "Ends"], 2), "usage");
    assert_eq!(
        outcome(&["tenant", "add", "ends", "--set", "port=x"], 2),
        "usage"
    );
    assert_eq!(outcome(&["tenant", "add", "ends"], 3), "conflict");
    assert_eq!(outcome(&["tenant", "diff", "ends"], 3), "conflict");
    assert_eq!(outcome(&["tenant", "diff", "nobody"], 2), "usage");
    assert_eq!(outcome(&["tenant", "remove", "ends"], 3), "conflict");
    assert_eq!(outcome(&["platform", "remove"], 3), "conflict");
    let desk = Desk::new("no-cluster");
    let run = desk
        .mcpctl(&["tenant", "add", "acme", "-o", "json"])
        .expect(6);
    assert_eq!(lines(&run)[0]["outcome"], "unreachable", "{run}");
    let run = desk
        .mcpctl(&["tenant", "remove", "acme", "-o", "json", "-o", "json"])
        .expect(2);
    assert_eq!(
        run.stdout, "",
        "what the command line means was never known: {run}"
    );
}

#[test]
fn several_tenants_are_compared_one_by_one() {
    let world = World::new("several-json");
    let _ = world.mcpctl(&["tenant", "add", "several-json-a"]).expect(0);
    let args = [
        "tenant",
        "diff",
        "several-json-a",
        "several-json-b",
        "-o",
        "json",
    ];
    let run = world.mcpctl(&args).expect(2);
    let lines = lines(&run);
    let plans = of_type(&lines, "plan");
    assert_eq!(plans[0]["tenant"], "several-json-a", "{run}");
    assert_eq!(plans[0]["clean"], true, "{run}");
    let errors = of_type(&lines, "error");
    assert_eq!(errors[0]["tenant"], "several-json-b", "{run}");
    let result = lines.last().expect("a result");
    assert_eq!(result.get("tenant"), None, "{run}");
    assert_eq!(result["outcome"], "failed", "{run}");
}

#[test]
fn no_secret_is_told() {
    let world = World::new("masked");
    let set = ["--set", "env=[{name: GREETING, value: hunter2}]"];
    let _ = world
        .mcpctl(&[&["tenant", "add", "masked"][..], &set].concat())
        .expect(0);
    let other = ["--set", "env=[{name: GREETING, value: hunter3}]"];
    for form in ["json", "markdown"] {
        let args = [&["tenant", "diff", "masked", "-o", form][..], &other].concat();
        let run = world.mcpctl(&args).expect(1);
        assert!(run.stdout.contains("GREETING"), "{run}");
        assert!(!run.to_string().contains("hunter"), "{run}");
    }
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let world = World::new("unread-json");
    let mut child = world
        .command(&["tenant", "add", "unread-json", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("mcpctl starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    stdout.read_line(&mut String::new()).expect("the plan");
    drop(stdout);
    let run = Run::at_end_of(child).expect(0);
    assert_eq!(run.stderr, "", "{run}");
    let _ = world.mcpctl(&["tenant", "diff", "unread-json"]).expect(0);
}

#[test]
fn the_objects_of_a_dry_run_are_lines_of_json() {
    let desk = Desk::new("objects");
    let yaml = desk
        .mcpctl(&["tenant", "add", "acme", "--dry-run"])
        .expect(0);
    let json = desk
        .mcpctl(&["tenant", "add", "acme", "--dry-run", "-o", "json"])
        .expect(0);
    let kinds: Vec<String> = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an object"))
        .map(|object| object["kind"].as_str().expect("a kind").to_string())
        .collect();
    let in_yaml: Vec<&str> = yaml
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("kind: "))
        .collect();
    assert_eq!(kinds, in_yaml);
    let wrong = desk
        .mcpctl(&["tenant", "add", "Acme", "--dry-run", "-o", "json"])
        .expect(2);
    assert_eq!(wrong.stdout, "", "{wrong}");
    let _ = offline(&desk.dir, &[]);
}
