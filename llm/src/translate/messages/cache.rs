//! Marks of what is to be kept in the vendor's cache.

use std::borrow::Cow;

use super::write::says_something;
use crate::translate::ask::{Ask, Block, Raw, Role};

const EPHEMERAL: Raw<'static> = Cow::Borrowed("{\"type\":\"ephemeral\"}");

/// Clients of OpenAI count on their prompts being cached; here it has to be asked for. The marks go to the end of what is
/// written before the conversation and to the end of the conversation, unless the client set its own.
pub(super) fn mark(ask: &mut Ask<'_>) {
    let blocks = ask.system.iter().chain(ask.turns.iter().flat_map(|turn| &turn.blocks));
    let own = blocks.filter_map(of).next().is_some() || ask.tools.iter().any(|tool| tool.cache.is_some());
    if own {
        return;
    }
    let said = ask.turns.iter_mut().rev().find(|turn| turn.role == Role::User);
    let said = said.and_then(|turn| turn.blocks.iter_mut().rev().find(|block| says_something(block)));
    let before = ask.system.iter_mut().rev().find(|block| says_something(block));
    if before.is_none()
        && let Some(tool) = ask.tools.last_mut()
    {
        tool.cache = Some(EPHEMERAL);
    }
    for block in [before, said].into_iter().flatten() {
        match block {
            Block::Text { cache, .. }
            | Block::Image { cache, .. }
            | Block::File { cache, .. }
            | Block::Result { cache, .. } => *cache = Some(EPHEMERAL),
            _ => {}
        }
    }
}

fn of<'b>(block: &'b Block<'_>) -> Option<&'b Raw<'b>> {
    match block {
        Block::Text { cache, .. }
        | Block::Image { cache, .. }
        | Block::File { cache, .. }
        | Block::Call { cache, .. }
        | Block::Result { cache, .. } => cache.as_ref(),
        _ => None,
    }
}
