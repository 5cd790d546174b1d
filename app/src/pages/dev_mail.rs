//! `/dev/mail`: the letters of a development server, newest first. In production there is no such page.

use leptos::prelude::*;
use leptos_meta::Title;

use super::lost::Lost;
use crate::{
    api::mail::{DevLetter, read_dev_mail},
    locale::use_text,
    ui::load::load,
};

#[component]
pub fn DevMail() -> impl IntoView {
    let letters = Resource::new(|| (), |()| read_dev_mail());
    load(letters, |letters| match letters {
        Some(letters) => page(letters),
        None => view! { <Lost /> }.into_any(),
    })
}

fn page(letters: Vec<DevLetter>) -> AnyView {
    let words = &use_text().mail;
    let empty = letters
        .is_empty()
        .then(|| view! { <p class="muted">{words.dev_empty}</p> });
    view! {
        <Title text=words.dev />
        <main class="page" id="content">
            <div class="page-head">
                <div>
                    <h1>{words.dev}</h1>
                    <p>{words.dev_note}</p>
                </div>
            </div>
            {empty}
            <div class="sections">{letters.into_iter().map(letter).collect_view()}</div>
        </main>
    }
    .into_any()
}

fn letter(letter: DevLetter) -> AnyView {
    let words = &use_text().mail;
    let to = letter.to.clone();
    view! {
        <section class="card" data-testid="letter" data-to=to>
            <div class="card-head">
                <h2>{letter.subject}</h2>
                <p class="muted small">
                    {letter.to} " · " <time datetime=letter.at.iso>{letter.at.text}</time>
                </p>
            </div>
            <pre class="letter">{letter.text}</pre>
            {letter
                .link
                .map(|link| {
                    view! {
                        <p>
                            <a class="link" href=link data-testid="letter-link">
                                {words.dev_open}
                            </a>
                        </p>
                    }
                })}
        </section>
    }
    .into_any()
}
