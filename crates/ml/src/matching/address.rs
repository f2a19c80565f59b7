//! How alike two addresses are, level by level: region, district, street, numbers.

use super::text::{bigram_similarity, is_one_edit};

/// Levels of an address, from nothing in common to written otherwise; the same is the caller's.
///
/// Both addresses are in the form `region|district|street|numbers` of [`super::form`].
pub(super) fn level(a: &str, b: &str) -> u8 {
    let [region_a, district_a, street_a, numbers_a] = parts(a);
    let [region_b, district_b, street_b, numbers_b] = parts(b);
    let differ = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    if differ(region_a, region_b) || differ(district_a, district_b) {
        return 0;
    }
    let has_street = !street_a.is_empty() && !street_b.is_empty();
    let likeness = if is_one_edit(street_a, street_b) { 1.0 } else { bigram_similarity(street_a, street_b) };
    let is_area = || u8::from(!district_a.is_empty() && district_a == district_b);
    if !has_street || likeness < 0.6 {
        return is_area();
    }
    match Numbers::of(numbers_a, numbers_b) {
        Numbers::Same | Numbers::Near if likeness >= 0.8 => 3,
        Numbers::Same | Numbers::Near => 2,
        Numbers::Part if likeness >= 0.7 => 2,
        _ => 1,
    }
}

/// The parts of a form; those that are not there are empty.
pub(super) fn parts(form: &str) -> [&str; 4] {
    let mut parts = form.splitn(4, '|');
    [(); 4].map(|()| parts.next().unwrap_or_default())
}

enum Numbers {
    Same,
    /// One slip apart.
    Near,
    /// One says more than the other: `12号` and `12号5室`.
    Part,
    Other,
}

impl Numbers {
    fn of(a: &str, b: &str) -> Self {
        let is_part = |few: &str, many: &str| {
            let mut rest = many.split(' ');
            few.is_empty() || few.split(' ').all(|number| rest.any(|other| other == number))
        };
        if a == b {
            Self::Same
        } else if is_part(a, b) || is_part(b, a) {
            Self::Part
        } else if is_one_edit(a, b) && a.len().min(b.len()) >= 2 {
            Self::Near
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::form;
    use super::super::records::Kind;

    #[test]
    fn levels() {
        let level = |a: &str, b: &str| super::level(&form(Kind::Address, a), &form(Kind::Address, b));
        for (a, b, expected) in [
            ("浙江省杭州市西湖区文三路12号5栋302室", "杭州西湖区文三路十二号五栋三〇二室", 3),
            ("杭州市西湖区文三路12号5栋302室", "杭州市西湖区文三路12号", 2),
            ("杭州市西湖区文三路12号5栋302室", "杭州市西湖区文三路12号5栋320室", 3),
            ("杭州市西湖区文三路12号5栋302室", "杭州市西湖区文三路99号", 1),
            ("杭州市西湖区文三路12号", "杭州市上城区文三路12号", 0),
            ("杭州市西湖区文三路12号", "西湖区文三路12号", 3),
            ("12 Long Street", "12 long st", 3),
            ("12 Long Street", "12 lomg street", 3),
            ("12 Long Street", "77 kings road", 0),
        ] {
            assert_eq!(level(a, b), expected, "{a} {b}");
            assert_eq!(level(b, a), expected, "{b} {a}");
        }
    }
}
