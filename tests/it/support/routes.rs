//! Where the routes of the OpenAPI document are reached.

/// Stands in every place of a path; nothing has this id.
pub const ID: &str = "0199f7c2-7a3e-7000-8000-000000000000";

/// The path with something in each of its places.
pub fn filled(path: &str) -> String {
    let named = |part: &str| match part.starts_with('{') {
        true => ID.to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(named).collect::<Vec<_>>().join("/")
}

/// Every path under which a route is reached, filled: the account API's at `/api/v1`, at `/api`, and at `/v1` where that mount has them.
pub fn mounts(path: &str) -> Vec<String> {
    let path = filled(path);
    let Some(rest) = path.strip_prefix("/api/v1/") else {
        return vec![path];
    };
    let mut mounts = vec![path.clone(), format!("/api/{rest}")];
    if rest.starts_with("auth/") || rest.starts_with("sessions/") {
        mounts.push(format!("/v1/{rest}"));
    }
    mounts
}
