//! The devices one is signed in on, and how to end them.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::sessions::{EndOtherSessions, EndSession, SessionView, SessionsView, read_sessions},
    locale::use_text,
    text::Text,
    ui::{
        load::load,
        notice::{Failure, Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Sessions() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_sessions());
    load(data, section)
}

fn section(data: SessionsView) -> AnyView {
    let text = use_text();
    let words = &text.sessions;
    let others = data.sessions.iter().any(|session| !session.current);
    let rows = data
        .sessions
        .into_iter()
        .map(|session| row(text, session))
        .collect_view();
    let end_others = others.then(|| {
        view! {
            <form method="post" action=EndOtherSessions::url()>
                <button class="btn" type="submit" data-testid="end-others">
                    {words.end_others}
                </button>
            </form>
        }
    });
    view! {
        <section class="card card-flush" id="sessions">
            <div class="card-head">
                <div>
                    <h2>{words.title}</h2>
                    <p class="muted small">{words.note}</p>
                </div>
                {end_others}
            </div>
            {data.ended.then(|| view! { <Notice tone=Tone::Good>{words.ended}</Notice> })}
            {data.form.error.map(|error| view! { <Failure error /> })}
            <div class="scroll" tabindex="0" role="region" aria-label=words.title>
                <table class="table stacks" role="table">
                    <thead>
                        <tr role="row">
                            <th scope="col">{words.device}</th>
                            <th scope="col">{words.address}</th>
                            <th scope="col">{words.since}</th>
                            <th scope="col">{words.last_seen}</th>
                            <th>
                                <span class="sr-only">{words.end}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody class="num">{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(text: &'static Text, session: SessionView) -> AnyView {
    let words = &text.sessions;
    let device = match (session.device.is_empty(), session.program) {
        (false, _) => session.device,
        (true, true) => words.program.to_owned(),
        (true, false) => words.browser.to_owned(),
    };
    let methods: Vec<&str> = session.methods.iter().map(|method| (words.method)(method)).collect();
    let action = if session.current {
        view! { <span class="tag tag-good">{words.current}</span> }.into_any()
    } else {
        view! {
            <form method="post" action=EndSession::url()>
                <input type="hidden" name="id" value=session.id />
                <button class="btn btn-small" type="submit" data-testid="end-session">
                    {words.end}
                </button>
            </form>
        }
        .into_any()
    };
    view! {
        <tr role="row" data-testid="session-row">
            <td role="cell">
                <p class="font-medium">{device}</p>
                <p class="muted small">{methods.join(" + ")}</p>
            </td>
            <td role="cell" class="nowrap" data-label=words.address>
                {session.address}
            </td>
            <td role="cell" class="nowrap" data-label=words.since>
                <Time at=session.created />
            </td>
            <td role="cell" class="nowrap" data-label=words.last_seen>
                <Time at=session.last_seen />
            </td>
            <td role="cell" class="n">
                {action}
            </td>
        </tr>
    }
    .into_any()
}
