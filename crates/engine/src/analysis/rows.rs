//! Facts of people in memory, sorted by person, unit and time: so many people at a time that memory is bounded.

use std::sync::Arc;

use zhike_domain::analysis::{CountBy, Step};
use zhike_domain::audience::{Filter, Source};
use zhike_lake::{NO_VALUE, StepScan, Texts};

use super::Ground;
use crate::segments::Seeker;
use crate::{Ctx, Error, Result};

/// Rows in memory at a time, 32 bytes each.
const MAX_ROWS: usize = 12_000_000;
/// Pieces of the people, each sorted and counted by itself.
const N_PIECES: usize = 64;

/// One fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Number of the customer.
    pub(super) who: u32,
    /// Session or order; 0 where people are counted.
    pub(super) unit: u64,
    /// When.
    pub(super) at: i64,
    /// A bit for each step that it is.
    pub(super) steps: u32,
    /// Its value; [`NO_VALUE`] for none.
    pub(super) value: u32,
}

/// What is read: a step with the position of its bit, and when.
pub(super) struct Need<'a> {
    pub(super) of: Source,
    pub(super) filters: &'a [Filter],
    pub(super) bit: u32,
    pub(super) between: (i64, i64),
}

impl<'a> Need<'a> {
    pub(super) fn of(step: &'a Step, bit: u32, between: (i64, i64)) -> Self {
        Self { of: step.of, filters: &step.filters, bit, between }
    }
}

/// How rows are read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) needs: &'a [Need<'a>],
    pub(super) count_by: CountBy,
    /// The field of which the value is kept.
    pub(super) value: Option<&'a str>,
}

/// Reads all that is needed, and gives each piece of the people, sorted, to `of`, which runs on several threads; what it
/// makes comes back in the order of people.
pub(super) async fn each<R: Send + 'static>(
    ctx: &Ctx,
    ground: &Ground,
    reading: Reading<'_>,
    of: impl Fn(&[Row]) -> R + Send + Sync + 'static,
) -> Result<(Vec<R>, Texts)> {
    let of = Arc::new(of);
    let mut found = Vec::new();
    let mut texts = Texts::default();
    let n = ground.bulk.people.n();
    let mut from = 0;
    while from < n {
        let (pieces, next) = read(ctx, ground, &reading, from, &mut texts).await?;
        let (of, ranks) = (of.clone(), ranks(&texts));
        let done = tokio::task::spawn_blocking(move || run(pieces, &ranks, &*of)).await;
        found.extend(done.map_err(|error| Error::bug("count rows", error))?);
        from = next;
    }
    Ok((found, texts))
}

/// Places of texts in the order of their letters: facts of one time are sorted by it, so that no answer depends on the order
/// in which they were read.
fn ranks(texts: &Texts) -> Vec<u32> {
    let mut all: Vec<(&str, u32)> = (0..).map_while(|number| Some((texts.text(number)?, number))).collect();
    all.sort_unstable();
    let mut ranks = vec![0; all.len()];
    all.iter().zip(0..).for_each(|((_, number), rank)| ranks[*number as usize] = rank);
    ranks
}

fn run<R: Send>(pieces: Vec<Vec<Row>>, ranks: &[u32], of: &(impl Fn(&[Row]) -> R + Sync)) -> Vec<R> {
    let n_threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let pieces: Vec<std::sync::Mutex<Vec<Row>>> = pieces.into_iter().map(std::sync::Mutex::new).collect();
    let mut found: Vec<(usize, R)> = std::thread::scope(|scope| {
        let work = || {
            let mut mine = Vec::new();
            loop {
                let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(piece) = pieces.get(at) else { return mine };
                let mut rows = std::mem::take(&mut *piece.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
                rows.sort_unstable_by_key(|row| {
                    (row.who, row.unit, row.at, row.steps, ranks.get(row.value as usize).copied().unwrap_or(NO_VALUE))
                });
                mine.push((at, of(&rows)));
            }
        };
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        let done =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.flatten().collect()
    });
    found.sort_unstable_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, found)| found).collect()
}

/// Rows of the people from a number on, as many people as fit, and the number of the first of the rest.
async fn read(
    ctx: &Ctx,
    ground: &Ground,
    reading: &Reading<'_>,
    from: usize,
    texts: &mut Texts,
) -> Result<(Vec<Vec<Row>>, usize)> {
    let ids = &ground.bulk.people.ids;
    let n = ids.len() - from;
    let mut pieces: Vec<Vec<Row>> = vec![Vec::new(); N_PIECES];
    let mut n_rows = 0;
    // The first of a piece.
    let start = |piece: usize| from + (piece * n).div_ceil(N_PIECES);
    for source in Source::ALL {
        let needs: Vec<&Need<'_>> = reading.needs.iter().filter(|need| need.of == source).collect();
        let Some(first) = needs.iter().map(|need| need.between.0).min() else { continue };
        let last = needs.iter().map(|need| need.between.1).max().unwrap_or(i64::MAX);
        let steps: Vec<(&[Filter], u32)> = needs.iter().map(|need| (need.filters, need.bit)).collect();
        let end = start(pieces.len());
        let is_some = from > 0 || end < ids.len();
        let scan = StepScan {
            of: source,
            as_of: &ground.seen,
            between: (first, last),
            people: is_some.then(|| (ids[from], ids[end - 1])),
            steps: &steps,
            value: reading.value.filter(|field| zhike_domain::audience::field_of(source, field).is_some()),
            unit: reading.count_by.field(source),
        };
        // Most steps are of all the days that are read; the others lose their bit outside of theirs.
        let narrow: Vec<&Need<'_>> = needs.iter().copied().filter(|need| need.between != (first, last)).collect();
        let mut rows = ctx.lake().steps(&scan).await?;
        let mut seeker = Seeker::default();
        while let Some(batch) = rows.next(texts).await? {
            for row in 0..batch.profile_id.len() {
                let Some(who) = seeker.at(ids, batch.profile_id[row]) else { continue };
                if who < from || !ground.who.contains(who) {
                    continue;
                }
                let piece = (who - from) * N_PIECES / n;
                let Some(place) = pieces.get_mut(piece) else { continue };
                let (at, mut steps) = (batch.at[row], batch.steps[row]);
                for need in &narrow {
                    if at < need.between.0 || at >= need.between.1 {
                        steps &= !(1 << need.bit);
                    }
                }
                if steps == 0 {
                    continue;
                }
                let unit = batch.unit.get(row).copied().unwrap_or(0);
                let value = batch.value.get(row).copied().unwrap_or(NO_VALUE);
                place.push(Row { who: who as u32, unit, at, steps, value });
                n_rows += 1;
            }
            while n_rows > MAX_ROWS && pieces.len() > 1 {
                let dropped = pieces.split_off(pieces.len().div_ceil(2));
                n_rows -= dropped.iter().map(Vec::len).sum::<usize>();
            }
        }
    }
    let next = start(pieces.len());
    Ok((pieces, next))
}

/// Rows of one person's units, one after the other.
pub(super) fn units(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| (a.who, a.unit) == (b.who, b.unit))
}

/// Rows of one person after the other.
pub(super) fn persons(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| a.who == b.who)
}
