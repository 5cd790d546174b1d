//! The root component: what every page may take from context, and the router.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::Router;

use crate::{preferences::Preferences, routes::AppRoutes};

/// Everything inside `<body>`.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let preferences = Preferences::current();
    provide_context(preferences);
    #[cfg(feature = "ssr")]
    provide_context(crate::request::SignedIn::default());
    Effect::new(|_| browser::announce());

    view! {
        <Title formatter=|page: String| {
            if page.is_empty() { "Weirgate".to_owned() } else { format!("{page} · Weirgate") }
        } />
        <Router>
            <AppRoutes />
        </Router>
    }
}

/// What only a browser can say; effects do not run on the server.
mod browser {
    use leptos::{prelude::*, wasm_bindgen::JsCast};

    /// Shows the controls that need a script, and tells the server the time zone for the next page.
    pub(super) fn announce() {
        let page = document();
        if let Some(root) = page.document_element() {
            let _ = root.set_attribute("data-hydrated", "");
        }
        let Ok(page) = page.dyn_into::<web_sys::HtmlDocument>() else {
            return;
        };
        let options = js_sys::Intl::DateTimeFormat::default().resolved_options();
        let zone = js_sys::Reflect::get(&options, &"timeZone".into()).ok();
        if let Some(zone) = zone.and_then(|zone| zone.as_string()) {
            let _ = page.set_cookie(&["wg-zone=", &zone, ";path=/;max-age=31536000;samesite=lax"].concat());
        }
    }
}
