//! The browser's line to the model API: sends a question, hears the answer as it comes, hangs up. Nothing of it runs on the server.

use std::cell::RefCell;

use js_sys::{Promise, Reflect, Uint8Array};
use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue},
};
use types::playground::{Ask, Heard, Reading, refusal};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Headers, ReadableStreamDefaultReader, RequestInit, Response};

const DOOR: &str = "/playground/messages";

/// How a call ended for the browser.
pub enum End {
    Whole,
    /// The reader stopped it.
    Stopped,
    /// In the words of the server or of the upstream.
    Failed(String),
    /// It did not arrive, or the connection broke.
    Offline,
}

thread_local! {
    /// The call that is under way.
    static RUNNING: RefCell<Option<AbortController>> = const { RefCell::new(None) };
}

/// Hangs up, if anything is under way.
pub fn stop() {
    if let Some(running) = RUNNING.take() {
        running.abort();
    }
}

/// Asks, and hands on each piece of the answer's text. The first of what it returns is the request's id, empty when it was not told.
pub async fn ask(ask: &Ask, hear: impl FnMut(&str)) -> (String, End) {
    let Ok(controller) = AbortController::new() else {
        return (String::new(), End::Offline);
    };
    let signal = controller.signal();
    RUNNING.set(Some(controller));
    let mut id = String::new();
    let outcome = listen(ask, &signal, &mut id, hear).await;
    RUNNING.set(None);
    let end = match outcome {
        Ok(None) => End::Whole,
        Ok(Some(message)) => End::Failed(message),
        Err(_) if signal.aborted() => End::Stopped,
        Err(_) => End::Offline,
    };
    (id, end)
}

/// `Some` is why it failed. An error is the network's, or the reader's who stopped it.
async fn listen(
    ask: &Ask,
    signal: &AbortSignal,
    id: &mut String,
    mut hear: impl FnMut(&str),
) -> Result<Option<String>, JsValue> {
    let response = JsFuture::from(window().fetch_with_str_and_init(DOOR, &request(ask, signal)?)).await?;
    let response: Response = response.unchecked_into();
    *id = response.headers().get("x-request-id")?.unwrap_or_default();
    if !response.ok() {
        let body = JsFuture::from(response.text()?).await?;
        return Ok(Some(refusal(&body.as_string().unwrap_or_default())));
    }
    let body = response.body().ok_or(JsValue::NULL)?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut reading = Reading::default();
    let (mut whole, mut failed) = (false, None);
    loop {
        let piece = JsFuture::from(reader.read()).await?;
        if Reflect::get(&piece, &"done".into())?.is_truthy() {
            break;
        }
        let bytes = Uint8Array::new(&Reflect::get(&piece, &"value".into())?).to_vec();
        for heard in reading.push(&bytes) {
            match heard {
                Heard::Text(text) => hear(&text),
                Heard::Error(message) => failed = Some(message),
                Heard::End => whole = true,
            }
        }
    }
    match (failed, whole) {
        (None, false) => Err(JsValue::NULL),
        (failed, _) => Ok(failed),
    }
}

fn request(ask: &Ask, signal: &AbortSignal) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    if !ask.organization.is_empty() {
        headers.set("x-weirgate-organization", &ask.organization)?;
    }
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&ask.body(true).into());
    init.set_signal(Some(signal));
    Ok(init)
}

pub async fn pause(millis: i32) {
    let mut wait = |resolve: js_sys::Function, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
    };
    let _ = JsFuture::from(Promise::new(&mut wait)).await;
}
