//! Language, theme and time zone. A plain form: every word and number on the page may change.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::preferences::{SaveSettings, SettingsView, read_settings},
    locale::{Locale, use_text},
    preferences::{Preferences, Theme},
    ui::{
        field::{Field, Look},
        load::load,
        notice::{Failure, Notice, Tone},
    },
};

#[component]
pub fn Display() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_settings());
    load(data, section)
}

fn section(data: SettingsView) -> AnyView {
    let text = use_text();
    let words = &text.settings;
    let now = use_context::<Preferences>().unwrap_or_default();
    let error = data.form.error.clone();
    let summary = error.clone().filter(|error| !error.is_about_fields());
    let zone = Look {
        name: "time_zone",
        label: words.zone,
        autocomplete: "off",
        hint: words.zone_hint,
        ..Look::default()
    };
    let languages = [(Locale::En, "English"), (Locale::Ru, "Русский")]
        .into_iter()
        .map(|(locale, name)| {
            view! {
                <option value=locale.name() lang=locale.name() selected=locale == now.locale>
                    {name}
                </option>
            }
        })
        .collect_view();
    let themes = Theme::ALL
        .into_iter()
        .zip(words.themes)
        .map(|(theme, name)| {
            view! {
                <label>
                    <input type="radio" name="theme" value=theme.name() checked=theme == now.theme />
                    {name}
                </label>
            }
        })
        .collect_view();
    view! {
        <section class="card" id="display">
            <div class="card-head">
                <h2>{words.display}</h2>
                <p class="muted small">{words.display_note}</p>
            </div>
            {data.saved.then(|| view! { <Notice tone=Tone::Good>{text.common.saved}</Notice> })}
            {summary.map(|error| view! { <Failure error /> })}
            <form class="fields" method="post" action=SaveSettings::url()>
                <div class="field">
                    <label for="locale">{words.language}</label>
                    <select class="input" id="locale" name="locale">
                        {languages}
                    </select>
                </div>
                <fieldset class="field">
                    <legend class="mb-1.5">{words.theme}</legend>
                    <div class="seg justify-self-start">{themes}</div>
                </fieldset>
                <Field look=zone error value=data.time_zone />
                <div>
                    <button class="btn btn-primary" type="submit">
                        {text.common.save}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
