//! `…/audit/export`: the whole log as one file, safe to open in a spreadsheet.

use serde_json::Value;

use crate::support::{App, Person, START};

async fn export(app: &App, person: &Person, query: &str) -> crate::support::Reply {
    let user = server::sessions::from_access_token(&app.state, &person.access).unwrap();
    let path = format!("/api/v1/organizations/{}/audit/export{query}", user.organization_id());
    app.get(&path).bearer(&person.access).send().await
}

on_both! {
async fn json_holds_what_pages_hold(app: App) {
    let anna = app.register("anna").await;
    app.key(&anna, "the laptop").await;
    let reply = export(app, &anna, "").await;
    let file = reply.expect(200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"audit.json\""));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let user = server::sessions::from_access_token(&app.state, &anna.access).unwrap();
    let path = format!("/api/v1/organizations/{}/audit", user.organization_id());
    let page = app.get(&path).bearer(&anna.access).send().await.expect(200);
    assert_eq!(file, page["data"]);
    let none = export(app, &anna, "?action=token.").await.expect(200);
    assert_eq!(none, Value::Array(Vec::new()));
}
}

on_both! {
async fn csv_is_plain_text_whatever_somebody_called_a_key(app: App) {
    let anna = app.register("anna").await;
    app.key(&anna, "=HYPERLINK(\"https://evil.example\",\"click\")").await;
    app.key(&anna, "+1").await;
    let reply = export(app, &anna, "?format=csv&action=key.created").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = reply.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("id,at,organization_id,actor_kind,actor_id,actor_name,action,"), "{text}");
    assert!(lines[1].contains(",'+1,") || lines[2].contains(",'+1,"), "{text}");
    assert!(text.contains(",\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"click\"\")\","), "{text}");
    assert_eq!(lines[3], "");
}
}

on_both! {
async fn file_of_many_pages_holds_every_row_once(app: App) {
    let root = app.admin().await;
    app.database.insert_audit_rows(1_200, START.0).await;
    let all = app.audit().await.len();
    let reply = app.get("/api/v1/admin/audit/export").bearer(&root.access).send().await.expect(200);
    let mut ids: Vec<&str> = reply.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), all);
    assert!(ids.is_sorted_by(|newer, older| newer > older));
    ids.dedup();
    assert_eq!(ids.len(), all);
    let reply = app.get("/api/v1/admin/audit/export?format=csv").bearer(&root.access).send().await;
    assert_eq!(reply.text().matches("\r\n").count(), all + 1);
}
}

on_both! {
async fn unknown_format_or_filter_is_422(app: App) {
    let anna = app.register("anna").await;
    export(app, &anna, "?format=xlsx").await.invalid("format", "wrong_type");
    export(app, &anna, "?limit=5").await.invalid("limit", "unknown_field");
    export(app, &anna, "?action=%25").await.invalid("action", "unknown_value");
}
}
