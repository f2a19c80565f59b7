//! How well personal data are found in free text: a corpus of 200,000 texts made from a seed, half of which hold one value,
//! half numbers and words that look like one. Ambiguous ones (any eleven digits, any nineteen) come at the rate at which
//! chance makes them.

use zhike_domain::detect::{FindingKind, scan};

/// Texts of each half.
const N: u32 = 100_000;

/// Numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        // Constants: Knuth, MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }

    fn digits(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    fn letters(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }
}

const MOBILES: &[&str] = &[
    "130", "135", "139", "145", "147", "149", "150", "153", "155", "159", "162", "165", "166", "167", "170", "173",
    "175", "177", "178", "180", "185", "189", "190", "191", "193", "196", "198", "199",
];
const NO_MOBILES: &[&str] = &[
    "100", "101", "110", "119", "120", "123", "128", "140", "141", "142", "154", "160", "161", "163", "168", "174",
    "179", "194",
];
const REGIONS: &[&str] =
    &["110105", "310104", "330106", "440305", "510104", "420111", "610113", "350203", "130102", "820000"];
const CARDS: &[(&str, usize)] = &[
    ("622202", 19),
    ("622848", 19),
    ("621700", 19),
    ("625912", 16),
    ("436742", 16),
    ("405512", 16),
    ("519412", 16),
    ("552245", 16),
    ("222100", 16),
    ("356833", 16),
    ("372301", 15),
    ("955880", 19),
    ("601382", 19),
    ("621098", 17),
];

fn full_width(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { char::from_u32(c as u32 + 0xfee0).unwrap_or(c) } else { c }).collect()
}

fn grouped(text: &str, lengths: &[usize], joint: &str) -> String {
    let mut at = 0;
    let mut parts: Vec<&str> = Vec::new();
    for length in lengths {
        let until = (at + length).min(text.len());
        parts.push(&text[at..until]);
        at = until;
    }
    parts.retain(|part| !part.is_empty());
    parts.join(joint)
}

fn phone(dice: &mut Dice) -> String {
    let number = format!("{}{}", dice.of(MOBILES), dice.digits(8));
    match dice.below(10) {
        0 => grouped(&number, &[3, 4, 4], "-"),
        1 => grouped(&number, &[3, 4, 4], " "),
        2 => format!("+86{number}"),
        3 => format!("+86 {number}"),
        4 => format!("86{number}"),
        5 => full_width(&number),
        6 => format!("0086{number}"),
        _ => number,
    }
}

fn id_number(dice: &mut Dice, is_right: bool) -> String {
    let date = format!("{}{:02}{:02}", 1940 + dice.below(75), 1 + dice.below(12), 1 + dice.below(28));
    let body = format!("{}{date}{}", dice.of(REGIONS), dice.digits(3));
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let shift = if is_right { 0 } else { 1 + dice.below(10) as u32 };
    let check = b"10X98765432"[((sum + shift) % 11) as usize] as char;
    let check = if dice.below(3) == 0 { check.to_ascii_lowercase() } else { check };
    match dice.below(8) {
        0 if is_right => format!("{} {} {}{check}", &body[..6], &body[6..14], &body[14..]),
        1 if is_right => full_width(&format!("{body}{check}")),
        _ => format!("{body}{check}"),
    }
}

fn card(dice: &mut Dice, is_right: bool) -> String {
    let (issuer, length) = CARDS[dice.below(CARDS.len() as u64) as usize];
    let body = format!("{issuer}{}", dice.digits(length - issuer.len() - 1));
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let doubled = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    let check = (10 - sum % 10) % 10;
    let check = if is_right { check } else { (check + 1 + dice.below(9) as u32) % 10 };
    let number = format!("{body}{check}");
    match dice.below(6) {
        0 => grouped(&number, &[4, 4, 4, 4, 3], " "),
        1 => grouped(&number, &[4, 4, 4, 4, 3], "-"),
        2 => full_width(&number),
        _ => number,
    }
}

fn email(dice: &mut Dice) -> String {
    let host =
        dice.of(&["qq.com", "163.com", "126.com", "sina.com.cn", "mail.example.cn", "gmail.com", "corp-mail.net"]);
    let n = 2 + dice.below(8) as usize;
    match dice.below(5) {
        0 => format!("{}@qq.com", 10_000 + dice.below(1 << 32)),
        1 => format!("{}.{}@{host}", dice.letters(n), dice.letters(3)),
        2 => format!("{}_{}＠{host}", dice.letters(n), dice.digits(2)),
        3 => format!("{}+{}@{host}", dice.letters(n), dice.letters(2)),
        _ => format!("{}@{host}", dice.letters(n)),
    }
}

/// Something that is no personal value, and might be taken for one.
fn other(dice: &mut Dice) -> String {
    match dice.below(30) {
        0 => format!("{}{}", dice.of(NO_MOBILES), dice.digits(8)),
        1 => dice.digits(11),
        2 => dice.digits(10),
        3 => dice.digits(12).replacen(['0', '1'], "7", 1),
        4 => format!("17{}", dice.digits(11)),
        5 => format!("2026{:02}{:02}{}", 1 + dice.below(12), 1 + dice.below(28), dice.digits(9)),
        6 => format!("2026{:02}{:02}{}", 1 + dice.below(12), 1 + dice.below(28), dice.digits(12)),
        7 => format!("69{}", dice.digits(11)),
        8 => format!("4{}", dice.digits(12)),
        9 => format!("SF{}", dice.digits(13)),
        10 => format!("JD{}-1-1-", dice.digits(12)),
        11 => dice.digits(16),
        12 => dice.digits(18),
        13 => format!("7{}", dice.digits(18)),
        14 => id_number(dice, false),
        15 => card(dice, false),
        16 => format!("0{}-{}", 10 + dice.below(90), 2_000_000 + dice.below(7_000_000)),
        17 => format!("0{}-{}", 300 + dice.below(600), 20_000_000 + dice.below(70_000_000)),
        18 => format!("400-{}-{}", dice.digits(3), dice.digits(4)),
        19 => format!("{}.{}.{}.{}", dice.below(256), dice.below(256), dice.below(256), dice.below(256)),
        20 => format!(
            "{}-{}-{}-{}-{}",
            dice.letters(8),
            dice.digits(4),
            dice.letters(4),
            dice.digits(4),
            dice.letters(12)
        ),
        21 => format!("{}.{:02}元 x {}", dice.below(1_000_000), dice.below(100), dice.below(1000)),
        22 => format!(
            "2026-{:02}-{:02} {:02}:{:02}:{:02}",
            1 + dice.below(12),
            1 + dice.below(28),
            dice.below(24),
            dice.below(60),
            dice.below(60)
        ),
        23 => format!("9133{}MA{}X", dice.digits(6), dice.letters(5).to_uppercase()),
        24 => format!("@{} 你看", dice.letters(6)),
        25 => format!("{}@{}", dice.letters(3), dice.letters(5)),
        26 => format!("{}@{}.{}", dice.letters(2), dice.digits(1), dice.digits(1)),
        27 => format!("{}****{}", dice.of(MOBILES), dice.digits(4)),
        28 => format!("{}{}", dice.of(MOBILES), dice.digits(12)),
        _ => format!("{} {} {}", dice.digits(3), dice.digits(3), dice.digits(6)),
    }
}

const BEFORE: &[&str] =
    &["", "请打", "电话:", "收货人 王芳 ", "(", "订单号：", "tel ", "【", "备注，", "\t", "\"", "a/", "已寄出，"];
const AFTER: &[&str] = &["", "。", "，谢谢", ")", " 尽快", "】", "号", "\n", "; ", "\"", "、"];

#[test]
fn personal_values_are_found_and_little_else() {
    let mut dice = Dice(20_261_122);
    let (mut n_found, mut n_wrong, mut missed, mut false_finds) = (0, 0, Vec::new(), Vec::new());
    for n in 0..N {
        let (kind, value) = match n % 4 {
            0 => (FindingKind::Phone, phone(&mut dice)),
            1 => (FindingKind::IdNumber, id_number(&mut dice, true)),
            2 => (FindingKind::Card, card(&mut dice, true)),
            _ => (FindingKind::Email, email(&mut dice)),
        };
        let (before, after) = (dice.of(BEFORE), dice.of(AFTER));
        let text = format!("{before}{value}{after}");
        let finds = scan(&text);
        let is_found = |find: &zhike_domain::detect::Finding| find.kind == kind && text[find.range.clone()] == value;
        match finds.iter().filter(|find| is_found(find)).count() {
            1 => n_found += 1,
            _ => missed.push(text.clone()),
        }
        n_wrong += finds.iter().filter(|find| !is_found(find)).count();
    }
    for _ in 0..N {
        let (before, value, after) = (dice.of(BEFORE), other(&mut dice), dice.of(AFTER));
        let text = format!("{before}{value}{after}");
        let finds = scan(&text);
        n_wrong += finds.len();
        if !finds.is_empty() {
            false_finds.push(text);
        }
    }
    let recall = f64::from(n_found) / f64::from(N);
    let precision = f64::from(n_found) / (f64::from(n_found) + n_wrong as f64);
    let some = |all: &[String]| all.iter().step_by(all.len() / 20 + 1).cloned().collect::<Vec<_>>();
    let what = format!("missed {:?}\nfalse {:?}", some(&missed), some(&false_finds));
    assert!(recall >= 0.995 && precision >= 0.99, "recall {recall}, precision {precision}\n{what}");
}
