//! Attacks on the way out, with real connections on this machine.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;

/// A host on an address of this machine, and how many came to it.
struct Host {
    address: SocketAddr,
    n_asked: Arc<AtomicUsize>,
    heard: Arc<Mutex<String>>,
}

impl Host {
    /// Answers every request with the same bytes.
    fn start(ip: [u8; 4], port: u16, answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((IpAddr::from(ip), port)).unwrap();
        let (n_asked, heard) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(String::new())));
        let one = Self { address: listener.local_addr().unwrap(), n_asked: n_asked.clone(), heard: heard.clone() };
        let answer = answer.into();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                n_asked.fetch_add(1, Ordering::SeqCst);
                let mut bytes = [0; 4096];
                let n = stream.read(&mut bytes).unwrap_or(0);
                *heard.lock().unwrap() = String::from_utf8_lossy(&bytes[..n]).into_owned();
                let _ = stream.write_all(&answer);
            }
        });
        one
    }

    fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A resolver that gives one list after another, and counts how often it was asked.
fn changing(lists: Vec<Vec<[u8; 4]>>) -> (Resolver, Arc<AtomicUsize>) {
    let n_asked = Arc::new(AtomicUsize::new(0));
    let counted = n_asked.clone();
    let resolver = move |_: String, port: u16| -> Resolved {
        let at = counted.fetch_add(1, Ordering::SeqCst).min(lists.len() - 1);
        let found = lists[at].iter().map(|ip| SocketAddr::new(IpAddr::from(*ip), port)).collect();
        Box::pin(async move { Ok(found) })
    };
    (Arc::new(resolver), n_asked)
}

fn allowing(hosts: &[String]) -> Options {
    Options { allowed: hosts.iter().map(|host| host.parse().unwrap()).collect(), ca: None }
}

/// INV-OUTBOUND-2: a name that changes its answer between judgement and connection gains nothing, for it is asked once.
#[tokio::test]
async fn a_name_is_looked_up_once_and_what_was_judged_is_connected_to() {
    let good = Host::start([127, 0, 0, 1], 0, ok("good"));
    let inner = Host::start([127, 0, 0, 2], good.address.port(), ok("inner"));
    let (resolver, n_asked) = changing(vec![vec![[127, 0, 0, 1]], vec![[127, 0, 0, 2]]]);
    let host = format!("hooks.example:{}", good.address.port());
    let outbound = Outbound::with_resolver(allowing(std::slice::from_ref(&host)), resolver);
    let target = outbound.target(&format!("http://{host}/x?y=1")).unwrap();
    let answer = outbound.send(&target, Sent::get()).await.unwrap();
    assert_eq!((answer.status, &answer.body[..], n_asked.load(Ordering::SeqCst)), (200, &b"good"[..], 1));
    assert_eq!((good.n_asked(), inner.n_asked()), (1, 0));
    let heard = good.heard.lock().unwrap().to_ascii_lowercase();
    assert!(heard.starts_with("get /x?y=1 http/1.1\r\n") && heard.contains(&format!("host: {host}\r\n")), "{heard}");
}

/// Whatever a public name leads to inside is refused before anything connects, also among good addresses.
#[tokio::test]
async fn a_public_name_does_not_lead_inside() {
    let inner = Host::start([127, 0, 0, 1], 0, ok("secret"));
    for list in [
        vec![[127, 0, 0, 1]],
        vec![[93, 184, 216, 34], [127, 0, 0, 1]],
        vec![[169, 254, 169, 254]],
        vec![[10, 0, 0, 1]],
    ] {
        let (resolver, n_asked) = changing(vec![list]);
        let outbound = Outbound::with_resolver(Options::default(), resolver);
        let mut target = outbound.target("https://rebind.example/").unwrap();
        // As if the port were one of the web.
        target.port = inner.address.port();
        let refused = outbound.send(&target, Sent::get()).await.unwrap_err();
        assert!(matches!(refused, Trouble::Refused(Refused::Address)), "{refused}");
        assert_eq!(n_asked.load(Ordering::SeqCst), 1);
    }
    assert_eq!(inner.n_asked(), 0);
}

/// Nobody follows a redirect: it is an answer, and what it leads to is never asked.
#[tokio::test]
async fn redirects_lead_nowhere() {
    let inner = Host::start([127, 0, 0, 1], 0, ok("secret"));
    for status in [301, 302, 303, 307, 308] {
        let away =
            format!("HTTP/1.1 {status} Away\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n", inner.address);
        let host = Host::start([127, 0, 0, 1], 0, away);
        let outbound = Outbound::new(allowing(&[host.address.to_string()]));
        let target = outbound.target(&format!("http://{}/", host.address)).unwrap();
        assert_eq!(outbound.send(&target, Sent::get()).await.unwrap().status, status);
        assert_eq!(host.n_asked(), 1);
    }
    assert_eq!(inner.n_asked(), 0);
}

/// INV-OUTBOUND-3, and answers that are none: each is a clear failure.
#[tokio::test]
async fn long_and_broken_answers_are_refused() {
    let long = vec![b'x'; MAX_BYTES + 1];
    let endless = [ok("").replace("Content-Length: 0\r\n", "").into_bytes(), long.clone()].concat();
    let told = [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", long.len()).into_bytes(), long].concat();
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec();
    for answer in [endless, told, cut, b"SSH-2.0-OpenSSH\r\n".to_vec(), Vec::new(), vec![0; 9]] {
        let host = Host::start([127, 0, 0, 1], 0, answer);
        let outbound = Outbound::new(allowing(&[host.address.to_string()]));
        let target = outbound.target(&format!("http://{}/", host.address)).unwrap();
        let failed = outbound.send(&target, Sent::get()).await.unwrap_err();
        assert!(matches!(&failed, Trouble::Failed(en, zh) if !en.is_empty() && !zh.is_empty()), "{failed:?}");
    }
    // Exactly as much as is allowed is taken.
    let host = Host::start([127, 0, 0, 1], 0, ok(&"x".repeat(MAX_BYTES)));
    let outbound = Outbound::new(allowing(&[host.address.to_string()]));
    let target = outbound.target(&format!("http://{}/", host.address)).unwrap();
    assert_eq!(outbound.send(&target, Sent::get()).await.unwrap().body.len(), MAX_BYTES);
}

/// A header that would begin another request is not written.
#[tokio::test]
async fn headers_hold_no_lines() {
    let host = Host::start([127, 0, 0, 1], 0, ok(""));
    let outbound = Outbound::new(allowing(&[host.address.to_string()]));
    let target = outbound.target(&format!("http://{}/", host.address)).unwrap();
    let sent = Sent::post("application/json", "{}").with("x-a", "1\r\nX-B: 2");
    assert!(outbound.send(&target, sent).await.is_err());
    assert!(!host.heard.lock().unwrap().contains("X-B"));
}

/// Without a certificate that somebody vouches for there is no answer.
#[tokio::test]
async fn a_host_without_tls_is_not_believed() {
    let host = Host::start([127, 0, 0, 1], 0, ok("plain"));
    let outbound = Outbound::new(allowing(&[format!("{}:{}", Ipv4Addr::LOCALHOST, host.address.port())]));
    let target = outbound.target(&format!("https://{}/", host.address)).unwrap();
    assert!(matches!(outbound.send(&target, Sent::get()).await, Err(Trouble::Failed(..))));
}

/// A host with a certificate for one name, which answers once for each connection.
async fn secure(name: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let certificate = CertificateDer::from_pem_file(format!("{CERTIFICATES}{name}.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{CERTIFICATES}{name}.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Whoever does not believe the certificate ends the connection here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(ok("sealed").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tls/");

/// By TLS a host is who its certificate says, vouched for by an authority that is known here, under the name that was asked for.
#[tokio::test]
async fn a_host_is_known_by_its_certificate() {
    let port = secure("one").await;
    let ask = |host: &'static str, authority: Option<&str>| {
        let ca = authority.map(|name| PathBuf::from(format!("{CERTIFICATES}{name}.pem")));
        let options = Options { ca, ..allowing(&[format!("{host}:{port}")]) };
        let outbound = Outbound::with_resolver(options, changing(vec![vec![[127, 0, 0, 1]]]).0);
        async move {
            let target = outbound.target(&format!("https://{host}:{port}/")).unwrap();
            outbound.send(&target, Sent::get()).await
        }
    };
    let answer = ask("cdp.example.cn", Some("one")).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"sealed"[..]));
    assert!(ask("cdp.example.cn", None).await.is_err(), "nobody vouches for it");
    assert!(ask("cdp.example.cn", Some("two")).await.is_err(), "another authority");
    let other = ask("other.example.cn", Some("one")).await.unwrap_err();
    for words in [other.to_string(), other.words().1] {
        // It is logged, and the host of an address may be a secret.
        assert!(words.contains("TLS") && !words.contains("example.cn"), "another name: {words}");
    }
    assert!(ask("cdp.example.cn", Some("none")).await.is_err(), "a file that is not there");
}
