//! What every use case needs: the stores, the keys, the clock, the lock of the one writer.

use crate::boxed;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use zhike_domain::access::{Means, Principal, Role, Scope};
use zhike_domain::sensitive::Sensitive;
use zhike_lake::{Lake, LakeOptions};
use zhike_state::{StateConfig, Store};
use zhike_vault::{Unlock, ValueAlgorithm, Vault};

use crate::collect::{Collecting, LogLimits};
use crate::ingest::{self, LiveEvent};
use crate::workspace::{self, Workspace};
use crate::{
    Clock, Error, Result, accounts, audit, backup, campaigns, erasure, goods, guard, identity, import, kpis, segments,
    sources,
};

/// Recent events kept for a slow listener; older ones it misses.
const LIVE_EVENTS: usize = 1024;

/// Where and how to open a data directory.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Data directory; made when absent.
    pub dir: PathBuf,
    /// `postgres://…` for state; SQLite in the directory otherwise.
    pub state_url: Option<String>,
    /// Passphrase that opens the keys; a key file in the directory otherwise.
    pub passphrase: Option<Sensitive<String>>,
    /// Memory for queries; beyond it they spill to disk.
    pub memory_bytes: Option<usize>,
    /// Clock.
    pub clock: Clock,
    /// How large the event log may be.
    pub log: LogLimits,
    /// What new personal values are sealed with; older ones stay as they are, and are read.
    pub values: ValueAlgorithm,
    /// Where roots of the audit trail are kept outside.
    pub audit_anchors: Vec<audit::Anchor>,
    /// Folder in which rows are kept that a purge lets go of; nowhere when absent.
    pub archive_to: Option<PathBuf>,
}

/// An open data directory. Clones share everything; some see only part of the customers.
#[derive(Clone)]
pub struct Ctx {
    inner: Arc<Inner>,
    /// Which customers are seen; all when missing.
    scope: Option<Arc<Scope>>,
    /// For whom this works; nobody for what the process does by itself.
    by: Option<Arc<Principal>>,
}

struct Inner {
    dir: PathBuf,
    store: Store,
    vault: Arc<Vault>,
    lake: Lake,
    clock: Clock,
    workspace: RwLock<Workspace>,
    /// Versions of what moved, as the lake knows it: identities, sessions.
    moves_known: tokio::sync::Mutex<(i64, i64)>,
    faults: RwLock<Vec<String>>,
    live: tokio::sync::broadcast::Sender<Arc<LiveEvent>>,
    sources: sources::Known,
    collecting: Collecting,
    audience: segments::Known,
    remembered: kpis::Remembered,
    learnt_of_goods: goods::Known,
    learnt_of_moments: campaigns::Known,
    accounts: accounts::Known,
    auditing: audit::Known,
    guarding: guard::Known,
    erasing: erasure::Known,
    matching: identity::Known,
    archive_to: Option<PathBuf>,
    /// Told when a file was loaded.
    loaded: tokio::sync::Notify,
}

/// Held while something is written; see [`Ctx::write_lock`].
pub struct WriteGuard {
    _file: std::fs::File,
}

impl Ctx {
    /// Opens a data directory, making what is missing, and finishes loads that a crash interrupted.
    ///
    /// **Errors**: `wrong_key`, `unavailable`, `disk_full`, with what to do.
    #[boxed]
    pub async fn open(options: Options) -> Result<Self> {
        backup::refuse_unfinished(&options.dir)?;
        Self::open_any(options).await
    }

    /// As [`Ctx::open`], of a directory that is being restored too.
    pub(crate) async fn open_any(options: Options) -> Result<Self> {
        let dir = options.dir;
        backup::make_dir(&dir)?;
        let unlock = match options.passphrase {
            Some(passphrase) => Unlock::Passphrase(passphrase),
            None => Unlock::KeyFile,
        };
        let vault = Arc::new(Vault::open(&dir.join("keys"), unlock)?.sealing_values_with(options.values));
        let config = StateConfig { dir: dir.clone(), url: options.state_url, ..StateConfig::default() };
        let store = Store::open(config).await?;
        let mut limits = LakeOptions::default();
        limits.memory_bytes = options.memory_bytes.unwrap_or(limits.memory_bytes);
        let lake = Lake::open(&dir, limits)?;
        let workspace = RwLock::new(workspace::load(&store).await?);
        let inner = Arc::new(Inner {
            dir,
            store,
            vault,
            lake,
            clock: options.clock,
            workspace,
            moves_known: tokio::sync::Mutex::new((-1, 0)),
            faults: RwLock::default(),
            live: tokio::sync::broadcast::Sender::new(LIVE_EVENTS),
            sources: sources::Known::default(),
            collecting: Collecting::new(options.log),
            audience: segments::Known::default(),
            remembered: kpis::Remembered::default(),
            learnt_of_goods: goods::Known::default(),
            learnt_of_moments: campaigns::Known::default(),
            accounts: accounts::Known::default(),
            auditing: audit::Known::new(options.audit_anchors),
            guarding: guard::Known::default(),
            erasing: erasure::Known::default(),
            matching: identity::Known::default(),
            archive_to: options.archive_to,
            loaded: tokio::sync::Notify::new(),
        });
        let ctx = Self { inner, scope: None, by: None };
        import::recover(&ctx).await?;
        ingest::recover(&ctx).await?;
        ctx.refresh_overrides().await?;
        // Before anybody reads: an old copy of the data may hold people who were erased since.
        erasure::recover(&ctx).await?;
        Ok(ctx)
    }

    /// Signs what is new in the audit trail, and closes the stores.
    #[boxed]
    pub async fn close(self) {
        if let Err(error) = audit::sign(&self, true).await {
            tracing::warn!(cause = %error, "the newest entries of the audit trail are signed at the next start");
        }
        if let Some(inner) = Arc::into_inner(self.inner) {
            inner.store.close().await;
        }
    }

    /// The same data directory for somebody who may see some customers only.
    #[must_use]
    pub fn within(&self, scope: &Scope) -> Self {
        Self { scope: (!scope.is_all()).then(|| Arc::new(scope.clone())), ..self.clone() }
    }

    /// The same data directory for somebody who acts: their customers, their budgets, their name in the audit trail.
    #[must_use]
    pub fn acting(&self, by: &Arc<Principal>) -> Self {
        Self { by: Some(by.clone()), ..self.within(&by.scope) }
    }

    /// For whom this works; nobody for what the process does by itself.
    pub(crate) fn by(&self) -> Option<&Principal> {
        self.by.as_deref()
    }

    /// The smallest group of people whose count whoever asks is shown; 1 for all.
    pub(crate) fn min_group(&self) -> u64 {
        self.by().map_or(1, Principal::min_group)
    }

    /// The same data directory with all customers: for what is computed for everybody.
    pub(crate) fn whole(&self) -> Self {
        Self { scope: None, ..self.clone() }
    }

    /// The same data directory as those see it whom all are told alike: all customers, and no group that is too small for any
    /// of them.
    pub(crate) fn as_told(&self) -> Self {
        let by = Principal { means: Means::Session, roles: vec![Role::Analyst], ..Principal::local("told") };
        Self { scope: None, by: Some(Arc::new(by)), ..self.clone() }
    }

    /// Which customers are seen; all when missing.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.scope.as_deref()
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Where rows are kept that a purge lets go of.
    pub(crate) fn archive_to(&self) -> Option<&Path> {
        self.inner.archive_to.as_deref()
    }

    /// Operational state.
    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Keys.
    pub(crate) fn vault(&self) -> &Arc<Vault> {
        &self.inner.vault
    }

    /// Tables of facts.
    pub(crate) fn lake(&self) -> &Lake {
        &self.inner.lake
    }

    /// Senders of live events, as this process knows them.
    pub(crate) fn sources(&self) -> &sources::Known {
        &self.inner.sources
    }

    /// Customers and sets of them, as this process knows them.
    pub(crate) fn audience(&self) -> &segments::Known {
        &self.inner.audience
    }

    /// Sums of figures, as this process remembers them.
    pub(crate) fn remembered(&self) -> &kpis::Remembered {
        &self.inner.remembered
    }

    /// What was learnt of who will want which goods.
    pub(crate) fn learnt_of_goods(&self) -> &goods::Known {
        &self.inner.learnt_of_goods
    }

    /// What was learnt of when customers answer.
    pub(crate) fn loaded(&self) -> &tokio::sync::Notify {
        &self.inner.loaded
    }

    pub(crate) fn learnt_of_moments(&self) -> &campaigns::Known {
        &self.inner.learnt_of_moments
    }

    /// What this process remembers of accounts.
    pub(crate) fn accounts(&self) -> &accounts::Known {
        &self.inner.accounts
    }

    /// What this process knows of the audit trail.
    pub(crate) fn auditing(&self) -> &audit::Known {
        &self.inner.auditing
    }

    /// The buckets of this process.
    pub(crate) fn guarding(&self) -> &guard::Known {
        &self.inner.guarding
    }

    /// Erasures that are under way.
    pub(crate) fn erasing(&self) -> &erasure::Known {
        &self.inner.erasing
    }

    /// Records that were compared with each other.
    pub(crate) fn matching(&self) -> &identity::Known {
        &self.inner.matching
    }

    /// The event log, once it is open.
    pub(crate) fn collecting(&self) -> &Collecting {
        &self.inner.collecting
    }

    /// Where recent events are told.
    pub(crate) fn live(&self) -> &tokio::sync::broadcast::Sender<Arc<LiveEvent>> {
        &self.inner.live
    }

    /// Now, in microseconds since 1970 UTC.
    pub fn now(&self) -> i64 {
        self.inner.clock.now()
    }

    /// The settings.
    pub fn workspace(&self) -> Workspace {
        self.inner.workspace.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(crate) fn set_workspace(&self, workspace: Workspace) {
        *self.inner.workspace.write().unwrap_or_else(std::sync::PoisonError::into_inner) = workspace;
    }

    /// Waits until no other process writes to this data directory, and keeps others out until dropped.
    pub(crate) async fn write_lock(&self) -> Result<WriteGuard> {
        let path = self.inner.dir.join("writer.lock");
        let file = tokio::task::spawn_blocking(move || {
            let file = std::fs::File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(|error| Error::io("open the lock", &path, error))?;
            if file.try_lock().is_err() {
                tracing::info!("another load is being written; waiting for it");
                file.lock().map_err(|error| Error::io("lock", &path, error))?;
            }
            Ok::<_, Error>(file)
        })
        .await
        .map_err(|error| Error::bug("lock task", error))??;
        // Another process may have changed the epochs of keys: what is sealed from here on must outlive them.
        self.vault().refresh()?;
        Ok(WriteGuard { _file: file })
    }

    /// As [`Ctx::write_lock`], but `None` at once when another process writes.
    pub(crate) fn try_write_lock(&self) -> Result<Option<WriteGuard>> {
        let path = self.inner.dir.join("writer.lock");
        let file = std::fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Error::io("open the lock", &path, error))?;
        let guard = file.try_lock().is_ok().then_some(WriteGuard { _file: file });
        if guard.is_some() {
            self.vault().refresh()?;
        }
        Ok(guard)
    }

    /// Tells the lake which identities and sessions have moved, when that has changed.
    pub(crate) async fn refresh_overrides(&self) -> Result<()> {
        let mut known = self.inner.moves_known.lock().await;
        let version = self.store().session_moves_version().await?;
        if known.1 != version {
            let changed = self.store().session_moves(known.1).await?;
            self.lake().move_sessions(changed.iter().map(ingest::session_move).collect::<Result<_>>()?);
            known.1 = version;
        }
        let version = self.store().overrides_version().await?;
        if known.0 != version {
            let spans = self.store().override_spans().await?;
            let spans = spans.into_iter().map(|span| (span.identity_id, span.since_at, span.profile_id)).collect();
            self.lake().set_overrides(self.store().overrides().await?, spans);
            known.0 = version;
        }
        Ok(())
    }

    /// Makes a named step fail once; for tests of what a crash there leaves behind.
    #[doc(hidden)]
    pub fn fail_at(&self, step: &str) {
        self.inner.faults.write().unwrap_or_else(std::sync::PoisonError::into_inner).push(step.to_owned());
    }

    /// A point at which tests let a use case fail.
    pub(crate) fn step(&self, step: &str) -> Result<()> {
        if self.inner.faults.read().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty() {
            return Ok(());
        }
        let mut faults = self.inner.faults.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        match faults.iter().position(|fault| fault == step) {
            Some(at) => {
                faults.remove(at);
                Err(Error::bug("fault asked for by a test", std::io::Error::other(step.to_owned())))
            }
            None => Ok(()),
        }
    }
}
