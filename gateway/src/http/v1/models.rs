//! The models a caller may use, in one body that Anthropic's and OpenAI's SDKs both read.

use ::http::{HeaderMap, HeaderValue, header};
use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use bytes::Bytes;
use server::directory::ModelEntry;
use types::error::Code;

use crate::{
    Error, Gateway, admit,
    http::{
        extract::{self, Caller},
        reply::{reply, shared_dialect},
    },
};

/// Models this caller may use.
#[utoipa::path(get, path = "/v1/models", tag = "models", responses((status = 200, description = "A list that both vendors' SDKs read")))]
pub async fn list(State(gateway): State<Gateway>, headers: HeaderMap) -> Response {
    answer(&gateway, &headers, "/v1/models", |models| {
        let models: Vec<_> = models.iter().map(|model| view(model)).collect();
        Ok(llm::models::list(&models))
    })
}

/// One model this caller may use.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "models", params(("id" = String, Path)), responses((status = 200, description = "The model"), (status = 404, description = "No such model for this caller")))]
pub async fn one(State(gateway): State<Gateway>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    answer(&gateway, &headers, "/v1/models/{id}", |models| {
        let model = models.iter().find(|model| model.name == id).ok_or_else(|| {
            Error::refused(
                Code::UnknownModel,
                "This key may use no model of that name. GET /v1/models lists the ones it may.",
            )
        })?;
        Ok(llm::models::one(&view(model)))
    })
}

fn answer(
    gateway: &Gateway,
    headers: &HeaderMap,
    route: &'static str,
    body: impl FnOnce(&[std::sync::Arc<ModelEntry>]) -> Result<Bytes, Error>,
) -> Response {
    let request_id = extract::request_id(gateway, headers);
    let outcome = Caller::prove(gateway, headers).and_then(|caller| {
        if !caller.may_read() {
            return Err(Error::refused(
                Code::Forbidden,
                "This key may not read. Use one whose permissions include read.",
            ));
        }
        let mut response = Response::new(Body::from(body(&admit::allowed(gateway, &caller))?));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    });
    reply(outcome, shared_dialect(headers), route, &request_id)
}

fn view(model: &ModelEntry) -> llm::models::Model<'_> {
    let owned_by = model
        .routes
        .first()
        .map_or("weirgate", |route| route.provider.name.as_str());
    llm::models::Model {
        id: &model.name,
        created: model.created_at,
        display_name: model.display_name.as_deref().unwrap_or(&model.name),
        owned_by,
    }
}
