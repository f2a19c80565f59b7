//! Whom a campaign moves more than others.

use zhike_domain::audience::Set;
use zhike_domain::consent::{PROFILING, State};
use zhike_ml::chance::Features;
use zhike_ml::lift::{Problem, Tenth, UpliftOptions, uplift};

use zhike_domain::small_groups::is_small;

use super::lift::{Arms, Drawn};
use super::spec::Spec;
use super::{Facts, words};
use crate::analysis::Head;
use crate::consents::recorded;
use crate::segments::{self, People};
use crate::work::{threads, worked};
use crate::{Ctx, Result, boxed, models};

/// A tenth of customers, by what the model says the campaign changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpliftTenth {
    /// People.
    pub n: u64,
    /// What the model says, as a share of buyers.
    pub said: f64,
    /// What it was.
    pub uplift: f64,
    /// Interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Whether it is proposed to send to them.
    pub is_target: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Customers that were learnt from: withheld, treated.
    pub n: [u64; 2],
    /// Of everybody: what the campaign changed in the share of buyers, with its interval.
    pub average: [f64; 3],
    /// What ranking is worth beyond chance, with its interval.
    pub qini: [f64; 3],
    /// Whether that is above nought: if not, no heterogeneity was found, and nobody is ranked.
    pub is_found: bool,
    /// The best first; none when nothing was found.
    pub tenths: Vec<UpliftTenth>,
    /// Things that were looked at.
    pub n_features: u64,
}

/// Why nothing was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoUplift {
    /// One arm alone.
    NoHoldout,
    /// Nobody's time is over, or nobody had bought before.
    Nobody,
    /// Of the rarest outcome of an arm.
    TooFew {
        /// People there are.
        n: u64,
        /// People it takes.
        needed: u64,
    },
    /// Nothing is known by which people differ.
    NoFeatures,
}

/// What was learnt, and who stands where.
pub(super) struct Learnt {
    pub(super) found: std::result::Result<Found, NoUplift>,
    /// Numbers of customers with their tenth; empty when nothing was found.
    pub(super) tenth_of: Vec<(u32, u8)>,
    /// Those drawn whose time is over and who refused profiling.
    pub(super) n_refused: u64,
}

/// Learns of those of both arms whose time is over, had bought before and did not refuse profiling.
pub(super) async fn learn(ctx: &Ctx, people: &People, arms: &Arms, first_day: i64) -> Result<Learnt> {
    let none = |why, n_refused| Ok(Learnt { found: Err(why), tenth_of: Vec::new(), n_refused });
    let everybody = crate::segments::people(ctx).await?;
    let of_today = recorded(ctx, &everybody, PROFILING, State::Withdrawn, None).await?;
    let refused: Set = people.set(of_today.iter().map(|at| everybody.ids[at]));
    let n_refused = arms.all.iter().filter(|one| refused.contains(one.who as usize)).count() as u64;
    if arms.sizes.contains(&0) {
        return none(NoUplift::NoHoldout, n_refused);
    }
    let mut drawn: Vec<Drawn> = arms.all.iter().filter(|one| !refused.contains(one.who as usize)).copied().collect();
    drawn.sort_by_key(|one| one.who);
    let ids: Vec<i64> = drawn.iter().map(|one| people.ids[one.who as usize]).collect();
    // As of the evening before anybody was drawn: what came later may be the campaign's doing.
    let before = models::before(ctx, &ids, first_day - 1).await?;
    drawn.retain(|one| before.ids.binary_search(&people.ids[one.who as usize]).is_ok());
    if drawn.is_empty() {
        return none(NoUplift::Nobody, n_refused);
    }
    if before.keys.is_empty() {
        return none(NoUplift::NoFeatures, n_refused);
    }
    let n_features = before.keys.len() as u64;
    let n_columns = before.keys.len();
    let (found, tenth_of) = worked("campaigns", move || {
        let treated: Vec<bool> = drawn.iter().map(|one| one.is_treated).collect();
        let outcomes: Vec<bool> = drawn.iter().map(|one| one.has_bought).collect();
        let names: Vec<u64> = drawn.iter().map(|one| u64::from(one.who)).collect();
        let features = Features { values: &before.values, n_columns };
        let options = UpliftOptions::for_rows(drawn.len(), threads());
        match uplift(&features, &treated, &outcomes, &names, &options) {
            Err(Problem::TooFew { n, needed }) => {
                (Err(NoUplift::TooFew { n: n as u64, needed: needed as u64 }), Vec::new())
            }
            Err(_) => (Err(NoUplift::Nobody), Vec::new()),
            Ok(learnt) => {
                let graded = &learnt.heterogeneity;
                let n = |arm: bool| treated.iter().filter(|treated| **treated == arm).count() as u64;
                let found = Found {
                    n: [n(false), n(true)],
                    average: [learnt.average.difference, learnt.average.low, learnt.average.high],
                    qini: [graded.qini, graded.low, graded.high],
                    is_found: graded.is_found,
                    tenths: if graded.is_found { tenths(&graded.tenths) } else { Vec::new() },
                    n_features,
                };
                let tenth_of = drawn.iter().zip(&learnt.tenth_of).map(|(one, tenth)| (one.who, *tenth));
                (Ok(found), if graded.is_found { tenth_of.collect() } else { Vec::new() })
            }
        }
    })
    .await?;
    Ok(Learnt { found, tenth_of, n_refused })
}

/// Proposed are the first tenths, as long as more of them buy because of it.
fn tenths(found: &[Tenth]) -> Vec<UpliftTenth> {
    let n_target = found.iter().take_while(|tenth| tenth.uplift > 0.0).count();
    found
        .iter()
        .enumerate()
        .map(|(at, tenth)| UpliftTenth {
            n: tenth.n as u64,
            said: tenth.said,
            uplift: tenth.uplift,
            low: tenth.low,
            high: tenth.high,
            is_target: at < n_target,
        })
        .collect()
}

impl Learnt {
    /// Customers of a tenth, from 1, or of those that are proposed.
    pub(super) fn of(&self, which: &str) -> Option<Vec<u32>> {
        let Ok(found) = &self.found else { return None };
        let wanted: Vec<u8> = match which {
            "target" => (0..).zip(&found.tenths).filter(|(_, tenth)| tenth.is_target).map(|(at, _)| at).collect(),
            number => vec![number.parse::<u8>().ok().filter(|at| (1..=10).contains(at))? - 1],
        };
        Some(self.tenth_of.iter().filter(|(_, tenth)| wanted.contains(tenth)).map(|(who, _)| *who).collect())
    }
}

/// Whom a campaign moves more than others.
#[derive(Clone, Debug)]
pub struct UpliftAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// What was found; none where nothing could be learnt, or so few people are not told.
    pub found: Option<Found>,
    /// Why nothing could be learnt.
    pub problem: Option<NoUplift>,
    /// Who refused profiling and is left out; none where so few are not told.
    pub n_refused: Option<u64>,
}

async fn learnt(ctx: &Ctx, spec: &Spec) -> Result<(Facts, String, Learnt)> {
    let facts = Facts::read(ctx, spec, false, spec.before_days).await?;
    let number = super::campaign(&facts.messages, spec)?;
    let arms = facts.arms(spec, number);
    let of = &facts.messages.campaigns[number as usize];
    let title = of.name.clone().unwrap_or_else(|| of.id.clone());
    let first = facts.of_campaign(number).map(|one| one.at).min().unwrap_or(facts.until);
    let learnt = learn(ctx, &facts.ground.bulk.people, &arms, ctx.workspace().day_of(first)).await?;
    Ok((facts, title, learnt))
}

/// Whom a campaign moves more than others, by what was known of them before; that nothing was found is said.
///
/// **Errors**: `bad_request` without a campaign, `not_found` for one that there is not.
#[boxed]
pub async fn uplift_of(ctx: &Ctx, spec: &Spec) -> Result<UpliftAnswer> {
    let (facts, title, learnt) = learnt(ctx, spec).await?;
    let k = ctx.min_group();
    let is_few = learnt.found.as_ref().is_ok_and(|found| {
        let tenths = found.tenths.iter().map(|tenth| tenth.n);
        found.n.iter().copied().chain(tenths).any(|n| is_small(n, k))
    });
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_uplift(spec, &title, facts.ground.days, segment.as_deref());
    let meaning = if is_few { words::few() } else { words::uplift(&title, &learnt.found) };
    let head = facts.ground.head_of(spec.json(), sentence, meaning, is_few || is_small(learnt.n_refused, k));
    let problem = learnt.found.as_ref().err().copied();
    Ok(UpliftAnswer {
        head,
        spec: spec.clone(),
        found: learnt.found.ok().filter(|_| !is_few),
        problem,
        n_refused: (!is_small(learnt.n_refused, k)).then_some(learnt.n_refused),
    })
}

/// The people of a tenth, or of those that are proposed.
pub(super) async fn behind(ctx: &Ctx, spec: &Spec, which: &str) -> Result<Vec<i64>> {
    let (facts, _, learnt) = learnt(ctx, spec).await?;
    let who = learnt.of(which).ok_or_else(super::no_part)?;
    Ok(facts.ground.ids(who))
}
