//! Write keys: where they stand, whose they are, and from which pages they may be used.

use std::sync::Arc;

use axum::http::{HeaderMap, Uri, header};
use zhike_domain::collect::origin::{matches, origin_of};
use zhike_domain::collect::wire;
use zhike_engine::sources::{self, Source};

use super::App;
use super::answer::Refusal;

/// The key of a request apart from its body: Basic auth's user, a bearer's token, or the query.
pub(super) fn of_request(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    authorization.and_then(of_authorization).or_else(|| of_query(uri.query()?))
}

fn of_authorization(text: &str) -> Option<String> {
    let (scheme, rest) = text.trim().split_once(' ')?;
    let key = if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(wire::read_base64(rest.trim()).ok()?).ok()?;
        decoded.split(':').next().unwrap_or_default().to_owned()
    } else if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().to_owned()
    } else {
        return None;
    };
    (!key.is_empty()).then_some(key)
}

fn of_query(query: &str) -> Option<String> {
    let fields = wire::read_form(query.as_bytes());
    ["writeKey", "token", "write_key"]
        .iter()
        .find_map(|name| fields.iter().find(|(field, key)| field == name && !key.is_empty()))
        .map(|(_, key)| key.clone())
}

/// The source of a key.
pub(super) async fn find(app: &App, key: &str) -> Result<Arc<Source>, Refusal> {
    let source = sources::by_key(app.ctx(), key).await?.ok_or_else(Refusal::unknown_key)?;
    if source.is_enabled {
        return Ok(source);
    }
    Err(Refusal::new(403, "source_disabled", "this source is switched off", "这个数据源已停用"))
}

/// Refuses pages that may not use the key. Servers name no origin, and images only a referrer.
pub(super) fn check_origin(source: &Source, headers: &HeaderMap, is_pixel: bool) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let referrer = || text(header::REFERER).filter(|_| is_pixel).and_then(origin_of);
    let Some(origin) = text(header::ORIGIN).map(str::to_owned).or_else(referrer) else { return Ok(()) };
    if source.allowed_origins.is_empty() || source.allowed_origins.iter().any(|allowed| matches(allowed, &origin)) {
        return Ok(());
    }
    let message = format!("pages of {origin} may not send to this source: add the origin to the source");
    let zh = format!("这个数据源不接收来自 {origin} 的页面数据：请在数据源中添加该来源");
    Err(Refusal::new(403, "forbidden_origin", message, zh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_where_sdks_put_them() {
        assert_eq!(of_authorization("Basic a2V5MTo="), Some("key1".into()));
        assert_eq!(of_authorization("basic a2V5MQ=="), Some("key1".into()));
        assert_eq!(of_authorization("Bearer key1"), Some("key1".into()));
        for nothing in ["Basic Og==", "Basic *", "Digest x", "", "Basic"] {
            assert_eq!(of_authorization(nothing), None, "{nothing}");
        }
        assert_eq!(of_query("project=default&token=k%31"), Some("k1".into()));
        assert_eq!(of_query("writeKey=&token="), None);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, "Basic a2V5MTo=".parse().unwrap());
        assert_eq!(of_request(&headers, &"/v1/batch?writeKey=k2".parse().unwrap()), Some("key1".into()));
    }
}
