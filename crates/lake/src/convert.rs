//! Frames to the engine's arrays and back.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field as ArrowField, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit,
    TimestampMicrosecondType,
};
use zhike_domain::frame::{Column, ColumnType, Field, Frame, NumColumn, TextColumn};
use zhike_domain::tables::TableSpec;

use crate::Error;

/// Digits of every decimal column: `DECIMAL(18, places)`.
const PRECISION: u8 = 18;

/// The engine's type for a column; text as views, which reads fastest.
pub(crate) fn arrow_type(kind: ColumnType) -> Result<DataType, Error> {
    Ok(match kind {
        ColumnType::Text => DataType::Utf8View,
        ColumnType::Int => DataType::Int64,
        ColumnType::Decimal(places) => DataType::Decimal128(PRECISION, places as i8),
        ColumnType::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Day => DataType::Date32,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Float => DataType::Float64,
        ColumnType::Sensitive => return Err(Error::Bug("a personal column was about to enter the lake".into())),
    })
}

/// The engine's schema of a table, its partition column included.
pub(crate) fn arrow_schema(spec: &TableSpec) -> Result<SchemaRef, Error> {
    let fields = spec
        .columns
        .iter()
        .map(|column| Ok(ArrowField::new(column.name, arrow_type(column.kind)?, true)))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// A frame as a record batch with exactly the columns of `schema`; columns the frame lacks are missing values.
///
/// **Errors**: [`Error::Bug`] when a column is personal or of another type than the schema says.
pub(crate) fn to_batch(frame: Frame, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let n_rows = frame.n_rows();
    let (fields, columns) = frame.into_parts();
    let mut columns: Vec<Option<Column>> = columns.into_iter().map(Some).collect();
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let at = fields.iter().position(|candidate| candidate.name == *field.name());
        let array = match at.and_then(|at| columns[at].take()) {
            None => datafusion::arrow::array::new_null_array(field.data_type(), n_rows),
            Some(column) => to_array(field.name(), column, field.data_type())?,
        };
        arrays.push(array);
    }
    let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options).map_err(Error::from)
}

/// A frame as a record batch with the frame's own columns.
pub(crate) fn to_own_batch(frame: Frame) -> Result<RecordBatch, Error> {
    let fields = frame
        .fields()
        .iter()
        .map(|field| Ok(ArrowField::new(&field.name, arrow_type(field.kind)?, true)))
        .collect::<Result<Vec<_>, Error>>()?;
    to_batch(frame, &Arc::new(Schema::new(fields)))
}

fn to_array(name: &str, column: Column, kind: &DataType) -> Result<ArrayRef, Error> {
    let mismatch = || Error::Bug(format!("column {name} does not fit type {kind}"));
    Ok(match (column, kind) {
        (Column::Text(column), DataType::Utf8View | DataType::Utf8) => {
            let array = text_array(column)?;
            if kind == &DataType::Utf8 { Arc::new(array) } else { cast(&array, kind)? }
        }
        (Column::Num(column), kind) => num_array(column, kind).ok_or_else(mismatch)?,
        (Column::Float(values), DataType::Float64) => Arc::new(Float64Array::from(values)),
        (Column::Sensitive(_), _) => {
            return Err(Error::Bug(format!("personal column {name} was about to enter the lake")));
        }
        _ => return Err(mismatch()),
    })
}

fn text_array(column: TextColumn) -> Result<StringArray, Error> {
    let (text, offsets, valid) = column.into_parts();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let array = StringArray::try_new(offsets, Buffer::from_vec(text.into_bytes()), Some(NullBuffer::from(valid)))?;
    Ok(array)
}

fn num_array(column: NumColumn, kind: &DataType) -> Option<ArrayRef> {
    let (values, valid) = column.into_parts();
    let nulls = Some(NullBuffer::from(valid));
    Some(match kind {
        DataType::Int64 => Arc::new(Int64Array::new(values.into(), nulls)),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            Arc::new(TimestampMicrosecondArray::new(values.into(), nulls).with_timezone_opt(zone.clone()))
        }
        DataType::Date32 => {
            let days: Vec<i32> = values.into_iter().map(|day| day as i32).collect();
            Arc::new(Date32Array::new(days.into(), nulls))
        }
        DataType::Decimal128(precision, scale) => {
            let wide: Vec<i128> = values.into_iter().map(i128::from).collect();
            Arc::new(Decimal128Array::new(wide.into(), nulls).with_precision_and_scale(*precision, *scale).ok()?)
        }
        DataType::Boolean => {
            let bits: Vec<bool> = values.into_iter().map(|value| value != 0).collect();
            Arc::new(BooleanArray::new(bits.into(), nulls))
        }
        _ => return None,
    })
}

/// A record batch as a frame. Integers of other widths become [`ColumnType::Int`], other text forms [`ColumnType::Text`],
/// decimals of other scales keep theirs; anything else becomes text as the engine prints it.
pub(crate) fn to_frame(batch: &RecordBatch) -> Result<Frame, Error> {
    let mut frame = Frame::new(batch.num_rows());
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let (kind, column) = from_array(array)?;
        frame.set(field.name(), kind, column);
    }
    Ok(frame)
}

/// Several record batches as one frame; `schema` gives the columns when there is no batch.
pub(crate) fn to_one_frame(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Frame, Error> {
    to_frame(&datafusion::arrow::compute::concat_batches(schema, batches)?)
}

fn from_array(array: &ArrayRef) -> Result<(ColumnType, Column), Error> {
    let valid = || match array.logical_nulls() {
        Some(nulls) => nulls.iter().collect(),
        None => vec![true; array.len()],
    };
    let num = |values: Vec<i64>| Column::Num(NumColumn::from_parts(values, valid()));
    Ok(match array.data_type() {
        DataType::Int64 => (ColumnType::Int, num(array.as_primitive::<Int64Type>().values().to_vec())),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            (ColumnType::Instant, num(array.as_primitive::<TimestampMicrosecondType>().values().to_vec()))
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().values();
            (ColumnType::Day, num(days.iter().map(|&day| i64::from(day)).collect()))
        }
        DataType::Decimal128(_, scale) => {
            let wide = array.as_primitive::<Decimal128Type>().values();
            let values = wide.iter().map(|&value| i64::try_from(value).unwrap_or(i64::MAX)).collect();
            (ColumnType::Decimal(*scale as u8), num(values))
        }
        DataType::Boolean => {
            let bits = array.as_boolean();
            (
                ColumnType::Bool,
                num((0..bits.len()).map(|row| i64::from(bits.is_valid(row) && bits.value(row))).collect()),
            )
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            (ColumnType::Float, Column::Float(values.iter().collect()))
        }
        DataType::Float32 | DataType::Float16 => return from_array(&cast(array, &DataType::Float64)?),
        DataType::Timestamp(..) => {
            return from_array(&cast(array, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?);
        }
        kind if kind.is_integer() => return from_array(&cast(array, &DataType::Int64)?),
        DataType::Utf8View => {
            let text = array.as_string_view();
            (ColumnType::Text, Column::Text(text.iter().collect()))
        }
        DataType::Utf8 => (ColumnType::Text, Column::Text(array.as_string::<i32>().iter().collect())),
        _ => (ColumnType::Text, Column::Text(printed(array)?)),
    })
}

fn printed(array: &ArrayRef) -> Result<TextColumn, Error> {
    if let Ok(text) = cast(array, &DataType::Utf8) {
        return Ok(text.as_string::<i32>().iter().collect());
    }
    let options = datafusion::arrow::util::display::FormatOptions::default();
    let printer = datafusion::arrow::util::display::ArrayFormatter::try_new(array, &options)?;
    let mut column = TextColumn::default();
    for row in 0..array.len() {
        let text = (!array.is_null(row)).then(|| printer.value(row).to_string());
        column.push(text.as_deref());
    }
    Ok(column)
}

/// Names and types of the columns of a schema.
pub(crate) fn fields(schema: &Schema) -> Vec<Field> {
    let kind = |kind: &DataType| match kind {
        kind if kind.is_integer() => ColumnType::Int,
        DataType::Timestamp(..) => ColumnType::Instant,
        DataType::Date32 => ColumnType::Day,
        DataType::Decimal128(_, scale) => ColumnType::Decimal(*scale as u8),
        DataType::Boolean => ColumnType::Bool,
        kind if kind.is_floating() => ColumnType::Float,
        _ => ColumnType::Text,
    };
    schema.fields().iter().map(|field| Field { name: field.name().clone(), kind: kind(field.data_type()) }).collect()
}
