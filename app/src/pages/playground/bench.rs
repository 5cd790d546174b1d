//! The island: form, conversation and code. Rendered by the server as a form that works as it is.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent, keydown},
    prelude::*,
};
use types::{
    playground::{Ask, Recipe, Role, recipes},
    usage::CallStatus,
};

use super::{
    line,
    talk::{Entry, Standing, Talk},
};
use crate::{
    api::playground::{Figures, PlaygroundView},
    locale::use_text,
    text::{Playground as Words, Text},
    ui::{
        card::Empty,
        code::copy_button,
        icon::Icon,
        notice::{Notice, Tone},
    },
};

#[island]
pub fn Bench(view: PlaygroundView) -> impl IntoView {
    let text = use_text();
    let words = &text.playground;
    let PlaygroundView {
        address,
        models,
        asked,
        outcome,
        ..
    } = view;
    let talk = Talk::of(&asked.turns, outcome);
    let codes = RwSignal::new(recipes(&asked, &address));
    let retell = move || codes.set(recipes(&talk.asked(), &address));
    let tell = retell.clone();
    Effect::new(move |_| {
        // Answers belong to the code too, once they are whole.
        talk.running.track();
        talk.entries.track();
        tell();
    });
    Effect::new(move |_| {
        // It listens as long as the page is there.
        window_event_listener(keydown, |event| {
            if event.key() == "Escape" {
                line::stop();
            }
        });
    });
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        talk.send(words);
    };
    let by_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            if let Some(form) = talk.form.get_untracked() {
                let _ = form.request_submit();
            }
        }
    };
    view! {
        <form
            class="bench"
            method="post"
            action="/playground"
            node_ref=talk.form
            on:submit=send
            on:keydown=by_key
            on:input=move |_| retell()
            data-testid="playground"
        >
            {settings(words, models, &asked)}
            <section class="card bench-talk" aria-label=words.conversation>
                {conversation(text, talk)}
                {trouble(text, talk)}
                <div class="field">
                    <label for="prompt">{words.prompt}</label>
                    <textarea
                        class="input"
                        id="prompt"
                        name="prompt"
                        rows="3"
                        required
                        node_ref=talk.prompt
                        aria-describedby="prompt-hint"
                        inner_html=typed(&asked.prompt)
                    ></textarea>
                    <p class="hint needs-script" id="prompt-hint">
                        {words.prompt_hint}
                    </p>
                </div>
                {buttons(words, talk)}
            </section>
        </form>
        {code(words, codes)}
    }
}

/// What stands in a field of several lines, as HTML: a child would be a space where there is nothing, and the first line's break is left out by parsers.
fn typed(text: &str) -> String {
    ["\n", &text.replace('&', "&amp;").replace('<', "&lt;")].concat()
}

fn settings(words: &'static Words, models: Vec<String>, asked: &Ask) -> AnyView {
    let option = |name: String| {
        let (selected, value) = (name == asked.model, name.clone());
        view! {
            <option value=value selected=selected>
                {name}
            </option>
        }
    };
    let options = models.into_iter().map(option).collect_view();
    let number = |name: &'static str, label: &'static str, value: &str, (most, step): (&'static str, &'static str)| {
        let least = if step == "1" { "1" } else { "0" };
        view! {
            <div class="field">
                <label for=name>{label}</label>
                <input
                    class="input"
                    type="number"
                    id=name
                    name=name
                    value=value.to_owned()
                    min=least
                    max=most
                    step=step
                    autocomplete="off"
                />
            </div>
        }
    };
    view! {
        <section class="card bench-settings" aria-label=words.settings>
            <input type="hidden" name="organization" value=asked.organization.clone() />
            <input type="hidden" name="turns" value=asked.told() />
            <div class="field">
                <label for="model">{words.model}</label>
                <select class="input" id="model" name="model" autocomplete="off">
                    {options}
                </select>
            </div>
            <details class="more">
                <summary>
                    {words.parameters} <Icon of=icondata_lu::LuChevronDown />
                </summary>
                <div class="fields">
                    <div class="field">
                        <label for="system">{words.system}</label>
                        <textarea
                            class="input"
                            id="system"
                            name="system"
                            rows="3"
                            inner_html=typed(&asked.system)
                        ></textarea>
                    </div>
                    <div class="price-form">
                        {number("max_tokens", words.max_tokens, &asked.max_tokens, ("1000000", "1"))}
                        {number("temperature", words.temperature, &asked.temperature, ("2", "any"))}
                        {number("top_p", words.top_p, &asked.top_p, ("1", "any"))}
                        <div class="field">
                            <label for="stop">{words.stop_sequences}</label>
                            <textarea
                                class="input"
                                id="stop"
                                name="stop"
                                rows="1"
                                aria-describedby="stop-hint"
                                inner_html=typed(&asked.stop)
                            ></textarea>
                            <p class="hint" id="stop-hint">
                                {words.stop_hint}
                            </p>
                        </div>
                    </div>
                    <p class="hint">{words.parameters_hint}</p>
                </div>
            </details>
        </section>
    }
    .into_any()
}

fn conversation(text: &'static Text, talk: Talk) -> AnyView {
    let words = &text.playground;
    let empty = move || {
        talk.entries.with(Vec::is_empty).then(|| {
            view! {
                <Empty icon=icondata_lu::LuMessageSquareText title=words.empty note=words.empty_note />
            }
        })
    };
    let said = move |entry: Entry| {
        let (class, who) = match entry.role {
            Role::User => ("said said-user", words.you),
            Role::Assistant => ("said", words.model),
        };
        view! {
            <article class=class data-testid="turn">
                <b>{who}</b>
                <p class="said-text">{move || entry.text.get()}</p>
                {move || standing(text, entry.standing.get())}
            </article>
        }
    };
    view! {
        <div
            class="talk"
            role="log"
            aria-label=words.conversation
            // Spoken when it is whole: piece by piece nobody could follow.
            aria-busy=move || if talk.running.get() { "true" } else { "false" }
            tabindex="0"
            node_ref=talk.log
            data-testid="talk"
        >
            {empty}
            <For each=move || talk.entries.get() key=|entry| entry.id children=said />
        </div>
        <p class="sr-only" role="status">
            {move || talk.news.get()}
        </p>
    }
    .into_any()
}

fn standing(text: &'static Text, standing: Standing) -> Option<AnyView> {
    let words = &text.playground;
    let note = |note: &'static str| Some(view! { <p class="muted small">{note}</p> }.into_any());
    match standing {
        Standing::Said => None,
        Standing::Coming => note(words.answering),
        Standing::Counting => note(words.counting),
        Standing::Uncounted => note(words.uncounted),
        Standing::Counted(figures) => Some(counted(text, figures)),
    }
}

fn counted(text: &'static Text, figures: Figures) -> AnyView {
    let (words, calls) = (&text.playground, &text.calls);
    let none = || text.common.none.to_owned();
    let state = match figures.status {
        CallStatus::Settled => None,
        CallStatus::ClientGone => Some(words.stopped),
        CallStatus::UpstreamTruncated => Some(calls.upstream_truncated),
        CallStatus::Refused => Some(calls.refused),
        CallStatus::Lost => Some(calls.lost),
        CallStatus::UpstreamError | CallStatus::Open => Some(calls.upstream_error),
    };
    let rows = [
        ("input", words.input, figures.input),
        ("cache_read", words.cache_read, figures.cache_read),
        ("cache_write", words.cache_write, figures.cache_write),
        ("output", words.output, figures.output),
        (
            "cost",
            calls.cost,
            figures.cost.unwrap_or_else(|| calls.unpriced.to_owned()),
        ),
        (
            "first_token",
            calls.first_token,
            figures.first_token.unwrap_or_else(none),
        ),
        ("total", words.total, figures.total.unwrap_or_else(none)),
    ];
    let row = |(name, label, value): (&'static str, &'static str, String)| {
        view! {
            <div>
                <dt>{label}</dt>
                <dd class="num" data-figure=name>
                    {value}
                </dd>
            </div>
        }
    };
    view! {
        <dl class="figures" data-testid="figures" data-status=figures.status.name()>
            {rows.map(row).into_iter().collect_view()}
        </dl>
        {state.map(|state| view! { <span class="tag tag-warn">{state}</span> })}
        {figures.estimated.then(|| view! { <span class="tag">{calls.estimated}</span> })}
    }
    .into_any()
}

fn trouble(text: &'static Text, talk: Talk) -> AnyView {
    let shown = move || {
        talk.trouble.get().map(|message| {
            view! {
                <Notice tone=Tone::Bad>
                    <b>{text.errors.title}</b>
                    <p data-testid="trouble">{message}</p>
                </Notice>
            }
        })
    };
    view! { {shown} }.into_any()
}

fn buttons(words: &'static Words, talk: Talk) -> AnyView {
    view! {
        <div class="bench-buttons">
            <button class="btn btn-primary" type="submit" disabled=move || talk.running.get()>
                <Icon of=icondata_lu::LuSendHorizontal />
                {words.send}
            </button>
            <button
                class="btn needs-script"
                type="button"
                disabled=move || !talk.running.get()
                on:click=|_| line::stop()
                data-testid="stop"
            >
                <Icon of=icondata_lu::LuCircleStop />
                {words.stop}
            </button>
            <button class="btn btn-quiet needs-script" type="button" on:click=move |_| talk.clear() data-testid="clear">
                {words.clear}
            </button>
        </div>
    }
    .into_any()
}

fn code(words: &'static Words, codes: RwSignal<[Recipe; 3]>) -> AnyView {
    let block = |at: usize| {
        let (id, name) = codes.with_untracked(|codes| (["code-", codes[at].id].concat(), codes[at].name));
        view! {
            <div class="code">
                <div class="code-head">
                    <span>{name}</span>
                    {copy_button(id.clone(), false)}
                </div>
                <pre tabindex="0">
                    <code id=id>{move || codes.with(|codes| codes[at].text.clone())}</code>
                </pre>
            </div>
        }
    };
    view! {
        <section class="card recipe">
            <div class="card-head">
                <h2>{words.code}</h2>
            </div>
            <p class="soft">{words.code_note}</p>
            {[0, 1, 2].map(block).into_iter().collect_view()}
        </section>
    }
    .into_any()
}
