//! The part of `/admin/models` that tells of the LiteLLM proxy: when its models were taken over, whether they are the last known ones only, what
//! came of it.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::{
        Form, Moment,
        admin::litellm::{ItemView, ListView, LiteLlmView, ReportView, SyncModels},
    },
    text::Text,
    ui::{
        notice::{Notice, Tone},
        table::Time,
    },
};

pub fn section(text: &'static Text, proxy: LiteLlmView, may_change: bool, form: &Form) -> AnyView {
    let words = &text.catalogue.litellm;
    let LiteLlmView {
        is_stale,
        failure,
        tried,
        succeeded,
        report,
    } = proxy;
    let asked = form.name == "sync_models" && form.is_saved();
    let done = (asked && failure.is_none()).then(|| view! { <Notice tone=Tone::Good>{words.synced}</Notice> });
    let failed = failure.map(|failure| {
        view! {
            <Notice tone=Tone::Warn>
                <b>{(words.failure)(failure)}</b>
                <p>{words.stays}</p>
            </Notice>
        }
    });
    let stale = is_stale.then(|| {
        view! {
            " "
            <span class="tag tag-warn" data-testid="litellm-stale">
                {words.stale}
            </span>
        }
    });
    let button = may_change.then(|| {
        view! {
            <form method="post" action=SyncModels::url()>
                <button class="btn" type="submit" data-testid="sync-models">
                    {words.sync}
                </button>
            </form>
        }
    });
    let fact = |name: &'static str, value: AnyView| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    let time = |at: Option<Moment>| match at {
        Some(at) => view! { <Time at /> }.into_any(),
        None => words.never.into_any(),
    };
    let models = report
        .as_ref()
        .map(|report| fact(words.models, report.models.clone().into_any()));
    view! {
        <section class="card" data-testid="litellm">
            <div class="card-head">
                <div>
                    <h2>{words.title} {stale}</h2>
                    <p class="muted small">{words.note}</p>
                </div>
                {button}
            </div>
            {done}
            {failed}
            <dl class="facts">
                {fact(words.last_success, time(succeeded))} {fact(words.last_attempt, time(tried))} {models}
            </dl>
            {report.map(|report| told(text, report))}
        </section>
    }
    .into_any()
}

fn told(text: &'static Text, report: ReportView) -> AnyView {
    let words = &text.catalogue.litellm;
    let full = words
        .lists
        .into_iter()
        .zip(report.lists)
        .filter(|(_, list)| !list.items.is_empty())
        .collect::<Vec<_>>();
    let lists = match full.is_empty() {
        true => view! { <p class="muted small">{words.nothing}</p> }.into_any(),
        false => {
            let lists = full.into_iter().map(|(name, list)| names(text, name, list));
            view! { <dl class="facts">{lists.collect_view()}</dl> }.into_any()
        }
    };
    view! {
        <h3 class="label mt-3">{words.report}</h3>
        {lists}
    }
    .into_any()
}

fn names(text: &'static Text, name: &'static str, list: ListView) -> AnyView {
    let words = &text.catalogue.litellm;
    let item = |item: ItemView| {
        let beside = match (item.reason, item.fields.is_empty()) {
            (Some(reason), _) => Some((words.reason)(reason).to_owned()),
            (None, false) => Some(item.fields),
            (None, true) => None,
        };
        let shown = match item.name.is_empty() {
            true => words.no_name.to_owned(),
            false => item.name,
        };
        view! {
            <li class="anywhere">
                {shown}
                {beside.map(|beside| view! { <span class="muted small">{[": ", &beside].concat()}</span> })}
            </li>
        }
    };
    let more = list
        .more
        .map(|count| view! { <li class="muted small">{(words.more)(&count)}</li> });
    view! {
        <div>
            <dt>{name}</dt>
            <dd>
                <ul>{list.items.into_iter().map(item).collect_view()} {more}</ul>
            </dd>
        </div>
    }
    .into_any()
}
