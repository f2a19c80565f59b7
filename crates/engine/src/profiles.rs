//! One customer, whole: who they are, what they bought, where they stand, who looked at them.

use crate::boxed;
use std::collections::{BTreeMap, HashMap, HashSet};

use zhike_domain::clean::email::read_email;
use zhike_domain::clean::id_number::read_id_number;
use zhike_domain::clean::phone::{PhoneReading, read_phone};
use zhike_domain::clean::{RuleSet, cell};
use zhike_domain::frame::Frame;
use zhike_domain::grade::{Class, Classes, class_of_field};
use zhike_domain::id::{ApprovalId, ProfileId};
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::rfm::{self, Scores, Segment, Tier, Why};
use zhike_domain::sensitive::Sensitive;
use zhike_lake::RowsOf;
use zhike_state::{AuditRow, EdgeRow, IdentityRow, ProfileRow};

use crate::corrections::{self, Correction};
use crate::guard::classes;
use crate::query::{masked_fields, personal_fields, shown_identity};
use crate::sealing::{self, Keys};
use crate::{Ctx, Error, Result, audit, guard, incidents, refresh, requests, segments};

mod approved;
mod timeline;

pub use approved::{ask_to_see, see_approved};
pub use timeline::{Happening, HappeningKind, Place, TimelineFilter, TimelinePage, timeline};

/// How personal fields are shown.
#[derive(Clone, Debug)]
pub enum Show {
    /// Masked.
    Masked,
    /// In the clear, for a reason that goes to the audit trail.
    Clear {
        /// Who asks.
        actor: String,
        /// Why.
        reason: String,
        /// The highest grade of columns that is shown; what is above stays masked.
        up_to_grade: u8,
        /// What a second person approved, in place of the budget.
        approval: Option<ApprovalId>,
    },
}

/// One customer.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What is not personal.
    pub row: ProfileRow,
    /// Personal fields by name, as they may be shown.
    pub personal: BTreeMap<&'static str, String>,
    /// Identities with their values, as they may be shown.
    pub identities: Vec<(IdentityRow, Option<String>)>,
    /// How the identities were joined.
    pub edges: Vec<EdgeRow>,
    /// Scores at the newest refresh.
    pub rfm: Option<RfmView>,
    /// Sums by month, ascending.
    pub months: Vec<Month>,
    /// Corrections that hold.
    pub corrections: Vec<Correction>,
}

/// Scores of one customer, with their place among all and the reasons.
#[derive(Clone, Debug)]
pub struct RfmView {
    /// Last day that counts, in days since 1970.
    pub as_of: i64,
    /// Days since the last order.
    pub recency_days: i64,
    /// Orders that count.
    pub frequency: i64,
    /// Net amount, hundredths.
    pub monetary: i64,
    /// Scores, group and tier.
    pub scores: Scores,
    /// quantile or thresholds.
    pub mode: String,
    /// Share of customers that are worse: in recency, frequency, value; missing when not known any more.
    pub share_below: Option<[f64; 3]>,
    /// Why these scores.
    pub why: Option<Why>,
}

/// Sums of one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// `2011-03`.
    pub month: String,
    /// Net amount, hundredths.
    pub net_amount: i64,
    /// Amount, hundredths.
    pub amount: i64,
    /// Given back, hundredths.
    pub refunded_amount: i64,
    /// Sales.
    pub n_orders: i64,
    /// First and last sale; none when there were only returns.
    pub sales: Option<(i64, i64)>,
}

/// One order with its lines.
#[derive(Clone, Debug)]
pub struct OrderPage {
    /// Rows of `orders`.
    pub orders: Frame,
    /// Rows of `order_items` of these orders.
    pub items: Frame,
    /// Names of their products by source and product.
    pub product_names: HashMap<(String, String), String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// Looks up who has an identity, by its exact value.
#[boxed]
pub async fn find(ctx: &Ctx, kind: Option<IdentityKind>, value: &Sensitive<String>) -> Result<Vec<ProfileId>> {
    Ok(find_many(ctx, &[(kind, value)]).await?.pop().unwrap_or_default())
}

/// Looks up who has each of some identities, by their exact values; of whatever kind, where none is named.
#[boxed]
pub async fn find_many(
    ctx: &Ctx,
    identities: &[(Option<IdentityKind>, &Sensitive<String>)],
) -> Result<Vec<Vec<ProfileId>>> {
    let mut asked: HashMap<(&str, [u8; 16]), Vec<usize>> = HashMap::new();
    for (at, (kind, value)) in identities.iter().enumerate() {
        let kinds = kind.as_ref().map_or(IdentityKind::ALL, std::slice::from_ref);
        for kind in kinds {
            let Some(value) = normal(*kind, value.expose()) else { continue };
            let index = ctx.vault().blind_index(kind.as_str(), value.expose());
            asked.entry((kind.as_str(), index)).or_default().push(at);
        }
    }
    let wanted: Vec<(&str, [u8; 16])> = asked.keys().copied().collect();
    let mut found = vec![Vec::new(); identities.len()];
    let identities_found = ctx.store().find_identities(&wanted).await?;
    let profiles: Vec<i64> = identities_found.iter().map(|identity| identity.profile_id).collect();
    let sees: HashSet<i64> = segments::seen(ctx, &profiles).await?.into_iter().collect();
    for identity in identities_found {
        if identity.status == zhike_state::IdentityStatus::Active {
            let of = asked.get(&(identity.kind.as_str(), identity.value_index));
            let profile = ProfileId::new(identity.profile_id);
            if !sees.contains(&identity.profile_id) {
                continue;
            }
            of.into_iter().flatten().for_each(|at| found[*at].push(profile));
        }
    }
    let gone = requests::restricted(ctx).await?;
    for profiles in &mut found {
        profiles.retain(|profile| gone.binary_search(&profile.get()).is_err());
        profiles.sort_unstable();
        profiles.dedup();
    }
    let hits: HashSet<i64> = found.iter().flatten().map(|profile| profile.get()).collect();
    let hits: Vec<i64> = hits.into_iter().collect();
    guard::open(ctx, &hits).await?;
    let shown: Vec<String> = hits.iter().map(|id| ProfileId::new(*id).to_string()).collect();
    let detail = serde_json::json!({ "asked": identities.len(), "found": shown });
    audit::note(ctx, "profile.find", "profiles", &detail).await?;
    guard::opened(ctx, &hits);
    Ok(found)
}

/// A value as files are read: spaces, full-width digits and country codes make no difference. `None` when it cannot be
/// of that kind.
pub(crate) fn normal(kind: IdentityKind, value: &str) -> Option<Sensitive<String>> {
    let mut fired = RuleSet::default();
    let mut scratch = String::new();
    let cleaned = cell::clean(value, &mut scratch, &mut fired)?;
    let mut rules = RuleSet::default();
    let normal = match kind {
        IdentityKind::Phone => match read_phone(cleaned, &mut rules) {
            PhoneReading::Phone { value, .. } => value,
            _ => return None,
        },
        IdentityKind::Email => read_email(cleaned, &mut rules).ok()?,
        IdentityKind::IdNumber => read_id_number(cleaned, &mut rules).ok()?.value,
        _ => cell::clean_id(cleaned, &mut rules).ok()?.to_owned(),
    };
    Some(Sensitive::new(normal))
}

/// One customer, whole. An id that was merged into another leads to that one.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn view(ctx: &Ctx, profile_id: ProfileId, show: &Show) -> Result<Profile> {
    ctx.refresh_overrides().await?;
    let mut row = current(ctx, profile_id.get()).await?;
    let id = row.profile_id;
    let identities = ctx.store().identities_of(&[id]).await?;
    let edges =
        ctx.store().edges_of(&identities.iter().map(|identity| identity.identity_id).collect::<Vec<_>>()).await?;
    let personal = match show {
        Show::Masked => masked_fields(ctx, &[id]).await?,
        Show::Clear { actor, reason, up_to_grade, approval } => {
            let mut fields = personal_fields(ctx, &[id]).await?;
            let clear = fields.keys().filter(|(_, field)| grade_of(field) <= *up_to_grade);
            let kinds = identities.iter().filter(|one| grade_of(&one.kind) <= *up_to_grade);
            let kinds = kinds.map(|one| class_of_field(&one.kind));
            let clear: Classes = clear.map(|(_, field)| class_of_field(field)).chain(kinds).collect();
            unmasking(ctx, actor, "profile.unmask", &ProfileId::new(id).to_string(), reason, clear, *approval).await?;
            for ((_, field), value) in &mut fields {
                if grade_of(field) > *up_to_grade {
                    *value = zhike_domain::mask::field(field, value);
                }
            }
            fields
        }
    };
    let up_to_grade = match show {
        Show::Masked => 0,
        Show::Clear { up_to_grade, .. } => *up_to_grade,
    };
    let mask = crate::grades::trait_mask(ctx, up_to_grade).await?;
    mask.apply(&mut row.traits);
    let mut keys = Keys::default();
    keys.fetch(ctx, identities.iter().map(|identity| identity.key_profile_id)).await?;
    let written_for = written_for(ctx, id, &identities).await?;
    let numbers = identities.iter().map(|one| classes::of_identity(&one.kind)).fold(Classes::default(), Classes::or);
    let identities = identities
        .into_iter()
        .map(|identity| {
            let value = sealing::identity_value(&keys, &identity).map(|value| match show {
                Show::Clear { up_to_grade, .. } if grade_of(&identity.kind) <= *up_to_grade => value,
                _ => shown_identity(&identity.kind, &value),
            });
            (identity, value)
        })
        .collect();
    let (rfm, months) = tokio::try_join!(rfm_of(ctx, id), months(ctx, id, &written_for))?;
    let corrections = corrections::of(ctx, id, false).await?;
    let place = row.province.as_ref().or(row.city.as_ref()).map(|_| Class::Location);
    let bought = (rfm.is_some() || !months.is_empty()).then_some(Class::Commerce);
    let seen: Classes = place.into_iter().chain(bought).chain([Class::Attribute]).collect();
    match show {
        Show::Masked => guard::show_page(ctx, id, seen.or(numbers).or(mask.shown())).await?,
        // Traits of a higher grade are shown for the same reason as the fields.
        Show::Clear { approval: None, .. } => guard::show(ctx, 1, mask.shown()).await?,
        Show::Clear { .. } => {}
    }
    Ok(Profile {
        personal: personal.into_iter().map(|((_, field), value)| (field, value)).collect(),
        identities,
        edges,
        rfm,
        months,
        corrections,
        row,
    })
}

/// The grade of a personal field or kind of identity: 4 for what the tables say so of, 3 for all others.
pub(crate) fn grade_of(name: &str) -> u8 {
    let columns = zhike_domain::tables::table("profiles").map_or(&[][..], |table| table.columns);
    columns.iter().find(|column| column.name == name).map_or(3, |column| column.grade.max(3))
}

/// The customer of an id, or the one it was merged into: the one way to a single customer, so whoever acts draws from their
/// budget here, and the first look on a day stands in the audit trail.
///
/// **Errors**: `not_found`; `over_budget`; `restricted` when the deletion of their data is approved (INV-RIGHTS-2).
pub(crate) async fn current(ctx: &Ctx, profile_id: i64) -> Result<ProfileRow> {
    let row = whoever(ctx, profile_id).await?;
    if requests::restricted(ctx).await?.binary_search(&row.profile_id).is_ok() {
        return Err(requests::hidden());
    }
    let new = guard::open(ctx, &[row.profile_id]).await?;
    if !new.is_empty() {
        let subject = ProfileId::new(row.profile_id).to_string();
        audit::note(ctx, "profile.open", &subject, &serde_json::json!({})).await?;
        guard::opened(ctx, &new);
    }
    Ok(row)
}

/// As [`current`], also of those whose deletion is approved.
pub(crate) async fn whoever(ctx: &Ctx, profile_id: i64) -> Result<ProfileRow> {
    let missing = || Error::not_found("customer", "客户");
    let mut row = ctx.store().profile(profile_id).await?.ok_or_else(missing)?;
    while let Some(into) = row.merged_into {
        row = ctx.store().profile(into).await?.ok_or_else(missing)?;
    }
    // Somebody out of sight is as somebody who is not there.
    if segments::seen(ctx, &[row.profile_id]).await?.is_empty() {
        return Err(missing());
    }
    Ok(row)
}

/// Writes a look at values in the clear to the audit trail, within the budget; without it nothing may be shown.
pub(crate) async fn unmasking(
    ctx: &Ctx,
    actor: &str,
    action: &str,
    subject: &str,
    reason: &str,
    shown: Classes,
    approval: Option<ApprovalId>,
) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(Error::bad_request(
            "a reason is needed to see values in the clear".into(),
            "查看明文必须填写理由".into(),
        ));
    }
    let reason = zhike_domain::detect::mask_text(reason).unwrap_or_else(|| reason.to_owned());
    let mut detail = serde_json::json!({ "reason": reason });
    match approval {
        Some(id) => {
            incidents::check_unlocked(ctx).await?;
            detail["approval"] = id.to_string().into();
        }
        None => {
            guard::unmask(ctx).await?;
            guard::show(ctx, 1, shown).await?;
        }
    }
    audit::record(ctx, actor, action, subject, &detail).await
}

/// Profiles under which facts of a customer may have been written: its own, those that its identities had, and those that
/// visitors had who were the customer for a time.
pub(crate) async fn written_for(ctx: &Ctx, id: i64, identities: &[IdentityRow]) -> Result<Vec<i64>> {
    let visitors = ctx.store().spanned_by(id).await?;
    let of_visitors = ctx.store().identities_by_ids(&visitors).await?;
    let ids: Vec<i64> = identities.iter().map(|identity| identity.identity_id).chain(visitors).collect();
    let later = ctx.store().homes_of(&ids).await?.into_iter().map(|(_, profile)| profile);
    let mut profiles: Vec<i64> = (identities.iter().chain(&of_visitors))
        .map(|identity| identity.home_profile_id)
        .chain(later)
        .chain(std::iter::once(id))
        .collect();
    profiles.sort_unstable();
    profiles.dedup();
    Ok(profiles)
}

/// The customer's own id and those of profiles that were merged into it.
pub(crate) async fn own_ids(ctx: &Ctx, id: i64) -> Result<Vec<i64>> {
    let homes = written_for(ctx, id, &ctx.store().identities_of(&[id]).await?).await?;
    let mut own = vec![id];
    for home in homes.into_iter().filter(|home| *home != id) {
        // A home can have become somebody else.
        if whoever(ctx, home).await?.profile_id == id {
            own.push(home);
        }
    }
    Ok(own)
}

/// A page of the acts on a customer that the audit trail holds, newest first, before a place in the chain.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn acts(ctx: &Ctx, profile_id: ProfileId, before: Option<i64>, limit: usize) -> Result<Vec<AuditRow>> {
    let id = current(ctx, profile_id.get()).await?.profile_id;
    let own = own_ids(ctx, id).await?;
    let subjects: Vec<String> = own.into_iter().map(|id| ProfileId::new(id).to_string()).collect();
    Ok(ctx.store().audit_of(&subjects, before, limit).await?)
}

async fn months(ctx: &Ctx, id: i64, written_for: &[i64]) -> Result<Vec<Month>> {
    let columns = &["ordered_at", "net_amount", "amount", "refunded_amount", "kind"];
    let wanted = RowsOf { profile_id: id, written_for, columns, newest: None };
    let orders = ctx.lake().rows_of("orders", wanted).await?;
    let num = |name: &str, row: usize| orders.num(name).and_then(|column| column.get(row));
    let workspace = ctx.workspace();
    let mut months: BTreeMap<String, Month> = BTreeMap::new();
    for row in 0..orders.n_rows() {
        let Some(at) = num("ordered_at", row) else { continue };
        let month = workspace.month_of(at);
        let sums = months.entry(month).or_insert_with_key(|month| Month {
            month: month.clone(),
            net_amount: 0,
            amount: 0,
            refunded_amount: 0,
            n_orders: 0,
            sales: None,
        });
        sums.net_amount += num("net_amount", row).unwrap_or(0);
        sums.amount += num("amount", row).unwrap_or(0);
        sums.refunded_amount += num("refunded_amount", row).unwrap_or(0);
        let is_sale = orders.text("kind").and_then(|column| column.get(row)) == Some("sale");
        sums.n_orders += i64::from(is_sale);
        if is_sale {
            let (first, last) = sums.sales.unwrap_or((at, at));
            sums.sales = Some((first.min(at), last.max(at)));
        }
    }
    Ok(months.into_values().collect())
}

/// Scores of one customer at the newest refresh, with the reasons.
async fn rfm_of(ctx: &Ctx, id: i64) -> Result<Option<RfmView>> {
    let wanted = RowsOf { profile_id: id, written_for: &[id], columns: &[], newest: Some("as_of") };
    let frame = ctx.lake().rows_of("rfm", wanted).await?;
    if frame.n_rows() == 0 {
        return Ok(None);
    }
    let mut view = rfm_view(&frame, 0);
    explain(ctx, &mut view).await?;
    Ok(Some(view))
}

pub(crate) fn rfm_view(frame: &Frame, row: usize) -> RfmView {
    let num = |name: &str| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
    let text = |name: &str| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned();
    RfmView {
        as_of: num("as_of"),
        recency_days: num("recency_days"),
        frequency: num("frequency"),
        monetary: num("monetary"),
        scores: Scores {
            r: num("r_score") as u8,
            f: num("f_score") as u8,
            m: num("m_score") as u8,
            segment: Segment::parse(&text("rfm_segment")).unwrap_or(Segment::Lost),
            tier: Tier::parse(&text("tier")).unwrap_or(Tier::General),
        },
        mode: text("mode"),
        share_below: None,
        why: None,
    }
}

async fn explain(ctx: &Ctx, view: &mut RfmView) -> Result<()> {
    view.share_below = ctx.lake().rfm_share_below(view.as_of, view.recency_days, view.frequency, view.monetary).await?;
    let Some(run) = refresh::last_run(ctx, view.as_of).await? else { return Ok(()) };
    let version = (run.rules_version > 0).then_some(run.rules_version);
    let rules = match version {
        None => rfm::Rules::default(),
        Some(_) => {
            let row = ctx.store().get_definition("rfm_rules", "default", version).await?;
            let parsed = row.and_then(|row| serde_json::from_str(&row.spec_json).ok());
            match parsed {
                Some(rules) => rules,
                None => return Ok(()),
            }
        }
    };
    let one = rfm::One { recency_days: view.recency_days, frequency: view.frequency, monetary: view.monetary };
    view.why = Some(rfm::why(one, view.scores, &run.cuts, &rules, &ctx.workspace().currency));
    Ok(())
}

/// A page of a customer's orders with their lines, newest first.
#[boxed]
pub async fn orders(ctx: &Ctx, profile_id: ProfileId, skip: usize, limit: usize) -> Result<OrderPage> {
    let page = all_orders(ctx, profile_id, skip, limit).await?;
    guard::reserve(ctx, guard::Meter::Rows, page.orders.n_rows()).await?;
    let columns = page.orders.fields().iter().map(|field| ("orders", field.name.as_str()));
    guard::show(ctx, page.orders.n_rows(), classes::of_columns(columns)).await?;
    Ok(page)
}

/// As [`orders`], for an export, which has reserved its rows itself.
pub(crate) async fn all_orders(ctx: &Ctx, profile_id: ProfileId, skip: usize, limit: usize) -> Result<OrderPage> {
    ctx.refresh_overrides().await?;
    let id = current(ctx, profile_id.get()).await?.profile_id;
    let written_for = written_for(ctx, id, &ctx.store().identities_of(&[id]).await?).await?;
    let all = RowsOf { profile_id: id, written_for: &written_for, columns: &[], newest: None };
    let orders = ctx.lake().rows_of("orders", all.clone()).await?;
    let mut newest_first: Vec<usize> = (0..orders.n_rows()).collect();
    newest_first.sort_by_cached_key(|&row| {
        let at = orders.num("ordered_at").and_then(|column| column.get(row));
        let order = orders.text("order_id").and_then(|column| column.get(row)).map(str::to_owned);
        std::cmp::Reverse((at, order))
    });
    let has_more = newest_first.len() > skip + limit;
    let page: Vec<usize> = newest_first.into_iter().skip(skip).take(limit).collect();
    let orders = orders.take(&page);
    let items = items_of(ctx, all, &orders).await?;
    let mut products: Vec<&str> =
        items.text("product_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
    products.sort_unstable();
    products.dedup();
    if products.is_empty() {
        return Ok(OrderPage { orders, items, product_names: HashMap::new(), has_more });
    }
    let names = ctx.lake().products(&products, &["name"]).await?;
    let text = |name: &str, row: usize| names.text(name).and_then(|column| column.get(row)).map(str::to_owned);
    let product_names = (0..names.n_rows())
        .filter_map(|row| Some(((text("source", row)?, text("product_id", row)?), text("name", row)?)))
        .collect();
    Ok(OrderPage { orders, items, product_names, has_more })
}

/// The lines of some orders of one customer, by source, order and line.
async fn items_of(ctx: &Ctx, all: RowsOf<'_>, orders: &Frame) -> Result<Frame> {
    let items = ctx.lake().rows_of("order_items", all).await?;
    let text = |frame: &Frame, name: &str, row: usize| {
        frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned()
    };
    let key = |frame: &Frame, row: usize| (text(frame, "source", row), text(frame, "order_id", row));
    let wanted: HashSet<(String, String)> = (0..orders.n_rows()).map(|row| key(orders, row)).collect();
    let mut rows: Vec<usize> = (0..items.n_rows()).filter(|&row| wanted.contains(&key(&items, row))).collect();
    rows.sort_by_cached_key(|&row| (key(&items, row), items.num("line_no").and_then(|column| column.get(row))));
    Ok(items.take(&rows))
}
