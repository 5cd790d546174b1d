//! `usage/*`: shapes, parameters and scope; what the numbers are is the books' own test.

use serde_json::json;

use crate::support::App;

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
        ("usage/daily?team=x", "team", "unknown_field"),
        ("usage/recent?organization=x", "organization", "unknown_field"),
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

/// Books a day's calls of somebody with their one key in an organization: three of five tokens each, for a dollar.
async fn book(app: &App, organization: &str, person: &str) {
    let sql = format!(
        "INSERT INTO usage_days (organization_id, bucket, user_id, api_key_id, model, node, requests, refused, failed, unpriced, input_tokens, \
         cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, cost_nanos, latency_ms_sum) \
         SELECT o.id, 1794960000000, u.id, k.id, 'demo', 0, 3, 0, 0, 0, 10, 0, 0, 0, 5, 1000000000, 90 \
         FROM organizations o JOIN api_keys k ON k.organization_id = o.id JOIN users u ON u.id = k.user_id \
         WHERE o.slug = '{organization}' AND u.username = '{person}'"
    );
    app.database.execute(&sql).await;
}

on_both! {
async fn organizations_are_seen_whole_by_who_manages_them_and_ones_own_part_by_members(app: App) {
    let owner = app.verified("owner").await;
    let id = app.organization(&owner, "acme").await;
    let admin = app.member(&owner, "acme", "admin", "admin").await;
    let member = app.member(&owner, "acme", "member", "member").await;
    let outsider = app.verified("outsider").await;
    let team = app.team(&owner, "acme", "research", &[]).await;
    app.join_team(&owner, &team, &member).await;
    app.key_in(&owner, "acme", None).await;
    app.key_in(&member, "acme", Some(&team)).await;
    book(app, "acme", "owner").await;
    book(app, "acme", "member").await;
    for (person, requests, members) in [(&owner, 6, 2), (&admin, 6, 2), (&member, 3, 1)] {
        for named in ["acme", &id] {
            let ask = |path: &str| app.get(&format!("/api/v1/usage/{path}organization={named}")).bearer(&person.access).send();
            let summary = ask("summary?").await.expect(200);
            assert_eq!(summary["requests"], requests, "{named}");
            assert_eq!(summary["cost_nanos"], requests / 3 * 1_000_000_000, "{named}");
            for list in ["by_member", "by_key"] {
                assert_eq!(summary[list].as_array().unwrap().len(), members, "{list} of {named}: {summary}");
            }
            let days = ask("daily?days=2&tz=UTC&").await.expect(200);
            let sums: Vec<i64> = days["data"].as_array().unwrap().iter().map(|day| day["requests"].as_i64().unwrap()).collect();
            assert_eq!(sums, [0, requests], "{named}");
        }
        let own = app.get("/api/v1/usage/summary").bearer(&person.access).send().await.expect(200);
        assert_eq!(own["requests"], 0, "the personal organization is another one");
    }
    // The slug it had until lately says nothing else, and nobody hears of an organization that is not theirs.
    let moved = json!({ "slug": "acme-two" });
    app.call("PATCH", "/api/v1/organizations/acme").bearer(&owner.access).json(&moved).send().await.expect(200);
    for named in ["acme", "acme-two"] {
        let path = format!("/api/v1/usage/summary?organization={named}");
        assert_eq!(app.get(&path).bearer(&member.access).send().await.expect(200)["requests"], 3);
        app.get(&path).bearer(&outsider.access).send().await.problem(404, "not_found");
    }
    for named in ["nobody", "", "%20", "0199f7c2-7a3e-7000-8000-000000000000"] {
        for path in ["summary", "daily"] {
            let path = format!("/api/v1/usage/{path}?organization={named}");
            app.get(&path).bearer(&owner.access).send().await.problem(404, "not_found");
        }
    }
}
}
