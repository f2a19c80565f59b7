//! What is stated about people: kept per identity that it was stated of and per source, so that a person who turns out to be two
//! has two sets of traits, and two who turn out to be one have both.
//!
//! A profile's traits and fields are what stands of all that files and messages state of its identities ([`super::voices`]),
//! with what is stated of visitors as far as the visitor belonged to it then.
//!
//! - **INV-GOLDEN-4**: what a profile says is a function of the statements about its identities and the rules, whatever came
//!   first; with the rules of the beginning nothing that an unproven sender says stands over what a file or a proven sender
//!   says (`tests/it/golden.rs`). What files stated before statements were kept (see the changelog) stays until a message or
//!   a file states it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zhike_domain::collect::message::{Dialect, Kind, Message, Stamp};
use zhike_domain::collect::traits::Traits;
use zhike_domain::identity::golden::{Rules, Standing};
use zhike_state::{FieldRow, IngestCommit, LoadCommit, SaidFieldRow, StatedRow, TraitsRow};
use zhike_vault::Place;

use super::people::People;
use super::voices::Voices;
use super::{Heard, removals};
use crate::sealing::{Keys, open_text};
use crate::stated::{self, PERSONAL, Stated};
use crate::{Ctx, Error, Result, identity};

const PLACE: &str = "identity_fields";
/// Profiles that are made anew at a time.
pub(super) const AT_A_TIME: usize = 5_000;

/// What was stated of an identity.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Held {
    /// From before sources were kept; counts as proven, for it stood.
    #[serde(rename = "t", skip_serializing_if = "is_nothing")]
    traits: Traits,
    /// By source, of those who proved who people are.
    #[serde(rename = "p", skip_serializing_if = "BTreeMap::is_empty")]
    proven: BTreeMap<String, Traits>,
    /// By source, of all others.
    #[serde(rename = "u", skip_serializing_if = "BTreeMap::is_empty")]
    unproven: BTreeMap<String, Traits>,
    /// Of a visitor: whom it is about depends on when it was said, so every statement is kept.
    #[serde(rename = "f")]
    facts: Vec<Fact>,
}

fn is_nothing(traits: &Traits) -> bool {
    *traits == Traits::default()
}

impl Held {
    fn keys(&self) -> BTreeSet<String> {
        let of_facts = self.facts.iter().flat_map(|fact| fact.v.keys().cloned());
        let of_sources = self.proven.values().chain(self.unproven.values()).flat_map(Traits::keys);
        self.traits.keys().chain(of_sources).map(str::to_owned).chain(of_facts).collect()
    }

    fn apply(&mut self, one: &Heard) {
        let registers = if one.is_proven() { &mut self.proven } else { &mut self.unproven };
        registers.entry(one.source.name.clone()).or_default().apply(&one.message);
    }
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Fact {
    s: Stamp,
    k: Kind,
    v: Map<String, Value>,
    /// Source.
    #[serde(default)]
    o: String,
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
    let rules = identity::golden_rules(ctx).await?.0;
    apply_over(ctx, heard, people, Files::default(), &rules, commit).await
}

/// What files state of the people concerned.
#[derive(Default)]
struct Files {
    /// Rows that are about to be stored, by identity.
    new: Arc<HashMap<i64, Vec<StatedRow>>>,
    /// By identity, source by source.
    of: HashMap<i64, Vec<Stated>>,
}

/// Profiles that are made anew, and all that is stated around them.
struct Around {
    concerned: BTreeSet<i64>,
    /// The identities that they have.
    members: HashMap<i64, Vec<i64>>,
    /// Those that left them.
    moved: HashMap<i64, Vec<i64>>,
    held: HashMap<i64, Held>,
    files: Files,
    said: HashMap<i64, Vec<SaidFieldRow>>,
}

impl Around {
    /// Finds out who is concerned, besides those of whom something is stated now, and reads what is stored.
    async fn read(ctx: &Ctx, people: &mut People, stated: &BTreeSet<i64>, files: Files) -> Result<Self> {
        let members = people.members();
        let mut concerned: BTreeSet<i64> = people.changed.union(&people.restated).copied().collect();
        for (profile, ids) in &members {
            if ids.iter().any(|id| stated.contains(id)) {
                concerned.insert(*profile);
            }
        }
        let moved: HashMap<i64, Vec<i64>> =
            people.left.iter().chain(&people.lost).fold(HashMap::new(), |mut all, (profile, id)| {
                all.entry(*profile).or_insert_with(Vec::new).push(*id);
                all
            });
        let mut around = Self { concerned, members, moved, held: HashMap::new(), files, said: HashMap::new() };
        let mut ids = stated.clone();
        for profile in &around.concerned {
            ids.extend(around.had(*profile));
        }
        let ids: Vec<i64> = ids.into_iter().collect();
        for row in ctx.store().traits_of(&ids).await? {
            let registers =
                serde_json::from_str(&row.traits_json).map_err(|error| Error::bug("stored traits", error))?;
            around.held.insert(row.identity_id, registers);
        }
        around.files.of = stated::of(ctx, &ids, &around.files.new, &mut people.keys).await?;
        for row in ctx.store().said_fields_of(&ids).await? {
            around.said.entry(row.identity_id).or_default().push(row);
        }
        Ok(around)
    }

    /// The identities that a profile has or had.
    fn had(&self, profile: i64) -> impl Iterator<Item = i64> {
        self.members.get(&profile).into_iter().chain(self.moved.get(&profile)).flatten().copied()
    }

    /// Whether files state anything of the identities that a profile has or had; else what it says of files is not known.
    fn has_files(&self, profile: i64) -> bool {
        self.had(profile).any(|id| self.files.of.contains_key(&id))
    }

    /// Takes in the traits that messages state.
    fn hear_traits(
        &mut self,
        people: &People,
        stated: &BTreeMap<i64, Vec<&Heard>>,
        commit: &mut IngestCommit,
    ) -> Result<()> {
        for (&id, messages) in stated {
            let is_anonymous = people.nodes.get(&id).is_some_and(super::people::Node::is_anonymous);
            let registers = self.held.entry(id).or_default();
            for one in messages {
                if !is_anonymous {
                    registers.apply(one);
                    continue;
                }
                let (message, o) = (&one.message, one.source.name.clone());
                let fact = Fact { s: message.stamp(), k: message.kind, v: message.traits.clone(), o };
                if !registers.facts.contains(&fact) {
                    registers.facts.push(fact);
                }
            }
            registers.facts.sort_by(|a, b| (&a.s, &a.o).cmp(&(&b.s, &b.o)));
            let traits_json = serde_json::to_string(registers).map_err(|error| Error::bug("traits as JSON", error))?;
            commit.traits.push(TraitsRow { identity_id: id, traits_json });
        }
        Ok(())
    }

    /// Takes in the personal fields that messages state: of known ids the newest of each source, of visitors all.
    async fn hear_fields(
        &mut self,
        ctx: &Ctx,
        people: &mut People,
        stated: &BTreeMap<i64, Vec<(&Heard, &'static str)>>,
        commit: &mut IngestCommit,
    ) -> Result<()> {
        for (&identity, statements) in stated {
            let Some(node) = people.nodes.get(&identity) else { continue };
            let Some(profile) = node.profile else { continue };
            if people.keys.get(profile).is_none() {
                people.keys.fetch(ctx, [profile]).await?;
            }
            let is_anonymous = node.is_anonymous();
            let Some(key) = people.keys.get(profile) else { continue };
            let known = self.said.entry(identity).or_default();
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
                    is_proven: i64::from(one.is_proven()),
                };
                if keep_said(known, row, is_anonymous) {
                    touched.insert(field);
                }
            }
            for field in touched {
                commit.replaced_fields.push((identity, field.to_owned()));
                commit.said_fields.extend(known.iter().filter(|held| held.field == field).cloned());
            }
        }
        Ok(())
    }

    /// All that is stated of a profile.
    fn voices(&self, people: &People, profile: i64) -> Voices {
        let mut voices = Voices::default();
        for id in self.members.get(&profile).into_iter().flatten() {
            let is_mine = |at: i64| people.owner_at(*id, at) == Some(profile);
            let is_anonymous = people.nodes.get(id).is_some_and(super::people::Node::is_anonymous);
            if let Some(held) = self.held.get(id) {
                voices.hear_traits("", Standing::Proven, held.traits.clone());
                for (source, traits) in &held.proven {
                    voices.hear_traits(source, Standing::Proven, traits.clone());
                }
                for (source, traits) in &held.unproven {
                    voices.hear_traits(source, Standing::Unproven, traits.clone());
                }
                let mut of_visitor: BTreeMap<&str, Traits> = BTreeMap::new();
                for fact in held.facts.iter().filter(|fact| is_mine(fact.s.0)) {
                    of_visitor.entry(&fact.o).or_default().apply(&fact.message());
                }
                for (source, traits) in of_visitor {
                    voices.hear_traits(source, Standing::Unproven, traits);
                }
            }
            self.files.of.get(id).into_iter().flatten().for_each(|stated| voices.hear_file(stated));
            for row in self.said.get(id).into_iter().flatten().filter(|row| is_mine(row.said_at)) {
                let is_proven = row.is_proven != 0 && !is_anonymous;
                let standing = if is_proven { Standing::Proven } else { Standing::Unproven };
                voices.hear_field(row, standing, said_value(row, &people.keys));
            }
        }
        voices.settle()
    }
}

/// Keeps a statement beside those that are known; says whether it is news.
fn keep_said(known: &mut Vec<SaidFieldRow>, row: SaidFieldRow, is_anonymous: bool) -> bool {
    // No two rows have one message and time: should two sources say so, the better standing stays.
    let is_same_stamp = |held: &SaidFieldRow| held.field == row.field && stamp(held) == stamp(&row);
    let rank = |row: &SaidFieldRow| (std::cmp::Reverse(row.is_proven), row.source.clone());
    if known.iter().any(|held| is_same_stamp(held) && rank(held) < rank(&row)) {
        return false;
    }
    if is_anonymous {
        known.retain(|held| !is_same_stamp(held));
        known.push(row);
        return true;
    }
    let is_same =
        |held: &SaidFieldRow| (&held.field, &held.source, held.is_proven) == (&row.field, &row.source, row.is_proven);
    if known.iter().any(|held| is_same(held) && stamp(held) >= stamp(&row)) {
        return false;
    }
    known.retain(|held| !is_same(held) && !is_same_stamp(held));
    known.push(row);
    true
}

async fn apply_over(
    ctx: &Ctx,
    heard: &[Heard],
    people: &mut People,
    files: Files,
    rules: &Rules,
    commit: &mut IngestCommit,
) -> Result<()> {
    let mut stated: BTreeMap<i64, Vec<&Heard>> = BTreeMap::new();
    let mut fields: BTreeMap<i64, Vec<(&Heard, &'static str)>> = BTreeMap::new();
    for one in heard.iter().filter(|one| one.message.kind.states_traits()) {
        let Some(identity) = people.subject(one) else { continue };
        stated.entry(identity).or_default().push(one);
        let own = PERSONAL.into_iter().filter(|field| one.message.personal.contains_key(*field));
        for field in own.chain(removals::of_message(&one.message)) {
            fields.entry(identity).or_default().push((one, field));
        }
    }
    let mut around = Around::read(ctx, people, &stated.keys().copied().collect(), files).await?;
    // Keys that messages decided about before this batch: a deletion makes the registers forget them.
    let owned: HashMap<i64, BTreeSet<String>> =
        around.held.iter().map(|(id, registers)| (*id, registers.keys())).collect();
    around.hear_traits(people, &stated, commit)?;
    around.hear_fields(ctx, people, &fields, commit).await?;
    let sealers: BTreeSet<i64> = around.said.values().flatten().map(|held| held.key_profile_id).collect();
    people.keys.fetch(ctx, sealers.into_iter().chain(around.concerned.iter().copied())).await?;
    for &profile in &around.concerned {
        let Some(mut row) = people.profiles.remove(&profile) else { continue };
        let voices = around.voices(people, profile);
        // Where the identities are others now, what only those who left stated is no longer this profile's; what is not
        // known of files stays.
        let is_whole = people.changed.contains(&profile) && around.has_files(profile);
        // Keys that only those who left ever stated are not a file's either; unless it is known what files state.
        let mut decided: BTreeSet<String> = BTreeSet::new();
        let left = around.moved.get(&profile).filter(|_| !is_whole);
        for id in around.members.get(&profile).into_iter().chain(left).flatten() {
            decided.extend(owned.get(id).into_iter().flatten().cloned());
            decided.extend(around.held.get(id).map(Held::keys).unwrap_or_default());
        }
        voices.lay(rules, &mut row, is_whole, &decided);
        for field in PERSONAL {
            let Some(chosen) = voices.chosen(rules, field) else {
                let left = around.moved.get(&profile).into_iter().flatten();
                let mut said = left.filter_map(|id| around.said.get(id)).flatten();
                if is_whole || said.any(|held| held.field == field) {
                    commit.load.dropped_fields.push((profile, field.to_owned()));
                }
                continue;
            };
            let value = chosen.value.as_ref().and_then(Value::as_str);
            let (Some(value), Some(key)) = (value, people.keys.get(profile)) else {
                commit.load.dropped_fields.push((profile, field.to_owned()));
                continue;
            };
            commit.load.fields.push(FieldRow {
                profile_id: profile,
                field: field.into(),
                sealed: key.seal(Place { table: "profiles", column: field }, value.as_bytes()),
                source: chosen.voice.source.clone(),
                updated_at: chosen.voice.at,
            });
            if field == "birthday" {
                row.birth_year = value.get(..4).and_then(|year| year.parse().ok()).or(row.birth_year);
            }
        }
        people.profiles.insert(profile, row);
    }
    Ok(())
}

/// Brings the profiles that a load merges others into, and those of which it states something, up to date with all that is
/// stated of them. `restated` are profiles that were there.
pub(crate) async fn follow(ctx: &Ctx, load: &mut LoadCommit, restated: &BTreeSet<i64>) -> Result<()> {
    if load.merged.is_empty() && restated.is_empty() {
        return Ok(());
    }
    let mut new: HashMap<i64, Vec<StatedRow>> = HashMap::new();
    for row in &load.stated {
        new.entry(row.identity_id).or_default().push(row.clone());
    }
    let place = load.updated_profiles.iter().enumerate().map(|(at, row)| (row.profile_id, at)).collect();
    let following = Following { rules: identity::golden_rules(ctx).await?.0, new: Arc::new(new), place };
    let mut survivors = BTreeSet::new();
    if !load.merged.is_empty() {
        let people = People::merged(ctx, &load.merged).await?;
        survivors.clone_from(&people.changed);
        following.bring(ctx, people, load).await?;
    }
    let others: Vec<i64> = restated.difference(&survivors).copied().collect();
    for chunk in others.chunks(AT_A_TIME) {
        let people = People::restated(ctx, chunk).await?;
        following.bring(ctx, people, load).await?;
    }
    Ok(())
}

/// A load whose people are made anew.
struct Following {
    rules: Rules,
    new: Arc<HashMap<i64, Vec<StatedRow>>>,
    /// Where each profile stands among those that are updated.
    place: HashMap<i64, usize>,
}

impl Following {
    async fn bring(&self, ctx: &Ctx, mut people: People, load: &mut LoadCommit) -> Result<()> {
        people.add_new(&load.new_identities);
        let concerned = people.changed.union(&people.restated);
        let rows = concerned.filter_map(|id| load.updated_profiles.get(*self.place.get(id)?));
        people.profiles = rows.map(|row| (row.profile_id, row.clone())).collect();
        let files = Files { new: self.new.clone(), ..Files::default() };
        let mut commit = IngestCommit::default();
        apply_over(ctx, &[], &mut people, files, &self.rules, &mut commit).await?;
        for (id, now) in people.profiles {
            if let Some(row) = self.place.get(&id).and_then(|at| load.updated_profiles.get_mut(*at)) {
                *row = now;
            }
        }
        load.fields.extend(commit.load.fields);
        load.dropped_fields.extend(commit.load.dropped_fields);
        Ok(())
    }
}

/// Makes profiles anew from what is stated of them, by these rules.
pub(super) async fn restate(ctx: &Ctx, people: &mut People, rules: &Rules, commit: &mut IngestCommit) -> Result<()> {
    apply_over(ctx, &[], people, Files::default(), rules, commit).await
}

/// All that is stated of a profile.
pub(crate) async fn voices_of(ctx: &Ctx, profile: i64) -> Result<Voices> {
    let mut people = People::restated(ctx, &[profile]).await?;
    let around = Around::read(ctx, &mut people, &BTreeSet::new(), Files::default()).await?;
    let sealers: BTreeSet<i64> = around.said.values().flatten().map(|held| held.key_profile_id).collect();
    people.keys.fetch(ctx, sealers).await?;
    Ok(around.voices(&people, profile))
}

/// What a message stated of an identity; `None` when it was taken away or erased.
pub(crate) fn said_value(row: &SaidFieldRow, keys: &Keys) -> Option<String> {
    let place = Place { table: PLACE, column: &row.field };
    open_text(keys.get(row.key_profile_id), place, row.sealed.as_ref()?)
}

fn stamp(row: &SaidFieldRow) -> (i64, &str) {
    (row.said_at, row.said_by.as_str())
}
