//! What answers about campaigns mean, in words made of their own figures.

use zhike_domain::sentence::{count, money, percent};

use zhike_ml::attribution::Credit;

use super::attribution::{Channel, DIRECT, OTHER};
use super::coupons::{Change, CouponRow};
use super::lift::{Lift, Verdict};
use super::moments::{HourRate, TimingGrade};
use super::response::{Budget, NoBudget};
use super::spec::{Answered, By, Spec};
use super::uplift::{Found, NoUplift};
use super::{BoardRow, Part};
use crate::Error;
use crate::refresh::day_text;

pub(super) type Both = (String, String);

pub(super) fn n(number: u64) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn share(ratio: f64) -> String {
    let text = percent((ratio.abs() * 1000.0).round() as i128, 1000);
    if ratio < 0.0 && text != "0%" { format!("−{text}") } else { text }
}

/// Percentage points, with their sign.
fn points(difference: f64) -> String {
    let text = format!("{:.1}", difference.abs() * 100.0);
    match text.as_str() {
        "0.0" => text,
        _ if difference < 0.0 => format!("−{text}"),
        _ => format!("+{text}"),
    }
}

pub(super) fn cash(whole: f64, currency: &str) -> String {
    money((whole * 100.0).round() as i64, currency)
}

fn by(by: By) -> (&'static str, &'static str) {
    match by {
        By::Campaign => ("活动", "campaign"),
        By::Channel => ("渠道", "channel"),
        By::Strategy => ("目标", "strategy"),
        By::Creative => ("创意", "creative"),
        By::Coupon => ("优惠券", "coupon"),
    }
}

pub(super) fn days((first, last): (i64, i64), segment: Option<&str>) -> Both {
    let (first, last) = (day_text(first), day_text(last));
    match segment {
        Some(name) => {
            (format!("{first} 至 {last}，分群“{name}”"), format!("{first} to {last}, customers of segment “{name}”"))
        }
        None => (format!("{first} 至 {last}，全部客户"), format!("{first} to {last}, all customers")),
    }
}

pub(super) fn few() -> Both {
    ("人数太少，不显示数字。".into(), "So few people are not told.".into())
}

pub(super) fn asked_board(spec: &Spec, of: (i64, i64), segment: Option<&str>) -> Both {
    let (zh, en) = days(of, segment);
    let by = by(spec.by);
    let window = spec.window_days;
    (
        format!("{zh}：各{}触达了多少人，{window} 天内多少人下单，花费和回报如何？", by.0),
        format!("{en}: by {}, who was reached, who bought within {window} days, and what did it cost?", by.1),
    )
}

pub(super) fn board(spec: &Spec, rows: &[BoardRow], total: &BoardRow, currency: &str) -> Both {
    if rows.is_empty() {
        return (
            "这段时间没有发出消息，也没有活动。请导入活动和触达记录，或换一段时间。".into(),
            "No message went out in these days, and no campaign began. Import campaigns and messages, or take other days."
                .into(),
        );
    }
    let (Some(reached), Some(converted), Some(revenue)) = (total.n_reached, total.n_converted, total.revenue) else {
        return few();
    };
    let rate = if reached > 0 { share(converted as f64 / reached as f64) } else { "--".into() };
    let window = spec.window_days;
    let mut zh = format!(
        "共触达 {} 人，其中 {} 人（{rate}）在收到消息后 {window} 天内下单，净收入 {}",
        n(reached),
        n(converted),
        money(revenue, currency)
    );
    let mut en = format!(
        "{} people were reached; {} of them ({rate}) bought within {window} days of a message, for {} net",
        n(reached),
        n(converted),
        money(revenue, currency)
    );
    match (total.cost, total.roi) {
        (Some(cost), Some(roi)) => {
            zh.push_str(&format!("，花费 {}，投入回报率 {}。", money(cost, currency), share(roi)));
            en.push_str(&format!(", at a cost of {}: a return of {}.", money(cost, currency), share(roi)));
        }
        _ => {
            zh.push_str("；活动没有写明花费，不算回报率。");
            en.push_str("; campaigns do not say what they cost, so there is no return.");
        }
    }
    zh.push_str("其中有些人本来也会买：活动带来了多少，要看对照组。");
    en.push_str(" Some of them would have bought anyway: what a campaign changed is told by those withheld.");
    let found = |wanted: Verdict| rows.iter().filter(|row| row.verdict == Some(wanted)).count() as u64;
    let harm = found(Verdict::StopHarm) + found(Verdict::Broken);
    if harm > 0 {
        zh.push_str(&format!("有 {} 个活动需要停下来检查。", n(harm)));
        en.push_str(&format!(" Campaigns to be stopped and looked at: {}.", n(harm)));
    }
    (zh, en)
}

pub(super) fn asked_lift(spec: &Spec, title: &str, of: (i64, i64), segment: Option<&str>) -> Both {
    let (zh, en) = days(of, segment);
    let window = spec.window_days;
    (
        format!("{zh}：活动“{title}”让 {window} 天内下单的人多了多少？"),
        format!("{en}: how many more bought within {window} days because of campaign “{title}”?"),
    )
}

pub(super) fn lift(spec: &Spec, title: &str, lift: Option<&Lift>, roi: Option<[f64; 3]>, currency: &str) -> Both {
    let Some(lift) = lift else { return few() };
    let Some(rate) = lift.rate.filter(|_| lift.verdict != Verdict::NoHoldout) else {
        return match lift.verdict {
            Verdict::NoHoldout => (
                format!("活动“{title}”没有留出对照组，无法知道它带来了多少。下次请留出一部分人不发送。"),
                format!("Nobody was withheld from “{title}”: what it changed cannot be told. Withhold some next time."),
            ),
            _ => (
                format!("活动“{title}”的 {} 天观察期还没有人走完，现在看不出效果。", spec.window_days),
                format!("Nobody's {} days after “{title}” are over: nothing can be told yet.", spec.window_days),
            ),
        };
    };
    let (mut zh, mut en) = (
        format!(
            "“{title}”实验组 {} 人里 {} 下单，对照组 {} 人里 {} 下单：相差 {} 个百分点（95% 区间 {} 至 {}）。",
            n(lift.n[1]),
            share(rate.treated),
            n(lift.n[0]),
            share(rate.holdout),
            points(rate.difference),
            points(rate.low),
            points(rate.high)
        ),
        format!(
            "Of {} people drawn for “{title}” {} bought, of {} withheld {}: a difference of {} points (95% interval {} to {}).",
            n(lift.n[1]),
            share(rate.treated),
            n(lift.n[0]),
            share(rate.holdout),
            points(rate.difference),
            points(rate.low),
            points(rate.high)
        ),
    );
    if let Some(spend) = lift.adjusted.or(lift.spend) {
        let [a, b, c] = [spend.difference, spend.low, spend.high].map(|each| cash(each, currency));
        zh.push_str(&format!("人均消费相差 {a}（{b} 至 {c}）。"));
        en.push_str(&format!(" Spending differs by {a} a person ({b} to {c})."));
    }
    if let Some(reduction) = lift.reduction {
        if reduction >= 0.01 {
            zh.push_str(&format!("用此前消费校正去掉了 {} 的波动。", share(reduction)));
            en.push_str(&format!(" Spending before took away {} of the noise.", share(reduction)));
        } else {
            zh.push_str("此前消费几乎没有减少波动。");
            en.push_str(" Spending before took away next to none of the noise.");
        }
    }
    if let Some([roi, low, high]) = roi {
        zh.push_str(&format!("按增量算的回报率为 {}（{} 至 {}）。", share(roi), share(low), share(high)));
        en.push_str(&format!(" By what it changed, the return is {} ({} to {}).", share(roi), share(low), share(high)));
    }
    (zh, en)
}

/// What to do, and when it may be stopped.
pub(super) fn advice(lift: Option<&Lift>) -> Both {
    let Some(lift) = lift else { return few() };
    match lift.verdict {
        Verdict::NoHoldout => (
            "没有对照组：下次随机留出 10% 左右的人不发送。".into(),
            "No one was withheld: withhold one in ten or so by lot next time.".into(),
        ),
        Verdict::TooEarly => ("继续：还没有人走完观察期。".into(), "Go on: nobody's days are over.".into()),
        Verdict::Broken => (
            "先停下来检查分组：两组人数与计划的比例不符，几乎不可能是巧合，比较结果不可信。".into(),
            "Stop and check how people were drawn: the arms are not as large as planned, which chance hardly explains, so no \
             comparison of them can be trusted."
                .into(),
        ),
        Verdict::StopHarm => (
            "停止：实验组反而买得更少，继续看也不会改变这个结论。".into(),
            "Stop: those drawn to get it buy less, and looking longer will not change that.".into(),
        ),
        Verdict::EnoughEvidence => (
            "证据已经足够：实验组买得更多，可以结束对照，对所有人发送。".into(),
            "Enough evidence: those drawn to get it buy more. Those withheld may get it, too.".into(),
        ),
        Verdict::GoOn => match (lift.n_needed, lift.days_needed) {
            (Some(people), Some(days)) if days > 0 => (
                format!("继续：还不能下结论。按目前的差距共需约 {} 人，照现在的速度还要约 {} 天。", n(people), n(days)),
                format!(
                    "Go on: undecided. A difference such as this takes about {} people in all, some {} more days at this pace.",
                    n(people),
                    n(days)
                ),
            ),
            _ => ("继续：还不能下结论。".into(), "Go on: undecided.".into()),
        },
        Verdict::Worked => (
            "活动已结束，有效：可以再做，仍请留出对照组。".into(),
            "It is over and worked: do it again, and withhold some again.".into(),
        ),
        Verdict::Harmed => (
            "活动已结束，实验组反而买得更少：不要照原样再做。".into(),
            "It is over, and those drawn to get it bought less: do not repeat it as it was.".into(),
        ),
        Verdict::Unclear => {
            let (zh, en) = lift.n_needed.map_or_else(Default::default, |people| {
                (
                    format!("要看清目前这样的差距，共需约 {} 人。", n(people)),
                    format!(" Such a difference takes about {} people in all.", n(people)),
                )
            });
            (
                format!("活动已结束，差距小到与巧合分不开，不能说有效，也不能说无效。{zh}"),
                format!(
                    "It is over, and the difference cannot be told from chance: neither that it worked nor that it did not.{en}"
                ),
            )
        }
    }
}

pub(super) fn asked_attribution(spec: &Spec, of: (i64, i64), segment: Option<&str>) -> Both {
    let (zh, en) = days(of, segment);
    let (by, lookback) = (by(spec.by), spec.lookback_days);
    let (with_zh, with) = if spec.visits { ("消息和访问", "messages and visits") } else { ("消息", "messages") };
    (
        format!("{zh}：下单前 {lookback} 天内的{with_zh}，按{}各分到多少功劳？", by.0),
        format!("{en}: to which {} are orders credited, by {with} of the {lookback} days before?", by.1),
    )
}

fn channel_name(channel: &Channel) -> Both {
    match channel.key.as_str() {
        DIRECT => ("直接访问".into(), "direct visits".into()),
        OTHER => ("其他".into(), "others".into()),
        key => {
            let name = channel.name.as_deref().unwrap_or(key);
            (format!("“{name}”"), format!("“{name}”"))
        }
    }
}

pub(super) fn attribution(
    spec: &Spec,
    total: Option<Credit>,
    nobody: Option<Credit>,
    channels: &[Channel],
    currency: &str,
) -> Both {
    let Some(total) = total else { return few() };
    if total.conversions == 0.0 {
        return ("这段时间没有有效订单。".into(), "No order of these days counts.".into());
    }
    let without = nobody.map_or(0.0, |nobody| nobody.conversions);
    let days = spec.lookback_days;
    let of = |credit: f64| share(credit / total.conversions);
    let (mut zh, mut en) = (
        format!(
            "{} 个订单共 {}；其中 {} 个（{}）之前 {days} 天没有任何触达。",
            n(total.conversions as u64),
            cash(total.value, currency),
            n(without as u64),
            of(without)
        ),
        format!(
            "{} orders for {}; {} of them ({}) had no contact in the {days} days before.",
            n(total.conversions as u64),
            cash(total.value, currency),
            n(without as u64),
            of(without)
        ),
    );
    if let Some(first) = channels.first() {
        let name = channel_name(first);
        let values: Vec<f64> =
            first.credits.iter().flatten().map(|credit| credit.conversions / total.conversions).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low.is_finite() {
            zh.push_str(&format!("功劳最大的是{}：不同算法给它 {} 到 {} 的订单。", name.0, share(low), share(high)));
            en.push_str(&format!(
                " Most is credited to {}: {} to {} of orders, depending on the way.",
                name.1,
                share(low),
                share(high)
            ));
        }
    }
    zh.push_str("功劳不等于效果：本来就会买的人也算在内，效果要看对照组。");
    en.push_str(
        " Credit is not effect: who would have bought anyway is credited, too. Effect is told by those withheld.",
    );
    (zh, en)
}

pub(super) fn asked_uplift(spec: &Spec, title: &str, of: (i64, i64), segment: Option<&str>) -> Both {
    let (zh, en) = days(of, segment);
    let window = spec.window_days;
    (
        format!("{zh}：活动“{title}”让哪些人更愿意在 {window} 天内下单？"),
        format!("{en}: whom does campaign “{title}” move more than others to buy within {window} days?"),
    )
}

pub(super) fn uplift(title: &str, found: &Result<Found, NoUplift>) -> Both {
    let found = match found {
        Ok(found) => found,
        Err(NoUplift::NoHoldout) => {
            return (
                format!("活动“{title}”没有对照组，无法知道谁是被它打动的。"),
                format!("Nobody was withheld from “{title}”: whom it moved cannot be told."),
            );
        }
        Err(NoUplift::Nobody | NoUplift::NoFeatures) => {
            return (
                "没有可以学习的客户：要有人走完观察期，并且此前买过。".into(),
                "There is nobody to learn from: it takes people whose days are over and who had bought before.".into(),
            );
        }
        Err(NoUplift::TooFew { n: have, needed }) => {
            return (
                format!(
                    "人数太少，学不出差别：每组下单和未下单的人都要至少 {} 人，最少的一格只有 {} 人。",
                    n(*needed),
                    n(*have)
                ),
                format!(
                    "Too few people to learn from: each arm takes {} who bought and {} who did not; the smallest has {}.",
                    n(*needed),
                    n(*needed),
                    n(*have)
                ),
            );
        }
    };
    let average = found.average.map(points);
    let (mut zh, mut en) = (
        format!("平均来说，活动让下单的比例变化 {} 个百分点（{} 至 {}）。", average[0], average[1], average[2]),
        format!(
            "On average it changes the share of buyers by {} points ({} to {}).",
            average[0], average[1], average[2]
        ),
    );
    if !found.is_found {
        zh.push_str("没有发现人与人的差别：不能说它对谁更有效，不要据此挑人。");
        en.push_str(
            " No heterogeneity found: nobody can be said to be moved more than others, so do not pick people by it.",
        );
        return (zh, en);
    }
    let people: u64 = found.tenths.iter().filter(|tenth| tenth.is_target).map(|tenth| tenth.n).sum();
    if let (Some(best), Some(last)) = (found.tenths.first(), found.tenths.last()) {
        zh.push_str(&format!(
            "人与人确有差别：最容易被打动的一成变化 {} 个百分点，最后一成 {}。建议发给前面 {} 人。",
            points(best.uplift),
            points(last.uplift),
            n(people)
        ));
        en.push_str(&format!(
            " People do differ: {} points in the tenth that is moved most, {} in the last. Send to the first {} people.",
            points(best.uplift),
            points(last.uplift),
            n(people)
        ));
    }
    (zh, en)
}

pub(super) fn asked_budget(spec: &Spec, of: (i64, i64), segment: Option<&str>) -> Both {
    let (zh, en) = days(of, segment);
    let budget = share(spec.budget);
    (
        format!("{zh}：各渠道每周花的钱带来多少收入？按现在花费的 {budget} 该怎么分？"),
        format!("{en}: what does weekly money in channels bring, and how might {budget} of the present be divided?"),
    )
}

pub(super) fn budget(found: &Result<Budget, NoBudget>, currency: &str) -> Both {
    let found = match found {
        Ok(found) => found,
        Err(NoBudget::NoCost) => {
            return (
                "这段时间没有写明时间和花费的活动，画不出响应曲线。请导入带开始、结束日期和花费的活动。".into(),
                "No campaign of these days says when it ran and what it cost: import campaigns with start, end and cost."
                    .into(),
            );
        }
        Err(NoBudget::TooFewWeeks { n: have, needed }) => {
            return (
                format!("数据太短：这么多渠道至少要 {} 周，现在只有 {} 周。不作预算建议。", n(*needed), n(*have)),
                format!(
                    "Too few weeks: so many channels take {}, there are {}. Nothing is proposed.",
                    n(*needed),
                    n(*have)
                ),
            );
        }
        Err(NoBudget::NeverVaried) => {
            return (
                "各渠道每周的花费几乎没有变过，看不出多花或少花会怎样。".into(),
                "Money hardly varied from week to week: what more or less of it does cannot be told.".into(),
            );
        }
    };
    let gain = found.gain.map(|gain| gain.map(|each| cash(each, currency)));
    let (mut zh, mut en) = match (&gain, found.is_found) {
        (Some([gain, low, high]), true) => (
            format!("按建议重新分配，每周可多带来 {gain}（{low} 至 {high}）。"),
            format!("Divided as proposed, it brings {gain} more a week ({low} to {high})."),
        ),
        (Some([gain, low, high]), false) => (
            format!("重新分配的好处分不清是不是巧合：每周 {gain}（{low} 至 {high}）。维持现状就好。"),
            format!(
                "What another division brings cannot be told from chance: {gain} a week ({low} to {high}). Leave it."
            ),
        ),
        (None, _) => (
            "这个预算超出了数据见过的范围，不作建议。".into(),
            "So much money is beyond what the data have seen: nothing is proposed.".into(),
        ),
    };
    zh.push_str("曲线说的是花费与收入一起变化，不一定是花费带来的；只有有意改变花费才能确认。");
    en.push_str(" Curves tell what went together, not what was caused, unless money was varied on purpose.");
    (zh, en)
}

pub(super) fn asked_coupons(spec: &Spec, of: (i64, i64), segment: Option<&str>) -> Both {
    let (zh, en) = days(of, segment);
    let by = by(spec.by);
    (
        format!("{zh}：按{}，优惠券发给了谁、谁用了、带来多少，谁本来也会买？", by.0),
        format!("{en}: by {}, who got coupons, who used them, what did that bring, and who was due anyway?", by.1),
    )
}

pub(super) fn coupons(
    spec: &Spec,
    rows: &[CouponRow],
    total: &CouponRow,
    change: Option<&Change>,
    currency: &str,
) -> Both {
    if rows.is_empty() {
        return (
            "这段时间没有用过优惠券：订单没有券码，也没有核销记录。".into(),
            "No coupon was used in these days: no order has one, and no message was redeemed.".into(),
        );
    }
    let (Some(redeemed), Some(uses), Some(revenue), Some(discount)) =
        (total.n_redeemed, total.n_uses, total.revenue, total.discount)
    else {
        return few();
    };
    let (mut zh, mut en) = (
        format!(
            "{} 人用了 {} 次优惠券，对应订单净收入 {}，共优惠 {}。",
            n(redeemed),
            n(uses),
            money(revenue, currency),
            money(discount, currency)
        ),
        format!(
            "{} people used coupons {} times; these orders came to {} net, with {} taken off.",
            n(redeemed),
            n(uses),
            money(revenue, currency),
            money(discount, currency)
        ),
    );
    if let (Some(rate), Some(issued)) = (total.rate, total.n_issued) {
        zh.push_str(&format!("领到券的 {} 人里 {} 用了。", n(issued), share(rate)));
        en.push_str(&format!(" Of {} people who got one, {} used it.", n(issued), share(rate)));
    }
    if let (Some(anyway), Some(rhythm)) = (total.n_anyway, total.n_rhythm)
        && rhythm > 0
    {
        let part = share(anyway as f64 / rhythm as f64);
        zh.push_str(&format!("在看得出购买节奏的 {} 人里，{}（{part}）按节奏本来就该买了。", n(rhythm), n(anyway)));
        en.push_str(&format!(" Of {} with a rhythm, {} ({part}) were due anyway.", n(rhythm), n(anyway)));
    }
    if let Some(change) = change {
        let days = spec.lookback_days;
        let [each, low, high] = [change.each, change.low, change.high].map(|each| cash(each, currency));
        let is_unclear = change.low <= 0.0 && change.high >= 0.0;
        let (chance_zh, chance) =
            if is_unclear { ("，与巧合分不开", ", not to be told from chance") } else { ("", "") };
        zh.push_str(&format!(
            "与同一周没用券的订单相比，用券后 {days} 天比之前 {days} 天人均多 {each}（{low} 至 {high}{chance_zh}）；这是估计，不是效果，用券的人本来就可能不同。"
        ));
        en.push_str(&format!(
            " Beside orders without a coupon in the same weeks, {days} days after less {days} before come to {each} more each \
             ({low} to {high}{chance}). That is an estimate, not an effect: who uses coupons may differ anyway."
        ));
    }
    (zh, en)
}

fn step(which: &str) -> (&'static str, &'static str) {
    match which {
        "targeted" => ("列入发送", "drawn"),
        "reached" => ("触达", "reached"),
        "delivered" => ("送达", "delivered"),
        "opened" => ("打开", "opened"),
        "clicked" => ("点击", "clicked"),
        "converted" => ("下单", "bought"),
        "holdout" => ("对照组", "withheld"),
        "treated" => ("实验组", "treated"),
        "holdout_bought" => ("对照组下单", "withheld who bought"),
        "treated_bought" => ("实验组下单", "treated who bought"),
        "issued" => ("领到券", "got a coupon"),
        "redeemed" => ("用了券", "used a coupon"),
        "anyway" => ("本来就该买", "due anyway"),
        "rhythm" => ("看得出节奏", "with a rhythm"),
        "credited" => ("订单分到功劳", "orders credited"),
        "target" => ("建议发送", "to be sent to"),
        "open" => ("观察期未满", "days not over"),
        "both" => ("两组都在", "in both arms"),
        _ => ("客户", "people"),
    }
}

/// What a list was made of.
pub(super) fn of_part(spec: &Spec, part: &Part) -> Both {
    let (zh, en) = step(&part.which);
    let of = part.key.as_deref().or(spec.campaign.as_deref()).unwrap_or("");
    (format!("营销活动 {of}：{zh}"), format!("Campaigns {of}: {en}"))
}

/// What an answer to a message is called.
const fn answered(answer: Answered) -> (&'static str, &'static str) {
    match answer {
        Answered::Opened => ("打开", "opened"),
        Answered::Clicked => ("点击", "clicked"),
        Answered::Converted => ("转化", "converted"),
    }
}

/// An hour of the week, 0 to 167, Monday from midnight first.
pub fn hour_of_week(hour: usize) -> Both {
    const ZH: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    const EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let (day, hour) = (hour / 24 % 7, hour % 24);
    (format!("{} {hour} 点", ZH[day]), format!("{} {hour}:00", EN[day]))
}

pub(super) fn asked_moments(spec: &Spec, of: (i64, i64), segment: Option<&str>) -> Both {
    let (zh, en) = days(of, segment);
    let (answer_zh, answer) = answered(spec.answer);
    (
        format!("{zh}：消息在什么时候、用什么渠道更容易被{answer_zh}？"),
        format!("{en}: when and by which channel are messages {answer}?"),
    )
}

/// What answers by hour mean; numbers are messages, drawn ones, and whether so few people are not told.
pub(super) fn moments(
    spec: &Spec,
    (n_sent, n_drawn, is_few): (u64, u64, bool),
    channels: &[Option<String>],
    best: Option<&HourRate>,
    grade: Option<&TimingGrade>,
) -> Both {
    if is_few {
        return (
            "这个范围内的人太少，不便显示。".into(),
            "There are so few people among those asked about that nothing is told.".into(),
        );
    }
    if n_sent == 0 {
        return ("这段时间没有送达的消息。".into(), "No message arrived in these days.".into());
    }
    let (answer_zh, answer) = answered(spec.answer);
    let (mut zh, mut en) = match best {
        Some(best) => {
            let (hour_zh, hour) = hour_of_week(best.hour);
            let channel = channels.get(best.channel).and_then(Option::as_deref);
            let by_zh = channel.map_or_else(String::new, |channel| format!("“{channel}”"));
            let by = channel.map_or_else(String::new, |channel| format!(" by “{channel}”"));
            let own = share(best.n_answered as f64 / best.n.max(1) as f64);
            let more = best.differs.map_or(0.0, |differs| differs[0]) * 100.0;
            (
                format!(
                    "{hour_zh}{by_zh}的 {} 条消息有 {own} 被{answer_zh}，比同渠道其他时段高 {more:.1} 个百分点，不像巧合。",
                    n(best.n)
                ),
                format!(
                    "Of {} messages{by} on {hour}, {own} were {answer}: {more:.1} points more than at other hours, which is hardly \
                     chance.",
                    n(best.n)
                ),
            )
        }
        None => (
            format!("{} 条消息里，没有哪个时段的{answer_zh}率高得不像巧合。", n(n_sent)),
            format!("Of {} messages, no hour is {answer} more often than chance explains.", n(n_sent)),
        ),
    };
    match grade {
        Some(grade) => {
            let (drawn, chosen) = (share(grade.drawn[0]), share(grade.chosen[0]));
            let between = format!("{} ～ {}", share(grade.chosen[1]), share(grade.chosen[2]));
            let (said_zh, said) = match grade.is_better {
                Some(true) => ("按人选时段确实更好。", "choosing helps."),
                Some(false) => ("按人选时段反而更差，请照旧发送。", "choosing harms: send as before."),
                None => {
                    ("差别说不准，先照旧发送，继续随机试。", "too little to tell: send as before and go on drawing.")
                }
            };
            zh.push_str(&format!(
                "用 {} 条随机时段的消息检验：照发 {drawn}，按人选时段估计 {chosen}（{between}）；{said_zh}",
                n(grade.n)
            ));
            en.push_str(&format!(
                " Judged by {} messages whose hour was drawn: {drawn} as sent, {chosen} ({between}) if the hour had been chosen for \
                 each; {said}",
                n(grade.n)
            ));
        }
        None => {
            zh.push_str(&format!(
                "时段是随机抽的消息只有 {} 条，不足以判断按人选时段有没有用：谁在什么时候收到，往往是因为他本来就更活跃。请让一部分消息随机选时段，\
                 并在消息文件里加一列“抽取概率”。",
                n(n_drawn)
            ));
            en.push_str(&format!(
                " Of only {} messages was the hour drawn, too few to tell whether choosing it helps: who gets a message when often \
                 depends on how active they are anyway. Draw the hour of some messages, and note the chance in their file (column \
                 propensity).",
                n(n_drawn)
            ));
        }
    }
    (zh, en)
}

pub(super) fn no_channel(name: &str, channels: &[Option<String>]) -> Error {
    let known: Vec<&str> = channels.iter().filter_map(Option::as_deref).collect();
    let known = known.join(", ");
    Error::bad_request(
        format!("no message of the last year went by {name:?}: there are {known}"),
        format!("最近一年没有走“{name}”的消息：可用的有 {known}"),
    )
}
