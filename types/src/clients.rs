//! How each client is pointed at this server: which variables, which files, which program, with address, key and model filled in.
//!
//! The one place that knows it. The connect page shows it, `weirgate connect` writes it, and the tests run the real clients by it.
//! Texts are plain; nothing here knows a page, and nothing touches a disk.

mod agents;
mod libraries;
mod shell;

/// Stands where the key belongs as long as there is none.
pub const KEY_PLACEHOLDER: &str = "YOUR_WEIRGATE_KEY";
/// Where recipes of clients that read their key from a variable of our choice look for it, and `weirgate connect` too.
pub const KEY_VARIABLE: &str = "WEIRGATE_API_KEY";

/// A client and what is to be known about it.
pub struct Client {
    /// As `weirgate connect` and addresses name it.
    pub id: &'static str,
    pub name: &'static str,
    pub group: Group,
    /// The format it speaks.
    pub speaks: Speaks,
    /// The settings it needs, in the order in which they are made.
    steps: fn(&Filled) -> Vec<Step>,
    pub notes: &'static [Note],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Agents,
    Libraries,
    Shell,
}

/// The format of a client's calls, by the path it calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Messages,
    Chat,
    Responses,
}

impl Speaks {
    pub const fn path(self) -> &'static str {
        match self {
            Speaks::Messages => "/v1/messages",
            Speaks::Chat => "/v1/chat/completions",
            Speaks::Responses => "/v1/responses",
        }
    }
}

/// What a recipe is filled in with. Made only by [`Filled::new`], so that no text can leave its quotes.
pub struct Filled {
    /// This server, without a slash at the end.
    address: String,
    key: String,
    model: String,
    /// How many tokens the model takes, for clients that must be told.
    context: u32,
}

impl Filled {
    /// `context` is in tokens; unknown is told as 128,000, which today's models all take.
    pub fn new(address: &str, key: &str, model: &str, context: Option<u32>) -> Self {
        Filled {
            address: quotable(address.trim_end_matches('/')),
            key: quotable(key),
            model: quotable(model),
            context: context.unwrap_or(128_000),
        }
    }
}

/// Without what could end a string, or be replaced in one, in any of the languages.
fn quotable(text: &str) -> String {
    let plain = |c: &char| !c.is_control() && !"\"\\'`$".contains(*c);
    text.chars().filter(plain).collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Typed into a terminal.
    Shell(String),
    /// Variables of the shell that the client is started from.
    Variables(Vec<(&'static str, String)>),
    /// Settings in a file of the client's.
    File(File),
    /// A program of one's own, with the name it is saved under.
    Program { name: &'static str, text: String },
    /// Fields of a page of settings, named as the client names them.
    Form(Vec<(&'static str, String)>),
}

/// A file below the home folder: the whole text for who has none yet, and how it joins one that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// `~/…`, where it usually is.
    pub path: &'static str,
    /// A variable that names the folder the file is in instead of its usual one.
    pub folder: Option<&'static str>,
    /// Where it is on a Mac, if elsewhere.
    pub on_mac: Option<&'static str>,
    pub syntax: Syntax,
    pub text: String,
    /// Entries of a list of tables are the same one when this field is equal; empty when the text has no such list.
    pub same_by: &'static str,
    /// Keys at the top that are left alone when they are there.
    pub keep: &'static [&'static str],
}

impl File {
    fn new(path: &'static str, syntax: Syntax, text: String) -> Self {
        File {
            path,
            folder: None,
            on_mac: None,
            syntax,
            text,
            same_by: "",
            keep: &[],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// With or without comments.
    Json,
    Toml,
    Yaml,
}

/// What to know beside the steps; pages word it in the reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A variable that would win over what is set here must not be set.
    Unset(&'static str),
    /// The client calls from its maker's servers, so this address has to be public and served by https.
    CallsFromElsewhere,
    /// It reads the key from the variable each time it is started.
    KeyInVariable,
    /// The key stands in the file.
    KeyInFile,
    /// The key is asked for by the client and kept in the system's keychain.
    KeyInKeychain,
    /// Of the models, the client shows those whose names begin like the vendor's.
    KnownModelsOnly,
    /// Where in the client these fields are.
    Where(&'static str),
}

impl Note {
    /// Where there is no language to choose.
    pub fn english(self) -> String {
        match self {
            Note::Unset(name) => format!("{name} must not be set: it would win over these settings."),
            Note::CallsFromElsewhere => {
                "Calls come from the servers of the client's maker: this address must be public and served by https, and loopback or a private network will not do."
                    .to_owned()
            }
            Note::KeyInVariable => {
                format!("The key is read from {KEY_VARIABLE} each time: set it in your shell's profile.")
            }
            Note::KeyInFile => "The file then holds the key: keep it to yourself.".to_owned(),
            Note::KeyInKeychain => "It keeps the key in the system's keychain when you type it in.".to_owned(),
            Note::KnownModelsOnly => "Its own list shows only models it knows; `refresh` adds those of this server.".to_owned(),
            Note::Where(place) => format!("You find these fields in {place}."),
        }
    }
}

impl Client {
    pub fn all() -> impl Iterator<Item = &'static Client> {
        [agents::CLIENTS, libraries::CLIENTS, shell::CLIENTS]
            .into_iter()
            .flatten()
    }

    pub fn of(id: &str) -> Option<&'static Client> {
        Client::all().find(|client| client.id == id)
    }

    /// The one that needs nothing installed.
    pub fn simplest() -> &'static Client {
        &shell::CLIENTS[0]
    }

    /// The command that writes its files; none for a client without.
    pub fn command(&self, filled: &Filled) -> Option<String> {
        let Filled { address, model, .. } = filled;
        let has_files = self.steps(filled).iter().any(|step| matches!(step, Step::File(_)));
        has_files.then(|| {
            format!(
                "weirgate connect {} --api-url \"{address}\" --model \"{model}\"",
                self.id
            )
        })
    }

    pub fn steps(&self, filled: &Filled) -> Vec<Step> {
        (self.steps)(filled)
    }
}

/// Variables as a POSIX shell takes them.
pub fn exports(variables: &[(&'static str, String)]) -> String {
    let line = |(name, value): &(&str, String)| format!("export {name}=\"{value}\"");
    variables.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Everything a step says, in one text.
    fn said(step: &Step) -> String {
        match step {
            Step::Shell(text) | Step::Program { text, .. } => text.clone(),
            Step::File(file) => file.text.clone(),
            Step::Variables(pairs) => exports(pairs),
            Step::Form(pairs) => pairs
                .iter()
                .map(|(_, value)| value.as_str())
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    fn all_said(client: &Client, filled: &Filled) -> String {
        client.steps(filled).iter().map(said).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn ids_are_unique_and_fit_into_an_address() {
        let ids: Vec<&str> = Client::all().map(|client| client.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for id in ids {
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{id}");
            assert_eq!(Client::of(id).map(|client| client.id), Some(id));
        }
        assert!(Client::of("nobody").is_none());
    }

    #[test]
    fn every_recipe_names_server_key_and_model() {
        let filled = Filled::new("https://wg.example/", "wg-key", "the-model", None);
        for client in Client::all() {
            let text = all_said(client, &filled);
            for part in ["https://wg.example", "wg-key", "the-model"] {
                assert!(text.contains(part), "{} lacks {part}: {text}", client.id);
            }
            assert!(!text.contains("example//"), "{}: {text}", client.id);
            assert!(!text.contains(KEY_PLACEHOLDER), "{}: {text}", client.id);
        }
    }

    #[test]
    fn nothing_filled_in_leaves_its_quotes() {
        let filled = Filled::new("https://wg.example", "k\"$(id)`\n", "m\"'\\$`\u{7}x", None);
        let plain = Filled::new("https://wg.example", "k(id)", "mx", None);
        for client in Client::all() {
            assert_eq!(client.steps(&filled), client.steps(&plain), "{}", client.id);
        }
    }

    #[test]
    fn an_address_for_openai_ends_in_v1_once() {
        let filled = Filled::new("https://wg.example", "wg-key", "the-model", None);
        for client in Client::all() {
            let text = all_said(client, &filled);
            assert!(!text.contains("/v1/v1"), "{}", client.id);
            if client.speaks != Speaks::Messages {
                assert!(text.contains("https://wg.example/v1"), "{}", client.id);
            }
        }
    }
}
