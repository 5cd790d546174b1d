//! Form fields: a label, an input, a hint, and the mistake beside it.

use leptos::prelude::*;

use super::icon::Icon;
use crate::{error::ApiError, locale::use_text};

/// What a form knows about its last attempt: by script, or from the page before.
pub type Mistakes = Signal<Option<ApiError>>;

/// How a field is shown and filled in.
#[derive(Clone, Copy, Default)]
pub struct Look {
    pub name: &'static str,
    pub label: &'static str,
    /// `text` when empty.
    pub kind: &'static str,
    /// The token that password managers go by (WCAG 1.3.5).
    pub autocomplete: &'static str,
    pub hint: &'static str,
    pub placeholder: &'static str,
    pub optional: bool,
    pub autofocus: bool,
}

/// One line of text. Passwords get a button that shows them, if scripts run.
#[component]
pub fn Field(look: Look, mistakes: Mistakes, #[prop(optional, into)] value: String) -> impl IntoView {
    let text = use_text();
    let name = look.name;
    let wrong =
        Memo::new(move |_| mistakes.with(|error| error.as_ref().and_then(|error| error.field_message(text, name))));
    let shown = RwSignal::new(false);
    let is_password = look.kind == "password";
    let kind = move || match (look.kind, shown.get()) {
        ("", _) | ("password", true) => "text",
        (kind, _) => kind,
    };
    let hint_id = (!look.hint.is_empty()).then(|| [name, "-hint"].concat());
    let wrong_id = [name, "-wrong"].concat();
    let described = {
        let (hint_id, wrong_id) = (hint_id.clone(), wrong_id.clone());
        move || {
            if wrong.get().is_some() {
                Some(wrong_id.clone())
            } else {
                hint_id.clone()
            }
        }
    };
    view! {
        <div class="field">
            <label for=name>
                {look.label}
                {look.optional.then(|| view! { " " <small>{text.common.optional}</small> })}
            </label>
            <div class="with-button">
                <input
                    class="input"
                    id=name
                    name=name
                    type=kind
                    value=value
                    autocomplete=look.autocomplete
                    autocapitalize=(look.kind != "").then_some("none")
                    placeholder=(!look.placeholder.is_empty()).then_some(look.placeholder)
                    autofocus=look.autofocus
                    required=!look.optional
                    aria-invalid=move || wrong.get().is_some().then_some("true")
                    aria-describedby=described
                />
                {is_password.then(|| reveal(shown))}
            </div>
            {(!look.hint.is_empty())
                .then(|| {
                    view! {
                        <p class="hint" id=hint_id>
                            {look.hint}
                        </p>
                    }
                })}
            {move || {
                let id = wrong_id.clone();
                wrong.get().map(|message| view! {
                    <p class="wrong" id=id role="alert">
                        <Icon of=icondata_lu::LuCircleAlert />
                        {message}
                    </p>
                })
            }}
        </div>
    }
    .into_any()
}

fn reveal(shown: RwSignal<bool>) -> AnyView {
    let text = use_text();
    let label = move || if shown.get() { text.auth.hide } else { text.auth.show };
    let icon = move || {
        let icon = if shown.get() {
            icondata_lu::LuEyeOff
        } else {
            icondata_lu::LuEye
        };
        view! { <Icon of=icon /> }
    };
    view! {
        <button
            class="btn btn-icon btn-quiet needs-script"
            type="button"
            aria-label=label
            title=label
            aria-pressed=move || if shown.get() { "true" } else { "false" }
            on:click=move |_| shown.update(|shown| *shown = !*shown)
        >
            {icon}
        </button>
    }
    .into_any()
}

/// The button that sends a form; it says when it is at work.
#[component]
pub fn Submit(
    label: &'static str,
    #[prop(into)] pending: Signal<bool>,
    #[prop(default = "btn btn-primary")] class: &'static str,
) -> impl IntoView {
    let text = use_text();
    view! {
        <button class=class type="submit" aria-busy=move || pending.get().then_some("true") disabled=move || pending.get()>
            {move || if pending.get() { text.common.working } else { label }}
        </button>
    }
    .into_any()
}
