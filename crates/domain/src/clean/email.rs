//! E-mail addresses.

use super::rule::{Reason, Rule, RuleSet};

/// Reads an e-mail address: lower case, without `mailto:`, angle brackets or a full stop behind it.
///
/// # Errors
/// [`Reason::InvalidEmail`] when it is malformed or masked (`z***@qq.com`).
pub fn read_email(text: &str, fired: &mut RuleSet) -> Result<String, Reason> {
    let mut address = text.trim();
    if let Some(inner) = address.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        address = inner.1.trim();
    }
    if address.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        address = address[7..].trim();
    }
    let address = address.trim_end_matches([';', ',', '.', '。', '；']);
    if !is_address(address) {
        return Err(Reason::InvalidEmail);
    }
    let address = address.to_ascii_lowercase();
    if address != text {
        fired.insert(Rule::EmailForm);
    }
    Ok(address)
}

/// Whether a text is an address that mail can be sent to: one `@`, a local part of plain signs, a domain with a name at
/// its top.
pub(crate) fn is_address(text: &str) -> bool {
    text.len() <= 254 && text.split_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain))
}

/// Signs of a local part, the dot aside; a star is a mask.
pub(crate) fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'+-/=?^_`{|}~".contains(&byte)
}

fn is_local_part(local: &str) -> bool {
    (1..=64).contains(&local.len()) && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_local_byte))
}

fn is_domain(domain: &str) -> bool {
    let mut n_labels = 0;
    let mut top = "";
    for label in domain.split('.') {
        if !(1..=63).contains(&label.len()) || label.starts_with('-') || label.ends_with('-') {
            return false;
        }
        if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return false;
        }
        n_labels += 1;
        top = label;
    }
    let is_name = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    n_labels >= 2 && (is_name || top.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, expected) in [
            ("li.lei@example.com", "li.lei@example.com"),
            ("Li.Lei@Example.COM", "li.lei@example.com"),
            ("mailto:a@qq.com", "a@qq.com"),
            ("李雷 <a+b@163.com>", "a+b@163.com"),
            (" a_b-c@mail.corp.cn; ", "a_b-c@mail.corp.cn"),
            ("13912345678@139.com", "13912345678@139.com"),
        ] {
            let mut fired = RuleSet::default();
            assert_eq!(read_email(text, &mut fired).as_deref(), Ok(expected), "{text}");
            assert_eq!(fired.contains(Rule::EmailForm), text != expected, "{text}");
        }
    }

    #[test]
    fn malformed_and_masked_addresses_are_refused() {
        for text in [
            "",
            "@",
            "a@",
            "@b.com",
            "a@b",
            "a@@b.com",
            "a b@c.com",
            "a..b@c.com",
            ".a@c.com",
            "a.@c.com",
            "a@-c.com",
            "a@c..com",
            "a@c.1",
            "z***@qq.com",
            "张三@qq.com",
            "a@qq,com",
            "a@b.com;c@d.com",
        ] {
            assert_eq!(read_email(text, &mut RuleSet::default()), Err(Reason::InvalidEmail), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_again_changes_nothing(text in "\\PC{0,20}|[A-Za-z0-9.@_<>;-]{0,16}|[a-zA-Z.]{1,5}@[a-zA-Z.]{1,9}") {
            if let Ok(address) = read_email(&text, &mut RuleSet::default()) {
                let mut fired = RuleSet::default();
                prop_assert_eq!(read_email(&address, &mut fired), Ok(address));
                prop_assert!(fired.is_empty());
            }
        }
    }
}
