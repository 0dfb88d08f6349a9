//! The HTTP client of the AWS half: the SDK's own default, with what it leaves out.

use std::path::Path;

use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{self, TlsContext, TrustStore},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpClient, SharedHttpConnector,
        },
        orchestrator::HttpRequest,
        runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    },
};
use aws_smithy_types::config_bag::ConfigBag;

use crate::{
    backend::{causes, trace::Sent},
    error::{Error, Result},
};

/// A client that goes through the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). It trusts
/// what the system trusts, and what is in the bundle: the SDK does not read `AWS_CA_BUNDLE` by itself.
///
/// # Errors
/// Usage, for a bundle that cannot be read.
pub(super) fn https(ca_bundle: Option<&Path>) -> Result<SharedHttpClient> {
    let context = ca_bundle.map(trusting).transpose()?;
    let connector = move |settings: Option<&HttpConnectorSettings>,
                          components: Option<&RuntimeComponents>| {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let mut connector = ConnectorBuilder::default()
            .tls_provider(provider)
            .proxy_config(ProxyConfig::from_env());
        if let Some(context) = &context {
            connector = connector.tls_context(context.clone());
        }
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    };
    Ok(Builder::new().build_with_connector_fn(connector))
}

fn trusting(path: &Path) -> Result<TlsContext> {
    let pem = std::fs::read(path).map_err(|error| {
        Error::usage(format!("AWS_CA_BUNDLE: cannot read {}", path.display()))
            .detail(error.to_string())
    })?;
    TlsContext::builder()
        .with_trust_store(TrustStore::default().with_pem_certificate(pem))
        .build()
        .map_err(|error| Error::usage(format!("AWS_CA_BUNDLE: {}", causes::chain(&error))))
}

/// Shows each call for credentials: to STS, SSO or what the instance offers. The clients of the services say their own.
pub(super) fn shown(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Shown(client))
}

#[derive(Debug)]
struct Shown<T>(T);

impl HttpClient for Shown<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Shown(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        self.0.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        self.0.validate_final_config(components, config)
    }
}

impl HttpConnector for Shown<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sent = Sent::for_credentials(request.method(), request.uri());
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            sent.gave(answer.as_ref().ok().map(|answer| answer.status().as_u16()));
            answer
        })
    }
}
