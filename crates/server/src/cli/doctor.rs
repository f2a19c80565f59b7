//! `zhike doctor`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use zhike_engine::doctor;

use super::{Format, Global, Lang, Outcome};

const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Reads every file of the data directory, compares checksums, looks at clock, room and rights, and says what is wrong;
/// changes nothing.
#[derive(Args)]
pub(super) struct Doctor;

impl Doctor {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let found = doctor::examine(&ctx).await?;
        ctx.close().await;
        let mut out = std::io::stdout().lock();
        let mib = found.n_bytes >> 20;
        match (global.format, global.lang()) {
            (Format::Json, _) => {
                let findings: Vec<_> = (found.findings.iter())
                    .map(|finding| json!({ "place": finding.place, "message": finding.en, "message_zh": finding.zh }))
                    .collect();
                let document = json!({
                    "release": RELEASE, "n_free_bytes": found.n_free_bytes, "n_files": found.n_files, "n_bytes": found.n_bytes, "n_keys": found.n_keys, "n_records": found.n_records,
                    "is_log_busy": found.is_log_busy, "findings": findings,
                });
                serde_json::to_writer_pretty(&mut out, &document).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
            (_, Lang::En) => {
                for finding in &found.findings {
                    writeln!(out, "{}: {}", finding.place, finding.en)?;
                }
                let log = if found.is_log_busy { "log in use by a server, not read" } else { "log read" };
                let n = found.findings.len();
                writeln!(
                    out,
                    "zhike {RELEASE}: {} files, {mib} MiB; {} keys; {} records, {log}; {n} findings",
                    found.n_files, found.n_keys, found.n_records
                )?;
            }
            (_, Lang::Zh) => {
                for finding in &found.findings {
                    writeln!(out, "{}：{}", finding.place, finding.zh)?;
                }
                let log = if found.is_log_busy {
                    "采集日志正被服务使用，未检查"
                } else {
                    "采集日志已检查"
                };
                let n = found.findings.len();
                writeln!(
                    out,
                    "zhike {RELEASE}：{} 个文件，{mib} MiB；{} 个密钥；{} 条记录，{log}；{n} 处问题",
                    found.n_files, found.n_keys, found.n_records
                )?;
            }
        }
        Ok(if found.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
