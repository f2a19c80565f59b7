//! Days, weeks, months and quarters of the calendar, and what each is compared with.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::{Span, ToSpan};

use crate::audience::{date_of, day_number};

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodKind {
    /// A calendar day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months, from January.
    Quarter,
}

impl PeriodKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Periods shown when nobody says which.
    pub const fn usual(self) -> usize {
        match self {
            Self::Day => 30,
            Self::Week => 26,
            Self::Month => 13,
            Self::Quarter => 9,
        }
    }
}

/// A period. Days are numbers since 1970, as everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// How long it is.
    pub kind: PeriodKind,
    /// First day.
    pub first: i64,
}

impl Period {
    /// The period of a day.
    pub fn containing(kind: PeriodKind, day: i64) -> Self {
        let date = date_of(day).unwrap_or_default();
        let first = match kind {
            PeriodKind::Day => return Self { kind, first: day },
            PeriodKind::Week => day - i64::from(date.weekday().to_monday_zero_offset()),
            PeriodKind::Month => day_number(date.first_of_month()),
            PeriodKind::Quarter => day_number(month(date.year(), (date.month() - 1) / 3 * 3 + 1)),
        };
        Self { kind, first }
    }

    /// Last day.
    pub fn last(self) -> i64 {
        self.next().first - 1
    }

    /// The one after.
    #[must_use]
    pub fn next(self) -> Self {
        self.moved(1)
    }

    /// The one before.
    #[must_use]
    pub fn previous(self) -> Self {
        self.moved(-1)
    }

    /// The same a year earlier: of a week the one 52 weeks before, so that weekdays match.
    #[must_use]
    pub fn year_before(self) -> Self {
        match self.kind {
            PeriodKind::Week => self.moved(-52),
            PeriodKind::Month => self.moved(-12),
            PeriodKind::Quarter => self.moved(-4),
            PeriodKind::Day => {
                let earlier = date_of(self.first).and_then(|date| date.checked_sub(1.year()).ok());
                Self { first: earlier.map_or(self.first - 365, day_number), ..self }
            }
        }
    }

    /// The days of `earlier` that are compared with this one, of which the days up to `through` have happened: all of
    /// them when this one is over, or else as many as have happened.
    pub fn same_days(self, earlier: Self, through: i64) -> (i64, i64) {
        if through >= self.last() {
            return (earlier.first, earlier.last());
        }
        (earlier.first, earlier.last().min(earlier.first + (through - self.first).max(0)))
    }

    /// A number of periods on.
    #[must_use]
    pub fn moved(self, n: i64) -> Self {
        let months = |n: i64| {
            let date = date_of(self.first).unwrap_or_default();
            Span::new().try_months(n).ok().and_then(|span| date.checked_add(span).ok()).map_or(self.first, day_number)
        };
        let first = match self.kind {
            PeriodKind::Day => self.first + n,
            PeriodKind::Week => self.first + 7 * n,
            PeriodKind::Month => months(n),
            PeriodKind::Quarter => months(3 * n),
        };
        Self { first, ..self }
    }

    /// Its name: `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4`.
    pub fn name(self) -> String {
        let date = date_of(self.first).unwrap_or_default();
        match self.kind {
            PeriodKind::Day => date.to_string(),
            PeriodKind::Week => {
                let week = date.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            PeriodKind::Month => format!("{:04}-{:02}", date.year(), date.month()),
            PeriodKind::Quarter => format!("{:04}-Q{}", date.year(), (date.month() - 1) / 3 + 1),
        }
    }

    /// The period of a name, as [`Period::name`] writes it.
    pub fn named(name: &str) -> Option<Self> {
        let (year, rest) = name.split_once('-')?;
        let number: i16 = year.parse().ok().filter(|_| year.len() == 4)?;
        let short = |text: &str| text.parse::<i8>().ok().filter(|n| *n > 0);
        let (kind, date) = match rest.as_bytes() {
            [b'W', _, _] => {
                let week = ISOWeekDate::new(number, short(rest.get(1..)?)?, Weekday::Monday).ok()?;
                (PeriodKind::Week, week.date())
            }
            [b'Q', b'1'..=b'4'] => (PeriodKind::Quarter, month(number, short(rest.get(1..)?)? * 3 - 2)),
            [_, _] => (PeriodKind::Month, Date::new(number, short(rest)?, 1).ok()?),
            _ => (PeriodKind::Day, name.parse().ok()?),
        };
        let period = Self { kind, first: day_number(date) };
        (period.name() == name).then_some(period)
    }
}

/// The first of a month that there is.
fn month(year: i16, month: i8) -> Date {
    Date::new(year, month, 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn day(year: i16, month: i8, day: i8) -> i64 {
        day_number(date(year, month, day))
    }

    proptest! {
        #[test]
        fn every_day_has_one_period_of_each_kind(day in 0_i64..40_000, n in -60_i64..60) {
            for kind in PeriodKind::ALL {
                let period = Period::containing(kind, day);
                prop_assert!(period.first <= day && day <= period.last());
                prop_assert_eq!(Period::containing(kind, period.last()), period);
                prop_assert_eq!(period.previous().next(), period);
                prop_assert_eq!(period.moved(n).moved(-n), period);
                prop_assert_eq!(Period::named(&period.name()), Some(period));
                let earlier = period.year_before();
                prop_assert_eq!(Period::containing(kind, earlier.first), earlier);
                let (first, last) = period.same_days(earlier, day);
                prop_assert!(first == earlier.first && last <= earlier.last());
                prop_assert!(last - first <= day - period.first || day == period.last());
            }
        }
    }

    #[test]
    fn years_weeks_and_short_months() {
        assert_eq!(Period::containing(PeriodKind::Week, day(2027, 1, 1)).name(), "2026-W53");
        assert_eq!(Period::containing(PeriodKind::Day, day(2024, 2, 29)).year_before().name(), "2023-02-28");
        // Thirty days of March have no more than all of February to be compared with.
        let march = Period::containing(PeriodKind::Month, day(2026, 3, 30));
        assert_eq!(march.same_days(march.previous(), day(2026, 3, 30)), (day(2026, 2, 1), day(2026, 2, 28)));
        assert_eq!(march.same_days(march.previous(), day(2026, 3, 3)), (day(2026, 2, 1), day(2026, 2, 3)));
        for bad in ["", "2026", "2026-13", "2026-W54", "2026-Q5", "2026-1", "26-01", "2026-02-30", "2026-W00"] {
            assert_eq!(Period::named(bad), None, "{bad}");
        }
    }
}
