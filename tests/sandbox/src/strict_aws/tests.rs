//! The double driven as mcpctl drives it: by the AWS SDK for Rust, over HTTP.

mod associations;
mod documents;
mod faults;
mod identity;
mod permissions;
mod roles;

use std::fmt::Debug;

use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Value, json};

use super::{StrictAws, Times};

const ACCOUNT: &str = "111122223333";

struct Clients {
    aws: StrictAws,
    iam: aws_sdk_iam::Client,
    eks: aws_sdk_eks::Client,
}

fn start() -> Clients {
    let aws = StrictAws::start(ACCOUNT, "eu-west-1").unwrap();
    aws.add_cluster("prod", "https://127.0.0.1:6443", "LS0t");
    let credentials = Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "test");
    let iam = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(credentials.clone())
        .region(Region::new("eu-west-1"))
        .endpoint_url(aws.endpoint())
        .build();
    let eks = aws_sdk_eks::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(credentials)
        .region(Region::new("eu-west-1"))
        .endpoint_url(aws.endpoint())
        .build();
    Clients {
        aws,
        iam: aws_sdk_iam::Client::from_conf(iam),
        eks: aws_sdk_eks::Client::from_conf(eks),
    }
}

impl Clients {
    async fn role(&self, name: &str) -> Result<String, String> {
        let request = self.iam.create_role().path("/mcpctl/prod/").role_name(name);
        let made = request.assume_role_policy_document(trust()).send().await;
        let role = made.plain()?.role.unwrap();
        Ok(role.arn)
    }

    async fn associate(&self, namespace: &str, role_arn: &str) -> Result<String, String> {
        let request = self
            .eks
            .create_pod_identity_association()
            .cluster_name("prod");
        let request = request.namespace(namespace).service_account("mcp");
        let made = request.role_arn(role_arn).send().await.plain()?;
        Ok(made.association.unwrap().association_id.unwrap())
    }
}

/// What a call came to, as its caller reads it.
trait Outcome<T> {
    /// An error as its code and text.
    fn plain(self) -> Result<T, String>;

    /// The code and text of an error that must be there.
    fn refused(self) -> String;
}

impl<T: Debug, E, R> Outcome<T> for Result<T, SdkError<E, R>>
where
    SdkError<E, R>: ProvideErrorMetadata + Debug,
{
    fn plain(self) -> Result<T, String> {
        self.map_err(|error| match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => format!("no service error: {error:?}"),
        })
    }

    fn refused(self) -> String {
        self.plain().unwrap_err()
    }
}

fn trust() -> String {
    trust_of("pods.eks.amazonaws.com").to_string()
}

fn trust_of(service: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }]})
}

fn permissions(resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource},
    ]})
    .to_string()
}
