//! `/setup?token=`: the first administrator. Once there is one, this page does not exist.

use leptos::{form::ActionForm, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::{
    lost::Lost,
    sign_in::{Summary, go_on, mistakes},
    sign_up::account_fields,
};
use crate::{
    api::session::{Entrance, SetUp as Do, read_entrance},
    locale::use_text,
    ui::{
        field::{Field, Submit},
        gate::Gate,
        load::{bone, load},
    },
};

#[component]
pub fn Setup() -> impl IntoView {
    let entrance = Resource::new(|| (), |()| read_entrance("set_up".to_owned()));
    load(entrance, bone, |entrance| {
        if entrance.setup_needed {
            form(entrance)
        } else {
            view! { <Lost /> }.into_any()
        }
    })
}

fn form(entrance: Entrance) -> AnyView {
    let words = &use_text().auth;
    let token = use_query_map().read_untracked().get("token").unwrap_or_default();
    let action = ServerAction::<Do>::new();
    go_on(action.value());
    let form = entrance.form;
    let mistakes = mistakes(action.value(), form.error.clone());
    let [full_name, email, password, confirm] = account_fields(words);
    view! {
        <Title text=words.setup />
        <Gate>
            <h1>{words.setup}</h1>
            <p>{words.setup_note}</p>
            <ActionForm action attr:class="fields" attr:novalidate=true>
                <input type="hidden" name="token" value=token />
                <Summary mistakes />
                <Field look=full_name mistakes value=form.value("full_name") />
                <Field look=email mistakes value=form.value("email") />
                <Field look=password mistakes />
                <Field look=confirm mistakes />
                <Submit label=words.setup_do pending=action.pending() class="btn btn-primary btn-wide" />
            </ActionForm>
        </Gate>
    }
    .into_any()
}
