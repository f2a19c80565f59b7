//! Provinces and cities of China by their names.
//!
//! A province is called by its short name (`浙江`, `内蒙古`, `上海`), a city by its official one (`杭州市`, `延边朝鲜族自治州`);
//! a municipality is its own city (`上海`, `上海市`). Text that names no known place stays as it is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;

use super::person::looks_masked;
use super::rule::{Rule, RuleSet};

/// Where somebody is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// Province, by its short name when known.
    pub province: Option<Cow<'static, str>>,
    /// City, by its official name when known.
    pub city: Option<Cow<'static, str>>,
    /// Code (GB/T 2260, six digits) of the city, else of the province; a municipality has its province's.
    pub code: Option<u32>,
}

/// Reads the region that a province cell and a city cell name, whichever is filled.
///
/// A known city brings its province, a municipality its city. A masked cell is missing.
pub fn read_region(province: Option<&str>, city: Option<&str>, fired: &mut RuleSet) -> Region {
    let usable =
        |text: Option<&'_ str>| text.map(str::trim).is_some_and(|text| !text.is_empty() && !looks_masked(text));
    let province_text = province.filter(|_| usable(province)).map(str::trim);
    let city_text = city.filter(|_| usable(city)).map(str::trim);

    let known = &*PLACES;
    let mut found = Found::default();
    if let Some(text) = province_text {
        found.province = known.province(text);
        if found.province.is_none() {
            found = known.start_of(text).found;
        }
    }
    if let Some(text) = city_text {
        let within = |at: usize| found.province.is_none_or(|province| known.cities[at].province == province);
        match known.city(text).filter(|&at| within(at)) {
            Some(at) => {
                found.city = Some(at);
                found.province = Some(known.cities[at].province);
            }
            // A city cell like `上海市`, `浙江省杭州市` or `杭州 西湖区`.
            None => {
                let other = known.start_of(text).found;
                let is_same = found.province.is_none() || other.province == found.province;
                if is_same && (other.city.is_some() || known.province(text).is_some()) {
                    found = other;
                }
            }
        }
    }

    let mut region = found.region(known);
    if region.province.is_none() {
        region.province = province_text.map(|text| Cow::Owned(text.to_owned()));
    }
    let is_placeholder = city_text.is_none_or(|text| matches!(text, "市辖区" | "县" | "省直辖县级行政区划"));
    if found.city.is_none() && !known.is_municipality(found.province) || found.city.is_none() && !is_placeholder {
        let is_province =
            city_text.is_some_and(|text| known.province(text) == found.province && found.province.is_some());
        if !is_province {
            region.city = city_text.filter(|_| !is_placeholder).map(|text| Cow::Owned(text.to_owned()));
        }
    }
    if region.province.as_deref() != province || region.city.as_deref() != city {
        fired.insert(Rule::RegionName);
    }
    region
}

/// The province and city that an address begins with, blanks and signs between them or not.
pub fn region_of_address(address: &str) -> Region {
    PLACES.start_of(address).found.region(&PLACES)
}

/// How many bytes of an address name province and city.
pub fn n_region_bytes(address: &str) -> usize {
    PLACES.start_of(address).n_bytes
}

struct Place {
    name: &'static str,
    short: &'static str,
    code: u32,
    /// Position of its province; a province's own.
    province: usize,
}

#[derive(Clone, Copy)]
enum At {
    Province(usize),
    City(usize),
}

type Names = HashMap<&'static str, At, FixedState>;

/// A name as addresses begin with it.
struct Prefix {
    name: Cow<'static, str>,
    at: At,
    /// Whether the name lacks its kind (市, 省), so that `南京路` may follow from it.
    is_bare: bool,
}

struct Places {
    provinces: Vec<Place>,
    cities: Vec<Place>,
    names: Names,
    city_names: Names,
    /// Names by their first two characters, the longest first.
    prefixes: HashMap<[char; 2], Vec<Prefix>, FixedState>,
}

#[derive(Clone, Copy, Default)]
struct Found {
    province: Option<usize>,
    city: Option<usize>,
}

#[derive(Default)]
struct Start {
    found: Found,
    n_bytes: usize,
}

static PLACES: LazyLock<Places> = LazyLock::new(Places::load);

impl Found {
    fn region(self, known: &Places) -> Region {
        let province = self.province.map(|at| &known.provinces[at]);
        let city = match self.city {
            Some(at) => Some(&known.cities[at]),
            None if known.is_municipality(self.province) => province,
            None => None,
        };
        Region {
            province: province.map(|place| Cow::Borrowed(place.short)),
            city: city.map(|place| Cow::Borrowed(place.name)),
            code: city.or(province).map(|place| place.code),
        }
    }
}

impl Places {
    fn load() -> Self {
        let mut known = Self {
            provinces: Vec::new(),
            cities: Vec::new(),
            names: HashMap::default(),
            city_names: HashMap::default(),
            prefixes: HashMap::default(),
        };
        for line in include_str!("../../data/regions.tsv").lines().skip(1) {
            let mut fields = line.split('\t');
            let (Some(code), Some(name), Some(short)) = (fields.next(), fields.next(), fields.next()) else {
                continue;
            };
            let code: u32 = code.parse().unwrap_or_default();
            if code.is_multiple_of(10_000) {
                let at = known.provinces.len();
                known.provinces.push(Place { name, short, code, province: at });
            } else {
                let of_city = |place: &Place| place.code / 10_000 == code / 10_000;
                let province = known.provinces.iter().position(of_city).unwrap_or_default();
                known.cities.push(Place { name, short, code, province });
            }
        }
        known.index();
        known
    }

    fn index(&mut self) {
        let mut prefixes: Vec<Prefix> = Vec::new();
        let mut add = |name: Cow<'static, str>, at: At, is_bare: bool| prefixes.push(Prefix { name, at, is_bare });
        for (at, place) in self.provinces.iter().enumerate() {
            let at = At::Province(at);
            add(Cow::Borrowed(place.name), at, false);
            add(Cow::Borrowed(place.short), at, true);
            for kind in ["省", "自治区"] {
                add(Cow::Owned(format!("{}{kind}", place.short)), at, false);
            }
            self.names.extend([(place.name, at), (place.short, at)]);
        }
        for (at, place) in self.cities.iter().enumerate() {
            let at = At::City(at);
            add(Cow::Borrowed(place.name), at, false);
            add(Cow::Borrowed(place.short), at, true);
            for kind in ["市", "州", "地区"] {
                add(Cow::Owned(format!("{}{kind}", place.short)), at, false);
            }
            self.city_names.extend([(place.name, at), (place.short, at)]);
        }
        let inner_mongolia = self.names.get("内蒙古").copied();
        if let Some(at) = inner_mongolia {
            add(Cow::Borrowed("内蒙"), at, true);
        }
        for prefix in prefixes {
            if let Some(key) = first_two(&prefix.name) {
                self.prefixes.entry(key).or_default().push(prefix);
            }
        }
        for names in self.prefixes.values_mut() {
            names.sort_by_key(|prefix| std::cmp::Reverse(prefix.name.len()));
        }
    }

    fn is_municipality(&self, province: Option<usize>) -> bool {
        province.is_some_and(|at| self.provinces[at].name.ends_with('市'))
    }

    /// The province that the whole text names.
    fn province(&self, text: &str) -> Option<usize> {
        if let Some(At::Province(at)) = self.names.get(text) {
            return Some(*at);
        }
        let names = self.prefixes.get(&first_two(text)?)?;
        names.iter().find_map(|prefix| match prefix.at {
            At::Province(at) if prefix.name == text => Some(at),
            _ => None,
        })
    }

    /// The city that the whole text names.
    fn city(&self, text: &str) -> Option<usize> {
        if let Some(At::City(at)) = self.city_names.get(text) {
            return Some(*at);
        }
        let names = self.prefixes.get(&first_two(text)?)?;
        names.iter().find_map(|prefix| match prefix.at {
            At::City(at) if prefix.name == text => Some(at),
            _ => None,
        })
    }

    /// The province and city that a text begins with.
    fn start_of(&self, text: &str) -> Start {
        let mut start = Start::default();
        let mut left = skip_signs(text);
        for country in ["中华人民共和国", "中国大陆", "中国"] {
            if let Some(rest) = left.strip_prefix(country) {
                left = skip_signs(rest);
                break;
            }
        }
        while let Some(prefix) = self.prefix_of(left, start.found) {
            match prefix.at {
                At::Province(at) => start.found.province = Some(at),
                At::City(at) => {
                    start.found = Found { province: Some(self.cities[at].province), city: Some(at) };
                }
            }
            left = &left[prefix.name.len()..];
            start.n_bytes = text.len() - left.len();
            left = skip_signs(left);
            if start.found.city.is_some() {
                break;
            }
        }
        start
    }

    /// The longest name that a text begins with and that agrees with what is known.
    fn prefix_of(&self, text: &str, found: Found) -> Option<&Prefix> {
        self.prefixes.get(&first_two(text)?)?.iter().find(|prefix| {
            let agrees = match (prefix.at, found.province) {
                (_, None) => true,
                // `上海 上海市`
                (At::Province(at), Some(province)) => at == province,
                (At::City(at), Some(province)) => self.cities[at].province == province,
            };
            agrees
                && text.strip_prefix(&*prefix.name).is_some_and(|rest| {
                    !(prefix.is_bare && is_street(rest)) || self.begins_with_city_of(rest, prefix.at)
                })
        })
    }

    /// Whether a text begins with a city of a province: `江苏|镇江`.
    fn begins_with_city_of(&self, text: &str, province: At) -> bool {
        let At::Province(province) = province else {
            return false;
        };
        let names = first_two(text).and_then(|key| self.prefixes.get(&key));
        names.into_iter().flatten().any(|prefix| match prefix.at {
            At::City(at) => self.cities[at].province == province && text.starts_with(&*prefix.name),
            At::Province(_) => false,
        })
    }
}

fn first_two(text: &str) -> Option<[char; 2]> {
    let mut chars = text.chars();
    Some([chars.next()?, chars.next()?])
}

fn skip_signs(text: &str) -> &str {
    text.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | '，' | '/' | '-' | '·' | '|' | '、' | ';' | '^')
    })
}

/// Whether what follows a name makes it that of a street or a smaller place: `南京|东路`, `朝阳|区`, `中山|公园`.
fn is_street(rest: &str) -> bool {
    let first = rest.chars().next();
    if first.is_some_and(|c| "区县镇乡村路街道巷弄里门园".contains(c)) {
        return true;
    }
    let rest = rest.trim_start_matches(['东', '西', '南', '北', '中', '一', '二', '三', '四']);
    [
        "路", "街", "大道", "大街", "大路", "道", "巷", "弄", "公园", "广场", "花园", "大厦", "酒店", "宾馆", "饭店",
        "商城",
    ]
    .iter()
    .any(|word| rest.starts_with(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(province: &str, city: &str, expected: (&str, &str), code: u32) {
        let mut fired = RuleSet::default();
        let (province_cell, city_cell) =
            (Some(province).filter(|t| !t.is_empty()), Some(city).filter(|t| !t.is_empty()));
        let region = read_region(province_cell, city_cell, &mut fired);
        let shown = (region.province.as_deref().unwrap_or(""), region.city.as_deref().unwrap_or(""));
        assert_eq!(shown, expected, "{province} {city}");
        assert_eq!(region.code.unwrap_or(0), code, "{province} {city}");
        assert_eq!(fired.contains(Rule::RegionName), (province, city) != expected, "{province} {city}");
        let mut fired = RuleSet::default();
        let again = read_region(region.province.as_deref(), region.city.as_deref(), &mut fired);
        assert_eq!(again, region, "{province} {city} read again");
        assert!(fired.is_empty(), "{province} {city} read again");
    }

    #[test]
    fn cells_get_official_names() {
        check("浙江", "杭州市", ("浙江", "杭州市"), 330_100);
        check("浙江省", "杭州", ("浙江", "杭州市"), 330_100);
        check("", "杭州", ("浙江", "杭州市"), 330_100);
        check("浙江省杭州市", "", ("浙江", "杭州市"), 330_100);
        check("", "浙江省 杭州市", ("浙江", "杭州市"), 330_100);
        check("上海", "上海市", ("上海", "上海市"), 310_000);
        check("上海 上海市", "", ("上海", "上海市"), 310_000);
        check("上海市", "", ("上海", "上海市"), 310_000);
        check("上海市", "市辖区", ("上海", "上海市"), 310_000);
        check("", "上海", ("上海", "上海市"), 310_000);
        check("上海市", "浦东新区", ("上海", "浦东新区"), 310_000);
        check("内蒙古自治区", "呼和浩特", ("内蒙古", "呼和浩特市"), 150_100);
        check("内蒙", "", ("内蒙古", ""), 150_000);
        check("广西壮族自治区", "", ("广西", ""), 450_000);
        check("吉林", "吉林市", ("吉林", "吉林市"), 220_200);
        check("吉林", "延边", ("吉林", "延边朝鲜族自治州"), 222_400);
        check("青海", "海南州", ("青海", "海南藏族自治州"), 632_500);
        check("湖北", "仙桃市", ("湖北", "仙桃市"), 429_004);
        check("香港特别行政区", "", ("香港", ""), 810_000);
        check("台湾省", "台北市", ("台湾", "台北市"), 710_000);
    }

    #[test]
    fn unknown_and_masked_cells() {
        check("California", "San Jose", ("California", "San Jose"), 0);
        check("北京", "朝阳", ("北京", "朝阳"), 110_000);
        check("浙江", "南京市", ("浙江", "南京市"), 330_000);
        check("", "", ("", ""), 0);
        let mut fired = RuleSet::default();
        assert_eq!(read_region(Some("****"), Some("*"), &mut fired), Region::default());
        assert!(fired.contains(Rule::RegionName));
    }

    #[test]
    fn addresses_begin_with_their_region() {
        #[track_caller]
        fn check(address: &str, expected: (&str, &str)) {
            let region = region_of_address(address);
            let shown = (region.province.as_deref().unwrap_or(""), region.city.as_deref().unwrap_or(""));
            assert_eq!(shown, expected, "{address}");
        }
        check("浙江省 杭州市 西湖区 文三路 100 号(310000)", ("浙江", "杭州市"));
        check("浙江省杭州市西湖区文三路100号", ("浙江", "杭州市"));
        check("浙江杭州西湖区文三路100号", ("浙江", "杭州市"));
        check("杭州西湖区文三路", ("浙江", "杭州市"));
        check("上海 上海市 浦东新区 世纪大道1号", ("上海", "上海市"));
        check("上海市浦东新区", ("上海", "上海市"));
        check("北京市朝阳区建国路", ("北京", "北京市"));
        check("广西壮族自治区南宁市青秀区", ("广西", "南宁市"));
        check("海南藏族自治州共和县", ("青海", "海南藏族自治州"));
        check("吉林市船营区", ("吉林", "吉林市"));
        check("中国广东省深圳市南山区", ("广东", "深圳市"));
        check("恩施市舞阳大道", ("湖北", "恩施土家族苗族自治州"));
        check("南京东路100号", ("", ""));
        check("朝阳区建国路", ("", ""));
        check("中山公园", ("", ""));
        check("1 Main St", ("", ""));
        check("", ("", ""));
    }

    #[test]
    fn every_place_is_read_by_both_names() {
        assert_eq!(PLACES.provinces.len(), 34);
        assert_eq!(PLACES.cities.len(), 365);
        for city in &PLACES.cities {
            let province = PLACES.provinces[city.province].short;
            for name in [city.name, city.short] {
                let region = read_region(Some(province), Some(name), &mut RuleSet::default());
                assert_eq!((region.city.as_deref(), region.code), (Some(city.name), Some(city.code)), "{name}");
            }
            let region = region_of_address(&format!("{province}{}某某路", city.name));
            assert_eq!(region.code, Some(city.code), "{}", city.name);
        }
    }

    proptest! {
        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(province in "\\PC{0,8}|[上海市浙江省杭州 县区]{0,8}", city in "\\PC{0,8}|[上海市浙江省杭州 县区]{0,8}") {
            let _ = (read_region(Some(&province), Some(&city), &mut RuleSet::default()), region_of_address(&city));
        }
    }
}
