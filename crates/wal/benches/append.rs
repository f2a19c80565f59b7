//! What the log acknowledges, beside what the disk can do: `cargo bench -p zhike-wal --profile dev --bench append`.
//!
//! Each caller appends, waits for the answer, and appends again. The ceiling is a loop without log, queue or checksums
//! that writes as many bytes as the log's groups had on average and calls `fdatasync`. Rounds of both take turns, and the
//! best of each counts, since other programs use the disk too. `ZHIKE_BENCH_DIR` names where to write (default: the
//! directory for temporary files).

use std::error::Error;
use std::fs;
use std::io::{self, Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use zhike_wal::{Cipher, FsDisk, Log, Options, Sealer};

const RECORD_BYTES: usize = 200;
const ROUND: Duration = Duration::from_secs(1);
const N_ROUNDS: usize = 7;

/// Costs nothing but the tag's room: what sealing costs is measured in the vault.
struct Unsealed;

impl Cipher for Unsealed {
    fn start(&self, _: u64) -> io::Result<(Vec<u8>, Box<dyn Sealer>)> {
        Ok((Vec::new(), Box::new(Self)))
    }

    fn open(&self, _: u64, _: &[u8]) -> io::Result<Box<dyn Sealer>> {
        Ok(Box::new(Self))
    }
}

impl Sealer for Unsealed {
    fn seal(&mut self, _: u64, plain: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(plain);
        out.extend_from_slice(&[0; 16]);
    }

    fn open(&self, _: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        Some(sealed.split_last_chunk::<16>()?.0.to_vec())
    }
}

struct Measured {
    records_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    group_records: f64,
}

/// Callers that each append `n_records` at once, over and over.
fn append(dir: &Path, n_callers: usize, n_records: usize) -> Result<Measured, Box<dyn Error>> {
    let log = Log::open(FsDisk::new(dir)?, Arc::new(Unsealed), Options::default())?.0;
    let started = Instant::now();
    let call = || {
        let mut waits = Vec::new();
        while started.elapsed() < ROUND {
            let records = vec![vec![b'e'; RECORD_BYTES]; n_records];
            let sent = Instant::now();
            log.append_and_wait(records).map_err(|error| error.to_string())?;
            waits.push(sent.elapsed());
        }
        Ok::<_, String>(waits)
    };
    let mut waits = thread::scope(|scope| {
        let callers: Vec<_> = (0..n_callers).map(|_| scope.spawn(call)).collect();
        let joined = callers.into_iter().map(|caller| caller.join().map_err(|_| "a caller panicked".to_owned())?);
        joined.collect::<Result<Vec<_>, _>>()
    })?
    .concat();
    let seconds = started.elapsed().as_secs_f64();
    waits.sort_unstable();
    let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    let stats = log.stats();
    Ok(Measured {
        records_per_second: stats.n_acknowledged as f64 / seconds,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        group_records: stats.n_acknowledged as f64 / stats.n_groups as f64,
    })
}

/// Records per second of the bare loop.
fn ceiling(path: &Path, group_records: f64) -> io::Result<f64> {
    let mut file = fs::File::create(path)?;
    let group = vec![b'e'; (group_records * RECORD_BYTES as f64) as usize];
    let started = Instant::now();
    let mut n_groups = 0;
    while started.elapsed() < ROUND {
        file.write_all(&group)?;
        file.sync_data()?;
        n_groups += 1;
    }
    Ok(f64::from(n_groups) * group_records / started.elapsed().as_secs_f64())
}

fn main() -> Result<(), Box<dyn Error>> {
    let home = std::env::var_os("ZHIKE_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = home.join(format!("zhike-wal-bench-{}", std::process::id()));
    let mut out = stdout();
    writeln!(out, "callers x records | records/s |  p50 ms |  p99 ms | records a group | bare loop records/s | ratio")?;
    for (n_callers, n_records) in [(1, 1), (64, 1), (256, 1), (64, 100)] {
        let mut best: Option<Measured> = None;
        let mut bare = 0.0_f64;
        for _ in 0..N_ROUNDS {
            fs::create_dir_all(&dir)?;
            let measured = append(&dir, n_callers, n_records)?;
            bare = bare.max(ceiling(&dir.join("bare"), measured.group_records)?);
            fs::remove_dir_all(&dir)?;
            if best.as_ref().is_none_or(|best| best.records_per_second < measured.records_per_second) {
                best = Some(measured);
            }
        }
        let Some(measured) = best else { continue };
        let Measured { records_per_second: rate, p50_ms, p99_ms, group_records } = measured;
        writeln!(
            out,
            "{n_callers:7} x {n_records:<7} | {rate:9.0} | {p50_ms:7.3} | {p99_ms:7.3} | {group_records:15.1} | {bare:19.0} | {:5.2}",
            rate / bare
        )?;
    }
    Ok(())
}
