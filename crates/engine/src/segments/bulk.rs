//! Conditions over all customers at once: each becomes a set, groups are algebra on sets.
//!
//! Conditions on facts are gathered by table, and one scan of a table answers all of them; what was answered is kept as
//! long as nothing it depends on has changed, so that editing one condition reads facts for that one alone.
//! INV-SEGMENTS-1: the answer is that of `zhike_domain::audience::holds` on every customer.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use zhike_domain::access::Scope;
use zhike_domain::audience::{
    AsOf, FieldKind, Filter, Leaf, Measure, Rule, Set, Source, Test, Window, micro, score_of,
};
use zhike_domain::frame::{Column, ColumnType, Frame};
use zhike_domain::import::entity::IdentityKind;
use zhike_lake::FactScan;

use super::people::{People, Seeker, numbers, passing, people};
use super::tally::{Fact, Following, Steps, Tally, Words, is_number};
use crate::consents::{self, Gate};
use crate::{Ctx, Error, Result};

/// What this process remembers of customers and sets of them.
#[derive(Default)]
pub(crate) struct Known {
    pub(super) people: tokio::sync::Mutex<Option<Arc<People>>>,
    sets: Mutex<HashMap<String, Arc<Set>>>,
    columns: Mutex<HashMap<String, Arc<Values>>>,
    /// Those who may not be used for a purpose.
    pub(crate) gates: Mutex<HashMap<String, Arc<Gate>>>,
}

/// One value a customer.
pub(crate) type Values = (ColumnType, Column);

/// Sets remembered; at a million customers 128 KiB each.
const MAX_SETS: usize = 512;
/// Columns remembered; at a million customers 9 MB each.
const MAX_COLUMNS: usize = 16;

/// Sets of the conditions of rules, over the same customers and as of the same day.
pub(crate) struct Bulk {
    pub(crate) people: Arc<People>,
    pub(crate) as_of: AsOf,
    sets: HashMap<String, Arc<Set>>,
    /// Who may be seen at all; everybody when missing.
    within: Option<Set>,
    /// The loads of files, when what others brought counts only if it had arrived by the day.
    loads: Option<Vec<i64>>,
}

impl Bulk {
    /// Over the customers as they are now.
    pub(crate) async fn new(ctx: &Ctx, as_of: AsOf) -> Result<Self> {
        ctx.refresh_overrides().await?;
        let mut bulk = Self { people: people(ctx).await?, as_of, sets: HashMap::new(), within: None, loads: None };
        if let Some(rule) = ctx.scope().and_then(Scope::rule) {
            bulk.prepare(&ctx.whole(), &rule.leaves(), &[]).await?;
            bulk.within = Some(bulk.set(&rule));
        }
        Ok(bulk)
    }

    /// Over some customers, by ids in order, and what was known of them on the day: a row counts that had arrived by then. A
    /// file says of its rows when they happened and not when they were known, so those of files arrived as they happened.
    ///
    /// For measures alone: sets of conditions would be remembered as those of everybody.
    pub(crate) async fn back_then(ctx: &Ctx, ids: Vec<i64>, as_of: AsOf) -> Result<Self> {
        let people = Arc::new(People::some(ctx.now(), ids));
        let loads = Some(ctx.store().batch_ids().await?);
        Ok(Self { people, as_of, sets: HashMap::new(), within: None, loads })
    }

    /// How many customers may be seen.
    pub(crate) fn n_seen(&self) -> u64 {
        self.within.as_ref().map_or(self.people.n() as u64, Set::count)
    }

    /// The customers who may be seen.
    pub(crate) fn seen(&self) -> Vec<i64> {
        self.people.ids.iter().copied().filter(|id| self.sees(*id)).collect()
    }

    /// Whether a customer may be seen.
    pub(crate) fn sees(&self, profile_id: i64) -> bool {
        let is_in = |set: &Set| self.people.at(profile_id).is_some_and(|at| set.contains(at));
        self.within.as_ref().is_none_or(is_in)
    }

    /// The customers for whom a rule holds, of those who may be seen.
    pub(crate) async fn rule(&mut self, ctx: &Ctx, rule: &Rule) -> Result<Set> {
        self.prepare(ctx, &rule.leaves(), &[]).await?;
        let mut set = self.set(rule);
        self.within.iter().for_each(|within| set.and(within));
        Ok(set)
    }

    /// How many are left after each part of a rule, and the rule's own set.
    pub(crate) async fn funnel(&mut self, ctx: &Ctx, rule: &Rule) -> Result<(Vec<(u64, u64)>, Set)> {
        self.prepare(ctx, &rule.leaves(), &[]).await?;
        let mut left = self.within.clone().unwrap_or_else(|| Set::all(self.people.n()));
        let mut steps = Vec::new();
        for part in rule.parts() {
            let mut alone = self.set(part);
            self.within.iter().for_each(|within| alone.and(within));
            left.and(&alone);
            steps.push((alone.count(), left.count()));
        }
        Ok((steps, left))
    }

    /// The set of a rule whose conditions are prepared, over everybody.
    pub(crate) fn set(&self, rule: &Rule) -> Set {
        let n = self.people.n();
        let any = |rules: &[Rule]| {
            let mut set = Set::none(n);
            rules.iter().for_each(|rule| set.or(&self.set(rule)));
            set
        };
        match rule {
            Rule::All(rules) => {
                let mut set = Set::all(n);
                rules.iter().for_each(|rule| set.and(&self.set(rule)));
                set
            }
            Rule::Any(rules) => any(rules),
            Rule::None(rules) => any(rules).inverse(),
            Rule::Is(leaf) => self.sets.get(&key(leaf)).map_or_else(|| Set::none(n), |set| set.as_ref().clone()),
        }
    }

    /// Computes the sets of conditions that are not known yet, and with the same scans measures of every customer.
    pub(crate) fn prepare<'a>(
        &'a mut self,
        ctx: &'a Ctx,
        leaves: &'a [&'a Leaf],
        measures: &'a [&'a Leaf],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Values>>> + Send + 'a>> {
        // Boxed: a condition can name a segment, whose rule has conditions.
        Box::pin(async move {
            let mut of_facts: Vec<(&Leaf, String)> = Vec::new();
            for leaf in leaves {
                let key = key(leaf);
                if self.sets.contains_key(&key) || of_facts.iter().any(|(other, _)| other == leaf) {
                    continue;
                }
                let full = self.full_key(ctx, leaf, &key).await?;
                let known = ctx.audience().sets.lock().unwrap_or_else(PoisonError::into_inner).get(&full).cloned();
                match known {
                    Some(set) => drop(self.sets.insert(key, set)),
                    None if leaf.sources().is_empty() => {
                        let set = self.plain(ctx, leaf).await?;
                        let is_kept = !matches!(leaf, Leaf::Member(..));
                        self.keep(ctx, key, full, set, is_kept);
                    }
                    None => of_facts.push((leaf, full)),
                }
            }
            if of_facts.is_empty() && measures.is_empty() {
                return Ok(Vec::new());
            }
            let asked: Vec<&Leaf> = of_facts.iter().map(|(leaf, _)| *leaf).chain(measures.iter().copied()).collect();
            let (mut kept, words) = scan(ctx, &self.people, &self.as_of, self.loads.as_deref(), &asked).await?;
            let n = self.people.n();
            let values =
                kept.split_off(of_facts.len()).into_iter().filter_map(|kept| kept.column(n, &words, &self.as_of));
            let values = values.collect();
            for ((leaf, full), kept) in of_facts.into_iter().zip(kept) {
                let set = kept.passing(leaf, n, &words, &self.as_of);
                self.keep(ctx, self::key(leaf), full, set, true);
            }
            Ok(values)
        })
    }

    fn keep(&mut self, ctx: &Ctx, key: String, full: String, set: Set, is_kept: bool) {
        let set = Arc::new(set);
        if is_kept {
            let mut known = ctx.audience().sets.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MAX_SETS {
                known.clear();
            }
            known.insert(full, set.clone());
        }
        self.sets.insert(key, set);
    }

    /// What a condition on a trait, a score or a measure looks at, one value a customer.
    pub(crate) async fn column(&mut self, ctx: &Ctx, leaf: &Leaf) -> Result<Arc<Values>> {
        if let Leaf::Trait(name, _) = leaf {
            return self.people.column(ctx, name).await;
        }
        let full = self.full_key(ctx, leaf, &key(leaf)).await?;
        let lock = || ctx.audience().columns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(values) = lock().get(&full).cloned() {
            return Ok(values);
        }
        let values = match leaf {
            Leaf::Score(name, _) => match score_of(name) {
                Some(score) => {
                    let frame = ctx.lake().scores(score.table, score.column, score.only, self.as_of.day, None).await?;
                    Some(aligned(&self.people, &frame))
                }
                None => None,
            },
            _ => self.prepare(ctx, &[], &[leaf]).await?.into_iter().next(),
        };
        let other = || Error::bug("a column", std::io::Error::other("the condition has no value of a customer"));
        let values = Arc::new(values.ok_or_else(other)?);
        let mut known = lock();
        if known.len() >= MAX_COLUMNS {
            known.clear();
        }
        known.insert(full, values.clone());
        Ok(values)
    }

    /// A condition with all that its answer depends on.
    async fn full_key(&self, ctx: &Ctx, leaf: &Leaf, key: &str) -> Result<String> {
        let mut tables: Vec<&str> = leaf.sources().into_iter().map(Source::table).collect();
        if tables.contains(&"orders") {
            tables.push("refunds");
        }
        if tables.contains(&"order_items") {
            tables.push("products");
        }
        match leaf {
            Leaf::Score(name, _) => tables.extend(score_of(name).map(|score| score.table)),
            Leaf::Tag(..) => tables.push("tags"),
            _ => {}
        }
        let versions = ctx.lake().versions(&tables).await?;
        let overrides = if tables.is_empty() { 0 } else { ctx.store().overrides_version().await? };
        // Only what must not have happened depends on how late it is.
        let until = if leaf.waits() { self.as_of.until() } else { 0 };
        let (state, day) = (self.people.version, self.as_of.day);
        let said = match leaf {
            Leaf::Consent(purpose, _) => {
                consents::version(ctx, purpose, super::lists_at(ctx, &self.as_of).await?).await?
            }
            _ => String::new(),
        };
        Ok(format!("{key}|{versions:?}|{overrides}|{state}|{day}|{until}|{said}"))
    }

    /// A condition on anything but facts.
    async fn plain(&mut self, ctx: &Ctx, leaf: &Leaf) -> Result<Set> {
        let people = self.people.clone();
        let n = people.n();
        let either = |set: Set, is: bool| if is { set } else { set.inverse() };
        Ok(match leaf {
            Leaf::Trait(name, test) => people.with_trait(ctx, name, test, &self.as_of).await?,
            Leaf::Score(name, test) => match score_of(name) {
                Some(score) => {
                    let frame = ctx.lake().scores(score.table, score.column, score.only, self.as_of.day, None).await?;
                    valued(&people, &frame, test, &self.as_of)
                }
                None => Set::none(n),
            },
            Leaf::Tag(name, test) => {
                let frame = ctx.lake().scores("tags", "value", Some(("tag", name)), self.as_of.day, None).await?;
                valued(&people, &frame, test, &self.as_of)
            }
            Leaf::Identity(kind, has) => {
                let ids = match IdentityKind::parse(kind) {
                    Some(_) => ctx.store().profiles_with_identity(kind).await?,
                    None => ctx.store().profiles_with_field(kind).await?,
                };
                either(people.set(ids), *has)
            }
            Leaf::Consent(purpose, state) => {
                // As with lists: what was said today counts although the newest order is of last week.
                let at = super::lists_at(ctx, &self.as_of).await?;
                consents::recorded(ctx, &people, purpose, *state, at).await?
            }
            Leaf::Member(id, is_in) => {
                let set = match super::rule_or_list(ctx, id).await? {
                    super::Members::Rule(rule) => self.rule(ctx, &rule).await?,
                    super::Members::List(segment) => {
                        let at = super::lists_at(ctx, &self.as_of).await?;
                        let frame = ctx.lake().members(segment, at).await?;
                        let ids = super::people_of(ctx, &numbers(&frame, "profile_id")).await?;
                        people.set(ids)
                    }
                };
                either(set, *is_in)
            }
            Leaf::Measure(..) | Leaf::Sequence(_) => Set::none(n),
        })
    }
}

fn key(leaf: &Leaf) -> String {
    leaf.to_json().to_string()
}

/// Those whose value in a frame of (customer, value) passes; customers without a row have none.
fn valued(people: &People, frame: &Frame, test: &Test, as_of: &AsOf) -> Set {
    let field = frame.fields().iter().find(|field| field.name == "value");
    let (Some(field), Some(column)) = (field, frame.column("value")) else { return Set::none(people.n()) };
    let rows = passing(test, field.kind, column, as_of);
    let missing = *test == Test::Missing;
    let mut set = if missing { Set::all(people.n()) } else { Set::none(people.n()) };
    let mut seeker = Seeker::default();
    for (row, id) in numbers(frame, "profile_id").into_iter().enumerate() {
        match seeker.at(&people.ids, id) {
            Some(at) if rows.contains(row) => set.insert(at),
            Some(at) if missing => set.remove(at),
            _ => {}
        }
    }
    set
}

/// The numbers of a frame of (customer, value), one a customer.
fn aligned(people: &People, frame: &Frame) -> Values {
    let kind = frame.fields().iter().find(|field| field.name == "value").map_or(ColumnType::Int, |field| field.kind);
    let mut values: Vec<Option<i64>> = vec![None; people.n()];
    let mut seeker = Seeker::default();
    if let Some(column) = frame.num("value") {
        for (row, id) in numbers(frame, "profile_id").into_iter().enumerate() {
            if let Some(at) = seeker.at(&people.ids, id) {
                values[at] = column.get(row);
            }
        }
    }
    (kind, Column::Num(values.into_iter().collect()))
}

/// What a set of filters of one scan is for.
enum Role {
    /// Adds to a measure.
    Measure(usize),
    /// Adds to a measure that waits for the fact before.
    Following(usize),
    /// Is the fact before.
    Anchor(usize),
    /// Is a step.
    Step(usize, u8),
}

/// What is kept of a condition while its tables are scanned.
enum Kept<'a> {
    Tally(Tally<'a>),
    Following(Following<'a>),
    Steps(Steps<'a>),
}

/// One set of filters of a scan.
struct Need<'a> {
    filters: &'a [Filter],
    between: (i64, i64),
    role: Role,
    /// Position of its value among those of the scan, and what the field holds.
    value: Option<(usize, FieldKind)>,
}

/// Keeps what conditions on facts are answered from, one scan a table.
async fn scan<'a>(
    ctx: &Ctx,
    people: &People,
    as_of: &AsOf,
    loads: Option<&[i64]>,
    leaves: &[&'a Leaf],
) -> Result<(Vec<Kept<'a>>, Words)> {
    let n = people.n();
    let mut kept: Vec<Kept<'_>> = leaves
        .iter()
        .map(|leaf| match leaf {
            Leaf::Measure(measure, _) => match &measure.window {
                Window::After(anchor, _) => Kept::Following(Following::new(measure, anchor.which, n)),
                _ => Kept::Tally(Tally::new(measure, n)),
            },
            Leaf::Sequence(sequence) => Kept::Steps(Steps::new(sequence)),
            _ => unreachable!("only conditions on facts are scanned for"),
        })
        .collect();
    let mut words = Words::default();
    for source in Source::ALL {
        let mut values: Vec<(&str, bool)> = Vec::new();
        let needs = needs(leaves, source, as_of, &mut values);
        if !needs.is_empty() {
            read(ctx, people, as_of, loads, source, &needs, &values, &mut kept, &mut words).await?;
        }
    }
    Ok((kept, words))
}

impl Kept<'_> {
    /// Those who pass.
    fn passing(self, leaf: &Leaf, n: usize, words: &Words, as_of: &AsOf) -> Set {
        match self {
            Self::Tally(tally) => tally.passing(leaf, n, words, as_of),
            Self::Following(following) => following.tally(n, as_of).passing(leaf, n, words, as_of),
            Self::Steps(steps) => steps.passing(n, as_of),
        }
    }

    /// The measure of everybody; a sequence is none.
    fn column(self, n: usize, words: &Words, as_of: &AsOf) -> Option<Values> {
        match self {
            Self::Tally(tally) => Some(tally.column(n, words)),
            Self::Following(following) => Some(following.tally(n, as_of).column(n, words)),
            Self::Steps(_) => None,
        }
    }
}

fn needs<'a>(leaves: &[&'a Leaf], source: Source, as_of: &AsOf, values: &mut Vec<(&'a str, bool)>) -> Vec<Need<'a>> {
    let mut value_of = |measure: &'a Measure| {
        let wanted = (measure.agg.column()?, is_number(measure));
        let at = values.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            values.push(wanted);
            values.len() - 1
        });
        Some((at, measure.field_kind(wanted.0)))
    };
    let ever = (i64::MIN, as_of.end());
    let mut needs = Vec::new();
    for (at, leaf) in leaves.iter().enumerate() {
        match leaf {
            Leaf::Measure(measure, _) => {
                if measure.of == source {
                    let (role, between) = match &measure.window {
                        Window::After(..) => (Role::Following(at), ever),
                        window => (Role::Measure(at), window.bounds(as_of)),
                    };
                    needs.push(Need { filters: &measure.filters, between, role, value: value_of(measure) });
                }
                if let Window::After(anchor, _) = &measure.window
                    && anchor.of == source
                {
                    needs.push(Need { filters: &anchor.filters, between: ever, role: Role::Anchor(at), value: None });
                }
            }
            Leaf::Sequence(sequence) => {
                for (number, step) in sequence.steps.iter().enumerate().filter(|(_, step)| step.of == source) {
                    let between = sequence.bounds(step, as_of);
                    needs.push(Need {
                        filters: &step.filters,
                        between,
                        role: Role::Step(at, number as u8),
                        value: None,
                    });
                }
            }
            _ => {}
        }
    }
    needs
}

/// Reads the facts of one table and adds them to what is kept.
#[expect(clippy::too_many_arguments, reason = "one loop's state")]
async fn read(
    ctx: &Ctx,
    people: &People,
    as_of: &AsOf,
    loads: Option<&[i64]>,
    source: Source,
    needs: &[Need<'_>],
    values: &[(&str, bool)],
    kept: &mut [Kept<'_>],
    words: &mut Words,
) -> Result<()> {
    let filters: Vec<&[Filter]> = needs.iter().map(|need| need.filters).collect();
    let from = needs.iter().map(|need| need.between.0).min().unwrap_or(i64::MIN);
    let to = needs.iter().map(|need| need.between.1).max().unwrap_or(i64::MAX);
    let scan = FactScan { of: source, as_of, between: (from, to), arrived: loads, filters: &filters, values };
    let mut rows = ctx.lake().facts(&scan).await?;
    let mut seeker = Seeker::default();
    let other = || Error::bug("facts", std::io::Error::other("other columns than asked for"));
    while let Some(frame) = rows.next().await? {
        let (Some(ids), Some(times)) = (frame.num("profile_id"), frame.num("at")) else { return Err(other()) };
        let flag = |number: usize| frame.num(&format!("f{number}"));
        let flags = (0..needs.len()).map(flag).collect::<Option<Vec<_>>>().ok_or_else(other)?;
        let columns: Vec<(ColumnType, &Column)> = (0..values.len())
            .filter_map(|number| {
                let name = format!("v{number}");
                let kind = frame.fields().iter().find(|field| field.name == name)?.kind;
                Some((kind, frame.column(&name)?))
            })
            .collect();
        for row in 0..frame.n_rows() {
            let (Some(id), Some(at)) = (ids.get(row), times.get(row)) else { continue };
            let Some(who) = seeker.at(&people.ids, id) else { continue };
            for (need, flags) in needs.iter().zip(&flags) {
                if flags.get(row) != Some(1) || at < need.between.0 || at >= need.between.1 {
                    continue;
                }
                let value = need.value.and_then(|(number, kind)| match columns.get(number)?.1 {
                    Column::Text(column) => column.get(row).map(|text| i64::from(words.number(text))),
                    // Floating point numbers in millionths; everything else stands in its units already.
                    Column::Float(numbers) if kind == FieldKind::Float => numbers[row].and_then(micro),
                    Column::Num(column) => column.get(row),
                    _ => None,
                });
                let fact = Fact { at, value };
                match (&need.role, need.role.of(kept)) {
                    (Role::Measure(_), Some(Kept::Tally(tally))) => tally.add(who, fact, as_of),
                    (Role::Following(_), Some(Kept::Following(following))) => following.add(who, fact),
                    (Role::Anchor(_), Some(Kept::Following(following))) => following.anchor(who, at),
                    (Role::Step(_, step), Some(Kept::Steps(steps))) => steps.add(who, at, *step),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

impl Role {
    fn of<'k, 'a>(&self, kept: &'k mut [Kept<'a>]) -> Option<&'k mut Kept<'a>> {
        match self {
            Self::Measure(at) | Self::Following(at) | Self::Anchor(at) | Self::Step(at, _) => kept.get_mut(*at),
        }
    }
}
