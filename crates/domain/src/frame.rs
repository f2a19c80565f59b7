//! Columns of values: the one shape in which bulk data moves between the layers.
//!
//! A [`Frame`] is a table in memory, column by column, without depending on any engine's array types.
//! Personal values stand in [`Column::Sensitive`], which prints as `***` and which the lake refuses to store (INV-FRAME-1).

use std::fmt;

/// Text values of one column in a single buffer; a value may be missing.
///
/// **Shape**: `offsets.len() == valid.len() + 1`, value `i` is `text[offsets[i]..offsets[i+1]]`; at most 2 GiB of text.
#[derive(Clone, PartialEq, Eq)]
pub struct TextColumn {
    text: String,
    offsets: Vec<i32>,
    valid: Vec<bool>,
}

impl Default for TextColumn {
    fn default() -> Self {
        Self::with_capacity(0, 0)
    }
}

impl TextColumn {
    /// An empty column with room for `n_rows` values of `n_bytes` in all.
    pub fn with_capacity(n_rows: usize, n_bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(n_rows + 1);
        offsets.push(0);
        Self { text: String::with_capacity(n_bytes), offsets, valid: Vec::with_capacity(n_rows) }
    }

    /// Number of values, missing ones included.
    pub fn len(&self) -> usize {
        self.valid.len()
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.valid.is_empty()
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: Option<&str>) {
        if let Some(value) = value {
            self.text.push_str(value);
        }
        self.end_value(value.is_some());
    }

    /// Appends to the value being built; [`TextColumn::end_value`] finishes it.
    #[inline]
    pub fn push_part(&mut self, part: &str) {
        self.text.push_str(part);
    }

    /// Ends the value built by [`TextColumn::push_part`].
    ///
    /// # Panics
    /// When the column outgrows 2 GiB; readers cut batches long before.
    #[inline]
    pub fn end_value(&mut self, is_present: bool) {
        let end = i32::try_from(self.text.len()).expect("a text column holds at most 2 GiB");
        self.offsets.push(end);
        self.valid.push(is_present);
    }

    /// Value `row`, `None` when missing.
    ///
    /// # Panics
    /// When `row` is out of range.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&str> {
        if self.valid[row] {
            Some(&self.text[self.offsets[row] as usize..self.offsets[row + 1] as usize])
        } else {
            None
        }
    }

    /// All values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Bytes of text held.
    pub fn n_bytes(&self) -> usize {
        self.text.len()
    }

    /// The parts (text, offsets, validity), for conversion without copying.
    pub fn into_parts(self) -> (String, Vec<i32>, Vec<bool>) {
        (self.text, self.offsets, self.valid)
    }
}

impl<'a> FromIterator<Option<&'a str>> for TextColumn {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(values: I) -> Self {
        let mut column = Self::default();
        for value in values {
            column.push(value);
        }
        column
    }
}

impl fmt::Debug for TextColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().take(20)).finish()
    }
}

/// Whole numbers of one column; what a unit means is said by its [`ColumnType`].
///
/// **Shape**: `values.len() == valid.len()`; the value of a missing row is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumColumn {
    values: Vec<i64>,
    valid: Vec<bool>,
}

impl NumColumn {
    /// An empty column with room for `n_rows` values.
    pub fn with_capacity(n_rows: usize) -> Self {
        Self { values: Vec::with_capacity(n_rows), valid: Vec::with_capacity(n_rows) }
    }

    /// Number of values, missing ones included.
    pub fn len(&self) -> usize {
        self.valid.len()
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.valid.is_empty()
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: Option<i64>) {
        self.values.push(value.unwrap_or(0));
        self.valid.push(value.is_some());
    }

    /// Value `row`, `None` when missing.
    ///
    /// # Panics
    /// When `row` is out of range.
    #[inline]
    pub fn get(&self, row: usize) -> Option<i64> {
        self.valid[row].then(|| self.values[row])
    }

    /// Replaces value `row`.
    ///
    /// # Panics
    /// When `row` is out of range.
    #[inline]
    pub fn set(&mut self, row: usize, value: Option<i64>) {
        self.values[row] = value.unwrap_or(0);
        self.valid[row] = value.is_some();
    }

    /// All values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<i64>> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The parts (values, validity), for conversion without copying.
    pub fn into_parts(self) -> (Vec<i64>, Vec<bool>) {
        (self.values, self.valid)
    }

    /// A column from its parts.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn from_parts(values: Vec<i64>, valid: Vec<bool>) -> Self {
        assert_eq!(values.len(), valid.len());
        Self { values, valid }
    }
}

impl FromIterator<Option<i64>> for NumColumn {
    fn from_iter<I: IntoIterator<Item = Option<i64>>>(values: I) -> Self {
        let mut column = Self::default();
        for value in values {
            column.push(value);
        }
        column
    }
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Text.
    Text,
    /// Personal text in the clear; lives in memory only.
    Sensitive,
    /// Whole number, 64 bits.
    Int,
    /// Decimal number with this many places, stored as the number without its point.
    Decimal(u8),
    /// Instant: microseconds since 1970-01-01T00:00:00 UTC.
    Instant,
    /// Calendar day: days since 1970-01-01.
    Day,
    /// True (1) or false (0).
    Bool,
    /// Floating point number.
    Float,
}

/// `DECIMAL(18,2)`: money in the workspace currency.
pub const MONEY: ColumnType = ColumnType::Decimal(2);
/// `DECIMAL(18,4)`: unit prices and rates.
pub const PRICE: ColumnType = ColumnType::Decimal(4);
/// `DECIMAL(18,3)`: quantities.
pub const QUANTITY: ColumnType = ColumnType::Decimal(3);

/// One column of a [`Frame`].
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// [`ColumnType::Text`].
    Text(TextColumn),
    /// [`ColumnType::Sensitive`].
    Sensitive(SensitiveColumn),
    /// [`ColumnType::Int`], `Decimal`, `Instant`, `Day` and `Bool`.
    Num(NumColumn),
    /// [`ColumnType::Float`].
    Float(Vec<Option<f64>>),
}

/// A [`TextColumn`] whose values are personal; prints as `***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SensitiveColumn(TextColumn);

impl SensitiveColumn {
    /// Marks a column as personal.
    pub fn new(column: TextColumn) -> Self {
        Self(column)
    }

    /// The values in the clear; call it only where they are sealed, indexed or matched.
    pub fn expose(&self) -> &TextColumn {
        &self.0
    }
}

impl fmt::Debug for SensitiveColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*** ({} values)", self.0.len())
    }
}

impl Column {
    /// An empty column of a type.
    pub fn empty(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text => Self::Text(TextColumn::default()),
            ColumnType::Sensitive => Self::Sensitive(SensitiveColumn::default()),
            ColumnType::Float => Self::Float(Vec::new()),
            _ => Self::Num(NumColumn::default()),
        }
    }

    /// A column of `n_rows` missing values.
    pub fn missing(kind: ColumnType, n_rows: usize) -> Self {
        match kind {
            ColumnType::Text => Self::Text(std::iter::repeat_n(None, n_rows).collect()),
            ColumnType::Sensitive => Self::Sensitive(SensitiveColumn(std::iter::repeat_n(None, n_rows).collect())),
            ColumnType::Float => Self::Float(vec![None; n_rows]),
            _ => Self::Num(std::iter::repeat_n(None, n_rows).collect()),
        }
    }

    /// Number of values, missing ones included.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(column) => column.len(),
            Self::Sensitive(column) => column.0.len(),
            Self::Num(column) => column.len(),
            Self::Float(values) => values.len(),
        }
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether value `row` is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Text(column) => !column.valid[row],
            Self::Sensitive(column) => !column.0.valid[row],
            Self::Num(column) => !column.valid[row],
            Self::Float(values) => values[row].is_none(),
        }
    }

    fn append(&mut self, other: &Self) {
        match (self, other) {
            (Self::Text(column), Self::Text(more)) => more.iter().for_each(|value| column.push(value)),
            (Self::Sensitive(column), Self::Sensitive(more)) => more.0.iter().for_each(|value| column.0.push(value)),
            (Self::Num(column), Self::Num(more)) => {
                column.values.extend_from_slice(&more.values);
                column.valid.extend_from_slice(&more.valid);
            }
            (Self::Float(values), Self::Float(more)) => values.extend_from_slice(more),
            _ => unreachable!("frames with equal fields have equal columns"),
        }
    }

    /// The rows where `keep` is true, in order.
    ///
    /// # Panics
    /// When `keep` is not as long as the column.
    pub fn filter(&self, keep: &[bool]) -> Self {
        assert_eq!(keep.len(), self.len());
        let rows = || keep.iter().enumerate().filter_map(|(row, &keep)| keep.then_some(row));
        self.pick(rows())
    }

    /// The rows named, in that order.
    ///
    /// # Panics
    /// When a row is out of range.
    pub fn take(&self, rows: &[usize]) -> Self {
        self.pick(rows.iter().copied())
    }

    fn pick(&self, rows: impl Iterator<Item = usize>) -> Self {
        match self {
            Self::Text(column) => Self::Text(rows.map(|row| column.get(row)).collect()),
            Self::Sensitive(column) => Self::Sensitive(SensitiveColumn(rows.map(|row| column.0.get(row)).collect())),
            Self::Num(column) => Self::Num(rows.map(|row| column.get(row)).collect()),
            Self::Float(values) => Self::Float(rows.map(|row| values[row]).collect()),
        }
    }
}

/// Name and type of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name, the same in SQL, Rust and JSON.
    pub name: String,
    /// Type.
    pub kind: ColumnType,
}

/// A table in memory.
///
/// **Shape**: `fields.len() == columns.len()`, all columns are `n_rows` long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    fields: Vec<Field>,
    columns: Vec<Column>,
    n_rows: usize,
}

impl Frame {
    /// A frame without columns.
    pub fn new(n_rows: usize) -> Self {
        Self { n_rows, ..Self::default() }
    }

    /// Adds a column, or replaces the one of that name.
    ///
    /// # Panics
    /// When the column's length differs from the frame's.
    pub fn set(&mut self, name: &str, kind: ColumnType, column: Column) {
        assert_eq!(column.len(), self.n_rows, "column {name}");
        match self.fields.iter().position(|field| field.name == name) {
            Some(at) => {
                self.fields[at].kind = kind;
                self.columns[at] = column;
            }
            None => {
                self.fields.push(Field { name: name.to_owned(), kind });
                self.columns.push(column);
            }
        }
    }

    /// As [`Frame::set`], for chaining.
    #[must_use]
    pub fn with(mut self, name: &str, kind: ColumnType, column: Column) -> Self {
        self.set(name, kind, column);
        self
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Names and types of the columns, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The parts (fields, columns), for conversion without copying.
    pub fn into_parts(self) -> (Vec<Field>, Vec<Column>) {
        (self.fields, self.columns)
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.fields.iter().position(|field| field.name == name).map(|at| &self.columns[at])
    }

    /// Removes and returns the column of a name.
    pub fn remove(&mut self, name: &str) -> Option<Column> {
        let at = self.fields.iter().position(|field| field.name == name)?;
        self.fields.remove(at);
        Some(self.columns.remove(at))
    }

    /// Removes all personal columns.
    pub fn drop_sensitive(&mut self) {
        let keep: Vec<bool> = self.columns.iter().map(|column| !matches!(column, Column::Sensitive(_))).collect();
        let mut kept = keep.iter();
        self.fields.retain(|_| *kept.next().unwrap_or(&true));
        let mut kept = keep.iter();
        self.columns.retain(|_| *kept.next().unwrap_or(&true));
    }

    /// The text column of a name; `None` when absent or of another type.
    pub fn text(&self, name: &str) -> Option<&TextColumn> {
        match self.column(name)? {
            Column::Text(column) => Some(column),
            _ => None,
        }
    }

    /// The personal text column of a name; `None` when absent or of another type.
    pub fn sensitive(&self, name: &str) -> Option<&SensitiveColumn> {
        match self.column(name)? {
            Column::Sensitive(column) => Some(column),
            _ => None,
        }
    }

    /// The numeric column of a name; `None` when absent or of another type.
    pub fn num(&self, name: &str) -> Option<&NumColumn> {
        match self.column(name)? {
            Column::Num(column) => Some(column),
            _ => None,
        }
    }

    /// The floating point column of a name; `None` when absent or of another type.
    pub fn float(&self, name: &str) -> Option<&[Option<f64>]> {
        match self.column(name)? {
            Column::Float(values) => Some(values),
            _ => None,
        }
    }

    /// Adds the rows of a frame with the same columns in the same order.
    ///
    /// # Panics
    /// When the columns differ.
    pub fn append(&mut self, other: &Self) {
        assert_eq!(self.fields, other.fields);
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.append(more);
        }
        self.n_rows += other.n_rows;
    }

    /// The rows where `keep` is true, in order.
    ///
    /// # Panics
    /// When `keep` is not as long as the frame.
    #[must_use]
    pub fn filter(&self, keep: &[bool]) -> Self {
        let n_rows = keep.iter().filter(|&&keep| keep).count();
        let columns = self.columns.iter().map(|column| column.filter(keep)).collect();
        Self { fields: self.fields.clone(), columns, n_rows }
    }

    /// The rows named, in that order.
    ///
    /// # Panics
    /// When a row is out of range.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let columns = self.columns.iter().map(|column| column.take(rows)).collect();
        Self { fields: self.fields.clone(), columns, n_rows: rows.len() }
    }
}
