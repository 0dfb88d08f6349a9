//! The HTTP client for the API server, from kube's public parts: with `TCP_NODELAY` and HTTP/2, which kube's
//! ready-made client lacks, and without its hidden retries.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{
    HeaderValue, Request, Response, StatusCode, Uri, header::AUTHORIZATION, request::Parts,
    uri::Scheme,
};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube::{
    Config,
    client::{Body, ConfigExt},
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use tower::{BoxError, ServiceBuilder};

use super::{ClusterInfo, causes, credentials::Credentials, trace};
use crate::error::{Error, Result, os_reason};

/// The name of the way to the cluster of the pod that we run in.
pub const IN_CLUSTER: &str = "in-cluster";
/// How to say which cluster is meant.
const WHERE: &str = "give --kubeconfig and --context, or set KUBECONFIG";

/// The names of the contexts of the kubeconfigs.
///
/// # Errors
/// Unreachable, when one cannot be read.
pub fn contexts(kubeconfigs: &[PathBuf]) -> Result<Vec<String>> {
    let contexts = merged(kubeconfigs)?.contexts;
    Ok(contexts.into_iter().map(|context| context.name).collect())
}

fn merged(kubeconfigs: &[PathBuf]) -> Result<Kubeconfig> {
    let mut file = Kubeconfig::default();
    for path in kubeconfigs {
        let merged = Kubeconfig::read_from(path).and_then(|next| file.merge(next));
        file = merged.map_err(|error| {
            Error::unreachable(format!("cannot read the kubeconfig {}", path.display()))
                .detail(match &error {
                    KubeconfigError::ReadConfig(error, _) => os_reason(error),
                    error => first_line(error),
                })
                .hint(WHERE)
        })?;
    }
    Ok(file)
}

/// Where the cluster may be named, and as whom it is reached.
#[derive(Clone, Debug)]
pub struct Access {
    /// Merged as kubectl merges them.
    pub kubeconfigs: Vec<PathBuf>,
    /// The kubeconfigs' current context where it is not given.
    pub context: Option<String>,
    /// Whether a credential plugin may speak to a person, and ask one.
    pub attended: bool,
}

/// The context that is named, else the current one, else the credentials of the pod that we run in; with the name.
/// None where there is none of them.
pub(super) async fn configuration(access: &Access) -> Result<Option<(Config, String)>> {
    let file = merged(&access.kubeconfigs)?;
    let current = file.current_context.clone().filter(|name| !name.is_empty());
    let Some(name) = access.context.clone().or(current) else {
        let pod = Config::incluster().ok();
        return Ok(pod.map(|config| (config, IN_CLUSTER.into())));
    };
    let options = KubeConfigOptions {
        context: Some(name.clone()),
        cluster: None,
        user: None,
    };
    let mut config = Config::from_custom_kubeconfig(file, &options)
        .await
        .map_err(|error| {
            Error::unreachable(format!("cannot use context `{name}` of the kubeconfig"))
                .detail(first_line(&error))
                .hint(WHERE)
        })?;
    config.default_retry = false;
    Ok(Some((config, name)))
}

/// The API server that EKS names. None where it names none, or one to which no token may go.
pub(super) fn eks(info: &ClusterInfo) -> Option<Config> {
    let endpoint: Uri = info.endpoint.as_ref()?.parse().ok()?;
    if endpoint.scheme() != Some(&Scheme::HTTPS) || info.certificate_authorities.is_empty() {
        return None;
    }
    let mut config = Config::new(endpoint);
    config.root_cert = Some(info.certificate_authorities.clone());
    config.default_retry = false;
    Some(config)
}

/// A client with its own connection.
pub(super) fn client(config: &Config, credentials: &Arc<Credentials>) -> Result<kube::Client> {
    let http = connection(config)?;
    let credentials = Arc::clone(credentials);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(failed)?)
        .layer(config.extra_headers_layer().map_err(failed)?)
        .map_err(BoxError::from)
        .service_fn(move |request| send(http.clone(), Arc::clone(&credentials), request));
    Ok(kube::Client::new(service, config.default_namespace.clone()))
}

/// Sends a request, and once more where it is not authorized and there are other credentials to be had.
async fn send(
    http: Connection,
    credentials: Arc<Credentials>,
    request: Request<Body>,
) -> std::result::Result<Response<Incoming>, BoxError> {
    let begun = Instant::now();
    let authorization = credentials.authorization().await?;
    let (parts, body) = request.into_parts();
    let again = body.try_clone().map(|body| (parts.clone(), body));
    let answer = send_once(&http, authorization, (parts, body)).await?;
    if answer.status() != StatusCode::UNAUTHORIZED {
        return Ok(answer);
    }
    match (again, credentials.renewed(begun).await?) {
        (Some(again), Some(renewed)) => send_once(&http, Some(renewed), again).await,
        _ => Ok(answer),
    }
}

async fn send_once(
    http: &Connection,
    authorization: Option<HeaderValue>,
    (mut parts, body): (Parts, Body),
) -> std::result::Result<Response<Incoming>, BoxError> {
    if let Some(authorization) = authorization {
        parts.headers.insert(AUTHORIZATION, authorization);
    }
    let request = Request::from_parts(parts, body);
    let sent = trace::Sent::to_kubernetes(&request);
    let answer = http.request(request).await;
    sent.answered(answer.as_ref().ok());
    Ok(answer?)
}

type Connection = legacy::Client<HttpsConnector<HttpConnector>, Body>;

fn connection(config: &Config) -> Result<Connection> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(Duration::from_secs(10)));
    let tls = config.rustls_client_config().map_err(failed)?;
    let builder = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    let builder = match &config.tls_server_name {
        Some(name) => {
            let name = name.clone().try_into().map_err(|_| {
                Error::unreachable(format!("tls-server-name `{name}` is no host name"))
            })?;
            builder.with_server_name_resolver(hyper_rustls::FixedServerNameResolver::new(name))
        }
        None => builder,
    };
    let connector = builder.enable_all_versions().wrap_connector(http);
    Ok(legacy::Client::builder(TokioExecutor::new()).build(connector))
}

fn failed(error: kube::Error) -> Error {
    let why = match error {
        kube::Error::Auth(_) => {
            "the user's credentials cannot be used, or a file of them is missing".into()
        }
        other => first_line(&other),
    };
    Error::unreachable("cannot make a client for the API server")
        .detail(why)
        .hint("check the certificates of the kubeconfig's cluster and user")
}

/// What is wrong with a kubeconfig, without the lines around the fault: they may hold tokens and passwords.
fn first_line(error: &dyn std::error::Error) -> String {
    causes::chain(error)
        .lines()
        .next()
        .unwrap_or_default()
        .to_string()
}
