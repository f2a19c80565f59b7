//! Zhike's operational state: what changes, on SQLite (default) or PostgreSQL.
//!
//! Owns profiles, identities and their links, what people said and asked for, senders of live events and how far they were taken in, loads and their quarantine, definitions, mappings, the audit chain and, in a
//! database apart, the wrapped keys of persons. Must not know what a sealed value says, how a key is wrapped or why an
//! identity belongs to a profile: values arrive sealed, decisions arrive made.
//!
//! - INV-STATE-1: one SQL text runs on both databases; only `db`, `open`, `migrate` and `copy` know which one it is.
//! - INV-STATE-2: the schema only goes forward; a database of a newer release is refused, never written.
//! - INV-STATE-3: a load is visible whole or not at all, and applying it again changes nothing.
//! - INV-STATE-4: a person's key is never overwritten by another one.
//! - INV-STATE-5: audit entries are numbered without gaps and each is linked to the one before.
//! - INV-STATE-6: personal values stand here only sealed or as a blind index.

/// Makes the future of an `async fn` a boxed one, so that it is compiled here once and not again by everybody who calls it:
/// the bodies of futures are otherwise part of the caller, which cost minutes.
use async_recursion::async_recursion as boxed;

mod accounts;
mod alerts;
mod approvals;
mod audit;
mod batches;
mod bindings;
mod budgets;
mod consents;
mod copy;
mod corrections;
mod db;
mod decisions;
mod definitions;
mod erasures;
mod error;
mod goals;
mod graph;
mod identities;
mod incidents;
mod ingest;
mod keys;
mod live;
mod load;
mod matches;
mod migrate;
mod models;
mod notices;
mod open;
mod profiles;
mod quarantine;
mod requests;
mod retention;
mod scan;
mod sessions;
mod sso;
mod stated;
mod tags;
mod targets;
mod views;

#[cfg(test)]
mod conformance;

pub use accounts::{ApiKeyRow, FailureRow, NewPassword, Proof, SessionRow, Sessions, UserChange, UserRow};
pub use alerts::AlertRow;
pub use approvals::ApprovalRow;
pub use audit::{AuditEntry, AuditFilter, AuditRootRow, AuditRow};
pub use batches::{BatchCounts, BatchHead, BatchRow, BatchStatus, NewBatch};
pub use bindings::{BindingRow, BindingUse};
pub use consents::{ConsentRow, SaidRow, StatementRow};
pub use corrections::CorrectionRow;
pub use decisions::{DecisionRow, Verdict};
pub use definitions::{DefinitionRow, MappingRow};
pub use erasures::{ErasureRow, Forgotten, LedgerRow};
pub use error::{Cause, Error, Result};
pub use goals::KpiGoalRow;
pub use graph::{LinkRow, VertexRow};
pub use identities::{EdgeRow, IdentityKey, IdentityRow, IdentityStatus};
pub use incidents::IncidentRow;
pub use ingest::{
    BondRow, ClaimRow, DayCounts, IngestCommit, IngestRow, OverrideSpanRow, RegisterRow, SaidFieldRow, TraitsRow,
};
pub use keys::KeyRow;
pub use live::{SourceHourRow, SourceRejectRow, SourceRow};
pub use load::{IdentityTouch, LoadCommit};
pub use matches::{MatchRow, ReviewRow, Standing};
pub use models::{ModelRow, ModelStatus};
pub use notices::NoticeRow;
pub use open::{StateConfig, Store};
pub use profiles::{FieldRow, ProfileRow};
pub use quarantine::{QuarantineRow, QuarantineStatus};
pub use requests::RequestRow;
pub use retention::{HoldRow, PurgeRow};
pub use scan::{Cursor, ScanTable};
pub use sessions::{SessionMoveRow, StretchRow};
pub use sso::SsoLinkRow;
pub use stated::StatedRow;
pub use tags::ManualTagRow;
pub use targets::TargetRow;
pub use views::ViewRow;
