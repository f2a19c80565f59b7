//! Zhike's keys and sealing of personal information.
//!
//! Owns the keys (root, key-encryption keys by epoch, one data key per subject, index root), the formats of what they
//! seal, blind indexes, fingerprints, tokens, the audit chain's link, sealed temporary files, records of the event log and archives that a password opens. Must not know about
//! SQL, the lake, roles, masking or networks: the caller stores wrapped keys and sealed values, apart from each other, and decides
//! who may read them. Everything is synchronous. Formats byte by byte: RFD 0002.
//!
//! Invariants:
//!
//! - **INV-VAULT-1** No vault opens before every algorithm has reproduced its published answers.
//! - **INV-VAULT-2** A sealed value opens only under its subject, table, column and version; a changed bit is refused.
//! - **INV-VAULT-3** A wrapped key opens only for its subject and epoch; when an epoch is destroyed, nothing that it
//!   wrapped opens again.
//! - **INV-VAULT-4** Keys are made only in a directory that holds none; a missing key file is an error, never replaced.
//! - **INV-VAULT-5** A process that dies at any step of making, rotating or destroying keys leaves a vault that opens
//!   with every key that was acknowledged before.
//! - **INV-VAULT-6** No input, from disk or caller, panics.
//! - **INV-VAULT-7** Secrets are not printed, are wiped when dropped, and a root key that others can read is refused.
//! - **INV-VAULT-8** A value has one blind index per kind, across restarts and rotations; kinds do not correlate.
//! - **INV-VAULT-9** A sealed file yields only verified bytes in their place; truncation, extension, reordering and
//!   duplication are refused, and its key never reaches a disk.
//! - **INV-VAULT-10** A record of the event log opens only at its position of its segment; a segment's key opens only for
//!   its segment and epoch.
//! - **INV-VAULT-11** A token opens whole, for the purpose it was made for, or not at all; no text but its own opens.
//! - **INV-VAULT-12** A file of a backup opens only under its id, whole and unchanged, by the vault that sealed it.
//! - **INV-VAULT-14** A token of another system counts when one of two algorithms with a public key fits (`jws`).
//! - **INV-VAULT-15** A signature holds for one document of one kind, whoever checks it by the public key alone.
//! - **INV-VAULT-16** While keys are disabled nothing is sealed or opened under them, in no process; enabled, all opens as before.
//! - **INV-VAULT-13** Epochs change while others read: a key that was rewrapped opens in every process, at any moment.

mod audit;
mod backup;
mod disk;
mod error;
mod gate;
mod gcm;
mod index;
pub mod jws;
mod kek;
mod key_file;
pub mod known_answers;
pub mod password;
mod random;
mod root;
pub mod sealed_file;
mod segment_key;
mod sign;
mod subject;
mod token;
mod vault;
pub mod zip;

pub use backup::{BackupKeys, ContentId, ListId};
pub use error::{Error, Result};
pub use index::{FingerprintStream, Fingerprinter, Indexer};
pub use kek::{WrappedKey, epoch_of};
pub use root::{MIN_PASSPHRASE_CHARS, Unlock};
pub use segment_key::{SegmentAlgorithm, SegmentKey, segment_epoch};
pub use sign::PublicKey;
pub use subject::{Place, Subject, SubjectKey, ValueAlgorithm};
pub use token::Tokens;
pub use vault::Vault;
