#![allow(clippy::unwrap_used)]
use super::*;

const START: Timestamp = Timestamp(1_795_000_000_000);

fn after(seconds: i64) -> Timestamp {
    START.plus_millis(seconds * 1000)
}

fn deployment() -> Deployment {
    Deployment::new("p/m".to_owned(), Rules::default())
}

/// Fails as often as it takes.
fn opened() -> Deployment {
    let deployment = deployment();
    for _ in 0..5 {
        deployment.failed(Pass::Usual, START, None);
    }
    deployment
}

#[test]
fn opens_at_half_of_the_calls_and_not_before_there_are_five() {
    let deployment = deployment();
    for _ in 0..4 {
        deployment.failed(Pass::Usual, START, None);
    }
    assert_eq!(deployment.condition(START), Condition::Closed);
    deployment.failed(Pass::Usual, START, None);
    assert_eq!(deployment.condition(START), Condition::Open(after(15)));

    let mostly_well = self::deployment();
    for _ in 0..6 {
        mostly_well.succeeded(START);
    }
    for _ in 0..5 {
        mostly_well.failed(Pass::Usual, START, None);
    }
    assert_eq!(mostly_well.condition(START), Condition::Closed);
    mostly_well.failed(Pass::Usual, START, None);
    assert_eq!(mostly_well.condition(START), Condition::Open(after(15)));
}

#[test]
fn failures_older_than_the_window_do_not_count() {
    let deployment = deployment();
    for _ in 0..4 {
        deployment.failed(Pass::Usual, START, None);
    }
    deployment.failed(Pass::Usual, after(31), None);
    assert_eq!(deployment.condition(after(31)), Condition::Closed);
    assert_eq!(deployment.seen(after(31)), (1, 1));
}

#[test]
fn answers_that_break_off_count_as_failures_of_calls_that_counted_already() {
    let deployment = deployment();
    for _ in 0..5 {
        deployment.succeeded(START);
        deployment.broke_off(START);
    }
    assert_eq!(deployment.seen(START), (5, 5));
    assert_eq!(deployment.condition(START), Condition::Open(after(15)));
}

#[test]
fn one_call_tries_when_the_pause_is_over_and_the_others_wait_again() {
    let deployment = opened();
    assert_eq!(deployment.pass(after(14)), None);
    assert_eq!(deployment.condition(after(15)), Condition::Due);
    assert_eq!(deployment.pass(after(15)), Some(Pass::Trial));
    assert_eq!(deployment.pass(after(15)), None);
    // The one that tried was never heard of again.
    assert_eq!(deployment.pass(after(30)), Some(Pass::Trial));
}

#[test]
fn success_closes_and_forgets() {
    let deployment = opened();
    assert_eq!(deployment.pass(after(15)), Some(Pass::Trial));
    deployment.succeeded(after(16));
    assert_eq!(deployment.condition(after(16)), Condition::Closed);
    assert_eq!(deployment.pass(after(16)), Some(Pass::Usual));
    assert_eq!(deployment.seen(after(16)), (1, 0));
}

#[test]
fn each_failed_trial_doubles_the_pause_up_to_eight_times() {
    let deployment = opened();
    let mut now = START;
    for seconds in [15, 30, 60, 120, 120] {
        assert_eq!(
            deployment.condition(now),
            Condition::Open(now.plus_millis(seconds * 1000))
        );
        now = now.plus_millis(seconds * 1000);
        assert_eq!(deployment.pass(now), Some(Pass::Trial));
        deployment.failed(Pass::Trial, now, None);
    }
}

#[test]
fn pause_is_as_long_as_the_upstream_asks_and_at_most_five_minutes() {
    for (asked, lasts) in [(5, 15), (40, 40), (604_800, 300)] {
        let deployment = deployment();
        for _ in 0..5 {
            deployment.failed(Pass::Usual, START, Some(Duration::from_secs(asked)));
        }
        assert_eq!(deployment.condition(START), Condition::Open(after(lasts)), "{asked}");
    }
}

#[test]
fn calls_that_began_before_it_opened_do_not_lengthen_the_pause() {
    let deployment = opened();
    deployment.failed(Pass::Usual, after(10), Some(Duration::from_secs(200)));
    assert_eq!(deployment.condition(after(10)), Condition::Open(after(15)));
}

#[test]
fn availability_is_that_of_the_routes() {
    let (well, ill) = (deployment(), opened());
    let of = |list: &[&Deployment]| availability(list.iter().copied(), START);
    assert_eq!(of(&[&well]), Availability::Available);
    assert_eq!(of(&[&well, &ill]), Availability::Degraded);
    assert_eq!(of(&[&ill]), Availability::Unavailable);
    assert_eq!(of(&[]), Availability::Unavailable);
}

#[test]
fn what_is_known_outlives_a_new_catalogue_and_ends_with_the_last_route() {
    let deployments = Deployments::default();
    let provider = ProviderId(uuid::Uuid::from_u128(1));
    let first = deployments.of(provider, "p", "m");
    let again = deployments.of(provider, "p", "m");
    assert!(Arc::ptr_eq(&first, &again));
    assert!(!Arc::ptr_eq(&first, &deployments.of(provider, "p", "other")));
    drop((first, again));
    deployments.forget_gone();
    assert!(deployments.known.lock().unwrap().is_empty());
}
