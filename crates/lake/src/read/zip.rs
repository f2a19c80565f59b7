//! Zip archives, as far as needed: what is inside, how large it really is, and single files out of it.
//!
//! The library that reads workbooks inflates what an archive holds without a bound; so its parts are measured here
//! before it may touch them. Sizes in the directory may lie, therefore everything is also inflated once and counted.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::DeflateDecoder;

use super::{Error, Limits};

const DIRECTORY_END: [u8; 4] = *b"PK\x05\x06";
const DIRECTORY_ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL_ENTRY: [u8; 4] = *b"PK\x03\x04";
/// Largest directory that is read.
const MAX_DIRECTORY_BYTES: u64 = 16 << 20;
/// Parts below this size may be compressed as well as they like.
const RATIO_FREE_BYTES: u64 = 10 << 20;

/// A file inside an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) is_encrypted: bool,
    method: u16,
    n_stored: u64,
    n_bytes: u64,
    offset: u64,
}

fn corrupt(detail: &str) -> Error {
    Error::Corrupt { row: None, detail: format!("{detail} (zip archive)") }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn read_at(source: &mut (impl Read + Seek + ?Sized), start: u64, n: u64) -> io::Result<Vec<u8>> {
    source.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    source.take(n).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The files of an archive, from its directory.
pub(super) fn entries(source: &mut (impl Read + Seek + ?Sized), name: &str) -> Result<Vec<Entry>, Error> {
    let failed = |error| Error::from_io(name, None, error);
    let n_bytes = source.seek(SeekFrom::End(0)).map_err(failed)?;
    let tail_start = n_bytes.saturating_sub(22 + 65_535);
    let tail = read_at(source, tail_start, 22 + 65_535).map_err(failed)?;
    let end = memchr::memmem::rfind(&tail, &DIRECTORY_END).ok_or_else(|| corrupt("it ends in the middle"))?;
    let fields = (|| Some((u16_at(&tail, end + 10)?, u32_at(&tail, end + 12)?, u32_at(&tail, end + 16)?)))();
    let (mut n, mut size, mut start) = fields
        .map(|(n, size, start)| (u64::from(n), u64::from(size), u64::from(start)))
        .ok_or_else(|| corrupt("it ends in the middle"))?;
    if let Some(locator) = end.checked_sub(20).filter(|&at| tail[at..].starts_with(b"PK\x06\x07")) {
        let at = u64_at(&tail, locator + 8).unwrap_or(u64::MAX);
        let wide = read_at(source, at.min(n_bytes), 56).map_err(failed)?;
        let fields = (|| Some((u64_at(&wide, 32)?, u64_at(&wide, 40)?, u64_at(&wide, 48)?)))();
        (n, size, start) = fields.ok_or_else(|| corrupt("its directory cannot be read"))?;
    }
    if size > MAX_DIRECTORY_BYTES || start > n_bytes {
        return Err(corrupt("its directory cannot be read"));
    }
    let directory = read_at(source, start, size).map_err(failed)?;
    let mut entries = Vec::new();
    let mut at = 0;
    while (entries.len() as u64) < n && directory.get(at..).is_some_and(|rest| rest.starts_with(&DIRECTORY_ENTRY)) {
        let (entry, next) = entry(&directory, at).ok_or_else(|| corrupt("its directory cannot be read"))?;
        entries.push(entry);
        at = next;
    }
    if entries.is_empty() { Err(corrupt("its directory cannot be read")) } else { Ok(entries) }
}

fn entry(directory: &[u8], at: usize) -> Option<(Entry, usize)> {
    let flags = u16_at(directory, at + 8)?;
    let [n_name, n_extra, n_comment] = [28, 30, 32].map(|field| u16_at(directory, at + field).map(usize::from));
    let (n_name, n_extra) = (n_name?, n_extra?);
    let name = directory.get(at + 46..at + 46 + n_name)?;
    let mut extra = directory.get(at + 46 + n_name..at + 46 + n_name + n_extra)?;
    let mut entry = Entry {
        name: match std::str::from_utf8(name) {
            Ok(name) => name.to_owned(),
            Err(_) => encoding_rs::GB18030.decode_without_bom_handling(name).0.into_owned(),
        },
        is_encrypted: flags & 1 != 0,
        method: u16_at(directory, at + 10)?,
        n_stored: u32_at(directory, at + 20)?.into(),
        n_bytes: u32_at(directory, at + 24)?.into(),
        offset: u32_at(directory, at + 42)?.into(),
    };
    // Sizes over 4 GiB stand in the extra field, in this order, where the short ones are all ones.
    while let (Some(id), Some(n)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let body = extra.get(4..4 + usize::from(n))?;
        if id == 1 {
            let mut fields = body.chunks_exact(8).filter_map(|field| u64_at(field, 0));
            for field in [&mut entry.n_bytes, &mut entry.n_stored, &mut entry.offset] {
                if *field == u64::from(u32::MAX) {
                    *field = fields.next()?;
                }
            }
        }
        extra = &extra[4 + usize::from(n)..];
    }
    Some((entry, at + 46 + n_name + n_extra + n_comment?))
}

/// The bytes of one file of an archive.
pub(super) fn open<'a>(
    mut source: impl Read + Seek + Send + 'a,
    entry: &Entry,
    name: &str,
) -> Result<Box<dyn Read + Send + 'a>, Error> {
    seek_data(&mut source, entry).map_err(|error| Error::from_io(name, None, error))?;
    let stored = BufReader::with_capacity(128 << 10, source.take(entry.n_stored));
    match entry.method {
        0 => Ok(Box::new(stored)),
        8 => Ok(Box::new(DeflateDecoder::new(stored))),
        _ => Err(unknown_method(entry)),
    }
}

fn unknown_method(entry: &Entry) -> Error {
    let what = format!("a zip archive with compression method {}", entry.method);
    let what_zh = format!("压缩方式为 {} 的 zip 文件", entry.method);
    Error::unsupported(&what, &what_zh, "unpack it and choose the file inside", "请先解压，再选择其中的文件。")
}

fn seek_data(source: &mut (impl Read + Seek + ?Sized), entry: &Entry) -> io::Result<()> {
    let local = read_at(source, entry.offset, 30)?;
    let lengths = u16_at(&local, 26).zip(u16_at(&local, 28)).filter(|_| local.starts_with(&LOCAL_ENTRY));
    let (n_name, n_extra) = lengths.ok_or(io::ErrorKind::InvalidData)?;
    source.seek(SeekFrom::Start(entry.offset + 30 + u64::from(n_name) + u64::from(n_extra)))?;
    Ok(())
}

/// Makes sure that inflating everything stays within the limits, and that everything is there.
pub(super) fn check(
    mut source: &mut (impl Read + Seek + ?Sized),
    entries: &[Entry],
    name: &str,
    limits: &Limits,
) -> Result<(), Error> {
    let limit = limits.max_sheet_bytes;
    let bomb = |entry: &Entry, limit| Error::ZipBomb { part: entry.name.clone(), limit };
    let mut n_total = 0_u64;
    for entry in entries {
        n_total = n_total.saturating_add(entry.n_bytes);
        if n_total > limit {
            return Err(bomb(entry, limit));
        }
        let by_ratio = entry.n_stored.saturating_mul(limits.max_ratio).max(RATIO_FREE_BYTES);
        if entry.n_bytes > by_ratio {
            return Err(bomb(entry, by_ratio));
        }
    }
    let mut n_total = 0;
    for entry in entries.iter().filter(|entry| entry.method == 8) {
        seek_data(source, entry).map_err(|error| Error::from_io(name, None, error))?;
        let by_ratio = entry.n_stored.saturating_mul(limits.max_ratio).max(RATIO_FREE_BYTES);
        let room = by_ratio.min(limit - n_total);
        let stored = BufReader::with_capacity(64 << 10, Read::take(&mut source, entry.n_stored));
        let n = io::copy(&mut DeflateDecoder::new(stored).take(room + 1), &mut io::sink());
        let n = n.map_err(|error| Error::from_io(name, None, error))?;
        if n > room {
            return Err(bomb(entry, room));
        }
        n_total += n;
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{Cursor, Write};

    use flate2::write::DeflateEncoder;

    use super::*;

    /// An archive of deflated files; `lie` replaces the inflated size in the directory.
    pub(in super::super) fn archive(files: &[(&str, &[u8])], lie: Option<u32>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut directory = Vec::new();
        for (name, content) in files {
            let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(content).unwrap();
            let stored = encoder.finish().unwrap();
            let mut crc = flate2::Crc::new();
            crc.update(content);
            let mut fields = Vec::new();
            for field in [20, 0x800, 8, 0, 0] {
                fields.extend_from_slice(&u16::to_le_bytes(field));
            }
            fields.extend_from_slice(&crc.sum().to_le_bytes());
            fields.extend_from_slice(&(stored.len() as u32).to_le_bytes());
            fields.extend_from_slice(&lie.unwrap_or(content.len() as u32).to_le_bytes());
            fields.extend_from_slice(&(name.len() as u16).to_le_bytes());
            fields.extend_from_slice(&[0, 0]);
            directory.extend_from_slice(&DIRECTORY_ENTRY);
            directory.extend_from_slice(&[20, 0]);
            directory.extend_from_slice(&fields);
            directory.extend_from_slice(&[0; 10]);
            directory.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            directory.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&LOCAL_ENTRY);
            bytes.extend_from_slice(&fields);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&stored);
        }
        let start = bytes.len() as u32;
        bytes.extend_from_slice(&directory);
        bytes.extend_from_slice(&DIRECTORY_END);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&[files.len() as u8, 0, files.len() as u8, 0]);
        bytes.extend_from_slice(&(directory.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&start.to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes
    }

    #[test]
    fn files_are_listed_and_read() {
        let bytes = archive(&[("a.csv", b"x,y\n1,2\n"), ("订单.csv", b"z\n")], None);
        let entries = entries(&mut Cursor::new(&bytes), "t").unwrap();
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["a.csv", "订单.csv"]);
        let mut text = String::new();
        open(Cursor::new(bytes.clone()), &entries[0], "t").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "x,y\n1,2\n");
        check(&mut Cursor::new(bytes), &entries, "t", &Limits::default()).unwrap();
    }

    #[test]
    fn bombs_are_refused_by_their_directory_and_by_counting() {
        let zeros = vec![0; 40 << 20];
        for lie in [None, Some(1000)] {
            let bytes = archive(&[("xl/worksheets/sheet1.xml", &zeros)], lie);
            assert!(bytes.len() < 100_000);
            let mut source = Cursor::new(bytes);
            let entries = entries(&mut source, "t").unwrap();
            let error = check(&mut source, &entries, "t", &Limits::default()).unwrap_err();
            assert!(matches!(&error, Error::ZipBomb { part, .. } if part.contains("sheet1")), "{error}");
            let roomy = Limits { max_ratio: 10_000, max_sheet_bytes: 20 << 20, ..Limits::default() };
            let error = check(&mut source, &entries, "t", &roomy).unwrap_err();
            assert!(matches!(error, Error::ZipBomb { limit: 20_971_520, .. }));
        }
    }

    #[test]
    fn damaged_archives_are_refused() {
        let bytes = archive(&[("a.csv", b"x,y\n1,2\n")], None);
        // The last two bytes say that there is no comment.
        for n in 0..bytes.len() - 2 {
            assert!(entries(&mut Cursor::new(&bytes[..n]), "t").is_err());
        }
    }
}
