//! `/login`

use leptos::{form::ActionForm, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::session::{Entrance, SignIn as Do, read_entrance},
    error::ApiError,
    locale::use_text,
    ui::{
        field::{Field, Look, Mistakes, Submit},
        gate::Gate,
        load::{bone, load},
        notice::Failure,
    },
};

#[component]
pub fn SignIn() -> impl IntoView {
    let text = use_text();
    let entrance = Resource::new(|| (), |()| read_entrance("sign_in".to_owned()));
    view! {
        <Title text=text.auth.sign_in />
        <Gate>
            <h1>{text.auth.sign_in}</h1>
            <p>{text.auth.sign_in_note}</p>
            {load(entrance, bone, form)}
        </Gate>
    }
    .into_any()
}

fn form(entrance: Entrance) -> AnyView {
    let words = &use_text().auth;
    let next = use_query_map().read_untracked().get("next").unwrap_or_default();
    let action = ServerAction::<Do>::new();
    go_on(action.value());
    let Entrance {
        form,
        registration_open,
        ..
    } = entrance;
    let mistakes = mistakes(action.value(), form.error.clone());
    let email = Look {
        name: "email",
        label: words.email,
        kind: "email",
        autocomplete: "username",
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
        <ActionForm action attr:class="fields" attr:novalidate=true>
            <input type="hidden" name="next" value=next />
            <Summary mistakes />
            <Field look=email mistakes value=form.value("email") />
            <Field look=password mistakes />
            <Remember on=form.value("remember_me") == "on" />
            <Submit label=words.sign_in pending=action.pending() class="btn btn-primary btn-wide" />
        </ActionForm>
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
pub fn Summary(mistakes: Mistakes) -> impl IntoView {
    move || {
        let error = mistakes.get().filter(|error| !error.is_about_fields());
        error.map(|error| view! { <Failure error /> })
    }
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

/// What the last attempt by script said; before that, what the page before left.
pub fn mistakes<T: Clone + Send + Sync + 'static>(
    value: impl Get<Value = Option<Result<T, ApiError>>> + Send + Sync + 'static,
    left: Option<ApiError>,
) -> Mistakes {
    Signal::derive(move || match value.get() {
        None => left.clone(),
        Some(result) => result.err(),
    })
}

/// By script: loads the page the server names, since language, theme and person are new.
pub fn go_on(value: impl Get<Value = Option<Result<String, ApiError>>> + 'static) {
    Effect::new(move |_| {
        if let Some(Ok(path)) = value.get() {
            let _ = window().location().set_href(&path);
        }
    });
}
