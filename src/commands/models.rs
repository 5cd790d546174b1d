//! `weirgate models`: which models are offered and what they cost, changed without a browser. A running server sees it within two seconds.

mod sync;

use anyhow::Context;
use clap::{Args, Subcommand};
use server::{
    State,
    catalogue::{Editor, models, prices},
};
use types::catalogue::{ModelChange, ModelKind, ModelRoute, NewModel, NewPrice, Origin, PerMillion};

use super::{Settings, providers::said};

#[derive(Args)]
pub struct Models {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List models: name, kind, providers, price, state
    List,
    /// Add a model
    Add(Add),
    /// Set a model's price: a new version, which calls admitted before do not see
    Price(SetPrice),
    /// Say that a model's price is not known any more: calls are unpriced from then on, and those before keep what they were charged
    WithdrawPrice { name: String },
    /// Take a model from everybody without deleting anything
    Disable { name: String },
    /// Undo `disable`
    Enable { name: String },
    /// Take the models of the configured LiteLLM proxy over now, and say what came of it
    Sync,
}

#[derive(Args)]
struct Add {
    /// What clients write as `model`
    name: String,
    /// PROVIDER:MODEL, and after commas weight and priority (acme:llama-3,weight=2,priority=1); can be repeated
    #[arg(long = "route", required = true, value_name = "ROUTE")]
    routes: Vec<String>,
    #[arg(long)]
    display_name: Option<String>,
    /// It answers embeddings, not chats
    #[arg(long)]
    embedding: bool,
    #[arg(long)]
    context_length: Option<u32>,
    #[arg(long)]
    max_output_tokens: Option<u32>,
    /// Such as tools or vision; can be repeated
    #[arg(long = "capability", value_name = "NAME")]
    capabilities: Vec<String>,
    /// US dollars per million input tokens, such as 3.00; without a price calls are unpriced
    #[arg(long, requires = "output", allow_hyphen_values = true)]
    input: Option<String>,
    /// US dollars per million output tokens
    #[arg(long, requires = "input", allow_hyphen_values = true)]
    output: Option<String>,
    /// It is free of charge: zeros are meant
    #[arg(long)]
    free: bool,
}

#[derive(Args)]
struct SetPrice {
    name: String,
    /// US dollars per million tokens, such as 3.00
    #[arg(long, allow_hyphen_values = true)]
    input: String,
    #[arg(long, allow_hyphen_values = true)]
    output: String,
    #[arg(long, allow_hyphen_values = true)]
    cache_read: Option<String>,
    #[arg(long, allow_hyphen_values = true)]
    cache_write_5m: Option<String>,
    #[arg(long, allow_hyphen_values = true)]
    cache_write_1h: Option<String>,
    /// It is free of charge: zeros are meant
    #[arg(long)]
    free: bool,
}

pub async fn run(settings: &Settings, command: Models) -> anyhow::Result<()> {
    let state = settings.state().await?;
    let outcome = work(&state, command.what).await;
    state.shutdown().await;
    outcome
}

async fn work(state: &State, what: What) -> anyhow::Result<()> {
    let editor = Editor::operator(state).map_err(said)?;
    match what {
        What::List => list(state, &editor).await,
        What::Add(add) => {
            let made = models::create(state, &editor, new(add)?).await.map_err(said)?;
            println!("Added {} ({}).", made.name, made.id);
            Ok(())
        }
        What::Price(price) => {
            let id = models::named(state, &editor, &price.name).await.map_err(said)?;
            let new = NewPrice {
                input: price.input,
                output: price.output,
                cache_read: price.cache_read,
                cache_write_5m: price.cache_write_5m,
                cache_write_1h: price.cache_write_1h,
                free: price.free,
            };
            let set = prices::set(state, &editor, id, new).await.map_err(said)?;
            println!("{}: version {} of the price holds.", price.name, set.version);
            Ok(())
        }
        What::WithdrawPrice { name } => {
            let id = models::named(state, &editor, &name).await.map_err(said)?;
            let version = prices::holding(state, &editor, id).await.map_err(said)?;
            let withdrawn = prices::withdraw(state, &editor, id, version).await;
            withdrawn.map_err(said)?;
            println!("{name}: version {version} of the price is withdrawn; calls are unpriced.");
            Ok(())
        }
        What::Disable { name } => enable(state, &editor, &name, false).await,
        What::Enable { name } => enable(state, &editor, &name, true).await,
        What::Sync => sync::run(state, &editor).await,
    }
}

fn new(add: Add) -> anyhow::Result<NewModel> {
    let price = add.input.zip(add.output).map(|(input, output)| NewPrice {
        input,
        output,
        free: add.free,
        ..NewPrice::default()
    });
    Ok(NewModel {
        name: add.name,
        display_name: add.display_name,
        kind: if add.embedding {
            ModelKind::Embedding
        } else {
            ModelKind::Chat
        },
        context_length: add.context_length,
        max_output_tokens: add.max_output_tokens,
        capabilities: add.capabilities,
        routes: add
            .routes
            .iter()
            .map(|text| route(text))
            .collect::<anyhow::Result<_>>()?,
        price,
        is_enabled: true,
    })
}

/// Colons may stand in a model's name, and not in the provider's before the first.
fn route(text: &str) -> anyhow::Result<ModelRoute> {
    let wrong = || format!("--route {text}: write PROVIDER:MODEL, and after commas weight=N and priority=N");
    let mut parts = text.split(',');
    let (provider, model) = parts
        .next()
        .and_then(|first| first.split_once(':'))
        .with_context(wrong)?;
    let mut route = ModelRoute {
        provider: provider.to_owned(),
        model: model.to_owned(),
        weight: 1,
        priority: 0,
    };
    for part in parts {
        let (name, value) = part.split_once('=').with_context(wrong)?;
        let value = value.parse().with_context(wrong)?;
        match name {
            "weight" => route.weight = value,
            "priority" => route.priority = value,
            _ => anyhow::bail!(wrong()),
        }
    }
    Ok(route)
}

async fn list(state: &State, editor: &Editor) -> anyhow::Result<()> {
    for model in models::all(state, editor).await.map_err(said)? {
        let mut providers: Vec<&str> = model.routes.iter().map(|route| route.provider.as_str()).collect();
        providers.dedup();
        println!(
            "{}\t{}\t{}\t{}\t{}{}",
            model.name,
            model.kind.name(),
            providers.join(", "),
            price(model.price.as_ref()),
            if model.is_enabled { "enabled" } else { "disabled" },
            match (model.managed, model.origin) {
                (false, _) => "",
                (true, Origin::Litellm) => ", from LiteLLM",
                (true, _) => ", from the configuration",
            },
        );
    }
    Ok(())
}

fn price(price: Option<&PerMillion>) -> String {
    match price {
        Some(price) => format!("${} / ${}", price.input, price.output),
        None => "unpriced".to_owned(),
    }
}

async fn enable(state: &State, editor: &Editor, name: &str, is_enabled: bool) -> anyhow::Result<()> {
    let id = models::named(state, editor, name).await.map_err(said)?;
    let change = ModelChange {
        is_enabled: Some(is_enabled),
        ..ModelChange::default()
    };
    models::update(state, editor, id, change).await.map_err(said)?;
    println!("{name} is {}.", if is_enabled { "enabled" } else { "disabled" });
    Ok(())
}
