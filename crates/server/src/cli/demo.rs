//! `zhike demo`: a working day in one command, on real data.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use zhike_domain::import::entity::Entity;
use zhike_engine::import::{self, ImportOptions};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::workspace::{self, Workspace};

use super::serve::Serve;
use super::{Global, Lang, Outcome};

/// UCI Online Retail, December 2010 to August 2011 (CC BY 4.0, see demo/README.md).
const DATA: &[u8] = include_bytes!("../../../../demo/online_retail_2010-12_2011-08.csv.gz");
const FILE_NAME: &str = "online_retail_2010-12_2011-08.csv.gz";
const SOURCE: &str = "online_retail";
/// Campaigns that nobody sent, made up over the real orders (scripts/demo-campaigns.py, see demo/README.md).
const MADE_UP: [(&str, &[u8], Entity); 3] = [
    ("campaigns.csv", include_bytes!("../../../../demo/campaigns.csv"), Entity::Campaigns),
    ("touches.csv.gz", include_bytes!("../../../../demo/touches.csv.gz"), Entity::Touches),
    ("visits.csv.gz", include_bytes!("../../../../demo/visits.csv.gz"), Entity::Events),
];

/// Loads the bundled data set, computes everything, serves the console.
#[derive(Args)]
pub(super) struct Demo {
    #[command(flatten)]
    serve: Serve,
    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
    /// Load and compute, then end.
    #[arg(long)]
    load_only: bool,
}

impl Demo {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let listeners = if self.load_only { None } else { Some(self.serve.bind().await?) };
        let ctx = global.open().await?;
        let lang = global.lang();
        let say = |zh: String, en: String| writeln!(std::io::stdout(), "{}", if lang == Lang::Zh { zh } else { en });
        if ctx.workspace() == Workspace::default() {
            // The data is a British wholesaler's: pounds, London days.
            let shop = Workspace { name: "Online Retail".into(), currency: "GBP".into(), zone: "Europe/London".into() };
            workspace::set(&ctx, shop).await?;
        }
        let options =
            ImportOptions { entity: Some(Entity::OrderLines), source: Some(SOURCE.into()), ..ImportOptions::default() };
        let report = import::import(&ctx, import::file_of(FILE_NAME, DATA), options, import::unwatched()).await?;
        say(
            format!(
                "{}：读取 {} = 载入 {} + 重复 {} + 隔离 {}",
                report.file, report.rows_read, report.rows_loaded, report.rows_duplicate, report.rows_quarantined
            ),
            format!(
                "{}: read {} = loaded {} + duplicate {} + quarantined {}",
                report.file, report.rows_read, report.rows_loaded, report.rows_duplicate, report.rows_quarantined
            ),
        )?;
        for (name, data, entity) in MADE_UP {
            let options =
                ImportOptions { entity: Some(entity), source: Some(SOURCE.into()), ..ImportOptions::default() };
            import::import(&ctx, import::file_of(name, data), options, import::unwatched()).await?;
        }
        let done = refresh::refresh(&ctx, RefreshOptions::default()).await?;
        say(
            format!("RFM：{} 位客户，截至 {}", done.n_customers, done.as_of),
            format!("RFM: {} customers as of {}", done.n_customers, done.as_of),
        )?;
        match listeners {
            Some(listeners) => self.serve.serve(ctx, listeners, lang, !self.no_open).await,
            None => {
                ctx.close().await;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
