//! How this server dials upstreams: no redirects, no proxy, and addresses that are private only where a provider says so.
//!
//! Calls of models go through a [`Connector`], the test of a provider and a LiteLLM proxy's list through a [`builder`]; both ask the same resolver,
//! so that what one refuses the other refuses too.

mod connector;

use std::{error::Error, net::SocketAddr, time::Duration};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

pub use connector::{Connector, TooSlow};

use crate::catalogue::address_allowed;

/// Who calls, where a client does not say so itself.
pub const USER_AGENT: &str = concat!("weirgate/", env!("CARGO_PKG_VERSION"));

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
        .user_agent(USER_AGENT);
    match allow_private {
        true => builder,
        false => builder.dns_resolver(PublicAddresses),
    }
}

/// Whether the host is a literal address that is not public.
fn is_private_literal(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.parse::<std::net::IpAddr>()
        .is_ok_and(|address| !address_allowed(address))
}

/// The name leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
pub struct NotPublic;

/// Whether a cause of this kind is why a request was not sent.
pub fn is_because_of<Cause: Error + 'static>(error: &dyn Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<Cause>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The addresses that the name leads to; unless `allow_private`, public ones alone.
async fn addresses(name: &str, allow_private: bool) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
    let found = tokio::net::lookup_host((name, 0)).await?;
    let allowed: Vec<SocketAddr> = found
        .filter(|address| allow_private || address_allowed(address.ip()))
        .collect();
    if allowed.is_empty() && !allow_private {
        return Err(NotPublic.into());
    }
    Ok(allowed)
}

/// Resolves names and keeps public addresses only.
struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move { Ok(Box::new(addresses(name.as_str(), false).await?.into_iter()) as Addrs) })
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
        assert!(is_because_of::<NotPublic>(&send(false).await));
        tokio::select! {
            biased;
            _ = listener.accept() => panic!("it was dialled"),
            () = std::future::ready(()) => {}
        }
        // The same name is dialled where the provider allows it.
        let (accepted, error) = tokio::join!(async { drop(listener.accept().await.unwrap()) }, send(true));
        let () = accepted;
        assert!(!is_because_of::<NotPublic>(&error));
    }
}
