//! No such page: 404, signed in or not.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{locale::use_text, ui::icon::Mark};

#[component]
pub fn Lost() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    let words = &use_text().errors;
    view! {
        <Title text=words.lost />
        <main class="lost">
            <div>
                <Mark />
                <span class="num">"404"</span>
                <h1>{words.lost}</h1>
                <p>{words.lost_note}</p>
                <a class="btn btn-primary" href="/">
                    {words.home}
                </a>
            </div>
        </main>
    }
    .into_any()
}
