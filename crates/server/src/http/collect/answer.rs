//! What collection answers.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use zhike_domain::collect::Rejected;
use zhike_engine::sources::Source;

/// A transparent picture of one point.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\
                       \x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Why nothing of a request was taken.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    code: String,
    message: String,
    message_zh: String,
    retry_after_s: Option<u32>,
    /// Whether the rest of the body is not worth waiting for.
    closes: bool,
}

impl Refusal {
    pub(super) fn new(
        status: u16,
        code: impl Into<String>,
        message: impl Into<String>,
        message_zh: impl Into<String>,
    ) -> Self {
        let (code, message, message_zh) = (code.into(), message.into(), message_zh.into());
        Self { status, code, message, message_zh, retry_after_s: None, closes: false }
    }

    /// A refusal that asks the client to send the same again.
    pub(super) fn later(
        status: u16,
        code: impl Into<String>,
        message: impl Into<String>,
        message_zh: impl Into<String>,
        retry_after_s: u32,
    ) -> Self {
        Self { retry_after_s: Some(retry_after_s.max(1)), ..Self::new(status, code, message, message_zh) }
    }

    pub(super) fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    pub(super) fn internal() -> Self {
        Self::later(503, "internal", "internal error; send it again", "内部错误，请重发", 5)
    }

    pub(super) fn too_large() -> Self {
        let message = "the request is larger than 32 MiB, inflated: send less at once";
        Self::new(413, "too_large", message, "请求解压后超过 32 MiB：请分批发送")
    }

    pub(super) fn no_key() -> Self {
        let message =
            "no write key: send it as the user of Basic auth, as writeKey in the body or the query, or as token";
        Self::new(
            401,
            "missing_key",
            message,
            "缺少写入密钥：请放在 Basic 认证的用户名、请求体或查询参数 writeKey、或 token 中",
        )
    }

    pub(super) fn unknown_key() -> Self {
        let message = "no source has this write key: copy the key from Sources in the console";
        Self::new(401, "unknown_key", message, "没有数据源使用这个写入密钥：请在控制台“数据源”中复制")
    }

    pub(super) fn method() -> Self {
        Self::new(405, "method_not_allowed", "this address does not take that method", "这个地址不支持该请求方法")
    }

    pub(super) fn nothing_here() -> Self {
        Self::new(404, "not_found", "there is nothing at this address", "这个地址没有内容")
    }

    pub(super) fn is_retryable(&self) -> bool {
        self.retry_after_s.is_some()
    }

    pub(super) fn respond(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let body = json!({"code": self.code, "message": self.message, "message_zh": self.message_zh});
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.closes {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Taken.
pub(super) fn success() -> Response {
    Json(json!({"success": true})).into_response()
}

/// A record that was set aside, without anything of its content.
#[derive(Serialize)]
pub(super) struct RejectedRecord {
    index: u32,
    code: &'static str,
    field: String,
}

impl RejectedRecord {
    pub(super) fn new(index: u32, rejected: &Rejected) -> Self {
        Self { index, code: rejected.code.as_str(), field: rejected.field.clone() }
    }
}

/// Taken, with what became of the records.
pub(super) fn counts(n_accepted: u64, rejected: &[RejectedRecord]) -> Response {
    Json(json!({"success": true, "n_accepted": n_accepted, "rejected": rejected})).into_response()
}

/// Taken from an image.
pub(super) fn pixel() -> Response {
    ([(header::CONTENT_TYPE, "image/gif")], PIXEL).into_response()
}

/// What Segment's browser SDK waits for: without `Segment.io` it would send to its maker.
pub(super) fn segment_settings(write_key: &str, own: &super::client::OwnAddress) -> Response {
    let destination = json!({"apiKey": write_key, "apiHost": format!("{}/v1", own.host), "protocol": own.scheme});
    Json(json!({"integrations": {"Segment.io": destination}, "plan": {}, "metrics": {"sampleRate": 0}})).into_response()
}

/// What RudderStack's browser SDK waits for.
pub(super) fn source_config(source: &Source) -> Response {
    let id = source.source_id.to_string();
    let off = json!({"enabled": false});
    let body = json!({
        "source": {
            "id": id,
            "name": source.name,
            "writeKey": source.write_key,
            "enabled": true,
            "workspaceId": "zhike",
            "destinations": [],
            "config": {"statsCollection": {"errors": off, "metrics": off}},
        },
        "updatedAt": crate::output::instant(source.created_at),
    });
    Json(body).into_response()
}
