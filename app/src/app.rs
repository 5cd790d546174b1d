//! The root component: what every page may take from context, and the router. Rendered by the server only.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::Router;

use crate::{preferences::Preferences, routes::AppRoutes};

/// Everything inside `<body>`.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Preferences::current());
    #[cfg(feature = "ssr")]
    provide_context(crate::request::SignedIn::default());

    view! {
        <Title formatter=|page: String| title(&page) />
        <Router>
            <AppRoutes />
        </Router>
    }
}

/// A page's title as HTML: it may name what people named, and Leptos writes it into `<title>` as it is.
fn title(page: &str) -> String {
    if page.is_empty() {
        return "Weirgate".to_owned();
    }
    format!("{} · Weirgate", page.replace('&', "&amp;").replace('<', "&lt;"))
}
