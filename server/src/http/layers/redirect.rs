//! Keeps the redirects of server functions on this site.
//!
//! A form posted without JavaScript is answered with a redirect to `Referer`, which the client chose (CASES: open redirect).

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::csrf::is_server_function;

/// Rewrites `location` of `/_fn` replies to a path: our own pages keep theirs, everything else leads to `/`.
pub async fn same_origin_redirect(State(state): State<crate::State>, request: Request, next: Next) -> Response {
    if !is_server_function(request.uri().path()) {
        return next.run(request).await;
    }
    let host = authority(request.headers());
    let mut response = next.run(request).await;
    if let Some(location) = response.headers().get(header::LOCATION) {
        let path = own_path(location, state.config().public_url(), host.as_deref());
        let path = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}

fn authority(headers: &HeaderMap) -> Option<String> {
    headers.get(header::HOST)?.to_str().ok().map(str::to_owned)
}

/// A path with its query, or `/`.
fn own_path(location: &HeaderValue, public_url: &str, host: Option<&str>) -> String {
    let Ok(text) = location.to_str() else {
        return "/".to_owned();
    };
    let after_origin = |origin: &str| {
        let rest = text.strip_prefix(origin)?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
    };
    let own = after_origin(public_url)
        .or_else(|| after_origin(&format!("http://{}", host?)))
        .or_else(|| after_origin(&format!("https://{}", host?)));
    let path = own.unwrap_or(text);
    // `//evil` and `/\evil` name another host; browsers drop tabs and line ends before they look.
    let safe = path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if safe { path.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_stays_on_this_site() {
        let cases = [
            ("/keys", "/keys"),
            ("/keys?new=1", "/keys?new=1"),
            ("https://wg.example/login?e=1", "/login?e=1"),
            ("http://127.0.0.1:3741/login", "/login"),
            ("https://wg.example", "/"),
            ("https://wg.example.evil/x", "/"),
            ("https://wg.example@evil/x", "/"),
            ("https://evil.example/keys", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://wg.example//evil.example", "/"),
            ("/\tevil", "/"),
            ("javascript:alert(1)", "/"),
            ("", "/"),
        ];
        for (location, expected) in cases {
            let header = HeaderValue::from_bytes(location.as_bytes()).unwrap_or(HeaderValue::from_static("bad"));
            assert_eq!(
                own_path(&header, "https://wg.example", Some("127.0.0.1:3741")),
                expected,
                "{location}"
            );
        }
    }
}
