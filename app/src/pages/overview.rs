//! `/`: this month in numbers, or the first steps to have some.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{
        keys::{KeyState, KeyView},
        overview::{Chart, Month, OverviewView, Profile, read_overview},
    },
    locale::use_text,
    text::Text,
    ui::{
        card::Tile,
        chart::{Charts, METRICS},
        icon::Icon,
        load::load,
        notice::{Notice, Tone},
        table::{Calls, Time},
    },
};

const KEYS_SHOWN: usize = 4;

#[component]
pub fn Overview() -> impl IntoView {
    let text = use_text();
    let data = Resource::new(|| (), |()| read_overview());
    view! {
        <Title text=text.overview.title />
        {load(data, page)}
    }
    .into_any()
}

fn page(data: OverviewView) -> AnyView {
    let text = use_text();
    let words = &text.overview;
    let OverviewView {
        profile,
        demo,
        started,
        month,
        first_token,
        chart,
        calls,
        keys,
        time_zone,
    } = data;
    let has_key = keys.iter().any(|key| key.state == KeyState::Active);
    let welcome = (words.welcome)(&profile.name);
    let numbers = started.then(move || {
        let (value, note) = match first_token {
            Some(first) => (first.median, (words.median)(&first.mean, &first.calls)),
            None => (text.common.none.to_owned(), words.no_requests.to_owned()),
        };
        view! {
            <section class="tiles">
                {tiles(text, month)}
                <Tile name=words.first_token value note />
            </section>
        }
    });
    let main = if started {
        chart_card(chart, time_zone)
    } else {
        first_steps(text, has_key)
    };
    let recent = started.then(|| {
        view! {
            <section class="card card-flush">
                <div class="card-head">
                    <h2>{words.recent}</h2>
                    <span class="muted small">{words.recent_note}</span>
                </div>
                <Calls calls />
            </section>
        }
    });
    view! {
        <div class="page-head">
            <h1>{welcome}</h1>
            <div class="flex flex-wrap gap-2">
                <a class="btn" href="/connect">
                    <Icon of=icondata_lu::LuPlug />
                    {words.connect}
                </a>
                <a class="btn btn-primary" href="/keys">
                    <Icon of=icondata_lu::LuPlus />
                    {words.new_key}
                </a>
            </div>
        </div>
        {demo.then(demo_notice)}
        {numbers}
        <div class="split">
            {main}
            <div class="aside">
                {profile_card(text, &profile)}
                {keys_card(text, keys)}
            </div>
        </div>
        {recent}
        {plan_card(text, &profile.plan)}
    }
    .into_any()
}

/// Says that answers and prices are invented; on every page that shows either.
pub fn demo_notice() -> AnyView {
    let words = &use_text().common;
    view! {
        <Notice tone=Tone::Warn>
            <b>{words.demo}</b>
            <p>{words.demo_note}</p>
        </Notice>
    }
    .into_any()
}

fn tiles(text: &'static Text, month: Month) -> AnyView {
    let words = &text.overview;
    let cost_note = cost_note(text, (words.today)(&month.cost_today), month.unpriced.as_deref());
    let cached = tokens_note(text, month.cached.as_deref());
    let answered = match month.failed {
        Some(count) => (words.failed)(&count),
        None if month.any_requests => words.all_answered.to_owned(),
        None => words.no_requests.to_owned(),
    };
    view! {
        <Tile name=words.cost value=month.cost note=cost_note />
        <Tile name=words.tokens value=month.tokens note=cached />
        <Tile name=words.requests value=month.requests note=answered />
    }
    .into_any()
}

/// What stands below a cost: something of its own, and what is not in it.
pub fn cost_note(text: &'static Text, note: String, unpriced: Option<&str>) -> String {
    match unpriced {
        Some(count) => [&note, " · ", &(text.overview.unpriced)(count)].concat(),
        None => note,
    }
}

/// How much of the input came from a cache.
pub fn tokens_note(text: &'static Text, cached: Option<&str>) -> String {
    match cached {
        Some(share) => (text.overview.cached)(share),
        None => text.overview.no_cache.to_owned(),
    }
}

/// The choice of series is made of radio buttons; style shows what is chosen, so it needs no script.
pub fn chart_card(chart: Chart, time_zone: String) -> AnyView {
    let words = &use_text().overview;
    let choices = METRICS
        .into_iter()
        .zip(words.metrics)
        .map(|(metric, name)| {
            view! {
                <label>
                    <input type="radio" name="metric" value=metric checked=metric == METRICS[0] autocomplete="off" />
                    {name}
                </label>
            }
        })
        .collect_view();
    view! {
        <section class="card charts">
            <div class="card-head">
                <h2>
                    {words.by_day} <span class="muted font-normal">" · "{words.last_30}</span>
                </h2>
                <div class="seg" role="radiogroup" aria-label=words.metric>
                    {choices}
                </div>
            </div>
            <Charts chart zone=(words.zone)(&time_zone) />
        </section>
    }
    .into_any()
}

/// Key, client, call: what stands between a new account and its first number.
fn first_steps(text: &'static Text, has_key: bool) -> AnyView {
    let words = &text.overview;
    let step = |number: &'static str, done: bool, title: &'static str, note: &'static str, end: AnyView| {
        let mark = if done {
            view! { <Icon of=icondata_lu::LuCheck /> }.into_any()
        } else {
            number.into_any()
        };
        view! {
            <li class="step" class:step-done=done>
                <span class="step-mark" aria-hidden="true">
                    {mark}
                </span>
                <div>
                    <b>{title}</b>
                    <p>{note}</p>
                </div>
                {end}
            </li>
        }
        .into_any()
    };
    let link = |primary: bool, href: &'static str, label: &'static str| {
        let class = if primary { "btn btn-primary" } else { "btn" };
        view! { <a class=class href=href>{label}</a> }.into_any()
    };
    let tag = |label: &'static str, class: &'static str| view! { <span class=class>{label}</span> }.into_any();
    let key_end = if has_key {
        tag(words.done, "tag tag-good")
    } else {
        link(true, "/keys", words.new_key)
    };
    view! {
        <section class="card">
            <h2 class="text-base">{words.begin}</h2>
            <p class="soft">{words.begin_note}</p>
            <ol class="steps mt-2">
                {step("1", has_key, words.step_key, words.step_key_note, key_end)}
                {step("2", false, words.step_connect, words.step_connect_note, link(has_key, "/connect", words.connect))}
                {step("3", false, words.step_call, words.step_call_note, tag(words.waiting, "tag"))}
            </ol>
        </section>
    }
    .into_any()
}

fn profile_card(text: &'static Text, profile: &Profile) -> AnyView {
    let words = &text.overview;
    let role = if profile.is_admin {
        words.role_admin
    } else {
        words.role_user
    };
    view! {
        <section class="card" data-testid="profile">
            <h2 class="sr-only">{words.profile}</h2>
            <div class="flex items-center gap-3">
                <span class="avatar avatar-large" aria-hidden="true">
                    {profile.initials.clone()}
                </span>
                <div class="min-w-0">
                    <p class="font-semibold cut">{profile.name.clone()}</p>
                    <p class="muted cut">{profile.email.clone()}</p>
                </div>
            </div>
            <dl class="facts">
                <div>
                    <dt>{words.role}</dt>
                    <dd>{role}</dd>
                </div>
                <div>
                    <dt>{words.since}</dt>
                    <dd>
                        <Time at=profile.since.clone() />
                    </dd>
                </div>
            </dl>
        </section>
    }
    .into_any()
}

fn plan_card(text: &'static Text, plan: &str) -> AnyView {
    let words = &text.overview;
    let name = if plan == "free" {
        words.plan_free.to_owned()
    } else {
        plan.to_owned()
    };
    view! {
        <section class="card plan" data-testid="plan">
            <div>
                <h2 class="soft">{words.plan}</h2>
                <p class="plan-name">{name}</p>
                <p class="soft">{words.plan_note}</p>
            </div>
            <div>
                <button class="btn" type="button" disabled aria-describedby="upgrade-note">
                    <Icon of=icondata_lu::LuSparkles />
                    {words.upgrade}
                </button>
                <p class="hint mt-1" id="upgrade-note">
                    {words.upgrade_note}
                </p>
            </div>
        </section>
    }
    .into_any()
}

fn keys_card(text: &'static Text, keys: Vec<KeyView>) -> AnyView {
    let words = &text.overview;
    let active: Vec<KeyView> = keys
        .into_iter()
        .filter(|key| key.state == KeyState::Active)
        .take(KEYS_SHOWN)
        .collect();
    let none = active.is_empty().then(|| view! { <p class="soft">{words.no_keys}</p> });
    let rows = active
        .into_iter()
        .map(|key| {
            let used = match key.last_used {
                Some(at) => (words.used)(&at.text),
                None => words.unused.to_owned(),
            };
            view! {
                <li>
                    <p class="font-medium cut">{key.name}</p>
                    <p class="pair muted small">
                        <code class="cut">{key.hint}</code>
                        <span class="shrink-0">{used}</span>
                    </p>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.keys}</h2>
                <a class="link small" href="/keys">
                    {words.all_keys}
                </a>
            </div>
            {none}
            <ul class="rows">{rows}</ul>
        </section>
    }
    .into_any()
}
