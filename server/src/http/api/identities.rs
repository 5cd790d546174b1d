//! `auth/providers`, the ways to providers of identities and back, and the identities of an account.
//!
//! The ways are for browsers: they answer with 303 (never 307, which would carry a form along) and end on a page.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use types::{
    accounts::SignedIn,
    error::Code,
    problem::Problem,
    sign_in::{LinkedIdentity, Methods, Trouble},
};
use uuid::Uuid;

use super::auth::signed_in;
use crate::{
    Error,
    error::Result,
    http::{cookie, extract::Id},
    sessions::{self, Device, User},
    sign_in::{
        self, Proven, Step,
        identity::{self, Answer, Browser, Way},
        limits, mock as mock_auth,
    },
};

type App = State<crate::State>;

/// Every way to sign in that this server offers.
#[utoipa::path(
    get, path = "/auth/providers", operation_id = "sign_in_methods", tag = "auth",
    responses((status = 200, description = "What the sign-in page shows", body = Methods))
)]
pub async fn providers(State(state): App) -> axum::Json<Methods> {
    axum::Json(sign_in::methods(&state))
}

/// Sends the browser to a provider. `next` is the path to end on.
#[utoipa::path(
    get, path = "/auth/oauth/{provider}/start", operation_id = "identity_start", tag = "auth",
    params(
        ("provider" = String, Path, description = "Its id, from `auth/providers`"),
        ("next" = Option<String>, Query, description = "A path of this server to end on"),
        ("link" = Option<String>, Query, description = "From the settings page: links the identity instead of signing in")
    ),
    responses(
        (status = 303, description = "To the provider, or to the sign-in page when it cannot be reached"),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many sign-ins from this address", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn start(
    State(state): App,
    Path(provider): Path<String>,
    device: Device,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    on_a_page(begin(&state, &provider, &device, &headers, &uri).await)
}

/// The same for the one provider of `OAUTH_*`.
#[utoipa::path(
    get, path = "/auth/login", operation_id = "identity_start_single", tag = "auth",
    params(("next" = Option<String>, Query, description = "A path of this server to end on")),
    responses(
        (status = 303, description = "To the provider, or to the sign-in page when it cannot be reached"),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many sign-ins from this address", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn start_single(State(state): App, device: Device, headers: HeaderMap, uri: Uri) -> Response {
    on_a_page(begin(&state, crate::config::SINGLE, &device, &headers, &uri).await)
}

async fn begin(
    state: &crate::State,
    provider: &str,
    device: &Device,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response> {
    limits::request(state, device)?;
    let config = state.config();
    let [next, link] = query(uri, ["next", "link"]);
    let browser = Browser::new(state, cookie::way(headers, config));
    let way = identity::start(
        state,
        provider,
        &browser,
        next.as_deref().unwrap_or("/"),
        link.as_deref(),
    )
    .await?;
    match way {
        Way::Out(url) => {
            let mut reply = see_other(&url);
            reply
                .headers_mut()
                .append(header::SET_COOKIE, cookie::set_way(config, browser.value()));
            Ok(reply)
        }
        Way::Trouble { trouble, linking } => Ok(see_other(&page(trouble, linking))),
        Way::In(..) | Way::Linked => Err(Error::internal("a way ended where it began")),
    }
}

/// Where a provider sends the browser back to.
#[utoipa::path(
    get, path = "/auth/oauth/{provider}/callback", operation_id = "identity_callback", tag = "auth",
    params(
        ("provider" = String, Path, description = "Its id"),
        ("state" = Option<String>, Query, description = "As it was sent"),
        ("code" = Option<String>, Query, description = "What is traded for who somebody is"),
        ("error" = Option<String>, Query, description = "Instead of a code"),
        ("iss" = Option<String>, Query, description = "RFC 9207")
    ),
    responses(
        (status = 303, description = "Signed in or linked; or to the sign-in page with what is in the way"),
        (status = 400, description = "`invalid_link`: not begun in this browser, used, or over; `bad_request`: it proves nothing", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn callback(
    State(state): App,
    Path(provider): Path<String>,
    device: Device,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    on_a_page(returned(&state, &provider, &device, &headers, &uri).await)
}

/// The same for the one provider of `OAUTH_*`.
#[utoipa::path(
    get, path = "/auth/callback", operation_id = "identity_callback_single", tag = "auth",
    responses(
        (status = 303, description = "Signed in or linked; or to the sign-in page with what is in the way"),
        (status = 400, description = "`invalid_link`: not begun in this browser, used, or over; `bad_request`: it proves nothing", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such provider", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn callback_single(State(state): App, device: Device, headers: HeaderMap, uri: Uri) -> Response {
    on_a_page(returned(&state, crate::config::SINGLE, &device, &headers, &uri).await)
}

/// The status says what is in the way; a person is better off on a page that words it, where browsers go by the header `refresh`.
fn on_a_page(outcome: Result<Response>) -> Response {
    match outcome {
        Ok(reply) => reply,
        Err(error) => {
            let trouble = match error.refusal().code {
                Code::InvalidLink => Some(Trouble::Stale),
                Code::BadRequest => Some(Trouble::Unproven),
                Code::Unavailable | Code::RateLimited => Some(Trouble::Unavailable),
                _ => None,
            };
            let mut reply = error.into_response();
            let to = trouble.map(|trouble| HeaderValue::try_from(format!("0; url={}", page(trouble, false))));
            if let Some(Ok(to)) = to {
                reply.headers_mut().insert(header::REFRESH, to);
            }
            reply
        }
    }
}

async fn returned(
    state: &crate::State,
    provider: &str,
    device: &Device,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response> {
    let config = state.config();
    let [sent, code, error, issuer] = query(uri, ["state", "code", "error", "iss"]);
    let answer = Answer {
        state: sent,
        code,
        error,
        issuer,
    };
    // Without its cookie a browser is nobody's; the way is used up all the same.
    let browser = Browser::new(state, cookie::way(headers, config));
    let user = match cookie::read(headers, config) {
        Some(value) => match sessions::from_cookie(state, &value).await {
            Ok(user) => Some(user.seen_from(device.address.clone())),
            Err(Error::Refused(_)) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    match identity::finish(state, provider, answer, &browser, user, device).await? {
        Way::In(proven, next) => enter(state, *proven, &next, device, headers).await,
        Way::Linked => Ok(see_other("/settings/identities")),
        Way::Trouble { trouble, linking } => Ok(see_other(&page(trouble, linking))),
        Way::Out(_) => Err(Error::internal("a way back led out again")),
    }
}

/// Starts the browser's session in place of the one it had.
async fn enter(
    state: &crate::State,
    proven: Proven,
    next: &str,
    device: &Device,
    headers: &HeaderMap,
) -> Result<Response> {
    let config = state.config();
    let entered = match sign_in::first_step(state, proven, false, next, device).await? {
        Step::In(entered) => entered,
        Step::Second(sealed) => {
            let mut reply = see_other(cookie::SECOND_STEP);
            reply
                .headers_mut()
                .append(header::SET_COOKIE, cookie::set_paused(config, &sealed));
            return Ok(reply);
        }
    };
    if let Some(old) = cookie::read(headers, config) {
        sessions::end_cookie(state, &old, device).await?;
    }
    let session = sessions::start_cookie(state, &entered, false, device).await?;
    let mut reply = see_other(next);
    let cookies = [
        Some(cookie::set(config, &session)),
        cookie::set_device(config, &session),
    ];
    for value in cookies.into_iter().flatten() {
        reply.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(reply)
}

/// The identities that sign the person in.
#[utoipa::path(
    get, path = "/auth/identities", operation_id = "list_identities", tag = "auth",
    security(("access_token" = []), ("session" = [])),
    responses(
        (status = 200, description = "Oldest first", body = Vec<LinkedIdentity>),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(State(state): App, user: User) -> Result<axum::Json<Vec<LinkedIdentity>>> {
    identity::list(&state, &user).await.map(axum::Json)
}

/// Takes an identity off the account, unless it is the last way in.
#[utoipa::path(
    delete, path = "/auth/identities/{id}", operation_id = "unlink_identity", tag = "auth",
    params(("id" = Uuid, Path, description = "From the list")),
    security(("access_token" = []), ("session" = [])),
    responses(
        (status = 204, description = "Unlinked"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The cookie came from another site", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not one of yours", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The last way in", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn unlink(State(state): App, user: User, Id(id): Id<Uuid>) -> Result<StatusCode> {
    identity::unlink(&state, &user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs the test user in; only where `auth.mock_auth` is on, in development.
#[utoipa::path(
    post, path = "/auth/mock", operation_id = "mock_sign_in", tag = "auth",
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 404, description = "Not offered here", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn mock(State(state): App, device: Device) -> Result<axum::Json<SignedIn>> {
    limits::request(&state, &device)?;
    let proven = mock_auth::enter(&state, &device).await?;
    let user = sign_in::enter(&state, proven, None, &device).await?;
    signed_in(&state, &user, false, &device).await.map(axum::Json)
}

/// Parameters by name. Providers send more than is asked for; of one that comes twice nobody knows which is meant, so it is none.
fn query<const N: usize>(uri: &Uri, names: [&str; N]) -> [Option<String>; N] {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    names.map(|name| {
        let mut found = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let value = found.next()?;
        found.next().is_none().then(|| value.clone())
    })
}

/// The page that words what is in the way.
fn page(trouble: Trouble, linking: bool) -> String {
    let page = if linking { "/settings/identities" } else { "/login" };
    format!("{page}?trouble={}", trouble.name())
}

fn see_other(to: &str) -> Response {
    let location = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}
