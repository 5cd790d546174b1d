//! `/admin/audit`: who changed what on this server.

use leptos::prelude::*;

use super::{Page, load};
use crate::{
    api::{
        admin::{audit::read_admin_audit, path},
        audit::{Asked, AuditList},
    },
    locale::use_text,
    ui::audit::{AuditLog as Log, OF_ORGANIZATIONS, OF_SERVER, asked},
};

/// Where the API gives out the same rows as one file.
const EXPORT: &str = "/api/v1/admin/audit/export";

#[component]
pub fn AuditLog() -> impl IntoView {
    let data = Resource::new(asked, |asked| {
        let Asked {
            actor,
            action,
            target,
            from,
            to,
            after,
        } = asked;
        read_admin_audit(actor, action, target, from, to, after)
    });
    load(data, page)
}

fn page(list: AuditList) -> AnyView {
    let offered: Vec<_> = OF_ORGANIZATIONS.into_iter().chain(OF_SERVER).collect();
    view! {
        <Page open="audit">
            <p class="soft">{use_text().audit.note}</p>
            <Log list page=path("audit") export=EXPORT.to_owned() offered by_target=true />
        </Page>
    }
    .into_any()
}
