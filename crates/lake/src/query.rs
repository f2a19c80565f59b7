//! Sessions of the query engine: what a query sees, what it may use, how its rows come back.

use crate::boxed;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::config::Dialect;
use datafusion::datasource::MemTable;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::logical_expr::{ColumnarValue, LogicalPlan, Volatility, create_udf};
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use zhike_domain::frame::{Column, ColumnType, Field, Frame};
use zhike_domain::tables::{Home, TABLES, TableSpec};

use crate::delta::{Lake, LakeOptions};
use crate::spill::Spill;
use crate::{Error, convert, sessions};

/// Moved identities: rows of these identities belong to another profile than the one they were written with.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    /// All rows of an identity.
    whole: HashMap<i64, i64>,
    /// Rows of visitors with several owners: since when they belong to whom, in order of time. These win.
    spans: HashMap<i64, Vec<(i64, i64)>>,
    /// How many times this was set before.
    number: u64,
}

/// The column that says when a row's fact happened, by which spans of time decide whose it is.
pub(crate) fn time_column(spec: &TableSpec) -> Option<&'static str> {
    ["occurred_at", "ordered_at", "opened_at", "at"].into_iter().find(|name| spec.column(name).is_some())
}

/// What somebody's query shows.
#[derive(Clone, Default)]
pub struct Seen {
    /// How the properties of events are shown; as they are when missing.
    pub mask: Option<PropertyMask>,
    /// The smallest group of people that rows are about; single people when 0 or 1.
    pub min_group: u64,
}

/// How the properties of an event are shown, of its source and name.
pub type PropertyMask = Arc<dyn Fn(&str, &str, &str) -> String + Send + Sync>;

/// What a user's query may use.
#[derive(Clone, Copy, Debug)]
pub struct QueryLimits {
    /// Rows handed out; further ones are cut off.
    pub max_rows: usize,
    /// Wall time.
    pub timeout: Duration,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { max_rows: 1_000_000, timeout: Duration::from_secs(300) }
    }
}

/// Rows of a query, a frame at a time.
pub struct QueryRows {
    fields: Vec<Field>,
    origins: BTreeSet<(&'static str, String)>,
    schema: SchemaRef,
    stream: SendableRecordBatchStream,
    n_left: usize,
    is_cut: bool,
    deadline: tokio::time::Instant,
}

impl QueryRows {
    /// Names and types of the columns.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Tables and columns whose values a user's query holds, whatever its own columns are called.
    pub const fn origins(&self) -> &BTreeSet<(&'static str, String)> {
        &self.origins
    }

    /// Whether rows were cut off at the limit.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The next rows; `None` at the end.
    ///
    /// **Errors**: when the query fails, or takes longer than it may.
    #[boxed]
    pub async fn next(&mut self) -> Result<Option<Frame>, Error> {
        match self.next_batch().await? {
            Some(batch) => convert::to_frame(&batch).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) async fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        if self.is_cut {
            return Ok(None);
        }
        let batch = match tokio::time::timeout_at(self.deadline, self.stream.next()).await {
            Err(_) => return Err(Error::Limit("time")),
            Ok(None) => return Ok(None),
            Ok(Some(batch)) => batch?,
        };
        if batch.num_rows() > self.n_left {
            self.is_cut = true;
            return Ok(Some(batch.slice(0, self.n_left)));
        }
        self.n_left -= batch.num_rows();
        Ok(Some(batch))
    }

    /// All rows as one frame.
    ///
    /// **Errors**: as [`QueryRows::next`].
    #[boxed]
    pub async fn all(mut self) -> Result<Frame, Error> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next_batch().await? {
            batches.push(batch);
        }
        convert::to_one_frame(&self.schema, &batches)
    }
}

/// Something a query of Zhike's own reads beside the tables.
pub(crate) enum Input<'a> {
    /// Rows in memory.
    Frame(Frame),
    /// A temporary table.
    Spill(&'a mut Spill),
}

pub(crate) fn runtime(spill: &Path, options: &LakeOptions) -> Result<Arc<RuntimeEnv>, Error> {
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![spill.to_owned()]))
        .with_max_temp_directory_size(options.spill_bytes);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_bytes)))
        .with_disk_manager_builder(disk)
        .build_arc()?;
    Ok(runtime)
}

impl Lake {
    /// Sets which identities have moved to another profile since their rows were written: (identity, profile), and, for
    /// visitors with several owners, (identity, since, profile) in order of identity and time.
    pub fn set_overrides(&self, overrides: Vec<(i64, i64)>, spans: Vec<(i64, i64, i64)>) {
        let mut by_identity: HashMap<i64, Vec<(i64, i64)>> = HashMap::new();
        for (identity, since, profile) in spans {
            by_identity.entry(identity).or_default().push((since, profile));
        }
        let mut current = self.overrides.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let number = current.number + 1;
        *current = Arc::new(Overrides { whole: overrides.into_iter().collect(), spans: by_identity, number });
    }

    pub(crate) fn session(&self) -> SessionContext {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.options.n_threads)
            .with_information_schema(true)
            .with_default_catalog_and_schema("zhike", "public");
        config.options_mut().sql_parser.dialect = Dialect::PostgreSQL;
        config.options_mut().execution.parquet.pushdown_filters = false;
        // Sorts set aside memory for merging; with little memory they must still get started.
        config.options_mut().execution.sort_spill_reservation_bytes =
            (self.options.memory_bytes / (8 * self.options.n_threads.max(1))).clamp(64 << 10, 10 << 20);
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(self.runtime.clone())
            .with_default_features()
            .build();
        let session = SessionContext::new_with_state(state);
        crate::scaling::functions().into_iter().for_each(|function| session.register_udwf(function));
        session
    }

    /// The tables that a query names.
    ///
    /// **Errors**: when the text is not one SQL statement.
    pub fn tables_of(&self, sql: &str) -> Result<BTreeSet<String>, Error> {
        let state = self.session().state();
        let statement = state.sql_to_statement(sql, &Dialect::PostgreSQL)?;
        let references = state.resolve_table_references(&statement)?;
        Ok(references.iter().map(|reference| reference.table().to_owned()).collect())
    }

    /// Registers those of the named tables that the lake holds.
    pub(crate) async fn register(&self, session: &SessionContext, names: &BTreeSet<String>) -> Result<(), Error> {
        let overrides = self.overrides.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let specs = TABLES.iter().filter(|spec| matches!(spec.home, Home::Lake { .. }) && names.contains(spec.name));
        for spec in specs {
            self.register_one(session, spec, &overrides).await?;
            if let Some(people) = self.within.clone().filter(|_| spec.column("profile_id").is_some()) {
                keep_only(session, spec.name, people).await?;
            }
        }
        Ok(())
    }

    async fn register_one(
        &self,
        session: &SessionContext,
        spec: &TableSpec,
        overrides: &Overrides,
    ) -> Result<(), Error> {
        let provider: Arc<dyn TableProvider> = match self.version(spec.name).await? {
            Some(version) => version.provider(),
            None => Arc::new(MemTable::try_new(convert::arrow_schema(spec)?, vec![vec![]])?),
        };
        if spec.name == crate::members::TABLE {
            let view = crate::members::view(session, provider).await?;
            session.register_table(spec.name, view)?;
            return Ok(());
        }
        let has_people = spec.column("profile_id").is_some() && spec.column("identity_id").is_some();
        let is_moved = has_people && !overrides.is_empty();
        let sessions = self.moved_sessions_of(spec);
        if !is_moved && sessions.is_none() {
            session.register_table(spec.name, provider)?;
            return Ok(());
        }
        session.register_table("rows_as_written", provider)?;
        let time = time_column(spec).filter(|_| is_moved && overrides.has_spans());
        if is_moved {
            session.register_table("moved_identities", overrides.provider()?)?;
        }
        if time.is_some() {
            session.register_table("moved_spans", overrides.spans_provider()?)?;
        }
        let has_moved_sessions = sessions.is_some();
        if let Some(sessions) = sessions {
            session.register_udf(sessions::function("session_of_today", sessions));
        }
        let columns: Vec<String> = spec
            .columns
            .iter()
            .map(|column| match column.name {
                "profile_id" if time.is_some() => {
                    "coalesce(s.span_profile_id, m.to_profile_id, t.profile_id) AS profile_id".to_owned()
                }
                "profile_id" if is_moved => "coalesce(m.to_profile_id, t.profile_id) AS profile_id".to_owned(),
                "session_id" if has_moved_sessions => {
                    "session_of_today(t.session_id, t.occurred_at) AS session_id".to_owned()
                }
                name => format!("t.\"{name}\""),
            })
            .collect();
        let identities =
            if is_moved { " LEFT JOIN moved_identities m ON t.identity_id = m.moved_identity_id" } else { "" };
        let spans = time.map_or_else(String::new, |time| {
            format!(
                " LEFT JOIN moved_spans s ON t.identity_id = s.span_identity_id \
                 AND t.\"{time}\" >= s.span_since AND t.\"{time}\" < s.span_until"
            )
        });
        let sql = format!("SELECT {} FROM rows_as_written t{identities}{spans}", columns.join(", "));
        let view = session.sql(&sql).await?.into_view();
        session.deregister_table("moved_spans")?;
        session.deregister_table("rows_as_written")?;
        session.deregister_table("moved_identities")?;
        session.deregister_udf("session_of_today");
        session.register_table(spec.name, view)?;
        Ok(())
    }

    /// Runs a user's query: one read-only statement over the tables of the product and over `snapshots`, tables of the
    /// operational store that the caller has prepared for this user; what of it is shown `seen` says.
    ///
    /// **Errors**: [`Error::Query`] when the text is wrong or asks for anything but reading tables.
    #[boxed]
    pub async fn sql(
        &self,
        sql: &str,
        snapshots: Vec<(&'static str, Frame)>,
        seen: Seen,
        limits: QueryLimits,
    ) -> Result<QueryRows, Error> {
        let session = self.session();
        self.register(&session, &self.tables_of(sql)?).await?;
        if let Some(mask) = seen.mask {
            mask_properties(&session, mask).await?;
        }
        for (name, frame) in snapshots {
            session.register_table(name, memory(frame)?)?;
        }
        if sql.to_ascii_lowercase().contains("information_schema") {
            // Whoever asks which tables there are shall see all of them, not only those that the text names.
            for spec in TABLES.iter().filter(|spec| !session.table_exist(spec.name).unwrap_or(true)) {
                let nothing = MemTable::try_new(convert::arrow_schema(spec)?, vec![vec![]])?;
                session.register_table(spec.name, Arc::new(nothing))?;
            }
        }
        let plan = session.state().create_logical_plan(sql).await?;
        check_read_only(&plan)?;
        let origins = crate::lineage::origins(&plan)?;
        let plan = crate::groups::without_small(plan, seen.min_group)?;
        let frame = session.execute_logical_plan(plan).await?;
        Ok(QueryRows { origins, ..rows(frame, limits).await? })
    }

    /// Runs one of Zhike's own queries over the lake and `inputs`.
    pub(crate) async fn query(&self, sql: &str, inputs: Vec<(&str, Input<'_>)>) -> Result<QueryRows, Error> {
        let session = self.session();
        self.register(&session, &self.tables_of(sql)?).await?;
        for (name, input) in inputs {
            let provider = match input {
                Input::Frame(frame) => memory(frame)?,
                Input::Spill(spill) => {
                    spill.provider()?.ok_or_else(|| Error::Bug(format!("temporary table {name} is empty")))?
                }
            };
            session.register_table(name, provider)?;
        }
        let limits = QueryLimits { max_rows: usize::MAX, timeout: Duration::from_secs(24 * 3600) };
        rows(session.sql(sql).await?, limits).await
    }
}

/// Shows the properties of events through a mask. Queries that do not name them do not pay for it.
async fn mask_properties(session: &SessionContext, mask: PropertyMask) -> Result<(), Error> {
    const EVENTS: &str = "events";
    const CLEAR: &str = "events_in_the_clear";
    const MASKED: &str = "masked_properties";
    let Some(provider) = session.deregister_table(EVENTS)? else { return Ok(()) };
    let columns: Vec<String> = provider
        .schema()
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "properties" => format!("{MASKED}(source, event, properties) AS properties"),
            name => format!("\"{name}\""),
        })
        .collect();
    let schema = provider.schema();
    let kind_of =
        |name: &str| schema.field_with_name(name).map_or(DataType::Utf8View, |field| field.data_type().clone());
    let kinds = vec![kind_of("source"), kind_of("event"), kind_of("properties")];
    let (kind, returned) = (kinds[2].clone(), kinds[2].clone());
    session.register_table(CLEAR, provider)?;
    let masked = move |args: &[ColumnarValue]| -> datafusion::error::Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let texts = arrays.iter().map(|array| cast(array, &DataType::Utf8)).collect::<Result<Vec<_>, _>>()?;
        let [sources, events, properties] = [0, 1, 2].map(|at| texts[at].as_string::<i32>());
        let shown: StringArray = (0..properties.len())
            .map(|row| {
                let text = |of: &StringArray| if of.is_valid(row) { of.value(row).to_owned() } else { String::new() };
                properties.is_valid(row).then(|| mask(&text(sources), &text(events), properties.value(row)))
            })
            .collect();
        Ok(ColumnarValue::Array(cast(&shown, &kind)?))
    };
    let masked = Arc::new(masked);
    session.register_udf(create_udf(MASKED, kinds, returned, Volatility::Immutable, masked));
    let view = session.sql(&format!("SELECT {} FROM {CLEAR}", columns.join(", "))).await?.into_view();
    session.deregister_udf(MASKED);
    session.deregister_table(CLEAR)?;
    session.register_table(EVENTS, view)?;
    Ok(())
}

/// Leaves of a registered table the rows of some people, whose ids ascend.
async fn keep_only(session: &SessionContext, table: &str, people: Arc<Vec<i64>>) -> Result<(), Error> {
    const EVERYBODY: &str = "rows_of_everybody";
    const IS_SEEN: &str = "is_seen";
    let Some(provider) = session.deregister_table(table)? else { return Ok(()) };
    session.register_table(EVERYBODY, provider)?;
    let is_seen = move |args: &[ColumnarValue]| -> datafusion::error::Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let ids = cast(&arrays[0], &DataType::Int64)?;
        let ids = ids.as_primitive::<Int64Type>();
        let seen: BooleanArray = ids.iter().map(|id| id.map(|id| people.binary_search(&id).is_ok())).collect();
        Ok(ColumnarValue::Array(Arc::new(seen)))
    };
    let kind = vec![DataType::Int64];
    session.register_udf(create_udf(IS_SEEN, kind, DataType::Boolean, Volatility::Immutable, Arc::new(is_seen)));
    let view = session.sql(&format!("SELECT * FROM {EVERYBODY} WHERE {IS_SEEN}(profile_id)")).await?.into_view();
    session.deregister_udf(IS_SEEN);
    session.deregister_table(EVERYBODY)?;
    session.register_table(table, view)?;
    Ok(())
}

impl Overrides {
    /// The profile that a row of an identity belongs to now, when that was moved; `at` is when its fact happened.
    pub(crate) fn target(&self, identity: i64, at: Option<i64>) -> Option<i64> {
        let spanned = self.spans.get(&identity).zip(at).and_then(|(spans, at)| {
            let after = spans.partition_point(|(since, _)| *since <= at);
            Some(spans.get(after.checked_sub(1)?)?.1)
        });
        spanned.or_else(|| self.whole.get(&identity).copied())
    }

    /// Grows every time they are set.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn has_spans(&self) -> bool {
        !self.spans.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.spans.is_empty()
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, Error> {
        let mut frame = Frame::new(self.whole.len());
        let identities = self.whole.keys().copied().map(Some).collect();
        let profiles = self.whole.values().copied().map(Some).collect();
        frame.set("moved_identity_id", ColumnType::Int, Column::Num(identities));
        frame.set("to_profile_id", ColumnType::Int, Column::Num(profiles));
        memory(frame)
    }

    fn spans_provider(&self) -> Result<Arc<dyn TableProvider>, Error> {
        let mut rows: Vec<[i64; 4]> = Vec::new();
        for (&identity, spans) in &self.spans {
            for (at, &(since, profile)) in spans.iter().enumerate() {
                let until = spans.get(at + 1).map_or(i64::MAX, |next| next.0);
                rows.push([identity, since, until, profile]);
            }
        }
        let column = |at: usize| Column::Num(rows.iter().map(|row| Some(row[at])).collect());
        let mut frame = Frame::new(rows.len());
        frame.set("span_identity_id", ColumnType::Int, column(0));
        frame.set("span_since", ColumnType::Instant, column(1));
        frame.set("span_until", ColumnType::Instant, column(2));
        frame.set("span_profile_id", ColumnType::Int, column(3));
        memory(frame)
    }
}

pub(crate) fn memory(frame: Frame) -> Result<Arc<dyn TableProvider>, Error> {
    let batch = convert::to_own_batch(frame)?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

pub(crate) async fn rows(frame: datafusion::dataframe::DataFrame, limits: QueryLimits) -> Result<QueryRows, Error> {
    let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
    let deadline = tokio::time::Instant::now() + limits.timeout;
    let stream = frame.execute_stream().await?;
    let fields = convert::fields(&schema);
    Ok(QueryRows { fields, origins: BTreeSet::new(), schema, stream, n_left: limits.max_rows, is_cut: false, deadline })
}

/// Decides on the plan, not on the text: only reading, only tables.
fn check_read_only(plan: &LogicalPlan) -> Result<(), Error> {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false).verify_plan(plan)?;
    let mut refused = None;
    plan.apply_with_subqueries(|node| {
        refused = match node {
            LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) => Some("EXPLAIN"),
            LogicalPlan::Extension(_) => Some("extensions"),
            LogicalPlan::RecursiveQuery(_) => Some("recursive queries"),
            LogicalPlan::DescribeTable(_) | LogicalPlan::Dml(_) | LogicalPlan::Ddl(_) | LogicalPlan::Copy(_) => {
                Some("anything but SELECT")
            }
            _ => None,
        };
        Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    match refused {
        Some(what) => Err(Error::Query(format!("{what} cannot be used here: write one SELECT over the tables"))),
        None => Ok(()),
    }
}
