//! What customers said of us, and when somebody turned to them afterwards.

use crate::boxed;

use crate::insight::instant;
use crate::query::QueryRows;
use crate::{Error, Lake};

impl Lake {
    /// Answers of one kind with a score, between two instants.
    ///
    /// **Shape**: `feedback_id, source, profile_id` (missing when unknown), `at, score, topics`.
    #[boxed]
    pub async fn answers(&self, kind: &str, between: (i64, i64)) -> Result<QueryRows, Error> {
        let sql = format!(
            "SELECT feedback_id, source, profile_id, \"at\", score, topics FROM feedback \
             WHERE kind = '{}' AND score IS NOT NULL AND \"at\" >= {} AND \"at\" < {}",
            kind.replace('\'', "''"),
            instant(between.0),
            instant(between.1)
        );
        self.query(&sql, Vec::new()).await
    }

    /// When somebody of us was in touch with known customers, between two instants: replies, else calls and visits, else the
    /// end of a case. A complaint that nobody answered is none.
    ///
    /// **Shape**: `profile_id, at`.
    #[boxed]
    pub async fn contacts(&self, between: (i64, i64)) -> Result<QueryRows, Error> {
        let (from, to) = (instant(between.0), instant(between.1));
        let sql = format!(
            "SELECT profile_id, \"at\" FROM (\
               SELECT profile_id, coalesce(first_reply_at, CASE WHEN kind IN ('call', 'visit') THEN opened_at ELSE closed_at END) AS \"at\" \
               FROM interactions WHERE profile_id IS NOT NULL \
             ) WHERE \"at\" >= {from} AND \"at\" < {to}"
        );
        self.query(&sql, Vec::new()).await
    }
}
