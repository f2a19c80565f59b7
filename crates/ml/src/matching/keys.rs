//! Blocking keys: the parts of values under which records meet, and the rules made of them.

use super::address;
use super::chinese::{is_han, sound, surname_len, surname_sound};
use super::compare::local_part;
use super::records::{Kind, MISSING, Records};
use super::text::{Chars, soundex};
use crate::parallel;
use crate::random::{join, mix};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// How it sounds, in any order.
    Sound,
    /// The characters that it begins with, or the half before the middle.
    Head,
    /// The half from the middle on.
    Tail,
    /// Year and month of a date.
    Month,
    /// Month and day, in either order.
    Day,
    /// The box of an e-mail address.
    Local,
    /// The first number of an address and the start of its street.
    Door,
}

/// The parts of a kind that records may meet under.
pub(super) const fn parts(kind: Kind) -> &'static [Part] {
    match kind {
        Kind::GivenName | Kind::Surname | Kind::FullName | Kind::Place => &[Part::Whole, Part::Sound, Part::Head],
        Kind::Date => &[Part::Whole, Part::Month, Part::Day],
        Kind::Phone | Kind::Id => &[Part::Whole, Part::Head, Part::Tail],
        Kind::Email => &[Part::Whole, Part::Local],
        Kind::Address => &[Part::Whole, Part::Door, Part::Head],
        Kind::Company => &[Part::Whole, Part::Head],
        Kind::Number | Kind::Exact => &[Part::Whole],
    }
}

/// Hash of a part of a value; 0 when the value has no such part.
pub(super) fn hash(kind: Kind, part: Part, text: &str) -> u64 {
    let hashed = |text: &str| if text.is_empty() { 0 } else { xxh3_64_with_seed(text.as_bytes(), part as u64) | 1 };
    match part {
        Part::Whole if kind == Kind::Company => hashed(address::parts(text)[0]),
        Part::Whole => hashed(text),
        Part::Sound => hashed(&letters_by_sound(kind, text)),
        Part::Head | Part::Tail => match kind {
            Kind::Phone | Kind::Id => {
                let (head, tail) =
                    text.split_at(text.char_indices().nth(text.chars().count().div_ceil(2)).map_or(0, |(at, _)| at));
                hashed(if part == Part::Head { head } else { tail })
            }
            Kind::Company => hashed(&first(address::parts(text)[0], 2, 5)),
            Kind::Address => hashed(&first(address::parts(text)[2], 3, 6)),
            _ => hashed(&first(text, 1, 3)),
        },
        Part::Month => hashed(text.get(..6).filter(|month| !month.ends_with("00")).unwrap_or_default()),
        Part::Day => match (text.get(4..6), text.get(6..8)) {
            (Some(month), Some(day)) if month != "00" && day != "00" => {
                let (a, b) = if month < day { (month, day) } else { (day, month) };
                hashed(&format!("{a}{b}"))
            }
            _ => 0,
        },
        Part::Local => hashed(local_part(text)),
        Part::Door => {
            let [_, _, street, numbers] = address::parts(text);
            match numbers.split(' ').next() {
                None | Some("") => 0,
                Some(number) => hashed(&format!("{number} {}", first(street, 2, 4))),
            }
        }
    }
}

/// The first characters: fewer of a Chinese text.
fn first(text: &str, n_han: usize, n_latin: usize) -> String {
    let n = if text.chars().next().is_some_and(is_han) { n_han } else { n_latin };
    text.chars().filter(|char| *char != ' ').take(n).collect()
}

/// What sounds alike gets the same text, whatever the order: letters of pinyin sorted, or the sounds of Latin words.
fn letters_by_sound(kind: Kind, text: &str) -> String {
    let chars = Chars::of(text);
    if chars.iter().any(|char| is_han(*char)) {
        let n_surname = match kind {
            Kind::FullName => surname_len(&chars),
            Kind::Surname => chars.len(),
            _ => 0,
        };
        let mut letters = (surname_sound(&chars[..n_surname]) + &sound(&chars[n_surname..])).into_bytes();
        letters.sort_unstable();
        return String::from_utf8_lossy(&letters).into_owned();
    }
    let mut codes: Vec<[u8; 4]> = text.split(' ').filter(|word| !word.is_empty()).map(soundex).collect();
    codes.sort_unstable();
    String::from_utf8_lossy(&codes.concat()).into_owned()
}

/// A part of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Atom {
    pub(super) field: usize,
    pub(super) part: Part,
}

impl Atom {
    /// All atoms of some fields.
    pub(super) fn all(records: &Records) -> Vec<Self> {
        let fields = records.fields().iter().enumerate();
        fields.flat_map(|(field, kind)| parts(kind.kind).iter().map(move |part| Self { field, part: *part })).collect()
    }

    /// The atom's hash of one value.
    pub(super) fn of(self, records: &Records, code: u32) -> u64 {
        if code == MISSING {
            return 0;
        }
        let kind = records.fields()[self.field].kind;
        // Given names and surnames may be swapped, so they share their hashes.
        let tag = if matches!(kind, Kind::GivenName | Kind::Surname) { u64::MAX } else { self.field as u64 };
        match hash(kind, self.part, records.dictionary(self.field).text(code)) {
            0 => 0,
            hash => join(hash, tag) | 1,
        }
    }

    /// The atom's hash of some rows.
    pub(super) fn column(self, records: &Records, rows: &[u32]) -> Vec<u64> {
        let mut known = vec![u64::MAX; records.dictionary(self.field).len() + 1];
        rows.iter()
            .map(|row| {
                let code = records.cells(*row)[self.field];
                let place = &mut known[code as usize];
                if *place == u64::MAX {
                    *place = self.of(records, code);
                }
                *place
            })
            .collect()
    }
}

/// Records meet when all atoms of a rule agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) atoms: Vec<Atom>,
    /// What a block with too many records is divided by.
    pub(super) divide_by: Option<Atom>,
}

impl Rule {
    /// Joins the hashes of the atoms, in any order, so that swapped names meet; 0 when one is missing.
    pub(super) fn key(hashes: impl Iterator<Item = u64>) -> u64 {
        let mut key = 0_u64;
        for hash in hashes {
            if hash == 0 {
                return 0;
            }
            key = key.wrapping_add(mix(hash));
        }
        key | 1
    }

    /// The key of one record.
    pub(super) fn key_of(&self, records: &Records, row: u32) -> u64 {
        Self::key(self.atoms.iter().map(|atom| atom.of(records, records.cells(row)[atom.field])))
    }

    /// The key of one record within a block that is too large.
    pub(super) fn divided_key_of(&self, records: &Records, row: u32, key: u64) -> u64 {
        match self.divide_by.map(|atom| atom.of(records, records.cells(row)[atom.field])) {
            None | Some(0) => 0,
            Some(hash) => join(key, hash) | 1,
        }
    }

    /// The keys of all records.
    pub(super) fn keys(&self, records: &Records, rows: &[u32]) -> Vec<u64> {
        let columns: Vec<Vec<u64>> = self.atoms.iter().map(|atom| atom.column(records, rows)).collect();
        (0..rows.len()).map(|at| Self::key(columns.iter().map(|column| column[at]))).collect()
    }
}

/// Records by rule: which block a record is in, and who is in a block.
pub(super) struct Blocks {
    n_rules: usize,
    /// Block of a record under a rule, a record's beside each other; 0 for none.
    of: Vec<u32>,
    /// Rows of each block, and where each begins, by rule.
    members: Vec<(Vec<u32>, Vec<u32>)>,
    /// Records that a rule leaves out because their block is too large even when divided, by rule.
    pub(super) n_skipped: Vec<usize>,
}

impl Blocks {
    /// Puts records into blocks of at most `max_block`.
    pub(super) fn build(records: &Records, rules: &[Rule], max_block: usize, n_threads: usize) -> Self {
        let n = records.len();
        let rows: Vec<u32> = (0..n as u32).collect();
        let built = parallel::map(
            rules.len(),
            1,
            n_threads,
            || (),
            |(), range| {
                let rule = &rules[range.start];
                let keys = rule.keys(records, &rows);
                let mut sorted: Vec<(u64, u32)> =
                    keys.iter().zip(&rows).filter(|(key, _)| **key != 0).map(|(key, row)| (*key, *row)).collect();
                sorted.sort_unstable();
                let (mut members, mut starts, mut n_skipped) = (Vec::new(), vec![0_u32], 0);
                let mut keep = |block: &[(u64, u32)]| {
                    if block.len() >= 2 {
                        members.extend(block.iter().map(|(_, row)| *row));
                        starts.push(members.len() as u32);
                    }
                };
                for block in sorted.chunk_by(|a, b| a.0 == b.0) {
                    if block.len() <= max_block {
                        keep(block);
                        continue;
                    }
                    let mut divided: Vec<(u64, u32)> =
                        block.iter().map(|(key, row)| (rule.divided_key_of(records, *row, *key), *row)).collect();
                    divided.sort_unstable();
                    for part in divided.chunk_by(|a, b| a.0 == b.0) {
                        if part[0].0 != 0 && part.len() <= max_block {
                            keep(part);
                        } else {
                            n_skipped += part.len();
                        }
                    }
                }
                ((members, starts), n_skipped)
            },
        );
        let (members, n_skipped): (Vec<_>, Vec<_>) = built.into_iter().unzip();
        let n_rules = rules.len();
        let mut of = vec![0_u32; n * n_rules];
        for (rule, (rows, starts)) in members.iter().enumerate() {
            for (block, range) in starts.windows(2).enumerate() {
                for row in &rows[range[0] as usize..range[1] as usize] {
                    of[*row as usize * n_rules + rule] = block as u32 + 1;
                }
            }
        }
        Self { n_rules, of, members, n_skipped }
    }

    pub(super) fn n_rules(&self) -> usize {
        self.n_rules
    }

    pub(super) fn n_blocks(&self, rule: usize) -> usize {
        self.members[rule].1.len() - 1
    }

    /// The rows of a block.
    pub(super) fn block(&self, rule: usize, at: usize) -> &[u32] {
        let (rows, starts) = &self.members[rule];
        &rows[starts[at] as usize..starts[at + 1] as usize]
    }

    /// Pairs under a rule, those of other rules counted again.
    pub(super) fn n_pairs(&self, rule: usize) -> u64 {
        self.members[rule].1.windows(2).map(|range| pairs_of(u64::from(range[1] - range[0]))).sum()
    }

    /// Whether two records meet under a rule before this one.
    #[inline]
    pub(super) fn met_before(&self, rule: usize, a: u32, b: u32) -> bool {
        let (a, b) = (a as usize * self.n_rules, b as usize * self.n_rules);
        (0..rule).any(|earlier| self.of[a + earlier] != 0 && self.of[a + earlier] == self.of[b + earlier])
    }
}

/// Unordered pairs among `n`.
pub(super) const fn pairs_of(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_meets() {
        let same =
            |kind, part, a: &str, b: &str| hash(kind, part, a) == hash(kind, part, b) && hash(kind, part, a) != 0;
        assert!(same(Kind::FullName, Part::Sound, "张伟", "伟张"));
        assert!(same(Kind::FullName, Part::Sound, "张伟", "张玮"));
        assert!(same(Kind::FullName, Part::Sound, "anna smith", "smith anna"));
        assert!(same(Kind::Surname, Part::Sound, "allen", "alan"));
        assert!(same(Kind::Date, Part::Day, "19850307", "19850703"));
        assert!(same(Kind::Phone, Part::Head, "13812345678", "13812345687"));
        assert!(same(Kind::Phone, Part::Tail, "13812345678", "13912345678"));
        assert!(same(Kind::Company, Part::Whole, "云帆科技||", "云帆科技|杭州|"));
        assert!(!same(Kind::Date, Part::Month, "19850000", "19850000"));
        assert!(!same(Kind::Surname, Part::Sound, "", ""));
    }
}
