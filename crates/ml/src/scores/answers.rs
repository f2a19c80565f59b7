//! Scores of answers.

use crate::special::reach;

/// Answers from 0 to 10 to whether one would recommend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// 9 and 10.
    pub promoters: u64,
    /// 7 and 8.
    pub passives: u64,
    /// 0 to 6.
    pub detractors: u64,
}

impl Answers {
    /// Counts answers; those above 10 are left out.
    pub fn of(answers: impl IntoIterator<Item = u8>) -> Self {
        let mut counts = Self::default();
        for answer in answers {
            match answer {
                0..=6 => counts.detractors += 1,
                7 | 8 => counts.passives += 1,
                9 | 10 => counts.promoters += 1,
                _ => {}
            }
        }
        counts
    }

    /// All answers.
    pub fn n(&self) -> u64 {
        self.promoters + self.passives + self.detractors
    }
}

/// Answers to whether one was satisfied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Satisfied {
    /// The upper two of five.
    pub n_satisfied: u64,
    /// All answers.
    pub n: u64,
}

/// A score and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// From -100 to 100 (net promoter), or from 0 to 100 (satisfaction).
    pub value: f64,
    /// Interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Standard error, with what the interval adds for few answers.
    pub error: f64,
    /// Answers.
    pub n: u64,
    /// Share of those asked who answered; `None` where nobody counted them.
    pub response_ratio: Option<f64>,
}

/// Why there is no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nobody answered; of a group, its position.
    NoAnswers(usize),
    /// Fewer were asked than answered, more are satisfied than answered, or a level or a size is out of range.
    Shape,
}

/// Answers that intervals add: of three, half in the middle. Without them an interval of equal answers would be a point.
///
/// **Source**: adjusted Wald, as compared by Rocks 2016, "Interval estimation for the net promoter score".
const ADDED: [f64; 3] = [0.75, 1.5, 0.75];

/// Mean of -1, 0 and 1 with a share of what is added, and its variance.
fn adjusted(answers: &Answers, share: f64) -> (f64, f64) {
    let counts = [answers.promoters, answers.passives, answers.detractors].map(|count| count as f64);
    let n = counts.iter().sum::<f64>() + share * ADDED.iter().sum::<f64>();
    let (promoters, detractors) = ((counts[0] + share * ADDED[0]) / n, (counts[2] + share * ADDED[2]) / n);
    let mean = promoters - detractors;
    (mean, (promoters + detractors - mean * mean) / n)
}

fn response_ratio(n: u64, n_asked: Option<u64>) -> Result<Option<f64>, Problem> {
    match n_asked {
        Some(asked) if asked < n => Err(Problem::Shape),
        asked => Ok(asked.map(|asked| n as f64 / asked as f64)),
    }
}

fn check(level: f64) -> Result<f64, Problem> {
    if level > 0.0 && level < 1.0 { Ok(reach(level)) } else { Err(Problem::Shape) }
}

/// Net promoter score: share of promoters less that of detractors, times 100.
///
/// **Errors**: [`Problem`].
pub fn nps(answers: &Answers, n_asked: Option<u64>, level: f64) -> Result<Score, Problem> {
    let n = answers.n();
    if n == 0 {
        return Err(Problem::NoAnswers(0));
    }
    let z = check(level)?;
    let value = (answers.promoters as f64 - answers.detractors as f64) / n as f64;
    let (middle, variance) = adjusted(answers, 1.0);
    Ok(promoter_score(value, middle, variance, n, z, response_ratio(n, n_asked)?))
}

/// Satisfaction: share of the satisfied, times 100.
///
/// **Errors**: [`Problem`].
/// **Source**: Wilson 1927.
pub fn csat(answers: &Satisfied, n_asked: Option<u64>, level: f64) -> Result<Score, Problem> {
    if answers.n == 0 {
        return Err(Problem::NoAnswers(0));
    }
    if answers.n_satisfied > answers.n {
        return Err(Problem::Shape);
    }
    let z = check(level)?;
    let n = answers.n as f64;
    let share = answers.n_satisfied as f64 / n;
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let error = (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
    Ok(Score {
        value: 100.0 * share,
        low: 100.0 * (middle - z * error).max(0.0).min(share),
        high: 100.0 * (middle + z * error).min(1.0).max(share),
        error: 100.0 * error,
        n: answers.n,
        response_ratio: response_ratio(answers.n, n_asked)?,
    })
}

/// A group of the population, and what its members answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// Its people, or its share, in the population; above 0.
    pub size: f64,
    /// Its answers.
    pub answers: Answers,
}

/// Net promoter score of a population whose groups answer more or less readily: each counts by its size.
///
/// **Errors**: [`Problem::NoAnswers`] with the position of a group without any (to be joined to another by the caller).
/// **Source**: post-stratification, Cochran, *Sampling Techniques*, 3rd ed., 5A.9, sizes taken as known.
pub fn weighted(groups: &[Group], n_asked: Option<u64>, level: f64) -> Result<Score, Problem> {
    let z = check(level)?;
    let is_sized = |group: &Group| group.size > 0.0 && group.size.is_finite();
    if !groups.iter().all(is_sized) {
        return Err(Problem::Shape);
    }
    if let Some(at) = groups.iter().position(|group| group.answers.n() == 0) {
        return Err(Problem::NoAnswers(at));
    }
    if groups.is_empty() {
        return Err(Problem::NoAnswers(0));
    }
    let total: f64 = groups.iter().map(|group| group.size).sum();
    let (mut value, mut middle, mut variance, mut n) = (0.0, 0.0, 0.0, 0);
    for group in groups {
        let share = group.size / total;
        let answers = &group.answers;
        // What is added for few answers is divided by size, so that small groups are not pulled to the middle.
        let (own_middle, own_variance) = adjusted(answers, share);
        value += share * (answers.promoters as f64 - answers.detractors as f64) / answers.n() as f64;
        middle += share * own_middle;
        variance += share * share * own_variance;
        n += answers.n();
    }
    Ok(promoter_score(value, middle, variance, n, z, response_ratio(n, n_asked)?))
}

fn promoter_score(value: f64, middle: f64, variance: f64, n: u64, z: f64, response_ratio: Option<f64>) -> Score {
    let error = variance.sqrt();
    Score {
        value: 100.0 * value,
        low: 100.0 * (middle - z * error).max(-1.0).min(value),
        high: 100.0 * (middle + z * error).min(1.0).max(value),
        error: 100.0 * error,
        n,
        response_ratio,
    }
}
