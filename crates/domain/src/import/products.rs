//! Lines that sell no goods: postage, fees, vouchers, bookkeeping.

/// What a line or product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    /// Something sold.
    Goods,
    /// Postage.
    Postage,
    /// Bank, market-place and service fees.
    Fee,
    /// A reduction booked as a line.
    Discount,
    /// Entered by hand.
    Manual,
    /// Sample, trial, display.
    Sample,
    /// Gift card or voucher.
    Voucher,
    /// Bookkeeping.
    Adjustment,
}

impl ProductKind {
    const ALL: &[Self] = &[
        Self::Goods,
        Self::Postage,
        Self::Fee,
        Self::Discount,
        Self::Manual,
        Self::Sample,
        Self::Voucher,
        Self::Adjustment,
    ];

    /// Name in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Goods => "goods",
            Self::Postage => "postage",
            Self::Fee => "fee",
            Self::Discount => "discount",
            Self::Manual => "manual",
            Self::Sample => "sample",
            Self::Voucher => "voucher",
            Self::Adjustment => "adjustment",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

const DEFAULT_PATTERNS: &[&str] = &[
    "POST=postage",
    "DOT=postage",
    "C2=postage",
    "C3=postage",
    "M=manual",
    "m=manual",
    "D=discount",
    "S=sample",
    "B=adjustment",
    "PADS=sample",
    "CRUK=fee",
    "AMAZONFEE=fee",
    "BANK CHARGES=fee",
    "gift_0001_*=voucher",
    "GIFT_0001_*=voucher",
    "ADJUST*=adjustment",
    "Adjust bad debt*=adjustment",
    "TEST00*=manual",
    "DOTCOM POSTAGE=postage",
    "POSTAGE=postage",
    "CARRIAGE=postage",
    "Shipping=postage",
    "Delivery=postage",
    "Gift Card*=voucher",
    "Bank Charges=fee",
    "运费*=postage",
    "邮费*=postage",
    "快递费*=postage",
    "配送费*=postage",
    "补邮费*=postage",
    "补运费*=postage",
    "包装费*=fee",
    "打包费*=fee",
    "餐盒费*=fee",
    "手续费*=fee",
    "服务费*=fee",
    "茶位费*=fee",
    "安装费*=fee",
    "*补差价*=adjustment",
    "差价链接*=adjustment",
    "折扣=discount",
    "优惠=discount",
    "整单优惠=discount",
    "抹零=discount",
    "样品*=sample",
    "礼品卡*=voucher",
    "代金券*=voucher",
    "储值卡*=voucher",
];

enum Shape {
    Whole,
    Start,
    End,
    Inside,
}

struct Pattern {
    text: String,
    shape: Shape,
    kind: ProductKind,
    /// Short codes would hit names by accident.
    only_codes: bool,
}

impl Pattern {
    fn fits(&self, text: &str) -> bool {
        match self.shape {
            Shape::Whole => text == self.text,
            Shape::Start => text.starts_with(self.text.as_str()),
            Shape::End => text.ends_with(self.text.as_str()),
            Shape::Inside => text.contains(self.text.as_str()),
        }
    }
}

/// The patterns of codes and names that are no products.
pub struct NonProducts {
    /// By first byte of what they fit.
    starts: Vec<Vec<Pattern>>,
    /// Those that may fit anywhere.
    anywhere: Vec<Pattern>,
}

impl NonProducts {
    /// The patterns that apply unless a mapping names its own.
    pub fn default_patterns() -> Vec<String> {
        DEFAULT_PATTERNS.iter().map(|&pattern| pattern.to_owned()).collect()
    }

    /// Patterns written `pattern=kind`.
    ///
    /// # Errors
    /// The position of the first that cannot be read.
    pub fn parse(patterns: &[String]) -> Result<Self, usize> {
        let mut parsed = Self { starts: (0..256).map(|_| Vec::new()).collect(), anywhere: Vec::new() };
        for (at, pattern) in patterns.iter().enumerate() {
            let (text, kind) = pattern.rsplit_once('=').ok_or(at)?;
            let kind = ProductKind::parse(kind.trim()).ok_or(at)?;
            let text = text.trim();
            let (from_start, to_end) = (!text.starts_with('*'), !text.ends_with('*'));
            let text = text.trim_matches('*');
            let first = *text.as_bytes().first().ok_or(at)?;
            let shape = match (from_start, to_end) {
                (true, true) => Shape::Whole,
                (true, false) => Shape::Start,
                (false, true) => Shape::End,
                (false, false) => Shape::Inside,
            };
            let pattern =
                Pattern { text: text.to_owned(), shape, kind, only_codes: text.len() <= 4 && text.is_ascii() };
            if from_start { parsed.starts[first as usize].push(pattern) } else { parsed.anywhere.push(pattern) }
        }
        Ok(parsed)
    }

    /// What a line of this code and name is.
    #[inline]
    pub fn kind(&self, code: Option<&str>, name: Option<&str>) -> ProductKind {
        self.find(code, false).or_else(|| self.find(name, true)).unwrap_or(ProductKind::Goods)
    }

    #[inline]
    fn find(&self, text: Option<&str>, is_name: bool) -> Option<ProductKind> {
        let text = text?;
        let first = *text.as_bytes().first()?;
        let at_start = self.starts[first as usize].iter();
        let found = at_start.filter(|pattern| !(is_name && pattern.only_codes)).find(|pattern| pattern.fits(text));
        // Patterns that fit anywhere are words of Chinese titles; codes and English names skip the search.
        let found = found.or_else(|| {
            let has_words = !text.is_ascii() || self.anywhere.iter().any(|pattern| pattern.text.is_ascii());
            if has_words { self.anywhere.iter().find(|pattern| pattern.fits(text)) } else { None }
        });
        found.map(|pattern| pattern.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_and_names() {
        let patterns = NonProducts::parse(&NonProducts::default_patterns()).unwrap_or_else(|at| panic!("{at}"));
        for (code, name, expected) in [
            ("POST", "POSTAGE", "postage"),
            ("DOT", "DOTCOM POSTAGE", "postage"),
            ("C2", "CARRIAGE", "postage"),
            ("M", "Manual", "manual"),
            ("m", "Manual", "manual"),
            ("D", "Discount", "discount"),
            ("S", "SAMPLES", "sample"),
            ("B", "Adjust bad debt", "adjustment"),
            ("BANK CHARGES", "Bank Charges", "fee"),
            ("AMAZONFEE", "AMAZON FEE", "fee"),
            ("CRUK", "CRUK Commission", "fee"),
            ("PADS", "PADS TO MATCH ALL CUSHIONS", "sample"),
            ("gift_0001_20", "Dotcomgiftshop Gift Voucher", "voucher"),
            ("85123A", "WHITE HANGING HEART", "goods"),
            ("DCGS0076", "SUNJAR LED NIGHT NIGHT LIGHT", "goods"),
            ("SP1", "M", "goods"),
            ("10001", "运费补拍", "postage"),
            ("10002", "【专拍】补差价链接", "adjustment"),
            ("10003", "礼品卡100元", "voucher"),
            ("10004", "纯棉T恤", "goods"),
        ] {
            assert_eq!(patterns.kind(Some(code), Some(name)).as_str(), expected, "{code} {name}");
        }
        assert!(NonProducts::parse(&["=fee".to_owned()]).is_err());
        assert!(NonProducts::parse(&["X=nothing".to_owned()]).is_err());
    }
}
