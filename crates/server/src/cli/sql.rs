//! `zhike sql`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use zhike_engine::Ctx;
use zhike_engine::query::{self, QueryLimits, Rows};

use super::{Failure, Global, Outcome};
use crate::output::Printer;

/// Runs a query.
#[derive(Args)]
pub(super) struct Sql {
    /// One SELECT; tables and columns are listed in docs/tables.md.
    query: String,
    /// Rows printed at most.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    max_rows: usize,
    /// Seconds allowed.
    #[arg(long, default_value_t = 300, value_name = "S")]
    timeout: u64,
}

impl Sql {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let limits = QueryLimits { max_rows: self.max_rows, timeout: Duration::from_secs(self.timeout) };
        let is_cut = print_rows(query::sql(&ctx, &self.query, limits).await?, global).await?;
        ctx.close().await;
        if is_cut {
            return Err(Failure::new(
                format!("only the first {} rows are shown: raise --max-rows or narrow the query", self.max_rows),
                format!("只显示了前 {} 行：请调大 --max-rows 或缩小查询范围", self.max_rows),
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs a query of a command's own and prints its rows.
pub(super) async fn print(ctx: &Ctx, sql: &str, global: &Global) -> Result<(), Failure> {
    print_rows(query::select(ctx, sql, QueryLimits::default()).await?, global).await.map(drop)
}

async fn print_rows(mut rows: Rows, global: &Global) -> Result<bool, Failure> {
    let mut printer = Printer::stdout(global.format, rows.fields());
    while let Some(frame) = rows.next().await? {
        printer.frame(&frame)?;
    }
    printer.finish()?;
    Ok(rows.is_cut())
}
