use bytes::Bytes;
use http::{Request, StatusCode, header};

use super::*;
use crate::http::Loopback;

#[tokio::test]
async fn a_caller_learns_its_account_if_it_signs() {
    let aws = StrictAws::start(ACCOUNT, "cn-north-1").unwrap();
    let ask = async |authorization: &str| {
        let request = Request::post(aws.endpoint())
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from("Action=GetCallerIdentity&Version=2011-06-15"));
        Loopback::new().send(request.unwrap()).await.unwrap()
    };
    let scope = "20260101/cn-north-1/sts/aws4_request";
    let answer = ask(&format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, Signature=0"
    ))
    .await;
    let body = String::from_utf8_lossy(answer.body());
    assert!(body.contains("<Account>111122223333</Account>"), "{body}");
    assert!(body.contains("<Arn>arn:aws-cn:iam::"), "{body}");
    assert_eq!(ask("").await.status(), StatusCode::FORBIDDEN);
}
