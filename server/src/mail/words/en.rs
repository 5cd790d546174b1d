//! English.

use super::{Draft, Foot, Words, asked, date, told};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) static EN: Words = Words {
    lang: "en",
    at: "at",
    copy_link: "If the button does nothing, open this address:",
    ignore: "You did not ask for this? Then do nothing: without the link nothing happens.",
    not_you: "This was not you? Change your password and end the sign-ins you do not know:",
    unknown: "unknown",
    date: |at| {
        let (day, time) = date(at, &MONTHS);
        format!("{day}, {time} UTC")
    },
    sign_in: || {
        asked(
            "Your sign-in link",
            "Open this link to sign in to Weirgate. It works once, within the next 10 minutes.",
            "Sign in",
            "It signs in the browser that opens it. Nobody from Weirgate will ever ask you for it.",
        )
    },
    verify_email: || {
        asked(
            "Confirm your e-mail address",
            "Welcome to Weirgate. Confirm that this address is yours, so that you can get back in when you lose your password.",
            "Confirm address",
            "The link works once, within the next 24 hours.",
        )
    },
    finish_sign_up: || {
        asked(
            "Finish signing up",
            "Somebody, probably you, asked for an account with this address. Open the link to make it.",
            "Create the account",
            "The link works once, within the next 24 hours. If it was not you, do not open it: it would make an account whose password \
             somebody else knows.",
        )
    },
    already_signed_up: || {
        asked(
            "You have an account already",
            "Somebody, probably you, asked for an account with this address. There is one already: sign in with it.",
            "Sign in",
            "If you do not remember the password, ask for a new one on the sign-in page.",
        )
    },
    reset_password: || {
        asked(
            "Set a new password",
            "Open this link to set a new password for your account. It works once, within the next 10 minutes.",
            "Set a new password",
            "Setting it signs you out everywhere.",
        )
    },
    confirm_new_email: || {
        asked(
            "Confirm your new e-mail address",
            "Open this link to make this the address of your account. It works once, within the next 60 minutes.",
            "Confirm address",
            "Until then the old address stays.",
        )
    },
    account_made: || {
        Draft {
        subject: "Your account on Weirgate".to_owned(),
        lead: "An administrator of this server made an account for you with this address. Open the link to set its password. It works once, \
               within the next 7 days."
            .to_owned(),
        button: "Set a password",
        note: "When it is too old, ask for a new one on the sign-in page. You do not know this server? Then do nothing.".to_owned(),
        foot: Foot::None,
    }
    },
    invitation: |organization, by| Draft {
        subject: format!("Invitation to {organization}"),
        lead: format!("{by} invites you to the organization {organization} on Weirgate."),
        button: "See the invitation",
        note: String::new(),
        foot: Foot::Ignore,
    },
    new_device: |device, address, at| {
        told(
            "New sign-in to your account".to_owned(),
            format!(
                "Somebody signed in to your account on {at} from a device that was not seen before: {device}, address {address}."
            ),
            "",
        )
    },
    password_changed: |at| {
        told(
            "Your password was changed".to_owned(),
            format!("The password of your account was changed on {at}. Other sign-ins were ended."),
            "",
        )
    },
    email_changed: |at| Draft {
        subject: "Your e-mail address was changed".to_owned(),
        lead: format!("Your account has another e-mail address since {at}. This one is not used any more."),
        button: "",
        note: "This was not you? Write to the administrator of this server at once.".to_owned(),
        foot: Foot::None,
    },
    token_reused: |at| {
        told(
            "A sign-in was ended for safety".to_owned(),
            format!(
                "On {at} a token of yours was used a second time. That happens when it was copied, so the sign-in it belongs to was ended. \
                 Sign in again on that device."
            ),
            "",
        )
    },
    factor_added: |name| {
        told(
            "A way to prove it is you was added".to_owned(),
            format!("This was added to your account: {name}."),
            "",
        )
    },
    factor_removed: |name| {
        told(
            "A way to prove it is you was removed".to_owned(),
            format!("This was removed from your account: {name}."),
            "",
        )
    },
    factors_reset: || {
        told(
            "Your second factors were reset".to_owned(),
            "An administrator of this server took authenticator app, recovery codes and passkeys from your account. Set them up again in the \
             settings."
                .to_owned(),
            "",
        )
    },
    identity_linked: |provider| {
        told(
            format!("{provider} can sign you in now"),
            format!("Your account at {provider} was linked: it can be used to sign in."),
            "",
        )
    },
    token_created: |name| {
        told(
            "A personal token was made".to_owned(),
            format!("The personal token “{name}” was made for your account. Programs can use it in your name."),
            "",
        )
    },
};
