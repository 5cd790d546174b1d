//! `/admin/providers`, `/admin/models` and `/models` as a browser without a script gets them.

use http::Method;

use crate::support::client::{Client, administered};

/// Posts a form and follows it with the cookies it set; where it led, and the page there.
async fn post(client: &mut Client, cookie: &str, function: &str, body: &str) -> (String, String) {
    let reply = client.form(function, cookie, body).await;
    assert_eq!(
        reply.status,
        302,
        "{function}: {}",
        String::from_utf8_lossy(&reply.body)
    );
    let to = reply.location.unwrap();
    let cookies = [&[cookie.to_owned()][..], &reply.cookies].concat().join("; ");
    let (status, page) = client.page(&cookies, &to).await;
    assert_eq!(status, 200, "{to}");
    (to, page)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vendor_is_added_tested_and_offered_without_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, mut client, cookie) = administered(folder.path(), |_| {}).await;
    let (status, models) = client.page(&cookie, "/models").await;
    assert!(status == 200 && models.contains("demo"), "{status}");

    // A vendor's link fills the form in.
    let (_, filled) = client.page(&cookie, "/admin/providers?preset=groq").await;
    assert!(filled.contains("value=\"https://api.groq.com/openai/v1\"") && filled.contains("No providers yet"));
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("http%3A%2F%2F127.0.0.1%3A{port}%2Fv1");
    let (to, refused) = post(
        &mut client,
        &cookie,
        "create_provider",
        &format!("name=acme&dialect=openai&base_url={address}&credential=sk-canary"),
    )
    .await;
    assert_eq!(to, "/admin/providers");
    assert!(
        refused.contains("It must begin with https://")
            && refused.contains("value=\"acme\"")
            && !refused.contains("canary")
    );
    let (to, made) = post(
        &mut client,
        &cookie,
        "create_provider",
        &format!("name=acme&dialect=openai&base_url={address}&credential=sk-canary&private=yes"),
    )
    .await;
    let id = to.strip_prefix("/admin/providers/").unwrap().to_owned();
    assert!(made.contains("The provider is added.") && made.contains("acme") && !made.contains("canary"));
    let (_, tested) = post(&mut client, &cookie, "test_provider", &format!("id={id}")).await;
    assert!(tested.contains("data-testid=\"test-result\"") && tested.contains("It could not be reached."));
    let (_, rotated) = post(
        &mut client,
        &cookie,
        "rotate_provider",
        &format!("id={id}&credential=sk-canary-2"),
    )
    .await;
    assert!(rotated.contains("The new credential is in use.") && !rotated.contains("canary"));
    let (_, wrong) = post(
        &mut client,
        &cookie,
        "rotate_provider",
        &format!("id={id}&credential=two+words"),
    )
    .await;
    assert!(wrong.contains("A credential has no spaces"));

    // A model with two routes; the third row stays empty.
    let routes = "typed%5Bprovider%5D%5B%5D=acme&typed%5Bupstream%5D%5B%5D=big&typed%5Bweight%5D%5B%5D=2&typed%5Bpriority%5D%5B%5D=0\
                  &typed%5Bprovider%5D%5B%5D=acme&typed%5Bupstream%5D%5B%5D=small&typed%5Bweight%5D%5B%5D=1&typed%5Bpriority%5D%5B%5D=1\
                  &typed%5Bprovider%5D%5B%5D=acme&typed%5Bupstream%5D%5B%5D=&typed%5Bweight%5D%5B%5D=1&typed%5Bpriority%5D%5B%5D=0";
    let fields = "typed%5Bdisplay_name%5D=Big+One&typed%5Bkind%5D=chat&typed%5Bcontext_length%5D=1000&typed%5Bmax_output_tokens%5D=&typed%5Bcapabilities%5D=vision+tools";
    let (to, refused) = post(
        &mut client,
        &cookie,
        "create_model",
        &format!("name=big+one&{fields}&{routes}"),
    )
    .await;
    assert_eq!(to, "/admin/models/new");
    assert!(refused.contains("Printable characters without spaces") && refused.contains("value=\"small\""));
    let (to, made) = post(
        &mut client,
        &cookie,
        "create_model",
        &format!("name=big&{fields}&{routes}"),
    )
    .await;
    let model = to.strip_prefix("/admin/models/").unwrap().to_owned();
    assert!(
        made.contains("The model is added") && made.contains("unpriced") && made.contains("value=\"tools vision\"")
    );
    assert_eq!(made.matches("data-testid=\"route-row\"").count(), 5);

    let price = |input: &str, output: &str| {
        format!("id={model}&input={input}&output={output}&cache_read=0.30&cache_write_5m=&cache_write_1h=")
    };
    let (_, wrong) = post(&mut client, &cookie, "set_price", &price("1%2C5", "2")).await;
    assert!(wrong.contains("Dollars per million tokens as digits") && wrong.contains("value=\"1,5\""));
    for (input, output) in [("3", "15"), ("2.50", "12")] {
        let (_, set) = post(&mut client, &cookie, "set_price", &price(input, output)).await;
        assert!(set.contains("The new price holds"));
    }
    let (_, shown) = client.page(&cookie, &to).await;
    assert_eq!(shown.matches("data-testid=\"price-row\"").count(), 2);
    let (_, models) = client.page(&cookie, "/models").await;
    for word in ["Big One", "acme", "$2.50", "$12.00", "$0.30", "tools, vision", "1,000"] {
        assert!(models.contains(word), "{word}");
    }
    let (_, off) = post(&mut client, &cookie, "switch_model", &format!("id={model}&enabled=no")).await;
    assert!(off.contains("Disabled"));
    let (to, kept) = post(&mut client, &cookie, "delete_provider", &format!("id={id}")).await;
    assert!(to.ends_with(&id) && kept.contains("Something is in the way"));
    let (to, gone) = post(&mut client, &cookie, "delete_model", &format!("id={model}")).await;
    assert!(to == "/admin/models" && gone.contains("The model is deleted.") && gone.contains("No models yet"));
    let (to, gone) = post(&mut client, &cookie, "delete_provider", &format!("id={id}")).await;
    assert!(to == "/admin/providers" && gone.contains("The provider is deleted."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_the_catalogue_are_for_administrators_and_models_for_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, mut client, _) = administered(folder.path(), |_| {}).await;
    let account = r#"{"email":"anna@example.com","password":"correct horse battery"}"#;
    let kind = [("content-type", "application/json")];
    let made = client
        .call(&Method::POST, "/api/v1/auth/register", &kind, account)
        .await;
    assert_eq!(made.status, 201);
    let cookie = client.sign_in("anna@example.com", "correct horse battery").await;
    for (path, status) in [
        ("/admin/providers", 403),
        ("/admin/providers/0199f7c2-7a3e-7000-8000-000000000000", 403),
        ("/admin/models", 403),
        ("/admin/models/new", 403),
        ("/models", 200),
    ] {
        assert_eq!(client.page(&cookie, path).await.0, status, "{path}");
    }
    let reply = client
        .form(
            "create_provider",
            &cookie,
            "name=acme&dialect=openai&base_url=https%3A%2F%2Fapi.example.com",
        )
        .await;
    assert_eq!(
        (reply.status, reply.location.as_deref()),
        (302, Some("/admin/providers"))
    );
    let listed = client
        .call(&Method::GET, "/api/v1/models", &[("cookie", &cookie)], "")
        .await;
    assert!(String::from_utf8(listed.body).unwrap().contains("\"demo\""));
}
