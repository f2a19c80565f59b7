//! What is known of each identity that stands for a record: a member's row, a sign-up, a company's account.
//!
//! A record is an identity of which files or messages state personal fields. Its values are what they state of it, and the
//! phone, mailbox and ID number that a row names beside it, whether or not these join anybody.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hasher;

use xxhash_rust::xxh3::Xxh3;
use zhike_domain::clean::{RuleSet, company, person};
use zhike_domain::identity::Reason;
use zhike_domain::identity::golden::{Rules, Standing};
use zhike_domain::import::entity::IdentityKind;
use zhike_ml::matching::{Field, Kind};
use zhike_state::{IdentityRow, IdentityStatus, SaidFieldRow, StatedRow};

use crate::ingest::{Voices, said_value};
use crate::sealing::{self, Keys};
use crate::stated::Stated;
use crate::{Ctx, Result};

/// Records read at a time.
const AT_A_TIME: usize = 10_000;
/// What files call a company's unified social credit code.
const CREDIT_CODE: [&str; 3] = ["统一社会信用代码", "社会信用代码", "credit_code"];

/// Whom a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    Person,
    Company,
}

impl Class {
    pub(super) const ALL: [Self; 2] = [Self::Person, Self::Company];

    /// The fields that are compared.
    pub(super) fn fields(self) -> Vec<Field> {
        let fields: &[(&str, Kind)] = match self {
            Self::Person => &[
                ("name", Kind::FullName),
                ("birthday", Kind::Date),
                ("phone", Kind::Phone),
                ("email", Kind::Email),
                ("address", Kind::Address),
                ("id_number", Kind::Id),
                ("gender", Kind::Exact),
                ("city", Kind::Place),
            ],
            Self::Company => &[
                ("name", Kind::Company),
                ("credit_code", Kind::Id),
                ("phone", Kind::Phone),
                ("email", Kind::Email),
                ("address", Kind::Address),
                ("city", Kind::Place),
            ],
        };
        fields.iter().map(|(name, kind)| Field::new(name, *kind)).collect()
    }
}

/// Values by field; personal, never printed.
pub(crate) type Values = BTreeMap<&'static str, String>;

/// A record as it can be compared.
pub(super) struct Record {
    pub(super) class: Class,
    pub(super) values: Values,
}

impl Record {
    /// Values in the order of the fields; all empty when too little is known to compare.
    pub(super) fn row(&self) -> Vec<String> {
        let fields = self.class.fields();
        let row: Vec<String> =
            fields.iter().map(|field| self.values.get(&*field.name).cloned().unwrap_or_default()).collect();
        if row.iter().filter(|value| !value.is_empty()).count() < 2 { vec![String::new(); row.len()] } else { row }
    }
}

/// Identities that rows name beside others.
#[derive(Default)]
pub(super) struct Beside(HashMap<i64, Vec<i64>>);

impl Beside {
    /// From the links of everybody, or of those who are asked about.
    pub(super) fn of(
        links: impl Iterator<Item = (i64, i64, Option<Reason>, bool)>,
        kind: &HashMap<i64, IdentityKind>,
    ) -> Self {
        let tells = |id: &i64| {
            kind.get(id)
                .is_some_and(|kind| matches!(kind, IdentityKind::Phone | IdentityKind::Email | IdentityKind::IdNumber))
        };
        let mut beside: HashMap<i64, Vec<i64>> = HashMap::new();
        for (left, right, reason, is_undone) in links {
            if !Reason::counts(reason, is_undone) {
                continue;
            }
            for (one, other) in [(left, right), (right, left)] {
                if tells(&other) {
                    beside.entry(one).or_default().push(other);
                }
            }
        }
        beside.values_mut().for_each(|ids| {
            ids.sort_unstable();
            ids.dedup();
        });
        Self(beside)
    }

    pub(super) fn get(&self, id: i64) -> &[i64] {
        self.0.get(&id).map_or(&[], Vec::as_slice)
    }
}

/// Statements about some identities, sealed as they stand.
struct Sealed {
    stated: BTreeMap<i64, Vec<StatedRow>>,
    said: BTreeMap<i64, Vec<SaidFieldRow>>,
}

impl Sealed {
    async fn read(ctx: &Ctx, ids: &[i64]) -> Result<Self> {
        let mut sealed = Self { stated: BTreeMap::new(), said: BTreeMap::new() };
        for row in ctx.store().stated_of(ids).await? {
            sealed.stated.entry(row.identity_id).or_default().push(row);
        }
        for row in ctx.store().said_fields_of(ids).await? {
            sealed.said.entry(row.identity_id).or_default().push(row);
        }
        sealed.stated.values_mut().for_each(|rows| rows.sort_by(|a, b| a.source.cmp(&b.source)));
        let stamp = |row: &SaidFieldRow| (row.said_at, row.said_by.clone());
        sealed.said.values_mut().for_each(|rows| rows.sort_by_key(stamp));
        Ok(sealed)
    }

    /// Tells statements from others, without opening them.
    fn print(&self, id: i64, beside: &[i64]) -> u64 {
        let mut hasher = Xxh3::new();
        for row in self.stated.get(&id).into_iter().flatten() {
            hasher.write(row.stated_json.as_bytes());
            hasher.write(row.sealed.as_deref().unwrap_or_default());
        }
        for row in self.said.get(&id).into_iter().flatten() {
            hasher.write(row.field.as_bytes());
            hasher.write(row.sealed.as_deref().unwrap_or_default());
        }
        beside.iter().for_each(|id| hasher.write_i64(*id));
        hasher.finish()
    }

    fn ids(&self) -> BTreeSet<i64> {
        self.stated.keys().chain(self.said.keys()).copied().collect()
    }
}

/// What changed about records.
#[derive(Default)]
pub(super) struct Changes {
    /// New records and those that other things are stated of.
    pub(super) records: Vec<(i64, Record)>,
    /// How each stands now, by identity.
    pub(super) prints: HashMap<i64, u64>,
}

/// Reads the records among identities that stand otherwise than `known` says.
pub(super) async fn changed(ctx: &Ctx, ids: &[i64], beside: &Beside, known: &HashMap<i64, u64>) -> Result<Changes> {
    let mut changes = Changes::default();
    for chunk in ids.chunks(AT_A_TIME) {
        let sealed = Sealed::read(ctx, chunk).await?;
        let mut open: Vec<i64> = Vec::new();
        for id in sealed.ids() {
            let print = sealed.print(id, beside.get(id));
            changes.prints.insert(id, print);
            if known.get(&id) != Some(&print) {
                open.push(id);
            }
        }
        changes.records.extend(opened(ctx, &sealed, &open, beside).await?);
    }
    Ok(changes)
}

/// What is known of some identities, by identity.
pub(super) async fn read(ctx: &Ctx, ids: &[i64]) -> Result<HashMap<i64, Record>> {
    let edges = ctx.store().edges_of(ids).await?;
    let ends: BTreeSet<i64> = edges.iter().flat_map(|edge| [edge.left_identity_id, edge.right_identity_id]).collect();
    let rows = ctx.store().identities_by_ids(&ends.into_iter().collect::<Vec<_>>()).await?;
    let kinds = rows.iter().filter_map(|row| Some((row.identity_id, IdentityKind::parse(&row.kind)?))).collect();
    let links = edges.iter().map(|edge| {
        (edge.left_identity_id, edge.right_identity_id, Reason::parse(&edge.reason), edge.undone_at.is_some())
    });
    let beside = Beside::of(links, &kinds);
    let sealed = Sealed::read(ctx, ids).await?;
    Ok(opened(ctx, &sealed, ids, &beside).await?.into_iter().collect())
}

async fn opened(ctx: &Ctx, sealed: &Sealed, ids: &[i64], beside: &Beside) -> Result<Vec<(i64, Record)>> {
    let named: BTreeSet<i64> = ids.iter().flat_map(|id| beside.get(*id).iter().chain([id])).copied().collect();
    let rows = ctx.store().identities_by_ids(&named.into_iter().collect::<Vec<_>>()).await?;
    let mut keys = Keys::default();
    let mut sealers: BTreeSet<i64> = rows.iter().map(|row| row.key_profile_id).collect();
    for id in ids {
        sealers.extend(sealed.stated.get(id).into_iter().flatten().map(|row| row.key_profile_id));
        sealers.extend(sealed.said.get(id).into_iter().flatten().map(|row| row.key_profile_id));
    }
    keys.fetch(ctx, sealers).await?;
    let rows: HashMap<i64, IdentityRow> = rows.into_iter().map(|row| (row.identity_id, row)).collect();
    let mut records = Vec::new();
    for &id in ids {
        // Who is set aside stands for nobody.
        if rows.get(&id).is_none_or(|row| row.status == IdentityStatus::SetAside) {
            continue;
        }
        let mut stated = Stated::default();
        let mut voices = Voices::default();
        for row in sealed.stated.get(&id).into_iter().flatten() {
            let one = Stated::read(row, &keys)?;
            voices.hear_file(&one);
            stated.merge(one);
        }
        for row in sealed.said.get(&id).into_iter().flatten() {
            let standing = if row.is_proven != 0 { Standing::Proven } else { Standing::Unproven };
            voices.hear_field(row, standing, said_value(row, &keys));
        }
        let named = beside.get(id).iter().chain([&id]).filter_map(|other| rows.get(other));
        records.push((id, record(&stated, &voices, named, &keys)));
    }
    Ok(records)
}

fn record<'a>(stated: &Stated, voices: &Voices, named: impl Iterator<Item = &'a IdentityRow>, keys: &Keys) -> Record {
    let mut values = Values::new();
    for field in crate::stated::PERSONAL {
        // Who is compared with whom follows what is proven, whatever profiles show.
        let chosen = voices.chosen(&Rules::default(), field).and_then(|chosen| chosen.value);
        values.extend(chosen.as_ref().and_then(|value| value.as_str()).map(|value| (field, value.to_owned())));
    }
    for field in ["gender", "city"] {
        values.extend(stated.text(field).map(|value| (field, value.to_owned())));
    }
    for row in named {
        let field = match IdentityKind::parse(&row.kind) {
            Some(IdentityKind::Phone) => "phone",
            Some(IdentityKind::Email) => "email",
            Some(IdentityKind::IdNumber) => "id_number",
            _ => continue,
        };
        // Of several the least, so that it does not depend on which came first.
        if let Some(value) = sealing::identity_value(keys, row)
            && values.get(field).is_none_or(|held| value < *held)
        {
            values.insert(field, value);
        }
    }
    let is_company =
        stated.text("kind") == Some("company") || values.get("name").is_some_and(|name| person::is_company(name));
    if !is_company {
        return Record { class: Class::Person, values };
    }
    let code = CREDIT_CODE.iter().find_map(|name| stated.attribute(name));
    if let Some(Ok(code)) = code.map(|code| company::read_credit_code(code, &mut RuleSet::default())) {
        values.insert("credit_code", code);
    }
    Record { class: Class::Company, values }
}
