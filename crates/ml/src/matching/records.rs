//! Records as columns of dictionary codes.

use std::collections::HashMap;
use std::sync::Mutex;

use foldhash::fast::FixedState;
use xxhash_rust::xxh3::xxh3_64;

use super::form::form;
use crate::parallel;

/// What a field holds; everything about its comparison follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Given name, Latin or Chinese.
    GivenName,
    /// Surname, Latin or Chinese.
    Surname,
    /// Surname and given name in one, in either order.
    FullName,
    /// Date, mostly of birth; month and day may be missing.
    Date,
    /// Phone number.
    Phone,
    /// E-mail address.
    Email,
    /// Street address, or a line of one.
    Address,
    /// City, suburb, district.
    Place,
    /// Postcode, house number.
    Number,
    /// Number that identifies a person or company: identity card, social security, unified social credit code.
    Id,
    /// Name of a company.
    Company,
    /// Anything that is equal or not: gender, state.
    Exact,
}

impl Kind {
    /// All kinds.
    pub const ALL: &[Self] = &[
        Self::GivenName,
        Self::Surname,
        Self::FullName,
        Self::Date,
        Self::Phone,
        Self::Email,
        Self::Address,
        Self::Place,
        Self::Number,
        Self::Id,
        Self::Company,
        Self::Exact,
    ];
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, for explanations.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

impl Field {
    /// A field of a name and kind.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind }
    }
}

/// Most fields of a record: their levels are packed into 63 bits.
pub const MAX_FIELDS: usize = 21;

/// Why records cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// More fields than [`MAX_FIELDS`], or none.
    Fields(usize),
    /// A column is missing, or longer or shorter than the keys.
    Shape,
    /// A key stands twice.
    Key(u64),
    /// More rows or values than 32 bits count.
    Size,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fields(n) => write!(f, "{n} fields, between 1 and {MAX_FIELDS} can be compared"),
            Self::Shape => f.write_str("columns and keys differ in length"),
            Self::Key(key) => write!(f, "key {key} stands twice"),
            Self::Size => f.write_str("more records than can be counted"),
        }
    }
}

impl std::error::Error for Problem {}

/// The code of a missing value.
pub(super) const MISSING: u32 = 0;

/// Distinct values of one column (or of columns that are compared with each other), by code from 1.
#[derive(Clone, Default)]
pub(super) struct Dictionary {
    texts: String,
    ends: Vec<usize>,
    hashes: Vec<u64>,
    codes: HashMap<u64, u32, FixedState>,
}

impl Dictionary {
    pub(super) fn text(&self, code: u32) -> &str {
        let at = code as usize - 1;
        &self.texts[at.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[at]]
    }

    /// Hash of the value, the same in every dictionary.
    pub(super) fn hash(&self, code: u32) -> u64 {
        self.hashes[code as usize - 1]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn code(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return MISSING;
        }
        // Two values of one hash would be one in four thousand million years of loads; probing keeps them apart anyway.
        let hash = xxh3_64(text.as_bytes());
        let mut place = hash;
        while let Some(code) = self.codes.get(&place).copied() {
            if self.text(code) == text {
                return code;
            }
            place = place.wrapping_add(1);
        }
        self.texts.push_str(text);
        self.ends.push(self.texts.len());
        self.hashes.push(hash);
        let code = self.ends.len() as u32;
        self.codes.insert(place, code);
        code
    }
}

/// Records to be matched: a key and a value per field, which may be missing.
///
/// Values are personal; they stay in memory, and nothing here prints them.
#[derive(Clone)]
pub struct Records {
    fields: Vec<Field>,
    keys: Vec<u64>,
    rows: HashMap<u64, u32, FixedState>,
    dictionaries: Vec<Dictionary>,
    dictionary_of: Vec<usize>,
    /// Codes, a row's beside each other.
    cells: Vec<u32>,
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("fields", &self.fields).field("n", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Records {
    /// No records of these fields.
    ///
    /// # Errors
    /// [`Problem::Fields`].
    pub fn new(fields: &[Field]) -> Result<Self, Problem> {
        if fields.is_empty() || fields.len() > MAX_FIELDS {
            return Err(Problem::Fields(fields.len()));
        }
        // Given names and surnames are compared crosswise, so they share their codes.
        let is_part = |field: &Field| matches!(field.kind, Kind::GivenName | Kind::Surname);
        let mut dictionary_of = Vec::new();
        let mut n_dictionaries = 0;
        let mut parts = None;
        for field in fields {
            let at = if is_part(field) { *parts.get_or_insert(n_dictionaries) } else { n_dictionaries };
            n_dictionaries = n_dictionaries.max(at + 1);
            dictionary_of.push(at);
        }
        Ok(Self {
            fields: fields.to_vec(),
            keys: Vec::new(),
            rows: HashMap::default(),
            dictionaries: vec![Dictionary::default(); n_dictionaries],
            dictionary_of,
            cells: Vec::new(),
        })
    }

    /// Adds rows, given as columns. Keys are the caller's; they name records in answers and break ties.
    ///
    /// # Errors
    /// [`Problem::Shape`], [`Problem::Key`], [`Problem::Size`]; nothing is added then.
    pub fn append<S: AsRef<str> + Sync>(
        &mut self,
        keys: &[u64],
        columns: &[Vec<S>],
        n_threads: usize,
    ) -> Result<(), Problem> {
        if columns.len() != self.fields.len() || columns.iter().any(|column| column.len() != keys.len()) {
            return Err(Problem::Shape);
        }
        let n_before = self.keys.len();
        if n_before + keys.len() >= u32::MAX as usize {
            return Err(Problem::Size);
        }
        for (at, key) in keys.iter().enumerate() {
            if self.rows.insert(*key, (n_before + at) as u32).is_some() {
                self.rows = self.keys.iter().enumerate().map(|(at, key)| (*key, at as u32)).collect();
                return Err(Problem::Key(*key));
            }
        }
        self.keys.extend_from_slice(keys);

        let dictionaries: Vec<Mutex<Dictionary>> = self.dictionaries.drain(..).map(Mutex::new).collect();
        let coded: Vec<Vec<(usize, Vec<u32>)>> = parallel::map(
            dictionaries.len(),
            1,
            n_threads,
            || (),
            |(), range| {
                let mut dictionary = dictionaries[range.start].lock().unwrap_or_else(|poison| poison.into_inner());
                let fields = (0..columns.len()).filter(|field| self.dictionary_of[*field] == range.start);
                fields.map(|field| (field, encode(self.fields[field].kind, &columns[field], &mut dictionary))).collect()
            },
        );
        self.dictionaries = dictionaries
            .into_iter()
            .map(|each| each.into_inner().unwrap_or_else(|poison| poison.into_inner()))
            .collect();
        let n_fields = self.fields.len();
        self.cells.resize(self.keys.len() * n_fields, MISSING);
        for (field, codes) in coded.into_iter().flatten() {
            for (at, code) in codes.into_iter().enumerate() {
                self.cells[(n_before + at) * n_fields + field] = code;
            }
        }
        Ok(())
    }

    /// Puts other values in the place of a record's, or adds the record.
    ///
    /// # Errors
    /// [`Problem::Shape`], [`Problem::Size`].
    pub fn put<S: AsRef<str> + Sync>(&mut self, key: u64, values: &[S]) -> Result<u32, Problem> {
        if values.len() != self.fields.len() {
            return Err(Problem::Shape);
        }
        let row = match self.rows.get(&key) {
            Some(row) => *row,
            None => {
                let row = u32::try_from(self.keys.len()).map_err(|_| Problem::Size)?;
                self.keys.push(key);
                self.rows.insert(key, row);
                self.cells.resize(self.keys.len() * self.fields.len(), MISSING);
                row
            }
        };
        for (field, value) in values.iter().enumerate() {
            let text = form(self.fields[field].kind, value.as_ref());
            let code = self.dictionaries[self.dictionary_of[field]].code(&text);
            self.cells[row as usize * self.fields.len() + field] = code;
        }
        Ok(row)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The fields.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The keys, in the order in which records came.
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    pub(super) fn row_of(&self, key: u64) -> Option<u32> {
        self.rows.get(&key).copied()
    }

    pub(super) fn key(&self, row: u32) -> u64 {
        self.keys[row as usize]
    }

    pub(super) fn cells(&self, row: u32) -> &[u32] {
        let n_fields = self.fields.len();
        &self.cells[row as usize * n_fields..(row as usize + 1) * n_fields]
    }

    pub(super) fn dictionary(&self, field: usize) -> &Dictionary {
        &self.dictionaries[self.dictionary_of[field]]
    }

    /// Rows in the order of their keys, so that nothing depends on the order in which they came.
    pub(super) fn by_key(&self) -> Vec<u32> {
        let mut rows: Vec<u32> = (0..self.keys.len() as u32).collect();
        rows.sort_unstable_by_key(|row| self.keys[*row as usize]);
        rows
    }
}

fn encode<S: AsRef<str>>(kind: Kind, column: &[S], dictionary: &mut Dictionary) -> Vec<u32> {
    // Cells repeat; each distinct one is read once.
    let mut seen: HashMap<&str, u32, FixedState> = HashMap::default();
    column
        .iter()
        .map(|raw| *seen.entry(raw.as_ref()).or_insert_with(|| dictionary.code(&form(kind, raw.as_ref()))))
        .collect()
}
