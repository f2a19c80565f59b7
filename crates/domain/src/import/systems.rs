//! What is guessed for the exports of real systems: every header and where it goes.

use super::entity::Entity;
use super::guess::{Guess, guess};

/// Guesses from `header → target` lines (`-` not loaded, `~` traits), and compares; cells of a sample row are
/// separated by `|`, and named in a row that starts with `@`.
fn check(expected_entity: Entity, said: Option<Entity>, lines: &str, sample: &[&str]) -> Guess {
    let expected: Vec<(&str, &str)> = lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| line.rsplit_once(" > ").expect(line))
        .collect();
    let header: Vec<String> = expected.iter().map(|(header, _)| (*header).to_owned()).collect();
    let sample: Vec<Vec<Option<String>>> = sample
        .iter()
        .map(|row| match row.strip_prefix('@') {
            None => row.split('|').map(|cell| Some(cell.to_owned()).filter(|cell| !cell.is_empty())).collect(),
            Some(named) => {
                let cells: Vec<(&str, &str)> = named.split('|').map(|cell| cell.split_once('=').expect(cell)).collect();
                assert!(cells.iter().all(|(name, _)| header.iter().any(|header| header == name)), "{row}");
                let value = |name: &String| {
                    cells.iter().find(|(header, _)| header == name).map(|(_, value)| (*value).to_owned())
                };
                header.iter().map(value).collect()
            }
        })
        .collect();
    for row in &sample {
        assert_eq!(row.len(), header.len(), "{row:?}");
    }
    let guess = guess(said, &header, &sample, "Asia/Shanghai", "CNY");
    assert_eq!(guess.entity, expected_entity, "{:#?}", guess.mapping.columns);
    let wrong: Vec<String> = expected
        .iter()
        .filter_map(|&(header, target)| {
            let found = match guess.target_of(header) {
                None => "-",
                Some("traits") => "~",
                Some(target) => target,
            };
            (found != target).then(|| format!("{header}: expected {target}, found {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}\n{:#?}", wrong.join("\n"), guess.doubts);
    guess
}

fn both(entity: Entity, lines: &str, sample: &[&str]) -> Guess {
    check(entity, None, lines, sample);
    check(entity, Some(entity), lines, sample)
}

#[test]
fn online_retail() {
    let guess = both(
        Entity::OrderLines,
        "InvoiceNo > order_id
         StockCode > product_id
         Description > name
         Quantity > quantity
         InvoiceDate > ordered_at
         UnitPrice > unit_price
         CustomerID > member_id
         Country > country",
        &[
            "536365|85123A|WHITE HANGING HEART T-LIGHT HOLDER|6|2010-12-01 08:26:00|2.55|17850|United Kingdom",
            "536365|71053|WHITE METAL LANTERN|6|2010-12-01 08:26:00|3.39|17850|United Kingdom",
            "536370|22728|ALARM CLOCK BAKELIKE PINK|24|2010-12-01 08:45:00|3.75|12583|France",
            "C536379|D|Discount|-1|2010-12-01 09:41:00|27.5|14527|United Kingdom",
            "536414|22139||56|2010-12-01 11:52:00|0.0||United Kingdom",
        ],
    );
    assert!(guess.doubts.is_empty(), "{:?}", guess.doubts);
    assert_eq!(guess.mapping.rules.refund_prefixes, ["C"]);
    assert!(!guess.mapping.fill_down);
}

#[test]
fn complete_journey() {
    let guess = both(
        Entity::OrderLines,
        "household_id > member_id
         store_id > store_id
         basket_id > order_id
         product_id > product_id
         quantity > quantity
         sales_value > amount
         retail_disc > discount
         coupon_disc > discount
         coupon_match_disc > discount
         week > ~
         transaction_timestamp > ordered_at",
        &[
            "900|330|31198570044|1095275|1|0.5|0.0|0.0|0.0|1|2017-01-01 11:53:26",
            "900|330|31198570047|9878513|1|0.99|0.1|0.0|0.0|1|2017-01-01 12:10:28",
            "1228|406|31198655051|1041453|1|1.43|0.15|0.0|0.0|1|2017-01-01 12:26:30",
            "1228|406|31198655051|1020156|1|1.5|0.29|0.55|0.45|1|2017-01-01 12:26:30",
        ],
    );
    assert!(guess.doubts.is_empty(), "{:?}", guess.doubts);
    both(
        Entity::Products,
        "product_id > product_id
         manufacturer_id > ~
         department > category_1
         brand > brand
         product_category > category_2
         product_type > category_3
         package_size > ~",
        &["25671|2|GROCERY|National|FRZN ICE|ICE - CRUSHED/CUBED|22 LB", "26081|2|MISCELLANEOUS|National|||"],
    );
    both(
        Entity::Profiles,
        "household_id > member_id
         age > ~
         income > ~
         home_ownership > ~
         marital_status > ~
         household_size > ~
         household_comp > ~
         kids_count > ~",
        &[
            "1|65+|35-49K|Homeowner|Married|2|2 Adults No Kids|0",
            "1001|45-54|50-74K|Homeowner|Unmarried|1|1 Adult No Kids|0",
        ],
    );
    both(
        Entity::Campaigns,
        "campaign_id > campaign_id
         campaign_type > ~
         start_date > started_at
         end_date > ended_at",
        &["1|Type B|2017-03-03|2017-04-09"],
    );
    both(Entity::Touches, "campaign_id > campaign_id\nhousehold_id > member_id", &["1|105", "1|1238"]);
    both(
        Entity::Touches,
        "household_id > member_id\ncoupon_upc > ~\ncampaign_id > campaign_id\nredemption_date > at",
        &["1029|51380041013|26|2017-01-01"],
    );
}

#[test]
fn taobao_orders() {
    both(
        Entity::Orders,
        "订单编号 > order_id
         买家会员名 > external_id
         买家支付宝账号 > -
         支付单号 > ~
         买家应付货款 > ~
         买家应付邮费 > ~
         总金额 > ~
         买家实际支付金额 > amount
         订单状态 > status
         买家留言 > ~
         收货人姓名 > -
         收货地址  > -
         联系电话  > -
         联系手机 > -
         订单创建时间 > ordered_at
         订单付款时间  > paid_at
         宝贝标题  > ~
         宝贝种类 > ~
         宝贝总数量 > n_items
         店铺Id > store_id
         店铺名称 > ~
         订单关闭原因 > ~
         退款金额 > refunded_amount
         确认收货时间 > completed_at
         打款商家金额 > merchant_amount
         返点积分 > ~
         集分宝抵扣 > discount
         天猫卡券抵扣 > discount
         修改后的收货地址 > -",
        &[
            "=\"3201234567890123456\"|tb_buyer_1|138****1234|2026090322001|100.00|0.00|100.00|100.00|交易成功||张三|浙江省 杭州市 西湖区 文三路1号(000000)||'13812345678|2026-09-03 10:14:00|2026-09-03 10:15:00|纯棉T恤，短裤|2|2|101|某店||0.00|2026-09-10 10:00:00|100.00元|0|0|0|",
            "=\"3201234567890123457\"|tb_buyer_2|a***@b.com||59.00|8.00|67.00|0.00|交易关闭||李四|上海 上海市 浦东新区 世纪大道1号(000000)||'13912345678|2026-09-03 11:14:00||袜子|1|1|101|某店|买家未付款|0.00||0.00元|0|0|0|",
        ],
    );
    check(
        Entity::OrderItems,
        None,
        "主订单编号 > order_id
         子订单编号 > line_id
         标题 > name
         价格 > unit_price
         购买数量 > quantity
         外部系统编号 > ~
         商品属性 > ~
         套餐信息 > ~
         商家编码 > product_id
         订单状态 > status
         买家应付货款 > ~
         买家实际支付金额 > amount
         退款状态 > refund_state
         退款金额 > line_refunded_amount",
        &[],
    );
}

#[test]
fn jd_orders() {
    let lines = "订单号 > order_id
         商品ID > product_id
         商品名称 > name
         货号 > product_id
         订购数量 > quantity
         京东价 > unit_price
         下单时间 > ordered_at
         订单金额 > ~
         结算金额 > merchant_amount
         余额支付 > ~
         应付金额 > order_amount
         运费金额 > ~
         订单状态 > status
         订单类型 > ~
         下单帐号 > member_id
         客户姓名 > -
         客户地址 > -
         联系电话 > -
         付款确认时间 > paid_at
         订单完成时间 > completed_at
         商家备注等级 > ~
         店铺ID > store_id
         店铺名称 > ~
         仓库id > ~";
    let guess = both(
        Entity::OrderLines,
        lines,
        &[
            "260000000001|100012|键盘|K-1|1|199.00|2026-09-01 10:00:00|258.00|250.00|0.00|248.00|0.00|完成|SOP|jd_a|张三|北京市朝阳区某路1号|13812345678|2026-09-01 10:01:00|2026-09-05 10:00:00||88|某旗舰店|1",
            "260000000001|100013|鼠标|M-1|1|59.00|2026-09-01 10:00:00|258.00|250.00|0.00|248.00|0.00|完成|SOP|jd_a|张三|北京市朝阳区某路1号|13812345678|2026-09-01 10:01:00|2026-09-05 10:00:00||88|某旗舰店|1",
            "260000000002|100013|鼠标|M-1|2|59.00|2026-09-02 10:00:00|118.00|110.00|0.00|118.00|0.00|等待出库|SOP|jd_b|李四|上海市浦东新区某路1号|13912345678|2026-09-02 10:01:00|||88|某旗舰店|1",
        ],
    );
    let at = |header: &str| guess.mapping.columns.iter().position(|column| column.header == header);
    assert!(at("货号") < at("商品ID"), "the seller's code comes first");
}

#[test]
fn pinduoduo_orders() {
    let guess = both(
        Entity::Orders,
        "商品 > ~
         订单号 > order_id
         订单状态 > status
         商品总价(元) > ~
         邮费(元) > ~
         店铺优惠折扣(元) > discount
         平台优惠折扣(元) > discount
         多多支付立减金额(元) > discount
         用户实付金额(元) > amount
         商家实收金额(元) > merchant_amount
         商品数量(件) > n_items
         收货人 > -
         手机 > phone
         省 > province
         市 > city
         区 > ~
         订单成交时间 > ordered_at
         发货时间 > ~
         确认收货时间 > completed_at
         商品id > ~
         商品规格 > ~
         样式ID > ~
         商家编码-规格维度 > ~
         商家编码-商品维度 > ~
         商家备注 > ~
         售后状态 > refund_state
         快递单号 > ~
         快递公司 > ~",
        &[
            "苹果5斤\t|260512-123456789012345\t|已收货|39.90|0.00|5.00|2.00|0.00|32.90|34.90|1|张*\t|138****1234\t|山东省|烟台市|栖霞市|2026-05-12 10:00:00\t|2026-05-13 09:00:00\t|2026-05-16 09:00:00\t|600123|5斤装|900|AP-5|AP||无售后或售后取消|SF123456|顺丰",
            "苹果9斤\t|260513-223456789012345\t|已发货，退款成功|59.90|0.00|5.00|2.00|0.00|52.90|54.90|1|李*\t|139****1234\t|****|****|****|2026-05-13 10:00:00\t|||600123|9斤装|901|AP-9|AP||退款成功||",
        ],
    );
    assert!(guess.doubts.iter().any(|doubt| doubt.message_zh.contains("手机")), "{:?}", guess.doubts);
}

#[test]
fn douyin_orders() {
    both(
        Entity::OrderLines,
        "主订单编号 > order_id
         子订单编号 > line_id
         选购商品 > name
         商品规格 > ~
         商品数量 > quantity
         商品ID > product_id
         商家编码 > product_id
         商品单价 > unit_price
         订单应付金额 > amount
         运费 > ~
         优惠总金额 > discount
         平台优惠 > ~
         商家优惠 > ~
         达人优惠 > -
         支付方式 > ~
         手续费 > ~
         收件人 > -
         收件人手机号 > phone
         省 > province
         市 > city
         区 > ~
         街道 > -
         详细地址 > -
         订单提交时间 > ordered_at
         支付完成时间 > paid_at
         订单完成时间 > completed_at
         发货时间 > ~
         订单状态 > status
         售后状态 > refund_state
         取消原因 > ~
         流量来源 > channel
         流量体裁 > ~
         达人ID > -
         达人昵称 > -
         商家备注 > ~",
        &[
            "\t6920000000000000001|\t6920000000000000001|连衣裙|红/M|1|3500001|D-1|128.00|108.00|0.00|20.00|10.00|10.00|-|微信|0|张*|1**********|浙江省|杭州市|西湖区|****|##abc##|2026-05-01 10:00:00|2026-05-01 10:00:10|-|-|待发货|-|-|直播|直播|12345|某达人|-",
            "\t6920000000000000001|\t6920000000000000002|腰带|黑|1|3500002|D-2|29.00|29.00|0.00|0.00|0.00|0.00|-|微信|0|张*|1**********|浙江省|杭州市|西湖区|****|##abc##|2026-05-01 10:00:00|2026-05-01 10:00:10|-|-|已关闭|退款成功|-|直播|直播|12345|某达人|-",
        ],
    );
}

#[test]
fn youzan_orders_and_customers() {
    both(
        Entity::Orders,
        "订单号 > order_id
         销售渠道 > channel
         归属店铺 > store_id
         订单类型 > ~
         订单状态 > status
         订单来源 > ~
         订单创建时间 > ordered_at
         买家付款时间 > paid_at
         交易成功时间 > completed_at
         付款方式 > ~
         支付流水号 > ~
         商品金额合计 > ~
         运费 > ~
         店铺优惠合计 > discount
         应收订单金额 > ~
         订单实付金额 > amount
         支付优惠合计 > discount
         订单实收金额 > merchant_amount
         全部商品名称 > ~
         商品种类数 > ~
         收货人省份 > province
         收货人城市 > city
         收货人地区 > -
         详细收货地址/提货地址 > -
         收货人/提货人 > -
         收货人手机号/提货人手机号 > -
         买家姓名 > -
         买家是否会员 > ~
         买家手机号 > phone
         下单网点 > ~
         收银员 > -
         分销员 > -
         分销员#2 > -
         订单退款状态 > refund_state
         订单已退款金额 > refunded_amount",
        &[
            "E20260903101400012345678|网店|某店|普通订单|交易完成|小程序|2026-09-03 10:14:00|2026-09-03 10:15:00|2026-09-10 10:15:00|微信支付|4200001|120.00|0.00|20.00|100.00|98.00|2.00|98.00|T恤|1|浙江省|杭州市|西湖区|某路1号|张三|13812345678|张三|是|13912345678|||||未退款|0.00",
        ],
    );
    both(
        Entity::Profiles,
        "客户姓名 > name
         客户昵称 > -
         客户手机号 > phone
         客户生日 > birthday
         客户性别 > gender
         标签 > ~
         是否会员 > ~
         成长值 > ~
         免费等级 > member_level
         付费等级 > ~
         客户积分 > ~
         客户储值余额 > ~
         消费次数 > ~
         消费金额 > ~
         累计退款金额 > ~
         上次消费时间 > ~
         导购员 > -
         企微好友 > -
         来源渠道 > acquisition_channel
         来源方式 > ~
         成为客户时间 > ~
         成为会员时间 > registered_on
         所属区域 > ~
         column_24 > -",
        &[
            "张三|小张|13812345678|1990-05-12|男|老客|是|120|V1|-|30|0.00|5|500.00|0.00|2026-08-01 10:00:00|王导|是|小程序|主动|2025-01-01 10:00:00|2025-01-02 10:00:00|浙江省杭州市|",
        ],
    );
}

#[test]
fn wechat_shop_orders() {
    both(
        Entity::OrderLines,
        "订单号 > order_id
         订单下单时间 > ordered_at
         订单状态 > status
         收件人姓名 > -
         收件人地址 > -
         收件人手机 > phone
         省 > province
         市 > city
         区 > ~
         商品总价 > ~
         订单实际支付金额 > order_amount
         订单实际收款金额 > merchant_amount
         订单运费 > ~
         商品优惠 > order_discount
         跨店优惠 > order_discount
         商品改价 > order_discount
         积分抵扣 > order_discount
         支付方式 > ~
         支付时间 > paid_at
         交易单号 > ~
         技术服务费 > ~
         带货方式 > -
         带货账号 > -
         带货费用 > -
         礼物单号 > ~
         商品名称 > name
         商品编码(平台) > product_id
         商品编码(自定义) > product_id
         SKU编码(自定义) > ~
         商品属性 > ~
         商品价格(单件) > unit_price
         商品实际价格(单件) > ~
         商品实际价格(总共) > amount
         商品数量 > quantity
         商品发货 > fulfillment_status
         商品售后 > refund_state
         商品已退款金额 > line_refunded_amount",
        &[],
    );
}

#[test]
fn meituan_pos() {
    both(
        Entity::Orders,
        "门店名称 > store_id
         营业日期 > ~
         餐段 > ~
         订单号 > order_id
         原单号 > refund_of
         外卖订单号 > ~
         取餐号 > ~
         桌牌号 > ~
         订单金额 > ~
         顾客实付 > amount
         订单收入 > merchant_amount
         订单优惠 > discount
         订单来源 > channel
         用餐方式 > ~
         订单状态 > status
         退单标识 > is_refund
         创建时间 > ordered_at
         完成时间 > completed_at
         用餐人数 > ~
         是否会员 > ~
         会员姓名 > -
         会员卡号 > card_no
         会员手机号 > phone
         结账方式 > ~",
        &[
            "某店|2026/02/26|晚市|202602260001|--|--|A1|3|120.00|100.00|98.00|20.00|堂食|堂食|已完成|否|2026/02/26 20:04:33|2026/02/26 21:04:33|2|是|张三|88000001|13812345678|微信",
            "某店|2026/02/26|晚市|202602260002|202602260001|--|A2|3|-120.00|-100.00|-98.00|20.00|堂食|堂食|已完成|是|2026/02/26 20:44:33|2026/02/26 21:04:33|2|否|--|--|--|微信",
        ],
    );
}

#[test]
fn shopify_orders_and_customers() {
    let guess = both(
        Entity::OrderLines,
        "Name > order_id
         Email > email
         Financial Status > status
         Paid at > paid_at
         Fulfillment Status > fulfillment_status
         Fulfilled at > completed_at
         Accepts Marketing > ~
         Currency > currency
         Subtotal > ~
         Shipping > ~
         Taxes > ~
         Total > order_amount
         Discount Code > coupon_id
         Discount Amount > order_discount
         Shipping Method > ~
         Created at > ordered_at
         Lineitem quantity > quantity
         Lineitem name > name
         Lineitem price > unit_price
         Lineitem compare at price > ~
         Lineitem sku > product_id
         Lineitem requires shipping > ~
         Lineitem taxable > ~
         Lineitem fulfillment status > ~
         Billing Name > -
         Billing Street > -
         Billing Address1 > -
         Billing Company > -
         Billing City > ~
         Billing Zip > -
         Billing Province > ~
         Billing Country > ~
         Billing Phone > -
         Shipping Name > -
         Shipping Street > -
         Shipping City > city
         Shipping Zip > -
         Shipping Province > province
         Shipping Country > country
         Shipping Phone > -
         Notes > ~
         Note Attributes > ~
         Cancelled at > cancelled_at
         Payment Method > ~
         Payment Reference > ~
         Refunded Amount > refunded_amount
         Vendor > brand
         Outstanding Balance > ~
         Employee > -
         Location > store_id
         Device ID > -
         Id > ~
         Tags > ~
         Risk Level > ~
         Source > channel
         Lineitem discount > discount
         Tax 1 Name > ~
         Phone > phone
         Receipt Number > ~",
        &[
            "@Name=#1001|Email=a@example.com|Financial Status=paid|Paid at=2026-09-03 10:14:10 -0400|Fulfillment Status=fulfilled|Currency=USD|Subtotal=30.00|Total=37.00|Discount Amount=3.00|Created at=2026-09-03 10:14:00 -0400|Lineitem quantity=1|Lineitem name=Red Shirt|Lineitem price=18.00|Lineitem sku=RS-1|Shipping Zip='02108|Id=5000001|Refunded Amount=0.00|Lineitem discount=0.00",
            "@Name=#1001|Email=a@example.com|Lineitem quantity=2|Lineitem name=Socks|Lineitem price=6.00|Lineitem sku=SO-1|Lineitem discount=0.00",
            "@Name=#1002|Email=b@example.com|Financial Status=pending|Fulfillment Status=unfulfilled|Currency=USD|Subtotal=6.00|Total=11.00|Discount Amount=0.00|Created at=2026-09-03 11:14:00 -0400|Lineitem quantity=1|Lineitem name=Socks|Lineitem price=6.00|Lineitem sku=SO-1|Id=5000002|Refunded Amount=0.00|Lineitem discount=0.00",
        ],
    );
    assert!(guess.mapping.fill_down);
    both(
        Entity::Profiles,
        "Customer ID > member_id
         First Name > first_name
         Last Name > last_name
         Email > email
         Accepts Email Marketing > consent
         Company > ~
         Address1 > address
         Address2 > -
         City > city
         Province Code > province
         Country Code > country
         Zip > -
         Phone > phone
         Accepts SMS Marketing > consent
         Total Spent > ~
         Total Orders > ~
         Tags > ~
         Note > ~",
        &["'7000001|Ann|Lee|ann@example.com|yes||1 Main St||Boston|MA|US|'02108|+1 617-555-0101|no|120.00|3|vip|"],
    );
}

#[test]
fn square_transactions() {
    let guess = both(
        Entity::Orders,
        "Date > ordered_at
         Time > ordered_time
         Time Zone > ~
         Gross Sales > ~
         Discounts > discount
         Net Sales > ~
         Gift Card Sales > ~
         Tax > ~
         Tip > ~
         Partial Refunds > refunded_amount
         Total Collected > amount
         Source > channel
         Card > ~
         Cash > ~
         Fees > ~
         Net Total > merchant_amount
         Transaction ID > order_id
         Payment ID > ~
         Card Brand > ~
         PAN Suffix > -
         Device Name > ~
         Staff Name > -
         Description > ~
         Event Type > is_refund
         Location > store_id
         Customer ID > member_id
         Customer Name > -
         Customer Reference ID > external_id",
        &[
            "2026-09-03|10:14:00|Eastern Time (US & Canada)|$8.00|$0.00|$8.00|$0.00|$0.50|$1.00|$0.00|$9.50|Register|$9.50|$0.00|-$0.30|$9.20|abcDEF123|pay123|Visa|1234|iPad|Sam|Latte|Payment|Main St|CUST1|Ann Lee|",
        ],
    );
    assert_eq!(guess.mapping.zone, "America/New_York");
}

#[test]
fn salesforce_contacts() {
    let guess = both(
        Entity::Profiles,
        "Contact ID > member_id
         Salutation > -
         First Name > first_name
         Last Name > last_name
         Title > ~
         Account Name > ~
         Email > email
         Phone > phone
         Mobile > -
         Mailing Street > address
         Mailing City > city
         Mailing State/Province > province
         Mailing Zip/Postal Code > -
         Mailing Country > country
         Lead Source > acquisition_channel
         Contact Owner > -
         Created Date > registered_on
         Email Opt Out > consent
         Birthdate > birthday",
        &[
            "0035g00000ABCDe|Ms.|Ann|Lee|CFO|Acme|ann@example.com|+1 617-555-0101|+1 617-555-0102|1 Main St|Boston|MA|02108|US|Web|Sam|9/13/2026|0|5/12/1990",
        ],
    );
    assert_eq!(guess.mapping.date_order, crate::clean::time::DateOrder::MonthFirst);
}

#[test]
fn hubspot_contacts() {
    both(
        Entity::Profiles,
        "Record ID > member_id
         First Name > first_name
         Last Name > last_name
         Email > email
         Phone Number > phone
         Lead Status > ~
         Lifecycle Stage > ~
         Create Date > registered_on
         Associated Company > ~
         Associated Company IDs > ~
         Contact owner > -
         Original Source > acquisition_channel
         Country/Region > country
         Unsubscribed from all email > ~",
        &[
            "101|Ann|Lee|ann@example.com|+1 617-555-0101|NEW|lead|2024-03-12 09:14|Acme|9001;9002|Sam|ORGANIC_SEARCH|United States|",
        ],
    );
}

#[test]
fn other_kinds_of_files() {
    both(
        Entity::Events,
        "user_id > member_id
         session_id > session_id
         event > event
         timestamp > occurred_at
         platform > device
         acquisition_channel > channel
         user_cohort > ~
         user_lifecycle > ~",
        &["u1|s1|main|2024-01-01 10:00:00|web|ads|2024-01|new"],
    );
    both(
        Entity::Interactions,
        "工单编号 > interaction_id
         工单标题 > topic
         优先级 > ~
         工单状态 > ~
         受理客服 > agent
         受理客服组 > -
         客户姓名 > -
         客户手机 > phone
         创建时间 > opened_at
         首次响应时间 > first_reply_at
         解决时间 > closed_at
         满意度 > satisfaction",
        &[
            "T1|退货咨询|标准|已解决|小王|一组|张三|13812345678|2026-09-01 10:00:00|2026-09-01 10:05:00|2026-09-01 11:00:00|非常满意",
        ],
    );
    both(
        Entity::Feedback,
        "评价时间 > at\n评分 > score\n评价内容 > text\n订单编号 > order_id\n会员号 > member_id",
        &["2026-09-01 10:00:00|5星|很好|20260901001|M1"],
    );
    check(
        Entity::OrderLines,
        Some(Entity::OrderLines),
        "基本信息/单据编号 > order_id
         基本信息/单据日期 > ordered_at
         基本信息/客户编码 > member_id
         基本信息/客户名称 > -
         基本信息/销售员 > -
         基本信息/币别 > currency
         明细信息/物料编码 > product_id
         明细信息/物料名称 > name
         明细信息/销售数量 > quantity
         明细信息/含税单价 > unit_price
         明细信息/折扣额 > discount
         明细信息/价税合计 > amount
         明细信息/备注 > ~",
        &[
            "XSDD0001|2026-09-01|C001|某某有限公司|王五|人民币|W1|螺丝|10|1.20|0|12.00|",
            "XSDD0001|2026-09-01|C001|某某有限公司|王五|人民币|W2|螺母|10|1.00|0|10.00|",
        ],
    );
    let guess = guess(
        Some(Entity::Orders),
        &["动账时间", "动账方向", "动账金额", "订单号"].map(str::to_owned),
        &[],
        "Asia/Shanghai",
        "CNY",
    );
    assert!(guess.doubts[0].message_zh.contains("结算"), "{:?}", guess.doubts);
}
