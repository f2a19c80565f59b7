//! Segments beside each other: who is in several of them, and what sets one apart.

use crate::boxed;
use jiff::civil::Date;
use zhike_domain::audience::{Cell, Rule, SCORES, Set, TRAITS, cell_of};
use zhike_domain::small_groups;

use super::bulk::Bulk;
use super::people::{Seeker, is_word, numbers};
use super::{Segment, as_of, day_text, rule_of, rule_or_list};
use crate::{Ctx, Error, Result};

/// Segments laid over each other at most.
const MAX_SETS: usize = 8;
/// Differences shown.
const MAX_DIFFERENCES: usize = 30;
/// Words of an attribute that are compared, the most frequent first.
const MAX_WORDS: usize = 20;

/// How many customers are in exactly these of several segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Positions in the list asked for, ascending.
    pub segments: Vec<usize>,
    /// Customers in all of these and in none of the others; none where so few are not told.
    pub count: Option<u64>,
}

/// Lays segments over each other: every combination that somebody is in, the largest first. Adds their sizes.
///
/// **Errors**: `bad_request` for fewer than two or more than eight.
#[boxed]
pub async fn overlap(
    ctx: &Ctx,
    segments: &[Segment],
    day: Option<Date>,
) -> Result<(Vec<Option<u64>>, Vec<Overlap>, String)> {
    if !(2..=MAX_SETS).contains(&segments.len()) {
        return Err(Error::bad_request(
            format!("an overlap is of 2 to {MAX_SETS} segments"),
            format!("重叠分析需要 2 到 {MAX_SETS} 个分群"),
        ));
    }
    let mut bulk = Bulk::new(ctx, as_of(ctx, day).await?).await?;
    let mut sets = Vec::new();
    for segment in segments {
        sets.push(set_of(ctx, &mut bulk, segment).await?);
    }
    let mut counts = vec![0_u64; 1 << sets.len()];
    for who in 0..bulk.people.n() {
        let mask = sets.iter().enumerate().fold(0, |mask, (at, set)| mask | usize::from(set.contains(who)) << at);
        counts[mask] += 1;
    }
    counts[0] = bulk.n_seen().saturating_sub(counts[1..].iter().sum());
    let divisions: Vec<Vec<usize>> =
        (0..sets.len()).map(|at| (0..counts.len()).map(|mask| mask >> at & 1).collect()).collect();
    let shown = small_groups::cells(&counts, &divisions, ctx.min_group());
    let mut found: Vec<Overlap> = (1..counts.len())
        .filter(|mask| counts[*mask] > 0)
        .map(|mask| Overlap {
            segments: (0..sets.len()).filter(|at| mask >> at & 1 == 1).collect(),
            count: shown.cells[mask].then_some(counts[mask]),
        })
        .collect();
    found.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.segments.cmp(&b.segments)));
    let size = |(at, set): (usize, &Set)| shown.classes[at][1].then(|| set.count());
    Ok((sets.iter().enumerate().map(size).collect(), found, day_text(&bulk.as_of)))
}

async fn set_of(ctx: &Ctx, bulk: &mut Bulk, segment: &Segment) -> Result<Set> {
    let rule = rule_of(segment, rule_or_list(ctx, &segment.id.to_string()).await?);
    bulk.rule(ctx, &rule).await
}

/// One attribute in which two groups differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Trait or score.
    pub field: String,
    /// Its label, Chinese and English.
    pub label: (String, String),
    /// The word whose shares are compared; missing where means are.
    pub value: Option<String>,
    /// Share or mean in the first.
    pub left: f64,
    /// Share or mean in the second.
    pub right: f64,
    /// Difference in standard deviations: 0.2 is small, 0.8 is large.
    pub size: f64,
}

/// Two groups beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Customers of the first; none where so few are not told.
    pub n_left: Option<u64>,
    /// Customers of the second, likewise.
    pub n_right: Option<u64>,
    /// Customers of both, likewise.
    pub n_both: Option<u64>,
    /// In what they differ most, the most first; nothing of a group that is not told.
    pub differences: Vec<Difference>,
    /// Last day that counts.
    pub as_of: String,
}

/// Compares a segment with another, or with all customers, over traits and scores.
///
/// The size of a difference is that of means, or of shares, over the standard deviation of the two groups pooled.
#[boxed]
pub async fn compare(ctx: &Ctx, left: &Segment, right: Option<&Segment>, day: Option<Date>) -> Result<Compared> {
    let mut bulk = Bulk::new(ctx, as_of(ctx, day).await?).await?;
    let a = set_of(ctx, &mut bulk, left).await?;
    let b = match right {
        Some(right) => set_of(ctx, &mut bulk, right).await?,
        None => bulk.rule(ctx, &Rule::All(Vec::new())).await?,
    };
    let mut both = a.clone();
    both.and(&b);
    let (n_left, n_right, n_both) = (a.count(), b.count(), both.count());
    let n_none = bulk.n_seen().saturating_sub(n_left + n_right - n_both);
    let divisions = [vec![1, 0, 1, 0], vec![0, 1, 1, 0]];
    let k = ctx.min_group();
    let shown = small_groups::cells(&[n_left - n_both, n_right - n_both, n_both, n_none], &divisions, k);
    let (n_left, n_right) = (shown.classes[0][1].then_some(n_left), shown.classes[1][1].then_some(n_right));
    let n_both = shown.cells[2].then_some(n_both);
    let as_of = day_text(&bulk.as_of);
    if n_left.is_none() || n_right.is_none() {
        return Ok(Compared { n_left, n_right, n_both, differences: Vec::new(), as_of });
    }
    let mut differences = differences(ctx, &bulk, &a, &b, k).await?;
    differences.truncate(MAX_DIFFERENCES);
    Ok(Compared { n_left, n_right, n_both, differences, as_of })
}

/// In what two groups differ, over traits and scores, the most first.
pub(crate) async fn differences(ctx: &Ctx, bulk: &Bulk, a: &Set, b: &Set, k: u64) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for (name, _, zh, en) in TRAITS.iter().filter(|(name, ..)| is_word(name) || *name == "birth_year") {
        let column = bulk.people.column(ctx, name).await?;
        let label = ((*zh).to_owned(), (*en).to_owned());
        differ_by(name, &label, (a, b, k), &mut differences, |at| cell_of(column.0, &column.1, at));
    }
    for score in SCORES {
        let frame = ctx.lake().scores(score.table, score.column, score.only, bulk.as_of.day, None).await?;
        let field = frame.fields().iter().find(|field| field.name == "value");
        let (Some(field), Some(column), 1..) = (field, frame.column("value"), frame.n_rows()) else { continue };
        let mut rows = vec![None; bulk.people.n()];
        let mut seeker = Seeker::default();
        for (row, id) in numbers(&frame, "profile_id").into_iter().enumerate() {
            if let Some(at) = seeker.at(&bulk.people.ids, id) {
                rows[at] = Some(row);
            }
        }
        let label = (score.label.0.to_owned(), score.label.1.to_owned());
        differ_by(score.name, &label, (a, b, k), &mut differences, |at| {
            rows[at].map_or(Cell::Missing, |row| cell_of(field.kind, column, row))
        });
    }
    differences.retain(|one| one.size != 0.0);
    differences.sort_by(|a, b| b.size.abs().total_cmp(&a.size.abs()).then_with(|| a.field.cmp(&b.field)));
    Ok(differences)
}

/// Sums of one group.
#[derive(Default)]
struct Sums {
    n: f64,
    sum: f64,
    squares: f64,
    words: std::collections::HashMap<String, f64>,
}

fn differ_by<'a>(
    name: &str,
    label: &(String, String),
    (a, b, k): (&Set, &Set, u64),
    found: &mut Vec<Difference>,
    cell: impl Fn(usize) -> Cell<'a>,
) {
    let sums = |set: &Set| {
        let mut sums = Sums::default();
        for at in set.iter() {
            match cell(at) {
                Cell::Number(number) => {
                    sums.n += 1.0;
                    sums.sum += number;
                    sums.squares += number * number;
                }
                Cell::Text(text) => {
                    sums.n += 1.0;
                    match sums.words.get_mut(text.as_ref()) {
                        Some(n) => *n += 1.0,
                        None => drop(sums.words.insert(text.into_owned(), 1.0)),
                    }
                }
                _ => {}
            }
        }
        sums
    };
    let (left, right) = (sums(a), sums(b));
    let is_small = |n: f64| small_groups::is_small(n as u64, k);
    if left.n == 0.0 || right.n == 0.0 || is_small(left.n) || is_small(right.n) {
        return;
    }
    let one = |value: Option<String>, (left, left_var): (f64, f64), (right, right_var): (f64, f64)| {
        let deviation = ((left_var + right_var) / 2.0).sqrt();
        let size = if deviation > 0.0 { (left - right) / deviation } else { 0.0 };
        Difference { field: name.to_owned(), label: label.clone(), value, left, right, size }
    };
    if left.words.is_empty() && right.words.is_empty() {
        let mean = |sums: &Sums| {
            let mean = sums.sum / sums.n;
            (mean, (sums.squares / sums.n - mean * mean).max(0.0))
        };
        found.push(one(None, mean(&left), mean(&right)));
        return;
    }
    let mut words: Vec<(&String, f64)> = left.words.iter().chain(&right.words).map(|(word, n)| (word, *n)).collect();
    words.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let mut seen = std::collections::HashSet::new();
    // A share tells how many have the word, and how many have another.
    let tells = |word: &String, sums: &Sums| {
        let n = sums.words.get(word).copied().unwrap_or(0.0);
        is_small(n) || is_small(sums.n - n)
    };
    words.retain(|(word, _)| seen.insert(*word) && !tells(word, &left) && !tells(word, &right));
    for (word, _) in words.into_iter().take(MAX_WORDS) {
        let share = |sums: &Sums| {
            let share = sums.words.get(word).copied().unwrap_or(0.0) / sums.n;
            (share, share * (1.0 - share))
        };
        found.push(one(Some(word.clone()), share(&left), share(&right)));
    }
}
