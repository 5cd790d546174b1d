//! `/admin/models/{id}` and `/admin/models/new`: one model with its routes; what it costs is `price`'s.

mod price;

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use types::catalogue::ModelKind;

use super::{
    Page, load,
    models::{available, in_short},
    provider::switch,
    providers::{managed_words, states},
    trouble,
};
use crate::{
    api::{
        Form,
        admin::{
            models::{CreateModel, DeleteModel, ModelPage, ModelView, RouteView, SaveModel, SwitchModel, read_model},
            path,
        },
    },
    error::ApiError,
    locale::use_text,
    pages::organization::{Way, ask},
    text::Text,
    ui::{
        field::{Field, Look},
        notice::{Notice, Tone},
    },
};

/// Rows for routes that nobody has written into yet.
const EMPTY_ROWS: usize = 3;

#[component]
pub fn Model() -> impl IntoView {
    let id = || use_params_map().read_untracked().get("id").unwrap_or_default();
    let data = Resource::new(id, read_model);
    load(data, page)
}

fn page(data: ModelPage) -> AnyView {
    let text = use_text();
    let words = &text.catalogue.models;
    let ModelPage {
        model,
        versions,
        providers,
        may_change,
        form,
    } = data;
    let is_new = model.id.is_empty();
    let done = form.is_saved().then_some(match form.name.as_str() {
        "create_model" => words.created,
        "set_price" => words.price_set,
        "withdraw_price" => words.withdrawn,
        _ => text.common.saved,
    });
    let own = ["create_model", "save_model", "set_price"].contains(&form.name.as_str());
    let error = form.error.clone().filter(|_| !own);
    let is_mine = may_change && !(model.managed && model.is_enabled);
    let managed = model
        .managed
        .then(|| view! { <Notice tone=Tone::Info>{managed_words(text, model.origin).1}</Notice> });
    let heading = match is_new {
        true => words.new.to_owned(),
        false => model.name.clone(),
    };
    let state = (!is_new).then(|| {
        view! {
            <p>
                {states(text, model.is_enabled, model.managed.then_some(model.origin))} " " {available(text, &model)} " "
                {in_short(text, model.price.as_ref())}
            </p>
        }
    });
    let editor = is_mine.then(|| editor(text, &model, providers, &form));
    let price = (!is_new).then(|| price::section(text, &model, versions, &form, is_mine));
    let end = (is_mine && !is_new).then(|| end(text, &model));
    view! {
        <Page open="models" title=heading.clone()>
            <div>
                <p>
                    <a class="link small" href=path("models")>
                        {words.all}
                    </a>
                </p>
                <h2 class="text-lg anywhere">{heading}</h2>
                {state}
            </div>
            {done.map(|done| view! { <Notice tone=Tone::Good>{done}</Notice> })}
            {trouble(error, text.catalogue.in_the_way)}
            {managed}
            {(!is_mine).then(|| facts(text, &model))}
            {editor}
            {price}
            {end}
        </Page>
    }
    .into_any()
}

/// For who may not change it.
fn facts(text: &'static Text, model: &ModelView) -> AnyView {
    let words = &text.catalogue.models;
    let routes = model
        .routes
        .iter()
        .map(|route| {
            view! {
                <li class="anywhere">
                    <code>{[&route.provider, " → ", &route.model].concat()}</code>
                    " "
                    <span class="muted small">
                        {[words.weight, " ", &route.weight, ", ", words.priority, " ", &route.priority].concat()}
                    </span>
                </li>
            }
        })
        .collect_view();
    let fact = |name: &'static str, value: &str| {
        let value = value.to_owned();
        (!value.is_empty()).then(|| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            }
        })
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.settings}</h2>
            </div>
            <dl class="facts">
                {fact(words.display_name, &model.display_name)}
                {fact(words.kind, (words.kinds)(model.kind))}
                {fact(words.context, &model.context)}
                {fact(words.output, &model.output)}
                {fact(words.capabilities, &model.capabilities)}
                {fact(text.catalogue.litellm.vendor, &model.vendor)}
            </dl>
            <p class="label mt-3">{words.routes}</p>
            <ul>{routes}</ul>
        </section>
    }
    .into_any()
}

fn editor(text: &'static Text, model: &ModelView, providers: Vec<String>, form: &Form) -> AnyView {
    let words = &text.catalogue.models;
    let is_new = model.id.is_empty();
    let (name, action) = match is_new {
        true => ("create_model", CreateModel::url()),
        false => ("save_model", SaveModel::url()),
    };
    let error = form.error_of(name);
    // A form too large to come back whole leaves what is stored.
    let shown = match &error {
        Some(_) if !form.values.is_empty() => typed(form),
        _ => model.clone(),
    };
    let named = match is_new {
        true => {
            let look = Look {
                name: "name",
                label: words.name,
                kind: "slug",
                autocomplete: "off",
                hint: words.name_hint,
                ..Look::default()
            };
            view! { <Field look error=error.clone() value=form.value("name") /> }.into_any()
        }
        false => view! { <input type="hidden" name="id" value=model.id.clone() /> }.into_any(),
    };
    let field = |name: &'static str, field: &'static str, label: &'static str, hint: &'static str, value: &str| {
        let look = Look {
            name,
            label,
            hint,
            autocomplete: "off",
            optional: true,
            ..Look::default()
        };
        let error = error.as_ref().map(|error| error.renamed(field, name));
        view! { <Field look error value=value.to_owned() /> }
    };
    let kinds = ModelKind::ALL
        .into_iter()
        .map(|kind| {
            view! {
                <option value=kind.name() selected=kind == shown.kind>
                    {(words.kinds)(kind)}
                </option>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.settings}</h2>
            </div>
            <form class="grid gap-4" method="post" action=action data-testid="model-form" novalidate>
                {trouble(error.clone(), text.catalogue.in_the_way)}
                {named}
                {field("typed[display_name]", "display_name", words.display_name, "", &shown.display_name)}
                <div class="field">
                    <label for="kind">{words.kind}</label>
                    <select class="input" id="kind" name="typed[kind]">
                        {kinds}
                    </select>
                </div>
                {field("typed[context_length]", "context_length", words.context, "", &shown.context)}
                {field("typed[max_output_tokens]", "max_output_tokens", words.output, "", &shown.output)}
                {field(
                    "typed[capabilities]",
                    "capabilities",
                    words.capabilities,
                    words.capabilities_hint,
                    &shown.capabilities,
                )}
                {routes(text, shown.routes, &providers, error.as_ref())}
                <div>
                    <button class="btn btn-primary" type="submit">
                        {if is_new { words.add } else { text.common.save }}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

/// What was typed into the form that came back.
fn typed(form: &Form) -> ModelView {
    let column = |field: &str| form.values_of(field);
    let [providers, upstream, weight, priority] = ["provider", "upstream", "weight", "priority"].map(column);
    let at = |list: &[String], index: usize| list.get(index).cloned().unwrap_or_default();
    let routes = (0..upstream.len()).map(|index| RouteView {
        provider: at(&providers, index),
        model: at(&upstream, index),
        weight: at(&weight, index),
        priority: at(&priority, index),
    });
    ModelView {
        display_name: form.value("display_name"),
        kind: ModelKind::parse(&form.value("kind")).unwrap_or_default(),
        context: form.value("context_length"),
        output: form.value("max_output_tokens"),
        capabilities: form.value("capabilities"),
        routes: routes.collect(),
        ..ModelView::default()
    }
}

/// A row for each route and some empty ones: without a script, saving brings more.
fn routes(text: &'static Text, stored: Vec<RouteView>, providers: &[String], error: Option<&ApiError>) -> AnyView {
    let words = &text.catalogue.models;
    let whole = error.and_then(|error| error.field_message(text, "routes"));
    let empty = RouteView {
        provider: String::new(),
        model: String::new(),
        weight: "1".to_owned(),
        priority: "0".to_owned(),
    };
    let rows = stored
        .into_iter()
        .chain(std::iter::repeat_n(empty, EMPTY_ROWS))
        .enumerate();
    let rows = rows
        .map(|(index, route)| row(text, index, route, providers, error))
        .collect_view();
    let none = providers
        .is_empty()
        .then(|| view! { <p class="wrong">{words.no_providers}</p> });
    view! {
        <fieldset class="grid gap-3 min-w-0">
            <legend class="label">{words.routes}</legend>
            <p class="hint">{words.routes_note}</p>
            {none}
            <div class="route-row route-heads" aria-hidden="true">
                <span>{words.provider}</span>
                <span>{words.upstream}</span>
                <span>{words.weight}</span>
                <span>{words.priority}</span>
            </div>
            {rows}
            {whole.map(|whole| view! { <p class="wrong" role="alert">{whole}</p> })}
        </fieldset>
    }
    .into_any()
}

fn row(text: &'static Text, index: usize, route: RouteView, providers: &[String], error: Option<&ApiError>) -> AnyView {
    let words = &text.catalogue.models;
    let number = (index + 1).to_string();
    let label = |what: &str| [what, " ", &number].concat();
    let wrong = ["provider", "model", "weight", "priority"]
        .into_iter()
        .filter_map(|field| error?.field_message(text, &format!("routes[{index}].{field}")))
        .map(|message| view! { <p class="wrong" role="alert">{message}</p> })
        .collect_view();
    let options = providers
        .iter()
        .map(|name| {
            view! {
                <option value=name.clone() selected=*name == route.provider>
                    {name.clone()}
                </option>
            }
        })
        .collect_view();
    view! {
        <div data-testid="route-row">
            <div class="route-row">
                <select class="input" name="typed[provider][]" aria-label=label(words.provider)>
                    {options}
                </select>
                <input
                    class="input"
                    name="typed[upstream][]"
                    value=route.model
                    placeholder=words.upstream
                    aria-label=label(words.upstream)
                    autocomplete="off"
                    autocapitalize="none"
                />
                <input
                    class="input"
                    name="typed[weight][]"
                    value=route.weight
                    title=words.weight
                    aria-label=label(words.weight)
                    inputmode="numeric"
                    autocomplete="off"
                />
                <input
                    class="input"
                    name="typed[priority][]"
                    value=route.priority
                    title=words.priority
                    aria-label=label(words.priority)
                    inputmode="numeric"
                    autocomplete="off"
                />
            </div>
            {wrong}
        </div>
    }
    .into_any()
}

fn end(text: &'static Text, model: &ModelView) -> AnyView {
    let words = &text.catalogue.models;
    let way = Way {
        id: "delete-model".to_owned(),
        action: DeleteModel::url(),
        hidden: vec![("id", model.id.clone())],
        label: words.delete,
        title: (words.delete_ask)(&model.name),
        note: words.delete_note,
        part: "delete-model",
    };
    view! {
        {switch(text, SwitchModel::url(), &model.id, model.is_enabled, words.disable_note)}
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
