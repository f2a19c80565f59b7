//! A database copied into another: a server's into a file, so that a backup holds it, and a file's into a server.
//!
//! One of the two is a SQLite file, whose schema says which tables and columns there are: the migrations make the same on both.
//! Rows go in pages, within one transaction on either side: the copy is of one moment, and whole or absent.

use crate::boxed;
use std::path::Path;

use futures::TryStreamExt;
use sqlx::AssertSqlSafe;

use crate::db::{Arg, Conn, Kind, Pool, Row, SqlResult, Tx, postgres_arguments, sqlite_arguments};
use crate::error::{At, Result};
use crate::migrate::{self, DATA, KEYS};
use crate::open::{StateConfig, Store, open_file, open_server};

/// Values of one statement; SQLite takes at most 32,766.
const PAGE_VALUES: usize = 16_000;
/// Bytes of texts and blobs of one statement, about.
const PAGE_BYTES: usize = 4 << 20;
/// Says how far the schema has come; each database has its own.
const VERSIONS: &str = "schema_versions";

/// A value on its way.
enum Value {
    Int(Option<i64>),
    Float(Option<f64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

impl Value {
    fn read(row: &Row<'_>, at: usize, kind: Kind) -> SqlResult<Self> {
        Ok(match kind {
            Kind::Int => Self::Int(row.int(at)?),
            Kind::Float => Self::Float(row.float(at)?),
            Kind::Text => Self::Text(row.text(at)?.map(str::to_owned)),
            Kind::Blob => Self::Blob(row.blob(at)?.map(<[u8]>::to_vec)),
        })
    }

    fn arg(&self) -> Arg<'_> {
        match self {
            Self::Int(value) => Arg::Int(*value),
            Self::Float(value) => Arg::Float(*value),
            Self::Text(value) => Arg::Text(value.as_deref()),
            Self::Blob(value) => Arg::Blob(value.as_deref()),
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Self::Text(value) => value.as_ref().map_or(0, String::len),
            Self::Blob(value) => value.as_ref().map_or(0, Vec::len),
            Self::Int(_) | Self::Float(_) => 8,
        }
    }
}

/// A table as the file has it.
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

impl Table {
    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn insert(&self, n_values: usize) -> String {
        let n_columns = self.columns.len();
        let row = |at: usize| {
            let places: Vec<String> =
                (0..n_columns).map(|column| format!("${}", at * n_columns + column + 1)).collect();
            format!("({})", places.join(","))
        };
        let rows: Vec<String> = (0..n_values / n_columns).map(row).collect();
        format!("INSERT INTO {} ({}) VALUES {}", self.name, self.names(), rows.join(","))
    }
}

/// The tables of a SQLite file, but those that are its own and the schema's version.
async fn tables(file: &Pool) -> Result<Vec<Table>> {
    let read = file.read("copy", "the schema");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let names: Vec<(String,)> = read.all(sql, &[]).await?;
    let mut tables = Vec::with_capacity(names.len());
    for (name,) in names.into_iter().filter(|(name,)| name != VERSIONS) {
        let mut columns = Vec::new();
        let sql = format!("SELECT name, type FROM pragma_table_info('{name}') ORDER BY cid");
        read.each(sql.into(), &[], |row| {
            let kind = match row.text(1)?.unwrap_or_default() {
                "BLOB" => Kind::Blob,
                "TEXT" => Kind::Text,
                "DOUBLE PRECISION" => Kind::Float,
                _ => Kind::Int,
            };
            columns.push((row.text(0)?.unwrap_or_default().to_owned(), kind));
            Ok(())
        })
        .await?;
        tables.push(Table { name, columns });
    }
    Ok(tables)
}

/// Reads a table to its end and hands it over in pages.
macro_rules! copy_rows {
    ($from:expr, $database:ident, $table:expr, $to:expr, $at:expr) => {{
        let table: &Table = $table;
        let text = format!("SELECT {} FROM {}", table.names(), table.name);
        let mut rows = sqlx::query(AssertSqlSafe(text)).fetch(&mut **$from);
        let (mut page, mut n_bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await.map_err(|error| $at.fail(error))? {
            for (at, (_, kind)) in table.columns.iter().enumerate() {
                let value = Value::read(&Row::$database(&row), at, *kind).map_err(|error| $at.fail(error))?;
                n_bytes += value.n_bytes();
                page.push(value);
            }
            if page.len() + table.columns.len() > PAGE_VALUES || n_bytes > PAGE_BYTES {
                insert($to, table, &page).await?;
                page.clear();
                n_bytes = 0;
            }
        }
        if !page.is_empty() {
            insert($to, table, &page).await?;
        }
    }};
}

async fn insert(to: &mut Tx, table: &Table, page: &[Value]) -> Result<()> {
    let text = AssertSqlSafe(table.insert(page.len()));
    let args: Vec<Arg<'_>> = page.iter().map(Value::arg).collect();
    let done = async {
        match &mut to.conn {
            Conn::Sqlite(tx) => sqlx::query_with(text, sqlite_arguments(&args)?).execute(&mut **tx).await.map(drop),
            Conn::Postgres(tx) => sqlx::query_with(text, postgres_arguments(&args)?).execute(&mut **tx).await.map(drop),
        }
    };
    done.await.map_err(|error| to.at.fail(error))
}

/// Copies all rows of one database into the empty tables of the other.
async fn copy(from: &Pool, to: &Pool, tables: &[Table], subject: &str) -> Result<()> {
    let mut source = from.begin("copy", subject).await?;
    if !source.is_sqlite() {
        source.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned()).await?;
    }
    let mut target = to.begin("copy", subject).await?;
    let at = At::new("copy", subject);
    for table in tables {
        match &mut source.conn {
            Conn::Sqlite(tx) => copy_rows!(tx, Sqlite, table, &mut target, at),
            Conn::Postgres(tx) => copy_rows!(tx, Postgres, table, &mut target, at),
        }
    }
    target.commit().await
}

/// Whether no table holds anything.
async fn is_empty(pool: &Pool, tables: &[Table]) -> Result<bool> {
    for table in tables {
        let mut n = 0;
        let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        pool.read("copy", &table.name)
            .each(sql.into(), &[], |_| {
                n += 1;
                Ok(())
            })
            .await?;
        if n > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes what a pool holds, as of one moment, into a file where nothing is.
async fn write_file(pool: &Pool, op: &'static str, to: &Path, versions: &[&str]) -> Result<()> {
    if pool.is_one_file() {
        return pool.copy_to(op, to).await;
    }
    let file = open_file(to, false).await?;
    let done = async {
        migrate::run(&file, op, versions).await?;
        copy(pool, &file, &tables(&file).await?, op).await
    };
    let done = done.await;
    file.close().await;
    done
}

impl Store {
    /// Writes a copy of the data, as of one moment, to a path where nothing is: a SQLite file, whatever the data stand on.
    ///
    /// **Errors**: `Full`, `Unavailable`.
    #[boxed]
    pub async fn copy_data(&self, to: &Path) -> Result<()> {
        write_file(&self.data, "copy_data", to, DATA).await
    }

    /// As [`Store::copy_data`], of the keys.
    #[boxed]
    pub async fn copy_keys(&self, to: &Path) -> Result<()> {
        write_file(&self.keys, "copy_keys", to, KEYS).await
    }

    /// Moves the files of a directory into the empty tables of the server that the settings name; the files go. Without a file
    /// of keys, those that the server has are taken.
    ///
    /// **Errors**: `Conflict` when the server holds anything already; `NotFound` when there are keys nowhere; as [`Store::open`].
    #[boxed]
    pub async fn move_to_server(config: &StateConfig) -> Result<()> {
        let at = At::new("move_to_server", "state database");
        let url = config.url.as_ref().ok_or_else(|| at.bug("no server is named"))?;
        let keys_url = config.keys_url.as_ref().unwrap_or(url);
        let keys = config.dir.join("keys").join("keys.db");
        for (file, url, schema, versions) in
            [(config.dir.join("state.db"), url, "zhike", DATA), (keys, keys_url, "zhike_keys", KEYS)]
        {
            let is_there = file.exists();
            // Also when there is none: an empty one says which tables there are.
            let made = open_file(&file, schema == "zhike_keys").await?;
            let server = open_server(url, schema, schema).await?;
            let moved = async {
                migrate::run(&made, schema, versions).await?;
                migrate::run(&server, schema, versions).await?;
                let tables = tables(&made).await?;
                match (is_there, is_empty(&server, &tables).await?) {
                    (true, true) => copy(&made, &server, &tables, schema).await,
                    (true, false) => Err(At::new("move_to_server", schema).conflict("the schema is not empty")),
                    (false, true) => Err(At::new("move_to_server", schema).not_found()),
                    (false, false) => Ok(()),
                }
            };
            let moved = moved.await;
            made.close().await;
            server.close().await;
            if moved.is_ok() || !is_there {
                std::fs::remove_file(&file)
                    .map_err(|error| At::new("move_to_server", schema).fail(sqlx::Error::Io(error)))?;
            }
            moved?;
        }
        Ok(())
    }
}
