//! Where a URL may lead: its form, its host, its port, and the addresses that its name stands for. No connection is made here.
//!
//! A URL is read as browsers read it, so that every spelling of an address (octal, hexadecimal, short, mapped) is judged as
//! the address that it is.
//!
//! - INV-OUTBOUND-1: an address that is not everybody's is reached only by a host that the operator named; no setting
//!   names one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

/// Where mail hosts listen: relays, TLS from the first byte, submission, and its usual stand-in.
const MAIL_PORTS: [u16; 4] = [25, 465, 587, 2525];
/// Longer ones are nobody's.
const MAX_URL_BYTES: usize = 2_048;

/// A host that the operator allows by name: at this port, or at those of the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    host: String,
    port: Option<u16>,
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no HOST or HOST:PORT / {text:?} 不是“主机”或“主机:端口”");
        if text.is_empty() || text.contains(['/', '@', '?', '#', '\\']) || text.contains(char::is_whitespace) {
            return Err(wrong());
        }
        let url = Url::parse(&format!("http://{text}/")).map_err(|_| wrong())?;
        // The port of the scheme is left out by the reader, and is one that was given all the same.
        let port = url.port().or_else(|| text.ends_with(":80").then_some(80));
        Ok(Self { host: name_of(&url).ok_or_else(wrong)?, port })
    }
}

impl Allowed {
    fn fits(&self, host: &str, port: u16) -> bool {
        self.host == host && self.port.map_or(matches!(port, 80 | 443), |own| own == port)
    }

    fn fits_mail(&self, host: &str, port: u16) -> bool {
        self.host == host && self.port.map_or(MAIL_PORTS.contains(&port), |own| own == port)
    }
}

/// How far a host may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To addresses that are everybody's.
    Public,
    /// Named by the operator: anywhere.
    Named,
}

/// Why a URL or what it leads to was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is no URL.
    Url,
    /// Neither https, nor http at a host that the operator named.
    Scheme,
    /// It holds a name or password.
    UserInfo,
    /// A port of another service.
    Port,
    /// A port where no mail host listens.
    MailPort,
    /// An address inside, and nobody named the host.
    Address,
}

impl Refused {
    /// What is wrong and what to do, in English and Chinese.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Url => {
                ("this is no address such as https://example.com/path", "这不是 https://example.com/path 这样的地址")
            }
            Self::Scheme => (
                "the address must begin with https://; http:// is for hosts named with --outbound-allow",
                "地址须以 https:// 开头；只有 --outbound-allow 写明的主机可用 http://",
            ),
            Self::UserInfo => ("the address holds a name or password: take it out", "地址中含有用户名或密码：请去掉"),
            Self::Port => (
                "only the ports 443 and 80 are reached; others are named with --outbound-allow HOST:PORT",
                "只连接 443 和 80 端口；其他端口请用 --outbound-allow 主机:端口 写明",
            ),
            Self::MailPort => (
                "mail is sent to the ports 25, 465, 587 and 2525; others are named with --outbound-allow HOST:PORT",
                "邮件只连接 25、465、587、2525 端口；其他端口请用 --outbound-allow 主机:端口 写明",
            ),
            Self::Address => (
                "the host leads to an address inside (this machine, a private network, metadata of a cloud): the operator \
                 names it with --outbound-allow HOST",
                "该主机指向内部地址（本机、内网或云元数据）：须由运维用 --outbound-allow 主机 写明",
            ),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().0)
    }
}

/// A URL that was read, and how far its host may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Name or address, normalised; an IPv6 address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_tls: bool,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) reach: Reach,
}

impl Target {
    /// Reads a URL.
    pub(crate) fn read(text: &str, allowed: &[Allowed]) -> Result<Self, Refused> {
        let (url, host) = read(text)?;
        let port = url.port_or_known_default().ok_or(Refused::Url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let is_named = allowed.iter().any(|one| one.fits(&host, port));
        let reach = if is_named { Reach::Named } else { Reach::Public };
        let is_tls = url.scheme() == "https";
        if !is_tls && (url.scheme() != "http" || reach != Reach::Named) {
            return Err(Refused::Scheme);
        }
        if reach == Reach::Public && !matches!(port, 80 | 443) {
            return Err(Refused::Port);
        }
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let target = Self { host, port, is_tls, path, reach };
        // An address that is written out is judged here, without a resolver.
        match target.address() {
            Some(address) if !target.may_reach(address) => Err(Refused::Address),
            _ => Ok(target),
        }
    }

    /// A mail host: a name or an address, by the same rules, at a port of mail.
    pub(crate) fn mail(host: &str, port: u16, allowed: &[Allowed]) -> Result<Self, Refused> {
        let literal = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let (url, name) = read(&format!("https://{literal}:{port}/"))?;
        let is_host = url.username().is_empty() && url.password().is_none() && url.path() == "/";
        if !is_host || url.query().is_some() || url.port_or_known_default() != Some(port) {
            return Err(Refused::Url);
        }
        let is_named = allowed.iter().any(|one| one.fits_mail(&name, port));
        if !is_named && !MAIL_PORTS.contains(&port) {
            return Err(Refused::MailPort);
        }
        let reach = if is_named { Reach::Named } else { Reach::Public };
        let target = Self { host: name, port, is_tls: true, path: "/".into(), reach };
        match target.address() {
            Some(address) if !target.may_reach(address) => Err(Refused::Address),
            _ => Ok(target),
        }
    }

    /// The address, where the host is one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether an address that the host stands for may be connected to.
    pub(crate) fn may_reach(&self, address: IpAddr) -> bool {
        match self.reach {
            Reach::Public => is_public(address),
            Reach::Named => true,
        }
    }

    /// As requests name it.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let own = if self.is_tls { 443 } else { 80 };
        if self.port == own { host } else { format!("{host}:{}", self.port) }
    }
}

fn read(text: &str) -> Result<(Url, String), Refused> {
    if text.len() > MAX_URL_BYTES || text.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
        return Err(Refused::Url);
    }
    // A backslash is a slash to browsers and part of a name to others.
    let url = Url::parse(text).ok().filter(|_| !text.contains('\\')).ok_or(Refused::Url)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::Scheme);
    }
    let host = name_of(&url).ok_or(Refused::Url)?;
    Ok((url, host))
}

/// The host: small letters, punycode, no dot at the end; addresses in their one form.
fn name_of(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            // A dot alone is the root; what is left may read as an address again.
            let is_name = !name.is_empty() && name.parse::<IpAddr>().is_err();
            is_name.then(|| name.to_ascii_lowercase())
        }
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(unmapped(address).to_string()),
    }
}

fn unmapped(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

/// Whether an address is everybody's.
///
/// **Source**: the special-purpose registries of IANA (RFC 6890 and its additions); 168.63.129.16 is a cloud's own
/// (Azure), though its block is not.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            if let Some(inner) = embedded(address) {
                return is_public_v4(inner);
            }
            let [a, b, ..] = address.segments();
            let is_global = a & 0xe000 == 0x2000;
            // 2001::/23 is of protocols (Teredo, ORCHID), 2001:db8::/32 and 3fff::/20 of documents, 2002::/16 of 6to4, which
            // leads to any IPv4 address.
            let is_special = a == 0x2001 && (b < 0x0200 || b == 0x0db8) || a == 0x2002 || a == 0x3fff && b < 0x1000;
            is_global && !is_special
        }
    }
}

/// The IPv4 address that a mapped or translated (NAT64) one leads to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    address.to_ipv4_mapped().or_else(|| match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))),
        _ => None,
    })
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    !(matches!(a, 0 | 10 | 127 | 224..)
        || a == 100 && b & 0xc0 == 64
        || a == 169 && b == 254
        || a == 172 && b & 0xf0 == 16
        || a == 192 && b == 0 && matches!(c, 0 | 2)
        || a == 192 && b == 88 && c == 99
        || a == 192 && b == 168
        || a == 198 && b & 0xfe == 18
        || a == 198 && b == 51 && c == 100
        || a == 203 && b == 0 && c == 113
        || [a, b, c, d] == [168, 63, 129, 16])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(texts: &[&str]) -> Vec<Allowed> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn urls_are_taken_or_refused_by_their_form() {
        let allowed = named(&["kc.corp.example:8443", "127.0.0.1:9000", "inner.example", "[::1]:7"]);
        for (url, expect) in [
            ("https://example.com", Ok(("example.com", 443, "/"))),
            ("https://EXAMPLE.com.:443/a?b=c#d", Ok(("example.com", 443, "/a?b=c"))),
            ("https://客户.example/", Ok(("xn--ubt06m.example", 443, "/"))),
            ("https://ｅｘａｍｐｌｅ。com/", Ok(("example.com", 443, "/"))),
            ("https://example.com:80/", Ok(("example.com", 80, "/"))),
            ("https://kc.corp.example:8443/x", Ok(("kc.corp.example", 8443, "/x"))),
            ("http://127.0.0.1:9000/", Ok(("127.0.0.1", 9000, "/"))),
            ("http://0x7f.1:9000/", Ok(("127.0.0.1", 9000, "/"))),
            ("http://[::ffff:127.0.0.1]:9000/", Ok(("127.0.0.1", 9000, "/"))),
            ("http://[::1]:7/", Ok(("::1", 7, "/"))),
            ("http://inner.example/", Ok(("inner.example", 80, "/"))),
            ("https://8.8.8.8/", Ok(("8.8.8.8", 443, "/"))),
            ("http://example.com/", Err(Refused::Scheme)),
            ("ftp://example.com/", Err(Refused::Scheme)),
            ("file:///etc/passwd", Err(Refused::Scheme)),
            ("http://inner.example:81/", Err(Refused::Scheme)),
            ("https://example.com:22/", Err(Refused::Port)),
            ("https://kc.corp.example:9443/", Err(Refused::Port)),
            ("https://a:b@example.com/", Err(Refused::UserInfo)),
            ("https://example.com@127.0.0.1/", Err(Refused::UserInfo)),
            ("https://10.0.0.5/realms/staff", Err(Refused::Address)),
            ("https://10.0.0.5:8443/realms/staff", Err(Refused::Port)),
            ("https://127.0.0.1/", Err(Refused::Address)),
            ("https://127.0.0.1./", Err(Refused::Address)),
            ("https://2130706433/", Err(Refused::Address)),
            ("https://0x7f000001/", Err(Refused::Address)),
            ("https://0177.0.0.1/", Err(Refused::Address)),
            ("https://127.1/", Err(Refused::Address)),
            ("https://１２７.0.0.1/", Err(Refused::Address)),
            ("https://0/", Err(Refused::Address)),
            ("https://169.254.169.254/latest/", Err(Refused::Address)),
            ("https://100.100.100.200/", Err(Refused::Address)),
            ("https://168.63.129.16/", Err(Refused::Address)),
            ("https://[::1]/", Err(Refused::Address)),
            ("https://[::]/", Err(Refused::Address)),
            ("https://[::ffff:10.0.0.1]/", Err(Refused::Address)),
            ("https://[::127.0.0.1]/", Err(Refused::Address)),
            ("https://[2002:7f00:1::]/", Err(Refused::Address)),
            ("https://[64:ff9b::127.0.0.1]/", Err(Refused::Address)),
            ("https://[64:ff9b:1::8.8.8.8]/", Err(Refused::Address)),
            ("https://[fd00:ec2::254]/", Err(Refused::Address)),
            ("https://[fe80::1]/", Err(Refused::Address)),
            ("https://[2001:db8::1]/", Err(Refused::Address)),
            ("https://[2001::1]/", Err(Refused::Address)),
            ("https://example.com\\@127.0.0.1/", Err(Refused::Url)),
            ("https://exa mple.com/", Err(Refused::Url)),
            ("https://./", Err(Refused::Url)),
            ("https://", Err(Refused::Url)),
            ("example.com", Err(Refused::Url)),
            ("", Err(Refused::Url)),
        ] {
            let read = Target::read(url, &allowed);
            let read = read.as_ref().map(|one| (one.host.as_str(), one.port, one.path.as_str())).map_err(|why| *why);
            assert_eq!(read, expect, "{url}");
        }
        assert_eq!(Target::read("https://[2606:4700::1111]:443/", &[]).unwrap().authority(), "[2606:4700::1111]");
        for wrong in ["", "a b", "https://x", "x/y", "u@x", "x:99999"] {
            assert!(wrong.parse::<Allowed>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn mail_hosts_are_judged_as_urls_are() {
        let allowed = named(&["relay.inner:26", "127.0.0.1:1025", "mail.inner"]);
        for (host, port, expect) in [
            ("smtp.example.com", 465, Ok("smtp.example.com")),
            ("SMTP.Example.com.", 587, Ok("smtp.example.com")),
            ("8.8.8.8", 25, Ok("8.8.8.8")),
            ("relay.inner", 26, Ok("relay.inner")),
            ("mail.inner", 25, Ok("mail.inner")),
            ("127.0.0.1", 1025, Ok("127.0.0.1")),
            ("127.1", 1025, Ok("127.0.0.1")),
            ("127.0.0.1", 25, Err(Refused::Address)),
            ("0x7f000001", 25, Err(Refused::Address)),
            ("10.0.0.1", 465, Err(Refused::Address)),
            ("169.254.169.254", 25, Err(Refused::Address)),
            ("::1", 25, Err(Refused::Address)),
            ("smtp.example.com", 22, Err(Refused::MailPort)),
            ("relay.inner", 27, Err(Refused::MailPort)),
            ("a@smtp.example.com", 25, Err(Refused::Url)),
            ("smtp.example.com/x", 25, Err(Refused::Url)),
            ("smtp.example.com?x", 25, Err(Refused::Url)),
            ("smtp example", 25, Err(Refused::Url)),
            ("", 25, Err(Refused::Url)),
        ] {
            let read = Target::mail(host, port, &allowed);
            assert_eq!(read.as_ref().map(|one| one.host.as_str()).map_err(|why| *why), expect, "{host} {port}");
        }
    }

    /// Blocks that are nobody's, as the registries have them, independent of how the rule above is written.
    const INSIDE: &[(&str, u32)] = &[
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.0.0", 24),
        ("192.0.2.0", 24),
        ("192.88.99.0", 24),
        ("192.168.0.0", 16),
        ("198.18.0.0", 15),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("240.0.0.0", 4),
        ("168.63.129.16", 32),
    ];

    fn inside(address: u32) -> bool {
        INSIDE.iter().any(|(block, bits)| {
            let block = u32::from(block.parse::<Ipv4Addr>().unwrap());
            (block ^ address).checked_shr(32 - bits).unwrap_or(0) == 0
        })
    }

    /// An address of a block, or any.
    fn addresses() -> impl Strategy<Value = u32> {
        let block = (prop::sample::select(INSIDE), any::<u32>()).prop_map(|((block, bits), low)| {
            u32::from(block.parse::<Ipv4Addr>().unwrap()) | low.checked_shr(bits).unwrap_or(0)
        });
        prop_oneof![block, any::<u32>()]
    }

    proptest! {
        /// INV-OUTBOUND-1
        #[test]
        fn no_spelling_of_an_inner_address_passes(address in addresses()) {
            let [a, b, c, d] = address.to_be_bytes();
            let dotted = Ipv4Addr::from(address);
            prop_assert_eq!(is_public(IpAddr::V4(dotted)), !inside(address));
            for host in [
                dotted.to_string(), format!("{dotted}."), format!("{address}"), format!("{address:#x}"), format!("0{address:o}"),
                format!("{a:#x}.{b:#o}.{c}.{d}").replace("0o", "0"), format!("{a}.{}", address & 0xff_ffff),
                format!("{a}.{b}.{}", address & 0xffff), format!("[::ffff:{dotted}]"), format!("[64:ff9b::{dotted}]"),
            ] {
                let read = Target::read(&format!("https://{host}/"), &[]);
                prop_assert_eq!(read.is_ok(), !inside(address), "{}: {:?}", host, read);
            }
            let compatible = Target::read(&format!("https://[::{dotted}]/"), &[]);
            prop_assert!(compatible.is_err());
            let six_to_four = format!("https://[2002:{:x}:{:x}::1]/", address >> 16, address & 0xffff);
            prop_assert_eq!(Target::read(&six_to_four, &[]), Err(Refused::Address));
        }

        /// What is not global unicast is never everybody's.
        #[test]
        fn only_global_addresses_are_public(address in any::<u128>()) {
            let address = Ipv6Addr::from(address);
            let is_global = address.segments()[0] >> 13 == 1;
            prop_assert!(!is_public(IpAddr::V6(address)) || is_global || embedded(address).is_some());
        }

        #[test]
        fn no_text_panics(text in ".{0,80}", url in "https?://[-a-zA-Z0-9.:@\\[\\]%/?#\\\\]{0,40}") {
            for text in [&text, &url] {
                if let Ok(target) = Target::read(text, &[]) {
                    prop_assert!(target.is_tls && matches!(target.port, 80 | 443));
                    prop_assert!(target.address().is_none_or(is_public));
                }
                let _ = text.parse::<Allowed>();
            }
        }
    }
}
