//! `weirgate connect`: points a client on this machine at a server, by the recipes in `types::clients`, and takes it back.
//!
//! The key comes from a variable or standard input, never from the command line, where every process could read it. What goes to standard
//! output can be given to a shell (`eval "$(weirgate connect …)"`); everything else is told on standard error.

mod ask;
mod files;
mod join;
mod kept;
mod show;

use std::io::Read;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use server::config::Env;
use types::clients::{Client, Filled, KEY_PLACEHOLDER, KEY_VARIABLE, Step};

use files::Folders;

#[derive(Args)]
pub struct Connect {
    /// The client; without it, the list of all
    client: Option<String>,
    /// The server's address [env: WEIRGATE_API_URL] [default: http://127.0.0.1:3741]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Where the key is: a variable's name, or `-` for standard input [default: WEIRGATE_API_KEY]
    #[arg(long, value_name = "FROM")]
    key: Option<String>,
    /// The model [default: the first that the server offers to this key]
    #[arg(long)]
    model: Option<String>,
    /// Print everything that would be set, the key included, and write nothing
    #[arg(long, conflicts_with = "undo")]
    print: bool,
    /// With --print: as JSON
    #[arg(long, requires = "print")]
    json: bool,
    /// Put the client's files back as they were before, byte for byte
    #[arg(long)]
    undo: bool,
    /// With --undo: also files that were changed since
    #[arg(long, requires = "undo")]
    force: bool,
}

pub async fn run(command: Connect) -> anyhow::Result<()> {
    let env = Env::process();
    let Some(id) = &command.client else {
        show::list();
        return Ok(());
    };
    let client = Client::of(id).ok_or_else(|| anyhow!("there is no recipe for `{id}`{}", show::nearest(id)))?;
    let folders = Folders::of(&env)?;
    if command.undo {
        return kept::undo(&folders, client, command.force);
    }
    let address = address(command.api_url.as_deref().or(env.get("WEIRGATE_API_URL")))?;
    let key = key(command.key.as_deref(), &env)?;
    let model = match command.model {
        Some(model) => model,
        None => ask::first_model(&address, key.as_deref()).await?,
    };
    let filled = Filled::new(&address, key.as_deref().unwrap_or(KEY_PLACEHOLDER), &model, None);
    let steps = client.steps(&filled);
    if command.print {
        if key.is_some() {
            eprintln!("Mind that the key stands in what is printed here.");
        }
        show::all(client, &steps, &folders, command.json);
        return Ok(());
    }
    let written = write(client, &steps, &folders, key.as_deref())?;
    // Whatever is told from here on has the place of the key in it, not the key.
    let steps = client.steps(&Filled::new(&address, KEY_PLACEHOLDER, &model, None));
    show::rest(client, &steps, &env, written);
    Ok(())
}

/// Writes the recipe's files, if it has any; all are read and joined before the first one is touched.
fn write(client: &Client, steps: &[Step], folders: &Folders, key: Option<&str>) -> anyhow::Result<bool> {
    let mut planned = Vec::new();
    for step in steps {
        if let Step::File(file) = step {
            planned.push(files::plan(file, folders, key)?);
        }
    }
    if planned.is_empty() {
        return Ok(false);
    }
    if planned.iter().any(|planned| planned.needs_key) && key.is_none() {
        bail!("these files hold the key: set {KEY_VARIABLE} to it, or give it on standard input with `--key -`");
    }
    let changed: Vec<_> = planned.iter().filter(|planned| planned.is_change()).collect();
    for same in planned.iter().filter(|planned| !planned.is_change()) {
        eprintln!("{} is set already.", same.path.display());
    }
    if !changed.is_empty() {
        kept::keep(folders, client, &changed)?;
        for planned in &changed {
            planned.write()?;
            eprintln!("Wrote {}.", planned.path.display());
        }
        eprintln!("`weirgate connect {} --undo` takes it back.", client.id);
    }
    Ok(true)
}

/// An address as clients of Anthropic's shape take it; people may paste the other one, with `/v1`.
fn address(given: Option<&str>) -> anyhow::Result<String> {
    let given = given.unwrap_or("http://127.0.0.1:3741").trim().trim_end_matches('/');
    let given = given.strip_suffix("/v1").unwrap_or(given);
    let address: http::Uri = given.parse().with_context(|| format!("`{given}` is no address"))?;
    let plain = address.query().is_none()
        && !address
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'));
    match address.scheme_str() {
        Some("http" | "https") if address.host().is_some() && plain => Ok(given.to_owned()),
        _ => bail!("the server's address has to look like https://weirgate.example, and `{given}` does not"),
    }
}

fn key(from: Option<&str>, env: &Env) -> anyhow::Result<Option<String>> {
    let text = match from {
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("cannot read the key from standard input")?;
            text
        }
        // Not repeated, since it may be a key.
        Some(name) if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => bail!(
            "--key names the variable that holds the key, or is `-`: on the command line every process of this machine could read it"
        ),
        Some(name) => env
            .get(name)
            .with_context(|| format!("the variable {name} is not set"))?
            .to_owned(),
        None => match env.get(KEY_VARIABLE) {
            Some(key) => key.to_owned(),
            None => return Ok(None),
        },
    };
    let key = text.trim();
    if key.is_empty() || key.chars().any(|c| c.is_whitespace() || c.is_control()) {
        bail!("what was given as the key is empty or has blanks in it");
    }
    Ok(Some(key.to_owned()))
}
