//! The table of targets, read from `data/targets.txt`.

use std::sync::LazyLock;

use super::entity::{Entity, IdentityKind, Target, TargetKind};

const TABLE: &str = include_str!("../../data/targets.txt");

/// Headers from this one on in the list of reductions are parts of the reduction and add up.
pub(super) const FIRST_DISCOUNT_PART: &str = "店铺优惠";
/// Headers from this one on in the list of product codes are the platform's own: they stand in where the seller's is empty.
pub(super) const FIRST_PLATFORM_ID: &str = "商品编码(平台)";

static TARGETS: LazyLock<Vec<Vec<Target>>> = LazyLock::new(|| {
    let shared = section("shared", &[]);
    Entity::ALL.iter().map(|entity| section(entity.as_str(), &shared)).collect()
});

/// The targets of an entity; where one header means two of them, the earlier takes it.
pub fn targets(entity: Entity) -> &'static [Target] {
    &TARGETS[entity as usize]
}

/// The targets of one section of the table; those that are only named come from `shared`.
///
/// # Panics
/// When the embedded table is malformed; a test reads all of it.
fn section(name: &str, shared: &[Target]) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    let mut words: (Vec<&'static str>, Vec<&'static str>) = Default::default();
    let lines = TABLE.lines().skip_while(|line| *line != format!("[{name}]")).skip(1);
    for line in lines.take_while(|line| !line.starts_with('[')) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(list) = line.strip_prefix("    ") {
            let (list, into) = match list.strip_prefix("not ") {
                Some(list) => (list, &mut words.1),
                None => (list, &mut words.0),
            };
            into.extend(list.split(',').map(str::trim).filter(|word| !word.is_empty()));
            continue;
        }
        finish(&mut targets, &mut words);
        let (head, rest) = line.split_once(':').unwrap_or((line, ""));
        let (head, required) = head.strip_suffix(" !").map_or((head, false), |head| (head, true));
        if rest.is_empty() {
            let known = shared.iter().find(|target| target.name == head);
            let known = known.unwrap_or_else(|| panic!("no shared target {head}"));
            targets.push(Target { required, ..*known });
            continue;
        }
        let mut parts = rest.split(':').map(str::trim);
        let (Some(kind), Some(title_zh), Some(title_en)) = (parts.next(), parts.next(), parts.next()) else {
            panic!("target {head} has no labels");
        };
        let kind = parse_kind(kind, head);
        let personal = kind_is_personal(kind);
        targets.push(Target { name: head, kind, personal, required, title_zh, title_en, synonyms: &[], never: &[] });
    }
    finish(&mut targets, &mut words);
    targets
}

/// Gives the words collected so far to the last target.
fn finish(targets: &mut [Target], words: &mut (Vec<&'static str>, Vec<&'static str>)) {
    let (synonyms, never) = std::mem::take(words);
    if let Some(target) = targets.last_mut().filter(|_| !synonyms.is_empty()) {
        target.synonyms = synonyms.leak();
        target.never = never.leak();
    }
}

fn parse_kind(kind: &str, name: &str) -> TargetKind {
    match kind {
        "id" => TargetKind::Id,
        "text" => TargetKind::Text,
        "free_text" => TargetKind::FreeText,
        "money" => TargetKind::Money,
        "price" => TargetKind::Price,
        "quantity" => TargetKind::Quantity,
        "int" => TargetKind::Int,
        "float" => TargetKind::Float,
        "instant" => TargetKind::Instant,
        "day" => TargetKind::Day,
        "time" => TargetKind::Time,
        "status" => TargetKind::Status,
        "refund_state" => TargetKind::RefundState,
        "gender" => TargetKind::Gender,
        "province" => TargetKind::Province,
        "city" => TargetKind::City,
        "address" => TargetKind::Address,
        "name" => TargetKind::Name,
        "phone" => TargetKind::Phone,
        "email" => TargetKind::Email,
        "id_number" => TargetKind::IdNumber,
        "birthday" => TargetKind::Birthday,
        "bool" => TargetKind::Bool,
        "currency" => TargetKind::Currency,
        "identity" => match IdentityKind::parse(name) {
            Some(kind) => TargetKind::IdentityValue(kind),
            None => panic!("no identity kind {name}"),
        },
        _ => panic!("no kind of target {kind}"),
    }
}

const fn kind_is_personal(kind: TargetKind) -> bool {
    matches!(
        kind,
        TargetKind::Address
            | TargetKind::Name
            | TargetKind::Phone
            | TargetKind::Email
            | TargetKind::IdNumber
            | TargetKind::Birthday
            | TargetKind::IdentityValue(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::table;

    #[test]
    fn every_entity_has_targets_and_their_names_are_distinct() {
        for &entity in Entity::ALL {
            let names: Vec<&str> = targets(entity).iter().map(|target| target.name).collect();
            assert!(names.len() >= 8, "{entity}");
            for (at, target) in targets(entity).iter().enumerate() {
                assert!(!names[..at].contains(&target.name), "{entity} {}", target.name);
                assert!(!target.synonyms.is_empty() && !target.title_zh.is_empty() && !target.title_en.is_empty());
            }
        }
        assert!(Entity::Orders.target("amount").is_some_and(|target| target.required));
        let discount = Entity::Orders.target("discount").unwrap();
        assert!(discount.synonyms.contains(&FIRST_DISCOUNT_PART));
        assert!(Entity::OrderLines.target("product_id").unwrap().synonyms.contains(&FIRST_PLATFORM_ID));
    }

    /// What is no column of a table helps to make one.
    #[test]
    fn targets_are_columns_of_their_table() {
        const HELPERS: &[&str] = &[
            "status",
            "fulfillment_status",
            "refund_state",
            "is_refund",
            "is_full_refund",
            "is_partial_refund",
            "refund_of",
            "paid_at",
            "completed_at",
            "cancelled_at",
            "merchant_amount",
            "currency",
            "country",
            "province",
            "city",
            "line_id",
            "name",
            "first_name",
            "last_name",
            "ordered_time",
            "occurred_time",
            "opened_time",
            "at_time",
            "brand",
            "category_1",
            "category_2",
            "category_3",
            "line_refunded_amount",
        ];
        for &entity in Entity::ALL.iter().filter(|&&entity| entity != Entity::OrderLines) {
            let table = table(entity.as_str()).unwrap();
            for target in targets(entity) {
                let is_known = table.column(target.name).is_some()
                    || HELPERS.contains(&target.name)
                    || target.identity().is_some();
                assert!(is_known, "{entity} {}", target.name);
            }
        }
    }
}
