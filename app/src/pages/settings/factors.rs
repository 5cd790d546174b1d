//! Authenticator app, recovery codes, passkeys. Plain forms; only adding a passkey needs a script.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    api::factors::{
        AddPasskey, BeginTotp, ConfirmTotp, FactorsView, NewRecoveryCodes, PasskeyView, RemovePasskey, RemoveTotp,
        SetupView, read_factors,
    },
    error::ApiError,
    locale::use_text,
    text::Text,
    ui::{
        code::{Copy, Line},
        field::{Field, Look},
        icon::Icon,
        load::load,
        notice::{Failure, Notice, Tone},
        passkey::{Answer, Script},
        table::Time,
    },
};

#[component]
pub fn Factors() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_factors());
    load(data, sections)
}

fn sections(data: FactorsView) -> AnyView {
    let text = use_text();
    let missing = data
        .missing
        .then(|| view! { <Notice tone=Tone::Warn>{text.factors.required}</Notice> });
    let codes = (!data.codes.is_empty()).then(|| new_codes(text, &data.codes));
    view! {
        {missing}
        {codes}
        {app(text, &data)}
        {data.has_codes.then(|| recovery(text, &data))}
        {passkeys(text, data)}
        <Script />
    }
    .into_any()
}

/// The mistake of one of the page's forms, if it is the one that was sent.
fn error_of(data: &FactorsView, form: &str) -> Option<ApiError> {
    data.form.error.clone().filter(|_| data.form.name == form)
}

fn summary(error: &Option<ApiError>) -> Option<AnyView> {
    let error = error.clone().filter(|error| !error.is_about_fields())?;
    Some(view! { <Failure error /> }.into_any())
}

/// The password again; accounts without one need a fresh sign-in instead.
fn password(text: &'static Text, data: &FactorsView, form: &'static str, error: Option<ApiError>) -> AnyView {
    if !data.has_password {
        return ().into_any();
    }
    let look = Look {
        name: "current_password",
        form,
        label: text.factors.password,
        kind: "password",
        autocomplete: "current-password",
        ..Look::default()
    };
    view! { <Field look error /> }.into_any()
}

fn app(text: &'static Text, data: &FactorsView) -> AnyView {
    let words = &text.factors;
    let state = match &data.app_since {
        Some(_) => view! { <span class="tag tag-good">{words.app_on}</span> },
        None => view! { <span class="tag">{words.app_off}</span> },
    };
    let body = match (&data.app_since, &data.setup) {
        (Some(since), _) => {
            let since = since.clone();
            let error = error_of(data, "remove_totp");
            let fields = password(text, data, "remove-totp", error.clone());
            view! {
                <p class="muted">
                    {words.app_since} " " <Time at=since />
                </p>
                {summary(&error)}
                <details class="more" open=error.is_some()>
                    <summary data-testid="remove-app">
                        {words.remove} <Icon of=icondata_lu::LuChevronDown />
                    </summary>
                    <form class="fields" method="post" action=RemoveTotp::url() novalidate>
                        <p>
                            <b>{words.remove_app_ask}</b>
                            " "
                            {words.remove_app_note}
                        </p>
                        {fields}
                        <div>
                            <button class="btn btn-danger" type="submit">
                                {words.remove}
                            </button>
                        </div>
                    </form>
                </details>
            }
            .into_any()
        }
        (None, Some(setup)) => confirm(text, setup, error_of(data, "confirm_totp")),
        (None, None) => {
            let error = error_of(data, "begin_totp").or_else(|| error_of(data, "confirm_totp"));
            let fields = password(text, data, "totp", error.clone());
            view! {
                {summary(&error)}
                <form class="fields" method="post" action=BeginTotp::url() novalidate data-testid="begin-totp">
                    {fields}
                    <div>
                        <button class="btn btn-primary" type="submit">
                            {words.set_up}
                        </button>
                    </div>
                </form>
            }
            .into_any()
        }
    };
    view! {
        <section class="card" id="app">
            <div class="card-head">
                <div>
                    <h2>{words.app}</h2>
                    <p class="muted small">{words.app_note}</p>
                </div>
                {state}
            </div>
            {body}
        </section>
    }
    .into_any()
}

fn confirm(text: &'static Text, setup: &SetupView, error: Option<ApiError>) -> AnyView {
    let words = &text.factors;
    let size = setup.size.to_string();
    let area = ["0 0 ", &size, " ", &size].concat();
    let (qr, secret, shown) = (setup.qr.clone(), setup.secret.clone(), setup.shown.clone());
    let code = Look {
        name: "code",
        label: words.first_code,
        kind: "code",
        autocomplete: "one-time-code",
        autofocus: true,
        ..Look::default()
    };
    view! {
        <p>{words.scan}</p>
        <svg class="qr" viewBox=area role="img" aria-label=words.qr shape-rendering="crispEdges">
            <path d=qr></path>
        </svg>
        <p class="muted small">{words.type_in}</p>
        <Line id="totp-secret" value=secret />
        {summary(&error)}
        <form class="fields" method="post" action=ConfirmTotp::url() novalidate data-testid="confirm-totp">
            <input type="hidden" name="shown" value=shown />
            <Field look=code error />
            <div>
                <button class="btn btn-primary" type="submit">
                    {words.confirm}
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// A new set of codes, this once.
fn new_codes(text: &'static Text, codes: &[String]) -> AnyView {
    let words = &text.factors;
    let codes = codes.join("\n");
    view! {
        <Notice tone=Tone::Good>
            <b>{words.codes}</b>
            <p class="mb-3">{words.codes_note}</p>
            <pre class="codes" id="recovery-codes" data-testid="recovery-codes">
                {codes}
            </pre>
            <div class="flex flex-wrap gap-2 mt-3">
                <Copy of="recovery-codes".to_owned() large=true />
                <button class="btn needs-script" type="button" data-print="">
                    <Icon of=icondata_lu::LuPrinter />
                    {words.print}
                </button>
            </div>
        </Notice>
    }
    .into_any()
}

fn recovery(text: &'static Text, data: &FactorsView) -> AnyView {
    let words = &text.factors;
    let error = error_of(data, "new_codes");
    let fields = password(text, data, "new-codes", error.clone());
    view! {
        <section class="card" id="codes">
            <div class="card-head">
                <h2>{words.codes}</h2>
                <span class="tag">{(words.codes_left)(&data.codes_left)}</span>
            </div>
            {summary(&error)}
            <details class="more" open=error.is_some()>
                <summary data-testid="new-codes">
                    {words.codes_new} <Icon of=icondata_lu::LuChevronDown />
                </summary>
                <form class="fields" method="post" action=NewRecoveryCodes::url() novalidate>
                    <p>{words.codes_new_note}</p>
                    {fields}
                    <div>
                        <button class="btn" type="submit">
                            {words.codes_new}
                        </button>
                    </div>
                </form>
            </details>
        </section>
    }
    .into_any()
}

fn passkeys(text: &'static Text, data: FactorsView) -> AnyView {
    let words = &text.factors;
    let rows = data
        .passkeys
        .iter()
        .map(|passkey| passkey_row(text, &data, passkey))
        .collect_view();
    let list = if data.passkeys.is_empty() {
        view! { <p class="muted">{words.passkeys_none}</p> }.into_any()
    } else {
        view! { <ul class="passkeys">{rows}</ul> }.into_any()
    };
    let add = if data.passkeys_offered {
        add_passkey(text, &data)
    } else {
        view! { <p class="muted small">{words.passkeys_unsuitable}</p> }.into_any()
    };
    view! {
        <section class="card" id="passkeys">
            <div class="card-head">
                <div>
                    <h2>{words.passkeys}</h2>
                    <p class="muted small">{words.passkeys_note}</p>
                </div>
            </div>
            {list}
            {add}
        </section>
    }
    .into_any()
}

fn passkey_row(text: &'static Text, data: &FactorsView, passkey: &PasskeyView) -> AnyView {
    let words = &text.factors;
    let PasskeyView {
        id,
        name,
        second_factor,
        created,
        last_used,
    } = passkey.clone();
    let error = error_of(data, "remove_passkey").filter(|_| data.form.value("id") == id);
    let fields = data.has_password.then(|| {
        let look = ["passkey-", &id].concat();
        view! {
            <div class="field">
                <label for=look.clone()>{words.password}</label>
                <input
                    class="input"
                    id=look
                    name="current_password"
                    type="password"
                    autocomplete="current-password"
                    required=true
                />
            </div>
        }
    });
    let wrong = error.clone().map(|error| {
        let message = error
            .field_message(text, "current_password")
            .unwrap_or_else(|| error.message(text));
        view! { <Notice tone=Tone::Bad>{message}</Notice> }
    });
    let used = match last_used {
        Some(at) => view! { <Time at /> }.into_any(),
        None => view! { {text.common.never} }.into_any(),
    };
    view! {
        <li data-testid="passkey-row">
            <div>
                <p class="font-medium">
                    {name.clone()} " "
                    {second_factor.then(|| view! { <span class="tag">{words.passkey_is_second}</span> })}
                </p>
                <p class="muted small">
                    {words.created} " " <Time at=created /> " · " {words.last_used} " " {used}
                </p>
            </div>
            <details class="more" open=error.is_some()>
                <summary data-testid="remove-passkey">
                    {words.remove} <Icon of=icondata_lu::LuChevronDown />
                </summary>
                {wrong}
                <form class="fields" method="post" action=RemovePasskey::url() novalidate>
                    <input type="hidden" name="id" value=id />
                    <p>
                        <b>{(words.passkey_remove_ask)(&name)}</b>
                        " "
                        {words.passkey_remove_note}
                    </p>
                    {fields}
                    <div>
                        <button class="btn btn-danger" type="submit">
                            {words.remove}
                        </button>
                    </div>
                </form>
            </details>
        </li>
    }
    .into_any()
}

fn add_passkey(text: &'static Text, data: &FactorsView) -> AnyView {
    let words = &text.factors;
    let error = error_of(data, "add_passkey");
    let name = Look {
        name: "name",
        form: "passkey",
        label: words.passkey_name,
        autocomplete: "off",
        placeholder: words.passkey_name_example,
        ..Look::default()
    };
    let typed = match &error {
        Some(_) => data.form.value("name"),
        None => String::new(),
    };
    let fields = password(text, data, "passkey", error.clone());
    // Where sign-in asks for a second factor already there is nothing to choose.
    let second = (!data.has_codes).then(|| {
        view! {
            <div class="field">
                <label class="check">
                    <input type="checkbox" name="second_factor" value="true" />
                    {words.passkey_second}
                </label>
                <p class="hint">{words.passkey_second_hint}</p>
            </div>
        }
    });
    view! {
        <noscript>
            <p class="muted small">{words.no_script}</p>
        </noscript>
        <form
            class="fields needs-passkeys"
            method="post"
            action=AddPasskey::url()
            data-passkey="create"
            data-testid="add-passkey"
            novalidate
        >
            {summary(&error)}
            <Answer />
            <Field look=name error=error.clone() value=typed />
            {fields}
            {second}
            <div>
                <button class="btn btn-primary" type="submit">
                    {words.passkey_add}
                </button>
            </div>
        </form>
    }
    .into_any()
}
