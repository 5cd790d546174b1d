//! `/admin/limits`: what is counted for everybody, and how much of it is allowed.

use leptos::prelude::*;

use super::{Page, load};
use crate::{
    api::admin::system::{LimitView, read_admin_limits},
    locale::use_text,
};

#[component]
pub fn Limits() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_admin_limits());
    load(data, page)
}

fn page(limits: Vec<LimitView>) -> AnyView {
    let words = &use_text().admin.limits;
    let row = |limit: LimitView| {
        view! {
            <tr role="row" data-testid="limit-row">
                <td role="cell">
                    {(words.names)(limit.name)}
                    <p class="muted small">
                        <code class="anywhere">{limit.setting}</code>
                    </p>
                </td>
                <td role="cell" class="n" data-label=words.most>
                    {limit.most}
                </td>
                <td role="cell" class="n" data-label=words.window>
                    {(words.duration)(limit.window_seconds)}
                </td>
            </tr>
        }
    };
    view! {
        <Page open="limits">
            <section class="card card-flush">
                <div class="card-head">
                    <div>
                        <h2>{words.title}</h2>
                        <p class="muted small">{words.note}</p>
                    </div>
                </div>
                <div class="scroll" tabindex="0" role="region" aria-label=words.title>
                    <table class="table stacks one-column" role="table">
                        <thead>
                            <tr role="row">
                                <th scope="col">{words.what}</th>
                                <th scope="col" class="n">
                                    {words.most}
                                </th>
                                <th scope="col" class="n">
                                    {words.window}
                                </th>
                            </tr>
                        </thead>
                        <tbody class="num">{limits.into_iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
            </section>
        </Page>
    }
    .into_any()
}
