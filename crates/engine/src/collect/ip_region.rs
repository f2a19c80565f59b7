//! Country, province and city of an address, by a table of ranges that the operator brings.
//!
//! Two forms are read, one range a line: `start,end,country,province,city` with commas, and the text form of ip2region,
//! `start|end|country|region|province|city|isp`, with or without the region, with or without a country code at the end. `0`
//! and nothing stand for unknown. Provinces and cities of China get the names that all of Zhike calls them by.
//!
//! No table is shipped: those that are free to hand on are old within months. The address itself is never kept; an event
//! has the properties `ip_country`, `ip_province` and `ip_city` instead.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

use zhike_domain::clean::RuleSet;
use zhike_domain::clean::region::read_region;
use zhike_domain::collect::message::Message;
use zhike_domain::sensitive::Sensitive;

use crate::{Ctx, Error, Result};

/// The table's place in the data directory when none is named.
pub(crate) const FILE: &str = "ip-regions.csv";

/// Where an address is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IpRegion {
    /// Country.
    pub country: Option<String>,
    /// Province or state.
    pub province: Option<String>,
    /// City.
    pub city: Option<String>,
}

/// A line of a table that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line_no: u64,
    /// Why, in English.
    pub en: String,
    /// Why, in Chinese.
    pub zh: String,
}

/// The table, sorted.
#[derive(Debug, Default)]
pub struct IpRegions {
    v4: Vec<(u32, u32, u32)>,
    v6: Vec<(u128, u128, u32)>,
    places: Vec<IpRegion>,
}

/// A line that was read: range, place, number of the line.
type Line<T> = (T, T, u32, u64);

impl IpRegions {
    /// Reads a table; lines that cannot be read are left out and told of.
    pub fn read(text: &str) -> (Self, Vec<BadLine>) {
        let mut table = Self::default();
        let mut bad = Vec::new();
        let mut numbers: HashMap<IpRegion, u32> = HashMap::new();
        let (mut v4, mut v6): (Vec<Line<u32>>, Vec<Line<u128>>) = Default::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = (1_u64..).zip(text.lines().map(str::trim));
        let mut is_first = true;
        for (line_no, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let fields = fields(line);
            let is_header =
                std::mem::take(&mut is_first) && fields.iter().take(2).all(|field| !field.contains(['.', ':']));
            if is_header {
                continue;
            }
            let (start, end) = match range(&fields) {
                Ok(range) => range,
                Err((en, zh)) => {
                    bad.push(BadLine { line_no, en, zh });
                    continue;
                }
            };
            let place = place(&fields, line.contains('|'));
            if place == IpRegion::default() {
                continue;
            }
            let at = *numbers.entry(place).or_insert_with_key(|place| {
                table.places.push(place.clone());
                table.places.len() as u32 - 1
            });
            match (start, end) {
                (IpAddr::V4(start), IpAddr::V4(end)) => v4.push((start.to_bits(), end.to_bits(), at, line_no)),
                (IpAddr::V6(start), IpAddr::V6(end)) => v6.push((start.to_bits(), end.to_bits(), at, line_no)),
                _ => {}
            }
        }
        table.v4 = apart(v4, &mut bad);
        table.v6 = apart(v6, &mut bad);
        bad.sort_by_key(|line| line.line_no);
        (table, bad)
    }

    /// Number of ranges.
    pub fn n_ranges(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Where an address is; `None` when the table does not say, or the text is no address.
    pub fn find(&self, address: &str) -> Option<&IpRegion> {
        let address = address.trim().trim_matches(['[', ']']).parse::<IpAddr>().ok()?;
        let place = match address.to_canonical() {
            IpAddr::V4(address) => within(&self.v4, address.to_bits()),
            IpAddr::V6(address) => within(&self.v6, address.to_bits()),
        };
        self.places.get(place? as usize)
    }
}

/// Reads the table of a file, or of the data directory when none is named, for the events that are collected from now on;
/// `None` when there is none.
///
/// **Errors**: `bad_request` when the named file is not there, or no line of it can be read.
pub fn load(ctx: &Ctx, file: Option<&Path>) -> Result<Option<(usize, Vec<BadLine>)>> {
    let usual = ctx.dir().join(FILE);
    let path = file.unwrap_or(&usual);
    if file.is_none() && !path.exists() {
        return Ok(None);
    }
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        Error::bad_request(
            format!("the table of addresses {shown} cannot be read ({error}): check the path after --ip-regions"),
            format!("IP 地域表 {shown} 无法读取（{error}）：请检查 --ip-regions 后的路径"),
        )
    })?;
    // A line that is no UTF-8 has signs in it that make no address and no known place.
    let (table, bad) = IpRegions::read(&String::from_utf8_lossy(&bytes));
    let n_ranges = table.n_ranges();
    if n_ranges == 0 {
        return Err(Error::bad_request(
            format!("no line of {shown} is a range of addresses: write start,end,country,province,city"),
            format!("{shown} 中没有一行是地址段：每行应为 起始地址,结束地址,国家,省,市"),
        ));
    }
    ctx.collecting().set_regions(table);
    Ok(Some((n_ranges, bad)))
}

/// Puts the place of an address among the properties of the event that was sent from there.
pub(crate) fn locate(regions: Option<&IpRegions>, address: Option<&Sensitive<String>>, message: &mut Message) {
    let place = regions.zip(address).and_then(|(regions, address)| regions.find(address.expose()));
    let Some(place) = place.filter(|_| message.kind.is_event()) else { return };
    for (name, value) in [("ip_country", &place.country), ("ip_province", &place.province), ("ip_city", &place.city)] {
        if let Some(value) = value {
            message.properties.entry(name).or_insert_with(|| value.as_str().into());
        }
    }
}

fn within<T: Ord + Copy>(ranges: &[(T, T, u32)], address: T) -> Option<u32> {
    let (_, end, place) = ranges.get(ranges.partition_point(|range| range.0 <= address).checked_sub(1)?)?;
    (address <= *end).then_some(*place)
}

/// Sorts ranges; of two that overlap the later one is left out.
fn apart<T: Ord + Copy>(mut lines: Vec<Line<T>>, bad: &mut Vec<BadLine>) -> Vec<(T, T, u32)> {
    lines.sort_unstable_by_key(|line| (line.0, line.3));
    let mut ranges: Vec<(T, T, u32)> = Vec::with_capacity(lines.len());
    for (start, end, place, line_no) in lines {
        if ranges.last().is_some_and(|last| start <= last.1) {
            let (en, zh) = ("its range overlaps that of another line".into(), "地址段与另一行重叠".into());
            bad.push(BadLine { line_no, en, zh });
        } else {
            ranges.push((start, end, place));
        }
    }
    ranges
}

/// The fields of a line: between bars, else between commas with quotes where a field holds one.
fn fields(line: &str) -> Vec<String> {
    if line.contains('|') {
        return line.split('|').map(|field| field.trim().to_owned()).collect();
    }
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            letter => fields.last_mut().into_iter().for_each(|field| field.push(letter)),
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

fn range(fields: &[String]) -> std::result::Result<(IpAddr, IpAddr), (String, String)> {
    let [start, end, _, ..] = fields else {
        return Err((
            "fewer than three fields: write start,end,country,province,city".into(),
            "少于三列：应为 起始地址,结束地址,国家,省,市".into(),
        ));
    };
    let address = |text: &str| {
        text.parse::<IpAddr>().map(|address| address.to_canonical()).map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            (format!("{shown:?} is no address"), format!("{shown:?} 不是 IP 地址"))
        })
    };
    let (start, end) = (address(start)?, address(end)?);
    if start.is_ipv4() != end.is_ipv4() {
        return Err((
            "start and end are of different families".into(),
            "起始与结束地址一个是 IPv4、一个是 IPv6".into(),
        ));
    }
    if start > end {
        return Err(("the range ends before it starts".into(), "结束地址小于起始地址".into()));
    }
    Ok((start, end))
}

fn place(fields: &[String], has_bars: bool) -> IpRegion {
    let has_code =
        fields.last().is_some_and(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()));
    // With seven fields and no code at the end, the fourth is the region between country and province.
    let province_at = if has_bars && fields.len() == 7 && !has_code { 4 } else { 3 };
    let text = |at: usize| {
        let text = fields.get(at).map(String::as_str).unwrap_or_default();
        (!matches!(text, "" | "0" | "-" | "内网IP")).then(|| text.to_owned())
    };
    let (country, province, city) = (text(2), text(province_at), text(province_at + 1));
    if !matches!(country.as_deref(), None | Some("中国" | "China" | "CN")) {
        return IpRegion { country, province, city };
    }
    let known = read_region(province.as_deref(), city.as_deref(), &mut RuleSet::default());
    IpRegion {
        country,
        province: known.province.map(|name| name.into_owned()),
        city: known.city.map(|name| name.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(table: &IpRegions, address: &str) -> String {
        let Some(region) = table.find(address) else { return "?".into() };
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
        [part(&region.country), part(&region.province), part(&region.city)].join(" ")
    }

    #[test]
    fn both_forms_are_read_and_places_get_their_names() {
        let text = "\u{feff}start_ip,end_ip,country,province,city\r\n\
                    # 2026-11\r\n\
                    203.0.113.0,203.0.113.127,中国,浙江省,杭州\r\n\
                    203.0.113.200|203.0.113.255|中国|0|广东省|深圳市|电信\n\
                    198.51.100.0|198.51.100.9|中国|0|0|内网IP|内网IP\n\
                    198.51.100.10|198.51.100.19|中国|上海市|上海市|联通|CN\n\
                    198.51.100.20,198.51.100.29,\"Korea, South\",Seoul,\n\
                    2001:db8::,2001:db8::ffff,中国,北京,\n";
        let (table, bad) = IpRegions::read(text);
        assert_eq!((table.n_ranges(), bad), (6, Vec::new()));
        for (address, expected) in [
            ("203.0.113.0", "中国 浙江 杭州市"),
            ("::ffff:203.0.113.127", "中国 浙江 杭州市"),
            ("203.0.113.128", "?"),
            ("203.0.113.201", "中国 广东 深圳市"),
            ("198.51.100.5", "中国 - -"),
            ("198.51.100.10", "中国 上海 上海市"),
            ("198.51.100.29", "Korea, South Seoul -"),
            ("[2001:db8::5]", "中国 北京 北京市"),
            ("2001:db8::1:0", "?"),
            ("somewhere", "?"),
        ] {
            assert_eq!(shown(&table, address), expected, "{address}");
        }
    }

    #[test]
    fn lines_that_cannot_be_read_are_told_of_by_number() {
        let text = "10.0.0.0,10.0.0.9,中国,浙江,\n\
                    10.0.0.5,10.0.0.20,中国,广东,\n\
                    \n\
                    10.0.0.300,10.0.1.0,中国,浙江,\n\
                    10.0.2.9,10.0.2.0,中国,浙江,\n\
                    10.0.3.0,2001:db8::,中国,浙江,\n\
                    10.0.4.0\n";
        let (table, bad) = IpRegions::read(text);
        assert_eq!(table.n_ranges(), 1);
        let shown: Vec<String> =
            bad.iter().map(|line| format!("{}: {} / {}", line.line_no, line.en, line.zh)).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        2: its range overlaps that of another line / 地址段与另一行重叠
        4: "10.0.0.300" is no address / "10.0.0.300" 不是 IP 地址
        5: the range ends before it starts / 结束地址小于起始地址
        6: start and end are of different families / 起始与结束地址一个是 IPv4、一个是 IPv6
        7: fewer than three fields: write start,end,country,province,city / 少于三列：应为 起始地址,结束地址,国家,省,市
        "#);
    }

    proptest! {
        /// A search finds what a look at every line finds; no text panics.
        #[test]
        fn a_search_finds_what_a_scan_finds(cuts in prop::collection::btree_set(0_u32..2_000, 2..40), noise in ".{0,80}") {
            let cuts: Vec<u32> = cuts.into_iter().collect();
            let address = |n: u32| std::net::Ipv4Addr::from_bits(0x0a00_0000 + n);
            let ranges: Vec<(u32, u32)> = cuts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            let line = |(at, (start, end)): (usize, &(u32, u32))| format!("{},{},C{at},,\n", address(*start), address(*end));
            let text: String = ranges.iter().enumerate().rev().map(line).collect();
            let (table, bad) = IpRegions::read(&text);
            prop_assert!(bad.is_empty());
            for n in (0..2_000).step_by(7) {
                let expected = ranges.iter().position(|(start, end)| (*start..=*end).contains(&n)).map(|at| format!("C{at}"));
                let found = table.find(&address(n).to_string()).and_then(|region| region.country.clone());
                prop_assert_eq!(found, expected);
            }
            let (_, _) = IpRegions::read(&format!("{noise}\n{noise}"));
        }
    }
}
