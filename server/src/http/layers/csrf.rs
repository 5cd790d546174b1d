//! Cross-site request forgery: one layer for the dashboard and the account API.
//!
//! A cookie is sent by the browser whoever wrote the page, so a request that relies on one must prove that the page was ours:
//! `Sec-Fetch-Site: same-origin`, or, from browsers that do not send it, exactly our `Origin` (OWASP CSRF cheat sheet).
//! Server functions (`/_fn`) must prove it with or without a cookie, since signing somebody in is an attack too.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use types::{Refusal, error::Code};

use super::RequestId;
use crate::{
    Config,
    http::{cookie, problem},
};

/// Where server functions live; `.cargo/config.toml` and `Cargo.toml` bake the same prefix into the dashboard.
pub(super) const SERVER_FUNCTIONS: &str = "/_fn";

/// Refuses with 403 before anything behind it runs.
pub async fn csrf(State(state): State<crate::State>, request: Request, next: Next) -> Response {
    let config = state.config();
    let headers = request.headers();
    let guarded = is_server_function(request.uri().path())
        || (!is_safe(request.method())
            && !headers.contains_key(header::AUTHORIZATION)
            && cookie::present(headers, config));
    if guarded && let Err(refusal) = from_own_page(config, headers) {
        let id = RequestId::of(&state, request.extensions(), headers);
        return problem::render(&refusal, &id.0);
    }
    next.run(request).await
}

/// Whether a page of ours sent the request.
///
/// Errors: 403.
pub(in crate::http) fn from_own_page(config: &Config, headers: &HeaderMap) -> Result<(), Refusal> {
    let own = Own {
        origin: config.public_url(),
        loopback: !config.is_production(),
    };
    let message = "This request came from another site. Open the page again and repeat it there.";
    own.sent(headers)
        .then_some(())
        .ok_or_else(|| Refusal::new(Code::CrossSite, message))
}

pub(super) fn is_server_function(path: &str) -> bool {
    path.strip_prefix(SERVER_FUNCTIONS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// What counts as our own page.
struct Own<'a> {
    /// The public URL: scheme, host and port.
    origin: &'a str,
    /// In development a page on any loopback name is ours when it was loaded from the host it posts to.
    loopback: bool,
}

impl Own<'_> {
    fn sent(&self, headers: &HeaderMap) -> bool {
        let mut sites = headers.get_all("sec-fetch-site").iter();
        if let Some(site) = sites.next() {
            return site == "same-origin" && sites.next().is_none();
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return false;
        };
        let Ok(origin) = origin.to_str() else { return false };
        origin == self.origin || (self.loopback && is_loopback_page(origin, headers))
    }
}

fn is_loopback_page(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let Some(host) = host.filter(|host| origin.strip_prefix("http://") == Some(*host)) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn allowed(loopback: bool, pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        let own = Own {
            origin: "https://wg.example",
            loopback,
        };
        own.sent(&headers)
    }

    #[test]
    fn only_same_origin_passes_whatever_origin_says() {
        for (site, expected) in [
            ("same-origin", true),
            ("same-site", false),
            ("cross-site", false),
            ("none", false),
            ("", false),
            ("Same-Origin", false),
        ] {
            for origin in ["https://wg.example", "https://evil.example", "null"] {
                let pairs = [("sec-fetch-site", site), ("origin", origin)];
                assert_eq!(allowed(false, &pairs), expected, "{site} {origin}");
            }
        }
        let doubled = [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")];
        assert!(!allowed(false, &doubled));
    }

    #[test]
    fn without_the_header_the_origin_must_be_ours_to_the_letter() {
        assert!(allowed(false, &[("origin", "https://wg.example")]));
        for origin in [
            "https://evil.example",
            "https://a.wg.example",
            "https://wg.example.evil.example",
            "https://wg.example:8443",
            "http://wg.example",
            "https://WG.example",
            "null",
            "",
        ] {
            assert!(!allowed(false, &[("origin", origin)]), "{origin}");
        }
        let doubled = [("origin", "https://wg.example"), ("origin", "https://wg.example")];
        assert!(!allowed(false, &doubled));
        assert!(!allowed(false, &[]));
    }

    #[test]
    fn in_development_a_loopback_page_may_post_to_its_own_host() {
        let page = |origin, host| [("origin", origin), ("host", host)];
        assert!(allowed(true, &page("http://127.0.0.1:3741", "127.0.0.1:3741")));
        assert!(allowed(true, &page("http://[::1]:3741", "[::1]:3741")));
        assert!(!allowed(false, &page("http://127.0.0.1:3741", "127.0.0.1:3741")));
        assert!(!allowed(true, &page("http://127.0.0.1:9", "127.0.0.1:3741")));
        assert!(!allowed(true, &page("http://evil.example", "evil.example")));
        assert!(!allowed(
            true,
            &page("http://localhost:3741.evil.example", "localhost:3741.evil.example")
        ));
    }

    #[test]
    fn server_functions_are_recognised_by_path() {
        assert!(is_server_function("/_fn/login"));
        assert!(is_server_function("/_fn"));
        assert!(!is_server_function("/_fnord"));
        assert!(!is_server_function("/api/_fn"));
    }
}
