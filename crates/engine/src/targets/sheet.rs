//! Bounds and wishes of parts as a table that goes out to those responsible and comes back.

use std::collections::BTreeSet;

use zhike_domain::frame::TextColumn;
use zhike_lake::read::{self, ReadOptions};

use super::{Part, Set, Target};
use crate::boxed;
use crate::import::{OpenFile, read_error};
use crate::{Ctx, Error, Result};

/// Rows read at a time.
const BATCH: usize = 10_000;
/// Names of the columns that are read back: least, most, fixed, what those responsible say; each in Chinese and English.
pub const COLUMNS: [(&str, &str); 4] = [("下限", "least"), ("上限", "most"), ("锁定", "fixed"), ("上报", "asked")];
/// What stands in a level's column of a part of a higher level.
pub const WHOLE: (&str, &str) = ("（合计）", "(total)");
/// What stands for a missing value of a level.
pub const MISSING: (&str, &str) = ("（未填）", "(not given)");

/// What a table sets of each part, and the version of the target that it was read for. Its first columns are the levels; of
/// those after them the ones named as [`COLUMNS`] are read. An empty cell takes away what was set; what has no column stays.
///
/// **Errors**: `bad_request` with the row of a number that is none, a part that there is not or that stands there twice, and
/// when no column is known; those of reading files.
#[boxed]
pub async fn sets(ctx: &Ctx, id_or_name: &str, open: OpenFile) -> Result<(i64, Vec<Set>)> {
    let target = super::get(ctx, id_or_name).await?;
    let options = ReadOptions::default();
    let mut input = open()?;
    let file = input.name().to_owned();
    let failed = |error: read::Error| read_error(&file, &error);
    let sniffed = read::sniff(&mut input, &options).map_err(failed)?;
    let n_levels = target.levels.len();
    let is_named = |name: &str, (zh, en): (&str, &str)| name.trim() == zh || name.trim().eq_ignore_ascii_case(en);
    let places = COLUMNS.map(|words| {
        sniffed.header.iter().skip(n_levels).position(|name| is_named(name, words)).map(|at| at + n_levels)
    });
    if places.iter().all(Option::is_none) {
        let (zh, en) = (COLUMNS.map(|words| words.0).join("、"), COLUMNS.map(|words| words.1).join(", "));
        return Err(Error::bad_request(
            format!("the table has no column that could be read: name one of its columns {en}"),
            format!("表中没有可读取的列：列名应为 {zh} 之一"),
        ));
    }
    let mut reader = read::open(open()?, &sniffed, &options).map_err(failed)?;
    let (mut sets, mut seen, mut row_no) = (Vec::new(), BTreeSet::new(), 1_u64);
    while let Some(batch) = reader.next_batch(BATCH).map_err(failed)? {
        let n = batch.columns.first().map_or(0, TextColumn::len);
        for row in 0..n {
            row_no += 1;
            let text = |at: usize| batch.columns.get(at).and_then(|column| column.get(row)).unwrap_or("").trim();
            let part = part(&target, (0..n_levels).map(text));
            let Some(part) = part else { return Err(no_part(row_no, &(0..n_levels).map(text).collect::<Vec<_>>())) };
            let path = part.path.clone();
            if !seen.insert(path.clone()) {
                let name = path.join(" / ");
                return Err(Error::bad_request(
                    format!("row {row_no}: {name:?} stands in the table twice: leave one of them out"),
                    format!("第 {row_no} 行：“{name}”出现了两次，请删去一行"),
                ));
            }
            let number = |place: Option<usize>, now: Option<i64>| match place.map(text) {
                None => Ok(now.map(|units| units as f64 / target.scale())),
                Some("") => Ok(None),
                Some(text) => amount(text).map(Some).ok_or_else(|| {
                    Error::bad_request(
                        format!("row {row_no}: {text:?} is no amount: write it as 12345.67"),
                        format!("第 {row_no} 行：“{text}”不是数值，请写成 12345.67"),
                    )
                }),
            };
            let [floor, cap, locked, asked] = places;
            let (floor, cap) = (number(floor, part.floor)?, number(cap, part.cap)?);
            let (locked, asked) = (number(locked, part.locked)?, number(asked, part.asked)?);
            // The whole has its amount, no bounds.
            if !path.is_empty() {
                sets.push(Set { path, floor, cap, locked, asked });
            }
        }
    }
    Ok((target.version, sets))
}

/// The part that the cells of a row name; a mark before what could be a formula is none of the name.
fn part<'a>(target: &'a Target, cells: impl Iterator<Item = &'a str>) -> Option<&'a Part> {
    let is = |text: &str, (zh, en): (&str, &str)| text == zh || text.eq_ignore_ascii_case(en);
    let named: Vec<&str> = cells.take_while(|text| !is(text, WHOLE)).collect();
    let is_named = |value: &String, text: &str| match value.as_str() {
        "" => is(text, MISSING),
        value => text == value || text.strip_prefix('\'') == Some(value),
    };
    let is_it = |part: &&Part| {
        part.path.len() == named.len() && part.path.iter().zip(&named).all(|(value, text)| is_named(value, text))
    };
    target.parts.iter().find(is_it)
}

fn no_part(row_no: u64, cells: &[&str]) -> Error {
    let name = cells.join(" / ");
    Error::bad_request(
        format!(
            "row {row_no}: the target has no part {name:?}: take the table of the target and keep its first columns"
        ),
        format!("第 {row_no} 行：目标中没有“{name}”这一部分：请下载目标表，保留前几列不变"),
    )
}

/// An amount as people write it.
fn amount(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|char| !matches!(char, ',' | '，' | '¥' | '￥' | ' ')).collect();
    plain.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amounts_are_read_as_written() {
        assert_eq!(
            [amount("1,234.50"), amount("¥ 12"), amount("8万"), amount("NaN")],
            [Some(1234.5), Some(12.0), None, None]
        );
    }
}
