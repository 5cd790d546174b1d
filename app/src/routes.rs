//! Every address of the dashboard, one line each. All are rendered to the end on the server, so that they work without a script.

use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Redirect, Route, Routes},
    path,
};

use crate::{
    pages::{
        connect::Connect, keys::Keys, lost::Lost, overview::Overview, settings::Settings, setup::Setup,
        sign_in::SignIn, sign_up::SignUp,
    },
    ui::frame::Frame,
};

#[component]
pub fn AppRoutes() -> impl IntoView {
    view! {
        <Routes fallback=Lost>
            <Route path=path!("/login") view=SignIn ssr=SsrMode::Async />
            <Route path=path!("/auth") view=|| view! { <Redirect path="/login" /> } ssr=SsrMode::Async />
            <Route path=path!("/register") view=SignUp ssr=SsrMode::Async />
            <Route path=path!("/signup") view=|| view! { <Redirect path="/register" /> } ssr=SsrMode::Async />
            <Route path=path!("/setup") view=Setup ssr=SsrMode::Async />
            <Route path=path!("/dashboard") view=|| view! { <Redirect path="/" /> } ssr=SsrMode::Async />
            <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                <Route path=path!("/") view=Overview ssr=SsrMode::Async />
                <Route path=path!("/connect") view=Connect ssr=SsrMode::Async />
                <Route path=path!("/keys") view=Keys ssr=SsrMode::Async />
                <Route path=path!("/settings") view=Settings ssr=SsrMode::Async />
            </ParentRoute>
        </Routes>
    }
}
