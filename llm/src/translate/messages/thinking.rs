//! How freely a model of this vendor may be told to think and to choose its words, which differs from version to version.

use crate::{
    Error,
    translate::{
        ask::{Ask, Block, Choice, Effort, Raw, Role, Target, Turn},
        out::Out,
        seal::Seal,
        walk::{Walk, refuse},
    },
};

/// The vendor's smallest budget for thoughts.
const BUDGET_LEAST: u64 = 1024;

/// Major and minor.
type Version = (u32, u32);

/// From here on models think adaptively and take an effort.
const ADAPTIVE: Version = (4, 6);
/// From here on they know the effort `xhigh`, and refuse to be told how to sample.
const FREE: Version = (4, 7);
/// From here on they take a schema for their answers.
const STRUCTURED: Version = (4, 5);

pub(super) enum Thinking<'a> {
    Off,
    Budget(u64),
    Adaptive(Raw<'a>),
}

/// How the wish for effort is put to a model.
///
/// No model thinks before a tool that it has to call. A budget, for older models and other vendors that speak this dialect, needs room in
/// `max_tokens`, and the thoughts of a tool loop that is under way.
pub(super) fn thinking<'a>(ask: &Ask<'a>, max_tokens: u64, to: &Target<'_>, walk: &mut Walk) -> Thinking<'a> {
    let field = to.named("thinking", "reasoning_effort", "reasoning.effort");
    let Some(Effort::Word(word)) = &ask.effort else {
        return Thinking::Off;
    };
    let wanted = match word.trim_matches('"') {
        "none" => return Thinking::Off,
        "minimal" => BUDGET_LEAST,
        "low" => 2048,
        "medium" => 8192,
        "high" => 16_384,
        "xhigh" | "max" => 32_768,
        _ => {
            walk.ignore(field);
            return Thinking::Off;
        }
    };
    if to.options.reasoning == Some(false) {
        walk.ignore(field);
        return Thinking::Off;
    }
    let forced = matches!(
        ask.choice,
        Some(Choice::Any | Choice::One(_) | Choice::Some { must: true, .. })
    );
    if forced {
        walk.ignore(field);
        return Thinking::Off;
    }
    if let Some(version) = version(to.options.upstream_model).filter(|version| *version >= ADAPTIVE) {
        return Thinking::Adaptive(match word.trim_matches('"') {
            "minimal" => Raw::Borrowed("\"low\""),
            "xhigh" if version < FREE => Raw::Borrowed("\"high\""),
            _ => word.clone(),
        });
    }
    let budget = wanted.min(max_tokens / 2);
    if budget < BUDGET_LEAST || loop_without_thoughts(ask) {
        walk.ignore(field);
        return Thinking::Off;
    }
    Thinking::Budget(budget)
}

/// A tool loop is under way whose first step does not begin with a thought that can be given back. To the vendor the whole loop
/// is one turn, so later steps may come without.
fn loop_without_thoughts(ask: &Ask<'_>) -> bool {
    let result = |block: &Block<'_>| matches!(block, Block::Result { .. });
    let Some(last) = ask.turns.iter().rposition(|turn| turn.role == Role::Assistant) else {
        return false;
    };
    if !ask.turns[last + 1..].iter().flat_map(|turn| &turn.blocks).any(result) {
        return false;
    }
    // It begins after the last message of the user's that brings no result.
    let asked = |turn: &Turn<'_>| turn.role == Role::User && !turn.blocks.iter().any(result);
    let from = ask.turns[..last].iter().rposition(asked).map_or(0, |at| at + 1);
    let first = ask.turns[from..=last].iter().find(|turn| turn.role == Role::Assistant);
    first.is_some_and(|turn| {
        !matches!(
            turn.blocks.first(),
            Some(Block::Thought {
                seal: Seal::Signature(_) | Seal::Redacted(_),
                ..
            })
        )
    })
}

/// What this dialect refuses in any case is refused here, where it can be named; what only this model refuses is left out.
pub(super) fn sampling(
    out: &mut Out,
    ask: &Ask<'_>,
    thinking: &Thinking<'_>,
    to: &Target<'_>,
    walk: &mut Walk,
) -> Result<(), Error> {
    let free = matches!(thinking, Thinking::Off) && version(to.options.upstream_model).is_none_or(|known| known < FREE);
    if let Some(temperature) = &ask.temperature {
        if temperature.parse::<f64>().is_ok_and(|heat| heat > 1.0) {
            return Err(refuse(
                "temperature".to_owned(),
                "must be at most 1 for this model: its provider knows no higher one.",
            ));
        }
        if free {
            out.field("temperature", temperature);
        } else if temperature.parse() != Ok(1.0) {
            walk.ignore("temperature");
        }
    }
    // Both say how free the choice is, and the vendor takes one of them.
    match &ask.top_p {
        Some(share) if free && ask.temperature.is_none() => {
            out.field("top_p", share);
        }
        Some(share) if share.parse() != Ok(1.0) => walk.ignore("top_p"),
        _ => {}
    }
    match &ask.top_k {
        Some(most) if free => {
            out.field("top_k", most);
        }
        Some(_) => walk.ignore("top_k"),
        None => {}
    }
    Ok(())
}

/// Whether the model takes a schema for its answer.
pub(super) fn takes_schemas(model: &str) -> bool {
    version(model).is_none_or(|known| known >= STRUCTURED)
}

/// The version in `claude-<family>-<major>-<minor>…` or `claude-<major>-<minor>-<family>…`; `None`: another vendor's model.
fn version(model: &str) -> Option<Version> {
    let name = &model[model.find("claude-")?..];
    // A date is no version.
    let mut numbers = name
        .split(['-', '@', ':', '.'])
        .filter_map(|part| part.parse::<u32>().ok())
        .take_while(|number| *number < 100);
    match numbers.next() {
        Some(major) => Some((major, numbers.next().unwrap_or(0))),
        // Families that began after the fourth version, and can go without a number.
        None => ["mythos", "fable"]
            .iter()
            .any(|family| name.contains(family))
            .then_some((5, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        for (model, expected) in [
            ("claude-opus-4-6", Some((4, 6))),
            ("claude-sonnet-5", Some((5, 0))),
            ("anthropic/claude-opus-4.7", Some((4, 7))),
            ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", Some((4, 5))),
            ("claude-sonnet-4-20250514", Some((4, 0))),
            ("claude-3-7-sonnet-latest", Some((3, 7))),
            ("claude-opus-5-5@default", Some((5, 5))),
            ("claude-mythos-preview", Some((5, 0))),
            ("claude-fable-5-1", Some((5, 1))),
            ("claude-20991231", None),
            ("kimi-k2", None),
        ] {
            assert_eq!(version(model), expected, "{model}");
        }
    }
}
