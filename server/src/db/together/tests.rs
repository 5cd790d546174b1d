#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::*;
use crate::{Error, db::testing::House};

type Numbers = Together<u8, usize>;

/// Lines of these tests alone, since a real database's are of its own kinds.
fn lines(_: &Db) -> &Numbers {
    static LINES: std::sync::LazyLock<Numbers> = std::sync::LazyLock::new(Numbers::default);
    &LINES
}

fn waiting(question: u8, db: &Db) -> usize {
    lines(db).0.lock().unwrap().get(&question).map_or(0, Vec::len)
}

/// Answers how many looks there were, and only when it is told to.
#[derive(Clone, Default)]
struct Slow {
    looks: Arc<AtomicUsize>,
    go: Arc<Notify>,
}

impl Slow {
    fn ask(&self, db: &Db, question: u8) -> tokio::task::JoinHandle<usize> {
        let (slow, db) = (self.clone(), db.clone());
        tokio::spawn(async move {
            let look = move |_, _| {
                let slow = slow.clone();
                async move {
                    let look = slow.looks.fetch_add(1, Ordering::SeqCst) + 1;
                    slow.go.notified().await;
                    Ok(look)
                }
            };
            *Numbers::ask(&db, lines, question, look).await.unwrap()
        })
    }
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_asks_while_a_look_is_under_way_shares_the_next_one() {
    let house = House::sqlite().await;
    let slow = Slow::default();
    let first = slow.ask(&house.db, 1);
    until(|| slow.looks.load(Ordering::SeqCst) == 1).await;
    let later: Vec<_> = (0..100).map(|_| slow.ask(&house.db, 1)).collect();
    until(|| waiting(1, &house.db) == 100).await;
    slow.go.notify_one();
    assert_eq!(first.await.unwrap(), 1);
    slow.go.notify_one();
    for one in later {
        assert_eq!(one.await.unwrap(), 2, "an answer begun after the question");
    }
    until(|| !lines(&house.db).0.lock().unwrap().contains_key(&1)).await;
}

#[tokio::test]
async fn other_questions_wait_for_nobody() {
    let house = House::sqlite().await;
    let (held, free) = (Slow::default(), Slow::default());
    let first = held.ask(&house.db, 2);
    until(|| held.looks.load(Ordering::SeqCst) == 1).await;
    free.go.notify_one();
    assert_eq!(free.ask(&house.db, 3).await.unwrap(), 1);
    held.go.notify_one();
    assert_eq!(first.await.unwrap(), 1);
}

#[tokio::test]
async fn failed_look_is_nobodys_answer() {
    let house = House::sqlite().await;
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = looks.clone();
    let outcome = Numbers::ask(&house.db, lines, 4, move |_, _| {
        let look = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if look == 0 {
                Err(Error::unavailable("the first"))
            } else {
                Ok(look)
            }
        }
    });
    assert_eq!(*outcome.await.unwrap(), 1);
}

#[tokio::test]
async fn nobody_waits_in_a_line_whose_look_panicked() {
    let house = House::sqlite().await;
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = looks.clone();
    let outcome = Numbers::ask(&house.db, lines, 5, move |_, _| {
        let look = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            assert!(look > 0, "the first look breaks");
            Ok(look)
        }
    });
    assert_eq!(*outcome.await.unwrap(), 1);
    until(|| !lines(&house.db).0.lock().unwrap().contains_key(&5)).await;
}
