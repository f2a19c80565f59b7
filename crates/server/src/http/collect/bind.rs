//! Scans of codes: the page that a link opens, and the address that apps and mini-programs send to.
//!
//! Opening the page uses nothing up: links are opened by previews and scanners too. Its script tells who opened it, and
//! only that counts. Beside the answers of collection: 409 and 410 with the codes `bind_…`, for which scanning again is no
//! help.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use zhike_domain::collect::binding::{BindingKind, may_scan, read_visitor};
use zhike_domain::collect::message::Identity;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::import::entity::IdentityKind;
use zhike_engine::bindings::{self, Redeemed};
use zhike_engine::collect::CollectError;

use super::answer::Refusal;
use super::body::Body;
use super::{App, key};

/// Text of the page; `{nonce}`, `{state}` and `{kind}` are filled in.
const PAGE: &str = include_str!("bind.html");

#[derive(Deserialize)]
struct Claim {
    kind: String,
    value: String,
}

/// What an app sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    token: Option<String>,
    identity: Claim,
    #[serde(rename = "writeKey", alias = "write_key")]
    write_key: Option<String>,
}

/// `/b/<token>`: the page, and what its script sends.
pub(super) async fn page(app: &App, token: &str, request: Request) -> Result<Response, Refusal> {
    if request.method() == Method::POST {
        let (_, sent) = read(app, request).await?;
        return redeem(app, token, None, visitor(&sent.identity, true)?).await;
    }
    let (status, state, kind) = match bindings::look(app.ctx(), token).await {
        Ok(found) => (StatusCode::OK, "", found.row.kind),
        Err(error) if error.code.http_status() < 500 => {
            let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, error.code.as_str(), String::new())
        }
        Err(error) => return Err(error.into()),
    };
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let html = PAGE.replace("{nonce}", &nonce).replace("{state}", state).replace("{kind}", &kind);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // The address is the secret: it goes nowhere else.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// `/v1/bind`: a scan that an app or a mini-program read.
pub(super) async fn app_scan(app: &App, request: Request) -> Result<Response, Refusal> {
    let (parts, sent) = read(app, request).await?;
    let stated = key::of_request(&parts.headers, &parts.uri).or(sent.write_key);
    let source = key::find(app, &stated.ok_or_else(Refusal::no_key)?).await?;
    key::check_origin(&source, &parts.headers, false)?;
    let token = sent.token.ok_or_else(|| {
        Refusal::new(
            400,
            "bad_request",
            "`token` is missing: send what stands behind /b/ in the link",
            "缺少 token：请传链接中 /b/ 之后的内容",
        )
    })?;
    // Apps read the whole link.
    let token = token.rsplit_once("/b/").map_or(token.as_str(), |(_, token)| token);
    redeem(app, token, Some(&source), visitor(&sent.identity, false)?).await
}

async fn read(app: &App, request: Request) -> Result<(axum::http::request::Parts, Sent), Refusal> {
    let (parts, body) = request.into_parts();
    let encoding = parts.headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let body = Body::read(body, encoding, &app.collector().budget).await?;
    let sent = serde_json::from_slice(body.bytes()).map_err(|error| {
        // Where it is wrong, never what stands there.
        let at = format!("line {}, column {}", error.line(), error.column());
        Refusal::new(
            400,
            "bad_request",
            format!("the body is not {{\"token\", \"identity\": {{\"kind\", \"value\"}}}}: {at}"),
            format!("请求体应为 {{\"token\", \"identity\": {{\"kind\", \"value\"}}}}：{at}"),
        )
    })?;
    Ok((parts, sent))
}

fn visitor(claim: &Claim, is_page: bool) -> Result<Identity, Refusal> {
    let kind = IdentityKind::parse(&claim.kind).filter(|kind| may_scan(*kind, is_page));
    kind.and_then(|kind| read_visitor(kind, &claim.value)).ok_or_else(|| {
        let kinds = IdentityKind::ALL.iter().filter(|kind| may_scan(**kind, is_page)).map(|kind| kind.as_str());
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        Refusal::new(
            400,
            "bad_identity",
            format!("`identity` names nobody: its kind is one of {kinds}, its value 1 to 255 letters"),
            format!("identity 无效：kind 可用 {kinds}，value 为 1 到 255 个字符"),
        )
    })
}

async fn redeem(
    app: &App,
    token: &str,
    source: Option<&zhike_engine::sources::Source>,
    visitor: Identity,
) -> Result<Response, Refusal> {
    let done = bindings::redeem(app.ctx(), token, source, visitor).await.map_err(refusal)?;
    let Redeemed { kind, store_id, redirect_url } = done;
    let kind = match kind {
        BindingKind::Member => "member",
        BindingKind::Store => "store",
    };
    app.collector().counts.n_accepted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Ok(Json(json!({"success": true, "kind": kind, "store_id": store_id, "redirect_url": redirect_url})).into_response())
}

/// The refusals of codes keep their status; the others are those of collection.
fn refusal(error: CollectError) -> Refusal {
    use ErrorCode::{BindExpired, BindInvalid, BindRevoked, BindTaken, BindUsed};
    match error {
        CollectError::Other(error)
            if matches!(error.code, BindInvalid | BindExpired | BindUsed | BindRevoked | BindTaken) =>
        {
            Refusal::new(error.code.http_status(), error.code.as_str(), error.message, error.message_zh)
        }
        error => error.into(),
    }
}
