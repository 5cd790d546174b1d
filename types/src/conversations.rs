//! Requests and replies about conversations: metadata that clients report of their sessions with models, never a word of them.

use serde::{Deserialize, Serialize};

use crate::{
    ConversationId, Timestamp,
    accounts::wrong,
    error::{FieldErrors, Refusal},
    rules::{self, Wrong},
    transcript,
    usage::Sums,
};

pub const CLIENT_SESSION_ID_MOST: usize = 128;

/// `POST sessions/start`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartConversation {
    /// The client's own name for it, at most 128 characters. As long as the conversation is open, the same one leads to it again.
    #[serde(default)]
    pub client_session_id: Option<String>,
}

impl StartConversation {
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        if let Some(id) = &self.client_session_id {
            wrong(
                &mut errors,
                "client_session_id",
                rules::name(id, CLIENT_SESSION_ID_MOST),
            );
        }
        Refusal::fields(errors)
    }
}

/// The reply to `sessions/start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartedConversation {
    /// Send it as `x-weirgate-conversation` with calls that belong to it.
    pub session_id: ConversationId,
    pub started_at: Timestamp,
}

/// `POST sessions/end`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EndConversation {
    pub session_id: ConversationId,
    /// 64 lower-case hexadecimal digits, see `weirgate transcript-hash`.
    pub transcript_hash: String,
}

impl EndConversation {
    pub fn check(&self) -> Result<(), Refusal> {
        let mut errors = FieldErrors::new();
        if !transcript::well_formed(&self.transcript_hash) {
            wrong(&mut errors, "transcript_hash", Err(Wrong::NotAHash));
        }
        Refusal::fields(errors)
    }
}

/// The reply to `sessions/end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndedConversation {
    pub session_id: ConversationId,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub transcript_hash: String,
}

/// A conversation as lists show it, with the sums of its finished calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    pub id: ConversationId,
    pub client_session_id: Option<String>,
    pub started_at: Timestamp,
    /// Null while it is open.
    pub ended_at: Option<Timestamp>,
    /// Null while it is open, and when it was ended without a transcript.
    pub transcript_hash: Option<String>,
    #[serde(flatten)]
    pub sums: Sums,
}
