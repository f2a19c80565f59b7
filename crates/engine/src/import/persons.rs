//! Loading people and companies: attributes to state, personal fields to the vault.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhike_domain::clean::rule::Rule;
use zhike_domain::frame::Frame;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{FieldRow, LoadCommit, ProfileRow};
use zhike_vault::Place;

use super::Looked;
use super::consents;
use super::load::{Load, Loaded};
use super::people::{Known, Resolved};
use crate::corrections::Pins;
use crate::sealing::{self, Keys};
use crate::stated::{self, PERSONAL, Stated};
use crate::{Ctx, Result};

/// The first pass: rows in memory, some 300 bytes each.
#[derive(Default)]
pub(crate) struct Persons {
    frames: Vec<(Frame, Vec<u32>)>,
}

impl Persons {
    /// Takes accepted rows whose identities have been taken out.
    pub(crate) fn push(&mut self, load: &mut Load<'_>, rows: Known) {
        let keep = load.first_seen(&rows.hashes);
        let strongest = rows.strongest.iter().zip(&keep).filter_map(|(&local, &keep)| keep.then_some(local)).collect();
        self.frames.push((rows.frame.filter(&keep), strongest));
    }

    /// The second pass: later rows win, what they leave out stays.
    pub(crate) async fn finish(self, load: &mut Load<'_>, looked: &Looked, commit: &mut LoadCommit) -> Result<Loaded> {
        let ctx = load.ctx;
        let mut resolved = load.people.resolve(ctx, load.batch_id, commit).await?;
        let mut loaded = Loaded::default();
        let before = Before::read(ctx, &resolved.known, &resolved.pins, &mut resolved.keys).await?;
        let mut fields: BTreeMap<(i64, &'static str), Sensitive<String>> = BTreeMap::new();
        let mut changed: HashMap<i64, u64> = HashMap::new();
        let mut kept_back: BTreeSet<(i64, String)> = BTreeSet::new();
        let mut stated: HashMap<u32, Stated> = HashMap::new();
        let mut n_rows = 0;
        for (frame, strongest) in &self.frames {
            for (row, &local) in strongest.iter().enumerate() {
                n_rows += 1;
                let Some(profile_id) = resolved.profile_of.get(local as usize).copied().flatten() else {
                    // Every identity of the row was set aside: it says nothing about anybody.
                    loaded.n_loaded += 1;
                    continue;
                };
                let one = Stated::of_row(frame, row, load.started_at, n_rows);
                kept_back.extend(resolved.pins.kept_back(profile_id, frame, row).map(|it| (profile_id, it.to_owned())));
                match resolved.new_rows.get_mut(&profile_id) {
                    // Of somebody new this load says all, and of one source the newest stands, by every rule.
                    Some(profile) => {
                        one.lay(profile);
                        for field in PERSONAL {
                            if let Some((value, _)) = one.personal(field) {
                                fields.insert((profile_id, field), Sensitive::new(value.to_owned()));
                            }
                        }
                    }
                    None => drop(resolved.restated.insert(profile_id)),
                }
                stated.entry(local).or_default().merge(one);
                *changed.entry(profile_id).or_default() += 1;
            }
        }
        for (_, field) in kept_back {
            load.count(Rule::KeptBack, &field, 1);
        }
        for ((profile_id, field), value) in fields {
            let Some(key) = resolved.keys.get(profile_id) else { continue };
            commit.fields.push(FieldRow {
                profile_id,
                field: field.into(),
                sealed: key.seal(Place { table: "profiles", column: field }, value.expose().as_bytes()),
                source: load.source.clone(),
                updated_at: load.started_at,
            });
        }
        keep(ctx, load, &resolved, stated, commit).await?;
        loaded.said = consents::apply(load, looked, &self.frames, &resolved, commit).await?;
        loaded.people(&resolved);
        let mut look = |keys: &Keys, commit: &LoadCommit| {
            let now = Now::of(keys, commit);
            for (profile_id, n_rows) in &changed {
                let is_same = before.is_same(*profile_id, &now);
                if is_same { loaded.n_duplicate += n_rows } else { loaded.n_loaded += n_rows }
            }
        };
        resolved.commit_seen(ctx, commit, Some(&mut look)).await?;
        load.count(Rule::DuplicateKey, "profile", loaded.n_duplicate);
        Ok(loaded)
    }
}

/// Keeps what the rows state, with what files of the same source stated before.
async fn keep(
    ctx: &Ctx,
    load: &Load<'_>,
    resolved: &Resolved,
    stated: HashMap<u32, Stated>,
    commit: &mut LoadCommit,
) -> Result<()> {
    let identity = |local: u32| resolved.identity_of[local as usize];
    let ids: Vec<i64> = stated.keys().map(|local| identity(*local)).collect();
    let mut keys = Keys::default();
    let mut before = match resolved.known.is_empty() {
        true => HashMap::new(),
        false => stated::of_source(ctx, &ids, &load.source, &mut keys).await?,
    };
    for (local, now) in stated {
        let identity_id = identity(local);
        let Some(profile) = resolved.profile_of[local as usize] else { continue };
        let Some(key) = resolved.keys.get(profile) else { continue };
        let mut all = before.remove(&identity_id).unwrap_or_default();
        all.renew(now);
        commit.stated.push(all.to_row(identity_id, &load.source, profile, key)?);
    }
    Ok(())
}

/// What was known of the profiles of a load, to tell news from repetition.
struct Before {
    rows: HashMap<i64, ProfileRow>,
    fields: HashMap<(i64, String), Sensitive<String>>,
}

impl Before {
    async fn read(ctx: &Ctx, known: &HashMap<i64, ProfileRow>, pins: &Pins, keys: &mut Keys) -> Result<Self> {
        let ids: Vec<i64> = known.keys().copied().collect();
        keys.fetch(ctx, ids.iter().copied()).await?;
        let mut rows = ctx.store().profiles_by_ids(&ids).await?;
        rows.iter_mut().for_each(|row| pins.lift(row));
        let fields = ctx.store().profile_fields(&ids).await?;
        let mut fields: HashMap<(i64, String), Sensitive<String>> = fields
            .into_iter()
            .filter_map(|field| {
                let value = sealing::field_value(keys, &field)?;
                Some(((field.profile_id, field.field), Sensitive::new(value)))
            })
            .collect();
        ids.iter().for_each(|id| pins.lift_fields(*id, &mut fields));
        Ok(Self { rows: rows.into_iter().map(|row| (row.profile_id, row)).collect(), fields })
    }

    fn is_same(&self, profile_id: i64, now: &Now<'_>) -> bool {
        let (Some(before), Some(row)) = (self.rows.get(&profile_id), now.rows.get(&profile_id)) else { return false };
        before == *row
            && PERSONAL.iter().all(|&field| {
                let key = (profile_id, field.to_owned());
                now.fields.get(&key).is_none_or(|value| self.fields.get(&key) == value.as_ref())
            })
    }
}

/// What is about to be stored of the profiles that were there.
struct Now<'a> {
    rows: HashMap<i64, &'a ProfileRow>,
    /// Personal fields that are stated; missing where they are taken away.
    fields: HashMap<(i64, String), Option<Sensitive<String>>>,
}

impl<'a> Now<'a> {
    fn of(keys: &Keys, commit: &'a LoadCommit) -> Self {
        let rows: HashMap<i64, &ProfileRow> = commit.updated_profiles.iter().map(|row| (row.profile_id, row)).collect();
        let stated = commit.fields.iter().filter(|row| rows.contains_key(&row.profile_id));
        let stated = stated.map(|row| {
            let value = sealing::field_value(keys, row).map(Sensitive::new);
            ((row.profile_id, row.field.clone()), value)
        });
        let dropped = commit.dropped_fields.iter().map(|one| (one.clone(), None));
        Self { fields: dropped.chain(stated).collect(), rows }
    }
}
