#![allow(clippy::unwrap_used)]
use super::*;

const MINUTE: i64 = 60_000;

fn limits() -> (Limits, Clock) {
    let clock = Clock::settable(Timestamp(1_795_000_000_000));
    let rules = RateLimits {
        window: Duration::from_secs(60),
        max_requests: 1000,
        anonymous_requests: 100,
        sign_in_window: Duration::from_secs(900),
        sign_in_failures: 5,
        sign_in_account_failures: 20,
        sign_in_requests: 50,
        links_per_minute: 5,
        links_per_hour: 30,
        links_per_email: 3,
    };
    (Limits::new(rules, clock.clone()), clock)
}

fn at(address: &str) -> Device {
    Device {
        from: Some(address.parse().unwrap()),
        ..Device::default()
    }
}

async fn begin(limits: &Limits, account: &str, address: &str) -> Result<Attempt> {
    limits.admit(&Asked::of(limits, account, &at(address), false)).await
}

async fn fail(limits: &Limits, account: &str, address: &str) {
    begin(limits, account, address).await.unwrap().failed();
}

async fn refused(limits: &Limits, account: &str, address: &str) -> u64 {
    let refusal = begin(limits, account, address).await.err().unwrap().refusal();
    assert_eq!(refusal.code, Code::RateLimited);
    refusal.retry_after.unwrap()
}

#[tokio::test]
async fn sixth_failure_waits_until_the_first_is_fifteen_minutes_old() {
    let (limits, clock) = limits();
    for _ in 0..5 {
        fail(&limits, "a@b.co", "8.8.8.8").await;
        clock.advance(MINUTE);
    }
    assert_eq!(refused(&limits, "a@b.co", "8.8.8.8").await, 600);
    // Another account, another address: not touched.
    fail(&limits, "b@b.co", "8.8.8.8").await;
    fail(&limits, "a@b.co", "8.8.4.4").await;
    clock.advance(10 * MINUTE - 1);
    assert_eq!(refused(&limits, "a@b.co", "8.8.8.8").await, 1);
    clock.advance(1);
    fail(&limits, "a@b.co", "8.8.8.8").await;
    assert_eq!(refused(&limits, "a@b.co", "8.8.8.8").await, 60);
}

#[tokio::test]
async fn success_clears_the_pair_and_withdrawing_changes_nothing() {
    let (limits, _) = limits();
    for _ in 0..4 {
        fail(&limits, "a@b.co", "8.8.8.8").await;
    }
    for _ in 0..10 {
        begin(&limits, "a@b.co", "8.8.8.8").await.unwrap().withdraw();
    }
    begin(&limits, "a@b.co", "8.8.8.8").await.unwrap().succeeded();
    for _ in 0..5 {
        fail(&limits, "a@b.co", "8.8.8.8").await;
    }
    refused(&limits, "a@b.co", "8.8.8.8").await;
}

#[tokio::test]
async fn attempt_that_is_dropped_counts_as_failed() {
    let (limits, _) = limits();
    for _ in 0..5 {
        drop(begin(&limits, "a@b.co", "8.8.8.8").await.unwrap());
    }
    refused(&limits, "a@b.co", "8.8.8.8").await;
}

#[tokio::test]
async fn undecided_attempts_take_what_is_left_until_they_are_decided() {
    let (limits, _) = limits();
    let mut running = Vec::new();
    for _ in 0..5 {
        running.push(begin(&limits, "a@b.co", "8.8.8.8").await.unwrap());
    }
    let asked = Asked::of(&limits, "a@b.co", &at("8.8.8.8"), false);
    assert!(limits.begin(&asked).is_none());
    let sixth = begin(&limits, "a@b.co", "8.8.8.8");
    let decided = async { running.pop().unwrap().succeeded() };
    let (sixth, ()) = tokio::join!(sixth, decided);
    sixth.unwrap().succeeded();
}

#[tokio::test]
async fn address_gets_fifty_requests_and_an_ipv6_network_is_one() {
    let (limits, clock) = limits();
    for index in 0..50 {
        let account = format!("a{index}@b.co");
        begin(&limits, &account, &format!("2001:db8:1:2::{index:x}"))
            .await
            .unwrap()
            .succeeded();
    }
    assert_eq!(refused(&limits, "x@b.co", "2001:db8:1:2:ffff::1").await, 900);
    begin(&limits, "x@b.co", "2001:db8:1:3::1").await.unwrap().succeeded();
    begin(&limits, "x@b.co", "::ffff:8.8.8.8").await.unwrap().succeeded();
    clock.advance(15 * MINUTE);
    begin(&limits, "x@b.co", "2001:db8:1:2::1").await.unwrap().succeeded();
}

#[tokio::test]
async fn account_guessed_from_everywhere_is_shut_for_strangers_and_open_for_its_device() {
    let (limits, _) = limits();
    for index in 0..20 {
        fail(&limits, "a@b.co", &format!("10.0.{index}.1")).await;
    }
    refused(&limits, "a@b.co", "10.1.0.1").await;
    let token = crate::sessions::DeviceToken::make(&Clock::system());
    let mut device = at("10.0.0.1");
    device.token = Some(token);
    for _ in 0..5 {
        limits
            .admit(&Asked::of(&limits, "a@b.co", &device, true))
            .await
            .unwrap()
            .failed();
    }
    // A stolen device's guesses end too.
    assert!(
        limits
            .admit(&Asked::of(&limits, "a@b.co", &device, true))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn failures_are_noted_once_a_minute() {
    let (limits, clock) = limits();
    let (anna, bert) = (UserId(clock.new_id()), UserId(clock.new_id()));
    assert!(limits.note_failure(anna));
    assert!(!limits.note_failure(anna));
    assert!(limits.note_failure(bert));
    clock.advance(MINUTE);
    assert!(limits.note_failure(anna));
}

#[test]
fn full_table_shares_entries_instead_of_letting_anybody_through() {
    let mut table = Table::new(900_000, 5, 100);
    let now = Timestamp(1_795_000_000_000);
    let key = |index: u32| {
        let hash = crypto::sha256(&index.to_le_bytes());
        <[u8; 16]>::try_from(&hash[..16]).unwrap()
    };
    let mut admitted = 0;
    for index in 0..20_000 {
        for _ in 0..5 {
            admitted += usize::from(table.take(key(index), now).is_ok());
        }
    }
    assert_eq!(table.len(), 100);
    assert_eq!(admitted, 100 * 5 + 1024 * 5);
    // When the window has passed there is room again.
    let later = Timestamp(now.0 + 900_000);
    assert!(table.take(key(77_777), later).is_ok());
    assert_eq!(table.len(), 1);
}
