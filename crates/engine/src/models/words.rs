//! What a grade and a board mean, in one sentence of each language.

use zhike_domain::learn::{Model, Risk};
use zhike_domain::sentence::{count, count_en, count_zh, money_en, money_zh, percent};
use zhike_state::ModelStatus;

use super::clv::MEAN_ALIVE;
use super::{Board, Version};

fn share(of: f64) -> String {
    percent((of * 1e6).round() as i128, 1_000_000)
}

fn whole(of: f64) -> i64 {
    of.round() as i64
}

/// How good a version is, Chinese and English.
pub fn meaning(version: &Version) -> (String, String) {
    let card = &version.card;
    if let Some(why) = &card.withheld {
        return why.words();
    }
    if version.status == ModelStatus::Retired {
        return ("已由更新的版本取代".into(), "a later version took its place".into());
    }
    match version.model {
        Model::Clv => card.totals.as_ref().map(|totals| {
            let alive = card.parameters.iter().find(|one| one.name == MEAN_ALIVE).map_or(0.0, |one| one.value);
            let (all_zh, all_en) = if alive > 0.995 {
                ("这段数据里看不出有客户离开，活跃概率都接近 100%。", " These data do not show anybody leaving, so everybody counts as active.")
            } else {
                ("", "")
            };
            let off = if totals.actual > 0.0 { (totals.expected - totals.actual) / totals.actual } else { 0.0 };
            let (more_zh, more_en) = if off < 0.0 { ("少", "less") } else { ("多", "more") };
            (
                format!(
                    "只看到 {} 的数据，预计其后 {} 天有 {} 个下单日，实际 {} 个，{more_zh}估 {}；每位客户的误差（均方根）{:.2}，照过去的频率推算是 {:.2}。{all_zh}",
                    totals.cutoff, totals.days, count(whole(totals.expected)), count(whole(totals.actual)),
                    share(off.abs()), totals.error, totals.baseline_error
                ),
                format!(
                    "Knowing the data up to {} only, it expected {} days with orders in the {} days that followed; {} came, so it said {} {more_en}. Its error of a customer (root of the mean square) is {:.2}; that of going on as before {:.2}.{all_en}",
                    totals.cutoff, count(whole(totals.expected)), totals.days, count(whole(totals.actual)),
                    share(off.abs()), totals.error, totals.baseline_error
                ),
            )
        }),
        Model::Clusters => {
            let of = |name: &str| card.parameters.iter().find(|one| one.name == name).map_or(0.0, |one| one.value);
            Some((
                format!(
                    "分成 {} 组；换起点重新分，{} 的结果一致；最小的一组占 {}。",
                    whole(of("k")), share(of("stability").clamp(0.0, 1.0)), share(of("smallest_share"))
                ),
                format!(
                    "{} groups; from other starts {} of the result is the same; the smallest group holds {}.",
                    whole(of("k")), share(of("stability").clamp(0.0, 1.0)), share(of("smallest_share"))
                ),
            ))
        }
        Model::Churn | Model::Purchase30 | Model::Purchase90 => card.warning.map(|warning| {
            let (did_zh, did_en) =
                if version.model == Model::Churn { ("没有再来", "did not come back") } else { ("下了单", "ordered") };
            (
                format!(
                    "在它没见过的客户里，最可能的一成有 {} {did_zh}；按“最近买过、买得多”的简单规则挑同样多的人是 {}，全部客户是 {}。",
                    share(warning.hit_rate), share(warning.baseline_hit_rate), share(warning.share)
                ),
                format!(
                    "Of customers it had not seen, {} of its likeliest tenth {did_en}; of as many by the plain rule of recency and frequency {}, of all {}.",
                    share(warning.hit_rate), share(warning.baseline_hit_rate), share(warning.share)
                ),
            )
        }),
    }
    .unwrap_or_else(|| ("还没有检验".into(), "not graded yet".into()))
}

/// What a board means, Chinese and English.
pub fn meaning_of_board(board: &Board, currency: &str) -> (String, String) {
    if board.as_of.is_none() {
        return ("还没有计算：刷新后显示。".into(), "Not computed yet: it shows after a refresh.".into());
    }
    let (Some(n), Some(expected), Some(at_risk)) = (board.n_active, board.expected, board.at_risk) else {
        return ("人数太少，不显示。".into(), "Too few customers to be told of.".into());
    };
    if n == 0 {
        return ("流失模型没有给出结果：见模型成绩。".into(), "The churn model says nothing: see its grade.".into());
    }
    let high = board.urgent.iter().find(|one| one.risk == Risk::High);
    let high = high.and_then(|high| Some((high.n?, high.at_risk?))).filter(|_| at_risk > 0);
    let of_high = high.map(|(n, own)| {
        let part = percent(i128::from(own), i128::from(at_risk));
        (
            format!("；其中高风险 {} 人，占在险价值 {part}", count(n as i64)),
            format!("; the {} at high risk hold {part} of the value at risk", count(n as i64)),
        )
    });
    let (high_zh, high_en) = of_high.unwrap_or_default();
    (
        format!(
            "{} 位还在买的客户里，预计约 {} 人会流失，在险价值 {}{high_zh}。",
            count_zh(n as i64),
            count_zh(whole(expected)),
            money_zh(at_risk, currency)
        ),
        format!(
            "Of {} customers who still buy, about {} are expected to leave, with {} at risk{high_en}.",
            count_en(n as i64),
            count_en(whole(expected)),
            money_en(at_risk, currency)
        ),
    )
}
