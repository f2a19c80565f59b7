use std::fs;
use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use proptest::prelude::*;
use zhike_vault::sealed_file::{CHUNK_BYTES, SealedReader, SealedTemp, SealedWriter, StreamKey, sweep};

const SEALED_CHUNK: usize = CHUNK_BYTES + 16;

fn content(n_bytes: usize) -> Vec<u8> {
    (0..n_bytes).map(|i| (i / 3 + i / 65_000) as u8).collect()
}

fn seal(content: &[u8]) -> (Vec<u8>, StreamKey) {
    let mut writer = SealedWriter::new(Vec::new()).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

fn open(sealed: &[u8], key: &StreamKey) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    SealedReader::new(sealed, key)?.read_to_end(&mut content)?;
    Ok(content)
}

#[test]
fn every_length_comes_back() {
    let c = CHUNK_BYTES;
    for n_bytes in [0, 1, c - 1, c, c + 1, 2 * c - 1, 2 * c, 2 * c + 1, 5 * c + 17] {
        let (sealed, key) = seal(&content(n_bytes));
        assert_eq!(key.n_bytes(), n_bytes as u64);
        assert_eq!(sealed.len(), 8 + n_bytes + 16 * n_bytes.div_ceil(c).max(1));
        assert!(open(&sealed, &key).unwrap() == content(n_bytes), "{n_bytes} bytes");
    }
}

/// INV-VAULT-9
#[test]
fn cut_extended_reordered_and_repeated_chunks_are_refused() {
    let refused = |sealed: &[u8], key: &StreamKey| open(sealed, key).is_err_and(|e| e.kind() == ErrorKind::InvalidData);
    for n_bytes in [0, 10, CHUNK_BYTES, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5] {
        let (sealed, key) = seal(&content(n_bytes));
        let (header, chunks) = sealed.split_at(8);
        let chunks: Vec<&[u8]> = chunks.chunks(SEALED_CHUNK).collect();
        let joined =
            |order: &[usize]| [header, &order.iter().map(|i| chunks[*i]).collect::<Vec<_>>().concat()].concat();
        let n = chunks.len();
        let straight: Vec<usize> = (0..n).collect();
        assert!(open(&joined(&straight), &key).is_ok());
        for cut in [1, 16, 17, SEALED_CHUNK, sealed.len()].into_iter().filter(|cut| *cut <= sealed.len()) {
            assert!(refused(&sealed[..sealed.len() - cut], &key), "{n_bytes} bytes cut by {cut}");
        }
        assert!(refused(&[&sealed[..], b"x"].concat(), &key));
        assert!(refused(&joined(&[&straight[..], &[n - 1]].concat()), &key));
        for i in 1..n {
            let mut swapped = straight.clone();
            swapped.swap(i - 1, i);
            let mut repeated = straight.clone();
            repeated[i] = i - 1;
            let mut dropped = straight.clone();
            dropped.remove(i - 1);
            assert!([swapped, repeated, dropped].iter().all(|order| refused(&joined(order), &key)));
        }
        assert!(refused(&sealed, &seal(&content(n_bytes)).1), "another stream's key");
    }
}

#[test]
fn a_newer_version_is_named() {
    let (mut sealed, key) = seal(b"rows");
    sealed[4] = 2;
    assert!(open(&sealed, &key).unwrap_err().to_string().contains("has version 2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// INV-VAULT-9
    #[test]
    fn a_flipped_bit_is_refused(n_bytes in 0..2 * CHUNK_BYTES, at in any::<prop::sample::Index>(), bit in 0..8) {
        let (mut sealed, key) = seal(&content(n_bytes));
        let at = at.index(sealed.len());
        sealed[at] ^= 1_u8 << bit;
        prop_assert!(open(&sealed, &key).is_err());
    }

    /// INV-VAULT-6
    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), headed in any::<bool>()) {
        let (good, key) = seal(&content(100));
        let bytes = if headed { [&good[..8], &bytes].concat() } else { bytes };
        prop_assert!(open(&bytes, &key).is_err());
    }

    /// However it is written and wherever it is read, a sealed stream is the bytes that went in.
    #[test]
    fn random_access_equals_a_plain_cursor(
        n_bytes in 0..4 * CHUNK_BYTES,
        writes in prop::collection::vec(1..100_000_usize, 1..20),
        reads in prop::collection::vec((0..3_u8, any::<u32>(), 0..90_000_usize), 1..40),
    ) {
        let plain = content(n_bytes);
        let mut writer = SealedWriter::new(Vec::new()).unwrap();
        let mut rest = &plain[..];
        for len in writes.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*len));
            writer.write_all(now).unwrap();
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let (sealed, key) = writer.finish().unwrap();
        let mut model = Cursor::new(plain);
        let mut reader = SealedReader::new(Cursor::new(sealed), &key).unwrap();
        for (whence, offset, len) in reads {
            let span = n_bytes as i64 + CHUNK_BYTES as i64;
            let offset = i64::from(offset) % span;
            let to = match whence {
                0 => SeekFrom::Start(offset as u64),
                1 => SeekFrom::End(-offset),
                _ => SeekFrom::Current(offset - span / 2),
            };
            prop_assert_eq!(reader.seek(to).ok(), model.seek(to).ok());
            let mut read = [vec![0; len], vec![0; len]];
            let n_read = reader.by_ref().take(len as u64).read(&mut read[0]).unwrap();
            model.read_exact(&mut read[1][..n_read]).unwrap();
            prop_assert!(read[0] == read[1]);
            prop_assert!(n_read > 0 || len == 0 || model.position() >= n_bytes as u64);
        }
    }
}

/// INV-VAULT-9: a reader that met damage stays in error instead of taking up again somewhere else.
#[test]
fn damage_is_not_skipped() {
    let (mut sealed, key) = seal(&content(3 * CHUNK_BYTES));
    sealed[8 + SEALED_CHUNK + 9] ^= 1;
    let mut reader = SealedReader::new(Cursor::new(sealed), &key).unwrap();
    let mut chunk = vec![0; CHUNK_BYTES];
    reader.read_exact(&mut chunk).unwrap();
    for _ in 0..3 {
        assert_eq!(reader.read(&mut chunk).unwrap_err().kind(), ErrorKind::InvalidData);
    }
    reader.seek(SeekFrom::Start(2 * CHUNK_BYTES as u64)).unwrap();
    reader.read_exact(&mut chunk).unwrap();
    assert!(chunk == content(3 * CHUNK_BYTES)[2 * CHUNK_BYTES..]);
    reader.rewind().unwrap();
    reader.read_exact(&mut chunk).unwrap();
}

fn files(dir: &Path) -> Vec<Vec<u8>> {
    fs::read_dir(dir).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn a_temporary_file_is_unreadable_on_disk_and_gone_after_use() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("tmp");
    let phones = "13800138000,王芳\n".repeat(20_000).into_bytes();
    let mut writer = SealedTemp::create(&dir).unwrap();
    writer.write_all(&phones).unwrap();
    let temp = writer.finish().unwrap();
    assert_eq!(temp.n_bytes(), phones.len() as u64);
    let on_disk = files(&dir).concat();
    assert!(on_disk.len() > phones.len() && !on_disk.windows(11).any(|bytes| bytes == b"13800138000"));

    for mut reader in [temp.open().unwrap(), temp.open().unwrap()] {
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert!(read == phones);
    }
    drop(temp);
    let mut unfinished = SealedTemp::create(&dir).unwrap();
    unfinished.write_all(&phones).unwrap();
    assert_eq!(files(&dir).len(), 1);
    drop(unfinished);
    assert!(files(&dir).is_empty());
}

#[test]
fn a_sweep_removes_what_a_crash_left_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(sweep(&dir.path().join("absent")).unwrap(), 0);
    std::mem::forget(SealedTemp::create(dir.path()).unwrap());
    std::mem::forget(SealedTemp::create(dir.path()).unwrap().finish().unwrap());
    fs::write(dir.path().join("zhike-report.sealed"), b"kept").unwrap();
    assert_eq!(sweep(dir.path()).unwrap(), 2);
    assert_eq!(files(dir.path()), [b"kept"]);
}

/// A full disk: the error stays, so that a stream with a hole is never finished.
#[test]
fn a_failed_write_is_final() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut writer = SealedWriter::new(Full(8 + SEALED_CHUNK)).unwrap();
    assert_eq!(writer.write_all(&content(3 * CHUNK_BYTES)).unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(writer.write_all(b"x").is_err());
    assert!(writer.finish().is_err());
}
