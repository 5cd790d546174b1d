//! How this server dials upstreams: no redirects, no proxy, and addresses that are private only where a provider says so.
//!
//! The gateway's calls and the test of a provider go through the same builder, so that what one refuses the other refuses too.

use std::{net::SocketAddr, time::Duration};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::catalogue::address_allowed;

/// A client's beginnings. Unless `allow_private`, names that lead to private addresses are refused when they are dialled, whatever they said
/// when the provider was saved. Literal addresses never reach a resolver: the catalogue refuses those.
pub fn builder(allow_private: bool, connect_timeout: Duration) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true)
        // One HTTP/2 connection per host would queue beyond about a hundred streams.
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(concat!("weirgate/", env!("CARGO_PKG_VERSION")));
    match allow_private {
        true => builder,
        false => builder.dns_resolver(PublicAddresses),
    }
}

/// Whether the address is a literal one that is not public. Those never reach the resolver that keeps private ones away: the catalogue refuses
/// them, and a row that came there otherwise is refused where it is dialled.
pub fn is_private_literal(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.parse::<std::net::IpAddr>()
        .is_ok_and(|address| !address_allowed(address))
}

/// The name leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
pub struct NotPublic;

/// Whether this is why a request was not sent.
pub fn is_not_public(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Resolves names and keeps public addresses only.
struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| address_allowed(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A name that was saved as a public one and leads home when it is dialled (C086).
    #[tokio::test]
    async fn name_that_leads_home_is_refused_before_anything_is_dialled() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let send = async |allow_private: bool| {
            let client = builder(allow_private, Duration::from_secs(2)).build().unwrap();
            let call = client.get(format!("http://localhost:{port}/"));
            call.timeout(Duration::from_secs(2)).send().await.unwrap_err()
        };
        assert!(is_not_public(&send(false).await));
        tokio::select! {
            biased;
            _ = listener.accept() => panic!("it was dialled"),
            () = std::future::ready(()) => {}
        }
        // The same name is dialled where the provider allows it.
        let (accepted, error) = tokio::join!(async { drop(listener.accept().await.unwrap()) }, send(true));
        let () = accepted;
        assert!(!is_not_public(&error));
    }
}
