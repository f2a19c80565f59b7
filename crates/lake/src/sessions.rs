//! Sessions whose rows have moved to others: events that arrived late changed where sessions begin.
//!
//! Nothing in the lake is rewritten. Events keep the session they were written with, and whoever reads them is given the one
//! of today, by a function over that column; a query that does not name the column never computes it.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use zhike_domain::tables::TableSpec;

use crate::{Error, Lake};

/// Since when the rows of a session belong to which one, in order of time.
type Spans = Vec<(i64, String)>;

/// Moved sessions, by the session that rows were written with, and how many times this has changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct MovedSessions(HashMap<String, Spans>, u64);

impl Lake {
    /// Takes changes of moved sessions in: (session that rows were written with, since when they belong to which); no spans
    /// when they belong where they stand.
    pub fn move_sessions(&self, changes: Vec<(String, Vec<(i64, String)>)>) {
        if changes.is_empty() {
            return;
        }
        let mut current = self.moved_sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let MovedSessions(moved, number) = Arc::make_mut(&mut current);
        *number += 1;
        for (session, spans) in changes {
            match spans.is_empty() {
                true => moved.remove(&session),
                false => moved.insert(session, spans),
            };
        }
    }

    /// The sessions that have moved, when the table has sessions and any have.
    pub(crate) fn moved_sessions_of(&self, spec: &TableSpec) -> Option<Arc<MovedSessions>> {
        let current = self.moved_sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (spec.column("session_id").is_some() && !current.0.is_empty()).then(|| current.clone())
    }
}

impl MovedSessions {
    /// Grows with every change.
    pub(crate) fn number(&self) -> u64 {
        self.1
    }

    /// The session that a row written with another one belongs to now.
    fn target(&self, session: &str, at: i64) -> Option<&str> {
        let spans = self.0.get(session)?;
        let after = spans.partition_point(|(since, _)| *since <= at);
        Some(&spans.get(after.checked_sub(1)?)?.1)
    }

    /// The rows with the sessions of today.
    pub(crate) fn of_today(&self, rows: RecordBatch) -> Result<RecordBatch, Error> {
        let schema = rows.schema();
        let (Ok(at), Some(times)) = (schema.index_of("session_id"), rows.column_by_name("occurred_at")) else {
            return Ok(rows);
        };
        let mut columns = rows.columns().to_vec();
        columns[at] = self.apply(&columns[at], times)?;
        Ok(RecordBatch::try_new(schema, columns)?)
    }

    /// The column of sessions as it is today.
    fn apply(&self, sessions: &ArrayRef, times: &ArrayRef) -> EngineResult<ArrayRef> {
        let sessions = cast(sessions, &DataType::Utf8View)?;
        let instants = cast(times, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
        let times = instants.as_primitive::<TimestampMicrosecondType>();
        let written = sessions.as_string_view();
        let now: StringViewArray = (0..written.len())
            .map(|row| {
                let session = written.is_valid(row).then(|| written.value(row))?;
                let at = times.is_valid(row).then(|| times.value(row));
                Some(at.and_then(|at| self.target(session, at)).unwrap_or(session))
            })
            .collect();
        Ok(Arc::new(now))
    }
}

/// The function of a session and a time that gives the session of today; its name stands in no query.
pub(crate) fn function(name: &str, moved: Arc<MovedSessions>) -> ScalarUDF {
    ScalarUDF::from(SessionOfToday {
        name: name.to_owned(),
        moved,
        signature: Signature::any(2, Volatility::Immutable),
    })
}

#[derive(Debug)]
struct SessionOfToday {
    name: String,
    moved: Arc<MovedSessions>,
    signature: Signature,
}

impl PartialEq for SessionOfToday {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.moved, &other.moved)
    }
}

impl Eq for SessionOfToday {}

impl Hash for SessionOfToday {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for SessionOfToday {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let [sessions, times] = <[ColumnarValue; 2]>::try_from(arguments.args)
            .map_err(|_| datafusion::error::DataFusionError::Internal("two arguments expected".into()))?;
        let n_rows = arguments.number_rows;
        let now = self.moved.apply(&sessions.into_array(n_rows)?, &times.into_array(n_rows)?)?;
        Ok(ColumnarValue::Array(now))
    }
}
