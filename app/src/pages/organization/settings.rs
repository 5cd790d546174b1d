//! Which models it may use, for who manages it; for owners also name and slug, whether members must have a second factor, and its end.

use leptos::{prelude::*, server_fn::ServerFn};

use super::{Page, good, load, slug, trouble};
use crate::{
    api::{
        Form,
        models::Allowed,
        organizations::{
            AllowModels, DeleteOrganization, OrganizationSettings as Data, OrganizationView, RenameOrganization,
            RequireSecondFactor, read_organization_settings,
        },
    },
    locale::use_text,
    pages::keys::{model_choice, models_of},
    text::Text,
    ui::field::{Field, Look},
};

#[component]
pub fn OrganizationSettings() -> impl IntoView {
    let data = Resource::new(slug, read_organization_settings);
    load(data, page)
}

fn page(data: Data) -> AnyView {
    let text = use_text();
    let Data {
        place,
        form,
        models,
        owned,
    } = data;
    let models = allowed(text, &place, &form, models);
    let general = owned.as_ref().map(|_| general(text, &place, &form));
    let delete = owned.as_ref().map(|_| delete(text, &place, &form));
    let second = owned.map(|owned| second(text, &place, &form, owned.second_factor, owned.may_ask));
    view! {
        <Page place open="settings">
            {general}
            {models}
            {second}
            {delete}
        </Page>
    }
    .into_any()
}

fn saved(text: &'static Text, form: &Form, name: &str) -> Option<AnyView> {
    (form.name == name && form.is_saved()).then(|| good(text.common.saved))
}

fn general(text: &'static Text, place: &OrganizationView, form: &Form) -> AnyView {
    let (words, names) = (&text.organization_settings, &text.organizations);
    let error = form.error_of("rename");
    let typed = |field: &str, stored: &str| match &error {
        Some(_) => form.value(field),
        None => stored.to_owned(),
    };
    let name = Look {
        name: "name",
        label: names.name,
        autocomplete: "off",
        ..Look::default()
    };
    let slug = Look {
        name: "slug",
        label: names.slug,
        kind: "slug",
        autocomplete: "off",
        hint: words.slug_note,
        ..Look::default()
    };
    view! {
        <section class="card" id="general">
            <div class="card-head">
                <h2>{words.general}</h2>
            </div>
            <form class="fields" method="post" action=RenameOrganization::url() novalidate>
                <input type="hidden" name="organization" value=place.slug.clone() />
                {saved(text, form, "rename")}
                {trouble(error.clone(), text.errors.conflict)}
                <Field look=name error=error.clone() value=typed("name", &place.name) />
                <Field look=slug error=error.clone() value=typed("slug", &place.slug) />
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

fn allowed(text: &'static Text, place: &OrganizationView, form: &Form, models: Allowed) -> AnyView {
    let words = &text.organization_settings;
    let error = form.error_of("allow_models");
    // A form too large to come back whole leaves what is stored: an empty list would allow every model.
    let chosen = match &error {
        Some(_) if !form.values.is_empty() => form.values_of("models"),
        _ => models.models.clone(),
    };
    let now = models_of(text, &models.models);
    // Of a single model there is nothing to choose.
    let is_choice = models.choice.len() > 1 || !models.models.is_empty();
    let save = is_choice.then(|| {
        view! {
            <div>
                <button class="btn btn-primary" type="submit">
                    {text.common.save}
                </button>
            </div>
        }
    });
    view! {
        <section class="card" id="models">
            <div class="card-head">
                <div>
                    <h2>{words.models}</h2>
                    <p class="muted small">{words.models_note}</p>
                </div>
            </div>
            <form class="fields" method="post" action=AllowModels::url() data-testid="allow-models" novalidate>
                <input type="hidden" name="organization" value=place.slug.clone() />
                {saved(text, form, "allow_models")}
                {trouble(error.clone(), text.errors.conflict)}
                <p class="anywhere" data-testid="allowed">
                    {text.teams.may_use}
                    ": "
                    {now}
                </p>
                {model_choice(
                    text.teams.models,
                    text.teams.models_hint,
                    models.choice,
                    &chosen,
                    error.as_ref(),
                    "allowed_models",
                )}
                {save}
            </form>
        </section>
    }
    .into_any()
}

fn second(text: &'static Text, place: &OrganizationView, form: &Form, on: bool, may_ask: bool) -> AnyView {
    let words = &text.organization_settings;
    let error = form.error_of("second_factor");
    // Otherwise the next page would lead its owner away from everything but their own settings.
    let body = match may_ask || on {
        true => view! {
            <form class="fields" method="post" action=RequireSecondFactor::url() novalidate>
                <input type="hidden" name="organization" value=place.slug.clone() />
                {saved(text, form, "second_factor")}
                {trouble(error, text.errors.conflict)}
                <label class="check">
                    <input type="checkbox" name="required" value="true" checked=on />
                    {words.second_do}
                </label>
                <div>
                    <button class="btn btn-primary" type="submit">
                        {text.common.save}
                    </button>
                </div>
            </form>
        }
        .into_any(),
        false => view! {
            <div class="fields">
                {trouble(error, text.errors.conflict)}
                <p class="soft">{words.second_first}</p>
                <div>
                    <a class="btn" href="/settings/factors">
                        {words.second_set_up}
                    </a>
                </div>
            </div>
        }
        .into_any(),
    };
    view! {
        <section class="card" id="second-factor">
            <div class="card-head">
                <div>
                    <h2>{words.second}</h2>
                    <p class="muted small">{words.second_note}</p>
                </div>
            </div>
            {body}
        </section>
    }
    .into_any()
}

/// Folded away until it is asked for.
fn delete(text: &'static Text, place: &OrganizationView, form: &Form) -> AnyView {
    let words = &text.organization_settings;
    let error = form.error_of("delete_organization");
    let typed = match &error {
        Some(_) => form.value("confirm_name"),
        None => String::new(),
    };
    let (label, open) = ((words.delete_confirm)(&place.name), error.is_some());
    let name = Look {
        name: "confirm_name",
        label: text.organizations.name,
        autocomplete: "off",
        ..Look::default()
    };
    view! {
        <section class="card" id="delete">
            <div class="card-head">
                <div>
                    <h2>{words.delete}</h2>
                    <p class="muted small">{words.delete_note}</p>
                </div>
            </div>
            <details open=open>
                <summary class="btn btn-danger">{words.delete}</summary>
                <form class="fields mt-4" method="post" action=DeleteOrganization::url() novalidate>
                    <input type="hidden" name="organization" value=place.slug.clone() />
                    {trouble(error.clone(), text.errors.conflict)}
                    <p class="anywhere">{label}</p>
                    <Field look=name error value=typed />
                    <div>
                        <button class="btn btn-danger" type="submit">
                            {words.delete_do}
                        </button>
                    </div>
                </form>
            </details>
        </section>
    }
    .into_any()
}
