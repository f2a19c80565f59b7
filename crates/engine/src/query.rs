//! Read-only SQL over all tables, and definitions kept as data.

use std::sync::Arc;

use crate::boxed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zhike_domain::access::Permission;
use zhike_domain::frame::{Column, ColumnType, Field, Frame, TextColumn};
use zhike_domain::grade::Classes;
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::mask;
use zhike_domain::tables::{Home, TABLES};
pub use zhike_lake::QueryLimits;
use zhike_lake::Seen;
use zhike_state::ScanTable;

use crate::guard::classes::{self, Met};
use crate::sealing::{self, Keys};
use crate::{Ctx, Error, Result, accounts, audit, grades, guard};

/// Rows fetched from state at a time.
const PAGE: usize = 50_000;

/// Rows of a query, a frame at a time.
pub struct Rows {
    rows: zhike_lake::QueryRows,
    /// What its columns show in the clear, and what the properties of events do, as far as they were read.
    shown: Classes,
    properties: Option<Arc<Met>>,
    ctx: Ctx,
}

impl Rows {
    /// Names and types of the columns.
    pub fn fields(&self) -> &[Field] {
        self.rows.fields()
    }

    /// Whether rows were cut off at the limit.
    pub fn is_cut(&self) -> bool {
        self.rows.is_cut()
    }

    /// The next rows; `None` at the end.
    ///
    /// **Errors**: `query_invalid`, `query_limit`, `over_budget`.
    #[boxed]
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        let Some(frame) = self.rows.next().await? else { return Ok(None) };
        guard::reserve(&self.ctx, guard::Meter::Rows, frame.n_rows()).await?;
        let properties = self.properties.as_ref().map(|met| met.classes()).unwrap_or_default();
        guard::show(&self.ctx, frame.n_rows(), self.shown.or(properties)).await?;
        Ok(Some(frame))
    }
}

/// A definition kept as data, or its default when nobody has changed it.
pub(crate) async fn definition<T: DeserializeOwned + Default>(ctx: &Ctx, kind: &str, name: &str) -> Result<T> {
    Ok(definition_version(ctx, kind, name).await?.0)
}

/// As [`definition`], with its version; 0 is the default.
pub(crate) async fn definition_version<T: DeserializeOwned + Default>(
    ctx: &Ctx,
    kind: &str,
    name: &str,
) -> Result<(T, i64)> {
    match ctx.store().get_definition(kind, name, None).await? {
        None => Ok((T::default(), 0)),
        Some(row) => {
            let spec =
                serde_json::from_str(&row.spec_json).map_err(|error| Error::bug("a stored definition", error))?;
            Ok((spec, row.version))
        }
    }
}

/// Stores a new version of a definition.
pub(crate) async fn put_definition<T: Serialize>(ctx: &Ctx, kind: &str, name: &str, spec: &T) -> Result<i64> {
    let json = serde_json::to_string(spec).map_err(|error| Error::bug("a definition as JSON", error))?;
    Ok(ctx.store().put_definition(kind, name, &json, ctx.now()).await?)
}

/// Runs one SELECT that somebody wrote, and records it. Whoever is not told of small groups sees people in groups alone, and
/// no small one.
///
/// **Errors**: as [`select`].
#[boxed]
pub async fn sql(ctx: &Ctx, sql: &str, limits: QueryLimits) -> Result<Rows> {
    let shown: String = sql.chars().take(2_000).collect();
    let shown = zhike_domain::detect::mask_text(&shown).unwrap_or(shown);
    audit::note(ctx, "sql.run", "sql", &serde_json::json!({ "text": shown })).await?;
    run(ctx, sql, limits, ctx.min_group()).await
}

/// Runs one SELECT. Tables of state appear as they are now; personal columns are masked.
///
/// **Errors**: `query_invalid`, `query_limit`; `no_permission` for the audit trail without the permission to read it.
#[boxed]
pub async fn select(ctx: &Ctx, sql: &str, limits: QueryLimits) -> Result<Rows> {
    run(ctx, sql, limits, 1).await
}

async fn run(ctx: &Ctx, sql: &str, limits: QueryLimits, min_group: u64) -> Result<Rows> {
    ctx.refresh_overrides().await?;
    let named = ctx.lake().tables_of(sql)?;
    if named.contains("audit") && ctx.by().is_some_and(|by| !by.permissions.holds(Permission::AuditRead)) {
        return Err(accounts::no_permission(Permission::AuditRead));
    }
    let mut snapshots = Vec::new();
    let (traits, values, properties) = (Met::default(), Met::default(), Arc::new(Met::default()));
    for table in TABLES.iter().filter(|table| table.home == Home::State && named.contains(table.name)) {
        let met = if table.name == "profiles" { &traits } else { &values };
        snapshots.push((table.name, snapshot(ctx, table.name, sql, met).await?));
    }
    let mask = if named.contains("events") { grades::property_mask(ctx, properties.clone()).await? } else { None };
    let seen = Seen { mask, min_group };
    let rows = ctx.lake().sql(sql, snapshots, seen, limits).await?;
    let holds = |table: &'static str, column: &str| rows.origins().contains(&(table, column.to_owned()));
    let mut shown = classes::of_origins(rows.origins());
    for (table, column, met) in [("profiles", "traits", &traits), ("identities", "value", &values)] {
        if holds(table, column) {
            shown = shown.or(met.classes());
        }
    }
    let properties = holds("events", "properties").then_some(properties);
    Ok(Rows { rows, shown, properties, ctx: ctx.clone() })
}

/// A table of state as it is now; what of its mixed columns is shown in the clear is noted.
async fn snapshot(ctx: &Ctx, table: &str, sql: &str, met: &Met) -> Result<Frame> {
    if table == "segments" {
        return crate::segments::table(ctx).await;
    }
    if table == "consents" {
        return crate::consents::table(ctx).await;
    }
    if table == "models" {
        return crate::models::table(ctx).await;
    }
    let scan = match table {
        "profiles" => ScanTable::Profiles,
        "identities" => ScanTable::Identities,
        "identity_edges" => ScanTable::IdentityEdges,
        "quarantine" => ScanTable::Quarantine,
        "batches" => ScanTable::Batches,
        "audit" => ScanTable::Audit,
        // Nothing fills the others yet: they can be named, and are empty.
        _ => return Ok(empty(table)),
    };
    let gone = crate::requests::restricted(ctx).await?;
    let mut whole: Option<Frame> = None;
    let mut after = None;
    loop {
        let (mut page, next) = ctx.store().scan(scan, after, PAGE).await?;
        if matches!(table, "profiles" | "identities") {
            leave_out(&mut page, &gone);
        }
        add_masked(ctx, table, &mut page, sql, met).await?;
        match &mut whole {
            None => whole = Some(page),
            Some(whole) => whole.append(&page),
        }
        match next {
            Some(cursor) => after = Some(cursor),
            None => break,
        }
    }
    let mut whole = whole.unwrap_or_default();
    if table == "profiles" {
        let mut traits: Vec<Option<String>> = whole
            .text("traits")
            .map(|texts| texts.iter().map(|text| text.map(str::to_owned)).collect())
            .unwrap_or_default();
        let mask = grades::trait_mask(ctx, 0).await?;
        traits.iter_mut().for_each(|traits| mask.apply(traits));
        met.add(mask.shown());
        whole.set("traits", ColumnType::Text, Column::Text(traits.iter().map(Option::as_deref).collect()));
    }
    Ok(whole)
}

/// Takes the rows of those out whose deletion is approved.
fn leave_out(page: &mut Frame, gone: &[i64]) {
    let ids: Vec<i64> =
        page.num("profile_id").map(|ids| ids.iter().map(|id| id.unwrap_or(0)).collect()).unwrap_or_default();
    let kept: Vec<usize> = (0..ids.len()).filter(|row| gone.binary_search(&ids[*row]).is_err()).collect();
    if kept.len() < ids.len() {
        *page = page.take(&kept);
    }
}

/// A table without rows.
fn empty(table: &str) -> Frame {
    let mut frame = Frame::new(0);
    for column in zhike_domain::tables::table(table).iter().flat_map(|table| table.columns) {
        frame.set(column.name, column.kind, Column::empty(column.kind));
    }
    frame
}

/// Adds the personal columns of a page, masked; they are opened only when the query can see them.
async fn add_masked(ctx: &Ctx, table: &str, page: &mut Frame, sql: &str, met: &Met) -> Result<()> {
    let sees = |column: &str| sql.contains('*') || sql.to_ascii_lowercase().contains(column);
    match table {
        "profiles" => {
            let names = ["name", "phone", "email", "id_number", "address", "birthday"];
            let ids: Vec<i64> = page.num("profile_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
            let wanted = names.iter().any(|name| sees(name));
            let masks = if wanted { masked_fields(ctx, &ids).await? } else { Default::default() };
            for name in names {
                let mut column = TextColumn::default();
                ids.iter().for_each(|id| column.push(masks.get(&(*id, name)).map(String::as_str)));
                page.set(name, ColumnType::Text, Column::Text(column));
            }
        }
        "identities" => {
            let ids: Vec<i64> = page.num("profile_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
            let mut column = TextColumn::default();
            if sees("value") {
                let masks = masked_identities(ctx, &ids, met).await?;
                let own: Vec<Option<i64>> = page.num("identity_id").map(|ids| ids.iter().collect()).unwrap_or_default();
                own.iter().for_each(|id| column.push(id.and_then(|id| masks.get(&id)).map(String::as_str)));
            } else {
                (0..page.n_rows()).for_each(|_| column.push(None));
            }
            page.set("value", ColumnType::Text, Column::Text(column));
        }
        "quarantine" => {
            let hidden = (0..page.n_rows()).map(|_| Some("***")).collect();
            page.set("row", ColumnType::Text, Column::Text(hidden));
        }
        _ => {}
    }
    Ok(())
}

type Masks = std::collections::HashMap<(i64, &'static str), String>;

/// Masked personal fields of profiles: sealed fields, and phone, e-mail and ID number from their identities.
pub(crate) async fn masked_fields(ctx: &Ctx, profiles: &[i64]) -> Result<Masks> {
    let mut masks = Masks::new();
    for ((profile, field), value) in personal_fields(ctx, profiles).await? {
        masks.insert((profile, field), mask::field(field, &value));
    }
    Ok(masks)
}

/// Personal fields of profiles in the clear. Callers mask them, or log why they show them.
pub(crate) async fn personal_fields(ctx: &Ctx, profiles: &[i64]) -> Result<Masks> {
    let mut found = Masks::new();
    let fields = ctx.store().profile_fields(profiles).await?;
    let identities = ctx.store().identities_of(profiles).await?;
    let mut keys = Keys::default();
    let sealed_under = identities.iter().map(|identity| identity.key_profile_id);
    keys.fetch(ctx, profiles.iter().copied().chain(sealed_under)).await?;
    for field in &fields {
        let name = match field.field.as_str() {
            "name" => "name",
            "address" => "address",
            "birthday" => "birthday",
            _ => continue,
        };
        if let Some(value) = sealing::field_value(&keys, field) {
            found.insert((field.profile_id, name), value);
        }
    }
    // Of several phones the one seen last stands for the person.
    let mut identities = identities;
    identities.sort_by_key(|identity| (identity.last_seen_at, identity.identity_id));
    for identity in &identities {
        let name = match identity.kind.as_str() {
            "phone" => "phone",
            "email" => "email",
            "id_number" => "id_number",
            _ => continue,
        };
        if let Some(value) = sealing::identity_value(&keys, identity) {
            found.insert((identity.profile_id, name), value);
        }
    }
    Ok(found)
}

/// Values of identities as the owner of the data directory sees them: member, card and external ids shown, the rest
/// masked.
pub(crate) fn shown_identity(kind: &str, value: &str) -> String {
    match IdentityKind::parse(kind) {
        Some(kind) if kind.is_personal() => mask::field(kind.as_str(), value),
        // A shop that uses phones as member numbers still shows no phone.
        Some(_) => zhike_domain::detect::mask_text(value).unwrap_or_else(|| value.to_owned()),
        None => mask::other(value),
    }
}

async fn masked_identities(ctx: &Ctx, profiles: &[i64], met: &Met) -> Result<std::collections::HashMap<i64, String>> {
    let identities = ctx.store().identities_of(profiles).await?;
    let mut keys = Keys::default();
    keys.fetch(ctx, identities.iter().map(|identity| identity.key_profile_id)).await?;
    let shown = identities.iter().filter_map(|identity| {
        let value = sealing::identity_value(&keys, identity)?;
        met.add(classes::of_identity(&identity.kind));
        Some((identity.identity_id, shown_identity(&identity.kind, &value)))
    });
    Ok(shown.collect())
}
