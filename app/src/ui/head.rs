//! How a page begins.

use leptos::prelude::*;
use leptos_meta::Title;

/// A page's name, which is the document's too, and a line about it.
#[component]
pub fn PageHead(title: &'static str, note: &'static str) -> impl IntoView {
    view! {
        <Title text=title />
        <div class="page-head">
            <div>
                <h1>{title}</h1>
                <p>{note}</p>
            </div>
        </div>
    }
    .into_any()
}
