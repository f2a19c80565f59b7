//! Looks at every file of a data directory and at what is around it, says what is wrong, and what to do.

use crate::boxed;
use zhike_domain::error_code::ErrorCode;

use crate::collect::{CollectError, LOG};
use crate::{Ctx, Error, Result, sealing, with_causes};

/// A clock that is so far behind the last entry of the audit trail is wrong, in microseconds.
const CLOCK_SLACK: i64 = 5 * 60 * 1_000_000;
/// Less room than this on the disk is too little.
const MIN_FREE_BYTES: u64 = 2 << 30;
/// Bytes of the log that are read at a time.
const LOG_BYTES: usize = 8 << 20;

/// The database of keys, as [`zhike_state::Store::damage`] names it.
const KEYS: &str = "keys/keys.db";

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: a table of the lake, a file of state, the log.
    pub place: String,
    /// What, and the remedy.
    pub en: String,
    /// The same in Chinese.
    pub zh: String,
}

/// What an examination found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examination {
    /// Files of the lake that were read.
    pub n_files: u64,
    /// Their bytes.
    pub n_bytes: u64,
    /// Free bytes of the disk, where the system tells.
    pub n_free_bytes: Option<u64>,
    /// Keys of people that were opened.
    pub n_keys: u64,
    /// Records of the log that were read.
    pub n_records: u64,
    /// Whether the log was not read, because a server uses it.
    pub is_log_busy: bool,
    /// Damage.
    pub findings: Vec<Finding>,
}

/// Reads everything and compares checksums; changes nothing.
///
/// **Errors**: when something cannot be read for another reason than damage.
#[boxed]
pub async fn examine(ctx: &Ctx) -> Result<Examination> {
    let files = ctx.lake().damaged_files().await;
    let mut examination = Examination { n_files: files.n_files, n_bytes: files.n_bytes, ..Examination::default() };
    for (table, error) in files.damaged {
        let cause = with_causes(&error);
        examination.findings.push(Finding {
            place: format!("lake/{table}"),
            en: format!("{cause}: restore it from a backup, or load its data again"),
            zh: format!("{cause}：请从备份恢复，或重新导入这部分数据"),
        });
    }
    for (file, what) in ctx.store().damage().await? {
        examination.findings.push(Finding {
            place: file.to_owned(),
            en: format!("{what}: restore {file} from a backup"),
            zh: format!("{what}：请从备份恢复 {file}"),
        });
    }
    // A database whose pages do not read has said so.
    if examination.findings.iter().all(|finding| finding.place != KEYS) {
        let (n_keys, n_damaged) = sealing::check_keys(ctx).await?;
        examination.n_keys = n_keys;
        if n_damaged > 0 {
            examination.findings.push(Finding {
                place: KEYS.to_owned(),
                en: format!("{n_damaged} of {n_keys} keys of people do not open: restore {KEYS} from a backup"),
                zh: format!("{n_keys} 个客户密钥中有 {n_damaged} 个无法打开：请从备份恢复 {KEYS}"),
            });
        }
    }
    examine_log(ctx, &mut examination).await?;
    examine_clock(ctx, &mut examination).await?;
    examine_place(ctx, &mut examination);
    Ok(examination)
}

/// Whether the clock runs behind what was recorded by it.
async fn examine_clock(ctx: &Ctx, examination: &mut Examination) -> Result<()> {
    let Some(last) = ctx.store().audit_head().await? else { return Ok(()) };
    let behind = last.at - ctx.now();
    if behind > CLOCK_SLACK {
        let minutes = behind / 60_000_000;
        examination.findings.push(Finding {
            place: "clock".to_owned(),
            en: format!("it is {minutes} minutes behind the last entry of the audit trail: set it, and let it be kept"),
            zh: format!("系统时间比最近一条审计记录晚了 {minutes} 分钟：请校准并启用时间同步"),
        });
    }
    Ok(())
}

/// Who else can read the directory, and how much room there is.
fn examine_place(ctx: &Ctx, examination: &mut Examination) {
    #[cfg(unix)]
    for (name, path) in [("", ctx.dir().to_owned()), ("keys", ctx.dir().join("keys"))] {
        use std::os::unix::fs::PermissionsExt;
        let mode = path.metadata().map_or(0, |meta| meta.permissions().mode() & 0o777);
        if mode & 0o077 != 0 {
            let path = path.display();
            examination.findings.push(Finding {
                place: if name.is_empty() { ".".to_owned() } else { name.to_owned() },
                en: format!("others of this machine can enter it (mode {mode:o}): chmod 700 {path}"),
                zh: format!("本机其他用户可进入该目录（权限 {mode:o}）：请执行 chmod 700 {path}"),
            });
        }
    }
    let free = rustix::fs::statvfs(ctx.dir()).ok().map(|disk| disk.f_bavail * disk.f_frsize);
    examination.n_free_bytes = free;
    if let Some(free) = free.filter(|free| *free < MIN_FREE_BYTES) {
        let mib = free >> 20;
        examination.findings.push(Finding {
            place: "disk".to_owned(),
            en: format!("{mib} MiB are free, a load or a backup may need more: make room"),
            zh: format!("磁盘仅剩 {mib} MiB，导入或备份可能不够：请清理空间"),
        });
    }
}

async fn examine_log(ctx: &Ctx, examination: &mut Examination) -> Result<()> {
    let log = match ctx.collecting().open(ctx).await {
        Ok(log) => log,
        Err(CollectError::Other(error)) if error.code == ErrorCode::Conflict => {
            examination.is_log_busy = true;
            return Ok(());
        }
        Err(CollectError::Other(error)) => return Err(error),
        Err(other) => return Err(Error::bug("opening the event log", other)),
    };
    let mut reader = log.reader();
    let mut next = log.start();
    while next < log.end() {
        let read = reader.read_from(next, LOG_BYTES).map_err(|error| Error::bug("reading the event log", error))?;
        examination.n_records += read.records.len() as u64;
        for damage in read.damaged {
            let (from, to) = (damage.from, damage.to);
            examination.findings.push(Finding {
                place: format!("{LOG}/{}", damage.segment),
                en: format!("records {from} to {to} are damaged: senders have to send them again"),
                zh: format!("记录 {from} 至 {to} 已损坏：需由发送方重发"),
            });
        }
        next = read.next;
    }
    Ok(())
}
