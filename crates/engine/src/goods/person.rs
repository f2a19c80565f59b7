//! What one customer will want, and why.

use zhike_domain::consent::{PROFILING, State};
use zhike_domain::id::ProfileId;
use zhike_domain::small_groups::is_small;
use zhike_lake::GoodsBy;
use zhike_ml::recommend::{self, Due, ListOptions, Reason, Repeats};

use super::learnt::{Kept, Status, kept};
use super::needs::{Need, needs};
use super::{Good, names, words};
use crate::consents::recorded_of;
use crate::{Ctx, Result, boxed, profiles};

/// Goods of a list at most.
const MAX_LIST: usize = 20;
/// Reasons of a recommendation at most.
const N_REASONS: usize = 2;

/// A good that the customer has not had.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// What.
    pub good: Good,
    /// Why, Chinese and English, the strongest first.
    pub reasons: Vec<(String, String)>,
}

/// A good that is due again.
#[derive(Clone, Debug, PartialEq)]
pub struct Again {
    /// What.
    pub good: Good,
    /// Days on which the customer bought it.
    pub n_times: u32,
    /// Last day of them.
    pub last_on: i64,
    /// When half of such customers would have bought again.
    pub due_on: i64,
    /// Whether three quarters would have.
    pub is_overdue: bool,
    /// Why, Chinese and English.
    pub reason: (String, String),
}

/// What a customer will want.
#[derive(Clone, Debug, PartialEq)]
pub struct ForPerson {
    /// Last day that was learnt from; none without orders.
    pub as_of: Option<i64>,
    /// Whether the customer refused profiling: then nothing is said.
    pub is_refused: bool,
    /// Whether new goods are told by what was learnt; what sells best otherwise.
    pub status: Status,
    /// Due again, what is bought most often first.
    pub again: Vec<Again>,
    /// New to the customer, the best first.
    pub fresh: Vec<Wanted>,
    /// Category that the customer needs, by a rule that holds.
    pub need: Option<Wanted>,
    /// Category that the customer has not had and may take next.
    pub extension: Option<Good>,
}

pub(super) fn is_ready(due: &Due) -> bool {
    matches!(due.state, recommend::State::Due | recommend::State::Overdue)
}

/// Goods for a customer: what is due again by its cycle, and what is new, with reasons.
///
/// **Errors**: `not_found` for a customer who is not there, or may not be seen.
#[boxed]
pub async fn for_person(ctx: &Ctx, profile_id: ProfileId, limit: usize) -> Result<ForPerson> {
    let id = profiles::current(ctx, profile_id.get()).await?.profile_id;
    let kept = kept(ctx).await?;
    let is_refused = recorded_of(ctx, id, PROFILING, None).await? == State::Withdrawn;
    let mut found = ForPerson {
        as_of: kept.told.as_of,
        is_refused,
        status: kept.told.status,
        again: Vec::new(),
        fresh: Vec::new(),
        need: None,
        extension: None,
    };
    if is_refused {
        return Ok(found);
    }
    let limit = limit.clamp(1, MAX_LIST);
    (found.need, found.extension) = of_category(ctx, id).await?;
    let list = listed(&kept, id as u64, limit);
    let at = kept.due.partition_point(|due| due.customer < id as u64);
    let mut due: Vec<&Due> = kept.due[at..].iter().take_while(|due| due.customer == id as u64).collect();
    let times = |due: &Due| times(&kept, due);
    due.sort_by(|a, b| times(b).cmp(&times(a)).then(a.due_at.total_cmp(&b.due_at)));
    due.truncate(limit);
    let mut ids: Vec<String> = due.iter().map(|due| kept.goods[due.product as usize].clone()).collect();
    for one in &list {
        ids.push(kept.goods[one.product as usize].clone());
        for reason in &one.reasons {
            if let Reason::Because { product, .. } = reason {
                ids.push(kept.goods[*product as usize].clone());
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let name = names(ctx, GoodsBy::Product, ids).await?;
    let good = |product: u64| name(&kept.goods[product as usize]);
    let k = ctx.min_group();
    let why = |reason: &Reason| match reason {
        Reason::Because { product, .. } => Some(words::because(good(*product).title())),
        Reason::NextCategory { category, chance } => {
            Some(words::category(kept.categories.get(*category as usize)?, *chance))
        }
        Reason::Popular { n_customers } => Some(words::popular(Some(*n_customers as u64).filter(|n| !is_small(*n, k)))),
        Reason::BoughtBefore { .. } | Reason::Due { .. } => None,
    };
    found.fresh = list
        .iter()
        .map(|one| Wanted { good: good(one.product), reasons: one.reasons.iter().filter_map(why).collect() })
        .collect();
    found.again = due
        .into_iter()
        .map(|due| {
            let is_overdue = due.state == recommend::State::Overdue;
            // The day is whole: what is due in the course of one is due on it.
            let (last_on, due_on) = (due.last as i64, due.due_at.round() as i64);
            let usual = (due.cycle.median * due.quantity).round() as i64;
            let reason = words::again(last_on, due_on, usual, is_overdue);
            Again { good: good(due.product), n_times: times(due), last_on, due_on, is_overdue, reason }
        })
        .collect();
    Ok(found)
}

/// What a customer needs of the categories, and which one may come next.
async fn of_category(ctx: &Ctx, id: i64) -> Result<(Option<Wanted>, Option<Good>)> {
    let known = needs(ctx, GoodsBy::Category).await?;
    let good = |good: u32| Good { id: known.goods[good as usize].clone(), name: None };
    let is_used = |rule: &&Need| rule.holds && known.status == Status::InUse;
    let need = known.of(id).filter(is_used).map(|rule| {
        let conditions: Vec<(String, String)> =
            rule.conditions.iter().map(|one| words::condition(one, &ctx.workspace().currency)).collect();
        let [met, bought, all, all_bought] = rule.graded.map(|n| n.max(1) as f64);
        let reason = words::because_of(&conditions, bought / met, all_bought / all);
        Wanted { good: good(rule.good), reasons: vec![reason] }
    });
    let mut first = known.extension.iter().filter(|(_, ids)| ids.binary_search(&id).is_ok());
    Ok((need, first.next().map(|(of, _)| good(*of))))
}

fn times(kept: &Kept, due: &Due) -> u32 {
    let own = kept
        .table
        .customer(due.customer)
        .zip(kept.table.product(due.product))
        .and_then(|(who, product)| kept.table.owned(who).iter().find(|own| own.product as usize == product));
    own.map_or(0, |own| own.n_times)
}

/// New goods that are still sold.
fn listed(kept: &Kept, customer: u64, limit: usize) -> Vec<recommend::Recommendation> {
    let Some(learnt) = &kept.learnt else { return Vec::new() };
    let recommender = learnt.over(&kept.table);
    // More than are shown: some are not sold any more.
    let n_products = limit * 10 + 50;
    let options = ListOptions { n_products, repeats: Repeats::Never, n_reasons: N_REASONS, n_threads: 1 };
    let all = match kept.table.customer(customer) {
        Some(at) => recommender.lists(&[at], &options).pop().unwrap_or_default(),
        None => recommender.for_strangers(n_products),
    };
    all.into_iter().filter(|one| kept.is_on_sale[one.product as usize]).take(limit).collect()
}
