//! Segments that released formats wrote; they must open for ever. Add to them, never change them.

use zhike_wal::{Error, Log, Options};

use crate::faults::{all, one, open};
use crate::sim::SimDisk;
use crate::toy::toy;

const HEADER_V1: &str = "5a484b5700010027000000000000012c000000000000012c00000863cbe1e459320dd7fccead7a";
const RECORDS_V1: &str = concat!(
    "f75a521c0000000b000000000000012c00000000cfee1df3f2d9af028cb3988f3eb588eaab0f46",
    "f75a521c0000000b000000000000012d000000001da3dce84939fb238161794a247ccad1cd23ee",
    "f75a521c00000008000000000000012e00000001831a13d994e22d61369706d3b5b4d2b4",
);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// Header twice, in blocks of 4096 bytes, then records.
fn file(header: &[u8], records: &[u8]) -> Vec<u8> {
    let mut bytes = header.to_vec();
    bytes.resize(4096, 0);
    bytes.extend_from_within(..);
    bytes.extend_from_slice(records);
    bytes
}

#[test]
fn version_1_is_read_and_written() {
    let name = "00000000000000000300.wal";
    let bytes = file(&unhex(HEADER_V1), &unhex(RECORDS_V1));
    let disk = SimDisk::new(1);
    let (log, _) = Log::open(disk.clone(), toy(), Options { first_position: 300, ..Options::default() }).unwrap();
    log.append_and_wait(one("one")).unwrap();
    log.append_and_wait(vec!["二".as_bytes().to_vec(), Vec::new()]).unwrap();
    let written = &disk.files()[name];
    assert_eq!((hex(&written[..39]).as_str(), hex(&written[8192..]).as_str()), (HEADER_V1, RECORDS_V1));
    drop(log);

    let log = open(&SimDisk::with_files([(name, bytes)]));
    assert_eq!(all(&log), (vec!["one".to_owned(), "二".to_owned(), String::new()], Vec::new()));
    assert_eq!((log.start(), log.end()), (300, 303));
}

/// INV-WAL-6
#[test]
fn an_unknown_version_refuses_the_log_and_changes_nothing() {
    // Version 2, of which only magic, version, length and checksum are known to stay.
    let mut header = b"ZHKW\x00\x02\x00\x14whatever".to_vec();
    header.extend_from_slice(&CHECKSUM_V2.to_be_bytes());
    let disk = SimDisk::with_files([
        ("00000000000000000000.wal", file(&unhex(HEADER_V1), b"torn")),
        ("00000000000000000009.wal", file(&header, b"")),
    ]);
    let before = disk.files();
    let refused = Log::open(disk.clone(), toy(), Options::default()).unwrap_err();
    assert!(matches!(&refused, Error::UnsupportedVersion { found: 2, known: 1, .. }), "{refused}");
    assert_eq!(disk.files(), before);
}

/// CRC-32 of the header above.
const CHECKSUM_V2: u32 = 0x2d28_45b4;
