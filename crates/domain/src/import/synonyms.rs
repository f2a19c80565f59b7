//! Headers and the targets they mean.
//!
//! A header is looked up in a normal form: half-width, lower case, without blanks, `_ - . /`, brackets, trailing marks.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::entity::{Entity, targets};

/// A header in the two forms in which it is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalHeader {
    /// Words in brackets kept.
    pub full: String,
    /// Words in brackets dropped: units (`(元)`) and hints (`（必填）`).
    pub bare: String,
}

/// A header's normal form.
pub fn normal(header: &str) -> NormalHeader {
    let trimmed = header.trim().trim_end_matches([':', '：', '*', '＊']);
    let (mut full, mut bare) = (String::with_capacity(trimmed.len()), String::with_capacity(trimmed.len()));
    let mut depth = 0_u32;
    for letter in trimmed.chars() {
        let letter = half_width(letter);
        match letter {
            '(' | '[' | '【' | '{' => depth += 1,
            ')' | ']' | '】' | '}' => depth = depth.saturating_sub(1),
            '_' | '-' | '.' | '/' | '*' | '\u{feff}' | '\u{200b}'..='\u{200f}' => {}
            _ if letter.is_whitespace() || letter.is_control() => {}
            _ => {
                for lower in letter.to_lowercase() {
                    full.push(lower);
                    if depth == 0 {
                        bare.push(lower);
                    }
                }
            }
        }
    }
    if bare.is_empty() {
        bare.clone_from(&full);
    }
    NormalHeader { full, bare }
}

fn half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        '\u{3000}' => ' ',
        _ => letter,
    }
}

/// A synonym in normal form: which target of the entity, and its place in the target's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sense {
    /// Position in [`targets`].
    pub target: usize,
    /// Position in the target's synonyms; 0 is preferred.
    pub rank: usize,
}

struct Index {
    exact: HashMap<String, Vec<Sense>>,
    /// Synonyms long enough to be looked for inside a header.
    inside: Vec<(String, Sense)>,
    never: Vec<Vec<String>>,
}

static INDEXES: LazyLock<Vec<Index>> = LazyLock::new(|| Entity::ALL.iter().map(|&entity| index(entity)).collect());

fn index(entity: Entity) -> Index {
    let mut index = Index { exact: HashMap::new(), inside: Vec::new(), never: Vec::new() };
    for (at, target) in targets(entity).iter().enumerate() {
        let own = [target.name];
        for (rank, word) in target.synonyms.iter().chain(own.iter()).enumerate() {
            let sense = Sense { target: at, rank };
            let word = normal(word).full;
            let senses = index.exact.entry(word.clone()).or_default();
            if !senses.iter().any(|known| known.target == at) {
                senses.push(sense);
            }
            let n_letters = word.chars().count();
            let is_specific =
                if word.is_ascii() { n_letters >= 5 } else { n_letters >= 3 || target.personal && n_letters == 2 };
            if is_specific {
                index.inside.push((word, sense));
            }
        }
        index.never.push(target.never.iter().map(|word| normal(word).full).collect());
    }
    index
}

fn index_of(entity: Entity) -> &'static Index {
    &INDEXES[entity as usize]
}

/// The targets a header names exactly, in the entity's order.
pub(super) fn exact(entity: Entity, header: &NormalHeader) -> Vec<Sense> {
    let index = index_of(entity);
    let mut senses = index.exact.get(&header.full).cloned().unwrap_or_default();
    if header.bare != header.full {
        for sense in index.exact.get(&header.bare).into_iter().flatten() {
            if !senses.iter().any(|known| known.target == sense.target) {
                senses.push(*sense);
            }
        }
    }
    senses.sort_by_key(|sense| sense.target);
    senses
}

/// Letters of the longest header that is searched for synonyms.
const MAX_HOLDING: usize = 30;

/// The targets a header holds a synonym of, traps excluded; the longest synonym decides.
pub(super) fn inside(entity: Entity, header: &NormalHeader) -> Vec<Sense> {
    let index = index_of(entity);
    // A sentence that mentions a word is not named by it.
    if header.full.chars().count() > MAX_HOLDING {
        return Vec::new();
    }
    let mut found: Vec<(usize, Sense)> = Vec::new();
    for (word, sense) in &index.inside {
        if header.full.contains(word.as_str())
            && !index.never[sense.target].iter().any(|trap| header.full.contains(trap.as_str()))
        {
            found.push((word.len(), *sense));
        }
    }
    found.sort_by_key(|&(length, sense)| (usize::MAX - length, sense.target, sense.rank));
    let mut senses: Vec<Sense> = Vec::new();
    for (_, sense) in found {
        if !senses.iter().any(|known| known.target == sense.target) {
            senses.push(sense);
        }
    }
    senses
}

/// Whether a header is known to any entity (or to this one).
pub fn is_known(entity: Option<Entity>, header: &NormalHeader) -> bool {
    let knows = |entity: Entity| {
        let index = index_of(entity);
        index.exact.contains_key(&header.full) || index.exact.contains_key(&header.bare)
    };
    match entity {
        Some(entity) => knows(entity),
        None => Entity::ALL.iter().any(|&entity| knows(entity)),
    }
}

/// The forms of a header to look up: as it stands, and the last part of one joined over two rows.
pub(super) fn forms(header: &str) -> Vec<NormalHeader> {
    let plain = header.split('#').next().filter(|_| is_numbered(header)).unwrap_or(header);
    let mut forms = vec![normal(plain)];
    if let Some((group, name)) = plain.rsplit_once('/')
        && !name.trim().is_empty()
        && !group.trim().is_empty()
    {
        forms.push(normal(name));
        forms.push(normal(group));
    }
    forms
}

/// Whether a header carries the number that makes duplicates distinct (`分销员#2`).
fn is_numbered(header: &str) -> bool {
    header.rsplit_once('#').is_some_and(|(name, number)| {
        !name.is_empty() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whom a column that is not the customer's describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// Who receives the goods.
    Recipient,
    /// Staff, agents, resellers, influencers.
    OtherPeople,
    /// Personal data that has no place of its own.
    Personal,
}

impl Aside {
    /// Why the column is not loaded, in Chinese.
    pub const fn reason_zh(self) -> &'static str {
        match self {
            Self::Recipient => "收货人信息属于订单，不是顾客身份，不导入",
            Self::OtherPeople => "导购、达人等他人信息，不导入",
            Self::Personal => "个人信息，没有对应的受保护列，不导入",
        }
    }

    /// Why the column is not loaded, in English.
    pub const fn reason_en(self) -> &'static str {
        match self {
            Self::Recipient => "describes the recipient, not the customer; not loaded",
            Self::OtherPeople => "describes other people; not loaded",
            Self::Personal => "personal data without a protected column; not loaded",
        }
    }
}

const RECIPIENT: &[&str] =
    &["收货人", "收件人", "提货人", "收货地址", "收件地址", "提货地址", "详细收货", "shipto", "recipient", "consignee"];
const RECIPIENT_SHIPPING: &[&str] = &["name", "phone", "address", "street", "zip", "company", "email"];
const OTHER_PEOPLE: &[&str] = &[
    "导购",
    "达人",
    "团长",
    "带货",
    "分销员",
    "分销商",
    "收银员",
    "营业员",
    "店员",
    "客服",
    "负责人",
    "销售员",
    "业务员",
    "操作员",
    "制单人",
    "审核人",
    "所属员工",
    "添加人",
    "企微好友",
    "跟进人",
    "客户所有人",
    "接待人",
    "推广员",
    "推荐人",
    "配送员",
    "骑手",
    "employee",
    "staff",
    "cashier",
    "salesperson",
    "contactowner",
    "recordowner",
    "accountowner",
    "leadowner",
    "assignee",
    "affiliate",
    "referrername",
    "influencer",
];
const PERSONAL: &[&str] = &[
    "地址",
    "街道",
    "邮编",
    "姓名",
    "昵称",
    "客户名称",
    "客户简称",
    "身份证",
    "证件",
    "手机",
    "电话",
    "邮箱",
    "支付宝账号",
    "对方账户",
    "对方账号",
    "交易对方",
    "微信号",
    "qq",
    "银行卡",
    "交易卡号",
    "车牌",
    "护照",
    "ip",
    "address",
    "street",
    "postcode",
    "postalcode",
    "zipcode",
    "phone",
    "mobile",
    "email",
    "fullname",
    "firstname",
    "lastname",
    "middlename",
    "nickname",
    "surname",
    "givenname",
    "customername",
    "billtoname",
    "cardholder",
    "socsecid",
    "ssn",
    "passport",
    "pansuffix",
    "birth",
    "生日",
    "wechat",
    "salutation",
];
/// Words for personal data that only count as the whole header, or its end.
const PERSONAL_WHOLE: &[&str] = &[
    "zip",
    "billingzip",
    "shippingzip",
    "mailingzip",
    "billingname",
    "shippingname",
    "dob",
    "fax",
    "companyaddress",
    "name",
    "billingcompany",
];
/// Headers that hold a word of [`PERSONAL`] and say nothing about a person.
const NOT_PERSONAL: &[&str] = &[
    "optout",
    "accepts",
    "unsubscribed",
    "是否",
    "店铺",
    "门店",
    "电话营销",
    "membership",
    "skip",
    "tip",
    "script",
    "ship",
    "description",
    "subscription",
    "multip",
    "type",
    "归属地",
    "participat",
    "service",
];

/// Whom a header describes when not the customer or the deed, `None` when it is harmless.
pub fn aside(header: &NormalHeader) -> Option<Aside> {
    let text = header.full.as_str();
    let holds = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if holds(RECIPIENT) || text.starts_with("shipping") && RECIPIENT_SHIPPING.iter().any(|word| text.contains(word)) {
        return Some(Aside::Recipient);
    }
    if holds(OTHER_PEOPLE) {
        return Some(Aside::OtherPeople);
    }
    if PERSONAL_WHOLE.contains(&text) {
        return Some(Aside::Personal);
    }
    let is_personal = PERSONAL.iter().any(|word| match *word {
        "ip" => {
            text == "ip"
                || text.ends_with("来自ip")
                || text.ends_with("访客ip")
                || text == "browserip"
                || text == "ipaddress"
        }
        "birth" => text.starts_with("birth") || text.ends_with("birth"),
        "qq" => text == "qq" || text == "qq号",
        word => text.contains(word),
    });
    (is_personal && !holds(NOT_PERSONAL)).then_some(Aside::Personal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_one_normal_form() {
        for (header, full, bare) in [
            ("Order ID", "orderid", "orderid"),
            ("order_id", "orderid", "orderid"),
            (" 订单付款时间 ", "订单付款时间", "订单付款时间"),
            ("邮费(元)", "邮费元", "邮费"),
            ("手机号（必填）*", "手机号必填", "手机号"),
            ("Ｅ－ｍａｉｌ：", "email", "email"),
            ("（合计）", "合计", "合计"),
            ("Grand Total (Base)", "grandtotalbase", "grandtotal"),
        ] {
            assert_eq!(normal(header), NormalHeader { full: full.into(), bare: bare.into() }, "{header}");
        }
    }

    #[test]
    fn every_synonym_finds_its_target() {
        for &entity in Entity::ALL {
            for (at, target) in targets(entity).iter().enumerate() {
                for word in target.synonyms {
                    let senses = exact(entity, &normal(word));
                    assert!(senses.iter().any(|sense| sense.target == at), "{entity} {} {word}", target.name);
                    assert!(!word.trim().is_empty() && *word == word.trim(), "{word:?}");
                }
            }
        }
    }

    #[test]
    fn traps_are_not_mistaken() {
        for (entity, name, header) in [
            (Entity::Orders, "order_id", "支付单号"),
            (Entity::Orders, "order_id", "物流单号"),
            (Entity::Orders, "order_id", "快递单号"),
            (Entity::Orders, "ordered_at", "承诺发货时间"),
            (Entity::Orders, "ordered_at", "导出时间"),
            (Entity::Orders, "refunded_amount", "申请退款金额"),
            (Entity::OrderLines, "quantity", "商品种类数"),
            (Entity::OrderLines, "unit_price", "商品优惠后价格"),
            (Entity::Profiles, "email", "Email Opt Out"),
        ] {
            let header = normal(header);
            assert!(exact(entity, &header).iter().all(|sense| targets(entity)[sense.target].name != name));
            assert!(inside(entity, &header).iter().all(|sense| targets(entity)[sense.target].name != name));
        }
    }

    #[test]
    fn other_people_are_told_apart() {
        for (header, expected) in [
            ("收货人姓名", Some(Aside::Recipient)),
            ("Shipping Name", Some(Aside::Recipient)),
            ("达人昵称", Some(Aside::OtherPeople)),
            ("Contact Owner", Some(Aside::OtherPeople)),
            ("Billing Name", Some(Aside::Personal)),
            ("IP Address", Some(Aside::Personal)),
            ("Email Opt Out", None),
            ("Shipping Method", None),
            ("订单备注", None),
        ] {
            assert_eq!(aside(&normal(header)), expected, "{header}");
        }
    }
}
