//! `zhike quarantine`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_domain::id::BatchId;
use zhike_engine::import::unwatched;
use zhike_engine::quarantine::{self, Repair};

use super::{Failure, Global, Outcome};

/// Rows that could not be loaded.
#[derive(Subcommand)]
pub(super) enum Quarantine {
    /// List the rows of a load, or of all loads.
    List {
        /// Load (`bat_…`).
        batch_id: Option<BatchId>,
    },
    /// Show one row in the clear; the reason goes to the audit trail.
    Show {
        /// Load.
        batch_id: BatchId,
        /// Position in the file.
        row_no: u64,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Load one row again with repaired cells.
    Repair {
        /// Load.
        batch_id: BatchId,
        /// Position in the file.
        row_no: u64,
        /// File with the cells as a JSON array in the order of the header; - for standard input.
        #[arg(long, value_name = "FILE")]
        cells: PathBuf,
    },
    /// Load all rows of a load that wait again as they are.
    Replay {
        /// Load.
        batch_id: BatchId,
        /// Mended mapping as YAML with the same headers; the mapping of that load when absent.
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
    },
}

impl Quarantine {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let mut out = std::io::stdout().lock();
        match self {
            Self::List { batch_id } => {
                let filter = batch_id.map(|id| format!("WHERE batch_id = {}", id.get())).unwrap_or_default();
                let sql = format!(
                    "SELECT batch_id, row_no, entity, reason_code, column_name, detail, status FROM quarantine {filter} \
                     ORDER BY batch_id, row_no"
                );
                drop(out);
                super::sql::print(&ctx, &sql, global).await?;
            }
            Self::Show { batch_id, row_no, reason } => {
                let row = quarantine::reveal(&ctx, batch_id, row_no, &global.actor(), &reason).await?;
                serde_json::to_writer_pretty(
                    &mut out,
                    &serde_json::json!({ "header": row.header, "cells": row.cells }),
                )
                .map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
            Self::Repair { batch_id, row_no, cells } => {
                let text = if cells.as_os_str() == "-" {
                    std::io::read_to_string(std::io::stdin())?
                } else {
                    super::read_text(&cells)?
                };
                let cells = serde_json::from_str(&text).map_err(|error| {
                    Failure::new(
                        format!("the cells are no JSON array of texts: {error}"),
                        format!("单元格不是 JSON 数组：{error}"),
                    )
                })?;
                let repairs = vec![Repair { row_no, cells: Some(cells), kept: Vec::new() }];
                let report = quarantine::replay(&ctx, batch_id, Some(repairs), None, unwatched()).await?;
                writeln!(out, "{}: {} / {}", report.batch_id, report.rows_loaded, report.rows_read)?;
            }
            Self::Replay { batch_id, mapping } => {
                let mapping = mapping.as_deref().map(super::import::read_mapping).transpose()?;
                let report = quarantine::replay(&ctx, batch_id, None, mapping, unwatched()).await?;
                writeln!(out, "{}: {} / {}", report.batch_id, report.rows_loaded, report.rows_read)?;
            }
        }
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
