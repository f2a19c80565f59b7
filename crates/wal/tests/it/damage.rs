//! Bytes that rot, ends that tear (INV-WAL-5).

use std::collections::BTreeMap;

use zhike_wal::{Batch, Log, Options, Position, Reason, Report, Torn};

use crate::faults::{all, one, open};
use crate::sim::SimDisk;
use crate::toy::toy;

const FIRST: &str = "00000000000000000000.wal";

fn records() -> Vec<Vec<u8>> {
    ["one", "two two", "", "four"].map(|text| text.as_bytes().to_vec()).to_vec()
}

/// One segment, or a second one after it, with each record in a group of its own.
fn files(is_rolled: bool) -> BTreeMap<String, Vec<u8>> {
    let disk = SimDisk::new(1);
    let log = open(&disk);
    for record in records() {
        log.append_and_wait(vec![record]).unwrap();
    }
    if is_rolled {
        log.roll().unwrap();
        log.append_and_wait(one("last")).unwrap();
    }
    drop(log);
    disk.files()
}

fn disk_of(files: &BTreeMap<String, Vec<u8>>) -> SimDisk {
    SimDisk::with_files(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())))
}

fn read(files: &BTreeMap<String, Vec<u8>>) -> (Batch, Report, SimDisk) {
    let disk = disk_of(files);
    let (log, report) = Log::open(disk.clone(), toy(), Options::default()).unwrap();
    (log.reader().read_from(log.start(), usize::MAX).unwrap(), report, disk)
}

#[test]
fn an_end_may_tear_at_any_byte() {
    let whole = files(false);
    let n_bytes = whole[FIRST].len();
    for cut in 0..=n_bytes {
        let mut torn = whole.clone();
        torn.get_mut(FIRST).unwrap().truncate(cut);
        let disk = disk_of(&torn);
        let (log, report) = Log::open(disk.clone(), toy(), Options::default()).unwrap();
        let (texts, damaged) = all(&log);
        assert_eq!((damaged, &report.damaged[..]), (Vec::new(), &[][..]), "cut at {cut}");
        // What is there is a beginning; what is behind the last whole record is reported and gone.
        let offset: usize =
            if cut < 8192 { cut } else { 8192 + texts.iter().map(|text| 28 + text.len() + 8).sum::<usize>() };
        let expected: Vec<Vec<u8>> = records().into_iter().take(texts.len()).collect();
        assert_eq!(texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>(), expected);
        assert_eq!(report.torn.as_ref().map(|torn| torn.n_bytes as usize).unwrap_or(0), cut - offset, "cut at {cut}");
        if let Some(bytes) = disk.files().get(FIRST).filter(|_| cut >= 8192) {
            assert_eq!(bytes.len(), offset);
        }
        // And the log goes on: no position that may have been told comes twice.
        let position = log.append_and_wait(one("next")).unwrap().start;
        assert!(position > texts.len() as Position || cut == offset, "cut at {cut}");
        drop(log);
        let (after, damaged) = all(&open(&disk));
        assert_eq!((after.len(), damaged), (texts.len() + 1, Vec::new()));
    }
}

fn each_flip(is_rolled: bool, mut check: impl FnMut(usize, Batch, Report)) {
    let whole = files(is_rolled);
    for at in 0..whole[FIRST].len() {
        if at < 8192 && at % 4096 > 50 && at % 500 != 0 {
            continue;
        }
        let mut flipped = whole.clone();
        flipped.get_mut(FIRST).unwrap()[at] ^= 1 << (at % 8);
        let (batch, report, _) = read(&flipped);
        check(at, batch, report);
    }
}

fn lost(batch: &Batch, expected: &[Vec<u8>]) -> Vec<Position> {
    let found: BTreeMap<Position, &Vec<u8>> = batch.records.iter().map(|(at, record)| (*at, record)).collect();
    assert_eq!(found.len(), batch.records.len());
    assert!(batch.records.is_sorted_by_key(|(position, _)| position));
    let mut lost = Vec::new();
    for (position, record) in expected.iter().enumerate() {
        match found.get(&(position as Position)) {
            Some(found) => assert_eq!(*found, record),
            None => lost.push(position as Position),
        }
    }
    lost
}

#[test]
fn a_flipped_bit_costs_one_record_and_is_reported() {
    let mut n_lost = 0;
    each_flip(true, |at, batch, report| {
        let mut expected = records();
        expected.push(b"last".to_vec());
        let lost = lost(&batch, &expected);
        assert!(lost.len() <= 1, "byte {at}: {lost:?}");
        n_lost += lost.len();
        assert_eq!(report.torn, None);
        let is_padding = at % 4096 >= 39;
        if at < 8192 {
            assert_eq!((lost.len(), report.damaged.len()), (0, usize::from(!is_padding)), "byte {at}: {report:?}");
            assert!(report.damaged.iter().all(|damage| damage.reason == Reason::Header && damage.from == damage.to));
        } else {
            assert_eq!(batch.damaged, report.damaged, "byte {at}");
            let [damage] = &report.damaged[..] else { panic!("byte {at}: {report:?}") };
            assert_eq!((vec![damage.from], damage.to), (lost, damage.from + 1));
            assert_eq!(damage.reason, Reason::Corrupt);
        }
    });
    assert_eq!(n_lost, 4 * (28 + 8) + 3 + 7 + 4, "every byte of a record matters");
}

/// Without a later segment damage in the last record cannot be told from a torn end, nor its position be used again.
#[test]
fn a_flipped_bit_in_the_last_record_looks_like_a_torn_end() {
    each_flip(false, |at, batch, report| {
        let lost = lost(&batch, &records());
        let is_last = at >= 8192 + 3 * 36 + 3 + 7;
        match &report.torn {
            Some(Torn { position: 3, .. }) => assert!(is_last && lost == [3] && report.damaged.is_empty()),
            Some(torn) => panic!("byte {at}: {torn:?}"),
            None => assert!(!is_last && lost.len() <= 1 && (at < 8192 || report.damaged.len() == 1), "byte {at}"),
        }
    });
}

#[test]
fn damage_within_the_last_group_may_be_an_unfinished_one() {
    let disk = SimDisk::new(1);
    let log = open(&disk);
    log.append_and_wait(one("before")).unwrap();
    log.append_and_wait(records()).unwrap();
    drop(log);
    let mut torn = disk.files();
    // The second record of the group.
    torn.get_mut(FIRST).unwrap()[8192 + 28 + 6 + 8 + 28 + 3 + 8 + 5] ^= 1;
    let (batch, report, disk) = read(&torn);
    let [damage] = &report.damaged[..] else { panic!("{report:?}") };
    assert_eq!((damage.from, damage.to, damage.reason), (2, 3, Reason::Unfinished));
    assert_eq!((batch.damaged, batch.records.len()), (report.damaged.clone(), 4));
    // It stays so when the log has gone on.
    let disk = disk.kill();
    let log = open(&disk);
    log.append_and_wait(one("next")).unwrap();
    drop(log);
    let (_, report, _) = read(&disk.files());
    assert_eq!(report.damaged[0].reason, Reason::Unfinished);
}

/// A record may hold what looks like another: it must not be taken for one when its own frame is damaged.
#[test]
fn a_record_within_a_record_is_not_believed() {
    struct Plain;
    impl zhike_wal::Sealer for Plain {
        fn seal(&mut self, position: u64, plain: &[u8], out: &mut Vec<u8>) {
            out.extend_from_slice(plain);
            out.push(position as u8 ^ 0x55);
        }
        fn open(&self, position: u64, sealed: &[u8]) -> Option<Vec<u8>> {
            let (tag, plain) = sealed.split_last()?;
            (*tag == position as u8 ^ 0x55).then(|| plain.to_vec())
        }
    }
    struct Weak;
    impl zhike_wal::Cipher for Weak {
        fn start(&self, _: u64) -> std::io::Result<(Vec<u8>, Box<dyn zhike_wal::Sealer>)> {
            Ok((Vec::new(), Box::new(Plain)))
        }
        fn open(&self, _: u64, _: &[u8]) -> std::io::Result<Box<dyn zhike_wal::Sealer>> {
            Ok(Box::new(Plain))
        }
    }
    let open = |disk: &SimDisk| Log::open(disk.clone(), std::sync::Arc::new(Weak), Options::default()).unwrap();
    // A whole frame of position 1 with a seal that is wrong for it, taken from another log of the same first position.
    let other = SimDisk::new(1);
    open(&other).0.append_and_wait(vec![b"x".to_vec(), b"forged".to_vec()]).unwrap();
    let mut forged = other.files()[FIRST][8192 + 30..].to_vec();
    let n_bytes = forged.len();
    forged[n_bytes - 1] ^= 1;
    let checksum = crc32(&forged[28..]);
    forged[20..24].copy_from_slice(&checksum.to_be_bytes());
    let mut head = vec![0; 8];
    head.extend_from_slice(&forged[..24]);
    let checksum = crc32(&head);
    forged[24..28].copy_from_slice(&checksum.to_be_bytes());

    let disk = SimDisk::new(1);
    open(&disk).0.append_and_wait(vec![forged.clone(), b"true".to_vec()]).unwrap();
    let mut files = disk.files();
    files.get_mut(FIRST).unwrap()[8192 + 9] ^= 1;
    let disk = disk_of(&files);
    let (log, _) = open(&disk);
    let batch = log.reader().read_from(0, usize::MAX).unwrap();
    assert_eq!(batch.records, [(1, b"true".to_vec())]);
    assert_eq!((batch.damaged[0].from, batch.damaged[0].to), (0, 1));
}

/// CRC-32 as in Ethernet and zip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn a_missing_segment_is_reported() {
    let disk = SimDisk::new(1);
    let options = Options { segment_bytes: 1, ..Options::default() };
    let (log, _) = Log::open(disk.clone(), toy(), options).unwrap();
    for n in 0..4 {
        log.append_and_wait(one(&format!("{n}"))).unwrap();
    }
    drop(log);
    let mut left = disk.files();
    left.remove("00000000000000000002.wal");
    let (batch, report, _) = read(&left);
    assert_eq!(batch.records.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 3]);
    assert_eq!(batch.damaged, report.damaged);
    let [damage] = &report.damaged[..] else { panic!("{report:?}") };
    assert_eq!((damage.from, damage.to, damage.reason), (2, 3, Reason::Missing));
}

#[test]
fn a_segment_without_a_header_is_reported_and_not_overwritten() {
    for is_rolled in [false, true] {
        let mut damaged = files(is_rolled);
        damaged.get_mut(FIRST).unwrap()[..8192].fill(0);
        let (batch, report, disk) = read(&damaged);
        assert_eq!((batch.records.len(), &batch.damaged), (usize::from(is_rolled), &report.damaged));
        let [damage] = &report.damaged[..] else { panic!("{report:?}") };
        assert_eq!((damage.from, damage.to, damage.reason), (0, 4, Reason::Header));
        assert_eq!(disk.files(), damaged);
        let disk = disk.kill();
        assert!(open(&disk).append_and_wait(one("next")).unwrap().start >= 4);
    }
}

/// INV-WAL-8
#[test]
fn arbitrary_files_do_not_panic() {
    for seed in 0..300_u64 {
        let mut damaged = files(seed % 2 == 0);
        let bytes = damaged.get_mut(FIRST).unwrap();
        for n in 0..1 + seed % 40 {
            let at = crate::toy::mix(seed << 8 | n) as usize;
            // Mostly where something stands.
            let at = if at.is_multiple_of(3) { at / 3 % bytes.len() } else { 8192 + at / 3 % (bytes.len() - 8192) };
            bytes[at] = crate::toy::mix(at as u64) as u8;
        }
        let (batch, _, _) = read(&damaged);
        assert!(
            batch.records.iter().all(|(at, record)| records().get(*at as usize).is_none_or(|known| known == record))
        );
    }
}
