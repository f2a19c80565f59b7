//! Small vocabularies of cells: yes and no, scores, outcomes of messages, units after a quantity.

use crate::clean::Reason;

/// Yes (`true`) or no; a refund's word counts as yes. `None` when the word is unknown.
pub fn read_bool(text: &str) -> Option<bool> {
    let lower = text.trim().to_lowercase();
    Some(match lower.as_str() {
        "1" | "y" | "yes" | "true" | "t" | "是" | "有" | "refund" | "return" | "refunded" | "退款" | "退货"
        | "退单" | "已退单" | "已退款" | "红字" | "消费撤销" | "退" => true,
        "0" | "n" | "no" | "false" | "f" | "否" | "无" | "payment" | "sale" | "交易" | "消费" | "正常" | "销售"
        | "在线支付" | "未退款" | "收费" => false,
        _ => return None,
    })
}

/// A score: a number, `5星`, `★★★★☆`, `90%`, a word of satisfaction (1 to 5), good (1) or bad (0). `Ok(None)` when no score
/// was given.
///
/// # Errors
/// When the text is no score.
pub fn read_score(text: &str) -> Result<Option<f64>, Reason> {
    let text = text.trim();
    let n_stars = text.chars().filter(|&letter| letter == '★' || letter == '⭐').count();
    if n_stars > 0 && text.chars().all(|letter| matches!(letter, '★' | '☆' | '⭐' | '\u{fe0f}')) {
        return Ok(Some(n_stars as f64));
    }
    let lower = text.to_lowercase();
    match lower.as_str() {
        "非常满意" | "很满意" | "very satisfied" => return Ok(Some(5.0)),
        "满意" | "比较满意" | "satisfied" => return Ok(Some(4.0)),
        "一般" | "基本满意" | "中立" | "neutral" => return Ok(Some(3.0)),
        "不满意" | "不太满意" | "比较不满意" | "dissatisfied" => return Ok(Some(2.0)),
        "非常不满意" | "很不满意" | "very dissatisfied" => return Ok(Some(1.0)),
        "good" | "好评" | "好" => return Ok(Some(1.0)),
        "bad" | "差评" | "差" => return Ok(Some(0.0)),
        "offered" | "unoffered" | "未评价" | "无评价" | "(跳过)" | "(空)" | "-2" | "-3" => return Ok(None),
        _ => {}
    }
    let digits =
        lower.trim_end_matches(['星', '分', '级', '%']).trim_end_matches(" stars").trim_end_matches(" star").trim();
    let digits = digits.split_once(['/', '(']).map_or(digits, |(score, _)| score.trim());
    match digits.parse::<f64>() {
        Ok(score) if score.is_finite() && score.abs() < 1e9 => Ok(Some(score)),
        _ => Err(Reason::UnreadableNumber),
    }
}

/// What became of a message, in our words; `None` when the word is unknown.
pub fn read_outcome(text: &str) -> Option<&'static str> {
    let lower = text.trim().to_lowercase();
    Some(match lower.as_str() {
        "sent" | "send" | "submitted" | "accepted" | "已发送" | "发送成功" | "已提交" | "提交成功" | "成功"
        | "acceptd" => "sent",
        "delivered" | "delivrd" | "delivery" | "送达" | "已送达" | "到达" | "接收成功" | "ok" => "delivered",
        "opened" | "open" | "read" | "打开" | "已打开" | "已读" | "阅读" => "opened",
        "clicked" | "click" | "点击" | "已点击" => "clicked",
        "converted" | "conversion" | "redeemed" | "转化" | "已转化" | "核销" | "已核销" => "converted",
        "failed" | "failure" | "bounced" | "bounce" | "undeliv" | "undelivered" | "expired" | "rejectd"
        | "rejected" | "deleted" | "unknown" | "发送失败" | "失败" | "未送达" | "未到达" => "failed",
        "suppressed" | "skipped" | "unsubscribed" | "blocked" | "已拦截" | "拦截" | "未发送" | "退订" => {
            "suppressed"
        }
        _ => return None,
    })
}

/// The arm of an experiment in our words; `None` when the word is unknown.
pub fn read_arm(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_lowercase().as_str() {
        "treated" | "treatment" | "test" | "实验组" | "处理组" | "试验组" | "1" => "treated",
        "holdout" | "control" | "对照组" | "空白组" | "no e-mail" | "0" => "holdout",
        _ => return None,
    })
}

const UNITS: &[&str] = &[
    "件", "个", "盒", "箱", "份", "瓶", "包", "袋", "张", "套", "条", "双", "台", "支", "只", "杯", "本", "次", "kg",
    "公斤", "千克", "斤", "g", "克", "l", "ml", "升", "米", "m", "pcs", "pc", "x", "ea", "units", "unit",
];

/// A quantity's number without the unit behind it (`2件`, `1.250kg`, `x3`); `None` when there is no such unit.
pub fn strip_quantity_unit(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix(['x', 'X', '×', '*'])
        && rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
    {
        return Some(rest);
    }
    let end = text.rfind(|letter: char| letter.is_ascii_digit() || letter == '.')? + 1;
    let unit = text[end..].trim().to_lowercase();
    (!unit.is_empty() && UNITS.contains(&unit.as_str())).then(|| text[..end].trim())
}

/// Words that stand where nobody is known: an identity of this value would join strangers.
pub fn is_nobody(text: &str) -> bool {
    let trimmed = text.trim_matches(['0', '-', '_', '.', ' ']);
    if trimmed.is_empty() {
        return true;
    }
    matches!(
        text.to_lowercase().as_str(),
        "散客"
            | "游客"
            | "访客"
            | "匿名"
            | "匿名用户"
            | "非会员"
            | "未知"
            | "unknown"
            | "guest"
            | "anonymous"
            | "undefined"
            | "none"
            | "null"
            | "nan"
            | "n/a"
            | "na"
            | "test"
            | "测试"
            | "-1"
            | "00000000-0000-0000-0000-000000000000"
    )
}

/// Words that stand for "no comment" in reviews.
pub fn is_no_comment(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['。', '.', '！', '!']);
    matches!(
        text,
        "此用户没有填写评价"
            | "该用户没有填写评价"
            | "用户未填写评价内容"
            | "系统默认好评"
            | "默认好评"
            | "此用户未填写评价内容"
            | "用户未填写文字评价"
            | "(空)"
            | "(跳过)"
            | "评价方未及时做出评价,系统默认好评"
            | "评价方未及时做出评价，系统默认好评"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_read_from_many_forms() {
        for (text, expected) in [
            ("5", Ok(Some(5.0))),
            ("4.5", Ok(Some(4.5))),
            ("5星", Ok(Some(5.0))),
            ("★★★★☆", Ok(Some(4.0))),
            ("90%", Ok(Some(90.0))),
            ("8/10", Ok(Some(8.0))),
            ("非常不满意", Ok(Some(1.0))),
            ("good", Ok(Some(1.0))),
            ("(跳过)", Ok(None)),
            ("很棒", Err(Reason::UnreadableNumber)),
            ("inf", Err(Reason::UnreadableNumber)),
        ] {
            assert_eq!(read_score(text), expected, "{text}");
        }
    }

    #[test]
    fn units_are_taken_off() {
        for (text, expected) in [
            ("2件", Some("2")),
            ("1.250kg", Some("1.250")),
            ("x3", Some("3")),
            ("3", None),
            ("many", None),
            ("", None),
            ("3 fish", None),
        ] {
            assert_eq!(strip_quantity_unit(text), expected, "{text}");
        }
    }

    #[test]
    fn placeholders_are_nobody() {
        for text in ["0", "0000", "散客", "Guest", "-"] {
            assert!(is_nobody(text), "{text}");
        }
        for text in ["17850", "10", "A0"] {
            assert!(!is_nobody(text), "{text}");
        }
    }
}
