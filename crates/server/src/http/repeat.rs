//! Requests that are made again: reads whose answer has not changed are answered by 304, writes that carry an
//! `Idempotency-Key` are done once.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::sync::Mutex;
use zhike_domain::access::Principal;
use zhike_domain::error_code::ErrorCode;

use super::App;
use super::error::ApiError;

/// Header that names a write.
const KEY: &str = "idempotency-key";
/// Header of an answer that was given before.
const REPLAYED: &str = "idempotency-replayed";
/// Answers are remembered so long, and so many.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
const MAX_REMEMBERED: usize = 1_000;
const MAX_KEY_BYTES: usize = 255;
/// Larger answers carry no tag and are not remembered.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// Reads: a tag of the answer's content, and 304 for those who have it.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    let is_read = *request.method() == Method::GET && request.uri().path().starts_with("/api/");
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    if !is_read || response.status() != StatusCode::OK || !is_small_json(&response) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_ANSWER_BYTES).await else {
        return ApiError::new(ErrorCode::Internal, "the answer broke off", "回答中断").into_response();
    };
    let tag = format!("\"{:016x}-{:x}\"", print_of(&body), body.len());
    if let Ok(value) = HeaderValue::from_str(&tag) {
        head.headers.insert(header::ETAG, value);
    }
    if known.and_then(|known| known.to_str().ok().map(|text| names(text, &tag))).unwrap_or(false) {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_LENGTH);
        head.headers.remove(header::CONTENT_TYPE);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(body))
}

/// Whether a list of tags names one.
fn names(list: &str, tag: &str) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

fn is_small_json(response: &Response) -> bool {
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    // Without a length it is a stream.
    is_json && axum::body::HttpBody::size_hint(response.body()).exact().is_some_and(|n| n <= MAX_ANSWER_BYTES as u64)
}

fn print_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// The answers to writes that were named.
#[derive(Default)]
pub(super) struct Answered(std::sync::Mutex<Known>);

#[derive(Default)]
struct Known {
    of: HashMap<String, Arc<Mutex<Option<Answer>>>>,
    oldest_first: VecDeque<(Instant, String)>,
}

/// What was asked and answered.
struct Answer {
    request: u64,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answered {
    /// The place of a key's answer.
    fn place(&self, key: &str) -> Arc<Mutex<Option<Answer>>> {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while let Some((at, _)) = known.oldest_first.front()
            && (at.elapsed() > REMEMBERED || known.oldest_first.len() > MAX_REMEMBERED)
        {
            if let Some((_, oldest)) = known.oldest_first.pop_front() {
                known.of.remove(&oldest);
            }
        }
        if let Some(place) = known.of.get(key) {
            return place.clone();
        }
        let place = Arc::new(Mutex::new(None));
        known.of.insert(key.to_owned(), place.clone());
        known.oldest_first.push_back((Instant::now(), key.to_owned()));
        place
    }
}

/// Marks the answer of a write that may be given again: neither secrets nor values of people are in it.
#[derive(Clone, Copy)]
struct Rememberable;

/// See [`Rememberable`]; routes say so when they are listed (`who::Routes`).
pub(super) fn rememberable(mut response: Response) -> Response {
    response.extensions_mut().insert(Rememberable);
    response
}

/// Writes: the same key gives the same answer without doing anything again; another request under it is refused.
/// Failures of the server are not remembered, so that they can be tried again; nor is what was only read, which is to be
/// allowed and counted each time.
pub(super) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_write = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
    let Some(key) = request.headers().get(KEY).filter(|_| is_write && request.uri().path().starts_with("/api/")) else {
        return next.run(request).await;
    };
    let Some(key) = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= MAX_KEY_BYTES) else {
        let en = format!("Idempotency-Key holds 1 to {MAX_KEY_BYTES} printable characters");
        let zh = format!("Idempotency-Key 为 1 至 {MAX_KEY_BYTES} 个可见字符");
        return ApiError::new(ErrorCode::BadRequest, en, zh).into_response();
    };
    // Nobody's answer is another's, nor what somebody may not do any more.
    let Some(by) = request.extensions().get::<Arc<Principal>>() else { return next.run(request).await };
    let place = app.answered().place(&format!("{} {:?} {:?} {key}", by.id, by.permissions, by.scope));
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, super::MAX_JSON_BYTES).await else {
        let en = "a request with an Idempotency-Key is at most 8 MiB; files are recognised by their content";
        let zh = "带 Idempotency-Key 的请求最大 8 MiB；文件按内容识别，不需要它";
        return ApiError::new(ErrorCode::BadRequest, en, zh).into_response();
    };
    let mut hasher = DefaultHasher::new();
    (head.method.as_str(), head.uri.to_string(), &body[..]).hash(&mut hasher);
    let asked = hasher.finish();
    // Whoever asks at the same time waits for the answer.
    let mut known = place.lock().await;
    if let Some(answer) = known.as_ref() {
        if answer.request != asked {
            let en = "this Idempotency-Key belongs to another request: use a new one";
            let zh = "这个 Idempotency-Key 已用于另一请求：请换一个";
            return ApiError::new(ErrorCode::Conflict, en, zh).into_response();
        }
        let mut response = (answer.status, answer.headers.clone(), answer.body.clone()).into_response();
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        return response;
    }
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    let is_remembered = response.extensions().get::<Rememberable>().is_some();
    if !is_remembered || response.status().is_server_error() || !is_small_json(&response) {
        return response;
    }
    let (head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_ANSWER_BYTES).await else {
        return ApiError::new(ErrorCode::Internal, "the answer broke off", "回答中断").into_response();
    };
    let mut headers = head.headers.clone();
    headers.remove("x-request-id");
    *known = Some(Answer { request: asked, status: head.status, headers, body: body.clone() });
    Response::from_parts(head, Body::from(body))
}

#[cfg(test)]
mod tests {
    use super::{Answered, MAX_REMEMBERED, names};

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        for (list, is) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("", false),
            ("a", false),
        ] {
            assert_eq!(names(list, "\"a\""), is, "{list}");
        }
    }

    #[test]
    fn no_more_answers_are_remembered_than_may_be() {
        let answered = Answered::default();
        for key in 0..MAX_REMEMBERED * 2 {
            answered.place(&key.to_string());
        }
        let known = answered.0.lock().unwrap();
        assert!(known.of.len() <= MAX_REMEMBERED + 1 && known.of.len() == known.oldest_first.len());
    }
}
