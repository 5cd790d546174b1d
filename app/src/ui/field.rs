//! Form fields: a label, an input, a hint, and the mistake beside it.

use leptos::prelude::*;

use super::icon::Icon;
use crate::{error::ApiError, locale::use_text};

/// How a field is shown and filled in.
#[derive(Clone, Copy, Default)]
pub struct Look {
    pub name: &'static str,
    /// Tells the fields of one name apart where a page has several forms.
    pub form: &'static str,
    pub label: &'static str,
    /// `text` when empty; `code` is text of digits, `slug` text without capitals.
    pub kind: &'static str,
    /// The token that password managers go by (WCAG 1.3.5).
    pub autocomplete: &'static str,
    pub hint: &'static str,
    pub placeholder: &'static str,
    /// The id of a list of suggestions.
    pub list: &'static str,
    pub optional: bool,
    /// Shown and sent, and nobody changes it.
    pub fixed: bool,
    pub autofocus: bool,
}

/// One line of text. `error` is what the last attempt met; passwords get a button that shows them, if scripts run.
#[component]
pub fn Field(look: Look, error: Option<ApiError>, #[prop(optional, into)] value: String) -> impl IntoView {
    let text = use_text();
    let name = look.name;
    let wrong = error.and_then(|error| error.field_message(text, name));
    let id = match look.form {
        "" => name.to_owned(),
        form => [form, "-", name].concat(),
    };
    let wrong_id = [&id, "-wrong"].concat();
    let hint_id = [&id, "-hint"].concat();
    let hint = (!look.hint.is_empty()).then_some(look.hint);
    let described = match (wrong, hint) {
        (Some(_), _) => Some(wrong_id.clone()),
        (None, Some(_)) => Some(hint_id.clone()),
        (None, None) => None,
    };
    view! {
        <div class="field">
            <label for=id.clone()>
                {look.label}
                {look.optional.then(|| view! { " " <small>{text.common.optional}</small> })}
            </label>
            <div class="with-button">
                <input
                    class="input"
                    id=id.clone()
                    name=name
                    type=if matches!(look.kind, "" | "code" | "slug") { "text" } else { look.kind }
                    inputmode=(look.kind == "code").then_some("numeric")
                    value=value
                    autocomplete=look.autocomplete
                    autocapitalize=(!look.kind.is_empty()).then_some("none")
                    placeholder=(!look.placeholder.is_empty()).then_some(look.placeholder)
                    list=(!look.list.is_empty()).then_some(look.list)
                    autofocus=look.autofocus
                    required=!look.optional
                    readonly=look.fixed
                    aria-invalid=wrong.is_some().then_some("true")
                    aria-describedby=described
                />
                {(look.kind == "password").then(|| view! { <Reveal of=id.clone() /> })}
            </div>
            {hint
                .map(|hint| {
                    view! {
                        <p class="hint" id=hint_id>
                            {hint}
                        </p>
                    }
                })}
            {wrong
                .map(|message| {
                    view! {
                        <p class="wrong" id=wrong_id role="alert">
                            <Icon of=icondata_lu::LuCircleAlert />
                            {message}
                        </p>
                    }
                })}
        </div>
    }
    .into_any()
}

/// Shows and hides what is typed into the input with this id.
#[island]
fn Reveal(of: String) -> impl IntoView {
    let words = &use_text().auth;
    let shown = RwSignal::new(false);
    let toggle = move |_| {
        shown.update(|shown| *shown = !*shown);
        if let Some(input) = document().get_element_by_id(&of) {
            let kind = if shown.get_untracked() { "text" } else { "password" };
            let _ = input.set_attribute("type", kind);
        }
    };
    let label = move || if shown.get() { words.hide } else { words.show };
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
            on:click=toggle
        >
            {icon}
        </button>
    }
}
