//! What a target means, in one sentence or two of each language.

use zhike_domain::sentence::percent;

use super::{Board, Target};
use crate::kpis::number;
use crate::refresh::day_text;

/// Chinese and English.
type Words = (String, String);

fn share(of: f64) -> String {
    percent((of * 1e6).round() as i128, 1_000_000)
}

fn amount(target: &Target, units: i64, currency: &str) -> Words {
    number(target.kpi, units as f64 / target.scale(), currency)
}

/// Where a target stands, and how it compares with what can be expected.
pub fn meaning(board: &Board, currency: &str) -> Words {
    let target = &board.target;
    let basis = &target.basis;
    let of = |units| amount(target, units, currency);
    let (wanted, expected) = (of(target.amount()), of(basis.expected));
    let (mut zh, mut en) = (String::new(), String::new());
    if let (Some(through), Some(whole)) = (board.through, board.parts.first())
        && let Some(actual) = whole.actual
    {
        let (got, due) = (of(actual), of(whole.due));
        let day = day_text(through);
        zh = format!("截至 {day} 已完成 {}，按季节应完成 {}。", got.0, due.0);
        en = format!("By {day}, {} have come in; {} were due by the season. ", got.1, due.1);
        if let Some(outlook) = whole.outlook {
            let (end, rate) = (of(outlook), outlook as f64 / target.amount().max(1) as f64);
            zh += &format!("照此节奏到期可达 {}，为目标的 {}。", end.0, share(rate));
            en += &format!("At this pace it ends at {}, {} of the target. ", end.1, share(rate));
        }
    }
    let above = target.amount() as f64 / basis.expected.max(1) as f64 - 1.0;
    let (more_zh, more_en) = if above < 0.0 { ("低", "below") } else { ("高", "above") };
    zh += &format!("目标 {} 比不做任何改变时的预计 {} {more_zh} {}", wanted.0, expected.0, share(above.abs()));
    en += &format!(
        "The target of {} is {} {more_en} the {} expected if nothing is done",
        wanted.1,
        share(above.abs()),
        expected.1
    );
    if let Some((low, high)) = basis.range {
        zh += &format!("（五次中有四次在 {} 到 {} 之间）", of(low).0, of(high).0);
        en += &format!(" (4 times out of 5 between {} and {})", of(low).1, of(high).1);
    }
    match basis.year_before {
        Some(before) if before > 0 => {
            let change = target.amount() as f64 / before as f64 - 1.0;
            let (way_zh, way_en) = if change < 0.0 { ("低", "below") } else { ("高", "above") };
            zh += &format!("，比去年同期 {} {way_zh} {}。", of(before).0, share(change.abs()));
            en += &format!(", {} {way_en} the {} of a year before.", share(change.abs()), of(before).1);
        }
        _ => {
            zh += "。";
            en += ".";
        }
    }
    (zh, en)
}

/// What a kept list of accounts is.
pub(super) fn of_accounts(target: &Target, path: &[String]) -> Words {
    let name = &target.name;
    let (zh, en) =
        if path.is_empty() { ("全部".to_owned(), "all".to_owned()) } else { (path.join(" / "), path.join(" / ")) };
    (format!("目标“{name}”中“{zh}”的待跟进客户"), format!("accounts to work on of target {name:?}, {en}"))
}
