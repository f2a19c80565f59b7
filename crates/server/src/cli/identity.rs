//! `zhike identity`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_engine::import;

use super::{Global, Outcome};

/// Who is who.
#[derive(Subcommand)]
pub(super) enum Identity {
    /// Show or change how far identities may join people.
    #[command(subcommand)]
    Policy(Policy),
}

/// Limits of identities as data.
#[derive(Subcommand)]
pub(super) enum Policy {
    /// Print the policy in force as JSON, to edit.
    Show,
    /// Put an edited policy in force for the loads that follow; it is checked first.
    Set {
        /// File with the policy.
        file: PathBuf,
    },
}

impl Identity {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let mut out = std::io::stdout().lock();
        let Self::Policy(policy) = self;
        match policy {
            Policy::Show => {
                let policy = import::identity_policy(&ctx).await?;
                serde_json::to_writer_pretty(&mut out, &policy).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
            Policy::Set { file } => {
                let version = import::set_policy(&ctx, &super::read_json(&file)?).await?;
                writeln!(out, "identity policy version {version}")?;
            }
        }
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
