//! What customers need, as rules that people read; and what those who had little of the range may take next.
//!
//! Rules are learnt from what customers were as of a day and what they bought in the window after it, and graded on the next
//! such window: a rule holds if those who meet it buy its good more often than the others.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use zhike_domain::learn::{Feature, features};
use zhike_lake::GoodsBy;
use zhike_ml::groups::benjamini_hochberg;
use zhike_ml::lift::{Rate, compare_rates};
use zhike_ml::needs::{Condition, Options, Rule, Tree, Weights};
use zhike_ml::recommend::{ListOptions, Repeats};

use super::known::TABLES;
use super::learnt::{History, Kept, Learning, Recommending, Status, history};
use super::lines::Bought;
use crate::work::{threads, worked};
use crate::{Ctx, Result, models};

/// Days of a window, and those of the next tries when too few bought in it.
const WINDOWS: [i64; 3] = [30, 90, 180];
/// Customers of a window at least.
const MIN_PEOPLE: usize = 200;
/// Goods that rules are learnt of, and customers who bought one most.
const MAX_GOODS: usize = 12;
const MIN_OF_GOOD: usize = 20;
/// Customers that are learnt from, and graded, at most.
const MAX_ROWS: usize = 30_000;
/// Days of earlier purchases that say what somebody is used to; who bought nothing in them is told nothing.
const USED_DAYS: i64 = 365;
/// Decisions of a rule at most.
const MAX_DEPTH: usize = 4;
/// Share of all, and number, of those who meet a rule at least.
const MIN_LEAF: (f64, f64) = (0.01, 30.0);
/// Chance of a coincidence at most, of rules that hold.
const SURE: f64 = 0.05;
const CONFIDENCE: f64 = 0.95;

/// What a rule looks at.
#[derive(Clone, Debug)]
pub(super) enum Looks {
    /// At a number of the customer.
    At(&'static Feature),
    /// At the days on which a good was bought in the year before, by its name.
    Bought(String),
}

/// A rule with its grade and who meets it.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) conditions: Vec<(Looks, Condition)>,
    /// Number of the good.
    pub(super) good: u32,
    /// Learnt from so many.
    pub(super) n_learnt: u64,
    /// Of the later window: who met it, and bought the good; all, and who of them did.
    pub(super) graded: [u64; 4],
    /// Difference to the others with its interval; none without others.
    pub(super) differs: Option<[f64; 3]>,
    /// Chance of a coincidence, corrected for all rules.
    pub(super) q: f64,
    pub(super) holds: bool,
    /// Who meets it now, ascending; and those of them who did not buy the good in the year before.
    pub(super) meets: Vec<i64>,
    pub(super) without: Vec<i64>,
}

/// How often a word given beforehand came true. **Units**: shares of graded customers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeedGrade {
    /// Customers of the later window.
    pub n: u64,
    /// They bought the good of their rule.
    pub by_rule: f64,
    /// They bought what they had bought most.
    pub by_habit: f64,
    /// They bought what sells best.
    pub by_best_seller: f64,
}

/// What was learnt of needs.
pub(super) struct Needs {
    pub(super) day: i64,
    pub(super) window: i64,
    pub(super) n_learnt: u64,
    pub(super) n_refused: u64,
    /// None where too few bought in two windows, or no two goods are what enough of them bought most.
    pub(super) grade: Option<NeedGrade>,
    /// Whether it is for the second.
    pub(super) is_scattered: bool,
    pub(super) status: Status,
    pub(super) goods: Vec<String>,
    pub(super) rules: Vec<Need>,
    /// What each customer of the last year has not had and may take next, by good; ids ascending.
    pub(super) extension: BTreeMap<u32, Vec<i64>>,
    /// How good that is, by lists of one.
    pub(super) told: Recommending,
}

impl Needs {
    /// The rule that a customer meets.
    pub(super) fn of(&self, id: i64) -> Option<&Need> {
        self.rules.iter().find(|rule| rule.meets.binary_search(&id).is_ok())
    }
}

/// What was learnt of a level.
pub(super) async fn needs(ctx: &Ctx, level: GoodsBy) -> Result<Arc<Needs>> {
    ctx.learnt_of_goods().needs(level).get(ctx, (), &TABLES, |ctx| learn(ctx, level)).await
}

/// What customers bought within days, who are of which number.
struct Window {
    /// Numbers of customers, ascending.
    who: Vec<u32>,
    /// The good that each bought on most days.
    most: Vec<u32>,
    /// All that each bought.
    all: Vec<BTreeSet<u32>>,
}

impl Window {
    /// Of customers who had bought in the year before it.
    fn new(lines: &[Bought], cut: i64, window: i64) -> Self {
        let (mut who, mut most, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for own in lines.chunk_by(|a, b| a.who == b.who) {
            let is_used = own.iter().any(|one| one.is_within(year_to(cut)));
            let within = own.iter().filter(|one| one.is_within(cut + 1..=cut + window));
            if let Some(good) = often(within.clone()).filter(|_| is_used) {
                who.push(own[0].who);
                most.push(good);
                all.push(within.map(|one| one.good).collect());
            }
        }
        Self { who, most, all }
    }

    /// Where a customer stands in it.
    fn place(&self, history: &History, id: i64) -> Option<usize> {
        self.who.binary_search(&history.number(id)?).ok()
    }

    /// Spread evenly, so many at most.
    fn thinned(self, n: usize) -> Self {
        if self.who.len() <= n {
            return self;
        }
        let places: Vec<usize> = (0..n).map(|at| at * self.who.len() / n).collect();
        Self {
            who: places.iter().map(|at| self.who[*at]).collect(),
            most: places.iter().map(|at| self.most[*at]).collect(),
            all: places.iter().map(|at| self.all[*at].clone()).collect(),
        }
    }
}

/// The good bought on most days, then the most of, then the first by name.
fn often<'a>(lines: impl Iterator<Item = &'a Bought>) -> Option<u32> {
    let mut counts: BTreeMap<u32, (BTreeSet<i32>, f64)> = BTreeMap::new();
    for one in lines {
        let own = counts.entry(one.good).or_default();
        own.0.insert(one.day);
        own.1 += one.quantity;
    }
    let better = |a: &(&u32, &(BTreeSet<i32>, f64)), b: &(&u32, &(BTreeSet<i32>, f64))| {
        a.1.0.len().cmp(&b.1.0.len()).then(a.1.1.total_cmp(&b.1.1)).then(b.0.cmp(a.0))
    };
    counts.iter().max_by(better).map(|(good, _)| *good)
}

/// Numbers of customers as of a day.
struct Rows {
    /// Customers, ascending.
    ids: Vec<i64>,
    looks: Vec<Looks>,
    /// Row by row; what is missing is not a number.
    values: Vec<f64>,
}

impl Rows {
    /// Of customers by number, ascending; `goods` are those that habits are told of.
    async fn read(ctx: &Ctx, history: &History, who: &[u32], goods: &[u32], cut: i64) -> Result<Self> {
        let ids: Vec<i64> = who.iter().map(|who| history.people.ids[*who as usize]).collect();
        let before = models::before(ctx, &ids, cut).await?;
        let known: Vec<Option<&'static Feature>> = before
            .keys
            .iter()
            // What follows from a model of purchases is no rule that anybody could apply.
            .map(|key| features().iter().find(|feature| feature.key == *key && feature.tag.is_some()))
            .collect();
        let mut looks: Vec<Looks> = known.iter().flatten().map(|feature| Looks::At(feature)).collect();
        looks.extend(goods.iter().map(|good| Looks::Bought(history.lines.goods[*good as usize].clone())));
        let n_columns = before.keys.len();
        let mut values = Vec::with_capacity(before.ids.len() * looks.len());
        for (row, id) in before.ids.iter().enumerate() {
            let own = &before.values[row * n_columns..(row + 1) * n_columns];
            values.extend(own.iter().zip(&known).filter(|(_, known)| known.is_some()).map(|(value, _)| *value));
            let used = history.bought_by(*id).iter().filter(|one| one.is_within(year_to(cut)));
            let days: BTreeSet<(u32, i32)> = used.map(|one| (one.good, one.day)).collect();
            values.extend(goods.iter().map(|good| days.range((*good, i32::MIN)..=(*good, i32::MAX)).count() as f64));
        }
        Ok(Self { ids: before.ids, looks, values })
    }

    fn row(&self, at: usize) -> &[f64] {
        &self.values[at * self.looks.len()..(at + 1) * self.looks.len()]
    }

    /// The columns of another table by what they look at, in their order, with what stands for what is missing.
    fn as_in(&self, looks: &[Looks], filled: &[f64]) -> Vec<f64> {
        let same = |a: &Looks, b: &Looks| match (a, b) {
            (Looks::At(a), Looks::At(b)) => a.key == b.key,
            (Looks::Bought(a), Looks::Bought(b)) => a == b,
            _ => false,
        };
        let places: Vec<Option<usize>> =
            looks.iter().map(|own| self.looks.iter().position(|other| same(own, other))).collect();
        let value = |row: usize, at: usize| match places[at].map(|place| self.row(row)[place]) {
            Some(value) if !value.is_nan() => value,
            _ => filled[at],
        };
        (0..self.ids.len())
            .flat_map(|row| (0..looks.len()).map(move |at| (row, at)))
            .map(|(r, a)| value(r, a))
            .collect()
    }

    /// The columns that most have, with their medians.
    fn common(&self) -> (Vec<Looks>, Vec<f64>) {
        let median = |at: usize| {
            let mut values: Vec<f64> =
                (0..self.ids.len()).map(|row| self.row(row)[at]).filter(|value| !value.is_nan()).collect();
            values.sort_unstable_by(f64::total_cmp);
            (values.len() * 2 > self.ids.len()).then(|| values[values.len() / 2])
        };
        let all = (0..self.looks.len()).filter_map(|at| Some((self.looks[at].clone(), median(at)?)));
        all.unzip()
    }
}

/// The year that ends with a day.
const fn year_to(day: i64) -> RangeInclusive<i64> {
    day - USED_DAYS + 1..=day
}

impl Bought {
    fn is_within(&self, days: RangeInclusive<i64>) -> bool {
        days.contains(&self.day.into())
    }
}

impl History {
    /// Number of a customer.
    fn number(&self, id: i64) -> Option<u32> {
        self.people.ids.binary_search(&id).ok().map(|at| at as u32)
    }

    /// What a customer bought.
    fn bought_by(&self, id: i64) -> &[Bought] {
        self.number(id).map_or(&[], |who| bought_by(&self.lines.all, who))
    }
}

/// What a customer bought, of lines sorted by customer.
fn bought_by(lines: &[Bought], who: u32) -> &[Bought] {
    let from = lines.partition_point(|one| one.who < who);
    let n = lines[from..].partition_point(|one| one.who == who);
    &lines[from..from + n]
}

async fn learn(ctx: Ctx, level: GoodsBy) -> Result<Needs> {
    let history = Arc::new(history(&ctx, level).await?);
    let (own, day) = (history.clone(), history.day);
    let (kept, extension, now) = worked("needs", move || {
        let now: Vec<u32> = own
            .lines
            .all
            .chunk_by(|a, b| a.who == b.who)
            .filter(|own| own.iter().any(|one| one.is_within(year_to(day))))
            .map(|own| own[0].who)
            .collect();
        let kept = Learning::new(&own, 1).learn()?;
        let extension = extension(&own, &kept, &now);
        Ok::<_, crate::Error>((kept, extension, now))
    })
    .await??;
    let mut found = Needs {
        day,
        window: WINDOWS[0],
        n_learnt: 0,
        n_refused: history.n_refused,
        grade: None,
        is_scattered: false,
        status: Status::Withheld,
        goods: history.lines.goods.clone(),
        rules: Vec::new(),
        extension,
        told: kept.told,
    };
    let windows = |window: i64| {
        let earlier = Window::new(&history.lines.all, day - 2 * window, window);
        let later = Window::new(&history.lines.all, day - window, window);
        let is_enough = earlier.who.len().min(later.who.len()) >= MIN_PEOPLE;
        is_enough.then(|| (window, earlier.thinned(MAX_ROWS), later.thinned(MAX_ROWS)))
    };
    let Some((window, earlier, later)) = WINDOWS.into_iter().find_map(windows) else { return Ok(found) };
    found.window = window;
    let classes = classes(&earlier);
    if classes.len() < 2 {
        found.is_scattered = true;
        return Ok(found);
    }
    let learnt_from = Rows::read(&ctx, &history, &earlier.who, &classes, day - 2 * window).await?;
    let graded_by = Rows::read(&ctx, &history, &later.who, &classes, day - window).await?;
    let all_now = Rows::read(&ctx, &history, &now, &classes, day).await?;
    let own = history.clone();
    worked("needs", move || {
        grow(&mut found, &own, &classes, (&earlier, &learnt_from), (&later, &graded_by), &all_now);
        found
    })
    .await
}

/// Goods that enough customers bought most, by number.
fn classes(window: &Window) -> Vec<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    window.most.iter().for_each(|good| *counts.entry(*good).or_default() += 1);
    let least = MIN_OF_GOOD.max(window.who.len() / 100);
    let mut classes: Vec<(u32, usize)> = counts.into_iter().filter(|(_, n)| *n >= least).collect();
    classes.sort_by_key(|(good, n)| (std::cmp::Reverse(*n), *good));
    classes.into_iter().take(MAX_GOODS).map(|(good, _)| good).collect()
}

/// Rules of a tree over customers, with the columns that it looks at.
struct Grown {
    tree: Tree,
    looks: Vec<Looks>,
    /// What stands for what is missing, by column.
    filled: Vec<f64>,
    n_learnt: u64,
}

impl Grown {
    /// Learns what customers with such numbers bought most in the window; goods that are no class are one, of which no rule
    /// is told. None where there is nothing to tell apart.
    fn new(history: &History, classes: &[u32], window: &Window, numbers: &Rows) -> Option<Self> {
        let (looks, filled) = numbers.common();
        let n_columns = looks.len();
        let other = classes.len() as u32;
        let label = |id: &i64| {
            let good = window.place(history, *id).map(|at| window.most[at]);
            classes.iter().position(|class| Some(*class) == good).map_or(other, |at| at as u32)
        };
        let mut labels: Vec<u32> = numbers.ids.iter().map(label).collect();
        let mut rows = numbers.as_in(&looks, &filled);
        if labels.iter().filter(|label| **label == other).count() < MIN_OF_GOOD {
            let all = rows.chunks(n_columns).zip(&labels);
            rows = all.filter(|(_, label)| **label != other).flat_map(|(row, _)| row.to_vec()).collect();
            labels.retain(|label| *label != other);
        }
        let options = Options {
            max_depth: MAX_DEPTH,
            min_leaf_ratio: MIN_LEAF.0.max(MIN_LEAF.1 / labels.len().max(1) as f64).min(0.5),
            weights: Weights::Classes,
            n_threads: threads(),
        };
        // Decisions that change no word would only make rules longer.
        let tree = Tree::grow(&rows, n_columns, &labels, &options).ok()?.simple();
        Some(Self { tree, looks, filled, n_learnt: labels.len() as u64 })
    }

    /// The leaf of each customer.
    fn leaves(&self, numbers: &Rows) -> Vec<Option<usize>> {
        let rows = numbers.as_in(&self.looks, &self.filled);
        rows.chunks(self.looks.len()).map(|row| self.tree.leaf(row)).collect()
    }
}

/// Customers of the later window: the leaf of each, and what each bought in it.
struct Later<'a> {
    ids: &'a [i64],
    leaves: Vec<Option<usize>>,
    bought: Vec<&'a BTreeSet<u32>>,
}

impl Later<'_> {
    /// Of a rule and its good: who met it, and bought the good; all, and who of them did.
    fn graded(&self, leaf: usize, good: u32) -> [u64; 4] {
        let mut graded = [0; 4];
        for (own, bought) in self.leaves.iter().zip(&self.bought) {
            let (is_it, has_it) = (*own == Some(leaf), bought.contains(&good));
            graded[0] += u64::from(is_it);
            graded[1] += u64::from(is_it && has_it);
            graded[2] += 1;
            graded[3] += u64::from(has_it);
        }
        graded
    }

    /// How often a word given beforehand came true; `named` is the good of each leaf, `cut` the day before the window.
    fn grade(&self, history: &History, named: &BTreeMap<usize, u32>, best_seller: u32, cut: i64) -> Option<NeedGrade> {
        let mut hits = [0_u64; 3];
        for ((id, leaf), bought) in self.ids.iter().zip(&self.leaves).zip(&self.bought) {
            let habit = often(history.bought_by(*id).iter().filter(|one| one.is_within(year_to(cut))));
            let by_rule = leaf.and_then(|leaf| named.get(&leaf).copied());
            for (hits, good) in hits.iter_mut().zip([by_rule, habit, Some(best_seller)]) {
                *hits += u64::from(good.is_some_and(|good| bought.contains(&good)));
            }
        }
        let n = self.bought.len() as u64;
        let [by_rule, by_habit, by_best_seller] = hits.map(|hits| hits as f64 / n as f64);
        (n > 0).then_some(NeedGrade { n, by_rule, by_habit, by_best_seller })
    }
}

/// Learns rules of the earlier window, grades them on the later one, and says who meets them now.
fn grow(
    found: &mut Needs,
    history: &History,
    classes: &[u32],
    earlier: (&Window, &Rows),
    later: (&Window, &Rows),
    now: &Rows,
) {
    let Some(grown) = Grown::new(history, classes, earlier.0, earlier.1) else { return };
    found.n_learnt = grown.n_learnt;
    let all = later.1.ids.iter();
    let later = Later {
        ids: &later.1.ids,
        leaves: grown.leaves(later.1),
        bought: all.filter_map(|id| later.0.place(history, *id).map(|at| &later.0.all[at])).collect(),
    };
    let standing = grown.leaves(now);
    let need = |rule: Rule| {
        let good = *classes.get(rule.class)?;
        let graded = later.graded(rule.leaf, good);
        let others = Rate { n_done: graded[3] - graded[1], n: graded[2] - graded[0] };
        let compared = compare_rates(others, Rate { n_done: graded[1], n: graded[0] }, CONFIDENCE).ok();
        let meets: Vec<i64> =
            now.ids.iter().zip(&standing).filter(|(_, leaf)| **leaf == Some(rule.leaf)).map(|(id, _)| *id).collect();
        let has_had =
            |id: i64| history.bought_by(id).iter().any(|one| one.good == good && one.is_within(year_to(history.day)));
        let without = meets.iter().copied().filter(|id| !has_had(*id)).collect();
        Some(Need {
            conditions: rule.conditions.iter().map(|one| (grown.looks[one.feature].clone(), *one)).collect(),
            good,
            n_learnt: rule.n_rows.into(),
            graded,
            differs: compared.map(|one| [one.difference, one.low, one.high]),
            q: compared.map_or(1.0, |one| one.p),
            holds: false,
            meets,
            without,
        })
    };
    let rules = grown.tree.rules();
    let named = rules.iter().filter_map(|rule| Some((rule.leaf, *classes.get(rule.class)?))).collect();
    found.rules = rules.into_iter().filter_map(need).collect();
    let q = benjamini_hochberg(&found.rules.iter().map(|rule| rule.q).collect::<Vec<f64>>());
    for (rule, q) in found.rules.iter_mut().zip(q) {
        rule.q = q;
        rule.holds = q < SURE && rule.differs.is_some_and(|differs| differs[0] > 0.0);
    }
    found.rules.sort_by(|a, b| b.holds.cmp(&a.holds).then(lift(b).total_cmp(&lift(a))));
    found.grade = later.grade(history, &named, classes[0], found.day - found.window);
    if let Some(grade) = found.grade {
        let is_better = grade.by_rule > grade.by_habit.max(grade.by_best_seller);
        found.status = if is_better { Status::InUse } else { Status::Withheld };
    }
}

/// How often those who met a rule bought its good, over how often all did.
pub(super) fn lift(rule: &Need) -> f64 {
    let share = |done: u64, n: u64| if n == 0 { 0.0 } else { done as f64 / n as f64 };
    let usual = share(rule.graded[3], rule.graded[2]);
    if usual == 0.0 { 0.0 } else { share(rule.graded[1], rule.graded[0]) / usual }
}

/// The best good that each customer has not had.
fn extension(history: &History, kept: &Kept, now: &[u32]) -> BTreeMap<u32, Vec<i64>> {
    let mut found: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    let Some(learnt) = &kept.learnt else { return found };
    let recommender = learnt.over(&kept.table);
    let ids: Vec<i64> = now.iter().map(|who| history.people.ids[*who as usize]).collect();
    let known: Vec<(i64, usize)> =
        ids.into_iter().filter_map(|id| Some((id, kept.table.customer(id as u64)?))).collect();
    // More than one: some are not sold any more.
    let options = ListOptions { n_products: 10, repeats: Repeats::Never, n_reasons: 0, n_threads: threads() };
    let lists = recommender.lists(&known.iter().map(|one| one.1).collect::<Vec<_>>(), &options);
    for ((id, _), list) in known.iter().zip(lists) {
        if let Some(best) = list.iter().find(|one| kept.is_on_sale[one.product as usize]) {
            found.entry(best.product as u32).or_default().push(*id);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(who: u32, day: i32, good: u32, quantity: f64) -> Bought {
        Bought { who, order: 0, day, good, quantity }
    }

    #[test]
    fn what_is_bought_most_is_by_days_then_units_then_name() {
        let lines = [line(0, 1, 3, 9.0), line(0, 1, 2, 1.0), line(0, 2, 2, 1.0)];
        assert_eq!(often(lines.iter()), Some(2));
        assert_eq!(often([line(0, 1, 3, 1.0), line(0, 1, 2, 1.0)].iter()), Some(2));
        assert_eq!(often([line(0, 1, 3, 2.0), line(0, 1, 2, 1.0)].iter()), Some(3));
        assert_eq!(often([].iter()), None);
    }

    #[test]
    fn a_window_is_of_those_who_had_bought_in_the_year_before() {
        let lines = [
            line(0, 100, 1, 1.0),
            line(0, 405, 2, 1.0),
            line(0, 411, 1, 1.0),
            line(1, 405, 2, 1.0),
            line(2, 10, 1, 1.0),
            line(2, 405, 1, 1.0),
        ];
        let window = Window::new(&lines, 400, 10);
        assert_eq!((window.who, window.most), (vec![0], vec![2]));
        assert_eq!(bought_by(&lines, 1).len(), 1);
        assert!(bought_by(&lines, 9).is_empty());
    }
}
