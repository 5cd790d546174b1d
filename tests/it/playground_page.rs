//! `/playground` as a browser without a script gets it: the form is answered with the page and the answer on it.

use crate::support::client::administered;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn form_is_answered_without_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, mut client, cookie) = administered(folder.path(), |_| {}).await;

    let (status, page) = client.page(&cookie, "/playground").await;
    assert_eq!(status, 200);
    assert!(page.contains("<option value=\"demo\" selected"), "{page}");
    assert!(
        page.contains("/v1/messages") && page.contains("WEIRGATE_API_KEY"),
        "the recipe"
    );
    assert!(page.contains("Without JavaScript"));
    let (status, _) = client.page(&cookie, "/playground?organization=nobody-there").await;
    assert_eq!(status, 200, "the page says what is wrong");

    let turns = "%5B%7B%22role%22%3A%22user%22%2C%22content%22%3A%22first%20words%22%7D%2C%7B%22role%22%3A%22assistant%22%2C%22content%22%3A%22%3Ci%3Esecond%22%7D%5D";
    let body = format!("model=demo&organization=&turns={turns}&max_tokens=100&prompt=What+is+a+weir%3F%3Cb%3E");
    let reply = client.submit("/playground", "same-origin", &cookie, &body).await;
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
    let reply = client
        .submit("/playground", "same-origin", &cookie, "model=gone&prompt=Hello+there")
        .await;
    assert_eq!(reply.status, 404);
    let page = String::from_utf8(reply.body).unwrap();
    assert!(
        page.contains("data-testid=\"trouble\"") && page.contains("Hello there"),
        "{page}"
    );
    assert_eq!(
        client.submit("/playground", "cross-site", &cookie, &body).await.status,
        403
    );
    assert_eq!(
        client.submit("/playground", "same-origin", "", &body).await.status,
        302,
        "led to the sign-in"
    );
}
