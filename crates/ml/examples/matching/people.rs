//! Made up people of China, as several systems would have written them down; a seed determines all.
//!
//! Surnames and their shares, characters of given names, cities and districts come from public lists (see
//! `people.txt`); who lives where, with whom, and how systems misspell them is made up here.

use super::read::Set;
use zhike_ml::matching::{Field, Kind};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    fn is(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Squared, so that the first ones are common and the last ones rare.
    fn pick_skewed<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let share = self.below(1 << 20) as f64 / f64::from(1 << 20);
        &from[((share * share) * from.len() as f64) as usize]
    }
}

struct Lists {
    /// Surnames, as often as their share in a thousand.
    surnames: Vec<&'static str>,
    male: Vec<char>,
    female: Vec<char>,
    /// City and its districts.
    cities: Vec<(&'static str, Vec<&'static str>)>,
}

fn lists() -> Lists {
    let mut lists = Lists { surnames: Vec::new(), male: Vec::new(), female: Vec::new(), cities: Vec::new() };
    for line in include_str!("people.txt").lines().filter(|line| !line.starts_with('#')) {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match kind {
            "surnames" => {
                for entry in rest.split(' ') {
                    let (surname, share) = entry.split_once('=').unwrap_or((entry, "1"));
                    lists.surnames.extend(vec![surname; share.parse().unwrap_or(1)]);
                }
            }
            "male" => lists.male = rest.chars().collect(),
            "female" => lists.female = rest.chars().collect(),
            city => lists.cities.push((city, rest.split(' ').collect())),
        }
    }
    lists
}

#[derive(Clone)]
struct Person {
    name: String,
    dob: (usize, usize, usize),
    phone: String,
    email: String,
    city: &'static str,
    address: String,
}

/// About `n` records: three in ten people have two to four of them; one in four phones is a household's.
pub fn people(n: usize, seed: u64) -> Set {
    let lists = lists();
    let mut random = Random(seed);
    let fields = [
        ("full_name", Kind::FullName),
        ("dob", Kind::Date),
        ("phone", Kind::Phone),
        ("email", Kind::Email),
        ("city", Kind::Place),
        ("address", Kind::Address),
    ];
    let mut columns: Vec<Vec<String>> = vec![Vec::with_capacity(n); fields.len()];
    let mut truth = Vec::with_capacity(n);
    let mut person = 0;
    while truth.len() < n {
        for member in household(&lists, &mut random) {
            let n_records = if random.is(30) { 2 + random.below(3) } else { 1 };
            for at in 0..n_records {
                let record = if at == 0 { row(&member) } else { corrupted(&lists, &mut random, &member) };
                for (column, value) in columns.iter_mut().zip(record) {
                    column.push(value);
                }
                truth.push(person);
            }
            person += 1;
        }
    }
    // Records of one person do not stand beside each other.
    for at in (1..truth.len()).rev() {
        let other = random.below(at + 1);
        truth.swap(at, other);
        columns.iter_mut().for_each(|column| column.swap(at, other));
    }
    let fields = fields.into_iter().map(|(name, kind)| Field::new(name, kind)).collect();
    Set { name: format!("people {n}"), fields, columns, truth }
}

fn household(lists: &Lists, random: &mut Random) -> Vec<Person> {
    const STREETS: [&str; 24] = [
        "人民路",
        "中山路",
        "解放路",
        "建设路",
        "文化路",
        "和平路",
        "新华路",
        "长江路",
        "黄河路",
        "胜利路",
        "光明路",
        "学院路",
        "滨江路",
        "青年路",
        "花园路",
        "朝阳路",
        "东风路",
        "南京路",
        "北京路",
        "文三路",
        "工业大道",
        "迎宾大道",
        "幸福街",
        "环城路",
    ];
    let (city, districts) = random.pick_skewed(&lists.cities);
    let address = format!(
        "{city}{}{}{}号{}栋{}室",
        random.pick(districts),
        random.pick(&STREETS),
        1 + random.below(300),
        1 + random.below(20),
        101 + random.below(30) * 100 + random.below(4),
    );
    let n = if random.is(55) { 1 } else { 2 + random.below(3) };
    let surname = *random.pick(&lists.surnames);
    let shared_phone = phone(random);
    (0..n)
        .map(|at| {
            let surname = if at == 1 { *random.pick(&lists.surnames) } else { surname };
            let given = if random.is(50) { &lists.male } else { &lists.female };
            let mut name = surname.to_owned();
            for _ in 0..if random.is(35) { 1 } else { 2 } {
                name.push(*random.pick_skewed(given));
            }
            let born = if at < 2 { 1945 + random.below(50) } else { 1985 + random.below(25) };
            let phone = if n > 1 && random.is(25) { shared_phone.clone() } else { phone(random) };
            let email = if random.is(40) {
                let host = random.pick(&["qq.com", "163.com", "126.com", "sina.com", "outlook.com"]);
                format!("{}@{host}", 10_000_000 + random.below(4_000_000_000))
            } else {
                String::new()
            };
            let dob = (born, 1 + random.below(12), 1 + random.below(28));
            Person { name, dob, phone, email, city, address: address.clone() }
        })
        .collect()
}

fn phone(random: &mut Random) -> String {
    format!(
        "1{}{:08}",
        random.pick(&[30, 35, 36, 38, 39, 50, 51, 52, 58, 59, 77, 78, 82, 86, 87, 88, 89, 99]),
        random.below(100_000_000)
    )
}

fn row(person: &Person) -> [String; 6] {
    let (year, month, day) = person.dob;
    [
        person.name.clone(),
        format!("{year:04}{month:02}{day:02}"),
        person.phone.clone(),
        person.email.clone(),
        person.city.to_owned(),
        person.address.clone(),
    ]
}

/// The person as another system has them: some fields missing, some with a slip, some changed for good.
fn corrupted(lists: &Lists, random: &mut Random, person: &Person) -> [String; 6] {
    let [mut name, mut dob, mut phone_number, mut email, mut city, mut address] = row(person);
    if random.is(10) {
        let chars: Vec<char> = name.chars().collect();
        name = match random.below(3) {
            // Given name first.
            0 => chars[1..].iter().chain(&chars[..1]).collect(),
            // A character left out.
            1 if chars.len() > 2 => [chars[0], chars[2]].iter().collect(),
            // Another character.
            _ => chars[..chars.len() - 1].iter().chain([random.pick(&lists.male)]).collect(),
        };
    }
    if random.is(15) {
        dob = String::new();
    } else if random.is(8) {
        let (year, month, day) = person.dob;
        dob = match random.below(3) {
            0 => format!("{year:04}{day:02}{month:02}"),
            1 => slip(random, &dob),
            _ => format!("{year:04}"),
        };
    }
    if random.is(15) {
        phone_number = if random.is(50) { String::new() } else { phone(random) };
    } else if random.is(6) {
        phone_number = slip(random, &phone_number);
    }
    if random.is(30) {
        email = String::new();
    }
    if random.is(20) {
        city = String::new();
    }
    if random.is(25) {
        address = String::new();
    } else if random.is(20) {
        // People move, and forms are filled in short.
        address = if random.is(50) {
            address.split('号').next().unwrap_or_default().to_owned() + "号"
        } else {
            household(lists, random)[0].address.clone()
        };
    }
    [name, dob, phone_number, email, city, address]
}

/// One digit replaced, or two neighbours swapped.
fn slip(random: &mut Random, digits: &str) -> String {
    let mut bytes = digits.as_bytes().to_vec();
    let at = 1 + random.below(bytes.len() - 2);
    if random.is(50) {
        bytes.swap(at, at + 1);
    } else {
        bytes[at] = b'0' + (bytes[at] - b'0' + 1 + random.below(9) as u8) % 10;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
