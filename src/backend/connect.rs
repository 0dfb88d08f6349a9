//! The HTTP client for the API server, from kube's public parts: with `TCP_NODELAY` and HTTP/2, which kube's
//! ready-made client lacks, and without its hidden retries.

use std::{path::PathBuf, time::Duration};

use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioExecutor};
use kube::{
    Config,
    client::ConfigExt,
    config::{KubeConfigOptions, Kubeconfig},
};
use tower::{BoxError, ServiceBuilder};

use super::trace;
use crate::error::{Error, Result};

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
                .detail(first_line(&error))
                .hint(WHERE)
        })?;
    }
    Ok(file)
}

/// Reads the kubeconfigs, merged as kubectl merges them; without any, the credentials of the pod that we run in.
pub(super) async fn configuration(
    context: Option<&str>,
    kubeconfigs: &[PathBuf],
) -> Result<(Config, String)> {
    let file = merged(kubeconfigs)?;
    if kubeconfigs.is_empty() {
        return Config::incluster()
            .map(|config| (config, "in-cluster".into()))
            .map_err(|_| {
                Error::unreachable("no cluster to talk to")
                    .detail("there is no kubeconfig, and this is not a pod")
                    .hint(WHERE)
            });
    }
    let name = context
        .map(str::to_string)
        .or_else(|| file.current_context.clone())
        .unwrap_or_default();
    let options = KubeConfigOptions {
        context: context.map(str::to_string),
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
    Ok((config, name))
}

/// A client with its own connection.
pub(super) fn client(config: &Config) -> Result<kube::Client> {
    let failed = |error: kube::Error| {
        Error::unreachable("cannot make a client for the API server")
            .detail(reason(&error))
            .hint("check the certificates and the exec plugin of the kubeconfig's user")
    };
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
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(failed)?)
        .layer(config.extra_headers_layer().map_err(failed)?)
        .map_err(BoxError::from)
        .service_fn(move |request| {
            let sent = trace::Sent::to_kubernetes(&request);
            let answer = http.request(request);
            async move {
                let answer = answer.await;
                sent.answered(answer.as_ref().ok());
                answer
            }
        });
    Ok(kube::Client::new(service, config.default_namespace.clone()))
}

/// What is wrong with a kubeconfig, without the lines around the fault: they may hold tokens and passwords.
fn first_line(error: &dyn std::error::Error) -> String {
    chain(error).lines().next().unwrap_or_default().to_string()
}

/// Why a client cannot be made. What an exec plugin was given and what it printed may hold secrets, and stays unsaid.
fn reason(error: &kube::Error) -> String {
    use kube::client::AuthError;
    match error {
        kube::Error::Auth(AuthError::AuthExecStart(error)) => format!("the exec plugin cannot be started: {error}"),
        kube::Error::Auth(AuthError::AuthExecRun { out, .. }) => format!("the exec plugin ended with {}", out.status),
        kube::Error::Auth(_) => "the user's credentials cannot be used; what the exec plugin printed is no ExecCredential, or a file is missing".into(),
        other => first_line(other),
    }
}

/// An error with all its causes, each once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
