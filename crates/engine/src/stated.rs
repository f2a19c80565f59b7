//! What files state of people: kept per identity and source, so that whoever turns out to be two has what was stated of each.
//!
//! A row of a file states of the strongest identity that it names. What a profile says is made of the statements about its
//! identities, those of messages among them, by the rules of the golden record (`ingest::registers`).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zhike_domain::frame::Frame;
use zhike_domain::identity::golden::TRAIT;
use zhike_state::{ProfileRow, StatedRow};
use zhike_vault::{Place, SubjectKey};

use crate::sealing::{Keys, open_text};
use crate::{Ctx, Error, Result};

/// Personal fields of a profile that are no identities.
pub(crate) const PERSONAL: [&str; 3] = ["name", "address", "birthday"];
/// Columns that are texts.
const TEXTS: [&str; 7] = ["kind", "gender", "country", "province", "city", "member_level", "acquisition_channel"];
/// Columns that are numbers.
const NUMBERS: [&str; 2] = ["birth_year", "registered_on"];
/// What a profile is of which nobody says.
const PERSON: &str = "person";
/// Where personal fields are sealed.
const SEALED: Place<'static> = Place { table: "identity_stated", column: "sealed" };

/// A value, when it was stated in microseconds, and in which row of the load.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Said(pub(crate) Value, pub(crate) i64, u32, #[serde(skip)] pub(crate) String);

impl Said {
    fn stamp(&self) -> (i64, u32, &str) {
        (self.1, self.2, &self.3)
    }

    /// When it was stated, in which row of the load, by which source.
    pub(crate) fn told(&self) -> (i64, u32, &str) {
        self.stamp()
    }
}

/// What files state of an identity, or of a person, by field.
#[derive(Clone, Default)]
pub(crate) struct Stated {
    open: BTreeMap<String, Said>,
    personal: BTreeMap<String, Said>,
}

impl Stated {
    /// What a row states.
    pub(crate) fn of_row(frame: &Frame, row: usize, at: i64, n: u32) -> Self {
        let said = |value: Value| Said(value, at, n, String::new());
        let mut stated = Self::default();
        for field in TEXTS {
            if let Some(value) = frame.text(field).and_then(|column| column.get(row)) {
                stated.open.insert(field.to_owned(), said(value.into()));
            }
        }
        for field in NUMBERS {
            if let Some(value) = frame.num(field).and_then(|column| column.get(row)) {
                stated.open.insert(field.to_owned(), said(value.into()));
            }
        }
        let traits = frame.text("traits").and_then(|column| column.get(row));
        if let Some(Ok(traits)) = traits.map(serde_json::from_str::<Map<String, Value>>) {
            stated.open.extend(traits.into_iter().map(|(name, value)| (format!("{TRAIT}{name}"), said(value))));
        }
        for field in PERSONAL {
            if let Some(value) = frame.sensitive(field).and_then(|column| column.expose().get(row)) {
                stated.personal.insert(field.to_owned(), said(value.into()));
            }
        }
        stated
    }

    /// Takes in what was stated of the same, or of another identity of the same person.
    pub(crate) fn merge(&mut self, other: Self) {
        let newest = |into: &mut BTreeMap<String, Said>, from: BTreeMap<String, Said>| {
            for (field, said) in from {
                match into.get(&field) {
                    Some(held) if held.stamp() > said.stamp() => {}
                    _ => drop(into.insert(field, said)),
                }
            }
        };
        newest(&mut self.open, other.open);
        newest(&mut self.personal, other.personal);
    }

    /// Takes in what a later load of the same source states of the same identity; of loads of one instant the later counts.
    pub(crate) fn renew(&mut self, later: Self) {
        let newer = |into: &mut BTreeMap<String, Said>, from: BTreeMap<String, Said>| {
            for (field, said) in from {
                match into.get(&field) {
                    Some(held) if held.1 > said.1 => {}
                    _ => drop(into.insert(field, said)),
                }
            }
        };
        newer(&mut self.open, later.open);
        newer(&mut self.personal, later.personal);
    }

    /// A personal field.
    pub(crate) fn personal(&self, field: &str) -> Option<(&str, &Said)> {
        let said = self.personal.get(field)?;
        Some((said.0.as_str()?, said))
    }

    /// A column that is a text.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.open.get(field)?.0.as_str()
    }

    /// An attribute that is a text.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.text(&format!("{TRAIT}{name}"))
    }

    /// Sets what is stated of a profile; what is not stays.
    pub(crate) fn lay(&self, row: &mut ProfileRow) {
        let text = |field: &str, column: &mut Option<String>| {
            if let Some(value) = self.open.get(field).and_then(|said| said.0.as_str()) {
                *column = Some(value.to_owned());
            }
        };
        if let Some(kind) = self.open.get("kind").and_then(|said| said.0.as_str()) {
            row.kind = kind.to_owned();
        }
        text("gender", &mut row.gender);
        text("country", &mut row.country);
        text("province", &mut row.province);
        text("city", &mut row.city);
        text("member_level", &mut row.member_level);
        text("acquisition_channel", &mut row.acquisition_channel);
        let number = |field: &str| self.open.get(field).and_then(|said| said.0.as_i64());
        row.birth_year = number("birth_year").or(row.birth_year);
        row.registered_on = number("registered_on").or(row.registered_on);
        let mut traits =
            self.open.iter().filter_map(|(field, said)| Some((field.strip_prefix(TRAIT)?, &said.0))).peekable();
        if traits.peek().is_some() {
            let before = row.traits.as_deref().and_then(|json| serde_json::from_str::<Map<String, Value>>(json).ok());
            let mut all = before.unwrap_or_default();
            all.extend(traits.map(|(name, value)| (name.to_owned(), value.clone())));
            row.traits = Some(Value::Object(all).to_string());
        }
    }

    /// Every field that is stated, with what is.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &Said)> {
        self.open.iter().chain(&self.personal).map(|(field, said)| (field.as_str(), said))
    }

    /// The row of an identity, sealed under the key of a profile.
    pub(crate) fn to_row(&self, identity_id: i64, source: &str, profile: i64, key: &SubjectKey) -> Result<StatedRow> {
        let json = |fields: &BTreeMap<String, Said>| {
            serde_json::to_string(fields).map_err(|error| Error::bug("statements as JSON", error))
        };
        let personal = if self.personal.is_empty() { None } else { Some(json(&self.personal)?) };
        Ok(StatedRow {
            identity_id,
            source: source.to_owned(),
            stated_json: json(&self.open)?,
            sealed: personal.map(|text| key.seal(SEALED, text.as_bytes())),
            key_profile_id: profile,
        })
    }

    pub(crate) fn read(row: &StatedRow, keys: &Keys) -> Result<Self> {
        let parse = |text: &str| -> Result<BTreeMap<String, Said>> {
            let mut fields: BTreeMap<String, Said> =
                serde_json::from_str(text).map_err(|error| Error::bug("stored statements", error))?;
            fields.values_mut().for_each(|said| said.3.clone_from(&row.source));
            Ok(fields)
        };
        // Without its key it is erased.
        let personal = row.sealed.as_ref().and_then(|sealed| open_text(keys.get(row.key_profile_id), SEALED, sealed));
        Ok(Self { open: parse(&row.stated_json)?, personal: personal.as_deref().map_or(Ok(BTreeMap::new()), parse)? })
    }
}

/// Makes a profile say nothing.
pub(crate) fn clear(row: &mut ProfileRow) {
    PERSON.clone_into(&mut row.kind);
    (row.gender, row.country, row.province, row.city) = (None, None, None, None);
    (row.member_level, row.acquisition_channel, row.traits) = (None, None, None);
    (row.birth_year, row.registered_on) = (None, None);
}

/// What the files of one source stated of identities.
pub(crate) async fn of_source(
    ctx: &Ctx,
    identities: &[i64],
    source: &str,
    keys: &mut Keys,
) -> Result<HashMap<i64, Stated>> {
    let mut rows = ctx.store().stated_of(identities).await?;
    rows.retain(|row| row.source == source);
    keys.fetch(ctx, rows.iter().map(|row| row.key_profile_id)).await?;
    rows.iter().map(|row| Ok((row.identity_id, Stated::read(row, keys)?))).collect()
}

/// What all files stated of identities, source by source; `new` are rows that are about to be stored, by identity.
pub(crate) async fn of(
    ctx: &Ctx,
    identities: &[i64],
    new: &HashMap<i64, Vec<StatedRow>>,
    keys: &mut Keys,
) -> Result<HashMap<i64, Vec<Stated>>> {
    let mut rows = ctx.store().stated_of(identities).await?;
    let of_new = |identity: &i64| new.get(identity).map_or(&[][..], Vec::as_slice);
    rows.retain(|row| !of_new(&row.identity_id).iter().any(|one| one.source == row.source));
    rows.extend(identities.iter().flat_map(of_new).cloned());
    keys.fetch(ctx, rows.iter().map(|row| row.key_profile_id)).await?;
    let mut all: HashMap<i64, Vec<Stated>> = HashMap::new();
    for row in &rows {
        all.entry(row.identity_id).or_default().push(Stated::read(row, keys)?);
    }
    Ok(all)
}

/// Rows sealed under keys of these profiles, of identities that have an heir, sealed under the heirs' keys.
pub(crate) async fn resealed(
    ctx: &Ctx,
    profiles: &[i64],
    heirs: &BTreeMap<i64, i64>,
    keys: &Keys,
) -> Result<Vec<StatedRow>> {
    let mut resealed = Vec::new();
    for mut row in ctx.store().stated_under(profiles).await? {
        let Some(heir) = heirs.get(&row.identity_id) else { continue };
        let text = row.sealed.as_ref().and_then(|sealed| open_text(keys.get(row.key_profile_id), SEALED, sealed));
        if let (Some(text), Some(key)) = (text, keys.get(*heir)) {
            row.sealed = Some(key.seal(SEALED, text.as_bytes()));
            row.key_profile_id = *heir;
            resealed.push(row);
        }
    }
    Ok(resealed)
}
