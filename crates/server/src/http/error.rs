//! Errors as JSON: `{"error":{"code","message","message_zh","request_id"}}`.

use std::any::Any;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use zhike_domain::audience::Problem;
use zhike_domain::error_code::ErrorCode;

/// Body of an error.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// Code of docs/errors.md.
    code: String,
    /// What, where, remedy, in English.
    message: String,
    /// The same in Chinese.
    message_zh: String,
    /// Names the request in the log.
    request_id: Option<String>,
    /// The places at fault, when what was sent has such.
    #[schema(value_type = Vec<ProblemBody>)]
    problems: Vec<Problem>,
}

/// One place at fault.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes zhike_domain::audience::Problem in the document")]
struct ProblemBody {
    /// Where, as a JSON pointer into what was sent.
    pointer: String,
    /// shape, unknown, type, range, too_large.
    kind: String,
    /// What, and what to write instead, in Chinese.
    zh: String,
    /// The same in English.
    en: String,
}

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: ErrorCode,
    message: String,
    message_zh: String,
    problems: Vec<Problem>,
    retry_after_s: Option<u64>,
}

/// Result of a handler.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>, message_zh: impl Into<String>) -> Self {
        Self { code, message: message.into(), message_zh: message_zh.into(), problems: Vec::new(), retry_after_s: None }
    }

    /// Its code.
    pub(crate) const fn code(&self) -> ErrorCode {
        self.code
    }

    /// What it says, English and Chinese.
    pub(crate) fn into_texts(self) -> (String, String) {
        (self.message, self.message_zh)
    }

    fn bad(message: String) -> Self {
        let message_zh = format!("请求有误：{message}");
        Self::new(ErrorCode::BadRequest, message, message_zh)
    }
}

impl From<zhike_engine::Error> for ApiError {
    fn from(error: zhike_engine::Error) -> Self {
        if let Some(cause) = &error.cause {
            // Logged once, here, where it is handled.
            if error.code.http_status() >= 500 {
                tracing::error!(code = error.code.as_str(), cause = %zhike_engine::with_causes(cause.as_ref()), "request failed");
            }
        }
        Self {
            code: error.code,
            message: error.message,
            message_zh: error.message_zh,
            problems: error.problems,
            retry_after_s: error.retry_after_s,
        }
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::bad(rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad(rejection.body_text())
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::bad(rejection.body_text())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error = ErrorDetail {
            code: self.code.as_str().to_owned(),
            message: self.message,
            message_zh: self.message_zh,
            request_id: super::guard::request_id(),
            problems: self.problems,
        };
        let mut response = (status, Json(ErrorBody { error })).into_response();
        let seconds = self.retry_after_s.or(self.code.is_retryable().then_some(5));
        if let Some(seconds) = seconds {
            response.headers_mut().insert("retry-after", axum::http::HeaderValue::from(seconds));
        }
        response
    }
}

/// A handler that panicked is a mistake of ours; the client learns no more than that.
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = %what, "a handler panicked");
    ApiError::new(ErrorCode::Internal, "internal error", "内部错误").into_response()
}
