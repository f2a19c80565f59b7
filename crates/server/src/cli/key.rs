//! `zhike key`: epochs of keys, and the public key of what is signed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use zhike_engine::Ctx;
use zhike_engine::keys::{self, PublicKey};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::erasures::{EncryptionKeys, KeyRotation};
use crate::output::{print_json, print_rows};

/// Keys: epochs that wrap those of people, and the public key by which anybody checks what is signed.
#[derive(Subcommand)]
pub(super) enum Key {
    /// Epochs and how many keys are wrapped under each.
    Status,
    /// Start an epoch, wrap every key anew, destroy the epochs before.
    Rotate,
    /// Destroy past epochs on which nothing hangs any more.
    DestroyOld,
    /// Let nothing be sealed or opened any more, by no process: for a leak that is suspected. Nothing is lost.
    Disable {
        /// Why.
        reason: String,
        /// Epoch; all keys when absent.
        #[arg(long, value_name = "N")]
        epoch: Option<u32>,
    },
    /// Enable what was disabled.
    Enable {
        /// Why.
        reason: String,
        /// Epoch; all keys when absent.
        #[arg(long, value_name = "N")]
        epoch: Option<u32>,
    },
    /// Print the public key (PEM) and its fingerprint: it checks receipts, roots of the audit trail and backups anywhere.
    Public {
        /// File to write the key to.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Reads a public key from a file.
pub(super) fn read_public_key(path: &Path) -> Result<PublicKey, Failure> {
    Ok(keys::read_public_key(&super::read_text(path)?)?)
}

impl Key {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let actor = global.actor();
        let rotation = match self {
            Self::Status => None,
            Self::Rotate => Some(keys::rotate(ctx, &actor).await?),
            Self::DestroyOld => Some(keys::destroy_old(ctx, &actor).await?),
            Self::Disable { reason, epoch } => {
                keys::disable(ctx, epoch, &reason, &actor).await?;
                None
            }
            Self::Enable { reason, epoch } => {
                keys::enable(ctx, epoch, &reason, &actor).await?;
                None
            }
            Self::Public { out } => return tell_public(global, &keys::public_key(ctx), out.as_deref()),
        };
        let status = EncryptionKeys::from(keys::status(ctx).await?);
        if global.format == Format::Json {
            return match rotation {
                Some(rotation) => print_json(&KeyRotation::from(rotation)),
                None => print_json(&status),
            };
        }
        let disabled = status.disabled;
        let rows = status.epochs.into_iter().map(|one| {
            let mark = disabled.iter().find(|mark| mark.epoch.is_none_or(|epoch| epoch == one.epoch));
            let since =
                mark.map_or_else(|| "--".to_owned(), |mark| format!("{} {}: {}", mark.at, mark.by, mark.reason));
            let is_current = if one.is_current { "yes" } else { "no" }.to_owned();
            [one.epoch.to_string(), one.n_keys.to_string(), is_current, since]
        });
        Ok(print_rows(global.format, ["epoch", "keys", "current", "disabled"], rows)?)
    }
}

fn tell_public(global: &Global, key: &PublicKey, out: Option<&Path>) -> Result<(), Failure> {
    let (pem, fingerprint) = (key.to_pem(), key.fingerprint());
    if let Some(path) = out {
        std::fs::write(path, &pem).map_err(|error| {
            let name = path.display();
            Failure::new(format!("cannot write {name}: {error}"), format!("无法写入 {name}：{error}"))
        })?;
    }
    if global.format == Format::Json {
        return print_json(&json!({ "algorithm": "Ed25519", "pem": pem, "fingerprint": fingerprint }));
    }
    let mut stdout = std::io::stdout().lock();
    if out.is_none() {
        write!(stdout, "{pem}")?;
    }
    match global.lang() {
        Lang::Zh => writeln!(stdout, "指纹（SM3）：{fingerprint}")?,
        Lang::En => writeln!(stdout, "fingerprint (SM3): {fingerprint}")?,
    }
    Ok(())
}
