//! The event log of a data directory: opened by the process that first needs it, sealed by the vault.
//!
//! Once a backup was taken, segments that were taken in are put aside ([`PAST`]) rather than removed, until keys change: so that
//! the next backup holds what arrived since the last, and a restore can go to any moment in between. They can be removed at any
//! time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use zhike_vault::{SegmentAlgorithm, SegmentKey, Vault};
use zhike_wal::{Cipher, Disk, DiskFile, FsDisk, Log, Sealer};

use super::CollectError;
use super::ip_region::IpRegions;
use crate::{Ctx, Error};

/// The name of the log in state, and of its folder.
pub(crate) const LOG: &str = "wal";
/// Where segments are put that were taken in; they are removed as long as it is not there.
pub(crate) const PAST: &str = "wal-past";

/// How large the event log may be, and how it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// A segment that has reached this length is followed by another.
    pub segment_bytes: u64,
    /// The most bytes that may wait for the disk; beyond it senders are told to slow down.
    pub queue_bytes: usize,
    /// The most bytes of the log that one batch takes in.
    pub batch_bytes: usize,
    /// The most bytes of segments that are put aside; beyond it the oldest go.
    pub past_bytes: u64,
    /// What new segments are sealed with; older ones stay as they are, and are read.
    pub algorithm: SegmentAlgorithm,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            queue_bytes: 64 << 20,
            batch_bytes: 16 << 20,
            past_bytes: 4 << 30,
            algorithm: SegmentAlgorithm::default(),
        }
    }
}

/// The log and what goes with it, in one process.
pub(crate) struct Collecting {
    limits: LogLimits,
    log: RwLock<Option<Arc<Log>>>,
    opening: tokio::sync::Mutex<()>,
    /// Arrival of what is acknowledged and not taken in yet; `i64::MAX` for none.
    waiting_since: AtomicI64,
    /// Told when something was acknowledged.
    pub(crate) arrived: tokio::sync::Notify,
    /// Where addresses are, once a table was read.
    regions: OnceLock<IpRegions>,
    /// Held by who takes in.
    pub(crate) taking: tokio::sync::Mutex<Option<crate::ingest::Taking>>,
}

impl Collecting {
    pub(crate) fn new(limits: LogLimits) -> Self {
        Self {
            limits,
            log: RwLock::default(),
            opening: tokio::sync::Mutex::default(),
            waiting_since: AtomicI64::new(i64::MAX),
            arrived: tokio::sync::Notify::new(),
            regions: OnceLock::new(),
            taking: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn limits(&self) -> LogLimits {
        self.limits
    }

    /// The log, opened when it is not yet.
    ///
    /// # Errors
    /// `Unavailable` when the disk fails; `conflict` when another process has it open.
    pub(crate) async fn open(&self, ctx: &Ctx) -> Result<Arc<Log>, CollectError> {
        let known = || self.log.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(log) = known() {
            return Ok(log);
        }
        let _one = self.opening.lock().await;
        if let Some(log) = known() {
            return Ok(log);
        }
        let checkpoint = ctx.store().ingest(LOG).await.map_err(Error::from)?;
        let options = zhike_wal::Options {
            segment_bytes: self.limits.segment_bytes,
            queue_bytes: self.limits.queue_bytes,
            first_position: checkpoint.map_or(0, |row| u64::try_from(row.position).unwrap_or(0)),
            ..zhike_wal::Options::default()
        };
        let (dir, past) = (ctx.dir().join(LOG), ctx.dir().join(PAST));
        let past_bytes = self.limits.past_bytes;
        let cipher = self.cipher(ctx);
        let opened = tokio::task::spawn_blocking(move || {
            let unmade = |error: io::Error| CollectError::Unavailable {
                retry_after_s: 5,
                message: format!("the event log's folder cannot be made: {error}"),
            };
            let disk = Shelf { disk: FsDisk::new(&dir).map_err(unmade)?, dir, past, past_bytes };
            Log::open(disk, cipher, options).map_err(unopened)
        });
        let (log, report) = opened.await.map_err(|error| Error::bug("the task that opens the log", error))??;
        if let Some(torn) = &report.torn {
            tracing::warn!(torn.n_bytes, torn.segment, "the event log had an unfinished end, which was cut off");
        }
        for damage in &report.damaged {
            tracing::error!(?damage, "records of the event log are damaged");
        }
        let log = Arc::new(log);
        *self.log.write().unwrap_or_else(PoisonError::into_inner) = Some(log.clone());
        Ok(log)
    }

    fn cipher(&self, ctx: &Ctx) -> Arc<Segments> {
        Arc::new(Segments { vault: ctx.vault().clone(), algorithm: self.limits.algorithm })
    }

    /// Opens a log that stands elsewhere: what a backup holds of this one.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_copy(&self, ctx: &Ctx, dir: PathBuf) -> Result<Log, CollectError> {
        let cipher = self.cipher(ctx);
        let opened = tokio::task::spawn_blocking(move || {
            let unread = |error: io::Error| CollectError::Unavailable {
                retry_after_s: 5,
                message: format!("the copy of the event log cannot be read: {error}"),
            };
            Log::open(FsDisk::new(&dir).map_err(unread)?, cipher, zhike_wal::Options::default()).map_err(unopened)
        });
        Ok(opened.await.map_err(|error| Error::bug("the task that opens a copy of the log", error))??.0)
    }

    /// Sets where addresses are; the first table stays.
    pub(crate) fn set_regions(&self, regions: IpRegions) {
        let _ = self.regions.set(regions);
    }

    pub(crate) fn regions(&self) -> Option<&IpRegions> {
        self.regions.get()
    }

    /// Notes that something was acknowledged.
    pub(crate) fn note_arrival(&self, arrived_at: i64) {
        self.waiting_since.fetch_min(arrived_at, Ordering::Relaxed);
        self.arrived.notify_one();
    }

    /// Notes that all is taken in, or all up to something that arrived then.
    pub(crate) fn note_taken(&self, waiting_since: Option<i64>) {
        self.waiting_since.store(waiting_since.unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Age of the oldest record that is acknowledged and not taken in, in microseconds; about, and 0 for none.
    pub(crate) fn lag_us(&self, now: i64) -> i64 {
        match self.waiting_since.load(Ordering::Relaxed) {
            i64::MAX => 0,
            since => (now - since).max(0),
        }
    }
}

fn unopened(error: zhike_wal::Error) -> CollectError {
    use zhike_domain::error_code::ErrorCode;
    use zhike_wal::Error as Wal;
    if let Wal::Key { source, .. } = &error
        && let Some(zhike_vault::Error::Disabled { epoch }) = source.get_ref().and_then(|cause| cause.downcast_ref())
    {
        return CollectError::Other(zhike_vault::Error::Disabled { epoch: *epoch }.into());
    }
    let (code, zh) = match &error {
        Wal::Io { .. } => {
            return CollectError::Unavailable { retry_after_s: 5, message: format!("the event log: {error}") };
        }
        Wal::Locked => (ErrorCode::Conflict, "采集日志正被另一个进程使用（zhike serve 正在运行？）".to_owned()),
        Wal::Key { .. } => (ErrorCode::WrongKey, format!("采集日志的密钥无法打开：{error}")),
        Wal::UnsupportedVersion { .. } => (ErrorCode::Unavailable, format!("采集日志由更新的版本写入：{error}")),
    };
    CollectError::Other(Error::new(code, error.to_string(), zh))
}

/// Removes what was put aside: keys that change make it worthless in every copy, and this one goes with them.
///
/// # Errors
/// Those of the file system.
pub(crate) fn clear_past(dir: &Path) -> Result<(), Error> {
    let past = dir.join(PAST);
    let failed = |error| Error::io("clear", &past, error);
    for (path, _) in put_aside(&past).map_err(failed)? {
        std::fs::remove_file(path).map_err(failed)?;
    }
    Ok(())
}

/// The segments that were put aside, oldest first, with their bytes.
fn put_aside(past: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let entries = match std::fs::read_dir(past) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        all.push((entry.path(), entry.metadata()?.len()));
    }
    all.sort();
    Ok(all)
}

/// A directory that puts what is removed from it aside, as long as there is a place for it.
struct Shelf {
    disk: FsDisk,
    dir: PathBuf,
    past: PathBuf,
    past_bytes: u64,
}

impl Shelf {
    /// Puts a segment aside where there is a place for it; says whether there is.
    fn put_aside(&self, name: &str) -> io::Result<bool> {
        let path = self.dir.join(name);
        let n_bytes = path.metadata()?.len();
        if n_bytes > self.past_bytes || !self.past.is_dir() {
            return Ok(false);
        }
        self.make_room(n_bytes)?;
        std::fs::rename(&path, self.past.join(name))?;
        Ok(true)
    }

    /// Makes room for so many bytes more.
    fn make_room(&self, n_bytes: u64) -> io::Result<()> {
        let all = put_aside(&self.past)?;
        let mut held: u64 = all.iter().map(|(_, n)| n).sum();
        for (path, n) in all {
            if held + n_bytes <= self.past_bytes {
                break;
            }
            std::fs::remove_file(path)?;
            held -= n;
        }
        Ok(())
    }
}

impl Disk for Shelf {
    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.disk.lock()
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.disk.create(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(name)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        // What cannot be put aside must not keep the log from being cut.
        if matches!(self.put_aside(name), Ok(true)) { Ok(()) } else { self.disk.remove(name) }
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }
}

/// The vault's keys as the log wants them.
struct Segments {
    vault: Arc<Vault>,
    algorithm: SegmentAlgorithm,
}

impl Cipher for Segments {
    fn start(&self, segment: u64) -> io::Result<(Vec<u8>, Box<dyn Sealer>)> {
        let (key, wrapped) = self.vault.new_segment_key(segment, self.algorithm).map_err(io::Error::other)?;
        Ok((wrapped, Box::new(Sealing(key))))
    }

    fn open(&self, segment: u64, wrapped: &[u8]) -> io::Result<Box<dyn Sealer>> {
        let key = self.vault.unwrap_segment_key(segment, wrapped).map_err(io::Error::other)?;
        Ok(Box::new(Sealing(key)))
    }
}

struct Sealing(SegmentKey);

impl Sealer for Sealing {
    fn seal(&mut self, position: u64, plain: &[u8], out: &mut Vec<u8>) {
        self.0.seal(position, plain, out);
    }

    fn open(&self, position: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.open(position, sealed).ok().map(|plain| plain.to_vec())
    }
}
