//! The time, as something that tests can set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the current time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A time that stands until it is set: microseconds since 1970 UTC.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at an instant.
    pub fn fixed(us: i64) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(us)))
    }

    /// Now, in microseconds since 1970 UTC.
    pub fn now(&self) -> i64 {
        match self {
            Self::System => jiff::Timestamp::now().as_microsecond(),
            Self::Fixed(us) => us.load(Ordering::Relaxed),
        }
    }
}
