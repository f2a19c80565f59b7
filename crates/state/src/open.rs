//! Opening and closing: files or servers, settings, schema.

use crate::boxed;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use crate::db::Pool;
use crate::error::{At, Error, Result};
use crate::migrate::{self, DATA, KEYS};

/// How long a writer waits for another process's transaction; the longest are whole loads.
const BUSY_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a caller waits for a connection of the pool; on SQLite, writers of this process wait for each other there.
const FILE_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(180);
const SERVER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections to PostgreSQL, and readers of a SQLite file.
const MAX_CONNECTIONS: u32 = 8;
/// Page cache of the connection that writes: index pages of a few million identities.
const WRITE_CACHE_KIB: u32 = 128 * 1024;
const READ_CACHE_KIB: u32 = 16 * 1024;

/// Where the store lives.
#[derive(Clone, Debug, Default)]
pub struct StateConfig {
    /// Data directory: `state.db` and `keys/keys.db` stand in it unless a server is named.
    pub dir: PathBuf,
    /// `postgres://…` of the data; its schema is `zhike`, or the `search_path` that the URL sets.
    pub url: Option<String>,
    /// `postgres://…` of the keys, by default the same server; its schema is `zhike_keys`, or the `search_path` set.
    pub keys_url: Option<String>,
}

/// The operational store. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) data: Pool,
    pub(crate) keys: Pool,
}

impl Store {
    /// Opens the store, makes what is missing and brings the schema up to date.
    ///
    /// **Errors**: `Unavailable`; `UnsupportedSchema` when a newer release wrote it; `Corrupt` when a file is no database.
    #[boxed]
    pub async fn open(config: StateConfig) -> Result<Self> {
        let data = match &config.url {
            Some(url) => open_server(url, "zhike", "state database").await?,
            None => open_file(&config.dir.join("state.db"), false).await?,
        };
        migrate::run(&data, "state database", DATA).await?;
        let keys = match config.keys_url.as_ref().or(config.url.as_ref()) {
            Some(url) => open_server(url, "zhike_keys", "key database").await?,
            None => open_file(&config.dir.join("keys").join("keys.db"), true).await?,
        };
        migrate::run(&keys, "key database", KEYS).await?;
        Ok(Self { data, keys })
    }

    /// What is wrong with the files of a SQLite store, each with the file's name: pages that do not read or do not fit, rows
    /// that name others which are not there. A server looks after its own.
    ///
    /// **Errors**: `Unavailable`.
    #[boxed]
    pub async fn damage(&self) -> Result<Vec<(&'static str, String)>> {
        let mut found = Vec::new();
        for (name, pool) in [("state.db", &self.data), ("keys/keys.db", &self.keys)] {
            if !matches!(pool, Pool::Sqlite { .. }) {
                continue;
            }
            let read = pool.read("check", name);
            match read.all::<(String,)>("PRAGMA integrity_check(20)", &[]).await {
                Ok(rows) => found.extend(rows.into_iter().filter(|(what,)| what != "ok").map(|(what,)| (name, what))),
                Err(Error::Corrupt { .. }) => found.push((name, "cannot be read to its end".to_owned())),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Waits for running statements and closes all connections.
    #[boxed]
    pub async fn close(self) {
        self.data.close().await;
        self.keys.close().await;
    }
}

pub(crate) async fn open_file(path: &Path, is_private: bool) -> Result<Pool> {
    let at = At::new("open", path.display());
    if let Some(dir) = path.parent() {
        make_dir(dir, is_private).map_err(|error| at.fail(sqlx::Error::Io(error)))?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .pragma("journal_size_limit", (64 << 20).to_string())
        .disable_statement_logging();
    let pool = |options: SqliteConnectOptions, n: u32, kib: u32| {
        let options = options.pragma("cache_size", format!("-{kib}")).row_buffer_size(1024);
        SqlitePoolOptions::new().max_connections(n).acquire_timeout(FILE_ACQUIRE_TIMEOUT).connect_lazy_with(options)
    };
    let write = pool(options.clone(), 1, WRITE_CACHE_KIB);
    // The first connection turns on the log, which SQLite does not wait for when another process does the same.
    let mut n_tries = 0;
    loop {
        match write.acquire().await.map_err(|error| at.fail(error)) {
            Ok(_) => break,
            Err(Error::Unavailable { .. }) if n_tries < 50 => {
                n_tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Pool::Sqlite { read: pool(options, MAX_CONNECTIONS, READ_CACHE_KIB), write })
}

fn make_dir(dir: &Path, is_private: bool) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    #[cfg(unix)]
    if is_private {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _ = is_private;
    Ok(())
}

pub(crate) async fn open_server(url: &str, schema: &'static str, subject: &str) -> Result<Pool> {
    let at = At::new("open", subject);
    let mut options = PgConnectOptions::from_str(url).map_err(|error| at.fail(error))?.disable_statement_logging();
    let is_named = options.get_options().is_some_and(|options| options.contains("search_path"));
    if !is_named {
        options = options.options([("search_path", schema)]);
    }
    // A pool tries again until its time is up; a server that is not there is to be reported at once.
    let first = options.connect().await.map_err(|error| at.fail(error))?;
    first.close().await.map_err(|error| at.fail(error))?;
    let pool = PgPoolOptions::new().max_connections(MAX_CONNECTIONS).acquire_timeout(SERVER_ACQUIRE_TIMEOUT);
    let pool = Pool::Postgres(pool.connect_lazy_with(options));
    if !is_named {
        let mut tx = pool.begin("open", subject).await?;
        migrate::lock(&mut tx).await?;
        tx.script(format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
        tx.commit().await?;
    }
    Ok(pool)
}
