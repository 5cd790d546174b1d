//! `/login/link`: asks for a link, and with `?token=` asks whether to sign in by it. Opening the page uses nothing up.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::sign_in::{Remember, Summary};
use crate::{
    api::mail::{AskLink, LinkPage, SignInByLink, read_link},
    locale::use_text,
    ui::{
        field::{Field, Look},
        gate::Gate,
        load::load,
        notice::{Notice, Tone},
    },
};

#[component]
pub fn ByLink() -> impl IntoView {
    let text = use_text();
    let page = Resource::new(token, read_link);
    view! {
        <Title text=text.auth.sign_in />
        <Gate>{load(page, |page| if token().is_empty() { ask(page) } else { confirm(page) })}</Gate>
    }
    .into_any()
}

/// Out of the address.
pub fn token() -> String {
    use_query_map().read_untracked().get("token").unwrap_or_default()
}

fn ask(page: LinkPage) -> AnyView {
    let text = use_text();
    let words = &text.mail;
    if page.form.value("sent") == "yes" {
        return sent(words.sent_note, page.dev_link);
    }
    let error = page.form.error.clone();
    view! {
        <h1>{words.send_link}</h1>
        <p>{words.link_note}</p>
        {(!page.available).then(unavailable)}
        <form class="fields" method="post" action=AskLink::url() novalidate data-testid="ask-link">
            <Summary error=error.clone() />
            <Field look=email_look(text.auth.email) error value=page.form.value("email") />
            <button class="btn btn-primary btn-wide" type="submit">
                {words.link_do}
            </button>
        </form>
        {to_sign_in()}
    }
    .into_any()
}

fn confirm(page: LinkPage) -> AnyView {
    let words = &use_text().mail;
    let error = page.form.error.clone();
    let Some(email) = page.email else {
        return dead("/login/link");
    };
    view! {
        <h1>{words.confirm}</h1>
        <p>{(words.confirm_note)(&email)}</p>
        <form class="fields" method="post" action=SignInByLink::url() novalidate data-testid="confirm-link">
            <input type="hidden" name="token" value=token() />
            <Summary error />
            <Remember on=page.form.value("remember_me") == "on" />
            <button class="btn btn-primary btn-wide" type="submit">
                {words.confirm_do}
            </button>
        </form>
        {to_sign_in()}
    }
    .into_any()
}

pub fn email_look(label: &'static str) -> Look {
    Look {
        name: "email",
        label,
        kind: "email",
        autocomplete: "username",
        autofocus: true,
        ..Look::default()
    }
}

/// What is said after a letter was asked for, the same for every address.
pub fn sent(note: &'static str, dev_link: Option<String>) -> AnyView {
    let words = &use_text().mail;
    view! {
        <h1>{words.sent}</h1>
        <div class="mt-6" data-testid="letter-sent">
            <Notice tone=Tone::Good>{note}</Notice>
        </div>
        {dev_link
            .map(|link| {
                view! {
                    <p class="gate-other">
                        <a class="link" href=link data-testid="dev-link">
                            {words.dev_link}
                        </a>
                    </p>
                }
            })}
        {to_sign_in()}
    }
    .into_any()
}

/// A link that is no good any more; `again` is where to ask for another.
pub fn dead(again: &'static str) -> AnyView {
    let words = &use_text().mail;
    view! {
        <h1>{words.dead}</h1>
        <p class="mt-6" data-testid="dead-link">
            <a class="btn btn-primary btn-wide" href=again>
                {words.again}
            </a>
        </p>
        {to_sign_in()}
    }
    .into_any()
}

pub fn unavailable() -> AnyView {
    let words = &use_text().mail;
    view! {
        <div class="mt-6">
            <Notice tone=Tone::Warn>{words.unavailable}</Notice>
        </div>
    }
    .into_any()
}

pub fn to_sign_in() -> AnyView {
    let words = &use_text().mail;
    view! {
        <p class="gate-other">
            <a class="link" href="/login">
                {words.to_sign_in}
            </a>
        </p>
    }
    .into_any()
}
