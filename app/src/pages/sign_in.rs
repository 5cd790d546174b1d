//! `/login`

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;

use crate::{
    api::session::{Entrance, SignIn as Do, read_entrance},
    error::ApiError,
    locale::use_text,
    ui::{
        field::{Field, Look},
        gate::Gate,
        load::load,
        notice::{Failure, Notice, Tone},
        passkey::Door,
        query::asked,
        ways::{Obstacle, OtherWays},
    },
};

#[component]
pub fn SignIn() -> impl IntoView {
    let text = use_text();
    let entrance = Resource::new(|| (), |()| read_entrance("sign_in".to_owned(), String::new()));
    view! {
        <Title text=text.auth.sign_in />
        <Gate>
            <h1>{text.auth.sign_in}</h1>
            <p>{text.auth.sign_in_note}</p>
            <Obstacle />
            {load(entrance, form)}
        </Gate>
    }
    .into_any()
}

fn form(entrance: Entrance) -> AnyView {
    let words = &use_text().auth;
    let next = asked("next");
    let Entrance {
        form,
        registration_open,
        mail,
        passkeys,
        ..
    } = entrance;
    let letters = &use_text().mail;
    let told = match form.value("notice").as_str() {
        "reset" => Some(letters.reset_done),
        "verified" => Some(letters.verified),
        _ => None,
    };
    let error = form.error.clone();
    // A passkey that was refused a moment ago is not offered again by itself.
    let offer = error.is_none();
    let email = Look {
        name: "email",
        label: words.email,
        kind: "email",
        autocomplete: "username webauthn",
        autofocus: true,
        ..Look::default()
    };
    let password = Look {
        name: "password",
        label: words.password,
        kind: "password",
        autocomplete: "current-password",
        ..Look::default()
    };
    view! {
        {told.map(|note| view! { <div class="mt-6"><Notice tone=Tone::Good>{note}</Notice></div> })}
        <form class="fields" method="post" action=Do::url() novalidate>
            <input type="hidden" name="next" value=next.clone() />
            <Summary error=error.clone() />
            <Field look=email error=error.clone() value=form.value("email") />
            <Field look=password error />
            <Remember on=form.value("remember_me") == "on" />
            <button class="btn btn-primary btn-wide" type="submit">
                {words.sign_in}
            </button>
        </form>
        {passkeys.then(|| view! { <Door next conditional=offer /> })}
        <OtherWays />
        {mail
            .then(|| {
                view! {
                    <p class="gate-other">
                        <a class="link" href="/login/link">
                            {letters.send_link}
                        </a>
                        " · "
                        <a class="link" href="/reset">
                            {letters.forgot}
                        </a>
                    </p>
                }
            })}
        {registration_open
            .then(|| {
                view! {
                    <p class="gate-other">
                        {words.no_account} " "
                        <a class="link" href="/register">
                            {words.create}
                        </a>
                    </p>
                }
            })}
    }
    .into_any()
}

/// A mistake that belongs to no field.
#[component]
pub fn Summary(error: Option<ApiError>) -> impl IntoView {
    error
        .filter(|error| !error.is_about_fields())
        .map(|error| view! { <Failure error /> })
}

#[component]
pub fn Remember(on: bool) -> impl IntoView {
    let words = &use_text().auth;
    view! {
        <label class="check">
            <input type="checkbox" name="remember_me" value="true" checked=on />
            {words.remember}
        </label>
    }
    .into_any()
}
