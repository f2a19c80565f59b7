//! Customers as rows: what is shown of each, read for many at a time.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhike_domain::audience::{Cell, cell_of, score_of};
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::IdentityKind;
use zhike_state::{IdentityRow, ProfileRow};

use super::columns::{Column, Of};
use crate::guard::{self, Meter};
use crate::profiles::{RfmView, rfm_view};
use crate::query::{masked_fields, shown_identity};
use crate::sealing::{self, Keys};
use crate::segments::{self, numbers};
use crate::{Ctx, Result, grades};

/// A customer in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Customer.
    pub profile_id: ProfileId,
    /// What is not personal.
    pub row: ProfileRow,
    /// Personal fields by name, masked.
    pub personal: BTreeMap<&'static str, String>,
    /// Kind and value of the strongest identity, as it may be shown.
    pub identity: Option<(String, String)>,
    /// Scores, when computed.
    pub rfm: Option<RfmView>,
    /// First order that counts.
    pub first_ordered_at: Option<i64>,
    /// Last order that counts.
    pub last_ordered_at: Option<i64>,
    /// Tags and scores of models that were asked for, by the names of their columns.
    pub more: BTreeMap<String, Cell<'static>>,
}

/// What is read of customers.
#[derive(Clone, Debug)]
pub struct Parts {
    is_personal: bool,
    has_identity: bool,
    has_orders: bool,
    has_scores: bool,
    tags: BTreeSet<String>,
    models: BTreeSet<&'static str>,
}

impl Parts {
    /// What these columns need; for a list on a screen all but further ones.
    pub(super) fn of(columns: &[Column], is_screen: bool) -> Self {
        let any = |of: Of| is_screen || columns.iter().any(|column| column.of == of);
        let named = |column: &Column| match &column.of {
            Of::Tag(tag) => Some(tag.clone()),
            _ => None,
        };
        let model = |column: &Column| match column.of {
            Of::Model(name) => Some(name),
            _ => None,
        };
        Self {
            is_personal: any(Of::Personal),
            has_identity: any(Of::Identity),
            has_orders: any(Of::Orders),
            has_scores: any(Of::Rfm),
            tags: columns.iter().filter_map(named).collect(),
            models: columns.iter().filter_map(model).collect(),
        }
    }
}

/// Customers as they stand in a list, in the order asked for.
#[boxed]
pub async fn listed_by_id(ctx: &Ctx, profiles: &[ProfileId]) -> Result<Vec<Listed>> {
    let ids: Vec<i64> = profiles.iter().map(|profile| profile.get()).collect();
    guard::reserve(ctx, Meter::Rows, ids.len()).await?;
    let rows = listed(ctx, &ids, &Parts::of(&[], true)).await?;
    guard::show(ctx, rows.len(), guard::classes::of_list(&rows)).await?;
    Ok(rows)
}

pub(super) async fn listed(ctx: &Ctx, ids: &[i64], parts: &Parts) -> Result<Vec<Listed>> {
    // Whoever asks for people by id learns nothing about those they may not see, nor of those who are to be deleted.
    let gone = crate::requests::restricted(ctx).await?;
    let ids: Vec<i64> =
        segments::seen(ctx, ids).await?.into_iter().filter(|id| gone.binary_search(id).is_err()).collect();
    let ids = ids.as_slice();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: HashMap<i64, ProfileRow> =
        ctx.store().profiles_by_ids(ids).await?.into_iter().map(|row| (row.profile_id, row)).collect();
    let mut personal: HashMap<i64, BTreeMap<&'static str, String>> = HashMap::new();
    if parts.is_personal {
        for ((profile, field), value) in masked_fields(ctx, ids).await? {
            personal.entry(profile).or_default().insert(field, value);
        }
    }
    let mut strongest = if parts.has_identity { strongest_identities(ctx, ids).await? } else { HashMap::new() };
    let mut scores = if parts.has_scores { scores(ctx, ids).await? } else { HashMap::new() };
    let mut orders: HashMap<i64, (Option<i64>, Option<i64>)> = HashMap::new();
    if parts.has_orders {
        let heads = ctx.lake().profile_heads(ids).await?;
        let at = |name: &str, row: usize| heads.num(name).and_then(|column| column.get(row));
        for (row, profile) in numbers(&heads, "profile_id").into_iter().enumerate() {
            orders.insert(profile, (at("first_ordered_at", row), at("last_ordered_at", row)));
        }
    }
    let mut more = more(ctx, ids, parts).await?;
    let customer = |id: &i64| {
        let (first_ordered_at, last_ordered_at) = orders.remove(id).unwrap_or_default();
        Some(Listed {
            profile_id: ProfileId::new(*id),
            row: rows.get(id)?.clone(),
            personal: personal.remove(id).unwrap_or_default(),
            identity: strongest.remove(id),
            rfm: scores.remove(id),
            first_ordered_at,
            last_ordered_at,
            more: more.remove(id).unwrap_or_default(),
        })
    };
    let mut found: Vec<Listed> = ids.iter().filter_map(customer).collect();
    let mask = grades::trait_mask(ctx, 0).await?;
    found.iter_mut().for_each(|one| mask.apply(&mut one.row.traits));
    Ok(found)
}

/// RFM scores of some customers at the newest refresh.
async fn scores(ctx: &Ctx, ids: &[i64]) -> Result<HashMap<i64, RfmView>> {
    let frame = ctx.lake().rfm_of(ids).await?;
    let profiles = numbers(&frame, "profile_id");
    Ok(profiles.into_iter().enumerate().map(|(row, profile)| (profile, rfm_view(&frame, row))).collect())
}

/// Tags and scores of models at the newest refresh.
async fn more(ctx: &Ctx, ids: &[i64], parts: &Parts) -> Result<HashMap<i64, BTreeMap<String, Cell<'static>>>> {
    let tags = parts.tags.iter().map(|tag| (format!("tags.{tag}"), "tags", "value", Some(("tag", tag.as_str()))));
    let models = parts.models.iter().filter_map(|name| score_of(name));
    let models = models.map(|score| (score.name.to_owned(), score.table, score.column, score.only));
    let mut found: HashMap<i64, BTreeMap<String, Cell<'static>>> = HashMap::new();
    for (key, table, column, only) in tags.chain(models) {
        let day = ctx.lake().newest_day(table, "as_of").await?.unwrap_or(0);
        let frame = ctx.lake().scores(table, column, only, day, Some(ids)).await?;
        let kind = frame.fields().iter().find(|field| field.name == "value").map(|field| field.kind);
        let (Some(kind), Some(values)) = (kind, frame.column("value")) else { continue };
        for (row, profile) in numbers(&frame, "profile_id").into_iter().enumerate() {
            found.entry(profile).or_default().insert(key.clone(), cell_of(kind, values, row).into_owned());
        }
    }
    Ok(found)
}

/// What stands for customers without a name: the first identity of the strongest kind, as it may be shown.
async fn strongest_identities(ctx: &Ctx, ids: &[i64]) -> Result<HashMap<i64, (String, String)>> {
    let rank = |kind: &str| IdentityKind::ALL.iter().position(|known| known.as_str() == kind);
    let mut identities = ctx.store().identities_of(ids).await?;
    identities.sort_by_cached_key(|identity| (rank(&identity.kind), identity.first_seen_at, identity.identity_id));
    let mut first: HashMap<i64, IdentityRow> = HashMap::new();
    for identity in identities {
        first.entry(identity.profile_id).or_insert(identity);
    }
    let mut keys = Keys::default();
    keys.fetch(ctx, first.values().map(|identity| identity.key_profile_id)).await?;
    let shown = first.into_iter().filter_map(|(profile, identity)| {
        let value = sealing::identity_value(&keys, &identity)?;
        Some((profile, (identity.kind.clone(), shown_identity(&identity.kind, &value))))
    });
    Ok(shown.collect())
}
