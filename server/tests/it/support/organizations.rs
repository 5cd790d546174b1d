//! Small words for tests about organizations: who owns one, who belongs to it, which team and key.

use serde_json::{Value, json};

use super::{App, Person};

/// Where an organization's routes begin.
pub fn at(organization: &str, rest: &str) -> String {
    format!("/api/v1/organizations/{organization}{rest}")
}

impl App {
    /// Signs somebody up whose address is theirs.
    pub async fn verified(&self, name: &str) -> Person {
        // Ids of one millisecond have no order, and lists are sorted by them.
        self.advance_secs(1);
        let person = self.register(name).await;
        let id = person.id.parse().expect("an id");
        server::for_tests::verify(&self.state, id).await.expect("verified");
        person
    }

    /// Makes an organization that the person owns; its id.
    pub async fn organization(&self, owner: &Person, slug: &str) -> String {
        let sent = json!({ "name": slug, "slug": slug });
        let call = self.post("/api/v1/organizations").bearer(&owner.access).json(&sent);
        id_of(&call.send().await.expect(201))
    }

    /// Signs somebody up and adds them.
    pub async fn member(&self, by: &Person, organization: &str, name: &str, role: &str) -> Person {
        let person = self.verified(name).await;
        let sent = json!({ "user_id": person.id, "role": role });
        let call = self.post(&at(organization, "/members")).bearer(&by.access).json(&sent);
        call.send().await.expect(201);
        person
    }

    /// Makes a team; its id.
    pub async fn team(&self, by: &Person, organization: &str, name: &str, models: &[&str]) -> String {
        let sent = json!({ "name": name, "allowed_models": models });
        let call = self.post(&at(organization, "/teams")).bearer(&by.access).json(&sent);
        id_of(&call.send().await.expect(201))
    }

    pub async fn join_team(&self, by: &Person, team: &str, person: &Person) {
        let path = format!("/api/v1/teams/{team}/members");
        let sent = json!({ "user_id": person.id });
        self.post(&path).bearer(&by.access).json(&sent).send().await.expect(201);
    }

    /// Makes a key in an organization; the reply.
    pub async fn key_in(&self, person: &Person, organization: &str, team: Option<&str>) -> Value {
        let mut sent = json!({ "name": "k", "organization": organization });
        if let Some(team) = team {
            sent["team"] = team.into();
        }
        let call = self.post("/api/v1/account/keys").bearer(&person.access).json(&sent);
        call.send().await.expect(201)
    }

    /// Whether the model API would take the key: it is not revoked, and its person belongs to who pays.
    pub fn takes(&self, made: &Value) -> bool {
        let directory = self.state.directory();
        let Some(key) = directory.key(made["key"].as_str().expect("a key's text")) else {
            return false;
        };
        !key.revoked && directory.is_member(key.organization_id, key.user_id).is_some()
    }

    /// What somebody is in an organization, as its owner sees it.
    pub async fn role_of(&self, by: &Person, organization: &str, person: &Person) -> Option<String> {
        let path = at(organization, &format!("/members/{}", person.id));
        let reply = self.get(&path).bearer(&by.access).send().await;
        if reply.status == 404 {
            return None;
        }
        reply.expect(200)["role"].as_str().map(str::to_owned)
    }
}

pub fn id_of(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

/// A field of every entry of a list.
pub fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let entries = list["data"].as_array().expect("a list");
    entries
        .iter()
        .map(|entry| entry[field].as_str().expect("text"))
        .collect()
}
