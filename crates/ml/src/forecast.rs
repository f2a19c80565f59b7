//! What comes next in a series: sales by day, visits by week, orders by month.
//!
//! Owns the methods ([`Method`]: seasonal naive, exponential smoothing, Theta, STL, intermittent demand, their mean), what
//! marked days do ([`Effect`]: the Spring Festival moves, 11.11 does not), the choice among methods by how they did from
//! earlier points in time ([`forecast`]), intervals from the errors made there, what steps add up to ([`total`]), and sums that
//! agree ([`reconcile`]).
//! Must not know calendars: which days are marked, and how gaps are filled, is the caller's.
//!
//! **Shape**: equal steps, oldest first, the last one complete.
//!
//! - **INV-FORECAST-1**: the method taken was never graded worse than the seasonal naive one.
//! - **INV-FORECAST-2**: an origin's forecasts use nothing that came after it, effects of marked days included.
//! - **INV-FORECAST-3**: reconciled sums are the sums of their parts, and forecasts that agreed stay as they are.
//!
//! Decisions: RFD 0010.

mod calendar;
mod choose;
mod decompose;
mod ets;
mod grade;
mod intermittent;
mod methods;
mod reconcile;
mod series;
mod smooth;
mod theta;
mod total;

pub use calendar::Effect;
pub use choose::{Band, Forecast, NEAR, Options, Reason, forecast};
pub use decompose::{Parts, StlOptions, stl};
pub use ets::Ets;
pub use grade::Grade;
pub use methods::Method;
pub use reconcile::{Agreed, Hierarchy, Stated, reconcile};
pub use series::{Problem, Series};
pub use smooth::{Part, Spec};
pub use total::{Total, total};
