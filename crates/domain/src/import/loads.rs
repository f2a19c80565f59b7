//! Whole loads in small: header and rows in, typed rows, rejects and counts out.

use proptest::prelude::*;

use super::accept::{Accepted, Acceptor};
use super::entity::Entity;
use super::guess::guess;
use super::mapping::{FutureTime, Log, Mapping, OutlierSetting};
use super::report::{LoadReport, QualityInput, n_violations, newest_us, quality};
use crate::clean::fill::FillMissing;
use crate::clean::number::format_decimal;
use crate::clean::outlier::{OutlierAction, OutlierRule};
use crate::clean::{Reason, Rule};
use crate::frame::{Column, ColumnType, Frame, TextColumn};
use crate::raw::RawBatch;

/// 2026-11-01T00:00:00Z.
const NOW_US: i64 = 1_793_491_200_000_000;

fn cells(line: &str) -> Vec<String> {
    line.trim().split('|').map(str::to_owned).collect()
}

fn batch(rows: &[Vec<String>], first_no: u64) -> RawBatch {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let column = |at: usize| -> TextColumn { rows.iter().map(|row| row.get(at).map(String::as_str)).collect() };
    RawBatch {
        columns: (0..n_columns).map(column).collect(),
        row_no: (first_no..first_no + rows.len() as u64).collect(),
    }
}

/// Loads a table by the guessed mapping, changed by `change`.
fn load_with(entity: Entity, text: &str, change: impl FnOnce(&mut Mapping)) -> Accepted {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let header = cells(lines.next().expect("a header"));
    let rows: Vec<Vec<String>> = lines.map(cells).collect();
    let sample: Vec<Vec<Option<String>>> =
        rows.iter().map(|row| row.iter().map(|cell| Some(cell.clone())).collect()).collect();
    let mut mapping = guess(Some(entity), &header, &sample, "Asia/Shanghai", "CNY").mapping;
    change(&mut mapping);
    let mut acceptor = Acceptor::new(&mapping, &header, NOW_US).unwrap_or_else(|problems| panic!("{problems:?}"));
    let raw = batch(&rows, 2);
    if acceptor.wants_learning() {
        acceptor.learn(&raw);
    }
    let accepted = acceptor.accept(&raw);
    assert_eq!(accepted.row_no.len() + accepted.rejects.len() + accepted.n_skipped_lines as usize, rows.len());
    assert_eq!(accepted.frame.n_rows(), accepted.row_no.len());
    accepted
}

fn load(entity: Entity, text: &str) -> Accepted {
    load_with(entity, text, |_| {})
}

fn value(frame: &Frame, name: &str, row: usize) -> String {
    let Some(at) = frame.fields().iter().position(|field| field.name == name) else { return "?".to_owned() };
    let number = |value: i64| match frame.fields()[at].kind {
        ColumnType::Decimal(places) => format_decimal(value, places),
        _ => value.to_string(),
    };
    match &frame.columns()[at] {
        Column::Text(column) => column.get(row).unwrap_or("").to_owned(),
        Column::Sensitive(column) => column.expose().get(row).unwrap_or("").to_owned(),
        Column::Num(column) => column.get(row).map(number).unwrap_or_default(),
        Column::Float(column) => column[row].map(|value| value.to_string()).unwrap_or_default(),
    }
}

/// The named columns of the accepted rows, a row a line.
fn show(accepted: &Accepted, columns: &str) -> String {
    let row =
        |row: usize| columns.split(' ').map(|name| value(&accepted.frame, name, row)).collect::<Vec<_>>().join("|");
    (0..accepted.frame.n_rows()).map(row).collect::<Vec<_>>().join("\n")
}

fn lines(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn reasons(accepted: &Accepted) -> Vec<(u64, Reason)> {
    accepted.rejects.iter().map(|reject| (reject.row_no, reject.reason)).collect()
}

fn count(accepted: &Accepted, rule: Rule, column: &str) -> u64 {
    accepted.counts.get(&(rule, column.to_owned())).copied().unwrap_or(0)
}

const RETAIL: &str = "
    InvoiceNo|StockCode|Description|Quantity|InvoiceDate|UnitPrice|CustomerID|Country
    536365|85123A|WHITE HANGING HEART T-LIGHT HOLDER|6|2010-12-01 08:26:00|2.55|17850.0|United Kingdom
    536365|POST|POSTAGE|1|2010-12-01 08:26:00|18.00|17850|United Kingdom
    C536379|D|Discount|-1|2010-12-01 09:41:00|27.5|14527|United Kingdom
    C536391|22556|PLASTERS IN TIN CIRCUS PARADE|-12|2010-12-01 10:24:00|1.65|17548|United Kingdom
    536414|22139||56|2010-12-01 11:52:00|0.0||United Kingdom
    536589|21777||-10|2010-12-01 16:50:00|0.0||United Kingdom
    A563185|B|Adjust bad debt|1|2011-08-12 14:50:00|11062.06||United Kingdom
    A563186|B|Adjust bad debt|1|2011-08-12 14:51:00|-11062.06||United Kingdom
    |22139|RETROSPOT TEA SET|1|2010-12-01 11:52:00|4.25|1|United Kingdom
    536415|22139|RETROSPOT TEA SET|one|2010-12-01 11:52:00|4.25|1|United Kingdom
    536416|22139|RETROSPOT TEA SET|1|soon|4.25|1|United Kingdom
    Total||||||30|";

#[test]
fn lines_of_a_wholesaler() {
    let accepted = load(Entity::OrderLines, RETAIL);
    assert_eq!(
        show(
            &accepted,
            "order_id product_id quantity unit_price amount kind product_kind is_refund member_id status country"
        ),
        lines(
            "536365|85123A|6.000|2.5500|15.30|sale|goods|0|17850|completed|United Kingdom
             536365|POST|1.000|18.0000|18.00|sale|postage|0|17850|completed|United Kingdom
             C536379|D|-1.000|27.5000|-27.50|refund|discount|1|14527|completed|United Kingdom
             C536391|22556|-12.000|1.6500|-19.80|refund|goods|1|17548|completed|United Kingdom
             536414|22139|56.000|0.0000|0.00|sale|goods|0||completed|United Kingdom
             536589|21777|-10.000|0.0000|0.00|refund|goods|1||completed|United Kingdom
             A563185|B|1.000|11062.0600|11062.06|adjustment|adjustment|0||completed|United Kingdom
             A563186|B|1.000|-11062.0600|-11062.06|adjustment|adjustment|0||completed|United Kingdom"
        )
    );
    assert_eq!(
        reasons(&accepted),
        [(10, Reason::MissingRequired), (11, Reason::UnreadableNumber), (12, Reason::UnreadableTime)]
    );
    assert_eq!(accepted.rejects[1].column.as_deref(), Some("quantity"));
    assert_eq!(accepted.rejects[1].detail, "one");
    assert_eq!((accepted.n_skipped_lines, accepted.skipped_lines.len()), (1, 1));
    assert_eq!(count(&accepted, Rule::NonProduct, "product_id"), 4);
    assert_eq!(count(&accepted, Rule::IdTail, "member_id"), 1);
    assert!(accepted.changes.iter().all(|change| change.rule.logged_each()));
}

#[test]
fn lines_of_a_grocer() {
    let accepted = load(
        Entity::OrderLines,
        "household_id|store_id|basket_id|product_id|quantity|sales_value|retail_disc|coupon_disc|coupon_match_disc|week|transaction_timestamp
         900|330|31198570044|1095275|1|0.5|0.0|0.0|0.0|1|2017-01-01 11:53:26
         1228|406|31198655051|1020156|0|0.0|0.29|0.55|0.45|1|2017-01-01 12:26:30",
    );
    assert_eq!(
        show(&accepted, "order_id member_id store_id quantity amount discount kind traits"),
        lines(
            r#"31198570044|900|330|1.000|0.50|0.00|sale|{"week":"1"}
               31198655051|1228|406|0.000|0.00|1.29|sale|{"week":"1"}"#
        )
    );
    assert!(accepted.rejects.is_empty() && accepted.frame.column("order_amount").is_none());
}

#[test]
fn states_and_money_of_orders() {
    let accepted = load(
        Entity::Orders,
        "订单编号|买家会员名|下单时间|付款时间|订单状态|售后状态|实付金额|商家实收金额|优惠金额|退款金额
         1000000001|a|2026-09-01 10:00:00|2026-09-01 10:01:00|交易成功||100.00|98.00|-5.00|
         1000000002|a|2026-09-01 10:00:00||等待买家付款||100.00|||
         1000000003|a|2026-09-01 10:00:00||交易关闭||||||
         1000000004|a|2026-09-01 10:00:00|2026-09-01 10:01:00|交易关闭||80.00|||0.00
         1000000005|a|2026-09-01 10:00:00|2026-09-01 10:01:00|交易成功||80.00|||30.00
         1000000006|a|2026-09-01 10:00:00|2026-09-01 10:01:00|已发货|退款成功|80.00|||
         1000000007|a|2026-09-01 10:00:00|2026-09-01 10:01:00|已发货|退款中|80.00|||
         1000000008|a|2026-09-01 10:00:00|2026-09-01 10:01:00|交易成功||￥1,280.00元|||
         1000000009|a|2026-09-01 10:00:00|2026-09-01 10:01:00|交易成功||-12.00|||
         1000000010|a|2026-09-01 10:00:00|2026-09-01 10:01:00|交易成功|||||
         1000000011|a|2026-09-01 10:00:00|2026-09-01 10:01:00|不知道||5.00|||
         1000000012|a||2026-09-01 10:01:00|交易成功||5.00|||
         1.23457E+18|a|2026-09-01 10:00:00||交易成功||5.00|||",
    );
    assert_eq!(
        show(&accepted, "order_id status kind amount discount refunded_amount net_amount"),
        lines(
            "1000000001|completed|sale|100.00|5.00|0.00|100.00
             1000000002|created|sale|100.00|0.00|0.00|0.00
             1000000003|cancelled|sale|0.00|0.00|0.00|0.00
             1000000004|refunded|sale|80.00|0.00|80.00|0.00
             1000000005|partial_refund|sale|80.00|0.00|30.00|50.00
             1000000006|refunded|sale|80.00|0.00|80.00|0.00
             1000000007|shipped|sale|80.00|0.00|0.00|80.00
             1000000008|completed|sale|1280.00|0.00|0.00|1280.00
             1000000009|completed|refund|-12.00|0.00|0.00|-12.00
             1000000012|completed|sale|5.00|0.00|0.00|5.00"
        )
    );
    assert_eq!(
        reasons(&accepted),
        [(11, Reason::MissingRequired), (12, Reason::UnknownStatus), (14, Reason::IdPrecisionLost)]
    );
    assert_eq!(value(&accepted.frame, "traits", 0), r#"{"paid_at":"2026-09-01T02:01:00Z","merchant_amount":"98.00"}"#);
    assert_eq!(value(&accepted.frame, "external_id", 0), "a");
    assert_eq!(n_violations(Entity::Orders, &accepted.frame), 0);
}

#[test]
fn refunds_marked_by_a_flag_get_their_sign() {
    let accepted = load(
        Entity::Orders,
        "订单号|原单号|顾客实付|创建时间|退单标识|会员卡号
         202602260001|--|100.00|2026/02/26 20:04:33|否|88000001
         202602260002|202602260001|100.00|2026/02/26 20:44:33|是|88000001",
    );
    assert_eq!(
        show(&accepted, "order_id kind amount net_amount refund_of card_no"),
        "202602260001|sale|100.00|100.00||88000001\n202602260002|refund|-100.00|-100.00|202602260001|88000001"
    );
    assert_eq!(count(&accepted, Rule::RefundSign, "amount"), 1);
}

#[test]
fn numbers_of_orders_hold_their_date() {
    let accepted = load(
        Entity::Orders,
        "订单号|订单状态|用户实付金额(元)|收货人|手机|订单成交时间
         260512-123456789012345|待发货|32.90|张*|138****1234|2026-05-12 10:00:00
         260513-123456789012345|待发货|32.90|张*|13812345678|",
    );
    assert_eq!(accepted.rejects, []);
    assert_eq!(show(&accepted, "phone ordered_at"), "|1778551200000000\n13812345678|1778601600000000");
    assert_eq!(count(&accepted, Rule::MaskedIdentity, "phone"), 1);
}

#[test]
fn blanks_below_an_order_mean_the_same_order() {
    let text = "Name|Email|Financial Status|Fulfillment Status|Currency|Total|Created at|Lineitem quantity|Lineitem name|Lineitem price|Lineitem sku
        #1001|a@example.com|paid|fulfilled|CNY|30.00|2026-09-03 10:14:00 -0400|1|Red Shirt|18.00|RS-1
        #1001|a@example.com|||||||||
        #1001||||||||||
        #1002|b@example.com|pending|unfulfilled|CNY|6.00|2026-09-03 11:14:00 -0400|1|Socks|6.00|SO-1";
    let text = text.replacen("a@example.com|||||||||", "a@example.com||||||2|Socks|6.00|", 1).replacen(
        "#1001||||||||||",
        "|||||||1|Bag|1.00|BA-1",
        1,
    );
    let accepted = load(Entity::OrderLines, &text);
    assert_eq!(accepted.rejects, []);
    assert_eq!(
        show(&accepted, "order_id product_id status order_amount ordered_at email amount"),
        lines(
            "#1001|RS-1|completed|30.00|1788444840000000|a@example.com|18.00
             #1001|Socks|completed|30.00|1788444840000000|a@example.com|12.00
             #1001|BA-1|completed|30.00|1788444840000000|a@example.com|1.00
             #1002|SO-1|created|6.00|1788448440000000|b@example.com|6.00"
        )
    );
    assert_eq!(count(&accepted, Rule::FillDown, "order_id"), 1);
    assert_eq!(count(&accepted, Rule::FillDown, "order_amount"), 2);
    let sensitive = accepted.changes.iter().find(|change| change.column == "email").unwrap();
    assert!(!format!("{sensitive:?}").contains("a@example.com"));
}

#[test]
fn people_and_their_identities() {
    let accepted = load(
        Entity::Profiles,
        "会员编号|姓名|手机号|邮箱|身份证号|性别|生日|省份|城市|会员等级|注册时间|来源渠道|备注
         M1|张三|138 1234 5678|A@Example.com|110101199003070134|||北京|北京市|金卡|2024-03-05|小程序|请打13912345678
         M2|李四|138****1234||||1991-02-03|广东省|深圳|银卡|2024-03-05|小程序|
         |王五|||||05-12|||||门店|
         M4|某某科技有限公司|||||||||||
         M5||12345||||||||||
         M6|赵六|||110101199003070135||1990-02-31||||||
         ||12345||||||||||
         散客|散客|||||||||||",
    );
    assert_eq!(
        show(
            &accepted,
            "member_id name phone email gender birthday birth_year province city kind member_level registered_on"
        ),
        lines(
            "M1|张三|13812345678|a@example.com|male|1990-03-07|1990|北京|北京市|person|金卡|19787
             M2|李四||||1991-02-03|1991|广东|深圳市|person|银卡|19787
             M4|某某科技有限公司||||||||company||
             M5|||||||||person||
             M6|赵六||||||||person||"
        )
    );
    assert_eq!(reasons(&accepted), [(4, Reason::NoIdentity), (8, Reason::InvalidPhone), (9, Reason::NoIdentity)]);
    for name in ["member_id", "name", "phone", "email", "id_number", "birthday"] {
        assert!(matches!(accepted.frame.column(name), Some(Column::Sensitive(_))), "{name}");
    }
    let printed = format!("{:?} {:?} {:?}", accepted.rejects, accepted.changes, accepted.frame.text("traits"));
    for secret in ["13812345678", "13912345678", "12345", "110101199003070134", "110101199003070135", "张三"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert_eq!(accepted.rejects[1].detail, "99999");
    assert_eq!(count(&accepted, Rule::PersonalMasked, "备注"), 1);
}

#[test]
fn first_and_last_names_are_joined() {
    let accepted = load(
        Entity::Profiles,
        "Record ID|First Name|Last Name|Email|Phone Number\n101|Ann|Lee|ann@example.com|+1 617-555-0101\n102|三|张|zhang@example.com|",
    );
    assert_eq!(show(&accepted, "member_id name"), "101|Ann Lee\n102|张三");
}

const FOREIGN: &str = "
    订单编号|会员号|下单时间|实付金额|币种
    1000000001|a|2026-09-01 10:00:00|100.00|
    1000000002|a|2026-09-01 10:00:00|100.00|USD
    1000000003|a|2026-09-01 10:00:00|100.00|EUR
    1000000004|a|2026-09-01 10:00:00|$10.00|";

#[test]
fn foreign_money_is_converted_or_kept() {
    let accepted = load_with(Entity::Orders, FOREIGN, |mapping| {
        mapping.rates.insert("USD".to_owned(), "7.125".to_owned());
    });
    assert_eq!(
        show(&accepted, "order_id amount net_amount currency original_amount"),
        lines(
            "1000000001|100.00|100.00||
             1000000002|712.50|712.50|USD|100.00
             1000000003|100.00|100.00|EUR|100.00
             1000000004|71.25|71.25|USD|10.00"
        )
    );
    assert_eq!(count(&accepted, Rule::CurrencyConverted, "amount"), 2);
    assert_eq!(count(&accepted, Rule::CurrencyUnconverted, "amount"), 1);
}

#[test]
fn a_file_in_another_currency_than_the_workspace() {
    let header = cells("order_id|member_id|ordered_at|amount");
    let mut mapping = guess(Some(Entity::Orders), &header, &[], "Asia/Shanghai", "USD").mapping;
    mapping.rates.insert("USD".to_owned(), "7".to_owned());
    let raw = batch(&[cells("1000000001|a|2026-09-01|2.50")], 2);
    for mut acceptor in [
        Acceptor::new(&mapping, &header, NOW_US).unwrap(),
        Acceptor::new(&mapping, &header, NOW_US).unwrap().in_currency("CNY"),
    ] {
        assert_eq!(show(&acceptor.accept(&raw), "amount currency original_amount"), "17.50|USD|2.50");
    }
    let mut at_home = Acceptor::new(&mapping, &header, NOW_US).unwrap().in_currency("USD");
    assert_eq!(show(&at_home.accept(&raw), "amount currency"), "2.50|?");
}

const NUMBERS: &str = "
    order_id|member_id|ordered_at|amount|channel
    1000000001|a|2026-09-01|10.00|web
    1000000002|a|2026-09-01||
    1000000003|a|2026-09-01|20.00|
    1000000004|a|2026-09-01|900.00|app";

#[test]
fn missing_and_outlying_values_follow_their_settings() {
    let accepted = load_with(Entity::Orders, NUMBERS, |mapping| {
        mapping.rules.missing.insert("amount".to_owned(), FillMissing::Median);
        mapping.rules.missing.insert("channel".to_owned(), FillMissing::Previous);
        let rule = OutlierRule::Limits { low: None, high: Some(100.0) };
        mapping.rules.outliers.insert("amount".to_owned(), OutlierSetting { rule, action: OutlierAction::Cap });
    });
    assert_eq!(show(&accepted, "amount channel"), "10.00|web\n20.00|web\n20.00|web\n100.00|app");
    assert_eq!(count(&accepted, Rule::MissingMedian, "amount"), 1);
    assert_eq!(count(&accepted, Rule::MissingPrevious, "channel"), 2);
    assert_eq!(count(&accepted, Rule::OutlierCap, "amount"), 1);
    let accepted = load_with(Entity::Orders, NUMBERS, |mapping| {
        mapping.rules.missing.insert("channel".to_owned(), FillMissing::Unknown);
        let rule = OutlierRule::Limits { low: None, high: Some(100.0) };
        mapping.rules.outliers.insert("amount".to_owned(), OutlierSetting { rule, action: OutlierAction::Quarantine });
    });
    assert_eq!(show(&accepted, "amount channel"), "10.00|web\n20.00|unknown");
    assert_eq!(reasons(&accepted), [(3, Reason::MissingRequired), (5, Reason::Outlier)]);
}

#[test]
fn rules_can_be_off_and_times_in_the_future_are_treated_as_said() {
    let text = "order_id|channel|ordered_at|amount|member_id\n1000000001| web |2030-01-01| 10.00 |a\n1000000002|web|2026-01-01|10.00|a";
    for (future_time, n_flagged, n_rejected) in
        [(FutureTime::Flag, 1, 0), (FutureTime::Keep, 0, 0), (FutureTime::Quarantine, 0, 1)]
    {
        let accepted = load_with(Entity::Orders, text, |mapping| mapping.rules.future_time = future_time);
        assert_eq!(count(&accepted, Rule::FutureTime, "ordered_at"), n_flagged);
        assert_eq!(accepted.rejects.len(), n_rejected);
    }
    let accepted = load_with(Entity::Orders, text, |mapping| mapping.rules.log = Log::All);
    assert!(accepted.changes.iter().any(|change| {
        (change.rule, change.column.as_str(), change.before.as_str(), change.after.as_str())
            == (Rule::Trim, "channel", " web ", "web")
    }));
    let accepted = load_with(Entity::Orders, text, |mapping| mapping.rules.off = vec!["trim".to_owned()]);
    assert_eq!(reasons(&accepted), [(2, Reason::UnreadableNumber)], "what needs a rule that is off cannot be read");
}

#[test]
fn words_of_people_are_masked() {
    let accepted = load(
        Entity::Feedback,
        "评价时间|评分|评价内容|会员号|订单编号
         2026-09-01 10:00:00|5星|很好，联系我13812345678|M1|1000000001
         2026-09-01 10:00:00|★★★☆☆|此用户没有填写评价。|M2|1000000002
         2026-09-01 10:00:00|很棒|一般|M3|1000000003",
    );
    assert_eq!(show(&accepted, "score kind order_id member_id"), "5|review|1000000001|M1\n3|review|1000000002|M2");
    assert!(!value(&accepted.frame, "text", 0).contains("13812345678"));
    assert_eq!(value(&accepted.frame, "text", 1), "");
    assert_eq!(reasons(&accepted), [(4, Reason::UnreadableNumber)]);
    assert!(accepted.frame.sensitive("content_key").is_some());
}

#[test]
fn contacts_messages_campaigns_and_events() {
    let accepted = load(
        Entity::Interactions,
        "工单编号|工单标题|创建时间|首次响应时长|解决时间|满意度|客户手机
         T1|退货|2026-09-01 10:00:00|00:01:20|2026-09-01 11:00:00|非常满意|13812345678
         T2|退货|2026-09-01 10:00:00|2026-09-01 10:02:00|||13812345678",
    );
    assert_eq!(
        show(&accepted, "interaction_id kind first_reply_at satisfaction"),
        "T1|ticket|1788228080000000|5\nT2|ticket|1788228120000000|"
    );
    let accepted = load(
        Entity::Touches,
        "campaign_id|手机号|发送时间|发送状态\n1|13812345678|2026-09-01 10:00:00|DELIVRD\n1|13912345678|2026-09-01 10:00:00|\n1||2026-09-01 10:00:00|sent\n1|13912345679|2026-09-01 10:00:00|what",
    );
    assert_eq!(show(&accepted, "campaign_id outcome arm"), "1|delivered|treated\n1|sent|treated");
    assert_eq!(reasons(&accepted), [(4, Reason::NoIdentity), (5, Reason::UnknownStatus)]);
    let accepted = load(
        Entity::Campaigns,
        "campaign_id|start_date|end_date|cost\n1|2026-09-01|2027-01-01|10\n2|2026-09-01|2026-10-01|-1",
    );
    assert_eq!(show(&accepted, "campaign_id cost"), "1|10.00");
    assert_eq!(reasons(&accepted), [(3, Reason::NegativeAmount)]);
    let accepted = load(
        Entity::Events,
        "user_id|event|timestamp|session_id|cohort\nu1|view|2026-09-01 10:00:00|s1|2026-01\n|view|2026-09-01 10:00:00|s2|\nu1||2026-09-01 10:00:00|s3|",
    );
    assert_eq!(
        show(&accepted, "member_id event session_id properties"),
        "u1|view|s1|{\"cohort\":\"2026-01\"}\n|view|s2|"
    );
    assert_eq!(reasons(&accepted), [(4, Reason::MissingRequired)]);
}

#[test]
fn products_take_their_name_for_a_code() {
    let accepted = load(
        Entity::Products,
        "product_id|product_name|department|price\n1|Ice|GROCERY|2.50\n|Soap|HOME|1\n|||\nPOST|Postage||3\n5|Bad||-1",
    );
    assert_eq!(
        show(&accepted, "product_id name category_1 list_price kind"),
        "1|Ice|GROCERY|2.5000|goods\nSoap|Soap|HOME|1.0000|goods\nPOST|Postage||3.0000|postage"
    );
    assert_eq!(reasons(&accepted), [(6, Reason::NegativeAmount)]);
    assert_eq!(accepted.n_skipped_lines, 1);
}

#[test]
fn a_closing_summary_ends_the_table() {
    let accepted = load(
        Entity::Orders,
        "交易时间|用户标识|商户订单号|订单金额
         `2026-09-01 10:00:00|`oABCDEFGHIJKLMNOPQRSTUVWXYZ1|`1000000001|`10.00
         总交易单数|应结订单总金额|退款总金额|手续费总金额
         `1|`10.00|`0.00|`0.06",
    );
    assert_eq!(show(&accepted, "order_id amount openid"), "1000000001|10.00|oABCDEFGHIJKLMNOPQRSTUVWXYZ1");
    assert_eq!(accepted.n_skipped_lines, 2);
}

#[test]
fn reports_add_up() {
    let accepted = load(Entity::OrderLines, RETAIL);
    let mut report = LoadReport::new("retail.csv", "shop", "bat_1", Mapping::new(Entity::OrderLines));
    report.add(&accepted);
    report.count_duplicates(Rule::DuplicateRow, "order", 2);
    assert_eq!(report.check_counts(), Ok(()));
    assert_eq!((report.rows_read, report.rows_loaded, report.rows_duplicate, report.rows_quarantined), (11, 6, 2, 3));
    assert_eq!(report.rules["non_product"], 4);
    assert_eq!(report.reasons["missing_required"], 1);
    report.rows_read += 1;
    assert!(report.check_counts().is_err());
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<LoadReport>(&json).unwrap(), report);
}

#[test]
fn quality_falls_with_what_is_wrong() {
    let perfect = quality(&QualityInput {
        rows: (100, 100, 0, 0),
        now_us: NOW_US,
        newest_us: Some(NOW_US),
        ..Default::default()
    });
    assert_eq!((perfect.score, perfect.timeliness), (100.0, Some(100.0)));
    let worse = quality(&QualityInput {
        rows: (100, 80, 10, 10),
        n_violations: 8,
        now_us: NOW_US,
        newest_us: Some(NOW_US - 31 * 86_400_000_000),
        ..Default::default()
    });
    assert_eq!((worse.validity, worse.uniqueness, worse.consistency), (90.0, 90.0, 90.0));
    assert_eq!(worse.timeliness, Some(50.0));
    assert!((worse.score - 88.5).abs() < 1e-9, "{worse:?}");
    assert_eq!(quality(&QualityInput::default()).score, 100.0);
    let accepted = load(Entity::OrderLines, RETAIL);
    assert_eq!(newest_us(Entity::OrderLines, &accepted.frame), Some(1_313_131_860_000_000));
}

#[test]
fn a_mapping_that_does_not_fit_the_file_is_refused() {
    let header = cells("order_id|ordered_at|amount");
    let mapping = guess(Some(Entity::Orders), &header, &[], "Asia/Shanghai", "CNY").mapping;
    let problems = Acceptor::new(&mapping, &cells("order_id|ordered_at"), NOW_US).err().unwrap();
    assert_eq!(problems[0].path, "columns[2].header");
    let acceptor = Acceptor::new(&mapping, &cells("order_id|ordered_at|amount|new"), NOW_US).unwrap();
    assert_eq!(acceptor.unmapped(), ["new"]);
}

/// Cells that real files hold, good and bad, by column of [`LINE_HEADER`].
fn line_cells() -> impl Strategy<Value = Vec<String>> {
    let pick = |words: &'static [&'static str]| prop::sample::select(words).prop_map(str::to_owned);
    let anything = "\\PC{0,8}";
    (
        prop_oneof![8 => pick(&["1000001", "1000001", "1000002", "C1000003", "", "合计", "1.2E+18"]), 1 => anything.prop_map(String::from)],
        prop_oneof![8 => pick(&["A1", "POST", "", "="]), 1 => anything.prop_map(String::from)],
        prop_oneof![8 => pick(&["Socks", "运费", ""]), 1 => anything.prop_map(String::from)],
        prop_oneof![8 => pick(&["1", "-2", "3件", "", "x"]), 1 => anything.prop_map(String::from)],
        prop_oneof![8 => pick(&["2026-09-01 10:00:00", "2026/9/1", "", "soon", "2031-01-01"]), 1 => anything.prop_map(String::from)],
        prop_oneof![8 => pick(&["2.50", "$3", "-1", "", "99999999999999999"]), 1 => anything.prop_map(String::from)],
        prop_oneof![8 => pick(&["M1", "M2", "0", "138****1234", ""]), 1 => anything.prop_map(String::from)],
        prop_oneof![8 => pick(&["13812345678", "tel", "", "note 13912345678"]), 1 => anything.prop_map(String::from)],
    )
        .prop_map(|(a, b, c, d, e, f, g, h)| vec![a, b, c, d, e, f, g, h])
}

const LINE_HEADER: &str = "order_id|product_id|product_name|quantity|ordered_at|unit_price|member_id|note";

fn line_mapping(is_filled: bool) -> Mapping {
    let mut mapping = guess(Some(Entity::OrderLines), &cells(LINE_HEADER), &[], "Asia/Shanghai", "CNY").mapping;
    mapping.fill_down = is_filled;
    mapping.rules.missing.insert("name".to_owned(), FillMissing::Previous);
    mapping.rules.missing.insert("unit_price".to_owned(), FillMissing::Mean);
    mapping.rates.insert("USD".to_owned(), "7.1".to_owned());
    mapping
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_of_a_file_gives_the_same_rows(
        rows in prop::collection::vec(line_cells(), 1..24),
        cut in 0_usize..24,
        is_filled: bool,
    ) {
        let mapping = line_mapping(is_filled);
        let header = cells(LINE_HEADER);
        let acceptor = || {
            let mut acceptor = Acceptor::new(&mapping, &header, NOW_US).unwrap();
            acceptor.learn(&batch(&rows, 2));
            acceptor
        };
        let whole = acceptor().accept(&batch(&rows, 2));
        prop_assert_eq!(whole.row_no.len() + whole.rejects.len() + whole.n_skipped_lines as usize, rows.len());
        let cut = cut.min(rows.len());
        let mut acceptor = acceptor();
        let parts = [acceptor.accept(&batch(&rows[..cut], 2)), acceptor.accept(&batch(&rows[cut..], 2 + cut as u64))];
        let names = "order_id product_id name quantity ordered_at unit_price amount member_id kind product_kind status traits";
        let joined: Vec<String> = parts.iter().map(|part| show(part, names)).filter(|part| !part.is_empty()).collect();
        // A part without foreign money has no currency column; everything else is the same.
        prop_assert_eq!(joined.join("\n"), show(&whole, names));
        let rejects: Vec<_> = parts.iter().flat_map(reasons).collect();
        prop_assert_eq!(rejects, reasons(&whole));
        let changes: Vec<_> = parts.iter().flat_map(|part| part.changes.clone()).collect();
        prop_assert_eq!(&changes, &whole.changes);
        let mut counts = parts[0].counts.clone();
        for (key, n) in &parts[1].counts {
            *counts.entry(key.clone()).or_default() += n;
        }
        prop_assert_eq!(&counts, &whole.counts);
        let printed = format!("{:?}{:?}{:?}", whole.rejects, whole.changes, whole.frame);
        prop_assert!(!printed.contains("13812345678") && !printed.contains("13912345678"), "{}", printed);
    }

    #[test]
    fn no_cells_panic(entity in prop::sample::select(Entity::ALL), rows in prop::collection::vec(prop::collection::vec("\\PC{0,6}|[0-9.,/:-]{0,12}", 4), 0..6)) {
        let names: Vec<String> = super::entity::targets(entity).iter().take(4).map(|target| target.name.to_owned()).collect();
        let sample: Vec<Vec<Option<String>>> = rows.iter().map(|row| row.iter().cloned().map(Some).collect()).collect();
        let guess = guess(None, &names, &sample, "Asia/Shanghai", "CNY");
        let _ = guess.doubts.len();
        let mut mapping = Mapping::new(entity);
        mapping.columns = names.iter().map(|name| super::ColumnMapping::new(name, Some(name))).collect();
        let header = names.clone();
        if let Ok(mut acceptor) = Acceptor::new(&mapping, &header, NOW_US) {
            let accepted = acceptor.accept(&batch(&rows, 1));
            prop_assert_eq!(accepted.row_no.len() + accepted.rejects.len() + accepted.n_skipped_lines as usize, rows.len());
        }
    }
}
