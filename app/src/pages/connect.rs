//! `/connect`: what to put into a client, and whether its first call has arrived.

use leptos::{ev::Event, prelude::*, server_fn::ServerFn, wasm_bindgen::JsCast};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::{overview::demo_notice, sign_in::Summary};
use crate::{
    api::{
        Form,
        connect::{Arrival, ConnectView, KEY_PLACEHOLDER, Snippet, read_arrival, read_connect},
        keys::CreateKey,
    },
    locale::use_text,
    ui::{
        code::{Copy, Line, Secret},
        field::{Field, Look},
        load::load,
        notice::{Notice, Tone},
    },
};

const POLL: std::time::Duration = std::time::Duration::from_secs(2);

#[component]
pub fn Connect() -> impl IntoView {
    let text = use_text();
    let model = use_query_map().read_untracked().get("model").unwrap_or_default();
    let data = Resource::new(move || model.clone(), read_connect);
    view! {
        <Title text=text.connect.title />
        <div class="page-head">
            <div>
                <h1>{text.connect.title}</h1>
                <p>{text.connect.note}</p>
            </div>
        </div>
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
        snippets,
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
    let key = secret.map(|secret| secret.key);
    let openai = [&address, "/v1"].concat();
    view! {
        <Waiting first=arrived />
        {demo.then(demo_notice)}
        {no_models}
        <section class="card">
            <div class="address">
                <div class="field">
                    <span class="label">{words.address}</span>
                    <Line id="address" value=address />
                </div>
                <div class="field">
                    <span class="label">{words.address_openai}</span>
                    <Line id="address-openai" value=openai />
                </div>
                {(models.len() > 1).then(|| model_choice(models, model))}
            </div>
        </section>
        {key_card(key.clone(), form)}
        {code(snippets, key)}
    }
    .into_any()
}

fn model_choice(models: Vec<String>, chosen: String) -> AnyView {
    let words = &use_text().connect;
    let options = models
        .into_iter()
        .map(|model| {
            let (selected, value) = (model == chosen, model.clone());
            view! {
                <option value=value selected=selected>
                    {model}
                </option>
            }
        })
        .collect_view();
    view! {
        <form class="field" method="get" action="/connect">
            <label for="model">{words.model}</label>
            <SentWhenChanged>
                <div class="flex gap-2">
                    <select class="input" id="model" name="model" autocomplete="off">
                        {options}
                    </select>
                    <button class="btn without-script" type="submit">
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
fn SentWhenChanged(children: Children) -> impl IntoView {
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
fn key_card(key: Option<String>, form: Form) -> AnyView {
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

/// Six pieces of code; two groups of radio buttons choose among them by style alone.
fn code(snippets: Vec<Snippet>, key: Option<String>) -> AnyView {
    let words = &use_text().connect;
    let choice = |group: &'static str, value: &'static str, label: &'static str, on: bool| {
        view! {
            <label>
                <input type="radio" name=group value=value checked=on autocomplete="off" />
                {label}
            </label>
        }
    };
    let blocks = snippets
        .into_iter()
        .map(|snippet| {
            let code_id = ["code-", &snippet.id].concat();
            let html = match &key {
                Some(key) => snippet.html.replace(KEY_PLACEHOLDER, key),
                None => snippet.html,
            };
            view! {
                <div class="snippet code" data-snippet=snippet.id>
                    <div class="code-head">
                        <span>{snippet.title}</span>
                        <Copy of=code_id.clone() large=false />
                    </div>
                    <pre tabindex="0">
                        <code id=code_id inner_html=html></code>
                    </pre>
                </div>
            }
        })
        .collect_view();
    view! {
        <section class="card snippets">
            <div class="card-head">
                <h2>{words.snippet}</h2>
                <div class="flex flex-wrap gap-2">
                    <div class="seg" role="radiogroup" aria-label=words.shape>
                        {choice("client", "anthropic", "Anthropic", true)}
                        {choice("client", "openai", "OpenAI", false)}
                    </div>
                    <div class="seg" role="radiogroup" aria-label=words.language>
                        {choice("language", "curl", "curl", true)}
                        {choice("language", "python", "Python", false)}
                        {choice("language", "typescript", "TypeScript", false)}
                    </div>
                </div>
            </div>
            {blocks}
        </section>
    }
    .into_any()
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
