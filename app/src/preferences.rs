//! Language, theme and sidebar of this reader. They live in cookies, stand as attributes on `<html>`, and are read from there in the browser.

use leptos::prelude::*;

use crate::locale::Locale;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub const fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sidebar {
    #[default]
    Open,
    Collapsed,
}

impl Sidebar {
    #[cfg(feature = "ssr")]
    pub const fn name(self) -> &'static str {
        match self {
            Sidebar::Open => "open",
            Sidebar::Collapsed => "collapsed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "open" => Some(Sidebar::Open),
            "collapsed" => Some(Sidebar::Collapsed),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    pub locale: Locale,
    pub theme: Theme,
    pub sidebar: Sidebar,
}

impl Preferences {
    /// Of the request being answered; defaults while routes are listed at start.
    #[cfg(feature = "ssr")]
    pub fn current() -> Self {
        let Some(parts) = use_context::<http::request::Parts>() else {
            return Preferences::default();
        };
        Preferences::of(&parts.headers)
    }

    #[cfg(feature = "ssr")]
    pub fn of(headers: &http::HeaderMap) -> Self {
        use crate::request::cookie;
        let accepted = || {
            let header = headers.get(http::header::ACCEPT_LANGUAGE)?;
            header.to_str().ok().and_then(Locale::accepted)
        };
        Preferences {
            locale: cookie::read(headers, cookie::LOCALE)
                .and_then(Locale::parse)
                .or_else(accepted)
                .unwrap_or_default(),
            theme: cookie::read(headers, cookie::THEME)
                .and_then(Theme::parse)
                .unwrap_or_default(),
            sidebar: cookie::read(headers, cookie::SIDEBAR)
                .and_then(Sidebar::parse)
                .unwrap_or_default(),
        }
    }

    /// What the server wrote on `<html>`.
    #[cfg(not(feature = "ssr"))]
    pub fn current() -> Self {
        Preferences {
            locale: attribute("lang")
                .and_then(|value| Locale::parse(&value))
                .unwrap_or_default(),
            theme: attribute("data-theme")
                .and_then(|value| Theme::parse(&value))
                .unwrap_or_default(),
            sidebar: attribute("data-sidebar")
                .and_then(|value| Sidebar::parse(&value))
                .unwrap_or_default(),
        }
    }
}

/// An attribute of `<html>`; browser only.
#[cfg(not(feature = "ssr"))]
fn attribute(name: &str) -> Option<String> {
    document().document_element()?.get_attribute(name)
}

/// Shows a preference at once, before the server has stored it; browser only.
pub fn set_attribute(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(name, value);
    }
}
