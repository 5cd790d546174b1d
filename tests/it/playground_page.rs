//! `/playground` as a browser without a script gets it: the form is answered with the page and the answer on it.

use http::Method;

use crate::support::{
    Server,
    client::{Client, Reply},
    weirgate,
};

async fn get(client: &mut Client, cookie: &str, path: &str) -> (u16, String) {
    let reply = client
        .call(&Method::GET, path, &[("cookie", cookie), ("accept", "text/html")], "")
        .await;
    (reply.status, String::from_utf8(reply.body).unwrap())
}

async fn ask(client: &mut Client, cookie: &str, site: &str, body: &str) -> Reply {
    let headers = [
        ("sec-fetch-site", site),
        ("accept", "text/html"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", cookie),
    ];
    client.call(&Method::POST, "/playground", &headers, body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn form_is_answered_without_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weirgate(folder.path(), &["serve", "--port", "0"]);
    command
        .env("APP_ENV", "development")
        .env("FIRST_ADMIN_EMAIL", "root@example.com")
        .env("FIRST_ADMIN_PASSWORD", "correct horse battery");
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let cookie = client.sign_in("root@example.com", "correct horse battery").await;

    let (status, page) = get(&mut client, &cookie, "/playground").await;
    assert_eq!(status, 200);
    assert!(page.contains("<option value=\"demo\" selected"), "{page}");
    assert!(
        page.contains("/v1/messages") && page.contains("WEIRGATE_API_KEY"),
        "the recipe"
    );
    assert!(page.contains("Without JavaScript"));
    let (status, _) = get(&mut client, &cookie, "/playground?organization=nobody-there").await;
    assert_eq!(status, 200, "the page says what is wrong");

    let turns = "%5B%7B%22role%22%3A%22user%22%2C%22content%22%3A%22first%20words%22%7D%2C%7B%22role%22%3A%22assistant%22%2C%22content%22%3A%22%3Ci%3Esecond%22%7D%5D";
    let body = format!("model=demo&organization=&turns={turns}&max_tokens=100&prompt=What+is+a+weir%3F%3Cb%3E");
    let reply = ask(&mut client, &cookie, "same-origin", &body).await;
    assert_eq!(reply.status, 200);
    let page = String::from_utf8(reply.body).unwrap();
    for said in ["first words", "&lt;i&gt;second", "What is a weir?&lt;b&gt;"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(page.matches("data-testid=\"turn\"").count(), 4);
    assert!(
        page.contains("data-testid=\"figures\" data-status=\"settled\""),
        "{page}"
    );

    // A refusal is told on the page, with its status, and the question stays in the form.
    let reply = ask(&mut client, &cookie, "same-origin", "model=gone&prompt=Hello+there").await;
    assert_eq!(reply.status, 404);
    let page = String::from_utf8(reply.body).unwrap();
    assert!(
        page.contains("data-testid=\"trouble\"") && page.contains("Hello there"),
        "{page}"
    );
    assert_eq!(ask(&mut client, &cookie, "cross-site", &body).await.status, 403);
    assert_eq!(
        ask(&mut client, "", "same-origin", &body).await.status,
        302,
        "led to the sign-in"
    );
}
