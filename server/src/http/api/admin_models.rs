//! `admin/models`: which models are offered, by whom, and what they cost.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use types::{
    ModelId,
    catalogue::{Model, ModelChange, NewModel, NewPrice, PriceVersion},
    page::Page,
    problem::Problem,
};

use super::{
    answers::{OfAdministrators, OfBodies, OfOverseers},
    keys::Paging,
};
use crate::{
    catalogue::{Editor, models, prices},
    error::Result,
    http::extract::{Administrator, Id, Json, Of, Overseer, Query},
};

type App = State<crate::State>;

/// Models, oldest first.
#[utoipa::path(
    get, path = "/admin/models", operation_id = "list_all_models", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(Paging),
    responses(
        (status = 200, description = "One page", body = Page<Model>),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn list(State(state): App, user: Overseer, Query(paging): Query<Paging>) -> Result<axum::Json<Page<Model>>> {
    let page = models::page(&state, &user.auditor()?, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Makes a model; `price` is the first version of its price. It can be called from the reply on, on other nodes within two seconds.
#[utoipa::path(
    post, path = "/admin/models", operation_id = "create_model", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewModel,
    responses(
        (status = 201, description = "The model", body = Model),
        (status = 409, description = "Another model has this name, or there are too many", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule, or a route to a provider that does not exist", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn create(State(state): App, user: Administrator, Json(new): Json<NewModel>) -> Result<Response> {
    let editor = Editor::from(&user.admin()?);
    let made = models::create(&state, &editor, new).await?;
    Ok((StatusCode::CREATED, axum::Json(made)).into_response())
}

/// One model.
#[utoipa::path(
    get, path = "/admin/models/{id}", operation_id = "get_any_model", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(("id" = ModelId, Path)),
    responses(
        (status = 200, description = "The model", body = Model),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn get(State(state): App, user: Overseer, Id(id): Id<ModelId>) -> Result<axum::Json<Model>> {
    models::get(&state, &user.auditor()?, id).await.map(axum::Json)
}

/// Changes the fields that are sent; lists are replaced whole.
#[utoipa::path(
    patch, path = "/admin/models/{id}", operation_id = "update_model", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = ModelId, Path)),
    request_body = ModelChange,
    responses(
        (status = 200, description = "The model after the change", body = Model),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It comes from the configuration file", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields that break a rule, or a route to a provider that does not exist", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn update(
    State(state): App,
    user: Administrator,
    Id(id): Id<ModelId>,
    Json(change): Json<ModelChange>,
) -> Result<axum::Json<Model>> {
    let editor = Editor::from(&user.admin()?);
    models::update(&state, &editor, id, change).await.map(axum::Json)
}

/// Deletes a model that was never called and that nobody is limited to.
#[utoipa::path(
    delete, path = "/admin/models/{id}", operation_id = "delete_model", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = ModelId, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Something refers to it, or it comes from the configuration file", body = Problem, content_type = "application/problem+json"),
        OfAdministrators
    )
)]
pub async fn delete(State(state): App, user: Administrator, Id(id): Id<ModelId>) -> Result<StatusCode> {
    let editor = Editor::from(&user.admin()?);
    models::delete(&state, &editor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Versions of a model's price, the one that holds first.
#[utoipa::path(
    get, path = "/admin/models/{id}/prices", operation_id = "list_prices", tag = "admin", security(("access_token" = ["platform_auditor"]), ("session" = ["platform_auditor"])),
    params(("id" = ModelId, Path), Paging),
    responses(
        (status = 200, description = "One page", body = Page<PriceVersion>),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter that is unknown or malformed", body = Problem, content_type = "application/problem+json"),
        OfOverseers
    )
)]
pub async fn prices(
    State(state): App,
    user: Overseer,
    Id(id): Id<ModelId>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Page<PriceVersion>>> {
    let page = prices::page(&state, &user.auditor()?, id, paging.limit, paging.cursor.as_deref()).await?;
    Ok(axum::Json(page))
}

/// Sets a price: a new version, which calls admitted before do not see.
#[utoipa::path(
    post, path = "/admin/models/{id}/prices", operation_id = "set_price", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = ModelId, Path), ("Idempotency-Key" = Option<String>, Header, description = "The same key within 24 hours: the same answer, and nothing is made again")),
    request_body = NewPrice,
    responses(
        (status = 201, description = "The version", body = PriceVersion),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It comes from the configuration file", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field that is no price, or zeros without `free`", body = Problem, content_type = "application/problem+json"),
        OfAdministrators,
        OfBodies
    )
)]
pub async fn set_price(
    State(state): App,
    user: Administrator,
    Id(id): Id<ModelId>,
    Json(new): Json<NewPrice>,
) -> Result<Response> {
    let editor = Editor::from(&user.admin()?);
    let made = prices::set(&state, &editor, id, new).await?;
    Ok((StatusCode::CREATED, axum::Json(made)).into_response())
}

/// Withdraws the price that holds: calls are unpriced from the reply on, and those before keep what they were charged. Versions before it are history.
#[utoipa::path(
    delete, path = "/admin/models/{id}/prices/{version}", operation_id = "withdraw_price", tag = "admin", security(("access_token" = ["platform_admin"]), ("session" = ["platform_admin"])),
    params(("id" = ModelId, Path), ("version" = u32, Path, description = "The one that holds")),
    responses(
        (status = 204, description = "Withdrawn, by a version without prices"),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another version holds, or none has a price; or the model comes from the configuration file", body = Problem, content_type = "application/problem+json"),
        OfAdministrators
    )
)]
pub async fn withdraw_price(
    State(state): App,
    user: Administrator,
    Of(model): Of<ModelId>,
    Id(version): Id<u32>,
) -> Result<StatusCode> {
    let editor = Editor::from(&user.admin()?);
    prices::withdraw(&state, &editor, model, version).await?;
    Ok(StatusCode::NO_CONTENT)
}
