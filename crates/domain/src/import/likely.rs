//! What the rows of a file are, from its headers and a sample of them.

use std::collections::{HashMap, HashSet};

use super::entity::{Entity, targets};
use super::layout::{is_closing_line, is_skipped_line};
use super::shape::{is_null, strip_marks};
use super::synonyms::{Aside, NormalHeader, Sense, aside, exact, forms};

/// Rows of the sample that are looked at.
const SAMPLE_ROWS: usize = 500;

/// The rows of a sample, without the lines that are none.
pub(super) fn rows_of(sample: &[Vec<Option<String>>]) -> Vec<&Vec<Option<String>>> {
    let mut rows = Vec::new();
    for row in sample.iter().take(SAMPLE_ROWS) {
        let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or("")).collect();
        if is_closing_line(&cells) {
            break;
        }
        if !is_skipped_line(&cells) {
            rows.push(row);
        }
    }
    rows
}

/// Words that say little about what a file is.
const GENERIC: &[&str] = &[
    "name",
    "id",
    "date",
    "status",
    "source",
    "type",
    "time",
    "title",
    "channel",
    "amount",
    "category",
    "日期",
    "状态",
    "来源",
    "渠道",
    "名称",
    "标题",
    "类型",
    "时间",
    "金额",
    "总金额",
    "email",
    "phone",
    "城市",
    "city",
    "country",
    "state",
    "description",
    "label",
    "platform",
    "group",
    "创建时间",
    "day",
    "createdat",
    "timestamp",
    "reason",
    "owner",
    "subject",
    "total",
    "sales",
    "text",
    "link",
    "line",
    "product",
    "value",
    "店铺",
    "store",
    "spend",
    "start",
    "end",
];

/// The entity whose targets the headers name best.
pub fn likely_entity(header: &[String], sample: &[Vec<Option<String>>]) -> Entity {
    let headers: Vec<Vec<NormalHeader>> = header.iter().map(|name| forms(name)).collect();
    let mut best = (f32::MIN, Entity::Profiles);
    for &entity in Entity::ALL {
        let score = entity_score(entity, &headers);
        if score > best.0 {
            best = (score, entity);
        }
    }
    match best.1 {
        Entity::Orders | Entity::OrderLines | Entity::OrderItems => order_entity(header, sample, &headers),
        entity => entity,
    }
}

/// The targets that headers name, each once, with the weight of the word.
fn named_targets(entity: Entity, headers: &[Vec<NormalHeader>]) -> HashMap<usize, f32> {
    let mut named: HashMap<usize, f32> = HashMap::new();
    for forms in headers {
        let Some((form, senses)) =
            forms.iter().map(|form| (form, exact(entity, form))).find(|(_, senses)| !senses.is_empty())
        else {
            continue;
        };
        if aside(form) == Some(Aside::OtherPeople) {
            continue;
        }
        let weight = if GENERIC.contains(&form.bare.as_str()) { 0.4 } else { 1.0 };
        let free = senses.iter().find(|sense| !named.contains_key(&sense.target)).or(senses.first());
        if let Some(sense) = free {
            let entry = named.entry(sense.target).or_insert(0.0);
            *entry = entry.max(weight);
        }
    }
    named
}

fn entity_score(entity: Entity, headers: &[Vec<NormalHeader>]) -> f32 {
    let named = named_targets(entity, headers);
    let mut score: f32 = named.values().sum();
    for (at, target) in targets(entity).iter().enumerate() {
        if target.required {
            let substitute = target.name == "ordered_at"
                && targets(entity)
                    .iter()
                    .enumerate()
                    .any(|(other, target)| target.name == "paid_at" && named.contains_key(&other));
            score += match named.get(&at) {
                Some(weight) => *weight,
                None if substitute => 0.0,
                None => -4.0,
            };
        }
    }
    let has = |name: &str| {
        targets(entity).iter().position(|target| target.name == name).is_some_and(|at| named.contains_key(&at))
    };
    let has_identity =
        targets(entity).iter().enumerate().any(|(at, target)| target.identity().is_some() && named.contains_key(&at));
    let names_somebody = || {
        named_targets(Entity::Profiles, headers).keys().any(|&at| targets(Entity::Profiles)[at].identity().is_some())
    };
    match entity {
        Entity::Profiles if has_identity => score += 0.5,
        Entity::Touches if has_identity && (has("campaign_id") || has("touch_id")) => score += 1.0,
        Entity::Profiles | Entity::Touches => score -= 4.0,
        Entity::Products | Entity::Campaigns if names_somebody() => score -= 3.0,
        Entity::Campaigns if !has("started_at") && !has("cost") && !has("budget") => score -= 2.0,
        Entity::Feedback if !has("score") && !has("text") => score -= 4.0,
        Entity::Interactions if !has("topic") && !has("interaction_id") && !has("agent") => score -= 4.0,
        Entity::OrderItems if !has("quantity") || !has("product_id") && !has("name") => score -= 4.0,
        Entity::OrderLines if !has("quantity") && !has("unit_price") => score -= 4.0,
        _ => {}
    }
    score
}

/// Orders, their lines, or lines that are loaded after the orders.
fn order_entity(header: &[String], sample: &[Vec<Option<String>>], headers: &[Vec<NormalHeader>]) -> Entity {
    let named = named_targets(Entity::OrderLines, headers);
    let has = |name: &str| {
        targets(Entity::OrderLines)
            .iter()
            .position(|target| target.name == name)
            .is_some_and(|at| named.contains_key(&at))
    };
    let has_product = has("product_id") || has("name");
    if !has_product || !has("quantity") && !has("unit_price") {
        return Entity::Orders;
    }
    if !has("ordered_at") && !has("paid_at") {
        return Entity::OrderItems;
    }
    if has("line_id") {
        return Entity::OrderLines;
    }
    let order = (0..header.len()).filter_map(|at| {
        let senses =
            headers[at].iter().map(|form| exact(Entity::OrderLines, form)).find(|senses| !senses.is_empty())?;
        let target = |sense: &&Sense| targets(Entity::OrderLines)[sense.target].name == "order_id";
        senses.iter().find(target).map(|sense| (sense.rank, at))
    });
    let Some((_, order)) = order.min() else { return Entity::Orders };
    let sample = rows_of(sample);
    let ids: Vec<&str> = sample
        .iter()
        .filter_map(|row| row.get(order).and_then(Option::as_deref))
        .map(strip_marks)
        .filter(|id| !is_null(id))
        .collect();
    let has_blank = ids.len() < sample.len() && !ids.is_empty();
    let distinct: HashSet<&str> = ids.iter().copied().collect();
    let has_money = headers.iter().flatten().any(|form| {
        exact(Entity::Orders, form).iter().any(|sense| targets(Entity::Orders)[sense.target].name == "amount")
    });
    let repeats = distinct.len() < ids.len() || has_blank;
    let shows_lines = has("product_id") && has("quantity") && has("unit_price");
    if repeats || !has_money || ids.is_empty() && shows_lines { Entity::OrderLines } else { Entity::Orders }
}
