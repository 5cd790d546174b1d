//! `/playground`: a conversation with a model of this server, what it costs, and the same call as code.
//!
//! The browser asks the model API's own door and reads the stream itself. Without a script the form is posted to this page's path, and the site
//! renders the page with the answer.

mod bench;
mod line;
mod talk;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use self::bench::Bench;
use super::connect::SentWhenChanged;
use crate::{
    api::playground::{PlaygroundView, read_playground},
    locale::use_text,
    ui::{
        head::PageHead,
        load::load,
        notice::{Notice, Tone},
    },
};

#[component]
pub fn Playground() -> impl IntoView {
    let words = &use_text().playground;
    let query = use_query_map().read_untracked();
    let chosen = (
        query.get("model").unwrap_or_default(),
        query.get("organization").unwrap_or_default(),
    );
    let data = Resource::new(
        move || chosen.clone(),
        |(model, organization)| read_playground(model, organization),
    );
    view! {
        <PageHead title=words.title note=words.note />
        {load(data, page)}
    }
    .into_any()
}

fn page(view: PlaygroundView) -> AnyView {
    let words = &use_text().playground;
    let payer = (!view.organizations.is_empty()).then(|| payer(&view));
    let bench = match view.models.is_empty() {
        true => view! {
            <Notice tone=Tone::Warn>
                <b>{words.no_models}</b>
                <p>{words.no_models_note}</p>
            </Notice>
        }
        .into_any(),
        false => view! { <Bench view /> }.into_any(),
    };
    view! {
        {payer}
        <div class="without-script">
            <Notice tone=Tone::Info>
                <p>{words.without_script}</p>
            </Notice>
        </div>
        {bench}
    }
    .into_any()
}

/// Who pays: another organization allows other models, so the page is loaded anew.
fn payer(view: &PlaygroundView) -> AnyView {
    let text = use_text();
    let words = &text.playground;
    let chosen = view.asked.organization.clone();
    let option = |(slug, name): (String, String)| {
        let selected = slug == chosen;
        view! {
            <option value=slug selected=selected>
                {name}
            </option>
        }
    };
    let own = (String::new(), text.nav.personal.to_owned());
    let options = std::iter::once(own).chain(view.organizations.clone()).map(option);
    let options = options.collect_view();
    view! {
        <form method="get" action="/playground" data-testid="payer">
            <SentWhenChanged>
                <div class="address">
                    <div class="field">
                        <label for="organization">{words.organization}</label>
                        <select class="input" id="organization" name="organization" autocomplete="off">
                            {options}
                        </select>
                    </div>
                    <button class="btn btn-field without-script" type="submit">
                        {words.choose}
                    </button>
                </div>
            </SentWhenChanged>
        </form>
    }
    .into_any()
}
