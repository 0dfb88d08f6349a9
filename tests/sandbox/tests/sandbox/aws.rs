//! The front before the AWS emulator.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcpctl_sandbox::AwsRule;
use serde_json::{Value, json};

use crate::support::SANDBOX;

/// An IAM call as an SDK makes it, apart from the signature; gives the whole HTTP answer, empty if there was none.
fn iam(access_key: &str, form: &str) -> String {
    let endpoint = SANDBOX.aws_env(access_key)[0].1.clone();
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: iam\r\nConnection: close\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential={access_key}/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn create_role(access_key: &str, name: &str) -> String {
    iam(
        access_key,
        &format!(
            "Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument=%7B%7D"
        ),
    )
}

fn role_exists(name: &str) -> bool {
    SANDBOX
        .aws_iam(&[("Action", "GetRole"), ("RoleName", name)])
        .is_ok()
}

fn associate(cluster: &str, namespace: &str) -> anyhow::Result<Value> {
    let body = json!({
        "namespace": namespace,
        "serviceAccount": "mcp",
        "roleArn": format!("arn:aws:iam::{}:role/mcp", SANDBOX.account_id()),
        "tags": {"a": "1"},
    });
    let path = format!("/clusters/{cluster}/pod-identity-associations");
    Ok(SANDBOX.aws_eks("POST", &path, Some(body))?["association"].clone())
}

#[test]
fn the_cluster_is_described_with_the_real_api_server() {
    let cluster = SANDBOX.aws_eks("GET", "/clusters/prod", None).unwrap()["cluster"].clone();
    assert_eq!(cluster["endpoint"], SANDBOX.api_server());
    assert_eq!(
        cluster["certificateAuthority"]["data"],
        STANDARD.encode(SANDBOX.ca_pem())
    );
    assert_eq!(
        cluster["arn"],
        format!(
            "arn:aws:eks:eu-west-1:{}:cluster/prod",
            SANDBOX.account_id()
        )
    );
    assert_eq!(cluster["status"], "ACTIVE");
    for path in [
        "/clusters/nope",
        "/clusters/nope/pod-identity-associations/a-1",
    ] {
        let error = SANDBOX.aws_eks("GET", path, None).unwrap_err().to_string();
        assert!(
            error.contains("404") && error.contains("No cluster found for name: nope."),
            "{error}"
        );
    }
    let identity = SANDBOX
        .aws_iam(&[("Action", "GetCallerIdentity"), ("Version", "2011-06-15")])
        .unwrap();
    assert!(identity.contains(&format!("<Account>{}</Account>", SANDBOX.account_id())));
}

#[test]
fn calls_are_logged_by_access_key() {
    create_role("LOG", "log");
    create_role("LOG", "log");
    let calls = SANDBOX.aws_calls("LOG");
    let told = calls.iter().map(|call| {
        (
            call.service.as_str(),
            call.operation.as_str(),
            call.parameter("RoleName"),
            call.status,
        )
    });
    let expected = [Some(200), Some(409)].map(|status| ("iam", "CreateRole", Some("log"), status));
    assert!(told.eq(expected), "{calls:?}");
    let lines = std::fs::read_to_string(SANDBOX.aws_log()).unwrap();
    assert_eq!(
        lines
            .lines()
            .filter(|line| line.contains("\"access_key\":\"LOG\""))
            .count(),
        2
    );
}

#[test]
fn rules_fail_calls_in_the_form_of_the_service() {
    let rule = SANDBOX.aws_fault(AwsRule::on("CreateRole").by("FAIL").once().fail(
        403,
        "AccessDenied",
        "no & never",
    ));
    let answer = create_role("FAIL", "fail");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(
        answer.contains("<Code>AccessDenied</Code><Message>no &amp; never</Message>"),
        "{answer}"
    );
    assert!(!role_exists("fail"));
    assert!(create_role("FAIL", "fail").starts_with("HTTP/1.1 200"));
    assert_eq!(rule.hits(), 1);

    SANDBOX.aws_fault(AwsRule::on("CreateRole").by("AFTER").once().fail_after(
        500,
        "ServiceFailure",
        "oops",
    ));
    assert!(create_role("AFTER", "after").starts_with("HTTP/1.1 500"));
    assert!(role_exists("after"));

    SANDBOX.aws_fault(AwsRule::on("CreateRole").by("LOST").once().lose_answer());
    assert_eq!(create_role("LOST", "lost"), "");
    assert!(role_exists("lost"));
    assert_eq!(SANDBOX.aws_calls("LOST")[0].status, None);

    let rule = AwsRule::on("DescribeCluster").by("HAND").once().fail(
        400,
        "InvalidParameterException",
        "bad",
    );
    SANDBOX.cluster("failing").unwrap();
    SANDBOX.aws_fault(rule);
    let error = SANDBOX
        .aws_eks("GET", "/clusters/failing", None)
        .unwrap_err()
        .to_string();
    assert!(error.contains("InvalidParameterException"), "{error}");
}

#[test]
fn a_rule_holds_calls_until_it_is_released() {
    let rule = SANDBOX.aws_fault(AwsRule::on("CreateRole").by("HOLD").hold());
    let call = thread::spawn(|| create_role("HOLD", "hold"));
    assert!(rule.wait_for_hits(1, Duration::from_secs(10)));
    assert!(!role_exists("hold"));
    assert_eq!(SANDBOX.aws_calls("HOLD")[0].status, None);
    rule.release();
    assert!(call.join().unwrap().starts_with("HTTP/1.1 200"));
    assert!(role_exists("hold"));
}

#[test]
fn associations_are_unique_tagged_and_listed_in_pages() {
    SANDBOX.cluster("pages").unwrap();
    let first = associate("pages", "n0").unwrap();
    assert_eq!(first.get("ownerArn"), None);
    assert!(
        associate("pages", "n0")
            .unwrap_err()
            .to_string()
            .contains("ResourceInUseException")
    );

    let arn = first["associationArn"].as_str().unwrap();
    let tags = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"));
    SANDBOX
        .aws_eks("POST", &tags, Some(json!({"tags": {"b": "2"}})))
        .unwrap();
    SANDBOX
        .aws_eks("DELETE", &format!("{tags}?tagKeys=a"), None)
        .unwrap();
    let path = format!(
        "/clusters/pages/pod-identity-associations/{}",
        first["associationId"].as_str().unwrap()
    );
    assert_eq!(
        SANDBOX.aws_eks("GET", &path, None).unwrap()["association"]["tags"],
        json!({"b": "2"})
    );

    for number in 1..5 {
        associate("pages", &format!("n{number}")).unwrap();
    }
    let (mut found, mut query) = (0, "?maxResults=2".to_owned());
    loop {
        let path = format!("/clusters/pages/pod-identity-associations{query}");
        let page = SANDBOX.aws_eks("GET", &path, None).unwrap();
        found += page["associations"].as_array().unwrap().len();
        let Some(token) = page["nextToken"].as_str() else {
            break;
        };
        query = format!("?maxResults=2&nextToken={token}");
    }
    assert_eq!(found, 5);
}
