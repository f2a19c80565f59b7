//! Zhike's lake: what happened, in open tables.
//!
//! Owns the Delta tables, their files and their query engine, and the readers of foreign files. Must not know about people
//! in the clear: a personal column is refused at the conversion to the engine's arrays (INV-LAKE-1). No array type of the
//! engine appears in the public API.
//!
//! Invariants: a published file is on disk before the log names it, and the log entry is on disk before `publish` returns
//! (INV-LAKE-2); publishing the same batch again changes nothing (INV-LAKE-3). What erasure forgets: `erase` (INV-LAKE-4).

/// Makes the future of an `async fn` a boxed one, so that it is compiled here once and not again by everybody who calls it:
/// the bodies of futures are otherwise part of the caller, which cost minutes.
use async_recursion::async_recursion as boxed;

mod archive;
mod background;
mod campaigns;
mod check;
mod cluster;
mod convert;
mod delta;
mod erase;
mod error;
mod facts;
mod feedback;
mod find;
mod goods;
mod groups;
mod history;
mod insight;
mod kpi;
mod learnt;
mod lineage;
mod lookup;
mod marks;
mod members;
mod orders;
mod people;
mod provider;
mod query;
mod ranks;
pub mod read;
mod scaling;
mod sessions;
mod spill;
mod stage;
mod steps;

pub use check::FileCheck;
pub use delta::{Lake, LakeOptions, Publication, TableChange};
pub use erase::Rewritten;
pub use error::Error;
pub use facts::FactScan;
pub use find::Found;
pub use goods::GoodsBy;
pub use history::Dated;
pub use insight::RfmInputs;
pub use kpi::{KpiCell, KpiKey, KpiScan, KpiSpan};
pub use lookup::RowsOf;
pub use marks::Mark;
pub use orders::LineColumns;
pub use query::{PropertyMask, QueryLimits, QueryRows, Seen};
pub use spill::{Spill, SpillRows};
pub use stage::{Stage, StagedFile};
pub use steps::{NO_VALUE, StepBatch, StepRows, StepScan, Texts};
