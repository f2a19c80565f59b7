//! How far messages got, who bought after them, and what that cost: by campaign, channel, strategy or creative.

use std::collections::BTreeMap;

use super::rows::{CLICKED, DAY_US, DELIVERED, FAILED, Message, Messages, NONE, OPENED, Sales};
use super::spec::By;

/// People of one group of messages. Whoever is in one list may be in others: those after `reached` are parts of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// Drawn to get a message, sent or not.
    pub(super) targeted: Vec<u32>,
    /// To whom one was sent.
    pub(super) reached: Vec<u32>,
    pub(super) delivered: Vec<u32>,
    pub(super) opened: Vec<u32>,
    pub(super) clicked: Vec<u32>,
    /// With an order in time after a message that was sent.
    pub(super) converted: Vec<u32>,
    /// Whose time for an order is not over.
    pub(super) open: Vec<u32>,
    /// Withheld.
    pub(super) holdout: Vec<u32>,
    /// Messages that were sent.
    pub(super) n_messages: u64,
    /// Orders in time after a message, each once.
    pub(super) n_orders: u64,
    /// Their net amount, hundredths.
    pub(super) revenue: i64,
}

/// Steps of a board that open people.
pub(super) const STEPS: [&str; 8] =
    ["targeted", "reached", "delivered", "opened", "clicked", "converted", "open", "holdout"];

impl Tally {
    /// Counts messages of one group, in the order of customers and time. `until` is the end of the data.
    pub(super) fn new<'a>(
        messages: impl IntoIterator<Item = &'a Message>,
        sales: &Sales,
        window_days: i64,
        until: i64,
    ) -> Self {
        let all: Vec<&Message> = messages.into_iter().collect();
        let window = window_days * DAY_US;
        let mut found = Self::default();
        for own in all.chunk_by(|a, b| a.who == b.who) {
            let who = own[0].who;
            if own.iter().any(|one| one.is_holdout) {
                found.holdout.push(who);
            }
            let treated = || own.iter().filter(|one| !one.is_holdout);
            if treated().next().is_none() {
                continue;
            }
            found.targeted.push(who);
            let Some(best) = treated().map(|one| one.rank).max().filter(|rank| *rank > FAILED) else { continue };
            found.reached.push(who);
            for (rank, list) in
                [(DELIVERED, &mut found.delivered), (OPENED, &mut found.opened), (CLICKED, &mut found.clicked)]
            {
                if best >= rank {
                    list.push(who);
                }
            }
            let sent: Vec<i64> = own.iter().filter(|one| one.is_reached()).map(|one| one.at).collect();
            found.n_messages += sent.len() as u64;
            if sent.last().is_some_and(|last| last + window > until) {
                found.open.push(who);
            }
            let (n, net) = in_time(who, &sent, window, sales);
            if n > 0 {
                found.converted.push(who);
                found.n_orders += n;
                found.revenue += net;
            }
        }
        found
    }

    pub(super) fn of(&self, step: &str) -> Option<&[u32]> {
        Some(match step {
            "targeted" => &self.targeted,
            "reached" => &self.reached,
            "delivered" => &self.delivered,
            "opened" => &self.opened,
            "clicked" => &self.clicked,
            "converted" => &self.converted,
            "open" => &self.open,
            "holdout" => &self.holdout,
            _ => return None,
        })
    }
}

/// Orders of a customer in time after any of some instants, which ascend: how many and their net amount.
fn in_time(who: u32, sent: &[i64], window: i64, sales: &Sales) -> (u64, i64) {
    let (Some(first), Some(last)) = (sent.first(), sent.last()) else { return (0, 0) };
    let is_in_time = |at: i64| {
        let before = sent.partition_point(|one| *one <= at);
        before > 0 && at < sent[before - 1] + window
    };
    let own = sales.of(who, (*first, last + window)).iter().filter(|sale| is_in_time(sale.at));
    own.fold((0, 0), |(n, net), sale| (n + 1, net + sale.net))
}

/// Keys of the groups and the number of each message's group; the empty key is of messages that do not say.
pub(super) fn groups(messages: &Messages, by: By) -> (Vec<String>, Vec<u32>) {
    let key = |one: &Message| -> &str {
        let campaign = || messages.campaigns.get(one.campaign as usize);
        match by {
            By::Campaign => campaign().map_or("", |campaign| campaign.id.as_str()),
            By::Channel => messages.channels.text(one.channel).unwrap_or(""),
            By::Strategy => campaign().and_then(|campaign| campaign.goal.as_deref()).unwrap_or(""),
            By::Coupon => messages.coupons.text(one.coupon).unwrap_or(""),
            By::Creative => messages.creatives.text(one.creative).unwrap_or(""),
        }
    };
    let mut all: BTreeMap<&str, u32> = messages.all.iter().map(|one| (key(one), 0)).collect();
    all.values_mut().zip(0..).for_each(|(number, at)| *number = at);
    let of = messages.all.iter().map(|one| all[key(one)]).collect();
    (all.into_keys().map(str::to_owned).collect(), of)
}

/// The cost of each group: that of a campaign is shared by the messages it sent, those of other days and people included, so
/// that a part of the people is told a part of the cost. `None` where no campaign of the group says what it cost. Hundredths.
pub(super) fn costs(messages: &Messages, of: &[u32], n_groups: usize) -> Vec<Option<i64>> {
    let mut sent: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for (one, group) in messages.all.iter().zip(of) {
        if one.campaign != NONE && one.is_reached() {
            *sent.entry((one.campaign, *group)).or_default() += 1;
        }
    }
    let mut costs = vec![None; n_groups];
    let mut told: BTreeMap<u32, u64> = BTreeMap::new();
    for ((campaign, group), n) in sent {
        let Some(cost) = messages.campaigns.get(campaign as usize).and_then(|campaign| campaign.cost) else { continue };
        let all = messages.n_out.get(campaign as usize).copied().unwrap_or(0).max(1);
        let before = told.entry(campaign).or_default();
        // Shares are cut out of the running sum, so that they add up to the cent.
        let up_to = |n: u64| (i128::from(cost) * i128::from(n) / i128::from(all)) as i64;
        let share = up_to(*before + n) - up_to(*before);
        *before += n;
        if let Some(of) = costs.get_mut(group as usize) {
            *of = Some(of.unwrap_or(0) + share);
        }
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::super::rows::{CONVERTED, Campaign, SENT, Sale};
    use super::*;

    fn message(who: u32, day: i64, rank: u8, is_holdout: bool) -> Message {
        Message {
            who,
            at: day * DAY_US,
            campaign: 0,
            channel: NONE,
            creative: NONE,
            coupon: NONE,
            rank,
            is_holdout,
            millionths: 0,
        }
    }

    #[test]
    fn orders_count_once_and_in_time_alone() {
        let sale = |who, day: i64, net| Sale { who, at: day * DAY_US, net, discount: 0, coupon: NONE, campaign: NONE };
        let sales = Sales {
            all: vec![sale(1, 9, 1), sale(1, 10, 2), sale(1, 16, 4), sale(1, 17, 8), sale(1, 19, 16), sale(2, 12, 32)],
            ..Sales::default()
        };
        let all = [
            message(1, 10, SENT, false),
            message(1, 12, CONVERTED, false),
            message(2, 11, FAILED, false),
            message(3, 10, SENT, true),
        ];
        let found = Tally::new(&all, &sales, 7, 18 * DAY_US);
        assert_eq!((found.targeted, found.reached, found.holdout), (vec![1, 2], vec![1], vec![3]));
        assert_eq!((found.clicked, found.converted, found.open), (vec![1], vec![1], vec![1]));
        assert_eq!((found.n_messages, found.n_orders, found.revenue), (2, 3, 14));
    }

    #[test]
    fn costs_are_shared_to_the_cent() {
        let campaign = Campaign { cost: Some(100), ..Campaign::default() };
        let all = vec![message(1, 1, SENT, false), message(2, 1, SENT, false), message(3, 1, SENT, false)];
        let messages = Messages { campaigns: vec![campaign], all, n_out: vec![3], ..Messages::default() };
        assert_eq!(costs(&messages, &[0, 1, 1], 2), [Some(33), Some(67)]);
    }
}
