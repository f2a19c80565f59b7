//! Random lives of a log on a disk that fails, against what must hold (INV-WAL-1 to 3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;

use proptest::prelude::*;
use zhike_wal::{Log, Options, Position, Reader, Reason};

use crate::sim::SimDisk;
use crate::toy::{mix, toy};

#[derive(Clone, Debug)]
enum Op {
    /// Appends of so many records each, all waiting at once.
    Append(Vec<usize>),
    Read(usize),
    /// Cuts what lies before this part, in 256ths, of what is there.
    Cut(u8),
    Roll,
    Reopen,
    Kill,
    CutPower,
    FailSyncs(usize),
    LeaveSpace(usize),
    FreeSpace,
    WriteShort(bool),
    DieAfter(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => prop::collection::vec(0..4_usize, 1..5).prop_map(Op::Append),
        3 => (1..200_usize).prop_map(Op::Read),
        2 => any::<u8>().prop_map(Op::Cut),
        1 => Just(Op::Roll),
        1 => Just(Op::Reopen),
        1 => Just(Op::Kill),
        2 => Just(Op::CutPower),
        1 => (1..3_usize).prop_map(Op::FailSyncs),
        1 => (0..9000_usize).prop_map(Op::LeaveSpace),
        1 => Just(Op::FreeSpace),
        1 => any::<bool>().prop_map(Op::WriteShort),
        2 => (0..12_usize).prop_map(Op::DieAfter),
    ];
    prop::collection::vec(op, 1..40)
}

/// What the callers know.
#[derive(Default)]
struct Known {
    n_sent: u64,
    /// Told to be durable.
    acknowledged: BTreeMap<Position, u64>,
    /// Given to a reader at some time.
    seen: BTreeMap<Position, u64>,
    /// Refused, and not yet known to be void.
    refused: BTreeSet<u64>,
    /// Refused before a later append succeeded, or not there at a start: must never be read.
    void: BTreeSet<u64>,
    /// What was cut may be there or not.
    cut: Position,
}

impl Known {
    fn payload(&mut self) -> Vec<u8> {
        self.n_sent += 1;
        let mut payload = self.n_sent.to_be_bytes().to_vec();
        payload.resize(8 + (mix(self.n_sent) % 60) as usize, self.n_sent as u8);
        payload
    }

    fn saw(&mut self, position: Position, payload: &[u8]) {
        let id = u64::from_be_bytes(payload[..8].try_into().unwrap());
        assert!((1..=self.n_sent).contains(&id), "a record that nobody sent");
        assert!(!self.void.contains(&id), "record {id} was refused and came back at {position}");
        assert_eq!(*self.acknowledged.get(&position).unwrap_or(&id), id, "position {position} stands for two records");
        assert_eq!(*self.seen.entry(position).or_insert(id), id, "position {position} has changed");
    }

    /// Reads everything and compares.
    fn check(&mut self, log: &Log) {
        let mut reader = log.reader();
        let (mut next, mut found) = (log.start(), BTreeMap::new());
        while next < log.end() {
            let batch = reader.read_from(next, 50).unwrap();
            for damage in batch.damaged {
                assert_eq!(damage.reason, Reason::Unfinished, "{damage:?}");
                let mut hit = self.acknowledged.range(damage.from..damage.to.max(damage.from));
                assert!(hit.next().is_none(), "{damage:?}");
            }
            for (position, payload) in batch.records {
                assert!(position >= next, "out of order");
                next = position + 1;
                self.saw(position, &payload);
                assert!(found.insert(position, payload).is_none(), "position {position} twice");
            }
            assert!(batch.next >= next);
            next = batch.next;
        }
        let ids: BTreeSet<&[u8]> = found.values().map(|payload| &payload[..8]).collect();
        assert_eq!(ids.len(), found.len(), "a record stands twice");
        for position in self.acknowledged.range(self.cut..).chain(self.seen.range(self.cut..)).map(|(at, _)| at) {
            assert!(found.contains_key(position), "position {position} is lost");
        }
    }
}

struct Life {
    disk: SimDisk,
    log: Option<Log>,
    reader: Option<(Reader, Position)>,
    known: Known,
}

fn options() -> Options {
    Options { segment_bytes: 8192 + 400, group_bytes: 300, ..Options::default() }
}

impl Life {
    fn log(&self) -> &Log {
        self.log.as_ref().unwrap()
    }

    /// The next process.
    fn begin(&mut self, disk: SimDisk) {
        self.reader = None;
        self.log = None;
        self.disk = disk;
        // A start that cannot make durable what it found is refused, one may die; the next tries again.
        let mut tries = (0..4).map(|n| {
            if self.disk.is_dead() {
                self.disk = if n % 2 == 0 { self.disk.kill() } else { self.disk.cut_power() };
            }
            Log::open(self.disk.clone(), toy(), options())
        });
        let (log, report) = tries.find_map(Result::ok).unwrap();
        for damage in &report.damaged {
            assert_eq!(damage.reason, Reason::Unfinished, "{damage:?}");
        }
        self.known.check(&log);
        let seen: BTreeSet<u64> = self.known.seen.values().copied().collect();
        let refused = std::mem::take(&mut self.known.refused);
        self.known.void.extend(refused.difference(&seen));
        self.log = Some(log);
    }

    fn append(&mut self, sizes: &[usize]) {
        let (sender, answers) = mpsc::channel();
        let mut n_waiting = 0;
        for &n_records in sizes {
            let records: Vec<Vec<u8>> = (0..n_records).map(|_| self.known.payload()).collect();
            let ids: Vec<u64> =
                records.iter().map(|record| u64::from_be_bytes(record[..8].try_into().unwrap())).collect();
            let sender = sender.clone();
            self.log().append(records, move |outcome| sender.send((ids, outcome)).unwrap()).unwrap();
            n_waiting += 1;
        }
        for (ids, outcome) in answers.iter().take(n_waiting) {
            match outcome {
                Ok(positions) => {
                    assert_eq!(positions.end - positions.start, ids.len() as u64);
                    for (position, id) in positions.zip(ids) {
                        assert!(!self.known.seen.contains_key(&position), "position {position} is used again");
                        assert!(
                            self.known.acknowledged.insert(position, id).is_none(),
                            "position {position} is used again"
                        );
                        self.known.void.append(&mut self.known.refused);
                    }
                }
                Err(_) => self.known.refused.extend(ids),
            }
        }
    }

    fn live(&mut self, op: &Op) {
        match op {
            Op::Append(sizes) => self.append(sizes),
            Op::Read(max_bytes) => {
                let (mut reader, next) =
                    self.reader.take().unwrap_or_else(|| (self.log().reader(), self.log().start()));
                if let Ok(batch) = reader.read_from(next.max(self.log().start()), *max_bytes) {
                    batch.records.iter().for_each(|(position, payload)| self.known.saw(*position, payload));
                    self.reader = Some((reader, batch.next));
                }
            }
            Op::Cut(part) => {
                let (start, end) = (self.log().start(), self.log().end());
                let before = start + (end.saturating_sub(start)) * u64::from(*part) / 255;
                self.known.cut = self.known.cut.max(before);
                let _ = self.log().cut(before);
            }
            Op::Roll => drop(self.log().roll()),
            Op::Reopen => {
                self.log = None;
                let disk = if self.disk.is_dead() { self.disk.kill() } else { self.disk.clone() };
                self.begin(disk);
            }
            Op::Kill => self.begin(self.disk.kill()),
            Op::CutPower => self.begin(self.disk.cut_power()),
            Op::FailSyncs(n) => self.disk.fail_syncs(*n),
            Op::LeaveSpace(n) => self.disk.leave_space(Some(*n)),
            Op::FreeSpace => self.disk.leave_space(None),
            Op::WriteShort(is_short) => self.disk.write_short(*is_short),
            Op::DieAfter(n) => self.disk.die_after(*n),
        }
        if !self.disk.is_dead() {
            self.known.check(self.log.as_ref().unwrap());
        } else if matches!(op, Op::Append(_) | Op::Roll | Op::Cut(_)) {
            // Dead in the middle: sometimes the machine, sometimes only the process.
            let disk = if self.known.n_sent.is_multiple_of(2) { self.disk.cut_power() } else { self.disk.kill() };
            self.begin(disk);
        }
    }
}

/// Lives the operations on a disk of this seed, then cuts the power and looks.
fn live(ops: &[Op], seed: u64) {
    let disk = SimDisk::new(seed);
    let log = Log::open(disk.clone(), toy(), options()).unwrap().0;
    let mut life = Life { disk, log: Some(log), reader: None, known: Known::default() };
    for op in ops {
        life.live(op);
    }
    life.disk.leave_space(None);
    life.begin(life.disk.cut_power());
    life.append(&[1]);
    life.known.check(life.log.as_ref().unwrap());
    assert!(!life.known.acknowledged.is_empty(), "a healthy disk takes appends");
}

/// The process dies after cutting off a refused record and before that is durable; what the next start did not find must
/// not come back with a power cut.
#[test]
fn what_a_start_did_not_find_stays_away() {
    let begin = [Op::Append(vec![4]), Op::Roll];
    // The cut is not fsynced; or its fsync fails and the whole segment is removed, and that is not fsynced.
    let cut = [Op::FailSyncs(1), Op::DieAfter(3), Op::Append(vec![1])];
    let removed = [Op::FailSyncs(2), Op::Append(vec![1]), Op::Kill];
    for end in [cut, removed] {
        let ops = [&begin[..], &end[..]].concat();
        (0..5000).for_each(|seed| live(&ops, seed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_log_keeps_its_word(ops in ops(), seed in any::<u64>()) {
        live(&ops, seed);
    }
}
