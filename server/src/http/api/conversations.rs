//! `sessions/start`, `sessions/end` and `conversations`: what clients report of their sessions with models, and what it added up to.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use types::{
    ConversationId,
    conversations::{Conversation, EndConversation, EndedConversation, StartConversation, StartedConversation},
    page::Page,
    problem::Problem,
};

use super::keys::Paging;
use crate::{
    conversations::{self, Started},
    error::Result,
    http::extract::{self, Id, Json, Query, Reader, Reporter},
};

type App = State<crate::State>;

/// Begins a conversation. An open one of the same `client_session_id` is answered again.
#[utoipa::path(
    post, path = "/sessions/start", operation_id = "start_conversation", tag = "conversations",
    security(("access_token" = []), ("session" = []), ("personal_token" = [])), request_body = Option<StartConversation>,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    responses(
        (status = 200, description = "It is open already", body = StartedConversation),
        (status = 201, description = "Begun", body = StartedConversation),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `write`, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "As many are open as you may have, or the request with this `Idempotency-Key` is being served", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule, or an `Idempotency-Key` that came with another body", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn start(State(state): App, user: Reporter, headers: HeaderMap, body: Bytes) -> Result<Response> {
    // Its only field is optional, so the body is, too.
    let new: StartConversation = match body.is_empty() {
        true => StartConversation::default(),
        false => extract::json(&headers, &body)?,
    };
    let (status, reply) = match conversations::start(&state, &user, new).await? {
        Started::Now(reply) => (StatusCode::CREATED, reply),
        Started::Before(reply) => (StatusCode::OK, reply),
    };
    Ok((status, axum::Json(reply)).into_response())
}

/// Ends a conversation with the hash of its transcript. Again with the same hash is answered the same.
#[utoipa::path(
    post, path = "/sessions/end", operation_id = "end_conversation", tag = "conversations",
    security(("access_token" = []), ("session" = []), ("personal_token" = [])), request_body = EndConversation,
    responses(
        (status = 200, description = "Ended", body = EndedConversation),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `write`, or the cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It has ended with another hash, or without one", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Body over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not 64 lower-case hexadecimal digits, or other fields that break a rule", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn end(
    State(state): App,
    user: Reporter,
    Json(body): Json<EndConversation>,
) -> Result<axum::Json<EndedConversation>> {
    conversations::end(&state, &user, body).await.map(axum::Json)
}

/// Your conversations, newest first, with the sums of their finished calls.
#[utoipa::path(
    get, path = "/conversations", operation_id = "list_conversations", tag = "conversations",
    security(("access_token" = []), ("session" = []), ("personal_token" = [])), params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<Conversation>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(
    State(state): App,
    user: Reader,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<Conversation>>> {
    let page = conversations::page(&state, &user, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// One of your conversations.
#[utoipa::path(
    get, path = "/conversations/{id}", operation_id = "get_conversation", tag = "conversations",
    security(("access_token" = []), ("session" = []), ("personal_token" = [])), params(("id" = ConversationId, Path)),
    responses(
        (status = 200, description = "The conversation", body = Conversation),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The personal token lacks the scope `account`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn get(State(state): App, user: Reader, Id(id): Id<ConversationId>) -> Result<axum::Json<Conversation>> {
    conversations::get(&state, &user, id).await.map(axum::Json)
}
