//! What scores mean, in words made of their own figures.

use zhike_domain::sentence::count;
use zhike_ml::scores::{Score, Verdict};

use super::{Ask, Kind, PROMISED_HOURS, Satisfaction, Which};
use crate::refresh::day_text;

type Both = (String, String);

const fn named(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Nps => ("净推荐值", "Net promoter score"),
        Kind::Csat => ("满意比例", "Satisfaction"),
        Kind::Review => ("好评率", "Share of good reviews"),
    }
}

fn n(number: u64) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn points(score: f64) -> String {
    format!("{score:.1}")
}

fn range(score: &Score) -> String {
    format!("{} ～ {}", points(score.low), points(score.high))
}

/// The question as a sentence.
pub(super) fn asked(ask: &Ask, (first, last): (i64, i64), segment: Option<&str>) -> Both {
    let (first, last) = (day_text(first), day_text(last));
    let (zh, en) = named(ask.kind);
    let (whose_zh, whose_en) = match segment {
        Some(name) => (format!("分群“{name}”"), format!("segment “{name}”")),
        None => ("全部客户".into(), "all customers".into()),
    };
    (format!("{first} 至 {last}，{whose_zh}的{zh}是多少？"), format!("{first} to {last}: {en} of {whose_en}"))
}

/// What it means.
pub(super) fn meaning(kind: Kind, found: &Satisfaction) -> Both {
    let (name_zh, name_en) = named(kind);
    let Some((answers, score)) = found.all.n.zip(found.all.score.as_ref()) else {
        return match found.all.n {
            Some(_) => ("这段时间没有评分。".into(), "There are no scores in these days.".into()),
            None => ("评分太少，不予显示。".into(), "There are too few scores to be told of.".into()),
        };
    };
    let mut zh = format!("{name_zh} {}（{} 份，95% 区间 {}）。", points(score.value), n(answers), range(score));
    let mut en = format!("{name_en} {} ({} answers, 95% interval {}).", points(score.value), n(answers), range(score));
    if let Some(change) = &found.change {
        let by = points(change.value.abs());
        let (said_zh, said_en) = match change.verdict {
            Verdict::Up => {
                (format!("比前一段时间高 {by}，不是巧合。"), format!(" It rose by {by}, which is no chance."))
            }
            Verdict::Down => {
                (format!("比前一段时间低 {by}，不是巧合。"), format!(" It fell by {by}, which is no chance."))
            }
            Verdict::Same => ("与前一段时间没有实质变化。".into(), " It is the same as before.".into()),
            Verdict::Unclear => (
                format!("与前一段时间相差 {by}，样本太少，说不准；至少相差 {} 才看得出来。", points(change.detectable)),
                format!(
                    " It differs from before by {by}, too few answers to tell; {} could be told.",
                    points(change.detectable)
                ),
            ),
        };
        zh += &said_zh;
        en += &said_en;
    }
    if let Some(weighted) = &found.weighted {
        zh += &format!("按各组人数加权为 {}。", points(weighted.value));
        en += &format!(" Weighted by the size of groups it is {}.", points(weighted.value));
    }
    if let Some(worst) = found.drivers.first().filter(|driver| driver.q < 0.05 && driver.weight > 0.0) {
        let (less, topic) = (points(-worst.differs.value), &worst.topic);
        zh += &format!("提到“{topic}”的评分低 {less}，最值得改进。");
        en += &format!(" Answers about “{topic}” are {less} lower: most worth mending.");
    }
    if let Some(overdue) = found.answered.n_overdue.filter(|n| *n > 0) {
        zh += &format!("{} 位不满意的客户超过 {PROMISED_HOURS} 小时无人联系。", n(overdue));
        en += &format!(" Nobody turned to {} dissatisfied customers within {PROMISED_HOURS} hours.", n(overdue));
    }
    (zh, en)
}

/// Who these people are.
pub(super) fn of(kind: Kind, which: Which) -> (String, String) {
    let (zh, en) = named(kind);
    let (who_zh, who_en) = match which {
        Which::Overdue => ("不满意且超时未联系", "dissatisfied, nobody turned to them in time"),
        Which::Waiting => ("不满意待联系", "dissatisfied, waiting"),
        Which::Kept => ("不满意已及时联系", "dissatisfied, turned to in time"),
        Which::Late => ("不满意，联系超时", "dissatisfied, turned to late"),
        Which::Dissatisfied => ("不满意", "dissatisfied"),
        Which::Content => ("满意", "content"),
    };
    (format!("{zh}：{who_zh}"), format!("{en}: {who_en}"))
}
