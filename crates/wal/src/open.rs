//! What a start makes of the files that it finds.

use std::io;
use std::sync::Arc;

use crate::cipher::{Cipher, Sealer};
use crate::disk::{self, Disk, DiskFile};
use crate::error::{Error, IoContext};
use crate::header::{self, Found, HEADER_BYTES, Header};
use crate::record::FRAME_BYTES;
use crate::scan::{Frames, Step};
use crate::view::{Damage, Extent, Reason};
use crate::{MAX_POSITION, Position};

/// What was wrong with the files; empty after an orderly end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records that cannot be given back. Seals are not checked here: a forged record shows when it is read.
    pub damaged: Vec<Damage>,
    /// The end of the last segment that was cut off.
    pub torn: Option<Torn>,
}

/// Bytes behind the last whole record: what a crash left of a group that was not acknowledged, or damage there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The segment's file.
    pub segment: String,
    /// Where the last whole record ends.
    pub offset: u64,
    /// How many bytes stood behind it.
    pub n_bytes: u64,
    /// The position after the last whole record.
    pub position: Position,
}

pub(crate) struct Recovered {
    pub(crate) extents: Vec<Extent>,
    /// The position after the last record.
    pub(crate) end: Position,
    /// The position of the next one.
    pub(crate) next: Position,
    pub(crate) report: Report,
}

/// A segment's file before its records are looked at.
struct File {
    first: Position,
    file: Arc<dyn DiskFile>,
    n_bytes: u64,
    header: Option<(Header, Box<dyn Sealer>)>,
}

/// What the records of a segment look like.
struct Scanned {
    extent: Extent,
    /// The end of the last whole record, in the file.
    offset: u64,
}

/// Validates all segments, cuts off a torn end, and makes what is left of the last segment durable.
///
/// Errors: those of [`crate::Log::open`].
pub(crate) fn recover(disk: &dyn Disk, cipher: &dyn Cipher, first_position: Position) -> Result<Recovered, Error> {
    let names = disk.names().on("list", "the log")?;
    let mut firsts: Vec<Position> = names.iter().filter_map(|name| header::first_of_name(name)).collect();
    firsts.sort_unstable();
    let mut report = Report::default();
    let mut files = Vec::new();
    let mut unfinished = Vec::new();
    for &first in &firsts {
        match open_file(disk, cipher, first, &mut report)? {
            Some(file) => files.push(file),
            None => unfinished.push(first),
        }
    }
    // All segments are of known versions and their keys open: from here on things may be changed.
    for first in unfinished {
        // It has no record; if it cannot be removed the next start tries again.
        let _ = disk.remove(&header::name(first));
    }
    // What was removed before the last process died stays removed, with the refused records in it.
    disk.sync().on("fsync the directory of", "the log")?;
    let mut extents = Vec::new();
    let mut torn_bytes = 0;
    let mut files = files.into_iter().peekable();
    while let Some(file) = files.next() {
        let (first, handle, n_bytes) = (file.first, file.file.clone(), file.n_bytes);
        let scanned = scan(file, files.peek(), &mut report.damaged).on("read", &header::name(first))?;
        let mut extent = scanned.extent;
        if files.peek().is_none() && n_bytes <= HEADER_BYTES {
            // Its records may have been cut off after their fsync failed: a power cut must not undo that.
            handle.sync().on("make durable", &header::name(first))?;
        } else if files.peek().is_none() && extent.key.is_some() {
            torn_bytes = n_bytes - scanned.offset;
            if torn_bytes > 0 {
                let (segment, offset, position) = (header::name(first), scanned.offset, extent.end);
                report.torn = Some(Torn { segment, offset, n_bytes: torn_bytes, position });
            }
            settle(&*handle, scanned.offset, torn_bytes > 0).on("make durable", &header::name(first))?;
            extent.n_bytes = scanned.offset;
        }
        extents.push(extent);
    }
    let (Some(oldest), Some(last)) = (extents.first(), extents.last()) else {
        let next = firsts.last().map_or(0, |newest| newest + 1).max(first_position);
        return Ok(Recovered { extents, end: next, next, report });
    };
    // Not the place of an empty segment: what is before it was burnt, and it may not even be durable.
    let ends = extents.iter().filter(|extent| extent.first < extent.end).map(|extent| extent.end);
    let end = ends.max().unwrap_or(oldest.follows.unwrap_or(oldest.first));
    if end < first_position {
        let segment = header::name(last.first);
        report.damaged.push(Damage { segment, from: end, to: first_position, reason: Reason::Missing });
    }
    // Records in the torn end may have been acknowledged, and read, before it was damaged: their positions are spent.
    let n_spent = if torn_bytes > 0 { torn_bytes / FRAME_BYTES as u64 + 1 } else { 0 };
    let newest = firsts.last().map_or(0, |newest| newest + 1);
    let next = (end + n_spent).max(newest).max(first_position.min(MAX_POSITION));
    Ok(Recovered { extents, end, next, report })
}

/// Opens a segment; `None` when its making was not finished.
fn open_file(
    disk: &dyn Disk,
    cipher: &dyn Cipher,
    first: Position,
    report: &mut Report,
) -> Result<Option<File>, Error> {
    let name = header::name(first);
    let file: Arc<dyn DiskFile> = disk.open(&name).on("open", &name)?.into();
    let n_bytes = file.n_bytes().on("inspect", &name)?;
    let header = match Header::read(&*file, first).on("read", &name)? {
        Found::Unknown(found) => return Err(Error::UnsupportedVersion { name, found, known: header::VERSION }),
        // Records come only after the header is durable.
        Found::Damaged if n_bytes <= HEADER_BYTES => return Ok(None),
        Found::Damaged => None,
        Found::Header(header, is_whole) => {
            if !is_whole && n_bytes > HEADER_BYTES {
                report.damaged.push(Damage { segment: name.clone(), from: first, to: first, reason: Reason::Header });
            }
            let sealer = cipher.open(first, &header.key).map_err(|source| Error::Key { name, source })?;
            Some((header, sealer))
        }
    };
    Ok(Some(File { first, file, n_bytes, header }))
}

/// Walks a segment's records.
fn scan(file: File, next: Option<&File>, damaged: &mut Vec<Damage>) -> io::Result<Scanned> {
    let File { first, file, n_bytes, header } = file;
    let after = next.and_then(|next| next.header.as_ref()).map(|(header, _)| header);
    let known_end = after.map(|header| header.follows.max(first));
    let limit = known_end.or(next.map(|next| next.first)).unwrap_or(MAX_POSITION);
    let (header, sealer) = header.unzip();
    let mut frames = Frames::new(file, n_bytes, first, limit, sealer);
    let mut holes = Vec::new();
    let mut last_group = first;
    loop {
        match frames.step()? {
            Step::Record { group, .. } => last_group = group,
            Step::Damage { from, to } => holes.push((from, to)),
            Step::End => break,
        }
    }
    let end = known_end.unwrap_or(frames.expected());
    let doubtful = if after.is_some_and(|header| header.follows_acknowledged) { end } else { last_group };
    let segment = header::name(first);
    let mut add = |from, to, reason| damaged.push(Damage { segment: segment.clone(), from, to, reason });
    if header.is_none() {
        add(first, end, Reason::Header);
    } else {
        for (from, to) in holes {
            add(from, to, if from < doubtful { Reason::Corrupt } else { Reason::Unfinished });
        }
        if frames.expected() < end {
            add(frames.expected(), end, lost(frames.offset(), n_bytes));
        }
    }
    let (follows, key) = header.map(|header| (header.follows, header.key)).unzip();
    Ok(Scanned { extent: Extent { first, end, n_bytes, follows, key, doubtful }, offset: frames.offset() })
}

/// Why the end of a segment is not there.
pub(crate) fn lost(offset: u64, n_bytes: u64) -> Reason {
    if offset < n_bytes { Reason::Corrupt } else { Reason::Missing }
}

/// Makes the whole records of the last segment durable before anyone reads them.
///
/// They may stand in the system's cache only: because the process died before its fsync, or because an fsync failed, after
/// which the system holds the pages for clean and a further fsync says nothing. So they are written once more, in place.
fn settle(file: &dyn DiskFile, n_bytes: u64, is_torn: bool) -> io::Result<()> {
    if is_torn {
        // When it cannot be cut off, the next segment's header voids it.
        let _ = file.truncate(n_bytes);
    }
    let mut buffer = vec![0; n_bytes.saturating_sub(HEADER_BYTES).min(1 << 20) as usize];
    let mut offset = HEADER_BYTES;
    while offset < n_bytes {
        let n = (n_bytes - offset).min(buffer.len() as u64) as usize;
        let n_read = disk::read_up_to(file, offset, &mut buffer[..n])?;
        if n_read < n {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match disk::write_all(file, offset, &buffer[..n]) {
            // A file system that never writes in place needs space for this; then the fsync below has to do.
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => break,
            written => written?,
        }
        offset += n as u64;
    }
    file.sync()
}
