//! Disks that fail, queues that are full, many at once.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use zhike_wal::{Batch, Damage, Error, Log, Options, Position, Reason, Refused};

use crate::sim::SimDisk;
use crate::toy::{Toy, toy};

pub fn open(disk: &SimDisk) -> Log {
    Log::open(disk.clone(), toy(), Options::default()).unwrap().0
}

pub fn one(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

/// All records as text, in order, and the damage.
pub fn all(log: &Log) -> (Vec<String>, Vec<Damage>) {
    let Batch { records, damaged, .. } = log.reader().read_from(log.start(), usize::MAX).unwrap();
    (records.into_iter().map(|(_, record)| String::from_utf8(record).unwrap()).collect(), damaged)
}

fn texts(log: &Log) -> Vec<String> {
    let (texts, damaged) = all(log);
    assert_eq!(damaged, []);
    texts
}

#[test]
fn what_was_appended_is_read_back_in_order_and_in_pieces() {
    let disk = SimDisk::new(1);
    let log = open(&disk);
    assert_eq!(log.append_and_wait(vec![b"a".to_vec(), Vec::new(), b"c".to_vec()]).unwrap(), 0..3);
    assert_eq!(log.append_and_wait(Vec::new()).unwrap(), 3..3);
    assert_eq!(log.append_and_wait(one("d")).unwrap(), 3..4);
    let mut reader = log.reader();
    let first = reader.read_from(0, 1).unwrap();
    assert_eq!((first.records, first.next), (vec![(0, b"a".to_vec())], 1));
    let rest = reader.read_from(1, usize::MAX).unwrap();
    assert_eq!(rest.records, [(1, Vec::new()), (2, b"c".to_vec()), (3, b"d".to_vec())]);
    assert_eq!(reader.read_from(rest.next, 1).unwrap(), Batch { next: 4, ..Batch::default() });
    log.append_and_wait(one("e")).unwrap();
    assert_eq!(reader.read_from(4, 1).unwrap().records, [(4, b"e".to_vec())]);
    assert_eq!(reader.read_from(1, 1).unwrap().next, 2, "an empty record counts");
    drop(log);
    let (log, report) = Log::open(disk, toy(), Options::default()).unwrap();
    assert_eq!((report, texts(&log)), (Default::default(), ["a", "", "c", "d", "e"].map(str::to_owned).to_vec()));
}

#[test]
fn segments_are_rolled_and_cut_and_positions_go_on() {
    let disk = SimDisk::new(1);
    let options = Options { segment_bytes: 8192 + 60, ..Options::default() };
    let (log, _) = Log::open(disk.clone(), toy(), options.clone()).unwrap();
    for n in 0..10 {
        log.append_and_wait(one(&format!("r{n}"))).unwrap();
    }
    assert_eq!(log.stats().n_segments, 5);
    assert_eq!(log.cut(3).unwrap(), 1);
    assert_eq!((log.start(), log.end()), (2, 10));
    let early = log.reader().read_from(0, 1).unwrap();
    assert_eq!((early.damaged[0].from, early.damaged[0].to, early.damaged[0].reason), (0, 2, Reason::Missing));
    assert_eq!(log.cut(Position::MAX).unwrap(), 3);
    log.roll().unwrap();
    log.roll().unwrap();
    assert_eq!(log.cut(Position::MAX).unwrap(), 1);
    assert_eq!((log.stats().n_segments, log.stats().disk_bytes, texts(&log)), (1, 8192, Vec::new()));
    drop(log);
    let (log, _) = Log::open(disk.clone(), toy(), options).unwrap();
    assert_eq!(log.append_and_wait(one("next")).unwrap().start, 11, "an empty segment's name is not used again");
    assert_eq!(texts(&log), ["next"]);
}

#[test]
fn two_logs_do_not_share_a_directory() {
    let disk = SimDisk::new(1);
    let log = open(&disk);
    assert!(matches!(Log::open(disk.clone(), toy(), Options::default()), Err(Error::Locked)));
    drop(log);
    open(&disk);
}

#[test]
fn a_full_disk_refuses_and_recovers_by_itself() {
    let disk = SimDisk::new(1);
    let log = open(&disk);
    log.append_and_wait(one("before")).unwrap();
    // In the middle of a record, before a new segment's header, in it, and behind it.
    for space in [20, 0, 100, 8192, 8200, 8200] {
        disk.leave_space(Some(space));
        let refused = log.append_and_wait(one("no room for this")).unwrap_err();
        assert!(matches!(refused, Refused::DiskFull { .. }), "{refused:?}");
        assert!(log.stats().failure.is_some());
        assert_eq!((log.stats().n_segments, disk.files().len()), (1, 1), "attempts leave nothing behind");
        assert_eq!(texts(&log), ["before"]);
    }
    drop(log);
    let (log, report) = Log::open(disk.clone(), toy(), Options::default()).unwrap();
    assert_eq!((report.torn, texts(&log)), (None, vec!["before".to_owned()]), "a full disk can be opened and read");
    disk.leave_space(None);
    log.append_and_wait(one("after")).unwrap();
    assert_eq!((texts(&log), log.stats().failure), (vec!["before".to_owned(), "after".to_owned()], None));
    drop(log);
    assert_eq!(texts(&open(&disk.kill())), ["before", "after"]);
}

/// INV-WAL-4: a retried fsync would say yes while the record is lost.
#[test]
fn after_a_failed_fsync_only_a_new_segment_is_trusted() {
    for seed in 0..50 {
        let disk = SimDisk::new(seed);
        let log = open(&disk);
        log.append_and_wait(one("before")).unwrap();
        disk.fail_syncs(2);
        assert!(matches!(log.append_and_wait(one("refused")).unwrap_err(), Refused::Io { .. }));
        log.append_and_wait(one("after")).unwrap();
        assert_eq!(log.stats().n_segments, 2);
        let disk = disk.cut_power();
        drop(log);
        assert_eq!(texts(&open(&disk)), ["before", "after"], "seed {seed}");
    }
}

/// INV-WAL-2: pages whose fsync failed are in the cache and not on the disk, and the system takes them for written.
#[test]
fn what_a_start_finds_is_on_the_disk_before_it_is_read() {
    for seed in 0..50 {
        let disk = SimDisk::new(seed);
        let log = open(&disk);
        log.append_and_wait(one("before")).unwrap();
        disk.fail_syncs(1);
        disk.die_after(2);
        assert!(log.append_and_wait(one("in doubt")).is_err());
        let disk = disk.kill();
        drop(log);
        let log = open(&disk);
        assert_eq!(texts(&log), ["before", "in doubt"]);
        let disk = disk.cut_power();
        drop(log);
        assert_eq!(texts(&open(&disk)), ["before", "in doubt"], "seed {seed}");
    }
}

#[test]
fn a_lying_disk_is_found_out_when_something_later_survives() {
    let mut n_found = 0;
    for seed in 0..50 {
        let disk = SimDisk::new(seed);
        let log = open(&disk);
        log.append_and_wait(one("a")).unwrap();
        disk.lie(true);
        let lost = log.append_and_wait(one("this is acknowledged and lost")).unwrap().start;
        disk.lie(false);
        log.roll().unwrap();
        log.append_and_wait(one("b")).unwrap();
        let disk = disk.cut_power();
        drop(log);
        let (log, report) = Log::open(disk, toy(), Options::default()).unwrap();
        let (texts, damaged) = all(&log);
        assert_eq!(damaged, report.damaged, "seed {seed}");
        if texts.len() == 2 {
            assert_eq!((damaged.len(), damaged[0].from, damaged[0].to), (1, lost, lost + 1));
            n_found += 1;
        } else {
            assert_eq!(texts.len(), 3);
        }
    }
    assert!(n_found > 25);
}

#[test]
fn positions_before_the_readers_checkpoint_are_not_used_again() {
    let disk = SimDisk::new(1);
    open(&disk).append_and_wait(one("a")).unwrap();
    let options = Options { first_position: 90, ..Options::default() };
    let (log, report) = Log::open(disk, toy(), options).unwrap();
    let damage = &report.damaged[0];
    assert_eq!((damage.from, damage.to, damage.reason), (1, 90, Reason::Missing));
    assert_eq!(log.append_and_wait(one("b")).unwrap().start, 90);
    assert_eq!(log.reader().read_from(1, 1).unwrap().records, [(90, b"b".to_vec())]);
}

#[test]
fn short_writes_are_completed() {
    let disk = SimDisk::new(3);
    disk.write_short(true);
    let log = open(&disk);
    for n in 0..20 {
        log.append_and_wait(one(&format!("record {n}"))).unwrap();
    }
    drop(log);
    assert_eq!(texts(&open(&disk)).len(), 20);
}

/// INV-WAL-7
#[test]
fn a_full_queue_refuses_at_once() {
    let disk = SimDisk::new(1);
    let options = Options { queue_records: 4, queue_bytes: 40, record_bytes: 30, ..Options::default() };
    let (log, _) = Log::open(disk.clone(), toy(), options).unwrap();
    log.append_and_wait(one("first")).unwrap();
    disk.hold(true);
    let (sender, answers) = mpsc::channel();
    let append = |records: Vec<Vec<u8>>| {
        let sender = sender.clone();
        log.append(records, move |outcome| sender.send(outcome.unwrap()).unwrap())
    };
    assert!(matches!(append(vec![vec![0; 31]]), Err(Refused::TooLarge { limit: 30, .. })));
    assert!(matches!(append(vec![vec![0; 21]; 2]), Err(Refused::TooLarge { limit: 40, .. })));
    assert!(matches!(append(vec![vec![]; 5]), Err(Refused::TooLarge { limit: 4, .. })));
    append(vec![vec![1; 20]]).unwrap();
    append(vec![vec![2; 10]; 2]).unwrap();
    assert!(matches!(append(vec![vec![3]]), Err(Refused::QueueFull)), "bytes");
    assert_eq!((log.stats().n_waiting, log.stats().waiting_bytes), (3, 40));
    append(vec![vec![]]).unwrap();
    assert!(matches!(append(vec![vec![]]), Err(Refused::QueueFull)), "records");
    disk.hold(false);
    let positions: Vec<Position> = answers.iter().take(3).flatten().collect();
    assert_eq!(positions, [1, 2, 3, 4]);
    log.append_and_wait(vec![vec![0; 10]; 4]).unwrap();
    log.close();
    assert!(matches!(append(vec![vec![]]), Err(Refused::Closed)));
    assert_eq!(log.stats().n_waiting, 0);
}

#[test]
fn those_who_wait_together_share_one_fsync() {
    let disk = SimDisk::new(1);
    let log = open(&disk);
    log.append_and_wait(one("first")).unwrap();
    disk.hold(true);
    let (sender, answers) = mpsc::channel();
    for n in 0..50 {
        let sender = sender.clone();
        log.append(one(&format!("{n}")), move |outcome| sender.send(outcome.unwrap()).unwrap()).unwrap();
    }
    let n_before = disk.n_syncs();
    disk.hold(false);
    assert_eq!(answers.iter().take(50).flatten().collect::<Vec<_>>(), (1..51).collect::<Vec<_>>());
    assert!(disk.n_syncs() - n_before <= 2, "what the writer had taken, and all the rest");
}

#[test]
fn many_threads_append_while_one_reads() {
    let disk = SimDisk::new(1);
    let options = Options { segment_bytes: 20_000, ..Options::default() };
    let (log, _) = Log::open(disk, toy(), options).unwrap();
    let acknowledged = Mutex::new(Vec::new());
    let n_all = 8 * 100 * 3;
    thread::scope(|scope| {
        for who in 0..8 {
            let (log, acknowledged) = (&log, &acknowledged);
            scope.spawn(move || {
                for n in 0..100 {
                    let records: Vec<Vec<u8>> = (0..3).map(|part| format!("{who} {n} {part}").into_bytes()).collect();
                    let positions = log.append_and_wait(records.clone()).unwrap();
                    acknowledged.lock().unwrap().extend(positions.zip(records));
                }
            });
        }
        let mut reader = log.reader();
        let (mut next, mut read) = (0, Vec::new());
        while read.len() < n_all {
            let batch = reader.read_from(next, 1000).unwrap();
            assert_eq!(batch.damaged, []);
            read.extend(batch.records);
            next = batch.next;
            thread::yield_now();
        }
        assert_eq!(log.end(), n_all as Position);
        drop(reader);
        let mut expected = loop {
            let mut acknowledged = acknowledged.lock().unwrap();
            if acknowledged.len() == n_all {
                break std::mem::take(&mut *acknowledged);
            }
            drop(acknowledged);
            thread::yield_now();
        };
        expected.sort();
        assert_eq!(read, expected);
    });
}

#[test]
fn a_callback_that_panics_takes_nobody_down() {
    let log = open(&SimDisk::new(1));
    log.append(one("a"), |_| std::panic::resume_unwind(Box::new("on purpose"))).unwrap();
    log.append_and_wait(one("b")).unwrap();
    assert_eq!(texts(&log), ["a", "b"]);
}

#[test]
fn a_callback_may_hold_the_log_last() {
    let log = Arc::new(open(&SimDisk::new(1)));
    let (sender, told) = mpsc::channel();
    let held = log.clone();
    let (release, released) = mpsc::channel::<()>();
    log.append(one("a"), move |outcome| {
        let _ = released.recv();
        drop(held);
        sender.send(outcome.is_ok()).unwrap();
    })
    .unwrap();
    drop(log);
    release.send(()).unwrap();
    assert!(told.recv().unwrap());
}

/// INV-WAL-6
#[test]
fn another_key_refuses_the_log_and_changes_nothing() {
    let disk = SimDisk::new(1);
    open(&disk).append_and_wait(one("a")).unwrap();
    let before = disk.files();
    let refused = Log::open(disk.clone(), Arc::new(Toy { secret: 8 }), Options::default());
    assert!(matches!(refused, Err(Error::Key { .. })));
    assert_eq!(disk.files(), before);
    assert_eq!(texts(&open(&disk)), ["a"]);
}
