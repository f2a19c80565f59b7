//! Filters of the customer list that have names of their own, as a rule: the list has one language.

use super::field::Source;
use super::measure::{Agg, Filter, Measure, Window};
use super::rule::{Leaf, Rule};
use super::test::{Cmp, Test};

/// First and last day, in days since 1970; an end that is missing is open.
pub type Days = (Option<i64>, Option<i64>);

/// Filters by name; all of them hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Tier.
    pub tier: Option<String>,
    /// RFM group.
    pub rfm_segment: Option<String>,
    /// Ordered between these days.
    pub ordered: Days,
    /// So many orders at least: between those days when they are given, else ever.
    pub min_orders: Option<u32>,
    /// Ordered for the first time between these days.
    pub first_ordered: Days,
    /// Something was given back of what they ordered between these days.
    pub refunded: Days,
    /// A tag, or `tag:value`.
    pub tag: Option<String>,
}

impl ListFilter {
    /// The conditions; `last_day` closes a time that is open at its end.
    pub fn conditions(&self, last_day: i64) -> Vec<Rule> {
        let closed = |days: Days| match days {
            (None, None) => None,
            (from, to) => Some((from.unwrap_or(0), to.unwrap_or(last_day))),
        };
        let within = |days: Option<(i64, i64)>| days.map_or(Window::Ever, |(from, to)| Window::Between(from, to));
        let one_of = |word: &String| Test::In(vec![word.clone()]);
        let at_least = |of: Source, filters: Vec<Filter>, window: Window, n: u32| {
            let measure = Measure { of, filters, window, agg: Agg::Count };
            Leaf::Measure(measure, Test::Number(Cmp::Ge, n.into()))
        };
        let mut leaves = Vec::new();
        leaves.extend(self.tier.as_ref().map(|tier| Leaf::Score("rfm.tier".into(), one_of(tier))));
        leaves.extend(self.rfm_segment.as_ref().map(|group| Leaf::Score("rfm.segment".into(), one_of(group))));
        let ordered = closed(self.ordered);
        if ordered.is_some() || self.min_orders.is_some() {
            leaves.push(at_least(Source::Orders, Vec::new(), within(ordered), self.min_orders.unwrap_or(1).max(1)));
        }
        if let Some((from, to)) = closed(self.first_ordered) {
            let first = Measure { of: Source::Orders, filters: Vec::new(), window: Window::Ever, agg: Agg::FirstAt };
            leaves.push(Leaf::Measure(first, Test::Days(from, to)));
        }
        if let Some(days) = closed(self.refunded) {
            let given_back = Filter { field: "refunded_amount".into(), test: Test::Number(Cmp::Gt, 0.0) };
            leaves.push(at_least(Source::AllOrders, vec![given_back], within(Some(days)), 1));
        }
        leaves.extend(self.tag.as_ref().map(|tag| match tag.split_once(':') {
            Some((tag, value)) => Leaf::Tag(tag.to_owned(), Test::In(vec![value.to_owned()])),
            None => Leaf::Tag(tag.clone(), Test::Exists),
        }));
        leaves.into_iter().map(Rule::Is).collect()
    }
}

impl Rule {
    /// A rule that asks for all of these, without groups that say nothing.
    #[must_use]
    pub fn all_of(rules: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(rules.len());
        for rule in rules {
            match rule {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::All(flat)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Names, parse, sample};
    use super::*;

    fn days() -> impl Strategy<Value = Days> {
        (prop::option::of(0_i64..20_000), prop::option::of(20_000_i64..30_000))
    }

    fn word(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
        prop::option::of(prop::sample::select(words).prop_map(str::to_owned))
    }

    proptest! {
        /// INV-AUDIENCE-1 for what the filters become.
        #[test]
        fn filters_are_rules_of_the_language(
            tier in word(&["core", "at_risk"]),
            rfm_segment in word(&["lost"]),
            tag in word(&["price_band", "price_band:高"]),
            (ordered, first_ordered, refunded) in (days(), days(), days()),
            min_orders in prop::option::of(1_u32..9),
        ) {
            let filter = ListFilter { tier, rfm_segment, ordered, min_orders, first_ordered, refunded, tag };
            let rule = Rule::all_of(filter.conditions(20_500));
            let names = Names { tags: vec!["price_band".into()], segments: Vec::new() };
            prop_assert_eq!(parse(&rule.to_json(), &names), Ok(rule));
        }

        #[test]
        fn joining_keeps_the_answer(seeds in prop::collection::vec(0_u64..500, 0..4), bits in any::<u64>()) {
            let rules: Vec<Rule> = seeds.into_iter().map(|seed| sample::rule(seed, 20_543)).collect();
            // Any assignment of answers to conditions.
            let mut is = |leaf: &Leaf| bits >> (leaf.to_json().to_string().len() % 64) & 1 == 1;
            let each = rules.iter().all(|rule| rule.holds(&mut is));
            prop_assert_eq!(Rule::all_of(rules).holds(&mut is), each);
        }
    }
}
