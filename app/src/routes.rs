//! Every address of the dashboard, one line each. All are rendered to the end on the server, so that they work without a script.

use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{Outlet, ParentRoute, Redirect, Route, Routes},
    path,
};

use crate::{
    pages::{
        admin, by_link::ByLink, connect::Connect, conversations::Conversations, dev_mail::DevMail,
        invitation::Invitation, keys::Keys, lost::Lost, models::Models, organization, organizations::Organizations,
        overview::Overview, playground::Playground, reset::Reset, second::SecondStep, settings, setup::Setup,
        sign_in::SignIn, sign_up::SignUp, verify::Verify,
    },
    ui::frame::Frame,
};

#[component]
pub fn AppRoutes() -> impl IntoView {
    view! {
        <Routes fallback=Lost>
            <Route path=path!("/login") view=SignIn ssr=SsrMode::Async />
            <Route path=path!("/login/link") view=ByLink ssr=SsrMode::Async />
            <Route path=path!("/reset") view=Reset ssr=SsrMode::Async />
            <Route path=path!("/verify") view=Verify ssr=SsrMode::Async />
            <Route path=path!("/dev/mail") view=DevMail ssr=SsrMode::Async />
            <Route path=path!("/login/second") view=SecondStep ssr=SsrMode::Async />
            <Route path=path!("/auth") view=|| view! { <Redirect path="/login" /> } ssr=SsrMode::Async />
            <Route path=path!("/register") view=SignUp ssr=SsrMode::Async />
            <Route path=path!("/signup") view=|| view! { <Redirect path="/register" /> } ssr=SsrMode::Async />
            <Route path=path!("/setup") view=Setup ssr=SsrMode::Async />
            <Route path=path!("/invitations/:token") view=Invitation ssr=SsrMode::Async />
            <Route path=path!("/dashboard") view=|| view! { <Redirect path="/" /> } ssr=SsrMode::Async />
            <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                <Route path=path!("/") view=Overview ssr=SsrMode::Async />
                <Route path=path!("/connect") view=Connect ssr=SsrMode::Async />
                <Route path=path!("/keys") view=Keys ssr=SsrMode::Async />
                <Route path=path!("/playground") view=Playground ssr=SsrMode::Async />
                <Route path=path!("/models") view=Models ssr=SsrMode::Async />
                <Route path=path!("/conversations") view=Conversations ssr=SsrMode::Async />
                <Route path=path!("/organizations") view=Organizations ssr=SsrMode::Async />
                <ParentRoute path=path!("/organizations/:slug") view=Outlet ssr=SsrMode::Async>
                    <Route path=path!("") view=organization::Members ssr=SsrMode::Async />
                    <Route path=path!("/invitations") view=organization::Invitations ssr=SsrMode::Async />
                    <Route path=path!("/teams") view=organization::Teams ssr=SsrMode::Async />
                    <Route path=path!("/teams/:id") view=organization::Team ssr=SsrMode::Async />
                    <Route path=path!("/keys") view=organization::OrganizationKeys ssr=SsrMode::Async />
                    <Route path=path!("/usage") view=organization::Usage ssr=SsrMode::Async />
                    <Route path=path!("/audit") view=organization::Audit ssr=SsrMode::Async />
                    <Route path=path!("/settings") view=organization::OrganizationSettings ssr=SsrMode::Async />
                </ParentRoute>
                <ParentRoute path=path!("/admin") view=Outlet ssr=SsrMode::Async>
                    <Route path=path!("") view=admin::First ssr=SsrMode::Async />
                    <Route path=path!("/users") view=admin::Users ssr=SsrMode::Async />
                    <Route path=path!("/users/:id") view=admin::User ssr=SsrMode::Async />
                    <Route path=path!("/organizations") view=admin::Organizations ssr=SsrMode::Async />
                    <Route path=path!("/organizations/:id") view=admin::Organization ssr=SsrMode::Async />
                    <Route path=path!("/providers") view=admin::Providers ssr=SsrMode::Async />
                    <Route path=path!("/providers/:id") view=admin::Provider ssr=SsrMode::Async />
                    <Route path=path!("/models") view=admin::Models ssr=SsrMode::Async />
                    <Route path=path!("/models/:id") view=admin::Model ssr=SsrMode::Async />
                    <Route path=path!("/audit") view=admin::AuditLog ssr=SsrMode::Async />
                    <Route path=path!("/requests") view=admin::Requests ssr=SsrMode::Async />
                    <Route path=path!("/limits") view=admin::Limits ssr=SsrMode::Async />
                    <Route path=path!("/sign-in") view=admin::SignInMethods ssr=SsrMode::Async />
                    <Route path=path!("/system") view=admin::System ssr=SsrMode::Async />
                </ParentRoute>
                <Route path=path!("/settings") view=settings::Account ssr=SsrMode::Async />
                <Route path=path!("/settings/factors") view=settings::SecondFactors ssr=SsrMode::Async />
                <Route path=path!("/settings/identities") view=settings::LinkedIdentities ssr=SsrMode::Async />
                <Route path=path!("/settings/sessions") view=settings::SignIns ssr=SsrMode::Async />
                <Route path=path!("/settings/tokens") view=settings::PersonalTokens ssr=SsrMode::Async />
            </ParentRoute>
        </Routes>
    }
}
