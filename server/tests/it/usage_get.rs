//! `usage/*`: shapes, parameters and scope; what the numbers are is the books' own test.

use serde_json::json;

on_both! {
async fn new_person_has_used_nothing(app: App) {
    let person = app.register("anna").await;
    let summary = app.get("/api/v1/usage/summary").bearer(&person.access).send().await.expect(200);
    assert_eq!(summary["from"], "2026-11-01T00:00:00.000Z");
    assert_eq!(summary["to"], "2026-11-18T11:06:40.000Z");
    assert_eq!(summary["requests"], 0);
    assert_eq!(summary["cost_nanos"], 0);
    assert_eq!(summary["tokens"], json!({ "input": 0, "cache_read": 0, "cache_write_5m": 0, "cache_write_1h": 0, "output": 0 }));

    let daily = app.get("/api/v1/usage/daily").bearer(&person.access).send().await.expect(200);
    let days = daily["data"].as_array().unwrap();
    assert_eq!(days.len(), 30);
    assert_eq!((&days[0]["date"], &days[29]["date"]), (&json!("2026-10-20"), &json!("2026-11-18")));
    // It is already tomorrow in Auckland.
    let path = "/api/v1/usage/daily?days=1&tz=Pacific/Auckland";
    let daily = app.get(path).bearer(&person.access).send().await.expect(200);
    assert_eq!(daily["data"][0]["date"], "2026-11-19");

    let recent = app.get("/api/usage/recent?limit=5").bearer(&person.access).send().await.expect(200);
    assert_eq!(recent["data"], json!([]));
}
}

on_both! {
async fn month_begins_in_the_persons_own_time_zone(app: App) {
    let person = app.register("anna").await;
    let sent = json!({ "time_zone": "Europe/Berlin" });
    app.call("PUT", "/api/v1/account/profile").bearer(&person.access).json(&sent).send().await.expect(200);
    let summary = app.get("/api/v1/usage/summary").bearer(&person.access).send().await.expect(200);
    assert_eq!(summary["from"], "2026-10-31T23:00:00.000Z");
}
}

on_both! {
async fn unknown_and_malformed_parameters_are_422(app: App) {
    let person = app.register("anna").await;
    for (path, field, code) in [
        ("usage/daily?days=0", "days", "unknown_value"),
        ("usage/daily?days=367", "days", "unknown_value"),
        ("usage/daily?days=x", "days", "wrong_type"),
        ("usage/daily?tz=Mars/Base", "tz", "unknown_value"),
        ("usage/daily?organization=x", "organization", "unknown_field"),
        ("usage/recent?limit=0", "limit", "unknown_value"),
        ("usage/recent?limit=1000000000", "limit", "unknown_value"),
        ("usage/recent?sort=1;drop", "sort", "unknown_field"),
        ("usage/summary?from=yesterday", "from", "wrong_type"),
        ("usage/summary?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "to", "unknown_value"),
    ] {
        let reply = app.get(&format!("/api/v1/{path}")).bearer(&person.access).send().await;
        reply.invalid(field, code);
    }
}
}
