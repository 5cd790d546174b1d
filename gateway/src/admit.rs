//! May this caller make this call? Answers from memory alone.

use std::sync::Arc;

use server::directory::ModelEntry;
use types::error::Code;

use crate::{
    Error, Gateway,
    http::extract::{Caller, Forbidding},
};

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
