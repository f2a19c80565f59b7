//! `zhike backup`, `zhike restore`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use zhike_engine::Ctx;
use zhike_engine::backup::{self, Backup as Cut, Replayed, Short};

use super::key::read_public_key;
use super::{Format, Global, Lang, Outcome};
use crate::output::{print_json, print_rows};

/// Backups of the data directory, and copies of its keys.
#[derive(Subcommand)]
pub(super) enum Backup {
    /// Take a backup, also while a server runs; files that an earlier one holds are not stored again.
    Take {
        /// Folder of the backups, on another disk; made when it is not there.
        #[arg(long, env = "ZHIKE_BACKUP", value_name = "DIR")]
        to: PathBuf,
    },
    /// List backups, the newest first.
    List {
        /// Folder of the backups.
        #[arg(long = "in", env = "ZHIKE_BACKUP", value_name = "DIR")]
        folder: PathBuf,
    },
    /// Read every file of every backup and say what is damaged; with --public-key check signatures alone, on any machine.
    Check {
        /// Folder of the backups.
        #[arg(long = "in", env = "ZHIKE_BACKUP", value_name = "DIR")]
        folder: PathBuf,
        /// Public key as `zhike key public` writes it; no data directory is opened, and what the lists name is not read.
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
    },
    /// Remove all backups but the newest.
    Prune {
        /// Folder of the backups.
        #[arg(long = "in", env = "ZHIKE_BACKUP", value_name = "DIR")]
        folder: PathBuf,
        /// How many stay.
        #[arg(long, value_name = "N")]
        keep: usize,
    },
    /// Copy the keys to a place of their own; a backup is noise without them. The two newest copies stay.
    Keys {
        /// Folder of the copies; not where the backups are.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
}

fn time(at: i64) -> String {
    jiff::Timestamp::from_microsecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

fn fields(one: &Cut) -> serde_json::Value {
    json!({ "name": one.name, "at": time(one.at), "n_files": one.n_files, "n_bytes": one.n_bytes })
}

/// Checks who made the backups of a folder. Those of before signatures have none; once there is one, all have.
fn check_signatures(global: &Global, folder: &Path, key: &Path) -> Outcome {
    let all = backup::check_signatures(folder, &read_public_key(key)?)?;
    let newest_first = all.iter().map(|one| one.is_signed);
    let is_good = newest_first.clone().next() == Some(Some(true))
        && newest_first.skip_while(|is| *is == Some(true)).all(|is| is.is_none());
    if global.format == Format::Json {
        let backups = all.iter().map(|one| {
            json!({ "name": one.name, "at": one.at, "n_files": one.n_files, "n_bytes": one.n_bytes, "signed": one.is_signed })
        });
        print_json(&json!({ "whole": is_good, "backups": backups.collect::<Vec<_>>() }))?;
    } else {
        let none = || "--".to_owned();
        let rows = all.iter().map(|one| {
            let signed = one.is_signed.map_or("--", |is| if is { "yes" } else { "no" });
            let number = |n: Option<u64>| n.map_or_else(none, |n| n.to_string());
            let at = one.at.clone().unwrap_or_else(none);
            [one.name.clone(), at, number(one.n_files), number(one.n_bytes), signed.to_owned()]
        });
        print_rows(global.format, ["name", "at", "n_files", "n_bytes", "signed"], rows)?;
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Backup {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        if let Self::Check { folder, public_key: Some(key) } = &self {
            return check_signatures(global, folder, key);
        }
        global.with(async |ctx| self.carry_out(ctx, global).await).await
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Outcome {
        let say = |zh: String, en: String, value: serde_json::Value| match (global.format, global.lang()) {
            (Format::Json, _) => print_json(&value),
            (_, Lang::Zh) => Ok(writeln!(std::io::stdout(), "{zh}")?),
            (_, Lang::En) => Ok(writeln!(std::io::stdout(), "{en}")?),
        };
        match self {
            Self::Take { to } => {
                let taken = backup::take(ctx, &to, &global.actor()).await?;
                let (name, n, new) = (&taken.backup.name, taken.backup.n_files, taken.n_new_files);
                let mib = |n_bytes: u64| n_bytes.div_ceil(1 << 20);
                let (all, stored) = (mib(taken.backup.n_bytes), mib(taken.n_new_bytes));
                say(
                    format!("备份 {name}：{n} 个文件，{all} MiB；其中新存 {new} 个，{stored} MiB"),
                    format!("backup {name}: {n} files, {all} MiB; {new} of them new, {stored} MiB"),
                    json!({ "backup": fields(&taken.backup), "n_new_files": new, "n_new_bytes": taken.n_new_bytes }),
                )?;
            }
            Self::List { folder } => {
                let all = backup::list(ctx, &folder).await?;
                if global.format == Format::Json {
                    print_json(&all.iter().map(fields).collect::<Vec<_>>())?;
                } else {
                    let rows = all
                        .iter()
                        .map(|one| [one.name.clone(), time(one.at), one.n_files.to_string(), one.n_bytes.to_string()]);
                    print_rows(global.format, ["name", "at", "n_files", "n_bytes"], rows)?;
                }
            }
            Self::Check { folder, public_key: _ } => {
                let checked = backup::check(ctx, &folder).await?;
                let mut err = std::io::stderr().lock();
                for (path, what) in &checked.damaged {
                    writeln!(err, "{}: {what}", path.display())?;
                }
                let (n, files, bad) = (checked.n_backups, checked.n_files, checked.damaged.len());
                let signed = checked.n_signed;
                say(
                    format!("{n} 份备份（{signed} 份有签名），{files} 个文件；损坏 {bad} 处"),
                    format!("{n} backups ({signed} signed), {files} files; {bad} damaged"),
                    json!({
                        "n_backups": n, "n_signed": signed, "n_files": files, "n_bytes": checked.n_bytes, "n_damaged": bad,
                    }),
                )?;
                return Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            Self::Prune { folder, keep } => {
                let pruned = backup::prune(ctx, &folder, keep, &global.actor()).await?;
                let (n, files) = (pruned.n_backups, pruned.n_files);
                say(
                    format!("已删除 {n} 份备份、{files} 个不再使用的文件"),
                    format!("{n} backups and {files} files that no other holds removed"),
                    json!({ "n_backups": n, "n_files": files }),
                )?;
            }
            Self::Keys { to } => {
                let copy = backup::ship_keys(ctx, &to, &global.actor()).await?;
                let path = copy.path.display();
                say(
                    format!("密钥副本：{path}（{} 个文件；删除旧副本 {} 份）", copy.n_files, copy.n_removed),
                    format!("keys copied to {path} ({} files; {} older copies removed)", copy.n_files, copy.n_removed),
                    json!({ "path": copy.path, "n_files": copy.n_files, "n_removed": copy.n_removed }),
                )?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Make the data directory from a backup and the newest keys; it must not exist, or hold keys alone.
#[derive(Args)]
pub(super) struct Restore {
    /// Folder of the backups.
    #[arg(long, env = "ZHIKE_BACKUP", value_name = "DIR")]
    from: PathBuf,
    /// The newest copy of the keys, or the folder of the copies; keys/ of the data directory when absent.
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// As of then, as 2026-11-22T08:00:00Z: the newest backup up to then, and the events that arrived until then as the next
    /// backup holds them; the newest backup when absent.
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
}

impl Restore {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let at = self.at.map(jiff::Timestamp::as_microsecond);
        let actor = super::access::os_user();
        let restored = backup::restore(global.options()?, &self.from, self.keys.as_deref(), at, &actor).await?;
        let (name, n, audit) = (&restored.backup.name, restored.backup.n_files, restored.n_audit);
        let when = time(restored.backup.at);
        match (global.format, global.lang()) {
            (Format::Json, _) => print_json(&json!({
                "backup": fields(&restored.backup), "n_audit": audit, "n_left_out": restored.n_left_out,
                "replayed": restored.replayed.as_ref().map(|one| json!({
                    "from": one.from, "n_requests": one.n_requests, "whole": one.short_of.is_none(),
                })),
            }))?,
            (_, Lang::Zh) => writeln!(
                std::io::stdout(),
                "已从备份 {name} 恢复到 {when}：{n} 个文件，审计链 {audit} 条完整；所有人须重新登录"
            )?,
            (_, Lang::En) => writeln!(
                std::io::stdout(),
                "restored from {name} as of {when}: {n} files, {audit} audit entries in one chain; everybody signs in again"
            )?,
        }
        if let Some(replayed) = restored.replayed.filter(|_| global.format != Format::Json) {
            let Replayed { from, n_requests: n, short_of } = replayed;
            let mut err = std::io::stderr().lock();
            match (global.lang(), short_of) {
                (Lang::Zh, None) => {
                    writeln!(err, "其后到指定时刻的采集请求 {n} 个取自备份 {from}；载入、设置与人工决定以前一备份为准")?
                }
                (Lang::En, None) => writeln!(
                    err,
                    "{n} requests of collection until then were taken from {from}; loads, settings and decisions are those of the \
                     backup before"
                )?,
                (Lang::Zh, Some(why)) => writeln!(err, "其后的采集事件只补到 {n} 个请求：{}", short_words(why).0)?,
                (Lang::En, Some(why)) => {
                    writeln!(
                        err,
                        "of what was collected after it only {n} requests are there: {}",
                        short_words(why).1
                    )?;
                }
            }
        }
        if restored.n_left_out > 0 && global.format != Format::Json {
            let n = restored.n_left_out;
            let mut err = std::io::stderr().lock();
            match global.lang() {
                Lang::Zh => writeln!(err, "采集日志的 {n} 段未恢复：其密钥已随轮换销毁，备份时尚未载入的事件不在其中")?,
                Lang::En => writeln!(
                    err,
                    "{n} segments of the event log were left out, their keys are destroyed: events that were not taken in when \
                     the backup was made are not there"
                )?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

const fn short_words(why: Short) -> (&'static str, &'static str) {
    match why {
        Short::Keys => ("那段日志的密钥已随轮换或销毁请求删除", "the keys of that part of the log are destroyed"),
        Short::Gap => {
            ("两份备份之间换过密钥，或事件多于暂存上限", "keys changed between the two backups, or too much arrived")
        }
    }
}

/// What a server does about backups.
#[derive(Args, Clone)]
pub(super) struct Schedule {
    /// Take backups into this folder while the server runs.
    #[arg(long = "backup-to", env = "ZHIKE_BACKUP", value_name = "DIR")]
    to: Option<PathBuf>,
    /// How often, in minutes.
    #[arg(long = "backup-every", env = "ZHIKE_BACKUP_EVERY", default_value_t = 1440, value_name = "MINUTES",
        value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// How many stay.
    #[arg(long = "backup-keep", env = "ZHIKE_BACKUP_KEEP", default_value_t = 30, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
}

impl Schedule {
    /// Begins to take backups, when that is asked for; ends when told to.
    pub(super) fn start(
        &self,
        ctx: &Ctx,
        stopping: &tokio::sync::watch::Receiver<bool>,
    ) -> Option<tokio::task::JoinHandle<()>> {
        let every = std::time::Duration::from_secs(u64::from(self.every) * 60);
        let folder = self.to.clone()?;
        Some(tokio::spawn(backup::run(ctx.clone(), folder, every, self.keep as usize, stopping.clone())))
    }
}
