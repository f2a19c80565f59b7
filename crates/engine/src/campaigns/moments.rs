//! When and by which channel customers answer: by hour of the week, whether choosing the hour helps, and the moment to write
//! to each.
//!
//! What is believed of a customer is shrunk to their member level, and that to all. Whether choosing helps is judged by
//! messages whose hour was drawn alone: their file says with which chance (`propensity`).

use std::collections::BTreeMap;
use std::sync::Arc;

use zhike_domain::audience::Set;
use zhike_domain::consent::{PROFILING, State};
use zhike_domain::frame::Column;
use zhike_domain::id::ProfileId;
use zhike_domain::small_groups::is_small;
use zhike_ml::groups::benjamini_hochberg;
use zhike_ml::lift::{Rate, compare_rates};
use zhike_ml::timing::{Allowed, HOURS, Logged, Moment, PolicyOptions, Sent, Strengths, Timing, evaluate};

use super::rows::{CLICKED, CONVERTED, Message, Messages, NONE, OPENED};
use super::spec::{Answered, Spec};
use super::{USUAL_DAYS, words};
use crate::analysis::{Ground, Head};
use crate::consents::recorded;
use crate::customers::{Listed, listed_by_id};
use crate::segments::{self, People, Seeker, as_of, people};
use crate::work::{Last, threads, worked};
use crate::{Ctx, Result, boxed, profiles};

/// What is learnt from.
const TABLES: [&str; 2] = ["touches", "campaigns"];
/// Drawn messages without which nothing is judged, and that are judged at most.
const MIN_DRAWN: usize = 200;
const MAX_DRAWN: usize = 4_000;
/// Messages of an hour without which it is not compared.
const MIN_MESSAGES: u64 = 30;
/// Hours told as best.
const N_BEST: usize = 5;
const CONFIDENCE: f64 = 0.95;
const SURE: f64 = 0.05;

/// Answers by channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelRate {
    /// Channel; none where messages do not say.
    pub channel: Option<String>,
    /// Messages; none where so few people are not told, then nothing else is.
    pub n: Option<u64>,
    /// Answered.
    pub n_answered: Option<u64>,
}

/// Answers in an hour of the week.
#[derive(Clone, Debug, PartialEq)]
pub struct HourRate {
    /// Position of the channel.
    pub channel: usize,
    /// 0 to 167, Monday from midnight first, by the clock of the workspace.
    pub hour: usize,
    /// Messages.
    pub n: u64,
    /// Answered.
    pub n_answered: u64,
    /// Share that is believed: few messages count little.
    pub believed: f64,
    /// Difference to the other hours of the channel with its interval; none where there are too few messages.
    pub differs: Option<[f64; 3]>,
    /// Chance of a coincidence, corrected for all hours.
    pub q: Option<f64>,
}

/// Whether choosing the hour for each customer helps. **Units**: shares that answer, with intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimingGrade {
    /// Messages that it was judged by.
    pub n: u64,
    /// As they were sent.
    pub drawn: [f64; 3],
    /// If the hour had been chosen for each by what was known before.
    pub chosen: [f64; 3],
    /// As many messages sent at chosen hours as these are worth.
    pub n_effective: f64,
    /// Whether it is better, or worse, and hardly by chance.
    pub is_better: Option<bool>,
}

/// When customers answer.
#[derive(Clone, Debug)]
pub struct MomentsAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// Messages that arrived; none where so few people are not told.
    pub n_messages: Option<u64>,
    /// To so many people.
    pub n_people: Option<u64>,
    /// Messages whose hour was drawn.
    pub n_drawn: Option<u64>,
    /// By letters.
    pub channels: Vec<ChannelRate>,
    /// By channel and hour; hours without messages, or of so few people that they are not told, are left out.
    pub hours: Vec<HourRate>,
    /// Hours that are better than the others of their channel, and hardly by chance.
    pub best: Vec<HourRate>,
    /// None where too few messages were drawn.
    pub grade: Option<TimingGrade>,
}

/// When to write to a customer.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// To whom.
    pub customer: Listed,
    /// By which channel; none where messages do not say.
    pub channel: Option<String>,
    /// 0 to 167.
    pub hour: usize,
    /// Chance with which it was drawn: to be noted with the message.
    pub propensity: f64,
    /// Share that is believed to answer.
    pub believed: f64,
}

/// A page of them.
#[derive(Clone, Debug)]
pub struct ChosenPage {
    /// How many customers; none where so few are not told.
    pub total: Option<u64>,
    /// By customer.
    pub items: Vec<Chosen>,
    /// Where the next page begins.
    pub next: Option<ProfileId>,
}

/// When a customer answers best.
#[derive(Clone, Debug, PartialEq)]
pub struct BestMoment {
    /// By which channel.
    pub channel: Option<String>,
    /// 0 to 167.
    pub hour: usize,
    /// Share that is believed to answer.
    pub believed: f64,
}

/// What is known of when a customer answers.
#[derive(Clone, Debug, PartialEq)]
pub struct OfPerson {
    /// Whether the customer refused profiling: then nothing is said.
    pub is_refused: bool,
    /// Messages to the customer within a year.
    pub n_messages: u64,
    /// Share of all messages that are answered.
    pub usual: f64,
    /// The best, by day and by allowed hours.
    pub best: Vec<BestMoment>,
}

/// What this process has learnt last: of the usual days by what an answer is, and of days that somebody asked for.
#[derive(Default)]
pub(crate) struct Known {
    usual: [Last<Learnt>; 3],
    asked: Last<Learnt, (Answered, (i64, i64))>,
}

/// What was learnt of everybody who did not refuse profiling.
struct Learnt {
    people: Arc<People>,
    refused: Set,
    levels: Vec<u32>,
    n_own: BTreeMap<u32, u64>,
    channels: Vec<Option<String>>,
    usual: f64,
    /// None without messages.
    timing: Option<Timing>,
}

/// Messages as what is learnt from.
struct Sends {
    channels: Vec<Option<String>>,
    all: Vec<(Message, Sent)>,
}

impl Sends {
    /// Those that arrived; the person is the number of the customer.
    fn new(ctx: &Ctx, messages: &Messages, levels: &[u32], answer: Answered) -> Self {
        let workspace = ctx.workspace();
        let has_none = messages.all.iter().any(|one| one.channel == NONE);
        let mut channels: Vec<Option<String>> = messages.channels.texts.iter().cloned().map(Some).collect();
        if has_none {
            channels.push(None);
        }
        let mut known = (0, 0, 0_i64);
        let mut all = Vec::new();
        for one in messages.all.iter().filter(|one| one.is_reached()) {
            if one.at < known.0 || one.at >= known.1 {
                let day = workspace.day_of(one.at);
                known = (workspace.day_start(day), workspace.day_start(day + 1), day);
            }
            // The first day was a Thursday.
            let weekday = (known.2 + 3).rem_euclid(7) as usize;
            let hour = ((one.at - known.0) / 3_600_000_000).clamp(0, 23) as usize;
            let channel = if one.channel == NONE { channels.len() - 1 } else { one.channel as usize };
            let sent = Sent {
                person: one.who.into(),
                segment: levels.get(one.who as usize).copied().unwrap_or(0),
                moment: Moment { hour: weekday * 24 + hour, channel },
                is_answered: answer.is_met(one.rank),
            };
            all.push((*one, sent));
        }
        Self { channels, all }
    }

    fn fit<'a>(&self, sent: impl Iterator<Item = &'a Sent>) -> Option<Timing> {
        Timing::fit(&sent.copied().collect::<Vec<Sent>>(), self.channels.len(), Strengths::default())
    }
}

impl Answered {
    /// Whether a message that got so far was answered.
    const fn is_met(self, rank: u8) -> bool {
        rank >= match self {
            Self::Opened => OPENED,
            Self::Clicked => CLICKED,
            Self::Converted => CONVERTED,
        }
    }
}

/// Member levels of customers by number.
async fn levels(ctx: &Ctx, people: &People) -> Result<Vec<u32>> {
    let column = people.column(ctx, "member_level").await?;
    let Column::Text(values) = &column.1 else { return Ok(vec![0; people.n()]) };
    let values: Vec<&str> = (0..people.n()).map(|at| values.get(at).unwrap_or("")).collect();
    let mut names: BTreeMap<&str, u32> = values.iter().map(|value| (*value, 0)).collect();
    names.values_mut().zip(0..).for_each(|(number, at)| *number = at);
    Ok(values.into_iter().map(|value| names[value]).collect())
}

fn allowed(spec: &Spec, n_channels: usize, only: Option<usize>) -> Allowed {
    let channels = (0..n_channels).map(|channel| only.is_none_or(|only| only == channel)).collect();
    Allowed { quiet_from: spec.quiet.0, quiet_until: spec.quiet.1, channels }
}

/// When customers answer, by channel and hour of the week, and whether choosing helps.
///
/// **Errors**: `bad_request` for days the wrong way round.
#[boxed]
pub async fn moments(ctx: &Ctx, spec: &Spec) -> Result<MomentsAnswer> {
    let ground = Ground::new(ctx, &spec.scope, USUAL_DAYS).await?;
    let everybody = &ground.bulk.people;
    let messages = Messages::read(ctx, everybody, &ground.who, ground.span, true).await?;
    let sends = Sends::new(ctx, &messages, &levels(ctx, everybody).await?, spec.answer);
    let refused = recorded(ctx, everybody, PROFILING, State::Withdrawn, None).await?;
    let k = ctx.min_group();
    let own = spec.clone();
    let (sends, hours, grade) = worked("moments", move || {
        let hours = hours(&sends, k);
        let grade = grade(&sends, &refused, &own);
        (sends, hours, grade)
    })
    .await?;
    let people_of = |all: &mut dyn Iterator<Item = u32>| all.collect::<std::collections::BTreeSet<u32>>().len() as u64;
    let n_people = people_of(&mut sends.all.iter().map(|one| one.0.who));
    let is_few = is_small(n_people, k);
    let n_drawn = sends.all.iter().filter(|one| one.0.is_drawn()).count() as u64;
    let channels: Vec<ChannelRate> = sends
        .channels
        .iter()
        .enumerate()
        .map(|(at, channel)| {
            let of = || sends.all.iter().filter(move |one| one.1.moment.channel == at);
            let is_told = !is_small(people_of(&mut of().map(|one| one.0.who)), k) && !is_few;
            let (n, n_answered) = (of().count() as u64, of().filter(|one| one.1.is_answered).count() as u64);
            ChannelRate { channel: channel.clone(), n: is_told.then_some(n), n_answered: is_told.then_some(n_answered) }
        })
        .collect();
    let (hours, n_hidden) = if is_few { (Vec::new(), hours.0.len()) } else { hours };
    let mut best: Vec<HourRate> = hours
        .iter()
        .filter(|one| one.q.is_some_and(|q| q < SURE) && one.differs.is_some_and(|d| d[0] > 0.0))
        .cloned()
        .collect();
    best.sort_by(|a, b| b.believed.total_cmp(&a.believed));
    best.truncate(N_BEST);
    let grade = grade.filter(|_| !is_few);
    let told = |n: u64| (!is_few).then_some(n);
    let is_suppressed = is_few || n_hidden > 0 || channels.iter().any(|one| one.n.is_none());
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_moments(spec, ground.days, segment.as_deref());
    let numbers = (sends.all.len() as u64, n_drawn, is_few);
    let meaning = words::moments(spec, numbers, &sends.channels, best.first(), grade.as_ref());
    Ok(MomentsAnswer {
        head: ground.head_of(spec.json(), sentence, meaning, is_suppressed),
        spec: spec.clone(),
        n_messages: told(sends.all.len() as u64),
        n_people: told(n_people),
        n_drawn: told(n_drawn),
        channels,
        hours,
        best,
        grade,
    })
}

/// Each hour with messages, and how many are not told.
fn hours(sends: &Sends, k: u64) -> (Vec<HourRate>, usize) {
    let Some(timing) = sends.fit(sends.all.iter().map(|one| &one.1)) else { return (Vec::new(), 0) };
    let mut by_hour: BTreeMap<(usize, usize), (Rate, std::collections::BTreeSet<u32>)> = BTreeMap::new();
    let mut by_channel: BTreeMap<usize, Rate> = BTreeMap::new();
    for (message, sent) in &sends.all {
        let moment = sent.moment;
        let own =
            by_hour.entry((moment.channel, moment.hour)).or_insert((Rate { n_done: 0, n: 0 }, Default::default()));
        let of_channel = by_channel.entry(moment.channel).or_insert(Rate { n_done: 0, n: 0 });
        for rate in [&mut own.0, of_channel] {
            rate.n += 1;
            rate.n_done += u64::from(sent.is_answered);
        }
        own.1.insert(message.who);
    }
    let n_all = by_hour.len();
    let mut found: Vec<HourRate> = by_hour
        .into_iter()
        .filter(|(_, (_, people))| !is_small(people.len() as u64, k))
        .map(|((channel, hour), (rate, _))| {
            let all = by_channel[&channel];
            let others = Rate { n_done: all.n_done - rate.n_done, n: all.n - rate.n };
            let is_enough = rate.n >= MIN_MESSAGES && others.n >= MIN_MESSAGES;
            let compared = is_enough.then(|| compare_rates(others, rate, CONFIDENCE).ok()).flatten();
            // Of a customer and a level that nothing is known of: what is believed of all.
            let believed = timing.belief(u64::MAX, u32::MAX, Moment { hour, channel });
            HourRate {
                channel,
                hour,
                n: rate.n,
                n_answered: rate.n_done,
                believed: believed.map_or(0.0, |belief| belief.mean()),
                differs: compared.map(|one| [one.difference, one.low, one.high]),
                q: compared.map(|one| one.p),
            }
        })
        .collect();
    let q = benjamini_hochberg(&found.iter().filter_map(|one| one.q).collect::<Vec<f64>>());
    found.iter_mut().filter_map(|one| one.q.as_mut()).zip(q).for_each(|(own, q)| *own = q);
    let n_hidden = n_all - found.len();
    (found, n_hidden)
}

/// Judges choosing by drawn messages: what was known before the middle of them, on those after it.
fn grade(sends: &Sends, refused: &Set, spec: &Spec) -> Option<TimingGrade> {
    let mut drawn: Vec<&(Message, Sent)> = sends.all.iter().filter(|one| one.0.is_drawn()).collect();
    if drawn.len() < MIN_DRAWN {
        return None;
    }
    drawn.sort_by_key(|one| (one.0.at, one.0.who, one.1.moment));
    let middle = drawn[drawn.len() / 2].0.at;
    let earlier = sends.all.iter().filter(|one| one.0.at < middle && !refused.contains(one.0.who as usize));
    let timing = sends.fit(earlier.map(|one| &one.1))?;
    let later: Vec<&(Message, Sent)> = drawn.into_iter().filter(|one| one.0.at >= middle).collect();
    let n = later.len().min(MAX_DRAWN);
    let later: Vec<&(Message, Sent)> = (0..n).map(|at| later[at * later.len() / n]).collect();
    let options = PolicyOptions::default();
    let logged = |(message, sent): &(Message, Sent)| {
        // The channel was not drawn: the hour is chosen within it.
        let allowed = allowed(spec, sends.channels.len(), Some(sent.moment.channel));
        let policy = timing.policy(sent.person, sent.segment, &allowed, &options);
        Logged {
            propensity: Some(message.chance()),
            probability: policy.probability(sent.moment),
            outcome: f64::from(u8::from(sent.is_answered)),
        }
    };
    let n_each = later.len().div_ceil(threads()).max(1);
    let judged: Vec<Logged> = std::thread::scope(|scope| {
        let parts: Vec<_> = later
            .chunks(n_each)
            .map(|part| scope.spawn(move || part.iter().map(|one| logged(one)).collect::<Vec<Logged>>()))
            .collect();
        parts.into_iter().filter_map(|part| part.join().ok()).flatten().collect()
    });
    let found = evaluate(&judged, CONFIDENCE).filter(|found| found.snips.value.is_finite())?;
    // Both are of the same messages, which makes the difference surer than this says.
    let error =
        ((found.snips.high - found.snips.low).powi(2) + (found.logged.high - found.logged.low).powi(2)).sqrt() / 2.0;
    let difference = found.snips.value - found.logged.value;
    let ends = |one: zhike_ml::timing::Estimate| [one.value, one.low.max(0.0), one.high.min(1.0)];
    Some(TimingGrade {
        n: found.n_drawn as u64,
        drawn: ends(found.logged),
        chosen: ends(found.snips),
        n_effective: found.n_effective,
        is_better: (difference.abs() > error).then_some(difference > 0.0),
    })
}

/// What is known from the days of a question, or from the usual ones.
async fn learnt(ctx: &Ctx, answer: Answered, days: Option<(i64, i64)>) -> Result<Arc<Learnt>> {
    let known = ctx.learnt_of_moments();
    match days {
        Some(days) => known.asked.get(ctx, (answer, days), &TABLES, |ctx| learn(ctx, answer, Some(days))).await,
        None => known.usual[answer as usize].get(ctx, (), &TABLES, |ctx| learn(ctx, answer, None)).await,
    }
}

async fn learn(ctx: Ctx, answer: Answered, days: Option<(i64, i64)>) -> Result<Learnt> {
    let seen = as_of(&ctx, None).await?;
    let (from, to) = days.unwrap_or((seen.day - USUAL_DAYS + 1, seen.day));
    let people = people(&ctx).await?;
    let refused = recorded(&ctx, &people, PROFILING, State::Withdrawn, None).await?;
    let mut who = Set::all(people.n());
    who.minus(&refused);
    let span = (seen.start_of(from), seen.start_of(to + 1));
    let messages = Messages::read(&ctx, &people, &who, span, false).await?;
    let levels = levels(&ctx, &people).await?;
    let sends = Sends::new(&ctx, &messages, &levels, answer);
    let mut n_own: BTreeMap<u32, u64> = BTreeMap::new();
    sends.all.iter().for_each(|one| *n_own.entry(one.0.who).or_default() += 1);
    let n_answered = sends.all.iter().filter(|one| one.1.is_answered).count();
    Ok(Learnt {
        usual: n_answered as f64 / sends.all.len().max(1) as f64,
        timing: sends.fit(sends.all.iter().map(|one| &one.1)).filter(|_| !sends.all.is_empty()),
        people,
        refused,
        levels,
        n_own,
        channels: sends.channels,
    })
}

/// A page of customers with a moment drawn for each, by what is believed of them; some are drawn at any allowed hour, so that
/// the others are not forgotten. The same day gives the same moments. Whoever refused profiling is left out.
///
/// **Errors**: `bad_request` for days the wrong way round, or a channel that no message went by.
#[boxed]
pub async fn chosen(ctx: &Ctx, spec: &Spec, after: Option<ProfileId>, limit: usize) -> Result<ChosenPage> {
    let ground = Ground::new(ctx, &spec.scope, USUAL_DAYS).await?;
    let is_usual = spec.scope.from.is_none() && spec.scope.to.is_none();
    let known = learnt(ctx, spec.answer, (!is_usual).then_some(ground.days)).await?;
    let mut seeker = Seeker::default();
    let mut who: Vec<(i64, usize)> = Vec::new();
    for at in ground.who.iter() {
        let Some(id) = ground.bulk.people.ids.get(at) else { continue };
        let place = seeker.at(&known.people.ids, *id).filter(|place| !known.refused.contains(*place));
        who.extend(place.map(|place| (*id, place)));
    }
    let only = match &spec.channel {
        Some(name) => {
            let at = known.channels.iter().position(|channel| channel.as_deref() == Some(name));
            Some(at.ok_or_else(|| words::no_channel(name, &known.channels))?)
        }
        None => None,
    };
    let Some(timing) = &known.timing else { return Ok(ChosenPage { total: Some(0), items: Vec::new(), next: None }) };
    let from = after.map_or(0, |after| who.partition_point(|one| one.0 <= after.get()));
    let page: Vec<(i64, usize)> = who[from..].iter().take(limit).copied().collect();
    let allowed = allowed(spec, known.channels.len(), only);
    let options = PolicyOptions { seed: ground.seen.day.unsigned_abs(), ..PolicyOptions::default() };
    let ids: Vec<ProfileId> = page.iter().map(|one| ProfileId::new(one.0)).collect();
    let mut listed: BTreeMap<i64, Listed> =
        listed_by_id(ctx, &ids).await?.into_iter().map(|one| (one.profile_id.get(), one)).collect();
    let mut items = Vec::new();
    for (id, place) in &page {
        let Some(customer) = listed.remove(id) else { continue };
        let (person, level) = (*place as u64, known.levels[*place]);
        let Some(choice) = timing.choose(person, level, &allowed, &options) else { continue };
        let believed = timing.belief(person, level, choice.moment).map_or(0.0, |belief| belief.mean());
        let channel = known.channels[choice.moment.channel].clone();
        items.push(Chosen { customer, channel, hour: choice.moment.hour, propensity: choice.propensity, believed });
    }
    let n = who.len() as u64;
    let next = page.last().map(|one| ProfileId::new(one.0)).filter(|_| from + page.len() < who.len());
    Ok(ChosenPage { total: (!is_small(n, ctx.min_group())).then_some(n), items, next })
}

/// When a customer answers best, by what is believed.
///
/// **Errors**: `not_found` for a customer who is not there, or may not be seen.
#[boxed]
pub async fn moments_of(ctx: &Ctx, profile_id: ProfileId) -> Result<OfPerson> {
    let id = profiles::current(ctx, profile_id.get()).await?.profile_id;
    let spec = super::Asked::default().spec()?;
    let known = learnt(ctx, spec.answer, None).await?;
    let nothing = OfPerson { is_refused: false, n_messages: 0, usual: known.usual, best: Vec::new() };
    let (Ok(place), Some(timing)) = (known.people.ids.binary_search(&id), &known.timing) else { return Ok(nothing) };
    if known.refused.contains(place) {
        return Ok(OfPerson { is_refused: true, ..nothing });
    }
    let (person, level) = (place as u64, known.levels[place]);
    let allowed = allowed(&spec, known.channels.len(), None);
    let all = (0..known.channels.len()).flat_map(|channel| (0..HOURS).map(move |hour| Moment { hour, channel }));
    let mut best: Vec<(f64, Moment)> = all
        .filter(|moment| allowed.is_allowed(*moment))
        .filter_map(|moment| Some((timing.belief(person, level, moment)?.mean(), moment)))
        .collect();
    best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let told = |(believed, moment): &(f64, Moment)| BestMoment {
        channel: known.channels[moment.channel].clone(),
        hour: moment.hour,
        believed: *believed,
    };
    let n_messages = known.n_own.get(&(place as u32)).copied().unwrap_or(0);
    Ok(OfPerson { n_messages, best: best.iter().take(3).map(told).collect(), ..nothing })
}

#[cfg(test)]
mod tests {
    use super::super::rows::DELIVERED;
    use super::*;

    #[test]
    fn an_answer_is_at_least_as_far_as_it_says() {
        assert!(Answered::Opened.is_met(CONVERTED) && Answered::Opened.is_met(OPENED));
        assert!(!Answered::Opened.is_met(DELIVERED) && !Answered::Converted.is_met(CLICKED));
    }
}
