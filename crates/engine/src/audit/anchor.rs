//! Places outside where roots of the audit trail are kept: a file on another disk, or a log on another machine.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

/// How long a log may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Facility 13 (log audit), severity 5 (notice).
///
/// Source: RFC 5424 §6.2.1.
const PRIORITY: u8 = 13 * 8 + 5;

/// Where roots are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Lines at the end of a file.
    File(PathBuf),
    /// Messages to a log, one a datagram (RFC 5426).
    Udp(String),
    /// Messages to a log over a connection, each with its length (RFC 6587 §3.4.1).
    Tcp(String),
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = |rest: &str| match rest.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(rest.to_owned()),
            _ => Err(format!("{rest:?} is no host:port 不是 主机:端口")),
        };
        if let Some(rest) = text.strip_prefix("syslog:") {
            return address(rest).map(Self::Udp);
        }
        if let Some(rest) = text.strip_prefix("syslog+tcp:") {
            return address(rest).map(Self::Tcp);
        }
        if text.is_empty() {
            return Err("a file, syslog:HOST:PORT or syslog+tcp:HOST:PORT 文件，或 syslog:主机:端口".into());
        }
        Ok(Self::File(PathBuf::from(text)))
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Udp(address) => write!(f, "syslog:{address}"),
            Self::Tcp(address) => write!(f, "syslog+tcp:{address}"),
        }
    }
}

impl Anchor {
    /// Appends the lines of roots with their times; a file has them on its disk when this returns.
    pub(super) async fn append(&self, roots: &[(i64, String)]) -> io::Result<()> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                let text: String = roots.iter().map(|(_, line)| format!("{line}\n")).collect();
                tokio::task::spawn_blocking(move || {
                    let mut file = std::fs::File::options().append(true).create(true).open(path)?;
                    file.write_all(text.as_bytes())?;
                    file.sync_all()
                })
                .await?
            }
            Self::Udp(address) => {
                let send = async {
                    let to = tokio::net::lookup_host(address).await?.next();
                    let to = to.ok_or_else(|| io::Error::other("the host has no address"))?;
                    let own = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    let socket = tokio::net::UdpSocket::bind(own).await?;
                    for root in roots {
                        socket.send_to(message(root).as_bytes(), to).await?;
                    }
                    Ok(())
                };
                tokio::time::timeout(PATIENCE, send).await?
            }
            Self::Tcp(address) => {
                let send = async {
                    let mut stream = tokio::net::TcpStream::connect(address).await?;
                    for root in roots {
                        let message = message(root);
                        stream.write_all(format!("{} {message}", message.len()).as_bytes()).await?;
                    }
                    stream.shutdown().await
                };
                tokio::time::timeout(PATIENCE, send).await?
            }
        }
    }
}

/// A root as a message of a log.
///
/// Source: RFC 5424 §6.
fn message((at, line): &(i64, String)) -> String {
    let at = jiff::Timestamp::from_microsecond(*at).unwrap_or_default();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.trim().chars().filter(char::is_ascii_graphic).take(255).collect();
    let host = if host.is_empty() { "-" } else { host.as_str() };
    format!("<{PRIORITY}>1 {at:.6} {host} zhike {} audit-root - {line}", std::process::id())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    fn roots() -> Vec<(i64, String)> {
        (1..=3).map(|n| (1_795_219_200_000_000, format!("{{\"root\":{n}}}"))).collect()
    }

    fn lines() -> Vec<String> {
        roots().into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn places_read_back() {
        for text in ["/mnt/roots.log", "syslog:log.example.cn:514", "syslog+tcp:[::1]:6514"] {
            assert_eq!(text.parse::<Anchor>().unwrap().to_string(), text);
        }
        for text in ["", "syslog:", "syslog:host", "syslog+tcp:host:x"] {
            assert!(text.parse::<Anchor>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_file_is_only_added_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("roots.log");
        std::fs::write(&path, "what stood there\n").unwrap();
        let anchor = Anchor::File(path.clone());
        anchor.append(&roots()[..1]).await.unwrap();
        anchor.append(&roots()[1..]).await.unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with("what stood there\n"));
        assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), lines());
        assert!(Anchor::File(dir.path().join("no/such")).append(&roots()).await.is_err());
    }

    #[tokio::test]
    async fn logs_on_the_network_get_every_root() {
        let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Anchor::Udp(udp.local_addr().unwrap().to_string()).append(&roots()).await.unwrap();
        let mut buffer = [0; 2048];
        for line in lines() {
            let n = udp.recv(&mut buffer).await.unwrap();
            let text = std::str::from_utf8(&buffer[..n]).unwrap();
            assert!(
                text.starts_with("<109>1 2026-11-21T00:00:00.000000Z ") && text.contains(" audit-root - {"),
                "{text}"
            );
            assert!(text.ends_with(&line), "{text}");
        }
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let anchor = Anchor::Tcp(tcp.local_addr().unwrap().to_string());
        let (sent, received) = tokio::join!(async { anchor.append(&roots()).await }, async {
            let mut text = String::new();
            tcp.accept().await.unwrap().0.read_to_string(&mut text).await.unwrap();
            text
        });
        sent.unwrap();
        let mut rest = received.as_str();
        for line in lines() {
            let (n, after) = rest.split_once(' ').unwrap();
            let (message, after) = after.split_at(n.parse().unwrap());
            assert!(message.ends_with(&line), "{message}");
            rest = after;
        }
        assert_eq!(rest, "");
        drop(tcp);
        assert!(anchor.append(&roots()).await.is_err(), "nobody listens");
    }
}
