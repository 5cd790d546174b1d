//! From what a provider sent to who somebody is there. Everything that must hold of an ID token is checked here.
//!
//! Signature, `iss`, `aud`, `exp` and `nonce` are `openidconnect`'s; what it leaves open (`azp`, `nbf`, `iat`, keys inside the token,
//! repeated claims) follows OpenID Connect Core §3.1.3.7 and RFC 8725.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use openidconnect::{
    ClaimsVerificationError, ClientId, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet},
};
use serde::de::{self, Deserializer as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use types::{Timestamp, rules};

use super::provider::Endpoints;
use crate::config::Mapping;

/// How far the provider's clock and ours may differ, in seconds.
const LEEWAY: i64 = 30;
/// A subject is at most 255 characters (OpenID Connect Core §2).
const LONGEST_SUBJECT: usize = 255;

/// Who somebody is at a provider, proven.
pub struct Person {
    pub issuer: String,
    pub subject: String,
    /// Only one that the provider vouches for, in its normal form.
    pub email: Option<String>,
    pub name: Option<String>,
    /// Every group, as the provider names it.
    pub groups: Vec<String>,
    /// What the role claim says.
    pub roles: Vec<String>,
}

/// Why an ID token proves nothing.
#[derive(Debug)]
pub enum Wrong {
    /// Signed with a key that is not in the set: perhaps a new one.
    UnknownKey,
    Token(String),
}

/// The claims of an ID token that is right in everything.
pub fn verified(
    token: &CoreIdToken,
    endpoints: &Endpoints,
    client_id: &str,
    keys: &CoreJsonWebKeySet,
    nonce: &str,
    now: Timestamp,
) -> Result<Map<String, Value>, Wrong> {
    let wrong = |what: &str| Wrong::Token(what.to_owned());
    let raw = token.to_string();
    let mut parts = raw.split('.');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else {
        return Err(wrong("it is no JWT"));
    };
    let header = object(header).ok_or_else(|| wrong("its header is no plain object"))?;
    if ["jku", "jwk", "x5u", "x5c"]
        .iter()
        .any(|name| header.contains_key(*name))
    {
        return Err(wrong("it brings its own key"));
    }
    let claims = object(payload).ok_or_else(|| wrong("its claims are no plain object, or one is repeated"))?;

    let seconds = now.0.div_euclid(1000);
    let late = DateTime::<Utc>::from_timestamp(seconds - LEEWAY, 0).unwrap_or_default();
    let early = DateTime::<Utc>::from_timestamp(seconds + LEEWAY, 0).unwrap_or_default();
    // As for a public client: a token that our own secret could sign is no proof.
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(client_id.to_owned()),
        endpoints.issuer.clone(),
        keys.clone(),
    )
    .set_allowed_algs(endpoints.algorithms.clone())
    .set_time_fn(move || late)
    .set_issue_time_verifier_fn(move |at| {
        if at > early {
            return Err("issued in the future".to_owned());
        }
        Ok(())
    });
    let nonce = Nonce::new(nonce.to_owned());
    match token.claims(&verifier, &nonce) {
        Ok(_) => {}
        Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
            return Err(Wrong::UnknownKey);
        }
        // The library's words quote claims; the log gets only their kind.
        Err(error) => return Err(Wrong::Token(kind(&error).to_owned())),
    }
    if let Some(authorized) = claims.get("azp")
        && authorized.as_str() != Some(client_id)
    {
        return Err(wrong("it was issued to another client"));
    }
    if let Some(not_before) = claims.get("nbf")
        && not_before.as_i64().is_none_or(|at| at > seconds + LEEWAY)
    {
        return Err(wrong("it is not valid yet"));
    }
    Ok(claims)
}

fn kind(error: &ClaimsVerificationError) -> &'static str {
    use ClaimsVerificationError as E;
    match error {
        E::Expired(_) => "it has expired, or is from the future",
        E::InvalidAudience(_) => "it is for somebody else",
        E::InvalidIssuer(_) => "another issuer made it",
        E::InvalidNonce(_) => "it belongs to another sign-in",
        E::SignatureVerification(_) => "its signature is not good",
        _ => "it is not what was asked for",
    }
}

/// What `/userinfo` adds to an ID token of the same person. An e-mail comes with its own `email_verified` or with none.
pub fn add(claims: &mut Map<String, Value>, more: &Value) -> bool {
    let Some(more) = more.as_object() else { return false };
    if more.get("sub").and_then(Value::as_str).is_none() || more.get("sub") != claims.get("sub") {
        return false;
    }
    let same_email = claims.get("email").is_none() || claims.get("email") == more.get("email");
    for (name, value) in more {
        let about_email = name == "email" || name == "email_verified";
        if !claims.contains_key(name) && (!about_email || same_email) {
            claims.insert(name.clone(), value.clone());
        }
    }
    true
}

/// Whether something is missing that `/userinfo` may know.
pub fn lacks(claims: &Map<String, Value>, mapping: &Mapping) -> bool {
    let wanted = [&mapping.role_claim, &mapping.groups_claim];
    !claims.contains_key("email")
        || !claims.contains_key("email_verified")
        || wanted.into_iter().flatten().any(|name| at(claims, name).is_none())
}

/// The person the claims speak of.
pub fn person(issuer: &str, claims: &Map<String, Value>, mapping: &Mapping) -> Option<Person> {
    let subject = claims.get("sub")?.as_str()?;
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.contains('\0') {
        return None;
    }
    // `"true"` is text that somebody may have typed.
    let vouched = claims.get("email_verified") == Some(&Value::Bool(true));
    let email = claims.get("email").and_then(Value::as_str).filter(|_| vouched);
    let name = claims.get("name").and_then(Value::as_str);
    let list = |claim: &Option<String>| claim.as_deref().and_then(|name| at(claims, name)).map(texts);
    Some(Person {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        email: email.and_then(normal_email),
        name: name.and_then(plain_name),
        groups: list(&mapping.groups_claim).unwrap_or_default(),
        roles: list(&mapping.role_claim).unwrap_or_default(),
    })
}

/// In the form e-mails are stored, if it is one.
pub fn normal_email(text: &str) -> Option<String> {
    rules::email(text).ok().map(|()| rules::normal_email(text))
}

/// A name that fits our rule for names.
pub fn plain_name(text: &str) -> Option<String> {
    let text = text.trim();
    rules::name(text, rules::NAME_MOST).ok().map(|()| text.to_owned())
}

/// The claim of this name, or, when there is none, what a path with dots leads to: `realm_access.roles`.
fn at<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let mut steps = name.split('.');
    let first = claims.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A base64url JSON object in which no name stands twice: of two values, two readers may believe different ones.
fn object(encoded: &str) -> Option<Map<String, Value>> {
    struct Once;
    impl<'de> Visitor<'de> for Once {
        type Value = Map<String, Value>;

        fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = Map::new();
            while let Some((name, value)) = access.next_entry::<String, Value>()? {
                if map.insert(name, value).is_some() {
                    return Err(de::Error::custom("repeated"));
                }
            }
            Ok(map)
        }
    }
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let map = reader.deserialize_map(Once).ok()?;
    reader.end().ok().map(|()| map)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn only_boolean_true_vouches_for_an_email() {
        for (verified, expected) in [
            (json!(true), Some("anna@example.com")),
            (json!(false), None),
            (json!("true"), None),
            (json!(1), None),
            (json!(null), None),
        ] {
            let claims = claims(json!({ "sub": "1", "email": "Anna@Example.com", "email_verified": verified }));
            let person = person("i", &claims, &Mapping::default()).unwrap();
            assert_eq!(person.email.as_deref(), expected, "{verified}");
        }
        let none = claims(json!({ "sub": "1", "email": "anna@example.com" }));
        assert_eq!(person("i", &none, &Mapping::default()).unwrap().email, None);
    }

    #[test]
    fn userinfo_adds_to_the_same_person_only_and_never_vouches_for_another_email() {
        let mut token = claims(json!({ "sub": "1", "email": "a@example.com" }));
        assert!(!add(&mut token, &json!({ "sub": "2", "email_verified": true })));
        assert!(!add(&mut token, &json!({ "email_verified": true })));
        assert!(add(
            &mut token,
            &json!({ "sub": "1", "email": "b@example.com", "email_verified": true, "groups": ["x"] })
        ));
        assert_eq!(token.get("email_verified"), None);
        assert_eq!(token["groups"], json!(["x"]));
        assert!(add(
            &mut token,
            &json!({ "sub": "1", "email": "a@example.com", "email_verified": true })
        ));
        assert_eq!(token["email_verified"], json!(true));
    }

    #[test]
    fn claim_is_found_by_name_and_then_by_path() {
        let claims = claims(json!({ "a.b": ["flat"], "realm": { "roles": ["deep"] }, "one": "text" }));
        assert_eq!(at(&claims, "a.b").map(texts), Some(vec!["flat".to_owned()]));
        assert_eq!(at(&claims, "realm.roles").map(texts), Some(vec!["deep".to_owned()]));
        assert_eq!(at(&claims, "one").map(texts), Some(vec!["text".to_owned()]));
        assert_eq!(at(&claims, "realm.nothing"), None);
    }

    #[test]
    fn repeated_names_are_no_object() {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        assert!(object(&encode(r#"{"a":1,"b":2}"#)).is_some());
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":1} x"#, "[]", "1"] {
            assert!(object(&encode(bad)).is_none(), "{bad}");
        }
    }
}
