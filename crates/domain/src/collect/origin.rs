//! Origins of pages: scheme, name and port, as sources list those that may send.

/// Scheme, name and port of an address.
pub fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    Some(format!("{scheme}://{}", rest.split(['/', '?', '#']).next()?))
}

/// Whether an origin is the allowed one, or below it: `https://*.example.cn`.
pub fn matches(allowed: &str, origin: &str) -> bool {
    let (allowed, origin) = (allowed.trim().trim_end_matches('/').to_ascii_lowercase(), origin.to_ascii_lowercase());
    match allowed.split_once("*.") {
        _ if allowed == "*" => true,
        Some((scheme, domain)) => origin
            .strip_prefix(scheme)
            .and_then(|host| host.strip_suffix(domain))
            .is_some_and(|below| below.ends_with('.') && !below.contains('/')),
        None => allowed == origin,
    }
}

/// Whether somebody may be sent on to an address: https, without a user's name in it, and of an origin that is listed by
/// name. Where any origin may send, none is listed, and nobody is sent on.
pub fn may_lead_to(allowed: &[String], url: &str) -> bool {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>`".contains(&byte));
    let origin = origin_of(url).filter(|origin| origin.starts_with("https://") && !origin.contains('@'));
    is_plain
        && origin.is_some_and(|origin| allowed.iter().any(|allowed| allowed.trim() != "*" && matches(allowed, &origin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_whole_or_below_a_domain() {
        assert!(matches("https://Shop.example.cn/", "https://shop.example.cn"));
        assert!(matches("https://*.example.cn", "https://a.b.example.cn"));
        assert!(matches("*", "null"));
        for (allowed, origin) in [
            ("https://shop.example.cn", "http://shop.example.cn"),
            ("https://shop.example.cn", "https://shop.example.cn.evil.example"),
            ("https://*.example.cn", "https://example.cn"),
            ("https://*.example.cn", "https://evilexample.cn"),
            ("https://*.example.cn", "https://evil.example/.example.cn"),
        ] {
            assert!(!matches(allowed, origin), "{allowed} {origin}");
        }
        assert_eq!(origin_of("https://a.cn:8443/x?y"), Some("https://a.cn:8443".into()));
    }

    #[test]
    fn nobody_is_led_to_what_is_not_listed() {
        let allowed = ["*".to_owned(), "https://*.example.cn".to_owned(), "http://plain.example".to_owned()];
        assert!(may_lead_to(&allowed, "https://shop.example.cn/welcome?from=store#top"));
        for url in [
            "https://evil.example/",
            "http://plain.example/",
            "https://shop.example.cn@evil.example/",
            "https://evil.example\\.example.cn/",
            "https://evil.example/.example.cn",
            "//shop.example.cn/",
            "javascript://shop.example.cn/%0aalert(1)",
            "https://shop.example.cn/ x",
            "",
        ] {
            assert!(!may_lead_to(&allowed, url), "{url}");
        }
        assert!(!may_lead_to(&[], "https://shop.example.cn/"));
    }
}
