//! Whether an hour of a source brought as much as its hours usually do.
//!
//! Compared are logarithms, `x = ln(1 + n)`, so that "half as much" and "twice as much" weigh the same and a source that
//! grows has a band that grows. The hours it is compared with are the same hour of the [`DAYS`] days before; with fewer than
//! [`MIN_DAYS`] of them the [`RECENT_HOURS`] hours before, if there are [`MIN_HOURS`].
//!
//! ```text
//!  middle = median(x)
//!  spread = max(1.4826 · median(|x − middle|), 1 / √(1 + n of the middle), 0.1)
//!  band   = exp(middle ± 4 · spread) − 1, widened to hold what the same hour a week before would allow
//! ```
//!
//! 1.4826 makes of the median of deviations what a standard deviation would be; the second term is the chance in counting,
//! which is large at night; the third keeps a source that sends the same number every hour from alarming at every change.
//! Loads of files are judged in the same way, by the loads before ([`band_of_loads`]).
//!
//! An hour outside the band is told of only when it differs from the middle by [`MIN_DIFFERENCE`] records. Medians forget:
//! a holiday's flood is told of while it lasts, and the days after it are judged as if it had not been.

/// Days whose same hour is compared.
pub const DAYS: usize = 28;
/// The fewest of these that say something.
pub const MIN_DAYS: usize = 7;
/// Hours compared where there are too few days.
pub const RECENT_HOURS: usize = 48;
/// The fewest of these that say something.
pub const MIN_HOURS: usize = 24;
/// The fewest loads of files that say something.
pub const MIN_LOADS: usize = 5;
/// Smaller differences from the middle are never told of.
pub const MIN_DIFFERENCE: u64 = 20;
/// Spreads to either side of the middle.
const WIDTH: f64 = 4.0;
/// The smallest spread.
const MIN_SPREAD: f64 = 0.1;

/// What an hour usually brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Its middle.
    pub usual: u64,
    /// The least that is usual.
    pub low: u64,
    /// The most that is usual.
    pub high: u64,
}

impl Band {
    /// Whether an hour with so many records is out of the usual.
    pub const fn is_left_by(&self, n: u64) -> bool {
        (n < self.low || n > self.high) && n.abs_diff(self.usual) >= MIN_DIFFERENCE
    }
}

/// What an hour usually brings, from the hours before it; `None` while there are too few.
///
/// **Shape**: `before` holds the records of each full hour before, the nearest first, hours without any as 0, back to the
/// source's first.
pub fn band(before: &[u64]) -> Option<Band> {
    let days_ago = |days: usize| before.get(24 * days - 1).copied();
    let same_hour: Vec<u64> = (1..=DAYS).map_while(days_ago).collect();
    let compared =
        if same_hour.len() >= MIN_DAYS { &same_hour } else { before.get(..before.len().min(RECENT_HOURS))? };
    if same_hour.len() < MIN_DAYS && compared.len() < MIN_HOURS {
        return None;
    }
    Some(around(compared, days_ago(7).filter(|_| same_hour.len() >= MIN_DAYS)))
}

/// How many rows a load usually brings, from the rows of the loads before it; `None` with fewer than [`MIN_LOADS`].
pub fn band_of_loads(before: &[u64]) -> Option<Band> {
    (before.len() >= MIN_LOADS).then(|| around(before, None))
}

fn around(compared: &[u64], week_ago: Option<u64>) -> Band {
    let logs: Vec<f64> = compared.iter().map(|&n| log(n)).collect();
    let middle = median(logs.clone());
    let deviation = median(logs.iter().map(|log| (log - middle).abs()).collect());
    // 1 + n of the middle is its exponential.
    let spread = (1.4826 * deviation).max((-middle / 2.0).exp()).max(MIN_SPREAD);
    let week_ago = week_ago.map_or(middle, log);
    let low = middle.min(week_ago) - WIDTH * spread;
    let high = middle.max(week_ago) + WIDTH * spread;
    Band { usual: count(middle).round() as u64, low: count(low).ceil() as u64, high: count(high).floor() as u64 }
}

fn log(n: u64) -> f64 {
    (n as f64).ln_1p()
}

fn count(log: f64) -> f64 {
    log.exp_m1().max(0.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::script::Seeded;

    /// Hours before the one in question, the nearest first: `of` says what an hour brought that lies so many hours back.
    fn hours(n: usize, of: impl Fn(usize) -> u64) -> Vec<u64> {
        (1..=n).map(of).collect()
    }

    /// A shop: quiet at night, some chance, the hour in question at noon.
    fn shop(seed: u64) -> impl Fn(usize) -> u64 {
        move |back| {
            let of_day = (12 + 24 * 40 - back) % 24;
            let usual = if (8..23).contains(&of_day) { 1_000 } else { 3 };
            usual * (80 + Seeded::new(seed ^ back as u64).below(40)) / 100
        }
    }

    #[test]
    fn loads_are_judged_by_the_loads_before() {
        assert_eq!(band_of_loads(&[100; 4]), None);
        let usual = band_of_loads(&[100, 110, 95, 5_000, 105]).unwrap();
        assert_eq!(usual.usual, 105);
        assert!(!usual.is_left_by(120) && usual.is_left_by(5_000) && usual.is_left_by(0), "{usual:?}");
    }

    #[test]
    fn too_little_history_says_nothing() {
        for n in [0, 1, 23] {
            assert_eq!(band(&hours(n, |_| 100)), None, "{n} hours");
        }
        let recent = band(&hours(24, |_| 100)).unwrap();
        assert!(recent.is_left_by(400) && recent.is_left_by(10) && !recent.is_left_by(100));
    }

    #[test]
    fn a_source_that_always_sends_the_same_may_change_a_little() {
        let band = band(&hours(24 * 28, |_| 100)).unwrap();
        assert_eq!(band, Band { usual: 100, low: 67, high: 149 });
        assert!(!band.is_left_by(130) && band.is_left_by(150) && band.is_left_by(66) && band.is_left_by(0));
    }

    #[test]
    fn nights_are_nights() {
        let night = |back: usize| shop(1)(back + 9);
        let band = band(&hours(24 * 28, night)).unwrap();
        assert!(band.usual <= 3 && !band.is_left_by(0) && !band.is_left_by(15), "{band:?}");
        assert!(band.is_left_by(800), "noon's flood at night: {band:?}");
        let noon = super::band(&hours(24 * 28, shop(1))).unwrap();
        assert!(
            !noon.is_left_by(1_100) && noon.is_left_by(3) && noon.is_left_by(4_000),
            "night's silence at noon: {noon:?}"
        );
    }

    #[test]
    fn growth_is_no_alarm_and_a_collapse_of_it_is() {
        let growing = |back: usize| (1_000.0 * 0.97_f64.powf(back as f64 / 24.0)) as u64;
        let band = band(&hours(24 * 28, growing)).unwrap();
        assert!(!band.is_left_by(1_000) && !band.is_left_by(1_200), "{band:?}");
        assert!(band.is_left_by(50), "{band:?}");
    }

    #[test]
    fn a_holiday_is_told_of_and_forgotten() {
        let before = hours(24 * 28, shop(2));
        assert!(band(&before).unwrap().is_left_by(10_000));
        // Yesterday was the holiday.
        let after = hours(24 * 28, |back| if back <= 24 { 10_000 } else { shop(2)(back) });
        let band = band(&after).unwrap();
        assert!(!band.is_left_by(1_000) && band.is_left_by(10_000), "{band:?}");
    }

    #[test]
    fn weekends_of_an_office_are_usual() {
        let office = |back: usize| if matches!(back / 24 % 7, 0 | 6) { 40 } else { 1_000 };
        // The hour in question is a Sunday's: so were those of seven days ago.
        let band = band(&hours(24 * 28, |back| office(back - 1 + 24))).unwrap();
        assert!(!band.is_left_by(1_000), "{band:?}");
        assert!(!band.is_left_by(40), "{band:?}");
    }

    proptest! {
        /// The middle is in its band, and a wider history of the same kind never turns a usual hour of it into an alarm.
        #[test]
        fn usual_hours_are_usual(seed in any::<u64>(), n in 24_usize..800) {
            let before = hours(n, shop(seed));
            if let Some(band) = band(&before) {
                prop_assert!(band.low <= band.usual.max(1) && band.usual <= band.high.max(band.usual));
                prop_assert!(n < 24 * MIN_DAYS || !band.is_left_by(shop(seed)(24)), "{:?}", band);
            }
        }
    }
}
