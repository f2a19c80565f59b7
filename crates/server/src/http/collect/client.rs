//! Who the client is, and as whom it knows us.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, header};

use super::Collector;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Addresses of proxies: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(pub(crate) Vec<Network>);

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    start: IpAddr,
    n_bits: u8,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is neither an address nor a range such as 10.0.0.0/8");
        let (start, n_bits) = text.split_once('/').map_or((text, None), |(start, bits)| (start, Some(bits)));
        let start: IpAddr = start.trim().parse().map_err(|_| wrong())?;
        let n_max = if start.is_ipv4() { 32 } else { 128 };
        let n_bits = match n_bits {
            None => n_max,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= n_max).ok_or_else(wrong)?,
        };
        Ok(Self { start, n_bits })
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
            IpAddr::V6(address) => (address.to_bits(), false),
        };
        let ((start, is_v4), (address, is_v4_too)) = (bits(self.start), bits(address));
        let differing = (start ^ address).leading_zeros();
        is_v4 == is_v4_too && differing >= u32::from(self.n_bits)
    }
}

impl TrustedProxies {
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address.to_canonical()))
    }

    /// The client's address: the peer's, or what proxies that are trusted say, from the nearest one on.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let stated = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        let stated: Vec<&str> = stated.flat_map(|line| line.split(',')).collect();
        for text in stated.into_iter().rev() {
            if !self.contains(client) {
                break;
            }
            let Ok(next) = text.trim().trim_matches(['[', ']']).parse::<IpAddr>() else { break };
            client = next.to_canonical();
        }
        client
    }
}

fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<Peer>().map(|peer| peer.0.ip())
}

/// The client's address.
pub(crate) fn client_of(proxies: &TrustedProxies, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
    extensions.get::<Peer>().map(|peer| proxies.client(peer.0.ip(), headers))
}

/// The client's address.
pub(super) fn address(proxies: &TrustedProxies, request: &Request) -> Option<IpAddr> {
    client_of(proxies, request.extensions(), request.headers())
}

/// How clients reach this server.
pub(super) struct OwnAddress {
    /// `http` or `https`.
    pub(super) scheme: String,
    /// Name and port.
    pub(super) host: String,
}

/// How the client that asks reaches this server: as configured, else as it asked.
pub(super) fn own_address(collector: &Collector, request: &Request) -> OwnAddress {
    if let Some((scheme, host)) = collector.public_url.as_deref().and_then(|url| url.split_once("://")) {
        return OwnAddress { scheme: scheme.to_owned(), host: host.to_owned() };
    }
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let is_proxied = peer(request).is_some_and(|peer| collector.proxies.contains(peer));
    let forwarded = |name: &str| if is_proxied { text(name) } else { None };
    OwnAddress {
        scheme: forwarded("x-forwarded-proto").filter(|scheme| scheme == "https").unwrap_or_else(|| "http".into()),
        host: forwarded("x-forwarded-host").or_else(|| text(header::HOST.as_str())).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let client = |peer: &str, forwarded: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            proxies.client(peer.parse().unwrap(), &headers).to_string()
        };
        assert_eq!(client("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(client("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        // What the client itself put there stands before what the proxy saw.
        assert_eq!(client("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.2.3.4"), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(client("fd00::1", "2001:db8::1"), "2001:db8::1");
        assert_eq!(client("10.0.0.1", "unknown"), "10.0.0.1");
    }

    #[test]
    fn ranges_are_read_and_nonsense_is_not() {
        for wrong in ["", "10.0.0.0/33", "example.com", "10.0.0.0/x", "::/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let contains =
            |network: &str, address: &str| network.parse::<Network>().unwrap().contains(address.parse().unwrap());
        assert!(contains("0.0.0.0/0", "9.9.9.9") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("192.168.1.7", "192.168.1.7") && !contains("192.168.1.7", "192.168.1.8"));
        assert!(contains("::/0", "2001:db8::1"));
    }
}
