//! The models a caller may use, in one body that Anthropic's and OpenAI's SDKs both read.

use std::{collections::HashMap, sync::Arc};

use ::http::request::Parts;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use bytes::Bytes;
use server::directory::ModelEntry;
use types::error::Code;

use crate::{
    Error, Gateway, admit,
    http::{
        extract::{self, Caller},
        reply::{Asked, reply, shared_dialect},
    },
};

/// The most models one page may have, as at Anthropic.
const PAGE_MOST: usize = 1000;

/// Models this caller may use, sorted by id; all of them unless `limit` says otherwise.
#[utoipa::path(
    get, path = "/v1/models", tag = "models",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1000"),
        ("after_id" = Option<String>, Query, description = "Those after this id"),
        ("before_id" = Option<String>, Query, description = "The last ones before this id"),
    ),
    responses((status = 200, description = "A list that both vendors' SDKs read"), (status = 400, description = "A page that cannot be"))
)]
pub async fn list(State(gateway): State<Gateway>, parts: Parts) -> Response {
    answer(&gateway, &parts, "/v1/models", |models| {
        let (page, has_more) = page(models, &parts)?;
        let page: Vec<_> = page.iter().map(|model| view(&gateway, model)).collect();
        Ok(llm::models::list(&page, has_more))
    })
}

/// One model this caller may use.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "models", params(("id" = String, Path)), responses((status = 200, description = "The model"), (status = 404, description = "No such model for this caller")))]
pub async fn one(State(gateway): State<Gateway>, Path(id): Path<String>, parts: Parts) -> Response {
    named(&gateway, &parts, &id)
}

/// The same for an id with slashes that a client did not escape.
pub async fn one_with_slashes(
    State(gateway): State<Gateway>,
    Path((first, rest)): Path<(String, String)>,
    parts: Parts,
) -> Response {
    named(&gateway, &parts, &format!("{first}/{rest}"))
}

fn named(gateway: &Gateway, parts: &Parts, id: &str) -> Response {
    answer(gateway, parts, "/v1/models/{id}", |models| {
        let model = models.iter().find(|model| model.name == id).ok_or_else(|| {
            Error::refused(
                Code::UnknownModel,
                "This key may use no model of that name. GET /v1/models lists the ones it may.",
            )
        })?;
        Ok(llm::models::one(&view(gateway, model)))
    })
}

/// The part of the list that the query asks for, and whether there is more in that direction. Other parameters are not ours to judge.
fn page<'a>(models: &'a [Arc<ModelEntry>], parts: &Parts) -> Result<(&'a [Arc<ModelEntry>], bool), Error> {
    let wrong = |message: &str| Error::refused(Code::BadRequest, message);
    let Query(asked) = Query::<HashMap<String, String>>::try_from_uri(&parts.uri)
        .map_err(|_| wrong("The query is not readable. Send limit, after_id and before_id as plain text."))?;
    let limit = match asked.get("limit") {
        None => models.len(),
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE_MOST).contains(limit))
            .ok_or_else(|| wrong("`limit` must be a whole number from 1 to 1000."))?,
    };
    // An id need not be in the list: one that went away still says where to go on.
    match (asked.get("after_id"), asked.get("before_id")) {
        (Some(_), Some(_)) => Err(wrong("Send either after_id or before_id.")),
        (None, Some(before)) => {
            let earlier = &models[..models.partition_point(|model| model.name < *before)];
            let from = earlier.len().saturating_sub(limit);
            Ok((&earlier[from..], from > 0))
        }
        (after, None) => {
            let from = after.map_or(0, |after| models.partition_point(|model| model.name <= *after));
            let later = &models[from..];
            let until = limit.min(later.len());
            Ok((&later[..until], until < later.len()))
        }
    }
}

fn answer(
    gateway: &Gateway,
    parts: &Parts,
    route: &'static str,
    body: impl FnOnce(&[Arc<ModelEntry>]) -> Result<Bytes, Error>,
) -> Response {
    let request_id = extract::request_id(gateway, &parts.headers);
    let asked = Asked::now(route, parts, &request_id);
    let outcome = Caller::prove(gateway, parts).and_then(|caller| {
        caller.require_read()?;
        Ok(super::own_json(body(&admit::allowed(gateway, &caller))?))
    });
    reply(outcome, shared_dialect(parts), &asked)
}

fn view<'a>(gateway: &Gateway, model: &'a ModelEntry) -> llm::models::Model<'a> {
    let owned_by = model
        .routes
        .first()
        .map_or("weirgate", |route| route.provider.name.as_str());
    llm::models::Model {
        id: &model.name,
        created: model.created_at,
        display_name: model.display_name.as_deref().unwrap_or(&model.name),
        owned_by,
        availability: model.availability(gateway.state().clock().now()),
    }
}
