use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::UNIX_EPOCH,
};

use aws_credential_types::provider::{error::CredentialsError, future};
use futures_util::future::join_all;

use super::*;
use crate::backend::credentials::Credentials;

const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Gives keys that end after this long, and counts how often.
#[derive(Clone, Debug)]
struct Keychain {
    ends_after: Option<Duration>,
    asked: Arc<AtomicUsize>,
}

impl Keychain {
    fn new(ends_after: Option<Duration>) -> Self {
        Self {
            ends_after,
            asked: Arc::default(),
        }
    }

    fn signer(&self) -> Signer {
        signer(SharedCredentialsProvider::new(self.clone()), "eu-west-1")
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ProvideCredentials for Keychain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let end = self.ends_after.map(|after| SystemTime::now() + after);
        let keys = Keys::new(ACCESS_KEY, SECRET, None, end, "test");
        future::ProvideCredentials::ready(Ok(keys))
    }
}

#[derive(Debug)]
struct Empty;

impl ProvideCredentials for Empty {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nothing there")))
    }
}

fn signer(provider: SharedCredentialsProvider, region: &str) -> Signer {
    let cluster = "prod".parse().expect("a name");
    Signer::new(provider, &cluster, &region.parse().expect("a region"))
}

/// The URL in a token that is signed at 2026-01-02T03:04:05Z.
fn url(region: &str, session: Option<&str>) -> String {
    let keys = Keys::new(ACCESS_KEY, SECRET, session.map(Into::into), None, "test");
    let provider = SharedCredentialsProvider::new(keys.clone());
    let at = UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let token = signer(provider, region).token(keys, at).expect("a token");
    let encoded = token.strip_prefix("k8s-aws-v1.").expect("the prefix");
    String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).expect("base64")).expect("a URL")
}

/// The signatures were computed from AWS's description of them, with an HMAC of another library.
#[test]
fn the_url_and_its_signature() {
    assert_eq!(
        url("eu-west-1", None),
        "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
        &X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-west-1%2Fsts%2Faws4_request\
        &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
        &X-Amz-Signature=a258d6fcd6d1b4ed68c85123ac7623319529dada87c82ec48bd5a9ec12959b63"
    );
    let session = url("eu-west-1", Some("AQoDYXdz/+=="));
    assert!(
        session.contains("&X-Amz-Security-Token=AQoDYXdz%2F%2B%3D%3D"),
        "{session}"
    );
    let signature = "4b4a59f3a8df0ff4f1b15a7d68484f6ba19d9d686c4f33a263eea3fb2e49aee8";
    assert!(session.contains(signature), "{session}");
    let china = url("cn-north-1", None);
    assert!(
        china.starts_with("https://sts.cn-north-1.amazonaws.com.cn/?"),
        "{china}"
    );
    let signature = "cce9ca090853b024727472cb52bd4a454eb385a2ef0d98bce121aa99e5afe680";
    assert!(china.ends_with(signature), "{china}");
}

#[tokio::test]
async fn a_token_is_used_for_ten_minutes_and_no_longer_than_its_keys() {
    let minutes = |minutes| Some(Duration::from_mins(minutes));
    for (keys, most) in [(None, 10), (minutes(60), 10), (minutes(4), 4)] {
        let before = Timestamp::now();
        let credential = Keychain::new(keys).signer().sign().await.expect("a token");
        let good_for = credential.expires.expect("an end").duration_since(before);
        let most = i64::try_from(Duration::from_mins(most).as_secs()).expect("seconds");
        assert!(
            (most - 1..=most + 5).contains(&good_for.as_secs()),
            "{good_for}"
        );
    }
}

#[tokio::test]
async fn one_signs_for_all_and_again_when_it_is_over_or_refused() {
    let keychain = Keychain::new(None);
    let credentials = Credentials::signed(keychain.signer())
        .await
        .expect("a token");
    let begun = std::time::Instant::now();
    let all = join_all((0..8).map(|_| credentials.authorization())).await;
    assert!(
        all.into_iter()
            .all(|header| header.is_ok_and(|header| header.is_some()))
    );
    assert_eq!(keychain.asked(), 1);
    // All that were refused ask for one other.
    let all = join_all((0..8).map(|_| credentials.renewed(begun))).await;
    assert!(
        all.into_iter()
            .all(|header| header.is_ok_and(|header| header.is_some()))
    );
    assert_eq!(keychain.asked(), 2);
    let over = Keychain::new(Some(Duration::ZERO));
    let credentials = Credentials::signed(over.signer()).await.expect("a token");
    for _ in 0..2 {
        assert!(credentials.authorization().await.is_ok());
    }
    assert_eq!(over.asked(), 3);
}

#[tokio::test]
async fn without_keys_it_says_where_they_were_looked_for() {
    let signer = signer(SharedCredentialsProvider::new(Empty), "eu-west-1");
    let error = signer.sign().await.expect_err("an error");
    let text = error.to_string();
    for said in [
        "no token for cluster `prod`",
        "nothing there",
        "give AWS credentials",
    ] {
        assert!(text.contains(said), "{text}");
    }
}

#[tokio::test]
async fn nothing_that_is_shown_of_it_is_secret() {
    let keychain = Keychain::new(None);
    let credentials = Credentials::signed(keychain.signer())
        .await
        .expect("a token");
    let header = credentials
        .authorization()
        .await
        .expect("a header")
        .expect("a header");
    let shown = format!("{credentials:?} {header:?}");
    for secret in ["k8s-aws-v1", "Signature", SECRET, ACCESS_KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
