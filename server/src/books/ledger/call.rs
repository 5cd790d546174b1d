//! One call on its way through the ledger: who, what and at which price; then how it ended.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use types::{
    CallId, ConversationId, KeyId, Nanos, OrganizationId, PriceId, Timestamp, Tokens, UserId,
    money::Prices,
    usage::{CallStatus, UsageSource},
};

use crate::{books::prices, error::Error};

/// What is known when a call is admitted.
#[derive(Debug, Clone)]
pub struct OpenCall {
    pub call_id: CallId,
    pub request_id: String,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    /// `None` for access tokens.
    pub key_id: Option<KeyId>,
    /// The public name; `upstream_model` is what the provider calls it.
    pub model: String,
    pub provider: String,
    pub upstream_model: String,
    /// The version the call is charged with, whatever happens to the price meanwhile.
    pub price: Option<(PriceId, Prices)>,
    /// Path template, such as `/v1/messages`.
    pub endpoint: &'static str,
    pub stream: bool,
    pub opened_at: Timestamp,
    /// As the client named it: whether it is the caller's own is asked when sums are read.
    pub conversation_id: Option<ConversationId>,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub status: CallStatus,
    /// What the client was told.
    pub http_status: u16,
    pub source: UsageSource,
    pub tokens: Tokens,
    pub latency_ms: u64,
    /// Time to the first byte of content.
    pub ttft_ms: Option<u64>,
    /// A low-cardinality reason when the status is not `settled`.
    pub error_class: Option<&'static str>,
    /// Who served it in the end, when that is not who the open record names.
    pub served_by: Option<ServedBy>,
    /// Every try as a JSON list of [`types::usage::Attempt`]; none when one was enough.
    pub attempts: Option<String>,
}

/// A provider and its name for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedBy {
    pub provider: String,
    pub upstream_model: String,
}

/// A call of a known caller that was refused before anything was dialled.
#[derive(Debug, Clone)]
pub struct Refused {
    pub request_id: String,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub key_id: Option<KeyId>,
    /// Empty when the caller named none that is known here.
    pub model: String,
    pub endpoint: &'static str,
    /// Low-cardinality.
    pub reason: &'static str,
    pub http_status: u16,
}

/// A call's identity in the shape the statements bind: shared texts are not copied again.
#[derive(Debug)]
pub(crate) struct Call {
    /// Primary key in `calls_open`; 0 for a refusal, which never had a row there.
    pub key: i64,
    pub id: CallId,
    pub request_id: Arc<str>,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub key_id: Option<KeyId>,
    pub model: Arc<str>,
    pub provider: Arc<str>,
    pub upstream_model: Arc<str>,
    pub price_id: Option<PriceId>,
    pub prices: Option<Prices>,
    pub endpoint: Cow<'static, str>,
    pub stream: bool,
    pub opened_at: Timestamp,
    pub conversation_id: Option<ConversationId>,
    pub progress: Progress,
}

impl Call {
    pub fn open(key: i64, call: OpenCall) -> Self {
        Call {
            key,
            id: call.call_id,
            request_id: call.request_id.into(),
            organization_id: call.organization_id,
            user_id: call.user_id,
            key_id: call.key_id,
            model: call.model.into(),
            provider: call.provider.into(),
            upstream_model: call.upstream_model.into(),
            price_id: call.price.map(|(id, _)| id),
            prices: call.price.map(|(_, prices)| prices),
            endpoint: Cow::Borrowed(call.endpoint),
            stream: call.stream,
            opened_at: call.opened_at,
            conversation_id: call.conversation_id,
            progress: Progress::default(),
        }
    }
}

/// A finished call: the row of `usage_logs`.
#[derive(Debug, Clone)]
pub(crate) struct Settled {
    pub call: Arc<Call>,
    pub provider: Arc<str>,
    pub upstream_model: Arc<str>,
    pub status: CallStatus,
    pub http_status: u16,
    pub source: UsageSource,
    pub tokens: Tokens,
    pub cost: Nanos,
    pub unpriced: bool,
    pub latency_ms: Option<u64>,
    pub ttft_ms: Option<u64>,
    pub error_class: Option<&'static str>,
    pub attempts: Option<Arc<str>>,
    pub settled_at: Timestamp,
}

impl Settled {
    pub fn new(call: Arc<Call>, outcome: Outcome, settled_at: Timestamp) -> Self {
        let (cost, unpriced) = prices::charge(call.prices.as_ref(), &outcome.tokens);
        let (provider, upstream_model) = match outcome.served_by {
            Some(served) => (served.provider.into(), served.upstream_model.into()),
            None => (Arc::clone(&call.provider), Arc::clone(&call.upstream_model)),
        };
        Settled {
            call,
            provider,
            upstream_model,
            status: outcome.status,
            http_status: outcome.http_status,
            source: outcome.source,
            tokens: outcome.tokens,
            cost,
            unpriced,
            latency_ms: Some(outcome.latency_ms),
            ttft_ms: outcome.ttft_ms,
            error_class: outcome.error_class,
            attempts: outcome.attempts.map(Into::into),
            settled_at,
        }
    }

    /// A call whose process ended before it did. `tokens` is the last checkpoint.
    pub fn lost(call: Call, tokens: Option<Tokens>, settled_at: Timestamp) -> Self {
        let (cost, unpriced) = prices::charge(call.prices.as_ref(), &tokens.unwrap_or_default());
        Settled {
            provider: Arc::clone(&call.provider),
            upstream_model: Arc::clone(&call.upstream_model),
            call: Arc::new(call),
            status: CallStatus::Lost,
            http_status: 0,
            source: tokens.map_or(UsageSource::None, |_| UsageSource::Partial),
            tokens: tokens.unwrap_or_default(),
            cost,
            unpriced,
            latency_ms: None,
            ttft_ms: None,
            error_class: Some("process_ended"),
            attempts: None,
            settled_at,
        }
    }

    pub fn refused(id: CallId, refused: Refused, now: Timestamp) -> Self {
        let nothing: Arc<str> = Arc::from("");
        Settled {
            provider: Arc::clone(&nothing),
            upstream_model: Arc::clone(&nothing),
            call: Arc::new(Call {
                key: 0,
                id,
                request_id: refused.request_id.into(),
                organization_id: refused.organization_id,
                user_id: refused.user_id,
                key_id: refused.key_id,
                model: refused.model.into(),
                provider: Arc::clone(&nothing),
                upstream_model: nothing,
                price_id: None,
                prices: None,
                endpoint: Cow::Borrowed(refused.endpoint),
                stream: false,
                opened_at: now,
                conversation_id: None,
                progress: Progress::default(),
            }),
            status: CallStatus::Refused,
            http_status: refused.http_status,
            source: UsageSource::None,
            tokens: Tokens::default(),
            cost: Nanos(0),
            unpriced: false,
            latency_ms: None,
            ttft_ms: None,
            error_class: Some(refused.reason),
            attempts: None,
            settled_at: now,
        }
    }
}

const PENDING: u8 = 0;
const DURABLE: u8 = 1;
const FAILED: u8 = 2;

/// Where a call's open record stands. One waiter, woken exactly when its own record is decided: a shared signal would wake every waiter at every commit.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    state: AtomicU8,
    /// Settled in the group that would have opened it: nothing needs to be written to `calls_open`.
    pub skipped: AtomicBool,
    waiter: AtomicWaker,
}

impl Progress {
    pub fn is_pending(&self) -> bool {
        self.state.load(Ordering::Acquire) == PENDING
    }

    pub fn has_failed(&self) -> bool {
        self.state.load(Ordering::Acquire) == FAILED
    }

    pub fn set_durable(&self) {
        self.decide(DURABLE);
    }

    /// Whether this call decided it.
    pub fn set_failed(&self) -> bool {
        self.decide(FAILED)
    }

    fn decide(&self, state: u8) -> bool {
        let first = self
            .state
            .compare_exchange(PENDING, state, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        if first {
            self.waiter.wake();
        }
        first
    }

    pub fn poll(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.is_pending() {
            self.waiter.register(context.waker());
        }
        match self.state.load(Ordering::Acquire) {
            PENDING => Poll::Pending,
            DURABLE => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err(Error::unavailable("the ledger could not write the open record"))),
        }
    }
}
