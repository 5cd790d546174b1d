//! Personal tokens: made with the password, shown once, revoked.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::{
        Form, Moment,
        keys::{KeyState, NewSecret},
        tokens::{CreateToken, RevokeToken, TokenView, TokensView, read_tokens},
    },
    locale::use_text,
    pages::sign_in::Summary,
    text::Text,
    ui::{
        code::Secret,
        field::{Field, Look},
        load::load,
        notice::{Failure, Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Tokens() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_tokens());
    load(data, sections)
}

fn sections(data: TokensView) -> AnyView {
    let text = use_text();
    let words = &text.tokens;
    let not_revoked = data.form.error.clone().filter(|_| data.form.name == "revoke_token");
    let top = match data.secret {
        Some(secret) => ready(text, secret),
        None => new_token(text, data.form, data.password),
    };
    let rows = data
        .tokens
        .into_iter()
        .map(|token| row(text, token))
        .collect::<Vec<_>>();
    let list = if rows.is_empty() {
        view! { <p class="muted p-5">{words.empty}</p> }.into_any()
    } else {
        table(text, rows)
    };
    view! {
        {not_revoked.map(|error| view! { <Failure error /> })}
        {top}
        <section class="card card-flush" id="tokens">
            <div class="card-head">
                <h2>{words.title}</h2>
            </div>
            {list}
        </section>
    }
    .into_any()
}

/// The token in full, once.
fn ready(text: &'static Text, secret: NewSecret) -> AnyView {
    let words = &text.tokens;
    view! {
        <Notice tone=Tone::Good>
            <b>{(words.created)(&secret.name)}</b>
            <p class="mb-3">{words.once}</p>
            <Secret value=secret.key />
            <div class="mt-3">
                <a class="btn" href="/settings/tokens">
                    {words.another}
                </a>
            </div>
        </Notice>
    }
    .into_any()
}

fn new_token(text: &'static Text, form: Form, has_password: bool) -> AnyView {
    let words = &text.tokens;
    let mine = form.name == "create_token";
    let error = form.error.clone().filter(|_| mine);
    let chosen = form.value("expires_in_days");
    let scopes = form.value("scopes");
    let name = Look {
        name: "name",
        form: "token",
        label: words.name,
        autocomplete: "off",
        placeholder: words.name_example,
        ..Look::default()
    };
    let password = Look {
        name: "password",
        form: "token",
        label: text.auth.password,
        kind: "password",
        autocomplete: "current-password",
        hint: words.password_hint,
        ..Look::default()
    };
    let options = ["30", "90", "365"]
        .into_iter()
        .zip(words.expiry)
        .map(|(value, label)| {
            view! {
                <option value=value selected=value == chosen>
                    {label}
                </option>
            }
        })
        .collect_view();
    let boxes = ["read", "write", "account"]
        .into_iter()
        .zip(words.scopes)
        .map(|(value, label)| {
            // Until something was sent all are on.
            let checked = !mine || scopes.split(' ').any(|scope| scope == value);
            view! {
                <label class="choice">
                    <input type="checkbox" name="scopes[]" value=value checked=checked />
                    {label}
                </label>
            }
        })
        .collect_view();
    let no_scope = error.as_ref().and_then(|error| error.field_message(text, "scopes"));
    view! {
        <section class="card">
            <div class="card-head">
                <div>
                    <h2>{words.new}</h2>
                    <p class="muted small">{words.note}</p>
                </div>
            </div>
            <form class="fields" method="post" action=CreateToken::url() data-testid="create-token" novalidate>
                <Summary error=error.clone() />
                <Field look=name error=error.clone() value=form.value("name") />
                <fieldset class="field">
                    <legend class="mb-1.5">{words.may}</legend>
                    <div class="choices">{boxes}</div>
                    {no_scope.map(|wrong| view! { <p class="wrong">{wrong}</p> })}
                </fieldset>
                <div class="field">
                    <label for="token-expires">{words.expires}</label>
                    <select class="input" id="token-expires" name="expires_in_days">
                        {options}
                    </select>
                </div>
                {has_password.then(|| view! { <Field look=password error /> })}
                <div>
                    <button class="btn btn-primary" type="submit">
                        {words.create}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn table(text: &'static Text, rows: Vec<AnyView>) -> AnyView {
    let words = &text.tokens;
    let keys = &text.keys;
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.title>
            <table class="table stacks key-table" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.name}</th>
                        <th scope="col">{words.token}</th>
                        <th scope="col">{words.may}</th>
                        <th scope="col">{keys.created_at}</th>
                        <th scope="col">{keys.last_used}</th>
                        <th scope="col">{keys.expires_at}</th>
                        <th>
                            <span class="sr-only">{keys.revoke}</span>
                        </th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(text: &'static Text, token: TokenView) -> AnyView {
    let keys = &text.keys;
    let time = |at: Option<Moment>| match at {
        Some(at) => view! { <Time at /> }.into_any(),
        None => view! { <span class="muted">{text.common.never}</span> }.into_any(),
    };
    let action = match token.state {
        KeyState::Revoked => view! { <span class="tag">{keys.revoked}</span> }.into_any(),
        KeyState::Expired => view! { <span class="tag tag-warn">{keys.expired}</span> }.into_any(),
        KeyState::Active => view! {
            <form method="post" action=RevokeToken::url()>
                <input type="hidden" name="id" value=token.id />
                <button class="btn btn-small" type="submit" data-testid="revoke-token">
                    {keys.revoke}
                </button>
            </form>
        }
        .into_any(),
    };
    view! {
        <tr role="row" data-testid="token-row">
            <td role="cell">
                <p class="font-medium">{token.name}</p>
                <p class="muted small">{token.device}</p>
            </td>
            <td role="cell" class="nowrap">
                <code>{token.hint}</code>
            </td>
            <td role="cell" class="nowrap" data-label=text.tokens.may>
                {token.scopes.join(", ")}
            </td>
            <td role="cell" class="nowrap" data-label=keys.created_at>
                <Time at=token.created />
            </td>
            <td role="cell" class="nowrap" data-label=keys.last_used>
                {time(token.last_used)}
            </td>
            <td role="cell" class="nowrap" data-label=keys.expires_at>
                {time(token.expires)}
            </td>
            <td role="cell" class="n">
                {action}
            </td>
        </tr>
    }
    .into_any()
}
