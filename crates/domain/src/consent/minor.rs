//! Who is under fourteen.
//!
//! Somebody born on 29 February comes of an age on 1 March of a common year. Where only the year of birth is known, the whole
//! year in which the person turns fourteen counts as before: rather a day too careful.

use jiff::civil::{Date, date};

/// Age from which a person's own word counts.
pub const AGE: i64 = 14;

/// Whether somebody is under fourteen on a day, as far as is known.
pub fn is_minor(birthday: Option<Date>, birth_year: Option<i64>, on: Date) -> bool {
    match (birthday, birth_year) {
        (Some(birthday), _) => !has_age(birthday, AGE, on),
        (None, Some(year)) => i64::from(on.year()) - year <= AGE,
        (None, None) => false,
    }
}

/// Whether the year of birth alone leaves it open: the day decides.
pub fn is_open(birth_year: i64, on: Date) -> bool {
    i64::from(on.year()) - birth_year == AGE
}

fn has_age(birthday: Date, age: i64, on: Date) -> bool {
    let Ok(year) = i16::try_from(i64::from(birthday.year()) + age) else { return true };
    let of_age = Date::new(year, birthday.month(), birthday.day()).unwrap_or_else(|_| {
        // No such day that year: it can only be 29 February.
        if (-9_999..=9_999).contains(&year) { date(year, 3, 1) } else { Date::MAX }
    });
    on >= of_age
}

/// Reads a birthday as it is kept: `2012-02-29`; one without its year says nothing.
pub fn read(birthday: &str) -> Option<Date> {
    birthday.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_day_decides() {
        let born = |text: &str, on: Date| is_minor(read(text), None, on);
        assert!(born("2012-05-17", date(2026, 5, 16)));
        assert!(!born("2012-05-17", date(2026, 5, 17)));
        assert!(born("2012-02-29", date(2026, 2, 28)));
        assert!(!born("2012-02-29", date(2026, 3, 1)));
        assert!(born("2012-02-29", date(2025, 12, 31)));
        // Fourteen years after a leap day there is none; with eight there is.
        assert!(!has_age(date(2012, 2, 29), 8, date(2020, 2, 28)) && has_age(date(2012, 2, 29), 8, date(2020, 2, 29)));
        assert_eq!(read("05-17"), None);
    }

    #[test]
    fn the_year_alone_is_careful() {
        let on = date(2026, 12, 31);
        assert!(is_minor(None, Some(2012), on) && is_open(2012, on));
        assert!(!is_minor(None, Some(2011), on) && !is_open(2011, on));
        assert!(is_minor(None, Some(2013), on) && !is_open(2013, on));
        assert!(!is_minor(None, None, on));
    }

    proptest! {
        /// Nobody becomes a child again, and the year alone is never less careful than the day.
        #[test]
        fn age_only_grows(days in -8_000_i32..12_000, later in 0_i32..8_000) {
            let born = date(1990, 1, 1).checked_add(jiff::Span::new().days(days + 8_000)).unwrap();
            let on = born.checked_add(jiff::Span::new().days(later)).unwrap();
            let next = on.tomorrow().unwrap();
            prop_assert!(is_minor(Some(born), None, on) || !is_minor(Some(born), None, next));
            let year = Some(i64::from(born.year()));
            prop_assert!(!is_minor(Some(born), year, on) || is_minor(None, year, on));
            if !is_open(i64::from(born.year()), on) {
                prop_assert_eq!(is_minor(Some(born), year, on), is_minor(None, year, on));
            }
        }
    }
}
