//! The playground: what a person may ask which models, and what an answer cost. The question itself goes from the browser to the model API's own
//! door; nothing said passes through here, but for a form without a script, whose answer the site brings along.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use types::{
    catalogue::ModelKind,
    playground::{MAX_TOKENS, Role, Turn},
};
use types::{playground::Ask, usage::CallStatus};

use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{format::Format, request::Request};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaygroundView {
    /// This server's public address, without a slash at the end.
    pub address: String,
    pub models: Vec<String>,
    /// Slugs and names of the shared organizations that could pay.
    pub organizations: Vec<(String, String)>,
    /// The form, and what was said so far.
    pub asked: Ask,
    /// What became of the question that a form without a script brought.
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The last turn is the answer.
    Answered(Option<Figures>),
    /// In the words of the server.
    Refused(String),
}

/// What the books say of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub input: String,
    pub cache_read: String,
    pub cache_write: String,
    pub output: String,
    /// Absent when the model had no price.
    pub cost: Option<String>,
    pub first_token: Option<String>,
    pub total: Option<String>,
    /// `open` until it is settled.
    pub status: CallStatus,
    pub estimated: bool,
}

/// A question that a form without a script asked, and its answer; the site puts it into the context of the page that shows it.
#[cfg(feature = "ssr")]
#[derive(Clone)]
pub struct Exchange {
    pub asked: Ask,
    pub answer: Result<Answer, String>,
}

#[cfg(feature = "ssr")]
#[derive(Clone)]
pub struct Answer {
    pub text: String,
    pub request_id: String,
}

/// `model` and `organization` (a slug, or empty for one's own) are the reader's choice; an unknown or empty model means the first.
#[server(endpoint = "playground")]
pub async fn read_playground(
    #[server(default)] model: String,
    #[server(default)] organization: String,
) -> Result<PlaygroundView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let (state, failed) = (&request.state, |error| request.error(&error));
    let exchange = use_context::<Exchange>();
    let mut asked = exchange.as_ref().map_or_else(
        || Ask {
            model,
            organization,
            max_tokens: MAX_TOKENS.to_owned(),
            ..Ask::default()
        },
        |exchange| exchange.asked.clone(),
    );
    let payer = match asked.organization.as_str() {
        "" => Some(user.organization_id()),
        named => server::organizations::named(state, named),
    };
    let payer = payer.ok_or_else(|| request.refused(types::error::Code::NotFound))?;
    let member = server::organizations::member(state, &user, payer).map_err(failed)?;
    let mut models = server::catalogue::offered::callable(state, &member).map_err(failed)?;
    models.retain(|model| model.kind == ModelKind::Chat);
    let chosen = models.iter().find(|entry| entry.name == asked.model).or(models.first());
    asked.model = chosen.map(|entry| entry.name.clone()).unwrap_or_default();
    let belongs = server::organizations::page(state, &user, super::organizations::PAGE, None);
    let belongs = belongs.await.map_err(failed)?.data.into_iter();
    let outcome = match exchange.map(|exchange| exchange.answer) {
        None => None,
        Some(Err(message)) => Some(Outcome::Refused(message)),
        Some(Ok(answer)) => {
            asked.turns = asked.conversation();
            asked.prompt.clear();
            asked.turns.push(Turn {
                role: Role::Assistant,
                content: answer.text,
            });
            Some(Outcome::Answered(settled(&request, &user, &answer.request_id).await))
        }
    };
    Ok(PlaygroundView {
        address: state.config().public_url().trim_end_matches('/').to_owned(),
        models: models.iter().map(|entry| entry.name.clone()).collect(),
        organizations: belongs.filter_map(|one| Some((one.slug?, one.name))).collect(),
        asked,
        outcome,
    })
}

/// What a call of one's own cost, by its request's id.
#[server(endpoint = "playground_call")]
pub async fn read_playground_call(#[server(default)] id: String) -> Result<Figures, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let call = server::books::usage::of_request(&request.state, &user, &id).await;
    let call = call.map_err(|error| request.error(&error))?;
    Ok(Format::of(&request, &user).figures(&call))
}

/// The same for a page that is rendered a moment after the answer: it is settled within milliseconds. None if not, which keeps nobody from
/// reading the answer.
#[cfg(feature = "ssr")]
async fn settled(request: &Request, user: &server::sessions::User, id: &str) -> Option<Figures> {
    for _ in 0..20 {
        let call = server::books::usage::of_request(&request.state, user, id).await;
        match call.inspect_err(|error| error.log(&request.id())) {
            Ok(call) if call.status == CallStatus::Open => {}
            Ok(call) => return Some(Format::of(request, user).figures(&call)),
            Err(_) => return None,
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    None
}
