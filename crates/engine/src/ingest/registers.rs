//! What is stated about people: kept per identity that it was stated of, so that a person who turns out to be two has two
//! sets of traits, and two who turn out to be one have both.
//!
//! A profile's traits and fields are what the registers of its identities give together (INV-TRAITS-1 makes the order of
//! merging indifferent), with those of visitors as far as the visitor belonged to it then. What files stated stays where
//! no message ever stated the same key; where one did, messages decide. When identities
//! change hands, what files stated is made anew from the statements about them ([`crate::stated`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zhike_domain::collect::message::{Dialect, Kind, Message, Stamp};
use zhike_domain::collect::traits::Traits;
use zhike_state::{FieldRow, IngestCommit, LoadCommit, SaidFieldRow, StatedRow, TraitsRow};
use zhike_vault::Place;

use super::people::People;
use super::{Heard, removals};
use crate::sealing::{Keys, open_text};
use crate::stated::{self, PERSONAL, Stated};
use crate::{Ctx, Error, Result};

const PLACE: &str = "identity_fields";

/// What was stated of an identity.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Held {
    #[serde(rename = "t")]
    traits: Traits,
    /// Of a visitor: whom it is about depends on when it was said, so every statement is kept.
    #[serde(rename = "f")]
    facts: Vec<Fact>,
}

impl Held {
    fn keys(&self) -> BTreeSet<String> {
        let of_facts = self.facts.iter().flat_map(|fact| fact.v.keys().cloned());
        self.traits.keys().map(str::to_owned).chain(of_facts).collect()
    }
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Fact {
    s: Stamp,
    k: Kind,
    v: Map<String, Value>,
}

impl Fact {
    fn message(&self) -> Message {
        let mut message = Message::new(Dialect::Plain, self.k, self.s.1.clone(), self.s.0);
        message.traits = self.v.clone();
        message
    }
}

/// Takes in what the messages state, and brings the profiles concerned up to date.
pub(super) async fn apply(ctx: &Ctx, heard: &[Heard], people: &mut People, commit: &mut IngestCommit) -> Result<()> {
    let files = Files::default();
    apply_over(ctx, heard, people, files, commit).await
}

/// What files state of the people concerned.
#[derive(Default)]
struct Files {
    /// Rows that are about to be stored.
    new: Vec<StatedRow>,
    /// Of profiles whose identities are others now, what their identities have.
    of: BTreeMap<i64, Stated>,
}

impl Files {
    /// Reads what files state of profiles whose identities are others now. Where they state nothing, nothing changes.
    async fn read(
        &mut self,
        ctx: &Ctx,
        people: &mut People,
        members: &HashMap<i64, Vec<i64>>,
        moved: &HashMap<i64, Vec<i64>>,
    ) -> Result<()> {
        let had = |profile: &i64| members.get(profile).into_iter().chain(moved.get(profile)).flatten().copied();
        let ids: BTreeSet<i64> = people.changed.iter().flat_map(had).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let stated = stated::of(ctx, &ids, &self.new, &mut people.keys).await?;
        for profile in people.changed.iter().filter(|profile| had(profile).any(|id| stated.contains_key(&id))) {
            let mut all = Stated::default();
            let mine = members.get(profile).into_iter().flatten().filter_map(|id| stated.get(id));
            mine.for_each(|one| all.merge(one.clone()));
            self.of.insert(*profile, all);
        }
        Ok(())
    }
}

async fn apply_over(
    ctx: &Ctx,
    heard: &[Heard],
    people: &mut People,
    mut files: Files,
    commit: &mut IngestCommit,
) -> Result<()> {
    let mut stated: BTreeMap<i64, Vec<&Message>> = BTreeMap::new();
    let mut fields: BTreeMap<i64, Vec<(&Heard, &'static str)>> = BTreeMap::new();
    for one in heard.iter().filter(|one| one.message.kind.states_traits()) {
        let Some(identity) = people.subject(one) else { continue };
        stated.entry(identity).or_default().push(&one.message);
        let own = PERSONAL.into_iter().filter(|field| one.message.personal.contains_key(*field));
        for field in own.chain(removals::of_message(&one.message)) {
            fields.entry(identity).or_default().push((one, field));
        }
    }
    let members = people.members();
    let mut concerned: BTreeSet<i64> = people.changed.clone();
    for (profile, ids) in &members {
        if ids.iter().any(|id| stated.contains_key(id)) {
            concerned.insert(*profile);
        }
    }
    let moved: HashMap<i64, Vec<i64>> =
        people.left.iter().chain(&people.lost).fold(HashMap::new(), |mut all, (profile, id)| {
            all.entry(*profile).or_insert_with(Vec::new).push(*id);
            all
        });
    files.read(ctx, people, &members, &moved).await?;
    let mut ids: BTreeSet<i64> = stated.keys().copied().collect();
    for profile in &concerned {
        ids.extend(members.get(profile).into_iter().flatten());
        ids.extend(moved.get(profile).into_iter().flatten());
    }
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut held: HashMap<i64, Held> = HashMap::new();
    for row in ctx.store().traits_of(&ids).await? {
        let registers = serde_json::from_str(&row.traits_json).map_err(|error| Error::bug("stored traits", error))?;
        held.insert(row.identity_id, registers);
    }
    // Keys that messages decided about before this batch: a deletion makes the registers forget them.
    let owned: HashMap<i64, BTreeSet<String>> = held.iter().map(|(id, registers)| (*id, registers.keys())).collect();
    for (&identity, messages) in &stated {
        let is_anonymous = people.nodes.get(&identity).is_some_and(super::people::Node::is_anonymous);
        let registers = held.entry(identity).or_default();
        for message in messages {
            if is_anonymous {
                let fact = Fact { s: message.stamp(), k: message.kind, v: message.traits.clone() };
                if !registers.facts.contains(&fact) {
                    registers.facts.push(fact);
                }
            } else {
                registers.traits.apply(message);
            }
        }
        registers.facts.sort_by(|a, b| a.s.cmp(&b.s));
        let traits_json = serde_json::to_string(registers).map_err(|error| Error::bug("traits as JSON", error))?;
        commit.traits.push(TraitsRow { identity_id: identity, traits_json });
    }
    for &profile in &concerned {
        let of = |id: &i64, traits: &mut Traits| {
            let Some(registers) = held.get(id) else { return };
            traits.merge(&registers.traits);
            let mine = registers.facts.iter().filter(|fact| people.owner_at(*id, fact.s.0) == Some(profile));
            mine.for_each(|fact| traits.apply(&fact.message()));
        };
        let mut traits = Traits::default();
        members.get(&profile).into_iter().flatten().for_each(|id| of(id, &mut traits));
        // Keys that only those who left ever stated are no longer this profile's, but they are not a file's either; unless it
        // is known what files state.
        let mut decided: BTreeSet<String> = BTreeSet::new();
        let left = moved.get(&profile).filter(|_| !files.of.contains_key(&profile));
        for id in members.get(&profile).into_iter().chain(left).flatten() {
            decided.extend(owned.get(id).into_iter().flatten().cloned());
            decided.extend(held.get(id).map(Held::keys).unwrap_or_default());
        }
        if let Some(row) = people.profiles.get_mut(&profile) {
            if let Some(files) = files.of.get(&profile) {
                files.replace(row);
            }
            describe(row, traits.values(), &decided);
        }
    }
    let around = Around { concerned: &concerned, members: &members, moved: &moved, files: &files };
    self::fields(ctx, people, around, &fields, commit).await
}

/// Brings the profiles that a load merges others into up to date with what messages stated of any of them.
pub(crate) async fn follow_merges(ctx: &Ctx, load: &mut LoadCommit) -> Result<()> {
    if load.merged.is_empty() {
        return Ok(());
    }
    let mut people = People::merged(ctx, &load.merged).await?;
    people.add_new(&load.new_identities);
    let files = Files { new: load.stated.clone(), ..Files::default() };
    let rows = load.updated_profiles.iter().filter(|row| people.changed.contains(&row.profile_id));
    people.profiles = rows.map(|row| (row.profile_id, row.clone())).collect();
    let mut commit = IngestCommit::default();
    apply_over(ctx, &[], &mut people, files, &mut commit).await?;
    for row in &mut load.updated_profiles {
        if let Some(now) = people.profiles.remove(&row.profile_id) {
            *row = now;
        }
    }
    // Where messages stated a field they decide, whatever the file says.
    let IngestCommit { load: LoadCommit { fields, dropped_fields, .. }, .. } = commit;
    let is_decided = |row: &FieldRow| {
        fields.iter().any(|field| (field.profile_id, &field.field) == (row.profile_id, &row.field))
            || dropped_fields.contains(&(row.profile_id, row.field.clone()))
    };
    load.fields.retain(|row| !is_decided(row));
    load.fields.extend(fields);
    load.dropped_fields.extend(dropped_fields);
    Ok(())
}

/// Sets what the registers say of a profile; `decided` are the keys about which messages decide.
fn describe(row: &mut zhike_state::ProfileRow, values: Map<String, Value>, decided: &BTreeSet<String>) {
    let text = |key: &str| values.get(key).and_then(Value::as_str).map(str::to_owned);
    let set = |key: &str, column: &mut Option<String>, value: Option<String>| {
        if value.is_some() || decided.contains(key) {
            *column = value;
        }
    };
    set("gender", &mut row.gender, text("gender").filter(|gender| gender == "male" || gender == "female"));
    set("country", &mut row.country, text("country"));
    set("province", &mut row.province, text("province"));
    set("city", &mut row.city, text("city"));
    set("member_level", &mut row.member_level, text("member_level"));
    set("acquisition_channel", &mut row.acquisition_channel, text("acquisition_channel"));
    let before = row.traits.as_deref().and_then(|json| serde_json::from_str::<Map<String, Value>>(json).ok());
    let mut all = before.unwrap_or_default();
    all.retain(|key, _| !decided.contains(key));
    all.extend(values);
    row.traits = (!all.is_empty()).then(|| Value::Object(all).to_string());
}

/// Profiles that are made anew, with the identities that they have and those that left them.
#[derive(Clone, Copy)]
struct Around<'a> {
    concerned: &'a BTreeSet<i64>,
    members: &'a HashMap<i64, Vec<i64>>,
    moved: &'a HashMap<i64, Vec<i64>>,
    files: &'a Files,
}

/// Personal fields: the newest statement wins, a removal too.
async fn fields(
    ctx: &Ctx,
    people: &mut People,
    around: Around<'_>,
    stated: &BTreeMap<i64, Vec<(&Heard, &'static str)>>,
    commit: &mut IngestCommit,
) -> Result<()> {
    let Around { concerned, members, moved, files } = around;
    let ids = concerned.iter().flat_map(|profile| members.get(profile).into_iter().chain(moved.get(profile)).flatten());
    let ids: BTreeSet<i64> = ids.copied().chain(stated.keys().copied()).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut known = ctx.store().said_fields_of(&ids).await?;
    for (&identity, statements) in stated {
        let Some(node) = people.nodes.get(&identity) else { continue };
        let Some(profile) = node.profile else { continue };
        if people.keys.get(profile).is_none() {
            people.keys.fetch(ctx, [profile]).await?;
        }
        let is_anonymous = node.is_anonymous();
        let Some(key) = people.keys.get(profile) else { continue };
        let mut touched: BTreeSet<&str> = BTreeSet::new();
        for (one, field) in statements {
            let Some(value) = one.message.personal.get(*field) else { continue };
            let Stamp(said_at, said_by) = one.message.stamp();
            let place = Place { table: PLACE, column: field };
            let row = SaidFieldRow {
                identity_id: identity,
                field: (*field).to_owned(),
                said_at,
                said_by,
                sealed: value.as_ref().map(|value| key.seal(place, value.expose().as_bytes())),
                key_profile_id: profile,
                source: one.source.name.clone(),
            };
            let same = |held: &SaidFieldRow| held.identity_id == identity && held.field == *field;
            if is_anonymous {
                known.retain(|held| !(same(held) && stamp(held) == stamp(&row)));
            } else if known.iter().any(|held| same(held) && stamp(held) >= stamp(&row)) {
                continue;
            } else {
                known.retain(|held| !same(held));
            }
            known.push(row);
            touched.insert(field);
        }
        for field in touched {
            commit.replaced_fields.push((identity, field.to_owned()));
            let rows = known.iter().filter(|held| held.identity_id == identity && held.field == field);
            commit.said_fields.extend(rows.cloned());
        }
    }
    people.keys.fetch(ctx, known.iter().map(|held| held.key_profile_id).collect::<Vec<_>>()).await?;
    people.keys.fetch(ctx, concerned.iter().copied().collect::<Vec<_>>()).await?;
    for &profile in concerned {
        if !people.profiles.contains_key(&profile) {
            continue;
        }
        let mine = members.get(&profile).map_or(&[][..], Vec::as_slice);
        for field in PERSONAL {
            let said = known.iter().filter(|held| held.field == field && mine.contains(&held.identity_id));
            let newest = said
                .filter(|held| people.owner_at(held.identity_id, held.said_at) == Some(profile))
                .max_by(|a, b| stamp(a).cmp(&stamp(b)));
            let Some(newest) = newest else {
                if let Some(files) = files.of.get(&profile) {
                    match (files.personal(field), people.keys.get(profile)) {
                        (Some((value, said)), Some(key)) => commit.load.fields.push(FieldRow {
                            profile_id: profile,
                            field: field.into(),
                            sealed: key.seal(Place { table: "profiles", column: field }, value.as_bytes()),
                            source: said.3.clone(),
                            updated_at: said.1,
                        }),
                        _ => commit.load.dropped_fields.push((profile, field.to_owned())),
                    }
                    continue;
                }
                let left = moved.get(&profile).map_or(&[][..], Vec::as_slice);
                if known.iter().any(|held| held.field == field && left.contains(&held.identity_id)) {
                    commit.load.dropped_fields.push((profile, field.to_owned()));
                }
                continue;
            };
            let value = said_value(newest, &people.keys);
            let (source, updated_at) = (newest.source.clone(), newest.said_at);
            match (value, people.keys.get(profile)) {
                (Some(value), Some(key)) => {
                    let sealed = key.seal(Place { table: "profiles", column: field }, value.as_bytes());
                    commit.load.fields.push(FieldRow {
                        profile_id: profile,
                        field: field.into(),
                        sealed,
                        source,
                        updated_at,
                    });
                    if field == "birthday"
                        && let Some(row) = people.profiles.get_mut(&profile)
                    {
                        row.birth_year = value.get(..4).and_then(|year| year.parse().ok());
                    }
                }
                _ => commit.load.dropped_fields.push((profile, field.to_owned())),
            }
        }
    }
    Ok(())
}

/// What a message stated of an identity; `None` when it was taken away or erased.
pub(crate) fn said_value(row: &SaidFieldRow, keys: &Keys) -> Option<String> {
    let place = Place { table: PLACE, column: &row.field };
    open_text(keys.get(row.key_profile_id), place, row.sealed.as_ref()?)
}

fn stamp(row: &SaidFieldRow) -> (i64, &str) {
    (row.said_at, row.said_by.as_str())
}
