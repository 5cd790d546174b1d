//! English: the catalogue's pages.

use types::{
    catalogue::{Availability, ModelKind, TestOutcome},
    provider::Shape,
};

use crate::text::catalogue::*;

pub const CATALOGUE: Catalogue = Catalogue {
    providers: PROVIDERS,
    models: MODELS,
    offered: OFFERED,
    wrong: |code| {
        Some(match code {
            "not_a_name" => "Printable characters without spaces, such as gpt-5-mini.",
            "not_a_credential" => "A credential has no spaces and no line breaks.",
            "not_a_price" => "Dollars per million tokens as digits, such as 3.00 or 0.075.",
            "zero_price" => "Zero for input and output: say that the model is free if that is meant.",
            "out_of_range" => "A whole number that is not too small and not too large.",
            "repeated" => "This stands here twice.",
            "not_a_url" => "An address such as https://api.example.com/v1.",
            "https_only" => "It must begin with https://; http only where private networks are allowed.",
            "url_credentials" => "No user name or password in the address; the credential has a field of its own.",
            "url_query" => "No ? and no # in the address.",
            "private_address" => {
                "This is a private address. Allow private networks for this provider if that is meant."
            }
            "wrong_type" => "A whole number.",
            _ => return None,
        })
    },
    enabled: "Enabled",
    disabled: "Disabled",
    enable: "Enable",
    disable: "Disable",
    managed: "From the configuration",
    managed_note: "The configuration (weirgate.toml or the environment) wrote this, and only it changes it. Change it there and start the server again.",
    in_the_way: "Something is in the way: the name is taken, something still refers to it, or the configuration owns it.",
    per_million: "US dollars per million tokens",
    unpriced: "unpriced",
    free: "free",
};

const PROVIDERS: CatalogueProviders = CatalogueProviders {
    title: "Providers",
    note: "Vendors and local servers that models are called at. Changes hold at once.",
    list: "Providers",
    empty: "No providers yet",
    empty_note: "Choose one below, store its credential, and test it.",
    all: "All providers",
    new: "Add a provider",
    new_note: "Choose a vendor to fill the form in, or write it yourself.",
    vendors: "Vendors",
    local: "On your own machines",
    custom: "Another one",
    name: "Name",
    name_hint: "What routes of models and the books call it. It cannot be changed later.",
    dialect: "Speaks",
    shape: |shape| match shape {
        Shape::Anthropic => "Anthropic Messages",
        Shape::Openai => "OpenAI Chat Completions",
        Shape::Litellm => "LiteLLM proxy",
    },
    base_url: "Base URL",
    base_url_hint: "As the vendor's SDK takes it: OpenAI-shaped with /v1, Anthropic-shaped without.",
    responses: "Serves OpenAI's Responses itself",
    responses_hint: "Otherwise such calls are translated.",
    private: "May be on a private network",
    private_hint: "Loopback and private addresses are refused unless this is set, when it is saved and again when it is called.",
    credential: "Credential",
    credential_hint: "The vendor's API key. It is encrypted and never shown again. Leave it empty if none is needed.",
    credential_set: "Set",
    credential_unset: "Not set",
    credential_since: "changed",
    credential_for_address: "Needed only when the base URL moves to another host: the stored one is never sent there.",
    rotate: "Store another credential",
    rotate_note: "Calls use it from the moment it is saved.",
    rotated: "The new credential is in use.",
    remove_credential: "Remove the credential",
    remove_credential_ask: |name| format!("Remove the credential of {name}?"),
    remove_credential_note: "Calls go out without one from then on.",
    models: "Models",
    state: "State",
    add: "Add provider",
    created: "The provider is added. Test it, then give it models.",
    settings: "Settings",
    test: "Test",
    test_note: "Asks the saved provider for its models, for at most ten seconds.",
    test_do: "Test now",
    outcome: |outcome| match outcome {
        TestOutcome::Works => "It answered and took the credential.",
        TestOutcome::NoList => {
            "It answered, but not with a list of models. Calls may work all the same; check the base URL if they do not."
        }
        TestOutcome::CredentialRefused => "It does not take the credential. Store the right one.",
        TestOutcome::WrongAddress => {
            "There is no list of models at this address. Check the base URL: OpenAI-shaped ones end in /v1, Anthropic-shaped ones do not."
        }
        TestOutcome::Redirects => {
            "It points to another address, which is not followed. Set the base URL to where it leads."
        }
        TestOutcome::RateLimited => "It says that there are too many requests. Address and way are right.",
        TestOutcome::Fails => "It answered with an error of its own. Try again later.",
        TestOutcome::Unexpected => "It gave an answer that was not expected. Check the base URL and what it speaks.",
        TestOutcome::PrivateAddress => {
            "The address is private or leads to a private one. Allow private networks if that is meant."
        }
        TestOutcome::Unreachable => "It could not be reached. Check the base URL and the network.",
        TestOutcome::TooSlow => "It did not answer whole within ten seconds.",
    },
    answered: |status, time| format!("Status {status} after {time}"),
    lists: |count| format!("Models it lists: {count}"),
    disable_note: "Models lose this way to be served; nothing is deleted.",
    delete: "Delete provider",
    delete_ask: |name| format!("Delete {name}?"),
    delete_note: "Only a provider that no model has a route to can be deleted. What it served stays on the books.",
    deleted: "The provider is deleted.",
};

const MODELS: CatalogueModels = CatalogueModels {
    title: "Models",
    list: "Models",
    note: "The names clients use, and who serves them. Changes hold at once.",
    empty: "No models yet",
    empty_note: "Add a provider first, then the models it serves.",
    all: "All models",
    add: "Add a model",
    new: "New model",
    name: "Name",
    name_hint: "What clients write as model. It cannot be changed later.",
    display_name: "Name for people",
    kind: "Kind",
    kinds: |kind| match kind {
        ModelKind::Chat => "Chat",
        ModelKind::Embedding => "Embedding",
    },
    context: "Context, tokens",
    output: "Most output, tokens",
    capabilities: "Capabilities",
    capabilities_hint: "Words of a to z, 0 to 9 and _, with spaces between them: tools vision reasoning json_schema",
    routes: "Routes",
    routes_note: "Lower priorities are tried first; among equals the weight is the share. Leave a row empty to remove it; saving adds empty ones.",
    provider: "Provider",
    upstream: "Model there",
    weight: "Weight",
    priority: "Priority",
    no_providers: "There is no provider yet. Add one first.",
    state: "State",
    unserved: "Nobody serves it",
    created: "The model is added and can be called.",
    settings: "Settings",
    price: "Price",
    price_note: "A change makes a new version. Calls that were admitted before keep the old one.",
    prices: [
        "Input",
        "Output",
        "Cache read",
        "Cache write, 5 min",
        "Cache write, 1 h",
    ],
    price_optional: "Empty: charged as plain input.",
    is_free: "The model is free of charge",
    set_price: "Set price",
    price_set: "The new price holds for calls from now on.",
    withdraw: "Withdraw the price",
    withdraw_ask: |name| format!("Withdraw the price of {name}?"),
    withdraw_note: "Calls are unpriced from then on, until another one is set. What was called before keeps its cost.",
    withdrawn: "The price is withdrawn. Calls are unpriced until another one is set.",
    no_price: "withdrawn",
    availability: "Now",
    history: "Versions",
    version: "Version",
    since: "Since",
    author: "By",
    configuration: "configuration or command line",
    disable_note: "Nobody can call it then; nothing is deleted.",
    delete: "Delete model",
    delete_ask: |name| format!("Delete {name}?"),
    delete_note: "Only a model that was never called and that no key, team or organization is limited to can be deleted.",
    deleted: "The model is deleted.",
};

const OFFERED: Offered = Offered {
    title: "Models",
    note: "What your keys can call here, and what it costs.",
    list: "Models you may call",
    empty: "No models yet",
    empty_note: "An administrator adds providers and models, or allows your team some.",
    model: "Model",
    served_by: "Served by",
    context: "Context",
    output: "Output",
    can: "Can",
    input_price: "Input",
    output_price: "Output",
    cache_price: "Cached",
    state: "State",
    availability: |availability| match availability {
        Availability::Available => "Available",
        Availability::Degraded => "Degraded",
        Availability::Unavailable => "Unavailable",
    },
};
