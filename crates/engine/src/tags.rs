//! Tags: values with a name, computed of all customers from definitions in data, or put on one by a person.
//!
//! Owns which definitions are in force, their values over all customers ([`bulk`]) and over one ([`person`]), what they
//! depend on and how they are spread. Must not know what an expression means; that is `zhike_domain::audience`'s.
//!
//! - INV-TAGS-1: the values over all customers are those of each alone (`tests/it/tags.rs`).
//! - INV-TAGS-2: a refresh replaces the rows of its day in one commit; running it again leaves the same rows.

use crate::boxed;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use zhike_domain::audience::{self, Pack, Tag, expression_sentence, parse_tag};
use zhike_domain::id::SegmentId;

use crate::query::{definition_version, put_definition};
use crate::segments::{Bulk, as_of};
use crate::{Ctx, Error, Result};

mod bulk;
mod manual;
mod person;
mod refresh;

pub(crate) use bulk::numbers_of;
pub use manual::{declare, end_of, remove, set};
pub use person::{OfProfile, Why, WhyInput, of_profile, preview, values, why};
use refresh::Spread;
pub(crate) use refresh::refresh_locked;
pub use refresh::{Done, Told, refresh};

/// Kind under which definitions are kept.
const KIND: &str = "tag";
/// Kind under which the choice of packs is kept.
const PACKS: &str = "tag_packs";

/// Packs in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Chosen {
    packs: Vec<String>,
}

impl Default for Chosen {
    fn default() -> Self {
        Self { packs: audience::packs().iter().take(1).map(|pack| pack.key.clone()).collect() }
    }
}

/// A definition in force.
#[derive(Clone, Debug)]
pub struct Defined {
    /// What it is.
    pub tag: Tag,
    /// The pack that it comes with; none for one's own.
    pub pack: Option<String>,
    /// Version of one's own definition; 0 for those of packs.
    pub version: i64,
}

/// The definitions in force, by key: those of the chosen packs, and one's own in their place or beside them.
#[boxed]
pub async fn defined(ctx: &Ctx) -> Result<Vec<Defined>> {
    let (chosen, _) = definition_version::<Chosen>(ctx, PACKS, "default").await?;
    let mut found: BTreeMap<String, Defined> = BTreeMap::new();
    for pack in audience::packs().iter().filter(|pack| chosen.packs.contains(&pack.key)) {
        let of_pack = |tag: &Tag| Defined { tag: tag.clone(), pack: Some(pack.key.clone()), version: 0 };
        found.extend(pack.tags.iter().map(|tag| (tag.key.clone(), of_pack(tag))));
    }
    for row in ctx.store().list_definitions(KIND).await? {
        let json: Json = serde_json::from_str(&row.spec_json).map_err(|error| Error::bug("a stored tag", error))?;
        if json.is_null() {
            found.remove(&row.name);
            continue;
        }
        let tag = parse_tag(&json).map_err(Error::invalid_tag)?;
        found.insert(row.name, Defined { tag, pack: None, version: row.version });
    }
    Ok(found.into_values().collect())
}

/// The definition of a key.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, key: &str) -> Result<Defined> {
    let found = defined(ctx).await?.into_iter().find(|defined| defined.tag.key == key);
    found.ok_or_else(|| Error::not_found("tag", "标签"))
}

/// Stores a definition, in place of that of a pack too; the next refresh computes it.
///
/// **Errors**: `invalid_tag` with every mistake and its place; `conflict` when people put a tag of that name.
#[boxed]
pub async fn put(ctx: &Ctx, json: &Json) -> Result<Defined> {
    let tag = parse_tag(json).map_err(Error::invalid_tag)?;
    if manual::keys(ctx).await?.contains_key(&tag.key) {
        return Err(Error::conflict(
            format!("{:?} is a tag that people put on customers: choose another key", tag.key),
            format!("“{}”是人工标签：请换一个 key", tag.key),
        ));
    }
    put_definition(ctx, KIND, &tag.key, &tag.to_json()).await?;
    get(ctx, &tag.key).await
}

/// Takes a definition out of force, one of a pack too. Values computed so far stay in the table of their days; a tag that
/// people put is taken off everybody.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn drop_definition(ctx: &Ctx, key: &str) -> Result<()> {
    if manual::keys(ctx).await?.contains_key(key) {
        return manual::drop(ctx, key).await;
    }
    get(ctx, key).await?;
    put_definition(ctx, KIND, key, &Json::Null).await.map(drop)
}

/// All packs, and whether each is chosen.
#[boxed]
pub async fn packs(ctx: &Ctx) -> Result<Vec<(&'static Pack, bool)>> {
    let (chosen, _) = definition_version::<Chosen>(ctx, PACKS, "default").await?;
    Ok(audience::packs().iter().map(|pack| (pack, chosen.packs.contains(&pack.key))).collect())
}

/// Chooses packs.
///
/// **Errors**: `bad_request` naming those that there are.
#[boxed]
pub async fn choose_packs(ctx: &Ctx, packs: &[String]) -> Result<()> {
    let known: Vec<&str> = audience::packs().iter().map(|pack| pack.key.as_str()).collect();
    if let Some(other) = packs.iter().find(|pack| !known.contains(&pack.as_str())) {
        return Err(Error::bad_request(
            format!("there is no pack {other:?}: there are {}", known.join(", ")),
            format!("没有标签包 {other:?}：可用的有 {}", known.join("、")),
        ));
    }
    put_definition(ctx, PACKS, "default", &Chosen { packs: packs.to_vec() }).await.map(drop)
}

/// Names that rules can use: tags defined, put by people, and those that the tables still hold.
pub(crate) async fn names(ctx: &Ctx) -> Result<Vec<String>> {
    let mut names = ctx.lake().tag_names().await?;
    names.extend(defined(ctx).await?.into_iter().map(|defined| defined.tag.key));
    names.extend(manual::keys(ctx).await?.into_keys());
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// A tag in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Definition; none for a tag that people put.
    pub defined: Option<Defined>,
    /// Name in rules and tables.
    pub key: String,
    /// What it computes, Chinese and English.
    pub sentence: (String, String),
    /// Tables, traits and scores it is computed from.
    pub depends_on: Vec<String>,
    /// Segments whose rules name it, with their names.
    pub used_by: Vec<(SegmentId, String)>,
    /// How its values are spread at the newest refresh.
    pub spread: Option<Told>,
    /// The values that people choose from when they put it; any when empty.
    pub choices: Vec<String>,
}

/// All tags, with how far they reach, how fresh they are, how they are spread, and what depends on what.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Listed>> {
    let run = refresh::last_run(ctx).await?;
    let (k, own) = (ctx.min_group(), own_counts(ctx, run.as_ref()).await?);
    let spread_of = |key: &str| {
        let spread = run.as_ref()?.tags.get(key)?.clone();
        Some(match &own {
            None => spread.told(k),
            Some((counts, n)) => spread.within(counts.get(key).map_or(&[], Vec::as_slice), *n).told(k),
        })
    };
    let mut users: BTreeMap<String, Vec<(SegmentId, String)>> = BTreeMap::new();
    for segment in crate::segments::list(ctx, false).await? {
        let mut named = Vec::new();
        segment.spec.rule.iter().for_each(|rule| named_tags(rule, &mut named));
        named.sort_unstable();
        named.dedup();
        let user = (segment.id, segment.spec.name.clone());
        named.into_iter().for_each(|tag| users.entry(tag).or_default().push(user.clone()));
    }
    let currency = ctx.workspace().currency;
    let mut listed: Vec<Listed> = defined(ctx)
        .await?
        .into_iter()
        .map(|defined| Listed {
            key: defined.tag.key.clone(),
            sentence: expression_sentence(&defined.tag.expression, &currency),
            depends_on: defined.tag.depends_on().into_iter().collect(),
            used_by: users.remove(&defined.tag.key).unwrap_or_default(),
            spread: spread_of(&defined.tag.key),
            choices: Vec::new(),
            defined: Some(defined),
        })
        .collect();
    for (key, choices) in manual::keys(ctx).await? {
        listed.push(Listed {
            sentence: ("人工标签".into(), "put by people".into()),
            depends_on: Vec::new(),
            used_by: users.remove(&key).unwrap_or_default(),
            spread: spread_of(&key),
            defined: None,
            choices,
            key,
        });
    }
    Ok(listed)
}

type Counts = BTreeMap<String, Vec<(String, u64)>>;

/// How many of those whom somebody may see have which value of every tag, and how many they may see; none where they see
/// everybody.
async fn own_counts(ctx: &Ctx, run: Option<&refresh::Run>) -> Result<Option<(Counts, u64)>> {
    let (Some(run), Some(_)) = (run, ctx.scope()) else { return Ok(None) };
    let bulk = Bulk::new(ctx, as_of(ctx, None).await?).await?;
    let frame = ctx.lake().of_people(bulk.seen()).tag_counts(run.day()).await?;
    let text = |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default();
    let mut counts = Counts::new();
    for row in 0..frame.n_rows() {
        let n = frame.num("n").and_then(|column| column.get(row)).unwrap_or(0).unsigned_abs();
        counts.entry(text("tag", row).to_owned()).or_default().push((text("value", row).to_owned(), n));
    }
    Ok(Some((counts, bulk.n_seen())))
}

/// The tags that a rule names.
fn named_tags(rule: &Json, found: &mut Vec<String>) {
    match rule {
        Json::Object(object) => match object.get("tag").and_then(Json::as_str) {
            Some(tag) => found.push(tag.to_owned()),
            None => object.values().for_each(|value| named_tags(value, found)),
        },
        Json::Array(list) => list.iter().for_each(|value| named_tags(value, found)),
        _ => {}
    }
}
