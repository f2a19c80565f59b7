//! Whole tables in pages, for SQL: columns of values instead of rows.

use crate::boxed;
use std::fmt::Write as _;

use zhike_domain::frame::{Column, ColumnType, Frame, NumColumn, TextColumn};
use zhike_domain::tables::{self, ColumnSpec};

use crate::db::{Put, Row, unreadable};
use crate::error::{At, Result};
use crate::open::Store;

/// Grade from which a column is personal; the engine adds those, masked.
const PERSONAL_GRADE: u8 = 3;

/// A table that can be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScanTable {
    /// `profiles`, without those merged into another.
    Profiles,
    /// `identities`.
    Identities,
    /// `identity_edges`.
    IdentityEdges,
    /// `quarantine`.
    Quarantine,
    /// `batches`.
    Batches,
    /// `audit`.
    Audit,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    first: i64,
    second: i64,
}

impl ScanTable {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Profiles, Self::Identities, Self::IdentityEdges, Self::Quarantine, Self::Batches, Self::Audit];

    /// SQL name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Identities => "identities",
            Self::IdentityEdges => "identity_edges",
            Self::Quarantine => "quarantine",
            Self::Batches => "batches",
            Self::Audit => "audit",
        }
    }

    /// Columns of the key, one or two.
    const fn key(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Profiles => ("profile_id", None),
            Self::Identities => ("identity_id", None),
            Self::IdentityEdges => ("edge_id", None),
            Self::Quarantine => ("batch_id", Some("row_no")),
            Self::Batches => ("batch_id", None),
            Self::Audit => ("seq", None),
        }
    }

    fn columns(self) -> Vec<&'static ColumnSpec> {
        let table = tables::table(self.name());
        table.iter().flat_map(|table| table.columns).filter(|column| column.grade < PERSONAL_GRADE).collect()
    }

    fn sql(self, columns: &[&ColumnSpec]) -> String {
        let mut sql = String::from("SELECT ");
        for column in columns {
            let _ = write!(sql, "{}, ", column.name);
        }
        let (first, second) = self.key();
        let is_shown = if self == Self::Profiles { " AND merged_into IS NULL" } else { "" };
        let name = self.name();
        let _ = match second {
            None => {
                write!(sql, "{first} FROM {name} WHERE {first} > $1 AND $2 <= $2{is_shown} ORDER BY {first} LIMIT $3")
            }
            Some(second) => write!(
                sql,
                "{first}, {second} FROM {name} WHERE ({first}, {second}) > ($1, $2){is_shown} \
                 ORDER BY {first}, {second} LIMIT $3"
            ),
        };
        sql
    }
}

impl Store {
    /// A page of a table in the order of its key, and where the next one begins (`None`: this was the last).
    ///
    /// **Shape**: at most `limit` rows; columns, names and types as in `zhike_domain::tables`, without those of grade 3 and
    /// 4. Pages read at different times may see different states.
    #[boxed]
    pub async fn scan(&self, table: ScanTable, after: Option<Cursor>, limit: usize) -> Result<(Frame, Option<Cursor>)> {
        self.scan_columns(table, &table.columns(), after, limit).await
    }

    /// Some columns of all profiles that are not merged into another, by id.
    #[boxed]
    pub async fn scan_profiles(&self, columns: &[&str]) -> Result<Frame> {
        let table = ScanTable::Profiles;
        let columns: Vec<_> = table.columns().into_iter().filter(|column| columns.contains(&column.name)).collect();
        Ok(self.scan_columns(table, &columns, None, i64::MAX as usize).await?.0)
    }

    /// Profiles that have an identity of a kind, ascending.
    #[boxed]
    pub async fn profiles_with_identity(&self, kind: &str) -> Result<Vec<i64>> {
        let sql =
            "SELECT DISTINCT profile_id FROM identities WHERE kind = $1 AND status = 'active' ORDER BY profile_id";
        let rows: Vec<(i64,)> = self.data.read("profiles_with_identity", kind).all(sql, &[kind.arg()]).await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// Profiles that have a personal field, ascending.
    #[boxed]
    pub async fn profiles_with_field(&self, field: &str) -> Result<Vec<i64>> {
        let sql = "SELECT profile_id FROM profile_fields WHERE field = $1 ORDER BY profile_id";
        let rows: Vec<(i64,)> = self.data.read("profiles_with_field", field).all(sql, &[field.arg()]).await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    async fn scan_columns(
        &self,
        table: ScanTable,
        columns: &[&'static ColumnSpec],
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Frame, Option<Cursor>)> {
        let (first, second) = after.map_or((i64::MIN, i64::MIN), |cursor| (cursor.first, cursor.second));
        let mut builders: Vec<Builder> = columns
            .iter()
            .map(|column| Builder::new(column.kind))
            .collect::<Option<_>>()
            .ok_or_else(|| At::new("scan", table.name()).bug("a column in the clear is of a personal type"))?;
        let mut n_rows = 0;
        let mut last = Cursor { first: 0, second: 0 };
        let has_second = table.key().1.is_some();
        self.data
            .read("scan", table.name())
            .each(table.sql(columns).into(), &[first.arg(), second.arg(), (limit as i64).arg()], |row| {
                for (at, builder) in builders.iter_mut().enumerate() {
                    builder.push(row, at)?;
                }
                n_rows += 1;
                last.first = row.int(builders.len())?.ok_or_else(|| unreadable(builders.len(), "a number"))?;
                if has_second {
                    last.second = row.int(builders.len() + 1)?.unwrap_or(0);
                }
                Ok(())
            })
            .await?;
        let mut frame = Frame::new(n_rows);
        for (column, builder) in columns.iter().zip(builders) {
            frame.set(column.name, column.kind, builder.finish());
        }
        Ok((frame, (n_rows == limit && limit > 0).then_some(last)))
    }
}

enum Builder {
    Text(TextColumn),
    Num(NumColumn),
    Float(Vec<Option<f64>>),
}

impl Builder {
    /// `None` for personal values, which this layer never holds in the clear (INV-STATE-6).
    fn new(kind: ColumnType) -> Option<Self> {
        match Column::empty(kind) {
            Column::Text(values) => Some(Self::Text(values)),
            Column::Num(values) => Some(Self::Num(values)),
            Column::Float(values) => Some(Self::Float(values)),
            Column::Sensitive(_) => None,
        }
    }

    fn push(&mut self, row: &Row<'_>, at: usize) -> std::result::Result<(), sqlx::Error> {
        match self {
            Self::Text(values) => values.push(row.text(at)?),
            Self::Num(values) => values.push(row.int(at)?),
            Self::Float(values) => values.push(row.float(at)?),
        }
        Ok(())
    }

    fn finish(self) -> Column {
        match self {
            Self::Text(values) => Column::Text(values),
            Self::Num(values) => Column::Num(values),
            Self::Float(values) => Column::Float(values),
        }
    }
}
