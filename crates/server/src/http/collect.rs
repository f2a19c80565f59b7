//! The addresses that SDKs, tills and counters send to. Every one is listed once, in [`Endpoint::of`].
//!
//! They stand outside the console's guard: they are called from other sites' pages, with any host name, and a write key is
//! all they ask for. In return they read nothing back. What a client may rely on, whatever it sends:
//!
//! - 200 means stored durably, and a readable body is 200 even when some of its records were set aside.
//! - 400, 401, 403, 404, 405, 413: do not send this again. 429 and 503, always with `Retry-After`: do. No other status.
//! - Scans of codes (`/v1/bind`, `/b/…`) have two more: [`bind`].
//! - `{"code","message"}` names what is wrong; CORS headers stand on every answer, so that pages may read it.
//! - Memory for bodies is bounded, whatever they inflate to ([`body`]).

mod answer;
mod bind;
mod body;
mod client;
mod cors;
mod key;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use zhike_domain::collect::segment::{self, Route};
use zhike_domain::collect::{Arrival, Collected, Kind, Settings, Unreadable, plain, sensors};
use zhike_engine::collect::CollectError;
use zhike_engine::sources::{self, Source};

use super::App;
use answer::Refusal;
use body::{Body, Budget, Inflater};
pub(crate) use client::{Network, Peer, TrustedProxies, client_of};

/// What an address does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Endpoint {
    /// Segment's and RudderStack's messages.
    Segment(Route),
    /// Segment's SDKs report on themselves here; taken and forgotten.
    SdkMetrics,
    /// What Segment's browser SDK asks before it sends anything; with the write key of the path.
    SegmentSettings(String),
    /// The same for RudderStack's.
    SourceConfig,
    /// Sensors' records.
    Sensors {
        /// Whether records are only checked when `Dry-Run` asks for it.
        is_debug: bool,
    },
    /// Events, orders and profiles without an SDK.
    Plain,
    /// A scan of a code, sent by an app.
    Scan,
    /// The page of a code, with its token.
    ScanPage(String),
    /// Below the same prefixes, but nothing.
    Nothing,
}

impl Endpoint {
    /// What stands at a path; slashes at the end, and doubled ones at the start, say nothing.
    fn of(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        if let Some(key) = path.strip_prefix("v1/projects/").and_then(|rest| rest.strip_suffix("/settings")) {
            return Some(Self::SegmentSettings(key.to_owned()));
        }
        if let Some(token) = path.strip_prefix("b/") {
            return Some(Self::ScanPage(token.to_owned()));
        }
        Some(match path {
            "v1/bind" => Self::Scan,
            "v1/events" => Self::Plain,
            "v1/m" => Self::SdkMetrics,
            "sourceConfig" => Self::SourceConfig,
            "sa" | "sa.gif" => Self::Sensors { is_debug: false },
            "debug" => Self::Sensors { is_debug: true },
            _ if path.starts_with("v1/") || path.starts_with("beacon/") => {
                Route::of_path(&format!("/{path}")).map_or(Self::Nothing, Self::Segment)
            }
            _ => return None,
        })
    }

    fn allows(&self, method: &Method) -> bool {
        match self {
            Self::Segment(_) | Self::SdkMetrics | Self::Plain | Self::Scan => method == Method::POST,
            Self::SegmentSettings(_) | Self::SourceConfig => matches!(*method, Method::GET | Method::HEAD),
            Self::Sensors { .. } | Self::ScanPage(_) => matches!(*method, Method::GET | Method::HEAD | Method::POST),
            Self::Nothing => true,
        }
    }
}

/// What collection needs besides the use cases.
pub(crate) struct Collector {
    /// Whose word about the client's address is taken.
    pub(crate) proxies: TrustedProxies,
    /// How clients reach this server, when their own request does not tell.
    pub(crate) public_url: Option<String>,
    budget: Budget,
    /// Large bodies are read and stored one after the other: as values they take several times their bytes.
    large: tokio::sync::Semaphore,
    pub(crate) counts: Counts,
}

/// What was answered since the start.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) n_accepted: AtomicU64,
    pub(crate) n_rejected: AtomicU64,
    pub(crate) n_requests: AtomicU64,
    pub(crate) n_refused: AtomicU64,
    pub(crate) n_deferred: AtomicU64,
}

impl Collector {
    pub(crate) fn new(proxies: TrustedProxies, public_url: Option<String>) -> Self {
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        Self {
            proxies,
            public_url,
            budget: Budget::default(),
            large: tokio::sync::Semaphore::new(1),
            counts: Counts::default(),
        }
    }

    /// Bytes of bodies that are being read or stored.
    pub(crate) fn bytes_in_flight(&self) -> usize {
        self.budget.used()
    }
}

/// Answers what is sent to collection, and lets everything else pass.
pub(super) async fn intercept(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(endpoint) = Endpoint::of(request.uri().path()) else {
        return next.run(request).await;
    };
    let cors = cors::Cors::of(request.headers());
    if request.method() == Method::OPTIONS {
        return cors.apply(answer::success());
    }
    let counts = &app.collector().counts;
    counts.n_requests.fetch_add(1, Ordering::Relaxed);
    let taken = AssertUnwindSafe(take(&app, endpoint, request)).catch_unwind().await;
    let response = match taken {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => {
            let count = if refusal.is_retryable() { &counts.n_deferred } else { &counts.n_refused };
            count.fetch_add(1, Ordering::Relaxed);
            refusal.respond()
        }
        Err(_) => {
            tracing::error!("collection panicked");
            Refusal::internal().respond()
        }
    };
    cors.apply(response)
}

async fn take(app: &App, endpoint: Endpoint, request: Request) -> Result<Response, Refusal> {
    if !endpoint.allows(request.method()) {
        return Err(Refusal::method());
    }
    match endpoint {
        Endpoint::Nothing => Err(Refusal::nothing_here()),
        Endpoint::SdkMetrics => {
            // Read, so that the connection can be used again.
            Body::read(request.into_body(), None, &app.collector().budget).await?;
            Ok(answer::success())
        }
        Endpoint::SegmentSettings(key) => {
            let source = key::find(app, &key).await?;
            let host = client::own_address(app.collector(), &request);
            Ok(answer::segment_settings(&source.write_key, &host))
        }
        Endpoint::SourceConfig => {
            let key = key::of_request(request.headers(), request.uri()).ok_or_else(Refusal::no_key)?;
            let source = key::find(app, &key).await?;
            Ok(answer::source_config(&source))
        }
        Endpoint::Scan => bind::app_scan(app, request).await,
        Endpoint::ScanPage(token) => bind::page(app, &token, request).await,
        Endpoint::Segment(_) | Endpoint::Sensors { .. } | Endpoint::Plain => collect(app, endpoint, request).await,
    }
}

/// Reads a body and says yes: what the HTTP stack costs without the work. For measuring only.
pub(crate) async fn answer_at_once(request: Request) -> Response {
    match Body::read(request.into_body(), None, &Budget::default()).await {
        Ok(_) => answer::success(),
        Err(refusal) => refusal.respond(),
    }
}

/// A request whose body was read, with what is known of it.
struct Sent {
    endpoint: Endpoint,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
    received_at: i64,
    request_id: String,
    peer_ip: Option<String>,
}

async fn collect(app: &App, endpoint: Endpoint, request: Request) -> Result<Response, Refusal> {
    let received_at = app.ctx().now();
    let peer_ip = client::address(&app.collector().proxies, &request);
    let (parts, body) = request.into_parts();
    let body = if parts.method == Method::POST {
        let encoding = parts.headers.get("content-encoding").and_then(|value| value.to_str().ok());
        Body::read(body, encoding, &app.collector().budget).await?
    } else {
        Body::default()
    };
    let is_pixel = parts.method != Method::POST;
    // Never closed, so it is always had.
    let _turn = if body.bytes().len() > body::LARGE_BYTES { app.collector().large.acquire().await.ok() } else { None };
    let sent = Sent {
        endpoint,
        uri: parts.uri,
        headers: parts.headers,
        body,
        received_at,
        // Ours, never the client's: records without an id of their own are told apart by it.
        request_id: uuid::Uuid::new_v4().simple().to_string(),
        peer_ip: peer_ip.map(|ip| ip.to_string()),
    };
    let key = key::of_request(&sent.headers, &sent.uri);
    let mut source = match &key {
        Some(key) => Some(key::find(app, key).await?),
        None => None,
    };
    let mut settings = source.as_ref().map(|source| source.settings.clone()).unwrap_or_default();
    let (mut sent, mut collected) = decode(app, sent, settings.clone()).await?;
    if source.is_none() {
        let named = collected.write_key.as_deref().or_else(|| {
            // A back-end SDK of Sensors may name its project's token in the records alone.
            collected.records.iter().find_map(|record| record.token.as_deref())
        });
        let found = key::find(app, named.ok_or_else(Refusal::no_key)?).await?;
        if found.settings != settings {
            settings = found.settings.clone();
            (sent, collected) = decode(app, sent, settings).await?;
        }
        source = Some(found);
    }
    let source = source.ok_or_else(Refusal::no_key)?;
    key::check_origin(&source, &sent.headers, is_pixel)?;
    let is_dry = sent.endpoint == Endpoint::Sensors { is_debug: true }
        && sent.headers.get("dry-run").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let rejected: Vec<_> = collected
        .records
        .iter()
        .filter_map(|record| Some((record.index, record.outcome.as_ref().err()?)))
        .map(|(index, rejected)| answer::RejectedRecord::new(index, rejected))
        .take(100)
        .collect();
    let mut n_accepted = collected.accepted().count() as u64;
    if !is_dry {
        n_accepted = 0;
        for (source, collected) in by_source(app, source, collected, &sent).await? {
            let ack = zhike_engine::collect::collect(app.ctx(), &source, collected, received_at).await?;
            let counts = &app.collector().counts;
            counts.n_accepted.fetch_add(ack.n_accepted, Ordering::Relaxed);
            counts.n_rejected.fetch_add(ack.n_rejected, Ordering::Relaxed);
            n_accepted += ack.n_accepted;
        }
    }
    Ok(match sent.endpoint {
        Endpoint::Sensors { .. } if is_pixel => answer::pixel(),
        Endpoint::Plain | Endpoint::Sensors { is_debug: true } => answer::counts(n_accepted, &rejected),
        _ => answer::success(),
    })
}

/// The records of a request by the source that takes them: records that name another token than the request go to that
/// token's source, if there is one, else they stay.
async fn by_source(
    app: &App,
    source: std::sync::Arc<Source>,
    mut collected: Collected,
    sent: &Sent,
) -> Result<Vec<(std::sync::Arc<Source>, Collected)>, Refusal> {
    let is_foreign = |token: &Option<String>| token.as_ref().is_some_and(|token| *token != source.write_key);
    let mut tokens: Vec<String> =
        collected.records.iter().filter(|record| is_foreign(&record.token)).filter_map(|r| r.token.clone()).collect();
    tokens.sort_unstable();
    tokens.dedup();
    let mut groups = Vec::new();
    // A request names few tokens; one that names many is not worth as many look-ups.
    for token in tokens.into_iter().take(16) {
        let Some(other) = sources::by_key(app.ctx(), &token).await?.filter(|other| other.is_enabled) else { continue };
        if key::check_origin(&other, &sent.headers, false).is_err() {
            continue;
        }
        let (theirs, ours) =
            std::mem::take(&mut collected.records).into_iter().partition(|r| r.token.as_ref() == Some(&token));
        collected.records = ours;
        groups.push((other, Collected { write_key: None, records: theirs }));
    }
    if !collected.records.is_empty() || groups.is_empty() {
        groups.push((source, collected));
    }
    Ok(groups)
}

/// Bodies from this size on are read apart, so that they do not hold up the answers to others.
const LONG_BYTES: usize = 64 << 10;

async fn decode(app: &App, sent: Sent, settings: Settings) -> Result<(Sent, Collected), Refusal> {
    let budget = app.collector().budget.clone();
    if sent.body.bytes().len() < LONG_BYTES {
        let collected = read(&sent, &settings, &budget)?;
        return Ok((sent, collected));
    }
    let task = tokio::task::spawn_blocking(move || {
        let collected = read(&sent, &settings, &budget);
        (sent, collected)
    });
    let (sent, collected) = task.await.map_err(|_| Refusal::internal())?;
    Ok((sent, collected?))
}

fn read(sent: &Sent, settings: &Settings, budget: &Budget) -> Result<Collected, Refusal> {
    let header = |name| sent.headers.get(name).and_then(|value| value.to_str().ok());
    let arrival = Arrival {
        received_at: sent.received_at,
        request_id: &sent.request_id,
        peer_ip: sent.peer_ip.as_deref(),
        user_agent: header("user-agent"),
        sent_at: header("sentat"),
        settings,
    };
    let body = sent.body.bytes();
    let collected = match &sent.endpoint {
        Endpoint::Segment(route) => segment::read(body, *route, &arrival),
        Endpoint::Plain => plain::read(body, header("idempotency-key"), &arrival),
        _ => {
            let query = sent.uri.query().unwrap_or_default();
            let inflater = Inflater::new(budget);
            let collected = sensors::read(query, body, &|bytes| inflater.inflate(bytes), &arrival);
            if let Some(refusal) = inflater.refusal() {
                return Err(refusal);
            }
            collected
        }
    };
    Ok(collected?)
}

/// Kinds that a source may be limited to, as its settings name them.
pub(crate) fn kind_names() -> impl Iterator<Item = &'static str> {
    [
        Kind::Track,
        Kind::Page,
        Kind::Screen,
        Kind::Identify,
        Kind::Group,
        Kind::Alias,
        Kind::Link,
        Kind::Unlink,
        Kind::ProfileSet,
        Kind::ProfileSetOnce,
        Kind::ProfileIncrement,
        Kind::ProfileAppend,
        Kind::ProfileUnset,
        Kind::ProfileDelete,
        Kind::ItemSet,
        Kind::ItemDelete,
    ]
    .into_iter()
    .map(Kind::as_str)
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        let message = unreadable.to_string();
        let zh = match unreadable.http_status() {
            413 => "请求过大：请分批发送".to_owned(),
            _ => format!("无法读取请求体：{message}"),
        };
        Self::new(unreadable.http_status(), unreadable.code(), message, zh)
    }
}

impl From<CollectError> for Refusal {
    fn from(error: CollectError) -> Self {
        let message = error.to_string();
        match error {
            CollectError::Busy { retry_after_s } => {
                Self::later(429, "busy", message, "等待写入的数据过多，请稍后重发", retry_after_s)
            }
            CollectError::Unavailable { retry_after_s, .. } => {
                Self::later(503, "unavailable", message, "暂时无法写入，请稍后重发", retry_after_s)
            }
            CollectError::TooLarge => Self::too_large(),
            CollectError::Forbidden(_) => {
                let zh = format!("这个数据源不允许发送该内容：{message}");
                Self::new(403, "forbidden", message, zh)
            }
            CollectError::Other(error) => error.into(),
        }
    }
}

impl From<zhike_engine::Error> for Refusal {
    fn from(error: zhike_engine::Error) -> Self {
        let status = error.code.http_status();
        if status >= 500 {
            let cause = error.cause.as_deref().map(|cause| zhike_engine::with_causes(cause)).unwrap_or_default();
            tracing::error!(code = error.code.as_str(), cause, "collection failed");
        }
        match status {
            // Clients drop what they get some other 5xx for.
            500.. => Self::later(503, error.code.as_str(), error.message, error.message_zh, 5),
            404 => Self::unknown_key(),
            _ => Self::new(400, error.code.as_str(), error.message, error.message_zh),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_and_slashes_say_nothing() {
        let of = |path: &str| Endpoint::of(path);
        for path in ["/v1/batch", "/v1/batch/", "//v1/b", "/beacon/v1/batch", "/v1/import//"] {
            assert_eq!(of(path), Some(Endpoint::Segment(Route::Batch)), "{path}");
        }
        assert_eq!(of("/v1/t/"), Some(Endpoint::Segment(Route::Single(Kind::Track))));
        assert_eq!(of("/v1/projects/k1/settings/"), Some(Endpoint::SegmentSettings("k1".into())));
        assert_eq!(of("/sourceConfig/"), Some(Endpoint::SourceConfig));
        assert_eq!(of("/sa.gif"), Some(Endpoint::Sensors { is_debug: false }));
        assert_eq!(of("/debug/"), Some(Endpoint::Sensors { is_debug: true }));
        assert_eq!(of("/v1/events"), Some(Endpoint::Plain));
        assert_eq!(of("/v1/bind/"), Some(Endpoint::Scan));
        assert_eq!(of("/b/tok"), Some(Endpoint::ScanPage("tok".into())));
        assert_eq!(of("/v1/nothing"), Some(Endpoint::Nothing));
        for path in [
            "/",
            "",
            "//",
            "/api/v1/sources",
            "/sources",
            "/v1",
            "/sales",
            "/debugger",
            "/assets/v1/x.js",
            "/b",
            "/bind",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
