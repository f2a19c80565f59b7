//! A log that goes on under another key: nothing is left under the old one once all before is cut.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use zhike_wal::{Cipher, Log, Options, Refused, Sealer};

use crate::sim::SimDisk;
use crate::toy::Toy;

/// A cipher whose secret changes; the older ones open as long as they are kept.
struct Turning {
    secret: AtomicU64,
    kept: Mutex<Vec<u64>>,
}

impl Turning {
    fn new() -> Arc<Self> {
        Arc::new(Self { secret: AtomicU64::new(1), kept: Mutex::new(vec![1]) })
    }

    /// Another secret from now on.
    fn turn(&self) {
        let secret = self.secret.fetch_add(1, Ordering::SeqCst) + 1;
        self.kept.lock().unwrap().push(secret);
    }

    /// Destroys all secrets but the newest.
    fn destroy_old(&self) {
        let newest = self.secret.load(Ordering::SeqCst);
        self.kept.lock().unwrap().retain(|secret| *secret == newest);
    }

    fn wrapped(&self) -> Vec<u8> {
        crate::toy::mix(self.secret.load(Ordering::SeqCst)).to_be_bytes().to_vec()
    }
}

impl Cipher for Turning {
    fn start(&self, segment: u64) -> io::Result<(Vec<u8>, Box<dyn Sealer>)> {
        Toy { secret: self.secret.load(Ordering::SeqCst) }.start(segment)
    }

    fn open(&self, segment: u64, wrapped: &[u8]) -> io::Result<Box<dyn Sealer>> {
        let kept = self.kept.lock().unwrap().clone();
        let opened = kept.into_iter().find_map(|secret| Toy { secret }.open(segment, wrapped).ok());
        opened.ok_or_else(|| io::Error::other("the secret is destroyed"))
    }
}

fn open(disk: &SimDisk, cipher: &Arc<Turning>) -> Log {
    let (log, report) = Log::open(disk.clone(), cipher.clone(), Options::default()).unwrap();
    assert_eq!(report.damaged, []);
    log
}

fn read(log: &Log) -> Vec<(u64, Vec<u8>)> {
    let found = log.reader().read_from(log.start(), usize::MAX).unwrap();
    assert_eq!(found.damaged, []);
    found.records
}

#[test]
fn an_empty_segment_is_rolled_by_renewing_alone() {
    let (disk, cipher) = (SimDisk::new(1), Turning::new());
    let log = open(&disk, &cipher);
    log.append_and_wait(vec![b"one".to_vec()]).unwrap();
    log.roll().unwrap();
    let old = cipher.wrapped();
    let before = log.segments();
    assert_eq!((before.len(), &before[1].key), (2, &old));
    cipher.turn();
    log.roll().unwrap();
    assert_eq!(log.segments().len(), 2, "an empty segment is not rolled");
    log.renew().unwrap();
    assert_eq!(log.segments().last().unwrap().key, cipher.wrapped());
    log.cut(log.end()).unwrap();
    let left = log.segments();
    assert!(left.len() == 1 && left.iter().all(|segment| segment.key != old), "{left:?}");
    // The segment that was left empty keeps its position for itself.
    assert_eq!(log.append_and_wait(vec![b"two".to_vec()]).unwrap(), 2..3);
    drop(log);
    cipher.destroy_old();
    assert_eq!(read(&open(&disk, &cipher)), [(2, b"two".to_vec())]);
}

#[test]
fn a_closed_log_refuses() {
    let log = open(&SimDisk::new(1), &Turning::new());
    log.close();
    assert!(matches!(log.renew(), Err(Refused::Closed)));
}

#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    Roll,
    Renew,
    /// Another secret, all that was written read and cut, the old secrets destroyed; as the keys of events change.
    Turn,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        4 => (1_u8..4).prop_map(Step::Append),
        1 => Just(Step::Roll),
        2 => Just(Step::Renew),
        2 => Just(Step::Turn),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(one, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever came before, a log that was renewed and cut hangs on no older secret and has lost nothing since.
    #[test]
    fn no_old_key_is_needed_any_more(steps in steps()) {
        let (disk, cipher) = (SimDisk::new(3), Turning::new());
        let mut log = open(&disk, &cipher);
        let (mut next, mut kept) = (0_u64, Vec::new());
        for step in steps {
            match step {
                Step::Append(n) => {
                    let records: Vec<Vec<u8>> = (0..u64::from(n)).map(|k| (next + k).to_be_bytes().to_vec()).collect();
                    let positions = log.append_and_wait(records.clone()).unwrap();
                    prop_assert!(positions.start >= next && positions.end - positions.start == u64::from(n));
                    next = positions.end;
                    kept.extend(positions.zip(records));
                }
                Step::Roll => log.roll().unwrap(),
                Step::Renew => log.renew().unwrap(),
                Step::Turn => {
                    cipher.turn();
                    log.renew().unwrap();
                    log.cut(log.end()).unwrap();
                    kept.clear();
                    cipher.destroy_old();
                    prop_assert!(log.segments().iter().all(|segment| segment.key == cipher.wrapped()));
                }
                Step::Reopen => {
                    drop(log);
                    log = open(&disk, &cipher);
                }
            }
            // What was cut in part stays readable until its segment goes; what was kept is all there.
            let found: Vec<(u64, Vec<u8>)> = read(&log);
            prop_assert_eq!(&found[found.len() - kept.len()..], kept.as_slice());
            prop_assert!(log.end() >= next);
        }
    }
}
