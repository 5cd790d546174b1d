//! `/organizations/{slug}/audit` as a browser without a script gets it.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Server, client::Client, weirgate};

const PASSWORD: &str = "correct horse battery";

async fn make(client: &mut Client, cookie: &str, path: &str, sent: &Value) -> Value {
    let headers = [
        ("cookie", cookie),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
    ];
    let path = format!("/api/v1/{path}");
    let reply = client.call(&Method::POST, &path, &headers, &sent.to_string()).await;
    assert!([200, 201].contains(&reply.status), "{path}: {}", reply.status);
    serde_json::from_slice(&reply.body).unwrap()
}

async fn person(client: &mut Client, name: &str) -> String {
    let email = format!("{name}@example.com");
    let sent = json!({ "email": email, "password": PASSWORD, "username": name });
    make(client, "", "auth/register", &sent).await;
    client.sign_in(&email, PASSWORD).await
}

/// The actions of the rows, from the top.
fn actions(html: &str) -> Vec<&str> {
    let rows = html.split("data-action=\"").skip(1);
    rows.map(|rest| rest.split('"').next().unwrap()).collect()
}

fn links(html: &str, beginning: &str) -> Vec<String> {
    let found = html
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let found = found.map(|link| link.replace("&amp;", "&"));
    found.filter(|link| link.starts_with(beginning)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_manages_an_organization_reads_filters_and_saves_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let owner = person(&mut client, "olga").await;
    let member = person(&mut client, "paul").await;
    let outsider = person(&mut client, "otto").await;
    make(
        &mut client,
        &owner,
        "organizations",
        &json!({ "name": "Acme", "slug": "acme" }),
    )
    .await;
    let invited = make(
        &mut client,
        &owner,
        "organizations/acme/invitations",
        &json!({ "role": "member" }),
    )
    .await;
    let token = invited["link"].as_str().unwrap().rsplit_once('/').unwrap().1;
    make(&mut client, &member, &format!("invitations/{token}/accept"), &json!({})).await;
    let team = json!({ "name": "<b>Search</b>", "allowed_models": ["demo"] });
    make(&mut client, &owner, "organizations/acme/teams", &team).await;

    let here = "/organizations/acme/audit";
    let (status, html) = client.page(&owner, here).await;
    assert_eq!(status, 200);
    let all = [
        "team.created",
        "member.added",
        "invitation.created",
        "organization.created",
    ];
    assert_eq!(actions(&html), all);
    assert!(html.contains("&lt;b&gt;Search") && !html.contains("<b>Search"));
    assert!(html.contains("olga") && html.contains("paul") && html.contains("127.0.0.1"));
    assert!(
        html.contains(&format!("href=\"{here}\" aria-current=\"page\"")),
        "a tab of its own"
    );
    for (query, expected) in [
        ("?action=team.", &["team.created"] as &[&str]),
        ("?action=member.added", &["member.added"]),
        ("?actor=paul", &["member.added"]),
        ("?actor=Paul%40Example.com", &["member.added"]),
        ("?actor=olga&action=member.", &[]),
        ("?actor=nobody", &[]),
        ("?actor=otto", &[]),
        ("?actor=system", &[]),
        ("?from=2020-01-01", &all),
        ("?to=2020-01-01", &[]),
        (
            "?from=2020-01-01&to=2099-12-31&action=team.&actor=olga",
            &["team.created"],
        ),
        // What means nothing is a mistake of the form, which stays.
        ("?from=yesterday", &[]),
        ("?action=Team%25", &[]),
        ("?after=nonsense", &[]),
    ] {
        let (status, html) = client.page(&owner, &format!("{here}{query}")).await;
        assert_eq!((status, actions(&html).as_slice()), (200, expected), "{query}");
        assert!(html.contains("data-testid=\"audit-filter\""), "{query}");
    }
    let (_, wrong) = client.page(&owner, &format!("{here}?from=yesterday")).await;
    assert!(wrong.contains("id=\"from-wrong\""));
    // A name leads to what they did, and is shown by name there.
    let own = links(&html, &format!("{here}?actor="));
    let (_, narrowed) = client.page(&owner, &own[1]).await;
    assert_eq!(actions(&narrowed), ["member.added"]);
    assert!(narrowed.contains("value=\"paul\""));

    // A file has what the filter leaves.
    let (_, html) = client.page(&owner, &format!("{here}?actor=paul&from=2020-01-01")).await;
    let files = links(&html, "/api/v1/organizations/acme/audit/export?format=");
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let (status, text) = client.page(&owner, &file).await;
        assert_eq!(status, 200, "{file}");
        assert!(
            text.contains("member.added") && !text.contains("team.created"),
            "{file}: {text}"
        );
    }

    assert_eq!(client.page(&member, here).await.0, 403);
    assert_eq!(client.page(&outsider, here).await.0, 404);
    let (_, members) = client.page(&member, "/organizations/acme").await;
    assert!(!members.contains(here), "members are offered the log");
    let (_, russian) = client.page(&format!("{owner}; wg-locale=ru"), here).await;
    assert!(russian.contains("участник добавлен") && russian.contains("Сохранить в CSV"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_rows_are_a_link_away_and_the_filter_goes_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command.env("APP_ENV", "development");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let owner = person(&mut client, "olga").await;
    make(
        &mut client,
        &owner,
        "organizations",
        &json!({ "name": "Acme", "slug": "acme" }),
    )
    .await;
    for number in 0..101 {
        let sent = json!({ "name": format!("k{number}"), "organization": "acme" });
        make(&mut client, &owner, "account/keys", &sent).await;
    }
    let here = "/organizations/acme/audit?action=key.&actor=olga";
    let (_, html) = client.page(&owner, here).await;
    assert_eq!(actions(&html).len(), 100);
    let older = links(&html, "/organizations/acme/audit?actor=olga&action=key%2E&after=");
    let (_, html) = client.page(&owner, &older[0]).await;
    assert_eq!(actions(&html), ["key.created"]);
}
