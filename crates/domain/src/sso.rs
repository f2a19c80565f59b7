//! Single sign-on by OpenID Connect: what a provider says about itself and about somebody, and whether it holds.
//!
//! Owns the checks of a provider's document, keys and claims, and which roles its groups become. Must not know signatures,
//! requests or accounts: whether a key made a token is for the vault to say.
//!
//! - INV-SSO-1: claims hold only for this client, this attempt, this moment and the provider that was set.
//! - INV-SSO-2: groups give the roles that they were mapped to, and no other, and customers to those who are bound to some; once
//!   a group is bound, whoever belongs to none of them sees nobody unless that is said.
//!
//! **Source**: OpenID Connect Core 1.0 §3.1.3.7, Discovery 1.0 §4.3, RFC 9207 (issuer in the answer).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::access::{Role, Scope};

/// Clocks may differ by so many seconds.
const LEEWAY_S: i64 = 60;
/// A token made longer ago than so many seconds was made for something else.
const MAX_AGE_S: i64 = 600;
const MAX_SUBJECT_CHARS: usize = 255;
const MAX_KEYS: usize = 100;
/// Ways of proving oneself beside a password: several factors, a one-time code, a key in hardware, a smart card.
///
/// **Source**: RFC 8176 §2.
const STRONG_AMR: &[&str] = &["mfa", "otp", "hwk", "sc"];
/// The same as classes of contexts: SAML's for several factors and time-based codes, Microsoft's, the openid.net policies.
const STRONG_ACR: &[&str] = &[
    "mfa",
    "phr",
    "phrh",
    "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
    "http://schemas.microsoft.com/claims/multipleauthn",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
];

/// Why what a provider says does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is not of the form that the standard gives.
    Form,
    /// Another issuer speaks.
    Issuer,
    /// Meant for another client.
    Audience,
    /// Its time is over, or it was made too long ago.
    Expired,
    /// Its time has not come.
    NotYet,
    /// Made for another attempt.
    Nonce,
    /// Made for another access token.
    AccessToken,
    /// Nobody is named.
    Subject,
    /// Not signed, or by a way that is not taken: RS256 and ES256 are.
    Algorithm,
    /// Signed by none of the provider's keys.
    Signature,
    /// The attempt is not this browser's, is over, or was used.
    State,
    /// The provider refused.
    Refused,
    /// None of the groups has a role here.
    Role,
    /// None of the groups is bound to customers, and nobody is seen by whoever is not.
    Scope,
    /// No account is linked, or it is disabled.
    Account,
}

impl Flaw {
    /// The word for the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Nonce => "nonce",
            Self::AccessToken => "at_hash",
            Self::Subject => "subject",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::State => "state",
            Self::Refused => "refused",
            Self::Role => "role",
            Self::Scope => "scope",
            Self::Account => "account",
        }
    }
}

/// What a provider says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Discovery {
    /// Who it is.
    pub issuer: String,
    /// Where browsers are sent.
    pub authorization_endpoint: String,
    /// Where a code becomes a token.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Whether its answers name it.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// How clients prove themselves; with a header when nothing is said.
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
}

impl Discovery {
    /// Reads a provider's document.
    ///
    /// **Errors**: [`Flaw::Form`]; [`Flaw::Issuer`] when it is another's.
    pub fn read(json: &[u8], issuer: &str) -> Result<Self, Flaw> {
        let read: Self = serde_json::from_slice(json).map_err(|_| Flaw::Form)?;
        // Some providers name themselves with the slash that others leave out; anything else is somebody else.
        if read.issuer.trim_end_matches('/') == issuer.trim_end_matches('/') { Ok(read) } else { Err(Flaw::Issuer) }
    }

    /// Whether the secret goes into the body, as the provider takes it no other way.
    pub fn takes_secret_in_body(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        let takes = |wanted: &str| methods.iter().any(|method| method == wanted);
        takes("client_secret_post") && !takes("client_secret_basic")
    }
}

/// Where an issuer's document is.
pub fn discovery_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// A public key of a provider, as its document has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Jwk {
    /// RSA, EC and others.
    pub kty: String,
    /// Its name.
    pub kid: Option<String>,
    /// What it is for.
    #[serde(rename = "use")]
    pub usage: Option<String>,
    /// By which algorithm.
    pub alg: Option<String>,
    /// Curve.
    pub crv: Option<String>,
    /// Modulus.
    pub n: Option<String>,
    /// Exponent.
    pub e: Option<String>,
    /// x of a point.
    pub x: Option<String>,
    /// y of a point.
    pub y: Option<String>,
}

/// Reads a provider's keys; those of unknown kinds are left out.
///
/// **Errors**: [`Flaw::Form`].
pub fn read_jwks(json: &[u8]) -> Result<Vec<Jwk>, Flaw> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<Json>,
    }
    let keys: Keys = serde_json::from_slice(json).map_err(|_| Flaw::Form)?;
    Ok(keys.keys.into_iter().take(MAX_KEYS).filter_map(|key| serde_json::from_value(key).ok()).collect())
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA, PKCS#1, SHA-256.
    Rs256,
    /// P-256, SHA-256.
    Es256,
}

/// What the header of a token says: how it is signed, by which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// How.
    pub algorithm: Algorithm,
    /// By which key.
    pub kid: Option<String>,
}

impl Header {
    /// Reads a header.
    ///
    /// **Errors**: [`Flaw::Form`]; [`Flaw::Algorithm`] for none, for codes of a shared key, and for demands that are not
    /// understood.
    pub fn read(json: &[u8]) -> Result<Self, Flaw> {
        let header: BTreeMap<String, Json> = serde_json::from_slice(json).map_err(|_| Flaw::Form)?;
        if header.contains_key("crit") {
            return Err(Flaw::Algorithm);
        }
        let algorithm = match header.get("alg").and_then(Json::as_str) {
            Some("RS256") => Algorithm::Rs256,
            Some("ES256") => Algorithm::Es256,
            _ => return Err(Flaw::Algorithm),
        };
        Ok(Self { algorithm, kid: header.get("kid").and_then(Json::as_str).map(str::to_owned) })
    }

    /// Whether a key may have made the signature: its kind decides, never the token's word alone.
    pub fn may_be_by(&self, key: &Jwk) -> bool {
        let (kty, crv, alg) = match self.algorithm {
            Algorithm::Rs256 => ("RSA", None, "RS256"),
            Algorithm::Es256 => ("EC", Some("P-256"), "ES256"),
        };
        key.kty == kty
            && (crv.is_none() || key.crv.as_deref() == crv)
            && key.alg.as_deref().is_none_or(|own| own == alg)
            && key.usage.as_deref().is_none_or(|own| own == "sig")
            && self.kid.as_deref().is_none_or(|kid| key.kid.as_deref() == Some(kid))
    }
}

/// What claims are held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// As the provider names itself.
    pub issuer: &'a str,
    /// Who we are to it.
    pub client_id: &'a str,
    /// Of this attempt.
    pub nonce: &'a str,
    /// What the access token beside it would be called.
    pub access_token_hash: &'a str,
    /// Now, in seconds.
    pub now_s: i64,
    /// Which claim names groups.
    pub role_claim: Option<&'a str>,
}

/// Whom a provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The same for ever, and nobody else's at this issuer.
    pub subject: String,
    /// Name to sign in with there, if it says.
    pub username: Option<String>,
    /// Name to be shown, if it says.
    pub display_name: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// Whether two factors were asked for there.
    pub is_strong: bool,
}

impl Claims {
    /// Reads claims whose signature holds, and checks them.
    ///
    /// **Errors**: what does not hold.
    pub fn read(json: &[u8], expected: &Expected) -> Result<Self, Flaw> {
        let claims: BTreeMap<String, Json> = serde_json::from_slice(json).map_err(|_| Flaw::Form)?;
        let text = |name: &str| claims.get(name).and_then(Json::as_str);
        let seconds =
            |name: &str| claims.get(name).and_then(Json::as_f64).filter(|at| at.abs() < 1e15).map(|at| at as i64);
        if text("iss") != Some(expected.issuer) {
            return Err(Flaw::Issuer);
        }
        let audiences = words(claims.get("aud"));
        let azp = text("azp");
        let is_ours = audiences.iter().any(|one| one == expected.client_id);
        if !is_ours || azp.is_some_and(|azp| azp != expected.client_id) || audiences.len() > 1 && azp.is_none() {
            return Err(Flaw::Audience);
        }
        let (exp, iat) = (seconds("exp").ok_or(Flaw::Form)?, seconds("iat").ok_or(Flaw::Form)?);
        if exp <= expected.now_s - LEEWAY_S || iat < expected.now_s - MAX_AGE_S {
            return Err(Flaw::Expired);
        }
        let not_before = if claims.contains_key("nbf") { seconds("nbf").ok_or(Flaw::Form)? } else { iat };
        if iat > expected.now_s + LEEWAY_S || not_before > expected.now_s + LEEWAY_S {
            return Err(Flaw::NotYet);
        }
        if text("nonce") != Some(expected.nonce) {
            return Err(Flaw::Nonce);
        }
        if claims.contains_key("at_hash") && text("at_hash") != Some(expected.access_token_hash) {
            return Err(Flaw::AccessToken);
        }
        let subject = text("sub").filter(|one| !one.is_empty() && one.chars().count() <= MAX_SUBJECT_CHARS);
        let strong =
            |claim: &str, known: &[&str]| words(claims.get(claim)).iter().any(|one| known.contains(&one.as_str()));
        Ok(Self {
            subject: subject.ok_or(Flaw::Subject)?.to_owned(),
            username: text("preferred_username").map(str::to_owned),
            display_name: text("name").map(str::to_owned),
            groups: expected.role_claim.map(|name| words(at(&claims, name))).unwrap_or_default(),
            is_strong: strong("amr", STRONG_AMR) || strong("acr", STRONG_ACR),
        })
    }
}

/// A claim by its name, or by the names that lead to it, with dots between.
fn at<'a>(claims: &'a BTreeMap<String, Json>, name: &str) -> Option<&'a Json> {
    claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |json, part| json.get(part))
    })
}

/// A text, or those of a list.
fn words(json: Option<&Json>) -> Vec<String> {
    match json {
        Some(Json::String(one)) => vec![one.clone()],
        Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The roles of some groups; a role that is unknown by now gives nothing.
pub fn roles_of(groups: &[String], map: &BTreeMap<String, String>) -> Vec<Role> {
    let mut roles: Vec<Role> =
        groups.iter().filter_map(|group| map.get(group)).filter_map(|role| Role::parse(role)).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// Which customers people see of whose group nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unbound {
    /// None: whoever has no other group does not come in.
    None,
    /// All of them.
    All,
}

/// Which customers somebody of some groups sees, by what is said of those groups that give a role; `None` where that is nobody
/// and their role is about customers. Provinces add up, and so do stores; who is bound to both sees those who fit both, never
/// more than either. A group that is bound to nothing in particular sees all.
pub fn scope_of(
    groups: &[String],
    map: &BTreeMap<String, String>,
    scopes: &BTreeMap<String, Scope>,
    unbound: Unbound,
) -> Option<Scope> {
    let (mut all, mut is_left_out) = (Scope::default(), false);
    let role = |group: &String| map.get(group).and_then(|role| Role::parse(role));
    for (group, role) in groups.iter().filter_map(|group| Some((group, role(group)?))) {
        match scopes.get(group) {
            Some(scope) if scope.is_all() => return Some(Scope::default()),
            Some(scope) => {
                all.provinces.extend(scope.provinces.iter().cloned());
                all.stores.extend(scope.stores.iter().cloned());
            }
            None if unbound == Unbound::All => return Some(Scope::default()),
            None => is_left_out |= role.sees_customers(),
        }
    }
    for list in [&mut all.provinces, &mut all.stores] {
        list.sort_unstable();
        list.dedup();
    }
    (!all.is_all() || !is_left_out).then_some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const EXPECTED: Expected = Expected {
        issuer: "https://kc.example/realms/staff",
        client_id: "zhike",
        nonce: "n1",
        access_token_hash: "h1",
        now_s: NOW,
        role_claim: Some("realm_access.roles"),
    };

    fn good() -> Json {
        json!({"iss": EXPECTED.issuer, "aud": "zhike", "sub": "u1", "exp": NOW + 300, "iat": NOW, "nonce": "n1",
            "preferred_username": "li", "realm_access": {"roles": ["a", "b", 3]}})
    }

    fn check(change: Json) -> Result<Claims, Flaw> {
        let mut claims = good();
        for (name, value) in change.as_object().unwrap() {
            match value {
                Json::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        Claims::read(claims.to_string().as_bytes(), &EXPECTED)
    }

    /// INV-SSO-1
    #[test]
    fn claims_hold_for_this_client_attempt_and_moment_alone() {
        let claims = check(json!({})).unwrap();
        assert_eq!(
            (claims.subject.as_str(), claims.groups, claims.is_strong),
            ("u1", vec!["a".into(), "b".into()], false)
        );
        for (change, flaw) in [
            (json!({"iss": "https://evil.example"}), Flaw::Issuer),
            (json!({"iss": format!("{}/", EXPECTED.issuer)}), Flaw::Issuer),
            (json!({"iss": null}), Flaw::Issuer),
            (json!({"aud": "other"}), Flaw::Audience),
            (json!({"aud": []}), Flaw::Audience),
            (json!({"aud": null}), Flaw::Audience),
            (json!({"aud": ["zhike", "other"]}), Flaw::Audience),
            (json!({"aud": ["zhike", "other"], "azp": "other"}), Flaw::Audience),
            (json!({"azp": "other"}), Flaw::Audience),
            (json!({"exp": NOW - 61}), Flaw::Expired),
            (json!({"exp": null}), Flaw::Form),
            (json!({"exp": "soon"}), Flaw::Form),
            (json!({"exp": 1e300}), Flaw::Form),
            (json!({"iat": NOW - 601}), Flaw::Expired),
            (json!({"iat": NOW + 61}), Flaw::NotYet),
            (json!({"iat": null}), Flaw::Form),
            (json!({"nbf": NOW + 61}), Flaw::NotYet),
            (json!({"nbf": "x"}), Flaw::Form),
            (json!({"nonce": "n2"}), Flaw::Nonce),
            (json!({"nonce": null}), Flaw::Nonce),
            (json!({"at_hash": "h2"}), Flaw::AccessToken),
            (json!({"at_hash": 1}), Flaw::AccessToken),
            (json!({"sub": ""}), Flaw::Subject),
            (json!({"sub": "x".repeat(256)}), Flaw::Subject),
            (json!({"sub": 7}), Flaw::Subject),
        ] {
            assert_eq!(check(change.clone()), Err(flaw), "{change}");
        }
        for change in [
            json!({"aud": ["zhike", "other"], "azp": "zhike"}),
            json!({"aud": ["zhike"]}),
            json!({"exp": NOW - 59}),
            json!({"nbf": NOW + 59}),
            json!({"at_hash": "h1"}),
        ] {
            assert!(check(change.clone()).is_ok(), "{change}");
        }
        assert!(check(json!({"amr": ["pwd", "otp"]})).unwrap().is_strong);
        assert!(check(json!({"acr": "phr"})).unwrap().is_strong);
        assert!(!check(json!({"amr": ["pwd"], "acr": "1"})).unwrap().is_strong);
    }

    #[test]
    fn headers_name_one_of_two_algorithms_and_keys_are_of_their_kind() {
        let read = |json: Json| Header::read(json.to_string().as_bytes());
        for header in [
            json!({"alg": "none"}),
            json!({"alg": "None"}),
            json!({"alg": "HS256"}),
            json!({"alg": "RS512"}),
            json!({"alg": "rs256"}),
            json!({"alg": ["RS256"]}),
            json!({"alg": "RS256", "crit": ["b64"]}),
            json!({}),
        ] {
            assert_eq!(read(header.clone()), Err(Flaw::Algorithm), "{header}");
        }
        let keys = read_jwks(
            json!({"keys": [
                {"kty": "RSA", "kid": "r", "n": "AQ", "e": "AQAB"}, {"kty": "EC", "crv": "P-256", "kid": "e"},
                {"kty": "EC", "crv": "P-384", "kid": "e"}, {"kty": "RSA", "kid": "r", "use": "enc"},
                {"kty": "RSA", "kid": "r", "alg": "PS256"}, {"kty": "oct", "kid": "r", "k": "AQ"}, {"kid": "x"}, 7
            ]})
            .to_string()
            .as_bytes(),
        )
        .unwrap();
        assert_eq!(keys.len(), 6);
        let fitting = |header: Json| {
            let header = read(header).unwrap();
            keys.iter().enumerate().filter(|(_, key)| header.may_be_by(key)).map(|(at, _)| at).collect::<Vec<_>>()
        };
        assert_eq!(fitting(json!({"alg": "RS256", "kid": "r"})), [0]);
        assert_eq!(fitting(json!({"alg": "RS256"})), [0]);
        assert_eq!(fitting(json!({"alg": "ES256", "kid": "e"})), [1]);
        assert_eq!(fitting(json!({"alg": "ES256", "kid": "r"})), Vec::<usize>::new());
    }

    #[test]
    fn a_document_is_its_issuers() {
        let document = |issuer: &str| {
            let json = json!({"issuer": issuer, "authorization_endpoint": "a", "token_endpoint": "t", "jwks_uri": "j",
                "token_endpoint_auth_methods_supported": ["client_secret_post"]});
            Discovery::read(json.to_string().as_bytes(), "https://a.example")
        };
        assert!(document("https://a.example").unwrap().takes_secret_in_body());
        assert!(document("https://a.example/").is_ok());
        assert_eq!(document("https://b.example"), Err(Flaw::Issuer));
        assert_eq!(Discovery::read(b"{}", "https://a.example"), Err(Flaw::Form));
        assert_eq!(discovery_url("https://a.example/x/"), "https://a.example/x/.well-known/openid-configuration");
    }

    proptest! {
        /// INV-SSO-2
        #[test]
        fn groups_give_mapped_roles_and_no_other(
            groups in prop::collection::vec("[a-d]", 0..5),
            map in prop::collection::btree_map("[a-d]", prop::sample::select(&["analyst", "operator", "admin", "gone"][..]), 0..4),
        ) {
            let map: BTreeMap<String, String> = map.into_iter().map(|(group, role)| (group, role.to_owned())).collect();
            let roles = roles_of(&groups, &map);
            for role in Role::ALL {
                let is_mapped = groups.iter().any(|group| map.get(group).is_some_and(|one| one == role.as_str()));
                prop_assert_eq!(roles.contains(role), is_mapped);
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), at in 0_usize..200, byte in any::<u8>()) {
            let mut claims = good().to_string().into_bytes();
            let at = at % claims.len();
            claims[at] = byte;
            for json in [&bytes, &claims] {
                let _ = (Claims::read(json, &EXPECTED), Header::read(json), read_jwks(json), Discovery::read(json, ""));
            }
        }
    }

    #[test]
    fn groups_bound_to_some_customers_see_those() {
        let map: BTreeMap<String, String> = [
            ("east", "operator"),
            ("west", "operator"),
            ("head", "analyst"),
            ("odd", "king"),
            ("board", "admin"),
            ("audit", "audit_admin"),
        ]
        .map(|(group, role)| (group.into(), role.into()))
        .into();
        let of = |provinces: &[&str], stores: &[&str]| Scope {
            provinces: provinces.iter().map(|one| (*one).to_owned()).collect(),
            stores: stores.iter().map(|one| (*one).to_owned()).collect(),
        };
        let scopes: BTreeMap<String, Scope> = [
            ("east".to_owned(), of(&["浙江", "江苏"], &[])),
            ("west".to_owned(), of(&["四川", "浙江"], &["S1"])),
            ("odd".to_owned(), of(&["北京"], &[])),
            ("board".to_owned(), of(&[], &[])),
        ]
        .into();
        let seen = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|one| (*one).to_owned()).collect();
            [Unbound::None, Unbound::All].map(|unbound| scope_of(&groups, &map, &scopes, unbound))
        };
        let (east, all) = (Some(of(&["江苏", "浙江"], &[])), Some(Scope::default()));
        assert_eq!(seen(&["east"]), [east.clone(), east.clone()]);
        assert_eq!(seen(&["west", "east"])[0], Some(of(&["四川", "江苏", "浙江"], &["S1"])));
        assert_eq!(seen(&["east", "odd", "unknown"]), seen(&["east"]), "what gives no role counts for nothing");
        assert_eq!(seen(&["east", "head"]), [east, all.clone()], "nothing is said of head");
        assert_eq!(seen(&["head"]), [None, all.clone()]);
        assert_eq!(seen(&["east", "board"]), [all.clone(), all.clone()], "the board is bound to all");
        assert_eq!(seen(&["audit"]), [all.clone(), all.clone()], "there are no customers to be seen");
        assert_eq!(seen(&["audit", "head"]), [None, all]);
    }
}
