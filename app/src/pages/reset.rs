//! `/reset`: asks for a link to set a new password, and with `?token=` sets it.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;

use super::{
    by_link::{dead, email_look, sent, to_sign_in, token, unavailable},
    sign_in::Summary,
};
use crate::{
    api::mail::{AskReset, LinkPage, ResetPassword, read_reset},
    locale::use_text,
    ui::{
        field::{Field, Look},
        gate::Gate,
        load::load,
    },
};

#[component]
pub fn Reset() -> impl IntoView {
    let text = use_text();
    let page = Resource::new(token, read_reset);
    view! {
        <Title text=text.mail.set />
        <Gate>{load(page, |page| if token().is_empty() { ask(page) } else { set(page) })}</Gate>
    }
    .into_any()
}

fn ask(page: LinkPage) -> AnyView {
    let text = use_text();
    let words = &text.mail;
    if page.form.value("sent") == "yes" {
        return sent(words.sent_note, None);
    }
    let error = page.form.error.clone();
    view! {
        <h1>{words.reset}</h1>
        <p>{words.reset_note}</p>
        {(!page.available).then(unavailable)}
        <form class="fields" method="post" action=AskReset::url() novalidate data-testid="ask-reset">
            <Summary error=error.clone() />
            <Field look=email_look(text.auth.email) error value=page.form.value("email") />
            <button class="btn btn-primary btn-wide" type="submit">
                {words.reset_do}
            </button>
        </form>
        {to_sign_in()}
    }
    .into_any()
}

fn set(page: LinkPage) -> AnyView {
    let text = use_text();
    let words = &text.mail;
    if !page.good {
        return dead("/reset");
    }
    let error = page.form.error.clone();
    let password = Look {
        name: "password",
        label: words.new_password,
        kind: "password",
        autocomplete: "new-password",
        hint: text.auth.password_hint,
        autofocus: true,
        ..Look::default()
    };
    let confirm = Look {
        name: "confirm_password",
        label: text.auth.confirm,
        kind: "password",
        autocomplete: "new-password",
        ..Look::default()
    };
    view! {
        <h1>{words.set}</h1>
        <p>{words.set_note}</p>
        <form class="fields" method="post" action=ResetPassword::url() novalidate data-testid="set-password">
            <input type="hidden" name="token" value=token() />
            <Summary error=error.clone() />
            <Field look=password error=error.clone() />
            <Field look=confirm error />
            <button class="btn btn-primary btn-wide" type="submit">
                {words.set_do}
            </button>
        </form>
    }
    .into_any()
}
