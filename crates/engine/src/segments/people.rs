//! All customers in memory, numbered densely, with those of their attributes that were asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use zhike_domain::audience::{AsOf, Cell, FieldKind, Set, Test, cell_of, json_cell, trait_of};
use zhike_domain::frame::{Column, ColumnType, Frame};

use crate::{Ctx, Result};

/// Customers at one version of state.
pub(crate) struct People {
    /// Version of state; what was computed at one version stays true as long as it has not changed.
    pub(crate) version: i64,
    /// When it was read, in microseconds.
    pub(crate) at: i64,
    /// Ids, ascending: the position is the number.
    pub(crate) ids: Vec<i64>,
    /// Columns by name, one value a customer.
    columns: Mutex<HashMap<String, Arc<(ColumnType, Column)>>>,
}

/// The customers as they are now.
pub(crate) async fn people(ctx: &Ctx) -> Result<Arc<People>> {
    let mut known = ctx.audience().people.lock().await;
    let version = ctx.store().state_version().await?;
    if let Some(people) = known.as_ref().filter(|people| people.version == version) {
        return Ok(people.clone());
    }
    // A load that is committed meanwhile makes the version read before too old, never too new.
    let frame = ctx.store().scan_profiles(&["profile_id", "n_identities"]).await?;
    let (ids, counts) = (numbers(&frame, "profile_id"), numbers(&frame, "n_identities"));
    // Whose deletion is approved is nobody's customer any more.
    let gone = crate::requests::restricted(ctx).await?;
    let is_there = |id: &i64, n: i64| n > 0 && gone.binary_search(id).is_err();
    let ids = ids.into_iter().zip(counts).filter(|(id, n)| is_there(id, *n)).map(|(id, _)| id).collect();
    let people = Arc::new(People { version, at: ctx.now(), ids, columns: Mutex::default() });
    *known = Some(people.clone());
    Ok(people)
}

pub(crate) fn numbers(frame: &Frame, name: &str) -> Vec<i64> {
    frame.num(name).map(|column| column.iter().map(|value| value.unwrap_or(0)).collect()).unwrap_or_default()
}

impl People {
    /// Some customers, by ids in order; nothing about them is remembered.
    pub(super) fn some(at: i64, ids: Vec<i64>) -> Self {
        Self { version: -1, at, ids, columns: Mutex::default() }
    }

    /// How many there are.
    pub(crate) fn n(&self) -> usize {
        self.ids.len()
    }

    /// The number of a customer.
    pub(crate) fn at(&self, profile_id: i64) -> Option<usize> {
        self.ids.binary_search(&profile_id).ok()
    }

    /// Those whose ids are named, in any order; others are left out.
    pub(crate) fn set(&self, ids: impl IntoIterator<Item = i64>) -> Set {
        let mut set = Set::none(self.n());
        let mut seeker = Seeker::default();
        ids.into_iter().filter_map(|id| seeker.at(&self.ids, id)).for_each(|at| set.insert(at));
        set
    }

    /// A column of the table `profiles`, one value a customer.
    pub(crate) async fn column(&self, ctx: &Ctx, name: &str) -> Result<Arc<(ColumnType, Column)>> {
        if let Some(column) = self.columns.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(column.clone());
        }
        let mut frame = ctx.store().scan_profiles(&["profile_id", name]).await?;
        let mut rows = Vec::with_capacity(self.n());
        let mut seeker = Seeker::default();
        let mut row_of = vec![usize::MAX; self.n()];
        for (row, id) in numbers(&frame, "profile_id").into_iter().enumerate() {
            if let Some(at) = seeker.at(&self.ids, id) {
                row_of[at] = row;
            }
        }
        let kind = frame.fields().iter().find(|field| field.name == name).map_or(ColumnType::Text, |field| field.kind);
        let column = frame.remove(name).unwrap_or_else(|| Column::missing(kind, frame.n_rows()));
        // Somebody merged since the ids were read has no row any more: any row would do, theirs is not asked for again.
        rows.extend(row_of.into_iter().map(|row| if row == usize::MAX { 0 } else { row }));
        let column = if column.is_empty() { Column::missing(kind, self.n()) } else { column.take(&rows) };
        let column = Arc::new((kind, column));
        self.columns.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), column.clone());
        Ok(column)
    }

    /// Those whose trait passes a test.
    pub(crate) async fn with_trait(&self, ctx: &Ctx, name: &str, test: &Test, as_of: &AsOf) -> Result<Set> {
        if let Some(key) = name.strip_prefix("traits.") {
            let column = self.column(ctx, "traits").await?;
            let Column::Text(texts) = &column.1 else { return Ok(Set::none(self.n())) };
            return Ok(Set::of(self.n(), |at| {
                let cell = texts.get(at).map_or(Cell::Missing, |json| json_cell(json, key));
                test.holds(&cell, as_of)
            }));
        }
        let column = self.column(ctx, name).await?;
        Ok(passing(test, column.0, &column.1, as_of))
    }
}

/// The rows of a column that pass a test.
pub(super) fn passing(test: &Test, kind: ColumnType, column: &Column, as_of: &AsOf) -> Set {
    // Where days begin is asked once, not for every row.
    if let (ColumnType::Instant, Column::Num(column), Some(range)) = (kind, column, test.instants(as_of)) {
        return Set::of(column.len(), |row| column.get(row).is_some_and(|at| range.contains(&at)));
    }
    Set::of(column.len(), |row| test.holds(&cell_of(kind, column, row), as_of))
}

/// Whether a trait's values are words, so that groups can be compared by them.
pub(super) fn is_word(name: &str) -> bool {
    trait_of(name).is_some_and(|field| field.kind == FieldKind::Text)
}

/// Finds ids that mostly ascend: from where the last was, with growing steps.
#[derive(Default)]
pub(crate) struct Seeker {
    last: i64,
    at: Option<usize>,
    from: usize,
}

impl Seeker {
    pub(crate) fn at(&mut self, ids: &[i64], id: i64) -> Option<usize> {
        if id == self.last && self.from > 0 {
            return self.at;
        }
        let start = if id > self.last { self.from.saturating_sub(1) } else { 0 };
        let mut step = 1;
        let mut end = start;
        while end < ids.len() && ids[end] < id {
            end = end.saturating_add(step);
            step *= 2;
        }
        let low = start.max(end.saturating_sub(step / 2));
        let high = ids.len().min(end.saturating_add(1));
        let low = low.min(high);
        let found = ids[low..high].binary_search(&id);
        let place = low + found.unwrap_or_else(|place| place);
        self.last = id;
        self.at = found.ok().map(|_| place);
        self.from = place + 1;
        self.at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Seeker;

    proptest! {
        #[test]
        fn seeking_finds_what_searching_finds(
            ids in prop::collection::btree_set(-50_i64..200, 0..60),
            asked in prop::collection::vec(-60_i64..210, 0..100),
            is_sorted in any::<bool>(),
        ) {
            let ids: Vec<i64> = ids.into_iter().collect();
            let mut asked = asked;
            if is_sorted {
                asked.sort_unstable();
            }
            let mut seeker = Seeker::default();
            for id in asked {
                prop_assert_eq!(seeker.at(&ids, id), ids.binary_search(&id).ok(), "{}", id);
            }
        }
    }
}
