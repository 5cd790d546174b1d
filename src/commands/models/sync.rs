//! `weirgate models sync`: takes the models of the configured LiteLLM proxy over now, and says what came of it.

use server::{State, catalogue::Editor};
use types::litellm::{SkipReason, SyncReport};

use super::super::providers::said;

pub async fn run(state: &State, editor: &Editor) -> anyhow::Result<()> {
    let report = server::litellm::sync(state, editor).await.map_err(said)?;
    tell(&report);
    Ok(())
}

fn tell(report: &SyncReport) {
    let list = |what: &str, names: &[String]| {
        for name in names {
            println!("{what}: {name}");
        }
    };
    list("new", &report.new);
    for model in &report.changed {
        println!("changed: {} ({})", model.name, model.fields.join(", "));
    }
    list("gone, disabled", &report.gone);
    list("restored", &report.restored);
    for skipped in &report.skipped {
        let name = if skipped.name.is_empty() {
            "(no name)"
        } else {
            &skipped.name
        };
        println!("skipped: {name}: {}", reason(skipped.reason));
    }
    list("without a price", &report.unpriced);
    list("price rounded", &report.rounded);
    list("dearer for long calls at the proxy", &report.tiered);
    list("deployments differ, the dearest price holds", &report.differing);
    println!(
        "Models: {}, new: {}, changed: {}, gone: {}, restored: {}, skipped: {}",
        report.models,
        report.new.len(),
        report.changed.len(),
        report.gone.len(),
        report.restored.len(),
        report.skipped.len()
    );
}

const fn reason(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::InConfiguration => "the configuration has a model of this name",
        SkipReason::MadeHere => "a model of this name was made here",
        SkipReason::Wildcard => "its name stands for many",
        SkipReason::Name => "its name cannot travel in a header",
        SkipReason::Mode => "it answers neither chats nor embeddings",
        SkipReason::Unreadable => "its description cannot be read",
    }
}
