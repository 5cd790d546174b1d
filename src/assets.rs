//! The pages' files: carried by a release binary, read from the site folder in development.

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use http::{HeaderValue, header};

/// Stands behind `?v=` of every file the pages name, so that a new build is never mixed with an old one.
pub fn version() -> &'static str {
    option_env!("WEIRGATE_ASSETS").unwrap_or("dev")
}

#[cfg(carries_pages)]
pub fn router() -> Router {
    memory_serve::load!()
        .index_file(None)
        .cache_control(memory_serve::CacheControl::Short)
        .into_router::<()>()
        .layer(from_fn(keep_versioned))
}

#[cfg(not(carries_pages))]
pub fn router(site: &std::path::Path) -> Router {
    use tower_http::services::ServeDir;
    Router::new()
        .nest_service("/pkg", ServeDir::new(site.join("pkg")))
        .nest_service("/fonts", ServeDir::new(site.join("fonts")))
        .route_service(
            "/favicon.svg",
            tower_http::services::ServeFile::new(site.join("favicon.svg")),
        )
        .layer(from_fn(keep_versioned))
}

/// A file asked for by its version never changes.
async fn keep_versioned(request: Request, next: Next) -> Response {
    let versioned = version() != "dev" && request.uri().query() == Some(&["v=", version()].concat());
    let mut response = next.run(request).await;
    let value = if versioned {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    if response.status().is_success() {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    }
    response
}
