//! Limits of a team: as the fields of a form, and in words.

use leptos::prelude::*;

use crate::{
    api::{
        Form,
        teams::{LimitsView, Typed},
    },
    error::ApiError,
    text::Text,
    ui::field::{Field, Look},
};

/// What the fields hold: after a mistake what was typed, otherwise what is stored. A form too large to come back whole leaves what is stored.
pub fn typed(form: &Form, error: Option<&ApiError>, stored: &Typed) -> Typed {
    match error {
        Some(_) if !form.values.is_empty() => Typed::of(form),
        _ => stored.clone(),
    }
}

/// Three fields in a row. Empty ones are no limit.
pub fn limit_fields(text: &'static Text, hint: &'static str, typed: Typed, error: Option<&ApiError>) -> AnyView {
    let words = &text.teams;
    let field = |name: &'static str, code: &str, label: &'static str, value: String| {
        let look = Look {
            name,
            label,
            kind: "code",
            autocomplete: "off",
            placeholder: words.no_limit,
            optional: true,
            ..Look::default()
        };
        let error = error.map(|error| error.renamed(code, name));
        view! { <Field look error value /> }
    };
    view! {
        <fieldset class="mt-4">
            <legend class="label">{words.limits}</legend>
            <p class="hint">{hint}</p>
            <div class="key-form mt-3">
                {field("limits[rpm_limit]", "rpm_limit", words.rpm_limit, typed.rpm_limit)}
                {field("limits[tpm_limit]", "tpm_limit", words.tpm_limit, typed.tpm_limit)}
                {field("limits[max_parallel]", "max_parallel", words.max_parallel, typed.max_parallel)}
            </div>
        </fieldset>
    }
    .into_any()
}

/// Those that there are, in one line.
pub fn limits_of(text: &'static Text, limits: &LimitsView) -> String {
    let words = &text.teams;
    let names = [words.rpm_limit, words.tpm_limit, words.max_parallel];
    let told = names.iter().zip(&limits.shown).filter_map(|(name, limit)| {
        let limit = limit.as_deref()?;
        Some([name, ": ", limit].concat())
    });
    match told.collect::<Vec<_>>() {
        told if told.is_empty() => words.no_limit.to_owned(),
        told => told.join(" · "),
    }
}
