//! One way to talk to both databases: the same SQL text, parameters `$1`, `$2`, …, four kinds of values.
//!
//! Owns the two connection pools and the bulk form `{rows}`: a table of values bound as parameters, which is
//! `VALUES (?, ?), …` on SQLite and `SELECT * FROM unnest($1::bigint[], …)` on PostgreSQL. Nothing else in the crate
//! knows which database it is (INV-STATE-1), apart from opening and the schema.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction};

use crate::error::{At, Result};

/// Parameters that one SQLite statement may have (SQLITE_MAX_VARIABLE_NUMBER).
const SQLITE_MAX_PARAMETERS: usize = 32_766;
/// Rows of one SQLite statement; beyond a few hundred, longer statements are not faster.
const SQLITE_MAX_ROWS: usize = 2_000;
/// Rows of one PostgreSQL statement.
const POSTGRES_MAX_ROWS: usize = 20_000;

pub(crate) type SqlResult<T> = std::result::Result<T, sqlx::Error>;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Text,
    Blob,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg<'a> {
    Int(Option<i64>),
    Float(Option<f64>),
    Text(Option<&'a str>),
    Blob(Option<&'a [u8]>),
}

/// A value that can be a parameter.
pub(crate) trait Put {
    const KIND: Kind;

    fn arg(&self) -> Arg<'_>;
}

/// A value that can be read from a column.
pub(crate) trait Get: Sized {
    fn get(row: &Row<'_>, at: usize) -> SqlResult<Self>;
}

/// A row of parameters.
pub(crate) trait PutRow: Sync {
    /// Names for `{columns}`.
    const COLUMNS: &'static [&'static str];
    const KINDS: &'static [Kind];

    fn args<'a>(&'a self, each: impl FnMut(Arg<'a>));
}

/// A row that can be read.
pub(crate) trait GetRow: Sized + Send {
    /// Names for `{columns}`.
    const COLUMNS: &'static [&'static str];

    fn get_row(row: &Row<'_>) -> SqlResult<Self>;
}

/// A row of a result.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl<'r> Row<'r> {
    pub(crate) fn int(&self, at: usize) -> SqlResult<Option<i64>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
    }

    pub(crate) fn float(&self, at: usize) -> SqlResult<Option<f64>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
    }

    pub(crate) fn text(&self, at: usize) -> SqlResult<Option<&'r str>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
    }

    pub(crate) fn blob(&self, at: usize) -> SqlResult<Option<&'r [u8]>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
    }
}

/// A value that is missing, or not of the form expected.
pub(crate) fn unreadable(at: usize, what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("column {at}: not {what}").into())
}

macro_rules! values {
    ($($type:ty, $kind:ident, $name:literal, |$value:ident| $put:expr, |$row:ident, $at:ident| $get:expr;)*) => {$(
        impl Put for $type {
            const KIND: Kind = Kind::$kind;

            fn arg(&self) -> Arg<'_> {
                let $value = self;
                Arg::$kind(Some($put))
            }
        }

        impl Put for Option<$type> {
            const KIND: Kind = Kind::$kind;

            fn arg(&self) -> Arg<'_> {
                self.as_ref().map_or(Arg::$kind(None), Put::arg)
            }
        }

        impl Get for Option<$type> {
            fn get($row: &Row<'_>, $at: usize) -> SqlResult<Self> {
                $get
            }
        }

        impl Get for $type {
            fn get(row: &Row<'_>, at: usize) -> SqlResult<Self> {
                Option::<$type>::get(row, at)?.ok_or_else(|| unreadable(at, $name))
            }
        }
    )*};
}

values! {
    i64, Int, "a number", |value| *value, |row, at| row.int(at);
    f64, Float, "a number", |value| *value, |row, at| row.float(at);
    String, Text, "text", |value| value, |row, at| Ok(row.text(at)?.map(str::to_owned));
    Vec<u8>, Blob, "bytes", |value| value, |row, at| Ok(row.blob(at)?.map(<[u8]>::to_vec));
    [u8; 16], Blob, "16 bytes", |value| value, |row, at| exact(row, at);
    [u8; 32], Blob, "32 bytes", |value| value, |row, at| exact(row, at);
}

fn exact<const N: usize>(row: &Row<'_>, at: usize) -> SqlResult<Option<[u8; N]>> {
    let Some(bytes) = row.blob(at)? else { return Ok(None) };
    bytes.try_into().map(Some).map_err(|_| unreadable(at, &format!("{N} bytes")))
}

impl Put for &str {
    const KIND: Kind = Kind::Text;

    fn arg(&self) -> Arg<'_> {
        Arg::Text(Some(self))
    }
}

impl Put for &[u8] {
    const KIND: Kind = Kind::Blob;

    fn arg(&self) -> Arg<'_> {
        Arg::Blob(Some(self))
    }
}

impl<R: PutRow> PutRow for &R {
    const COLUMNS: &'static [&'static str] = R::COLUMNS;
    const KINDS: &'static [Kind] = R::KINDS;

    fn args<'a>(&'a self, each: impl FnMut(Arg<'a>)) {
        R::args(self, each);
    }
}

macro_rules! tuples {
    ($(($($type:ident $at:tt),+);)*) => {$(
        impl<$($type: Put + Sync),+> PutRow for ($($type,)+) {
            const COLUMNS: &'static [&'static str] = &[];
            const KINDS: &'static [Kind] = &[$($type::KIND),+];

            fn args<'a>(&'a self, mut each: impl FnMut(Arg<'a>)) {
                $(each(self.$at.arg());)+
            }
        }

        impl<$($type: Get + Send),+> GetRow for ($($type,)+) {
            const COLUMNS: &'static [&'static str] = &[];

            fn get_row(row: &Row<'_>) -> SqlResult<Self> {
                Ok(($($type::get(row, $at)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
}

/// A struct whose fields are columns, in order.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::db::PutRow for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];
            const KINDS: &'static [$crate::db::Kind] = &[$(<$type as $crate::db::Put>::KIND),*];

            fn args<'a>(&'a self, mut each: impl FnMut($crate::db::Arg<'a>)) {
                $(each($crate::db::Put::arg(&self.$field));)*
            }
        }

        impl $crate::db::GetRow for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn get_row(row: &$crate::db::Row<'_>) -> std::result::Result<Self, sqlx::Error> {
                let mut at = 0..;
                Ok(Self {
                    $($field: $crate::db::Get::get(row, at.next().unwrap_or_default())?,)*
                })
            }
        }
    };
}
pub(crate) use record;

/// An enum of fixed words, stored as text.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$word_meta])* $variant,)*
        }

        impl $name {
            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The value of a word.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::db::Put for $name {
            const KIND: $crate::db::Kind = $crate::db::Kind::Text;

            fn arg(&self) -> $crate::db::Arg<'_> {
                $crate::db::Arg::Text(Some(self.as_str()))
            }
        }

        impl $crate::db::Get for $name {
            fn get(row: &$crate::db::Row<'_>, at: usize) -> std::result::Result<Self, sqlx::Error> {
                let word = row.text(at)?.unwrap_or_default();
                Self::parse(word).ok_or_else(|| $crate::db::unreadable(at, stringify!($name)))
            }
        }
    };
}
pub(crate) use words;

/// The text of a statement with the names of a record's columns in the place of `{columns}`.
fn with_columns(sql: &'static str, columns: &[&str]) -> Cow<'static, str> {
    if sql.contains("{columns}") { sql.replace("{columns}", &columns.join(", ")).into() } else { sql.into() }
}

/// Adds a parameter; the cells of both argument types are added alike.
macro_rules! add {
    ($arguments:expr, $arg:expr) => {
        match $arg {
            Arg::Int(value) => $arguments.add(value),
            Arg::Float(value) => $arguments.add(value),
            Arg::Text(value) => $arguments.add(value),
            Arg::Blob(value) => $arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)
    };
}

pub(crate) fn sqlite_arguments(args: &[Arg<'_>]) -> SqlResult<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for arg in args {
        add!(arguments, *arg)?;
    }
    Ok(arguments)
}

pub(crate) fn postgres_arguments(args: &[Arg<'_>]) -> SqlResult<PgArguments> {
    let mut arguments = PgArguments::default();
    for arg in args {
        add!(arguments, *arg)?;
    }
    Ok(arguments)
}

fn sqlite_rows<R: PutRow>(rows: &[R]) -> SqlResult<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(rows.len() * R::KINDS.len(), 0);
    let mut result = Ok(());
    for row in rows {
        row.args(|arg| {
            if result.is_ok() {
                result = add!(arguments, arg);
            }
        });
    }
    result.map(|()| arguments)
}

fn postgres_rows<R: PutRow>(rows: &[R]) -> SqlResult<PgArguments> {
    enum Values<'a> {
        Int(Vec<Option<i64>>),
        Float(Vec<Option<f64>>),
        Text(Vec<Option<&'a str>>),
        Blob(Vec<Option<&'a [u8]>>),
    }
    let mut columns: Vec<Values<'_>> = R::KINDS
        .iter()
        .map(|kind| match kind {
            Kind::Int => Values::Int(Vec::with_capacity(rows.len())),
            Kind::Float => Values::Float(Vec::with_capacity(rows.len())),
            Kind::Text => Values::Text(Vec::with_capacity(rows.len())),
            Kind::Blob => Values::Blob(Vec::with_capacity(rows.len())),
        })
        .collect();
    for row in rows {
        let mut column = columns.iter_mut();
        row.args(|arg| match (column.next(), arg) {
            (Some(Values::Int(values)), Arg::Int(value)) => values.push(value),
            (Some(Values::Float(values)), Arg::Float(value)) => values.push(value),
            (Some(Values::Text(values)), Arg::Text(value)) => values.push(value),
            (Some(Values::Blob(values)), Arg::Blob(value)) => values.push(value),
            _ => unreachable!("a row's parameters are of its kinds"),
        });
    }
    let mut arguments = PgArguments::default();
    for column in columns {
        match column {
            Values::Int(values) => arguments.add(values),
            Values::Float(values) => arguments.add(values),
            Values::Text(values) => arguments.add(values),
            Values::Blob(values) => arguments.add(values),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn sqlite_rows_text(n_columns: usize, n_rows: usize) -> String {
    let row = format!("({})", vec!["?"; n_columns].join(","));
    let mut text = String::with_capacity("VALUES ".len() + n_rows * (row.len() + 1));
    text.push_str("VALUES ");
    for at in 0..n_rows {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&row);
    }
    text
}

fn postgres_rows_text(kinds: &[Kind]) -> String {
    let arrays: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(at, kind)| {
            let name = match kind {
                Kind::Int => "bigint",
                Kind::Float => "double precision",
                Kind::Text => "text",
                Kind::Blob => "bytea",
            };
            format!("${}::{name}[]", at + 1)
        })
        .collect();
    format!("SELECT * FROM unnest({})", arrays.join(", "))
}

/// Tells SQLite that a statement which fails need not be undone by itself, for the transaction around it never goes on.
/// Otherwise SQLite keeps a copy of every page that the statement touches, which costs half as much again where they are
/// many. Foreign keys are deferred in the schema for the same reason.
fn without_statement_journal(sql: &str) -> Cow<'static, str> {
    sql.replacen("INSERT INTO", "INSERT OR FAIL INTO", 1)
        .replacen("{rows}) UPDATE ", "{rows}) UPDATE OR FAIL ", 1)
        .into()
}

/// The statements of a bulk operation, one per chunk of rows.
struct Chunks<'a, R> {
    rows: std::slice::Chunks<'a, R>,
    template: Cow<'static, str>,
    n_full: usize,
    full: Arc<String>,
    is_sqlite: bool,
}

impl<'a, R: PutRow> Chunks<'a, R> {
    fn new(template: Cow<'static, str>, rows: &'a [R], is_sqlite: bool) -> Self {
        let n_columns = R::KINDS.len();
        let n_full =
            if is_sqlite { (SQLITE_MAX_PARAMETERS / n_columns).min(SQLITE_MAX_ROWS) } else { POSTGRES_MAX_ROWS };
        let values = match is_sqlite {
            true => sqlite_rows_text(n_columns, n_full.min(rows.len())),
            false => postgres_rows_text(R::KINDS),
        };
        let template = if is_sqlite { without_statement_journal(&template) } else { template };
        let full = Arc::new(template.replace("{rows}", &values));
        Self { rows: rows.chunks(n_full), template, n_full: n_full.min(rows.len()), full, is_sqlite }
    }

    /// Text of the statement for a chunk, and whether it is worth keeping prepared.
    fn text(&self, rows: &[R]) -> (Arc<String>, bool) {
        if !self.is_sqlite || rows.len() == self.n_full {
            (Arc::clone(&self.full), true)
        } else {
            let values = sqlite_rows_text(R::KINDS.len(), rows.len());
            (Arc::new(self.template.replace("{rows}", &values)), false)
        }
    }
}

/// Runs one bulk statement per chunk of rows. The next chunk is encoded while the database works on the current one.
macro_rules! run_chunks {
    ($chunks:ident, $encode:ident, |$text:ident, $persistent:ident, $arguments:ident| $run:expr) => {{
        let mut ahead = $chunks.rows.next().map(|rows| (rows, $encode(rows)));
        while let Some((rows, arguments)) = ahead {
            let $arguments = arguments?;
            let ($text, $persistent) = $chunks.text(rows);
            let following = $chunks.rows.next();
            let (done, encoded) = futures::join!($run, async { following.map(|rows| (rows, $encode(rows))) });
            done?;
            ahead = encoded;
        }
    }};
}

/// Reads rows one by one into a closure.
macro_rules! read_rows {
    ($query:expr, $executor:expr, $database:ident, $each:expr) => {{
        let mut rows = $query.fetch($executor);
        while let Some(row) = rows.try_next().await? {
            $each(&Row::$database(&row))?;
        }
        Ok::<(), sqlx::Error>(())
    }};
}

/// Connections to one database.
#[derive(Clone, Debug)]
pub(crate) enum Pool {
    /// One connection writes, so that writers of this process queue here and not in SQLite; others read.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

impl Pool {
    /// A reading operation.
    pub(crate) fn read(&self, op: &'static str, subject: impl std::fmt::Display) -> Read<'_> {
        Read { pool: self, at: At::new(op, subject) }
    }

    /// A transaction that writes; SQLite takes its lock at once, so that it cannot fail for it later.
    pub(crate) async fn begin(&self, op: &'static str, subject: impl std::fmt::Display) -> Result<Tx> {
        let at = At::new(op, subject);
        let conn = match self {
            Self::Sqlite { write, .. } => write.begin_with("BEGIN IMMEDIATE").await.map(Conn::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Conn::Postgres),
        };
        Ok(Tx { conn: conn.map_err(|error| at.fail(error))?, at })
    }

    /// Makes the files forget what was deleted from a table: its old pages leave the log, its dead rows their pages.
    pub(crate) async fn forget(&self, op: &'static str, table: &'static str, patience: Duration) -> Result<()> {
        let at = At::new(op, table);
        match self {
            Self::Sqlite { write, .. } => {
                let give_up_at = Instant::now() + patience;
                loop {
                    let done = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(write).await;
                    let is_busy: i64 = done.and_then(|row| row.try_get(0)).map_err(|error| at.fail(error))?;
                    if is_busy == 0 {
                        return Ok(());
                    }
                    if Instant::now() > give_up_at {
                        return Err(at.unavailable("readers hold old pages"));
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Self::Postgres(pool) => {
                let done = sqlx::raw_sql(AssertSqlSafe(format!("VACUUM {table}"))).execute(pool).await;
                done.map(drop).map_err(|error| at.fail(error))
            }
        }
    }

    /// Writes a copy of a SQLite file, as of one moment, without what was deleted from it; a server is read (`copy`).
    pub(crate) async fn copy_to(&self, op: &'static str, to: &Path) -> Result<()> {
        let at = At::new(op, to.display());
        match self {
            Self::Sqlite { read, .. } => {
                let path = to.to_str().ok_or_else(|| at.bug("the path is no text"))?;
                let done = sqlx::query("VACUUM INTO $1").bind(path).execute(read).await;
                done.map(drop).map_err(|error| at.fail(error))
            }
            Self::Postgres(_) => Err(at.bug("a server has no file")),
        }
    }

    /// Whether all tables are in one file, which forgets as a whole.
    pub(crate) const fn is_one_file(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    pub(crate) async fn close(&self) {
        match self {
            // The writer last: the last connection to close folds the log back into the file.
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A reading operation on a pool.
pub(crate) struct Read<'p> {
    pool: &'p Pool,
    pub(crate) at: At,
}

impl Read<'_> {
    pub(crate) async fn all<T: GetRow>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.each(with_columns(sql, T::COLUMNS), args, |row| {
            found.push(T::get_row(row)?);
            Ok(())
        })
        .await?;
        Ok(found)
    }

    pub(crate) async fn optional<T: GetRow>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Option<T>> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    /// Reads rows one by one into a closure.
    pub(crate) async fn each(
        &self,
        sql: Cow<'static, str>,
        args: &[Arg<'_>],
        mut each: impl FnMut(&Row<'_>) -> SqlResult<()> + Send,
    ) -> Result<()> {
        let read = async {
            match self.pool {
                Pool::Sqlite { read, .. } => {
                    read_rows!(sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(args)?), read, Sqlite, each)
                }
                Pool::Postgres(pool) => {
                    read_rows!(sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(args)?), pool, Postgres, each)
                }
            }
        };
        read.await.map_err(|error| self.at.fail(error))
    }

    /// Reads with a table of values, `{rows}` in the text; rows come in no order.
    pub(crate) async fn all_of<T: GetRow, R: PutRow>(&self, sql: &'static str, keys: &[R]) -> Result<Vec<T>> {
        let mut found = Vec::new();
        if keys.is_empty() {
            return Ok(found);
        }
        let read = async {
            let mut each = |row: &Row<'_>| {
                found.push(T::get_row(row)?);
                Ok::<(), sqlx::Error>(())
            };
            match self.pool {
                Pool::Sqlite { read, .. } => {
                    let mut chunks = Chunks::new(with_columns(sql, T::COLUMNS), keys, true);
                    run_chunks!(chunks, sqlite_rows, |text, persistent, arguments| async {
                        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
                        read_rows!(query, read, Sqlite, each)
                    });
                }
                Pool::Postgres(pool) => {
                    let mut chunks = Chunks::new(with_columns(sql, T::COLUMNS), keys, false);
                    run_chunks!(chunks, postgres_rows, |text, persistent, arguments| async {
                        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
                        read_rows!(query, pool, Postgres, each)
                    });
                }
            }
            Ok(())
        };
        read.await.map_err(|error| self.at.fail(error))?;
        Ok(found)
    }
}

pub(crate) enum Conn {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A transaction; dropped without [`Tx::commit`], nothing of it stays.
pub(crate) struct Tx {
    pub(crate) conn: Conn,
    pub(crate) at: At,
}

impl Tx {
    /// Runs a statement and says how many rows it changed.
    pub(crate) async fn run(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64> {
        let run = async {
            match &mut self.conn {
                Conn::Sqlite(tx) => sqlx::query_with(sql, sqlite_arguments(args)?)
                    .execute(&mut **tx)
                    .await
                    .map(|done| done.rows_affected()),
                Conn::Postgres(tx) => sqlx::query_with(sql, postgres_arguments(args)?)
                    .execute(&mut **tx)
                    .await
                    .map(|done| done.rows_affected()),
            }
        };
        run.await.map_err(|error| self.at.fail(error))
    }

    /// Runs a statement that changes exactly one row; fails when there is none.
    pub(crate) async fn run_one(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<()> {
        match self.run(sql, args).await? {
            0 => Err(self.at.not_found()),
            _ => Ok(()),
        }
    }

    pub(crate) async fn optional<T: GetRow>(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<Option<T>> {
        let mut found = None;
        let sql = AssertSqlSafe(with_columns(sql, T::COLUMNS));
        let read = async {
            let mut each = |row: &Row<'_>| {
                found = Some(T::get_row(row)?);
                Ok::<(), sqlx::Error>(())
            };
            match &mut self.conn {
                Conn::Sqlite(tx) => {
                    read_rows!(sqlx::query_with(sql, sqlite_arguments(args)?), &mut **tx, Sqlite, each)
                }
                Conn::Postgres(tx) => {
                    read_rows!(sqlx::query_with(sql, postgres_arguments(args)?), &mut **tx, Postgres, each)
                }
            }
        };
        read.await.map_err(|error| self.at.fail(error))?;
        Ok(found)
    }

    /// Runs statements over a table of values, `{rows}` in the text, and says how many rows they changed.
    pub(crate) async fn bulk<R: PutRow>(&mut self, sql: &'static str, rows: &[R]) -> Result<u64> {
        let mut n_changed = 0;
        if rows.is_empty() {
            return Ok(n_changed);
        }
        let run = async {
            match &mut self.conn {
                Conn::Sqlite(tx) => {
                    let mut chunks = Chunks::new(with_columns(sql, R::COLUMNS), rows, true);
                    run_chunks!(chunks, sqlite_rows, |text, persistent, arguments| async {
                        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
                        n_changed += query.execute(&mut **tx).await?.rows_affected();
                        Ok::<(), sqlx::Error>(())
                    });
                }
                Conn::Postgres(tx) => {
                    let mut chunks = Chunks::new(with_columns(sql, R::COLUMNS), rows, false);
                    run_chunks!(chunks, postgres_rows, |text, persistent, arguments| async {
                        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
                        n_changed += query.execute(&mut **tx).await?.rows_affected();
                        Ok::<(), sqlx::Error>(())
                    });
                }
            }
            Ok(())
        };
        run.await.map_err(|error| self.at.fail(error))?;
        Ok(n_changed)
    }

    /// Adds up the counts that a statement gives over a table of values, `{rows}` in the text.
    pub(crate) async fn count_of<R: PutRow>(&mut self, sql: &'static str, rows: &[R]) -> Result<i64> {
        let mut n_found = 0;
        if rows.is_empty() {
            return Ok(n_found);
        }
        let run = async {
            match &mut self.conn {
                Conn::Sqlite(tx) => {
                    let mut chunks = Chunks::new(sql.into(), rows, true);
                    run_chunks!(chunks, sqlite_rows, |text, persistent, arguments| async {
                        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
                        n_found += query.fetch_one(&mut **tx).await?.try_get::<i64, _>(0)?;
                        Ok::<(), sqlx::Error>(())
                    });
                }
                Conn::Postgres(tx) => {
                    let mut chunks = Chunks::new(sql.into(), rows, false);
                    run_chunks!(chunks, postgres_rows, |text, persistent, arguments| async {
                        let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(persistent);
                        n_found += query.fetch_one(&mut **tx).await?.try_get::<i64, _>(0)?;
                        Ok::<(), sqlx::Error>(())
                    });
                }
            }
            Ok(())
        };
        run.await.map_err(|error| self.at.fail(error))?;
        Ok(n_found)
    }

    /// Runs several statements without parameters.
    pub(crate) async fn script(&mut self, text: String) -> Result<()> {
        let run = async {
            match &mut self.conn {
                Conn::Sqlite(tx) => sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **tx).await.map(drop),
                Conn::Postgres(tx) => sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **tx).await.map(drop),
            }
        };
        run.await.map_err(|error| self.at.fail(error))
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.conn, Conn::Sqlite(_))
    }

    pub(crate) async fn commit(self) -> Result<()> {
        let done = match self.conn {
            Conn::Sqlite(tx) => tx.commit().await,
            Conn::Postgres(tx) => tx.commit().await,
        };
        done.map_err(|error| self.at.fail(error))
    }
}
