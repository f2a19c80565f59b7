//! Laws of matching, and sets in which a wrong merge lies near.

use proptest::prelude::*;
use zhike_ml::matching::{Field, Index, Kind, Model, Options, Outcome, Records, fit, link};

const FIELDS: [(&str, Kind); 6] = [
    ("name", Kind::FullName),
    ("birthday", Kind::Date),
    ("phone", Kind::Phone),
    ("city", Kind::Place),
    ("address", Kind::Address),
    ("id", Kind::Id),
];

type Row = (u64, Vec<String>);

fn fields() -> Vec<Field> {
    FIELDS.iter().map(|(name, kind)| Field::new(name, *kind)).collect()
}

fn records(rows: &[Row]) -> Records {
    let mut records = Records::new(&fields()).unwrap();
    let keys: Vec<u64> = rows.iter().map(|(key, _)| *key).collect();
    let columns: Vec<Vec<String>> =
        (0..FIELDS.len()).map(|field| rows.iter().map(|(_, values)| values[field].clone()).collect()).collect();
    records.append(&keys, &columns, 2).unwrap();
    records
}

fn options(n_threads: usize) -> Options {
    Options { n_threads, max_block: 6, ..Options::default() }
}

fn no_veto(_: u64, _: u64) -> bool {
    false
}

fn matched(rows: &[Row], n_threads: usize) -> (Model, Outcome) {
    let records = records(rows);
    let model = fit(&records, &options(n_threads));
    let outcome = link(&model, &records, &no_veto, n_threads);
    (model, outcome)
}

/// A crowd in which names, days and phones repeat, so that blocks overflow and clusters meet.
fn row() -> impl Strategy<Value = Vec<String>> {
    let name = prop::sample::select(vec!["张伟", "李娜", "张玮", "王小明", "王明", "欧阳锋", "zhang wei", "陈静", ""]);
    let day = prop::sample::select(vec!["19850307", "19850703", "1985", "19611120", "19900101", ""]);
    let phone = prop::sample::select(vec!["13812345678", "13812345687", "13912345678", "15900001111", ""]);
    let city = prop::sample::select(vec!["杭州", "上海", ""]);
    let address =
        prop::sample::select(vec!["杭州市西湖区文三路12号", "西湖区文三路十二号5室", "上海市静安区南京路1号", ""]);
    let id = prop::sample::select(vec!["7364009", "7364000", "1122334", "9988776", "", "", ""]);
    (name, day, phone, city, address, id).prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].map(str::to_owned).to_vec())
}

fn crowd(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), n)
        .prop_map(|rows| rows.into_iter().enumerate().map(|(at, row)| (at as u64 * 7 + 3, row)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// INV-MATCH-1.
    #[test]
    fn order_and_threads_change_nothing((rows, turned) in crowd(2..60).prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))) {
        let (model, outcome) = matched(&rows, 1);
        let (model_turned, outcome_turned) = matched(&turned, 3);
        prop_assert_eq!(model.rules(), model_turned.rules());
        prop_assert_eq!(model.prior().to_bits(), model_turned.prior().to_bits());
        prop_assert_eq!(outcome, outcome_turned);
    }

    /// INV-MATCH-2.
    #[test]
    fn an_index_answers_as_a_full_run(rows in crowd(2..60), later in prop::collection::vec((0_usize..80, row()), 0..40), cut in 0_usize..60, size in 1_usize..9) {
        let (model, _) = matched(&rows, 1);
        let mut index = Index::new(model.clone()).unwrap();
        let mut now = rows.clone();
        let veto = |a: u64, b: u64| (a + b).is_multiple_of(11);
        let mut changes: Vec<Row> = rows[cut.min(rows.len())..].to_vec();
        index.put(&rows[..cut.min(rows.len())], &veto).unwrap();
        for (at, values) in later {
            // Some that are there change, the others come.
            let key = if at < now.len() { now[at].0 } else { 10_000 + at as u64 };
            now.retain(|(other, _)| *other != key);
            now.push((key, values.clone()));
            changes.push((key, values));
        }
        for batch in changes.chunks(size) {
            index.put(batch, &veto).unwrap();
        }
        let full = link(&model, &records(&now), &veto, 2);
        let kept = index.outcome(&veto);
        prop_assert_eq!(&kept.clusters, &full.clusters);
        prop_assert_eq!(kept.review, full.review);
        for cluster in &full.clusters {
            prop_assert_eq!(&index.cluster_of(cluster[0]).unwrap(), cluster);
        }
    }

    /// INV-MATCH-3: giving one record the other's value in a field does not make them less probable.
    #[test]
    fn more_agreement_is_not_less_probable(rows in crowd(10..60), field in 0_usize..6) {
        let (model, _) = matched(&rows, 1);
        let (a, mut b) = (rows[0].1.clone(), rows[1].1.clone());
        if !a[field].is_empty() {
            let before = model.explain(&records(&[(1, a.clone()), (2, b.clone())]), 1, 2).unwrap().probability;
            b[field] = a[field].clone();
            let after = model.explain(&records(&[(1, a), (2, b)]), 1, 2).unwrap().probability;
            prop_assert!(after >= before - 1e-12, "{before} {after}");
        }
    }

    /// INV-MATCH-4 and 5, and the reasons add up to the probability.
    #[test]
    fn vetoes_hold_and_names_alone_join_nobody(rows in crowd(2..60), n in 2_u64..9) {
        let records = records(&rows);
        let model = fit(&records, &options(2));
        let veto = |a: u64, b: u64| a % n == b % n;
        let outcome = link(&model, &records, &veto, 2);
        for cluster in &outcome.clusters {
            for (i, a) in cluster.iter().enumerate() {
                prop_assert!(cluster[i + 1..].iter().all(|b| !veto(*a, *b)));
            }
        }
        prop_assert!(outcome.review.iter().all(|pair| !veto(pair.a, pair.b)));
        let why = model.explain(&records, rows[0].0, rows[1].0).unwrap();
        let strangers: f64 = why.reasons.iter().map(|reason| reason.bits).sum::<f64>() - why.prior_bits;
        let relatives: f64 = why.reasons.iter().map(|reason| reason.bits_among_relatives).sum();
        let expected = 1.0 / (1.0 + (-strangers).exp2() + model.relatives() * (-relatives).exp2());
        if why.is_unidentified {
            prop_assert!(why.probability < model.thresholds.automatic);
        } else {
            prop_assert!((why.probability - expected).abs() < 1e-6, "{} {expected}", why.probability);
        }
    }
}

/// Numbers that a seed determines.
fn number(seed: u64, n: u64) -> u64 {
    let z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) % n
}

/// Ordinary people, every third with a second record that lacks something; `with_families` says whether some share a home.
fn town(n: u64, with_families: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for at in 0..n {
        let of = |what: u64, n: u64| number(at * 100 + what, n);
        let home = if with_families && at % 4 == 1 { at - 1 } else { at };
        let at_home = |what: u64, n: u64| number(home * 100 + what, n);
        let surname = ["张", "李", "王", "刘", "陈", "杨", "赵", "黄"][at_home(1, 8) as usize];
        let given: String = (0..2).map(|part| char::from_u32(0x5b50 + of(2 + part, 60) as u32).unwrap()).collect();
        let city = ["杭州", "上海", "北京", "武汉"][at_home(4, 4) as usize];
        let address = format!("{city}市人民路{}号{}室", 1 + at_home(5, 400), 101 + at_home(6, 900));
        let phone = format!("139{:08}", at_home(7, 100_000_000));
        let day = format!("{}{:02}{:02}", 1950 + of(8, 55), 1 + of(9, 12), 1 + of(10, 28));
        let row = vec![format!("{surname}{given}"), day, phone, city.to_owned(), address, String::new()];
        rows.push((at * 10 + 100_000, row.clone()));
        if at % 3 == 0 {
            let mut again = row;
            again[1 + of(11, 4) as usize].clear();
            rows.push((at * 10 + 100_001, again));
        }
    }
    rows
}

fn person(key: u64, values: [&str; 6]) -> Row {
    (key, values.map(str::to_owned).to_vec())
}

/// People who are easily taken for one another.
fn traps() -> Vec<Row> {
    let home = "杭州市西湖区文三路12号5栋302室";
    let mut rows = vec![
        // Father and son of one name.
        person(1, ["赵国强", "19560312", "13711112222", "杭州", home, ""]),
        person(2, ["赵国强", "19840921", "13711112222", "杭州", home, ""]),
        // Twins.
        person(11, ["孙晓明", "19990601", "13722223333", "上海", "上海市静安区南京路8号1202室", ""]),
        person(12, ["孙晓亮", "19990601", "13722223333", "上海", "上海市静安区南京路8号1202室", ""]),
        // A family on the mother's phone.
        person(21, ["周建军", "19700102", "13733334444", "北京", "北京市朝阳区建国路88号601室", ""]),
        person(22, ["李秀兰", "19720817", "13733334444", "北京", "北京市朝阳区建国路88号601室", ""]),
        person(23, ["周子涵", "20010425", "13733334444", "北京", "北京市朝阳区建国路88号601室", ""]),
        person(24, ["周子轩", "20050911", "13733334444", "北京", "北京市朝阳区建国路88号601室", ""]),
    ];
    // Common names in one city, of whom little is known.
    for at in 0..30 {
        let day = format!("19{}{:02}{:02}", 60 + at, 1 + at % 12, 1 + at % 28);
        rows.push(person(100 + at, ["张伟", &day, "", "上海", "", ""]));
        rows.push(person(200 + at, ["李娜", "", "", "上海", "", ""]));
    }
    // Colleagues on the switchboard, two of them of one name.
    for at in 0..20 {
        let day = format!("19{}{:02}{:02}", 70 + at, 1 + at % 12, 1 + at % 27);
        let given = char::from_u32(0x6587 + at.min(18) as u32).unwrap();
        rows.push(person(300 + at, [&format!("钱{given}"), &day, "13744445555", "武汉", "", ""]));
    }
    rows
}

#[test]
fn nobody_is_merged_with_whom_they_only_resemble() {
    for with_families in [false, true] {
        let mut rows = town(1_500, with_families);
        rows.extend(traps());
        let (model, outcome) = matched(&rows, 2);
        let wrong: Vec<&Vec<u64>> =
            outcome.clusters.iter().filter(|cluster| cluster.iter().any(|key| *key < 100_000)).collect();
        let why = |cluster: &&Vec<u64>| model.explain(&records(&rows), cluster[0], cluster[1]);
        assert!(wrong.is_empty(), "with families {with_families}: {wrong:?}: {:#?}", wrong.first().map(why));
        // And those who are one person are found, else the above were easy.
        let n_found =
            outcome.clusters.iter().filter(|cluster| cluster.len() == 2 && cluster[0] + 1 == cluster[1]).count();
        assert!(n_found > 400, "with families {with_families}: {n_found} of 500");
        assert_eq!(outcome.clusters.len(), n_found, "with families {with_families}");
    }
}

#[test]
fn a_person_is_recognised_across_scripts_and_slips() {
    let mut rows = town(1_500, true);
    rows.extend([
        person(1, ["单雄信", "19850307", "13655556666", "杭州市", "浙江省杭州市西湖区文三路十二号", ""]),
        person(2, ["Shan Xiongxin", "19850703", "13655556666", "", "西湖区文三路12号", ""]),
        person(3, ["雄信单", "1985-03-07", "+86 136 5555 6667", "杭州", "", ""]),
    ]);
    let (_, outcome) = matched(&rows, 2);
    assert!(
        outcome.clusters.contains(&vec![1, 2, 3]),
        "{:?}",
        outcome.clusters.iter().filter(|c| c[0] < 9).collect::<Vec<_>>()
    );
}

#[test]
fn little_is_matched_without_a_fault() {
    for rows in [vec![], town(1, false)[..1].to_vec(), vec![person(1, [""; 6]), person(2, [""; 6])]] {
        let (_, outcome) = matched(&rows, 2);
        assert!(outcome.clusters.is_empty() && outcome.review.is_empty());
    }
    let mut records = records(&[]);
    assert!(records.append(&[1, 1], &vec![vec!["a", "b"]; 6], 1).is_err());
    assert!(records.is_empty() && records.append(&[1], &[vec!["a"]], 1).is_err());
    assert!(Records::new(&[]).is_err());
}
