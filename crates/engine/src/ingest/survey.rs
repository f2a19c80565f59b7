//! Everybody by other rules of the golden record: what would differ, and making it so.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};
use zhike_domain::identity::golden::{Rules, TRAIT};
use zhike_domain::sensitive::Sensitive;
use zhike_state::{FieldRow, IngestCommit, ProfileRow};

use super::people::People;
use super::registers;
use super::voices::COLUMNS;
use crate::corrections::Pins;
use crate::sealing;
use crate::stated::PERSONAL;
use crate::workspace::date_of;
use crate::{Ctx, Result, segments};

/// A field of a profile that says something else.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) profile_id: i64,
    pub(crate) field: String,
    pub(crate) before: Option<Sensitive<String>>,
    pub(crate) after: Option<Sensitive<String>>,
}

/// Profiles made anew by rules, and what differs.
struct Renewed {
    people: People,
    commit: IngestCommit,
    differences: Vec<Difference>,
    /// Profiles with a difference, also under a correction.
    changed: BTreeSet<i64>,
}

/// The profiles about which statements may disagree, in portions.
pub(crate) async fn disputed(ctx: &Ctx) -> Result<Vec<Vec<i64>>> {
    let all = ctx.store().disputed_profiles().await?;
    Ok(all.chunks(registers::AT_A_TIME).map(<[i64]>::to_vec).collect())
}

/// What some profiles would say otherwise by rules.
pub(crate) async fn survey(ctx: &Ctx, rules: &Rules, profiles: &[i64]) -> Result<Vec<Difference>> {
    Ok(Renewed::of(ctx, rules, profiles).await?.differences)
}

/// Makes some profiles anew by rules; says what differs. The caller holds the write lock.
pub(crate) async fn renew(ctx: &Ctx, rules: &Rules, profiles: &[i64]) -> Result<Vec<Difference>> {
    let Renewed { mut people, mut commit, differences, changed } = Renewed::of(ctx, rules, profiles).await?;
    people.profiles.retain(|id, _| changed.contains(id));
    commit.load.fields.retain(|row| changed.contains(&row.profile_id));
    commit.load.dropped_fields.retain(|(id, _)| changed.contains(id));
    let pins = std::mem::take(&mut people.pins);
    people.finish(&mut commit);
    commit.load.committed_at = ctx.now();
    pins.lay(ctx, &mut commit.load).await?;
    if !changed.is_empty() {
        ctx.store().decide(&commit).await?;
    }
    if let Err(error) = segments::touched(ctx, &changed).await {
        tracing::warn!(%error, "live segments wait for the next refresh");
    }
    Ok(differences)
}

impl Renewed {
    async fn of(ctx: &Ctx, rules: &Rules, profiles: &[i64]) -> Result<Self> {
        let mut people = People::restated(ctx, profiles).await?;
        people.pins = Pins::read(ctx).await?;
        let mut rows = ctx.store().profiles_by_ids(profiles).await?;
        rows.retain(|row| row.merged_into.is_none());
        rows.iter_mut().for_each(|row| people.pins.lift(row));
        people.profiles = rows.iter().map(|row| (row.profile_id, row.clone())).collect();
        people.keys.fetch(ctx, profiles.iter().copied()).await?;
        let mut fields = Fields::new();
        for row in ctx.store().profile_fields(profiles).await? {
            fields.extend(opened(&people, &row));
        }
        profiles.iter().for_each(|id| people.pins.lift_fields(*id, &mut fields));
        let mut commit = IngestCommit::default();
        registers::restate(ctx, &mut people, rules, &mut commit).await?;
        let mut after = fields.clone();
        commit.load.dropped_fields.iter().for_each(|key| drop(after.remove(key)));
        for row in &commit.load.fields {
            after.extend(opened(&people, row));
        }
        let mut differences = Vec::new();
        for row in &rows {
            let Some(now) = people.profiles.get(&row.profile_id) else { continue };
            let (before, mut now) = (values(row, &fields), values(now, &after));
            let mut differs = |field: String, before: Option<Sensitive<String>>, after: Option<Sensitive<String>>| {
                if before != after {
                    differences.push(Difference { profile_id: row.profile_id, field, before, after });
                }
            };
            for (field, before) in before {
                let after = now.remove(&field);
                differs(field, Some(before), after);
            }
            now.into_iter().for_each(|(field, after)| differs(field, None, Some(after)));
        }
        let changed = differences.iter().map(|one| one.profile_id).collect();
        // What was corrected stays, whatever stands under it.
        differences.retain(|one| !people.pins.hold(one.profile_id, &one.field));
        Ok(Self { people, commit, differences, changed })
    }
}

type Fields = HashMap<(i64, String), Sensitive<String>>;

fn opened(people: &People, row: &FieldRow) -> Option<((i64, String), Sensitive<String>)> {
    let value = sealing::field_value(&people.keys, row)?;
    Some(((row.profile_id, row.field.clone()), Sensitive::new(value)))
}

/// What a profile says, by field.
fn values(row: &ProfileRow, fields: &Fields) -> BTreeMap<String, Sensitive<String>> {
    let mut all: BTreeMap<String, Sensitive<String>> = BTreeMap::new();
    let texts = [
        ("kind", Some(row.kind.clone())),
        ("gender", row.gender.clone()),
        ("birth_year", row.birth_year.map(|year| year.to_string())),
        ("country", row.country.clone()),
        ("province", row.province.clone()),
        ("city", row.city.clone()),
        ("member_level", row.member_level.clone()),
        ("registered_on", row.registered_on.and_then(date_of).map(|day| day.to_string())),
        ("acquisition_channel", row.acquisition_channel.clone()),
    ];
    for (field, value) in texts {
        all.extend(value.map(|value| (field.to_owned(), Sensitive::new(value))));
    }
    let traits = row.traits.as_deref().and_then(|json| serde_json::from_str::<Map<String, Value>>(json).ok());
    // A trait that is a column is told once.
    for (name, value) in traits.into_iter().flatten().filter(|(name, _)| !COLUMNS.contains(&name.as_str())) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        all.insert(format!("{TRAIT}{name}"), Sensitive::new(text));
    }
    for field in PERSONAL {
        let value = fields.get(&(row.profile_id, field.to_owned()));
        all.extend(value.map(|value| (field.to_owned(), value.clone())));
    }
    all
}
