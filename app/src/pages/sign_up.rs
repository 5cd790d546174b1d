//! `/register`

use leptos::{form::ActionForm, prelude::*};
use leptos_meta::Title;

use super::sign_in::{Remember, Summary, go_on, mistakes};
use crate::{
    api::session::{Entrance, SignUp as Do, read_entrance},
    locale::use_text,
    text::Auth,
    ui::{
        field::{Field, Look, Submit},
        gate::Gate,
        load::{bone, load},
        notice::{Notice, Tone},
    },
};

#[component]
pub fn SignUp() -> impl IntoView {
    let words = &use_text().auth;
    let entrance = Resource::new(|| (), |()| read_entrance("sign_up".to_owned()));
    view! {
        <Title text=words.sign_up />
        <Gate>
            <h1>{words.sign_up}</h1>
            <p>{words.sign_up_note}</p>
            {load(entrance, bone, form)}
            <p class="gate-other">
                {words.have_account} " "
                <a class="link" href="/login">
                    {words.sign_in}
                </a>
            </p>
        </Gate>
    }
    .into_any()
}

/// The fields of a new account, shared with the first run: name, e-mail, password, password again.
pub fn account_fields(words: &'static Auth) -> [Look; 4] {
    [
        Look {
            name: "full_name",
            label: words.full_name,
            autocomplete: "name",
            optional: true,
            autofocus: true,
            ..Look::default()
        },
        Look {
            name: "email",
            label: words.email,
            kind: "email",
            autocomplete: "username",
            ..Look::default()
        },
        Look {
            name: "password",
            label: words.password,
            kind: "password",
            autocomplete: "new-password",
            hint: words.password_hint,
            ..Look::default()
        },
        Look {
            name: "confirm_password",
            label: words.confirm,
            kind: "password",
            autocomplete: "new-password",
            ..Look::default()
        },
    ]
}

fn form(entrance: Entrance) -> AnyView {
    let words = &use_text().auth;
    if !entrance.registration_open {
        return view! { <div class="mt-6"><Notice tone=Tone::Info>{words.closed}</Notice></div> }.into_any();
    }
    let action = ServerAction::<Do>::new();
    go_on(action.value());
    let form = entrance.form;
    let mistakes = mistakes(action.value(), form.error.clone());
    let [full_name, email, password, confirm] = account_fields(words);
    let username = Look {
        name: "username",
        label: words.username,
        autocomplete: "nickname",
        hint: words.username_hint,
        optional: true,
        ..Look::default()
    };
    view! {
        <ActionForm action attr:class="fields" attr:novalidate=true>
            <Summary mistakes />
            <Field look=full_name mistakes value=form.value("full_name") />
            <Field look=email mistakes value=form.value("email") />
            <Field look=username mistakes value=form.value("username") />
            <Field look=password mistakes />
            <Field look=confirm mistakes />
            <Remember on=form.value("remember_me") == "on" />
            <Submit label=words.create pending=action.pending() class="btn btn-primary btn-wide" />
        </ActionForm>
    }
    .into_any()
}
