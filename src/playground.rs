//! The playground's form without a script: the question is put to the model API's own door, as the browser would put it, and the page shows the
//! answer.
//!
//! The door proves the person and the page by the same headers that the form came with. Nothing said is kept anywhere.

use app::{Answer, Exchange};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{FromRequest, RawForm, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower::ServiceExt;
use types::playground::{self, Ask};

/// What proves the person and the page.
const PROOFS: [HeaderName; 4] = [
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
    HeaderName::from_static("sec-fetch-site"),
];
const DOOR: &str = "/playground/messages";
const ORGANIZATION: HeaderName = HeaderName::from_static("x-weirgate-organization");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The gateway reads no longer answer than this.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Asks, and has the page rendered with what came of it. A page is rendered for a refusal too, with its status.
pub async fn answered<Page>(
    models: Router,
    request: Request,
    render: impl FnOnce(Exchange, Request) -> Page,
) -> Response
where
    Page: Future<Output = Response<Body>>,
{
    let (parts, body) = request.into_parts();
    let page = Request::from_parts(parts.clone(), Body::empty());
    let form = match RawForm::from_request(Request::from_parts(parts, body), &()).await {
        Ok(RawForm(form)) => form,
        Err(refused) => return refused.into_response(),
    };
    let asked = Ask::of(|name| {
        let mut fields = url::form_urlencoded::parse(&form);
        // Browsers send lines of a text with CR and LF.
        let found = fields.find(|(field, _)| field == name);
        found.map(|(_, value)| value.replace("\r\n", "\n")).unwrap_or_default()
    });
    let (status, answer) = ask(models, page.headers(), &asked).await;
    let mut response = render(Exchange { asked, answer }, page).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

async fn ask(models: Router, headers: &HeaderMap, asked: &Ask) -> (StatusCode, Result<Answer, String>) {
    let mut question = Request::new(Body::from(asked.body(false)));
    *question.method_mut() = Method::POST;
    *question.uri_mut() = http::Uri::from_static(DOOR);
    let own = question.headers_mut();
    for name in PROOFS {
        for value in headers.get_all(&name) {
            own.append(name.clone(), value.clone());
        }
    }
    own.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(organization) = HeaderValue::from_str(&asked.organization)
        && !organization.is_empty()
    {
        own.insert(ORGANIZATION, organization);
    }
    let reply = match models.oneshot(question).await {
        Ok(reply) => reply,
        Err(never) => match never {},
    };
    let status = reply.status();
    let request_id = reply.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let request_id = request_id.unwrap_or_default().to_owned();
    let body = to_bytes(reply.into_body(), MOST_BYTES).await.unwrap_or_default();
    let answer = match status.is_success() {
        true => Ok(Answer {
            text: playground::answer(&serde_json::from_slice(&body).unwrap_or_default()),
            request_id,
        }),
        false => Err(playground::refusal(&String::from_utf8_lossy(&body))),
    };
    (status, answer)
}
