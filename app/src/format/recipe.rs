//! A client's recipe as the connect page shows it: titles in the reader's language, texts escaped, strings marked.

use types::clients::{Client, Filled, Group, KEY_PLACEHOLDER, Step, exports};

use crate::{
    api::connect::{ClientGroup, RecipeView, StepText, StepView},
    locale::Locale,
};

/// What the page knows of what a recipe needs.
pub struct Filling<'a> {
    pub address: &'a str,
    pub key: Option<&'a str>,
    /// Name and context length.
    pub model: Option<(&'a str, Option<u32>)>,
}

pub fn groups(locale: Locale) -> Vec<ClientGroup> {
    let words = &locale.text().connect;
    let group = |group: Group, name: &str| ClientGroup {
        name: name.to_owned(),
        clients: Client::all()
            .filter(|client| client.group == group)
            .map(|client| (client.id.to_owned(), client.name.to_owned()))
            .collect(),
    };
    vec![
        group(Group::Shell, words.group_shell),
        group(Group::Libraries, words.group_libraries),
        group(Group::Agents, words.group_agents),
    ]
}

/// The recipe of the client with this id, or of the simplest one.
pub fn of(id: &str, filling: &Filling, locale: Locale) -> RecipeView {
    let words = &locale.text().connect;
    let client = Client::of(id).unwrap_or_else(Client::simplest);
    let (model, context) = filling.model.unwrap_or(("MODEL", None));
    let filled = Filled::new(filling.address, filling.key.unwrap_or(KEY_PLACEHOLDER), model, context);
    let steps = client.steps(&filled);
    let shown = |step: &Step| {
        let (title, text) = match step {
            Step::Shell(text) => (words.in_shell, text.as_str()),
            Step::Variables(pairs) => return code(words.variables, &exports(pairs)),
            Step::File(file) => (file.path, file.text.as_str()),
            Step::Program { name, text } => (*name, text.as_str()),
            Step::Form(pairs) => {
                let field = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
                return StepView {
                    title: words.fields.to_owned(),
                    text: StepText::Fields(pairs.iter().map(field).collect()),
                };
            }
        };
        code(title, text)
    };
    RecipeView {
        client: client.id.to_owned(),
        name: client.name.to_owned(),
        path: client.speaks.path().to_owned(),
        steps: steps.iter().map(shown).collect(),
        notes: client.notes.iter().map(|note| (words.client_note)(*note)).collect(),
        command: client.command(&filled),
    }
}

fn code(title: &str, text: &str) -> StepView {
    StepView {
        title: title.to_owned(),
        text: StepText::Html(marked(text.trim_end())),
    }
}

/// Escaped, with tags around what stands in double quotes on one line.
fn marked(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 200);
    for line in text.split_inclusive('\n') {
        let is_paired = line.matches('"').count() % 2 == 0;
        let mut inside = false;
        for c in line.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' if is_paired => {
                    html.push_str(if inside { "\"</i>" } else { "<i>\"" });
                    inside = !inside;
                }
                other => html.push(other),
            }
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "a\"b<script>x'$(id)`";

    fn view(id: &str, locale: Locale) -> RecipeView {
        let filling = Filling {
            address: "https://wg.example",
            key: None,
            model: Some((MODEL, None)),
        };
        of(id, &filling, locale)
    }

    #[test]
    fn model_name_cannot_become_markup() {
        for client in Client::all() {
            for step in view(client.id, Locale::En).steps {
                let StepText::Html(html) = step.text else { continue };
                assert!(!html.contains("<script"), "{}", client.id);
                assert_eq!(html.matches("<i>").count(), html.matches("</i>").count(), "{html}");
            }
        }
    }

    #[test]
    fn unknown_client_gets_the_simplest_recipe() {
        assert_eq!(view("nobody", Locale::En).client, "anthropic-curl");
        assert_eq!(view("", Locale::Ru).client, "anthropic-curl");
        assert_eq!(view("codex", Locale::Ru).client, "codex");
    }

    #[test]
    fn every_client_is_in_one_group_and_every_note_is_worded_in_both_languages() {
        let listed: usize = groups(Locale::Ru).iter().map(|group| group.clients.len()).sum();
        assert_eq!(listed, Client::all().count());
        for client in Client::all() {
            let (english, russian) = (view(client.id, Locale::En).notes, view(client.id, Locale::Ru).notes);
            assert_eq!(english.len(), russian.len());
            for (english, russian) in english.iter().zip(russian) {
                assert_ne!(*english, russian);
            }
        }
    }
}
