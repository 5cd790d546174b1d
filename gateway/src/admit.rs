//! May this caller make this call, and now? Answers from memory alone.

use std::sync::Arc;

use server::{
    books::limits::{Admitted, Limit, Over},
    directory::{ModelEntry, TeamEntry},
};
use types::{Refusal, error::Code, teams::DEFAULT_TEAM};

use crate::{
    Error, Gateway,
    error::OverLimit,
    http::extract::{Caller, Forbidding},
};

/// Bytes of a request that are taken for one token until its call has ended.
const BYTES_A_TOKEN: u64 = 4;

/// The model of that name as the caller calls it, when the caller may use it.
///
/// Errors: 403 `forbidden` for a key without `write`, 403 `model_not_allowed`, 404 `unknown_model` naming the allowed ones.
pub fn admit(gateway: &Gateway, caller: &Caller, name: &str) -> Result<Arc<ModelEntry>, Error> {
    if !caller.may_write() {
        return Err(Error::refused(
            Code::Forbidden,
            "This key may only read. Use a key whose permissions include write to call a model.",
        ));
    }
    let Some(model) = gateway.state().directory().model(name) else {
        let names = allowed(gateway, caller)
            .iter()
            .map(|model| model.name.clone())
            .collect::<Vec<_>>()
            .join(", ");
        let message = if names.is_empty() {
            format!("There is no model {name:?}, and none is configured for this key yet.")
        } else {
            format!("There is no model {name:?}. This key may use: {names}.")
        };
        return Err(Error::refused(Code::UnknownModel, message));
    };
    let Some(forbidding) = caller.who_forbids(&model.name) else {
        return Ok(match caller.key() {
            Some(key) => model.for_key(key),
            None => model,
        });
    };
    let message = match forbidding {
        Forbidding::Key => {
            format!("This key may not use the model {name:?}. Choose one of its allowed models or use another key.")
        }
        Forbidding::Team => {
            format!(
                "The team does not allow the model {name:?}. Choose one of its models, or ask who manages the team."
            )
        }
        Forbidding::Organization => format!(
            "The organization does not allow the model {name:?}. Choose one of its models, or ask the operator of this server."
        ),
    };
    Err(Error::refused(Code::ModelNotAllowed, message))
}

/// The models this caller may use, sorted by name.
pub fn allowed(gateway: &Gateway, caller: &Caller) -> Vec<Arc<ModelEntry>> {
    let mut models = gateway.state().directory().models();
    models.retain(|model| caller.may_use(&model.name));
    models
}

/// A place under the limits of the caller's team, if it has any. For a person in several teams the first that has room counts the call.
///
/// Errors: 429 `rate_limited` with the shortest wait.
pub fn within_limits(gateway: &Gateway, caller: &Caller, model: &str, body: &[u8]) -> Result<Option<Admitted>, Error> {
    let (pace, now) = (gateway.state().pace(), gateway.state().clock().now());
    let guess = (body.len() as u64).div_ceil(BYTES_A_TOKEN);
    let mut over: Option<(&TeamEntry, Over)> = None;
    for team in caller.teams_for(model) {
        match pace.admit(team, caller.user_id(), guess, now) {
            Ok(admitted) => return Ok(admitted),
            Err(more) if over.as_ref().is_none_or(|(_, known)| more.wait < known.wait) => over = Some((team, more)),
            Err(_) => {}
        }
    }
    over.map_or(Ok(None), |(team, over)| Err(wait(team, &over)))
}

fn wait(team: &TeamEntry, over: &Over) -> Error {
    let who = match team.id == DEFAULT_TEAM {
        true => "Everybody without a team of their own".to_owned(),
        false => format!("The team {:?}", team.name),
    };
    let (most, seconds) = (over.most, over.wait);
    let s = if most == 1 { "" } else { "s" };
    let message = match over.limit {
        Limit::Requests => format!("{who} may make {most} call{s} a minute. Try again in {seconds} s."),
        Limit::Tokens => format!("{who} may use {most} token{s} a minute. Try again in {seconds} s."),
        Limit::Parallel => format!("{who} may make {most} call{s} at the same time. Try again when one has ended."),
    };
    Error::OverLimit(OverLimit {
        refusal: Refusal {
            retry_after: Some(seconds),
            ..Refusal::new(Code::RateLimited, message)
        },
        left: over.left,
    })
}
