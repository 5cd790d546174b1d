//! Who may reach what of others (C071): every route of the document with an id in its path × everybody who might try it.
//!
//! What is expected follows from what the route declares in the document: the role in `security`'s scopes (none = one's own things
//! alone; `user` = everybody with an account; `platform_admin` and `platform_auditor` = who administers the server, with or without an id), and
//! what stands in its path. A new route whose parameters are known is in it without touching this file.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use types::{OrganizationRole, PlatformRole};

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
    /// A read-only administrator of the server, who belongs to nothing of it.
    Overseer,
    /// An administrator of the server, who belongs to nothing of it.
    Root,
}

const EVERYBODY: [Who; 10] = [
    Who::Nobody,
    Who::Outsider,
    Who::Member,
    Who::Admin,
    Who::Foreigner,
    Who::ForeignerAtHome,
    Who::Key,
    Who::KeyHeader,
    Who::Overseer,
    Who::Root,
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
    overseer: Person,
    root: Person,
    foreign_key: String,
    /// By the segment before a parameter, and the parameter.
    fixtures: BTreeMap<(&'static str, &'static str), Fixture>,
}

async fn world(app: &App) -> World {
    let root = app.admin().await;
    let overseer = app.verified("overseer").await;
    let id = overseer.id.parse().unwrap();
    let role = PlatformRole::ReadOnlyAdmin;
    server::for_tests::set_platform_role(&app.state, id, role)
        .await
        .unwrap();
    let make = async |path: &str, sent: Value| {
        let call = app.post(path).bearer(&root.access).json(&sent);
        id_of(&call.send().await.expect(201))
    };
    let sent = json!({ "name": "p", "dialect": "openai", "base_url": "https://p.example.com/v1" });
    let provider = make("/api/v1/admin/providers", sent).await;
    let sent =
        json!({ "name": "m", "routes": [{ "provider": "p", "model": "m" }], "price": { "input": "1", "output": "1" } });
    let model = make("/api/v1/admin/models", sent).await;
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
        (("users", "{id}"), named(&owner.id)),
        (("providers", "{id}"), named(&provider)),
        (("models", "{id}"), named(&model)),
        (("prices", "{version}"), named("1")),
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
        overseer,
        root,
        foreign_key: foreign_key["key"].as_str().unwrap().to_owned(),
        fixtures,
    }
}

/// Whom a door is for.
#[derive(Debug, Clone, Copy)]
enum Needs {
    /// Only whose thing it is.
    Own,
    /// Everybody with an account: what the server offers to all.
    Anybody,
    Role(OrganizationRole),
    PlatformAuditor,
    PlatformAdmin,
}

impl Needs {
    fn of(scopes: &[Value]) -> Option<Self> {
        let Some(scope) = scopes.first() else {
            return Some(Needs::Own);
        };
        match scope.as_str()? {
            "user" => Some(Needs::Anybody),
            "platform_auditor" => Some(Needs::PlatformAuditor),
            "platform_admin" => Some(Needs::PlatformAdmin),
            role => OrganizationRole::parse(role).map(Needs::Role),
        }
    }

    const fn is_of_platform(self) -> bool {
        matches!(self, Needs::PlatformAuditor | Needs::PlatformAdmin)
    }
}

/// A route that asks for a credential, with an id in its path or for administrators of the server.
struct Door {
    method: String,
    /// With the fixtures in place of the parameters.
    path: String,
    /// The same under the foreigner's organization, if there is more in it than the organization.
    path_at_home: Option<String>,
    needs: Needs,
    is_secret: bool,
    body: Value,
}

fn doors(document: &Value, world: &World) -> Vec<Door> {
    let mut doors = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
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
            let needs = Needs::of(scopes)
                .unwrap_or_else(|| panic!("{method} {path} declares the scopes {scopes:?}, which are no role"));
            if !path.contains('{') && !needs.is_of_platform() {
                continue;
            }
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
        Needs::Anybody => None,
        Needs::Role(needed) if role.reaches(needed) => None,
        Needs::Own if !door.is_secret => Some((404, "not_found")),
        _ => Some((403, "forbidden")),
    };
    let as_stranger = match door.needs {
        needs if needs.is_of_platform() || door.is_secret => Some((403, "forbidden")),
        _ => Some((404, "not_found")),
    };
    match who {
        Who::Nobody => Some((401, "missing_credential")),
        Who::Key | Who::KeyHeader => Some((401, "invalid_credential")),
        _ if matches!(door.needs, Needs::Anybody) => None,
        Who::Member => as_member(OrganizationRole::Member),
        Who::Admin => as_member(OrganizationRole::Admin),
        Who::Root if door.needs.is_of_platform() => None,
        Who::Overseer if matches!(door.needs, Needs::PlatformAuditor) => None,
        Who::ForeignerAtHome if !door.needs.is_of_platform() => Some((404, "not_found")),
        Who::Outsider | Who::Foreigner | Who::ForeignerAtHome | Who::Overseer | Who::Root => as_stranger,
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
                    Who::Overseer => call.bearer(&world.overseer.access),
                    Who::Root => call.bearer(&world.root.access),
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
