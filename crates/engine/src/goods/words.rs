//! What answers about goods mean, in words made of their own figures.

use zhike_domain::sentence::{count, percent};
use zhike_lake::GoodsBy;
use zhike_ml::needs::Condition;

use super::learnt::{GRADED, Grades, Recommending, Status};
use super::needed::NeedRule;
use super::needs::{Looks, Needs};
use super::next::NextRule;
use super::spec::{Basket, Spec};
use super::together::TogetherRule;
use super::{Good, Of, Part, Which};
use crate::refresh::day_text;

type Both = (String, String);

/// Counts of baskets.
pub(super) struct Together {
    pub(super) n_orders: u64,
    pub(super) n_without: u64,
    pub(super) n_baskets: u64,
    pub(super) n_single: u64,
}

fn n(number: u64) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn share(ratio: f64) -> String {
    percent((ratio * 1000.0).round() as i128, 1000)
}

fn level(by: GoodsBy) -> (&'static str, &'static str) {
    match by {
        GoodsBy::Product => ("商品", "products"),
        GoodsBy::Category => ("品类", "categories"),
        GoodsBy::Brand => ("品牌", "brands"),
    }
}

fn basket(by: Basket) -> (&'static str, &'static str) {
    match by {
        Basket::Order => ("个订单", "orders"),
        Basket::Customer => ("位客户", "customers"),
    }
}

fn joined(goods: &[Good]) -> Both {
    let zh: Vec<String> = goods.iter().map(|good| format!("“{}”", good.title())).collect();
    let en: Vec<String> = goods.iter().map(|good| format!("“{}”", good.title())).collect();
    (zh.join("和"), en.join(" and "))
}

fn days((first, last): (i64, i64), segment: Option<&str>) -> Both {
    let (first, last) = (day_text(first), day_text(last));
    let (whose_zh, whose) = match segment {
        Some(name) => (format!("分群“{name}”"), format!(" of segment “{name}”")),
        None => ("全部客户".into(), " of all customers".into()),
    };
    (format!("{first} 至 {last}，{whose_zh}"), format!("{first} to {last}, orders{whose}"))
}

/// How sure: chance in words that fit everybody.
fn chance(q: f64) -> Both {
    match q {
        q if q < 0.001 => ("几乎不可能是巧合".into(), "chance hardly explains that".into()),
        q => (format!("是巧合的可能只有 {}", share(q)), format!("the chance of a coincidence is {}", share(q))),
    }
}

pub(super) fn asked_together(spec: &Spec, of: (i64, i64), segment: Option<&str>, min_baskets: u32) -> Both {
    let (zh, en) = days(of, segment);
    let (level, basket) = (level(spec.level), basket(spec.basket));
    (
        format!("{zh}：哪些{}常一起买？每条规则至少 {min_baskets} {}。", level.0, basket.0),
        format!("{en}: which {} are bought together? At least {min_baskets} {} a rule.", level.1, basket.1),
    )
}

pub(super) fn asked_next(spec: &Spec, of: (i64, i64), segment: Option<&str>, min_customers: u32) -> Both {
    let (zh, en) = days(of, segment);
    let level = level(spec.level);
    let gap = spec.max_gap_days;
    (
        format!("{zh}：买过一种{}之后，{gap} 天内接着买什么？每对至少 {min_customers} 位客户。", level.0),
        format!("{en}: which {} follow others within {gap} days? At least {min_customers} customers a pair.", level.1),
    )
}

pub(super) fn together(spec: &Spec, numbers: &Together, first: Option<&TogetherRule>, is_few: bool) -> Both {
    if is_few {
        return few();
    }
    let (level, basket) = (level(spec.level), basket(spec.basket));
    if numbers.n_baskets == 0 {
        return (
            format!("这段时间没有带{}的有效订单。", level.0),
            format!("No order of these days counts that has {}.", level.1),
        );
    }
    let (mut zh, mut en) = match first {
        Some(rule) => {
            let (bought, with) = (joined(&rule.antecedent), joined(std::slice::from_ref(&rule.consequent)));
            let chance = chance(rule.q);
            (
                format!(
                    "买了{}的 {} {}里，{} {}（{}）也买了{}，是平常的 {:.1} 倍，{}。",
                    bought.0,
                    n(rule.n_antecedent),
                    basket.0,
                    n(rule.n_both),
                    basket.0,
                    share(rule.confidence),
                    with.0,
                    rule.lift,
                    chance.0
                ),
                format!(
                    "Of {} {} with {}, {} ({}) have {} too, {:.1} times as often as usual: {}.",
                    n(rule.n_antecedent),
                    basket.1,
                    bought.1,
                    n(rule.n_both),
                    share(rule.confidence),
                    with.1,
                    rule.lift,
                    chance.1
                ),
            )
        }
        None => (
            format!("没有哪些{}一起买的次数超出巧合。", level.0),
            format!("No {} are bought together more often than chance explains.", level.1),
        ),
    };
    zh.push_str(&format!(
        "共 {} {}，其中 {} {}只有一种{}，看不出搭配。",
        n(numbers.n_baskets),
        basket.0,
        n(numbers.n_single),
        basket.0,
        level.0
    ));
    en.push_str(&format!(
        " Of {} {} in all, {} hold one alone and tell of no pair.",
        n(numbers.n_baskets),
        basket.1,
        n(numbers.n_single)
    ));
    if numbers.n_without > 0 {
        zh.push_str(&format!("另有 {} 个订单没有可用的{}，没有计入。", n(numbers.n_without), level.0));
        en.push_str(&format!(
            " Another {} orders have no {} that are known and are left out.",
            n(numbers.n_without),
            level.1
        ));
    }
    if first.is_some() {
        zh.push_str("一起买不等于谁带动了谁，促销前请先试。");
        en.push_str(" Bought together does not mean that one makes people buy the other: try before you promote.");
    }
    (zh, en)
}

pub(super) fn next(spec: &Spec, n_days: u64, n_people: u64, first: Option<&NextRule>, is_few: bool) -> Both {
    if is_few {
        return few();
    }
    let level = level(spec.level);
    let gap = spec.max_gap_days;
    let (zh, en) = match first {
        Some(pair) => {
            let (a, b) = (pair.first.title(), pair.next.title());
            let chance = chance(pair.q);
            (
                format!(
                    "买过“{a}”之后，{} 的情况在 {gap} 天内接着买“{b}”，是平常的 {:.1} 倍，{}；半数在 {} 天内。",
                    share(pair.confidence),
                    pair.lift,
                    chance.0,
                    pair.gap_days[1]
                ),
                format!(
                    "After “{a}”, “{b}” follows within {gap} days {} of the time, {:.1} times as often as usual: {}; half of \
                     them within {} days.",
                    share(pair.confidence),
                    pair.lift,
                    chance.1,
                    pair.gap_days[1]
                ),
            )
        }
        None => (
            format!("没有哪一对{}先后购买的次数超出巧合。", level.0),
            format!("No {} follow each other more often than chance explains.", level.1),
        ),
    };
    (
        format!("{zh}依据 {} 位客户的 {} 个购买日；每位客户同一天买的算一次。", n(n_people), n(n_days)),
        format!(
            "{en} From {} days on which {} customers bought; what a customer buys on one day counts once.",
            n(n_days),
            n(n_people)
        ),
    )
}

fn few() -> Both {
    (
        "这个范围内的人太少，不便显示。".into(),
        "There are so few people among those asked about that nothing is told.".into(),
    )
}

pub(super) fn of_part(part: &Part) -> Both {
    let goods = part.antecedent.join(" + ");
    let next = &part.consequent;
    match (part.of, part.which) {
        (Of::Together, Which::Both) => {
            (format!("一起买：{goods} + {next}"), format!("bought together: {goods} + {next}"))
        }
        (Of::Together, Which::Left) => {
            (format!("买了 {goods}，还没买 {next}"), format!("bought {goods}, not {next} yet"))
        }
        (Of::Next, Which::Both) => (format!("先买 {goods}，再买 {next}"), format!("bought {goods}, then {next}")),
        (Of::Next, Which::Left) => {
            (format!("最近买了 {goods}，还没接着买 {next}"), format!("bought {goods} lately, not {next} since"))
        }
        (Of::Need, Which::Both) => (format!("需要 {next}"), format!("need {next}")),
        (Of::Need, Which::Left) => (format!("需要 {next}，一年内没买过"), format!("need {next}, none within a year")),
        (Of::Extension, _) => (format!("可拓展：{next}"), format!("may take next: {next}")),
    }
}

/// The question about needs.
pub(super) fn asked_needs(spec: &Spec, day: i64, window: i64, segment: Option<&str>) -> Both {
    let level = level(spec.level);
    let (zh, en) = match segment {
        Some(name) => (format!("分群“{name}”"), format!("segment “{name}”")),
        None => ("全部客户".into(), "all customers".into()),
    };
    let day = day_text(day);
    (
        format!("截至 {day}，{zh}：什么样的客户会在 {window} 天内买哪些{}？", level.0),
        format!("As of {day}, {en}: who buys which {} within {window} days?", level.1),
    )
}

/// What needs mean.
pub(super) fn needs(found: &Needs, rules: &[NeedRule], hits: Option<(f64, f64)>, by: GoodsBy) -> Both {
    let (level, window) = (level(by), found.window);
    let Some(grade) = found.grade else {
        if found.is_scattered {
            return (
                format!("没有两种{}是足够多的客户买得最多的，学不出需求：请换成更粗的层级。", level.0),
                format!("No two of the {} are what enough customers bought most: take a coarser level.", level.1),
            );
        }
        return (
            format!("数据还不够：要有两段时间，每段至少 200 位老客户购买，并且买的{}不止一种。", level.0),
            format!(
                "Too little is known: it takes two spans in each of which at least 200 earlier customers bought, of more than one \
                 of the {}.",
                level.1
            ),
        );
    };
    let n_holding = rules.iter().filter(|rule| rule.holds).count();
    let mut zh = format!(
        "用更早的 {window} 天学规则，拿之后 {window} 天里 {} 位客户的购买来考：规则说的{}有 {} 的人买了，按老习惯猜是 {}，猜最畅销的是 {}。",
        n(grade.n),
        level.0,
        share(grade.by_rule),
        share(grade.by_habit),
        share(grade.by_best_seller)
    );
    let mut en = format!(
        "Rules of {window} earlier days, graded on what {} customers bought in the {window} days after: {} bought what their rule \
         said, {} what they had bought most, {} what sells best.",
        n(grade.n),
        share(grade.by_rule),
        share(grade.by_habit),
        share(grade.by_best_seller)
    );
    let (said_zh, said) = match found.status {
        Status::InUse => ("规则更准，已用于客户档案。", " Rules tell most and are used in profiles."),
        Status::Withheld => (
            "规则不比简单办法准，不用于客户档案。",
            " Rules tell no more than the plain ways and are not used in profiles.",
        ),
    };
    zh.push_str(said_zh);
    en.push_str(said);
    zh.push_str(&format!("{} 条规则里有 {n_holding} 条经得起检验。", rules.len()));
    en.push_str(&format!(" Of {} rules, {n_holding} hold.", rules.len()));
    if let Some((learnt, plain)) = hits {
        zh.push_str(&format!("可拓展的{}：首推命中 {}，畅销榜命中 {}。", level.0, share(learnt), share(plain)));
        en.push_str(&format!(
            " Of goods not had before, the first of the list was bought by {}, the best seller by {}.",
            share(learnt),
            share(plain)
        ));
    }
    (zh, en)
}

/// A condition in words.
pub(super) fn condition((looks, bounds): &(Looks, Condition), currency: &str) -> Both {
    // Whole numbers lie beside a bound that is half-way.
    let is_whole = |bound: f64| (bound.fract() - 0.5).abs() < 1e-9;
    let (name, write): (Both, Box<dyn Fn(f64) -> Both>) = match looks {
        Looks::At(feature) => (feature.name.clone(), Box::new(|value| feature.written(value, currency))),
        Looks::Bought(good) => (
            (format!("近一年买“{good}”的天数"), format!("days with “{good}” within a year")),
            Box::new(|value| (format!("{value:.0}"), format!("{value:.0}"))),
        ),
    };
    let said = |above: bool, bound: f64| {
        let (sign, value) = match (above, is_whole(bound)) {
            (true, true) => ("≥", bound.ceil()),
            (true, false) => (">", bound),
            (false, true) => ("≤", bound.floor()),
            (false, false) => ("≤", bound),
        };
        let (zh, en) = write(value);
        (format!("{sign} {zh}"), format!("{sign} {en}"))
    };
    let bounds: Vec<Both> =
        [bounds.above.map(|bound| said(true, bound)), bounds.at_most.map(|bound| said(false, bound))]
            .into_iter()
            .flatten()
            .collect();
    let (zh, en): (Vec<String>, Vec<String>) = bounds.into_iter().unzip();
    (format!("{} {}", name.0, zh.join(" 且 ")), format!("{} {}", name.1, en.join(" and ")))
}

/// Why a customer is told a need.
pub(super) fn because_of(conditions: &[Both], share_of: f64, usual: f64) -> Both {
    let (zh, en): (Vec<&str>, Vec<&str>) = conditions.iter().map(|(zh, en)| (zh.as_str(), en.as_str())).unzip();
    (
        format!("{}：这样的客户有 {} 会买，平常是 {}", zh.join("，"), share(share_of), share(usual)),
        format!("{}: {} of such customers buy it, {} of all", en.join(", "), share(share_of), share(usual)),
    )
}

/// What a method is called.
pub(super) fn method(word: &str) -> (&'static str, &'static str) {
    match word {
        "popular" => ("畅销榜", "best sellers"),
        "own" => ("自己的购买记录", "own history"),
        "category" => ("下一个品类", "next category"),
        "cosine" => ("相似商品", "similar products"),
        "ease" => ("全部商品综合推断", "all products weighed together"),
        _ => ("隐含偏好", "hidden tastes"),
    }
}

/// Hits of ten.
fn hits(grades: &Grades) -> String {
    format!("{:.1}", grades.precision * GRADED as f64)
}

pub(super) fn recommending(told: &Recommending, lead: Option<(f64, f64)>) -> Both {
    if told.as_of.is_none() {
        return (
            "还没有可用的订单，无从推荐。".into(),
            "There are no orders that count: nothing can be recommended.".into(),
        );
    }
    let of = |word: &str| told.methods.iter().find(|one| one.method == word).and_then(|one| one.fresh);
    let best = told.methods.iter().find(|one| one.is_best_fresh);
    let window = told.window_days;
    let (mut zh, mut en) = match (best.and_then(|best| Some((best.method, best.fresh?))), of("popular"), told.status) {
        (Some((word, grades)), Some(plain), Status::InUse) => {
            let name = method(word);
            (
                format!(
                    "用最后 {window} 天之前的订单学习，再看这 {window} 天里 {} 位客户第一次买了什么：按“{}”推荐 10 个，平均命中 {} 个；\
                     畅销榜的 10 个命中 {} 个。推荐已启用。",
                    n(told.n_graded),
                    name.0,
                    hits(&grades),
                    hits(&plain)
                ),
                format!(
                    "Learnt from orders before the last {window} days, and held against what {} customers bought for the first \
                     time in them: of ten goods by {}, {} were bought; of the ten best sellers, {}. It is in use.",
                    n(told.n_graded),
                    name.1,
                    hits(&grades),
                    hits(&plain)
                ),
            )
        }
        (Some(_), Some(plain), Status::Withheld) => {
            let by = lead.map(|(difference, error)| {
                (
                    format!("领先 {difference:.4}，误差 {error:.4}"),
                    format!("ahead by {difference:.4}, error {error:.4}"),
                )
            });
            let (by_zh, by) = by.map_or_else(Default::default, |(zh, en)| (format!("（{zh}）"), format!(" ({en})")));
            (
                format!(
                    "在留出的 {window} 天里，没有方法比畅销榜更能说中 {} 位客户第一次买什么{by_zh}，推荐已停用；下面按畅销榜给出，\
                     10 个里平均命中 {} 个。",
                    n(told.n_graded),
                    hits(&plain)
                ),
                format!(
                    "In the {window} days held out, no method told better than the best sellers what {} customers bought for the \
                     first time{by}: it is withheld, and best sellers are listed, of which {} in ten were bought.",
                    n(told.n_graded),
                    hits(&plain)
                ),
            )
        }
        _ => (
            format!("留出的 {window} 天里买过新商品的客户不足 30 位，无法评分，推荐已停用；下面按畅销榜给出。"),
            format!(
                "Fewer than 30 customers bought anything new in the {window} days held out, so nothing can be graded: it is \
                 withheld, and best sellers are listed."
            ),
        ),
    };
    let any = told.methods.iter().find(|one| one.is_best_any).and_then(|one| Some((one.method, one.any?)));
    let own = told.methods.iter().find(|one| one.method == "own").and_then(|one| one.any);
    if let (Some((word, grades)), Some(own)) = (any, own) {
        let (name, own_hits) = (method(word), hits(&own));
        if word == "own" {
            zh.push_str(&format!("连同回购一起看，客户自己的购买记录就是最准的，10 个命中 {own_hits} 个。"));
            en.push_str(&format!(" Of all that is bought, the customer's own history tells best: {own_hits} of ten."));
        } else {
            zh.push_str(&format!(
                "连同回购一起看，“{}”命中 {} 个，只看自己的购买记录命中 {own_hits} 个。",
                name.0,
                hits(&grades)
            ));
            en.push_str(&format!(
                " Of all that is bought, {} tells {} of ten, the own history alone {own_hits}.",
                name.1,
                hits(&grades)
            ));
        }
    }
    (zh, en)
}

pub(super) fn because(title: &str) -> Both {
    (format!("因为买过“{title}”"), format!("because of “{title}”, bought before"))
}

pub(super) fn category(name: &str, chance: f64) -> Both {
    let chance = share(chance);
    (format!("下一次买“{name}”的可能有 {chance}"), format!("“{name}” comes next with a chance of {chance}"))
}

pub(super) fn popular(n_customers: Option<u64>) -> Both {
    match n_customers {
        Some(customers) => {
            (format!("很多人买：{} 位客户", n(customers)), format!("many have it: {} customers", n(customers)))
        }
        None => ("很多人买".into(), "many have it".into()),
    }
}

pub(super) fn again(last_on: i64, due_on: i64, usual: i64, is_overdue: bool) -> Both {
    let (last, due) = (day_text(last_on), day_text(due_on));
    let (late_zh, late) = if is_overdue { ("已过", "was due") } else { ("到期约", "is due") };
    (
        format!("上次 {last}，通常隔 {usual} 天左右再买，{late_zh} {due}"),
        format!("last bought on {last}, usually again after about {usual} days, {late} around {due}"),
    )
}

impl Recommending {
    /// What a method is called, Chinese and English.
    pub fn name_of(word: &str) -> (&'static str, &'static str) {
        method(word)
    }
}
