//! `/keys`: make, see and revoke keys.

use leptos::{prelude::*, server_fn::ServerFn};

use super::sign_in::Summary;
use crate::{
    api::{
        Form, Moment,
        keys::{CreateKey, KeyState, KeyView, KeysView, NewSecret, RevokeKey, read_keys},
    },
    error::ApiError,
    locale::use_text,
    text::Text,
    ui::{
        ask::{Way, ask},
        card::Empty,
        code::Secret,
        field::{Field, Look},
        head::PageHead,
        icon::Icon,
        load::load,
        notice::{Failure, Notice, Tone},
        table::Time,
    },
};

#[component]
pub fn Keys() -> impl IntoView {
    let text = use_text();
    let data = Resource::new(|| (), |()| read_keys());
    view! {
        <PageHead title=text.keys.title note=text.keys.note />
        {load(data, page)}
    }
    .into_any()
}

fn page(data: KeysView) -> AnyView {
    let text = use_text();
    let words = &text.keys;
    let KeysView {
        keys,
        models,
        form,
        secret,
    } = data;
    let not_revoked = form.error.clone().filter(|_| form.name == "revoke_key");
    let top = match secret {
        Some(secret) => ready(text, secret),
        None => new_key(text, models, form),
    };
    let list = if keys.is_empty() {
        view! { <Empty icon=icondata_lu::LuKeyRound title=words.empty note=words.empty_note /> }.into_any()
    } else {
        table(text, keys)
    };
    view! {
        {not_revoked.map(|error| view! { <Failure error /> })}
        {top}
        <section class="card card-flush">
            <div class="card-head">
                <h2>{words.list}</h2>
            </div>
            {list}
        </section>
    }
    .into_any()
}

/// The key in full, once.
fn ready(text: &'static Text, secret: NewSecret) -> AnyView {
    let words = &text.keys;
    view! {
        <Notice tone=Tone::Good>
            <b>{(words.created)(&secret.name)}</b>
            <p class="mb-3">{words.once}</p>
            <Secret value=secret.key />
            <div class="flex flex-wrap gap-2 mt-3">
                <a class="btn btn-primary" href="/connect">
                    {words.use_it}
                    <Icon of=icondata_lu::LuArrowRight />
                </a>
                <a class="btn" href="/keys">
                    {words.another}
                </a>
            </div>
        </Notice>
    }
    .into_any()
}

fn new_key(text: &'static Text, models: Vec<String>, form: Form) -> AnyView {
    let words = &text.keys;
    let error = form.error.clone().filter(|_| form.name == "create_key");
    let name = Look {
        name: "name",
        label: words.name,
        autocomplete: "off",
        placeholder: words.name_example,
        ..Look::default()
    };
    let chosen = form.values_of("models");
    let models = model_choice(
        words.models,
        words.models_hint,
        models,
        &chosen,
        error.as_ref(),
        "models",
    );
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{words.new}</h2>
            </div>
            <form method="post" action=CreateKey::url() data-testid="create-key" novalidate>
                <input type="hidden" name="page" value="/keys" />
                <Summary error=error.clone() />
                <div class="key-form">
                    <Field look=name error value=form.value("name") />
                    {expiry_choice(text, &form.value("expires_in_days"))}
                    <div class="field field-go">
                        <span class="label only-wide" aria-hidden="true">
                            "\u{a0}"
                        </span>
                        <button class="btn btn-primary btn-field" type="submit">
                            {words.create}
                        </button>
                    </div>
                </div>
                {models}
            </form>
        </section>
    }
    .into_any()
}

/// When a key ends.
pub fn expiry_choice(text: &'static Text, chosen: &str) -> AnyView {
    let words = &text.keys;
    let options = ["", "7", "30", "90"]
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
    view! {
        <div class="field">
            <label for="expires_in_days">{words.expires}</label>
            <select class="input" id="expires_in_days" name="expires_in_days">
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// Which models something is limited to, folded away while it is to none. `field` is what mistakes call it.
pub fn model_choice(
    title: &'static str,
    hint: &'static str,
    models: Vec<String>,
    chosen: &[String],
    error: Option<&ApiError>,
    field: &str,
) -> AnyView {
    if models.len() < 2 && chosen.is_empty() {
        return ().into_any();
    }
    let wrong = error.and_then(|error| error.field_message(use_text(), field));
    let boxes = models
        .into_iter()
        .map(|model| {
            let checked = chosen.contains(&model);
            view! {
                <label class="choice">
                    <input type="checkbox" name="models[]" value=model.clone() checked=checked />
                    <code>{model}</code>
                </label>
            }
        })
        .collect_view();
    view! {
        <details class="more mt-3" open=!chosen.is_empty()>
            <summary>
                {title} <Icon of=icondata_lu::LuChevronDown />
            </summary>
            <p class="hint">{hint}</p>
            <div class="choices">{boxes}</div>
            {wrong.map(|wrong| view! { <p class="wrong" role="alert">{wrong}</p> })}
        </details>
    }
    .into_any()
}

fn table(text: &'static Text, keys: Vec<KeyView>) -> AnyView {
    let words = &text.keys;
    let rows = keys.into_iter().map(|key| row(text, key)).collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=words.list>
            <table class="table stacks key-table" role="table">
                <thead>
                    <tr role="row">
                        <th scope="col">{words.name}</th>
                        <th scope="col">{words.key}</th>
                        <th scope="col">{words.created_at}</th>
                        <th scope="col">{words.last_used}</th>
                        <th scope="col">{words.expires_at}</th>
                        <th scope="col">{words.status}</th>
                        <th>
                            <span class="sr-only">{words.revoke}</span>
                        </th>
                    </tr>
                </thead>
                <tbody class="num">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(text: &'static Text, key: KeyView) -> AnyView {
    let words = &text.keys;
    let status = key_state(text, key.state);
    let time = |at| time_or_never(text, at);
    let models = models_of(text, &key.models);
    let confirm = (key.state != KeyState::Revoked).then(|| confirm(text, &key));
    view! {
        <tr role="row" data-testid="key-row">
            <td role="cell">
                <p class="font-medium">{key.name}</p>
                <p class="muted small">{models}</p>
            </td>
            <td role="cell" class="nowrap">
                <code>{key.hint}</code>
            </td>
            <td role="cell" class="nowrap" data-label=words.created_at>
                <Time at=key.created />
            </td>
            <td role="cell" class="nowrap" data-label=words.last_used>
                {time(key.last_used)}
            </td>
            <td role="cell" class="nowrap" data-label=words.expires_at>
                {time(key.expires)}
            </td>
            <td role="cell">
                {status}
            </td>
            <td role="cell" class="n">
                {confirm}
            </td>
        </tr>
    }
    .into_any()
}

/// Colour and word.
pub fn key_state(text: &'static Text, state: KeyState) -> AnyView {
    let words = &text.keys;
    let (class, status) = match state {
        KeyState::Active => ("tag tag-good", words.active),
        KeyState::Expired => ("tag tag-warn", words.expired),
        KeyState::Revoked => ("tag", words.revoked),
    };
    view! { <span class=class>{status}</span> }.into_any()
}

pub fn time_or_never(text: &'static Text, at: Option<Moment>) -> AnyView {
    match at {
        Some(at) => view! { <Time at /> }.into_any(),
        None => view! { <span class="muted">{text.common.never}</span> }.into_any(),
    }
}

/// Names of models; an empty list is all.
pub fn models_of(text: &'static Text, models: &[String]) -> String {
    match models.is_empty() {
        true => text.keys.all_models.to_owned(),
        false => models.join(", "),
    }
}

fn confirm(text: &'static Text, key: &KeyView) -> AnyView {
    let words = &text.keys;
    ask(Way {
        id: ["revoke-", &key.id].concat(),
        action: RevokeKey::url(),
        hidden: vec![("id", key.id.clone())],
        label: words.revoke,
        title: (words.revoke_ask)(&key.name),
        note: words.revoke_note,
        part: "revoke",
    })
}
