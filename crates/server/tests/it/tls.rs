//! Browsers of other machines come by TLS; certificates change while the server runs.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::{ADMIN, Home, PASSWORD, Server};

const NAME: &str = "cdp.example.cn";
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tls/");

/// The answer to a request by TLS from somebody who trusts one certificate.
fn ask(address: &str, trusted: &str, request: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(format!("{FILES}{trusted}.pem")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), ServerName::try_from(NAME).unwrap()).unwrap();
    let socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut stream = StreamOwned::new(client, socket);
    write!(stream, "{request}")?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

fn put(name: &str, dir: &Path) {
    for ending in ["key", "pem"] {
        std::fs::copy(format!("{FILES}{name}.{ending}"), dir.join(format!("site.{ending}"))).unwrap();
    }
}

#[test]
fn the_console_answers_by_tls_and_takes_new_certificates() {
    let home = Home::new();
    put("one", home.path());
    let (certificate, key) = (home.path().join("site.pem"), home.path().join("site.key"));
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let public = format!("https://{NAME}");
    let options = [
        "--tls-listen",
        &address,
        "--tls-cert",
        certificate.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
        "--public-url",
        &public,
    ];
    let server = Server::start_with(&home, &options);
    let get =
        |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n{more}\r\n");
    let body = format!("{{\"name\":\"{ADMIN}\",\"password\":\"{PASSWORD}\"}}");
    let sign_in = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {NAME}\r\nOrigin: {public}\r\nX-Zhike-Request: 1\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = ask(&address, "one", &sign_in).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let head = answer.to_ascii_lowercase();
    assert!(head.contains("strict-transport-security: max-age=31536000"), "{answer}");
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.starts_with("__host-zhike_session=") && cookie.contains("; secure"), "{cookie}");
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let original = answer
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")));
    let secret = original.unwrap().1.split(';').next().unwrap();
    let me = ask(&address, "one", &get("/api/v1/session", &format!("Cookie: {secret}\r\n"))).unwrap();
    assert!(me.starts_with("HTTP/1.1 200") && me.contains(ADMIN), "{me}");
    // A foreign name is refused here as elsewhere; plain text gets no answer.
    let foreign = ask(&address, "one", &get("/", "").replace(NAME, "evil.example")).unwrap();
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let mut plain = TcpStream::connect(&address).unwrap();
    plain.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    plain.write_all(get("/healthz", "").as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(ask(&address, "two", &get("/healthz", "")).is_err());

    // A key that does not fit changes nothing, the right pair is taken.
    std::fs::copy(format!("{FILES}two.pem"), &certificate).unwrap();
    std::thread::sleep(Duration::from_secs(4));
    assert!(ask(&address, "one", &get("/healthz", "")).unwrap().ends_with("ok"));
    put("two", home.path());
    let is_new = || ask(&address, "two", &get("/healthz", "")).is_ok_and(|answer| answer.ends_with("ok"));
    assert!(
        (0..60).any(|_| {
            std::thread::sleep(Duration::from_millis(500));
            is_new()
        }),
        "the old one is in use"
    );
    assert!(ask(&address, "one", &get("/healthz", "")).is_err());
    drop(server);

    // What does not fit at the start is said at the start.
    std::fs::copy(format!("{FILES}one.key"), &key).unwrap();
    let mut command = vec!["serve", "--listen", "127.0.0.1:0"];
    command.extend(options);
    assert!(home.complaint(&command).contains("site.key"));
}
