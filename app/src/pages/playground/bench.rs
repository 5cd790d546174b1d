//! The island: form, conversation and code. Rendered by the server as a form that works as it is.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent, keydown},
    html,
    prelude::*,
    task::spawn_local,
};
use types::{
    playground::{Ask, Recipe, Role, Turn, recipes},
    usage::CallStatus,
};

use super::line::{self, End};
use crate::{
    api::playground::{Figures, Outcome, PlaygroundView, read_playground_call},
    locale::use_text,
    text::{Playground as Words, Text},
    ui::{
        code::copy_button,
        icon::Icon,
        notice::{Notice, Tone},
    },
};

/// How often the books are asked for a call that is not settled yet, and how many times: a call that was stopped is, once the upstream was
/// read on for a while.
const ASK_EVERY: i32 = 300;
const MOST_ASKS: u32 = 100;

/// Something said, on the page.
#[derive(Clone, Copy)]
struct Entry {
    id: usize,
    role: Role,
    text: RwSignal<String>,
    standing: RwSignal<Standing>,
}

#[derive(Clone, PartialEq, Eq)]
enum Standing {
    Said,
    Coming,
    /// It has ended, and the books are asked.
    Counting,
    Counted(Figures),
    /// The books do not say, or not in time.
    Uncounted,
}

impl Entry {
    fn new(id: usize, role: Role, text: String, standing: Standing) -> Self {
        Entry {
            id,
            role,
            text: RwSignal::new(text),
            standing: RwSignal::new(standing),
        }
    }
}

/// What changes on the page.
#[derive(Clone, Copy)]
struct Talk {
    entries: RwSignal<Vec<Entry>>,
    next: RwSignal<usize>,
    running: RwSignal<bool>,
    /// Why the last question was not answered.
    trouble: RwSignal<Option<String>>,
    /// What a screen reader is told.
    news: RwSignal<&'static str>,
    form: NodeRef<html::Form>,
    prompt: NodeRef<html::Textarea>,
    log: NodeRef<html::Div>,
}

impl Talk {
    fn of(turns: &[Turn], outcome: Option<Outcome>) -> Self {
        let entry = |(id, turn): (usize, &Turn)| Entry::new(id, turn.role, turn.content.clone(), Standing::Said);
        let entries: Vec<Entry> = turns.iter().enumerate().map(entry).collect();
        let mut trouble = None;
        match (outcome, entries.last()) {
            (Some(Outcome::Refused(message)), _) => trouble = Some(message),
            (Some(Outcome::Answered(figures)), Some(last)) => {
                last.standing
                    .set(figures.map_or(Standing::Uncounted, Standing::Counted));
            }
            _ => {}
        }
        Talk {
            next: RwSignal::new(entries.len()),
            entries: RwSignal::new(entries),
            running: RwSignal::new(false),
            trouble: RwSignal::new(trouble),
            news: RwSignal::new(""),
            form: NodeRef::new(),
            prompt: NodeRef::new(),
            log: NodeRef::new(),
        }
    }

    fn add(self, role: Role, text: String, standing: Standing) -> Entry {
        let id = self.next.get_untracked();
        self.next.set(id + 1);
        let entry = Entry::new(id, role, text, standing);
        self.entries.update(|entries| entries.push(entry));
        entry
    }

    /// What was said so far. An answer that never began is none.
    fn turns(self) -> Vec<Turn> {
        let said = |entry: &Entry| Turn {
            role: entry.role,
            content: entry.text.get_untracked(),
        };
        let turns = self
            .entries
            .with_untracked(|entries| entries.iter().map(said).collect::<Vec<_>>());
        turns.into_iter().filter(|turn| !turn.content.is_empty()).collect()
    }

    /// The form as it is now.
    fn asked(self) -> Ask {
        let form = self.form.get_untracked();
        let data = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok());
        let field = |name: &str| {
            data.as_ref()
                .and_then(|data| data.get(name).as_string())
                .unwrap_or_default()
        };
        Ask {
            turns: self.turns(),
            ..Ask::of(field)
        }
    }

    fn send(self, words: &'static Words) {
        let ask = self.asked();
        if self.running.get_untracked() || ask.prompt.trim().is_empty() {
            return;
        }
        if let Some(prompt) = self.prompt.get_untracked() {
            prompt.set_value("");
        }
        self.trouble.set(None);
        self.running.set(true);
        self.news.set(words.answering);
        self.add(Role::User, ask.prompt.clone(), Standing::Said);
        let answer = self.add(Role::Assistant, String::new(), Standing::Coming);
        spawn_local(async move { self.hear(words, ask, answer).await });
    }

    async fn hear(self, words: &'static Words, ask: Ask, answer: Entry) {
        self.follow(true);
        let end = line::ask(&ask, |piece| {
            let follows = self.is_at_end();
            answer.text.update(|text| text.push_str(piece));
            self.follow(follows);
        })
        .await;
        self.running.set(false);
        let id = match end {
            End::Whole { id } => {
                self.news.set(words.done);
                id
            }
            End::Stopped { id } => {
                self.news.set(words.stopped);
                id
            }
            End::Failed { id, message } => {
                self.trouble.set(Some(message));
                self.news.set("");
                id
            }
            End::Offline { id } => {
                self.trouble.set(Some(words.offline.to_owned()));
                self.news.set("");
                id
            }
        };
        if answer.text.with_untracked(String::is_empty) && self.trouble.with_untracked(Option::is_some) {
            // Nothing was served: the question goes back to where it can be asked again.
            self.entries
                .update(|entries| entries.retain(|entry| entry.id + 1 < answer.id || entry.id > answer.id));
            if let Some(prompt) = self.prompt.get_untracked().filter(|prompt| prompt.value().is_empty()) {
                prompt.set_value(&ask.prompt);
            }
            return;
        }
        answer.standing.set(Standing::Counting);
        answer.standing.set(count(id).await);
        self.follow(self.is_at_end());
    }

    /// Whether the reader sees the end of the conversation, give or take a line.
    fn is_at_end(self) -> bool {
        let log = self.log.get_untracked();
        log.is_some_and(|log| log.scroll_top() + log.client_height() + 40 >= log.scroll_height())
    }

    fn follow(self, follows: bool) {
        if let Some(log) = self.log.get_untracked().filter(|_| follows) {
            log.set_scroll_top(log.scroll_height());
        }
    }

    fn clear(self) {
        line::stop();
        self.entries.set(Vec::new());
        self.trouble.set(None);
        self.news.set("");
        if let Some(prompt) = self.prompt.get_untracked() {
            let _ = prompt.focus();
        }
    }
}

/// What the books say of the call, as soon as it is settled.
async fn count(id: String) -> Standing {
    if id.is_empty() {
        // Stopped before the server said anything.
        return Standing::Uncounted;
    }
    for _ in 0..MOST_ASKS {
        match read_playground_call(id.clone()).await {
            Ok(figures) if figures.status != CallStatus::Open => return Standing::Counted(figures),
            Ok(_) => line::pause(ASK_EVERY).await,
            Err(_) => break,
        }
    }
    Standing::Uncounted
}

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
                <div class="empty">
                    <span class="empty-icon">
                        <Icon of=icondata_lu::LuMessageSquareText />
                    </span>
                    <b>{words.empty}</b>
                    <p>{words.empty_note}</p>
                </div>
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
