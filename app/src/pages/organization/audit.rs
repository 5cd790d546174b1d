//! Who changed what in the organization, for who manages it.

use leptos::prelude::*;

use super::{Page, load, slug};
use crate::{
    api::audit::{Asked, OrganizationAudit, read_organization_audit},
    locale::use_text,
    ui::audit::{AuditLog, OF_ORGANIZATIONS, asked},
};

#[component]
pub fn Audit() -> impl IntoView {
    let data = Resource::new(
        || (slug(), asked()),
        |(slug, asked)| {
            let Asked {
                actor,
                action,
                from,
                to,
                after,
                ..
            } = asked;
            read_organization_audit(slug, actor, action, from, to, after)
        },
    );
    load(data, page)
}

fn page(data: OrganizationAudit) -> AnyView {
    let OrganizationAudit { place, list } = data;
    let page = place.path("audit");
    let export = ["/api/v1", &page, "/export"].concat();
    view! {
        <Page place open="audit">
            <p class="soft">{use_text().audit.note}</p>
            <AuditLog list page export offered=OF_ORGANIZATIONS.to_vec() />
        </Page>
    }
    .into_any()
}
