//! Columns that a list of customers can have: what they are called, what they hold, where they come from.

use crate::boxed;
use zhike_domain::audience::{Cell, FieldKind, SCORES, TRAITS, TagUnit, json_cell, score_of};
use zhike_domain::frame::{Column as Values, ColumnType, Frame, NumColumn, TextColumn};
use zhike_domain::grade::{Class, Classes};

use super::Listed;
use crate::guard::classes;
use crate::{Ctx, Error, Result};

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub key: String,
    /// What it holds.
    pub kind: ColumnType,
    /// Chinese and English heading.
    pub label: (String, String),
    pub(super) of: Of,
}

/// Where the values of a column come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The row of the profile.
    Row,
    /// Personal fields, masked.
    Personal,
    /// The strongest identity.
    Identity,
    /// RFM scores.
    Rfm,
    /// Orders.
    Orders,
    /// A further attribute.
    Trait,
    /// A tag.
    Tag(String),
    /// A score of a model.
    Model(&'static str),
}

const MONEY: ColumnType = ColumnType::Decimal(2);

/// Columns that are there whatever the data: name, what it holds, where from, Chinese, English. Traits and scores beside
/// these are those of the segment language.
const FIXED: &[(&str, ColumnType, Of, &str, &str)] = &[
    ("profile_id", ColumnType::Text, Of::Row, "客户编号", "customer id"),
    ("name", ColumnType::Text, Of::Personal, "姓名（脱敏）", "name (masked)"),
    ("phone", ColumnType::Text, Of::Personal, "手机号（脱敏）", "phone (masked)"),
    ("email", ColumnType::Text, Of::Personal, "邮箱（脱敏）", "e-mail (masked)"),
    ("id_number", ColumnType::Text, Of::Personal, "证件号（脱敏）", "ID number (masked)"),
    ("address", ColumnType::Text, Of::Personal, "地址（脱敏）", "address (masked)"),
    ("birthday", ColumnType::Text, Of::Personal, "生日（脱敏）", "birthday (masked)"),
    ("identity_kind", ColumnType::Text, Of::Identity, "主要身份类型", "kind of main identity"),
    ("identity", ColumnType::Text, Of::Identity, "主要身份", "main identity"),
    ("tier", ColumnType::Text, Of::Rfm, "层级", "tier"),
    ("rfm_segment", ColumnType::Text, Of::Rfm, "RFM 分组", "RFM group"),
    ("r_score", ColumnType::Int, Of::Rfm, "R 分", "R score"),
    ("f_score", ColumnType::Int, Of::Rfm, "F 分", "F score"),
    ("m_score", ColumnType::Int, Of::Rfm, "M 分", "M score"),
    ("recency_days", ColumnType::Int, Of::Rfm, "距上次下单天数", "days since the last order"),
    ("frequency", ColumnType::Int, Of::Rfm, "累计下单次数", "orders in all"),
    ("monetary", MONEY, Of::Rfm, "累计净额", "net amount in all"),
    ("first_ordered_at", ColumnType::Instant, Of::Orders, "首次下单", "first order"),
    ("last_ordered_at", ColumnType::Instant, Of::Orders, "最近下单", "last order"),
];

/// What a file holds when no columns are named.
pub const USUAL: &[&str] = &[
    "profile_id",
    "name",
    "phone",
    "province",
    "city",
    "member_level",
    "tier",
    "rfm_segment",
    "r_score",
    "f_score",
    "m_score",
    "frequency",
    "monetary",
    "first_ordered_at",
    "last_ordered_at",
];

/// Most columns of one list.
const MAX: usize = 60;

/// All columns that there are, further attributes aside: those are `traits.` and the name that the file gave them.
#[boxed]
pub async fn all(ctx: &Ctx) -> Result<Vec<Column>> {
    let fixed = FIXED.iter().map(|(key, kind, of, zh, en)| column(key, *kind, of.clone(), zh, en));
    let traits = TRAITS.iter().map(|(key, kind, zh, en)| column(key, type_of(*kind), Of::Row, zh, en));
    let models = SCORES.iter().filter(|score| score.table != "rfm");
    let models = models
        .map(|score| column(score.name, type_of(score.kind), Of::Model(score.name), score.label.0, score.label.1));
    let mut found: Vec<Column> = fixed.chain(traits).chain(models).collect();
    let defined = crate::tags::defined(ctx).await?;
    for key in crate::tags::names(ctx).await? {
        let tag = defined.iter().find(|one| one.tag.key == key).map(|one| &one.tag);
        let name = tag.map_or_else(|| (key.clone(), key.clone()), |tag| tag.name.clone());
        let is_number = tag.and_then(|tag| tag.unit).is_some_and(is_number);
        let kind = if is_number { ColumnType::Float } else { ColumnType::Text };
        let of = Of::Tag(key.clone());
        found.push(Column { key: format!("tags.{key}"), kind, label: name, of });
    }
    Ok(found)
}

fn column(key: &str, kind: ColumnType, of: Of, zh: &str, en: &str) -> Column {
    Column { key: key.to_owned(), kind, label: (zh.to_owned(), en.to_owned()), of }
}

const fn is_number(unit: TagUnit) -> bool {
    // A year is a name.
    !matches!(unit, TagUnit::Year)
}

const fn type_of(kind: FieldKind) -> ColumnType {
    match kind {
        FieldKind::Number(0) => ColumnType::Int,
        FieldKind::Number(places) => ColumnType::Decimal(places),
        FieldKind::Money => MONEY,
        FieldKind::Float => ColumnType::Float,
        FieldKind::Day => ColumnType::Day,
        FieldKind::Instant => ColumnType::Instant,
        _ => ColumnType::Text,
    }
}

/// The columns of these names.
///
/// **Errors**: `bad_request`, naming one that there is not.
#[boxed]
pub async fn read(ctx: &Ctx, keys: &[String]) -> Result<Vec<Column>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    if keys.len() > MAX {
        return Err(Error::bad_request(
            format!("at most {MAX} columns, {} were named: leave some out", keys.len()),
            format!("最多 {MAX} 列，共指定了 {} 列：请减少", keys.len()),
        ));
    }
    let all = all(ctx).await?;
    let find = |key: &String| {
        match key.strip_prefix("traits.") {
        Some(name) if !name.is_empty() => Ok(column(key, ColumnType::Text, Of::Trait, name, name)),
        _ => all.iter().find(|column| column.key == *key).cloned().ok_or_else(|| {
            Error::bad_request(
                format!("there is no column {key:?}: GET /api/v1/profiles/columns lists them, traits.NAME names a further attribute"),
                format!("没有列 {key:?}：可用的列见 GET /api/v1/profiles/columns，其他属性写作 traits.名称"),
            )
        }),
    }
    };
    let mut found: Vec<Column> = Vec::new();
    for key in keys {
        let column = find(key)?;
        if !found.contains(&column) {
            found.push(column);
        }
    }
    Ok(found)
}

/// Which classes of data these columns show in the clear, for whoever asks. A main identity counts as shown: numbers of members
/// are.
pub(crate) async fn shown(ctx: &Ctx, columns: &[Column]) -> Result<Classes> {
    let of = |column: &Column| -> Classes {
        match &column.of {
            Of::Personal | Of::Trait => Classes::default(),
            Of::Identity if column.key == "identity" => [Class::Identity].into_iter().collect(),
            Of::Identity => Classes::default(),
            Of::Row => classes::of_columns([("profiles", column.key.as_str())]),
            Of::Rfm => classes::of_columns([("rfm", column.key.as_str())]),
            Of::Orders => classes::of_columns([("orders", "ordered_at")]),
            Of::Tag(_) => classes::of_columns([("tags", "value")]),
            Of::Model(name) => {
                score_of(name).map(|score| classes::of_columns([(score.table, score.column)])).unwrap_or_default()
            }
        }
    };
    let traits = columns.iter().filter(|column| column.of == Of::Trait);
    let traits = classes::of_traits(ctx, traits.filter_map(|column| column.key.strip_prefix("traits."))).await?;
    Ok(columns.iter().map(of).fold(traits, Classes::or))
}

/// Customers as a table.
///
/// **Shape**: one row a customer, the columns named as they are.
pub fn frame(columns: &[Column], rows: &[Listed]) -> Frame {
    let mut frame = Frame::new(rows.len());
    for column in columns {
        let cells = rows.iter().map(|row| column.cell(row));
        let values = match column.kind {
            ColumnType::Text => {
                let mut texts = TextColumn::default();
                cells.for_each(|cell| texts.push(cell.text().as_deref()));
                Values::Text(texts)
            }
            ColumnType::Float => Values::Float(cells.map(|cell| cell.number()).collect()),
            kind => {
                let mut numbers = NumColumn::default();
                cells.for_each(|cell| numbers.push(units(kind, &cell)));
                Values::Num(numbers)
            }
        };
        frame.set(&column.key, column.kind, values);
    }
    frame
}

fn units(kind: ColumnType, cell: &Cell<'_>) -> Option<i64> {
    match (kind, cell) {
        (_, Cell::Instant(value) | Cell::Day(value)) => Some(*value),
        (ColumnType::Decimal(places), cell) => Some((cell.number()? * 10_f64.powi(places.into())).round() as i64),
        (_, Cell::Flag(flag)) => Some((*flag).into()),
        (_, cell) => Some(cell.number()?.round() as i64),
    }
}

impl Column {
    /// The value of a customer.
    pub fn cell<'a>(&self, of: &'a Listed) -> Cell<'a> {
        let text = |text: Option<&'a str>| text.map_or(Cell::Missing, |text| Cell::Text(text.into()));
        let number = |number: Option<i64>| number.map_or(Cell::Missing, |number| Cell::Number(number as f64));
        let instant = |at: Option<i64>| at.map_or(Cell::Missing, Cell::Instant);
        let rfm = of.rfm.as_ref();
        let scores = rfm.map(|rfm| &rfm.scores);
        match (&self.of, self.key.as_str()) {
            (Of::Personal, key) => text(of.personal.get(key).map(String::as_str)),
            (Of::Identity, "identity_kind") => text(of.identity.as_ref().map(|identity| identity.0.as_str())),
            (Of::Identity, _) => text(of.identity.as_ref().map(|identity| identity.1.as_str())),
            (Of::Orders, "first_ordered_at") => instant(of.first_ordered_at),
            (Of::Orders, _) => instant(of.last_ordered_at),
            (Of::Tag(_) | Of::Model(_), key) => of.more.get(key).cloned().unwrap_or(Cell::Missing),
            (Of::Trait, key) => {
                let key = key.strip_prefix("traits.").unwrap_or(key);
                let cell = of.row.traits.as_deref().map_or(Cell::Missing, |json| json_cell(json, key));
                cell.text().map_or(Cell::Missing, |text| Cell::Text(text.into_owned().into()))
            }
            (Of::Rfm, "tier") => text(scores.map(|scores| scores.tier.as_str())),
            (Of::Rfm, "rfm_segment") => text(scores.map(|scores| scores.segment.as_str())),
            (Of::Rfm, "r_score") => number(scores.map(|scores| scores.r.into())),
            (Of::Rfm, "f_score") => number(scores.map(|scores| scores.f.into())),
            (Of::Rfm, "m_score") => number(scores.map(|scores| scores.m.into())),
            (Of::Rfm, "recency_days") => number(rfm.map(|rfm| rfm.recency_days)),
            (Of::Rfm, "frequency") => number(rfm.map(|rfm| rfm.frequency)),
            (Of::Rfm, _) => rfm.map_or(Cell::Missing, |rfm| Cell::Number(rfm.monetary as f64 / 100.0)),
            (Of::Row, key) => {
                let row = &of.row;
                match key {
                    "profile_id" => Cell::Text(of.profile_id.to_string().into()),
                    "kind" => text(Some(&row.kind)),
                    "gender" => text(row.gender.as_deref()),
                    "birth_year" => number(row.birth_year),
                    "country" => text(row.country.as_deref()),
                    "province" => text(row.province.as_deref()),
                    "city" => text(row.city.as_deref()),
                    "member_level" => text(row.member_level.as_deref()),
                    "registered_on" => row.registered_on.map_or(Cell::Missing, Cell::Day),
                    "acquisition_channel" => text(row.acquisition_channel.as_deref()),
                    "created_at" => Cell::Instant(row.created_at),
                    "first_seen_at" => instant(row.first_seen_at),
                    "last_seen_at" => instant(row.last_seen_at),
                    "n_identities" => number(Some(row.n_identities)),
                    _ => Cell::Missing,
                }
            }
        }
    }

    /// Whether it is beside those that every list on a screen has.
    pub const fn is_further(&self) -> bool {
        matches!(self.of, Of::Tag(_) | Of::Model(_) | Of::Trait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_taken_once_and_the_usual_ones_exist() {
        let fixed: Vec<&str> = FIXED.iter().map(|one| one.0).chain(TRAITS.iter().map(|one| one.0)).collect();
        for (at, key) in fixed.iter().enumerate() {
            assert!(!fixed[..at].contains(key), "{key}");
            assert!(score_of(key).is_none());
        }
        assert!(USUAL.iter().all(|key| fixed.contains(key)));
    }
}
