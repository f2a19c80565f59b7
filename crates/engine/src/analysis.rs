//! What people do one after another: funnels, retention, lifecycle, stickiness, paths, and the people behind each number.
//!
//! Owns whose facts of which days answer a question, who is told what, and the lists. What a question is and what an
//! answer means are `zhike_domain::analysis`'s, how facts become rows `zhike_lake::StepScan`'s, how rows are counted
//! `zhike_ml::behaviour`'s. A list is made by the run that made the number, with the same rows.
//!
//! - INV-ANALYSIS-3 (`tests/it/analysis.rs`): every number is that of a plain computation over all facts, and of the list
//!   behind it, in any zone.

use serde::Deserialize;
use serde_json::Value as Json;
use zhike_domain::analysis::{Kind, Scope, Spec, parse, sentence};
use zhike_domain::audience::{AsOf, Rule, Set};
use zhike_domain::small_groups::{self, is_small};

use crate::boxed;
use crate::consents::{self, Excluded};
use crate::segments::{self, Bulk, as_of};
use crate::workspace::date_of;
use crate::{Ctx, Error, Result};

mod funnel;
mod habit;
mod lists;
mod mistakes;
mod paths;
mod retention;
mod rows;
mod then;

pub use funnel::{FunnelAnswer, FunnelGroup, FunnelStep, Instead, funnel};
pub use habit::{LifecycleAnswer, LifecycleRow, StickinessAnswer, lifecycle, stickiness};
pub(crate) use lists::page_of;
pub use lists::{ListPage, people, save};
pub(crate) use mistakes::Mistakes;
pub use paths::{Node, PathFlow, PathsAnswer, paths};
pub use retention::{Cohort, CohortGroup, RetentionAnswer, RetentionCell, retention};
pub use then::Value;

/// What every answer says about itself.
#[derive(Clone, Debug)]
pub struct Head {
    /// The question, as it would be stored.
    pub spec: Json,
    /// The question in words, Chinese and English.
    pub sentence: (String, String),
    /// First and last day.
    pub days: (i64, i64),
    /// Last day of which facts are known.
    pub through: i64,
    /// What the answer means, Chinese and English.
    pub meaning: (String, String),
    /// Those who may not be used for the purpose; none without a purpose.
    pub excluded: Option<Excluded>,
    /// Whether there are some and how many is not told.
    pub is_excluded_hidden: bool,
    /// Whether a number is missing because so few people are not told.
    pub is_suppressed: bool,
}

/// Which number of an answer is meant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Part {
    /// Of a funnel.
    Step {
        /// Step, from 1.
        step: usize,
        /// Whether those are meant who reached the step before and not this one.
        #[serde(default)]
        lost: bool,
        /// Of a breakdown, which part.
        #[serde(default)]
        group: Option<Value>,
    },
    /// Of retention.
    Cohort {
        /// Name of the period; all cohorts when absent.
        cohort: Option<String>,
        /// Column, from 0; the whole cohort when absent.
        #[serde(default)]
        column: Option<usize>,
        /// Whether those are meant who did not come back.
        #[serde(default)]
        gone: bool,
        /// Of a breakdown, which part.
        #[serde(default)]
        group: Option<Value>,
    },
    /// Of lives.
    Life {
        /// Name of the period.
        period: String,
        /// new, returning, resurrected, dormant.
        life: String,
    },
    /// Of stickiness: those there on so many periods.
    Periods {
        /// From 1.
        periods: usize,
    },
    /// Of frequency: those of a bin.
    Times {
        /// Position of the bin, from 0.
        times: usize,
    },
    /// Of paths: those who went from one event to another.
    Flow {
        /// Steps from the anchor, from 0.
        at: usize,
        /// From where.
        from: paths::Node,
        /// To where.
        to: paths::Node,
    },
}

fn no_part() -> Error {
    Error::bad_request(
        "the answer has no such part: take one of those that it shows".into(),
        "结果里没有这一部分：请从结果中选择".into(),
    )
}

/// Reads a question.
///
/// **Errors**: `invalid_analysis` with every mistake and its place.
#[boxed]
pub async fn read(ctx: &Ctx, kind: Kind, json: &Json) -> Result<Spec> {
    parse(kind, json, &segments::all_names(ctx).await?).map_err(Error::invalid_analysis)
}

/// Whose facts of which days count.
pub(crate) struct Ground {
    /// Customers, as of the last day.
    pub(crate) bulk: Bulk,
    /// Those of them whose facts count.
    pub(crate) who: Set,
    /// The newest day of the data.
    pub(crate) seen: AsOf,
    /// First and last day.
    pub(crate) days: (i64, i64),
    /// Instants of the days, the end not included.
    pub(crate) span: (i64, i64),
    excluded: Option<Excluded>,
    is_excluded_hidden: bool,
}

impl Ground {
    pub(crate) async fn new(ctx: &Ctx, scope: &Scope, usual_days: i64) -> Result<Self> {
        let seen = as_of(ctx, None).await?;
        let last = scope.to.unwrap_or(seen.day).min(seen.day);
        let first = scope.from.unwrap_or(last - usual_days + 1);
        if first > last {
            let day = date_of(seen.day).unwrap_or_default();
            return Err(Error::bad_request(
                format!("the first day must not be after the last, nor after {day}, the last day of the data"),
                format!("开始日期不能晚于结束日期，也不能晚于数据的最后一天 {day}"),
            ));
        }
        let then = as_of(ctx, date_of(last)).await?;
        let mut bulk = Bulk::new(ctx, then).await?;
        let (mut rule, mut list) = (Rule::All(Vec::new()), None);
        if let Some(id) = &scope.segment {
            match segments::rule_or_list(ctx, id).await? {
                segments::Members::Rule(of) => rule = of,
                segments::Members::List(of) => list = Some(of),
            }
        }
        let mut who = bulk.rule(ctx, &rule).await?;
        if let Some(list) = list {
            // A list is who is on it now: it was made after the days that it is asked about.
            let members = segments::numbers(&ctx.lake().members(list, None).await?, "profile_id");
            who.and(&bulk.people.set(segments::people_of(ctx, &members).await?));
        }
        let excluded = match &scope.purpose {
            Some(code) => {
                let purpose = consents::purpose(ctx, code).await?;
                Some(consents::gate(ctx, &bulk.people, &purpose).await?.cut(&mut who))
            }
            None => None,
        };
        let k = ctx.min_group();
        let reasons: Vec<u64> = excluded.iter().flat_map(Excluded::reasons).map(|(_, n)| n).collect();
        let is_excluded_hidden =
            reasons.iter().any(|n| is_small(*n, k)) || !small_groups::parts(&reasons, k).iter().all(|shown| *shown);
        let span = (seen.start_of(first), seen.start_of(last + 1));
        Ok(Self {
            bulk,
            who,
            seen,
            days: (first, last),
            span,
            excluded: excluded.filter(|_| !is_excluded_hidden),
            is_excluded_hidden,
        })
    }

    /// Ids of customers by number, ascending.
    pub(crate) fn ids(&self, who: impl IntoIterator<Item = u32>) -> Vec<i64> {
        let mut who: Vec<u32> = who.into_iter().collect();
        who.sort_unstable();
        who.dedup();
        who.into_iter().filter_map(|who| self.bulk.people.ids.get(who as usize).copied()).collect()
    }

    async fn head(self, ctx: &Ctx, spec: &Spec, meaning: (String, String), is_suppressed: bool) -> Result<Head> {
        let words = segments::all_words(ctx).await?;
        let said = sentence(spec, self.days, &ctx.workspace().currency, &words);
        Ok(self.head_of(spec.to_json(), said, meaning, is_suppressed))
    }

    /// What an answer says about itself.
    pub(crate) fn head_of(
        self,
        spec: Json,
        sentence: (String, String),
        meaning: (String, String),
        is_suppressed: bool,
    ) -> Head {
        Head {
            spec,
            sentence,
            days: self.days,
            through: self.seen.day,
            meaning,
            is_suppressed: is_suppressed || self.is_excluded_hidden,
            excluded: self.excluded,
            is_excluded_hidden: self.is_excluded_hidden,
        }
    }
}

/// Hides further parts of a total until what is left of it without the shown ones tells of no small group.
fn hide_rest(counts: &[u64], shown: &mut [bool], k: u64) {
    loop {
        let hidden: Vec<u64> =
            (0..counts.len()).filter(|at| !shown[*at] && counts[*at] > 0).map(|at| counts[at]).collect();
        if hidden.is_empty() || hidden.len() > 1 && hidden.iter().sum::<u64>() >= k {
            return;
        }
        let next = (0..counts.len()).filter(|at| shown[*at] && counts[*at] > 0).min_by_key(|at| counts[*at]);
        let Some(next) = next else { return };
        shown[next] = false;
    }
}

/// A share, when both are told.
fn ratio(part: Option<u64>, whole: Option<u64>) -> Option<f64> {
    let (part, whole) = (part?, whole.filter(|whole| *whole > 0)?);
    Some(part as f64 / whole as f64)
}
