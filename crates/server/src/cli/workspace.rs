//! `zhike init`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use zhike_engine::workspace::{self, Workspace};

use super::{Global, Outcome};

/// Makes the data directory and sets what numbers depend on.
#[derive(Args)]
pub(super) struct Init {
    /// Name shown in titles.
    #[arg(long)]
    name: Option<String>,
    /// Currency, three letters.
    #[arg(long)]
    currency: Option<String>,
    /// IANA time zone of calendar days.
    #[arg(long)]
    zone: Option<String>,
}

impl Init {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let old = ctx.workspace();
        let new = Workspace {
            name: self.name.unwrap_or(old.name),
            currency: self.currency.unwrap_or(old.currency),
            zone: self.zone.unwrap_or(old.zone),
        };
        workspace::set(&ctx, new.clone()).await?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}: {} · {} · {}", ctx.dir().display(), new.name, new.currency, new.zone)?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
