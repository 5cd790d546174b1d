//! Theme, language and sidebar: each a small form that works as it is; with a script the page changes at once and stays.

use leptos::{ev::SubmitEvent, prelude::*, server_fn::ServerFn, task::spawn_local, wasm_bindgen::JsCast};
use leptos_router::hooks::use_location;

use super::icon::Icon;
use crate::{
    api::preferences::{SetLanguage, SetSidebar, SetTheme, set_sidebar, set_theme},
    locale::use_text,
    preferences::set_attribute,
};

/// The page to come back to.
pub fn here() -> String {
    let location = use_location();
    let (path, search) = (location.pathname.get_untracked(), location.search.get_untracked());
    if search.is_empty() {
        path
    } else {
        [&path, "?", &search].concat()
    }
}

/// The value of the button that sent the form.
fn pressed(event: &SubmitEvent) -> Option<String> {
    let button = event.submitter()?.dyn_into::<web_sys::HtmlButtonElement>().ok()?;
    Some(button.value())
}

#[island]
pub fn ThemeSwitch(back: String) -> impl IntoView {
    let words = &use_text().nav;
    let at_once = move |event: SubmitEvent| {
        if let Some(theme) = pressed(&event) {
            event.prevent_default();
            set_attribute("data-theme", &theme);
            spawn_local(async move {
                let _ = set_theme(theme, String::new()).await;
            });
        }
    };
    view! {
        <form method="post" action=SetTheme::url() data-testid="theme" on:submit=at_once>
            <input type="hidden" name="back" value=back />
            <button
                class="btn btn-icon btn-quiet when-light"
                name="theme"
                value="dark"
                aria-label=words.to_dark
                title=words.to_dark
            >
                <Icon of=icondata_lu::LuMoon />
            </button>
            <button
                class="btn btn-icon btn-quiet when-dark"
                name="theme"
                value="light"
                aria-label=words.to_light
                title=words.to_light
            >
                <Icon of=icondata_lu::LuSun />
            </button>
        </form>
    }
}

/// Always a full load: every word on the page changes.
#[component]
pub fn LanguageSwitch(back: String) -> impl IntoView {
    let words = &use_text().nav;
    let code = words.other_language_code;
    view! {
        <form method="post" action=SetLanguage::url() data-testid="language">
            <input type="hidden" name="back" value=back />
            <button
                class="btn btn-quiet switch-language"
                name="locale"
                value=code
                lang=code
                aria-label=words.other_language
                title=words.other_language
            >
                <Icon of=icondata_lu::LuLanguages />
                {code}
            </button>
        </form>
    }
}

#[island]
pub fn SidebarSwitch(back: String) -> impl IntoView {
    let words = &use_text().nav;
    let at_once = move |event: SubmitEvent| {
        if let Some(sidebar) = pressed(&event) {
            event.prevent_default();
            set_attribute("data-sidebar", &sidebar);
            spawn_local(async move {
                let _ = set_sidebar(sidebar, String::new()).await;
            });
        }
    };
    view! {
        <form class="only-wide" method="post" action=SetSidebar::url() on:submit=at_once>
            <input type="hidden" name="back" value=back />
            <button
                class="btn btn-icon btn-quiet when-open"
                name="sidebar"
                value="collapsed"
                aria-label=words.collapse
                title=words.collapse
            >
                <Icon of=icondata_lu::LuPanelLeftClose />
            </button>
            <button
                class="btn btn-icon btn-quiet when-collapsed"
                name="sidebar"
                value="open"
                aria-label=words.expand
                title=words.expand
            >
                <Icon of=icondata_lu::LuPanelLeft />
            </button>
        </form>
    }
}
