//! What a forecast and an unusual day mean, in one sentence of each language.

use zhike_domain::kpi::{Dimension, Kpi, PeriodKind, Unit};
use zhike_domain::rfm::Tier;
use zhike_domain::sentence::{count_en, count_zh, money_en, money_zh, percent};
use zhike_ml::forecast::{Method, Reason};

use super::{Ahead, Finding, Mover, Outlook, Untold};
use crate::refresh::day_text;

/// Chinese and English.
type Words = (String, String);

fn share(of: f64) -> String {
    percent((of * 1e6).round() as i128, 1_000_000)
}

/// A difference of shares.
fn points(of: f64) -> Words {
    let text = format!("{:.1}", of * 100.0);
    (format!("{text} 个百分点"), format!("{text} pp"))
}

/// A number of a figure.
pub(crate) fn number(kpi: &Kpi, value: f64, currency: &str) -> Words {
    let same = |text: String| (text.clone(), text);
    let whole = value.round() as i64;
    match kpi.unit {
        Unit::Money => {
            let minor = (value * 100.0).round() as i64;
            (money_zh(minor, currency), money_en(minor, currency))
        }
        Unit::Count => (count_zh(whole), count_en(whole)),
        Unit::Share => same(share(value)),
        Unit::Ratio => same(format!("{value:.2}")),
        Unit::Days => (format!("{value:.1} 天"), format!("{value:.1} days")),
    }
}

const fn periods(by: PeriodKind) -> (&'static str, &'static str) {
    match by {
        PeriodKind::Day => ("天", "days"),
        PeriodKind::Week => ("周", "weeks"),
        PeriodKind::Month => ("个月", "months"),
        PeriodKind::Quarter => ("个季度", "quarters"),
    }
}

impl Outlook {
    /// Name of the way in JSON.
    pub const fn method_word(&self) -> &'static str {
        match self.method {
            Method::SeasonalNaive => "naive",
            Method::Ets => "ets",
            Method::Theta => "theta",
            Method::StlEts => "stl",
            Method::Combination => "mean",
            Method::CrostonSba => "croston",
            Method::Tsb => "tsb",
        }
    }

    /// Name of the reason in JSON.
    pub const fn reason_word(&self) -> &'static str {
        match self.reason {
            Reason::Best => "best",
            Reason::AsGood => "as_good",
            Reason::NothingBeatsNaive => "nothing_better",
            Reason::Constant => "constant",
        }
    }
}

/// What is told ahead and how good it is, or why nothing is told: Chinese and English.
pub fn outlook_words(ahead: &Ahead, currency: &str) -> Words {
    let (zh, en) = periods(ahead.by);
    let outlook = match &ahead.told {
        Ok(outlook) => outlook,
        Err(Untold::TooShort { n, needed }) => {
            let (shorter_zh, shorter_en) = if ahead.by == PeriodKind::Day {
                ("", "")
            } else {
                ("可改看更短的周期。", " Shorter periods may do.")
            };
            return (
                format!("数据太少，不作预测：完整的周期有 {n} {zh}，预测这么远至少要 {needed} {zh}。{shorter_zh}"),
                format!(
                    "Too little is known to tell: there are {n} whole {en}, and {needed} are needed to tell so far ahead.{shorter_en}"
                ),
            );
        }
        Err(Untold::Gaps { n, of }) => {
            return (
                format!("{of} {zh}中有 {n} {zh}没有数字，不作预测。"),
                format!("{n} of {of} {en} have no number, so nothing is told."),
            );
        }
    };
    let said = told(ahead, outlook, currency);
    let good = graded(outlook);
    let feast = outlook.holidays.first().filter(|one| one.is_factor && (one.size - 1.0).abs() >= 0.05);
    let feast = feast.map_or_else(Words::default, |one| {
        let (name_zh, name_en) = one.name;
        (
            format!("{name_zh}约为平日的 {}。", share(one.size)),
            format!(" {name_en} is about {} of an ordinary time.", share(one.size)),
        )
    });
    (format!("{}{}{}", said.0, good.0, feast.0), format!("{} {}{}", said.1, good.1, feast.1))
}

/// What is told.
fn told(ahead: &Ahead, outlook: &Outlook, currency: &str) -> Words {
    let kpi = ahead.kpi;
    let of = |value: f64| number(kpi, value, currency);
    let (name_zh, name_en) = (&kpi.name.zh, &kpi.name.en);
    let (Some(first), Some(last)) = (outlook.points.first(), outlook.points.last()) else { return Words::default() };
    if let Some(total) = &outlook.total {
        let (sum, (low, high)) = (of(total.mean), total.range(super::ahead::LEVELS[0]));
        let (low, high) = (of(low), of(high));
        let (from, to) = (day_text(first.period.first), day_text(last.period.last()));
        return (
            format!("{from} 至 {to} 的{name_zh}预计合计 {}，八成可能在 {} 到 {} 之间。", sum.0, low.0, high.0),
            format!(
                "{from} to {to}: {name_en} of {} expected, 4 times out of 5 between {} and {}.",
                sum.1, low.1, high.1
            ),
        );
    }
    let (value, low, high) = (of(first.value), of(first.ranges[0].0), of(first.ranges[0].1));
    let period = first.period.name();
    (
        format!("{period} 的{name_zh}预计 {}，八成可能在 {} 到 {} 之间。", value.0, low.0, high.0),
        format!("{period}: {name_en} of {} expected, 4 times out of 5 between {} and {}.", value.1, low.1, high.1),
    )
}

/// How good it is.
fn graded(outlook: &Outlook) -> Words {
    let grade = &outlook.grade;
    let n = grade.n_origins;
    match outlook.reason {
        Reason::Constant => ("这个数字从未变过。".into(), "It has never changed.".into()),
        Reason::NothingBeatsNaive => (
            format!("从过去 {n} 个时点检验，没有方法比照搬上一轮更准，所以照搬。"),
            format!(
                "Tried from {n} earlier points in time, nothing did better than the same as last time round, so that is told."
            ),
        ),
        Reason::Best | Reason::AsGood => {
            let less = (1.0 - grade.owa).max(0.0);
            let held = share(grade.coverage[0]);
            (
                format!(
                    "从过去 {n} 个时点检验，误差比照搬上一轮小 {}；实际数字有 {held} 落在八成范围内。",
                    share(less)
                ),
                format!(
                    "Tried from {n} earlier points in time, its errors are {} smaller than those of the same as last time round; {held} of what came lay within the range of 4 out of 5.",
                    share(less)
                ),
            )
        }
    }
}

/// What was unusual, and where it comes from: Chinese and English.
pub fn finding_words(finding: &Finding, currency: &str) -> Words {
    let kpi = finding.kpi;
    let of = |value: f64| number(kpi, value, currency);
    let (value, expected) = (of(finding.value), of(finding.expected));
    let (name_zh, name_en) = (&kpi.name.zh, &kpi.name.en);
    let day = day_text(finding.day);
    let times = if finding.expected > 0.0 { finding.value / finding.expected } else { f64::NAN };
    let off = share((times - 1.0).abs());
    let (off_zh, off_en) = match () {
        // Of nothing there is no share.
        () if times.is_nan() => Words::default(),
        () if times >= 3.0 => (format!("，是预期的 {times:.1} 倍"), format!(", {times:.1} times as much")),
        () if finding.is_high => (format!("，高 {off}"), format!(", {off} more")),
        () => (format!("，低 {off}"), format!(", {off} less")),
    };
    let mut zh = format!("{day} {name_zh} {}，预期 {}{off_zh}。", value.0, expected.0);
    let mut en = format!("{day}: {name_en} {}; {} was to be expected{off_en}.", value.1, expected.1);
    if let Some(because) = &finding.because {
        let is_ratio = kpi.measures().is_some_and(|(_, whole)| whole.is_some());
        let part = |mover: &Mover, is_zh: bool| {
            let word = |(zh, en): Words| if is_zh { zh } else { en };
            let tier = || Tier::parse(mover.value.as_deref()?).filter(|_| because.dimension == Dimension::RfmTier);
            let name = match (mover.label.as_ref().or(mover.value.as_ref()), tier()) {
                (_, Some(tier)) => if is_zh { tier.zh() } else { tier.en() }.to_owned(),
                (Some(name), None) => name.clone(),
                (None, None) if mover.is_other => if is_zh { "其他" } else { "others" }.to_owned(),
                (None, None) => if is_zh { "未填" } else { "not given" }.to_owned(),
            };
            if !is_ratio {
                let [before, after] = [mover.before, mover.after].map(|value| word(of(value)));
                return if is_zh {
                    format!("{name}（{before} → {after}）")
                } else {
                    format!("{name} ({before} → {after})")
                };
            }
            // A part moves a ratio by its own and by its weight: what it did is told, not what it is.
            let sign = if mover.contribution < 0.0 { "−" } else { "+" };
            let by = match kpi.unit {
                Unit::Share => word(points(mover.contribution.abs())),
                _ => word(of(mover.contribution.abs())),
            };
            if is_zh { format!("{name}（影响 {sign}{by}）") } else { format!("{name} ({sign}{by})") }
        };
        let parts = |is_zh: bool| because.parts.iter().map(|one| part(one, is_zh)).collect::<Vec<String>>();
        let (parts_zh, parts_en) = (parts(true), parts(false));
        zh.push_str(&format!("主要来自{}。", parts_zh.join("、")));
        en.push_str(&format!(" Mostly from {}.", parts_en.join(", ")));
    }
    if let Some(feast) = finding.holidays.first() {
        zh.push_str(&format!("当天是{}。", feast.name.0));
        en.push_str(&format!(" It was {}.", feast.name.1));
    }
    (zh, en)
}
