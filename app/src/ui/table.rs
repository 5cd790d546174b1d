//! Tables: the calls, and tags for what became of them.

use leptos::prelude::*;
use types::usage::CallStatus;

use crate::{
    api::{Moment, overview::CallView},
    locale::use_text,
    text::Text,
};

/// A point in time, machine-readable too.
#[component]
pub fn Time(at: Moment) -> impl IntoView {
    let title = at.iso.clone();
    view! {
        <time datetime=at.iso title=title>
            {at.text}
        </time>
    }
    .into_any()
}

/// Colour and word; the reason stands in the title and beside a refusal.
fn tag(text: &'static Text, call: &CallView) -> AnyView {
    let words = &text.calls;
    let (class, word) = match call.status {
        CallStatus::Settled => ("tag tag-good", words.settled),
        CallStatus::Open => ("tag", words.open),
        CallStatus::ClientGone => ("tag tag-warn", words.client_gone),
        CallStatus::Lost => ("tag tag-warn", words.lost),
        CallStatus::UpstreamError => ("tag tag-bad", words.upstream_error),
        CallStatus::UpstreamTruncated => ("tag tag-bad", words.upstream_truncated),
        CallStatus::Refused => ("tag tag-bad", words.refused),
    };
    let reason = call.reason.clone();
    view! {
        <span class=class title=reason data-status=call.status.name()>
            {word}
        </span>
    }
    .into_any()
}

/// The last calls, newest first. It scrolls sideways in its own box.
#[component]
pub fn Calls(calls: Vec<CallView>) -> impl IntoView {
    let text = use_text();
    let words = &text.calls;
    let rows = calls.into_iter().map(|call| row(text, call)).collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=text.overview.recent>
            <table class="table stacks calls" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.time}</th>
                        <th scope="col">{words.model}</th>
                        <th scope="col">{words.key}</th>
                        <th scope="col" class="n">
                            {words.tokens}
                        </th>
                        <th scope="col" class="n">
                            {words.cost}
                        </th>
                        <th scope="col" class="n">
                            {words.first_token}
                        </th>
                        <th scope="col">{words.status}</th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(text: &'static Text, call: CallView) -> AnyView {
    let none = text.common.none;
    let status = tag(text, &call);
    let tokens = [&call.input, " / ", &call.cached, " / ", &call.output].concat();
    let estimate = call.estimated.then(|| view! { <span class="muted">" ≈"</span> });
    let hint = call.estimated.then_some(text.calls.estimated);
    view! {
        <tr role="row" data-testid="call-row" data-request=call.request_id>
            <td role="cell" class="call-time">
                <Time at=call.at />
            </td>
            <td role="cell" class="call-model">
                <code class="nowrap">{call.model}</code>
            </td>
            <td role="cell" class="key-name">
                {call.key.unwrap_or_else(|| none.to_owned())}
            </td>
            <td role="cell" class="n call-tokens" title=hint>
                {tokens}
                {estimate}
            </td>
            <td role="cell" class="n call-cost">
                {call.cost.unwrap_or_else(|| text.calls.unpriced.to_owned())}
            </td>
            <td role="cell" class="n call-first">
                {call.first_token.unwrap_or_else(|| none.to_owned())}
            </td>
            <td role="cell" class="call-status">
                {status}
            </td>
        </tr>
    }
    .into_any()
}
