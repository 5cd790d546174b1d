//! `/settings`: the frame around its pages. Each page is a list of sections, one file each; a section is a card with a plain form.

mod access;
mod factors;
mod identities;
mod leave;
mod preferences;
mod profile;
mod sessions;
mod tokens;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    locale::use_text,
    text::Text,
    ui::{head::PageHead, tabs::Tabs},
};
use access::SignInWith;
use factors::Factors;
use identities::Identities;
use leave::Leave;
use preferences::Display;
use profile::Profile;
use sessions::Sessions;
use tokens::Tokens;

/// Path and name of the pages, in the order of their tabs.
fn places(text: &'static Text) -> [(&'static str, &'static str); 5] {
    let words = &text.settings;
    [
        ("/settings", words.account),
        ("/settings/factors", text.factors.title),
        ("/settings/identities", text.identities.title),
        ("/settings/sessions", text.sessions.title),
        ("/settings/tokens", text.tokens.title),
    ]
}

/// `/settings`: who one is here, and how things look.
#[component]
pub fn Account() -> impl IntoView {
    view! {
        <Page>
            <Profile />
            <SignInWith />
            <Display />
            <Leave />
        </Page>
    }
    .into_any()
}

/// `/settings/factors`: what sign-in asks for beside the password, or instead of it.
#[component]
pub fn SecondFactors() -> impl IntoView {
    view! {
        <Page>
            <Factors />
        </Page>
    }
    .into_any()
}

/// `/settings/sessions`: where one is signed in.
#[component]
pub fn SignIns() -> impl IntoView {
    view! {
        <Page>
            <Sessions />
        </Page>
    }
    .into_any()
}

/// `/settings/tokens`: what one's own programs show.
#[component]
pub fn PersonalTokens() -> impl IntoView {
    view! {
        <Page>
            <Tokens />
        </Page>
    }
    .into_any()
}

/// `/settings/identities`: identities elsewhere that sign one in.
#[component]
pub fn LinkedIdentities() -> impl IntoView {
    view! {
        <Page>
            <Identities />
        </Page>
    }
    .into_any()
}

/// Heading and tabs above the sections.
#[component]
fn Page(children: Children) -> impl IntoView {
    let text = use_text();
    let path = use_location().pathname.get_untracked();
    let tab = |(href, name): (&'static str, &'static str)| (href.to_owned(), name, path == href);
    view! {
        <PageHead title=text.settings.title note=text.settings.note />
        <Tabs label=text.settings.title.to_owned() links=places(text).map(tab).to_vec() />
        <div class="sections">{children()}</div>
    }
    .into_any()
}
