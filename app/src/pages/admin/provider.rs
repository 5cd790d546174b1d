//! `/admin/providers/{id}`: one provider, tested, changed, given another credential, disabled and deleted.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use types::catalogue::Origin;

use super::{
    Page, load,
    providers::{Typed, settings, states},
    trouble,
};
use crate::{
    api::{
        Form,
        admin::{
            path,
            providers::{
                DeleteProvider, ProviderPage, ProviderView, RotateProvider, SaveProvider, SwitchProvider, TestProvider,
                TestView, read_provider,
            },
        },
    },
    locale::use_text,
    pages::organization::{Way, ask},
    text::Text,
    ui::{
        field::{Field, Look},
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Provider() -> impl IntoView {
    let id = || use_params_map().read_untracked().get("id").unwrap_or_default();
    let data = Resource::new(id, read_provider);
    load(data, page)
}

fn page(data: ProviderPage) -> AnyView {
    let text = use_text();
    let words = &text.catalogue.providers;
    let ProviderPage {
        provider,
        may_change,
        form,
        test,
    } = data;
    let done = form.is_saved().then_some(match form.name.as_str() {
        "create_provider" => words.created,
        "rotate_provider" => words.rotated,
        _ => text.common.saved,
    });
    let own = ["save_provider", "rotate_provider"].contains(&form.name.as_str());
    let error = form.error.clone().filter(|_| !own);
    let is_mine = may_change && !(provider.managed && provider.is_enabled);
    let managed = provider
        .managed
        .then(|| view! { <Notice tone=Tone::Info>{text.catalogue.managed_note}</Notice> });
    let changes = is_mine.then(|| {
        view! {
            {edit(text, &provider, &form)}
            {rotate(text, &provider, &form)}
            {end(text, &provider)}
        }
    });
    let title = provider.name.clone();
    view! {
        <Page open="providers" title>
            <div>
                <p>
                    <a class="link small" href=path("providers")>
                        {words.all}
                    </a>
                </p>
                <h2 class="text-lg anywhere">{provider.name.clone()}</h2>
                <p class="muted small anywhere">{provider.base_url.clone()}</p>
                <p>{states(text, provider.is_enabled, provider.managed.then_some(Origin::Config))}</p>
            </div>
            {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
            {trouble(error, text.catalogue.in_the_way)}
            {managed}
            {may_change.then(|| self::test(text, &provider, test))}
            {changes}
        </Page>
    }
    .into_any()
}

fn test(text: &'static Text, provider: &ProviderView, test: Option<TestView>) -> AnyView {
    let words = &text.catalogue.providers;
    let result = test.map(|test| {
        let tone = if test.outcome.is_ok() { Tone::Good } else { Tone::Warn };
        let answered = test
            .status
            .as_deref()
            .map(|status| (words.answered)(status, &test.time));
        let listed = test.count.as_deref().map(|count| (words.lists)(count));
        let names = (!test.models.is_empty()).then(|| test.models.join(", "));
        view! {
            <Notice tone>
                <div data-testid="test-result">
                    <b>{(words.outcome)(test.outcome)}</b>
                    {answered.map(|answered| view! { <p class="small">{answered}</p> })}
                    {listed.map(|listed| view! { <p class="small">{listed}</p> })}
                    {names.map(|names| view! { <p class="small anywhere">{names}</p> })}
                </div>
            </Notice>
        }
    });
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.test}</h2>
                    <p class="muted small">{words.test_note}</p>
                </div>
                <form method="post" action=TestProvider::url()>
                    <input type="hidden" name="id" value=provider.id.clone() />
                    <button class="btn" type="submit" data-testid="test-provider">
                        {words.test_do}
                    </button>
                </form>
            </div>
            {result}
        </section>
    }
    .into_any()
}

fn edit(text: &'static Text, provider: &ProviderView, form: &Form) -> AnyView {
    let words = &text.catalogue.providers;
    let error = form.error_of("save_provider");
    let typed = match &error {
        Some(_) if !form.values.is_empty() => Typed {
            name: String::new(),
            dialect: form.value("dialect"),
            base_url: form.value("base_url"),
            responses: form.value("responses") == "yes",
            private: form.value("private") == "yes",
        },
        _ => Typed {
            name: String::new(),
            dialect: provider.shape.map(|shape| shape.name().to_owned()).unwrap_or_default(),
            base_url: provider.base_url.clone(),
            responses: provider.responses,
            private: provider.private,
        },
    };
    let credential = Look {
        name: "credential",
        form: "move",
        label: words.credential,
        kind: "password",
        autocomplete: "off",
        hint: words.credential_for_address,
        optional: true,
        ..Look::default()
    };
    let credential = provider
        .has_credential
        .then(|| view! { <Field look=credential error=error.clone() /> });
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.settings}</h2>
            </div>
            <form class="grid gap-4" method="post" action=SaveProvider::url() data-testid="save-provider" novalidate>
                <input type="hidden" name="id" value=provider.id.clone() />
                {trouble(error.clone(), text.catalogue.in_the_way)}
                {settings(text, &typed, error.as_ref())}
                {credential}
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

fn rotate(text: &'static Text, provider: &ProviderView, form: &Form) -> AnyView {
    let words = &text.catalogue.providers;
    let error = form.error_of("rotate_provider");
    let look = Look {
        name: "credential",
        label: words.credential,
        kind: "password",
        autocomplete: "off",
        hint: words.rotate_note,
        ..Look::default()
    };
    let state = match provider.has_credential {
        true => words.credential_set,
        false => words.credential_unset,
    };
    let changed = provider.credential_changed.clone().map(|at| {
        view! {
            ", "
            {words.credential_since}
            " "
            <Time at />
        }
    });
    let remove = provider.has_credential.then(|| {
        ask(Way {
            id: "remove-credential".to_owned(),
            action: RotateProvider::url(),
            hidden: vec![("id", provider.id.clone()), ("remove", "yes".to_owned())],
            label: words.remove_credential,
            title: (words.remove_credential_ask)(&provider.name),
            note: words.remove_credential_note,
            part: "remove-credential",
        })
    });
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.rotate}</h2>
                    <p class="muted small" data-testid="credential-state">
                        {state}
                        {changed}
                    </p>
                </div>
                <div>{remove}</div>
            </div>
            <form method="post" action=RotateProvider::url() data-testid="rotate-provider" novalidate>
                <input type="hidden" name="id" value=provider.id.clone() />
                {trouble(error.clone(), text.catalogue.in_the_way)}
                <div class="key-form">
                    <Field look error />
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {text.common.save}
                        </button>
                    </div>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn end(text: &'static Text, provider: &ProviderView) -> AnyView {
    let words = &text.catalogue.providers;
    let way = Way {
        id: "delete-provider".to_owned(),
        action: DeleteProvider::url(),
        hidden: vec![("id", provider.id.clone())],
        label: words.delete,
        title: (words.delete_ask)(&provider.name),
        note: words.delete_note,
        part: "delete-provider",
    };
    view! {
        {switch(text, SwitchProvider::url(), &provider.id, provider.is_enabled, words.disable_note)}
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.delete}</h2>
                    <p class="muted small">{words.delete_note}</p>
                </div>
                <div>{ask(way)}</div>
            </div>
        </section>
    }
    .into_any()
}

/// Turns something off, and on again.
pub fn switch(
    text: &'static Text,
    action: &'static str,
    id: &str,
    is_enabled: bool,
    disable_note: &'static str,
) -> AnyView {
    let words = &text.catalogue;
    let (label, next) = match is_enabled {
        true => (words.disable, "no"),
        false => (words.enable, "yes"),
    };
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{label}</h2>
                    <p class="muted small">{is_enabled.then_some(disable_note)}</p>
                </div>
                <form method="post" action=action>
                    <input type="hidden" name="id" value=id.to_owned() />
                    <input type="hidden" name="enabled" value=next />
                    <button class="btn" type="submit" data-testid="switch">
                        {label}
                    </button>
                </form>
            </div>
        </section>
    }
    .into_any()
}
