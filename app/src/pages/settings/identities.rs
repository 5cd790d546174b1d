//! Identities elsewhere that sign the person in: link, unlink.

use leptos::{prelude::*, server_fn::ServerFn};
use types::error::Code;

use crate::{
    api::identities::{
        Confirm, ConfirmIdentity, IdentitiesView, IdentityView, ProviderLink, UnlinkIdentity, read_identities,
    },
    error::ApiError,
    locale::use_text,
    text::Text,
    ui::{
        ask::{Way, ask},
        field::{Field, Look},
        load::load,
        notice::{Failure, Notice, Tone},
        table::Time,
        ways::{Obstacle, ProviderIcon},
    },
};

#[component]
pub fn Identities() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_identities());
    load(data, section)
}

fn section(data: IdentitiesView) -> AnyView {
    let text = use_text();
    let words = &text.identities;
    let error = data.form.error.clone();
    let summary = error.clone().filter(|error| !error.is_about_fields()).map(|error| {
        if error.refusal.code == Code::Conflict {
            view! { <Notice tone=Tone::Warn>{words.last_way}</Notice> }.into_any()
        } else {
            view! { <Failure error /> }.into_any()
        }
    });
    let list = if data.linked.is_empty() {
        view! { <p class="muted">{words.none}</p> }.into_any()
    } else {
        table(text, data.linked)
    };
    view! {
        <section class="card" id="identities">
            <div class="card-head">
                <div>
                    <h2>{words.title}</h2>
                    <p class="muted small">{words.note}</p>
                </div>
            </div>
            <Obstacle />
            {data.saved.then(|| view! { <Notice tone=Tone::Good>{text.common.saved}</Notice> })}
            {summary}
            {list}
        </section>
        {more(text, data.providers, data.confirm, error)}
    }
    .into_any()
}

/// What else could be linked.
fn more(text: &'static Text, providers: Vec<ProviderLink>, confirm: Confirm, error: Option<ApiError>) -> AnyView {
    let words = &text.identities;
    if providers.is_empty() {
        return view! { <p class="muted small">{words.no_providers}</p> }.into_any();
    }
    let password = Look {
        name: "password",
        form: "identities",
        label: text.auth.password,
        kind: "password",
        autocomplete: "current-password",
        ..Look::default()
    };
    let body = match confirm {
        Confirm::Not => {
            let links = providers
                .into_iter()
                .map(|provider| {
                    view! {
                        <a class="btn" href=provider.href.clone() rel="external" data-testid=["link-", &provider.id].concat()>
                            <ProviderIcon kind=provider.kind />
                            {(words.link)(&provider.name)}
                        </a>
                    }
                })
                .collect_view();
            view! { <div class="flex flex-wrap gap-2">{links}</div> }.into_any()
        }
        Confirm::Password => view! {
            <p class="mb-3">{words.confirm}</p>
            <form class="fields" method="post" action=ConfirmIdentity::url() novalidate>
                <Field look=password error />
                <div>
                    <button class="btn btn-primary" type="submit" data-testid="confirm-identity">
                        {words.confirm_do}
                    </button>
                </div>
            </form>
        }
        .into_any(),
        Confirm::SignInAgain => view! { <p>{words.sign_in_again}</p> }.into_any(),
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.add}</h2>
            </div>
            {body}
        </section>
    }
    .into_any()
}

fn table(text: &'static Text, linked: Vec<IdentityView>) -> AnyView {
    let words = &text.identities;
    let rows = linked.into_iter().map(|identity| row(text, identity)).collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.title>
            <table class="table stacks" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.identity}</th>
                        <th scope="col">{words.linked}</th>
                        <th scope="col">{words.last_used}</th>
                        <th>
                            <span class="sr-only">{words.unlink}</span>
                        </th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// One identity.
fn row(text: &'static Text, identity: IdentityView) -> AnyView {
    let words = &text.identities;
    let unlink = ask(Way {
        id: ["unlink-", &identity.id].concat(),
        action: UnlinkIdentity::url(),
        hidden: vec![("id", identity.id.clone())],
        label: words.unlink,
        title: (words.unlink_ask)(&identity.name),
        note: words.unlink_note,
        part: "unlink",
    });
    view! {
        <tr role="row" data-testid="identity-row">
            <td role="cell">
                <p class="font-medium">{identity.name}</p>
                <p class="muted small">{identity.note}</p>
            </td>
            <td role="cell" class="nowrap" data-label=words.linked>
                <Time at=identity.linked />
            </td>
            <td role="cell" class="nowrap" data-label=words.last_used>
                <Time at=identity.last_used />
            </td>
            <td role="cell" class="n">
                {unlink}
            </td>
        </tr>
    }
    .into_any()
}
