//! The golden record: which statement of a field stands, by which rules, and why.
//!
//! Statements and what stands of them: `ingest::registers`. Here the rules are shown, tried and put in force, and a profile's
//! fields are traced back.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};
use zhike_domain::grade::Class;
use zhike_domain::id::{BatchId, ProfileId};
use zhike_domain::identity::golden::{By, Rules, Standing, TRAIT};
use zhike_domain::mask;

use crate::grades::TraitMask;
use crate::ingest::{self, Difference, Voice};
use crate::profiles::current;
use crate::stated::PERSONAL;
use crate::workspace::date_of;
use crate::{Ctx, Error, Result, audit, corrections, grades, guard, import, requests, segments};

/// Examples of a field, and of all fields, in a preview.
const MAX_EXAMPLES: (usize, usize) = (3, 20);
/// Statements of a field that are shown.
const MAX_STATEMENTS: usize = 20;
/// Loads that began at one instant, at most.
const MAX_LOADS: usize = 20;
const KIND: &str = "golden_rules";

/// What rules would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldenPreview {
    /// Customers who would say something else.
    pub n_profiles: u64,
    /// How many, by field.
    pub fields: BTreeMap<String, u64>,
    /// Some of them, masked.
    pub examples: Vec<Example>,
}

/// A field that would say something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Customer.
    pub profile_id: ProfileId,
    /// Field.
    pub field: String,
    /// What it says, masked.
    pub before: Option<String>,
    /// What it would say, masked.
    pub after: Option<String>,
}

/// Why each field of a customer says what it says.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// Customer.
    pub profile_id: ProfileId,
    /// Fields that anybody states, by name.
    pub fields: Vec<FieldLineage>,
}

/// Why a field says what it says.
#[derive(Clone, Debug)]
pub struct FieldLineage {
    /// Field; attributes are `traits.<name>`.
    pub field: String,
    /// What decided.
    pub by: By,
    /// Value that stands, masked; missing when it was taken away.
    pub value: Option<String>,
    /// When it was corrected on behalf of the customer, in microseconds: then the correction holds, whatever stands.
    pub corrected_at: Option<i64>,
    /// Statements that say something else.
    pub n_otherwise: u64,
    /// The statement that stands, then the others, the newest first.
    pub statements: Vec<Statement>,
}

/// What somebody states of a field.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Source; empty for messages from before sources were kept.
    pub source: String,
    /// When, in microseconds.
    pub at: i64,
    /// How far it is proven.
    pub standing: Standing,
    /// Load that brought it; missing for messages.
    pub batch_id: Option<BatchId>,
    /// Message that brought it; missing for loads.
    pub message_id: Option<String>,
    /// Value, masked; missing when it was taken away.
    pub value: Option<String>,
}

/// The rules in force and their version; 0 for those of the beginning.
#[boxed]
pub async fn golden_rules(ctx: &Ctx) -> Result<(Rules, i64)> {
    crate::query::definition_version(ctx, KIND, "default").await
}

/// The sources that rules can name.
#[boxed]
pub async fn golden_sources(ctx: &Ctx) -> Result<Vec<String>> {
    Ok(ctx.store().stating_sources().await?)
}

/// Says what rules would change, without putting them in force.
///
/// **Cost**: reads all statements of customers of whom more than one is known.
///
/// **Errors**: `bad_request` naming the rule that cannot be used.
#[boxed]
pub async fn preview_golden(ctx: &Ctx, rules: &Rules) -> Result<GoldenPreview> {
    check(rules)?;
    let mut told = Told::new(ctx).await?;
    for profiles in ingest::disputed(ctx).await? {
        told.take(ctx, ingest::survey(ctx, rules, &profiles).await?).await?;
    }
    told.finish(ctx).await
}

/// Puts rules in force and makes anew everybody whom they change; returns their version and what they changed. With `version`
/// they are put in force only in place of that one.
///
/// Should this be cut short, the rules are in force and the rest is as it was: put them in force again.
///
/// **Errors**: `bad_request` naming the rule that cannot be used; `conflict` when others are in force meanwhile.
#[boxed]
pub async fn apply_golden(ctx: &Ctx, rules: &Rules, version: Option<i64>, actor: &str) -> Result<(i64, GoldenPreview)> {
    check(rules)?;
    ctx.vault().check_enabled()?;
    let _guard = ctx.write_lock().await?;
    import::recover_locked(ctx).await?;
    let (_, in_force) = golden_rules(ctx).await?;
    if version.is_some_and(|version| version != in_force) {
        return Err(Error::conflict(
            format!("other rules are in force meanwhile: version {in_force}"),
            format!("规则已被更改：当前为第 {in_force} 版"),
        ));
    }
    let detail = json!({ "default": rules.default.by.as_str(), "fields": rules.fields.keys().collect::<Vec<_>>() });
    audit::record(ctx, actor, "identity.golden", KIND, &detail).await?;
    let version = crate::query::put_definition(ctx, KIND, "default", rules).await?;
    let mut told = Told::new(ctx).await?;
    for profiles in ingest::disputed(ctx).await? {
        told.take(ctx, ingest::renew(ctx, rules, &profiles).await?).await?;
    }
    Ok((version, told.finish(ctx).await?))
}

fn check(rules: &Rules) -> Result<()> {
    let problems = rules.validate();
    if problems.is_empty() {
        return Ok(());
    }
    let en: Vec<&str> = problems.iter().map(|problem| problem.en.as_str()).collect();
    let zh: Vec<&str> = problems.iter().map(|problem| problem.zh.as_str()).collect();
    Err(Error::bad_request(en.join("; "), zh.join("；")))
}

/// Differences on their way into a preview.
struct Told {
    preview: GoldenPreview,
    mask: TraitMask,
    /// Customers whose data are not shown any more.
    gone: Vec<i64>,
}

impl Told {
    async fn new(ctx: &Ctx) -> Result<Self> {
        let (mask, gone) = (grades::trait_mask(ctx, 0).await?, requests::restricted(ctx).await?);
        Ok(Self { preview: GoldenPreview::default(), mask, gone })
    }

    async fn take(&mut self, ctx: &Ctx, differences: Vec<Difference>) -> Result<()> {
        let all: BTreeSet<i64> = differences.iter().map(|one| one.profile_id).collect();
        self.preview.n_profiles += all.len() as u64;
        let mut some: Vec<Difference> = Vec::new();
        for one in differences {
            let n = self.preview.fields.entry(one.field.clone()).or_default();
            *n += 1;
            if *n <= MAX_EXAMPLES.0 as u64 && self.preview.examples.len() + some.len() < MAX_EXAMPLES.1 {
                some.push(one);
            }
        }
        // Whoever does not see all customers is told how many, not who.
        let ids: Vec<i64> = some.iter().map(|one| one.profile_id).collect();
        let seen: BTreeSet<i64> = segments::seen(ctx, &ids).await?.into_iter().collect();
        some.retain(|one| seen.contains(&one.profile_id) && self.gone.binary_search(&one.profile_id).is_err());
        self.preview.examples.extend(some.into_iter().map(|one| Example {
            profile_id: ProfileId::new(one.profile_id),
            before: one.before.map(|value| shown(&self.mask, &one.field, value.expose())),
            after: one.after.map(|value| shown(&self.mask, &one.field, value.expose())),
            field: one.field,
        }));
        Ok(())
    }

    /// Notes whose values are shown.
    async fn finish(self, ctx: &Ctx) -> Result<GoldenPreview> {
        let ids: BTreeSet<i64> = self.preview.examples.iter().map(|one| one.profile_id.get()).collect();
        if ids.is_empty() {
            return Ok(self.preview);
        }
        let ids: Vec<i64> = ids.into_iter().collect();
        guard::open(ctx, &ids).await?;
        let classes = self.mask.shown().or([Class::Attribute, Class::Location].into_iter().collect());
        guard::show(ctx, ids.len(), classes).await?;
        let customers: Vec<String> = ids.iter().map(|id| ProfileId::new(*id).to_string()).collect();
        audit::note(ctx, "identity.golden_look", "profiles", &json!({ "customers": customers })).await?;
        guard::opened(ctx, &ids);
        Ok(self.preview)
    }
}

/// A value as it may be shown: personal fields masked, attributes by their grade.
fn shown(traits: &TraitMask, field: &str, value: &str) -> String {
    if PERSONAL.contains(&field) {
        return mask::field(field, value);
    }
    let Some(name) = field.strip_prefix(TRAIT) else { return value.to_owned() };
    let one: Map<String, Value> = [(name.to_owned(), Value::String(value.to_owned()))].into_iter().collect();
    let mut json = Some(Value::Object(one).to_string());
    traits.apply(&mut json);
    let masked = json.and_then(|json| serde_json::from_str::<Map<String, Value>>(&json).ok());
    let masked = masked.and_then(|mut all| all.remove(name));
    masked.map_or_else(String::new, |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Traces the fields of a customer back to who stated them.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn lineage(ctx: &Ctx, profile_id: ProfileId) -> Result<Lineage> {
    let id = current(ctx, profile_id.get()).await?.profile_id;
    let (rules, _) = golden_rules(ctx).await?;
    let voices = ingest::voices_of(ctx, id).await?;
    let mask = grades::trait_mask(ctx, 0).await?;
    let corrected: HashMap<String, i64> =
        corrections::of(ctx, id, false).await?.into_iter().map(|one| (one.field, one.made_at)).collect();
    let mut loads = Loads::default();
    let mut fields = Vec::new();
    for (field, all) in voices.each().filter(|(field, _)| is_shown(field)) {
        let Some(chosen) = voices.chosen(&rules, field) else { continue };
        let text = |value: &Option<Value>| {
            let value = value.as_ref()?;
            let text = match value.as_i64().filter(|_| field == "registered_on").and_then(date_of) {
                Some(day) => day.to_string(),
                None => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            };
            Some(shown(&mask, field, &text))
        };
        let n_otherwise = all.iter().filter(|voice| voice.value != chosen.value).count() as u64;
        let mut others: Vec<&Voice> = all.iter().filter(|voice| !std::ptr::eq(*voice, chosen.voice)).collect();
        others.sort_by(|a, b| (b.at, &b.source, &b.by).cmp(&(a.at, &a.source, &a.by)));
        let mut statements = Vec::new();
        for voice in std::iter::once(chosen.voice).chain(others).take(MAX_STATEMENTS) {
            let batch_id = if voice.is_file { loads.of(ctx, voice).await? } else { None };
            statements.push(Statement {
                source: voice.source.clone(),
                at: voice.at,
                standing: voice.standing,
                batch_id,
                message_id: (!voice.is_file).then(|| voice.by.clone()),
                value: text(&voice.value),
            });
        }
        fields.push(FieldLineage {
            field: field.to_owned(),
            by: rules.of(field).by,
            value: text(&chosen.value),
            corrected_at: corrected.get(field).copied(),
            n_otherwise,
            statements,
        });
    }
    let shown = mask.shown().or([Class::Attribute, Class::Location].into_iter().collect());
    guard::show_page(ctx, id, shown).await?;
    let profile_id = ProfileId::new(id);
    audit::note(ctx, "identity.lineage", &profile_id.to_string(), &json!({})).await?;
    Ok(Lineage { profile_id, fields })
}

/// Phones, mailboxes and ID numbers that were taken away are no fields: they part identities.
fn is_shown(field: &str) -> bool {
    zhike_domain::import::entity::IdentityKind::parse(field).is_none()
}

/// The loads that statements of files came with.
#[derive(Default)]
struct Loads(HashMap<(i64, String), Option<BatchId>>);

impl Loads {
    async fn of(&mut self, ctx: &Ctx, voice: &Voice) -> Result<Option<BatchId>> {
        let key = (voice.at, voice.source.clone());
        if let Some(known) = self.0.get(&key) {
            return Ok(*known);
        }
        let began = ctx.store().list_batches(MAX_LOADS, Some((voice.at + 1, i64::MIN))).await?;
        let found = began.iter().find(|row| row.started_at == voice.at && row.source == voice.source);
        let found = found.map(|row| BatchId::new(row.batch_id));
        self.0.insert(key, found);
        Ok(found)
    }
}
