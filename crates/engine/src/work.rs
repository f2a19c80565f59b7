//! Work that takes long, beside the threads that answer people; and what was learnt by it, kept for a while.

use std::sync::Arc;

use zhike_lake::Mark;

use crate::segments::as_of;
use crate::{Ctx, Error, Result};

/// What was learnt is kept so long while facts come in.
const KEPT_US: i64 = 600_000_000;

/// How many threads may work beside the server's own.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs what takes long on a thread of its own; `what` is named when it breaks off.
pub(crate) async fn worked<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::bug(what, error))
}

struct Stamp {
    mark: Mark,
    consents: i64,
    day: i64,
    at: i64,
}

/// One thing that was learnt last, of what `K` says.
pub(crate) struct Last<T, K = ()>(tokio::sync::Mutex<Option<(K, Stamp, Arc<T>)>>);

impl<T, K> Default for Last<T, K> {
    fn default() -> Self {
        Self(tokio::sync::Mutex::new(None))
    }
}

impl<T, K: PartialEq> Last<T, K> {
    /// What was learnt of `key`, anew when people, consents or days are others, or facts came and some minutes have passed.
    /// It is of all customers, whoever asks: models are.
    pub(crate) async fn get<Learning>(
        &self,
        ctx: &Ctx,
        key: K,
        tables: &'static [&'static str],
        learn: impl FnOnce(Ctx) -> Learning,
    ) -> Result<Arc<T>>
    where
        Learning: Future<Output = Result<T>>,
    {
        let ctx = ctx.whole();
        let mut known = self.0.lock().await;
        // Before anything is read: what changes meanwhile makes it too old, never too new.
        let now = Stamp {
            mark: ctx.lake().mark(tables).await?,
            consents: ctx.store().consents_version().await?,
            day: as_of(&ctx, None).await?.day,
            at: ctx.now(),
        };
        if let Some((_, then, kept)) = known.as_ref().filter(|(of, ..)| *of == key) {
            let is_same = tables.iter().all(|table| now.mark.changed_from(&then.mark, table) == i64::MAX);
            let is_fresh = is_same || (0..KEPT_US).contains(&(now.at - then.at));
            let has_same_people = now.mark.has_same_people(&then.mark) && now.consents == then.consents;
            if is_fresh && has_same_people && now.day == then.day {
                return Ok(kept.clone());
            }
        }
        let made = Arc::new(learn(ctx).await?);
        *known = Some((key, now, made.clone()));
        Ok(made)
    }
}
