//! A target split by what can be expected, within what is set by hand.

use zhike_ml::targets::{Hierarchy, Level, MAX_AMOUNT, Part as Weighed, Problem};

use super::{Part, Target};
use crate::{Error, Result};

/// Splits the amount over the parts: by what those responsible say, else by expectation and headroom.
///
/// **Errors**: `bad_request` with the part at which bounds leave no split.
pub(super) fn share(target: &mut Target, amount: i64) -> Result<()> {
    let parents = parents(&target.parts);
    check(target, &parents, amount)?;
    let weight = |part: &Part| part.asked.map_or(part.expected as f64 * part.headroom, |asked| asked as f64);
    // Where nothing is expected of any of the parts beside each other, they share alike.
    let mut sums = vec![0.0; target.parts.len()];
    for (part, parent) in target.parts.iter().zip(&parents) {
        if let Some(parent) = parent {
            sums[*parent] += if part.locked.is_some() { 0.0 } else { weight(part) };
        }
    }
    let levels: Vec<Level> = target
        .parts
        .iter()
        .zip(&parents)
        .enumerate()
        .map(|(at, (part, parent))| {
            let is_known = parent.is_none_or(|parent| sums[parent] > 0.0);
            let weight = if is_known { weight(part).max(0.0) } else { 1.0 };
            let (floor, cap) = bounds(part);
            let weighed =
                Weighed { floor, cap, ..Weighed::new(at as u64, if parent.is_none() { 1.0 } else { weight }) };
            Level { parent: *parent, part: weighed }
        })
        .collect();
    let amounts = Hierarchy::new(&levels).and_then(|tree| tree.cascade(amount)).map_err(|problem| match problem {
        Problem::NoWeight => Error::bad_request(
            "bounds leave nobody who could take the rest: raise a cap, or undo a lock".into(),
            "上限和锁定使余下的数额无处可分：请放宽上限或取消锁定".into(),
        ),
        problem => Error::bug("targets", std::io::Error::other(format!("{problem:?}"))),
    })?;
    target.parts.iter_mut().zip(amounts).for_each(|(part, amount)| part.amount = amount);
    Ok(())
}

/// Positions of the parts that parts belong to.
pub(super) fn parents(parts: &[Part]) -> Vec<Option<usize>> {
    let of = |part: &Part| {
        let (_, parent) = part.path.split_last()?;
        parts.binary_search_by(|own| own.path.as_slice().cmp(parent)).ok()
    };
    parts.iter().map(of).collect()
}

/// Least and most of a part by hand.
fn bounds(part: &Part) -> (i64, i64) {
    let free = (part.floor.unwrap_or(0), part.cap.unwrap_or(MAX_AMOUNT));
    part.locked.map_or(free, |locked| (locked, locked))
}

/// Whether bounds of parts leave room for those of the parts that they belong to, and for the amount.
fn check(target: &Target, parents: &[Option<usize>], amount: i64) -> Result<()> {
    let n = target.parts.len();
    let name = |at: usize| match target.parts[at].path.as_slice() {
        [] => ("the whole".to_owned(), "全部".to_owned()),
        path => (format!("{:?}", path.join(" / ")), format!("“{}”", path.join(" / "))),
    };
    let number = |units: i128| format!("{}", units as f64 / target.scale());
    let wrong = |at: usize, en: &str, zh: &str, sum: i128, own: i64| {
        let ((name_en, name_zh), sum, own) = (name(at), number(sum), number(own.into()));
        Err(Error::bad_request(
            format!("{name_en}: {en} {sum}, but it has {own}: change one of the bounds below it, or its own"),
            format!("{name_zh}：{zh} {sum}，而其目标为 {own}：请调整下级的上下限或锁定，或调整它自己的"),
        ))
    };
    let (mut least, mut most, mut has_children) = (vec![0_i128; n], vec![0_i128; n], vec![false; n]);
    for at in (0..n).rev() {
        let (mut floor, mut cap) = bounds(&target.parts[at]);
        if floor > cap {
            let (en, zh) = name(at);
            return Err(Error::bad_request(
                format!("{en}: the least is more than the most"),
                format!("{zh}：下限大于上限"),
            ));
        }
        if at == 0 {
            (floor, cap) = (amount, amount);
        }
        if has_children[at] {
            if least[at] > i128::from(cap) {
                return wrong(at, "the parts below it shall have at least", "下级合计至少需要", least[at], cap);
            }
            if most[at] < i128::from(floor) {
                return wrong(at, "the parts below it can take at most", "下级合计最多只能承担", most[at], floor);
            }
        }
        let own = (least[at].max(floor.into()), if has_children[at] { most[at].min(cap.into()) } else { cap.into() });
        if let Some(parent) = parents[at] {
            least[parent] += own.0;
            most[parent] += own.1;
            has_children[parent] = true;
        }
    }
    Ok(())
}
