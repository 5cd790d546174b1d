//! `/admin/providers`: who serves models, and adding one more.

use leptos::{prelude::*, server_fn::ServerFn};
use types::{
    catalogue::Origin,
    provider::{Shape, VENDORS, Vendor, vendor_of},
};

use super::{Next, Page, asked, load, trouble};
use crate::{
    api::{
        Form,
        admin::{
            path,
            providers::{CreateProvider, ProviderView, ProvidersView, read_providers},
        },
    },
    error::ApiError,
    locale::use_text,
    text::Text,
    ui::{
        card::Empty,
        field::{Field, Look},
        notice::{Notice, Tone},
    },
};

#[component]
pub fn Providers() -> impl IntoView {
    let data = Resource::new(|| asked("after"), read_providers);
    load(data, page)
}

fn page(data: ProvidersView) -> AnyView {
    let text = use_text();
    let words = &text.catalogue.providers;
    let ProvidersView {
        providers,
        next,
        may_change,
        form,
    } = data;
    let done = (form.name == "delete_provider" && form.is_saved()).then_some(words.deleted);
    let new = may_change.then(|| new(text, &form));
    let list = match providers.is_empty() {
        true => view! { <Empty icon=icondata_lu::LuServer title=words.empty note=words.empty_note /> }.into_any(),
        false => table(text, providers),
    };
    view! {
        <Page open="providers">
            {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
            <section class="card card-flush">
                <div class="card-head">
                    <div>
                        <h2>{words.list}</h2>
                        <p class="muted small">{words.note}</p>
                    </div>
                </div>
                {list}
                <Next href=next />
            </section>
            {new}
        </Page>
    }
    .into_any()
}

fn table(text: &'static Text, providers: Vec<ProviderView>) -> AnyView {
    let words = &text.catalogue.providers;
    let row = |provider: ProviderView| {
        let shape = provider.shape.map(words.shape);
        let credential = match provider.has_credential {
            true => words.credential_set,
            false => words.credential_unset,
        };
        view! {
            <tr role="row" data-testid="provider-row">
                <td role="cell">
                    <a class="link anywhere" href=path(&["providers/", &provider.id].concat())>
                        {provider.name.clone()}
                    </a>
                    <p class="muted small anywhere">{provider.base_url.clone()}</p>
                </td>
                <td role="cell" data-label=words.dialect>
                    {shape}
                </td>
                <td role="cell" data-label=words.credential>
                    {credential}
                </td>
                <td role="cell" data-label=words.models>
                    {provider.models.clone()}
                </td>
                <td role="cell">{states(text, provider.is_enabled, provider.managed.then_some(Origin::Config))}</td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.list>
            <table class="table stacks one-column" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.name}</th>
                        <th scope="col">{words.dialect}</th>
                        <th scope="col">{words.credential}</th>
                        <th scope="col">{words.models}</th>
                        <th scope="col">{words.state}</th>
                    </tr>
                </thead>
                <tbody class="num">{providers.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Whether it is enabled, and what owns it, if it is not pages.
pub fn states(text: &'static Text, is_enabled: bool, owner: Option<Origin>) -> AnyView {
    let words = &text.catalogue;
    let (class, state) = match is_enabled {
        true => ("tag tag-good", words.enabled),
        false => ("tag tag-warn", words.disabled),
    };
    let managed = owner.map(|owner| {
        let (name, note) = managed_words(text, owner);
        view! {
            " "
            <span class="tag" title=note>
                {name}
            </span>
        }
    });
    view! {
        <span class=class>{state}</span>
        {managed}
    }
    .into_any()
}

/// The mark of what pages may not change, and what it means.
pub fn managed_words(text: &'static Text, owner: Origin) -> (&'static str, &'static str) {
    let words = &text.catalogue;
    match owner {
        Origin::Litellm => (words.litellm.managed, words.litellm.managed_note),
        Origin::Config | Origin::Page => (words.managed, words.managed_note),
    }
}

/// Without a script, a vendor's link opens this page with the form filled in.
fn new(text: &'static Text, form: &Form) -> AnyView {
    let words = &text.catalogue.providers;
    let error = form.error_of("create_provider");
    let preset = vendor_of(&asked("preset"));
    let link = |vendor: &'static Vendor| {
        let href = [&path("providers"), "?preset=", vendor.id, "#new"].concat();
        view! {
            <a class="btn btn-small" href=href aria-current=(preset == Some(vendor)).then_some("true")>
                {vendor.name}
            </a>
        }
    };
    let of = |is_local: bool| {
        let links = VENDORS.iter().filter(|vendor| vendor.is_local == is_local).map(link);
        let name = if is_local { words.local } else { words.vendors };
        view! {
            <p class="label mt-3">{name}</p>
            <p class="flex flex-wrap gap-2">{links.collect_view()}</p>
        }
    };
    let typed = match (&error, preset) {
        (Some(_), _) => Typed {
            name: form.value("name"),
            dialect: form.value("dialect"),
            base_url: form.value("base_url"),
            responses: form.value("responses") == "yes",
            private: form.value("private") == "yes",
        },
        (None, Some(vendor)) => Typed {
            name: vendor.id.to_owned(),
            dialect: vendor.dialect.name().to_owned(),
            base_url: vendor.base_url.to_owned(),
            responses: vendor.responses,
            private: vendor.is_local,
        },
        (None, None) => Typed::default(),
    };
    let name = Look {
        name: "name",
        label: words.name,
        kind: "slug",
        autocomplete: "off",
        hint: words.name_hint,
        ..Look::default()
    };
    let credential = Look {
        name: "credential",
        label: words.credential,
        kind: "password",
        autocomplete: "off",
        hint: words.credential_hint,
        optional: true,
        ..Look::default()
    };
    view! {
        <section class="card" id="new">
            <div class="card-head">
                <div>
                    <h2>{words.new}</h2>
                    <p class="muted small">{words.new_note}</p>
                </div>
            </div>
            {of(false)}
            {of(true)}
            <form
                class="grid gap-4 mt-4"
                method="post"
                action=CreateProvider::url()
                data-testid="create-provider"
                novalidate
            >
                {trouble(error.clone(), text.catalogue.in_the_way)}
                <Field look=name error=error.clone() value=typed.name.clone() />
                {settings(text, &typed, error.as_ref())}
                <Field look=credential error />
                <div>
                    <button class="btn btn-primary" type="submit">
                        {words.add}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

/// What stands in the fields of a provider.
#[derive(Default)]
pub struct Typed {
    pub name: String,
    pub dialect: String,
    pub base_url: String,
    pub responses: bool,
    pub private: bool,
}

/// What it speaks, where it is, and what it may.
pub fn settings(text: &'static Text, typed: &Typed, error: Option<&ApiError>) -> AnyView {
    let words = &text.catalogue.providers;
    let base_url = Look {
        name: "base_url",
        label: words.base_url,
        kind: "url",
        autocomplete: "off",
        hint: words.base_url_hint,
        placeholder: "https://api.example.com/v1",
        ..Look::default()
    };
    let chosen = Shape::parse(&typed.dialect).unwrap_or(Shape::Openai);
    let options = Shape::ALL
        .into_iter()
        .map(|shape| {
            view! {
                <option value=shape.name() selected=shape == chosen>
                    {(words.shape)(shape)}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for="dialect">{words.dialect}</label>
            <select class="input" id="dialect" name="dialect">
                {options}
            </select>
        </div>
        <Field look=base_url error=error.cloned() value=typed.base_url.clone() />
        {tick("responses", words.responses, words.responses_hint, typed.responses)}
        {tick("private", words.private, words.private_hint, typed.private)}
    }
    .into_any()
}

/// A box to tick, with what it means.
pub fn tick(name: &'static str, label: &'static str, hint: &'static str, checked: bool) -> AnyView {
    let hint = (!hint.is_empty()).then(|| view! { <p class="hint">{hint}</p> });
    view! {
        <div class="field">
            <label class="choice">
                <input type="checkbox" name=name value="yes" checked=checked />
                <span>{label}</span>
            </label>
            {hint}
        </div>
    }
    .into_any()
}
