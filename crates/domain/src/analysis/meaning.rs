//! What an answer means, as sentences made of its own figures, and how sure its shares are.

use super::CountBy;
use crate::audience::{Span, span_words};
use crate::sentence::{count, percent};

type Both = (String, String);

/// Fewest of which a share is said.
const FEW: u64 = 30;

/// The interval in which a share lies, 19 times out of 20: 0 to 1; the whole when there is nobody.
///
/// **Source**: Wilson 1927.
pub fn interval(part: u64, whole: u64) -> (f64, f64) {
    if whole == 0 || part > whole {
        return (0.0, 1.0);
    }
    let (n, z) = (whole as f64, 1.959_963_984_540_054_f64);
    let share = part as f64 / n;
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// Whether two shares differ more than chance explains: their intervals do not meet.
pub fn differ((a, n): (u64, u64), (b, m): (u64, u64)) -> bool {
    let (a, b) = (interval(a, n), interval(b, m));
    a.1 < b.0 || b.1 < a.0
}

fn share(part: u64, whole: u64) -> String {
    percent(part.into(), whole.into())
}

fn n(number: u64) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}

/// `（16%～20%）`, `(16%–20%)`
fn band(part: u64, whole: u64) -> Both {
    let (low, high) = interval(part, whole);
    let percent = |share: f64| percent((share * 1000.0).round() as i128, 1000);
    let (low, high) = (percent(low), percent(high));
    (format!("（{low}～{high}）"), format!(" ({low}–{high})"))
}

/// What a funnel's sentence is made of.
#[derive(Clone, Debug)]
pub struct FunnelNumbers<'a> {
    /// What is counted.
    pub count_by: CountBy,
    /// Names of the steps, and how many reached each; none where so few are not told.
    pub steps: &'a [(Both, Option<u64>)],
    /// Window.
    pub window: Span,
    /// How many began too late for their window to have passed.
    pub n_incomplete: Option<u64>,
    /// Whether these are counted all the same.
    pub with_incomplete: bool,
}

/// The step (from 1) at which most are lost of those before, and how many.
pub fn worst_step(counts: &[Option<u64>]) -> Option<(usize, u64)> {
    let lost = |at: usize| Some((at, counts[at - 1]?.saturating_sub(counts[at]?)));
    let found = (1..counts.len()).filter_map(lost).max_by_key(|(at, lost)| (*lost, std::cmp::Reverse(*at)));
    found.filter(|(_, lost)| *lost > 0)
}

/// What a funnel means.
pub fn funnel(numbers: &FunnelNumbers<'_>) -> Both {
    let FunnelNumbers { steps, count_by, window, .. } = numbers;
    let (Some((first, n_first)), Some((last, n_last))) = (steps.first(), steps.last()) else {
        return Both::default();
    };
    let late = |n: u64| {
        let (zh, en) = count_by.counted(n);
        let (window_zh, window_en) = span_words(*window);
        match numbers.with_incomplete {
            true => (
                format!("其中 {zh}未满 {window_zh}，还可能继续。"),
                format!(" Of these, {en} have not had {window_en} yet and may still go on."),
            ),
            false => (
                format!("另有 {zh}未满 {window_zh}，没有计入。"),
                format!(" Another {en} have not had {window_en} yet and are left out."),
            ),
        }
    };
    let late = numbers.n_incomplete.filter(|n| *n > 0).map(late).unwrap_or_default();
    let (zh, en) = match (n_first, n_last) {
        (Some(0), _) => (
            format!("这段时间里没有“{}”，漏斗是空的：换一段时间，或放宽第一步。", first.0),
            format!("Nobody had “{}” in these days: take other days, or a wider first step.", first.1),
        ),
        (Some(n_first), Some(n_last)) => {
            let (first_zh, first_en) = count_by.counted(*n_first);
            let (window_zh, window_en) = span_words(*window);
            let (rate_zh, rate_en) = if *n_first < FEW {
                let (zh, en) = count_by.counted(*n_last);
                (format!("有 {zh}"), en)
            } else {
                let (low, high) = band(*n_last, *n_first);
                let rate = share(*n_last, *n_first);
                (format!("{rate}{low}"), format!("{rate}{high}"))
            };
            let counts: Vec<Option<u64>> = steps.iter().map(|step| step.1).collect();
            let (lost_zh, lost_en) = match worst_step(&counts) {
                Some((at, lost)) => {
                    let (lost_zh, lost_en) = count_by.counted(lost);
                    let (from, to) = (&steps[at - 1].0, &steps[at].0);
                    (
                        format!("；“{} → {}”流失最多，少了 {lost_zh}", from.0, to.0),
                        format!("; “{} → {}” lost most, {lost_en}", from.1, to.1),
                    )
                }
                None => ("，没有人流失".to_owned(), ", and nobody was lost".to_owned()),
            };
            (
                format!("“{}”的 {first_zh}里，{rate_zh}在 {window_zh}内到达“{}”{lost_zh}。", first.0, last.0),
                format!(
                    "Of {first_en} with “{}”, {rate_en} reached “{}” within {window_en}{lost_en}.",
                    first.1, last.1
                ),
            )
        }
        _ => ("人数太少，按您的角色不显示。".to_owned(), "So few people are not told to your role.".to_owned()),
    };
    (format!("{zh}{}", late.0), format!("{en}{}", late.1))
}

/// What happened instead of a step, or who was lost: what the data say one should look at.
#[derive(Clone, Debug, PartialEq)]
pub enum Clue {
    /// Most of those lost went on to something else.
    Instead {
        /// What, in words of the data; none for nothing at all.
        what: Option<String>,
        /// So many.
        n: u64,
        /// Of so many lost.
        of: u64,
    },
    /// One part gets on less often than another.
    Part {
        /// The weaker part.
        weak: String,
        /// Went on, of those before.
        weak_counts: (u64, u64),
        /// The stronger part.
        strong: String,
        /// Went on, of those before.
        strong_counts: (u64, u64),
    },
}

/// One suggestion, from what was found at the step that loses most.
pub fn suggestion((from, to): (&Both, &Both), clues: &[Clue]) -> Option<Both> {
    let told = clues.iter().find(|clue| match clue {
        Clue::Part { weak_counts, strong_counts, .. } => differ(*weak_counts, *strong_counts),
        Clue::Instead { n, of, .. } => *of >= FEW && n * 5 >= *of,
    })?;
    Some(match told {
        Clue::Part { weak, weak_counts, strong, strong_counts } => {
            let (weak_rate, strong_rate) =
                (share(weak_counts.0, weak_counts.1), share(strong_counts.0, strong_counts.1));
            (
                format!(
                    "先看“{weak}”：“{} → {}”只有 {weak_rate} 走下去，“{strong}”是 {strong_rate}，差距超出偶然。",
                    from.0, to.0
                ),
                format!(
                    "Look at “{weak}” first: only {weak_rate} get on from “{}” to “{}”, of “{strong}” {strong_rate}; \
                     that is more than chance.",
                    from.1, to.1
                ),
            )
        }
        Clue::Instead { what: Some(what), n: went, of } => {
            let rate = share(*went, *of);
            (
                format!("在“{} → {}”流失的人里，{rate} 接着去了“{what}”：先检查那里为什么把人带走。", from.0, to.0),
                format!(
                    "Of those lost between “{}” and “{}”, {rate} went on to “{what}”: see first why it takes them away.",
                    from.1, to.1
                ),
            )
        }
        Clue::Instead { what: None, n: went, of } => {
            let rate = share(*went, *of);
            (
                format!("在“{} → {}”流失的人里，{rate} 之后什么也没做：适合提醒或召回。", from.0, to.0),
                format!(
                    "Of those lost between “{}” and “{}”, {rate} did nothing more: a reminder can reach them.",
                    from.1, to.1
                ),
            )
        }
    })
}

/// A cell of retention: returned, of those for whom the period has passed.
pub type Cell = (u64, u64);

/// What retention means: of the newest cohort with a figure, of the one before, and of all together at a period.
pub fn retention(at: usize, newest: Option<(&str, Cell)>, before: Option<(&str, Cell)>, all: Option<Cell>) -> Both {
    let Some((name, (part, whole))) = newest else {
        return (
            "还没有一组客户走完第一个周期：换更短的周期，或等一等。".to_owned(),
            "No cohort has had a whole period yet: take a shorter period, or wait.".to_owned(),
        );
    };
    let (low, high) = band(part, whole);
    let (zh, en) = if whole < FEW {
        (
            format!("{name} 开始的 {} 人里，{} 人在第 {at} 期回来；人数太少，比例说明不了什么", n(whole), n(part)),
            format!("Of {} people of {name}, {} were back in period {at}; too few for a rate", n(whole), n(part)),
        )
    } else {
        (
            format!("{name} 开始的 {} 人里，第 {at} 期仍有 {}{low}回来", n(whole), share(part, whole)),
            format!("{}{high} of the {} people of {name} were back in period {at}", share(part, whole), n(whole)),
        )
    };
    let (than_zh, than_en) = match before {
        Some((name, other)) if whole >= FEW && other.1 >= FEW => {
            let rate = share(other.0, other.1);
            match differ((part, whole), other) {
                false => (
                    format!("，与 {name}（{rate}）看不出差别"),
                    format!("; no visible difference from {name} ({rate})"),
                ),
                true if part * other.1 > other.0 * whole => {
                    (format!("，高于 {name}（{rate}）"), format!("; more than {name} ({rate})"))
                }
                true => (format!("，低于 {name}（{rate}）"), format!("; less than {name} ({rate})")),
            }
        }
        _ => Both::default(),
    };
    let (all_zh, all_en) = match all {
        Some((part, whole)) if whole >= FEW => (
            format!("各组合计 {}（{} 人）", share(part, whole), n(whole)),
            format!(" All cohorts together: {} of {}.", share(part, whole), n(whole)),
        ),
        _ => Both::default(),
    };
    let end = if all_zh.is_empty() { String::new() } else { format!("{all_zh}。") };
    (format!("{zh}{than_zh}。{end}"), format!("{en}{than_en}.{all_en}"))
}

/// What lives of a period mean: new, returning, resurrected, dormant.
pub fn lifecycle(period: Option<(&str, [Option<u64>; 4])>) -> Both {
    let Some((name, [Some(new), Some(returning), Some(resurrected), Some(dormant)])) = period else {
        return (
            "还没有走完的周期，或人数太少不显示。".to_owned(),
            "No period is over yet, or so few people are not told.".to_owned(),
        );
    };
    let (came, active) = (new + resurrected, new + returning + resurrected);
    let (zh, en) = match came.cmp(&dormant) {
        std::cmp::Ordering::Greater => {
            (format!("来的比走的多 {} 人", n(came - dormant)), format!("{} more came than left", n(came - dormant)))
        }
        std::cmp::Ordering::Less => {
            (format!("走的比来的多 {} 人", n(dormant - came)), format!("{} more left than came", n(dormant - came)))
        }
        std::cmp::Ordering::Equal => ("来的和走的一样多".to_owned(), "as many came as left".to_owned()),
    };
    (
        format!(
            "{name} 活跃 {} 人：新增 {}，持续 {}，回流 {}；上一期活跃的人里有 {} 人没来，{zh}。",
            n(active),
            n(new),
            n(returning),
            n(resurrected),
            n(dormant)
        ),
        format!(
            "{} people were active in {name}: {} new, {} returning, {} resurrected; {} of the period before stayed away, {en}.",
            n(active),
            n(new),
            n(returning),
            n(resurrected),
            n(dormant)
        ),
    )
}

/// What stickiness means: people at all, those of one period alone, the mean share of people present a period.
pub fn stickiness(
    (zh_period, en_period): (&str, &str),
    people: Option<u64>,
    once: Option<u64>,
    ratio: Option<f64>,
) -> Both {
    let (Some(people), Some(ratio)) = (people.filter(|n| *n > 0), ratio) else {
        return (
            "这段时间没有人，或人数太少不显示。".to_owned(),
            "Nobody was there in these days, or so few are not told.".to_owned(),
        );
    };
    let rate = percent((ratio * 1000.0).round() as i128, 1000);
    let (once_zh, once_en) = match once {
        Some(once) => (
            format!("；只来过一个{zh_period}的有 {} 人，占 {}", n(once), share(once, people)),
            format!("; {} came on one {en_period} alone, {}", n(once), share(once, people)),
        ),
        None => Both::default(),
    };
    (
        format!("{} 人来过，平均每{zh_period}有其中 {rate} 的人在{once_zh}。", n(people)),
        format!("{} people came, {rate} of them on a mean {en_period}{once_en}.", n(people)),
    )
}

/// What paths mean: sessions with the event, the most frequent next one, and those that ended.
pub fn paths(
    (anchor, is_before): (&str, bool),
    sessions: Option<u64>,
    most: Option<(&str, u64)>,
    ended: Option<u64>,
) -> Both {
    let Some(sessions) = sessions.filter(|n| *n > 0) else {
        return (
            format!("这段时间没有含“{anchor}”的会话，或人数太少不显示。"),
            format!("No session of these days has “{anchor}”, or so few are not told."),
        );
    };
    let (next_zh, next_en) =
        if is_before { ("之前最多是", "most often before it") } else { ("之后最多去了", "most often next") };
    let (end_zh, end_en) = if is_before { ("由它开始", "began with it") } else { ("到此结束", "ended there") };
    let (most_zh, most_en) = match most {
        Some((what, n)) => (
            format!("，{next_zh}“{what}”（{}）", share(n, sessions)),
            format!("; {next_en}: “{what}” ({})", share(n, sessions)),
        ),
        None => Both::default(),
    };
    let (ended_zh, ended_en) = match ended {
        Some(ended) => {
            (format!("，{} {end_zh}", share(ended, sessions)), format!("; {} {end_en}", share(ended, sessions)))
        }
        None => Both::default(),
    };
    (
        format!("{} 个会话里有“{anchor}”{most_zh}{ended_zh}。", n(sessions)),
        format!("{} sessions hold “{anchor}”{most_en}{ended_en}.", n(sessions)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::Unit;

    fn both(text: &str) -> Both {
        (text.to_owned(), text.to_owned())
    }

    #[test]
    fn intervals_are_those_of_tables() {
        let (low, high) = interval(8, 10);
        assert!((low - 0.490_2).abs() < 1e-4 && (high - 0.943_3).abs() < 1e-4, "{low} {high}");
        assert_eq!(interval(0, 0), (0.0, 1.0));
        assert!(differ((10, 100), (50, 100)) && !differ((10, 100), (12, 100)));
    }

    #[test]
    fn a_funnel_in_words() {
        let steps = [(both("浏览"), Some(10_240)), (both("提交"), Some(3_064)), (both("付款"), Some(1_260))];
        let mut numbers = FunnelNumbers {
            count_by: CountBy::Person,
            steps: &steps,
            window: Span { n: 7, unit: Unit::Day },
            n_incomplete: Some(1_120),
            with_incomplete: false,
        };
        let (zh, en) = funnel(&numbers);
        insta::assert_snapshot!(zh, @"“浏览”的 10,240 人里，12.3%（11.7%～13%）在 7 天内到达“付款”；“浏览 → 提交”流失最多，少了 7,176 人。另有 1,120 人未满 7 天，没有计入。");
        insta::assert_snapshot!(en, @"Of 10,240 people with “浏览”, 12.3% (11.7%–13%) reached “付款” within 7 days; “浏览 → 提交” lost most, 7,176 people. Another 1,120 people have not had 7 days yet and are left out.");
        let few = [(both("a"), Some(3)), (both("b"), None)];
        numbers.steps = &few;
        assert_eq!(funnel(&numbers).0, "人数太少，按您的角色不显示。另有 1,120 人未满 7 天，没有计入。");
    }

    #[test]
    fn only_what_is_more_than_chance_is_suggested() {
        let (a, b) = (both("a"), both("b"));
        let part = |n| Clue::Part {
            weak: "app".into(),
            weak_counts: (20, 100),
            strong: "web".into(),
            strong_counts: (n, 100),
        };
        assert_eq!(suggestion((&a, &b), &[part(25)]), None);
        let said = suggestion((&a, &b), &[part(50)]).unwrap();
        assert!(said.0.contains("只有 20% 走下去") && said.0.contains("“web”是 50%"), "{said:?}");
        let instead = |n| Clue::Instead { what: None, n, of: 100 };
        assert_eq!(suggestion((&a, &b), &[instead(10)]), None);
        assert!(suggestion((&a, &b), &[instead(41)]).unwrap().1.contains("41% did nothing more"));
    }

    #[test]
    fn words_follow_the_interval() {
        let (zh, _) = retention(1, Some(("2026-03", (18, 100))), Some(("2026-02", (20, 100))), Some((60, 300)));
        assert!(zh.contains("看不出差别") && zh.contains("各组合计 20%"), "{zh}");
        let (zh, _) = retention(1, Some(("2026-03", (50, 100))), Some(("2026-02", (20, 100))), None);
        assert!(zh.contains("高于 2026-02（20%）"), "{zh}");
        let (zh, _) = retention(1, Some(("2026-03", (5, 10))), None, None);
        assert!(zh.contains("人数太少"), "{zh}");
        assert!(retention(1, None, None, None).1.starts_with("No cohort"));
        let (zh, _) = lifecycle(Some(("2026-W03", [Some(5), Some(20), Some(3), Some(10)])));
        assert!(zh.contains("活跃 28 人") && zh.contains("走的比来的多 2 人"), "{zh}");
        assert!(stickiness(("天", "day"), Some(100), Some(40), Some(0.25)).0.contains("25%"));
        assert!(paths(("view", false), Some(200), Some(("cart", 82)), Some(50)).1.contains("“cart” (41%)"));
    }
}
