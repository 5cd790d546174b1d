//! `/connect`: how a client is set up for this server, and whether its first call has arrived.

use leptos::{ev::Event, prelude::*, server_fn::ServerFn, wasm_bindgen::JsCast};
use leptos_router::hooks::use_query_map;

use super::{overview::demo_notice, sign_in::Summary};
use crate::{
    api::{
        Form,
        connect::{Arrival, ClientGroup, ConnectView, RecipeView, StepText, StepView, read_arrival, read_connect},
        keys::CreateKey,
    },
    locale::use_text,
    ui::{
        code::{Copy, Line, Secret},
        field::{Field, Look},
        head::PageHead,
        load::load,
        notice::{Notice, Tone},
    },
};

const POLL: std::time::Duration = std::time::Duration::from_secs(2);

#[component]
pub fn Connect() -> impl IntoView {
    let text = use_text();
    let query = use_query_map().read_untracked();
    let chosen = (
        query.get("model").unwrap_or_default(),
        query.get("client").unwrap_or_default(),
    );
    let data = Resource::new(move || chosen.clone(), |(model, client)| read_connect(model, client));
    view! {
        <PageHead title=text.connect.title note=text.connect.note />
        {load(data, page)}
    }
    .into_any()
}

fn page(data: ConnectView) -> AnyView {
    let words = &use_text().connect;
    let ConnectView {
        address,
        models,
        model,
        groups,
        recipe,
        arrived,
        demo,
        form,
        secret,
    } = data;
    let no_models = models.is_empty().then(|| {
        view! {
            <Notice tone=Tone::Warn>
                <b>{words.no_models}</b>
                <p>{words.no_models_note}</p>
            </Notice>
        }
    });
    let openai = [&address, "/v1"].concat();
    let client = recipe.client.clone();
    view! {
        <Waiting first=arrived />
        {demo.then(demo_notice)}
        {no_models}
        <section class="card">
            {choices(groups, client.clone(), models, model.clone())}
            <div class="address">
                <div class="field">
                    <span class="label">{words.address}</span>
                    <Line id="address" value=address />
                </div>
                <div class="field">
                    <span class="label">{words.address_openai}</span>
                    <Line id="address-openai" value=openai />
                </div>
            </div>
        </section>
        {key_card(secret.map(|secret| secret.key), form, client, model)}
        {recipe_card(recipe)}
    }
    .into_any()
}

/// Client and model; a script sends the choice at once.
fn choices(groups: Vec<ClientGroup>, client: String, models: Vec<String>, model: String) -> AnyView {
    let words = &use_text().connect;
    let option = |value: String, name: String, chosen: &str| {
        let selected = value == chosen;
        view! {
            <option value=value selected=selected>
                {name}
            </option>
        }
    };
    let clients = groups
        .into_iter()
        .map(|group| {
            let options = group.clients.into_iter().map(|(id, name)| option(id, name, &client));
            view! { <optgroup label=group.name>{options.collect_view()}</optgroup> }
        })
        .collect_view();
    let models = models
        .into_iter()
        .map(|name| option(name.clone(), name, &model))
        .collect::<Vec<_>>();
    let models = (!models.is_empty()).then(|| {
        view! {
            <div class="field">
                <label for="model">{words.model}</label>
                <select class="input" id="model" name="model" autocomplete="off">
                    {models}
                </select>
            </div>
        }
    });
    view! {
        <form class="choices" method="get" action="/connect">
            <SentWhenChanged>
                <div class="address">
                    <div class="field">
                        <label for="client">{words.client}</label>
                        <select class="input" id="client" name="client" autocomplete="off">
                            {clients}
                        </select>
                    </div>
                    {models}
                    <button class="btn btn-field without-script" type="submit">
                        {words.choose}
                    </button>
                </div>
            </SentWhenChanged>
        </form>
    }
    .into_any()
}

/// Sends the form around it when something in it is changed; the button for that is needed only without a script.
#[island]
pub fn SentWhenChanged(children: Children) -> impl IntoView {
    let send = move |event: Event| {
        let element = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let form = element.and_then(|element| element.closest("form").ok().flatten());
        if let Some(form) = form.and_then(|form| form.dyn_into::<web_sys::HtmlFormElement>().ok()) {
            let _ = form.submit();
        }
    };
    view! { <div on:change=send>{children()}</div> }
}

/// Makes a key in place, or shows the one just made.
fn key_card(key: Option<String>, form: Form, client: String, model: String) -> AnyView {
    let text = use_text();
    let words = &text.connect;
    let error = form.error.clone();
    let look = Look {
        name: "name",
        label: words.key_name,
        autocomplete: "off",
        placeholder: text.keys.name_example,
        ..Look::default()
    };
    match key {
        Some(key) => view! {
            <Notice tone=Tone::Good>
                <b>{words.key}</b>
                <p class="mb-3">{words.key_ready}</p>
                <Secret value=key />
            </Notice>
        }
        .into_any(),
        None => view! {
            <section class="card">
                <h2>{words.key}</h2>
                <p class="soft mb-3">{words.key_note}</p>
                <form method="post" action=CreateKey::url() data-testid="create-key" novalidate>
                    <input type="hidden" name="page" value="/connect" />
                    <input type="hidden" name="client" value=client />
                    <input type="hidden" name="model" value=model />
                    <Summary error=error.clone() />
                    <div class="key-form">
                        <Field look error value=form.value("name") />
                        <div class="field field-go">
                            <span class="label only-wide" aria-hidden="true">
                                "\u{a0}"
                            </span>
                            <button class="btn btn-field" type="submit">
                                {words.make_key}
                            </button>
                        </div>
                    </div>
                </form>
            </section>
        }
        .into_any(),
    }
}

fn recipe_card(recipe: RecipeView) -> AnyView {
    let words = &use_text().connect;
    let command = recipe.command.map(|command| {
        view! {
            <p class="soft">{words.by_command}</p>
            <Line id="by-command" value=command />
        }
    });
    let steps = recipe.steps.into_iter().enumerate();
    let notes = recipe.notes.into_iter().map(|note| view! { <li>{note}</li> });
    view! {
        <section class="card recipe" data-testid="recipe" data-client=recipe.client>
            <div class="card-head">
                <h2>{(words.recipe)(&recipe.name)}</h2>
            </div>
            <p class="soft">{(words.calls)(&recipe.path)}</p>
            {steps.map(|(at, step)| step_view(at, step)).collect_view()}
            <ul class="soft">{notes.collect_view()}</ul>
            {command}
        </section>
    }
    .into_any()
}

fn step_view(at: usize, step: StepView) -> AnyView {
    match step.text {
        StepText::Html(html) => {
            let id = ["code-", &at.to_string()].concat();
            view! {
                <div class="code">
                    <div class="code-head">
                        <span>{step.title}</span>
                        <Copy of=id.clone() large=false />
                    </div>
                    <pre tabindex="0">
                        <code id=id inner_html=html></code>
                    </pre>
                </div>
            }
            .into_any()
        }
        StepText::Fields(fields) => {
            let field = |(at, (name, value)): (usize, (String, String))| {
                let id = ["field-", &at.to_string()].concat();
                view! {
                    <div class="field">
                        <span class="label">{name}</span>
                        <div class="secret secret-line">
                            <code id=id.clone() tabindex="0">
                                {value}
                            </code>
                            <Copy of=id large=false />
                        </div>
                    </div>
                }
            };
            view! {
                <div class="fields">
                    <b>{step.title}</b>
                    {fields.into_iter().enumerate().map(field).collect_view()}
                </div>
            }
            .into_any()
        }
    }
}

/// Turns green when a call is on the books. With a script it asks every two seconds; without, there is a link.
#[island]
fn Waiting(first: Arrival) -> impl IntoView {
    let words = &use_text().connect;
    let now = RwSignal::new(first);
    Effect::new(move |_| {
        let ask = move || {
            leptos::task::spawn_local(async move {
                if let Ok(next) = read_arrival().await {
                    now.set(next);
                }
            });
        };
        // It runs as long as the page is there.
        let _ = set_interval_with_handle(ask, POLL);
    });
    let received = move || now.with(|now| matches!(now, Arrival::Received { .. }));
    let title = move || if received() { words.received } else { words.waiting };
    let note = move || match now.get() {
        Arrival::Waiting => words.waiting_note.to_owned(),
        Arrival::Refused(reason) => (words.refused)(&reason),
        Arrival::Received { model, at } => [&model, " · ", &at.text].concat(),
    };
    let (href, class, label) = (
        move || if received() { "/" } else { "/connect" },
        move || if received() { "btn" } else { "btn without-script" },
        move || if received() { words.see } else { words.check },
    );
    view! {
        <div
            class="waiting"
            data-testid="waiting"
            data-state=move || if received() { "received" } else { "waiting" }
            role="status"
        >
            <span class="waiting-light"></span>
            <div>
                <b>{title}</b>
                <p class="num">{note}</p>
            </div>
            <a class=class href=href>
                {label}
            </a>
        </div>
    }
}
