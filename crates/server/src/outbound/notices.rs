//! Notices on their way out, with an address that hangs.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::Mutex;

use serde_json::json;
use zhike_domain::access::Principal;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::hooks::{self, Topic};
use zhike_engine::watch::{self, Rules};
use zhike_engine::{Ctx, audit};

use super::*;

/// A host that takes notices: its port, and what it heard.
fn host() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, heard) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
    let told = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            // A notice is one JSON object; its end is the end of the request.
            while let Ok(n) = stream.read(&mut chunk) {
                bytes.extend_from_slice(&chunk[..n]);
                if n == 0 || bytes.ends_with(b"}") {
                    break;
                }
            }
            told.lock().unwrap().push(String::from_utf8(bytes).unwrap());
            let _ = stream.write_all(b"HTTP/1.1 204 Taken\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (port, heard)
}

/// Nobody ever says where one of the names is.
fn outbound(port: u16) -> Outbound {
    let resolver = |name: String, port: u16| -> Resolved {
        Box::pin(async move {
            if name == "hangs.example" {
                std::future::pending::<()>().await;
            }
            Ok(vec![SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port)])
        })
    };
    let allowed = ["hangs", "good"].map(|name| format!("{name}.example:{port}").parse::<Allowed>().unwrap());
    Outbound::with_resolver(Options { allowed: allowed.to_vec(), ca: None }, Arc::new(resolver))
}

/// One incident after the other is told while an address hangs in the first.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_hangs_holds_up_no_other() {
    let (port, heard) = host();
    let dir = tempfile::tempdir().unwrap();
    let options = zhike_engine::Options { dir: dir.path().join("data"), ..zhike_engine::Options::default() };
    let ctx = Ctx::open(options).await.unwrap();
    let urls = ["hangs", "good"].map(|name| Sensitive::new(format!("http://{name}.example:{port}/in")));
    hooks::set(&ctx, &Principal::local("boss"), Topic::Incidents, &[], &urls).await.unwrap();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(crate::hooks::run(ctx.clone(), outbound(port), None, stopping));
    let mut rules = Rules::default();
    for (n, who) in [(1, "ann"), (2, "ben")] {
        for _ in 0..20 {
            audit::record(&ctx, who, "access.denied", "GET /", &json!({})).await.unwrap();
        }
        watch::step(&ctx, &mut rules).await.unwrap();
        let n_heard = || heard.lock().unwrap().iter().filter(|one| one.contains("denials")).count();
        for _ in 0..1_200 {
            if n_heard() == n {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(n_heard(), n, "{who}");
    }
    let all = hooks::list(&ctx, Topic::Incidents).await.unwrap();
    let last = all[0].last.as_ref().unwrap();
    assert_eq!((last.outcome.as_str(), last.n_tries), ("sending", 0), "it hangs in the first still");
    stop.send(true).unwrap();
    running.await.unwrap();
    ctx.close().await;
}
