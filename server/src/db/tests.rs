//! How transactions behave, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::field_reassign_with_default
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::{
    Change, Tx, changes,
    entity::users,
    testing::{House, on_both_databases},
};
use crate::error::{Error, Result};

on_both_databases!(
    processes_that_start_together_migrate_once,
    change_stands_in_the_feed_and_is_told_before_the_writer_goes_on,
    failed_transaction_leaves_nothing,
    taken_column_is_named,
    cancelled_caller_leaves_no_open_transaction,
    sixty_four_writers_are_never_turned_away,
    migrations_can_be_taken_back,
);

async fn insert_user(tx: &mut Tx, email: &str) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let row = users::ActiveModel {
        id: Set(id),
        email: Set(email.to_owned()),
        username: Set(id.to_string()),
        username_folded: Set(id.to_string()),
        hashed_password: Set(None),
        full_name: Set(None),
        role: Set("user".to_owned()),
        is_active: Set(true),
        max_chats: Set(10),
        telegram_chat_id: Set(None),
        avatar_url: Set(None),
        locale: Set("en".to_owned()),
        theme: Set("system".to_owned()),
        time_zone: Set("UTC".to_owned()),
        email_verified_at: Set(None),
        created_at: Set(tx.now().0),
        updated_at: Set(tx.now().0),
    };
    users::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    tx.changed(Change::User, id);
    Ok(id)
}

async fn processes_that_start_together_migrate_once(house: &House) {
    let others = [house.another().await, house.another().await];
    let (first, second) = tokio::join!(others[0].migrate(), others[1].migrate());
    first.unwrap();
    second.unwrap();
    assert!(house.db.migrations().await.unwrap().iter().all(|(_, applied)| *applied));
    for other in others {
        other.close().await;
    }
}

async fn change_stands_in_the_feed_and_is_told_before_the_writer_goes_on(house: &House) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    house.db.set_after_commit(Box::new(move |changes| {
        let hook = Arc::clone(&hook);
        Box::pin(async move { hook.lock().unwrap().extend(changes) })
    }));
    let before = changes::newest(&house.db).await.unwrap();
    let id = house
        .db
        .write(|tx| Box::pin(insert_user(tx, "a@example.com")))
        .await
        .unwrap();
    let told = told.lock().unwrap().clone();
    assert_eq!(
        told.iter().map(|change| (change.kind, change.id)).collect::<Vec<_>>(),
        [(Change::User, id)]
    );
    let feed = changes::after(&house.db, before, 10).await.unwrap();
    assert_eq!(feed.changes.iter().map(|change| change.id).collect::<Vec<_>>(), [id]);
    assert_eq!(feed.last, Some(changes::newest(&house.db).await.unwrap()));
}

async fn failed_transaction_leaves_nothing(house: &House) {
    let outcome: Result<()> = house
        .db
        .write(|tx| {
            Box::pin(async move {
                insert_user(tx, "a@example.com").await?;
                Err(Error::internal("changed my mind"))
            })
        })
        .await;
    assert!(matches!(outcome, Err(Error::Internal(_))));
    assert_eq!(house.count("users").await, 0);
    assert_eq!(house.count("changes").await, 0);
}

async fn taken_column_is_named(house: &House) {
    house
        .db
        .write(|tx| Box::pin(insert_user(tx, "a@example.com")))
        .await
        .unwrap();
    match house.db.write(|tx| Box::pin(insert_user(tx, "a@example.com"))).await {
        Err(Error::Conflict { constraint }) => assert_eq!(constraint, "users.email"),
        other => panic!("{other:?}"),
    }
}

async fn cancelled_caller_leaves_no_open_transaction(house: &House) {
    let (entered, has_entered) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = tokio::sync::oneshot::channel::<()>();
    let write = house.db.write(|tx| {
        Box::pin(async move {
            insert_user(tx, "a@example.com").await?;
            entered.send(()).unwrap();
            let _ = may_go_on.await;
            insert_user(tx, "b@example.com").await
        })
    });
    tokio::select! {
        _ = write => panic!("it waits to be let on"),
        entered = has_entered => entered.unwrap(),
    }
    // The caller is gone; the transaction is not.
    go_on.send(()).unwrap();
    let committed = async {
        while house.count("users").await < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), committed).await.unwrap();
    if !house.db.is_sqlite() {
        let idle = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        assert_eq!(house.number(idle).await, 0);
    }
    house
        .db
        .write(|tx| Box::pin(insert_user(tx, "c@example.com")))
        .await
        .unwrap();
}

async fn sixty_four_writers_are_never_turned_away(house: &House) {
    // On SQLite a second process writes too, as the command line does.
    let other = house.another().await;
    let writers: Vec<_> = (0..64)
        .map(|writer| {
            let db = if writer % 8 == 0 {
                other.clone()
            } else {
                house.db.clone()
            };
            tokio::spawn(async move {
                for round in 0..4 {
                    let email = format!("{writer}.{round}@example.com");
                    db.write(move |tx| Box::pin(async move { insert_user(tx, &email).await }))
                        .await?;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(house.count("users").await, 256);
    assert_eq!(house.count("changes").await, 256);
    other.close().await;
}

async fn migrations_can_be_taken_back(house: &House) {
    use migration::{Migrator, MigratorTrait};
    house
        .db
        .write(|tx| {
            Box::pin(async move {
                Migrator::down(tx.conn(), None).await?;
                Ok(Migrator::up(tx.conn(), None).await?)
            })
        })
        .await
        .unwrap();
    assert_eq!(house.count("users").await, 0);
}
