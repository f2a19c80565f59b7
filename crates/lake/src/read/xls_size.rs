//! How much memory a workbook of the old binary form (`.xls`) will take.
//!
//! The library that reads it lays out every sheet as a full rectangle from its first to its last cell, so two cells in
//! opposite corners take as much memory as a full sheet; and it copies a shared text into every cell that has it. Both
//! are measured here before it may start.
//! Source: MS-CFB (compound file), MS-XLS 2.4 (records).

use std::collections::HashMap;

const END: u32 = 0xffff_fffa;
const SMALL_STREAM_BYTES: usize = 4096;
const MAX_SHEETS: usize = 1024;

/// What the sheets of a workbook take in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Cells of all sheets, empty ones included.
    pub(super) n_cells: u64,
    /// Text of the shared table, and of the cells that copy from it.
    pub(super) text_bytes: u64,
}

/// Measures a workbook; `None` when this is no readable one.
pub(super) fn measure(file: &[u8]) -> Option<Size> {
    let stream = workbook_stream(file)?;
    let lengths = text_lengths(&stream);
    // A text takes three words besides its letters.
    let mut size = Size { n_cells: 0, text_bytes: lengths.iter().map(|&n| u64::from(n) + 24).sum() };
    let mut sheets = HashMap::new();
    let mut n_sheets = 0;
    for (kind, data) in Records(&stream) {
        match kind {
            0x0085 => {
                let start = u32_at(data, 0)? as usize;
                n_sheets += 1;
                let sheet = sheets
                    .entry(start)
                    .or_insert_with(|| measure_sheet(stream.get(start..).unwrap_or_default(), &lengths));
                size.n_cells = size.n_cells.saturating_add(sheet.n_cells);
                size.text_bytes = size.text_bytes.saturating_add(sheet.text_bytes);
            }
            0x000a => break,
            _ => {}
        }
    }
    (n_sheets <= MAX_SHEETS).then_some(size)
}

/// Lengths of the shared texts, in bytes of UTF-8 at most. Source: MS-XLS 2.4.265 (SST), 2.5.293.
fn text_lengths(stream: &[u8]) -> Vec<u32> {
    let mut records = Records(stream).skip_while(|&(kind, _)| kind != 0x00fc).enumerate();
    let mut parts =
        records.by_ref().take_while(|&(at, (kind, _))| at == 0 || kind == 0x003c).map(|(_, (_, data))| data);
    let mut rest = parts.next().and_then(|first| first.get(8..)).unwrap_or_default();
    let mut lengths = Vec::new();
    'texts: loop {
        while rest.is_empty() {
            let Some(part) = parts.next() else { break 'texts };
            rest = part;
        }
        let (Some(n), Some(&flags)) = (u16_at(rest, 0), rest.get(2)) else { break };
        let (mut at, mut n_after) = (3, 0);
        if flags & 8 != 0 {
            n_after += usize::from(u16_at(rest, at).unwrap_or(0)) * 4;
            at += 2;
        }
        if flags & 4 != 0 {
            n_after += u32_at(rest, at).unwrap_or(0) as usize;
            at += 4;
        }
        rest = rest.get(at..).unwrap_or_default();
        let (mut n_left, mut width) = (usize::from(n), 1 + usize::from(flags & 1));
        while n_left > 0 {
            let n_here = n_left.min(rest.len() / width);
            rest = &rest[n_here * width..];
            n_left -= n_here;
            if n_left > 0 {
                // The text goes on in the next record, perhaps in the other width.
                let Some((&flags, next)) = parts.next().and_then(|part| part.split_first()) else { break 'texts };
                (width, rest) = (1 + usize::from(flags & 1), next);
            }
        }
        while n_after > 0 {
            let n_here = n_after.min(rest.len());
            rest = &rest[n_here..];
            n_after -= n_here;
            if n_after > 0 {
                let Some(part) = parts.next() else { break };
                rest = part;
            }
        }
        lengths.push(u32::from(n) * 3);
    }
    lengths
}

/// Whether this is a workbook of the new form, encrypted with a password.
pub(super) fn is_encrypted_package(file: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    memchr::memmem::find(file, &name).is_some()
}

/// Cells from the first to the last one of a sheet, by what it declares or by what it holds, and the text in them.
fn measure_sheet(sheet: &[u8], lengths: &[u32]) -> Size {
    let mut text_bytes = 0;
    let (mut rows, mut columns) = ((u64::MAX, 0), (u64::MAX, 0));
    let mut declared = 0;
    let mut depth = 0;
    for (kind, data) in Records(sheet) {
        match kind {
            0x0809 => depth += 1,
            0x000a if depth <= 1 => break,
            0x000a => depth -= 1,
            0x0200 if data.len() >= 14 => {
                let (first_row, end_row) = (u32_at(data, 0).unwrap_or(0), u32_at(data, 4).unwrap_or(0));
                let n_columns = u16_at(data, 10).unwrap_or(0);
                // A range that ends before it starts would wrap around in the library.
                declared =
                    if end_row < first_row { u64::MAX } else { u64::from(end_row - first_row) * u64::from(n_columns) };
            }
            0x0006 | 0x00bd | 0x00d6 | 0x00fd | 0x0203..=0x0205 | 0x027e => {
                let (Some(row), Some(column)) = (u16_at(data, 0), u16_at(data, 2)) else { continue };
                if kind == 0x00fd {
                    let text = u32_at(data, 6).and_then(|at| lengths.get(at as usize));
                    text_bytes += text.map_or(0, |&n| u64::from(n));
                }
                let last = if kind == 0x00bd { u16_at(data, data.len().saturating_sub(2)) } else { None };
                rows = (rows.0.min(row.into()), rows.1.max(row.into()));
                columns = (columns.0.min(column.into()), columns.1.max(last.unwrap_or(column).max(column).into()));
            }
            _ => {}
        }
    }
    let held = if rows.0 > rows.1 { 0 } else { (rows.1 - rows.0 + 1) * (columns.1 - columns.0 + 1) };
    Size { n_cells: held.max(declared), text_bytes }
}

struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, n) = (u16_at(self.0, 0)?, usize::from(u16_at(self.0, 2)?));
        let data = self.0.get(4..4 + n)?;
        self.0 = &self.0[4 + n..];
        Some((kind, data))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The stream "Workbook" (or "Book", before 1997) of a compound file.
fn workbook_stream(file: &[u8]) -> Option<Vec<u8>> {
    let size = match u16_at(file, 30)? {
        9 => 512,
        12 => 4096,
        _ => return None,
    };
    let sector = |id: u32| {
        let start = (id as usize + 1).checked_mul(size)?;
        file.get(start..(start + size).min(file.len())).filter(|bytes| !bytes.is_empty())
    };
    let mut table_ids: Vec<u32> = (0..109).filter_map(|at| u32_at(file, 76 + at * 4)).collect();
    let mut next = u32_at(file, 68)?;
    let max_sectors = file.len() / size + 1;
    let mut n_sectors = 0;
    while next < END && n_sectors <= max_sectors {
        let ids = sector(next)?;
        table_ids.extend((0..size / 4 - 1).filter_map(|at| u32_at(ids, at * 4)));
        next = u32_at(ids, size - 4)?;
        n_sectors += 1;
    }
    let mut table = Vec::new();
    for id in table_ids.into_iter().filter(|&id| id < END).take(max_sectors) {
        table.extend(sector(id)?.chunks_exact(4).filter_map(|entry| u32_at(entry, 0)));
    }
    let chain = |start: u32| chain(start, &table, sector, file.len());
    let directory = chain(u32_at(file, 48)?);
    let entries = || directory.chunks_exact(128);
    let stream = ["Workbook", "Book"].into_iter().find_map(|name| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entries().find(|entry| {
            entry[..name.len()].eq_ignore_ascii_case(&name) && u16_at(entry, 64) == Some(name.len() as u16 + 2)
        })
    })?;
    let (start, n_bytes) = (u32_at(stream, 116)?, u32_at(stream, 120)? as usize);
    let mut bytes = if n_bytes < SMALL_STREAM_BYTES {
        let small = chain(u32_at(entries().next()?, 116)?);
        let small_table = chain(u32_at(file, 60)?);
        let small_table: Vec<u32> = small_table.chunks_exact(4).filter_map(|entry| u32_at(entry, 0)).collect();
        self::chain(start, &small_table, |id| small.get(id as usize * 64..id as usize * 64 + 64), file.len())
    } else {
        chain(start)
    };
    bytes.truncate(n_bytes);
    Some(bytes)
}

fn chain<'a>(start: u32, table: &[u32], sector: impl Fn(u32) -> Option<&'a [u8]>, max_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut id = start;
    while id < END && bytes.len() <= max_bytes {
        let Some(part) = sector(id) else { break };
        bytes.extend_from_slice(part);
        id = table.get(id as usize).copied().unwrap_or(END);
    }
    bytes
}
