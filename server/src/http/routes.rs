//! Every route of the account API, and where it is mounted.
//!
//! One router stands at `/api/v1` (canonical, and what the OpenAPI document lists) and at `/api`; its `auth`, `sessions` and
//! `health` parts also at `/v1`, beside the model API.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::header,
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse,
    routing::{any, get},
};
use bytes::Bytes;
use tower_http::catch_panic::CatchPanicLayer;
use types::error::Code;
use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use super::{api, cookie, layers};
use crate::{Config, Error, State, error::Result};

const API_BODY: usize = 64 * 1024;
const AUTH_BODY: usize = 16 * 1024;

/// The account API with its documents and health checks.
pub fn router(state: State) -> Router {
    router_with(state, None)
}

/// [`router`], with what another router adds to the OpenAPI document.
pub fn router_with(state: State, more: Option<fn() -> OpenApi>) -> Router {
    let document = Document::new(state.clone(), more);
    let beside_models = auth().merge(sessions()).merge(health()).split_for_parts().0;
    let everything = everything().split_for_parts().0;
    let account = Router::new()
        .nest("/api/v1", everything.clone())
        .nest("/api", everything)
        .nest("/v1", beside_models)
        .route("/api", any(nothing))
        .route("/api/", any(nothing))
        .route("/api/{*rest}", any(nothing))
        .layer(from_fn_with_state(state.clone(), layers::once))
        .layer(DefaultBodyLimit::max(API_BODY))
        .layer(from_fn_with_state(state.clone(), layers::limits))
        .layer(from_fn(layers::no_store))
        .layer(from_fn_with_state(state.clone(), layers::csrf))
        .layer(layers::cors(state.config()));
    let probes = probes().split_for_parts().0.layer(from_fn(layers::no_store));
    Router::new()
        .merge(account)
        .merge(probes)
        .merge(SwaggerUi::new("/docs/api").config("/api/openapi.json".into()))
        .route("/api/openapi.json", get(move || std::future::ready(document.served())))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(layers::one_host))
        .layer(from_fn_with_state(state.clone(), layers::request_log))
        .layer(from_fn_with_state(state.clone(), layers::finish))
        .layer(from_fn_with_state(state.clone(), layers::guard))
        .with_state(state)
}

/// The OpenAPI document as it is served. It takes more memory than all routes together, so it is made when somebody first asks,
/// and kept as text.
struct Document {
    state: State,
    more: Option<fn() -> OpenApi>,
    text: OnceLock<Bytes>,
}

impl Document {
    fn new(state: State, more: Option<fn() -> OpenApi>) -> Arc<Self> {
        Arc::new(Document {
            state,
            more,
            text: OnceLock::new(),
        })
    }

    fn served(&self) -> Result<impl IntoResponse + use<>> {
        let text = match self.text.get() {
            Some(text) => text.clone(),
            None => {
                let mut document = openapi(self.state.config());
                if let Some(more) = self.more {
                    document.merge(more());
                }
                let text = document.to_json().map_err(Error::internal)?;
                self.text.get_or_init(|| text.into()).clone()
            }
        };
        Ok(([(header::CONTENT_TYPE, "application/json")], text))
    }
}

/// The document of everything above, canonical paths only.
pub fn openapi(config: &Config) -> OpenApi {
    let mut document = OpenApiRouter::<State>::with_openapi(Described::openapi())
        .nest("/api/v1", everything())
        .merge(probes())
        .into_openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token from `auth/login`."))
        .build();
    components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A personal token (`wgp-…`): with the scope `account` it reads, with `write` it reports conversations; nothing else.",
        ))
        .build();
    components.add_security_scheme("personal_token", SecurityScheme::Http(token));
    let name = cookie::name(config);
    let session = ApiKey::Cookie(ApiKeyValue::with_description(name, "The dashboard's session."));
    components.add_security_scheme("session", SecurityScheme::ApiKey(session));
    document
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Weirgate",
        description = "Accounts, keys and usage. The same routes without a version stand at `/api`; `auth`, `sessions` and `health` also at `/v1`."
    ),
    tags(
        (name = "auth", description = "Signing up, in and out"),
        (name = "account", description = "The signed-in person's profile"),
        (name = "organizations", description = "What people own together, who belongs to it, and who is invited. Scopes of `security` name the role a route is for"),
        (name = "teams", description = "Groups of members whose keys share rules"),
        (name = "models", description = "Models that can be called, and what they cost"),
        (name = "keys", description = "API keys for the model API"),
        (name = "usage", description = "What was used and what it cost"),
        (name = "conversations", description = "Sessions with models as clients report them: metadata alone"),
        (name = "audit", description = "Who changed what"),
        (name = "admin", description = "For administrators of this server: scopes of `security` say whether read-only ones may (`platform_auditor`) or not (`platform_admin`)"),
        (name = "health", description = "Whether the server works")
    )
)]
struct Described;

fn everything() -> OpenApiRouter<State> {
    auth()
        .merge(sessions())
        .merge(health())
        .routes(routes!(api::setup::complete))
        .routes(routes!(
            api::account::profile,
            api::account::update_profile,
            api::account::leave
        ))
        .routes(routes!(api::keys::list, api::keys::create))
        .routes(routes!(api::keys::get, api::keys::revoke))
        .routes(routes!(api::keys::list_alias, api::keys::create_alias))
        .routes(routes!(api::keys::get_alias, api::keys::revoke_alias))
        .merge(organizations())
        .merge(catalogue())
        .routes(routes!(api::usage::summary))
        .routes(routes!(api::usage::daily))
        .routes(routes!(api::usage::recent))
        .routes(routes!(api::conversations::list))
        .routes(routes!(api::conversations::get))
        .routes(routes!(api::audit::organization))
        .routes(routes!(api::audit::organization_export))
        .merge(admin())
}

/// For who runs the server.
fn admin() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(api::users::list, api::users::create))
        .routes(routes!(api::users::get, api::users::change, api::users::delete))
        .routes(routes!(api::users::sign_out))
        .routes(routes!(api::users::reset_second_factor))
        .routes(routes!(api::overseen::list))
        .routes(routes!(
            api::overseen::get,
            api::overseen::change,
            api::overseen::delete
        ))
        .routes(routes!(api::overseen::members, api::overseen::add_member))
        .routes(routes!(api::overseen::change_member, api::overseen::remove_member))
        .routes(routes!(api::audit::server))
        .routes(routes!(api::audit::server_export))
        .routes(routes!(api::request_log::list))
        .routes(routes!(api::system::facts))
        .routes(routes!(api::system::limits))
        .routes(routes!(api::system::sign_in_methods))
        .routes(routes!(api::litellm::status, api::litellm::sync))
}

fn organizations() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(api::organizations::list, api::organizations::create))
        .routes(routes!(
            api::organizations::get,
            api::organizations::update,
            api::organizations::delete
        ))
        .routes(routes!(api::members::list, api::members::add))
        .routes(routes!(api::members::get, api::members::change, api::members::remove))
        .routes(routes!(api::invitations::list, api::invitations::create))
        .routes(routes!(api::invitations::revoke))
        .routes(routes!(api::invitations::resend))
        .routes(routes!(api::invitations::look))
        .routes(routes!(api::invitations::accept))
        .routes(routes!(api::organization_keys::list))
        .routes(routes!(api::organization_keys::revoke))
        .routes(routes!(api::teams::of_organization, api::teams::create))
        .routes(routes!(api::teams::list))
        .routes(routes!(api::teams::get, api::teams::update, api::teams::delete))
        .routes(routes!(api::teams::members, api::teams::add_member))
        .routes(routes!(api::teams::remove_member))
}

/// Who serves models, which ones are offered, what they cost.
fn catalogue() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(api::models::list))
        .routes(routes!(api::models::get))
        .routes(routes!(api::admin_providers::list, api::admin_providers::create))
        .routes(routes!(
            api::admin_providers::get,
            api::admin_providers::update,
            api::admin_providers::delete
        ))
        .routes(routes!(api::admin_providers::rotate))
        .routes(routes!(api::admin_providers::test))
        .routes(routes!(api::admin_models::list, api::admin_models::create))
        .routes(routes!(
            api::admin_models::get,
            api::admin_models::update,
            api::admin_models::delete
        ))
        .routes(routes!(api::admin_models::prices, api::admin_models::set_price))
        .routes(routes!(api::admin_models::withdraw_price))
}

/// Of conversations; those of sign-ins are part of `auth`.
fn sessions() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(api::conversations::start))
        .routes(routes!(api::conversations::end))
}

fn auth() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(api::auth::register))
        .routes(routes!(api::auth::signup))
        .routes(routes!(api::auth::login))
        .routes(routes!(api::auth::refresh))
        .routes(routes!(api::auth::logout))
        .routes(routes!(api::auth::me))
        .routes(routes!(api::links::request))
        .routes(routes!(api::links::verify))
        .routes(routes!(api::passwords::forgot))
        .routes(routes!(api::passwords::reset))
        .routes(routes!(api::passwords::change))
        .routes(routes!(api::emails::verify))
        .routes(routes!(api::emails::resend))
        .routes(routes!(api::emails::change))
        .routes(routes!(api::sessions::list, api::sessions::end_others))
        .routes(routes!(api::sessions::end))
        .routes(routes!(api::tokens::list, api::tokens::create))
        .routes(routes!(api::tokens::revoke))
        .routes(routes!(api::tokens::cli_login))
        .routes(routes!(api::tokens::cli_logout))
        .routes(routes!(api::totp::status, api::totp::begin, api::totp::remove))
        .routes(routes!(api::totp::confirm))
        .routes(routes!(api::totp::new_recovery_codes))
        .routes(routes!(api::passkeys::list))
        .routes(routes!(api::passkeys::start))
        .routes(routes!(api::passkeys::finish))
        .routes(routes!(api::passkeys::remove))
        .routes(routes!(api::passkeys::start_sign_in))
        .routes(routes!(api::passkeys::finish_sign_in))
        .routes(routes!(api::identities::providers))
        .routes(routes!(api::identities::start))
        .routes(routes!(api::identities::callback))
        .routes(routes!(api::identities::start_single))
        .routes(routes!(api::identities::callback_single))
        .routes(routes!(api::identities::list))
        .routes(routes!(api::identities::unlink))
        .routes(routes!(api::identities::mock))
        .layer(DefaultBodyLimit::max(AUTH_BODY))
}

fn health() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(api::health::health))
}

fn probes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(api::health::live))
        .routes(routes!(api::health::ready))
}

async fn nothing() -> Error {
    Error::refused(
        Code::NotFound,
        "There is nothing at this address. The API's routes are listed in /api/openapi.json.",
    )
}
