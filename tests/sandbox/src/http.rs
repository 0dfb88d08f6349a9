//! Small HTTP/1.1 servers and a client for loopback.

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::pki::Pair;

/// What a handler gives back: an answer, or a connection that breaks without one.
pub(crate) enum Reply {
    Answer(Response<Bytes>),
    Break,
}

/// Answers requests until the runtime ends.
pub(crate) async fn serve<H, F>(listener: TcpListener, tls: Option<TlsAcceptor>, handler: H)
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let handler = Arc::new(handler);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (tls, handler) = (tls.clone(), Arc::clone(&handler));
        tokio::spawn(async move {
            match tls {
                None => connection(stream, handler).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, handler).await;
                    }
                }
            }
        });
    }
}

async fn connection<S, H, F>(stream: S, handler: Arc<H>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
            // In a task of its own: a request that has arrived is carried out even if the client goes away.
            match tokio::spawn(handler(Request::from_parts(parts, body))).await {
                Ok(Reply::Answer(response)) => Ok(response.map(Full::new)),
                // An error of the service makes hyper close the connection.
                Ok(Reply::Break) | Err(_) => Err(Broken),
            }
        }
    });
    // A client that goes away is not our concern.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection broken on purpose")
    }
}

impl std::error::Error for Broken {}

/// TLS with a certificate of the run's authority.
pub(crate) fn acceptor(pair: &Pair) -> Result<TlsAcceptor> {
    let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes())?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// An HTTP client for servers on loopback.
#[derive(Clone)]
pub(crate) struct Loopback {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Loopback {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let response = self
            .client
            .request(request.map(Full::new))
            .await
            .context("no answer")?;
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .context("the answer broke off")?
            .to_bytes();
        Ok(Response::from_parts(parts, body))
    }
}

/// A response with a body of the given type.
pub(crate) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type),
    );
    response
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    response(status, "application/json", body.to_string())
}
