//! What other rules would do: who would stand where, and who would move.

use crate::boxed;
use std::collections::BTreeMap;

use zhike_domain::frame::Frame;
use zhike_domain::rfm::{self, Rules, Segment, Tier};
use zhike_domain::small_groups;

use crate::segments::{Bulk, as_of, numbers};
use crate::{Ctx, Error, Result, refresh};

/// How many stand in a class now and would then; none where so few are not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NowThen<T> {
    /// Group or tier.
    pub class: T,
    /// By the newest scores.
    pub now: Option<u64>,
    /// By the rules tried.
    pub then: Option<u64>,
}

/// How many would move from one class to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move<T> {
    /// Class by the newest scores.
    pub from: T,
    /// Class by the rules tried.
    pub to: T,
    /// Customers; none where so few are not told.
    pub n_customers: Option<u64>,
}

/// Classes of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division<T> {
    /// All classes.
    pub classes: Vec<NowThen<T>>,
    /// Those who would move, most first.
    pub moves: Vec<Move<T>>,
}

/// What other rules would do to the customers who were scored last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Day of the scores.
    pub as_of: i64,
    /// Customers scored.
    pub n_customers: Option<u64>,
    /// The eight groups.
    pub groups: Division<Segment>,
    /// The four tiers.
    pub tiers: Division<Tier>,
}

/// What rules would do, without putting them in force: the customers of the newest refresh, whose recency, frequency and
/// value are scored again. `None` before the first refresh.
///
/// **Errors**: `bad_request` naming what is wrong with the rules.
#[boxed]
pub async fn preview(ctx: &Ctx, rules: &Rules) -> Result<Option<Preview>> {
    refresh::check_rules(rules)?;
    let Some(day) = ctx.lake().rfm_days().await?.last().copied() else { return Ok(None) };
    // Everybody is ranked, whoever asks: a fifth is one of all customers.
    let frame = ctx.lake().rfm_rows(day).await?;
    let (recency, frequency, monetary) =
        (numbers(&frame, "recency_days"), numbers(&frame, "frequency"), numbers(&frame, "monetary"));
    let columns = rfm::Input { recency_days: &recency, frequency: &frequency, monetary: &monetary };
    let scored = rfm::score(columns, rules).map_err(|problem| Error::bug("RFM rules that were checked", problem))?;
    let seen: Vec<bool> = match ctx.scope() {
        None => vec![true; frame.n_rows()],
        Some(_) => {
            let bulk = Bulk::new(ctx, as_of(ctx, None).await?).await?;
            numbers(&frame, "profile_id").into_iter().map(|id| bulk.sees(id)).collect()
        }
    };
    let rows: Vec<usize> = (0..frame.n_rows()).filter(|&row| seen[row]).collect();
    let k = ctx.min_group();
    let of = |row: usize| Segment::parse(text(&frame, "rfm_segment", row)).zip(scored.segment.get(row).copied());
    let groups = rows.iter().filter_map(|&row| of(row));
    let of = |row: usize| Tier::parse(text(&frame, "tier", row)).zip(scored.tier.get(row).copied());
    let tiers = rows.iter().filter_map(|&row| of(row));
    let n = rows.len() as u64;
    Ok(Some(Preview {
        as_of: day,
        n_customers: (!small_groups::is_small(n, k)).then_some(n),
        groups: division(Segment::ALL, groups, k),
        tiers: division(Tier::ALL, tiers, k),
    }))
}

fn text<'a>(frame: &'a Frame, name: &str, row: usize) -> &'a str {
    frame.text(name).and_then(|column| column.get(row)).unwrap_or_default()
}

fn division<T: Copy + Ord>(all: &[T], people: impl Iterator<Item = (T, T)>, k: u64) -> Division<T> {
    let mut pairs: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    let place = |class: T| all.iter().position(|one| *one == class).unwrap_or(0);
    for (from, to) in people {
        *pairs.entry((place(from), place(to))).or_default() += 1;
    }
    let counts: Vec<u64> = pairs.values().copied().collect();
    let sides = [pairs.keys().map(|pair| pair.0).collect::<Vec<_>>(), pairs.keys().map(|pair| pair.1).collect()];
    let shown = small_groups::cells(&counts, &sides, k);
    let sum = |side: usize, class: usize| -> Option<u64> {
        // A class that nobody is in is told.
        let is_told = shown.classes[side].get(class).copied().unwrap_or(true);
        let of = sides[side].iter().zip(&counts).filter(|(one, _)| **one == class);
        is_told.then(|| of.map(|(_, n)| *n).sum())
    };
    let classes = all.iter().enumerate();
    let classes = classes.map(|(at, &class)| NowThen { class, now: sum(0, at), then: sum(1, at) }).collect();
    let moves = pairs.iter().zip(&shown.cells).filter(|((pair, _), _)| pair.0 != pair.1);
    let mut moves: Vec<Move<T>> = moves
        .map(|((pair, n), shown)| Move { from: all[pair.0], to: all[pair.1], n_customers: shown.then_some(*n) })
        .collect();
    moves.sort_by_key(|one| std::cmp::Reverse(one.n_customers));
    Division { classes, moves }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Nobody is lost or counted twice: those who were somewhere, less who leaves, more who comes, are those who will be.
        #[test]
        fn what_moves_is_the_difference(people in prop::collection::vec((0_usize..4, 0_usize..4), 0..80)) {
            let tiers = people.iter().map(|pair| (Tier::ALL[pair.0], Tier::ALL[pair.1]));
            let division = division(Tier::ALL, tiers, 1);
            for class in &division.classes {
                let moved = |of: &dyn Fn(&Move<Tier>) -> bool| -> u64 {
                    division.moves.iter().filter(|one| of(one)).filter_map(|one| one.n_customers).sum()
                };
                let left = moved(&|one| one.from == class.class);
                let came = moved(&|one| one.to == class.class);
                prop_assert_eq!(class.now.unwrap() + came, class.then.unwrap() + left);
            }
            prop_assert_eq!(division.classes.iter().filter_map(|class| class.now).sum::<u64>(), people.len() as u64);
        }
    }
}
