//! The event log of a data directory: opened by the process that first needs it, sealed by the vault.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use zhike_vault::{SegmentAlgorithm, SegmentKey, Vault};
use zhike_wal::{Cipher, FsDisk, Log, Sealer};

use super::CollectError;
use super::ip_region::IpRegions;
use crate::{Ctx, Error};

/// The name of the log in state, and of its folder.
pub(crate) const LOG: &str = "wal";

/// How large the event log may be, and how it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// A segment that has reached this length is followed by another.
    pub segment_bytes: u64,
    /// The most bytes that may wait for the disk; beyond it senders are told to slow down.
    pub queue_bytes: usize,
    /// The most bytes of the log that one batch takes in.
    pub batch_bytes: usize,
    /// What new segments are sealed with; older ones stay as they are, and are read.
    pub algorithm: SegmentAlgorithm,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            queue_bytes: 64 << 20,
            batch_bytes: 16 << 20,
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
        let dir = ctx.dir().join(LOG);
        let cipher = Arc::new(Segments { vault: ctx.vault().clone(), algorithm: self.limits.algorithm });
        let opened = tokio::task::spawn_blocking(move || {
            let unmade = |error: io::Error| CollectError::Unavailable {
                retry_after_s: 5,
                message: format!("the event log's folder cannot be made: {error}"),
            };
            let disk = FsDisk::new(&dir).map_err(unmade)?;
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
