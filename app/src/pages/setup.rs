//! `/setup?token=`: the first administrator. Once there is one, this page does not exist.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::{lost::Lost, sign_in::Summary, sign_up::account_fields};
use crate::{
    api::session::{Entrance, SetUp as Do, read_entrance},
    locale::use_text,
    ui::{field::Field, gate::Gate, load::load},
};

#[component]
pub fn Setup() -> impl IntoView {
    let entrance = Resource::new(|| (), |()| read_entrance("set_up".to_owned(), String::new()));
    load(entrance, |entrance| {
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
    let form = entrance.form;
    let error = form.error.clone();
    let [full_name, email, password, confirm] = account_fields(words);
    view! {
        <Title text=words.setup />
        <Gate>
            <h1>{words.setup}</h1>
            <p>{words.setup_note}</p>
            <form class="fields" method="post" action=Do::url() novalidate>
                <input type="hidden" name="token" value=token />
                <Summary error=error.clone() />
                <Field look=full_name error=error.clone() value=form.value("full_name") />
                <Field look=email error=error.clone() value=form.value("email") />
                <Field look=password error=error.clone() />
                <Field look=confirm error />
                <button class="btn btn-primary btn-wide" type="submit">
                {words.setup_do}
            </button>
            </form>
        </Gate>
    }
    .into_any()
}
