//! A person's picture, or their initials.

use leptos::prelude::*;

/// The initials lie under the picture, so that one that does not load leaves them.
#[component]
pub fn Avatar(initials: String, url: Option<String>, #[prop(optional)] large: bool) -> impl IntoView {
    view! {
        <span class="avatar" class:avatar-large=large aria-hidden="true">
            {initials}
            {url
                .map(|url| {
                    view! { <img src=url alt="" referrerpolicy="no-referrer" loading="lazy" decoding="async" /> }
                })}
        </span>
    }
    .into_any()
}
