//! What every request must pass before anybody asks who sent it: it is meant for us, and writes come from our own pages.

use std::cell::RefCell;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use zhike_domain::error_code::ErrorCode;

use super::App;
use super::error::ApiError;
use super::who::bearer;

tokio::task_local! {
    static REQUEST_ID: RefCell<Option<String>>;
}

/// The id of the request being answered.
pub(crate) fn request_id() -> Option<String> {
    REQUEST_ID.try_with(|id| id.borrow().clone()).ok().flatten()
}

/// By which names this server is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site {
    /// Name and port behind a proxy that speaks TLS; this machine only when missing.
    pub(crate) public_host: Option<String>,
}

impl Site {
    fn is_known(&self, host: &str) -> bool {
        is_loopback(host) || self.public_host.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(host))
    }

    /// Whether an origin is a page of ours, asked for by this name.
    fn is_own(&self, origin: &str, host: &str) -> bool {
        let (scheme, name) = origin.split_once("://").unwrap_or_default();
        let is_public = self.public_host.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
        name == host && (scheme == "http" && is_loopback(name) || scheme == "https" && is_public)
    }
}

/// Refuses names that only a rebinding attack would use, and writes from foreign pages.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    REQUEST_ID
        .scope(RefCell::new(id), async move {
            match refusal(app.site(), request.method(), request.headers()) {
                Some(error) => error.into_response(),
                None => next.run(request).await,
            }
        })
        .await
}

fn refusal(site: &Site, method: &Method, headers: &HeaderMap) -> Option<ApiError> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let refuse = |what: &str, what_zh: &str| Some(ApiError::new(ErrorCode::ForbiddenOrigin, what, what_zh));
    // A page of another site can make its own name point here; it cannot make a browser send another Host.
    if let Some(host) = text(header::HOST)
        && !site.is_known(host)
    {
        return refuse(
            "open the console as 127.0.0.1 or localhost, or by the name given with --public-url",
            "请用 127.0.0.1 或 localhost，或 --public-url 给出的域名打开控制台",
        );
    }
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return None;
    }
    let is_own = match text(header::ORIGIN) {
        None => true,
        Some(origin) => text(header::HOST).is_some_and(|host| site.is_own(origin, host)),
    };
    // A key is sent by a program of its own will; a cookie by a browser, whoever made it.
    let is_meant = text(header::HeaderName::from_static("x-zhike-request")).is_some() || bearer(headers).is_some();
    if !is_own || !is_meant {
        return refuse(
            "writes need the header X-Zhike-Request and must not come from another site",
            "写操作需要请求头 X-Zhike-Request，且不能来自其他网站",
        );
    }
    None
}

fn is_loopback(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The route of a request as it is listed: without ids, and whatever else a caller wrote into the path.
pub(super) fn route(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or("unlisted", MatchedPath::as_str)
}

/// Method, route and id of a request for the log: never its path or query, which may name people.
pub(super) fn span(request: &Request) -> tracing::Span {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = route(request), id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_hosts() {
        for host in ["127.0.0.1:7700", "localhost", "localhost:80", "[::1]:7700", "127.0.0.9"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["zhike.example", "10.0.0.1:7700", "localhost.evil.example", "127.0.0.1.evil.example:7700", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn writes_need_the_header_and_our_own_origin() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in pairs {
                map.insert(*name, value.parse().unwrap());
            }
            map
        };
        let site = Site { public_host: Some("cdp.example.cn".into()) };
        let refusal = |method: &Method, headers: &HeaderMap| refusal(&site, method, headers);
        let host = ("host", "127.0.0.1:7700");
        let own = ("x-zhike-request", "1");
        assert!(refusal(&Method::POST, &headers(&[host])).is_some());
        assert!(refusal(&Method::POST, &headers(&[host, own])).is_none());
        assert!(refusal(&Method::POST, &headers(&[host, own, ("origin", "http://127.0.0.1:7700")])).is_none());
        assert!(refusal(&Method::POST, &headers(&[host, own, ("origin", "http://evil.example")])).is_some());
        assert!(refusal(&Method::GET, &headers(&[("host", "evil.example")])).is_some());
        assert!(refusal(&Method::POST, &headers(&[host, ("authorization", "Bearer zk_1")])).is_none());
        assert!(refusal(&Method::POST, &headers(&[host, ("authorization", "Basic zk_1")])).is_some());
        let public = ("host", "cdp.example.cn");
        assert!(refusal(&Method::POST, &headers(&[public, own, ("origin", "https://cdp.example.cn")])).is_none());
        assert!(refusal(&Method::POST, &headers(&[public, own, ("origin", "http://cdp.example.cn")])).is_some());
        assert!(refusal(&Method::POST, &headers(&[public, own, ("origin", "http://127.0.0.1:7700")])).is_some());
        assert!(refusal(&Method::GET, &headers(&[host])).is_none());
    }
}
