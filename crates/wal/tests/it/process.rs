//! A real directory, and a process that is killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use zhike_wal::{Error, FsDisk, Log, Options, Position};

use crate::toy::toy;

const CHILD: &str = "ZHIKE_WAL_CHILD";

fn open(dir: &Path) -> Log {
    let options = Options { segment_bytes: 50_000, ..Options::default() };
    let (log, report) = Log::open(FsDisk::new(dir).unwrap(), toy(), options).unwrap();
    assert_eq!(report.damaged, []);
    log
}

fn records(n: u64) -> Vec<Vec<u8>> {
    (0..3).map(|part| format!("{n} {part} {}", "x".repeat((n % 200) as usize)).into_bytes()).collect()
}

/// Not a test: what the process does that is killed.
#[test]
#[ignore = "run by the test below"]
fn child() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let log = open(Path::new(&dir));
    let mut out = std::io::stdout();
    for n in 0.. {
        let positions = log.append_and_wait(records(n)).unwrap();
        writeln!(out, "ack {} {n}", positions.start).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("log");
    let mut acknowledged: Vec<(Position, u64)> = Vec::new();
    for n_lines in [1, 40, 7, 150] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["process::child", "--exact", "--ignored", "--nocapture"])
            .env(CHILD, &dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut told = 0;
        while told < n_lines {
            let line = lines.next().expect("the child goes on until it is killed");
            if let Some((_, ack)) = line.split_once("ack ") {
                let (position, n) = ack.split_once(' ').unwrap();
                acknowledged.push((position.parse().unwrap(), n.parse().unwrap()));
                told += 1;
            }
        }
        assert!(matches!(Log::open(FsDisk::new(&dir).unwrap(), toy(), Options::default()), Err(Error::Locked)));
        child.kill().unwrap();
        child.wait().unwrap();
        let log = open(&dir);
        let found = log.reader().read_from(0, usize::MAX).unwrap();
        assert_eq!(found.damaged, []);
        assert!(found.records.is_sorted_by(|(a, _), (b, _)| a < b));
        for &(position, n) in &acknowledged {
            for (part, record) in records(n).into_iter().enumerate() {
                let position = position + part as Position;
                let at = found.records.binary_search_by_key(&position, |(at, _)| *at).unwrap();
                assert_eq!(found.records[at].1, record, "position {position}");
            }
        }
    }
    let log = open(&dir);
    assert!(log.segments().len() > 1);
    log.roll().unwrap();
    log.cut(Position::MAX).unwrap();
    let n_files = std::fs::read_dir(&dir).unwrap().count();
    assert_eq!(n_files, 2, "the newest segment and the lock");
}
