//! Facts for segments and tags: one scan of a table answers the conditions of many.
//!
//! Conditions on columns become SQL, those on JSON texts call the rule of the domain row by row; either way a row comes
//! back with one flag per set of filters, and nothing of it but what is computed from.

use crate::boxed;
use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, BooleanArray, Int64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use zhike_domain::audience::{
    AsOf, CALENDAR, Cell, FieldKind, Filter, Source, Test, field_of, is_calendar, json_cell, micro,
};
use zhike_domain::frame::Frame;

use crate::insight::{date, instant, list};
use crate::query::{QueryLimits, QueryRows, rows};
use crate::{Error, Lake};

/// What is read of one table of facts.
#[derive(Clone, Debug)]
pub struct FactScan<'a> {
    /// Facts of.
    pub of: Source,
    /// The day up to which facts count.
    pub as_of: &'a AsOf,
    /// Instants `from ≤ t < to`.
    pub between: (i64, i64),
    /// Of rows of other loads than these, those alone that had arrived by the end of the day; all rows when missing.
    pub arrived: Option<&'a [i64]>,
    /// Sets of filters; a row that passes none is left out.
    pub filters: &'a [&'a [Filter]],
    /// Fields whose values are wanted: as numbers (in units, or as floating point numbers), or else as text.
    pub values: &'a [(&'a str, bool)],
}

impl Lake {
    /// Facts that count and pass.
    ///
    /// **Shape**: `profile_id`, `at`, flags `f0, f1 …` per set of filters, values `v0, v1 …` per field.
    #[boxed]
    pub async fn facts(&self, scan: &FactScan<'_>) -> Result<QueryRows, Error> {
        self.fact_rows(scan, None).await
    }

    /// Facts that count and pass, of customers whose ids lie between two, both included, where these are named.
    pub(crate) async fn fact_rows(&self, scan: &FactScan<'_>, people: Option<(i64, i64)>) -> Result<QueryRows, Error> {
        let session = self.session();
        let mut from = self.fact_table(scan).await?;
        CALENDAR.iter().for_each(|part| session.register_udf(calendar(part.0, scan.as_of)));
        let mut sql = format!("SELECT t.profile_id, t.\"{}\" AS \"at\"", scan.of.time());
        let mut any = Vec::new();
        for (number, filters) in scan.filters.iter().enumerate() {
            let parts: Vec<String> =
                filters.iter().enumerate().map(|(at, filter)| test_sql(scan, filter, &session, (number, at))).collect();
            let _ = if parts.is_empty() {
                any.push("true".to_owned());
                write!(sql, ", true AS f{number}")
            } else {
                // Unknown is no.
                let all = format!("coalesce({}, false)", parts.join(" AND "));
                any.push(all.clone());
                write!(sql, ", {all} AS f{number}")
            };
        }
        for (number, (field, is_number)) in scan.values.iter().enumerate() {
            let value = match json_key(scan.of, field) {
                Some((column, key)) => {
                    let name = format!("json_value_{number}");
                    session.register_udf(json_value(&name, key, *is_number));
                    format!("{name}(t.{column})")
                }
                None if *is_number => column(scan.of, field),
                None => format!("CAST({} AS VARCHAR)", column(scan.of, field)),
            };
            let _ = write!(sql, ", {value} AS v{number}");
        }
        if sql.contains("p.\"") {
            from.push_str(" LEFT JOIN products p ON p.source = t.source AND p.product_id = t.product_id");
        }
        let (after, before) = scan.between;
        let _ = write!(
            sql,
            " FROM {from} WHERE t.profile_id IS NOT NULL AND t.\"{}\" < {}",
            scan.of.time(),
            instant(before)
        );
        if after > i64::MIN {
            let _ = write!(sql, " AND t.\"{}\" >= {}", scan.of.time(), instant(after));
        }
        if let Some(loads) = scan.arrived {
            let _ =
                write!(sql, " AND (t.loaded_at < {} OR t.batch_id IN ({}))", instant(scan.as_of.end()), list(loads));
        }
        if let Some((first, last)) = people {
            let _ = write!(sql, " AND t.profile_id BETWEEN {first} AND {last}");
        }
        match scan.of {
            Source::Orders => {
                sql.push_str(" AND t.kind = 'sale' AND t.status NOT IN ('created', 'cancelled') AND t.net_amount > 0");
            }
            Source::OrderItems => sql.push_str(" AND coalesce(t.is_refund, false) = false"),
            _ => {}
        }
        if !any.iter().any(|part| part == "true") {
            let _ = write!(sql, " AND ({})", any.join(" OR "));
        }
        self.register(&session, &self.tables_of(&sql)?).await?;
        let limits = QueryLimits { max_rows: usize::MAX, timeout: std::time::Duration::from_secs(24 * 3600) };
        rows(session.sql(&sql).await?, limits).await
    }

    /// The table, or for orders as of a day in the past the table with refunds made later added back.
    async fn fact_table(&self, scan: &FactScan<'_>) -> Result<String, Error> {
        let table = scan.of.table();
        if table != "orders" || !self.has_refunds_after(scan.as_of.end()).await? {
            return Ok(format!("{table} t"));
        }
        let spec = self.table_root(table)?.0;
        let columns: Vec<String> = spec
            .columns
            .iter()
            .map(|column| match column.name {
                "net_amount" => "o.net_amount + coalesce(r.amount, 0) AS net_amount".to_owned(),
                "refunded_amount" => "o.refunded_amount - coalesce(r.amount, 0) AS refunded_amount".to_owned(),
                name => format!("o.\"{name}\""),
            })
            .collect();
        Ok(format!(
            "(SELECT {} FROM orders o LEFT JOIN (SELECT source, order_id, sum(amount) AS amount FROM refunds \
             WHERE refunded_at >= {} GROUP BY source, order_id) r ON r.source = o.source AND r.order_id = o.order_id) t",
            columns.join(", "),
            instant(scan.as_of.end())
        ))
    }

    /// Whether anything was given back from an instant on, by the log.
    async fn has_refunds_after(&self, at: i64) -> Result<bool, Error> {
        Ok(self.newest_day("refunds", "refunded_at").await?.is_some_and(|newest| newest >= at))
    }

    /// Scores or tags of customers, of all or of some: the newest up to a day. Of a table with several rows of a customer,
    /// those whose column has the value of `only`.
    ///
    /// **Shape**: `profile_id, value`.
    #[boxed]
    pub async fn scores(
        &self,
        table: &str,
        column: &str,
        only: Option<(&str, &str)>,
        day: i64,
        of: Option<&[i64]>,
    ) -> Result<Frame, Error> {
        let of_tag = only.map_or_else(String::new, |(name, value)| format!(" AND \"{name}\" = {}", quoted(value)));
        let of_some = of.map_or_else(String::new, |ids| format!(" AND profile_id IN ({})", list(ids)));
        let day = date(day);
        let sql = format!(
            "SELECT profile_id, \"{column}\" AS value FROM {table} WHERE profile_id IS NOT NULL{of_tag}{of_some} AND as_of = \
             (SELECT max(as_of) FROM {table} WHERE as_of <= {day}{of_tag})"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Every tag of one customer: of each the value of the newest refresh, up to a day when one is named.
    ///
    /// **Shape**: `tag, value, as_of`, by tag.
    #[boxed]
    pub async fn tags_of(&self, profile_id: i64, day: Option<i64>) -> Result<Frame, Error> {
        let until = day.map_or_else(String::new, |day| format!("WHERE as_of <= {}", date(day)));
        let sql = format!(
            "SELECT t.tag, t.value, t.as_of FROM tags t JOIN (SELECT tag, max(as_of) AS newest FROM tags {until} GROUP BY \
             tag) n ON n.tag = t.tag AND n.newest = t.as_of WHERE t.profile_id = {profile_id} ORDER BY t.tag"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Names of the tags that have ever been computed.
    #[boxed]
    pub async fn tag_names(&self) -> Result<Vec<String>, Error> {
        let frame = self.query("SELECT DISTINCT tag FROM tags WHERE tag IS NOT NULL ORDER BY tag", Vec::new()).await?;
        let frame = frame.all().await?;
        Ok(frame.text("tag").map(|tags| tags.iter().flatten().map(str::to_owned).collect()).unwrap_or_default())
    }

    /// What was given back from an instant on of one customer's orders.
    ///
    /// **Shape**: `source, order_id, amount`.
    #[boxed]
    pub async fn refunds_after(&self, profile_id: i64, at: i64) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT source, order_id, sum(amount) AS amount FROM refunds WHERE profile_id = {profile_id} \
             AND refunded_at >= {} GROUP BY source, order_id",
            instant(at)
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Some products.
    ///
    /// **Shape**: `source, product_id` and the columns asked for.
    #[boxed]
    pub async fn products(&self, ids: &[&str], columns: &[&str]) -> Result<Frame, Error> {
        let ids: Vec<String> = ids.iter().map(|id| quoted(id)).collect();
        let ids = if ids.is_empty() { "NULL".to_owned() } else { ids.join(", ") };
        let columns: Vec<String> = columns.iter().map(|column| format!(", \"{column}\"")).collect();
        let sql = format!("SELECT source, product_id{} FROM products WHERE product_id IN ({ids})", columns.concat());
        self.query(&sql, Vec::new()).await?.all().await
    }
}

/// Text as SQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A column of the facts, of the product that they are of, or a part of the calendar.
fn column(source: Source, field: &str) -> String {
    if is_calendar(field) {
        return format!("calendar_{field}(CAST(t.\"{}\" AS BIGINT))", source.time());
    }
    match field.strip_prefix("product.") {
        Some(column) => format!("p.\"{column}\""),
        None => format!("t.\"{field}\""),
    }
}

/// The column and key of a JSON field.
fn json_key(source: Source, field: &str) -> Option<(&'static str, &str)> {
    let (column, before) = source.json()?;
    Some((column, field.strip_prefix(before)?))
}

fn test_sql(scan: &FactScan<'_>, filter: &Filter, session: &SessionContext, (set, at): (usize, usize)) -> String {
    if let Some((column, key)) = json_key(scan.of, &filter.field) {
        let name = format!("json_test_{set}_{at}");
        session.register_udf(json_test(&name, key, &filter.test, scan.as_of));
        return format!("{name}(t.{column})");
    }
    let column = column(scan.of, &filter.field);
    let texts = |list: &[String]| list.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    // Places in the text make a number a floating point number, as the rule compares.
    let number = |number: f64| format!("{number:?}");
    let double = format!("CAST({column} AS DOUBLE)");
    match &filter.test {
        Test::Exists => format!("{column} IS NOT NULL"),
        Test::Missing => format!("{column} IS NULL"),
        Test::Number(cmp, right) => format!("{double} {} {}", cmp.sign(), number(*right)),
        Test::NumberBetween(low, high) => format!("{double} BETWEEN {} AND {}", number(*low), number(*high)),
        Test::In(list) => format!("{column} IN ({})", texts(list)),
        Test::NotIn(list) => format!("{column} NOT IN ({})", texts(list)),
        Test::Contains(part) => format!("strpos({column}, {}) > 0", quoted(part)),
        Test::StartsWith(part) => format!("starts_with({column}, {})", quoted(part)),
        Test::Flag(flag) => format!("{column} = {flag}"),
        test => {
            let is_day = field_of(scan.of, &filter.field).is_some_and(|field| field.kind == FieldKind::Day);
            match (is_day, test.days(scan.as_of), test.instants(scan.as_of)) {
                (true, Some((from, to)), _) => format!("CAST({column} AS INT) BETWEEN {from} AND {to}"),
                (false, _, Some(range)) => {
                    format!("({column} >= {} AND {column} < {})", instant(range.start), instant(range.end))
                }
                _ => "false".to_owned(),
            }
        }
    }
}

/// Whether the value of a key passes, by the domain's own rule.
fn json_test(name: &str, key: &str, test: &Test, as_of: &AsOf) -> ScalarUDF {
    let (key, test, as_of) = (key.to_owned(), test.clone(), as_of.clone());
    let run = move |arguments: &[ColumnarValue]| {
        let texts = texts(arguments)?;
        let passes = |json: Option<&str>| {
            let cell = json.map_or(Cell::Missing, |json| json_cell(json, &key));
            test.holds(&cell, &as_of)
        };
        let flags: BooleanArray = texts.iter().map(|json| Some(passes(json))).collect();
        Ok(ColumnarValue::Array(Arc::new(flags)))
    };
    create_udf(name, vec![DataType::Utf8View], DataType::Boolean, Volatility::Immutable, Arc::new(run))
}

/// The value of a key: a number in millionths, or text.
fn json_value(name: &str, key: &str, is_number: bool) -> ScalarUDF {
    let key = key.to_owned();
    let kind = if is_number { DataType::Int64 } else { DataType::Utf8 };
    let run = move |arguments: &[ColumnarValue]| {
        let texts = texts(arguments)?;
        let cells = texts.iter().map(|json| json.map_or(Cell::Missing, |json| json_cell(json, &key)));
        Ok(ColumnarValue::Array(if is_number {
            Arc::new(cells.map(|cell| cell.number().and_then(micro)).collect::<Int64Array>())
        } else {
            Arc::new(cells.map(|cell| cell.text().map(std::borrow::Cow::into_owned)).collect::<StringArray>())
        }))
    };
    create_udf(name, vec![DataType::Utf8View], kind, Volatility::Immutable, Arc::new(run))
}

/// A part of the calendar at an instant, by the domain's own rule.
fn calendar(part: &'static str, as_of: &AsOf) -> ScalarUDF {
    let as_of = as_of.clone();
    let run = move |arguments: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let instants = cast(&arrays[0], &DataType::Int64)?;
        let instants = instants.as_primitive::<Int64Type>();
        let texts: StringArray = instants.iter().map(|at| at.and_then(|at| as_of.calendar(part, at))).collect();
        Ok(ColumnarValue::Array(Arc::new(texts)))
    };
    create_udf(&format!("calendar_{part}"), vec![DataType::Int64], DataType::Utf8, Volatility::Immutable, Arc::new(run))
}

fn texts(arguments: &[ColumnarValue]) -> datafusion::error::Result<StringArray> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    Ok(cast(&arrays[0], &DataType::Utf8)?.as_string::<i32>().clone())
}
