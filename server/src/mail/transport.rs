//! How a letter leaves: over SMTP, into development's folder, or not at all.

use std::{sync::Arc, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::Error as SmtpError,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Captured, captured::Folder, compose::Composed};
use crate::{Config, Error, State, config::ConfigError, error::Result};

/// Letters that wait or are being sent; the rest is dropped and logged.
const QUEUE: u32 = 1000;
/// Letters that are being prepared.
const ERRANDS: u32 = 64;
/// Connections to the mail server.
const LINES: u32 = 4;
/// For one command of the mail server.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Waits before another attempt; none after the last.
const AGAIN: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(20),
    Duration::from_secs(120),
];

pub(crate) struct Mail {
    way: Way,
    from: Mailbox,
    errands: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    lines: Semaphore,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(Folder),
    Nowhere,
}

impl Mail {
    pub fn of(config: &Config) -> Result<Self> {
        let way = match &config.smtp.url {
            Some(url) => {
                // The library's words may hold the address with its password.
                let refused = |_| Error::Config(ConfigError::new("smtp.url", "is not an address of a mail server"));
                let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).map_err(refused)?;
                Way::Smtp(builder.timeout(Some(TIMEOUT)).build())
            }
            None if config.is_production() => Way::Nowhere,
            None => Way::Folder(Folder::new(config.server.data_dir.join("mail"))),
        };
        Ok(Mail {
            way,
            from: from(config)?,
            errands: Arc::new(Semaphore::new(ERRANDS as usize)),
            queue: Arc::new(Semaphore::new(QUEUE as usize)),
            lines: Semaphore::new(LINES as usize),
        })
    }

    pub fn is_available(&self) -> bool {
        !matches!(self.way, Way::Nowhere)
    }

    pub fn is_captured(&self) -> bool {
        matches!(self.way, Way::Folder(_))
    }

    pub fn captured(&self) -> Result<Option<Vec<Captured>>> {
        match &self.way {
            Way::Folder(folder) => folder.list().map(Some),
            Way::Smtp(_) | Way::Nowhere => Ok(None),
        }
    }

    /// A place for one letter to be prepared, if there is one.
    pub fn errand(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.errands).try_acquire_owned().ok()
    }

    pub async fn idle(&self) {
        // All places are free when nothing is under way; what is prepared comes before what is sent.
        let _prepared = self.errands.acquire_many(ERRANDS).await;
        let _all = self.queue.acquire_many(QUEUE).await;
    }
}

fn from(config: &Config) -> Result<Mailbox> {
    let text = config.mail_from();
    let parsed = text
        .parse()
        .or_else(|_| format!("Weirgate <no-reply@[{}]>", config.host()).parse());
    parsed.map_err(|_| {
        let message =
            format!("{text} is not an address letters can be from; set it, such as Weirgate <no-reply@example.com>");
        Error::Config(ConfigError::new("smtp.from", message))
    })
}

/// A letter, ready to go.
pub(super) struct Parcel {
    name: &'static str,
    to: String,
    composed: Composed,
    message: Message,
}

impl Parcel {
    /// Errors: why it cannot be written, for the log.
    pub fn new(
        state: &State,
        name: &'static str,
        to: &str,
        composed: Composed,
    ) -> std::result::Result<Self, &'static str> {
        let address = address(to).ok_or("address_not_for_mail")?;
        let id = format!("<{}@{}>", state.clock().new_id(), state.config().host());
        let at = u64::try_from(state.clock().now().0).unwrap_or_default();
        let message = Message::builder()
            .from(state.mail().from.clone())
            .to(Mailbox::new(None, address))
            .subject(composed.subject.clone())
            .date(std::time::UNIX_EPOCH + Duration::from_millis(at))
            .message_id(Some(id))
            .multipart(MultiPart::alternative_plain_html(
                composed.text.clone(),
                composed.html.clone(),
            ))
            .map_err(|_| "letter_not_for_mail")?;
        Ok(Parcel {
            name,
            to: to.to_owned(),
            composed,
            message,
        })
    }
}

/// The address with its domain as mail servers take it (`xn--…`).
fn address(text: &str) -> Option<Address> {
    let (local, domain) = text.rsplit_once('@')?;
    let domain = match url::Host::parse(domain).ok()? {
        url::Host::Domain(name) => name,
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => return None,
    };
    Address::new(local, domain).ok()
}

/// Hands a letter to a task of its own, which the shutdown waits for.
pub(super) fn post(state: &State, parcel: Parcel) {
    let mail = state.mail();
    match &mail.way {
        Way::Nowhere => {}
        Way::Folder(folder) => {
            if let Err(error) = folder.keep(state.clock(), &parcel.to, &parcel.composed) {
                tracing::warn!(letter = parcel.name, error_class = "mail_folder", detail = %error, "a letter could not be kept");
            }
        }
        Way::Smtp(_) => {
            let Ok(place) = Arc::clone(&mail.queue).try_acquire_owned() else {
                tracing::error!(
                    letter = parcel.name,
                    error_class = "mail_queue_full",
                    "a letter was dropped"
                );
                return;
            };
            let state_of_task = state.clone();
            state.spawn(async move {
                deliver(&state_of_task, &parcel).await;
                drop(place);
            });
        }
    }
}

async fn deliver(state: &State, parcel: &Parcel) {
    let mail = state.mail();
    let Way::Smtp(transport) = &mail.way else { return };
    let stopping = state.stopping();
    let mut waits = AGAIN.into_iter();
    loop {
        let sent = {
            let _line = mail.lines.acquire().await;
            transport.send(parcel.message.clone()).await
        };
        let Err(error) = sent else { return };
        let wait = waits.next().filter(|_| !error.is_permanent());
        // What a mail server says may hold the address, so only its number is logged.
        let status = error.status().map(u16::from);
        let class = class(&error);
        let Some(wait) = wait else {
            tracing::error!(
                letter = parcel.name,
                error_class = class,
                smtp_status = status,
                "a letter was not sent"
            );
            return;
        };
        tracing::warn!(
            letter = parcel.name,
            error_class = class,
            smtp_status = status,
            "a letter will be tried again"
        );
        if stopping.is_cancelled() {
            tracing::error!(letter = parcel.name, error_class = "shutdown", "a letter was not sent");
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // One more attempt at once, then the process ends.
            () = stopping.cancelled() => {}
        }
    }
}

fn class(error: &SmtpError) -> &'static str {
    if error.is_timeout() {
        "smtp_timeout"
    } else if error.is_tls() {
        "smtp_tls"
    } else if error.is_permanent() {
        "smtp_refused"
    } else if error.is_transient() {
        "smtp_later"
    } else if error.is_client() {
        "smtp_client"
    } else {
        "smtp_connection"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn address_is_written_as_mail_servers_take_it() {
        assert_eq!(address("anna@example.com").unwrap().to_string(), "anna@example.com");
        assert_eq!(address("имя@пример.рф").unwrap().domain(), "xn--e1afmkfd.xn--p1ai");
        for wrong in [
            "anna",
            "anna@b.co\r\nBcc: c@d.co",
            "a\0@b.co",
            "anna@",
            "a b@c.de",
            "<a@b.co>",
        ] {
            assert!(address(wrong).is_none(), "{wrong}");
        }
    }
}
