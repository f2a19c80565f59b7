//! Prints what the vault's operations cost on one core: `cargo run --release -p zhike-vault --example vault_speed`.

use std::error::Error;
use std::hint::black_box;
use std::io::{Read, Write, stdout};
use std::time::Instant;

use zhike_vault::sealed_file::{SealedReader, SealedWriter};
use zhike_vault::{Place, SegmentAlgorithm, Subject, Unlock, Vault};

const FIELDS: [(&str, &str); 5] = [
    ("name", "欧阳娜娜"),
    ("phone", "13800138000"),
    ("email", "ouyang.nana@example.com"),
    ("id_number", "11010519491231002X"),
    ("address", "北京市朝阳区建国路88号院3号楼1201室"),
];

/// Microseconds per call: the best of many short rounds, since other programs disturb the long ones.
fn micros(n_rounds: u32, n_calls: u32, mut call: impl FnMut()) -> f64 {
    let round = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..n_calls).for_each(|_| call());
        start.elapsed().as_secs_f64() * 1e6 / f64::from(n_calls)
    };
    (0..n_rounds).map(|_| round(&mut call)).fold(f64::INFINITY, f64::min)
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::temp_dir().join(format!("zhike-vault-speed-{}", std::process::id()));
    let vault = Vault::open(&dir, Unlock::KeyFile)?;
    let place = |column| Place { table: "profiles", column };
    let phone = place("phone");
    let person = Subject::Profile(vault.random_id());
    let (key, wrapped) = vault.new_subject_key(person)?;
    let sealed = key.seal(phone, b"13800138000");
    let indexers: Vec<_> = FIELDS.iter().map(|(kind, _)| vault.indexer(kind)).collect();
    let fingerprinter = vault.fingerprinter();
    let row = [b'7'; 150];
    let mut rows: Vec<(String, f64)> = Vec::new();
    let mut measure =
        |name: &str, n_calls, call: &mut dyn FnMut()| rows.push((name.to_owned(), micros(200, n_calls, call)));

    measure("open the vault (known answers, three files)", 1, &mut || {
        black_box(Vault::open(&dir, Unlock::KeyFile).is_ok());
    });
    measure("random_id", 1_000, &mut || {
        black_box(vault.random_id());
    });
    measure("new_subject_key (draw, expand, wrap)", 200, &mut || {
        black_box(vault.new_subject_key(person).is_ok());
    });
    measure("unwrap (verify, expand)", 200, &mut || {
        black_box(vault.unwrap(person, &wrapped).is_ok());
    });
    for (column, value) in FIELDS {
        measure(&format!("seal {column}, {} bytes", value.len()), 200, &mut || {
            black_box(key.seal(place(column), value.as_bytes()));
        });
    }
    measure("open phone", 200, &mut || {
        black_box(key.open(phone, &sealed).is_ok());
    });
    measure("Indexer::index", 200, &mut || {
        black_box(indexers[1].index("13800138000"));
    });
    measure("blind_index (derives its key)", 200, &mut || {
        black_box(vault.blind_index("phone", "13800138000"));
    });
    measure("fingerprint, row of 150 bytes", 200, &mut || {
        black_box(fingerprinter.fingerprint(&row));
    });
    measure("audit_link, 400 bytes", 200, &mut || {
        black_box(Vault::audit_link(&[0; 32], &[1; 400]));
    });
    for algorithm in [SegmentAlgorithm::Aes256Gcm, SegmentAlgorithm::Sm4Gcm] {
        let (key, _) = vault.new_segment_key(1, algorithm)?;
        let mut out = Vec::with_capacity(1024);
        measure(&format!("seal a record of the event log, 200 bytes, {algorithm:?}"), 200, &mut || {
            out.clear();
            key.seal(7, &[b'e'; 200], &mut out);
            black_box(&out);
        });
    }
    measure("a person: id, key, wrap, 5 fields sealed and indexed", 200, &mut || {
        let Ok((key, wrapped)) = vault.new_subject_key(Subject::Profile(vault.random_id())) else { return };
        black_box(wrapped);
        for ((column, value), indexer) in FIELDS.iter().zip(&indexers) {
            black_box((key.seal(place(column), value.as_bytes()), indexer.index(value)));
        }
    });

    let content = vec![7; 8 << 20];
    let mebibytes = content.len() as f64 / 1024.0 / 1024.0;
    let (sealed_file, stream_key) = {
        let mut writer = SealedWriter::new(Vec::with_capacity(content.len() + (1 << 20)))?;
        writer.write_all(&content)?;
        writer.finish()?
    };
    let sealing = micros(9, 1, || {
        let written = SealedWriter::new(Vec::with_capacity(sealed_file.len())).map(|mut writer| {
            let _ = writer.write_all(&content);
            writer.finish().is_ok()
        });
        black_box(written.is_ok());
    });
    let mut opened = Vec::with_capacity(content.len() + 1);
    let opening = micros(9, 1, || {
        opened.clear();
        let read = SealedReader::new(&sealed_file[..], &stream_key).and_then(|mut r| r.read_to_end(&mut opened));
        black_box(read.is_ok());
    });
    let printing = micros(9, 1, || {
        black_box(fingerprinter.fingerprint(&content));
    });

    vault.rotate_kek()?;
    let rewrapping = micros(200, 200, || {
        black_box(vault.rewrap(&wrapped).is_ok());
    });
    rows.push(("rewrap".to_owned(), rewrapping));

    let mut out = stdout().lock();
    for (name, cost) in rows {
        writeln!(out, "{cost:>10.2} µs  {name}")?;
    }
    for (name, cost) in [("seal a file", sealing), ("open a file", opening), ("fingerprint a file", printing)] {
        writeln!(out, "{:>10.0} MiB/s  {name}", mebibytes * 1e6 / cost)?;
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}
