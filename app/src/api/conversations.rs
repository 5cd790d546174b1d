//! The person's conversations, as clients reported them.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Form, Moment};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{Request, flash},
};

pub const PAGE: &str = "/conversations";
#[cfg(feature = "ssr")]
const SHOWN: u64 = 50;

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationView {
    pub id: String,
    /// What the client calls it.
    pub name: Option<String>,
    pub started: Moment,
    pub ended: Option<Moment>,
    pub calls: String,
    pub tokens: String,
    pub cost: String,
    /// Some of its calls went to models without a price.
    pub unpriced: bool,
    pub hash: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationsView {
    pub conversations: Vec<ConversationView>,
    /// Where older ones begin.
    pub next: Option<String>,
    /// This is not the first page.
    pub later: bool,
    pub form: Form,
}

/// `after` is `next` of the page before, or empty.
#[server(endpoint = "conversations")]
pub async fn read_conversations(#[server(default)] after: String) -> Result<ConversationsView, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let cursor = Some(after.as_str()).filter(|after| !after.is_empty());
    let page = server::conversations::page(&request.state, &user, SHOWN, cursor)
        .await
        .map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &user);
    let shown = |conversation: types::conversations::Conversation| ConversationView {
        id: conversation.id.to_string(),
        name: conversation.client_session_id,
        started: format.moment(conversation.started_at),
        ended: conversation.ended_at.map(|at| format.moment(at)),
        calls: format.numbers.count(conversation.sums.requests),
        tokens: format.numbers.count(conversation.sums.tokens.total()),
        cost: format.numbers.money(conversation.sums.cost_nanos),
        unpriced: conversation.sums.unpriced > 0,
        hash: conversation.transcript_hash,
    };
    Ok(ConversationsView {
        conversations: page.data.into_iter().map(shown).collect(),
        next: page.next_cursor,
        later: cursor.is_some(),
        form: flash::take_form(&request, "abandon_conversation").unwrap_or_default(),
    })
}

#[server(endpoint = "abandon_conversation")]
pub async fn abandon_conversation(#[server(default)] id: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("abandon_conversation", &[]);
    let work = async {
        let user = request.user().await?;
        let id = id.parse().map_err(|_| request.refused(types::error::Code::NotFound))?;
        server::conversations::abandon(&request.state, &user, id)
            .await
            .map_err(|error| request.error(&error))
    };
    request.form(PAGE, form, work, |()| PAGE.to_owned()).await
}
