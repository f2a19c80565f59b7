//! Who somebody is, by opaque ids: all that is theirs, and what of it is others' as well.

use std::collections::BTreeMap;

use serde_json::Value;
use zhike_domain::erasure::{Subject, owner_at};
use zhike_domain::import::entity::IdentityKind;
use zhike_state::{Forgotten, IdentityRow, IdentityStatus};
use zhike_vault::Place;

use super::scan::Values;
use super::{span_row, traits_row};
use crate::profiles::normal;
use crate::sealing::{IDENTITY_VALUE, Keys, QUARANTINE_ROW, identity_value, open_text};
use crate::{Ctx, Result, sealing};

/// Where fields stated of identities are sealed.
const SAID: &str = "identity_fields";
/// Rows set aside that are read at a time.
const PAGE: usize = 2_000;

/// The person of a profile.
pub(super) async fn of(ctx: &Ctx, profile: i64) -> Result<Subject> {
    let mut subject = Subject { profiles: [profile].into(), ..Subject::default() };
    add_known(ctx, &mut subject).await?;
    Ok(subject)
}

/// Adds what state knows of the person's profiles: those merged into them, their identities, and those of others that rows of
/// theirs came with.
pub(super) async fn add_known(ctx: &Ctx, subject: &mut Subject) -> Result<()> {
    let merged = ctx.store().merged_profiles().await?;
    loop {
        let n = subject.profiles.len();
        let more: Vec<i64> =
            merged.iter().filter(|(_, into)| subject.profiles.contains(into)).map(|(from, _)| *from).collect();
        subject.profiles.extend(more);
        if subject.profiles.len() == n {
            break;
        }
    }
    let profiles: Vec<i64> = subject.profiles.iter().copied().collect();
    let mut spans: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    for row in ctx.store().override_spans().await? {
        spans.entry(row.identity_id).or_default().push((row.since_at, row.profile_id));
    }
    spans.retain(|_, owners| owners.iter().any(|(_, owner)| subject.profiles.contains(owner)));
    for identity in ctx.store().identities_of(&profiles).await? {
        if identity.status == IdentityStatus::SetAside {
            subject.set_aside.insert(identity.identity_id);
        } else if !spans.contains_key(&identity.identity_id) {
            subject.identities.insert(identity.identity_id);
        }
    }
    for identity in ctx.store().identities_touching(&profiles).await? {
        let is_elsewhere = !subject.profiles.contains(&identity.profile_id);
        if is_elsewhere && identity.status == IdentityStatus::Active && !spans.contains_key(&identity.identity_id) {
            spans.insert(identity.identity_id, vec![(i64::MIN, identity.profile_id)]);
        }
    }
    for (identity, owners) in spans {
        // The ledger knows better than an old copy does.
        if subject.identities.contains(&identity) || subject.owners.contains_key(&identity) {
            continue;
        }
        if owners.iter().all(|(_, owner)| subject.profiles.contains(owner)) {
            subject.identities.insert(identity);
        } else {
            subject.owners.insert(identity, owners);
        }
    }
    Ok(())
}

/// Seals anew, under their own keys, values of others that are sealed under a key of the person (INV-ERASE-4).
pub(super) async fn reseal_others(ctx: &Ctx, subject: &Subject) -> Result<()> {
    let profiles: Vec<i64> = subject.profiles.iter().copied().collect();
    let left = subject.owners_left();
    let heir = |row: &IdentityRow| match left.get(&row.identity_id).and_then(|owners| owners.last()) {
        Some((_, owner)) => *owner,
        None => row.profile_id,
    };
    let is_others = |id: i64| !subject.identities.contains(&id) && !subject.set_aside.contains(&id);
    let touching = ctx.store().identities_touching(&profiles).await?;
    let mut identities: Vec<IdentityRow> = touching.into_iter().filter(|row| is_others(row.identity_id)).collect();
    // Of shared visitors too, which may be the person's by name.
    let known: Vec<i64> = subject.owners.keys().copied().collect();
    for row in ctx.store().identities_by_ids(&known).await? {
        if !identities.iter().any(|other| other.identity_id == row.identity_id) {
            identities.push(row);
        }
    }
    let heirs: BTreeMap<i64, i64> = identities.iter().map(|row| (row.identity_id, heir(row))).collect();
    identities.retain(|row| subject.profiles.contains(&row.key_profile_id));
    let stretches = subject.stretches();
    let mut fields = ctx.store().said_fields_under(&profiles).await?;
    fields.retain(|row| {
        let was_mine =
            |(id, from, until): &(i64, i64, i64)| *id == row.identity_id && (*from..*until).contains(&row.said_at);
        is_others(row.identity_id) && !stretches.iter().any(was_mine)
    });
    let mut keys = Keys::default();
    keys.fetch(ctx, profiles.iter().copied().chain(heirs.values().copied())).await?;
    let mut sealed = Vec::new();
    for row in &identities {
        let heir = heirs[&row.identity_id];
        if let (Some(value), Some(key)) = (identity_value(&keys, row), keys.get(heir)) {
            sealed.push((row.identity_id, key.seal(IDENTITY_VALUE, value.as_bytes()), heir));
        }
    }
    let mut said = Vec::new();
    for mut row in fields {
        let Some(&heir) = heirs.get(&row.identity_id) else { continue };
        let Some(key) = keys.get(heir) else { continue };
        let place = Place { table: SAID, column: &row.field };
        let Some(old) = row.sealed.as_deref() else { continue };
        let Some(value) = open_text(keys.get(row.key_profile_id), place, old) else { continue };
        row.sealed = Some(key.seal(place, value.as_bytes()));
        row.key_profile_id = heir;
        said.push(row);
    }
    let stated = crate::stated::resealed(ctx, &profiles, &heirs, &keys).await?;
    if sealed.is_empty() && said.is_empty() && stated.is_empty() {
        return Ok(());
    }
    Ok(ctx.store().reseal(&sealed, &said, &stated).await?)
}

/// Hands identities that are others' too over to them, without what was the person's.
pub(super) async fn hand_over(ctx: &Ctx, subject: &Subject, gone: &mut Forgotten) -> Result<()> {
    let left = subject.owners_left();
    let ids: Vec<i64> = left.keys().copied().collect();
    let profiles: Vec<i64> = subject.profiles.iter().copied().collect();
    for row in ctx.store().identities_touching(&profiles).await? {
        // Set aside: whose their rows are is told by the rows.
        let is_aside = !left.contains_key(&row.identity_id) && !gone.identities.contains(&row.identity_id);
        if is_aside && subject.profiles.contains(&row.home_profile_id) {
            gone.homes.push((row.identity_id, row.profile_id));
        }
    }
    for row in ctx.store().identities_by_ids(&ids).await? {
        let owners = left.get(&row.identity_id).map_or(&[][..], Vec::as_slice);
        let owner = owners.last().map_or(row.profile_id, |owner| owner.1);
        let home = if subject.profiles.contains(&row.home_profile_id) { owner } else { row.home_profile_id };
        gone.owners.push((row.identity_id, owner, home));
        if owners.len() > 1 {
            gone.spans.extend(owners.iter().map(|one| span_row(row.identity_id, *one)));
        }
    }
    let is_mine = |identity: i64, at: i64| {
        let owner = subject.owners.get(&identity).and_then(|owners| owner_at(owners, at));
        owner.is_some_and(|owner| subject.profiles.contains(&owner))
    };
    for row in ctx.store().traits_of(&ids).await? {
        let Ok(mut held) = serde_json::from_str::<Value>(&row.traits_json) else { continue };
        let Some(facts) = held.get_mut("f").and_then(Value::as_array_mut) else { continue };
        let n = facts.len();
        // A fact says first when it was stated.
        facts.retain(|fact| !fact["s"][0].as_i64().is_some_and(|at| is_mine(row.identity_id, at)));
        if facts.len() < n {
            gone.traits.push(traits_row(row.identity_id, held.to_string()));
        }
    }
    Ok(())
}

/// Rows set aside that name the person by an identity, in whatever form: load and row.
pub(super) async fn named_in_quarantine(ctx: &Ctx, values: &Values) -> Result<Vec<(i64, i64)>> {
    let mut named = Vec::new();
    for batch_id in ctx.store().quarantined_batches().await? {
        let Ok(key) = sealing::batch_key(ctx, batch_id).await else { continue };
        let mut after = None;
        loop {
            let rows = ctx.store().quarantine_page(batch_id, after, PAGE, None).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.row_no);
            for row in &rows {
                let Some(text) = open_text(Some(&key), QUARANTINE_ROW, &row.sealed) else { continue };
                let cells: Vec<Option<String>> = serde_json::from_str(&text).unwrap_or_default();
                if cells.iter().flatten().any(|cell| names(values, cell)) {
                    named.push((batch_id, row.row_no));
                }
            }
        }
    }
    Ok(named)
}

fn names(values: &Values, cell: &str) -> bool {
    values.identities().any(|(kind, value)| {
        let same = || {
            let kind = IdentityKind::parse(kind)?;
            Some(normal(kind, cell)?.expose() == value)
        };
        (value.len() >= 6 && cell.contains(value)) || same() == Some(true)
    })
}
