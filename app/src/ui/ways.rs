//! The ways in beside a password, and what was in the way of one.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use types::sign_in::{ProviderKind, Trouble};

use super::{
    icon::Icon,
    load::load,
    notice::{Notice, Tone},
};
use crate::{
    api::identities::{OtherWays as Ways, SignInMock, read_other_ways},
    locale::use_text,
};

/// A button for each provider, under a divider; nothing when there are none. Links, so that they work without a script and leave this site by
/// no form. `next` is the path to end on; without it the address says.
#[component]
pub fn OtherWays(#[prop(optional_no_strip)] next: Option<String>) -> impl IntoView {
    let asked = || use_query_map().read_untracked().get("next").unwrap_or_default();
    let next = next.unwrap_or_else(asked);
    let ways = Resource::new(|| (), move |()| read_other_ways(next.clone()));
    load(ways, buttons)
}

fn buttons(ways: Ways) -> AnyView {
    let words = &use_text().identities;
    if ways.providers.is_empty() && !ways.mock {
        return ().into_any();
    }
    let links = ways
        .providers
        .into_iter()
        .map(|provider| {
            view! {
                <a class="btn btn-wide" href=provider.href.clone() rel="external" data-testid=["way-", &provider.id].concat()>
                    <ProviderIcon kind=provider.kind />
                    {(words.with)(&provider.name)}
                </a>
            }
        })
        .collect_view();
    let mock = ways.mock.then(|| {
        view! {
            <form method="post" action=SignInMock::url()>
                <input type="hidden" name="next" value=ways.next />
                <button class="btn btn-wide" type="submit" data-testid="way-mock">
                    <Icon of=icondata_lu::LuFlaskConical />
                    {words.mock}
                </button>
            </form>
        }
    });
    view! {
        <div class="ways">
            <p class="or">{words.or}</p>
            {links}
            {mock}
        </div>
    }
    .into_any()
}

/// A provider's sign on a button.
#[component]
pub fn ProviderIcon(kind: ProviderKind) -> impl IntoView {
    let icon = match kind {
        ProviderKind::Github => icondata_lu::LuGithub,
        ProviderKind::Gitlab => icondata_lu::LuGitlab,
        ProviderKind::Google | ProviderKind::Oidc => icondata_lu::LuLogIn,
    };
    view! { <Icon of=icon /> }
}

/// What `?trouble=` in the address tells of, in the reader's language; anything unknown there is nothing.
#[component]
pub fn Obstacle() -> impl IntoView {
    let words = &use_text().identities;
    let query = use_query_map();
    let trouble = query.read_untracked().get("trouble");
    trouble.as_deref().and_then(Trouble::parse).map(|trouble| {
        let tone = match trouble {
            Trouble::AccountExists | Trouble::NoEmail | Trouble::Denied => Tone::Info,
            _ => Tone::Warn,
        };
        view! {
            <div class="mt-4" data-testid="trouble">
                <Notice tone>{(words.trouble)(trouble)}</Notice>
            </div>
        }
    })
}
