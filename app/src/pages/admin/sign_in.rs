//! `/admin/sign-in`: the ways into this server, and what providers of identities decide here.

use leptos::prelude::*;
use types::system::SignInProvider;

use super::{Fact, Page, load};
use crate::{
    api::admin::system::{SignInView, read_admin_sign_in},
    locale::use_text,
    text::Text,
};

#[component]
pub fn SignInMethods() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_admin_sign_in());
    load(data, page)
}

fn page(data: SignInView) -> AnyView {
    let text = use_text();
    let words = &text.admin.sign_in;
    let said = |is: bool| if is { words.yes } else { words.no }.to_owned();
    let mock = data
        .mock
        .then(|| view! { <Fact name=words.mock value=words.yes.to_owned() /> });
    let none = data.providers.is_empty();
    let providers = data.providers.into_iter().map(|of| provider(text, of)).collect_view();
    view! {
        <Page open="sign-in">
            <section class="card" data-testid="ways">
                <div class="card-head">
                    <div>
                        <h2>{words.title}</h2>
                        <p class="muted small">{words.note}</p>
                    </div>
                </div>
                <dl class="facts facts-many">
                    <Fact name=words.registration value=(words.registrations)(&data.registration).to_owned() />
                    <Fact name=words.password value=said(true) />
                    <Fact name=words.passkey value=said(true) />
                    <Fact name=words.link value=said(data.link) />
                    <Fact name=words.mail value=said(data.mail) />
                    {mock}
                </dl>
            </section>
            {providers}
            {none
                .then(|| {
                    view! {
                        <section class="card">
                            <p class="muted">{words.no_providers}</p>
                        </section>
                    }
                })}
        </Page>
    }
    .into_any()
}

fn provider(text: &'static Text, of: SignInProvider) -> AnyView {
    let words = &text.admin.sign_in;
    let or_none = |list: Vec<String>| match list.is_empty() {
        true => text.common.none.to_owned(),
        false => list.join(", "),
    };
    let mapped = of
        .organizations
        .iter()
        .map(|mapped| {
            let role = (text.organizations.roles)(mapped.role);
            [&mapped.group, " → ", &mapped.organization, " (", role, ")"].concat()
        })
        .collect();
    view! {
        <section class="card" data-testid="identity-provider">
            <div class="card-head">
                <div class="min-w-0">
                    <h2 class="anywhere">{of.name}</h2>
                    <p class="muted small anywhere">{of.issuer}</p>
                </div>
            </div>
            <dl class="facts">
                <Fact name=words.client_id value=of.client_id />
                <Fact name=words.scopes value=or_none(of.scopes) />
                <Fact name=words.callback value=of.callback />
                <Fact name=words.claims value=or_none(of.role_claim.into_iter().chain(of.groups_claim).collect()) />
                <Fact name=words.admin_groups value=or_none(of.admin_groups) />
                <Fact name=words.groups value=or_none(mapped) />
            </dl>
        </section>
    }
    .into_any()
}
