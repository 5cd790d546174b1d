//! Who may reach what of others through the dashboard (C071): every server function that names a thing (an organization, an id, a token)
//! × everybody who might try it, against the real binary on both databases.
//!
//! The functions come from the running program's own list, their arguments from `app/src/api`. What each is for stands in [`FOR`]. A new
//! function that names a thing, or one with an argument that nobody here has heard of, fails until it is said.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use http::Method;
use serde_json::{Value, json};
use server::for_tests;

use crate::support::{
    Server,
    client::{Client, Reply},
    database::Database,
    observer_on, weirgate,
};

const PASSWORD: &str = "correct horse battery";

/// Everybody who tries. The things are the owner's, in the owner's organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    /// Somebody signed in who belongs to nothing of it.
    Outsider,
    Member,
    Admin,
    /// The owner of another organization.
    Foreigner,
    /// The same, with the things' ids under the own organization's name.
    ForeignerAtHome,
    /// A key of another organization, as `Authorization: Bearer`, as `x-api-key`, and in the cookie.
    Key,
    KeyHeader,
    KeyCookie,
}

const EVERYBODY: [Who; 9] = [
    Who::Nobody,
    Who::Outsider,
    Who::Member,
    Who::Admin,
    Who::Foreigner,
    Who::ForeignerAtHome,
    Who::Key,
    Who::KeyHeader,
    Who::KeyCookie,
];

/// Whom a function is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Whose the thing is, alone.
    Own,
    /// Members with this role, or a higher one: 0 member, 1 admin, 2 owner.
    Role(u8),
    /// The same, but for lower roles it is about things of their own, among which this one is not found.
    RoleOrOwn(u8),
    /// Members, who choose the second thing in a form: one from elsewhere is the mistake of its field.
    Choice,
    /// Who administers the server. To all others it is refused whatever it names.
    Platform,
    /// Whoever holds the token, signed in, if it was made for them.
    Holder,
    /// Whoever holds the token. Asked with one that is worth nothing; the answer is the same for everybody.
    Open(u16),
}

const MEMBER: For = For::Role(0);
const ADMIN: For = For::Role(1);
const OWNER: For = For::Role(2);
const PLATFORM: For = For::Platform;

const FOR: [(&str, For); 70] = [
    ("abandon_conversation", For::Own),
    ("accept_invitation", For::Holder),
    ("add_member", ADMIN),
    ("add_team_member", ADMIN),
    ("admin_add_member", PLATFORM),
    ("admin_change_member", PLATFORM),
    ("admin_default_team", PLATFORM),
    ("admin_delete_organization", PLATFORM),
    ("admin_delete_user", PLATFORM),
    ("admin_model", PLATFORM),
    ("admin_organization", PLATFORM),
    ("admin_organization_models", PLATFORM),
    ("admin_provider", PLATFORM),
    ("admin_remove_member", PLATFORM),
    ("admin_rename_organization", PLATFORM),
    ("admin_reset_factors", PLATFORM),
    ("admin_set_active", PLATFORM),
    ("admin_set_role", PLATFORM),
    ("admin_sign_out", PLATFORM),
    ("admin_user", PLATFORM),
    ("allow_models", ADMIN),
    ("change_role", ADMIN),
    ("create_organization_key", For::Choice),
    ("create_team", ADMIN),
    ("delete_model", PLATFORM),
    ("delete_organization", OWNER),
    ("delete_provider", PLATFORM),
    ("delete_team", ADMIN),
    ("end_session", For::Own),
    ("entrance", For::Open(200)),
    ("invitation_page", For::Open(200)),
    ("invitations", ADMIN),
    ("invite", ADMIN),
    ("link_page", For::Open(200)),
    ("members", MEMBER),
    ("organization_audit", ADMIN),
    ("organization_keys", MEMBER),
    ("organization_settings", ADMIN),
    ("organization_usage", MEMBER),
    ("playground", MEMBER),
    ("playground_call", For::Own),
    ("remove_member", ADMIN),
    ("remove_passkey", For::Own),
    ("remove_team_member", ADMIN),
    ("rename_organization", OWNER),
    ("require_second_factor", OWNER),
    ("resend_invitation", ADMIN),
    ("reset_page", For::Open(200)),
    ("reset_password", For::Open(400)),
    ("revoke_invitation", ADMIN),
    ("revoke_key", For::Own),
    ("revoke_organization_key", For::RoleOrOwn(1)),
    ("revoke_token", For::Own),
    ("rotate_provider", PLATFORM),
    ("save_model", PLATFORM),
    ("save_provider", PLATFORM),
    ("save_team", ADMIN),
    ("set_price", PLATFORM),
    ("set_up", For::Open(404)),
    ("sign_in_by_link", For::Open(400)),
    ("sign_up", For::Open(404)),
    ("switch_model", PLATFORM),
    ("switch_provider", PLATFORM),
    ("team", MEMBER),
    ("teams", MEMBER),
    ("test_provider", PLATFORM),
    ("unlink_identity", For::Own),
    ("verify_email", For::Open(400)),
    ("verify_page", For::Open(200)),
    ("withdraw_price", PLATFORM),
];

/// Arguments that name a thing. `after` is none: it is where a list of the reader's own goes on.
const THINGS: [&str; 6] = ["organization", "id", "user", "team", "token", "invitation"];

/// Every other argument, with something that gets past its rules, so that what is left to refuse is the thing.
const PLAIN: [(&str, &str); 57] = [
    ("action", ""),
    ("active", "yes"),
    ("actor", ""),
    ("after", ""),
    ("avatar_url", ""),
    ("back", "/"),
    ("base_url", "https://p.example.com/v1"),
    ("cache_read", ""),
    ("cache_write_1h", ""),
    ("cache_write_5m", ""),
    ("ceremony", "x"),
    ("client", "curl"),
    ("code", "000000"),
    ("confirm_name", "acme"),
    ("confirm_password", PASSWORD),
    ("credential", "{}"),
    ("current_password", PASSWORD),
    ("dialect", "openai"),
    ("email", "owner@example.com"),
    ("enabled", "yes"),
    ("expires_in_days", ""),
    ("failed", ""),
    ("form", "sign_up"),
    ("free", ""),
    ("from", ""),
    ("full_name", "x"),
    ("input", "1"),
    ("locale", "en"),
    ("member", "owner"),
    ("model", ""),
    ("models", ""),
    ("name", "x"),
    ("new_password", PASSWORD),
    ("next", "/"),
    ("output", "1"),
    ("page", "/keys"),
    ("password", PASSWORD),
    ("private", ""),
    ("query", ""),
    ("remember_me", "on"),
    ("remove", ""),
    ("required", "on"),
    ("responses", ""),
    ("role", "member"),
    ("scopes", "read"),
    ("second_factor", "on"),
    ("shown", ""),
    ("sidebar", "open"),
    ("slug", "other-slug"),
    ("target", ""),
    ("theme", "dark"),
    ("time_zone", "UTC"),
    ("to", ""),
    ("typed", ""),
    ("limits", ""),
    ("username", "somebody"),
    ("version", "1"),
];

/// One server function as its source declares it.
pub struct Function {
    pub endpoint: String,
    /// The file it stands in, without its ending: what `id` means depends on it.
    area: String,
    /// It only reads: its name begins so.
    reads: bool,
    arguments: Vec<String>,
}

/// `#[server(endpoint = "…")]` and the head of the function below it, in every file of `app/src/api`.
pub fn declared() -> Vec<Function> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("app/src/api");
    let mut found = Vec::new();
    let mut open = vec![folder];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let area = path.file_stem().unwrap().to_string_lossy().into_owned();
            let source = std::fs::read_to_string(&path).unwrap();
            for part in source.split("#[server(endpoint = \"").skip(1) {
                let (endpoint, rest) = part.split_once('"').unwrap();
                let head = rest.split_once("pub async fn ").unwrap().1;
                let (name, rest) = head.split_once('(').unwrap();
                let arguments = rest.split_once(") -> ").unwrap().0.replace("#[server(default)]", "");
                let arguments = arguments.split(',').filter_map(|argument| argument.split_once(':'));
                found.push(Function {
                    endpoint: endpoint.to_owned(),
                    area: area.clone(),
                    reads: name.starts_with("read_"),
                    arguments: arguments.map(|(name, _)| name.trim().to_owned()).collect(),
                });
            }
        }
    }
    found
}

impl Function {
    /// Its form as somebody would send it. `thing` says what stands for an argument that names one.
    pub fn form(&self, thing: impl Fn(&'static str) -> String) -> String {
        let pairs = self.arguments.iter().map(|argument| {
            let plain = PLAIN.iter().find(|(name, _)| name == argument);
            let value = plain.map_or_else(
                || thing(THINGS.iter().find(|name| *name == argument).unwrap()),
                |(_, value)| (*value).to_owned(),
            );
            // Lists are given by name and number, and an empty one not at all, like a form of many fields.
            match argument.as_str() {
                "models" | "typed" | "limits" => String::new(),
                // What was typed into a list's filter: the fields of all of them.
                "query" => ["q", "role", "active", "personal", "actor", "route", "status", "after"]
                    .map(|field| format!("query[{field}]="))
                    .join("&"),
                "scopes" => format!("scopes[0]={value}"),
                argument => format!(
                    "{argument}={}",
                    value.replace(' ', "+").replace('@', "%40").replace('/', "%2F")
                ),
            }
        });
        pairs.filter(|pair| !pair.is_empty()).collect::<Vec<_>>().join("&")
    }
}

/// The functions that name a thing. Everything that is registered is declared, and every argument is known.
fn functions() -> Vec<Function> {
    assert!(leptos_axum::generate_route_list(app::App).len() >= 8);
    let registered: BTreeSet<String> = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, _)| path.trim_start_matches("/_fn/").to_owned())
        .collect();
    let declared = declared();
    let names: BTreeSet<String> = declared.iter().map(|function| function.endpoint.clone()).collect();
    assert_eq!(
        names, registered,
        "what is declared in app/src/api and what the program has"
    );
    for function in &declared {
        for argument in &function.arguments {
            let plain = PLAIN.iter().any(|(name, _)| name == argument);
            assert!(
                plain || THINGS.contains(&argument.as_str()),
                "{} has the argument `{argument}`, which is new here: say in tests/it/matrix_functions.rs whether it names a thing",
                function.endpoint
            );
        }
    }
    let names_a_thing = |function: &Function| function.arguments.iter().any(|name| THINGS.contains(&name.as_str()));
    let functions: Vec<Function> = declared.into_iter().filter(names_a_thing).collect();
    for (name, _) in FOR {
        assert!(
            functions.iter().any(|function| function.endpoint == name),
            "no function that names a thing is called {name}"
        );
    }
    functions
}

struct World {
    owner: Person,
    member: Person,
    admin: Person,
    outsider: Person,
    foreigner: Person,
    foreign_key: String,
    /// By the area (or any) and the argument.
    things: BTreeMap<(&'static str, &'static str), String>,
}

#[derive(Clone)]
struct Person {
    id: String,
    cookie: String,
}

async fn api(client: &mut Client, method: Method, path: &str, cookie: &str, sent: &Value) -> Value {
    let who = [("sec-fetch-site", "same-origin"), ("cookie", cookie)];
    client.api(method, path, &who, sent).await
}

async fn person(client: &mut Client, observer: &server::State, name: &str) -> Person {
    let email = format!("{name}@example.com");
    let sent = json!({ "email": email, "password": PASSWORD, "username": name });
    let made = api(client, Method::POST, "auth/register", "", &sent).await;
    let id = made["user"]["id"].as_str().unwrap().to_owned();
    for_tests::verify(observer, id.parse().unwrap()).await.unwrap();
    let cookie = client.sign_in(&email, PASSWORD).await;
    Person { id, cookie }
}

/// A call from the playground, told to its own person when it is settled; the id of its request.
async fn ask(client: &mut Client, cookie: &str) -> String {
    let headers = [("sec-fetch-site", "same-origin"), ("cookie", cookie)];
    let sent = json!({ "model": "demo", "max_tokens": 9, "messages": [{ "role": "user", "content": "Hello" }] });
    let reply = client
        .call(&Method::POST, "/playground/messages", &headers, &sent.to_string())
        .await;
    assert_eq!(reply.status, 200);
    let id = reply.request_id;
    loop {
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept", "application/json"),
            ("cookie", cookie),
        ];
        let body = format!("id={id}");
        let reply = client
            .call(&Method::POST, "/_fn/playground_call", &headers, &body)
            .await;
        let told: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(reply.status, 200, "{told}");
        if told["status"] == "settled" {
            return id;
        }
    }
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

async fn world(client: &mut Client, observer: &server::State) -> World {
    let owner = person(client, observer, "owner").await;
    let admin = person(client, observer, "admin").await;
    let member = person(client, observer, "member").await;
    let outsider = person(client, observer, "outsider").await;
    let foreigner = person(client, observer, "foreigner").await;
    let organization = async |client: &mut Client, cookie: &str, slug: &str| {
        let sent = json!({ "name": slug, "slug": slug });
        id_of(&api(client, Method::POST, "organizations", cookie, &sent).await)
    };
    let acme = organization(client, &owner.cookie, "acme").await;
    organization(client, &foreigner.cookie, "foreign").await;
    for (person, role) in [(&admin, "admin"), (&member, "member")] {
        let sent = json!({ "user_id": person.id, "role": role });
        api(client, Method::POST, "organizations/acme/members", &owner.cookie, &sent).await;
    }
    let sent = json!({ "name": "research" });
    let team = id_of(&api(client, Method::POST, "organizations/acme/teams", &owner.cookie, &sent).await);
    let sent = json!({ "user_id": member.id });
    api(
        client,
        Method::POST,
        &format!("teams/{team}/members"),
        &owner.cookie,
        &sent,
    )
    .await;
    let key = async |client: &mut Client, cookie: &str, organization: &str| {
        let sent = json!({ "name": "k", "organization": organization });
        api(client, Method::POST, "account/keys", cookie, &sent).await
    };
    let made = key(client, &owner.cookie, "acme").await;
    let foreign = key(client, &foreigner.cookie, "foreign").await;
    let sent = json!({ "role": "member", "email": "nobody@example.com" });
    let invitation = api(
        client,
        Method::POST,
        "organizations/acme/invitations",
        &owner.cookie,
        &sent,
    )
    .await;
    let token = invitation["dev_link"]
        .as_str()
        .unwrap()
        .rsplit_once('/')
        .unwrap()
        .1
        .to_owned();
    let asked = ask(client, &owner.cookie).await;
    let sessions = api(client, Method::GET, "auth/sessions", &owner.cookie, &Value::Null).await;
    let sent = json!({ "name": "t", "scopes": ["account"], "password": PASSWORD });
    let personal = api(client, Method::POST, "auth/tokens", &owner.cookie, &sent).await;
    let conversation = api(client, Method::POST, "sessions/start", &owner.cookie, &json!({})).await;
    let user = owner.id.parse().unwrap();
    let identity = for_tests::identity(observer, user).await.unwrap();
    let passkey = for_tests::passkey(observer, user).await.unwrap();
    let things = BTreeMap::from([
        (("", "organization"), "acme".to_owned()),
        (("", "team"), team.clone()),
        // A token that was never given out; who holds a good one is let in by it, whoever they are.
        (("", "token"), "A".repeat(43)),
        (("", "invitation"), "A".repeat(43)),
        (
            ("conversations", "id"),
            conversation["session_id"].as_str().unwrap().to_owned(),
        ),
        (("factors", "id"), passkey.to_string()),
        (("identities", "id"), identity.to_string()),
        (("invitations", "id"), id_of(&invitation)),
        (("keys", "id"), id_of(&made)),
        (("members", "id"), owner.id.clone()),
        (("organization_keys", "id"), id_of(&made)),
        (("playground", "id"), asked),
        (
            ("sessions", "id"),
            sessions["data"][0]["id"].as_str().unwrap().to_owned(),
        ),
        (("teams", "id"), team),
        (("teams", "user"), member.id.clone()),
        (("tokens", "id"), id_of(&personal)),
        (("accept_invitation", "token"), token),
        (("users", "id"), owner.id.clone()),
        (("organizations", "id"), acme),
        // Nobody who is asked for here learns whether there are any.
        (("models", "id"), owner.id.clone()),
        (("providers", "id"), owner.id.clone()),
    ]);
    World {
        owner,
        member,
        admin,
        outsider,
        foreigner,
        foreign_key: foreign["key"].as_str().unwrap().to_owned(),
        things,
    }
}

impl World {
    fn thing(&self, function: &Function, argument: &'static str) -> &str {
        let places = [function.endpoint.as_str(), function.area.as_str(), ""];
        let named = |place: &&str| {
            self.things
                .iter()
                .find(|((area, name), _)| area == place && *name == argument)
        };
        let found = places.iter().find_map(named).map(|(_, value)| value.as_str());
        found.unwrap_or_else(|| {
            panic!(
                "{} in app/src/api/{}.rs has the argument `{argument}`: add to `things` in tests/it/matrix_functions.rs what stands there for a \
                 thing of the owner's",
                function.endpoint, function.area
            )
        })
    }

    fn body(&self, function: &Function, at_home: bool) -> String {
        function.form(|argument| match argument {
            "organization" if at_home => "foreign".to_owned(),
            argument => self.thing(function, argument).to_owned(),
        })
    }

    /// What they come with.
    fn credentials(&self, who: Who) -> Vec<(&'static str, String)> {
        let cookie = |person: &Person| vec![("cookie", person.cookie.clone())];
        match who {
            Who::Nobody => Vec::new(),
            Who::Outsider => cookie(&self.outsider),
            Who::Member => cookie(&self.member),
            Who::Admin => cookie(&self.admin),
            Who::Foreigner | Who::ForeignerAtHome => cookie(&self.foreigner),
            Who::Key => vec![("authorization", format!("Bearer {}", self.foreign_key))],
            Who::KeyHeader => vec![("x-api-key", self.foreign_key.clone())],
            Who::KeyCookie => vec![("cookie", format!("wg={}", self.foreign_key))],
        }
    }
}

/// The one answer: its status, and the code of a refusal.
fn expected(wanted: For, who: Who) -> (u16, Option<&'static str>) {
    let (missing, forbidden, unknown) = (
        (401, Some("missing_credential")),
        (403, Some("forbidden")),
        (404, Some("not_found")),
    );
    let by_role = |role: u8| match wanted {
        For::Role(needed) | For::RoleOrOwn(needed) if role >= needed => (200, None),
        For::Choice => (200, None),
        For::Role(_) => forbidden,
        _ => unknown,
    };
    match (wanted, who) {
        (For::Open(200), _) => (200, None),
        (For::Open(status), _) => (status, Some("")),
        (_, Who::Nobody | Who::Key | Who::KeyHeader | Who::KeyCookie) => missing,
        (For::Holder | For::Platform, _) => forbidden,
        (For::Choice, Who::ForeignerAtHome) => (422, Some("invalid")),
        (_, Who::Member) => by_role(0),
        (_, Who::Admin) => by_role(1),
        (_, Who::Outsider | Who::Foreigner | Who::ForeignerAtHome) => unknown,
    }
}

async fn send(client: &mut Client, world: &World, function: &Function, who: Who, accept: &str) -> Reply {
    let credentials = world.credentials(who);
    let mut headers = vec![
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", accept),
    ];
    headers.extend(credentials.iter().map(|(name, value)| (*name, value.as_str())));
    let body = world.body(function, who == Who::ForeignerAtHome);
    let path = format!("/_fn/{}", function.endpoint);
    client.call(&Method::POST, &path, &headers, &body).await
}

async fn check(database: &Database) -> BTreeMap<&'static str, usize> {
    let mut command = weirgate(database.dir(), &["serve", "--port", "0"]);
    command
        .env("APP_ENV", "development")
        .env("RATE_LIMIT_MAX_REQUESTS", "100000000")
        .env("WEIRGATE_RATE_LIMITS__ANONYMOUS_REQUESTS", "100000000")
        .env("WEIRGATE_RATE_LIMITS__SIGN_IN_REQUESTS", "1000000")
        .env("WEIRGATE_RATE_LIMITS__SIGN_IN_FAILURES", "1000000");
    database.name_to(&mut command);
    let server = Server::start(command);
    let mut client = Client::to(&server).await;
    let observer = observer_on(database).await;
    let functions = functions();
    assert!(functions.len() >= 40, "{}", functions.len());
    let world = world(&mut client, &observer).await;

    let before = database.digest(&observer).await;
    let mut cells: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for function in &functions {
        let found = FOR.iter().find(|(name, _)| *name == function.endpoint);
        let (_, wanted) = found.unwrap_or_else(|| {
            panic!(
                "{} names a thing: add to `FOR` in tests/it/matrix_functions.rs whom it is for",
                function.endpoint
            )
        });
        let things = function.arguments.iter().filter(|name| THINGS.contains(&name.as_str()));
        let names_more = things.clone().count() > 1 && things.clone().any(|name| name == "organization");
        for who in EVERYBODY {
            if who == Who::ForeignerAtHome && !names_more {
                continue;
            }
            let (status, code) = expected(*wanted, who);
            let may = status == 200;
            // What is allowed changes things, which is for other tests; looking does not.
            if may && !function.reads {
                continue;
            }
            let reply = send(&mut client, &world, function, who, "application/json").await;
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            let what = format!("{who:?}: {} {}: {text}", function.endpoint, world.body(function, false));
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            let told = told["refusal"]["code"].as_str().unwrap_or_default();
            if reply.status != status || code.is_some_and(|code| !code.is_empty() && code != told) {
                wrong.push(format!(
                    "{} {told}, not {status} {}: {what}",
                    reply.status,
                    code.unwrap_or_default()
                ));
            }
            *cells.entry(if may { "allowed" } else { "refused" }).or_default() += 1;
            if may || function.reads {
                continue;
            }
            // The same form without a script is answered with a way on, and never with what it asked for.
            let reply = send(&mut client, &world, function, who, "text/html").await;
            let location = reply.location.unwrap_or_default();
            let leads_on = location.starts_with('/') && !location.starts_with("//");
            if reply.status != 302 || !leads_on {
                wrong.push(format!("{} {location:?} without a script: {what}", reply.status));
            }
            *cells.entry("led elsewhere").or_default() += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let after = database.digest(&observer).await;
    assert!(after == before, "a refused request wrote something");
    // The owner still sees it all: nothing above was refused because it was not there.
    for path in [
        "organizations/acme/members",
        "organizations/acme/teams",
        "organizations/acme/invitations",
    ] {
        let listed = api(&mut client, Method::GET, path, &world.owner.cookie, &Value::Null).await;
        assert!(!listed["data"].as_array().unwrap().is_empty(), "{path}");
    }
    observer.shutdown().await;
    cells
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figure_every_server_function_is_refused_to_whom_it_is_not_for() {
    let mut cells = check(&Database::sqlite()).await;
    if let Some(database) = Database::postgres() {
        for (kind, count) in check(&database).await {
            *cells.entry(kind).or_default() += count;
        }
        assert!(cells["refused"] >= 500, "{cells:?}");
    }
    println!("cells: {cells:?}");
}
