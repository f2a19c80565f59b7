//! Words for the state of an order and of a refund, as the shops, tills and payment systems write them.

use serde::{Deserialize, Serialize};

/// State of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed, not paid.
    Created,
    /// Paid, to be shipped.
    Paid,
    /// Under way.
    Shipped,
    /// Received.
    Completed,
    /// Closed, nothing paid.
    Cancelled,
    /// Part of the amount was given back.
    PartialRefund,
    /// All of the amount was given back.
    Refunded,
}

impl OrderStatus {
    /// All of them, in order.
    pub const ALL: &[Self] = &[
        Self::Created,
        Self::Paid,
        Self::Shipped,
        Self::Completed,
        Self::Cancelled,
        Self::PartialRefund,
        Self::Refunded,
    ];

    /// The word stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::PartialRefund => "partial_refund",
            Self::Refunded => "refunded",
        }
    }
}

/// State of the refund of an order or of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Nothing was or will be given back.
    None,
    /// All was given back.
    Succeeded,
    /// Asked for or under way.
    InProgress,
    /// Part was given back; how much stands elsewhere.
    Partial,
}

/// Reads the state of an order; `None` for an unknown word.
///
/// Known words come first, then the parts of compound ones: `(删除)` before anything is cancelled, `…退款成功` is refunded,
/// and a refund under way leaves the state as it is without it. `交易关闭` and the like are cancelled: whether the order had
/// been paid, and so was refunded, stands in other columns.
pub fn read_status(text: &str) -> Option<OrderStatus> {
    let word = normalise(text);
    known_status(&word).or_else(|| compound_status(&word))
}

/// Reads the state of a refund; `None` for an unknown word. No word is no refund.
pub fn read_refund_state(text: &str) -> Option<RefundState> {
    let word = normalise(text);
    known_refund_state(&word).or_else(|| compound_refund_state(&word))
}

/// Without blanks, in lower case, with half-width signs and `_` for `-`.
fn normalise(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '，' => ',',
            '（' => '(',
            '）' => ')',
            '-' => '_',
            '￥' => '¥',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

fn known_status(word: &str) -> Option<OrderStatus> {
    use OrderStatus::{Cancelled, Completed, Created, Paid, PartialRefund, Refunded, Shipped};
    let word = word.strip_prefix("wc_").unwrap_or(word);
    Some(match word {
        // Taobao, JD, Pinduoduo, Douyin, Youzan, WeChat, Kuaishou, Meituan, Ele.me and points of sale.
        "等待买家付款" | "等待付款" | "待付款" | "待支付" | "未付款" | "未支付" | "付款确认中" | "已下单"
        | "待确认" | "未结账" | "未结算" | "挂单" => Created,
        "买家已付款,等待卖家发货"
        | "等待卖家发货"
        | "买家已付款"
        | "卖家部分发货"
        | "等待出库"
        | "等待发货"
        | "等待打印"
        | "待发货"
        | "备货中"
        | "部分发货"
        | "待接单"
        | "待成团"
        | "待出库"
        | "待配货"
        | "配货中"
        | "拣货中"
        | "已接单"
        | "待揽收"
        | "待配送"
        | "商家已接单"
        | "已付款"
        | "已支付"
        | "支付成功"
        | "付款成功"
        | "待处理"
        | "处理中" => Paid,
        "卖家已发货,等待买家确认"
        | "等待买家确认"
        | "卖家已发货"
        | "等待确认收货"
        | "已发货"
        | "自提中"
        | "收款确认"
        | "已发货,待收货"
        | "已发货,待签收"
        | "待收货"
        | "待签收"
        | "已出库"
        | "配送中"
        | "运输中"
        | "派送中"
        | "骑手配送中"
        | "已揽收"
        | "待自提"
        | "待取货" => Shipped,
        "交易成功" | "交易完成" | "完成" | "已完成" | "已收货" | "已签收" | "确认收货" | "订单完成" | "订单完结"
        | "已完结" | "待评价" | "已评价" | "已核销" | "已使用" | "已结账" | "已结算" | "用户已收餐" | "已送达"
        | "已存入零钱" | "对方已收钱" | "正常" => Completed,
        "交易关闭" | "已关闭" | "关闭" | "已取消" | "取消" | "交易取消" | "订单取消" | "订单关闭" | "删除"
        | "已删除" | "锁定" | "作废" | "已作废" | "无效" | "超时关闭" | "支付失败" | "已撤销" | "已撤单"
        | "消费撤销" | "已拒单" => Cancelled,
        "部分退款" | "已部分退款" | "部分退货" => PartialRefund,
        "已退款" | "退款成功" | "退款完成" | "全额退款" | "已全额退款" | "已退货" | "已退单" | "退货" | "退款"
        | "退单" | "退货退款" => Refunded,
        // Wallets, card terminals and enterprise systems.
        "消费" | "已审核" | "审核通过" => Paid,
        "创建" | "暂存" | "审核中" | "重新审核" | "草稿" | "待审核" | "开立" => Created,
        // Taobao, Alipay, JD and WeChat Pay codes.
        "wait_buyer_pay" | "trade_no_create_pay" | "pay_pending" | "notpay" | "userpaying" => Created,
        "wait_seller_send_goods"
        | "seller_consigned_part"
        | "wait_seller_stock_out"
        | "trade_success"
        | "success"
        | "locked"
        | "pop_order_pause" => Paid,
        "wait_buyer_confirm_goods" | "wait_goods_receive_confirm" => Shipped,
        "trade_buyer_signed" | "trade_finished" | "finished_l" => Completed,
        "trade_closed" | "trade_closed_by_taobao" | "trade_canceled" | "revoked" | "payerror" => Cancelled,
        "refund" => Refunded,
        // Shopify, WooCommerce, Magento, Square and common words.
        "created" | "new" | "open" | "draft" | "pending" | "pending_payment" | "pendingpayment" | "authorized"
        | "unpaid" | "on_hold" | "onhold" | "holded" | "awaitingpayment" | "awaiting_payment" | "payment_review"
        | "paymentreview" | "checkout_draft" | "partially_paid" => Created,
        "paid"
        | "processing"
        | "confirmed"
        | "unfulfilled"
        | "partial"
        | "partially_fulfilled"
        | "awaitingshipment"
        | "awaiting_shipment"
        | "awaitingfulfillment"
        | "awaiting_fulfillment"
        | "readytoship"
        | "ready_to_ship" => Paid,
        "shipped" | "intransit" | "in_transit" | "outfordelivery" | "out_for_delivery" | "partiallyshipped"
        | "partially_shipped" => Shipped,
        "completed" | "complete" | "fulfilled" | "delivered" | "done" | "finished" | "payment" => Completed,
        "cancelled" | "canceled" | "voided" | "void" | "failed" | "declined" | "expired" | "fraud" | "trash"
        | "deleted" | "abandoned" => Cancelled,
        "partial_refund" | "partially_refunded" | "partiallyrefunded" | "partialrefund" => PartialRefund,
        // Magento closes an order when all of it was refunded.
        "refunded" | "closed" | "returned" | "fullyrefunded" | "fully_refunded" => Refunded,
        _ => return None,
    })
}

fn compound_status(word: &str) -> Option<OrderStatus> {
    use OrderStatus::{Cancelled, Completed, Created, Paid, PartialRefund, Refunded, Shipped};
    if word.starts_with("(删除)") {
        return Some(Cancelled);
    }
    // 已退款(¥12.00)
    if word.starts_with("已退款(") {
        return Some(PartialRefund);
    }
    // 交易关闭(超时未付款)
    if let Some((head, _)) = word.split_once('(')
        && let Some(status) = known_status(head)
    {
        return Some(status);
    }
    match compound_refund_state(word) {
        Some(RefundState::Succeeded) => return Some(Refunded),
        Some(RefundState::Partial) => return Some(PartialRefund),
        _ => {}
    }
    let mut word = word.to_owned();
    for ended in ["售后取消", "取消售后", "退款取消", "取消退款", "退款关闭", "售后关闭"] {
        word = word.replace(ended, "");
    }
    let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    if has(&["取消", "交易关闭", "已关闭", "作废"]) {
        Some(Cancelled)
    } else if has(&["待发货", "未发货", "等待卖家发货", "等待出库", "待成团"]) {
        Some(Paid)
    } else if has(&["已签收", "已收货", "已完成", "交易成功", "交易完成"]) {
        Some(Completed)
    } else if has(&["已发货", "待收货", "待签收", "配送中", "运输中", "等待买家确认"]) {
        Some(Shipped)
    } else if has(&["待付款", "待支付", "未付款", "未支付", "等待买家付款"]) {
        Some(Created)
    } else if has(&["退款中", "申请退款", "待退款", "售后中", "售后处理中", "已付款", "已支付"])
    {
        Some(Paid)
    } else {
        None
    }
}

fn known_refund_state(word: &str) -> Option<RefundState> {
    use RefundState::{InProgress, None, Partial, Succeeded};
    Some(match word {
        ""
        | "_"
        | "0"
        | "无"
        | "无售后"
        | "无退款"
        | "未退款"
        | "没有申请退款"
        | "未申请退款"
        | "无售后或售后取消"
        | "正常" => None,
        "售后关闭" | "售后取消" | "售后已取消" | "售后已关闭" | "退款关闭" | "退款取消" | "取消退款" | "退款失败"
        | "拒绝退款" | "商家拒绝" | "已撤销" | "换货成功" | "换货待收货" | "补寄成功" | "维修成功" | "none" | "no"
        | "closed" | "change" | "fail" | "failed" => None,
        "退款成功" | "已全额退款" | "全额退款成功" | "全额退款" | "已退款" | "退款完成" | "退货退款成功"
        | "全部退款" | "全部退款成功" | "已退货退款" | "refunded" | "success" | "fully_refunded" => {
            Succeeded
        }
        "部分退款" | "部分退款成功" | "已部分退款" | "partially_refunded" | "partial_refund" | "partial" => {
            Partial
        }
        "售后待处理" | "退款中" | "退款处理中" | "售后中" | "售后处理中" | "申请退款" | "待退款" | "待商家处理"
        | "退货中" | "待退货" | "processing" | "pending" | "in_progress" => InProgress,
        _ => return Option::None,
    })
}

fn compound_refund_state(word: &str) -> Option<RefundState> {
    let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    if has(&["未退款", "无退款", "没有退款", "换货", "补寄"]) {
        return Some(RefundState::None);
    }
    if has(&["退款成功", "退款完成", "全额退款", "已退款", "退货成功"]) {
        // 部分退款成功, 已退款(¥12.00)
        let is_partial = has(&["部分"]) || word.starts_with("已退款(");
        return Some(if is_partial { RefundState::Partial } else { RefundState::Succeeded });
    }
    if has(&["关闭", "取消", "拒绝", "撤销", "失败"]) && has(&["退款", "售后", "退货"]) {
        return Some(RefundState::None);
    }
    if has(&["退款", "售后", "退货", "平台介入", "等待卖家", "等待买家"])
        && has(&["申请", "等待", "待", "中", "同意", "处理"])
    {
        return Some(RefundState::InProgress);
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(words: &[&str], expected: Option<OrderStatus>) {
        for word in words {
            assert_eq!(read_status(word), expected, "{word}");
        }
    }

    #[test]
    fn words_of_all_systems() {
        use OrderStatus::{Cancelled, Completed, Created, Paid, PartialRefund, Refunded, Shipped};
        check(
            &["等待买家付款", "等待付款", "待付款", "待支付", "pending", "authorized", "on-hold", "创建"],
            Some(Created),
        );
        check(
            &["买家已付款，等待卖家发货", "买家已付款,等待卖家发货", "等待出库", "等待发货", "待发货", "备货中"],
            Some(Paid),
        );
        check(
            &["部分发货", "待接单", "待成团", "paid", "processing", "wc-processing", "SUCCESS", "已审核"],
            Some(Paid),
        );
        check(&["卖家已发货，等待买家确认", "等待确认收货", "已发货", "自提中", "收款确认", "shipped"], Some(Shipped));
        check(&["已发货，待收货", "已发货，待签收", "已发货,待签收"], Some(Shipped));
        check(
            &["交易成功", "完成", "已完成", "已收货", "交易完成", "completed", "wc-completed", "complete"],
            Some(Completed),
        );
        check(&["订单完结", "Payment", "fulfilled"], Some(Completed));
        check(
            &["交易关闭", "已取消", "锁定", "删除", "(删除)等待出库", "（删除）完成", "已关闭", "voided"],
            Some(Cancelled),
        );
        check(
            &["canceled", "failed", "REVOKED", "交易关闭(超时未付款)", "未付款用户主动取消或超时未付款订单自动取消"],
            Some(Cancelled),
        );
        check(
            &["已发货，退款成功", "未发货，退款成功", "退款成功", "已全额退款", "refunded", "REFUND", "退货", "closed"],
            Some(Refunded),
        );
        check(
            &["partially_refunded", "Partially refunded", "部分退款", "部分退款成功", "已退款(￥12.00)"],
            Some(PartialRefund),
        );
        check(&["已发货，退款中"], Some(Shipped));
        check(&["待发货,申请退款", "退款中"], Some(Paid));
        check(&["已收货,退款取消", "已收货，售后取消"], Some(Completed));
        check(&["", "其它", "foo", "123"], None);
        for &status in OrderStatus::ALL {
            check(&[status.as_str()], Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }

    #[test]
    fn refund_words() {
        #[track_caller]
        fn check(words: &[&str], expected: Option<RefundState>) {
            for word in words {
                assert_eq!(read_refund_state(word), expected, "{word}");
            }
        }
        use RefundState::{InProgress, None as Nothing, Partial, Succeeded};
        check(&["退款成功", "已全额退款", "已发货，退款成功", "未发货,退款成功", "SUCCESS", "已退款"], Some(Succeeded));
        check(&["部分退款成功", "已退款(¥12.00)", "partially_refunded"], Some(Partial));
        check(
            &[
                "无售后或售后取消",
                "",
                "-",
                "没有申请退款",
                "售后关闭",
                "换货成功",
                "换货待收货",
                "补寄成功",
                "退款关闭",
            ],
            Some(Nothing),
        );
        check(
            &["售后待处理", "退款中", "买家已经申请退款,等待卖家同意", "卖家已经同意退款，等待买家退货", "待商家处理"],
            Some(InProgress),
        );
        check(&["其它", "foo"], None);
    }

    proptest! {
        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(text in "\\PC{0,16}|[(（）删除退款成功部分,，]{0,12}") {
            let _ = (read_status(&text), read_refund_state(&text));
        }
    }
}
