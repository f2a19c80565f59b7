//! Answers about needs: which rules hold, who meets them, and who may take a good that they never had.

use zhike_domain::small_groups::{is_small, nested};

use super::learnt::Status;
use super::needs::{Looks, Need, NeedGrade, Needs, lift, needs};
use super::{Good, Part, Spec, Which, names, words};
use crate::analysis::{Ground, Head};
use crate::{Ctx, Error, Result, boxed, segments};

/// What customers need.
#[derive(Clone, Debug)]
pub struct NeedsAnswer {
    /// Days that the standing of today looks back on, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// Days in which a need is seen.
    pub window_days: i64,
    /// Customers that rules were learnt from.
    pub n_learnt: u64,
    /// Customers who refused profiling; none where so few are not told.
    pub n_refused: Option<u64>,
    /// How often rules tell what is bought; none where too little is known.
    pub grade: Option<NeedGrade>,
    /// Whether they tell more than habits and best sellers.
    pub status: Status,
    /// Those that hold first, by lift.
    pub rules: Vec<NeedRule>,
    /// By good, the most people first.
    pub extension: Vec<Extension>,
    /// Whether what customers have not had is told by what was learnt, not by what sells best.
    pub extension_status: Status,
    /// How often the first good of a list was bought, and that of the best sellers; of customers who bought anything new.
    pub extension_hits: Option<(f64, f64)>,
}

/// Who needs a good, as conditions.
#[derive(Clone, Debug)]
pub struct NeedRule {
    /// Conditions as they name the rule in [`Part`].
    pub keys: Vec<String>,
    /// Conditions in words, Chinese and English.
    pub conditions: Vec<(String, String)>,
    /// What they need.
    pub good: Good,
    /// Customers that it was learnt from.
    pub n_learnt: u64,
    /// Of the later window: customers who met it.
    pub n_graded: u64,
    /// Of them, those who bought the good.
    pub n_bought: u64,
    /// Share of all customers who bought the good.
    pub usual: f64,
    /// Share of those who met it over that.
    pub lift: f64,
    /// Difference to those who did not meet it, with its interval.
    pub differs: Option<[f64; 3]>,
    /// Chance of a coincidence, corrected for all rules.
    pub q: f64,
    /// Whether it is hardly one.
    pub holds: bool,
    /// People who meet it now.
    pub n_people: Option<u64>,
    /// Of them, those who did not buy the good within a year.
    pub n_without: Option<u64>,
}

/// A good for those who have not had it.
#[derive(Clone, Debug)]
pub struct Extension {
    /// What.
    pub good: Good,
    /// For whom it comes first of all that they have not had; none where so few are not told.
    pub n_people: Option<u64>,
}

fn keys(need: &Need) -> Vec<String> {
    let key = |(looks, condition): &(Looks, zhike_ml::needs::Condition)| {
        let name = match looks {
            Looks::At(feature) => feature.key.clone(),
            Looks::Bought(good) => format!("bought {good}"),
        };
        let above = condition.above.map_or_else(String::new, |bound| format!(" > {bound}"));
        let at_most = condition.at_most.map_or_else(String::new, |bound| format!(" <= {bound}"));
        format!("{name}{above}{at_most}")
    };
    need.conditions.iter().map(key).collect()
}

/// Those of some customers, ids ascending, that are asked about.
fn of_ground(ground: &Ground, ids: &[i64]) -> Vec<u32> {
    let mut seeker = crate::segments::Seeker::default();
    let place = |id: &i64| seeker.at(&ground.bulk.people.ids, *id);
    ids.iter().filter_map(place).filter(|at| ground.who.contains(*at)).map(|at| at as u32).collect()
}

/// What customers need, as rules that were graded on what was bought later; and what those who have not had it may take next.
///
/// **Errors**: `bad_request` for days the wrong way round.
#[boxed]
pub async fn needed(ctx: &Ctx, spec: &Spec) -> Result<NeedsAnswer> {
    let ground = Ground::new(ctx, &spec.scope, super::USUAL_DAYS).await?;
    let found = needs(ctx, spec.level).await?;
    let k = ctx.min_group();
    let told = |n: u64| (!is_small(n, k)).then_some(n);
    let ids = found.rules.iter().map(|rule| rule.good).chain(found.extension.keys().copied());
    let name = names(ctx, spec.level, ids.map(|good| found.goods[good as usize].clone()).collect()).await?;
    let good = |good: u32| name(&found.goods[good as usize]);
    let is_told = |rule: &&Need| {
        let [met, bought, all, all_bought] = rule.graded;
        ![met, bought, met - bought, all - met, all_bought - bought].iter().any(|n| is_small(*n, k))
    };
    let rules: Vec<NeedRule> = found
        .rules
        .iter()
        .filter(is_told)
        .map(|rule| {
            let n = [&rule.without, &rule.meets].map(|ids| of_ground(&ground, ids).len() as u64);
            let shown = nested(&n, &[(0, 1)], k);
            NeedRule {
                keys: keys(rule),
                conditions: rule
                    .conditions
                    .iter()
                    .map(|one| words::condition(one, &ctx.workspace().currency))
                    .collect(),
                good: good(rule.good),
                n_learnt: rule.n_learnt,
                n_graded: rule.graded[0],
                n_bought: rule.graded[1],
                usual: rule.graded[3] as f64 / rule.graded[2].max(1) as f64,
                lift: lift(rule),
                differs: rule.differs,
                q: rule.q,
                holds: rule.holds,
                n_people: shown[1].then_some(n[1]),
                n_without: shown[0].then_some(n[0]),
            }
        })
        .collect();
    let mut extension: Vec<(u64, u32)> =
        found.extension.iter().map(|(good, ids)| (of_ground(&ground, ids).len() as u64, *good)).collect();
    extension.retain(|one| one.0 > 0);
    extension.sort_by_key(|(n, good)| (std::cmp::Reverse(*n), *good));
    let shown = zhike_domain::small_groups::parts(&extension.iter().map(|one| one.0).collect::<Vec<_>>(), k);
    let extension: Vec<Extension> = extension
        .iter()
        .zip(shown)
        .map(|((n, of), is_shown)| Extension { good: good(*of), n_people: is_shown.then_some(*n) })
        .take(spec.limit)
        .collect();
    let of = |word: &str| {
        let grades = |one: &super::Graded| one.fresh.map(|grades| grades.precision);
        found
            .told
            .methods
            .iter()
            .find(|one| if word.is_empty() { one.is_best_fresh } else { one.method == word })
            .and_then(grades)
    };
    let extension_hits = of("").zip(of("popular"));
    let is_suppressed = rules.len() < found.rules.len()
        || rules.iter().any(|rule| rule.n_people.is_none() || rule.n_without.is_none())
        || extension.iter().any(|one| one.n_people.is_none());
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_needs(spec, found.day, found.window, segment.as_deref());
    let meaning = words::needs(&found, &rules, extension_hits, spec.level);
    let head = ground.head_of(super::question(spec), sentence, meaning, is_suppressed);
    Ok(NeedsAnswer {
        head,
        spec: spec.clone(),
        window_days: found.window,
        n_learnt: found.n_learnt,
        n_refused: told(found.n_refused),
        grade: found.grade,
        status: found.status,
        rules,
        extension,
        extension_status: found.told.status,
        extension_hits,
    })
}

/// Numbers of the people of a need or an extension.
pub(super) async fn behind(ctx: &Ctx, spec: &Spec, part: &Part) -> Result<Vec<i64>> {
    let ground = Ground::new(ctx, &spec.scope, super::USUAL_DAYS).await?;
    let found = needs(ctx, spec.level).await?;
    let ids = match part.of {
        super::Of::Need => of_need(&found, part).map(|rule| match part.which {
            Which::Both => &rule.meets,
            Which::Left => &rule.without,
        }),
        _ => {
            let good = found.goods.binary_search(&part.consequent).ok();
            good.and_then(|good| found.extension.get(&(good as u32)))
        }
    };
    let Some(ids) = ids else {
        return Err(Error::bad_request(
            "there is no such need any more, it was learnt anew: ask again".into(),
            "需求规则已重新学习，没有这一条了：请重新查询".into(),
        ));
    };
    Ok(ground.ids(of_ground(&ground, ids)))
}

fn of_need<'a>(found: &'a Needs, part: &Part) -> Option<&'a Need> {
    found.rules.iter().find(|rule| found.goods[rule.good as usize] == part.consequent && keys(rule) == part.antecedent)
}
