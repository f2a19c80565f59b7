//! People who share no id and are one all the same: records compared, likely pairs joined, doubtful ones shown.
//!
//! Comparing is `zhike_ml::matching`'s; here records are read, vetoes and decisions made known to it, and what it finds is
//! stored as pairs, which take part in resolving like links (`ingest::people::bind`). What was compared stays in memory, so
//! that later runs compare only what changed; and so the work is done before the write lock is taken ([`compare_people`]),
//! under which only what changed meanwhile is left.
//!
//! - **INV-WHO-3**: pairs after any number of runs are those of one run over all records with the same weights.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use zhike_domain::identity::{Policy, Reason};
use zhike_domain::import::entity::IdentityKind;
use zhike_ml::matching::{self, Calibration, Index, Options, Pair, Records, Thresholds};
use zhike_state::{LinkRow, MatchRow, Standing, Verdict, VertexRow};

use super::records::{self, Beside, Changes, Class};
use crate::ingest::{self, Change};
use crate::{Ctx, Error, Result, audit, import};

/// Fewer records than this teach no weights.
const MIN_RECORDS: usize = 100;
/// Weights are learnt anew once this share of the records came or changed since.
const REFIT_SHARE: usize = 5;
/// Pairs that wait for somebody at most; the most probable ones.
const MAX_REVIEW: usize = 50_000;
/// Pairs that are stored, and people made anew, in one transaction.
const AT_A_TIME: usize = 2_000;
/// Where the last run is remembered.
const LAST: &str = "identity_matching";

/// What a run found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Matched {
    /// When, in microseconds.
    pub at: i64,
    /// Records of people and companies.
    pub n_records: u64,
    /// Records that were compared now; the others were known.
    pub n_compared: u64,
    /// Pairs that are joined.
    pub n_joined: u64,
    /// Pairs that wait for somebody.
    pub n_review: u64,
    /// Pairs judged by somebody that thresholds follow.
    pub n_judged: u64,
    /// Blocking rules: what records have to share to be compared at all.
    pub rules: Vec<String>,
    /// State that it was made of, and rules.
    version: (i64, i64),
}

/// What one field says of a pair.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) field: String,
    /// Missing when one of the records does not say it.
    pub(crate) level: Option<String>,
    /// Evidence for one person, in bits.
    pub(crate) bits: f64,
}

/// What was compared, kept in memory.
#[derive(Default)]
pub(crate) struct Known(tokio::sync::Mutex<Memory>);

impl Known {
    /// Forgets all values, as an erasure asks for.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = Memory::default();
    }
}

#[derive(Default)]
struct Memory {
    classes: BTreeMap<Class, Compared>,
    class_of: HashMap<i64, Class>,
    prints: HashMap<i64, u64>,
    /// Records that were compared and whose pairs are not stored yet.
    n_ahead: u64,
}

/// The records of one class.
struct Compared {
    index: Index,
    /// How many were there, and have changed since, when weights were learnt.
    n_fitted: usize,
    n_changed: usize,
    wanted: Thresholds,
    calibration: Calibration,
    /// Pairs of these records that thresholds follow, and decisions that there were then.
    n_judged: usize,
    n_decided: usize,
}

/// What decides about pairs besides the records.
struct Facts {
    wanted: Thresholds,
    profile: HashMap<i64, i64>,
    /// Of what kinds a person has one value, what rows say of an identity.
    unique: HashMap<i64, Vec<(IdentityKind, i64)>>,
    /// Customers who were decided to be different people.
    apart: HashSet<(i64, i64)>,
    /// Pairs that somebody decided about.
    judged: Vec<(i64, i64, bool)>,
}

impl Facts {
    fn vetoes(&self, a: u64, b: u64) -> bool {
        let (a, b) = (a.cast_signed(), b.cast_signed());
        let of = |id: i64| self.unique.get(&id).map_or(&[][..], Vec::as_slice);
        let differs = |(kind, value): &(IdentityKind, i64)| of(b).iter().any(|(k, v)| k == kind && v != value);
        if of(a).iter().any(differs) {
            return true;
        }
        match (self.profile.get(&a), self.profile.get(&b)) {
            (Some(a), Some(b)) => self.apart.contains(&(*a.min(b), *a.max(b))),
            _ => false,
        }
    }
}

/// Compares all records that changed, joins those who are one in all likelihood and parts those who are not any more.
///
/// **Cost**: reads all identities, links and statements; opens those that changed, on the first run of a process all.
/// Memory: some 300 bytes a record.
#[boxed]
pub async fn match_people(ctx: &Ctx, actor: &str) -> Result<Matched> {
    let ctx = &ctx.whole();
    ctx.vault().check_enabled()?;
    compare_people(ctx).await?;
    let _guard = ctx.write_lock().await?;
    import::recover_locked(ctx).await?;
    run(ctx, actor).await
}

/// Compares all records that changed and stores nothing: whoever stores holds up others, and then has only what changed since
/// to compare. Loads and events go on meanwhile. Does nothing when nothing changed since the last run.
///
/// **Cost**: as [`match_people`].
#[boxed]
pub async fn compare_people(ctx: &Ctx) -> Result<()> {
    let ctx = &ctx.whole();
    let policy = import::identity_policy(ctx).await?;
    if ctx.vault().check_enabled().is_err() || !policy.matching.is_on {
        return Ok(());
    }
    let version = version(ctx).await?;
    if last_matched(ctx).await?.is_some_and(|last| last.version == version) {
        return Ok(());
    }
    let mut memory = ctx.matching().0.lock().await;
    let found = find(ctx, &policy, &mut memory).await?;
    memory.n_ahead = memory.n_ahead.max(found.matched.n_compared);
    Ok(())
}

/// What the last run found; nothing when there was none.
#[boxed]
pub async fn last_matched(ctx: &Ctx) -> Result<Option<Matched>> {
    let json = ctx.store().get_meta(LAST).await?;
    json.map(|json| serde_json::from_str(&json).map_err(|error| Error::bug("a stored run", error))).transpose()
}

/// As [`match_people`], unless nothing changed since the last run. While keys are disabled nobody is compared, and what was
/// known is forgotten. The caller holds the write lock.
pub(crate) async fn follow(ctx: &Ctx) -> Result<()> {
    if ctx.vault().check_enabled().is_err() {
        ctx.matching().forget().await;
        return Ok(());
    }
    let version = version(ctx).await?;
    if last_matched(ctx).await?.is_none_or(|last| last.version != version) {
        run(ctx, "system").await?;
    }
    Ok(())
}

/// State, and version of the rules.
async fn version(ctx: &Ctx) -> Result<(i64, i64)> {
    let rules = ctx.store().get_definition("identity_policy", "default", None).await?;
    Ok((ctx.store().state_version().await?, rules.map_or(0, |row| row.version)))
}

/// The caller holds the write lock.
pub(crate) async fn run(ctx: &Ctx, actor: &str) -> Result<Matched> {
    let policy = import::identity_policy(ctx).await?;
    let mut memory = ctx.matching().0.lock().await;
    let found = if policy.matching.is_on {
        let mut found = find(ctx, &policy, &mut memory).await?;
        // Those that were compared ahead; of what changed since some are among them.
        found.matched.n_compared = found.matched.n_compared.max(std::mem::take(&mut memory.n_ahead));
        found
    } else {
        *memory = Memory::default();
        Found::default()
    };
    let (n_new, n_gone) = store(ctx, found.rows).await?;
    let mut matched = Matched { at: ctx.now(), version: version(ctx).await?, ..found.matched };
    if n_new + n_gone > 0 {
        let detail = serde_json::json!({
            "records": matched.n_records, "joined": matched.n_joined, "review": matched.n_review,
            "new": n_new, "gone": n_gone,
        });
        audit::record(ctx, actor, "identity.match", "identities", &detail).await?;
        matched.version = version(ctx).await?;
    }
    let json = serde_json::to_string(&matched).map_err(|error| Error::bug("a run as JSON", error))?;
    ctx.store().set_meta(LAST, &json).await?;
    Ok(matched)
}

#[derive(Default)]
struct Found {
    matched: Matched,
    rows: BTreeMap<(i64, i64), MatchRow>,
}

async fn find(ctx: &Ctx, policy: &Policy, memory: &mut Memory) -> Result<Found> {
    let mut ids = ctx.store().stated_identities().await?;
    if ids.is_empty() && memory.prints.is_empty() {
        return Ok(Found::default());
    }
    let vertices = ctx.store().all_vertices().await?;
    let links = ctx.store().all_links().await?;
    let kinds: HashMap<i64, IdentityKind> =
        vertices.iter().filter_map(|row| Some((row.identity_id, IdentityKind::parse(&row.kind)?))).collect();
    let beside = Beside::of(links.iter().map(counted), &kinds);
    ids.retain(|id| kinds.get(id).is_some_and(|kind| !kind.is_anonymous()));
    let changes = records::changed(ctx, &ids, &beside, &memory.prints).await?;
    let facts = facts(ctx, policy, &vertices, &links, &kinds).await?;
    let taken = std::mem::take(memory);
    let now = ctx.now();
    // Should it fail, what was known is gone, and all are compared again the next time.
    let done = tokio::task::spawn_blocking(move || taken.compare(changes, &facts, now));
    let (kept, found) = done.await.map_err(|error| Error::bug("comparing records", error))??;
    *memory = kept;
    Ok(found)
}

fn counted(link: &LinkRow) -> (i64, i64, Option<Reason>, bool) {
    (link.left_identity_id, link.right_identity_id, Reason::parse(&link.reason), link.undone_at.is_some())
}

async fn facts(
    ctx: &Ctx,
    policy: &Policy,
    vertices: &[VertexRow],
    links: &[LinkRow],
    kinds: &HashMap<i64, IdentityKind>,
) -> Result<Facts> {
    let mut unique: HashMap<i64, Vec<(IdentityKind, i64)>> = HashMap::new();
    let is_unique = |id: i64| kinds.get(&id).copied().filter(|kind| policy.unique.contains(kind));
    for (left, right, reason, is_undone) in links.iter().map(counted) {
        if Reason::counts(reason, is_undone) {
            for (one, other) in [(left, right), (right, left)] {
                unique.entry(one).or_default().extend(is_unique(other).map(|kind| (kind, other)));
            }
        }
    }
    for row in vertices {
        if let Some(kind) = is_unique(row.identity_id) {
            unique.entry(row.identity_id).or_default().push((kind, row.identity_id));
        }
    }
    unique.retain(|_, values| !values.is_empty());
    let profile: HashMap<i64, i64> = vertices.iter().map(|row| (row.identity_id, row.profile_id)).collect();
    let decisions = ctx.store().decisions().await?;
    let mut apart = HashSet::new();
    for row in decisions.iter().filter(|row| row.verdict == Verdict::Apart) {
        if let (Some(a), Some(b)) = (profile.get(&row.left_identity_id), profile.get(&row.right_identity_id)) {
            apart.insert((*a.min(b), *a.max(b)));
        }
    }
    let judged =
        decisions.iter().map(|row| (row.left_identity_id, row.right_identity_id, row.verdict == Verdict::Same));
    let wanted = Thresholds { automatic: policy.matching.join_from, review: policy.matching.review_from };
    Ok(Facts { wanted, judged: judged.collect(), profile, unique, apart })
}

impl Memory {
    /// Takes changes in, and says which pairs are likely.
    fn compare(mut self, changes: Changes, facts: &Facts, now: i64) -> Result<(Self, Found)> {
        let mut found = Found::default();
        let gone: Vec<i64> = self.prints.keys().copied().filter(|id| !changes.prints.contains_key(id)).collect();
        found.matched.n_compared = changes.records.len() as u64;
        let mut puts: BTreeMap<Class, Vec<(u64, Vec<String>)>> = BTreeMap::new();
        let mut moved: Vec<(i64, Class)> = Vec::new();
        for id in gone {
            moved.extend(self.class_of.remove(&id).map(|class| (id, class)));
        }
        for (id, record) in changes.records {
            let before = self.class_of.insert(id, record.class);
            moved.extend(before.filter(|class| *class != record.class).map(|class| (id, class)));
            puts.entry(record.class).or_default().push((id.cast_unsigned(), record.row()));
        }
        for (id, class) in moved {
            let nothing = vec![String::new(); class.fields().len()];
            puts.entry(class).or_default().push((id.cast_unsigned(), nothing));
        }
        self.prints = changes.prints;
        for class in Class::ALL {
            let puts = puts.remove(&class).unwrap_or_default();
            let compared = match self.classes.remove(&class) {
                Some(compared) => Some(compared.put(puts, facts)?),
                None => Compared::new(class, puts, facts)?,
            };
            match compared {
                Some(compared) => {
                    compared.tell(facts, now, &mut found);
                    self.classes.insert(class, compared);
                }
                // Too few; they are read again the next time.
                None => {
                    let few = self.class_of.extract_if(|_, of| *of == class);
                    few.for_each(|(id, _)| {
                        self.prints.remove(&id);
                    });
                }
            }
        }
        Ok((self, found))
    }
}

impl Compared {
    fn new(class: Class, puts: Vec<(u64, Vec<String>)>, facts: &Facts) -> Result<Option<Self>> {
        if puts.iter().filter(|(_, row)| is_said(row)).count() < MIN_RECORDS {
            return Ok(None);
        }
        let options = Options::default();
        let mut records = Records::new(&class.fields()).map_err(bug)?;
        let (keys, rows): (Vec<u64>, Vec<Vec<String>>) = puts.into_iter().unzip();
        let mut columns: Vec<Vec<String>> = vec![Vec::with_capacity(rows.len()); class.fields().len()];
        for row in rows {
            row.into_iter().zip(&mut columns).for_each(|(value, column)| column.push(value));
        }
        records.append(&keys, &columns, options.n_threads).map_err(bug)?;
        Self::fit(records, facts).map(Some)
    }

    /// Learns weights, then compares all records.
    fn fit(records: Records, facts: &Facts) -> Result<Self> {
        let options = Options { thresholds: facts.wanted, ..Options::default() };
        let mut model = matching::fit(&records, &options);
        let said = judged(&facts.judged, |a, b| model.explain(&records, a, b).map(|one| one.probability));
        let calibration = Calibration::fit(&said);
        model.thresholds = calibration.thresholds(facts.wanted);
        let n_fitted = records.len();
        let index = Index::build(model, records, &|a, b| facts.vetoes(a, b), options.n_threads).map_err(bug)?;
        let (n_judged, n_decided) = (said.len(), facts.judged.len());
        Ok(Self { index, n_fitted, n_changed: 0, wanted: facts.wanted, calibration, n_judged, n_decided })
    }

    /// Compares what changed; all again when that is much, or when thresholds are others.
    fn put(mut self, puts: Vec<(u64, Vec<String>)>, facts: &Facts) -> Result<Self> {
        self.n_changed += puts.len();
        let is_judged_anew = facts.judged.len().abs_diff(self.n_decided) > (self.n_decided / 10).max(4);
        let is_other = self.n_changed * REFIT_SHARE > self.n_fitted || self.wanted != facts.wanted || is_judged_anew;
        let veto = |a: u64, b: u64| facts.vetoes(a, b);
        if is_other {
            let mut records = self.index.into_records();
            for (key, row) in puts {
                records.put(key, &row).map_err(bug)?;
            }
            return Self::fit(records, facts);
        }
        self.index.put(&puts, &veto).map_err(bug)?;
        Ok(self)
    }

    fn tell(&self, facts: &Facts, now: i64, found: &mut Found) {
        // Vetoes may be others though no record is: who is who changes them.
        let outcome = self.index.settled(&|a, b| facts.vetoes(a, b));
        found.matched.n_records += self.index.records().len() as u64;
        found.matched.n_judged += self.n_judged as u64;
        found.matched.rules.extend(self.index.model().rules());
        found.matched.n_joined += outcome.joined.len() as u64;
        found.matched.n_review += outcome.review.len().min(MAX_REVIEW) as u64;
        let joined = outcome.joined.iter().map(|pair| (pair, Standing::Joined));
        let review = outcome.review.iter().take(MAX_REVIEW).map(|pair| (pair, Standing::Review));
        for (pair, standing) in joined.chain(review) {
            let row = self.row(pair, standing, now);
            found.rows.insert((row.left_identity_id, row.right_identity_id), row);
        }
    }

    fn row(&self, pair: &Pair, standing: Standing, now: i64) -> MatchRow {
        let fields = self.index.records().fields();
        let explained = self.index.model().explain(self.index.records(), pair.a, pair.b);
        let said: Vec<Said> = explained
            .into_iter()
            .flat_map(|one| one.reasons)
            .map(|reason| Said {
                field: fields[reason.field].name.clone(),
                level: reason.level.map(str::to_owned),
                bits: (reason.bits.min(reason.bits_among_relatives) * 10.0).round() / 10.0,
            })
            .collect();
        let (a, b) = (pair.a.cast_signed(), pair.b.cast_signed());
        MatchRow {
            left_identity_id: a.min(b),
            right_identity_id: a.max(b),
            standing,
            probability: self.calibration.apply(pair.probability),
            evidence_json: serde_json::to_string(&said).unwrap_or_default(),
            found_at: now,
        }
    }
}

fn is_said(row: &[String]) -> bool {
    row.iter().any(|value| !value.is_empty())
}

/// The probabilities of judged pairs that are compared.
fn judged(decided: &[(i64, i64, bool)], probability: impl Fn(u64, u64) -> Option<f64>) -> Vec<(f64, bool)> {
    let known = |(a, b, is_one): &(i64, i64, bool)| Some((probability(a.cast_unsigned(), b.cast_unsigned())?, *is_one));
    decided.iter().filter_map(known).collect()
}

fn bug(problem: matching::Problem) -> Error {
    Error::bug("records to compare", problem)
}

/// Stores what is other than before, and makes anew whom it is about: (new or changed, gone).
async fn store(ctx: &Ctx, mut rows: BTreeMap<(i64, i64), MatchRow>) -> Result<(usize, usize)> {
    let mut gone: Vec<MatchRow> = Vec::new();
    for row in ctx.store().all_matches().await? {
        let pair = (row.left_identity_id, row.right_identity_id);
        match rows.get(&pair) {
            None => gone.push(row),
            Some(now) if now.standing == row.standing && (now.probability - row.probability).abs() < 1e-9 => {
                rows.remove(&pair);
            }
            Some(_) => {}
        }
    }
    let counts = (rows.len(), gone.len());
    let mut rows: Vec<MatchRow> = rows.into_values().collect();
    // First what parts, for what joins may wait for it.
    for some in gone.chunks(AT_A_TIME) {
        let gone_matches = some.iter().map(|row| (row.left_identity_id, row.right_identity_id)).collect();
        ingest::decide(ctx, Change { gone_matches, ..Change::default() }).await?;
    }
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(AT_A_TIME));
        let matches = std::mem::replace(&mut rows, rest);
        ingest::decide(ctx, Change { matches, ..Change::default() }).await?;
    }
    Ok(counts)
}

/// Identities that a pair names.
pub(super) fn ends(rows: impl Iterator<Item = (i64, i64)>) -> Vec<i64> {
    let ends: BTreeSet<i64> = rows.flat_map(|pair| [pair.0, pair.1]).collect();
    ends.into_iter().collect()
}
