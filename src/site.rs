//! The only file that joins the dashboard, the account API and the model API.

use std::path::PathBuf;

use axum::{
    Router,
    extract::{Request, State as Extract},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderValue, header};
use leptos::{config::LeptosOptions, context::provide_context};
use leptos_axum::LeptosRoutes;
use server::{
    State,
    http::{
        layers,
        line::{Begun, Line},
        problem,
    },
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, NotForContentType},
    },
};
use tracing::Level;

use crate::{assets, playground};

/// Everything this process answers.
pub fn router(state: State) -> anyhow::Result<Router> {
    let models = gateway::http::router(state.clone())?;
    let accounts = server::http::router_with(state.clone(), Some(gateway::http::openapi));
    let pages = dashboard(state, models.clone());
    // Streams of the model API pass as they come: nothing of what the pages need stands around them.
    let people = Router::new().merge(accounts).merge(pages).layer(
        CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::new("application/wasm"))),
    );
    Ok(models.merge(people))
}

fn options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("weirgate")
        .site_root(site_root().to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .build()
}

/// Where a development build's files are; cargo-leptos names it when it starts the server.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo-leptos speaks through the environment, not through the configuration"
)]
fn site_root() -> PathBuf {
    std::env::var_os("LEPTOS_SITE_ROOT").map_or_else(|| PathBuf::from("target/site"), PathBuf::from)
}

fn dashboard(state: State, models: Router) -> Router {
    let options = options();
    let routes = leptos_axum::generate_route_list(app::App);
    let context = {
        let state = state.clone();
        move || provide_context(state.clone())
    };
    let shell = {
        let options = options.clone();
        move || app::shell(options.clone(), assets::version())
    };
    // A question that a form without a script asks: the page it was sent from, with the answer.
    let playground = {
        let (context, shell) = (context.clone(), shell.clone());
        move |request: Request| {
            playground::answered(models.clone(), request, move |exchange, page| {
                let context = move || {
                    context();
                    provide_context(exchange.clone());
                };
                leptos_axum::render_app_async_with_context(context, shell.clone())(page)
            })
        }
    };
    let functions = {
        let context = context.clone();
        move |request: Request| leptos_axum::handle_server_fns_with_context(context.clone(), request)
    };
    let missing = {
        let (context, shell) = (context.clone(), shell.clone());
        move |request: Request| {
            let render = leptos_axum::render_app_async_with_context(context.clone(), shell.clone());
            async move { render(request).await.into_response() }
        }
    };
    let functions = Router::new().route("/_fn/{*name}", post(functions));
    #[cfg(carries_pages)]
    let files = assets::router();
    #[cfg(not(carries_pages))]
    let files = assets::router(&site_root());
    Router::new()
        .leptos_routes_with_context(&options, routes, context, shell)
        .merge(functions)
        .route("/playground", post(playground))
        // Around all of it: Leptos brings a route of its own for every server function.
        .layer(from_fn_with_state(state.clone(), layers::same_origin_redirect))
        .layer(from_fn(never_kept))
        .route("/_fn", get(|| async { http::StatusCode::METHOD_NOT_ALLOWED }))
        .fallback(missing)
        .layer(from_fn_with_state(state.clone(), to_the_end))
        .layer(from_fn_with_state(state.clone(), layers::csrf))
        .layer(from_fn(layers::one_host))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(logged))
        .with_state(options)
        .merge(files)
        .layer(from_fn_with_state(state.clone(), identified))
        .layer(from_fn_with_state(state, layers::guard))
}

/// Every request gets its id, for the log and for the page that reports a failure.
async fn identified(Extract(state): Extract<State>, mut request: Request, next: Next) -> Response {
    let id = layers::RequestId::of(&state, request.extensions(), request.headers());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Writes the log's line about a page or a form. Files are fetched by the dozen and tell nothing.
async fn logged(request: Request, next: Next) -> Response {
    let begun = Begun::now(&request);
    let id = request.extensions().get::<layers::RequestId>().cloned();
    let response = next.run(request).await;
    let line = Line {
        error_class: problem::class_of(response.status()),
        ..begun.answered(id.as_ref().map_or("", |id| &id.0), response.status().as_u16())
    };
    line.write(Level::INFO);
    response
}

/// Finishes a page whose reader has left. Leptos draws parts of it in tasks of their own, which panic when what they draw is taken
/// from under them.
async fn to_the_end(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    match state.spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is ending.
            Err(_) => http::StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

/// Pages show what only their reader may see.
async fn never_kept(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
