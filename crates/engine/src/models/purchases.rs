//! When customers bought and for how much, by calendar day: what histories, outcomes and rhythms are read from.

use zhike_domain::consent::{PROFILING, State};
use zhike_domain::learn::own_window;
use zhike_ml::value::History;

use crate::consents::recorded;
use crate::segments::{Seeker, people};
use crate::{Ctx, Error, Result};

/// Days with orders that count, of every customer who has one. **Units**: days since 1970; hundredths.
#[derive(Clone, Debug, Default)]
pub(super) struct Purchases {
    /// Customers, ascending.
    pub(super) ids: Vec<i64>,
    /// Where the days of each begin, and the end of the last.
    starts: Vec<usize>,
    days: Vec<i32>,
    nets: Vec<i64>,
    /// Last day that counts.
    pub(super) until: i64,
    /// Where each stands among all by what they bought when: the same in every data directory that holds the same orders.
    ranks: Vec<u32>,
}

/// How a customer had bought by a day. **Units**: days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Habit {
    /// Days with orders.
    pub(super) n_days: u32,
    /// From the first of them to the last.
    pub(super) between: i64,
    /// From the last of them to the day.
    pub(super) since: i64,
    /// Net amount of the days after the first, hundredths.
    pub(super) repeat_net: i64,
    /// Net amount in all, hundredths.
    pub(super) net: i64,
}

impl Habit {
    /// As models of purchases see it, in weeks.
    pub(super) fn history(&self) -> History {
        let weeks = |days: i64| days as f64 / 7.0;
        History::new(self.n_days - 1, weeks(self.between), weeks(self.between + self.since))
    }
}

impl Purchases {
    /// Everything that counts up to a day. Refunds made later are not netted.
    pub(super) async fn read(ctx: &Ctx, until: i64) -> Result<Self> {
        let workspace = ctx.workspace();
        let mut rows = ctx.lake().purchases(workspace.day_start(until + 1)).await?;
        let mut all: Vec<(i64, i32, i64)> = Vec::new();
        let mut known = (0, 0, 0_i64);
        while let Some(frame) = rows.next().await? {
            let column = |name| frame.num(name).ok_or_else(|| Error::bug("purchases", std::io::Error::other(name)));
            let (ids, times, nets) = (column("profile_id")?, column("at")?, column("net")?);
            for row in 0..frame.n_rows() {
                let (Some(id), Some(at), Some(net)) = (ids.get(row), times.get(row), nets.get(row)) else { continue };
                if at < known.0 || at >= known.1 {
                    let day = workspace.day_of(at);
                    known = (workspace.day_start(day), workspace.day_start(day + 1), day);
                }
                all.push((id, known.2 as i32, net));
            }
        }
        // INV-MODELS-3.
        let people = people(ctx).await?;
        let refused = recorded(ctx, &people, PROFILING, State::Withdrawn, None).await?;
        let mut seeker = Seeker::default();
        all.sort_unstable();
        all.retain(|row| seeker.at(&people.ids, row.0).is_some_and(|at| !refused.contains(at)));
        Ok(Self::of(&all, until))
    }

    /// Of rows of (customer, day, net) in order.
    fn of(all: &[(i64, i32, i64)], until: i64) -> Self {
        let mut found = Self { until, ..Self::default() };
        for own in all.chunk_by(|a, b| a.0 == b.0) {
            found.ids.push(own[0].0);
            found.starts.push(found.days.len());
            for day in own.chunk_by(|a, b| a.1 == b.1) {
                found.days.push(day[0].1);
                found.nets.push(day.iter().map(|row| row.2).sum());
            }
        }
        found.starts.push(found.days.len());
        let mut order: Vec<u32> = (0..found.ids.len() as u32).collect();
        let bought = |who: u32| {
            let own = found.own(who as usize);
            (&found.days[own.clone()], &found.nets[own])
        };
        order.sort_by(|a, b| bought(*a).cmp(&bought(*b)));
        let mut ranks = vec![0; order.len()];
        order.iter().enumerate().for_each(|(rank, who)| ranks[*who as usize] = rank as u32);
        found.ranks = ranks;
        found
    }

    /// A number of a customer, spread evenly, that has nothing to do with how they will go on.
    pub(super) fn lot(&self, who: usize) -> u64 {
        // The finaliser of SplitMix64.
        let rank = u64::from(self.ranks[who]).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (rank ^ (rank >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The first day that anybody bought on.
    pub(super) fn first(&self) -> Option<i64> {
        self.days.iter().min().map(|day| i64::from(*day))
    }

    /// Customers, by position.
    pub(super) fn n(&self) -> usize {
        self.ids.len()
    }

    fn own(&self, who: usize) -> std::ops::Range<usize> {
        self.starts[who]..self.starts[who + 1]
    }

    /// How a customer had bought by a day; `None` for who had not.
    pub(super) fn habit(&self, who: usize, day: i64) -> Option<Habit> {
        let own = self.own(who);
        let n = self.days[own.clone()].partition_point(|bought| i64::from(*bought) <= day);
        let last = i64::from(self.days[own.start..own.start + n].last().copied()?);
        let net = |from: usize| self.nets[own.start + from..own.start + n].iter().sum();
        Some(Habit {
            n_days: n as u32,
            between: last - i64::from(self.days[own.start]),
            since: day - last,
            repeat_net: net(1),
            net: net(0),
        })
    }

    /// On how many days a customer bought, first and last day included.
    pub(super) fn bought(&self, who: usize, (from, to): (i64, i64)) -> usize {
        let own = &self.days[self.own(who)];
        own.partition_point(|day| i64::from(*day) <= to) - own.partition_point(|day| i64::from(*day) < from)
    }

    /// Mean days between the orders of all customers by a day; 30 when nobody bought twice.
    pub(super) fn mean_gap(&self, day: i64) -> f64 {
        let habits = (0..self.n()).filter_map(|who| self.habit(who, day));
        let (days, gaps) = habits.fold((0, 0), |sum, own| (sum.0 + own.between, sum.1 + i64::from(own.n_days) - 1));
        if gaps == 0 { 30.0 } else { days as f64 / gaps as f64 }
    }
}

/// The days without an order after which somebody counts as gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// Of everybody, or at most.
    pub(super) longest: i64,
    /// Mean days between the orders of all, where the own rhythm decides.
    pub(super) of_all: Option<f64>,
}

impl Waiting {
    pub(super) fn days(&self, habit: &Habit) -> i64 {
        self.of_all
            .map_or(self.longest, |of_all| own_window(habit.between, i64::from(habit.n_days) - 1, of_all, self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_are_of_what_had_happened() {
        let rows = [(1, 10, 100), (1, 10, 50), (1, 20, 300), (1, 40, 700), (2, 15, 200)];
        let purchases = Purchases::of(&rows, 60);
        assert_eq!((purchases.n(), purchases.first()), (2, Some(10)));
        let habit = purchases.habit(0, 25).unwrap();
        assert_eq!(habit, Habit { n_days: 2, between: 10, since: 5, repeat_net: 300, net: 450 });
        assert_eq!((habit.history().frequency, habit.history().age), (1, 15.0 / 7.0));
        assert_eq!(purchases.habit(0, 9), None);
        assert_eq!(
            (purchases.bought(0, (20, 40)), purchases.bought(0, (21, 39)), purchases.bought(1, (0, 14))),
            (2, 0, 0)
        );
        assert!((purchases.mean_gap(60) - 15.0).abs() < 1e-9);
    }

    #[test]
    fn lots_are_spread_and_do_not_depend_on_ids() {
        let rows: Vec<(i64, i32, i64)> = (0..10_000).map(|who| (who, (who % 900) as i32, who)).collect();
        let purchases = Purchases::of(&rows, 1_000);
        let below = (0..10_000).filter(|who| purchases.lot(*who) < u64::MAX / 2).count();
        assert!((4_700..5_300).contains(&below), "{below}");
        let turned: Vec<(i64, i32, i64)> = rows.iter().rev().map(|row| (9_999 - row.0, row.1, row.2)).collect();
        let turned = Purchases::of(&turned, 1_000);
        assert!((0..10_000).all(|who| purchases.lot(who) == turned.lot(9_999 - who)));
    }

    #[test]
    fn whoever_buys_often_is_missed_sooner() {
        let purchases = Purchases::of(&[(1, 0, 1), (1, 10, 1), (1, 20, 1), (1, 30, 1), (2, 0, 1)], 60);
        let waiting = Waiting { longest: 90, of_all: Some(30.0) };
        let days = |who| waiting.days(&purchases.habit(who, 40).unwrap());
        assert_eq!((days(0), days(1)), (54, 90));
        assert_eq!(Waiting { of_all: None, ..waiting }.days(&purchases.habit(0, 40).unwrap()), 90);
    }
}
