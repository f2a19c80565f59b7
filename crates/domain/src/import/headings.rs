//! Headings of files that we write ourselves, such that the import knows them again.

use super::entity::{Entity, targets};
use super::synonyms::{aside, exact, forms, inside, normal};

/// The heading under which a column is read as a target, in Chinese where the target's label is one; `None` for a target that
/// the entity does not have.
pub fn heading(entity: Entity, target: &str, is_zh: bool) -> Option<&'static str> {
    let at = targets(entity).iter().position(|known| known.name == target)?;
    let known = &targets(entity)[at];
    let is_order = matches!(entity, Entity::Orders | Entity::OrderItems | Entity::OrderLines);
    let means_it = |text: &str| {
        let form = normal(text);
        // Of an order a plain device id is the till's.
        let is_till = is_order && ["deviceid", "设备id"].contains(&form.full.as_str());
        !is_till && exact(entity, &form).first().is_some_and(|sense| sense.target == at)
    };
    match is_zh && means_it(known.title_zh) {
        true => Some(known.title_zh),
        // A target's own name means it, unless an earlier target has that word too.
        false => [known.name].into_iter().chain(known.synonyms.iter().copied()).find(|text| means_it(text)),
    }
}

/// Whether a column of this heading goes to no target: it is kept among the row's further attributes, or is one of the targets
/// that are kept there.
pub fn stays_a_trait(entity: Entity, text: &str) -> bool {
    let is_kept = |target: usize| targets(entity)[target].is_trait();
    if super::said::known(text).is_some() {
        return false;
    }
    let forms = forms(text);
    let senses = forms.iter().map(|form| exact(entity, form)).find(|senses| !senses.is_empty());
    match (senses, forms.first()) {
        (Some(senses), _) => senses.iter().any(|sense| is_kept(sense.target)),
        (None, Some(form)) => inside(entity, form).is_empty() && aside(form).is_none(),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{Target, guess};

    /// A file with all columns of an entity's table at once is mapped column by column.
    #[test]
    fn every_heading_is_known_again() {
        let mut wrong = Vec::new();
        for entity in Entity::ALL.iter().copied().filter(|entity| *entity != Entity::OrderLines) {
            let table = crate::tables::table(entity.as_str()).unwrap();
            let own = |target: &&Target| table.column(target.name).is_some() || target.identity().is_some();
            let own: Vec<&Target> = targets(entity).iter().filter(own).filter(|one| one.name != "currency").collect();
            for is_zh in [true, false] {
                let heads =
                    own.iter().map(|target| heading(entity, target.name, is_zh).unwrap_or(target.title_en).to_owned());
                let header: Vec<String> = heads.collect();
                let found = guess(Some(entity), &header, &[], "Asia/Shanghai", "CNY");
                for (target, text) in own.iter().zip(&header) {
                    if found.target_of(text) != Some(target.name) {
                        wrong.push(format!("{entity} {text}: {:?}", found.target_of(text)));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(heading(Entity::Orders, "gender", true), None);
    }

    #[test]
    fn further_attributes_stay_what_they_are() {
        assert!(stays_a_trait(Entity::Orders, "送货备注") && stays_a_trait(Entity::Orders, "paid_at"));
        assert!(!stays_a_trait(Entity::Orders, "总金额") && !stays_a_trait(Entity::Profiles, "收货人"));
    }
}
