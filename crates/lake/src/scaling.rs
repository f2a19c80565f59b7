//! Scaling for feature tables in SQL: `min_max(x) OVER (…)` and `z_score(x) OVER (…)`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};
use zhike_domain::clean::outlier;

/// The scaling functions, to be registered with a session.
pub(crate) fn functions() -> [WindowUDF; 2] {
    [Scale::MinMax, Scale::ZScore]
        .map(|scale| WindowUDF::from(Scaling { scale, signature: Signature::any(1, Volatility::Immutable) }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scale {
    MinMax,
    ZScore,
}

/// Brings the numbers of a window to a common scale.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Scaling {
    scale: Scale,
    signature: Signature,
}

impl WindowUDFImpl for Scaling {
    fn name(&self) -> &str {
        match self.scale {
            Scale::MinMax => "min_max",
            Scale::ZScore => "z_score",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Whole(self.scale)))
    }

    fn field(&self, arguments: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(arguments.name(), DataType::Float64, true)))
    }
}

/// Works on a whole partition at once: every value depends on all others.
#[derive(Debug)]
struct Whole(Scale);

impl PartitionEvaluator for Whole {
    fn evaluate_all(&mut self, values: &[ArrayRef], _n_rows: usize) -> Result<ArrayRef> {
        let numbers = cast(&values[0], &DataType::Float64)?;
        let numbers: Vec<Option<f64>> = numbers.as_primitive::<Float64Type>().iter().collect();
        let scaled = match self.0 {
            Scale::MinMax => outlier::min_max(&numbers),
            Scale::ZScore => outlier::z_score(&numbers),
        };
        Ok(Arc::new(Float64Array::from(scaled)))
    }
}
