//! Invitations: sent, listed and taken back by who manages an organization; looked at and accepted by who was invited.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::{OrganizationRole, organizations::InvitationState};

use super::{Form, Moment, keys::NewSecret, organizations::OrganizationView};
#[cfg(feature = "ssr")]
use super::{
    members::role_of,
    organizations::{PAGE, Place, cursor, path},
};
use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{
    format::Format,
    request::{
        Request,
        flash::{self, Flash},
        own_path,
    },
};
#[cfg(feature = "ssr")]
use server::organizations::invitations;
#[cfg(feature = "ssr")]
use types::{error::Code, organizations::SentInvitation};

/// An invitation as who manages the organization sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRow {
    pub id: String,
    /// Absent for a link.
    pub email: Option<String>,
    pub role: OrganizationRole,
    pub state: InvitationState,
    pub by: Option<String>,
    pub sent: Moment,
    pub expires: Moment,
    /// The reader may send it again and take it back.
    pub is_below: bool,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationsView {
    pub place: OrganizationView,
    pub invitations: Vec<InvitationRow>,
    pub next: Option<String>,
    pub form: Form,
    /// A link, shown once.
    pub secret: Option<NewSecret>,
    /// Letters reach people; without them there are only links.
    pub mail: bool,
}

/// `after` is where the page before ended.
#[server(endpoint = "invitations")]
pub async fn read_invitations(
    organization: String,
    #[server(default)] after: String,
) -> Result<InvitationsView, ApiError> {
    let request = Request::current()?;
    let place = Place::find(&request, &organization).await?;
    let page = async {
        let admin = place.member.admin()?;
        invitations::page(&request.state, &admin, PAGE, cursor(&after)).await
    };
    let page = page.await.map_err(|error| request.error(&error))?;
    let format = Format::of(&request, &place.user);
    let shown = |invitation: types::organizations::Invitation| InvitationRow {
        id: invitation.id.to_string(),
        email: invitation.email,
        role: invitation.role,
        state: invitation.state,
        by: invitation.invited_by_name,
        sent: format.date(invitation.created_at),
        expires: format.moment(invitation.expires_at),
        is_below: place.view.role.may_grant(invitation.role),
    };
    let flash = flash::take(&request);
    let here = place.view.path(INVITATIONS);
    Ok(InvitationsView {
        invitations: page.data.into_iter().map(shown).collect(),
        next: page.next_cursor,
        place: place.view,
        form: flash.form,
        secret: flash.secret.filter(|secret| secret.page == here),
        mail: server::mail::available(&request.state),
    })
}

#[cfg(feature = "ssr")]
const INVITATIONS: &str = "invitations";

/// What inviting somebody led to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The page that tells of it.
    pub page: String,
    /// Where a letter is on its way to.
    pub email: Option<String>,
    /// For an invitation without an address, and only here.
    pub link: Option<String>,
    /// The letter's link, in development.
    pub dev_link: Option<String>,
}

/// Invites by a letter to `email`, or without one by a link that is shown once.
#[server(endpoint = "invite")]
pub async fn invite(
    #[server(default)] organization: String,
    #[server(default)] email: String,
    #[server(default)] role: String,
) -> Result<Sent, ApiError> {
    let request = Request::current()?;
    let form = Form::sent("invite", &[("email", &email), ("role", &role)]);
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let new = types::organizations::NewInvitation {
            email: Some(email).filter(|email| !email.trim().is_empty()),
            role: role_of(&request, &role)?,
        };
        let sent = async {
            let admin = place.member.admin()?;
            invitations::create(&request.state, &admin, new, &request.device()).await
        };
        let sent = sent.await.map_err(|error| request.error(&error))?;
        Ok(Sent::of(&place, sent))
    };
    tell(&request, &organization, form, work).await
}

/// A new link in place of the old one, by letter or shown once, as the first was.
#[server(endpoint = "resend_invitation")]
pub async fn resend_invitation(
    #[server(default)] organization: String,
    #[server(default)] id: String,
) -> Result<Sent, ApiError> {
    let request = Request::current()?;
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let id = id.parse().map_err(|_| request.refused(Code::NotFound))?;
        let sent = async {
            let admin = place.member.admin()?;
            invitations::resend(&request.state, &admin, id, &request.device()).await
        };
        let sent = sent.await.map_err(|error| request.error(&error))?;
        Ok(Sent::of(&place, sent))
    };
    tell(&request, &organization, Form::sent("change_invitation", &[]), work).await
}

#[cfg(feature = "ssr")]
impl Sent {
    fn of(place: &Place, sent: SentInvitation) -> Self {
        Sent {
            page: place.view.path(INVITATIONS),
            email: sent.details.email,
            link: sent.link,
            dev_link: sent.dev_link,
        }
    }
}

/// Runs a form that sends an invitation, and leaves what the page shows of it.
#[cfg(feature = "ssr")]
async fn tell(
    request: &Request,
    organization: &str,
    form: Form,
    work: impl Future<Output = Result<Sent, ApiError>>,
) -> Result<Sent, ApiError> {
    let done = request
        .form(&path(organization, INVITATIONS), form, work, |sent| sent.page.clone())
        .await;
    if let (Ok(sent), true) = (&done, request.is_plain_form()) {
        let left = match (&sent.link, &sent.email) {
            (Some(link), _) => Flash::secret(NewSecret {
                name: String::new(),
                key: link.clone(),
                page: sent.page.clone(),
            }),
            (None, email) => Flash::form(Form::sent(
                "invited",
                &[
                    ("email", email.as_deref().unwrap_or_default()),
                    ("dev_link", sent.dev_link.as_deref().unwrap_or_default()),
                ],
            )),
        };
        flash::put(request, &left);
    }
    done
}

#[server(endpoint = "revoke_invitation")]
pub async fn revoke_invitation(
    #[server(default)] organization: String,
    #[server(default)] id: String,
) -> Result<(), ApiError> {
    let request = Request::current()?;
    let work = async {
        let place = Place::find(&request, &organization).await?;
        let id = id.parse().map_err(|_| request.refused(Code::NotFound))?;
        let revoked = async {
            let admin = place.member.admin()?;
            invitations::revoke(&request.state, &admin, id).await
        };
        revoked.await.map_err(|error| request.error(&error))
    };
    let (page, form) = (path(&organization, INVITATIONS), Form::sent("change_invitation", &[]));
    request.saved(&page, form, work).await
}

/// What an invitation invites to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// Out of the link.
    pub token: String,
    pub organization: String,
    pub role: OrganizationRole,
    pub by: String,
    /// It was mailed, and is for the account with that address alone.
    pub is_mailed: bool,
    pub expires: Moment,
}

/// Where an invitation's link leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationPage {
    pub form: Form,
    pub invited: Standing,
    /// The address of who is signed in.
    pub reader: Option<String>,
    /// An account can be made by it.
    pub may_sign_up: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    Open(Invited),
    /// Used, revoked, too old, or its sender may not give it any more.
    Over,
    Unknown,
}

/// Looks at the link and uses nothing up, so that scanners may open it.
#[server(endpoint = "invitation_page")]
pub async fn read_invitation(token: String) -> Result<InvitationPage, ApiError> {
    let request = Request::current()?;
    let reader = request.signed_in().await?;
    let invited = look(&request, &token).await?;
    Ok(InvitationPage {
        may_sign_up: matches!(&invited, Standing::Open(invited) if may_sign_up(&request, Some(invited))),
        form: flash::take_form(&request, "invitation").unwrap_or_default(),
        invited,
        reader: reader.map(|user| user.entry().email.clone()),
    })
}

#[cfg(feature = "ssr")]
pub(super) async fn look(request: &Request, token: &str) -> Result<Standing, ApiError> {
    let looked = match invitations::look(&request.state, token).await {
        Ok(looked) => looked,
        Err(error) => {
            return match error.refusal().code {
                Code::Gone => Ok(Standing::Over),
                Code::NotFound => Ok(Standing::Unknown),
                _ => Err(request.error(&error)),
            };
        }
    };
    let format = match request.signed_in().await? {
        Some(user) => Format::of(request, &user),
        None => Format::new(request.locale(), "UTC", request.state.clock().now()),
    };
    Ok(Standing::Open(Invited {
        token: token.to_owned(),
        organization: looked.organization,
        role: looked.role,
        by: looked.invited_by,
        is_mailed: looked.is_personal,
        expires: format.date(looked.expires_at),
    }))
}

/// Whether accounts are made here, and with this invitation.
#[cfg(feature = "ssr")]
pub(super) fn may_sign_up(request: &Request, invited: Option<&Invited>) -> bool {
    use server::config::Registration;

    match request.state.config().auth.registration {
        Registration::Open | Registration::VerifyFirst => true,
        Registration::Invite => invited.is_some(),
        // Somebody of this server chose the address.
        Registration::Closed => invited.is_some_and(|invited| invited.is_mailed),
    }
}

/// Makes the reader a member and leads them to the organization.
#[server(endpoint = "accept_invitation")]
pub async fn accept_invitation(#[server(default)] token: String) -> Result<String, ApiError> {
    let request = Request::current()?;
    let work = async {
        let user = request.user().await?;
        let joined = invitations::accept(&request.state, &user, &token)
            .await
            .map_err(|error| request.error(&error))?;
        Ok(path(&joined.slug.unwrap_or_default(), ""))
    };
    let page = page_of(&token);
    request
        .form(&page, Form::sent("invitation", &[]), work, String::clone)
        .await
}

/// The page that an invitation's link leads to; the list of organizations for what is no token.
#[cfg(feature = "ssr")]
pub(super) fn page_of(token: &str) -> String {
    let page = ["/invitations/", token].concat();
    let plain = !token.contains(['/', '?', '%', '.']) && own_path(&page).is_some();
    if plain {
        page
    } else {
        super::organizations::LIST.to_owned()
    }
}
