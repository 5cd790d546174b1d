//! Which pages of other origins may call the APIs with a token. Cookies never cross origins, whatever stands here.

use url::Url;

use super::ConfigError;

/// The origins of `cors.origins`, or the defaults.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    any: bool,
    exact: Vec<String>,
    /// `vscode-webview://` for `vscode-webview://*`.
    schemes: Vec<String>,
    /// `http://localhost:` for `http://localhost:*`.
    any_port: Vec<String>,
}

impl Origins {
    pub fn parse(items: &[String]) -> Result<Self, ConfigError> {
        let mut origins = Origins::default();
        items.iter().try_for_each(|item| origins.add(item))?;
        Ok(origins)
    }

    /// The own pages and editors' web views; in development whatever runs on this machine too.
    pub(super) fn usual(public_url: &str, production: bool) -> Self {
        let here = ["http://localhost:", "http://127.0.0.1:"];
        Origins {
            any: false,
            exact: vec![public_url.to_owned()],
            schemes: vec!["vscode-webview://".to_owned()],
            any_port: if production {
                Vec::new()
            } else {
                here.map(str::to_owned).to_vec()
            },
        }
    }

    fn add(&mut self, item: &str) -> Result<(), ConfigError> {
        let wrong = |message: &str| Err(ConfigError::new("cors.origins", format!("{item}: {message}")));
        let item = item.trim_end_matches('/');
        if item == "*" {
            self.any = true;
        } else if item == "null" {
            return wrong("the null origin is every sandboxed page and cannot be allowed");
        } else if let Some(scheme) = item.strip_suffix("://*") {
            if matches!(scheme, "http" | "https") {
                return wrong("would allow the whole web; write * if that is meant");
            }
            if scheme.is_empty()
                || !scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            {
                return wrong("is not a scheme");
            }
            self.schemes.push(format!("{}://", scheme.to_lowercase()));
        } else if let Some(host) = item.strip_suffix(":*") {
            self.any_port.push(format!("{}:", origin(host)?));
        } else {
            self.exact.push(origin(item)?);
        }
        Ok(())
    }

    /// Whether a request's `Origin` may read the answer.
    pub fn allows(&self, sent: &str) -> bool {
        if sent == "null" || sent.is_empty() {
            return false;
        }
        let port = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        self.any
            || self.exact.iter().any(|origin| origin == sent)
            || self.schemes.iter().any(|scheme| sent.starts_with(scheme.as_str()))
            || self.any_port.iter().any(|start| {
                sent.strip_prefix(start.as_str()).is_some_and(port) || start.strip_suffix(':') == Some(sent)
            })
    }
}

/// `scheme://host[:port]` in the form browsers send it.
fn origin(text: &str) -> Result<String, ConfigError> {
    let wrong = || {
        let message = format!("{text}: must be an origin such as https://app.example.com, without a path");
        ConfigError::new("cors.origins", message)
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let bare = url.path().trim_matches('/').is_empty() && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().ok_or_else(wrong)?;
    if !bare || !url.username().is_empty() || url.password().is_some() || host.contains('*') {
        return Err(wrong());
    }
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    Ok(format!("{}://{host}{port}", url.scheme()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn origins(items: &[&str]) -> Result<Origins, ConfigError> {
        Origins::parse(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn origins_are_exact_or_whole_schemes() {
        let allowed = origins(&["https://a.example", "vscode-webview://*", "http://localhost:*"]).unwrap();
        for good in [
            "https://a.example",
            "vscode-webview://1abc",
            "http://localhost:5173",
            "http://localhost",
        ] {
            assert!(allowed.allows(good), "{good}");
        }
        for bad in [
            "https://a.example.evil",
            "https://b.a.example",
            "http://a.example",
            "https://a.example:8443",
            "http://localhost:x",
            "http://localhost.evil",
            "http://localhost:1.evil",
            "null",
            "",
        ] {
            assert!(!allowed.allows(bad), "{bad}");
        }
    }

    #[test]
    fn star_is_only_written_out_and_null_never() {
        assert!(origins(&["*"]).unwrap().allows("https://anything"));
        assert!(!origins(&["*"]).unwrap().allows("null"));
        for bad in [
            "null",
            "https://*",
            "https://a.example/path",
            "a.example",
            "https://*.a.example",
            "https://u@a.example",
        ] {
            assert!(origins(&[bad]).is_err(), "{bad}");
        }
    }
}
