//! The table of targets: for each entity, what a column can become and the headers that mean it.

use super::entity::{Entity, IdentityKind, Target, TargetKind};

type Words = &'static [&'static str];

const fn t(
    name: &'static str,
    kind: TargetKind,
    title_zh: &'static str,
    title_en: &'static str,
    synonyms: Words,
) -> Target {
    let personal = matches!(
        kind,
        TargetKind::Address
            | TargetKind::Name
            | TargetKind::Phone
            | TargetKind::Email
            | TargetKind::IdNumber
            | TargetKind::Birthday
            | TargetKind::IdentityValue(_)
    );
    Target { name, kind, personal, required: false, title_zh, title_en, synonyms, never: &[] }
}

impl Target {
    const fn needed(mut self) -> Self {
        self.required = true;
        self
    }

    const fn not(mut self, never: Words) -> Self {
        self.never = never;
        self
    }
}

/// The targets of an entity; where one header means two of them, the earlier takes it.
pub fn targets(entity: Entity) -> &'static [Target] {
    match entity {
        Entity::Profiles => PROFILES,
        Entity::Orders => ORDERS,
        Entity::OrderItems => ORDER_ITEMS,
        Entity::OrderLines => ORDER_LINES,
        Entity::Products => PRODUCTS,
        Entity::Events => EVENTS,
        Entity::Interactions => INTERACTIONS,
        Entity::Feedback => FEEDBACK,
        Entity::Campaigns => CAMPAIGNS,
        Entity::Touches => TOUCHES,
    }
}

macro_rules! with_identities {
    ($($target:expr),* $(,)?) => {
        &[$($target,)* MEMBER_ID, UNIONID, OPENID, EXTERNAL_ID, PHONE, EMAIL, CARD_NO, DEVICE_ID, ANONYMOUS_ID, ID_NUMBER]
    };
}

const MEMBER_ID: Target = t(
    "member_id",
    TargetKind::IdentityValue(IdentityKind::MemberId),
    "会员编号",
    "member number",
    &[
        "会员号", "会员编号", "会员ID", "客户编号", "客户编码", "顾客编号", "下单帐号", "下单账号", "用户ID", "用户编号",
        "客户ID", "买家ID", "唯一性ID", "客户编号/唯一性ID", "customer id", "member id", "member no", "member number",
        "customer no", "customer number", "contact id", "record id", "user id", "household id", "household key",
        "client id", "account id", "shopper id", "cust id", "customer code", "customer", "客户代码", "rec id", "unique id",
    ],
)
.not(&["是否", "达人", "团长", "导购", "分销", "推荐人", "associated", "reference", "数", "会员等级"]);

const UNIONID: Target = t(
    "unionid",
    TargetKind::IdentityValue(IdentityKind::Unionid),
    "UnionID",
    "union id",
    &["unionid", "union id", "微信unionid"],
);

const OPENID: Target = t(
    "openid",
    TargetKind::IdentityValue(IdentityKind::Openid),
    "OpenID",
    "open id",
    &["openid", "用户标识", "粉丝ID", "微信openid", "买家openid"],
);

const EXTERNAL_ID: Target = t(
    "external_id",
    TargetKind::IdentityValue(IdentityKind::ExternalId),
    "外部账号",
    "account elsewhere",
    &[
        "买家会员名", "买家旺旺号", "买家旺旺", "旺旺昵称", "买家账号", "external userid", "external user id", "external id", "支付宝账号",
        "外部联系人ID", "customer reference id", "stripe customer id",
    ],
)
.not(&["商户", "卖家"]);

const PHONE: Target = t(
    "phone",
    TargetKind::Phone,
    "手机号",
    "phone",
    &[
        "手机号", "手机", "手机号码", "买家手机号", "客户手机号", "客户手机", "会员手机号", "会员手机", "联系手机", "备注手机号", "移动电话",
        "联系电话", "电话", "客户电话", "电话号码", "联系方式", "phone", "phone number", "mobile", "mobile phone", "mobile number",
        "mobile phone number", "cell", "cell phone", "tel", "telephone", "customer phone", "billing phone", "msisdn",
    ],
)
.not(&["是否", "传真", "fax", "收货", "收件", "提货", "门店", "店铺", "shipping", "验证", "客服", "导购", "归属"]);

const EMAIL: Target = t(
    "email",
    TargetKind::Email,
    "邮箱",
    "e-mail",
    &[
        "邮箱", "电子邮件", "电子邮箱", "客户邮箱", "邮箱地址", "邮件地址", "email", "e-mail", "email address", "customer email",
        "billing email", "contact email", "mail",
    ],
)
.not(&["opt out", "accepts", "unsubscribed", "是否", "发送", "domain", "consent", "status", "subject"]);

const CARD_NO: Target = t(
    "card_no",
    TargetKind::IdentityValue(IdentityKind::CardNo),
    "会员卡号",
    "member card",
    &["会员卡号", "卡号", "储值卡号", "会员卡", "card no", "card number", "loyalty card", "loyalty id", "loyalty card number"],
)
.not(&["银行", "身份证", "交易卡号", "礼品卡", "brand", "pan", "gift", "bank"]);

const DEVICE_ID: Target = t(
    "device_id",
    TargetKind::IdentityValue(IdentityKind::DeviceId),
    "设备号",
    "device id",
    &["设备ID", "设备标识", "idfa", "imei", "oaid", "android id", "device id"],
);

const ANONYMOUS_ID: Target = t(
    "anonymous_id",
    TargetKind::IdentityValue(IdentityKind::AnonymousId),
    "访客号",
    "visitor id",
    &["访客ID", "匿名ID", "anonymous id", "visitor id", "cookie id", "distinct id", "client uuid"],
);

const ID_NUMBER: Target = t(
    "id_number",
    TargetKind::IdNumber,
    "证件号",
    "ID number",
    &["身份证号", "身份证", "身份证号码", "证件号", "证件号码", "id number", "id card", "national id"],
)
.not(&["类型"]);

const ORDER_ID_WORDS: Words = &[
    "主订单编号", "主订单号", "订单编号", "订单号", "订单ID", "平台订单号", "单据编号", "单据号", "销售单号", "单号", "流水号", "小票号",
    "商户订单号", "商家订单号", "交易单号", "订单流水号", "order id", "order number", "order no", "order name", "invoice no",
    "invoice number", "invoice", "transaction id", "increment id", "basket id", "receipt number", "receipt no", "order",
    "微信订单号", "name", "id",
];
const ORDER_ID_NEVER: Words = &[
    "支付", "物流", "快递", "退款", "序号", "子订单", "原单", "外卖", "取餐", "发票", "外部", "批次", "关联", "ids", "支付宝",
    "运单", "交易流水", "tracking", "payment", "refund", "parent", "associated", "签收",
];
const ORDERED_AT_WORDS: Words = &[
    "下单时间", "订单创建时间", "订单提交时间", "订单下单时间", "创建时间", "下单日期", "开单时间", "消费时间", "交易时间", "订单成交时间",
    "交易创建时间", "成交时间", "订单日期", "销售日期", "销售时间", "交易日期及时间", "单据日期", "created at", "order date",
    "order time", "ordered at", "purchase date", "invoice date", "transaction timestamp", "transaction date", "transaction time",
    "order created at", "date created", "created date", "purchased at", "日期", "date", "timestamp", "datetime", "营业日期", "交易日期",
    "day", "付款时间", "支付时间", "订单付款时间", "买家付款时间", "支付完成时间", "付款确认时间", "付款/时间", "下单/付款时间", "paid at",
];
const ORDERED_AT_NEVER: Words =
    &["导出", "发货", "打印", "退款", "修改", "更新", "确认收货", "完成", "关闭", "接单", "送达", "预约", "updated", "ship", "due", "结账"];
const PAID_AT_WORDS: Words = &[
    "付款时间", "支付时间", "支付完成时间", "订单付款时间", "买家付款时间", "付款确认时间", "结账时间", "paid at", "payment date",
    "date paid",
];
const COMPLETED_AT_WORDS: Words =
    &["订单完成时间", "交易成功时间", "确认收货时间", "完成时间", "completed at", "fulfilled at", "date completed"];
const STATUS_WORDS: Words = &[
    "订单状态", "交易状态", "订单商品状态", "状态", "单据状态", "当前状态", "资金状态", "financial status", "order status", "status",
];
const FULFILLMENT_WORDS: Words = &["发货状态", "商品发货", "fulfillment status", "lineitem fulfillment status", "shipping status"];
const REFUND_STATE_WORDS: Words =
    &["售后状态", "退款状态", "订单退款状态", "商品退款状态", "商品售后", "退款/售后状态", "refund status", "return status"];
const IS_REFUND_WORDS: Words =
    &["退单标识", "是否退款", "是否退单", "是否退货", "event type", "业务类型", "is refund", "is return", "退货标识"];
const PAID_AMOUNT_WORDS: Words = &[
    "买家实付金额", "买家实际支付金额", "用户实付金额", "顾客实付", "顾客实付金额", "订单实付金额", "订单实付", "订单实际支付金额", "实付金额",
    "实付款", "实付", "实付总额", "客户实际支付", "实际支付金额", "支付金额", "total", "grand total", "grand total base", "amount paid",
    "total collected", "order total", "order total amount", "total price", "total paid", "revenue", "sales", "实收金额", "实收",
    "应付金额", "订单应付金额", "订单金额", "订单总金额", "订单总额", "总金额", "价税合计", "消费金额", "应结订单金额", "交易金额", "合计", "金额",
    "amount", "order amount", "order value", "sales amount", "dollar value", "spend",
];
const AMOUNT_NEVER: Words = &[
    "运费", "邮费", "手续费", "服务费", "结算", "申请", "优惠", "退款", "余额", "折扣", "积分", "货款", "打款", "补贴", "立减", "代金券", "活动",
    "税", "商品总价", "discount", "shipping", "tax", "refund", "fee", "balance", "tip", "subtotal", "支出", "成本", "数量", "purchased",
    "商品金额", "定金", "佣金", "累计", "gift", "orders",
];
const MERCHANT_AMOUNT_WORDS: Words = &[
    "商家实收金额", "商家实收", "订单实收金额", "订单实际收款金额", "打款商家金额", "结算金额", "订单收入", "实收金额", "实收", "净收入", "net total",
    "settlement amount", "payout",
];
const DISCOUNT_WORDS: Words = &[
    "优惠总金额", "订单优惠", "订单优惠金额", "优惠金额", "总优惠", "折扣金额", "折扣额", "折扣", "discount amount", "discounts", "discount",
    "total discount", "total discounts", "order discount",
    // From here on parts, which add up when no total is there.
    "店铺优惠", "店铺优惠合计", "支付优惠合计", "平台优惠", "平台优惠金额", "商家优惠", "商家优惠金额", "达人优惠", "达人优惠金额",
    "平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额", "店铺优惠折扣", "平台优惠折扣", "多多支付立减金额", "支付立减", "优惠券",
    "优惠券抵扣", "满减", "满减金额", "抹零", "跨店优惠", "商品优惠", "商品改价", "积分抵扣", "集分宝抵扣", "天猫卡券抵扣", "整单折扣", "代金券金额",
    "retail disc", "coupon disc", "coupon match disc", "店铺优惠（分摊）",
];
/// Headers from this one on in the list of discounts are parts of the reduction.
pub(super) const FIRST_DISCOUNT_PART: &str = "店铺优惠";
/// Discounts that a file states line by line even when its other money is the order's.
pub(super) const LINE_DISCOUNT_WORDS: Words =
    &["lineitem discount", "商品优惠金额", "店铺优惠（分摊）", "line discount", "item discount", "retail disc", "coupon disc", "coupon match disc"];
const DISCOUNT_NEVER: Words = &["率", "rate", "code", "折后", "优惠后", "承担方", "名称", "券码", "percent", "%", "类型", "type", "原因"];
const REFUNDED_WORDS: Words = &[
    "订单已退款金额", "退款金额", "已退款金额", "成功退款", "成功退款金额", "退货金额", "退款总额", "refunded amount", "total refunded",
    "partial refunds", "order refund amount", "refund amount", "amount refunded",
];
const REFUNDED_NEVER: Words = &["申请", "request", "手续费", "运费"];
const CURRENCY_WORDS: Words = &["币种", "币别", "货币种类", "货币", "currency", "currency code", "order currency"];
const CHANNEL_WORDS: Words = &[
    "销售渠道", "渠道", "订单来源", "来源渠道", "来源", "平台", "流量来源", "交易类型", "source", "channel", "sales channel", "source name", "order source",
];
const CHANNEL_NEVER: Words = &["账号", "详情", "编号", "优惠", "订单号", "单号", "金额", "承担"];
const STORE_WORDS: Words = &[
    "门店id", "店铺id", "门店编号", "机构编码", "店铺编号", "门店名称", "店铺名称", "门店", "店铺", "归属店铺", "下单网点", "store id", "store",
    "store name", "store code", "shop", "shop id", "location", "location name", "purchase point", "branch", "开卡门店",
];
const STORE_NEVER: Words = &["优惠", "城市", "地址", "电话", "金额", "承担", "配送", "billing", "shipping"];
const COUPON_WORDS: Words = &["优惠券码", "优惠券名称", "券名称", "券码", "优惠券编号", "活动信息", "discount code", "coupon code", "coupon id", "coupon", "coupon upc"];
const CAMPAIGN_WORDS: Words = &["活动编号", "活动ID", "营销活动", "campaign id", "campaign", "utm campaign"];
const COUNTRY_WORDS: Words =
    &["国家", "国家/地区", "国家地区", "国籍", "country", "country/region", "shipping country", "country code", "mailing country", "billing country"];
const PROVINCE_WORDS: Words = &[
    "省", "省份", "收货人省份", "收货省份", "收件省份", "省/直辖市", "省市", "所在省份", "province", "state", "state/province", "state/region",
    "shipping province", "mailing state/province", "mailing state", "province code", "region", "shipping province name",
    "billing province",
];
const CITY_WORDS: Words = &[
    "市", "城市", "收货人城市", "收货城市", "收件城市", "所在城市", "city", "shipping city", "mailing city", "billing city", "town", "suburb",
];
const PRODUCT_ID_WORDS: Words = &[
    "商家编码-规格维度", "商家编码-SKU维度", "商家编码", "商家编码-商品维度", "商品编码(自定义)", "商品编码", "SKU编码(自定义)", "SKU编码", "货号",
    "规格编码", "物料编码", "存货编码", "商品条码", "菜品编码", "品项编码", "商品编号", "外部系统编号", "lineitem sku", "sku", "product code",
    "item code", "stock code", "item sku", "barcode", "商品编码(平台)", "商品ID", "宝贝ID", "product id", "item id", "product key", "upc",
    "article", "article id", "asin",
];
/// Headers from this one on in the list of product codes are the platform's own: they stand in where the seller's is empty.
pub(super) const FIRST_PLATFORM_ID: &str = "商品编码(平台)";
const PRODUCT_ID_NEVER: Words = &["数量", "名称", "价", "分类", "类目", "订单", "店铺", "仓库", "variant"];
const PRODUCT_NAME_WORDS: Words = &[
    "商品名称", "商品标题", "宝贝标题", "标题", "选购商品", "品项名称", "菜品名称", "物料名称", "存货名称", "全部商品名称", "商品", "商品信息", "品名",
    "lineitem name", "product name", "item name", "product title", "item description", "description", "title", "item", "product",
];
const PRODUCT_NAME_NEVER: Words = &["链接", "图片", "数量", "种类", "价", "金额", "属性", "规格", "编码", "分类", "staff", "状态"];
const BRAND_WORDS: Words = &["品牌", "brand", "vendor", "brand name", "manufacturer", "lineitem vendor"];
const CATEGORY_1_WORDS: Words = &[
    "一级类目", "一级分类", "菜品大类", "商品大类", "类目", "商品分类", "商品类目", "分类", "品类", "department", "category 1", "category", "main category",
    "product type (shopify)",
];
const CATEGORY_2_WORDS: Words = &[
    "二级类目", "二级分类", "菜品小类", "商品小类", "product category", "category 2", "subcategory", "sub category", "commodity desc", "item category",
];
const CATEGORY_3_WORDS: Words =
    &["三级类目", "三级分类", "product type", "category 3", "sub commodity desc", "product sub category", "product subcategory"];
const QUANTITY_WORDS: Words = &[
    "数量", "商品数量", "购买数量", "订购数量", "成交数量", "销售数量", "宝贝总数量", "商品件数", "件数", "销量", "lineitem quantity", "quantity", "qty",
    "units", "quantity ordered", "item quantity",
];
const QUANTITY_NEVER: Words = &["种类", "退", "赠送", "库存", "可用", "refunded"];
const UNIT_PRICE_WORDS: Words = &[
    "单价", "商品单价", "商品价格(单件)", "价格", "商品单价/商品金额", "京东价", "含税单价", "商品金额", "零售价", "销售单价", "lineitem price", "unit price",
    "price", "item price", "item cost", "sale price", "selling price",
];
const UNIT_PRICE_NEVER: Words = &["总", "合计", "compare", "优惠后", "total", "小计", "运费", "改价"];
const LINE_AMOUNT_WORDS: Words = &[
    "商品实际成交金额", "商品实际价格(总共)", "商品金额小计", "金额小计", "小计", "行金额", "品项收入", "品项收入(元)", "价税合计", "销售金额", "销售金额(元)",
    "商品实付金额", "line total", "line amount", "line item total", "lineitem total", "sales value", "extended price", "item total",
    "net sales", "total price", "amount", "金额",
];
const LINE_AMOUNT_NEVER: Words = &["退", "优惠", "运费", "discount", "refund", "shipping", "tax", "订单"];

const ORDER_ID: Target = t("order_id", TargetKind::Id, "订单编号", "order number", ORDER_ID_WORDS).needed().not(ORDER_ID_NEVER);
const ORDERED_AT: Target =
    t("ordered_at", TargetKind::Instant, "下单时间", "ordered at", ORDERED_AT_WORDS).needed().not(ORDERED_AT_NEVER);
const ORDERED_TIME: Target =
    t("ordered_time", TargetKind::Time, "下单时刻", "time of day of the order", &["时间", "time", "下单时刻", "交易时刻", "time of day"]);
const PAID_AT: Target = t("paid_at", TargetKind::Instant, "付款时间", "paid at", PAID_AT_WORDS).not(&["退款"]);
const COMPLETED_AT: Target = t("completed_at", TargetKind::Instant, "完成时间", "completed at", COMPLETED_AT_WORDS);
const CANCELLED_AT: Target = t(
    "cancelled_at",
    TargetKind::Instant,
    "取消时间",
    "cancelled at",
    &["取消时间", "订单取消时间", "cancelled at", "canceled at", "cancel date"],
);
const STATUS: Target = t("status", TargetKind::Status, "订单状态", "order status", STATUS_WORDS).not(&["退", "关闭", "发票", "打印", "开票"]);
const FULFILLMENT: Target =
    t("fulfillment_status", TargetKind::Status, "发货状态", "fulfilment status", FULFILLMENT_WORDS).not(&["时间"]);
const REFUND_STATE: Target =
    t("refund_state", TargetKind::RefundState, "售后状态", "after-sale state", REFUND_STATE_WORDS).not(&["时间", "金额"]);
const IS_REFUND: Target = t("is_refund", TargetKind::Bool, "是否退单", "whether it is a refund", IS_REFUND_WORDS).not(&["部分", "全额"]);
const IS_FULL_REFUND: Target =
    t("is_full_refund", TargetKind::Bool, "是否全额退款", "whether all was refunded", &["是否全额退款", "是否全部退款"]);
const IS_PARTIAL_REFUND: Target =
    t("is_partial_refund", TargetKind::Bool, "是否部分退款", "whether part was refunded", &["是否部分退款"]);
const REFUND_OF: Target = t(
    "refund_of",
    TargetKind::Id,
    "原订单号",
    "order that is refunded",
    &["原单号", "原订单号", "原订单编号", "original order", "original order id", "refund of"],
);
const MERCHANT_AMOUNT: Target =
    t("merchant_amount", TargetKind::Money, "商家实收", "what the merchant receives", MERCHANT_AMOUNT_WORDS).not(&["累计"]);
const CURRENCY: Target = t("currency", TargetKind::Currency, "币种", "currency", CURRENCY_WORDS);
const CHANNEL: Target = t("channel", TargetKind::Text, "渠道", "channel", CHANNEL_WORDS).not(CHANNEL_NEVER);
const STORE_ID: Target = t("store_id", TargetKind::Text, "门店", "store", STORE_WORDS).not(STORE_NEVER);
const COUPON_ID: Target = t("coupon_id", TargetKind::Text, "优惠券", "coupon", COUPON_WORDS).not(&["金额", "抵扣", "disc"]);
const CAMPAIGN_ID: Target =
    t("campaign_id", TargetKind::Text, "活动", "campaign", CAMPAIGN_WORDS).not(&["金额", "优惠", "成本", "支出", "补贴"]);
const COUNTRY: Target = t("country", TargetKind::Text, "国家", "country", COUNTRY_WORDS);
const PROVINCE: Target = t("province", TargetKind::Province, "省份", "province", PROVINCE_WORDS).not(&["code", "门店"]);
const CITY: Target = t("city", TargetKind::City, "城市", "city", CITY_WORDS).not(&["门店", "capacity"]);
const PRODUCT_ID: Target = t("product_id", TargetKind::Id, "商品编码", "product code", PRODUCT_ID_WORDS).not(PRODUCT_ID_NEVER);
const PRODUCT_NAME: Target = t("name", TargetKind::Text, "商品名称", "product name", PRODUCT_NAME_WORDS).not(PRODUCT_NAME_NEVER);
const BRAND: Target = t("brand", TargetKind::Text, "品牌", "brand", BRAND_WORDS).not(&["card"]);
const CATEGORY_1: Target = t("category_1", TargetKind::Text, "一级类目", "category, top", CATEGORY_1_WORDS);
const CATEGORY_2: Target = t("category_2", TargetKind::Text, "二级类目", "category, middle", CATEGORY_2_WORDS);
const CATEGORY_3: Target = t("category_3", TargetKind::Text, "三级类目", "category, bottom", CATEGORY_3_WORDS);
const QUANTITY: Target = t("quantity", TargetKind::Quantity, "数量", "quantity", QUANTITY_WORDS).not(QUANTITY_NEVER);
const UNIT_PRICE: Target = t("unit_price", TargetKind::Price, "单价", "unit price", UNIT_PRICE_WORDS).not(UNIT_PRICE_NEVER);
const LINE_AMOUNT: Target = t("amount", TargetKind::Money, "行金额", "line amount", LINE_AMOUNT_WORDS).not(LINE_AMOUNT_NEVER);
const LINE_ID: Target = t(
    "line_id",
    TargetKind::Id,
    "明细编号",
    "line number",
    &["子订单编号", "子订单号", "明细编号", "行号", "分录号", "line item id", "lineitem id", "line no", "line", "line number"],
);

const ORDERS: &[Target] = with_identities![
    ORDER_ID,
    ORDERED_AT,
    ORDERED_TIME,
    PAID_AT,
    COMPLETED_AT,
    CANCELLED_AT,
    STATUS,
    FULFILLMENT,
    REFUND_STATE,
    IS_REFUND,
    IS_FULL_REFUND,
    IS_PARTIAL_REFUND,
    REFUND_OF,
    t("amount", TargetKind::Money, "订单金额", "order amount", PAID_AMOUNT_WORDS).needed().not(AMOUNT_NEVER),
    t("discount", TargetKind::Money, "优惠金额", "discount", DISCOUNT_WORDS).not(DISCOUNT_NEVER),
    t(
        "refunded_amount",
        TargetKind::Money,
        "退款金额",
        "refunded amount",
        &[
            "订单已退款金额", "退款金额", "已退款金额", "商品已退款金额", "成功退款", "成功退款金额", "退货金额", "退款总额", "refunded amount",
            "total refunded", "partial refunds", "order refund amount", "refund amount", "amount refunded",
        ],
    )
    .not(REFUNDED_NEVER),
    MERCHANT_AMOUNT,
    CURRENCY,
    t(
        "n_items",
        TargetKind::Quantity,
        "商品件数",
        "units of goods",
        &[
            "宝贝总数量", "商品总数量", "商品数量", "商品件数", "购买数量", "成交数量", "件数", "数量", "total items", "n items", "item count", "items",
            "quantity", "qty", "number of items", "number of cds",
        ],
    )
    .not(&["种类", "退"]),
    CHANNEL,
    STORE_ID,
    COUPON_ID,
    CAMPAIGN_ID,
    COUNTRY,
    PROVINCE,
    CITY,
];

const ORDER_LINES: &[Target] = with_identities![
    ORDER_ID,
    LINE_ID,
    ORDERED_AT,
    ORDERED_TIME,
    PAID_AT,
    COMPLETED_AT,
    CANCELLED_AT,
    STATUS,
    FULFILLMENT,
    REFUND_STATE,
    IS_REFUND,
    REFUND_OF,
    PRODUCT_ID,
    PRODUCT_NAME,
    BRAND,
    CATEGORY_1,
    CATEGORY_2,
    CATEGORY_3,
    QUANTITY,
    UNIT_PRICE,
    LINE_AMOUNT,
    t("order_amount", TargetKind::Money, "订单金额", "order amount", PAID_AMOUNT_WORDS).not(AMOUNT_NEVER),
    t("discount", TargetKind::Money, "行优惠", "line discount", LINE_DISCOUNT_WORDS).not(DISCOUNT_NEVER),
    t("order_discount", TargetKind::Money, "订单优惠", "order discount", DISCOUNT_WORDS).not(DISCOUNT_NEVER),
    t(
        "line_refunded_amount",
        TargetKind::Money,
        "行退款金额",
        "refunded amount of the line",
        &["商品已退款金额", "商品退款金额", "退菜金额", "退菜金额(元)", "line refund", "item refund amount"],
    )
    .not(REFUNDED_NEVER),
    t("refunded_amount", TargetKind::Money, "订单退款金额", "refunded amount of the order", REFUNDED_WORDS).not(REFUNDED_NEVER),
    MERCHANT_AMOUNT,
    CURRENCY,
    CHANNEL,
    STORE_ID,
    COUPON_ID,
    CAMPAIGN_ID,
    COUNTRY,
    PROVINCE,
    CITY,
];

const ORDER_ITEMS: &[Target] = &[
    ORDER_ID,
    LINE_ID,
    t("ordered_at", TargetKind::Instant, "下单时间", "ordered at", ORDERED_AT_WORDS).not(ORDERED_AT_NEVER),
    ORDERED_TIME,
    STATUS,
    REFUND_STATE,
    IS_REFUND,
    REFUND_OF,
    PRODUCT_ID,
    PRODUCT_NAME,
    BRAND,
    CATEGORY_1,
    CATEGORY_2,
    CATEGORY_3,
    QUANTITY,
    UNIT_PRICE,
    t(
        "amount",
        TargetKind::Money,
        "行金额",
        "line amount",
        &[
            "买家实际支付金额", "买家实付金额", "商品实际成交金额", "商品实际价格(总共)", "商品金额小计", "金额小计", "小计", "行金额", "品项收入", "价税合计",
            "销售金额", "商品实付金额", "实付金额", "实付款", "line total", "line amount", "lineitem total", "sales value", "item total",
            "net sales", "total price", "subtotal", "amount", "total", "金额",
        ],
    )
    .not(LINE_AMOUNT_NEVER),
    t("discount", TargetKind::Money, "行优惠", "line discount", DISCOUNT_WORDS).not(DISCOUNT_NEVER),
    t("line_refunded_amount", TargetKind::Money, "行退款金额", "refunded amount of the line", REFUNDED_WORDS).not(REFUNDED_NEVER),
    CURRENCY,
];

const PRODUCTS: &[Target] = &[
    PRODUCT_ID.needed(),
    t(
        "name",
        TargetKind::Text,
        "商品名称",
        "product name",
        &[
            "商品名称", "商品标题", "宝贝标题", "标题", "品项名称", "菜品名称", "物料名称", "存货名称", "商品", "品名", "名称", "product name",
            "item name", "product title", "name", "title", "item", "product", "description",
        ],
    )
    .not(PRODUCT_NAME_NEVER),
    BRAND,
    CATEGORY_1,
    CATEGORY_2,
    CATEGORY_3,
    t(
        "list_price",
        TargetKind::Price,
        "标价",
        "list price",
        &[
            "吊牌价", "标价", "原价", "市场价", "零售价", "建议零售价", "价格", "单价", "售价", "list price", "price", "variant price", "msrp",
            "unit price", "retail price", "regular price",
        ],
    )
    .not(&["成本", "cost", "compare"]),
    CURRENCY,
];

const PROFILES: &[Target] = with_identities![
    t(
        "name",
        TargetKind::Name,
        "姓名",
        "name",
        &[
            "姓名", "客户姓名", "会员姓名", "客户名称", "买家姓名", "真实姓名", "联系人", "联系人姓名", "顾客姓名", "名称", "客户简称", "客户名称/昵称", "name",
            "full name", "customer name", "contact name",
        ],
    )
    .not(&["昵称", "店铺", "门店", "卡", "等级", "标签", "account", "company", "user", "开户", "活动"]),
    t("first_name", TargetKind::Name, "名", "first name", &["first name", "given name", "forename", "名"]),
    t("last_name", TargetKind::Name, "姓", "last name", &["last name", "surname", "family name", "姓"]),
    t(
        "birthday",
        TargetKind::Birthday,
        "生日",
        "birthday",
        &["生日", "客户生日", "会员生日", "出生日期", "出生年月", "出生年月日", "birthdate", "birthday", "date of birth", "dob", "birth date"],
    )
    .not(&["是否", "年龄", "券", "place"]),
    t("birth_year", TargetKind::Int, "出生年份", "year of birth", &["出生年份", "出生年", "birth year", "year birth", "year of birth"]),
    t("gender", TargetKind::Gender, "性别", "gender", &["性别", "客户性别", "会员性别", "gender", "sex"]),
    t(
        "kind",
        TargetKind::Text,
        "客户类型",
        "person or company",
        &["客户类型", "客户性质", "customer type", "kind"],
    ),
    t(
        "address",
        TargetKind::Address,
        "地址",
        "address",
        &[
            "地址", "详细地址", "客户地址", "联系地址", "家庭住址", "住址", "收货地址", "通讯地址", "mailing street", "address", "address1",
            "street address", "street", "address 1", "address line 1", "full address", "mailing address",
        ],
    )
    .not(&["email", "ip", "mac", "邮箱", "网址", "address2", "address 2"]),
    COUNTRY,
    PROVINCE,
    CITY,
    t(
        "member_level",
        TargetKind::Text,
        "会员等级",
        "member level",
        &[
            "会员等级", "免费等级", "付费等级", "客户级别", "客户等级", "会员级别", "等级", "卡类型", "卡等级", "member level", "level", "tier",
            "membership level", "loyalty tier", "customer group",
        ],
    )
    .not(&["成长值", "有效期", "时间"]),
    t(
        "registered_on",
        TargetKind::Day,
        "注册日期",
        "registered on",
        &[
            "注册时间", "注册日期", "入会时间", "入会日期", "开卡时间", "开卡日期", "成为会员时间", "成为客户时间", "添加时间", "创建时间", "创建日期",
            "created date", "create date", "created at", "signup", "signup date", "sign up date", "registered at", "registered on",
            "registration date", "date joined", "joined", "dt customer", "member since", "customer since",
        ],
    )
    .not(&["最后", "最近", "更新", "跟进", "last", "updated", "modified"]),
    t(
        "acquisition_channel",
        TargetKind::Text,
        "来源渠道",
        "channel that won the customer",
        &[
            "来源渠道", "注册渠道", "获客渠道", "添加渠道", "客户来源", "来源方式", "来源", "来源/添加渠道", "渠道", "lead source", "original source",
            "acquisition channel", "source", "channel", "referral source", "utm source",
        ],
    )
    .not(&["详情", "id"]),
];

const EVENTS: &[Target] = with_identities![
    t(
        "event",
        TargetKind::Text,
        "事件",
        "event",
        &["事件", "事件名称", "事件名", "行为", "行为类型", "event", "event name", "event type", "action", "behavior", "behaviour", "activity"],
    )
    .needed()
    .not(&["id", "时间", "time"]),
    t(
        "occurred_at",
        TargetKind::Instant,
        "发生时间",
        "occurred at",
        &[
            "发生时间", "事件时间", "行为时间", "访问时间", "时间", "日期", "timestamp", "occurred at", "event time", "event timestamp",
            "event date", "created at", "datetime", "date time", "time", "date", "ts",
        ],
    )
    .needed()
    .not(&["received", "updated", "接收", "更新", "入库"]),
    t("occurred_time", TargetKind::Time, "发生时刻", "time of day", &["时刻", "time of day", "time"]),
    t("event_id", TargetKind::Id, "事件编号", "event id", &["事件ID", "事件编号", "event id", "message id", "id"]),
    t(
        "channel",
        TargetKind::Text,
        "渠道",
        "channel",
        &["渠道", "来源渠道", "channel", "source", "acquisition channel", "来源", "platform", "平台"],
    ),
    t("session_id", TargetKind::Id, "会话", "session", &["会话ID", "会话", "session id", "session"]),
    t("device", TargetKind::Text, "设备", "device", &["设备", "设备类型", "终端", "device", "device type", "platform", "平台", "os"]),
    t("url", TargetKind::FreeText, "页面", "page", &["页面地址", "页面", "网址", "url", "page url", "page", "link"]),
    t("referrer", TargetKind::FreeText, "来源页", "page before", &["来源页", "来源页面", "referrer", "referer"]),
    t("utm_source", TargetKind::Text, "活动来源", "campaign source", &["utm source"]),
    t("utm_medium", TargetKind::Text, "活动媒介", "campaign medium", &["utm medium"]),
    t("utm_campaign", TargetKind::Text, "活动名称", "campaign name", &["utm campaign"]),
    t("value", TargetKind::Money, "价值", "value", &["金额", "价值", "value", "revenue", "amount"]),
    CURRENCY,
];

const INTERACTIONS: &[Target] = with_identities![
    t(
        "interaction_id",
        TargetKind::Id,
        "工单编号",
        "ticket number",
        &["工单编号", "工单ID", "工单号", "会话ID", "通话ID", "投诉编号", "ticket id", "case number", "case id", "interaction id", "ticket", "id"],
    )
    .not(&["模板", "父"]),
    t("kind", TargetKind::Text, "类型", "kind", &["服务类型", "接触类型", "工单类型", "类型", "kind", "type", "contact type"]),
    t(
        "opened_at",
        TargetKind::Instant,
        "开始时间",
        "opened at",
        &[
            "创建时间", "会话开始时间", "开始时间", "提交时间", "呼入时间", "受理时间", "created at", "requested", "requested at", "opened at",
            "open date", "date/time opened", "created date", "created", "start time", "日期", "时间", "date",
        ],
    )
    .needed()
    .not(&["结束", "关闭", "解决", "首次", "更新", "updated"]),
    t("opened_time", TargetKind::Time, "开始时刻", "time of day", &["时刻", "time"]),
    t(
        "first_reply_at",
        TargetKind::Instant,
        "首次响应时间",
        "first reply at",
        &["首次响应时间", "首次响应时长", "首次回复时间", "first reply at", "first response", "first reply time", "reply time in minutes"],
    ),
    t(
        "closed_at",
        TargetKind::Instant,
        "关闭时间",
        "closed at",
        &["解决时间", "关闭时间", "会话结束时间", "结束时间", "完成时间", "solved at", "closed at", "solved", "closed date", "end time"],
    ),
    t(
        "topic",
        TargetKind::FreeText,
        "主题",
        "topic",
        &["工单标题", "工单主题", "标题", "主题", "问题分类", "问题类型", "咨询类型", "subject", "topic", "category", "reason"],
    ),
    t(
        "satisfaction",
        TargetKind::Float,
        "满意度",
        "satisfaction",
        &["满意度", "满意度评价", "评价", "评分", "satisfaction", "satisfaction score", "satisfaction rating", "csat", "rating"],
    ),
    t(
        "agent",
        TargetKind::Text,
        "客服",
        "agent",
        &["受理客服", "接入客服", "客服", "接待人", "处理人", "坐席", "assignee", "agent", "owner", "case owner"],
    )
    .not(&["组", "group"]),
];

const FEEDBACK: &[Target] = with_identities![
    t(
        "score",
        TargetKind::Float,
        "评分",
        "score",
        &["评分", "星级", "满意度", "打分", "推荐", "推荐意愿", "得分", "nps", "rating", "score", "stars", "csat", "label"],
    ),
    t(
        "text",
        TargetKind::FreeText,
        "评价内容",
        "words",
        &[
            "评价内容", "评论内容", "评论", "评价", "意见", "建议", "反馈内容", "内容", "review", "comment", "comments", "text", "review text", "feedback",
            "review body", "body",
        ],
    )
    .not(&["时间", "数"]),
    t(
        "at",
        TargetKind::Instant,
        "评价时间",
        "at",
        &[
            "评价时间", "评论时间", "提交答卷时间", "提交时间", "填写时间", "反馈时间", "submitted at", "end date", "review date", "date submitted",
            "created at", "timestamp", "date", "日期", "时间",
        ],
    )
    .needed()
    .not(&["开始", "start"]),
    t("at_time", TargetKind::Time, "时刻", "time of day", &["时刻", "time"]),
    t(
        "feedback_id",
        TargetKind::Id,
        "评价编号",
        "feedback id",
        &["评价ID", "评价编号", "答卷编号", "序号", "respondent id", "response id", "feedback id", "review id", "id"],
    ),
    t("kind", TargetKind::Text, "类型", "kind", &["类型", "反馈类型", "kind", "type", "survey type"]),
    t("order_id", TargetKind::Id, "订单编号", "order number", &["订单编号", "订单号", "订单ID", "order id", "order number"]),
    t("product_id", TargetKind::Id, "商品编码", "product code", &["商品编码", "商品ID", "商家编码", "sku", "product id", "item id"]),
];

const CAMPAIGNS: &[Target] = &[
    t("campaign_id", TargetKind::Id, "活动编号", "campaign id", &["活动编号", "活动ID", "计划ID", "campaign id", "campaign", "id"]).needed(),
    t("name", TargetKind::Text, "活动名称", "name", &["活动名称", "活动标题", "计划名称", "名称", "campaign name", "name", "title"]),
    t("channel", TargetKind::Text, "渠道", "channel", &["渠道", "投放渠道", "推广渠道", "channel", "medium", "source", "platform"]),
    t(
        "started_at",
        TargetKind::Instant,
        "开始时间",
        "started at",
        &["开始时间", "开始日期", "活动开始时间", "start date", "started at", "start time", "start day", "start", "start at"],
    ),
    t(
        "ended_at",
        TargetKind::Instant,
        "结束时间",
        "ended at",
        &["结束时间", "结束日期", "活动结束时间", "end date", "ended at", "end time", "end day", "end", "end at"],
    ),
    t("cost", TargetKind::Money, "花费", "money spent", &["花费", "费用", "实际花费", "消耗", "成本", "cost", "spend", "amount spent"]),
    t("budget", TargetKind::Money, "预算", "money planned", &["预算", "活动预算", "budget"]),
    t("goal", TargetKind::Text, "目标", "goal", &["目标", "活动目标", "goal", "objective"]),
    CURRENCY,
];

const TOUCHES: &[Target] = with_identities![
    t(
        "campaign_id",
        TargetKind::Id,
        "活动编号",
        "campaign",
        &["活动编号", "活动ID", "模板/活动名称", "活动名称", "模板名称", "模板ID", "计划ID", "campaign id", "campaign", "campaign name", "template"],
    ),
    t("touch_id", TargetKind::Id, "触达编号", "touch id", &["触达ID", "消息ID", "发送ID", "message id", "touch id", "msgid", "id"]),
    t("journey_id", TargetKind::Id, "旅程编号", "journey", &["旅程ID", "旅程", "journey id", "journey", "flow id"]),
    t("channel", TargetKind::Text, "渠道", "channel", &["渠道", "触达渠道", "发送渠道", "channel", "medium"]),
    t(
        "at",
        TargetKind::Instant,
        "发送时间",
        "at",
        &["发送时间", "触达时间", "提交时间", "sent at", "send time", "sent time", "sent date", "redemption date", "at", "timestamp", "date", "日期", "时间"],
    )
    .not(&["打开", "点击", "回执"]),
    t("at_time", TargetKind::Time, "时刻", "time of day", &["时刻", "time"]),
    t(
        "outcome",
        TargetKind::Text,
        "发送状态",
        "outcome",
        &["发送状态", "触达状态", "送达状态", "回执状态", "状态", "结果", "outcome", "status", "delivery status", "event"],
    ),
    t("arm", TargetKind::Text, "实验组", "arm", &["实验组", "组别", "分组", "arm", "group", "variant", "treatment"]),
    t("reason", TargetKind::Text, "原因", "reason", &["失败原因", "原因", "reason", "error", "failure reason"]),
];
