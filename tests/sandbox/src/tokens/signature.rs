//! AWS Signature Version 4 in a query, from AWS's description of it alone and without the SDK's code: what the SDK signs
//! must come to the same.
//!
//! Source: AWS General Reference, "Create a signed AWS API request".

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// What AWS encodes: all but letters, digits and these.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// A GET of `/` without a body.
pub(super) struct Get<'a> {
    /// Names and values, decoded.
    pub(super) query: &'a [(String, String)],
    /// Those that are signed, in lower case and sorted.
    pub(super) headers: &'a [(&'a str, &'a str)],
}

/// When, where and for which service something is signed.
pub(super) struct Scope<'a> {
    /// `20260101T120000Z`
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Scope<'_> {
    /// `20260101/eu-west-1/sts/aws4_request`
    pub(super) fn text(&self) -> String {
        let Self {
            region, service, ..
        } = self;
        format!("{}/{region}/{service}/aws4_request", self.day())
    }

    fn day(&self) -> &str {
        self.date.get(..8).unwrap_or_default()
    }
}

/// The signature, in hexadecimal.
pub(super) fn of(request: &Get<'_>, scope: &Scope<'_>, secret: &str) -> String {
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{}\n{}",
        scope.date,
        scope.text(),
        hex(&Sha256::digest(request.canonical())),
    );
    let parts = [
        scope.day(),
        scope.region,
        scope.service,
        "aws4_request",
        &to_sign,
    ];
    let first = format!("AWS4{secret}").into_bytes();
    let signature = parts
        .iter()
        .fold(first, |key, part| hmac(&key, part.as_bytes()));
    hex(&signature)
}

impl Get<'_> {
    fn canonical(&self) -> String {
        let mut query: Vec<String> = self.query.iter().map(encoded).collect();
        query.sort();
        let headers = self.headers.iter();
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        format!(
            "GET\n/\n{}\n{}\n{}\n{}",
            query.join("&"),
            headers.concat(),
            names.join(";"),
            hex(&Sha256::digest(b"")),
        )
    }
}

/// A parameter as it stands in a query.
pub(super) fn encoded((name, value): &(String, String)) -> String {
    let [name, value] = [name, value].map(|text| utf8_percent_encode(text, ENCODED));
    format!("{name}={value}")
}

/// Source: RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let with = |mask: u8, message: &[u8]| {
        let padded = block.map(|byte| byte ^ mask);
        Sha256::new()
            .chain_update(padded)
            .chain_update(message)
            .finalize()
    };
    with(0x5c, &with(0x36, message)).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
