//! A JSON body, whole, within the limits.

use ::http::{HeaderMap, header};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use types::error::Code;

use crate::{Error, Gateway};

/// Reads the body. One that arrives in one piece is not copied.
///
/// Errors: 415 for another content type or an encoded body, 413 beyond the limit, 408-like 400 when it does not arrive in time.
pub async fn json_body(gateway: &Gateway, headers: &HeaderMap, body: Body) -> Result<Bytes, Error> {
    check_kind(headers)?;
    let config = &gateway.state().config().gateway;
    let most = config.max_body;
    let too_large = || {
        Error::refused(
            Code::TooLarge,
            format!(
                "The body is larger than {} MiB, the most this server takes.",
                most >> 20
            ),
        )
    };
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let reading = collect(body, most);
    match tokio::time::timeout(config.body_timeout, reading).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => Err(too_large()),
        Ok(Err(_broken)) => Err(Error::refused(Code::BadRequest, "The body broke off before its end.")),
        Err(_elapsed) => Err(Error::refused(Code::BadRequest, "The body did not arrive in time.")),
    }
}

/// `None` beyond `most` bytes.
async fn collect(mut body: Body, most: usize) -> Result<Option<Bytes>, axum::Error> {
    let Some(first) = next(&mut body).await? else {
        return Ok(Some(Bytes::new()));
    };
    if body.is_end_stream() {
        return Ok((first.len() <= most).then_some(first));
    }
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0).min(most);
    let mut whole = BytesMut::with_capacity(first.len() + expected);
    whole.extend_from_slice(&first);
    drop(first);
    while let Some(chunk) = next(&mut body).await? {
        if whole.len() + chunk.len() > most {
            return Ok(None);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok((whole.len() <= most).then(|| whole.freeze()))
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, axum::Error> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

fn check_kind(headers: &HeaderMap) -> Result<(), Error> {
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|value| value.as_bytes() != b"identity")
    {
        return Err(Error::refused(
            Code::UnsupportedMediaType,
            "Send the body without a content encoding.",
        ));
    }
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = kind
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Error::refused(
            Code::UnsupportedMediaType,
            "Send the body as application/json.",
        ))
    }
}
