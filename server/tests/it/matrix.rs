//! Who may reach what of others (C071): every route of the document with an id in its path × everybody who might try it.
//!
//! What is expected follows from what the route declares in the document: the role in `security`'s scopes (none = one's own things
//! alone), and what stands in its path. A new route whose parameters are known is in it without touching this file.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use types::OrganizationRole;

use crate::support::{
    App, Database, PASSWORD, Person,
    organizations::{at, id_of},
};

/// Everybody who tries. The things are the owner's, in the owner's organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    /// A key of another organization, as `Authorization: Bearer`.
    Key,
    /// The same as `x-api-key`.
    KeyHeader,
}

const EVERYBODY: [Who; 8] = [
    Who::Nobody,
    Who::Outsider,
    Who::Member,
    Who::Admin,
    Who::Foreigner,
    Who::ForeignerAtHome,
    Who::Key,
    Who::KeyHeader,
];

/// What stands in the path for a parameter.
struct Fixture {
    value: String,
    /// Whoever holds it knows of the thing, so that it is refused with 403 and not with 404.
    is_secret: bool,
}

struct World {
    admin: Person,
    member: Person,
    outsider: Person,
    foreigner: Person,
    foreign_key: String,
    /// By the segment before a parameter, and the parameter.
    fixtures: BTreeMap<(&'static str, &'static str), Fixture>,
}

async fn world(app: &App) -> World {
    let owner = app.verified("owner").await;
    let acme = app.organization(&owner, "acme").await;
    let admin = app.member(&owner, "acme", "admin", "admin").await;
    let member = app.member(&owner, "acme", "member", "member").await;
    let outsider = app.verified("outsider").await;
    let foreigner = app.verified("foreigner").await;
    app.organization(&foreigner, "foreign").await;
    let foreign_key = app.key_in(&foreigner, "foreign", None).await;

    let team = app.team(&owner, "acme", "research", &[]).await;
    app.join_team(&owner, &team, &member).await;
    let key = app.key_in(&owner, "acme", None).await;
    let invite = async |sent: Value| {
        let call = app.post(&at("acme", "/invitations")).bearer(&owner.access).json(&sent);
        call.send().await.expect(201)
    };
    let invitation = invite(json!({ "role": "member" })).await;
    let mailed = invite(json!({ "role": "member", "email": "nobody@example.com" })).await;
    let link = mailed["dev_link"].as_str().unwrap();
    let sessions = app
        .get("/api/v1/auth/sessions")
        .bearer(&owner.access)
        .send()
        .await
        .expect(200);
    let sent = json!({ "name": "t", "scopes": ["account"], "password": PASSWORD });
    let token = app.post("/api/v1/auth/tokens").bearer(&owner.access).json(&sent);
    let token = token.send().await.expect(201);
    let passkey = app
        .add_passkey(&owner, &mut app.authenticator(1), false)
        .await
        .expect(201);
    let conversation = app
        .post("/api/v1/sessions/start")
        .bearer(&owner.access)
        .json(&json!({}));
    let conversation = conversation.send().await.expect(201);
    let user = owner.id.parse().unwrap();
    let identity = server::for_tests::identity(&app.state, user).await.unwrap();

    let named = |value: &str| Fixture {
        value: value.to_owned(),
        is_secret: false,
    };
    let fixtures = BTreeMap::from([
        (("organizations", "{organization}"), named(&acme)),
        (("members", "{user_id}"), named(&owner.id)),
        (("invitations", "{id}"), named(&id_of(&invitation))),
        (
            ("invitations", "{token}"),
            Fixture {
                value: link.rsplit_once('/').unwrap().1.to_owned(),
                is_secret: true,
            },
        ),
        (("teams", "{id}"), named(&team)),
        (("keys", "{id}"), named(&id_of(&key))),
        (("api-keys", "{id}"), named(&id_of(&key))),
        (("sessions", "{id}"), named(sessions["data"][0]["id"].as_str().unwrap())),
        (
            ("conversations", "{id}"),
            named(conversation["session_id"].as_str().unwrap()),
        ),
        (("tokens", "{id}"), named(&id_of(&token))),
        (("passkeys", "{id}"), named(passkey["passkey"]["id"].as_str().unwrap())),
        (("identities", "{id}"), named(&identity.to_string())),
        // A provider is the server's; its routes ask for no credential.
        (("oauth", "{provider}"), named("work")),
    ]);
    World {
        admin,
        member,
        outsider,
        foreigner,
        foreign_key: foreign_key["key"].as_str().unwrap().to_owned(),
        fixtures,
    }
}

/// A route with an id in its path that asks for a credential.
struct Door {
    method: String,
    /// With the fixtures in place of the parameters.
    path: String,
    /// The same under the foreigner's organization, if there is more in it than the organization.
    path_at_home: Option<String>,
    /// The role it declares; none = only one's own.
    needs: Option<OrganizationRole>,
    is_secret: bool,
    body: Value,
}

fn doors(document: &Value, world: &World) -> Vec<Door> {
    let mut doors = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.contains('{') {
            continue;
        }
        let segments: Vec<&str> = path.split('/').collect();
        let mut filled = Vec::new();
        let mut secret = false;
        for (index, segment) in segments.iter().enumerate() {
            if !segment.starts_with('{') {
                filled.push((*segment).to_owned());
                continue;
            }
            let fixture = world.fixtures.get(&(segments[index - 1], *segment)).unwrap_or_else(|| {
                panic!(
                    "{path} has the parameter {segment} after {:?}, which is new here: add to `fixtures` in server/tests/it/matrix.rs \
                     what stands there for a thing of the owner's",
                    segments[index - 1]
                )
            });
            secret |= fixture.is_secret;
            filled.push(fixture.value.clone());
        }
        let more_than_one = segments.iter().filter(|segment| segment.starts_with('{')).count() > 1;
        let at_home = segments.iter().position(|segment| *segment == "{organization}");
        let path_at_home = at_home.filter(|_| more_than_one).map(|index| {
            let mut filled = filled.clone();
            filled[index] = "foreign".to_owned();
            filled.join("/")
        });
        for (method, operation) in item.as_object().unwrap() {
            let Some(security) = operation["security"].as_array() else {
                continue;
            };
            let scopes = security.iter().find_map(|one| one["access_token"].as_array());
            let Some(scopes) = scopes else { continue };
            let needs = scopes.first().map(|scope| {
                let role = OrganizationRole::parse(scope.as_str().unwrap());
                role.unwrap_or_else(|| {
                    panic!("{method} {path} declares the scope {scope}, which is no role of an organization")
                })
            });
            doors.push(Door {
                method: method.to_uppercase(),
                path: filled.join("/"),
                path_at_home: path_at_home.clone(),
                needs,
                is_secret: secret,
                body: body(operation),
            });
        }
    }
    doors
}

/// What gets past the body's own rules, so that what is left to refuse is the thing in the path.
fn body(operation: &Value) -> Value {
    let schema = operation["requestBody"].to_string();
    let is = |name: &str| schema.contains(&format!("/{name}\""));
    if is("Reauth") {
        json!({ "current_password": PASSWORD })
    } else if is("RoleChange") {
        json!({ "role": "member" })
    } else {
        json!({})
    }
}

/// The one answer, or none where the caller may.
fn expected(door: &Door, who: Who) -> Option<(u16, &'static str)> {
    let as_member = |role: OrganizationRole| match door.needs {
        Some(needed) if role.reaches(needed) => None,
        Some(_) => Some((403, "forbidden")),
        None if door.is_secret => Some((403, "forbidden")),
        None => Some((404, "not_found")),
    };
    match who {
        Who::Nobody => Some((401, "missing_credential")),
        Who::Key | Who::KeyHeader => Some((401, "invalid_credential")),
        Who::Member => as_member(OrganizationRole::Member),
        Who::Admin => as_member(OrganizationRole::Admin),
        Who::Outsider | Who::Foreigner if door.is_secret => Some((403, "forbidden")),
        Who::Outsider | Who::Foreigner | Who::ForeignerAtHome => Some((404, "not_found")),
    }
}

/// What the database holds, as one value.
async fn digest(app: &App) -> String {
    if app.database.url.starts_with("sqlite:") {
        let digest = server::for_tests::digest(&app.state).await.expect("a digest");
        return format!("{digest:?}");
    }
    app.database.rows()
}

async fn check(app: &App) -> BTreeMap<&'static str, usize> {
    let world = world(app).await;
    server::mail::idle(&app.state).await;
    let document = serde_json::to_value(server::http::openapi(app.state.config())).unwrap();
    let doors = doors(&document, &world);
    assert!(doors.len() >= 30, "{}", doors.len());
    let before = digest(app).await;
    let mut cells: BTreeMap<&str, usize> = BTreeMap::new();
    for door in &doors {
        for who in EVERYBODY {
            let path = match (who, &door.path_at_home) {
                (Who::ForeignerAtHome, None) => continue,
                (Who::ForeignerAtHome, Some(path)) => path,
                _ => &door.path,
            };
            let outcome = expected(door, who);
            // What is allowed changes things, which is for other tests; looking does not.
            if outcome.is_none() && door.method != "GET" {
                continue;
            }
            let unversioned = path.replacen("/api/v1/", "/api/", 1);
            for path in [path, &unversioned] {
                let call = app.call(&door.method, path);
                let call = match who {
                    Who::Nobody => call,
                    Who::Outsider => call.bearer(&world.outsider.access),
                    Who::Member => call.bearer(&world.member.access),
                    Who::Admin => call.bearer(&world.admin.access),
                    Who::Foreigner | Who::ForeignerAtHome => call.bearer(&world.foreigner.access),
                    Who::Key => call.bearer(&world.foreign_key),
                    Who::KeyHeader => call.header("x-api-key", &world.foreign_key),
                };
                let call = match door.method.as_str() {
                    "GET" => call,
                    _ => call.json(&door.body),
                };
                let reply = call.send().await;
                let what = format!("{who:?}: {} {path}: {}", door.method, reply.text());
                match outcome {
                    Some((status, code)) => {
                        assert_eq!(reply.status.as_u16(), status, "{what}");
                        assert_eq!(reply.problem(status, code)["code"], code, "{what}");
                        *cells.entry("refused").or_default() += 1;
                    }
                    None => {
                        assert_eq!(reply.status.as_u16(), 200, "{what}");
                        *cells.entry("allowed").or_default() += 1;
                    }
                }
            }
        }
    }
    assert!(digest(app).await == before, "a refused request wrote something");
    cells
}

/// One test, so that both databases' cells count together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figure_every_route_with_an_id_is_refused_to_whom_it_is_not_for() {
    let app = App::start(Database::sqlite()).await;
    let mut cells = check(&app).await;
    app.stop().await;
    if let Some(database) = Database::postgres() {
        let app = App::start(database).await;
        for (kind, count) in check(&app).await {
            *cells.entry(kind).or_default() += count;
        }
        app.stop().await;
        assert!(cells["refused"] >= 600, "{cells:?}");
    }
    println!("cells: {cells:?}");
}
