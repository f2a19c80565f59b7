//! Coupons: who got them, who used them, what was bought with them, and who would have come anyway.

use std::collections::BTreeMap;

use zhike_ml::lift::compare_means;

use zhike_domain::small_groups::{is_small, nested};

use super::rows::{CONVERTED, DAY_US, Messages, NONE, Names, Sale, Sales};
use super::spec::{By, Spec};
use super::{Facts, words};
use crate::analysis::Head;
use crate::{Ctx, Result, boxed, segments};

/// Days before the first day that is asked about, by which rhythms are known.
pub(super) const RHYTHM_DAYS: i64 = 365;
/// Days with orders from which a customer has a rhythm.
const MIN_DAYS: usize = 4;
/// Orders without a coupon that a week's orders with one are compared with, at most.
const MAX_OTHERS: usize = 5_000;

/// Use of a coupon by a customer: the order it was used for, if it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Used {
    /// Group of the answer.
    pub(super) group: u32,
    pub(super) who: u32,
    pub(super) at: i64,
    /// Number of the coupon.
    pub(super) coupon: u32,
    /// Position of the order among the sales.
    pub(super) order: Option<usize>,
}

/// What was used, by group.
#[derive(Debug, Default)]
pub(super) struct Coupons {
    /// Keys of the groups; the empty one is of those that do not say.
    pub(super) keys: Vec<String>,
    /// By group and customer.
    pub(super) used: Vec<Used>,
    /// Customers to whom one was given, by group; empty where that is not known.
    pub(super) issued: Vec<Vec<u32>>,
}

/// People and money of a group. **Units**: hundredths.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Use {
    pub(super) issued: Vec<u32>,
    pub(super) redeemed: Vec<u32>,
    /// Of those issued, who used one.
    pub(super) issued_redeemed: Vec<u32>,
    /// Whose rhythm had them due when they first used one.
    pub(super) anyway: Vec<u32>,
    /// Who has a rhythm.
    pub(super) rhythm: Vec<u32>,
    pub(super) n_uses: u64,
    pub(super) n_orders: u64,
    pub(super) revenue: i64,
    pub(super) discount: i64,
}

/// Sales of those who used a coupon, beside those of others in the same weeks: an estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// What customers spent more after the order than before it, beside others, in whole units of money.
    pub each: f64,
    /// Interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Orders with a coupon that were compared.
    pub n: u64,
    /// Orders without.
    pub n_others: u64,
}

impl Coupons {
    /// What orders and messages say of coupons. A message that was redeemed belongs to the orders of its day.
    pub(super) fn new(
        messages: &Messages,
        sales: &Sales,
        by: By,
        (from, to): (i64, i64),
        day_of: impl Fn(i64) -> (i64, i64),
    ) -> Self {
        let mut keys: BTreeMap<String, u32> = BTreeMap::new();
        let mut used: Vec<(String, Used)> = Vec::new();
        let mut codes = Names::default();
        for (at, sale) in sales.all.iter().enumerate().filter(|(_, sale)| (from..to).contains(&sale.at)) {
            let Some(coupon) = sales.coupons.text(sale.coupon) else { continue };
            let key = match by {
                By::Campaign => sales.campaigns.text(sale.campaign).unwrap_or(""),
                _ => coupon,
            };
            let coupon = codes.number(Some(coupon));
            used.push((key.to_owned(), Used { group: 0, who: sale.who, at: sale.at, coupon, order: Some(at) }));
        }
        let key_of = |one: &super::rows::Message| -> String {
            let campaign = || messages.campaigns.get(one.campaign as usize).map(|campaign| campaign.id.clone());
            let key = match by {
                By::Campaign => campaign(),
                _ => messages.coupons.text(one.coupon).map(str::to_owned),
            };
            key.unwrap_or_default()
        };
        let is_use = |one: &super::rows::Message| one.coupon != NONE && one.rank == CONVERTED && !one.is_holdout;
        for one in messages.all.iter().filter(|one| is_use(one)) {
            let (start, end) = day_of(one.at);
            let own = sales.of(one.who, (start, end));
            let first = sales.all.partition_point(|sale| (sale.who, sale.at) < (one.who, start));
            // Of several orders of the day, the one with most taken off.
            let order = (0..own.len()).max_by_key(|at| (own[*at].discount, own[*at].net)).map(|at| first + at);
            let coupon = codes.number(messages.coupons.text(one.coupon));
            used.push((key_of(one), Used { group: 0, who: one.who, at: one.at, coupon, order }));
        }
        let has_uses: std::collections::BTreeSet<String> = used.iter().map(|(key, _)| key.clone()).collect();
        let given: Vec<(String, u32)> = messages
            .all
            .iter()
            .filter(|one| one.is_reached() && !is_use(one))
            .map(|one| (key_of(one), one.who, one.coupon))
            .filter(|(key, _, coupon)| !key.is_empty() && (has_uses.contains(key) || *coupon != NONE))
            .map(|(key, who, _)| (key, who))
            .collect();
        used.iter().map(|(key, _)| key).chain(given.iter().map(|(key, _)| key)).for_each(|key| {
            keys.insert(key.clone(), 0);
        });
        keys.values_mut().zip(0..).for_each(|(number, at)| *number = at);
        let mut issued = vec![Vec::new(); keys.len()];
        for (key, who) in given {
            issued[keys[&key] as usize].push(who);
        }
        issued.iter_mut().for_each(|list: &mut Vec<u32>| {
            list.sort_unstable();
            list.dedup();
        });
        let mut used: Vec<Used> = used.into_iter().map(|(key, one)| Used { group: keys[&key], ..one }).collect();
        used.sort_unstable_by_key(|one| (one.group, one.who, one.order, one.coupon, one.at));
        // The same order with a coupon of its own and a message that says so is one use.
        used.dedup_by(|b, a| {
            a.order.is_some() && (a.group, a.who, a.order, a.coupon) == (b.group, b.who, b.order, b.coupon)
        });
        Self { keys: keys.into_keys().collect(), used, issued }
    }

    /// One group, or everything together.
    pub(super) fn tally(&self, group: Option<u32>, sales: &Sales) -> Use {
        let own = self.used.iter().filter(|one| group.is_none_or(|group| one.group == group));
        let mut own: Vec<Used> = own.copied().collect();
        own.sort_by_key(|one| (one.who, one.at));
        let mut found = Use { n_uses: own.len() as u64, ..Use::default() };
        found.issued = match group {
            Some(group) => self.issued[group as usize].clone(),
            None => self.issued.iter().flatten().copied().collect(),
        };
        found.issued.sort_unstable();
        found.issued.dedup();
        for own in own.chunk_by(|a, b| a.who == b.who) {
            let who = own[0].who;
            found.redeemed.push(who);
            if found.issued.binary_search(&who).is_ok() {
                found.issued_redeemed.push(who);
            }
            if let Some(is_due) = due(sales, who, own[0].at) {
                found.rhythm.push(who);
                if is_due {
                    found.anyway.push(who);
                }
            }
        }
        let mut orders: Vec<usize> = own.iter().filter_map(|one| one.order).collect();
        orders.sort_unstable();
        orders.dedup();
        found.n_orders = orders.len() as u64;
        found.revenue = orders.iter().map(|at| sales.all[*at].net).sum();
        found.discount = orders.iter().map(|at| sales.all[*at].discount).sum();
        found
    }

    /// Customers' spending in so many days from an order with a coupon, less that of so many before it, beside the same of
    /// orders without one, of customers who used none, in the same week. Both begin with an order, so that the order itself
    /// explains nothing.
    pub(super) fn change(
        &self,
        group: Option<u32>,
        sales: &Sales,
        days: i64,
        (from, to): (i64, i64),
    ) -> Option<Change> {
        let span = days * DAY_US;
        let change = |sale: &Sale| {
            let after = sales.net(sale.who, (sale.at, sale.at + span));
            (after - sales.net(sale.who, (sale.at - span, sale.at))) as f64
        };
        let week = |at: i64| at.div_euclid(7 * DAY_US);
        let mut own: Vec<usize> = self
            .used
            .iter()
            .filter(|one| group.is_none_or(|group| one.group == group))
            .filter_map(|one| one.order)
            .collect();
        own.sort_unstable();
        own.dedup();
        // One order a customer, the first, whose time is over.
        own.dedup_by_key(|at| sales.all[*at].who);
        own.retain(|at| sales.all[*at].at + span <= to);
        let users: std::collections::BTreeSet<u32> = self.used.iter().map(|one| one.who).collect();
        let mut others: BTreeMap<i64, Vec<&Sale>> = BTreeMap::new();
        let weeks: std::collections::BTreeSet<i64> = own.iter().map(|at| week(sales.all[*at].at)).collect();
        let mut last = (u32::MAX, i64::MIN);
        for sale in sales.all.iter().filter(|sale| (from..to).contains(&sale.at) && sale.at + span <= to) {
            let key = (sale.who, week(sale.at));
            if key == last || !weeks.contains(&key.1) || users.contains(&sale.who) {
                continue;
            }
            last = key;
            others.entry(key.1).or_default().push(sale);
        }
        let mut usual: BTreeMap<i64, f64> = BTreeMap::new();
        let mut control = Vec::new();
        for (week, sold) in &others {
            let step = sold.len().div_ceil(MAX_OTHERS);
            let values: Vec<f64> = sold.iter().step_by(step).map(|sale| change(sale)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            usual.insert(*week, mean);
            control.extend(values.iter().map(|value| value - mean));
        }
        let treated: Vec<f64> = own
            .iter()
            .filter_map(|at| {
                let sale = &sales.all[*at];
                Some(change(sale) - usual.get(&week(sale.at))?)
            })
            .collect();
        let found = compare_means(&control, &treated, 0.95).ok()?;
        Some(Change {
            each: found.difference / 100.0,
            low: found.low / 100.0,
            high: found.high / 100.0,
            n: treated.len() as u64,
            n_others: control.len() as u64,
        })
    }
}

/// Whether at least as many days had passed since the last order as usually pass, as of an instant; none without a rhythm.
fn due(sales: &Sales, who: u32, at: i64) -> Option<bool> {
    let mut days: Vec<i64> =
        sales.of(who, (i64::MIN, at - DAY_US / 2)).iter().map(|sale| sale.at.div_euclid(DAY_US)).collect();
    days.dedup();
    if days.len() < MIN_DAYS {
        return None;
    }
    let mut gaps: Vec<i64> = days.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let usual = gaps[(gaps.len() - 1) / 2];
    Some(at.div_euclid(DAY_US) - days[days.len() - 1] >= usual)
}

/// A coupon, or the coupons of a campaign. **Units**: hundredths of money; counts are of people unless they say otherwise, and
/// missing where so few are not told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CouponRow {
    /// Code; empty where orders and messages do not say.
    pub key: String,
    /// Name of the campaign.
    pub name: Option<String>,
    /// To whom one was given; nought where that is not known.
    pub n_issued: Option<u64>,
    /// Who used one.
    pub n_redeemed: Option<u64>,
    /// Of those to whom one was given, the share that used one.
    pub rate: Option<f64>,
    /// Times that one was used.
    pub n_uses: Option<u64>,
    /// Orders with one.
    pub n_orders: Option<u64>,
    /// Their net amount.
    pub revenue: Option<i64>,
    /// All that was taken off these orders.
    pub discount: Option<i64>,
    /// Of those who used one and have a rhythm, who was due anyway.
    pub n_anyway: Option<u64>,
    /// Who used one and has a rhythm.
    pub n_rhythm: Option<u64>,
}

/// Coupons of some days.
#[derive(Clone, Debug)]
pub struct CouponsAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// By times used.
    pub rows: Vec<CouponRow>,
    /// Rows in all, of which the first are told.
    pub n_rows: u64,
    /// Everything together.
    pub total: CouponRow,
    /// Sales beside those of others, an estimate; none where too few orders can be compared.
    pub change: Option<Change>,
    /// Days before and after an order that are compared.
    pub change_days: i64,
}

/// Rows of an answer at most.
const MAX_ROWS: usize = 200;

fn row(key: &str, own: &Use, k: u64) -> CouponRow {
    let n = |list: &Vec<u32>| list.len() as u64;
    let counts = [n(&own.issued), n(&own.redeemed), n(&own.issued_redeemed), n(&own.rhythm), n(&own.anyway)];
    let shown = nested(&counts, &[(2, 0), (2, 1), (3, 1), (4, 1), (4, 3)], k);
    let told = |at: usize| shown[at].then_some(counts[at]);
    let is_used = shown[1];
    let issued = told(0).filter(|n| *n > 0);
    CouponRow {
        key: key.to_owned(),
        name: None,
        n_issued: told(0),
        n_redeemed: told(1),
        rate: told(2).zip(issued).map(|(part, whole)| part as f64 / whole as f64),
        n_uses: is_used.then_some(own.n_uses),
        n_orders: is_used.then_some(own.n_orders),
        revenue: is_used.then_some(own.revenue),
        discount: is_used.then_some(own.discount),
        n_anyway: told(4),
        n_rhythm: told(3),
    }
}

impl Coupons {
    fn of(ctx: &Ctx, facts: &Facts, by: By) -> Self {
        let workspace = ctx.workspace();
        let day = |at: i64| {
            let day = workspace.day_of(at);
            (workspace.day_start(day), workspace.day_start(day + 1))
        };
        Self::new(&facts.messages, &facts.sales, by, facts.ground.span, day)
    }
}

/// Coupons by campaign or by code: given, used, what was bought with them, who was due anyway.
///
/// **Errors**: `bad_request` for days the wrong way round.
#[boxed]
pub async fn coupons(ctx: &Ctx, spec: &Spec) -> Result<CouponsAnswer> {
    let facts = Facts::read(ctx, spec, true, RHYTHM_DAYS).await?;
    let k = ctx.min_group();
    let found = Coupons::of(ctx, &facts, spec.by);
    let mut rows: Vec<CouponRow> = (0..)
        .zip(&found.keys)
        .map(|(at, key)| {
            let campaign = facts.messages.campaign(key).filter(|_| spec.by == By::Campaign);
            let name = campaign.and_then(|at| facts.messages.campaigns[at as usize].name.clone());
            CouponRow { name, ..row(key, &found.tally(Some(at), &facts.sales), k) }
        })
        .collect();
    rows.sort_by(|a, b| {
        b.n_uses.cmp(&a.n_uses).then_with(|| b.n_issued.cmp(&a.n_issued)).then_with(|| a.key.cmp(&b.key))
    });
    let n_rows = rows.len() as u64;
    rows.truncate(MAX_ROWS);
    let is_whole = |row: &CouponRow| row.n_redeemed.is_some() && row.n_issued.is_some() && row.n_rhythm.is_some();
    let mut total = row("", &found.tally(None, &facts.sales), k);
    let is_suppressed = !rows.iter().all(is_whole) || !is_whole(&total);
    if k > 1 && is_suppressed {
        // Taken from the total, the shown rows would tell of those that are not.
        total = CouponRow::default();
    }
    let is_told = |change: &Change| !is_small(change.n, k) && !is_small(change.n_others, k);
    let change = found
        .change(None, &facts.sales, spec.lookback_days, (facts.ground.span.0, facts.until))
        .filter(|change| is_told(change) && total.n_redeemed.is_some());
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_coupons(spec, facts.ground.days, segment.as_deref());
    let meaning = words::coupons(spec, &rows, &total, change.as_ref(), &ctx.workspace().currency);
    let head = facts.ground.head_of(spec.json(), sentence, meaning, is_suppressed);
    Ok(CouponsAnswer { head, spec: spec.clone(), rows, n_rows, total, change, change_days: spec.lookback_days })
}

/// The people of a coupon, or of all.
pub(super) async fn behind(ctx: &Ctx, spec: &Spec, key: Option<&str>, which: &str) -> Result<Vec<i64>> {
    let facts = Facts::read(ctx, spec, true, RHYTHM_DAYS).await?;
    let found = Coupons::of(ctx, &facts, spec.by);
    let group = match key {
        Some(key) => Some(found.keys.iter().position(|known| known == key).ok_or_else(super::no_part)? as u32),
        None => None,
    };
    let own = found.tally(group, &facts.sales);
    let who = match which {
        "issued" => own.issued,
        "redeemed" => own.redeemed,
        "anyway" => own.anyway,
        "rhythm" => own.rhythm,
        _ => return Err(super::no_part()),
    };
    Ok(facts.ground.ids(who))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_every_week_is_due_after_a_week() {
        let sale = |day: i64| Sale { who: 1, at: day * DAY_US, net: 100, discount: 0, coupon: NONE, campaign: NONE };
        let sales = Sales { all: [0, 7, 14, 21].map(sale).to_vec(), ..Sales::default() };
        let of = |day: i64| due(&sales, 1, day * DAY_US);
        assert_eq!((of(15), of(24), of(28), of(40)), (None, Some(false), Some(true), Some(true)));
    }
}
