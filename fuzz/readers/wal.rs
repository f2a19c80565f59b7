//! The event log: a segment of any bytes is read as far as it is sound, and the log goes on after it.

use zhike_wal::{Log, Options};

use crate::sim::SimDisk;
use crate::toy::toy;

/// A name, and what is done with bytes.
type Reader = (&'static str, fn(&[u8]));

/// All of them.
pub const READERS: &[Reader] = &[("wal-segment", segment)];

fn segment(data: &[u8]) {
    let disk = SimDisk::with_files([("00000000000000000000.wal", data.to_vec())]);
    let Ok((log, _)) = Log::open(disk, toy(), Options::default()) else { return };
    let batch = log.reader().read_from(log.start(), usize::MAX).expect("a log that opens is read");
    assert!(batch.records.is_sorted_by_key(|(position, _)| position));
    let next = log.append_and_wait(vec![b"next".to_vec()]).expect("it goes on").start;
    assert!(batch.records.iter().all(|(position, _)| *position < next), "a position comes twice");
}
