//! The console, embedded in the binary.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::http::not_found;

/// The built console; `make console` builds it. Without it the binary serves the API and says so at `/`.
#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Assets;

const NONCE_PLACE: &str = "__CSP_NONCE__";

/// A file of the console, or its page for any other path: the page itself knows what stands there.
pub(crate) async fn serve(request: Request<Body>) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if !matches!(*request.method(), Method::GET | Method::HEAD) || path.starts_with("api/") || path.starts_with("v1/") {
        return not_found();
    }
    if let Some(file) = Assets::get(path).filter(|_| path != "index.html") {
        let kind = content_type(path);
        // Built files carry their hash in the name.
        let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)];
        return (headers, file.data).into_response();
    }
    if path.rsplit('/').next().is_some_and(|name| name.contains('.')) && path != "index.html" {
        return not_found();
    }
    page()
}

fn page() -> Response {
    let Some(index) = Assets::get("index.html") else {
        let text = "This binary was built without the console: run `make console`, then build again.\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let html = String::from_utf8_lossy(&index.data).replace(NONCE_PLACE, &nonce);
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    );
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        Some("html") => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}
