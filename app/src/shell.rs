//! The document around the pages: what is decided before the first byte (language, theme, sidebar), and how the browser takes over.
//!
//! Our own in place of `HydrationScripts`, which writes the CSP nonce into attributes where it does not belong, and waits for
//! an idle moment.

use http::{HeaderValue, header};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;
use server::http::layers::page_policy;

use crate::{app::App, locale::Locale, preferences::Preferences};

/// `asset_hash` changes with the files under `/pkg`, so that they can be cached for ever.
pub fn shell(options: LeptosOptions, asset_hash: &str) -> impl IntoView + use<> {
    let Preferences { locale, theme, sidebar } = Preferences::current();
    let file = |kind: &str| {
        format!(
            "/{}/{}.{kind}?v={asset_hash}",
            options.site_pkg_dir, options.output_name
        )
    };
    let (script, wasm, style) = (file("js"), file("wasm"), file("css"));
    // Both files at once. A preload link would also load the WASM for readers without scripts.
    let start = format!(
        "const WASM = {wasm:?}, SCRIPT = {script:?};\n{}",
        include_str!("shell.js")
    );
    if let Some(context) = Owner::current_shared_context() {
        // Only islands are hydrated; what the pages were made of stays on the server.
        context.set_is_hydrating(false);
    }
    let nonce = use_nonce();
    if let (Some(nonce), Some(response)) = (&nonce, use_context::<ResponseOptions>())
        && let Ok(policy) = HeaderValue::try_from(page_policy(nonce))
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let cyrillic = (locale == Locale::Ru).then(|| font("/fonts/inter-cyrillic.woff2"));
    view! {
        <!DOCTYPE html>
        <html lang=locale.name() data-theme=theme.name() data-sidebar=sidebar.name()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=style />
                {font("/fonts/inter-latin.woff2")}
                {cyrillic}
                <link rel="modulepreload" href=script nonce=nonce.clone() />
                <AutoReload options=options.clone() />
                <MetaTags />
                <script type="module" nonce=nonce>
                    {start}
                </script>
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

fn font(href: &'static str) -> AnyView {
    view! { <link rel="preload" href=href r#as="font" r#type="font/woff2" crossorigin="" /> }.into_any()
}
