//! `/connect`: what to put into a client, and whether its first call has arrived.

use leptos::{form::ActionForm, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::{
    overview::demo_notice,
    sign_in::{Summary, mistakes},
};
use crate::{
    api::{
        Form,
        connect::{Arrival, ConnectView, KEY_PLACEHOLDER, Snippet, read_arrival, read_connect},
        keys::CreateKey,
    },
    locale::use_text,
    ui::{
        code::{Copy, Line, Secret},
        field::{Field, Look, Submit},
        icon::Icon,
        load::{bones, load},
        notice::{Notice, Tone},
        table::Time,
    },
};

const POLL: std::time::Duration = std::time::Duration::from_secs(2);

#[component]
pub fn Connect() -> impl IntoView {
    let text = use_text();
    let query = use_query_map();
    let model = Memo::new(move |_| query.read().get("model").unwrap_or_default());
    let data = Resource::new(move || model.get(), read_connect);
    let create = ServerAction::<CreateKey>::new();
    view! {
        <Title text=text.connect.title />
        <div class="page-head">
            <div>
                <h1>{text.connect.title}</h1>
                <p>{text.connect.note}</p>
            </div>
        </div>
        {load(data, bones, move |data| page(data, create))}
    }
    .into_any()
}

fn page(data: ConnectView, create: ServerAction<CreateKey>) -> AnyView {
    let text = use_text();
    let words = &text.connect;
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
    let left = secret.map(|secret| secret.key);
    let key = Memo::new(move |_| {
        create
            .value()
            .get()
            .and_then(Result::ok)
            .map(|made| made.key)
            .or(left.clone())
    });
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
        <KeyCard create key form />
        <Snippets snippets key />
    }
    .into_any()
}

fn model_choice(models: Vec<String>, chosen: String) -> AnyView {
    let words = &use_text().connect;
    let navigate = use_navigate();
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
    let change = move |event| {
        let query = js_sys::encode_uri_component(&event_target_value(&event));
        navigate(&["/connect?model=", &String::from(query)].concat(), Default::default());
    };
    view! {
        <form class="field" method="get" action="/connect">
            <label for="model">{words.model}</label>
            <div class="flex gap-2">
                <select class="input" id="model" name="model" on:change=change>
                    {options}
                </select>
                <button class="btn without-script" type="submit">
                    {words.choose}
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// Makes a key in place, or shows the one just made.
#[component]
fn KeyCard(create: ServerAction<CreateKey>, key: Memo<Option<String>>, form: Form) -> impl IntoView {
    let text = use_text();
    let words = &text.connect;
    let mistakes = mistakes(create.value(), form.error.clone());
    let typed = form.value("name");
    let look = Look {
        name: "name",
        label: words.key_name,
        autocomplete: "off",
        placeholder: text.keys.name_example,
        ..Look::default()
    };
    move || match key.get() {
        Some(key) => view! {
            <Notice tone=Tone::Good>
                <b>{words.key}</b>
                <p class="mb-3">{words.key_ready}</p>
                <Secret value=key />
            </Notice>
        }
        .into_any(),
        None => {
            let typed = typed.clone();
            view! {
                <section class="card">
                    <h2>{words.key}</h2>
                    <p class="soft mb-3">{words.key_note}</p>
                    <ActionForm action=create attr:data-testid="create-key" attr:novalidate=true>
                        <input type="hidden" name="page" value="/connect" />
                        <Summary mistakes />
                        <div class="key-form">
                            <Field look mistakes value=typed />
                            <div class="field field-go">
                                <span class="label only-wide" aria-hidden="true">
                                    "\u{a0}"
                                </span>
                                <Submit
                                    label=words.make_key
                                    pending=create.pending()
                                    class="btn btn-field"
                                />
                            </div>
                        </div>
                    </ActionForm>
                </section>
            }
            .into_any()
        }
    }
}

/// Six pieces of code; two groups of radio buttons choose among them by style alone.
#[component]
fn Snippets(snippets: Vec<Snippet>, key: Memo<Option<String>>) -> impl IntoView {
    let words = &use_text().connect;
    let choice = |group: &'static str, value: &'static str, label: &'static str, on: bool| {
        view! {
            <label>
                <input type="radio" name=group value=value checked=on />
                {label}
            </label>
        }
    };
    let blocks = snippets
        .into_iter()
        .map(|snippet| {
            let code_id = ["code-", &snippet.id].concat();
            let html = snippet.html;
            let filled = move || match key.get() {
                Some(key) => html.replace(KEY_PLACEHOLDER, &key),
                None => html.clone(),
            };
            view! {
                <div class="snippet code" data-snippet=snippet.id>
                    <div class="code-head">
                        <span>{snippet.title}</span>
                        <Copy of=code_id.clone() />
                    </div>
                    <pre tabindex="0">
                        <code id=code_id inner_html=filled></code>
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
#[component]
fn Waiting(first: Arrival) -> impl IntoView {
    let words = &use_text().connect;
    let now = RwSignal::new(first);
    Effect::new(move |_| {
        let ask = move || {
            leptos::task::spawn_local(async move {
                if let Ok(next) = read_arrival().await {
                    let _ = now.try_update(|now| {
                        if *now != next {
                            *now = next
                        }
                    });
                }
            });
        };
        if let Ok(timer) = set_interval_with_handle(ask, POLL) {
            on_cleanup(move || timer.clear());
        }
    });
    let state = move || {
        now.with(|now| {
            if matches!(now, Arrival::Received { .. }) {
                "received"
            } else {
                "waiting"
            }
        })
    };
    let body = move || match now.get() {
        Arrival::Waiting => view! {
            <b>{words.waiting}</b>
            <p>{words.waiting_note}</p>
        }
        .into_any(),
        Arrival::Refused(reason) => view! {
            <b>{words.waiting}</b>
            <p>{(words.refused)(&reason)}</p>
        }
        .into_any(),
        Arrival::Received { model, at } => view! {
            <b>{words.received}</b>
            <p>
                <code>{model}</code>
                " · "
                <Time at />
            </p>
        }
        .into_any(),
    };
    let end = move || {
        if state() == "received" {
            view! {
                <a class="btn" href="/">
                    {words.see}
                    <Icon of=icondata_lu::LuArrowRight />
                </a>
            }
            .into_any()
        } else {
            view! {
                <a class="btn without-script" href="/connect">
                    {words.check}
                </a>
            }
            .into_any()
        }
    };
    view! {
        <div class="waiting" data-testid="waiting" data-state=state role="status">
            <span class="waiting-light"></span>
            <div>{body}</div>
            {end}
        </div>
    }
    .into_any()
}
