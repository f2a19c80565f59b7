//! KPIs: one scan answers the measures of one kind of rows for all periods, and the same rows are the lists behind.
//!
//! Number and list are two questions to one relation, so that they cannot differ (INV-KPI-1): a row has the number `w` of
//! the span it falls into, the number `part` of its value of the dimension, and what measures sum.

use crate::boxed;
use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use zhike_domain::frame::Frame;
use zhike_domain::kpi::{DORMANT_DAYS, Dimension, Level, Measure, Of, Only, Take};

use crate::facts::quoted;
use crate::insight::{COUNTS, instant};
use crate::query::{QueryLimits, memory, rows};
use crate::{Error, Lake};

/// Days after which an order counts as coming back, in microseconds.
const BACK_US: i64 = DORMANT_DAYS * 86_400_000_000;

/// Time that one number is about, as instants, ends exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KpiSpan {
    /// Start.
    pub from: i64,
    /// End.
    pub to: i64,
    /// Start of the period before.
    pub before_from: i64,
    /// End of the period before.
    pub before_to: i64,
    /// Whose last order is earlier is dormant at the end.
    pub dormant_before: i64,
}

/// What is asked of one kind of rows.
#[derive(Debug)]
pub struct KpiScan<'a> {
    /// Rows.
    pub of: Of,
    /// Spans, ascending, that do not overlap.
    pub spans: &'a [KpiSpan],
    /// What numbers are taken apart by, and the values that are parts of their own.
    pub by: Option<(Dimension, &'a [String])>,
    /// Customers: `person_id`, `happened` (instant of the registration), `value` (of the dimension); needed for dimensions
    /// of customers but the tier, and for rows of customers.
    pub people: Option<Frame>,
}

/// Sums of one span and part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KpiCell {
    /// Number of the span.
    pub span: usize,
    /// Number of the part: −1 for rows without a value, that of a value, or one more for all other values.
    pub part: i64,
    /// One sum a measure.
    pub sums: Vec<i64>,
}

/// Where a page of a list ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KpiKey {
    /// Instant; of customers and sessions 0.
    pub happened: i64,
    /// Source; of customers and sessions empty.
    pub source: String,
    /// Order, event or session; of customers empty.
    pub id: String,
    /// Customer; otherwise 0.
    pub profile_id: i64,
}

impl Lake {
    /// Sums of measures of one kind of rows. Spans and parts without rows are left out.
    #[boxed]
    pub async fn kpi_sums(&self, scan: &KpiScan<'_>, measures: &[&Measure]) -> Result<Vec<KpiCell>, Error> {
        if scan.of == Of::Standing {
            return self.standing_sums(scan, measures).await;
        }
        let mut cells: BTreeMap<(usize, i64), Vec<i64>> = BTreeMap::new();
        for (question, places) in questions(measures) {
            let asked: Vec<&Measure> = places.iter().map(|&at| measures[at]).collect();
            let sql = format!("{} {}", relation(scan, &asked), question.select(&asked, is_of_lines(scan)));
            let frame = self.kpi_query(scan, &sql).await?;
            let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
            for row in 0..frame.n_rows() {
                let cell = (usize::try_from(num("w", row)).unwrap_or(usize::MAX), num("part", row));
                let sums = cells.entry(cell).or_insert_with(|| vec![0; measures.len()]);
                for (at, place) in places.iter().enumerate() {
                    sums[*place] = num(&format!("m{at}"), row);
                }
            }
        }
        Ok(cells.into_iter().map(|((span, part), sums)| KpiCell { span, part, sums }).collect())
    }

    /// How many there are at the end of each span: a row lasts from one span to before another.
    async fn standing_sums(&self, scan: &KpiScan<'_>, measures: &[&Measure]) -> Result<Vec<KpiCell>, Error> {
        let mut cells: BTreeMap<(usize, i64), Vec<i64>> = BTreeMap::new();
        for (at, measure) in measures.iter().enumerate() {
            let sql = format!(
                "{} SELECT a, b, part, count(*) AS n FROM parted WHERE a < b GROUP BY a, b, part",
                standing(scan, measure)
            );
            let frame = self.kpi_query(scan, &sql).await?;
            for row in 0..frame.n_rows() {
                let num = |name: &str| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
                let place = |name: &str| usize::try_from(num(name)).unwrap_or(0);
                for span in place("a")..place("b").min(scan.spans.len()) {
                    cells.entry((span, num("part"))).or_insert_with(|| vec![0; measures.len()])[at] += num("n");
                }
            }
        }
        Ok(cells.into_iter().map(|((span, part), sums)| KpiCell { span, part, sums }).collect())
    }

    /// The values of the dimension with the largest sums over all spans, or at the end of the last one.
    #[boxed]
    pub async fn kpi_top(&self, scan: &KpiScan<'_>, measure: &Measure, n: usize) -> Result<Vec<String>, Error> {
        let sql = match scan.of {
            Of::Standing => format!(
                "{} SELECT v, count(*) AS n FROM parted WHERE a <= {last} AND {last} < b AND coalesce(v, '') <> '' \
                 GROUP BY v ORDER BY n DESC, v LIMIT {n}",
                standing(scan, measure),
                last = scan.spans.len().saturating_sub(1)
            ),
            _ => format!(
                "{} SELECT v, {} AS n FROM parted WHERE coalesce(v, '') <> '' GROUP BY v ORDER BY n DESC, v LIMIT {n}",
                relation(scan, &[measure]),
                aggregate(measure, is_of_lines(scan))
            ),
        };
        let frame = self.kpi_query(scan, &sql).await?;
        Ok(frame.text("v").map(|texts| texts.iter().flatten().map(str::to_owned).collect()).unwrap_or_default())
    }

    /// A page of what a sum counts in one span: customers by id, orders and events newest first, sessions by id.
    ///
    /// **Shape**: `profile_id, source, id, name, happened, amount`, at most `limit` rows; customers have only an id,
    /// `amount` is what an order adds to a sum.
    #[boxed]
    pub async fn kpi_rows(
        &self,
        scan: &KpiScan<'_>,
        measure: &Measure,
        (span, part): (usize, Option<i64>),
        after: Option<&KpiKey>,
        limit: usize,
    ) -> Result<Frame, Error> {
        let of_part = part.map_or_else(String::new, |part| format!(" AND part = {part}"));
        let people = "profile_id, '' AS source, '' AS id, '' AS name, 0 AS happened, 0 AS amount";
        let from = |test: &str| format!("FROM parted WHERE {test}{of_part}");
        let (with, select, page, order) = match (scan.of, measure.take) {
            (Of::Standing, _) => {
                let inside = from(&format!("a <= {span} AND {span} < b"));
                let after = after.map_or_else(String::new, |key| format!(" AND profile_id > {}", key.profile_id));
                (standing(scan, measure), format!("SELECT {people} {inside}{after}"), String::new(), "profile_id")
            }
            (_, Take::People) => {
                let inside = from(&format!("w = {span} AND {} AND profile_id IS NOT NULL", tests(measure)));
                let after = after.map_or_else(String::new, |key| format!(" AND profile_id > {}", key.profile_id));
                let select = format!("SELECT {people} {inside}{after} GROUP BY profile_id");
                (relation(scan, &[measure]), select, String::new(), "profile_id")
            }
            (_, Take::Sessions) => {
                let inside = from(&format!("w = {span} AND {} AND session_id IS NOT NULL", tests(measure)));
                let after = after.map_or_else(String::new, |key| format!(" AND session_id > {}", quoted(&key.id)));
                let select = format!(
                    "SELECT min(profile_id) AS profile_id, '' AS source, session_id AS id, '' AS name, \
                     min(happened) AS happened, count(*) AS amount {inside}{after} GROUP BY session_id"
                );
                (relation(scan, &[measure]), select, String::new(), "id")
            }
            (of, take) => {
                let inside = from(&format!("w = {span} AND {}", tests(measure)));
                let (amount, is_not_nothing) = match take {
                    Take::Rows => ("0".to_owned(), ""),
                    take => (format!("sum({})", column(take)), " WHERE amount <> 0"),
                };
                let (id, name) = if of == Of::Events { ("event_id", "event") } else { ("order_id", "''") };
                let select = format!(
                    "SELECT * FROM (SELECT profile_id, source, {id} AS id, {name} AS name, happened, \
                     CAST({amount} AS BIGINT) AS amount {inside} GROUP BY profile_id, source, {id}, {name}, happened)\
                     {is_not_nothing}"
                );
                let page = after.map_or_else(String::new, |key| {
                    format!(
                        " WHERE happened < {at} OR (happened = {at} AND (source > {source} OR (source = {source} AND id > {id})))",
                        at = key.happened,
                        source = quoted(&key.source),
                        id = quoted(&key.id)
                    )
                });
                (relation(scan, &[measure]), select, page, "happened DESC, source, id")
            }
        };
        let sql = format!("{with} SELECT * FROM ({select}){page} ORDER BY {order} LIMIT {limit}");
        self.kpi_query(scan, &sql).await
    }

    /// Sums of a measure of orders by span and by the values of several dimensions at once, those of orders and what `value`
    /// of the customers says; with how many customers had an order that counts, when they are asked for.
    ///
    /// **Shape**: `w, f0, f1, …` (one a dimension; empty without a value), `person` (empty without customers or a value),
    /// `n, n_people` (0 unless asked for).
    #[boxed]
    pub async fn kpi_cross(
        &self,
        scan: &KpiScan<'_>,
        measure: &Measure,
        facts: &[Dimension],
        with_people: bool,
    ) -> Result<Frame, Error> {
        let (join, person) = match scan.people {
            Some(_) => (" LEFT JOIN kpi_people q ON q.person_id = parted.profile_id", "coalesce(q.value, '')"),
            None => ("", "''"),
        };
        let columns = fact_values(facts);
        let named: String = columns.iter().enumerate().map(|(at, column)| format!("{column} AS f{at}, ")).collect();
        let keys: String = columns.iter().map(|column| format!("{column}, ")).collect();
        let people = match with_people {
            true => "count(DISTINCT CASE WHEN counts THEN profile_id END)",
            false => "0",
        };
        let sql = format!(
            "{} SELECT w, {named}{person} AS person, {} AS n, {people} AS n_people FROM parted{join} GROUP BY w, {keys}{person}",
            relation(scan, &[measure]),
            aggregate(measure, false)
        );
        self.kpi_query(scan, &sql).await
    }

    /// Sums of a measure of orders by known customer and span, of orders with these values alone (empty for none); of the
    /// customers given, when they are.
    ///
    /// **Shape**: `profile_id, w, n`.
    #[boxed]
    pub async fn kpi_by_person(
        &self,
        scan: &KpiScan<'_>,
        measure: &Measure,
        facts: &[(Dimension, &str)],
    ) -> Result<Frame, Error> {
        let join = if scan.people.is_some() { " JOIN kpi_people q ON q.person_id = parted.profile_id" } else { "" };
        let dimensions: Vec<Dimension> = facts.iter().map(|fact| fact.0).collect();
        let columns = fact_values(&dimensions);
        let tests: String =
            columns.iter().zip(facts).map(|(column, fact)| format!(" AND {column} = {}", quoted(fact.1))).collect();
        let sql = format!(
            "{} SELECT profile_id, w, {} AS n FROM parted{join} WHERE profile_id IS NOT NULL{tests} GROUP BY profile_id, w",
            relation(scan, &[measure]),
            aggregate(measure, false)
        );
        self.kpi_query(scan, &sql).await
    }

    async fn kpi_query(&self, scan: &KpiScan<'_>, sql: &str) -> Result<Frame, Error> {
        let session = self.session();
        for function in functions(scan.spans) {
            session.register_udf(function);
        }
        self.register(&session, &self.tables_of(sql)?).await?;
        if let Some(people) = &scan.people {
            session.register_table("kpi_people", memory(people.clone())?)?;
        }
        let limits = QueryLimits { max_rows: usize::MAX, timeout: std::time::Duration::from_secs(24 * 3600) };
        rows(session.sql(sql).await?, limits).await?.all().await
    }
}

/// Measures that one query answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// Sums over rows as they are, and over rows with what was before them; the latter sorts all rows.
    Sums { has_history: bool },
    /// Different customers.
    People,
    /// Different sessions.
    Sessions,
}

/// Measures by the query that answers them. Counting different ones beside sums, or of several kinds at once, would keep a
/// set a span in one thread; alone it is a grouping, which all threads share.
fn questions(measures: &[&Measure]) -> BTreeMap<Question, Vec<usize>> {
    let mut all: BTreeMap<Question, Vec<usize>> = BTreeMap::new();
    for (at, measure) in measures.iter().enumerate() {
        let question = match measure.take {
            Take::People => Question::People,
            Take::Sessions => Question::Sessions,
            _ => Question::Sums { has_history: has_history(&[measure]) != (false, false) },
        };
        all.entry(question).or_default().push(at);
    }
    all
}

impl Question {
    /// One number a measure, `m0` and on, by span `w` and `part`.
    fn select(self, measures: &[&Measure], of_lines: bool) -> String {
        let each = |of: &dyn Fn(usize, &Measure) -> String, between: &str| {
            measures.iter().enumerate().map(|(at, measure)| of(at, measure)).collect::<Vec<_>>().join(between)
        };
        let who = match self {
            Self::Sums { .. } => {
                let sums = each(&|at, measure| format!("{} AS m{at}", aggregate(measure, of_lines)), ", ");
                return format!("SELECT w, part, {sums} FROM parted GROUP BY w, part");
            }
            Self::People => "profile_id",
            Self::Sessions => "session_id",
        };
        // A bit a measure: whoever passes in some row counts once.
        let bits = each(&|at, measure| format!("CASE WHEN {} THEN {} ELSE 0 END", tests(measure), 1_i64 << at), " + ");
        let sums = each(&|at, _| format!("CAST(sum((bits >> {at}) & 1) AS BIGINT) AS m{at}"), ", ");
        format!(
            "SELECT w, part, {sums} FROM (SELECT w, part, {who}, bit_or(bits) AS bits FROM \
             (SELECT w, part, {who}, {bits} AS bits FROM parted) WHERE bits <> 0 AND {who} IS NOT NULL \
             GROUP BY w, part, {who}) GROUP BY w, part"
        )
    }
}

/// The column of orders and events that holds the values of a dimension, when it is one of theirs.
const fn fact_column(dimension: Dimension) -> Option<&'static str> {
    match dimension {
        Dimension::Channel => Some("channel"),
        Dimension::Source => Some("source"),
        Dimension::Store => Some("store_id"),
        _ => None,
    }
}

/// Values of dimensions of orders, empty for none; others are left out.
fn fact_values(facts: &[Dimension]) -> Vec<String> {
    let columns = facts.iter().filter_map(|dimension| fact_column(*dimension));
    columns.map(|column| format!("coalesce(parted.{column}, '')")).collect()
}

/// Whether rows are lines of orders instead of orders.
fn is_of_lines(scan: &KpiScan<'_>) -> bool {
    scan.of == Of::Orders && scan.by.is_some_and(|(dimension, _)| dimension.level() == Level::Line)
}

/// The first and last instant that a scan is about.
fn reach(scan: &KpiScan<'_>) -> (i64, i64) {
    (scan.spans.first().map_or(0, |span| span.from), scan.spans.last().map_or(0, |span| span.to))
}

/// The customers' values of the dimension as a join, and where the value stands.
fn values_of(scan: &KpiScan<'_>, alias: &str) -> (String, String) {
    let Some((dimension, _)) = scan.by else { return (String::new(), "CAST(NULL AS VARCHAR)".to_owned()) };
    if let Some(column) = fact_column(dimension) {
        return (String::new(), format!("{alias}.{column}"));
    }
    match dimension {
        Dimension::RfmTier => {
            let tiers = "SELECT profile_id AS person_id, min(tier) AS value FROM rfm \
                         WHERE as_of = (SELECT max(as_of) FROM rfm) GROUP BY profile_id";
            (format!(" LEFT JOIN ({tiers}) p ON p.person_id = {alias}.profile_id"), "p.value".to_owned())
        }
        dimension if dimension.level() == Level::Person => {
            (format!(" LEFT JOIN kpi_people p ON p.person_id = {alias}.profile_id"), "p.value".to_owned())
        }
        _ => (String::new(), "CAST(NULL AS VARCHAR)".to_owned()),
    }
}

/// The number of the part of a value; an empty text is none.
fn part(scan: &KpiScan<'_>) -> String {
    let Some((_, top)) = scan.by else { return "0".to_owned() };
    let whens: Vec<String> =
        top.iter().enumerate().map(|(at, value)| format!(" WHEN v = {} THEN {at}", quoted(value))).collect();
    format!("CASE WHEN coalesce(v, '') = '' THEN -1{} ELSE {} END", whens.concat(), top.len())
}

/// Rows as common table expressions, the last of which is `parted`.
fn relation(scan: &KpiScan<'_>, measures: &[&Measure]) -> String {
    let (from, to) = reach(scan);
    let within = |time: &str| format!("{time} >= {} AND {time} < {}", instant(from), instant(to));
    let of_events = || {
        let (join, v) = values_of(scan, "e");
        let between = within("e.occurred_at");
        format!(
            "SELECT e.profile_id, e.source, e.event_id, e.event, e.session_id, CAST(e.occurred_at AS BIGINT) AS happened, \
             {v} AS v FROM events e{join} WHERE {between}"
        )
    };
    let (before, rows) = match scan.of {
        Of::Events => (String::new(), of_events()),
        Of::Profiles => {
            // Values of the tier stand elsewhere than those of other dimensions.
            let (join, v) = match scan.by {
                Some((Dimension::RfmTier, _)) => values_of(scan, "k"),
                _ => (String::new(), "k.value".to_owned()),
            };
            let rows = format!(
                "SELECT k.profile_id, k.happened, {v} AS v FROM (SELECT person_id AS profile_id, happened, value FROM kpi_people) k{join}"
            );
            (String::new(), rows)
        }
        Of::Orders | Of::Standing => orders(scan, measures),
    };
    format!(
        "WITH {before}inside AS (SELECT *, kpi_span(happened) AS w FROM ({rows})), \
         parted AS (SELECT *, {} AS part FROM {} WHERE w IS NOT NULL)",
        part(scan),
        if is_of_lines(scan) { format!("({})", lines(scan, measures)) } else { "inside".to_owned() }
    )
}

/// Whether measures look at the first order of a customer, and whether at the order before.
fn has_history(measures: &[&Measure]) -> (bool, bool) {
    const FIRST: [Only; 3] = [Only::First, Only::Known, Only::New];
    const PREVIOUS: [Only; 4] = [Only::Again, Only::Followed, Only::Kept, Only::Back];
    let asks = |all: &[Only]| measures.iter().any(|measure| measure.only.iter().any(|only| all.contains(only)));
    (asks(&FIRST), asks(&PREVIOUS) || measures.iter().any(|measure| measure.take == Take::GapDays))
}

/// Orders with what their customers did before, when measures ask for it.
fn orders(scan: &KpiScan<'_>, measures: &[&Measure]) -> (String, String) {
    let (join, v) = values_of(scan, "o");
    let (from, to) = reach(scan);
    let (from, to) = (instant(from), instant(to));
    let money = |column: &str| format!("coalesce(CAST(o.{column} * 100 AS BIGINT), 0) AS {column}");
    // Orders that came without a number of goods have that of their lines.
    let (n_items, goods) = match measures.iter().any(|measure| measure.take == Take::NItems) {
        true => (
            "coalesce(CAST(coalesce(o.n_items, g.quantity) * 1000 AS BIGINT), 0)",
            " LEFT JOIN (SELECT source AS of_source, order_id AS of_order, sum(quantity) AS quantity FROM order_items \
             WHERE NOT coalesce(is_refund, false) GROUP BY source, order_id) g \
             ON g.of_source = o.source AND g.of_order = o.order_id",
        ),
        false => ("0", ""),
    };
    let plain = format!(
        "SELECT o.profile_id, o.source, o.order_id, o.channel, o.store_id, o.kind, o.content_hash, CAST(o.ordered_at AS BIGINT) AS happened, {}, {}, {}, {}, \
         {n_items} AS n_items, \
         coalesce(o.status NOT IN ('created', 'cancelled'), false) AS is_paid, coalesce({COUNTS}, false) AS counts, \
         {v} AS v FROM (SELECT *, net_amount AS net FROM orders) o{join}{goods} WHERE o.ordered_at >= {from} AND o.ordered_at < {to}",
        money("net_amount"),
        money("amount"),
        money("refunded_amount"),
        money("discount"),
    );
    let (has_first, has_previous) = has_history(measures);
    if !has_first && !has_previous {
        return (String::new(), plain);
    }
    // Of what was before the first span only the first and the last order matter: no order of all orders is made.
    let past = format!(
        "SELECT profile_id AS past_id, min(CAST(ordered_at AS BIGINT)) AS first_at, \
         max(CASE WHEN ordered_at < {from} THEN CAST(ordered_at AS BIGINT) END) AS last_at \
         FROM (SELECT *, net_amount AS net FROM orders) WHERE {COUNTS} AND profile_id IS NOT NULL AND ordered_at < {to} \
         GROUP BY profile_id"
    );
    let own = "CASE WHEN counts AND plain.profile_id IS NOT NULL THEN happened END";
    // The order before stands right above when orders that count are sorted by customer: one pass over all rows instead of
    // a window for each customer. Orders of one instant go by their fingerprints.
    let above =
        |column: &str| format!("lag({column}) OVER (ORDER BY {own} IS NULL, plain.profile_id, happened, content_hash)");
    let previous = match has_previous {
        true => format!(
            ", CASE WHEN {own} IS NULL THEN NULL WHEN {} = plain.profile_id THEN {} ELSE past.last_at END AS previous_at",
            above("plain.profile_id"),
            above("happened")
        ),
        false => String::new(),
    };
    let rows = format!(
        "SELECT plain.*, past.first_at{previous} FROM past RIGHT JOIN plain ON past.past_id = plain.profile_id"
    );
    (format!("plain AS ({plain}), past AS ({past}), "), rows)
}

/// Orders by their lines: money in proportion to the amounts of the lines, goods to their quantities. Shares are rounded
/// so that those of an order add up to it: a line has what is between the rounded sums up to it and before it.
fn lines(scan: &KpiScan<'_>, measures: &[&Measure]) -> String {
    let past = match has_history(measures) {
        (false, false) => "",
        (_, false) => ", first_at",
        (_, true) => ", previous_at, first_at",
    };
    let value = match scan.by.map(|by| by.0) {
        Some(Dimension::Category) => "p.category_1",
        Some(Dimension::Brand) => "p.brand",
        _ => "i.product_id",
    };
    let raw = |column: &str, scale: i64| format!("coalesce(abs(CAST(i.{column} * {scale} AS BIGINT)), 0)");
    let over = "OVER (PARTITION BY source, order_id ORDER BY line_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)";
    let all = "OVER (PARTITION BY source, order_id)";
    let share = |of: &str, less: &str, count: &str| {
        format!(
            "CASE WHEN all_{of} > 0 THEN CAST(up_to_{of} - {less} AS DOUBLE) / all_{of} \
             ELSE CAST({count} AS DOUBLE) / n_lines END"
        )
    };
    let columns: Vec<String> = [
        ("net_amount", "money"),
        ("amount", "money"),
        ("refunded_amount", "money"),
        ("discount", "money"),
        ("n_items", "goods"),
    ]
    .into_iter()
    .map(|(column, of)| {
        let (end, start) = (share(of, "0", "line"), share(of, of, "(line - 1)"));
        format!("CAST(round({column} * ({end})) - round({column} * ({start})) AS BIGINT) AS {column}")
    })
    .collect();
    let products = if value.starts_with("p.") {
        " LEFT JOIN products p ON p.source = i.source AND p.product_id = i.product_id"
    } else {
        ""
    };
    format!(
        "SELECT profile_id, source, order_id, happened, is_paid, counts, w{past}, line_value AS v, {} FROM (\
         SELECT *, sum(money) {over} AS up_to_money, sum(money) {all} AS all_money, sum(goods) {over} AS up_to_goods, \
         sum(goods) {all} AS all_goods, row_number() OVER (PARTITION BY source, order_id ORDER BY line_no) AS line, \
         count(*) {all} AS n_lines FROM (\
         SELECT o.*, i.line_no, {} AS money, {} AS goods, {value} AS line_value FROM inside o \
         LEFT JOIN order_items i ON i.source = o.source AND i.order_id = o.order_id \
         AND (o.kind <> 'sale' OR NOT coalesce(i.is_refund, false)){products} WHERE o.w IS NOT NULL))",
        columns.join(", "),
        raw("amount", 100),
        raw("quantity", 1000)
    )
}

/// Customers and the spans at whose end they are counted, from `a` to before `b`; the last expression is `parted`.
fn standing(scan: &KpiScan<'_>, measure: &Measure) -> String {
    let (join, v) = values_of(scan, "o");
    let n = scan.spans.len();
    let (a, b, only) = if measure.only.contains(&Only::Dormant) {
        ("kpi_dormant_from(o.happened)", format!("coalesce(kpi_ends_from(o.next_at), {n})"), "true")
    } else {
        ("kpi_ends_from(o.happened)", n.to_string(), "o.nth = 1")
    };
    format!(
        "WITH counted AS (SELECT profile_id, CAST(ordered_at AS BIGINT) AS happened, source, order_id FROM \
         (SELECT *, net_amount AS net FROM orders) WHERE {COUNTS} AND profile_id IS NOT NULL AND ordered_at < {}), \
         stays AS (SELECT profile_id, happened, \
         lead(happened) OVER (PARTITION BY profile_id ORDER BY happened, source, order_id) AS next_at, \
         row_number() OVER (PARTITION BY profile_id ORDER BY happened, source, order_id) AS nth FROM counted), \
         parted AS (SELECT *, {} AS part FROM (SELECT o.profile_id, {a} AS a, {b} AS b, {v} AS v FROM stays o{join} \
         WHERE {only}))",
        instant(reach(scan).1),
        part(scan)
    )
}

/// What a measure sums over rows that pass.
fn aggregate(measure: &Measure, of_lines: bool) -> String {
    let tests = tests(measure);
    match measure.take {
        Take::People => format!("count(DISTINCT CASE WHEN {tests} THEN profile_id END)"),
        Take::Sessions => format!("count(DISTINCT CASE WHEN {tests} THEN session_id END)"),
        Take::Rows if of_lines => {
            format!("count(DISTINCT CASE WHEN {tests} THEN concat(source, chr(31), order_id) END)")
        }
        Take::Rows => format!("CAST(sum(CASE WHEN {tests} THEN 1 ELSE 0 END) AS BIGINT)"),
        take => format!("CAST(coalesce(sum(CASE WHEN {tests} THEN {} END), 0) AS BIGINT)", column(take)),
    }
}

/// What is summed of a row: money in hundredths, goods and days in thousandths.
const fn column(take: Take) -> &'static str {
    match take {
        Take::NetAmount => "net_amount",
        Take::Amount => "amount",
        Take::RefundedAmount => "refunded_amount",
        Take::Discount => "discount",
        Take::ListAmount => "(amount + discount)",
        Take::NItems => "n_items",
        Take::GapDays => "((happened - previous_at) / 86400000)",
        Take::Rows | Take::People | Take::Sessions => "1",
    }
}

/// Whether a row passes.
fn tests(measure: &Measure) -> String {
    let test = |only: &Only| match only {
        Only::Paid => "is_paid".to_owned(),
        Only::Counts => "counts".to_owned(),
        Only::Identified => "profile_id IS NOT NULL".to_owned(),
        Only::First => "happened = first_at".to_owned(),
        Only::Again => "previous_at >= kpi_start(w)".to_owned(),
        Only::Followed => "previous_at IS NOT NULL".to_owned(),
        Only::Kept => "previous_at >= kpi_start_before(w) AND previous_at < kpi_end_before(w)".to_owned(),
        Only::Back => format!("happened - previous_at >= {BACK_US}"),
        Only::Known => "first_at < kpi_start(w)".to_owned(),
        Only::New => "first_at >= kpi_start(w) AND first_at < kpi_end(w)".to_owned(),
        Only::Dormant => "true".to_owned(),
    };
    let all: Vec<String> = measure.only.iter().map(test).collect();
    if all.is_empty() { "true".to_owned() } else { format!("coalesce({}, false)", all.join(" AND ")) }
}

/// What queries ask about spans.
fn functions(spans: &[KpiSpan]) -> Vec<ScalarUDF> {
    let spans: Arc<[KpiSpan]> = spans.into();
    let of = |name, of: fn(&KpiSpan) -> i64| {
        let spans = spans.clone();
        number_function(name, move |w| spans.get(usize::try_from(w).ok()?).map(of))
    };
    let first_after = |name, of: fn(&KpiSpan) -> i64| {
        let spans = spans.clone();
        number_function(name, move |at| i64::try_from(spans.partition_point(|span| of(span) <= at)).ok())
    };
    let inside = spans.clone();
    let span_of = move |at: i64| {
        let place = inside.partition_point(|span| span.from <= at).checked_sub(1)?;
        i64::try_from(place).ok().filter(|_| at < inside[place].to)
    };
    vec![
        number_function("kpi_span", span_of),
        of("kpi_start", |span| span.from),
        of("kpi_end", |span| span.to),
        of("kpi_start_before", |span| span.before_from),
        of("kpi_end_before", |span| span.before_to),
        first_after("kpi_ends_from", |span| span.to),
        first_after("kpi_dormant_from", |span| span.dormant_before),
    ]
}

/// A function of one number; nothing comes of nothing.
fn number_function(name: &str, of: impl Fn(i64) -> Option<i64> + Send + Sync + 'static) -> ScalarUDF {
    let run = move |arguments: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let numbers = cast(&arrays[0], &DataType::Int64)?;
        let found: Int64Array = numbers.as_primitive::<Int64Type>().iter().map(|number| of(number?)).collect();
        Ok(ColumnarValue::Array(Arc::new(found)))
    };
    create_udf(name, vec![DataType::Int64], DataType::Int64, Volatility::Immutable, Arc::new(run))
}
