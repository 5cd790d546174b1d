use std::{collections::HashSet, thread};

use types::OrganizationId;
use uuid::Uuid;

use super::*;

const START: Timestamp = Timestamp(1_795_000_000_000);

fn id(of: u128) -> Uuid {
    Uuid::from_u128(of)
}

fn user(of: u128) -> UserId {
    UserId(id(of))
}

fn team(team: TeamId, rpm: Option<u32>, tpm: Option<u32>, parallel: Option<u32>) -> TeamEntry {
    TeamEntry {
        id: team,
        organization_id: OrganizationId(id(1)),
        name: "research".to_owned(),
        allowed_models: Vec::new(),
        limits: CallLimits {
            rpm_limit: rpm,
            tpm_limit: tpm,
            max_parallel: parallel,
        },
        members: HashSet::new(),
        created_at: START,
    }
}

fn after(millis: i64) -> Timestamp {
    START.plus_millis(millis)
}

/// The call's end at once, with what it used.
fn call(pace: &Pace, team: &TeamEntry, guess: u64, spent: u64, now: Timestamp) -> Result<(), Over> {
    let admitted = pace.admit(team, user(1), guess, now)?;
    admitted.unwrap().spent(spent);
    Ok(())
}

#[test]
fn minute_holds_its_calls_and_drains_evenly() {
    let (pace, team) = (Pace::default(), team(TeamId(id(7)), Some(3), None, None));
    for left in [2, 1, 0] {
        let admitted = pace.admit(&team, user(1), 0, START).unwrap().unwrap();
        let told = admitted.left().requests.unwrap();
        assert_eq!((told.most, told.left), (3, left));
    }
    let over = call(&pace, &team, 0, 0, START).unwrap_err();
    assert_eq!((over.limit, over.most, over.wait), (Limit::Requests, 3, 20));
    assert_eq!(
        over.left.requests.unwrap(),
        Budget {
            most: 3,
            left: 0,
            full_in: 60
        }
    );
    // What is refused is not counted: after as long as it was told to wait, it goes through.
    let over = call(&pace, &team, 0, 0, after(19_999)).unwrap_err();
    assert_eq!(over.wait, 1);
    call(&pace, &team, 0, 0, after(20_000)).unwrap();
    call(&pace, &team, 0, 0, after(20_000)).unwrap_err();
}

/// However the calls lie to the edges of minutes: never more than the rate and one burst.
#[test]
fn no_window_lets_two_bursts_through() {
    let (pace, team) = (Pace::default(), team(TeamId(id(7)), Some(60), None, None));
    let mut admitted = Vec::new();
    for step in 0..40_000 {
        let now = after(step * 25);
        if call(&pace, &team, 0, 0, now).is_ok() {
            admitted.push(now);
        }
    }
    // 1,000 seconds: the burst of 60 and one each second.
    assert_eq!(admitted.len(), 60 + 999);
    for (index, from) in admitted.iter().enumerate().skip(61) {
        let minute = admitted[index..].iter().take_while(|at| at.0 - from.0 < 60_000);
        assert!(minute.count() <= 60, "after the burst no minute holds more than 60");
    }
}

#[test]
fn nodes_share_and_never_less_than_one() {
    let nodes = [Pace::default(), Pace::default(), Pace::default()];
    nodes.iter().for_each(|pace| pace.0.nodes.store(3, Ordering::Relaxed));
    let team = team(TeamId(id(7)), Some(60), None, Some(2));
    let mut admitted = 0;
    for step in 0..10_000_i64 {
        for pace in &nodes {
            admitted += u32::from(call(pace, &team, 0, 0, after(step * 6)).is_ok());
        }
    }
    // A minute, all but 6 ms: the burst and what drained.
    assert_eq!(admitted, 60 + 57);
    let held: Vec<_> = nodes
        .iter()
        .map(|pace| pace.admit(&team, user(1), 0, after(200_000)).unwrap())
        .collect();
    assert_eq!(held.len(), 3);
    assert_eq!(
        nodes[0].admit(&team, user(1), 0, after(200_000)).err().unwrap().limit,
        Limit::Parallel
    );
}

#[test]
fn tokens_of_the_books_take_the_place_of_the_guess() {
    let (pace, team) = (Pace::default(), team(TeamId(id(7)), None, Some(1000), None));
    let first = pace.admit(&team, user(1), 400, START).unwrap().unwrap();
    assert_eq!(first.left().tokens.unwrap().left, 600);
    first.spent(100);
    assert_eq!(pace.left(&team, user(1), START).tokens.unwrap().left, 900);
    // More than there was: those after it wait until it has drained.
    call(&pace, &team, 10, 2100, START).unwrap();
    let over = call(&pace, &team, 10, 10, START).unwrap_err();
    assert_eq!((over.limit, over.wait), (Limit::Tokens, 73));
    assert_eq!(
        over.left.tokens.unwrap(),
        Budget {
            most: 1000,
            left: 0,
            full_in: 132
        }
    );
    call(&pace, &team, 10, 10, after(73_000)).unwrap();
    // A call that never began gives back what it guessed.
    drop(pace.admit(&team, user(1), 100, after(400_000)).unwrap());
    assert_eq!(pace.left(&team, user(1), after(400_000)).tokens.unwrap().left, 1000);
}

#[test]
fn guess_is_never_more_than_half_a_minute() {
    let (pace, team) = (Pace::default(), team(TeamId(id(7)), None, Some(1000), None));
    let first = pace.admit(&team, user(1), 1_000_000, START).unwrap().unwrap();
    let second = pace.admit(&team, user(1), 1_000_000, START).unwrap().unwrap();
    assert_eq!(second.left().tokens.unwrap().left, 0);
    let over = pace.admit(&team, user(1), 1, START).err().unwrap();
    assert_eq!(over.limit, Limit::Tokens);
    first.spent(10);
    second.spent(10);
    assert_eq!(pace.left(&team, user(1), START).tokens.unwrap().left, 980);
}

#[test]
fn place_is_free_when_the_client_leaves_though_the_tokens_come_later() {
    let (pace, team) = (Pace::default(), team(TeamId(id(7)), None, Some(1000), Some(1)));
    let mut gone = pace.admit(&team, user(1), 0, START).unwrap().unwrap();
    assert_eq!(
        pace.admit(&team, user(1), 0, START).err().unwrap().limit,
        Limit::Parallel
    );
    gone.leave();
    gone.leave();
    let next = pace.admit(&team, user(1), 0, START).unwrap().unwrap();
    assert_eq!(pace.left(&team, user(1), START).parallel, Some(0));
    gone.spent(300);
    assert_eq!(
        pace.left(&team, user(1), START).parallel,
        Some(0),
        "a place is given back once"
    );
    drop(next);
    let left = pace.left(&team, user(1), START);
    assert_eq!((left.parallel, left.tokens.unwrap().left), (Some(1), 700));
}

#[test]
fn refused_call_counts_against_no_limit() {
    let (pace, team) = (Pace::default(), team(TeamId(id(7)), Some(10), Some(10), Some(5)));
    call(&pace, &team, 5, 10, START).unwrap();
    for _ in 0..100 {
        assert_eq!(call(&pace, &team, 5, 10, START).unwrap_err().limit, Limit::Tokens);
    }
    let left = pace.left(&team, user(1), START);
    assert_eq!((left.requests.unwrap().left, left.parallel), (9, Some(5)));
}

#[test]
fn everybody_has_the_default_teams_limits_to_themselves() {
    let pace = Pace::default();
    let (own, default) = (
        team(TeamId(id(7)), Some(1), None, None),
        team(DEFAULT_TEAM, Some(1), None, None),
    );
    let ask = |team: &TeamEntry, of: u128| {
        pace.admit(team, user(of), 0, START)
            .map(|admitted| assert!(admitted.is_some()))
    };
    assert!(ask(&own, 1).is_ok() && ask(&own, 2).is_err());
    assert!(ask(&default, 1).is_ok() && ask(&default, 2).is_ok() && ask(&default, 1).is_err());
}

#[test]
fn changed_limit_holds_at_once_and_one_that_is_gone_is_forgotten() {
    let pace = Pace::default();
    let with = |rpm| team(TeamId(id(7)), rpm, None, None);
    for _ in 0..5 {
        call(&pace, &with(Some(5)), 0, 0, START).unwrap();
    }
    call(&pace, &with(Some(5)), 0, 0, START).unwrap_err();
    call(&pace, &with(Some(6)), 0, 0, START).unwrap();
    assert_eq!(call(&pace, &with(Some(2)), 0, 0, START).unwrap_err().wait, 150);
    assert!(pace.admit(&with(None), user(1), 0, START).unwrap().is_none());
}

#[test]
fn clock_that_is_set_back_locks_nobody_out() {
    let (pace, team) = (Pace::default(), team(TeamId(id(7)), Some(1), None, None));
    call(&pace, &team, 0, 0, START).unwrap();
    let earlier = after(-86_400_000);
    assert_eq!(call(&pace, &team, 0, 0, earlier).unwrap_err().wait, 60);
    call(&pace, &team, 0, 0, earlier.plus_millis(60_000)).unwrap();
}

#[test]
fn idle_people_take_no_memory() {
    let (pace, team) = (Pace::default(), team(DEFAULT_TEAM, Some(10), None, None));
    let held = pace.admit(&team, user(0), 0, START).unwrap().unwrap();
    for of in 1..20_000 {
        // Each a second later: six seconds after its call a gauge is idle.
        let now = after(i64::try_from(of).unwrap() * 1000);
        drop(pace.admit(&team, user(of), 0, now).unwrap());
    }
    assert!(pace.gauges().of.len() <= LOOK_OVER_AT + 1, "{}", pace.gauges().of.len());
    drop(held);
}

#[test]
fn places_are_exact_under_many_threads() {
    let (pace, team) = (Pace::default(), team(TeamId(id(7)), Some(1_000_000), None, Some(3)));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    if let Ok(admitted) = pace.admit(&team, user(1), 0, START) {
                        assert!(pace.left(&team, user(1), START).parallel.unwrap() < 3);
                        drop(admitted);
                    }
                }
            });
        }
    });
    assert_eq!(pace.left(&team, user(1), START).parallel, Some(3));
}
