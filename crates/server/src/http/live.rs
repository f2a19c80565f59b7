//! `/api/v1/live`: what arrives, as it arrives.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use utoipa::{IntoParams, ToSchema};
use zhike_domain::access::Permission;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::grade::Classes;
use zhike_domain::id::ProfileId;
use zhike_engine::grades::{self, LiveMask};
use zhike_engine::guard;
use zhike_engine::ingest::{self, LiveEvent};

use super::error::{ApiError, ApiResult};
use super::who::{Acting, still_may};

/// How often it is asked whether somebody may still look on.
const ASKED_EVERY: Duration = Duration::from_millis(500);

/// Something that just arrived; personal values are masked.
#[derive(Serialize, ToSchema)]
#[schema(as = LiveEvent)]
pub(crate) struct LiveBody {
    /// When it happened.
    at: String,
    received_at: String,
    source: String,
    /// track, identify, page, …
    kind: String,
    /// Name of the event.
    event: Option<String>,
    /// `prf_…`, once known.
    profile_id: Option<String>,
    /// accepted, rejected, refused, violation.
    outcome: String,
    /// More of it, by outcome.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

impl LiveBody {
    /// An event as it is shown, and the classes of data of which it shows something.
    fn of(event: &LiveEvent, mask: &LiveMask) -> (Self, Classes) {
        let (detail, shown) = mask(&event.source, event.event.as_deref(), &event.detail);
        let body = Self {
            at: crate::output::instant(event.at),
            received_at: crate::output::instant(event.received_at),
            source: event.source.clone(),
            kind: event.kind.clone(),
            event: event.event.clone(),
            profile_id: event.profile_id.map(|id| ProfileId::new(id).to_string()),
            outcome: event.outcome.clone(),
            detail,
        };
        (body, shown)
    }
}

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LiveQuery {
    /// Name of a source; all when absent.
    source: Option<String>,
}

/// What arrives from now on, as server-sent events: each `data` is one `LiveEvent`. An event `missed` says how many a slow
/// reader did not get. It ends within a second of the session or key that asked for it, and with an event `over_budget` once
/// half of the day's rows, or a class of data, are used up.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    params(LiveQuery),
    responses((status = 200, body = LiveBody, content_type = "text/event-stream"))
)]
pub(super) async fn show(
    app: Acting,
    headers: HeaderMap,
    query: Result<Query<LiveQuery>, QueryRejection>,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let Query(query) = query.map_err(ApiError::from)?;
    if !app.by().scope.is_all() {
        return Err(ApiError::new(
            ErrorCode::NoPermission,
            "what arrives is of all customers, most of them not known yet, and you see some customers",
            "实时数据涉及全部客户，且多数尚未识别，而您只能看部分客户",
        ));
    }
    let events = ingest::live(app.ctx());
    let mut asked = tokio::time::interval(ASKED_EVERY);
    asked.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Grades as they are when the page is opened.
    let mask = grades::live_mask(app.ctx()).await?;
    let start = (events, app.stopping(), query.source, asked, headers, mask, false);
    let app = Arc::new(app);
    let stream = futures::stream::unfold(start, move |state| {
        let app = app.clone();
        let (mut events, mut stopping, source, mut asked, headers, mask, mut is_over) = state;
        async move {
            if is_over {
                return None;
            }
            loop {
                let received: Result<Arc<LiveEvent>, RecvError> = tokio::select! {
                    // First, so that no flood of events puts it off.
                    biased;
                    _ = asked.tick() => {
                        if !still_may(&app, &headers, Permission::SourcesRead).await {
                            return None;
                        }
                        continue;
                    }
                    () = async { drop(stopping.wait_for(|stop| *stop).await) } => return None,
                    received = events.recv() => received,
                };
                let event = match received {
                    Ok(event) if source.as_ref().is_none_or(|source| *source == event.source) => {
                        let (body, shown) = LiveBody::of(&event, &mask);
                        match guard::stream(app.ctx(), shown).await {
                            Ok(true) => Event::default().json_data(body).unwrap_or_default(),
                            Ok(false) => {
                                is_over = true;
                                Event::default().event("over_budget").data("")
                            }
                            Err(error) => {
                                tracing::error!(%error, "a stream of live events ends: its budget cannot be kept");
                                return None;
                            }
                        }
                    }
                    Ok(_) => continue,
                    Err(RecvError::Lagged(n_missed)) => Event::default().event("missed").data(n_missed.to_string()),
                    Err(RecvError::Closed) => return None,
                };
                return Some((Ok(event), (events, stopping, source, asked, headers, mask, is_over)));
            }
        }
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
