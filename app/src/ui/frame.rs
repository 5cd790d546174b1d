//! The frame around every page of the signed-in: sidebar, header, user menu, content.
//!
//! Drawer and menu are native popovers: they open, close and give way to Escape without a script.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::{components::Outlet, hooks::use_location};

use super::{
    avatar::Avatar,
    icon::{Brand, Icon},
    switches::{LanguageSwitch, SidebarSwitch, ThemeSwitch, here},
    tabs,
};
use crate::{
    api::session::{OrganizationLink, SignOut, Viewer, read_viewer},
    error::ApiError,
    locale::use_text,
    text::Text,
};

/// Path, icon and name of a page.
type Place = (&'static str, icondata_core::Icon, &'static str);

/// The pages in the sidebar.
fn places(text: &'static Text) -> [Place; 7] {
    let nav = &text.nav;
    [
        ("/", icondata_lu::LuLayoutDashboard, nav.overview),
        ("/connect", icondata_lu::LuPlug, nav.connect),
        ("/keys", icondata_lu::LuKeyRound, nav.keys),
        ("/playground", icondata_lu::LuMessageSquareText, text.playground.title),
        ("/models", icondata_lu::LuBoxes, text.catalogue.offered.title),
        ("/conversations", icondata_lu::LuMessagesSquare, nav.conversations),
        ("/organizations", icondata_lu::LuBuilding2, text.organizations.title),
    ]
}

#[component]
pub fn Frame() -> impl IntoView {
    let text = use_text();
    let who = Resource::new(|| (), |()| read_viewer());
    let here = here();
    let path = use_location().pathname.get_untracked();
    view! {
        <a class="skip" href="#content">
            {text.common.skip}
        </a>
        <div class="app">
            <Sidebar who />
            <div class="min-w-0">
                <header class="top">
                    <div data-testid="sidebar-toggle">
                        <button
                            class="btn btn-icon btn-quiet only-small"
                            type="button"
                            popovertarget="navigation"
                            aria-label=text.nav.open
                        >
                            <Icon of=icondata_lu::LuMenu />
                        </button>
                        <SidebarSwitch back=here.clone() />
                    </div>
                    <Suspense>
                        {move || {
                            let path = path.clone();
                            Suspend::new(async move { crumbs(&path, who.await.ok()) })
                        }}
                    </Suspense>
                    <div class="top-end">
                        <Suspense>
                            {move || Suspend::new(async move {
                                let demo = who.await.is_ok_and(|viewer| viewer.demo);
                                demo.then(|| view! {
                                    <span class="tag tag-warn demo-tag" title=text.common.demo_note>
                                        {text.common.demo}
                                    </span>
                                })
                            })}
                        </Suspense>
                        <LanguageSwitch back=here.clone() />
                        <ThemeSwitch back=here />
                        <Suspense>
                            {move || Suspend::new(async move { who.await.ok().map(menu) })}
                        </Suspense>
                    </div>
                </header>
                <main class="page" id="content" tabindex="-1">
                    <Outlet />
                </main>
            </div>
        </div>
    }
    .into_any()
}

/// The pages of who runs the server.
fn administration(text: &'static Text) -> Place {
    ("/admin", icondata_lu::LuShieldCheck, text.admin.title)
}

fn place(path: &str, (href, icon, name): Place) -> AnyView {
    view! {
        <a class="nav" href=href title=name aria-current=at(path, href).then_some("page")>
            <Icon of=icon />
            <span class="word">{name}</span>
        </a>
    }
    .into_any()
}

#[component]
fn Sidebar(who: Resource<Result<Viewer, ApiError>>) -> impl IntoView {
    let text = use_text();
    let path = use_location().pathname.get_untracked();
    let settings = ("/settings", icondata_lu::LuSettings, text.nav.settings);
    let link = |of: Place| place(&path, of);
    let here = path.clone();
    view! {
        <nav class="side" id="navigation" popover="auto" aria-label=text.nav.label>
            <a href="/" aria-label="Weirgate">
                <Brand />
            </a>
            {places(text).map(link).into_iter().collect_view()}
            <Suspense>
                {move || {
                    let here = here.clone();
                    Suspend::new(async move {
                        let administers = who.await.is_ok_and(|viewer| viewer.administers);
                        administers.then(|| place(&here, administration(text)))
                    })
                }}
            </Suspense>
            <div class="side-foot">
                <a class="nav" href="/docs/api" title=text.nav.reference>
                    <Icon of=icondata_lu::LuBookOpen />
                    <span class="word">{text.nav.reference}</span>
                </a>
                {link(settings)}
            </div>
        </nav>
    }
    .into_any()
}

/// Whether `path` is this place or a page below it.
fn at(path: &str, place: &str) -> bool {
    match path.strip_prefix(place) {
        Some(rest) => rest.is_empty() || (place != "/" && rest.starts_with('/')),
        None => false,
    }
}

/// Whose numbers these are, with the way to others', and the page.
fn crumbs(path: &str, viewer: Option<Viewer>) -> AnyView {
    let text = use_text();
    let page = page_name(text, path, viewer.as_ref().and_then(|viewer| viewer.here.as_ref()));
    view! {
        <div class="crumbs">
            {viewer.map(switcher)}
            <span class="only-wide" aria-hidden="true">
                "/"
            </span>
            <b>{page}</b>
        </div>
    }
    .into_any()
}

fn page_name(text: &'static Text, path: &str, here: Option<&OrganizationLink>) -> &'static str {
    if here.is_some() {
        let page = path.split('/').nth(3).unwrap_or_default();
        let tab = tabs::of_organization(text).into_iter().find(|tab| tab.page == page);
        return tab.map_or(text.organizations.title, |tab| tab.name);
    }
    let mut places = places(text).into_iter().chain([administration(text)]);
    let place = places.find(|(href, ..)| at(path, href));
    place.map_or(text.nav.settings, |(_, _, name)| name)
}

/// The organization whose page this is, and the others one belongs to.
fn switcher(viewer: Viewer) -> AnyView {
    let text = use_text();
    let words = &text.organizations;
    let Viewer {
        organizations, here, ..
    } = viewer;
    let shown = here
        .as_ref()
        .map_or(text.nav.personal, |here| here.name.as_str())
        .to_owned();
    let is_here = |slug: &str| here.as_ref().is_some_and(|here| here.slug == slug);
    let link = |organization: &OrganizationLink| {
        view! {
            <a
                class="menu-item"
                href=["/organizations/", &organization.slug].concat()
                aria-current=is_here(&organization.slug).then_some("true")
            >
                <Icon of=icondata_lu::LuBuilding2 />
                <span class="cut">{organization.name.clone()}</span>
            </a>
        }
    };
    view! {
        <button
            class="btn btn-quiet switch-organization"
            type="button"
            popovertarget="organizations"
            aria-label=[words.switch, ": ", &shown].concat()
            data-testid="switch-organization"
        >
            <span class="only-wide cut">{shown.clone()}</span>
            <Icon of=icondata_lu::LuChevronsUpDown />
        </button>
        <div class="menu menu-start" id="organizations" popover="auto">
            <a class="menu-item" href="/" aria-current=here.is_none().then_some("true")>
                <Icon of=icondata_lu::LuUser />
                {text.nav.personal}
            </a>
            {organizations.iter().map(link).collect_view()}
            <a class="menu-item menu-end" href="/organizations">
                <Icon of=icondata_lu::LuList />
                {words.all}
            </a>
        </div>
    }
    .into_any()
}

fn menu(viewer: Viewer) -> AnyView {
    let nav = &use_text().nav;
    let Viewer {
        name,
        email,
        initials,
        avatar,
        ..
    } = viewer;
    view! {
        <button
            class="user"
            type="button"
            popovertarget="account"
            aria-label=[nav.account, ": ", &name].concat()
            data-testid="user-menu"
        >
            <Avatar initials=initials.clone() url=avatar.clone() />
        </button>
        <div class="menu" id="account" popover="auto">
            <div class="menu-who">
                <Avatar initials url=avatar />
                <div>
                    <p class="font-semibold">{name}</p>
                    <p class="muted small">{email}</p>
                </div>
            </div>
            <a class="menu-item" href="/settings">
                <Icon of=icondata_lu::LuSettings />
                {nav.settings}
            </a>
            <form method="post" action=SignOut::url()>
                <button class="menu-item" data-testid="logout">
                    <Icon of=icondata_lu::LuLogOut />
                    {nav.sign_out}
                </button>
            </form>
        </div>
    }
    .into_any()
}
