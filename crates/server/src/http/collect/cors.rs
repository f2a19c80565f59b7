//! Pages of other origins may send, and may read every answer: also a refusal, or they would take it for a dead network.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

/// What a request asked for in the name of its page.
pub(super) struct Cors {
    origin: Option<HeaderValue>,
    headers: Option<HeaderValue>,
    is_private_network: bool,
}

impl Cors {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            origin: headers.get(header::ORIGIN).cloned(),
            headers: headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
            is_private_network: headers.contains_key("access-control-request-private-network"),
        }
    }

    /// Lets the page read the answer. Nothing here depends on cookies, so letting them come along gives nothing away;
    /// beacons always bring them.
    pub(super) fn apply(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        let fixed = |text: &'static str| HeaderValue::from_static(text);
        match self.origin {
            Some(origin) => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, fixed("true"));
            }
            None => drop(headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, fixed("*"))),
        }
        headers.append(header::VARY, fixed("origin"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, fixed("GET, POST, OPTIONS"));
        if let Some(asked) = self.headers {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, fixed("Retry-After"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, fixed("86400"));
        if self.is_private_network {
            headers.insert(HeaderName::from_static("access-control-allow-private-network"), fixed("true"));
        }
        headers.insert(HeaderName::from_static("cross-origin-resource-policy"), fixed("cross-origin"));
        headers.insert(header::CACHE_CONTROL, fixed("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
        response
    }
}
