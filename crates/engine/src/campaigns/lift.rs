//! What a campaign changed: those who were drawn to get it beside those who were withheld, reached or not.

use zhike_ml::lift::{
    Adjusted, Comparison, Design, Look, Rate, SampleRatio, Sequential, adjust, compare_means, compare_rates,
    detectable_rate, people_for_rates, sample_ratio,
};

use super::rows::{DAY_US, Message, Sales};

/// Level of all intervals.
const LEVEL: f64 = 0.95;
/// The difference of shares that looking while it runs is best at finding; set before any data are seen.
const EXPECTED: f64 = 0.02;
/// People of each arm before the first look: fewer are not normal.
const FIRST_LOOK: usize = 100;

/// A customer of a campaign with two arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    pub(super) who: u32,
    /// When drawn: the first row of either arm.
    pub(super) at: i64,
    pub(super) is_treated: bool,
    /// Whether there was an order in time.
    pub(super) has_bought: bool,
    /// Net amount of those orders, hundredths.
    pub(super) spent: i64,
    /// Net amount of the days before, hundredths.
    pub(super) before: i64,
}

/// Customers of a campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Arms {
    /// Those whose time is over, by when they were drawn.
    pub(super) all: Vec<Drawn>,
    /// Whose time is not over yet.
    pub(super) open: Vec<u32>,
    /// In both arms; they count where they were drawn first, withheld when at one time.
    pub(super) both: Vec<u32>,
    /// Everybody who was drawn: withheld, treated.
    pub(super) sizes: [u64; 2],
}

impl Arms {
    /// Of the messages of one campaign, in the order of customers and time.
    pub(super) fn new<'a>(
        messages: impl IntoIterator<Item = &'a Message>,
        sales: &Sales,
        (window_days, before_days): (i64, i64),
        until: i64,
    ) -> Self {
        let all: Vec<&Message> = messages.into_iter().collect();
        let mut found = Self::default();
        for own in all.chunk_by(|a, b| a.who == b.who) {
            let (who, at) = (own[0].who, own[0].at);
            let is_treated = own.iter().take_while(|one| one.at == at).all(|one| !one.is_holdout);
            if own.iter().any(|one| one.is_holdout == is_treated) {
                found.both.push(who);
            }
            found.sizes[usize::from(is_treated)] += 1;
            let end = at + window_days * DAY_US;
            if end > until {
                found.open.push(who);
                continue;
            }
            let bought = sales.of(who, (at, end));
            found.all.push(Drawn {
                who,
                at,
                is_treated,
                has_bought: !bought.is_empty(),
                spent: bought.iter().map(|sale| sale.net).sum(),
                before: sales.net(who, (at - before_days * DAY_US, at)),
            });
        }
        found.all.sort_by_key(|one| (one.at, one.who));
        found
    }

    pub(super) fn arm(&self, is_treated: bool) -> impl Iterator<Item = &Drawn> {
        self.all.iter().filter(move |one| one.is_treated == is_treated)
    }

    pub(super) fn rate(&self, is_treated: bool) -> Rate {
        let n_done = self.arm(is_treated).filter(|one| one.has_bought).count() as u64;
        Rate { n_done, n: self.arm(is_treated).count() as u64 }
    }
}

/// A difference with its interval, for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Share or mean of those withheld.
    pub holdout: f64,
    /// Of those treated.
    pub treated: f64,
    /// Treated less withheld.
    pub difference: f64,
    /// Interval of 95 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Relative to those withheld; none where that is nought.
    pub relative: Option<f64>,
    /// Its interval; none where it has none.
    pub relative_low: Option<f64>,
    /// Upper end.
    pub relative_high: Option<f64>,
    /// Chance of such a difference if there were none.
    pub p: f64,
}

impl Effect {
    fn new(found: &Comparison, unit: f64) -> Self {
        let some = |value: f64| value.is_finite().then_some(value);
        Self {
            holdout: found.means[0] / unit,
            treated: found.means[1] / unit,
            difference: found.difference / unit,
            low: found.low / unit,
            high: found.high / unit,
            relative: some(found.relative),
            relative_low: some(found.relative_low),
            relative_high: some(found.relative_high),
            p: found.p,
        }
    }
}

/// A look at the campaign on a day, of everybody whose time was over then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayLook {
    /// Day, since 1970.
    pub day: i64,
    /// Withheld, treated.
    pub n: [u64; 2],
    /// Share of buyers, treated less withheld.
    pub difference: f64,
    /// Interval that holds at all looks together.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Chance, valid whenever one stops.
    pub p: f64,
}

/// What to do with a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nobody was withheld: what it changed cannot be told.
    NoHoldout,
    /// Nobody's time is over.
    TooEarly,
    /// Arms are not as large as they were to be: something loses people of one.
    Broken,
    /// Fewer buy because of it: stop.
    StopHarm,
    /// More buy because of it, and that will not change by looking longer.
    EnoughEvidence,
    /// Undecided, still running.
    GoOn,
    /// Over: more bought because of it.
    Worked,
    /// Over: fewer bought because of it.
    Harmed,
    /// Over: too little difference to be told from chance.
    Unclear,
}

impl Verdict {
    /// As it is written in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoHoldout => "no_holdout",
            Self::TooEarly => "too_early",
            Self::Broken => "broken",
            Self::StopHarm => "stop_harm",
            Self::EnoughEvidence => "enough_evidence",
            Self::GoOn => "go_on",
            Self::Worked => "worked",
            Self::Harmed => "harmed",
            Self::Unclear => "unclear",
        }
    }
}

/// What a campaign changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Lift {
    /// Whose time is over: withheld, treated.
    pub n: [u64; 2],
    /// Of them, who bought.
    pub n_bought: [u64; 2],
    /// Whose time is not over.
    pub n_open: u64,
    /// Who is in both arms.
    pub n_both: u64,
    /// Share of buyers.
    pub rate: Option<Effect>,
    /// Spending each, in whole units of money.
    pub spend: Option<Effect>,
    /// The same, less what spending before predicts.
    pub adjusted: Option<Effect>,
    /// Share of the variance that this took away.
    pub reduction: Option<f64>,
    /// Share that was to be withheld.
    pub planned: Option<f64>,
    /// Chance of arms of these sizes under that plan.
    pub ratio_p: Option<f64>,
    /// Day by day, as far as arms were large enough.
    pub looks: Vec<DayLook>,
    /// What to do.
    pub verdict: Verdict,
    /// People in all that a difference such as the one seen would take; none where it is decided, or nothing is seen.
    pub n_needed: Option<u64>,
    /// Days until then, at the pace so far.
    pub days_needed: Option<u64>,
    /// The smallest share of buyers among the treated that so many people would find.
    pub detectable: Option<f64>,
}

/// What is compared, and what it says.
pub(super) struct Timing {
    /// Whether the campaign is over.
    pub(super) is_over: bool,
    /// Day of an instant.
    pub(super) day_of: Box<dyn Fn(i64) -> i64>,
    pub(super) window_days: i64,
}

pub(super) fn lift(arms: &Arms, planned: Option<f64>, timing: &Timing) -> Lift {
    let rates = [arms.rate(false), arms.rate(true)];
    let spends = |is_treated: bool| arms.arm(is_treated).map(|one| one.spent as f64).collect::<Vec<f64>>();
    let pairs = |is_treated: bool| {
        arms.arm(is_treated).map(|one| (one.spent as f64, one.before as f64)).collect::<Vec<(f64, f64)>>()
    };
    let rate = compare_rates(rates[0], rates[1], LEVEL).ok();
    let spend = compare_means(&spends(false), &spends(true), LEVEL).ok();
    let adjusted: Option<Adjusted> = adjust(&pairs(false), &pairs(true), LEVEL).ok();
    let ratio: Option<SampleRatio> = planned.and_then(|share| sample_ratio(&arms.sizes, &[share, 1.0 - share]));
    let looks = looks(arms, timing);
    let has_two = arms.sizes[0] > 0 && arms.sizes[1] > 0;
    let is_decided = looks.last().filter(|look| look.p <= 1.0 - LEVEL);
    let is_broken = ratio.is_some_and(|ratio| ratio.is_alarm);
    let is_over = timing.is_over && arms.open.is_empty();
    let verdict = match (&rate, is_decided) {
        _ if !has_two => Verdict::NoHoldout,
        _ if is_broken => Verdict::Broken,
        (None, _) => Verdict::TooEarly,
        (Some(rate), _) if is_over && rate.low > 0.0 => Verdict::Worked,
        (Some(rate), _) if is_over && rate.high < 0.0 => Verdict::Harmed,
        (Some(_), _) if is_over => Verdict::Unclear,
        (_, Some(look)) if look.difference > 0.0 => Verdict::EnoughEvidence,
        (_, Some(_)) => Verdict::StopHarm,
        (_, None) => Verdict::GoOn,
    };
    let total = rates[0].n + rates[1].n;
    let design = Design { treated_share: rates[1].n as f64 / (total as f64).max(1.0), ..Design::default() };
    let is_undecided = matches!(verdict, Verdict::GoOn | Verdict::Unclear);
    let n_needed = rate
        .filter(|_| is_undecided)
        .and_then(|rate| people_for_rates(rate.means[0], rate.means[1], &design))
        .map(|[a, b]| a.saturating_add(b));
    let pace = pace(arms, timing);
    let days_needed = n_needed
        .filter(|_| verdict == Verdict::GoOn)
        .and_then(|n| pace.map(|pace| (n.saturating_sub(total) as f64 / pace).ceil() as u64));
    Lift {
        n: rates.map(|rate| rate.n),
        n_bought: rates.map(|rate| rate.n_done),
        n_open: arms.open.len() as u64,
        n_both: arms.both.len() as u64,
        rate: rate.map(|found| Effect::new(&found, 1.0)),
        spend: spend.map(|found| Effect::new(&found, 100.0)),
        adjusted: adjusted.map(|found| Effect::new(&found.comparison, 100.0)),
        reduction: adjusted.map(|found| found.reduction),
        planned,
        ratio_p: ratio.map(|ratio| ratio.p),
        looks,
        verdict,
        n_needed,
        days_needed,
        detectable: rate.filter(|_| is_undecided).and_then(|rate| detectable_rate(rate.means[0], total, &design)),
    }
}

/// People a day who were drawn, from the first to the last of them.
fn pace(arms: &Arms, timing: &Timing) -> Option<f64> {
    let (first, last) = (arms.all.first()?, arms.all.last()?);
    let days = (timing.day_of)(last.at) - (timing.day_of)(first.at) + 1;
    Some(arms.all.len() as f64 / days as f64)
}

/// Looks at the end of each day on which somebody's time ended, all of whom count that far.
fn looks(arms: &Arms, timing: &Timing) -> Vec<DayLook> {
    let Some(mut test) = Sequential::new(LEVEL, EXPECTED) else { return Vec::new() };
    let mut found = Vec::new();
    let (mut n, mut bought) = ([0_u64; 2], [0_u64; 2]);
    let day = |one: &Drawn| (timing.day_of)(one.at) + timing.window_days;
    for own in arms.all.chunk_by(|a, b| day(a) == day(b)) {
        for one in own {
            n[usize::from(one.is_treated)] += 1;
            bought[usize::from(one.is_treated)] += u64::from(one.has_bought);
        }
        if n.iter().any(|n| (*n as usize) < FIRST_LOOK) {
            continue;
        }
        let share = |arm: usize| bought[arm] as f64 / n[arm] as f64;
        let pooled = (bought[0] + bought[1]) as f64 / (n[0] + n[1]) as f64;
        let error = (pooled * (1.0 - pooled) * (1.0 / n[0] as f64 + 1.0 / n[1] as f64)).sqrt();
        let difference = share(1) - share(0);
        let Look { p, low, high, .. } = test.look(difference, error);
        let is_known = low.is_finite() && high.is_finite();
        if is_known {
            found.push(DayLook { day: day(&own[0]), n, difference, low, high, p });
        }
    }
    found
}
