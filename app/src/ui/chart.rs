//! Bars by day: SVG drawn on the server, a sentence that sums it up, and the same numbers as a table.
//!
//! Only the bars are SVG, stretched to the width there is; words are HTML, so that they keep their size on small screens.

use leptos::{ev::PointerEvent, prelude::*, wasm_bindgen::JsCast};

use super::icon::Icon;
use crate::{
    api::overview::{Chart, DayView},
    locale::use_text,
};

/// Names of the series in the page, by index.
pub const METRICS: [&str; 3] = ["cost", "tokens", "requests"];

/// Width of a day and of its bar in the SVG's own units.
const SLOT: usize = 20;
const BAR: usize = 14;

/// One chart per series, of which style alone shows the chosen one, and the table of all.
#[component]
pub fn Charts(chart: Chart, zone: String) -> impl IntoView {
    let bars = (0..3)
        .map(|metric| {
            view! {
                <div class="chart-of" data-metric=METRICS[metric]>
                    <Bars chart=chart.clone() metric zone=zone.clone() />
                </div>
            }
        })
        .collect_view();
    view! {
        {bars}
        <Table days=chart.days />
    }
    .into_any()
}

/// `metric` is the index of the series, `zone` says whose days these are.
#[component]
fn Bars(chart: Chart, metric: usize, zone: String) -> impl IntoView {
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
    let width = days.len() * SLOT;
    let bars = days
        .iter()
        .enumerate()
        .map(|(index, day)| bar(index, day, metric))
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
    view! {
        <Readout label=words.total.to_owned() value=totals[metric].clone() zone>
            <div class="chart-y" aria-hidden="true">
                {ticks[metric].iter().map(|tick| view! { <span>{tick.clone()}</span> }).collect_view()}
            </div>
            <svg
                role="img"
                aria-label=summary
                viewBox=["0 0 ", &width.to_string(), " 1000"].concat()
                preserveAspectRatio="none"
            >
                {lines}
                {bars}
            </svg>
            <div class="chart-x" aria-hidden="true">
                {marks}
            </div>
        </Readout>
    }
    .into_any()
}

fn bar(index: usize, day: &DayView, metric: usize) -> AnyView {
    let height = day.heights[metric];
    let x = index * SLOT;
    view! {
        <g data-label=day.label.clone() data-value=day.values[metric].clone()>
            <rect class="bar-slot" x=x y="0" width=SLOT height="1000"></rect>
            <rect class="bar-fill" x=x + (SLOT - BAR) / 2 y=1000 - height width=BAR height=height></rect>
        </g>
    }
    .into_any()
}

/// The total below the bars, or the day under the pointer.
#[island]
fn Readout(label: String, value: String, zone: String, children: Children) -> impl IntoView {
    let total = (label, value);
    let shown = RwSignal::new(total.clone());
    let point = move |event: PointerEvent| {
        let element = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let day = element.and_then(|element| element.closest("g").ok().flatten());
        let day = day.and_then(|day| Some((day.get_attribute("data-label")?, day.get_attribute("data-value")?)));
        shown.set(day.unwrap_or_else(|| total.clone()));
    };
    view! {
        <div class="chart" on:pointerover=point>
            {children()}
        </div>
        <p class="chart-readout">
            <span aria-hidden="true">
                <span class="muted">{move || shown.get().0}</span>
                " "
                <b class="num">{move || shown.get().1}</b>
            </span>
            <span class="muted small">{zone}</span>
        </p>
    }
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
