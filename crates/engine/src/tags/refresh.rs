//! Computing tags as of a day and writing their values.
//!
//! A day's rows are replaced in one commit. A customer without a value has no row; a tag that nobody has leaves one row
//! without a customer, which says that it was computed that day.

use crate::boxed;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use zhike_domain::audience::{AsOf, Bin, Cell, Leaf, SCORES, Source, Tag, TagRefresh, bins, tag_text};
use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::small_groups;
use zhike_lake::{Publication, Stage};

use super::bulk::Computed;
use super::{Defined, defined, manual};
use crate::segments::{as_of, day_text};
use crate::{Ctx, Result};

/// Most frequent values that are remembered.
const MAX_TOP: usize = 12;

/// How the values of a tag are spread over customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Last day that counts.
    pub as_of: String,
    /// When it was computed, in microseconds.
    pub at: i64,
    /// Customers with a value.
    pub n_customers: u64,
    /// All customers.
    pub n_total: u64,
    /// The most frequent values with how many have them; of numbers none.
    pub top: Vec<(String, u64)>,
    /// Of numbers the smallest, the quartiles and the largest.
    pub quartiles: Option<[f64; 5]>,
    /// Of numbers how many are in which range.
    pub bins: Vec<Bin>,
}

impl Spread {
    /// Of a tag's values over all customers, and its values as the table holds them.
    pub(super) fn of(computed: &Computed, cells: &[Cell<'_>], now: i64) -> (Self, Vec<(i64, String)>) {
        let ids = &computed.bulk.people.ids;
        let text = |(who, cell): (usize, &Cell<'_>)| Some((ids[who], tag_text(cell)?));
        let values: Vec<(i64, String)> = cells.iter().enumerate().filter_map(text).collect();
        let numbers = numbers(cells);
        let spread = Self {
            as_of: day_text(&computed.bulk.as_of),
            at: now,
            n_customers: values.len() as u64,
            n_total: computed.bulk.n_seen(),
            top: if numbers.is_some() { Vec::new() } else { top(&values) },
            quartiles: numbers.as_deref().map(quartiles),
            bins: numbers.as_deref().map(bins).unwrap_or_default(),
        };
        (spread, values)
    }
}

/// How the values of a tag are spread, as far as whoever asks is told; none where so few people are not told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Last day that counts.
    pub as_of: String,
    /// When it was computed, in microseconds.
    pub at: i64,
    /// Customers with a value.
    pub n_customers: Option<u64>,
    /// All customers.
    pub n_total: Option<u64>,
    /// The most frequent values with how many have them; of numbers none.
    pub top: Vec<(String, Option<u64>)>,
    /// Of numbers the smallest, the quartiles and the largest.
    pub quartiles: Option<[f64; 5]>,
    /// Of numbers how many are in which range.
    pub bins: Vec<(Bin, bool)>,
}

impl Spread {
    /// The same of some customers, whose values are counted; numbers keep their ranges.
    pub(super) fn within(self, counts: &[(String, u64)], n_total: u64) -> Self {
        let mut numbers: Vec<f64> = Vec::new();
        if !self.bins.is_empty() {
            let read = |(value, n): &(String, u64)| Some((value.parse::<f64>().ok()?, usize::try_from(*n).ok()?));
            counts.iter().filter_map(read).for_each(|(value, n)| numbers.extend(std::iter::repeat_n(value, n)));
            numbers.sort_unstable_by(f64::total_cmp);
        }
        let below =
            |limit: Option<f64>| limit.map_or(numbers.len(), |limit| numbers.partition_point(|number| *number < limit));
        let start = |from: Option<f64>| from.map_or(0, |from| below(Some(from)));
        let bins = self.bins.iter().map(|bin| Bin { n: (below(bin.below) - start(bin.from)) as u64, ..*bin });
        let bins = bins.collect();
        let mut top: Vec<(String, u64)> = if numbers.is_empty() { counts.to_vec() } else { Vec::new() };
        top.sort_unstable_by(|left, right| (right.1, &left.0).cmp(&(left.1, &right.0)));
        top.truncate(MAX_TOP);
        Self {
            n_customers: counts.iter().map(|count| count.1).sum(),
            n_total,
            top,
            quartiles: (!numbers.is_empty()).then(|| quartiles(&numbers)),
            bins,
            ..self
        }
    }

    /// What of it is told when groups of fewer than `k` are not.
    pub(super) fn told(self, k: u64) -> Told {
        let shown = small_groups::nested(&[self.n_total, self.n_customers], &[(1, 0)], k);
        let n_others = self.n_customers.saturating_sub(self.top.iter().map(|value| value.1).sum());
        // Values that are not listed are a part too.
        let values: Vec<u64> = self.top.iter().map(|value| value.1).chain([n_others]).collect();
        let of_values = small_groups::parts(&values, k);
        let of_bins = small_groups::parts(&self.bins.iter().map(|bin| bin.n).collect::<Vec<_>>(), k);
        Told {
            as_of: self.as_of,
            at: self.at,
            n_total: shown[0].then_some(self.n_total),
            n_customers: shown[1].then_some(self.n_customers),
            top: self.top.into_iter().zip(of_values).map(|((value, n), shown)| (value, shown.then_some(n))).collect(),
            quartiles: self.quartiles.filter(|_| shown[1]),
            bins: self.bins.into_iter().zip(of_bins).collect(),
        }
    }
}

/// What is remembered of the refresh of the newest day.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    inputs: u64,
    day: i64,
    /// Tags that were computed because they were asked for by name.
    asked: Vec<String>,
    pub(super) tags: BTreeMap<String, Spread>,
}

impl Run {
    /// Last day that counts.
    pub(super) const fn day(&self) -> i64 {
        self.day
    }
}

const RUN: &str = "tags_run";

pub(super) async fn last_run(ctx: &Ctx) -> Result<Option<Run>> {
    // A run that an earlier release described otherwise is simply computed again.
    Ok(ctx.store().get_meta(RUN).await?.and_then(|json| serde_json::from_str(&json).ok()))
}

/// What a refresh did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Last day that counts.
    pub as_of: String,
    /// Tags computed.
    pub n_tags: u64,
    /// Values written.
    pub n_values: u64,
    /// Whether anything was computed; false when nothing they depend on had changed.
    pub is_computed: bool,
}

/// Computes the tags of every day, and one that waits to be asked for.
///
/// **Errors**: `not_found` for a tag that there is not.
#[boxed]
pub async fn refresh(ctx: &Ctx, only: Option<&str>, day: Option<Date>, force: bool) -> Result<Done> {
    if let Some(key) = only {
        super::get(ctx, key).await?;
    }
    let _guard = ctx.write_lock().await?;
    crate::import::recover_locked(ctx).await?;
    refresh_locked(ctx, only, as_of(ctx, day).await?, force).await
}

/// As [`refresh`]; the caller holds the write lock.
pub(crate) async fn refresh_locked(ctx: &Ctx, only: Option<&str>, as_of: AsOf, force: bool) -> Result<Done> {
    let ctx = &ctx.whole();
    let before = last_run(ctx).await?;
    let of_day = before.as_ref().filter(|run| run.day == as_of.day);
    let mut asked: Vec<String> = of_day.map(|run| run.asked.clone()).unwrap_or_default();
    asked.extend(only.map(str::to_owned).filter(|key| !asked.contains(key)));
    let mut chosen = defined(ctx).await?;
    let all: Vec<String> = chosen.iter().map(|one| one.tag.key.clone()).collect();
    chosen.retain(|one| one.tag.refresh == TagRefresh::Daily || asked.contains(&one.tag.key));
    let now = ctx.now();
    let mut by_hand: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for (id, row) in manual::of_all(ctx).await? {
        let of_tag = by_hand.entry(row.tag.clone()).or_default();
        if manual::holds(&row, now) {
            of_tag.push((id, row.value));
        }
    }
    // A tag whose definition is new is computed, not put.
    by_hand.retain(|key, _| !all.contains(key));
    ctx.refresh_overrides().await?;
    let inputs = inputs(ctx, &chosen, &by_hand, &as_of).await?;
    let text = day_text(&as_of);
    if let Some(run) = of_day.filter(|run| run.inputs == inputs && !force) {
        let n_values = run.tags.values().filter(|spread| spread.as_of == text).map(|spread| spread.n_customers).sum();
        return Ok(Done { as_of: text, n_tags: chosen.len() as u64, n_values, is_computed: false });
    }
    let tags: Vec<&Tag> = chosen.iter().map(|one| &one.tag).collect();
    let day = as_of.day;
    let computed = Computed::new(ctx, &tags, as_of).await?;
    let mut spreads = before.as_ref().map(|run| run.tags.clone()).unwrap_or_default();
    spreads.retain(|key, _| by_hand.contains_key(key) || all.contains(key));
    let batch_id = ctx.vault().random_id();
    let mut stage = ctx.lake().stage("tags", batch_id, "new")?;
    let mut n_values = 0;
    for tag in &tags {
        let (cells, _) = computed.values(ctx, tag).await?;
        let (spread, values) = Spread::of(&computed, &cells, now);
        push(&mut stage, &tag.key, &values, day)?;
        n_values += values.len() as u64;
        spreads.insert(tag.key.clone(), spread);
    }
    for (key, values) in &by_hand {
        push(&mut stage, key, values, day)?;
        n_values += values.len() as u64;
        let spread = Spread {
            as_of: text.clone(),
            at: now,
            n_customers: values.len() as u64,
            n_total: computed.bulk.people.n() as u64,
            top: top(values),
            quartiles: None,
            bins: Vec::new(),
        };
        spreads.insert(key.clone(), spread);
    }
    let mut publication = Publication::default();
    publication.change("tags", stage.finish()?, ctx.lake().files_of_day("tags", "as_of", day).await?);
    ctx.step("tags.staged")?;
    ctx.lake().publish(batch_id, &publication).await?;
    ctx.step("tags.published")?;
    // What is shown in lists is of the newest day.
    if before.as_ref().is_none_or(|run| run.day <= day) {
        let run = Run { inputs, day, asked, tags: spreads };
        let json = serde_json::to_string(&run).map_err(|error| crate::Error::bug("a refresh as JSON", error))?;
        ctx.store().set_meta(RUN, &json).await?;
    }
    Ok(Done { as_of: text, n_tags: (tags.len() + by_hand.len()) as u64, n_values, is_computed: true })
}

/// All that the values of a day depend on, as one number.
async fn inputs(
    ctx: &Ctx,
    chosen: &[Defined],
    by_hand: &BTreeMap<String, Vec<(i64, String)>>,
    as_of: &AsOf,
) -> Result<u64> {
    let mut tables: Vec<&str> = Source::ALL.iter().map(|source| source.table()).collect();
    tables.extend(SCORES.iter().map(|score| score.table));
    tables.extend(["refunds", "products"]);
    tables.sort_unstable();
    tables.dedup();
    let mut hasher = DefaultHasher::new();
    for one in chosen {
        one.tag.to_json().to_string().hash(&mut hasher);
        // What must not have happened depends on how late it is.
        if one.tag.leaves().iter().any(Leaf::waits) {
            as_of.until().hash(&mut hasher);
        }
    }
    let (state, overrides) = (ctx.store().state_version().await?, ctx.store().overrides_version().await?);
    (by_hand, as_of.day, state, overrides, ctx.lake().versions(&tables).await?).hash(&mut hasher);
    Ok(hasher.finish())
}

/// Writes the values of a tag; when nobody has one, a row without a customer.
fn push(stage: &mut Stage, key: &str, values: &[(i64, String)], day: i64) -> Result<()> {
    const ROWS: usize = 1 << 18;
    let mut write = |ids: Vec<Option<i64>>, texts: TextColumn| {
        let n = ids.len();
        let same = |value: Option<i64>| Column::Num(std::iter::repeat_n(value, n).collect());
        let frame = Frame::new(n)
            .with("profile_id", ColumnType::Int, Column::Num(ids.into_iter().collect()))
            .with("tag", ColumnType::Text, Column::Text(std::iter::repeat_n(Some(key), n).collect()))
            .with("value", ColumnType::Text, Column::Text(texts))
            .with("as_of", ColumnType::Day, same(Some(day)));
        stage.push(frame)
    };
    if values.is_empty() {
        write(vec![None], std::iter::once(None).collect())?;
    }
    for part in values.chunks(ROWS) {
        let texts = part.iter().map(|(_, value)| Some(value.as_str())).collect();
        write(part.iter().map(|(id, _)| Some(*id)).collect(), texts)?;
    }
    Ok(())
}

/// The most frequent values; of several as frequent the smaller first.
fn top(values: &[(i64, String)]) -> Vec<(String, u64)> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    values.iter().for_each(|(_, value)| *counts.entry(value).or_default() += 1);
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_unstable_by(|left, right| (right.1, left.0).cmp(&(left.1, right.0)));
    counts.into_iter().take(MAX_TOP).map(|(value, n)| (value.to_owned(), n)).collect()
}

/// Numbers, ascending; none when values are no numbers, or there are none.
fn numbers(cells: &[Cell<'_>]) -> Option<Vec<f64>> {
    let mut numbers: Vec<f64> = Vec::new();
    for cell in cells {
        match cell {
            Cell::Missing => {}
            Cell::Number(number) => numbers.push(*number),
            _ => return None,
        }
    }
    numbers.sort_unstable_by(f64::total_cmp);
    (!numbers.is_empty()).then_some(numbers)
}

/// Smallest, quartiles and largest.
fn quartiles(sorted: &[f64]) -> [f64; 5] {
    [0, 1, 2, 3, 4].map(|quarter| sorted[(sorted.len() - 1) * quarter / 4])
}
