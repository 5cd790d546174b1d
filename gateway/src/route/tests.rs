#![allow(clippy::unwrap_used)]
use server::{
    directory::ProviderEntry,
    health::{Deployment, Rules},
};

use super::*;

const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// A model with a route for each `(priority, weight)`.
fn model(routes: &[(u32, u32)]) -> Arc<ModelEntry> {
    let provider = Arc::new(ProviderEntry::demo());
    let routes = routes
        .iter()
        .map(|(priority, weight)| Route {
            provider: Arc::clone(&provider),
            upstream_model: weight.to_string(),
            weight: *weight,
            priority: *priority,
            deployment: Arc::new(Deployment::new(weight.to_string(), Rules::default())),
            of_key: None,
        })
        .collect();
    Arc::new(ModelEntry {
        routes,
        ..ModelEntry::demo()
    })
}

fn plan(model: &Arc<ModelEntry>, dice: u64) -> Plan {
    Plan::new(Arc::clone(model), Dialect::Openai, dice)
}

/// The order in which routes are tried.
fn order(model: &Arc<ModelEntry>, dice: u64) -> Vec<usize> {
    let mut plan = plan(model, dice);
    let mut order = vec![plan.first(NOW).unwrap().index];
    order.extend(std::iter::from_fn(|| plan.next(NOW).map(|choice| choice.index)));
    order
}

fn open(model: &ModelEntry, index: usize, at: Timestamp) {
    for _ in 0..5 {
        model.routes[index].deployment.failed(Pass::Usual, at, None);
    }
}

#[test]
fn routes_are_taken_by_weight() {
    let model = model(&[(0, 1), (0, 3)]);
    let taken: Vec<usize> = (0..8)
        .map(|dice| plan(&model, dice).first(NOW).unwrap().index)
        .collect();
    assert_eq!(taken, [0, 1, 1, 1, 0, 1, 1, 1]);
}

#[test]
fn route_of_weight_zero_is_taken_only_when_its_equals_are_zero_too() {
    assert_eq!(order(&model(&[(0, 0), (0, 2)]), 0), [1, 0]);
    assert_eq!(order(&model(&[(0, 0)]), 5), [0]);
}

#[test]
fn lower_priorities_come_first_whatever_they_weigh() {
    let model = model(&[(2, 9), (1, 1), (1, 1), (0, 1)]);
    assert_eq!(order(&model, 0), [3, 1, 2, 0]);
    assert_eq!(order(&model, 1), [3, 2, 1, 0]);
}

#[test]
fn open_routes_are_passed_over() {
    let model = model(&[(0, 1), (1, 1), (2, 1)]);
    open(&model, 0, NOW);
    assert_eq!(order(&model, 0), [1, 2]);
    let mut plan = plan(&model, 0);
    plan.first(NOW).unwrap();
    plan.next(NOW).unwrap();
    assert!(!plan.has_next(NOW));
}

#[test]
fn when_all_are_open_the_one_that_opened_first_is_tried() {
    let model = model(&[(0, 1), (1, 1)]);
    open(&model, 1, NOW);
    open(&model, 0, NOW.plus_millis(1));
    let choice = plan(&model, 0).first(NOW.plus_millis(2)).unwrap();
    assert_eq!(
        choice,
        Choice {
            index: 1,
            pass: Pass::Trial
        }
    );
}

#[test]
fn one_call_alone_tries_an_upstream_whose_pause_is_over() {
    let model = model(&[(0, 1), (1, 1)]);
    open(&model, 0, NOW);
    let later = NOW.plus_millis(15_000);
    let first = plan(&model, 0).first(later).unwrap();
    assert_eq!((first.index, first.pass), (0, Pass::Trial));
    let second = plan(&model, 0).first(later).unwrap();
    assert_eq!((second.index, second.pass), (1, Pass::Usual));
}

#[test]
fn model_without_a_route_in_the_dialect_is_refused() {
    assert_eq!(plan(&model(&[]), 0).first(NOW).err().unwrap().status(), 400);
}
