//! Every route of the model API, one line each.

use ::http::request::Parts;
use axum::{
    Router,
    extract::{OriginalUri, Request, State},
    response::Response,
    routing::{any, get, head, post},
};
use llm::Dialect;
use server::http::layers;
use types::error::Code;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract, playground,
    reply::{self, Asked},
    v1,
};
use crate::{Error, Gateway};

/// The model API. No compression, CSP or trace layer may be put around it: streams pass as they come. What stands around it adds headers alone.
///
/// Errors: the upstream client cannot be started.
pub fn router(state: server::State) -> Result<Router, Error> {
    let gateway = Gateway::new(state)?;
    let (doors, _) = documented().split_for_parts();
    let (apps, _) = apps().split_for_parts();
    // For our own page alone, so it stands in no document.
    let apps = apps.route("/playground/messages", post(playground::messages));
    let doors = doors
        .route("/v1/models/{id}/{*rest}", get(v1::models::one_with_slashes))
        .method_not_allowed_fallback(wrong_method);
    let whole = Router::new()
        // For clients that want a prefix for each dialect: the same doors.
        .nest("/anthropic", doors.clone().fallback(unknown))
        .nest("/openai", doors.clone().fallback(unknown))
        .merge(doors)
        .merge(apps.method_not_allowed_fallback(wrong_method));
    let misplaced = MISPLACED
        .into_iter()
        .fold(whole, |router, path| router.route(path, any(unknown)));
    Ok(misplaced
        .route("/v1", any(unknown))
        .route("/v1/{*rest}", any(unknown))
        // Clients look whether anybody is there. GET is the dashboard's.
        .route("/", head(here))
        .layer(layers::cors(gateway.state().config()))
        .with_state(gateway))
}

/// Doors without their `/v1`: the customary mistake in a base URL.
const MISPLACED: [&str; 6] = [
    "/messages",
    "/messages/count_tokens",
    "/chat/completions",
    "/responses",
    "/embeddings",
    "/v1/",
];

async fn here(State(gateway): State<Gateway>, parts: Parts) -> Response {
    let id = extract::request_id(&gateway, &parts.headers);
    reply::reply(Ok(Response::default()), Dialect::Openai, &Asked::now("/", &parts, &id))
}

/// What the model API adds to the OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().merge(apps()).into_openapi()
}

/// What stands under `/v1`, and under both prefixes.
fn documented() -> OpenApiRouter<Gateway> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(v1::messages::messages))
        .routes(routes!(v1::count_tokens::count_tokens))
        .routes(routes!(v1::chat_completions::chat_completions))
        .routes(routes!(v1::responses::responses))
        .routes(routes!(v1::embeddings::embeddings))
        .routes(routes!(v1::models::list))
        .routes(routes!(v1::models::one))
        .routes(routes!(v1::key::key))
}

/// Doors that apps were built for and no SDK calls.
fn apps() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(v1::messages::always_json))
        .routes(routes!(v1::messages::always_stream))
}

#[derive(OpenApi)]
#[openapi(tags((name = "models", description = "The model API: an API key or an access token, in the vendors' own formats")))]
struct Document;

async fn unknown(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let right = meant(whole_path(&parts));
    let hint = right.map_or_else(String::new, |(path, _)| {
        format!(" Did you mean {}{path}?", gateway.state().config().public_url())
    });
    let message = format!(
        "There is nothing at this path.{hint} The base URL for OpenAI clients ends in /v1, for Anthropic clients it does not."
    );
    // Anthropic's other paths stand under this one.
    let under_messages = whole_path(&parts).contains("/messages").then_some(Dialect::Anthropic);
    let dialect = right.map_or(under_messages, |(_, dialect)| dialect);
    refuse(&gateway, &parts, dialect, Error::refused(Code::NotFound, message))
}

/// As the client wrote it, prefix and all.
fn whole_path(parts: &Parts) -> &str {
    let original = parts.extensions.get::<OriginalUri>();
    original.map_or(parts.uri.path(), |OriginalUri(uri)| uri.path())
}

/// The path a client with a wrong base URL meant, and its dialect when it has one of its own. The longer of two comes first.
fn meant(path: &str) -> Option<(&'static str, Option<Dialect>)> {
    let path = path.trim_end_matches('/');
    let doors = [
        ("/v1/messages/count_tokens", Some(Dialect::Anthropic)),
        ("/v1/messages", Some(Dialect::Anthropic)),
        ("/v1/chat/completions", Some(Dialect::Openai)),
        ("/v1/responses", Some(Dialect::Responses)),
        ("/v1/embeddings", Some(Dialect::Embeddings)),
        ("/v1/models", None),
    ];
    doors
        .into_iter()
        .find(|(right, _)| path.ends_with(&right["/v1".len()..]))
}

async fn wrong_method(State(gateway): State<Gateway>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let message = format!("{} is not a method of this path.", parts.method);
    let dialect = meant(parts.uri.path()).and_then(|(_, dialect)| dialect);
    refuse(
        &gateway,
        &parts,
        dialect,
        Error::refused(Code::MethodNotAllowed, message),
    )
}

fn refuse(gateway: &Gateway, parts: &Parts, dialect: Option<Dialect>, error: Error) -> Response {
    let id = extract::request_id(gateway, &parts.headers);
    let dialect = dialect.unwrap_or_else(|| reply::shared_dialect(parts));
    reply::reply(Err(error), dialect, &Asked::now("/v1/*", parts, &id))
}
