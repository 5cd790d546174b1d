//! Every route of the model API, one line each.

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::any,
};
use types::error::Code;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{extract, reply, v1};
use crate::{Error, Gateway};

/// The model API. No compression, CSP or trace layer may be put around it: streams pass as they come.
///
/// Errors: the upstream client cannot be started.
pub fn router(state: server::State) -> Result<Router, Error> {
    let gateway = Gateway::new(state)?;
    let (router, _) = documented().split_for_parts();
    let router = router.method_not_allowed_fallback(wrong_method);
    Ok(router.route("/v1/{*rest}", any(unknown)).with_state(gateway))
}

/// What the model API adds to the OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

fn documented() -> OpenApiRouter<Gateway> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(v1::messages::messages))
        .routes(routes!(v1::messages::always_json))
        .routes(routes!(v1::messages::always_stream))
        .routes(routes!(v1::chat_completions::chat_completions))
        .routes(routes!(v1::models::list))
        .routes(routes!(v1::models::one))
}

#[derive(OpenApi)]
#[openapi(tags((name = "models", description = "The model API: an API key or an access token, in the vendors' own formats")))]
struct Document;

async fn unknown(State(gateway): State<Gateway>, request: Request) -> Response {
    let path = request.uri().path();
    let hint = hint(path).map_or_else(String::new, |right| format!(" Did you mean {right}?"));
    let message = format!(
        "There is nothing at this path.{hint} The base URL for OpenAI clients ends in /v1, for Anthropic clients it does not."
    );
    refuse(&gateway, &request, Error::refused(Code::NotFound, message))
}

/// The path a client with a wrong base URL meant.
fn hint(path: &str) -> Option<&'static str> {
    ["/v1/messages", "/v1/chat/completions", "/v1/models"]
        .into_iter()
        .find(|right| {
            path.strip_prefix("/v1").is_some_and(|rest| rest == *right) || path.ends_with(&right["/v1".len()..])
        })
}

async fn wrong_method(State(gateway): State<Gateway>, request: Request) -> Response {
    let message = format!("{} is not a method of this path.", request.method());
    refuse(&gateway, &request, Error::refused(Code::MethodNotAllowed, message))
}

fn refuse(gateway: &Gateway, request: &Request, error: Error) -> Response {
    let id = extract::request_id(gateway, request.headers());
    reply::reply(Err(error), reply::shared_dialect(request.headers()), "/v1/*", &id)
}
