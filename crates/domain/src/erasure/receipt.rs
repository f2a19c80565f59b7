//! The receipt of an erasure: what was removed where, how it was checked, what it does not cover; in both languages.

use serde::{Deserialize, Serialize};

use crate::signed::{Signature, canonical};

/// A number of things removed or kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Where: `keys`, `state.identities`, `lake.orders` …
    pub place: String,
    /// In words, Chinese.
    pub zh: String,
    /// In words, English.
    pub en: String,
    /// How many.
    pub n: u64,
}

/// Something that was looked for afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What: `bytes`, `index`, `rows`.
    pub what: String,
    /// In words, Chinese.
    pub zh: String,
    /// In words, English.
    pub en: String,
    /// How many things were looked for, or looked at.
    pub n_checked: u64,
    /// How many were still there.
    pub n_found: u64,
    /// Where, for whoever looks after it.
    pub places: Vec<String>,
}

/// What happened to one person's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Version of this document.
    pub format: String,
    /// `ers_…`
    pub erasure_id: String,
    /// Pseudonym that nothing leads to any more.
    pub profile_id: String,
    /// The request, when there was one.
    pub request_id: Option<String>,
    /// Who approved it.
    pub approved_by: String,
    /// When the ledger entry was written and the key destroyed.
    pub approved_at: String,
    /// When all was removed and checked.
    pub finished_at: String,
    /// Place of the entry in the ledger of erasures.
    pub ledger_seq: i64,
    /// Hash of the entry and all before it, SM3 in hex.
    pub ledger_hash: String,
    /// What was removed.
    pub removed: Vec<Count>,
    /// What stays without the person, and why.
    pub kept: Vec<Count>,
    /// How it was checked.
    pub checks: Vec<Check>,
    /// What it does not cover, Chinese.
    pub limits_zh: Vec<String>,
    /// What it does not cover, English.
    pub limits_en: Vec<String>,
}

impl Receipt {
    /// The format that this program writes.
    pub const FORMAT: &'static str = "zhike erasure receipt 1";

    /// Whether nothing that was looked for was still there.
    pub fn is_clean(&self) -> bool {
        self.checks.iter().all(|check| check.n_found == 0)
    }
}

/// A receipt with the seal of the data directory that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The receipt.
    pub receipt: Receipt,
    /// `HMAC-SM3`.
    pub algorithm: String,
    /// Over the canonical form of the receipt, in hex.
    pub seal: String,
    /// Over receipt and seal, for whoever has the public key; receipts of older releases have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl Sealed {
    /// The bytes that the seal covers.
    pub fn sealed_bytes(receipt: &Receipt) -> Vec<u8> {
        serde_json::to_value(receipt).map(|value| canonical(&value)).unwrap_or_default().into_bytes()
    }
}
