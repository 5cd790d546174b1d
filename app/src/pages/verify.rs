//! `/verify`: with `?token=` confirms an address; without, says that the rest is in a letter.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;

use super::{
    by_link::{dead, to_sign_in, token},
    sign_in::Summary,
};
use crate::{
    api::mail::{LinkPage, VerifyEmail, read_verify},
    locale::use_text,
    ui::{
        gate::Gate,
        load::load,
        notice::{Notice, Tone},
    },
};

#[component]
pub fn Verify() -> impl IntoView {
    let text = use_text();
    let page = Resource::new(token, read_verify);
    view! {
        <Title text=text.mail.verify />
        <Gate>{load(page, |page| if token().is_empty() { look() } else { confirm(page) })}</Gate>
    }
    .into_any()
}

fn look() -> AnyView {
    let words = &use_text().mail;
    view! {
        <h1>{words.look}</h1>
        <div class="mt-6" data-testid="letter-sent">
            <Notice tone=Tone::Info>{words.look_note}</Notice>
        </div>
        {to_sign_in()}
    }
    .into_any()
}

fn confirm(page: LinkPage) -> AnyView {
    let words = &use_text().mail;
    let error = page.form.error.clone();
    let Some(email) = page.email else {
        return dead("/settings");
    };
    view! {
        <h1>{words.verify}</h1>
        <p>{(words.verify_note)(&email)}</p>
        <form class="fields" method="post" action=VerifyEmail::url() data-testid="confirm-address">
            <input type="hidden" name="token" value=token() />
            <Summary error />
            <button class="btn btn-primary btn-wide" type="submit">
                {words.verify_do}
            </button>
        </form>
    }
    .into_any()
}
