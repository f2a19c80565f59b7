//! What models say of everybody, written as the rows of a day.

use zhike_domain::frame::{Column, ColumnType, Frame, MONEY, TextColumn};
use zhike_domain::tables;
use zhike_lake::Publication;

use crate::{Ctx, Error, Result};

/// Rows at a time, so that memory holds one copy of them.
const PIECE: usize = 1 << 18;

/// One column of a result.
pub(super) enum Values {
    /// Whole numbers, days, money in hundredths.
    Num(Vec<Option<i64>>),
    Float(Vec<f64>),
    Text(Vec<Option<String>>),
}

impl Values {
    pub(super) fn all(values: Vec<i64>) -> Self {
        Self::Num(values.into_iter().map(Some).collect())
    }

    fn len(&self) -> usize {
        match self {
            Self::Num(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    fn piece(&self, range: std::ops::Range<usize>) -> Column {
        match self {
            Self::Num(values) => Column::Num(values[range].iter().copied().collect()),
            Self::Float(values) => Column::Float(values[range].iter().map(|value| Some(*value)).collect()),
            Self::Text(values) => {
                let mut column = TextColumn::default();
                values[range].iter().for_each(|text| column.push(text.as_deref()));
                Column::Text(column)
            }
        }
    }
}

/// Rows of one model: the columns beside the day and the version.
pub(super) struct Said {
    pub(super) version: i64,
    pub(super) columns: Vec<(&'static str, Values)>,
}

impl Said {
    /// Nothing of anybody: a row without a customer, which says that the day was looked at. `same` are columns that it has
    /// all the same.
    pub(super) fn nobody(version: i64, same: &[(&'static str, &str)]) -> Self {
        let text = |(name, value): &(&'static str, &str)| (*name, Values::Text(vec![Some((*value).to_owned())]));
        let columns = std::iter::once(("profile_id", Values::Num(vec![None]))).chain(same.iter().map(text)).collect();
        Self { version, columns }
    }
}

/// Stages the rows of a day of a table, in place of those that are there.
pub(super) async fn stage(
    ctx: &Ctx,
    table: &'static str,
    batch_id: i64,
    day: i64,
    said: &[Said],
    publication: &mut Publication,
) -> Result<()> {
    let spec = tables::table(table).ok_or_else(|| Error::bug("a table", std::io::Error::other(table)))?;
    let kind = |name: &str| spec.column(name).map_or(ColumnType::Text, |column| column.kind);
    let mut stage = ctx.lake().stage(table, batch_id, "new")?;
    for part in said {
        let n_rows = part.columns.first().map_or(0, |(_, values)| values.len());
        for from in (0..n_rows).step_by(PIECE) {
            let to = (from + PIECE).min(n_rows);
            let n = to - from;
            let mut frame = Frame::new(n);
            let same = |value: i64| Column::Num(std::iter::repeat_n(Some(value), n).collect());
            for column in spec.columns {
                let kind = kind(column.name);
                let values = match column.name {
                    "as_of" => same(day),
                    "model_version" => same(part.version),
                    name => match part.columns.iter().find(|(known, _)| *known == name) {
                        Some((_, values)) => values.piece(from..to),
                        None => Column::missing(kind, n),
                    },
                };
                frame.set(column.name, kind, values);
            }
            stage.push(frame)?;
        }
    }
    publication.change(table, stage.finish()?, ctx.lake().files_of_day(table, "as_of", day).await?);
    Ok(())
}

/// Money is in hundredths.
const _: () = assert!(matches!(MONEY, ColumnType::Decimal(2)));
