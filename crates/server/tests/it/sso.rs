//! Single sign-on against a small provider that can be told to lie.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio_rustls::rustls::SignatureScheme;
use tokio_rustls::rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::access::hire;
use crate::support::{ADMIN, Home, Server, cookie_of};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/oidc/");

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let held = chunk.iter().enumerate().fold(0_u32, |all, (at, byte)| all | u32::from(*byte) << (16 - 8 * at));
        (0..=chunk.len()).for_each(|at| text.push(char::from(LETTERS[(held >> (18 - 6 * at) & 63) as usize])));
    }
    text
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    let suite = TLS13_AES_128_GCM_SHA256.tls13().unwrap();
    suite.common.hash_provider.hash(bytes).as_ref().to_vec()
}

pub fn hmac_sha256(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let key = if key.len() > 64 { sha256(key) } else { key.to_vec() };
    let pad = |with: u8| (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect::<Vec<u8>>();
    sha256(&[pad(0x5c), sha256(&[pad(0x36), bytes.to_vec()].concat())].concat())
}

fn sign(key: &str, bytes: &[u8]) -> Vec<u8> {
    let key_file = PrivateKeyDer::from_pem_file(format!("{FILES}{key}.key")).unwrap();
    let scheme = if key == "ec" { SignatureScheme::ECDSA_NISTP256_SHA256 } else { SignatureScheme::RSA_PKCS1_SHA256 };
    let signer = any_supported_type(&key_file).unwrap().choose_scheme(&[scheme]).unwrap();
    let signature = signer.sign(bytes).unwrap();
    if key != "ec" {
        return signature;
    }
    // Two numbers, each with its length and perhaps a zero before it, become 32 bytes each.
    let mut rest = &signature[2..];
    let mut fixed = Vec::new();
    for _ in 0..2 {
        let n = usize::from(rest[1]);
        let number = &rest[2..2 + n];
        let number = &number[number.len().saturating_sub(32)..];
        fixed.extend(std::iter::repeat_n(0, 32 - number.len()));
        fixed.extend_from_slice(number);
        rest = &rest[2 + n..];
    }
    fixed
}

/// What the provider will say next.
struct Says {
    issuer: String,
    /// Keys that it names.
    keys: Vec<&'static str>,
    /// Key that it signs with; `none` and `hs256` are lies.
    key: &'static str,
    /// What is told other than the truth, or beside it.
    change: Value,
    /// Of the browser that was sent here last.
    nonce: String,
    challenge: String,
    /// Codes that were redeemed.
    used: BTreeSet<String>,
    /// Header of the client.
    client: String,
    n_documents_asked: usize,
    n_keys_asked: usize,
}

#[derive(Clone)]
struct Provider {
    address: String,
    says: Arc<Mutex<Says>>,
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let says = Says {
            issuer: format!("http://{address}"),
            keys: vec!["one"],
            key: "one",
            change: json!({}),
            nonce: String::new(),
            challenge: String::new(),
            used: BTreeSet::new(),
            client: String::new(),
            n_documents_asked: 0,
            n_keys_asked: 0,
        };
        let one = Self { address, says: Arc::new(Mutex::new(says)) };
        let answering = one.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answering.answer(stream.unwrap());
            }
        });
        one
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut n_bytes) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() <= 2 {
                break;
            }
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                n_bytes = n.trim().parse().unwrap();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; n_bytes];
        reader.read_exact(&mut body).unwrap();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, said) = match path.as_str() {
            "/.well-known/openid-configuration" => (200, self.document()),
            "/keys" => (200, self.keys()),
            "/token" => self.token(&head, &String::from_utf8(body).unwrap()),
            _ => (404, json!({})),
        };
        let said = said.to_string();
        let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{said}", said.len());
    }

    fn document(&self) -> Value {
        let mut says = self.says.lock().unwrap();
        says.n_documents_asked += 1;
        let here = self.issuer();
        json!({"issuer": says.issuer, "authorization_endpoint": format!("{here}/auth?tenant=1"),
            "token_endpoint": format!("{here}/token"), "jwks_uri": format!("{here}/keys")})
    }

    fn keys(&self) -> Value {
        let mut says = self.says.lock().unwrap();
        says.n_keys_asked += 1;
        json!({ "keys": says.keys.iter().map(|name| public_key(name)).collect::<Vec<_>>() })
    }

    fn token(&self, head: &str, body: &str) -> (u16, Value) {
        let mut says = self.says.lock().unwrap();
        let field = |name: &str| {
            let pair = body.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            pair.unwrap_or_default().to_owned()
        };
        says.client = head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("authorization:"))
            .unwrap_or_default()
            .into();
        let is_proved = base64url(&sha256(field("code_verifier").as_bytes())) == says.challenge;
        let redirect = field("redirect_uri");
        assert!(redirect.starts_with("http%3A%2F%2F127.0.0.1") && redirect.ends_with("oidc%2Fcallback"), "{redirect}");
        if !is_proved || field("grant_type") != "authorization_code" || !says.used.insert(field("code")) {
            return (400, json!({"error": "invalid_grant"}));
        }
        let mut claims = json!({"iss": says.issuer, "aud": "zhike", "sub": "s-1", "iat": now_s(), "exp": now_s() + 300,
            "nonce": says.nonce, "at_hash": base64url(&sha256(b"opaque")[..16])});
        for (name, value) in says.change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        (200, json!({"access_token": "opaque", "token_type": "Bearer", "id_token": signed(says.key, &claims)}))
    }

    fn set(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }
}

fn public_key(name: &str) -> Value {
    let all: Value = serde_json::from_slice(&std::fs::read(format!("{FILES}keys.json")).unwrap()).unwrap();
    all.as_array().unwrap().iter().find(|key| key["kid"] == name).unwrap().clone()
}

/// A token, signed as the key says.
fn signed(key: &str, claims: &Value) -> String {
    let header = match key {
        "none" => json!({"alg": "none"}),
        "hs256" => json!({"alg": "HS256", "kid": "one"}),
        "ec" => json!({"alg": "ES256", "kid": "ec"}),
        // Another's signature under a name that is known.
        "forged" => json!({"alg": "RS256", "kid": "one"}),
        key => json!({"alg": "RS256", "kid": key}),
    };
    let text = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let signature = match key {
        "none" => Vec::new(),
        // The public key as the shared one.
        "hs256" => hmac_sha256(public_key("one")["n"].as_str().unwrap().as_bytes(), text.as_bytes()),
        "forged" => sign("two", text.as_bytes()),
        key => sign(key, text.as_bytes()),
    };
    format!("{text}.{}", base64url(&signature))
}

fn location(head: &str) -> String {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("location:")).unwrap_or_default();
    line.split_once(": ").map_or("", |(_, to)| to).trim().to_owned()
}

fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default().to_owned()
}

/// A browser that was sent to the provider: what it keeps, and the state that it was given.
struct Browser {
    kept: String,
    state: String,
}

struct Place {
    provider: Provider,
    server: Server,
    /// Browsers come from addresses of their own, by a proxy that is believed.
    n_addresses: AtomicU8,
    _home: Home,
}

impl Place {
    fn new(change: impl FnOnce(&mut Value)) -> Self {
        let (home, provider) = (Home::new(), Provider::start());
        let server =
            Server::start_with(&home, &["--outbound-allow", &provider.address, "--trusted-proxy", "127.0.0.1"]);
        let mut settings =
            json!({"issuer": provider.issuer(), "client_id": "zhike", "client_secret": "top secret", "name": "Corp"});
        change(&mut settings);
        let (status, answer) = server.send("PUT", "/api/v1/sso", &settings);
        assert_eq!((status, &answer["has_secret"]), (200, &json!(true)), "{answer}");
        assert!(!answer.to_string().contains("top secret"));
        Self { provider, server, n_addresses: AtomicU8::new(0), _home: home }
    }

    fn address(&self) -> String {
        format!("203.0.113.{}", self.n_addresses.fetch_add(1, Ordering::Relaxed))
    }

    fn begin(&self) -> Browser {
        let (status, head, _) = self.server.request("GET", "/api/v1/session/oidc/start", &[("Cookie", "")], b"");
        let to = location(&head);
        assert_eq!(status, 303, "{head}");
        assert!(to.starts_with(&format!("{}/auth?tenant=1&response_type=code&", self.provider.issuer())), "{to}");
        assert_eq!(
            (parameter(&to, "code_challenge_method"), parameter(&to, "scope")),
            ("S256".into(), "openid+profile".into())
        );
        self.provider.set(|says| {
            (says.nonce, says.challenge) = (parameter(&to, "nonce"), parameter(&to, "code_challenge"));
        });
        assert!(head.contains("HttpOnly; SameSite=Lax; Path=/; Max-Age=600"), "{head}");
        Browser { kept: cookie_of(&head), state: parameter(&to, "state") }
    }

    /// Where the browser is sent, and its session.
    fn back(&self, kept: &str, query: &str) -> (String, String) {
        self.back_at(&self.address(), kept, query)
    }

    /// As [`Place::back`], of a browser at an address.
    fn back_at(&self, address: &str, kept: &str, query: &str) -> (String, String) {
        let path = format!("/api/v1/session/oidc/callback?{query}");
        let (status, head, _) =
            self.server.request("GET", &path, &[("Cookie", kept), ("X-Forwarded-For", address)], b"");
        assert_eq!(status, 303, "{head}");
        let session = cookie_of(&head);
        (location(&head), if session.starts_with("zhike_session=") { session } else { String::new() })
    }

    /// A whole attempt with a code of its own.
    fn attempt(&self, code: &str) -> (String, String) {
        let browser = self.begin();
        self.back(&browser.kept, &format!("code={code}&state={}", browser.state))
    }

    fn id_of(&self, name: &str) -> String {
        let users = self.server.get("/api/v1/users").1;
        let user = users["items"].as_array().unwrap().iter().find(|user| user["name"] == name).cloned();
        user.unwrap_or_else(|| panic!("no {name} in {users}"))["user_id"].as_str().unwrap().to_owned()
    }

    fn link(&self, name: &str, subject: &str) -> u16 {
        let path = format!("/api/v1/users/{}/sso", self.id_of(name));
        self.server.send("PUT", &path, &json!({ "subject": subject })).0
    }

    fn name_of(&self, session: &str) -> Value {
        self.server.request_as(session, "GET", "/api/v1/session", &json!({})).2["user"]["name"].clone()
    }
}

const REFUSED: &str = "/sign-in?sso=sso_refused";
const NO_ACCOUNT: &str = "/sign-in?sso=sso_no_account";

/// INV-SSO-4: a link opens an account, a name does not; unlinked and disabled, it is closed.
#[test]
fn a_linked_account_is_opened_and_no_other() {
    let place = Place::new(|_| {});
    hire(&place.server, "ann", &["analyst"]);
    assert_eq!(place.server.anonymous("GET", "/api/v1/setup", &json!({})).2, json!({"needed": false, "sso": "Corp"}));
    place.provider.set(|says| says.change = json!({"preferred_username": "ann"}));
    assert_eq!(place.attempt("c1").0, NO_ACCOUNT);
    assert_eq!(place.link("ann", "s-1"), 204);
    assert_eq!(place.link(ADMIN, "s-1"), 409, "one subject opens one account");
    let (to, session) = place.attempt("c2");
    assert_eq!((to.as_str(), place.name_of(&session)), ("/", json!("ann")));
    let client = place.provider.says.lock().unwrap().client.clone();
    assert!(
        client.ends_with("Basic emhpa2U6dG9wK3NlY3JldA==\r") || client.ends_with("Basic emhpa2U6dG9wK3NlY3JldA=="),
        "{client}"
    );
    let trail = place.server.get("/api/v1/audit?who=ann&action=account.sign_in").1;
    assert_eq!(trail["items"][0]["detail"], json!({"with": "provider"}), "{trail}");
    let refused = place.server.get("/api/v1/audit?action=account.refused").1;
    assert_eq!(refused["items"][0]["detail"], json!({"why": "account"}), "{refused}");
    // The subject itself stands nowhere.
    assert!(!place.server.get("/api/v1/audit").1.to_string().contains("s-1"));

    let path = format!("/api/v1/users/{}", place.id_of("ann"));
    assert_eq!(place.server.send("PUT", &path, &json!({"disabled": true})).0, 200);
    assert_eq!(place.name_of(&session), Value::Null);
    assert_eq!(place.attempt("c3").0, NO_ACCOUNT);
    assert_eq!(place.server.send("PUT", &path, &json!({"disabled": false})).0, 200);
    let (_, session) = place.attempt("c4");
    assert_eq!(place.name_of(&session), "ann");
    assert_eq!(place.server.send("DELETE", &format!("{path}/sso"), &json!({})).0, 204);
    assert_eq!(place.name_of(&session), Value::Null, "sessions end");
    assert_eq!(place.attempt("c5").0, NO_ACCOUNT);
    assert_eq!(place.server.send("DELETE", "/api/v1/sso", &json!({})).0, 204);
    assert_eq!(place.server.request("GET", "/api/v1/session/oidc/start", &[], b"").0, 303);
    assert_eq!(place.server.anonymous("GET", "/api/v1/setup", &json!({})).2["sso"], Value::Null);
}

/// INV-SSO-3: the answer is that of an attempt, of this browser, once; and from the issuer that was asked.
#[test]
fn an_answer_counts_once_in_the_browser_that_asked() {
    let place = Place::new(|_| {});
    assert_eq!(place.link(ADMIN, "s-1"), 204);
    let (one, other) = (place.begin(), place.begin());
    for (kept, query) in [
        (one.kept.as_str(), format!("code=a&state={}", other.state)),
        (one.kept.as_str(), "code=a&state=".into()),
        (one.kept.as_str(), "code=a".into()),
        ("", format!("code=a&state={}", one.state)),
        (other.kept.as_str(), format!("code=a&state={}", one.state)),
        ("zhike_sso=forged", format!("code=a&state={}", one.state)),
    ] {
        assert_eq!(place.back(kept, &query), (REFUSED.into(), String::new()), "{query}");
    }
    assert!(place.provider.says.lock().unwrap().used.is_empty(), "no code was redeemed");
    // The attempts still count, and then no more.
    let query = format!("code=b&state={}", other.state);
    assert_eq!(place.back(&other.kept, &query).0, "/");
    place.provider.set(|says| says.used.clear());
    assert_eq!(place.back(&other.kept, &query), (REFUSED.into(), String::new()), "the same answer again");
    assert!(place.provider.says.lock().unwrap().used.is_empty());
    // A code that was redeemed is refused by the provider, in a new attempt too.
    assert_eq!(place.attempt("c").0, "/");
    assert_eq!(place.attempt("c").0, REFUSED);
    // The verifier is this attempt's.
    let browser = place.begin();
    place.provider.set(|says| says.challenge = "another".into());
    assert_eq!(place.back(&browser.kept, &format!("code=d&state={}", browser.state)).0, REFUSED);
    // Who answers is who was asked.
    for (iss, to) in [("https%3A%2F%2Fevil.example".to_owned(), REFUSED), (place.provider.issuer(), "/")] {
        let browser = place.begin();
        assert_eq!(place.back(&browser.kept, &format!("code=e&state={}&iss={iss}", browser.state)).0, to, "{iss}");
    }
    let browser = place.begin();
    let query = format!("error=access_denied&code=f&state={}", browser.state);
    assert_eq!(place.back(&browser.kept, &query).0, REFUSED);
}

/// Whatever a token lies about, nobody is let in by it.
#[test]
fn a_token_that_lies_lets_nobody_in() {
    let place = Place::new(|_| {});
    assert_eq!(place.link(ADMIN, "s-1"), 204);
    assert_eq!(place.attempt("good").0, "/");
    let lies = [
        ("nonce", json!({"nonce": "another"})),
        ("issuer", json!({"iss": "https://evil.example"})),
        ("audience", json!({"aud": "another"})),
        ("audience", json!({"aud": ["zhike", "another"], "azp": "another"})),
        ("expired", json!({"exp": now_s() - 120})),
        ("expired", json!({"iat": now_s() - 3_600})),
        ("not_yet", json!({"nbf": now_s() + 3_600})),
        ("at_hash", json!({"at_hash": "another"})),
        ("subject", json!({"sub": ""})),
    ];
    for (n, (why, change)) in lies.into_iter().enumerate() {
        place.provider.set(|says| says.change = change.clone());
        assert_eq!(place.attempt(&format!("lie{n}")), (REFUSED.into(), String::new()), "{change}");
        let refused = place.server.get("/api/v1/audit?action=account.refused").1;
        assert_eq!(refused["items"][0]["detail"]["why"], why, "{change}");
    }
    place.provider.set(|says| says.change = json!({}));
    for (why, key) in [
        ("algorithm", "none"),
        ("algorithm", "hs256"),
        ("signature", "forged"),
        ("signature", "two"),
        ("signature", "ec"),
    ] {
        place.provider.set(|says| says.key = key);
        assert_eq!(place.attempt(key), (REFUSED.into(), String::new()), "{key}");
        let refused = place.server.get("/api/v1/audit?action=account.refused").1;
        assert_eq!(refused["items"][0]["detail"]["why"], why, "{key}");
    }
    place.provider.set(|says| says.key = "one");
    assert_eq!(place.attempt("again").0, "/");
}

/// Keys change at the provider: new ones are fetched when they are needed, old ones are forgotten with that.
#[test]
fn keys_of_the_provider_change() {
    let place = Place::new(|_| {});
    assert_eq!(place.link(ADMIN, "s-1"), 204);
    assert_eq!(place.attempt("a").0, "/");
    let n_asked = place.provider.says.lock().unwrap().n_keys_asked;
    assert_eq!(place.attempt("b").0, "/");
    assert_eq!(place.provider.says.lock().unwrap().n_keys_asked, n_asked, "known keys are not asked for again");
    place.provider.set(|says| (says.keys, says.key) = (vec!["two", "ec"], "two"));
    assert_eq!(place.attempt("c").0, "/");
    place.provider.set(|says| says.key = "ec");
    assert_eq!(place.attempt("d").0, "/");
    assert_eq!(place.provider.says.lock().unwrap().n_keys_asked, n_asked + 1);
    place.provider.set(|says| says.key = "one");
    assert_eq!(place.attempt("e").0, REFUSED, "the old key is nobody's");
}

/// INV-SSO-2: a first sign-in makes an account with mapped roles, never somebody else's; the roles follow the provider.
#[test]
fn a_first_sign_in_makes_an_account_with_mapped_roles() {
    let place = Place::new(|settings| {
        settings["role_claim"] = json!("groups");
        settings["role_map"] = json!({"stats": "analyst", "shop": "operator"});
        settings["creates"] = json!(true);
    });
    let says = |subject: &str, name: &str, groups: &[&str]| {
        place.provider.set(|says| {
            says.change = json!({"sub": subject, "preferred_username": name, "name": "Li Lei", "groups": groups});
        });
    };
    says("s-2", "li", &["admin", "everybody"]);
    assert_eq!(place.attempt("a").0, NO_ACCOUNT, "a group that is not mapped gives nothing");
    says("s-2", "li@corp.example", &["admin", "stats"]);
    let (to, session) = place.attempt("b");
    assert_eq!((to.as_str(), place.name_of(&session)), ("/", json!("li")));
    let user = place.server.request_as(&session, "GET", "/api/v1/session", &json!({})).2;
    assert_eq!((&user["user"]["roles"], &user["user"]["must_change_password"]), (&json!(["analyst"]), &json!(false)));
    assert_eq!(place.server.anonymous("POST", "/api/v1/session", &json!({"name": "li", "password": ""})).0, 401);
    says("s-2", "li", &["shop"]);
    let (_, later) = place.attempt("c");
    assert_eq!(place.name_of(&session), Value::Null, "changed roles end sessions");
    let user = place.server.request_as(&later, "GET", "/api/v1/session", &json!({})).2;
    assert_eq!(user["user"]["roles"], json!(["operator"]));
    says("s-2", "li", &[]);
    assert_eq!(place.attempt("d").0, NO_ACCOUNT);
    // A name that is taken, and one that is no name: somebody new all the same.
    for (subject, name) in [("s-3", ADMIN), ("s-4", "13957264831"), ("s-5", "../")] {
        says(subject, name, &["stats"]);
        let (to, session) = place.attempt(subject);
        let made = place.name_of(&session);
        let made = made.as_str().unwrap();
        assert!(to == "/" && made != ADMIN && !made.contains("139") && made.contains('-'), "{made}");
    }
}

/// A group can be bound to some customers; the rows that accounts see follow the provider as roles do.
#[test]
fn groups_are_bound_to_some_customers() {
    let place = Place::new(|settings| {
        settings["role_claim"] = json!("groups");
        settings["role_map"] = json!({"east": "operator", "west": "operator", "head": "operator", "new": "operator", "audit": "audit_admin"});
        settings["scope_map"] = json!({"east": {"provinces": ["浙江省"], "stores": []},
            "west": {"provinces": ["四川"], "stores": ["S1"]}, "head": {"provinces": [], "stores": []}});
        settings["creates"] = json!(true);
    });
    let set = place.server.get("/api/v1/sso").1;
    assert_eq!(set["provider"]["scope_map"]["east"]["provinces"], json!(["浙江"]), "{set}");
    let seen = |groups: &[&str], code: &str| {
        place.provider.set(|says| {
            says.change = json!({"sub": "s-2", "preferred_username": "li", "groups": groups});
        });
        let (to, session) = place.attempt(code);
        assert_eq!(to, "/", "{groups:?}");
        let user = place.server.request_as(&session, "GET", "/api/v1/session", &json!({})).2["user"].clone();
        (user["provinces"].clone(), user["stores"].clone(), session)
    };
    let (provinces, stores, first) = seen(&["east"], "a");
    assert_eq!((provinces, stores), (json!(["浙江"]), json!([])));
    let made = place.server.get("/api/v1/audit?action=user.create").1;
    assert_eq!(made["items"][0]["detail"]["provinces"], json!(["浙江"]), "{made}");
    let (provinces, stores, _) = seen(&["east", "west"], "b");
    assert_eq!((provinces, stores), (json!(["四川", "浙江"]), json!(["S1"])));
    assert_eq!(place.name_of(&first), Value::Null, "other rows end sessions");
    let (provinces, ..) = seen(&["east", "head"], "c");
    assert_eq!(provinces, json!([]), "head is bound to all");
    // Whoever belongs to no group that is bound does not come in, whether they have an account or not; whoever is told nothing
    // of customers does.
    for (sub, groups) in [("s-2", json!(["new"])), ("s-3", json!(["new"]))] {
        place.provider.set(|says| says.change = json!({"sub": sub, "groups": groups}));
        assert_eq!(place.attempt(sub).0, NO_ACCOUNT, "{sub}");
    }
    let refused = place.server.get("/api/v1/audit?action=account.refused").1;
    assert_eq!(refused["items"][0]["detail"]["why"], "scope", "{refused}");
    assert_eq!(set["provider"]["scope_default"], "none");
    place.provider.set(|says| says.change = json!({"sub": "s-4", "preferred_username": "shen", "groups": ["audit"]}));
    assert_eq!(place.attempt("auditor").0, "/");
    let (provinces, ..) = seen(&["east", "new"], "d");
    assert_eq!(provinces, json!(["浙江"]), "what nothing is said of adds nothing");
    let mut unmapped =
        json!({"issuer": place.provider.issuer(), "client_id": "zhike", "role_map": {"east": "operator"}});
    unmapped["scope_map"] = json!({"south": {"provinces": ["广东"], "stores": []}});
    let (status, answer) = place.server.send("PUT", "/api/v1/sso", &unmapped);
    assert_eq!((status, &answer["error"]["code"]), (422, &json!("invalid_account")), "{answer}");
}

/// Refused attempts of an address are counted with its wrong passwords; other addresses go on, and so does the attempt later.
#[test]
fn refused_attempts_lock_an_address_out() {
    let place = Place::new(|_| {});
    assert_eq!(place.link(ADMIN, "s-1"), 204);
    place.provider.set(|says| says.change = json!({"sub": "somebody"}));
    let (address, locked) = ("198.51.100.7", "/sign-in?sso=locked_out");
    let attempt = |code: &str| {
        let browser = place.begin();
        place.back_at(address, &browser.kept, &format!("code={code}&state={}", browser.state)).0
    };
    for n in 0..5 {
        assert_eq!(attempt(&format!("no{n}")), NO_ACCOUNT);
    }
    place.provider.set(|says| says.change = json!({}));
    assert_eq!(attempt("good"), locked, "whoever it is");
    let path = "/api/v1/session/oidc/start";
    let (_, head, _) = place.server.request("GET", path, &[("Cookie", ""), ("X-Forwarded-For", address)], b"");
    assert_eq!(location(&head), locked);
    let body = json!({"name": ADMIN, "password": "whatever"}).to_string();
    let headers = [("X-Forwarded-For", address), ("X-Zhike-Request", "1"), ("Content-Type", "application/json")];
    assert_eq!(
        place.server.request("POST", "/api/v1/session", &headers, body.as_bytes()).0,
        429,
        "by password as well"
    );
    assert_eq!(place.attempt("elsewhere").0, "/");
    // What is no attempt of ours counts against nobody.
    for _ in 0..9 {
        assert_eq!(place.back_at("198.51.100.8", "zhike_sso=forged", "code=x&state=y").0, REFUSED);
    }
    let browser = place.begin();
    assert_eq!(place.back_at("198.51.100.8", &browser.kept, &format!("code=z&state={}", browser.state)).0, "/");
}

/// Anybody can ask to be sent to the provider: one that does not answer as it should is asked once, not by each of them.
#[test]
fn a_provider_that_fails_is_not_asked_by_everybody() {
    let place = Place::new(|_| {});
    let n_asked = || place.provider.says.lock().unwrap().n_documents_asked;
    let before = n_asked();
    place.provider.set(|says| says.issuer = "https://evil.example".into());
    let start = || {
        let (status, head, _) = place.server.request("GET", "/api/v1/session/oidc/start", &[("Cookie", "")], b"");
        (status, location(&head))
    };
    let failed = (303, "/sign-in?sso=outbound_failed".to_owned());
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        for one in all {
            assert_eq!(one.join().unwrap(), failed);
        }
    });
    assert_eq!((start(), n_asked()), (failed, before + 1));
    // Whoever sets it anew need not wait.
    let issuer = place.provider.issuer();
    place.provider.set(|says| says.issuer = issuer.clone());
    let (status, answer) = place.server.send("PUT", "/api/v1/sso", &json!({"issuer": issuer, "client_id": "zhike"}));
    assert_eq!(status, 200, "{answer}");
    place.begin();
}

/// A setting that could not be used is refused with what is wrong; who may set it is told by the table, who tried by
/// the trail. A host inside is reached by the operator's word alone.
#[test]
fn a_provider_is_set_once_it_answers() {
    let (home, provider) = (Home::new(), Provider::start());
    let server = Server::start(&home);
    let put = |settings: Value| {
        let (status, answer) = server.send("PUT", "/api/v1/sso", &settings);
        (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let refused = (422, "outbound_refused".to_owned());
    let inside = [
        provider.issuer(),
        format!("https://{}", provider.address),
        "https://127.0.0.1".into(),
        "https://localhost".into(),
        "https://10.0.0.5:8443/realms/staff".into(),
        "http://example.com".into(),
        "https://169.254.169.254".into(),
        "https://user:word@example.com".into(),
        "https://0xa9fea9fe/".into(),
        "example.com".into(),
    ];
    for issuer in &inside {
        assert_eq!(put(json!({"issuer": issuer, "client_id": "zhike"})), refused, "{issuer}");
    }
    let trail = server.get("/api/v1/audit?limit=500").1;
    let n_of = |action: &str| {
        let is_it = |one: &&Value| one["action"] == action && one["subject"] == "PUT /api/v1/sso";
        trail["items"].as_array().unwrap().iter().filter(is_it).count()
    };
    assert_eq!((n_of("policy.change"), n_of("access.failed")), (inside.len(), inside.len()), "{trail}");
    drop(server);
    let server = Server::start_with(&home, &["--outbound-allow", &provider.address]);
    let put = |settings: Value| server.send("PUT", "/api/v1/sso", &settings);
    let issuer = provider.issuer();
    let wrong = put(json!({"issuer": format!("{issuer}/else"), "client_id": "zhike"}));
    assert_eq!((wrong.0, &wrong.1["error"]["code"]), (502, &json!("outbound_failed")), "{wrong:?}");
    provider.set(|says| says.issuer = "https://evil.example".into());
    assert_eq!(put(json!({"issuer": issuer, "client_id": "zhike"})).0, 502);
    provider.set(|says| says.issuer = issuer.clone());
    for settings in [
        json!({"issuer": issuer, "client_id": ""}),
        json!({"issuer": issuer, "client_id": "zhike", "creates": true}),
        json!({"issuer": issuer, "client_id": "zhike", "role_map": {"a": "king"}}),
        json!({"issuer": issuer, "client_id": "zhike", "scopes": ["a b"]}),
    ] {
        let (status, answer) = put(settings.clone());
        assert_eq!((status, &answer["error"]["code"]), (422, &json!("invalid_account")), "{settings}");
    }
    assert_eq!(put(json!({"issuer": issuer, "client_id": "zhike"})).0, 200);
    let ann = hire(&server, "ann", &["system_admin"]);
    assert_eq!(server.request_as(&ann, "PUT", "/api/v1/sso", &json!({"issuer": issuer, "client_id": "x"})).0, 403);
    let shown = server.get("/api/v1/sso").1;
    assert_eq!(shown["redirect_url"], format!("http://{}/api/v1/session/oidc/callback", server.address));
}
