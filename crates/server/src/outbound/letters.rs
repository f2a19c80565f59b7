//! Mail to a real host on this machine (`console/e2e/mailhost.mjs`), with every way of TLS, and to one that lies.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::alerts::mail::{Mail, Tls};

use super::guard::Refused;
use super::*;

/// Whom the certificates of the tests are for.
const NAME: &str = "cdp.example.cn";
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tls/");

struct Host {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Host {
    /// `None`, and a line that says so, without the packages of the console.
    fn start(options: &[&str]) -> Option<Self> {
        let console = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console");
        if !std::path::Path::new(console).join("node_modules/smtp-server").exists() {
            std::io::Write::write_all(&mut std::io::stderr(), b"skipped: npm ci in console/ was not run\n").unwrap();
            return None;
        }
        let mut child = Command::new("node")
            .args(["e2e/mailhost.mjs", "0"])
            .args(options)
            .current_dir(console)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut host = Self { child, lines, port: 0 };
        host.port = host.next()["port"].as_u64().unwrap() as u16;
        Some(host)
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

/// With names that all stand for this machine, and one authority.
fn outbound(port: u16, ca: &str) -> Outbound {
    let resolver = move |_: String, port: u16| -> Resolved {
        Box::pin(async move { Ok(vec![SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port)]) })
    };
    let allowed = [format!("{NAME}:{port}"), format!("127.0.0.1:{port}"), format!("other.example:{port}")];
    let allowed = allowed.iter().map(|host| host.parse().unwrap()).collect();
    Outbound::with_resolver(Options { allowed, ca: Some(format!("{FILES}{ca}.pem").into()) }, Arc::new(resolver))
}

fn letter(host: &str, port: u16, tls: Tls) -> Mail {
    let mut mail = Mail::new(host, port, tls, "zhike@example.com", &["li@example.com", "han@example.com"]);
    mail.subject = "知客提醒：1 条".into();
    mail.text = "来源没有数据\n.\nend".into();
    mail.key = "k1".into();
    mail
}

fn secure(tls: &str) -> Vec<String> {
    vec![
        format!("tls={tls}"),
        format!("cert={FILES}one.pem"),
        format!("key={FILES}one.key"),
        "user=zhike".into(),
        "password=p w".into(),
    ]
}

fn refs(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn mail_arrives_by_tls_from_the_start_and_by_starttls() {
    for (tls, word) in [(Tls::Implicit, "implicit"), (Tls::Starttls, "starttls")] {
        let Some(mut host) = Host::start(&refs(&secure(word))) else { return };
        let outbound = outbound(host.port, "one");
        let mut mail = letter(NAME, host.port, tls);
        mail.login = Some(("zhike".into(), Sensitive::new("p w".into())));
        assert_eq!(outbound.mail(&mail).await.unwrap(), [250, 250], "{word}");
        let heard = host.next();
        assert_eq!((&heard["secure"], &heard["user"]), (&true.into(), &"zhike".into()), "{heard}");
        assert_eq!(heard["to"], serde_json::json!(["li@example.com", "han@example.com"]));
        let raw = heard["raw"].as_str().unwrap();
        for line in ["Auto-Submitted: auto-generated", "Message-ID: <k1@zhike.invalid>", "Subject: =?utf-8?"] {
            assert!(raw.contains(line), "{line}: {raw}");
        }
        // A wrong password is the host's own word, and nothing is sent.
        mail.login = Some(("zhike".into(), Sensitive::new("wrong".into())));
        assert_eq!(outbound.mail(&mail).await.unwrap(), [535, 535], "{word}");
        // A host that is not who it says it is hears neither password nor mail.
        for (name, ca) in [(NAME, "two"), ("other.example", "one")] {
            let outbound = self::outbound(host.port, ca);
            mail.host = name.into();
            let trouble = outbound.mail(&mail).await.unwrap_err();
            assert!(trouble.to_string().starts_with("no TLS with the host"), "{trouble}");
        }
    }
}

/// One mailbox that is gone keeps the mail from nobody else; where all are, there is no mail.
#[tokio::test]
async fn a_recipient_who_is_refused_silences_no_other() {
    let Some(mut host) = Host::start(&["tls=none", "refuse=li@example.com"]) else { return };
    let outbound = outbound(host.port, "one");
    let mut mail = letter("127.0.0.1", host.port, Tls::None);
    assert_eq!(outbound.mail(&mail).await.unwrap(), [550, 250]);
    let heard = host.next();
    assert_eq!(heard["to"], serde_json::json!(["han@example.com"]));
    assert!(!heard["raw"].as_str().unwrap().contains("li@example.com"), "{heard}");
    mail.to.truncate(1);
    assert_eq!(outbound.mail(&mail).await.unwrap(), [550]);
    mail.to = vec![Sensitive::new("han@example.com".into())];
    mail.key = "k2".into();
    assert_eq!(outbound.mail(&mail).await.unwrap(), [250]);
    assert!(host.next()["raw"].as_str().unwrap().contains("<k2@"), "nothing came between");
}

#[tokio::test]
async fn mail_in_the_clear_stays_on_this_machine() {
    let Some(mut host) = Host::start(&["tls=none", "defer=1"]) else { return };
    let outbound = outbound(host.port, "one");
    let mail = letter("127.0.0.1", host.port, Tls::None);
    assert_eq!(outbound.mail(&mail).await.unwrap(), [451, 451], "put off");
    assert_eq!(outbound.mail(&mail).await.unwrap(), [250, 250]);
    assert_eq!(host.next()["secure"], false);
    // A host without TLS gets nothing from who asks for it.
    let trouble = outbound.mail(&letter("127.0.0.1", host.port, Tls::Starttls)).await.unwrap_err();
    assert!(trouble.to_string().contains("does not go on by TLS"), "{trouble}");
    // Whoever named nobody reaches nothing inside.
    let trouble = Outbound::new(Options::default()).mail(&mail).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Refused(Refused::MailPort | Refused::Address)), "{trouble}");
}

/// RFC 3207, 5: what is said behind the consent to TLS, before TLS, is nobody's word.
#[tokio::test]
async fn what_is_slipped_in_before_tls_is_not_believed() {
    let Some(host) = Host::start(&["inject"]) else { return };
    let outbound = outbound(host.port, "one");
    let mut mail = letter(NAME, host.port, Tls::Starttls);
    mail.login = Some(("zhike".into(), Sensitive::new("p w".into())));
    let trouble = outbound.mail(&mail).await.unwrap_err();
    assert!(trouble.to_string().starts_with("no TLS with the host"), "{trouble}");
}
