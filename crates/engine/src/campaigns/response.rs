//! What money in channels brought, week by week, and how it might be divided.

use zhike_ml::lift::{Bounds, Problem, ResponseOptions, Week, propose, response};

use zhike_domain::small_groups::is_small;

use super::rows::{Campaign, Sales, campaigns_of};
use super::spec::Spec;
use super::words;
use crate::analysis::{Ground, Head};
use crate::work::{threads, worked};
use crate::{Ctx, Result, boxed, segments};

/// Days of a week.
const WEEK_DAYS: i64 = 7;
/// Weeks whose mean is the present spending.
const PRESENT_WEEKS: usize = 8;
/// How far a proposal goes from the present, as shares of it: curves are known near what was spent.
const REACH: [f64; 2] = [0.5, 1.5];
/// Points of a curve that are told.
const POINTS: usize = 13;

/// What a channel brings, and might get. **Units**: whole units of money, a week.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelResponse {
    /// Channel.
    pub channel: String,
    /// Mean of the last eight weeks.
    pub present: f64,
    /// What it brings at present; none where spending hardly varied, so that nothing can be learnt.
    pub brings: Option<f64>,
    /// What one more unit brings.
    pub margin: Option<f64>,
    /// Money that brings half of what it can.
    pub half: Option<f64>,
    /// Share of a week's effect that is left a week later.
    pub carry: Option<f64>,
    /// Money, what it brings, and the interval of that.
    pub points: Vec<[f64; 4]>,
    /// What it might get; none where no proposal is made.
    pub proposed: Option<f64>,
    /// What other histories would have proposed.
    pub proposed_low: Option<f64>,
    /// Upper end.
    pub proposed_high: Option<f64>,
}

/// Curves and a proposal. **Units**: whole units of money, a week.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// By present spending.
    pub channels: Vec<ChannelResponse>,
    /// Weeks that were learnt from.
    pub n_weeks: u64,
    /// Share of the variance of revenue that the curves explain.
    pub explained: f64,
    /// All that is to be divided.
    pub total: f64,
    /// What the proposal brings beside the present division, with its interval.
    pub gain: Option<[f64; 3]>,
    /// Whether that is more than nought for sure.
    pub is_found: bool,
    /// Money for which no channel brings anything.
    pub unspent: f64,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBudget {
    /// No campaign says when it ran and what it cost.
    NoCost,
    /// Fewer whole weeks than the curves of so many channels take.
    TooFewWeeks {
        /// Weeks there are.
        n: u64,
        /// Weeks it takes.
        needed: u64,
    },
    /// No channel's money varied.
    NeverVaried,
}

/// Weeks of money by channel and of revenue.
pub(super) struct Weeks {
    pub(super) channels: Vec<String>,
    pub(super) weeks: Vec<Week>,
    /// First day of each.
    pub(super) days: Vec<i64>,
}

impl Weeks {
    /// Whole weeks of some days; the cost of a campaign is spread evenly over its days. Sales are (day, hundredths).
    pub(super) fn new(
        campaigns: &[Campaign],
        sales: impl Iterator<Item = (i64, i64)>,
        (first, last): (i64, i64),
        day_of: impl Fn(i64) -> i64,
    ) -> Self {
        let n = ((last - first + 1) / WEEK_DAYS).max(0) as usize;
        // The newest weeks are whole; what is left over is before them.
        let start = last + 1 - n as i64 * WEEK_DAYS;
        let week = |day: i64| (day >= start && day <= last).then(|| ((day - start) / WEEK_DAYS) as usize);
        let mut channels: Vec<String> = campaigns
            .iter()
            .filter(|campaign| campaign.cost.is_some_and(|cost| cost > 0) && campaign.started_at.is_some())
            .map(channel_of)
            .collect();
        channels.sort_unstable();
        channels.dedup();
        let mut weeks = vec![Week { spend: vec![0.0; channels.len()], controls: Vec::new(), sales: 0.0 }; n];
        for campaign in campaigns {
            let (Some(cost), Some(from)) = (campaign.cost.filter(|cost| *cost > 0), campaign.started_at) else {
                continue;
            };
            let to = campaign.ended_at.unwrap_or(from).max(from);
            // An end at the very start of a day is that day's, as it was written.
            let (from, to) = (day_of(from), day_of(to));
            let each = cost as f64 / 100.0 / (to - from + 1) as f64;
            let Ok(channel) = channels.binary_search(&channel_of(campaign)) else { continue };
            for day in from..=to {
                if let Some(week) = week(day) {
                    weeks[week].spend[channel] += each;
                }
            }
        }
        for (day, net) in sales {
            if let Some(week) = week(day) {
                weeks[week].sales += net as f64 / 100.0;
            }
        }
        let spends = |channel: usize| weeks.iter().any(|week| week.spend[channel] > 0.0);
        let kept: Vec<usize> = (0..channels.len()).filter(|channel| spends(*channel)).collect();
        weeks.iter_mut().for_each(|week| week.spend = kept.iter().map(|channel| week.spend[*channel]).collect());
        let channels = kept.iter().map(|channel| channels[*channel].clone()).collect();
        let days = (0..n as i64).map(|week| start + week * WEEK_DAYS).collect();
        Self { channels, weeks, days }
    }
}

fn channel_of(campaign: &Campaign) -> String {
    campaign.channel.clone().unwrap_or_else(|| "?".to_owned())
}

/// Learns curves and divides the present money, or a multiple of it.
fn learn(weeks: &Weeks, of_present: f64) -> std::result::Result<Budget, NoBudget> {
    if weeks.channels.is_empty() {
        return Err(NoBudget::NoCost);
    }
    let options = ResponseOptions { n_threads: threads(), ..ResponseOptions::default() };
    let learnt = response(&weeks.weeks, &options).map_err(|problem| match problem {
        Problem::TooFew { n, needed } => NoBudget::TooFewWeeks { n: n as u64, needed: needed as u64 },
        _ => NoBudget::NeverVaried,
    })?;
    if learnt.curves.iter().all(Option::is_none) {
        return Err(NoBudget::NeverVaried);
    }
    let newest = &weeks.weeks[weeks.weeks.len().saturating_sub(PRESENT_WEEKS)..];
    let mean = |channel: usize| newest.iter().map(|week| week.spend[channel]).sum::<f64>() / newest.len() as f64;
    let all = |channel: usize| weeks.weeks.iter().map(|week| week.spend[channel]).sum::<f64>();
    // A channel that rests now is judged by what it was given on average.
    let present: Vec<f64> = (0..weeks.channels.len())
        .map(|channel| {
            Some(mean(channel)).filter(|mean| *mean > 0.0).unwrap_or(all(channel) / weeks.weeks.len() as f64)
        })
        .collect();
    let bounds: Vec<Bounds> =
        present.iter().map(|money| Bounds { least: money * REACH[0], most: money * REACH[1] }).collect();
    let total = present.iter().sum::<f64>() * of_present;
    let proposal = propose(&learnt, &present, &bounds, total, 0.95).ok();
    let mut channels: Vec<ChannelResponse> = (0..weeks.channels.len())
        .map(|channel| {
            let curve = learnt.curves[channel];
            let points = curve.map_or_else(Vec::new, |curve| {
                let step = present[channel] * 2.0 / (POINTS - 1) as f64;
                (0..POINTS)
                    .map(|at| {
                        let money = step * at as f64;
                        let mut drawn: Vec<f64> = learnt
                            .draws
                            .iter()
                            .filter_map(|draw| draw.get(channel).copied().flatten())
                            .map(|curve| curve.brings(money))
                            .collect();
                        drawn.sort_unstable_by(f64::total_cmp);
                        let end = |share: f64| {
                            drawn.get(((drawn.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or(0.0)
                        };
                        [money, curve.brings(money), end(0.025), end(0.975)]
                    })
                    .collect()
            });
            let spend = proposal.as_ref().map(|proposal| proposal.spends[channel]);
            ChannelResponse {
                channel: weeks.channels[channel].clone(),
                present: present[channel],
                brings: curve.map(|curve| curve.brings(present[channel])),
                margin: curve.map(|curve| curve.margin(present[channel])),
                half: curve.map(|curve| curve.half),
                carry: curve.map(|curve| curve.carry),
                points,
                proposed: spend.map(|spend| spend.amount),
                proposed_low: spend.map(|spend| spend.low),
                proposed_high: spend.map(|spend| spend.high),
            }
        })
        .collect();
    channels.sort_by(|a, b| b.present.total_cmp(&a.present).then(a.channel.cmp(&b.channel)));
    Ok(Budget {
        channels,
        n_weeks: learnt.n_weeks as u64,
        explained: learnt.explained,
        total,
        gain: proposal.as_ref().map(|proposal| [proposal.gain, proposal.gain_low, proposal.gain_high]),
        is_found: proposal.as_ref().is_some_and(|proposal| proposal.is_found),
        unspent: proposal.as_ref().map_or(0.0, |proposal| proposal.unspent),
    })
}

/// What money in channels brought, and how it might be divided.
#[derive(Clone, Debug)]
pub struct BudgetAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// First day of each week.
    pub weeks: Vec<i64>,
    /// Channels, in the order of money by week.
    pub channels: Vec<String>,
    /// Money by week and channel, in whole units.
    pub spend: Vec<Vec<f64>>,
    /// Revenue by week, in whole units; empty where so few people are not told.
    pub revenue: Vec<f64>,
    /// Curves and the proposal.
    pub budget: Option<Budget>,
    /// Why there are none.
    pub problem: Option<NoBudget>,
}

/// What money in channels brought week by week, and how it might be divided: refused when weeks are too few.
///
/// **Errors**: `bad_request` for days the wrong way round.
#[boxed]
pub async fn budget(ctx: &Ctx, spec: &Spec) -> Result<BudgetAnswer> {
    let ground = Ground::new(ctx, &spec.scope, super::USUAL_DAYS).await?;
    let people = &ground.bulk.people;
    let campaigns = campaigns_of(&ctx.lake().campaigns().await?)?;
    let sales = Sales::read(ctx, people, &ground.who, ground.span).await?;
    let mut who: Vec<u32> = sales.all.iter().map(|sale| sale.who).collect();
    who.dedup();
    let is_few = is_small(who.len() as u64, ctx.min_group());
    let workspace = ctx.workspace();
    let of_sales = sales.all.iter().map(|sale| (workspace.day_of(sale.at), sale.net));
    // Before the first order there was nothing to bring in, whatever was spent.
    let begin = sales.all.iter().map(|sale| workspace.day_of(sale.at)).min().unwrap_or(ground.days.0);
    let days = (begin.max(ground.days.0), ground.days.1);
    let weeks = Weeks::new(&campaigns, of_sales, days, |at| workspace.day_of(at));
    let of_present = spec.budget;
    let (weeks, found) = worked("campaigns", move || {
        let found = learn(&weeks, of_present);
        (weeks, found)
    })
    .await?;
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_budget(spec, ground.days, segment.as_deref());
    let meaning = if is_few { words::few() } else { words::budget(&found, &workspace.currency) };
    let head = ground.head_of(spec.json(), sentence, meaning, is_few);
    let problem = found.as_ref().err().copied();
    Ok(BudgetAnswer {
        head,
        spec: spec.clone(),
        spend: weeks.weeks.iter().map(|week| week.spend.clone()).collect(),
        revenue: if is_few { Vec::new() } else { weeks.weeks.iter().map(|week| week.sales).collect() },
        weeks: weeks.days,
        channels: weeks.channels,
        budget: found.ok().filter(|_| !is_few),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::super::rows::DAY_US;
    use super::*;

    #[test]
    fn costs_are_spread_over_days_and_weeks_are_whole() {
        let campaign = |channel: &str, from, to, cost| Campaign {
            channel: Some(channel.to_owned()),
            started_at: Some(from * DAY_US),
            ended_at: Some(to * DAY_US),
            cost: Some(cost),
            ..Campaign::default()
        };
        let all = [campaign("sms", 8, 17, 1000), campaign("email", 1, 2, 500)];
        let sales = [(3, 100), (9, 200), (16, 400)];
        // Days 3 to 16 are two weeks: those of 3 and 10.
        let found = Weeks::new(&all, sales.into_iter(), (2, 16), |at| at / DAY_US);
        assert_eq!(
            (found.channels.as_slice(), found.days.as_slice()),
            (["sms".to_owned()].as_slice(), [3, 10].as_slice())
        );
        let spends: Vec<f64> = found.weeks.iter().map(|week| week.spend[0]).collect();
        assert_eq!(spends, [2.0, 7.0]);
        assert_eq!(found.weeks.iter().map(|week| week.sales).collect::<Vec<_>>(), [3.0, 4.0]);
    }
}
