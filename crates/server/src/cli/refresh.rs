//! `zhike refresh` and `zhike rules`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::tags;

use super::{Failure, Format, Global, Lang, Outcome};

/// Recomputes what follows from the facts.
#[derive(Args)]
pub(super) struct Refresh {
    /// Last day that counts; the newest day of the data when absent.
    #[arg(long, value_name = "DATE")]
    as_of: Option<jiff::civil::Date>,
    /// Only these results (rfm, tags), comma-separated.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<String>,
    /// Recompute even when nothing has changed.
    #[arg(long)]
    force: bool,
}

impl Refresh {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        if let Some(other) = self.only.iter().find(|name| !["rfm", "tags"].contains(&name.as_str())) {
            return Err(Failure::new(
                format!("nothing called {other:?} is computed: use --only rfm or --only tags"),
                format!("没有叫 {other:?} 的计算结果：请用 --only rfm 或 --only tags"),
            ));
        }
        let ctx = global.open().await?;
        if self.only == ["tags"] {
            let done = tags::refresh(&ctx, None, self.as_of, self.force).await?;
            super::tag::print_done(&mut std::io::stdout().lock(), global, &done)?;
            ctx.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        let done = refresh::refresh(&ctx, RefreshOptions { as_of: self.as_of, force: self.force }).await?;
        let mut out = std::io::stdout().lock();
        match (global.format, global.lang()) {
            (Format::Json, _) => {
                serde_json::to_writer_pretty(&mut out, &done).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
            (_, Lang::En) if done.n_customers == 0 => {
                writeln!(out, "no orders: tags and segments as of {}", done.as_of)?
            }
            (_, Lang::Zh) if done.n_customers == 0 => {
                writeln!(out, "没有订单：已计算截至 {} 的标签和分群", done.as_of)?
            }
            (_, Lang::En) => {
                let how = if done.is_computed { "computed" } else { "nothing had changed" };
                writeln!(out, "rfm as of {}: {} customers, {how}", done.as_of, done.n_customers)?;
            }
            (_, Lang::Zh) => {
                let how = if done.is_computed { "已计算" } else { "没有变化" };
                writeln!(out, "RFM 截至 {}：{} 位客户，{how}", done.as_of, done.n_customers)?;
            }
        }
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// RFM rules as data.
#[derive(Subcommand)]
pub(super) enum Rules {
    /// Print the rules in force as JSON, to edit.
    Show,
    /// Put edited rules in force; they are checked first.
    Set {
        /// File with the rules.
        file: PathBuf,
    },
}

impl Rules {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let mut out = std::io::stdout().lock();
        match self {
            Self::Show => {
                let (rules, _) = refresh::rules(&ctx).await?;
                serde_json::to_writer_pretty(&mut out, &rules).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
            Self::Set { file } => {
                let version = refresh::set_rules(&ctx, &super::read_json(&file)?, None).await?;
                writeln!(out, "rfm rules version {version}")?;
            }
        }
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
