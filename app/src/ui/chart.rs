//! Bars by day: SVG drawn on the server, a sentence that sums it up, and the same numbers as a table.
//!
//! Only the bars are SVG, stretched to the width there is; words are HTML, so that they keep their size on small screens.

use leptos::prelude::*;

use super::icon::Icon;
use crate::{
    api::overview::{Chart, DayView},
    locale::use_text,
};

/// Width of a day and of its bar in the SVG's own units.
const SLOT: usize = 20;
const BAR: usize = 14;

/// `metric` is the index of the series, `zone` says whose days these are.
#[component]
pub fn Bars(chart: Chart, metric: usize, zone: String) -> impl IntoView {
    let words = &use_text().overview;
    let Chart {
        days,
        ticks,
        totals,
        peaks,
    } = chart;
    let empty = (String::new(), String::new());
    let (peak, peak_day) = days
        .get(peaks[metric])
        .map_or(empty, |day| (day.values[metric].clone(), day.label.clone()));
    let summary = (words.chart)(words.metrics[metric], &totals[metric], &peak, &peak_day);
    let hovered = RwSignal::new(None::<usize>);
    let width = days.len() * SLOT;
    let bars = days
        .iter()
        .enumerate()
        .map(|(index, day)| bar(index, day, metric, hovered))
        .collect_view();
    let lines = (0..=4)
        .map(|line| {
            let y = line * 250;
            view! { <line x1="0" x2=width y1=y y2=y></line> }
        })
        .collect_view();
    let marks = days
        .iter()
        .enumerate()
        .map(|(index, day)| {
            let label = (index % 5 == 0).then(|| day.label.clone());
            view! { <span>{label}</span> }
        })
        .collect_view();
    let [total_label, total] = [words.total.to_owned(), totals[metric].clone()];
    let readouts: Vec<(String, String)> = days
        .iter()
        .map(|day| (day.label.clone(), day.values[metric].clone()))
        .collect();
    let readout = move || {
        let (label, value) = match hovered.get().and_then(|index| readouts.get(index)) {
            Some((label, value)) => (label.clone(), value.clone()),
            None => (total_label.clone(), total.clone()),
        };
        view! {
            <span class="muted">{label}</span>
            " "
            <b class="num">{value}</b>
        }
    };
    view! {
        <div class="chart">
            <div class="chart-y" aria-hidden="true">
                {ticks[metric].iter().map(|tick| view! { <span>{tick.clone()}</span> }).collect_view()}
            </div>
            <svg
                role="img"
                aria-label=summary
                viewBox=["0 0 ", &width.to_string(), " 1000"].concat()
                preserveAspectRatio="none"
                on:pointerleave=move |_| hovered.set(None)
            >
                {lines}
                {bars}
            </svg>
            <div class="chart-x" aria-hidden="true">
                {marks}
            </div>
        </div>
        <p class="chart-readout">
            <span aria-hidden="true">{readout}</span>
            <span class="muted small">{zone}</span>
        </p>
        <Table days />
    }
    .into_any()
}

fn bar(index: usize, day: &DayView, metric: usize, hovered: RwSignal<Option<usize>>) -> AnyView {
    let height = day.heights[metric];
    let x = index * SLOT;
    view! {
        <g on:pointerenter=move |_| hovered.set(Some(index))>
            <rect class="bar-slot" x=x y="0" width=SLOT height="1000"></rect>
            <rect class="bar-fill" x=x + (SLOT - BAR) / 2 y=1000 - height width=BAR height=height></rect>
        </g>
    }
    .into_any()
}

/// Every series as numbers, newest day first.
#[component]
fn Table(days: Vec<DayView>) -> impl IntoView {
    let text = use_text();
    let words = &text.overview;
    let rows = days
        .into_iter()
        .rev()
        .map(|day| {
            let [cost, tokens, requests] = day.values;
            view! {
                <tr>
                    <th scope="row">
                        <time datetime=day.date>{day.label}</time>
                    </th>
                    <td class="n">{cost}</td>
                    <td class="n">{tokens}</td>
                    <td class="n">{requests}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="as-table">
            <summary>
                {text.common.as_table} <Icon of=icondata_lu::LuChevronDown />
            </summary>
            <div class="scroll" tabindex="0" role="region" aria-label=words.by_day>
                <table class="table num">
                    <thead>
                        <tr>
                            <th scope="col">{words.day}</th>
                            <th scope="col" class="n">
                                {words.metrics[0]}
                            </th>
                            <th scope="col" class="n">
                                {words.metrics[1]}
                            </th>
                            <th scope="col" class="n">
                                {words.metrics[2]}
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}
