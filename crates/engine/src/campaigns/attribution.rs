//! Which contacts orders are credited to: messages and visits before each order, in eight ways side by side.

use zhike_domain::audience::Set;
use zhike_ml::attribution::{Credit, Credits, HALF_LIFE_DAYS, Path, Problem, Rule, Touch, by_rule, markov};

use zhike_domain::small_groups::is_small;

use super::rows::{DAY_US, Messages, NONE, Names, Sales};
use super::spec::{By, Spec};
use super::words;
use crate::analysis::{Ground, Head};
use crate::segments::{self, People, Seeker};
use crate::work::{threads, worked};
use crate::{Ctx, Error, Result, boxed};

/// The ways, in the order of columns.
pub const WAYS: [&str; 8] =
    ["first", "last", "last_non_direct", "linear", "u_shape", "time_decay", "markov", "shapley"];
/// Visits that came from nowhere.
pub(super) const DIRECT: &str = "direct";
/// Contacts of those with a part of their own; the rest is taken together.
const MAX_CHANNELS: usize = 40;
/// What the rest is called.
pub(super) const OTHER: &str = "other";

/// A message or a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Contact {
    pub(super) who: u32,
    pub(super) at: i64,
    pub(super) channel: u32,
}

/// Contacts of customers, and orders with what led to them.
#[derive(Debug, Default)]
pub(super) struct Journeys {
    pub(super) names: Names,
    /// By customer and time.
    pub(super) contacts: Vec<Contact>,
    /// Customers of each path, beside `paths`.
    pub(super) who: Vec<u32>,
    pub(super) paths: Vec<Path>,
}

/// A path with each of its channels once.
fn met_once(path: &Path) -> Path {
    let mut touches: Vec<Touch> = Vec::new();
    for touch in &path.touches {
        if !touches.iter().any(|known| known.channel == touch.channel) {
            touches.push(*touch);
        }
    }
    Path { touches, ..path.clone() }
}

/// Where a visit came from, when it does not say: another site, or nowhere.
fn referred(referrer: Option<&str>, url: Option<&str>) -> Option<String> {
    let host = |text: &str| {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Some(host.trim_start_matches("www.").to_lowercase()).filter(|host| host.contains('.'))
    };
    let from = host(referrer?)?;
    (url.and_then(host) != Some(from.clone())).then_some(from)
}

impl Journeys {
    /// Contacts of some customers in the days before the first order that is asked about, and until the last.
    pub(super) async fn read(
        ctx: &Ctx,
        people: &People,
        who: &Set,
        spec: &Spec,
        messages: &Messages,
        sales: &Sales,
        (from, to): (i64, i64),
    ) -> Result<Self> {
        let mut found = Self::default();
        for one in messages.all.iter().filter(|one| one.is_reached()) {
            let campaign = messages.campaigns.get(one.campaign as usize);
            let name = match spec.by {
                By::Channel => messages.channels.text(one.channel),
                By::Strategy => campaign.and_then(|campaign| campaign.goal.as_deref()),
                By::Campaign | By::Creative | By::Coupon => campaign.map(|campaign| campaign.id.as_str()),
            };
            let channel = found.names.number(Some(name.unwrap_or("?")));
            found.contacts.push(Contact { who: one.who, at: one.at, channel });
        }
        if spec.visits {
            found.visits(ctx, people, who, spec, (from - spec.lookback_days * DAY_US, to)).await?;
        }
        found.settle();
        found.walk(sales, spec.lookback_days * DAY_US, (from, to));
        Ok(found)
    }

    async fn visits(&mut self, ctx: &Ctx, people: &People, who: &Set, spec: &Spec, between: (i64, i64)) -> Result<()> {
        let mut rows = ctx.lake().visits(between).await?;
        let mut seeker = Seeker::default();
        while let Some(frame) = rows.next().await? {
            let bug = |name: &str| Error::bug("visits", std::io::Error::other(name.to_owned()));
            let num = |name| frame.num(name).ok_or_else(|| bug(name));
            let text = |name| frame.text(name).ok_or_else(|| bug(name));
            let (ids, times) = (num("profile_id")?, num("at")?);
            let (sources, media, names) = (text("utm_source")?, text("utm_medium")?, text("utm_campaign")?);
            let (referrers, urls) = (text("referrer")?, text("url")?);
            for row in 0..frame.n_rows() {
                let (Some(id), Some(at)) = (ids.get(row), times.get(row)) else { continue };
                let Some(person) = seeker.at(&people.ids, id).filter(|at| who.contains(*at)) else { continue };
                let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
                let own = match spec.by {
                    By::Channel => some(media.get(row)).or_else(|| some(sources.get(row))),
                    _ => some(names.get(row)).or_else(|| some(sources.get(row))).or_else(|| some(media.get(row))),
                };
                let name =
                    own.or_else(|| referred(referrers.get(row), urls.get(row))).unwrap_or_else(|| DIRECT.to_owned());
                let channel = self.names.number(Some(&name));
                self.contacts.push(Contact { who: person as u32, at, channel });
            }
        }
        Ok(())
    }

    /// Channels by letters, the rarest of many taken together, contacts in order.
    fn settle(&mut self) {
        let mut n: Vec<(u64, &str)> = self.names.texts.iter().map(|text| (0, text.as_str())).collect();
        self.contacts.iter().for_each(|one| n[one.channel as usize].0 += 1);
        let mut order: Vec<(u64, &str)> = n.clone();
        order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        let is_kept = |text: &str| {
            self.names.texts.len() <= MAX_CHANNELS
                || text == DIRECT
                || order.iter().take(MAX_CHANNELS - 1).any(|(_, kept)| *kept == text)
        };
        let mut names = Names::default();
        let of: Vec<u32> =
            self.names.texts.iter().map(|text| names.number(Some(if is_kept(text) { text } else { OTHER }))).collect();
        let places = names.settle();
        let turn = |at: u32| of.get(at as usize).and_then(|at| places.get(*at as usize)).copied().unwrap_or(NONE);
        self.contacts.iter_mut().for_each(|one| one.channel = turn(one.channel));
        self.contacts.sort_unstable();
        self.names = names;
    }

    /// A path for each order, and one for contacts that no order followed in time.
    fn walk(&mut self, sales: &Sales, lookback: i64, (from, to): (i64, i64)) {
        let days = |at: i64| (at - from) as f64 / DAY_US as f64;
        let touches = |own: &[Contact]| -> Vec<Touch> {
            own.iter().map(|one| Touch { channel: one.channel as usize, at: days(one.at) }).collect()
        };
        let sold: Vec<_> = sales.all.iter().filter(|sale| (from..to).contains(&sale.at)).collect();
        for sale in &sold {
            let start = self.contacts.partition_point(|one| (one.who, one.at) < (sale.who, sale.at - lookback));
            let end = self.contacts.partition_point(|one| (one.who, one.at) <= (sale.who, sale.at));
            let path = Path {
                touches: touches(&self.contacts[start..end.max(start)]),
                conversion: Some(zhike_ml::attribution::Conversion {
                    at: days(sale.at),
                    value: sale.net as f64 / 100.0,
                }),
                weight: 1.0,
            };
            self.who.push(sale.who);
            self.paths.push(path);
        }
        for own in self.contacts.chunk_by(|a, b| a.who == b.who) {
            let left: Vec<Contact> = own
                .iter()
                .filter(|one| (from..to).contains(&one.at))
                .filter(|one| sales.of(one.who, (one.at, one.at + lookback + 1)).iter().all(|sale| sale.at >= to))
                .copied()
                .collect();
            if let Some(first) = left.first() {
                self.who.push(first.who);
                self.paths.push(Path { touches: touches(&left), conversion: None, weight: 1.0 });
            }
        }
    }

    /// Credits in every way, in the order of [`WAYS`].
    pub(super) fn credits(&self) -> Vec<std::result::Result<Credits, Problem>> {
        let n = self.names.texts.len();
        let direct = self.names.known(DIRECT).map(|at| at as usize).into_iter().collect();
        let rules = [
            Rule::First,
            Rule::Last,
            Rule::LastBut(direct),
            Rule::Linear,
            Rule::UShape,
            Rule::TimeDecay { half_life: HALF_LIFE_DAYS },
        ];
        let mut all: Vec<_> = rules.iter().map(|rule| by_rule(&self.paths, n, rule)).collect();
        all.push(markov(&self.paths, n, 1, threads()));
        // Shapley shares. Worth by conversions makes them equal within the channels of each path: no sets need to be tried.
        all.push(by_rule(&self.paths.iter().map(met_once).collect::<Vec<Path>>(), n, &Rule::Linear));
        all
    }

    /// Customers of orders that a channel was met before, or of those that none was.
    pub(super) fn behind(&self, channel: Option<u32>) -> Vec<u32> {
        let has = |path: &Path| match channel {
            Some(channel) => path.touches.iter().any(|touch| touch.channel == channel as usize),
            None => path.touches.is_empty(),
        };
        let own = self.paths.iter().zip(&self.who).filter(|(path, _)| path.conversion.is_some() && has(path));
        let mut who: Vec<u32> = own.map(|(_, who)| *who).collect();
        who.sort_unstable();
        who.dedup();
        who
    }

    /// All orders and their worth.
    pub(super) fn total(&self) -> Credit {
        self.paths.iter().filter_map(|path| path.conversion).fold(Credit::default(), |sum, one| Credit {
            conversions: sum.conversions + 1.0,
            value: sum.value + one.value,
        })
    }
}

/// A channel beside others.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Name of the channel, or code of the campaign.
    pub key: String,
    /// Name of the campaign.
    pub name: Option<String>,
    /// Messages and visits.
    pub n_contacts: u64,
    /// People with an order that it was met before; none where so few are not told.
    pub n_people: Option<u64>,
    /// By way; none where the way has no answer.
    pub credits: Vec<Option<Credit>>,
}

/// Which contacts orders are credited to.
#[derive(Clone, Debug)]
pub struct AttributionAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// Orders and their worth; none where so few are not told.
    pub total: Option<Credit>,
    /// People with an order that no contact was met before.
    pub n_nobody: Option<u64>,
    /// By way, what no channel is credited with; none where the way has no answer.
    pub nobody: Vec<Option<Credit>>,
    /// By the linear way.
    pub channels: Vec<Channel>,
}

impl Journeys {
    /// Takes channels of so few people together until none of them is told of by itself. Says whether anything was.
    fn take_together(&mut self, k: u64) -> bool {
        let mut is_any = false;
        loop {
            let n = self.names.texts.len() as u32;
            let counts: Vec<u64> = (0..n).map(|channel| self.behind(Some(channel)).len() as u64).collect();
            let mut small: Vec<u32> = (0..n).filter(|at| is_small(counts[*at as usize], k)).collect();
            if small.is_empty() || n < 2 {
                return is_any;
            }
            is_any = true;
            let is_other = |at: u32| self.names.text(at) == Some(OTHER);
            small.extend((0..n).filter(|at| is_other(*at) && !small.contains(at)).collect::<Vec<u32>>());
            if small.len() == 1 {
                let next = (0..n).filter(|at| !small.contains(at)).min_by_key(|at| counts[*at as usize]);
                small.extend(next);
            }
            let mut names = Names::default();
            let of: Vec<u32> = (0..n)
                .map(|at| names.number(Some(if small.contains(&at) { OTHER } else { &self.names.texts[at as usize] })))
                .collect();
            let places = names.settle();
            let turn = |at: u32| places[of[at as usize] as usize];
            self.contacts.iter_mut().for_each(|one| one.channel = turn(one.channel));
            for path in &mut self.paths {
                path.touches.iter_mut().for_each(|touch| touch.channel = turn(touch.channel as u32) as usize);
            }
            self.names = names;
        }
    }
}

/// What is looked at: messages and visits of the days before the first, too.
pub(super) async fn journeys(ctx: &Ctx, spec: &Spec) -> Result<(Ground, Messages, Journeys)> {
    let ground = Ground::new(ctx, &spec.scope, super::USUAL_DAYS).await?;
    let people = &ground.bulk.people;
    let before = spec.lookback_days * DAY_US;
    let between = (ground.span.0 - before, ground.span.1);
    let messages = Messages::read(ctx, people, &ground.who, between, false).await?;
    let sales = Sales::read(ctx, people, &ground.who, ground.span).await?;
    let found = Journeys::read(ctx, people, &ground.who, spec, &messages, &sales, ground.span).await?;
    Ok((ground, messages, found))
}

/// Which contacts orders are credited to, in eight ways. Credit is not effect: who would have bought anyway is credited, too.
///
/// **Errors**: `bad_request` for days the wrong way round.
#[boxed]
pub async fn attribution(ctx: &Ctx, spec: &Spec) -> Result<AttributionAnswer> {
    let (ground, messages, mut found) = journeys(ctx, spec).await?;
    let k = ctx.min_group();
    let is_together = found.take_together(k);
    let (found, ways) = worked("campaigns", move || {
        let ways = found.credits();
        (found, ways)
    })
    .await?;
    let mut n_contacts = vec![0_u64; found.names.texts.len()];
    found.contacts.iter().for_each(|one| n_contacts[one.channel as usize] += 1);
    let told = |n: usize| (!is_small(n as u64, k)).then_some(n as u64);
    let mut buyers: Vec<u32> =
        found.paths.iter().zip(&found.who).filter(|(path, _)| path.conversion.is_some()).map(|(_, who)| *who).collect();
    buyers.sort_unstable();
    buyers.dedup();
    let nobody = found.behind(None).len();
    let n_nobody = told(nobody);
    // The total less the channels would tell of those without a contact.
    let is_shown = told(buyers.len()).is_some() && n_nobody.is_some();
    let names = |key: &str| messages.campaign(key).and_then(|at| messages.campaigns[at as usize].name.clone());
    let mut channels: Vec<Channel> = (0..found.names.texts.len())
        .map(|at| Channel {
            key: found.names.texts[at].clone(),
            name: (spec.by == By::Campaign).then(|| names(&found.names.texts[at])).flatten(),
            n_contacts: n_contacts[at],
            n_people: told(found.behind(Some(at as u32)).len()),
            credits: ways.iter().map(|way| way.as_ref().ok().map(|credits| credits.channels[at])).collect(),
        })
        .collect();
    let by = |channel: &Channel| channel.credits[3].map_or(0.0, |credit| credit.value);
    channels.sort_by(|a, b| by(b).total_cmp(&by(a)).then_with(|| a.key.cmp(&b.key)));
    if !is_shown {
        channels.clear();
    }
    let total = is_shown.then(|| found.total());
    let without = ways.iter().map(|way| way.as_ref().ok().map(|credits| credits.nobody)).collect::<Vec<_>>();
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_attribution(spec, ground.days, segment.as_deref());
    let meaning = words::attribution(spec, total, without[3], &channels, &ctx.workspace().currency);
    let head = ground.head_of(spec.json(), sentence, meaning, !is_shown || is_together);
    Ok(AttributionAnswer {
        head,
        spec: spec.clone(),
        total,
        n_nobody: n_nobody.filter(|_| is_shown),
        nobody: if is_shown { without } else { vec![None; WAYS.len()] },
        channels,
    })
}

/// The people of a channel, or of none.
pub(super) async fn behind(ctx: &Ctx, spec: &Spec, key: Option<&str>) -> Result<Vec<i64>> {
    let (ground, _, mut found) = journeys(ctx, spec).await?;
    found.take_together(ctx.min_group());
    let channel = key.map(|key| found.names.known(key).ok_or_else(super::no_part)).transpose()?;
    Ok(ground.ids(found.behind(channel)))
}

#[cfg(test)]
mod tests {
    use zhike_ml::attribution::{Sampling, Worth, shapley};

    use super::*;

    #[test]
    fn fair_shares_need_no_sets() {
        let touch = |channel: usize, at: f64| Touch { channel, at };
        let conversion = Some(zhike_ml::attribution::Conversion { at: 9.0, value: 3.0 });
        let path = |touches: Vec<Touch>| Path { touches, conversion, weight: 1.0 };
        let paths = vec![
            path(vec![touch(0, 1.0), touch(1, 2.0), touch(0, 3.0)]),
            path(vec![touch(2, 1.0), touch(1, 2.0)]),
            path(Vec::new()),
        ];
        let sampling = Sampling { n_orders: 1, seed: 1, n_threads: 1 };
        let fair = shapley(&paths, 3, Worth::Conversions, sampling).unwrap();
        let once: Vec<Path> = paths.iter().map(met_once).collect();
        let quick = by_rule(&once, 3, &Rule::Linear).unwrap();
        for (a, b) in fair.channels.iter().zip(&quick.channels) {
            assert!((a.conversions - b.conversions).abs() < 1e-12 && (a.value - b.value).abs() < 1e-12);
        }
    }

    #[test]
    fn a_visit_from_another_site_says_so() {
        let of = |referrer, url| referred(Some(referrer), Some(url));
        assert_eq!(of("https://www.baidu.com/s?wd=a", "https://shop.example/"), Some("baidu.com".to_owned()));
        assert_eq!(of("https://shop.example/a", "https://www.shop.example/b"), None);
        assert_eq!(of("", "https://shop.example/"), None);
    }
}
