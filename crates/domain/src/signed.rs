//! Documents that an installation signs, so that anybody can check them who has its public key.
//!
//! Owns which bytes a signature covers. Must not know keys nor algorithms: the vault signs, and checks.
//!
//! - INV-SIGNED-1: the bytes depend on what the document says, not on how its JSON is written; documents of two kinds never
//!   share them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A signature as it stands in a document, under the name `signature`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// `Ed25519`.
    pub algorithm: String,
    /// Fingerprint of the public key.
    pub key: String,
    /// Base64.
    pub value: String,
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Name, time and digest of a backup's list.
    Backup,
    /// Receipt of an erasure.
    Receipt,
    /// Root of the audit trail.
    AuditRoot,
}

impl Kind {
    /// Name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Receipt => "erasure receipt",
            Self::AuditRoot => "audit root",
        }
    }
}

/// The bytes that a signature of a document covers: `zhike signs` and the kind in a line, then the canonical form of the document
/// without its `signature`.
pub fn signed_bytes(kind: Kind, document: &Value) -> Vec<u8> {
    let mut document = document.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("signature");
    }
    format!("zhike signs {}\n{}", kind.as_str(), canonical(&document)).into_bytes()
}

/// JSON in one form: keys in order, no spaces.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_unstable();
            let inner: Vec<String> = keys
                .into_iter()
                .map(|key| format!("{}:{}", Value::from(key.as_str()), canonical(&fields[key])))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_canonical_form_does_not_depend_on_order_and_spaces() {
        let one: Value = serde_json::from_str("{ \"b\": [1, {\"y\": null, \"x\": \"张\"}], \"a\": true }").unwrap();
        assert_eq!(canonical(&one), "{\"a\":true,\"b\":[1,{\"x\":\"张\",\"y\":null}]}");
        assert_eq!(canonical(&json!({"a": true, "b": [1, {"x": "张", "y": null}]})), canonical(&one));
    }

    /// INV-SIGNED-1
    #[test]
    fn a_signature_covers_all_but_itself_and_names_the_kind() {
        let document = json!({"seq": 3, "head": "ab"});
        let bytes = signed_bytes(Kind::AuditRoot, &document);
        assert_eq!(bytes, b"zhike signs audit root\n{\"head\":\"ab\",\"seq\":3}");
        let mut signed = document.clone();
        signed["signature"] = json!({"value": "x"});
        assert_eq!(signed_bytes(Kind::AuditRoot, &signed), bytes);
        assert_ne!(signed_bytes(Kind::Receipt, &document), bytes);
        assert_ne!(signed_bytes(Kind::AuditRoot, &json!({"seq": 4, "head": "ab"})), bytes);
    }
}
