//! Public holidays of China and the shopping festivals, 2009 to 2030: what explains a peak or a hole in a series.
//!
//! Marked are the days of the feast itself by the law on public holidays (全国年节及纪念日放假办法), not the weekends that
//! the yearly notices of the State Council move around them.

use jiff::civil::{Date, date};

use crate::audience::day_number;

/// Days with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// Chinese and English name.
    pub name: Name,
    /// First day, since 1970.
    pub first: i64,
    /// Last day.
    pub last: i64,
}

/// First days of feasts that follow moon and sun: year, Spring Festival, Qingming, Dragon Boat, Mid-Autumn
/// (`data/README.md` says where they are from).
const TABLE: &str = include_str!("../../data/festivals.tsv");

/// Chinese and English name.
type Name = (&'static str, &'static str);

/// Name, month, day, days, the first year that has it.
const FIXED: [(Name, i8, i8, i64, i16); 6] = [
    (("元旦", "New Year"), 1, 1, 1, 0),
    (("劳动节", "Labour Day"), 5, 1, 1, 0),
    (("618", "618 sale"), 6, 18, 1, 2010),
    (("国庆", "National Day"), 10, 1, 3, 0),
    (("双11", "Double 11"), 11, 11, 1, 2009),
    (("双12", "Double 12"), 12, 12, 1, 2012),
];

/// Name and days of the columns of [`TABLE`].
const MOVING: [(Name, i64); 4] = [
    (("春节", "Spring Festival"), 3),
    (("清明", "Qingming"), 1),
    (("端午", "Dragon Boat"), 1),
    (("中秋", "Mid-Autumn"), 1),
];

/// All of them, by first day.
fn all() -> &'static [Holiday] {
    static ALL: std::sync::LazyLock<Vec<Holiday>> = std::sync::LazyLock::new(|| {
        let mut found = Vec::new();
        for line in TABLE.lines().skip(1) {
            let mut cells = line.split('\t');
            let Some(year) = cells.next().and_then(|year| year.parse::<i16>().ok()) else { continue };
            for (text, (name, n_days)) in cells.zip(MOVING) {
                let Ok(first) = text.parse::<Date>().map(day_number) else { continue };
                found.push(Holiday { name, first, last: first + n_days - 1 });
            }
            for (name, month, day, n_days, since) in FIXED {
                if year >= since {
                    let first = day_number(date(year, month, day));
                    found.push(Holiday { name, first, last: first + n_days - 1 });
                }
            }
        }
        found.sort_by_key(|one| (one.first, one.name));
        found
    });
    &ALL
}

/// Those of which a day is between two days, both included.
pub fn holidays(first: i64, last: i64) -> impl Iterator<Item = &'static Holiday> {
    // None is longer than three days.
    let from = all().partition_point(|one| one.first < first - 2);
    all()[from..].iter().take_while(move |one| one.first <= last).filter(move |one| one.last >= first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(year: i16) -> Vec<(&'static str, String)> {
        let day = |month, day| day_number(date(year, month, day));
        let shown = |one: &Holiday| (one.name.0, crate::audience::date_of(one.first).unwrap().to_string());
        holidays(day(1, 1), day(12, 31)).map(shown).collect()
    }

    #[test]
    fn every_year_has_all_of_them() {
        for year in 2009..=2030 {
            let n = 4 + FIXED.iter().filter(|one| year >= one.4).count();
            assert_eq!(of(year).len(), n, "{year}");
        }
        let names: Vec<String> = of(2026).into_iter().map(|(name, on)| format!("{name} {on}")).collect();
        assert_eq!(
            names.join(", "),
            "元旦 2026-01-01, 春节 2026-02-17, 清明 2026-04-05, 劳动节 2026-05-01, 618 2026-06-18, 端午 2026-06-19, \
             中秋 2026-09-25, 国庆 2026-10-01, 双11 2026-11-11, 双12 2026-12-12"
        );
    }

    #[test]
    fn a_span_has_those_that_reach_into_it() {
        let third = day_number(date(2026, 10, 3));
        assert_eq!(holidays(third, third).map(|one| one.name.0).collect::<Vec<_>>(), ["国庆"]);
        assert_eq!(holidays(third + 1, third + 20).count(), 0);
        assert_eq!(holidays(0, 10).count(), 0);
    }
}
