//! Fingerprints of typed rows, computed column by column.
//!
//! They decide whether two rows say the same, inside a file and across loads, so they must not change between releases:
//! XXH3 over the values in the order of the column names (INV-ROWHASH-1).

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};
use zhike_domain::frame::{Column, Frame};

const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// A fingerprint of each row over all columns but those skipped. Missing values count as such; personal columns count
/// too, so the result is for comparison in memory only when there are any.
pub(crate) fn rows(frame: &Frame, skip: &[&str]) -> Vec<u128> {
    let mut hashes = vec![0_u128; frame.n_rows()];
    let mut order: Vec<usize> = (0..frame.fields().len()).collect();
    order.sort_by(|&left, &right| frame.fields()[left].name.cmp(&frame.fields()[right].name));
    for at in order {
        let name = frame.fields()[at].name.as_str();
        if skip.contains(&name) {
            continue;
        }
        // The column's name parts equal values in different columns.
        let salt = (u128::from(xxh3_64(name.as_bytes())) << 32) | 1;
        let mix = |hash: &mut u128, value: u128| {
            *hash = (*hash ^ value.wrapping_mul(salt)).wrapping_mul(PRIME).rotate_left(29)
        };
        match &frame.columns()[at] {
            Column::Num(column) => {
                for (hash, value) in hashes.iter_mut().zip(column.iter()) {
                    mix(
                        hash,
                        value.map_or(0x9e37_79b9, |value| {
                            (u128::from(spread(value as u64)) << 64) | (u128::from(value as u64) + 1)
                        }),
                    );
                }
            }
            Column::Text(column) => {
                for (hash, value) in hashes.iter_mut().zip(column.iter()) {
                    mix(hash, value.map_or(0x9e37_79b9, |value| xxh3_128(value.as_bytes())));
                }
            }
            Column::Sensitive(column) => {
                for (hash, value) in hashes.iter_mut().zip(column.expose().iter()) {
                    mix(hash, value.map_or(0x9e37_79b9, |value| xxh3_128(value.as_bytes())));
                }
            }
            Column::Float(values) => {
                for (hash, value) in hashes.iter_mut().zip(values) {
                    mix(hash, value.map_or(0x9e37_79b9, |value| xxh3_128(&value.to_le_bytes())));
                }
            }
        }
    }
    hashes
}

fn spread(value: u64) -> u64 {
    let mixed = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// The part of a fingerprint that is stored.
pub(crate) fn stored(hash: u128) -> i64 {
    ((hash >> 64) as u64 ^ hash as u64) as i64 & i64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use zhike_domain::frame::ColumnType;

    fn frame(columns: &[(&str, &[Option<&str>])]) -> Frame {
        columns.iter().fold(Frame::new(columns[0].1.len()), |frame, (name, values)| {
            frame.with(name, ColumnType::Text, Column::Text(values.iter().copied().collect()))
        })
    }

    #[test]
    fn equal_rows_and_only_they_have_equal_fingerprints() {
        let hashes = rows(
            &frame(&[
                ("a", &[Some("x"), Some("x"), Some("y"), None, Some("")]),
                ("b", &[Some("y"), Some("y"), Some("x"), None, None]),
            ]),
            &[],
        );
        assert_eq!(hashes[0], hashes[1]);
        for (left, right) in [(0, 2), (0, 3), (3, 4), (2, 4)] {
            assert_ne!(hashes[left], hashes[right]);
        }
    }

    #[test]
    fn column_order_does_not_matter() {
        let one = rows(&frame(&[("a", &[Some("1")]), ("b", &[Some("2")])]), &[]);
        let other = rows(&frame(&[("b", &[Some("2")]), ("a", &[Some("1")])]), &[]);
        assert_eq!(one, other);
    }

    /// INV-ROWHASH-1: stored fingerprints outlive releases.
    #[test]
    fn the_function_is_frozen() {
        let hash = rows(&frame(&[("a", &[Some("知客")]), ("b", &[None])]), &[])[0];
        insta::assert_snapshot!(stored(hash), @"8033330235749885941");
    }
}
