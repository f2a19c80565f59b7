//! Goods: what is bought together, what is bought next, what a customer will want, and the people behind each.
//!
//! Owns whose order lines of which days are looked at, who is told what, and the lists. Orders count as everywhere: paid
//! sales of which something is left; what was given back is taken off its order; postage and fees are no goods. How sets,
//! rules and lists are found is `zhike_ml`'s.
//!
//! - INV-GOODS-1 (`tests/it/goods.rs`): every count of a rule or a pair is that of a plain computation over all order lines,
//!   and of the list behind it; baskets with goods, without, and with one alone add up to all.
//! - INV-GOODS-2 (`tests/it/goods.rs`): what is recommended is new to the customer, or its cycle says that it is due; whoever
//!   refused profiling is neither learnt from nor recommended anything.
//! - INV-GOODS-3 (`tests/it/needs.rs`): rules of needs are graded on a window that they were not learnt from; every customer
//!   meets one at most, and lists hold whom they count.

use serde::Deserialize;
use serde_json::json;
use zhike_domain::id::ProfileId;
use zhike_domain::small_groups::is_small;
use zhike_lake::GoodsBy;

use crate::analysis::{Ground, Head, ListPage, page_of};
use crate::segments::{self, Segment};
use crate::work::{threads, worked};
use crate::{Ctx, Error, Result, boxed};

mod known;
mod learnt;
mod lines;
mod needed;
mod needs;
mod next;
mod person;
mod spec;
mod together;
mod words;

pub(crate) use known::Known;
pub use learnt::{Graded, Grades, Recommending, Status, recommending};
use lines::Lines;
pub use needed::{Extension, NeedRule, NeedsAnswer, needed};
pub use needs::NeedGrade;
pub use next::NextRule;
pub use person::{Again, ForPerson, Wanted, for_person};
pub use spec::{Asked, Basket, Spec};
pub use together::TogetherRule;

/// Days that are looked at when none are asked for.
const USUAL_DAYS: i64 = 365;

/// A product, a category or a brand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Good {
    /// Code of the product, or the name itself.
    pub id: String,
    /// Name of the product; none where it has none.
    pub name: Option<String>,
}

impl Good {
    /// What it is called.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// What is bought together.
#[derive(Clone, Debug)]
pub struct TogetherAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// Orders that count.
    pub n_orders: Option<u64>,
    /// Of them, those without a good of the level.
    pub n_without: Option<u64>,
    /// Baskets with goods.
    pub n_baskets: Option<u64>,
    /// Of them, those with one good alone.
    pub n_single: Option<u64>,
    /// People with a basket.
    pub n_people: Option<u64>,
    /// Different goods.
    pub n_goods: u64,
    /// Fewest baskets of a rule.
    pub min_baskets: u32,
    /// Rules that are sure enough, chance or not.
    pub n_tried: u64,
    /// Rules in all, of which the first are told.
    pub n_rules: u64,
    /// By baskets beyond chance.
    pub rules: Vec<TogetherRule>,
}

/// What is bought next.
#[derive(Clone, Debug)]
pub struct NextAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// Days on which a customer bought.
    pub n_days: Option<u64>,
    /// People.
    pub n_people: Option<u64>,
    /// Different goods.
    pub n_goods: u64,
    /// Fewest people of a pair.
    pub min_customers: u32,
    /// Pairs with enough people, chance or not.
    pub n_tried: u64,
    /// Pairs in all, of which the first are told.
    pub n_pairs: u64,
    /// By days beyond chance.
    pub pairs: Vec<NextRule>,
}

/// Which people of a rule or pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Who bought all of it; of a need, all who meet its rule.
    Both,
    /// Who bought the one and not the other yet; of a need, those without the good.
    Left,
}

/// What kind of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Bought together.
    Together,
    /// Bought later.
    Next,
    /// Needed by those who meet conditions.
    Need,
    /// First of all that somebody has not had.
    Extension,
}

/// A rule or a pair, and which of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What kind of rule.
    pub of: Of,
    /// Goods, by id; of a need its conditions, of an extension nothing.
    pub antecedent: Vec<String>,
    /// Good, by id.
    pub consequent: String,
    /// Which people.
    pub which: Which,
}

fn too_many(min_baskets: u32) -> Error {
    Error::bad_request(
        format!("with {min_baskets} baskets there are too many combinations: ask for more baskets, or fewer goods"),
        format!("至少 {min_baskets} 个购物篮时组合太多：请提高最少购物篮数，或减少规则中的商品数"),
    )
}

async fn ground(ctx: &Ctx, spec: &Spec) -> Result<(Ground, Lines)> {
    let ground = Ground::new(ctx, &spec.scope, USUAL_DAYS).await?;
    let lines = Lines::read(ctx, &ground.bulk.people, &ground.who, spec.level, ground.span).await?;
    Ok((ground, lines))
}

/// Names of goods by id.
async fn names(ctx: &Ctx, level: GoodsBy, ids: Vec<String>) -> Result<impl Fn(&str) -> Good + use<>> {
    let mut known: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    if level == GoodsBy::Product && !ids.is_empty() {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let frame = ctx.lake().products(&ids, &["name"]).await?;
        if let (Some(codes), Some(names)) = (frame.text("product_id"), frame.text("name")) {
            for row in 0..frame.n_rows() {
                let (Some(code), Some(name)) = (codes.get(row), names.get(row)) else { continue };
                let own = known.entry(code.to_owned()).or_insert_with(|| name.to_owned());
                // Of several sources, the first by letters.
                if name < own.as_str() {
                    name.clone_into(own);
                }
            }
        }
    }
    Ok(move |id: &str| Good { id: id.to_owned(), name: known.get(id).cloned() })
}

fn question(spec: &Spec) -> serde_json::Value {
    json!({ "level": spec.level_word(), "basket": spec.basket_word(), "segment": spec.scope.segment,
        "purpose": spec.scope.purpose, "min_confidence": spec.min_confidence, "min_lift": spec.min_lift,
        "max_gap_days": spec.max_gap_days })
}

/// Goods that share baskets more often than chance, by baskets beyond it.
///
/// **Errors**: `bad_request` for days the wrong way round, or when too many combinations are asked for.
#[boxed]
pub async fn bought_together(ctx: &Ctx, spec: &Spec) -> Result<TogetherAnswer> {
    let (ground, lines) = ground(ctx, spec).await?;
    let k = ctx.min_group();
    let own = spec.clone();
    let (lines, baskets, found) = worked("goods", move || {
        let baskets = together::Baskets::new(&lines, own.basket);
        let found = baskets.rules(&own, k, threads());
        (lines, baskets, found)
    })
    .await?;
    let found = found?;
    let kept = &found.rules;
    let all: std::collections::BTreeSet<u32> = kept.iter().flat_map(together::goods_of).collect();
    let name = names(ctx, spec.level, all.iter().map(|good| lines.goods[*good as usize].clone()).collect()).await?;
    let good = |at: u64| name(&lines.goods[at as usize]);
    let told = |n: u64| (!is_small(n, k)).then_some(n);
    let rules: Vec<TogetherRule> = kept
        .iter()
        .map(|rule| {
            let antecedent: Vec<u32> = rule.antecedent.iter().map(|good| *good as u32).collect();
            let consequent = rule.consequent as u32;
            let people = |which| baskets.behind(&antecedent, consequent, which).len() as u64;
            TogetherRule {
                antecedent: rule.antecedent.iter().map(|at| good(*at)).collect(),
                consequent: good(rule.consequent),
                n_both: rule.n_both.into(),
                n_antecedent: rule.n_antecedent.into(),
                n_consequent: rule.n_consequent.into(),
                n_beyond: rule.leverage * baskets.n() as f64,
                support: rule.support,
                confidence: rule.confidence,
                lift: rule.lift,
                leverage: rule.leverage,
                conviction: rule.conviction.is_finite().then_some(rule.conviction),
                q: rule.q,
                n_people: told(people(Which::Both)),
                n_left: told(people(Which::Left)),
            }
        })
        .collect();
    let numbers = words::Together {
        n_orders: lines.n_orders,
        n_without: lines.n_orders - lines.n_with,
        n_baskets: baskets.n() as u64,
        n_single: baskets.n_single(),
    };
    // Counts of baskets of fewer people than are told would tell of them.
    let is_few = is_small(baskets.n_people(), k);
    let told = |n: u64| (!is_few).then_some(n);
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_together(spec, ground.days, segment.as_deref(), found.min_baskets);
    let meaning = words::together(spec, &numbers, (!is_few).then_some(()).and_then(|()| rules.first()), is_few);
    let head = ground.head_of(question(spec), sentence, meaning, is_few || found.n_hidden > 0);
    Ok(TogetherAnswer {
        head,
        spec: spec.clone(),
        n_orders: told(numbers.n_orders),
        n_without: told(numbers.n_without),
        n_baskets: told(numbers.n_baskets),
        n_single: told(numbers.n_single),
        n_people: told(baskets.n_people()),
        n_goods: lines.goods.len() as u64,
        min_baskets: found.min_baskets,
        n_tried: found.n_tried as u64,
        n_rules: found.n_rules as u64,
        rules: if is_few { Vec::new() } else { rules },
    })
}

/// Goods that are bought on a later day than others, more often than chance, by days beyond it.
///
/// **Errors**: as [`bought_together`].
#[boxed]
pub async fn bought_next(ctx: &Ctx, spec: &Spec) -> Result<NextAnswer> {
    let (ground, lines) = ground(ctx, spec).await?;
    let k = ctx.min_group();
    let own = spec.clone();
    let (lines, days, found) = worked("goods", move || {
        let days = next::Days::new(&lines);
        let found = days.pairs(&own, k, threads());
        (lines, days, found)
    })
    .await?;
    let found = found?;
    let firsts: Vec<&zhike_ml::baskets::NextPair> = found.pairs.iter().take(spec.limit).collect();
    let all: std::collections::BTreeSet<u64> = firsts.iter().flat_map(|pair| [pair.first, pair.next]).collect();
    let name = names(ctx, spec.level, all.iter().map(|good| lines.goods[*good as usize].clone()).collect()).await?;
    let good = |at: u64| name(&lines.goods[at as usize]);
    let last_day = ground.days.1;
    let pairs: Vec<NextRule> = firsts.iter().filter_map(|pair| days.told(pair, good, spec, last_day, k)).collect();
    let is_few = is_small(days.n_people() as u64, k);
    let told = |n: usize| (!is_few).then_some(n as u64);
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_next(spec, ground.days, segment.as_deref(), found.min_customers);
    let meaning = words::next(spec, days.n() as u64, days.n_people() as u64, pairs.first(), is_few);
    let is_suppressed = is_few || pairs.len() < firsts.len();
    let head = ground.head_of(question(spec), sentence, meaning, is_suppressed);
    Ok(NextAnswer {
        head,
        spec: spec.clone(),
        n_days: told(days.n()),
        n_people: told(days.n_people()),
        n_goods: lines.goods.len() as u64,
        min_customers: found.min_customers,
        n_tried: found.n_tried as u64,
        n_pairs: found.pairs.len() as u64,
        pairs,
    })
}

/// Ids of the people of a part, ascending.
async fn behind(ctx: &Ctx, spec: &Spec, part: &Part) -> Result<Vec<i64>> {
    if matches!(part.of, Of::Need | Of::Extension) {
        return needed::behind(ctx, spec, part).await;
    }
    let is_next = part.of == Of::Next;
    let (ground, lines) = ground(ctx, spec).await?;
    let good = |id: &String| {
        lines.good(id).ok_or_else(|| {
            Error::bad_request(
                format!("nobody asked about bought {id:?}: take goods of the answer"),
                format!("所选范围内没有人买过“{id}”：请从结果中选择"),
            )
        })
    };
    let antecedent = part.antecedent.iter().map(good).collect::<Result<Vec<u32>>>()?;
    let consequent = good(&part.consequent)?;
    let wrong = antecedent.is_empty() || antecedent.contains(&consequent) || is_next && antecedent.len() > 1;
    if wrong {
        return Err(Error::bad_request(
            "a rule has goods on the left, and another one on the right; of what is bought next, one on the left"
                .into(),
            "规则左边至少一个商品，右边是另一个商品；“接着买”的左边只有一个商品".into(),
        ));
    }
    let who = if is_next {
        next::Days::new(&lines).behind(antecedent[0], consequent, part.which, spec.max_gap_days, ground.days.1)
    } else {
        together::Baskets::new(&lines, spec.basket).behind(&antecedent, consequent, part.which)
    };
    Ok(ground.ids(who))
}

/// A page of the people behind a rule or a pair.
///
/// **Errors**: `bad_request` for goods that nobody bought.
#[boxed]
pub async fn people(ctx: &Ctx, spec: &Spec, part: &Part, after: Option<ProfileId>, limit: usize) -> Result<ListPage> {
    let ids = behind(ctx, spec, part).await?;
    page_of(ctx, &ids, after, limit).await
}

/// Keeps the people behind a rule or a pair as a list of its own. Returns it and how many they are.
///
/// **Errors**: `conflict` when the name is taken; as [`people`].
#[boxed]
pub async fn save(ctx: &Ctx, spec: &Spec, part: &Part, name: &str) -> Result<(Segment, u64)> {
    let ids = behind(ctx, spec, part).await?;
    let (zh, en) = words::of_part(part);
    let purpose = spec.scope.purpose.clone().unwrap_or_default();
    let segment = segments::keep_list(ctx, name, &format!("{zh} / {en}"), &purpose, &ids).await?;
    Ok((segment, ids.len() as u64))
}
