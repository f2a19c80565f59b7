//! The data sets, as columns with the kinds that their headers say.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};

use zhike_ml::matching::{Field, Kind};

/// Records and who they truly are.
pub struct Set {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub fields: Vec<Field>,
    /// Values by column.
    pub columns: Vec<Vec<String>>,
    /// Person by record.
    pub truth: Vec<u32>,
}

/// Kinds by header; the same for all sets. Columns without one are not compared.
const KINDS: &[(&str, Kind)] = &[
    ("given_name", Kind::GivenName),
    ("first_name", Kind::GivenName),
    ("surname", Kind::Surname),
    ("full_name", Kind::FullName),
    ("street_number", Kind::Number),
    ("address_1", Kind::Address),
    ("address_2", Kind::Address),
    ("address", Kind::Address),
    ("suburb", Kind::Place),
    ("city", Kind::Place),
    ("postcode", Kind::Number),
    ("state", Kind::Exact),
    ("gender", Kind::Exact),
    ("date_of_birth", Kind::Date),
    ("dob", Kind::Date),
    ("soc_sec_id", Kind::Id),
    ("email", Kind::Email),
    ("phone", Kind::Phone),
];

/// The sets of a folder.
pub fn sets(folder: &str) -> Vec<Set> {
    let mut sets = Vec::new();
    for n in 1..=3 {
        let person = |row: &HashMap<&str, &str>| row["rec_id"].split('-').nth(1).unwrap_or_default().to_owned();
        sets.push(read(&format!("febrl {n}"), &format!("{folder}/febrl/dataset{n}.csv.gz"), person));
    }
    let person = |row: &HashMap<&str, &str>| row["cluster"].to_owned();
    sets.push(read("splink_fake_1000", &format!("{folder}/splink_fake_1000/fake_1000.csv.gz"), person));
    sets
}

fn read(name: &str, path: &str, person: impl Fn(&HashMap<&str, &str>) -> String) -> Set {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
    let kept: Vec<(usize, Field)> = header
        .iter()
        .enumerate()
        .filter_map(|(at, column)| {
            KINDS.iter().find(|(name, _)| name == column).map(|(name, kind)| (at, Field::new(name, *kind)))
        })
        .collect();
    let mut columns = vec![Vec::new(); kept.len()];
    let mut persons: HashMap<String, u32> = HashMap::new();
    let mut truth = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        for (column, (at, _)) in columns.iter_mut().zip(&kept) {
            column.push(cells.get(*at).copied().unwrap_or_default().to_owned());
        }
        let row: HashMap<&str, &str> = header.iter().copied().zip(cells.iter().copied()).collect();
        let next = persons.len() as u32;
        truth.push(*persons.entry(person(&row)).or_insert(next));
    }
    Set { name: name.to_owned(), fields: kept.into_iter().map(|(_, field)| field).collect(), columns, truth }
}

/// Writes a set as CSV, with the truth, for other tools.
pub fn write(set: &Set, path: &str) {
    let file = std::fs::File::create(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut file = std::io::BufWriter::new(file);
    let names: Vec<&str> = set.fields.iter().map(|field| field.name.as_str()).collect();
    let mut line = |text: String| writeln!(file, "{text}").unwrap_or_else(|error| panic!("{path}: {error}"));
    line(format!("unique_id,cluster,{}", names.join(",")));
    for (row, person) in set.truth.iter().enumerate() {
        let cells: Vec<&str> = set.columns.iter().map(|column| column[row].as_str()).collect();
        line(format!("{row},{person},{}", cells.join(",")));
    }
}
