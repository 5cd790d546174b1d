//! The document that is made from the router.

on_both! {
async fn document_lists_every_route_once(app: App) {
    let document = app.get("/api/openapi.json").send().await.expect(200);
    assert_eq!(document["openapi"].as_str().map(|version| &version[..2]), Some("3."));
    let mut listed = Vec::new();
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            listed.push(format!("{} {path}", method.to_uppercase()));
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
    }
    listed.sort();
    let mut expected = [
        "DELETE /api/v1/account/keys/{id}",
        "DELETE /api/v1/account/profile",
        "DELETE /api/v1/admin/models/{id}",
        "DELETE /api/v1/admin/providers/{id}",
        "DELETE /api/v1/api-keys/{id}",
        "DELETE /api/v1/auth/identities/{id}",
        "DELETE /api/v1/auth/passkeys/{id}",
        "DELETE /api/v1/auth/sessions",
        "DELETE /api/v1/auth/sessions/{id}",
        "DELETE /api/v1/auth/tokens/{id}",
        "DELETE /api/v1/auth/totp",
        "DELETE /api/v1/organizations/{organization}",
        "DELETE /api/v1/organizations/{organization}/invitations/{id}",
        "DELETE /api/v1/organizations/{organization}/keys/{id}",
        "DELETE /api/v1/organizations/{organization}/members/{user_id}",
        "DELETE /api/v1/teams/{id}",
        "DELETE /api/v1/teams/{id}/members/{user_id}",
        "GET /api/v1/account/keys",
        "GET /api/v1/account/keys/{id}",
        "GET /api/v1/account/profile",
        "DELETE /api/v1/admin/organizations/{organization}",
        "DELETE /api/v1/admin/organizations/{organization}/members/{user_id}",
        "DELETE /api/v1/admin/users/{id}",
        "GET /api/v1/admin/audit",
        "GET /api/v1/admin/audit/export",
        "GET /api/v1/admin/limits",
        "GET /api/v1/admin/organizations",
        "GET /api/v1/admin/organizations/{organization}",
        "GET /api/v1/admin/organizations/{organization}/members",
        "GET /api/v1/admin/models",
        "GET /api/v1/admin/models/sync",
        "POST /api/v1/admin/models/sync",
        "GET /api/v1/admin/models/{id}",
        "GET /api/v1/admin/models/{id}/prices",
        "GET /api/v1/admin/providers",
        "GET /api/v1/admin/providers/{id}",
        "GET /api/v1/admin/request-log",
        "GET /api/v1/admin/sign-in-methods",
        "GET /api/v1/admin/system",
        "GET /api/v1/admin/users",
        "GET /api/v1/admin/users/{id}",
        "PATCH /api/v1/admin/organizations/{organization}",
        "PATCH /api/v1/admin/organizations/{organization}/members/{user_id}",
        "PATCH /api/v1/admin/users/{id}",
        "POST /api/v1/admin/organizations/{organization}/members",
        "POST /api/v1/admin/users",
        "POST /api/v1/admin/users/{id}/reset-second-factor",
        "POST /api/v1/admin/users/{id}/sign-out",
        "GET /api/v1/api-keys",
        "GET /api/v1/api-keys/{id}",
        "GET /api/v1/auth/callback",
        "GET /api/v1/auth/identities",
        "GET /api/v1/auth/login",
        "GET /api/v1/auth/me",
        "GET /api/v1/auth/oauth/{provider}/callback",
        "GET /api/v1/auth/oauth/{provider}/start",
        "GET /api/v1/auth/passkeys",
        "GET /api/v1/auth/providers",
        "GET /api/v1/auth/sessions",
        "GET /api/v1/auth/tokens",
        "GET /api/v1/auth/totp",
        "GET /api/v1/conversations",
        "GET /api/v1/conversations/{id}",
        "GET /api/v1/health",
        "GET /api/v1/invitations/{token}",
        "GET /api/v1/models",
        "GET /api/v1/models/{id}",
        "GET /api/v1/organizations",
        "GET /api/v1/organizations/{organization}",
        "GET /api/v1/organizations/{organization}/audit",
        "GET /api/v1/organizations/{organization}/audit/export",
        "GET /api/v1/organizations/{organization}/invitations",
        "GET /api/v1/organizations/{organization}/keys",
        "GET /api/v1/organizations/{organization}/members",
        "GET /api/v1/organizations/{organization}/members/{user_id}",
        "GET /api/v1/organizations/{organization}/teams",
        "GET /api/v1/teams",
        "GET /api/v1/teams/{id}",
        "GET /api/v1/teams/{id}/members",
        "GET /api/v1/usage/daily",
        "GET /api/v1/usage/recent",
        "GET /api/v1/usage/summary",
        "GET /livez",
        "GET /readyz",
        "PATCH /api/v1/admin/models/{id}",
        "PATCH /api/v1/admin/providers/{id}",
        "PATCH /api/v1/organizations/{organization}",
        "PATCH /api/v1/organizations/{organization}/members/{user_id}",
        "PATCH /api/v1/teams/{id}",
        "POST /api/v1/account/keys",
        "POST /api/v1/admin/models",
        "DELETE /api/v1/admin/models/{id}/prices/{version}",
        "POST /api/v1/admin/models/{id}/prices",
        "POST /api/v1/admin/providers",
        "POST /api/v1/admin/providers/{id}/test",
        "POST /api/v1/api-keys",
        "POST /api/v1/auth/cli-login",
        "POST /api/v1/auth/cli-logout",
        "POST /api/v1/auth/email/change",
        "POST /api/v1/auth/email/resend",
        "POST /api/v1/auth/email/verify",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/logout",
        "POST /api/v1/auth/mock",
        "POST /api/v1/auth/passkeys/register/finish",
        "POST /api/v1/auth/passkeys/register/start",
        "POST /api/v1/auth/passkeys/sign-in/finish",
        "POST /api/v1/auth/passkeys/sign-in/start",
        "POST /api/v1/auth/password/change",
        "POST /api/v1/auth/password/forgot",
        "POST /api/v1/auth/password/reset",
        "POST /api/v1/auth/refresh",
        "POST /api/v1/auth/register",
        "POST /api/v1/auth/request-link",
        "POST /api/v1/auth/signup",
        "POST /api/v1/auth/tokens",
        "POST /api/v1/auth/totp",
        "POST /api/v1/auth/totp/confirm",
        "POST /api/v1/auth/totp/recovery-codes",
        "POST /api/v1/auth/verify",
        "POST /api/v1/invitations/{token}/accept",
        "POST /api/v1/organizations",
        "POST /api/v1/organizations/{organization}/invitations",
        "POST /api/v1/organizations/{organization}/invitations/{id}/resend",
        "POST /api/v1/organizations/{organization}/members",
        "POST /api/v1/organizations/{organization}/teams",
        "POST /api/v1/sessions/end",
        "POST /api/v1/sessions/start",
        "POST /api/v1/setup",
        "POST /api/v1/teams/{id}/members",
        "PUT /api/v1/account/profile",
        "PUT /api/v1/admin/providers/{id}/credential",
    ];
    expected.sort_unstable();
    assert_eq!(listed, expected);
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids repeat");
}
}

on_both! {
async fn every_reference_in_the_document_leads_somewhere(app: App) {
    let document = app.get("/api/openapi.json").send().await.expect(200);
    let text = document.to_string();
    let references: Vec<&str> = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(!references.is_empty());
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
}

on_both! {
async fn reference_page_needs_nothing_from_elsewhere(app: App) {
    let reply = app.get("/docs/api/").send().await;
    assert_eq!(reply.status, 200);
    let page = reply.text();
    for attribute in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!page.contains(attribute), "{attribute}");
    }
    let script = app.get("/docs/api/swagger-ui-bundle.js").send().await;
    assert_eq!(script.status, 200);
}
}
