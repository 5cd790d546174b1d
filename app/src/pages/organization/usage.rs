//! What the organization used this month, in all and by member, key and model; who does not manage it sees their own part.

use leptos::prelude::*;

use super::{Page, load, slug};
use crate::{
    api::{
        organization_usage::{OrganizationUsage, SumsOf, SumsView, read_organization_usage},
        overview::Month,
    },
    locale::use_text,
    pages::overview::{chart_card, cost_note, tokens_note},
    text::Text,
    ui::{
        card::{Empty, Tile},
        icon::Icon,
    },
};

#[component]
pub fn Usage() -> impl IntoView {
    let data = Resource::new(slug, read_organization_usage);
    load(data, page)
}

fn page(data: OrganizationUsage) -> AnyView {
    let text = use_text();
    let words = &text.organization_usage;
    let OrganizationUsage {
        place,
        month,
        chart,
        time_zone,
        by_member,
        by_key,
        by_model,
    } = data;
    let note = match place.is_managed() {
        true => words.everyone,
        false => words.own,
    };
    let started = !by_key.is_empty();
    let path = place.path("keys");
    let numbers = started.then(|| {
        view! {
            <section class="tiles">{tiles(text, month)}</section>
            {chart_card(chart, time_zone)}
            {sums(text, words.by_member, words.member, by_member)}
            {sums(text, words.by_key, text.calls.key, by_key)}
            {sums(text, words.by_model, text.calls.model, by_model)}
        }
    });
    let empty = (!started).then(|| {
        view! {
            <section class="card">
                <Empty icon=icondata_lu::LuReceiptText title=words.empty note=words.empty_note />
                <p class="text-center">
                    <a class="btn btn-primary" href=path>
                        {words.empty_link}
                        <Icon of=icondata_lu::LuArrowRight />
                    </a>
                </p>
            </section>
        }
    });
    view! {
        <Page place open="usage">
            <p class="soft">{note}</p>
            {numbers}
            {empty}
        </Page>
    }
    .into_any()
}

fn tiles(text: &'static Text, month: Month) -> AnyView {
    let (words, so_far) = (&text.overview, text.organization_usage.so_far);
    let cost = cost_note(text, so_far.to_owned(), month.unpriced.as_deref());
    let tokens = tokens_note(text, month.cached.as_deref());
    let requests = match month.failed {
        Some(count) => (words.failed)(&count),
        None if month.any_requests => words.all_answered.to_owned(),
        None => words.no_requests.to_owned(),
    };
    view! {
        <Tile name=words.cost value=month.cost note=cost />
        <Tile name=words.tokens value=month.tokens note=tokens />
        <Tile name=words.requests value=month.requests note=requests />
    }
    .into_any()
}

/// One line each, dearest first; nothing where there is nothing.
fn sums(text: &'static Text, title: &'static str, what: &'static str, lines: Vec<SumsView>) -> AnyView {
    let (words, metrics) = (&text.organization_usage, &text.overview.metrics);
    if lines.is_empty() {
        return ().into_any();
    }
    let row = |line: SumsView| {
        let name = match line.name {
            SumsOf::Named(name) => view! { <span class="font-medium anywhere">{name}</span> }.into_any(),
            SumsOf::Tokens => view! { <span class="soft">{words.tokens}</span> }.into_any(),
            SumsOf::Others(count) => view! { <span class="soft">{(words.others)(&count)}</span> }.into_any(),
            SumsOf::Gone => view! { <span class="muted">{words.gone}</span> }.into_any(),
        };
        view! {
            <tr role="row" data-testid="sums-row">
                <td role="cell">{name}</td>
                <td role="cell" class="n">
                    {line.cost}
                </td>
                <td role="cell" class="n" data-label=metrics[1]>
                    {line.tokens}
                </td>
                <td role="cell" class="n" data-label=metrics[2]>
                    {line.requests}
                </td>
            </tr>
        }
        .into_any()
    };
    view! {
        <section class="card card-flush">
            <div class="card-head">
                <h2>{title}</h2>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label=title>
                <table class="table stacks sums-table" role="table">
                    <thead>
                        <tr role="row">
                            <th scope="col">{what}</th>
                            <th scope="col" class="n">
                                {metrics[0]}
                            </th>
                            <th scope="col" class="n">
                                {metrics[1]}
                            </th>
                            <th scope="col" class="n">
                                {metrics[2]}
                            </th>
                        </tr>
                    </thead>
                    <tbody class="num">{lines.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
