//! `/admin/requests`: requests to the account API.

use leptos::prelude::*;

use super::{Filter, Next, Page, asked, load, name_of, nothing};
use crate::{
    api::admin::requests::{RequestView, RequestsQuery, RequestsView, read_admin_requests},
    locale::use_text,
    text::Text,
    ui::{
        field::{Field, Look},
        notice::{Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Requests() -> impl IntoView {
    let query = || RequestsQuery {
        actor: asked("actor"),
        route: asked("route"),
        status: asked("status"),
        after: asked("after"),
    };
    let data = Resource::new(query, read_admin_requests);
    load(data, page)
}

fn page(data: RequestsView) -> AnyView {
    let text = use_text();
    let words = &text.admin.requests;
    let RequestsView {
        query,
        requests,
        next,
        enabled,
        error,
    } = data;
    let none = nothing(requests.is_empty());
    let rows = requests.into_iter().map(|request| row(text, request)).collect_view();
    let look = |name, label, hint| Look {
        name,
        label,
        hint,
        kind: "slug",
        autocomplete: "off",
        optional: true,
        ..Look::default()
    };
    let off = (!enabled).then(|| view! { <Notice tone=Tone::Info>{words.off}</Notice> });
    view! {
        <Page open="requests">
            {off}
            <Filter page="requests">
                <Field look=look("actor", words.who, words.who_hint) error=error.clone() value=query.actor />
                <Field look=look("route", words.route, words.route_hint) error=error.clone() value=query.route />
                <Field look=look("status", words.status, words.status_hint) error value=query.status />
            </Filter>
            <section class="card card-flush">
                <div class="card-head">
                    <div>
                        <h2>{words.title}</h2>
                        <p class="muted small">{words.note}</p>
                    </div>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label=words.title>
                    <table class="table stacks one-column" role="table">
                        <thead>
                            <tr role="row">
                                <th scope="col">{words.at}</th>
                                <th scope="col">{words.route}</th>
                                <th scope="col">{words.status}</th>
                                <th scope="col" class="n">
                                    {words.duration}
                                </th>
                                <th scope="col">{words.who}</th>
                                <th scope="col">{words.agent}</th>
                            </tr>
                        </thead>
                        <tbody class="num">{rows}</tbody>
                    </table>
                </div>
                {none}
                <Next href=next />
            </section>
        </Page>
    }
    .into_any()
}

fn row(text: &'static Text, request: RequestView) -> AnyView {
    let words = &text.admin.requests;
    let tone = match request.status {
        500.. => "tag tag-bad",
        400..500 => "tag tag-warn",
        _ => "tag tag-good",
    };
    let who = match request.who {
        Some(named) => name_of(named, text.common.none),
        None => view! { <span class="muted">{words.nobody}</span> }.into_any(),
    };
    let address = request
        .address
        .map(|address| view! { <p class="muted small">{address}</p> });
    view! {
        <tr role="row" data-testid="request-row">
            <td role="cell" class="nowrap">
                <Time at=request.at />
            </td>
            <td role="cell">
                <code class="anywhere">{request.method} " " {request.route}</code>
                <p class="muted small anywhere" title=words.id>
                    {request.id}
                </p>
            </td>
            <td role="cell">
                <span class=tone>{request.status}</span>
            </td>
            <td role="cell" class="n" data-label=words.duration>
                {request.duration}
            </td>
            <td role="cell">{who} {address}</td>
            <td role="cell" class="small">
                {request.agent}
            </td>
        </tr>
    }
    .into_any()
}
