//! The endpoint that users of the sandbox give to AWS clients.

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use serde_json::Value;
use tokio::net::TcpListener;

use super::call::authorization;
use super::eks::Eks;
use super::rules::{Failure, Rules};
use super::{Associations, AwsCall, AwsRule, AwsRuleHandle, Cluster, wire};
use crate::engine::Engine;
use crate::http::{Loopback, Reply, acceptor, serve};
use crate::pki::Pair;

/// Passes calls on to the emulator, and logs them.
#[derive(Clone)]
pub(crate) struct Front {
    shared: Arc<Shared>,
    url: String,
}

struct Shared {
    upstream: String,
    loopback: Loopback,
    eks: Eks,
    rules: Rules,
    calls: Mutex<Vec<AwsCall>>,
    /// The same as JSON lines, one when a call is over.
    log: Mutex<File>,
}

impl Front {
    pub(crate) fn start(
        engine: &Engine,
        upstream: &str,
        dir: &Path,
        associations: Associations,
    ) -> Result<Self> {
        let listener =
            engine.run(async { Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?) })?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            loopback: Loopback::new(),
            eks: Eks::new(associations),
            rules: Rules::default(),
            calls: Mutex::default(),
            log: Mutex::new(File::create(dir.join("aws-calls.jsonl"))?),
        });
        let handler = Arc::clone(&shared);
        engine.spawn(serve(listener, None, move |request| {
            Arc::clone(&handler).handle(request)
        }));
        Ok(Self { shared, url })
    }

    /// The same over TLS, on a port of its own.
    pub(crate) fn serve_tls(&self, engine: &Engine, certificate: &Pair) -> Result<SocketAddr> {
        let listener =
            engine.run(async { Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?) })?;
        let address = listener.local_addr()?;
        let handler = Arc::clone(&self.shared);
        engine.spawn(serve(
            listener,
            Some(acceptor(certificate)?),
            move |request| Arc::clone(&handler).handle(request),
        ));
        Ok(address)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// All calls, in flight or over, in the order in which they arrived.
    pub(crate) fn calls(&self) -> Vec<AwsCall> {
        self.shared.calls().clone()
    }

    pub(crate) fn add_rule(&self, rule: AwsRule) -> AwsRuleHandle {
        self.shared.rules.add(rule)
    }

    pub(crate) fn add_cluster(&self, name: &str, cluster: Cluster) {
        self.shared.eks.add_cluster(name, cluster);
    }

    pub(crate) fn describe_as(&self, cluster: &str, change: Value) {
        self.shared.eks.describe_as(cluster, change);
    }

    pub(crate) fn degrade(&self, cluster: &str, code: &str, message: &str) {
        self.shared.eks.degrade(cluster, code, message);
    }

    /// A call of EKS, as any client makes it.
    pub(crate) async fn eks(
        self,
        access_key: &str,
        method: Method,
        path: String,
        body: Option<Value>,
    ) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, authorization(access_key, "eks"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(
                body.map(|body| Bytes::from(body.to_string()))
                    .unwrap_or_default(),
            )?;
        let answer = self.shared.loopback.send(request).await?;
        if !answer.status().is_success() {
            bail!(
                "{}: {}",
                answer.status(),
                String::from_utf8_lossy(answer.body())
            );
        }
        serde_json::from_slice(answer.body()).context("EKS answered something else than JSON")
    }
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, Vec<AwsCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn handle(self: Arc<Self>, request: Request<Bytes>) -> Reply {
        let call = self.begin(&request);
        let reply = match self.rules.apply(&call).await {
            None => Reply::Answer(self.carry_out(&call, request).await),
            Some(Failure { error, carried_out }) => {
                if carried_out {
                    self.carry_out(&call, request).await;
                }
                error.map_or(Reply::Break, |(status, code, message)| {
                    Reply::Answer(failed(&call, status, &code, &message))
                })
            }
        };
        self.end(&call, &reply);
        reply
    }

    fn begin(&self, request: &Request<Bytes>) -> AwsCall {
        let mut calls = self.calls();
        let call = AwsCall::new(calls.len() as u64, request);
        calls.push(call.clone());
        call
    }

    fn end(&self, call: &AwsCall, reply: &Reply) {
        let status = match reply {
            Reply::Answer(answer) => Some(answer.status().as_u16()),
            Reply::Break => None,
        };
        let mut call = call.clone();
        call.status = status;
        if let Ok(line) = serde_json::to_string(&call) {
            let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            // The log in memory is what tests read; the file is for people.
            let _ = writeln!(log, "{line}");
        }
        if let Some(kept) = self
            .calls()
            .iter_mut()
            .find(|kept| kept.sequence == call.sequence)
        {
            kept.status = status;
        }
    }

    async fn carry_out(&self, call: &AwsCall, request: Request<Bytes>) -> Response<Bytes> {
        let uri = request.uri().clone();
        if call.is_query() {
            return self.forward(call, &call.path, request).await;
        }
        if let Some(answer) = self.eks.answer(call, &uri) {
            return answer;
        }
        let answer = self
            .forward(call, &Eks::upstream_path(call, &uri), request)
            .await;
        self.eks.correct(call, &uri, answer)
    }

    async fn forward(
        &self,
        call: &AwsCall,
        path: &str,
        request: Request<Bytes>,
    ) -> Response<Bytes> {
        let answer = async {
            let (mut parts, body) = request.into_parts();
            parts.uri = format!("{}{path}", self.upstream).parse::<Uri>()?;
            parts.headers = end_to_end(&parts.headers);
            let mut answer = self.loopback.send(Request::from_parts(parts, body)).await?;
            *answer.headers_mut() = end_to_end(answer.headers());
            Ok::<_, anyhow::Error>(answer)
        };
        answer.await.unwrap_or_else(|error| {
            failed(
                call,
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalFailure",
                &format!("{error:#}"),
            )
        })
    }
}

fn failed(call: &AwsCall, status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    if call.is_query() {
        wire::query_error(status, code, message)
    } else {
        wire::json_error(status, code, message)
    }
}

/// The headers that mean something beyond one connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let own = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::CONNECTION,
        header::TRANSFER_ENCODING,
    ];
    headers
        .iter()
        .filter(|(name, _)| !own.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
