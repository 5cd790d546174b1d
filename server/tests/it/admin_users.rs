//! `admin/users`: who sees and changes people, what a change ends at once, and who always stays.

use serde_json::{Value, json};
use types::{PlatformRole, UserId};

use crate::support::{App, Database, PASSWORD, Person, Reply, organizations::each};

const USERS: &str = "/api/v1/admin/users";

fn of(id: &str, rest: &str) -> String {
    format!("{USERS}/{id}{rest}")
}

async fn get(app: &App, person: &Person, path: &str) -> Reply {
    app.get(path).bearer(&person.access).send().await
}

async fn patch(app: &App, by: &Person, id: &str, change: &Value) -> Reply {
    let call = app.call("PATCH", &of(id, "")).bearer(&by.access);
    call.json(change).send().await
}

async fn send(app: &App, by: &Person, method: &str, path: &str) -> Reply {
    app.call(method, path).bearer(&by.access).send().await
}

async fn give(app: &App, person: &Person, role: PlatformRole) {
    let id: UserId = person.id.parse().unwrap();
    server::for_tests::set_platform_role(&app.state, id, role)
        .await
        .unwrap();
}

/// Somebody whose row was there before, with a role given by hand.
async fn with_role(app: &App, name: &str, role: PlatformRole) -> Person {
    let person = app.verified(name).await;
    give(app, &person, role).await;
    person
}

async fn me(app: &App, person: &Person) -> Reply {
    get(app, person, "/api/v1/auth/me").await
}

/// The rows that a person wrote, by action, oldest first.
async fn told(app: &App, action: &str) -> Vec<Value> {
    let rows = app.audit().await;
    rows.into_iter().filter(|row| row["action"] == action).collect()
}

on_both! {
async fn list_is_searched_filtered_and_paged(app: App) {
    let root = app.admin().await;
    for name in ["anna", "andrey", "boris", "under_score"] {
        app.verified(name).await;
    }
    let disabled = app.verified("zoe").await;
    app.disable(&disabled).await;
    let names = async |query: &str| {
        let page = get(app, &root, &format!("{USERS}?{query}")).await.expect(200);
        each(&page, "username").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["zoe", "under_score", "boris", "andrey", "anna", "root"]);
    assert_eq!(names("q=an").await, ["andrey", "anna"]);
    assert_eq!(names("q=ANNA%40Example.com").await, ["anna"]);
    assert_eq!(names("q=nna").await, [""; 0]);
    assert_eq!(names("role=admin").await, ["root"]);
    assert_eq!(names("active=false").await, ["zoe"]);
    assert_eq!(names("active=true&q=z").await, [""; 0]);
    // What means something elsewhere is a character here.
    assert_eq!(names("q=%25").await, [""; 0]);
    assert_eq!(names("q=_").await, [""; 0]);
    assert_eq!(names("q=under_").await, ["under_score"]);
    assert_eq!(names("q=%00").await, [""; 0]);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for expected in [2, 2, 2] {
        let page = get(app, &root, &format!("{USERS}?limit=2{cursor}")).await.expect(200);
        let found = each(&page, "username");
        assert_eq!(found.len(), expected);
        seen.extend(found.into_iter().map(str::to_owned));
        cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
    }
    assert_eq!(cursor, "");
    assert_eq!(seen, names("").await);
}
}

on_both! {
async fn search_refuses_what_means_nothing(app: App) {
    let root = app.admin().await;
    let long = "%25".repeat(10_000);
    for (query, field, code) in [
        (format!("q={long}"), "q", "too_long"),
        (format!("q={}", "a".repeat(10_240)), "q", "too_long"),
        ("limit=1000000000".to_owned(), "limit", "unknown_value"),
        ("limit=0".to_owned(), "limit", "unknown_value"),
        ("limit=x".to_owned(), "limit", "wrong_type"),
        ("cursor=x".to_owned(), "cursor", "unknown_value"),
        ("sort=1%3Bdrop".to_owned(), "sort", "unknown_field"),
        ("role=owner".to_owned(), "role", "wrong_type"),
        ("active=maybe".to_owned(), "active", "wrong_type"),
    ] {
        get(app, &root, &format!("{USERS}?{query}")).await.invalid(field, code);
    }
}
}

on_both! {
async fn details_count_sign_ins_and_name_organizations(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    let acme = app.organization(&anna, "acme").await;
    app.login("anna", false).await;
    let seen = get(app, &root, &of(&anna.id, "")).await.expect(200);
    assert_eq!(seen["email"], "anna@example.com");
    assert_eq!(seen["sign_ins"], 2);
    assert_eq!(seen["role"], "user");
    assert_eq!((&seen["is_active"], &seen["email_verified"]), (&json!(true), &json!(true)));
    let organizations = json!([{ "organization_id": acme, "slug": "acme", "name": "acme", "role": "owner" }]);
    assert_eq!(seen["organizations"], organizations);
    assert!(!seen.to_string().contains("argon2"));
    for nobody in ["0199f7c2-7a3e-7000-8000-000000000000", "nobody", "%25"] {
        get(app, &root, &of(nobody, "")).await.problem(404, "not_found");
    }
}
}

on_both! {
async fn read_only_administrators_see_and_change_nothing(app: App) {
    let root = app.admin().await;
    let overseer = with_role(app, "overseer", PlatformRole::ReadOnlyAdmin).await;
    let anna = app.verified("anna").await;
    let change = json!({ "is_active": false });
    let changes = [("DELETE", ""), ("POST", "/sign-out"), ("POST", "/reset-second-factor")];
    for (by, status, code) in [(None, 401, "missing_credential"), (Some(&anna), 403, "forbidden")] {
        let as_them = |call: crate::support::Call| match by {
            Some(person) => call.bearer(&person.access),
            None => call,
        };
        as_them(app.get(USERS)).send().await.problem(status, code);
        as_them(app.get(&of(&root.id, ""))).send().await.problem(status, code);
    }
    get(app, &overseer, USERS).await.expect(200);
    get(app, &overseer, &of(&anna.id, "")).await.expect(200);
    for person in [&overseer, &anna] {
        patch(app, person, &root.id, &change).await.problem(403, "forbidden");
        for (method, rest) in changes {
            send(app, person, method, &of(&root.id, rest)).await.problem(403, "forbidden");
        }
    }
    patch(app, &overseer, &overseer.id, &json!({ "role": "admin" })).await.problem(403, "forbidden");
    // A program with a personal token of an administrator is none.
    let sent = json!({ "name": "t", "scopes": ["account"], "password": PASSWORD });
    let call = app.post("/api/v1/auth/tokens").bearer(&root.access).json(&sent);
    let token = call.send().await.expect(201)["token"].as_str().unwrap().to_owned();
    app.get(USERS).bearer(&token).send().await.problem(403, "forbidden");
    me(app, &root).await.expect(200);
}
}

on_both! {
async fn demoted_administrator_loses_rights_at_once(app: App) {
    let root = app.admin().await;
    let second = with_role(app, "second", PlatformRole::Admin).await;
    get(app, &second, USERS).await.expect(200);
    let changed = patch(app, &root, &second.id, &json!({ "role": "read_only_admin" })).await.expect(200);
    assert_eq!(changed["role"], "read_only_admin");
    // The same unexpired token: what it says of the role is not believed.
    get(app, &second, USERS).await.expect(200);
    patch(app, &second, &root.id, &json!({ "role": "user" })).await.problem(403, "forbidden");
    // Rows of one millisecond have no order.
    app.advance_secs(1);
    patch(app, &root, &second.id, &json!({ "role": "user" })).await.expect(200);
    get(app, &second, USERS).await.problem(403, "forbidden");
    let rows = told(app, "user.role_changed").await;
    assert_eq!(rows.len(), 2);
    let details: Value = serde_json::from_str(rows[0]["details"].as_str().unwrap()).unwrap();
    assert_eq!(details, json!({ "before": { "role": "admin" }, "after": { "role": "read_only_admin" } }));
    assert_eq!(rows[0]["actor_id"], root.id);
    assert_eq!(rows[0]["target_id"], second.id);
}
}

on_both! {
async fn more_rights_come_with_a_new_sign_in(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    let cookie = app.cookie("anna", true).await;
    patch(app, &root, &anna.id, &json!({ "role": "admin" })).await.expect(200);
    me(app, &anna).await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
    let refresh = app.post("/api/v1/auth/refresh").json(&json!({ "refresh_token": anna.refresh }));
    refresh.send().await.problem(401, "invalid_grant");
    let anna = app.login("anna", false).await;
    get(app, &anna, USERS).await.expect(200);
    // Repeating it ends nothing.
    patch(app, &root, &anna.id, &json!({ "role": "admin" })).await.expect(200);
    me(app, &anna).await.expect(200);
}
}

on_both! {
async fn disabled_account_is_refused_everywhere_and_enabled_again(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    let cookie = app.cookie("anna", true).await;
    let key = app.key(&anna, "k").await.parse().unwrap();
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    let cli = app.post("/api/v1/auth/cli-login").json(&sent).send().await.expect(200);
    let cli = cli["token"].as_str().unwrap().to_owned();
    app.get("/api/v1/account/keys").bearer(&cli).send().await.expect(200);

    let changed = patch(app, &root, &anna.id, &json!({ "is_active": false })).await.expect(200);
    assert_eq!(changed["is_active"], false);
    me(app, &anna).await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/account/keys").bearer(&cli).send().await.problem(401, "invalid_credential");
    let refresh = app.post("/api/v1/auth/refresh").json(&json!({ "refresh_token": anna.refresh }));
    refresh.send().await.problem(401, "invalid_grant");
    app.post("/api/v1/auth/login").json(&sent).send().await.problem(403, "forbidden");
    let id: UserId = anna.id.parse().unwrap();
    assert!(!app.state.directory().user(id).unwrap().is_active);

    patch(app, &root, &anna.id, &json!({ "is_active": true })).await.expect(200);
    // What was ended stays ended; what was only refused counts again.
    me(app, &anna).await.problem(401, "invalid_credential");
    app.get("/api/v1/account/keys").bearer(&cli).send().await.problem(401, "invalid_credential");
    assert!(!app.state.directory().key_of_id(key).unwrap().revoked);
    app.post("/api/v1/auth/login").json(&sent).send().await.expect(200);
    assert_eq!(told(app, "user.disabled").await.len(), 1);
    assert_eq!(told(app, "user.enabled").await.len(), 1);
}
}

on_both! {
async fn signed_out_everywhere_leaves_keys(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    let cookie = app.cookie("anna", true).await;
    let key = app.key(&anna, "k").await.parse().unwrap();
    let sent = json!({ "email": "anna@example.com", "password": PASSWORD });
    let cli = app.post("/api/v1/auth/cli-login").json(&sent).send().await.expect(200);
    let cli = cli["token"].as_str().unwrap().to_owned();

    send(app, &root, "POST", &of(&anna.id, "/sign-out")).await.expect(204);
    me(app, &anna).await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
    app.get("/api/v1/account/keys").bearer(&cli).send().await.problem(401, "invalid_credential");
    let refresh = app.post("/api/v1/auth/refresh").json(&json!({ "refresh_token": anna.refresh }));
    refresh.send().await.problem(401, "invalid_grant");
    assert!(!app.state.directory().key_of_id(key).unwrap().revoked);
    let rows = told(app, "session.ended").await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["actor_id"] == root.id), "{rows:?}");
    send(app, &root, "POST", &of("nobody", "/sign-out")).await.problem(404, "not_found");
}
}

on_both! {
async fn second_factor_is_reset_for_who_lost_it(app: App) {
    let root = app.admin().await;
    let guarded = app.guarded("anna").await;
    app.login_with("anna", None).await.problem(401, "second_factor_required");
    let path = of(&guarded.person.id, "/reset-second-factor");
    send(app, &root, "POST", &path).await.expect(204);
    app.login_with("anna", None).await.expect(200);
    app.login_with("anna", guarded.recovery.first().map(String::as_str)).await.expect(200);
    server::mail::idle(&app.state).await;
    assert!(app.letters().iter().any(|letter| letter.to == "anna@example.com" && letter.subject == "Your second factors were reset"));
    // Again there is nothing to do, and nothing is told.
    send(app, &root, "POST", &path).await.expect(204);
    assert_eq!(told(app, "user.second_factor_reset").await.len(), 1);
    send(app, &root, "POST", &of(&root.id, "/reset-second-factor")).await.problem(409, "conflict");
}
}

on_both! {
async fn deleted_account_leaves_nothing_but_its_books(app: App) {
    let root = app.admin().await;
    let owner = app.verified("owner").await;
    app.organization(&owner, "acme").await;
    let anna = app.member(&owner, "acme", "anna", "member").await;
    let cookie = app.cookie("anna", true).await;
    // The only owner of what others belong to stays.
    send(app, &root, "DELETE", &of(&owner.id, "")).await.problem(409, "last_owner");
    me(app, &owner).await.expect(200);

    send(app, &root, "DELETE", &of(&anna.id, "")).await.expect(204);
    me(app, &anna).await.problem(401, "invalid_credential");
    app.get("/api/v1/auth/me").cookie(&cookie).send().await.problem(401, "invalid_credential");
    get(app, &root, &of(&anna.id, "")).await.problem(404, "not_found");
    send(app, &root, "DELETE", &of(&anna.id, "")).await.problem(404, "not_found");
    let rows = told(app, "user.deleted").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["actor_id"], root.id);
    assert!(!rows[0].to_string().contains("anna"));
    // Alone in it now, so the organization goes along.
    send(app, &root, "DELETE", &of(&owner.id, "")).await.expect(204);
    assert_eq!(told(app, "organization.deleted").await.len(), 1);
}
}

on_both! {
async fn nobody_changes_their_own_account_here(app: App) {
    let root = app.admin().await;
    with_role(app, "second", PlatformRole::Admin).await;
    for change in [json!({ "role": "user" }), json!({ "is_active": false }), json!({ "role": "admin" })] {
        patch(app, &root, &root.id, &change).await.problem(409, "conflict");
    }
    send(app, &root, "DELETE", &of(&root.id, "")).await.problem(409, "conflict");
    let unchanged = patch(app, &root, &root.id, &json!({})).await.expect(200);
    assert_eq!((&unchanged["role"], &unchanged["is_active"]), (&json!("admin"), &json!(true)));
    // Signing oneself out everywhere is no danger.
    send(app, &root, "POST", &of(&root.id, "/sign-out")).await.expect(204);
    me(app, &root).await.problem(401, "invalid_credential");
}
}

on_both! {
async fn unknown_fields_are_refused(app: App) {
    let root = app.admin().await;
    let anna = app.verified("anna").await;
    for field in ["organization_id", "is_admin", "spent", "user_id", "created_at", "id", "email", "hashed_password"] {
        let mut change = json!({ "is_active": false });
        change[field] = json!("x");
        patch(app, &root, &anna.id, &change).await.invalid(field, "unknown_field");
    }
    for role in ["owner", "root", "ADMIN", ""] {
        let reply = patch(app, &root, &anna.id, &json!({ "role": role })).await;
        reply.problem(422, "invalid");
    }
    let seen = get(app, &root, &of(&anna.id, "")).await.expect(200);
    assert_eq!((&seen["role"], &seen["is_active"]), (&json!("user"), &json!(true)));
}
}

on_both! {
async fn of_administrators_who_demote_each_other_one_stays(app: App) {
    let root = app.admin().await;
    let second = with_role(app, "second", PlatformRole::Admin).await;
    for round in 0..20 {
        let change = json!({ "role": "user" });
        let (first, other) = tokio::join!(
            patch(app, &root, &second.id, &change),
            patch(app, &second, &root.id, &change)
        );
        let mut statuses = [first.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403], "{round}: {} {}", first.text(), other.text());
        // By hand, so that nobody is signed out by it.
        give(app, &root, PlatformRole::Admin).await;
        give(app, &second, PlatformRole::Admin).await;
    }
}
}

on_both! {
async fn command_line_keeps_the_only_administrator(app: App) {
    use server::people::{self, Operator};
    use types::people::PersonChange;

    let root = app.admin().await;
    let anna = app.verified("anna").await;
    let command = app.command().await;
    let operator = Operator::command_line(&command).unwrap();
    assert!(Operator::command_line(&app.state).is_err(), "a server is nobody's command line");
    let id: UserId = root.id.parse().unwrap();
    let found = people::named(&command, &operator, "ROOT@example.com").await.unwrap();
    assert_eq!(found, Some(id));
    for change in [
        PersonChange { role: Some(PlatformRole::User), is_active: None },
        PersonChange { role: None, is_active: Some(false) },
    ] {
        let refused = people::change(&command, &operator, id, change).await.err().unwrap();
        assert_eq!(refused.refusal().status(), 409);
    }
    assert_eq!(people::delete(&command, &operator, id).await.err().unwrap().refusal().status(), 409);

    // A server beside it notices.
    let anna_id: UserId = anna.id.parse().unwrap();
    let change = PersonChange { role: None, is_active: Some(false) };
    people::change(&command, &operator, anna_id, change).await.unwrap();
    let since = std::time::Instant::now();
    while me(app, &anna).await.status == 200 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(since.elapsed().as_secs() < 5);
    me(app, &anna).await.problem(401, "invalid_credential");
    let rows = told(app, "user.disabled").await;
    assert_eq!((&rows[0]["actor_kind"], &rows[0]["actor_id"]), (&json!("command_line"), &Value::Null));
    command.shutdown().await;
}
}

/// C077: the list stays quick however many there are.
async fn figure_of_ten_thousand(app: &App) {
    let root = app.admin().await;
    server::for_tests::many_users(&app.state, 10_000).await.unwrap();
    for query in [
        "",
        "q=person-99",
        "q=nobody",
        "role=admin",
        "q=%25",
        "limit=100&active=true",
    ] {
        let path = format!("{USERS}?{query}");
        let mut times = Vec::new();
        for _ in 0..5 {
            let since = std::time::Instant::now();
            get(app, &root, &path).await.expect(200);
            times.push(since.elapsed());
        }
        // The quickest of five: what the others took longer is what else the machine does.
        times.sort_unstable();
        assert!(times[0].as_millis() <= 50, "{query}: {times:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figure_list_of_ten_thousand_is_quick() {
    for database in [Some(Database::sqlite()), Database::postgres()].into_iter().flatten() {
        let app = App::start(database).await;
        figure_of_ten_thousand(&app).await;
        app.stop().await;
    }
}
