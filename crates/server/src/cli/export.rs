//! `zhike export`: the same files as the console makes, written where one says.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use zhike_domain::id::{BatchId, ProfileId};
use zhike_engine::customers::{Sort, SortBy, Whom};
use zhike_engine::exports::{Request, What};

use super::{Failure, Global, Lang, Outcome};
use crate::exports::{self, Format};
use crate::jobs::Cancel;

/// Write customers, orders or rows set aside to a file, personal values masked; the act goes to the audit trail.
#[derive(Subcommand)]
pub(super) enum Export {
    /// Customers for whom a rule holds, of a segment, or all.
    Customers {
        /// File with a rule or a segment, as JSON (docs/guides/segments.md).
        #[arg(long, value_name = "FILE")]
        rule: Option<PathBuf>,
        /// Segment, by id or name.
        #[arg(long, value_name = "SEGMENT")]
        segment: Option<String>,
        /// Columns, parted by commas; the usual ones when absent.
        #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
        columns: Vec<String>,
        /// In order of this column; `monetary` when absent.
        #[arg(long, value_name = "COLUMN")]
        sort: Option<String>,
        /// Smallest and earliest first.
        #[arg(long)]
        asc: bool,
        #[command(flatten)]
        to: To,
    },
    /// Members of a segment at its last refresh, with the instant since when.
    Members {
        /// Id or name.
        segment: String,
        /// Columns, parted by commas; the usual ones when absent.
        #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
        columns: Vec<String>,
        #[command(flatten)]
        to: To,
    },
    /// Customers with a tag, and its values.
    Tag {
        /// Key of the tag.
        tag: String,
        /// Further columns, parted by commas; the usual ones when absent.
        #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
        columns: Vec<String>,
        #[command(flatten)]
        to: To,
    },
    /// Orders of a customer.
    Orders {
        /// Customer, `prf_…`.
        profile: ProfileId,
        #[command(flatten)]
        to: To,
    },
    /// Rows that a load set aside, with reasons, without their content.
    Quarantine {
        /// Load, `bat_…`.
        batch: BatchId,
        #[command(flatten)]
        to: To,
    },
}

/// Where a file goes, and what for.
#[derive(Args)]
pub(super) struct To {
    /// File to write; its ending says the format: .csv or .xlsx.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Code of the purpose that the data will be used for (zhike consent purposes); goes to the audit trail.
    #[arg(long, value_name = "PURPOSE")]
    purpose: String,
    /// Why now; goes to the audit trail.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

impl Export {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let (what, to) = self.what()?;
        let format = match to.out.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("csv") => Format::Csv,
            Some(ending) if ending.eq_ignore_ascii_case("xlsx") => Format::Xlsx,
            _ => {
                return Err(Failure::new(
                    format!("the ending of {} says no format: name it .csv or .xlsx", to.out.display()),
                    format!("无法从 {} 的扩展名判断格式：请以 .csv 或 .xlsx 结尾", to.out.display()),
                ));
            }
        };
        let is_zh = matches!(global.lang(), Lang::Zh);
        let ctx = global.open().await?;
        let request = Request { what, purpose: to.purpose, reason: to.reason, is_zh, actor: global.actor() };
        // Beside its place until it is whole and recorded.
        let mut part = to.out.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let written = exports::write(&ctx, request, None, &part, format, &Cancel::default(), |_| ()).await;
        ctx.close().await;
        let n_rows = match written {
            Ok(written) => written.n_rows,
            Err(error) => {
                let _ = std::fs::remove_file(&part);
                return Err(error.into());
            }
        };
        std::fs::rename(&part, &to.out)?;
        writeln!(std::io::stdout().lock(), "{n_rows} → {}", to.out.display())?;
        Ok(ExitCode::SUCCESS)
    }

    fn what(self) -> Result<(What, To), Failure> {
        Ok(match self {
            Self::Customers { rule, segment, columns, sort, asc, to } => {
                let rule: Option<serde_json::Value> = rule.map(|file| super::read_json(&file)).transpose()?;
                let rule = rule.map(|json| json.get("rule").cloned().unwrap_or(json));
                let by = sort.as_deref().map_or(Ok(SortBy::default()), SortBy::parse)?;
                let whom = Box::new(Whom { rule, segment, ..Whom::default() });
                (What::Customers { whom, sort: Sort { by, is_desc: !asc }, columns }, to)
            }
            Self::Members { segment, columns, to } => (What::Members { segment, columns }, to),
            Self::Tag { tag, columns, to } => (What::Tag { tag, columns }, to),
            Self::Orders { profile, to } => (What::Orders(profile), to),
            Self::Quarantine { batch, to } => (What::Quarantine(batch), to),
        })
    }
}
