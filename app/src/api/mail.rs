//! What goes by mail: links that sign in, new passwords, confirmed addresses; and development's letters.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Form;
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    api::session::{on, start},
    format::Format,
    request::{
        Request,
        flash::{self, Flash},
    },
};

/// A page that a link leads to, or that asks for one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkPage {
    pub form: Form,
    /// Whether letters reach anybody.
    pub available: bool,
    /// The address that the link is about; none when there is no link, or it is no good.
    pub email: Option<String>,
    /// The link is good.
    pub good: bool,
    /// Where a letter's link leads, in development.
    pub dev_link: Option<String>,
}

#[cfg(feature = "ssr")]
fn page(request: &Request, name: &str) -> LinkPage {
    let form = flash::take_form(request, name).unwrap_or_default();
    LinkPage {
        available: server::mail::available(&request.state),
        dev_link: Some(form.value("dev_link")).filter(|link| !link.is_empty()),
        form,
        ..LinkPage::default()
    }
}

/// `/login/link`: looks at the link and uses nothing up, so that scanners may open it.
#[server(endpoint = "link_page")]
pub async fn read_link(token: String) -> Result<LinkPage, ApiError> {
    let request = Request::current()?;
    let mut page = page(&request, "link");
    if !token.is_empty() {
        page.email = server::sign_in::link::look(&request.state, &token).await.ok();
        page.good = page.email.is_some();
    }
    Ok(page)
}

/// Sends a link to the address, if it has an account; the page says the same for every address.
#[server(endpoint = "ask_link")]
pub async fn ask_link(#[server(default)] email: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("link", &[("email", &email)]);
    let work = async {
        let link = server::sign_in::link::request(&request.state, &email, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        Ok(link.unwrap_or_default())
    };
    let link = request
        .form("/login/link", form, work, |_| "/login/link".to_owned())
        .await?;
    sent(&request, "link", &link);
    Ok(())
}

/// Tells the page that a letter is on its way.
#[cfg(feature = "ssr")]
fn sent(request: &Request, form: &str, dev_link: &str) {
    if request.is_plain_form() {
        let form = Form::sent(form, &[("sent", "yes"), ("dev_link", dev_link)]);
        flash::put(request, &Flash::form(form));
    }
}

/// Signs in the browser that confirms, or leads it to the page that asks for the second factor.
#[server(endpoint = "sign_in_by_link")]
pub async fn sign_in_by_link(
    #[server(default)] token: String,
    #[server(default)] remember_me: Option<String>,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let form = Form::sent("link", &[("remember_me", on(&remember_me))]);
    let work = async {
        let proven = server::sign_in::link::first_proof(&request.state, &token, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        super::second::first_step(&request, proven, remember_me.is_some(), "/").await
    };
    request
        .form(&back("/login/link", &token), form, work, String::clone)
        .await
}

/// The page the link led to.
#[cfg(feature = "ssr")]
fn back(path: &str, token: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !token.is_empty() && token.len() < 100 && token.bytes().all(plain) {
        [path, "?token=", token].concat()
    } else {
        path.to_owned()
    }
}

#[server(endpoint = "reset_page")]
pub async fn read_reset(token: String) -> Result<LinkPage, ApiError> {
    let request = Request::current()?;
    let mut page = page(&request, "reset");
    page.good = !token.is_empty()
        && server::accounts::password::look_at_reset(&request.state, &token)
            .await
            .is_ok();
    Ok(page)
}

#[server(endpoint = "ask_reset")]
pub async fn ask_reset(#[server(default)] email: String) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("reset", &[("email", &email)]);
    let work = async {
        server::accounts::password::forgot(&request.state, &email, &request.device())
            .await
            .map_err(|error| request.error(&error))
    };
    request.form("/reset", form, work, |()| "/reset".to_owned()).await?;
    sent(&request, "reset", "");
    Ok(())
}

#[server(endpoint = "reset_password")]
pub async fn reset_password(
    #[server(default)] token: String,
    #[server(default)] password: String,
    #[server(default)] confirm_password: String,
) -> Result<String, ApiError> {
    let request = Request::current()?;
    let work = async {
        same(&request, &password, &confirm_password)?;
        server::accounts::password::reset(&request.state, &token, &password, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        Ok("/login".to_owned())
    };
    let form = Form::sent("reset", &[]);
    let done = request.form(&back("/reset", &token), form, work, String::clone).await?;
    if request.is_plain_form() {
        // The browser's own sign-in was ended too.
        request.set_cookie(server::http::cookie::clear(request.state.config()));
        flash::put(&request, &Flash::form(Form::sent("sign_in", &[("notice", "reset")])));
    }
    Ok(done)
}

/// Both passwords are one.
#[cfg(feature = "ssr")]
fn same(request: &Request, password: &str, confirm: &str) -> Result<(), ApiError> {
    if password == confirm {
        return Ok(());
    }
    let wrong = if confirm.is_empty() { "required" } else { "not_matching" };
    Err(request.wrong_field("confirm_password", wrong))
}

/// `/verify`: looks at the link and uses nothing up.
#[server(endpoint = "verify_page")]
pub async fn read_verify(token: String) -> Result<LinkPage, ApiError> {
    let request = Request::current()?;
    let mut page = page(&request, "verify");
    if !token.is_empty() {
        let email = server::accounts::email::look_at_verification(&request.state, &token).await;
        page.email = email.ok();
        page.good = page.email.is_some();
    }
    Ok(page)
}

#[server(endpoint = "verify_email")]
pub async fn verify_email(#[server(default)] token: String) -> Result<String, ApiError> {
    let request = Request::current()?;
    let work = async {
        let verified = server::accounts::email::verify(&request.state, &token, &request.device())
            .await
            .map_err(|error| request.error(&error))?;
        if let Some(user) = verified.entered {
            start(&request, &user, false).await?;
            return Ok("/".to_owned());
        }
        let signed_in = request.signed_in().await?.is_some();
        Ok(if signed_in { "/settings" } else { "/login" }.to_owned())
    };
    let form = Form::sent("verify", &[]);
    let done = request
        .form(&back("/verify", &token), form, work, String::clone)
        .await?;
    if request.is_plain_form() && done != "/" {
        let form = if done == "/login" { "sign_in" } else { "email" };
        flash::put(&request, &Flash::form(Form::sent(form, &[("notice", "verified")])));
    }
    Ok(done)
}

/// The sections about the password and the address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    pub password_form: Form,
    pub email_form: Form,
    pub has_password: bool,
    pub email: String,
    pub verified: bool,
    pub available: bool,
}

#[server(endpoint = "access")]
pub async fn read_access() -> Result<Access, ApiError> {
    let request = Request::current()?;
    let user = request.user().await?;
    let wrong = |error: server::Error| request.error(&error);
    let me = server::accounts::me(&request.state, &user).await.map_err(wrong)?;
    let left = flash::take(&request).form;
    let form = |name: &str| {
        if left.name == name {
            left.clone()
        } else {
            Form::default()
        }
    };
    Ok(Access {
        password_form: form("password"),
        email_form: form("email"),
        has_password: user.entry().has_password,
        email: me.email,
        verified: me.email_verified,
        available: server::mail::available(&request.state),
    })
}

#[server(endpoint = "change_password")]
pub async fn change_password(
    #[server(default)] current_password: Option<String>,
    #[server(default)] new_password: String,
    #[server(default)] confirm_password: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.user().await?;
        same(&request, &new_password, &confirm_password)?;
        let current = current_password.as_deref();
        server::accounts::password::change(&request.state, &user, current, &new_password, &request.device())
            .await
            .map_err(|error| request.reauth_error("current_password", &error))?;
        request.rotate_cookie(&user).await
    };
    request.saved("/settings", Form::sent("password", &[]), work).await
}

#[server(endpoint = "change_email")]
pub async fn change_email(
    #[server(default)] email: String,
    #[server(default)] password: Option<String>,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let form = Form::sent("email", &[("email", &email)]);
    let work = async {
        let user = request.user().await?;
        server::accounts::email::change(&request.state, &user, &email, password.as_deref(), &request.device())
            .await
            .map_err(|error| request.reauth_error("password", &error))
    };
    let done = request.form("/settings", form, work, |()| "/settings".to_owned()).await;
    told(&request, done.is_ok(), "change");
    done
}

#[server(endpoint = "resend_verification")]
pub async fn resend_verification() -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.user().await?;
        server::accounts::email::resend_verification(&request.state, &user, &request.device())
            .await
            .map_err(|error| request.error(&error))
    };
    let form = Form::sent("email", &[]);
    let done = request.form("/settings", form, work, |()| "/settings".to_owned()).await;
    told(&request, done.is_ok(), "resent");
    done
}

#[cfg(feature = "ssr")]
fn told(request: &Request, done: bool, notice: &str) {
    if done && request.is_plain_form() {
        flash::put(request, &Flash::form(Form::sent("email", &[("notice", notice)])));
    }
}

/// One of development's letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevLetter {
    pub to: String,
    pub at: super::Moment,
    pub subject: String,
    pub text: String,
    pub link: Option<String>,
}

/// `None` where letters are not kept: the page does not exist there.
#[server(endpoint = "dev_mail")]
pub async fn read_dev_mail() -> Result<Option<Vec<DevLetter>>, ApiError> {
    let request = Request::current()?;
    if request.state.config().is_production() {
        return Ok(None);
    }
    let letters = server::mail::captured(&request.state).map_err(|error| request.error(&error))?;
    let format = Format::new(request.locale(), "UTC", request.state.clock().now());
    let shown = |letter: server::mail::Captured| DevLetter {
        to: letter.to,
        at: format.moment(letter.at),
        subject: letter.subject,
        text: letter.text,
        link: letter.link,
    };
    Ok(Some(letters.unwrap_or_default().into_iter().map(shown).collect()))
}
