//! Walks the frames of a segment, and finds the next whole one behind damage.

use std::io;
use std::sync::Arc;

use crate::cipher::Sealer;
use crate::disk::{self, DiskFile};
use crate::header::HEADER_BYTES;
use crate::record::{FRAME_BYTES, Frame, MARKER};
use crate::{MAX_POSITION, Position};

const READ_AHEAD_BYTES: usize = 256 * 1024;

/// What stands next in a segment.
pub(crate) enum Step<'a> {
    /// A record whose checksums are right.
    Record {
        position: Position,
        /// The first position of its group.
        group: Position,
        sealed: &'a [u8],
        /// What opens it.
        sealer: Option<&'a dyn Sealer>,
    },
    /// The records from `from` up to `to` are damaged; whole ones follow.
    Damage { from: Position, to: Position },
    /// Nothing whole follows.
    End,
}

/// A place in a segment.
pub(crate) struct Frames {
    segment: Position,
    window: Window,
    /// Decides, behind damage, whether bytes that look like a frame are one. Without it checksums decide.
    sealer: Option<Box<dyn Sealer>>,
    /// The end of the last whole record.
    offset: u64,
    /// The position that stands there.
    expected: Position,
    /// Records at or after it do not count.
    limit: Position,
}

impl Frames {
    /// Begins at the first record. Nothing beyond `n_bytes` of the file is looked at.
    pub(crate) fn new(
        file: Arc<dyn DiskFile>,
        n_bytes: u64,
        segment: Position,
        limit: Position,
        sealer: Option<Box<dyn Sealer>>,
    ) -> Self {
        let window = Window { file, n_bytes, buffer: Vec::new(), start: 0 };
        Self { segment, window, sealer, offset: HEADER_BYTES, expected: segment, limit: limit.min(MAX_POSITION + 1) }
    }

    /// The segment's first position.
    pub(crate) fn segment(&self) -> Position {
        self.segment
    }

    /// The position after the last that was found.
    pub(crate) fn expected(&self) -> Position {
        self.expected
    }

    /// The end of the last whole record.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Lets it go on into what was appended since.
    pub(crate) fn extend(&mut self, n_bytes: u64, limit: Position) {
        self.window.n_bytes = n_bytes;
        self.limit = limit.min(MAX_POSITION + 1);
    }

    /// The next record or damage.
    ///
    /// Errors: those of the disk.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        if self.expected >= self.limit {
            return Ok(Step::End);
        }
        if let Some(frame) = self.frame_at(self.offset)?
            && frame.position == self.expected
        {
            let at = self.offset + FRAME_BYTES as u64;
            self.offset = at + u64::from(frame.n_bytes);
            self.expected += 1;
            let sealed = self.window.at(at, frame.n_bytes as usize)?;
            let group = frame.position.saturating_sub(u64::from(frame.in_group)).max(self.segment);
            return Ok(Step::Record { position: frame.position, group, sealed, sealer: self.sealer.as_deref() });
        }
        let mut at = self.offset;
        while let Some(found) = self.window.find(&MARKER, at)? {
            if let Some(frame) = self.frame_at(found)?
                && (self.expected..self.limit).contains(&frame.position)
                && self.is_genuine(found, &frame)?
            {
                let from = self.expected;
                (self.offset, self.expected) = (found, frame.position);
                return Ok(Step::Damage { from, to: frame.position });
            }
            // Not past the length that it claims: a forged frame must not hide a true one.
            at = found + 1;
        }
        Ok(Step::End)
    }

    fn frame_at(&mut self, offset: u64) -> io::Result<Option<Frame>> {
        let Some(frame) = Frame::parse(self.window.at(offset, FRAME_BYTES)?, self.segment) else { return Ok(None) };
        let sealed = self.window.at(offset + FRAME_BYTES as u64, frame.n_bytes as usize)?;
        Ok(frame.fits(sealed).then_some(frame))
    }

    fn is_genuine(&mut self, offset: u64, frame: &Frame) -> io::Result<bool> {
        let Some(sealer) = &self.sealer else { return Ok(true) };
        let sealed = self.window.at(offset + FRAME_BYTES as u64, frame.n_bytes as usize)?;
        Ok(sealer.open(frame.position, sealed).is_some())
    }
}

/// A part of the file, in memory.
struct Window {
    file: Arc<dyn DiskFile>,
    n_bytes: u64,
    buffer: Vec<u8>,
    start: u64,
}

impl Window {
    /// The bytes at an offset, fewer at the end of the file.
    fn at(&mut self, offset: u64, n_bytes: usize) -> io::Result<&[u8]> {
        let n_left = usize::try_from(self.n_bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let n_bytes = n_bytes.min(n_left);
        if offset < self.start || offset + n_bytes as u64 > self.start + self.buffer.len() as u64 {
            self.buffer.resize(n_bytes.max(READ_AHEAD_BYTES).min(n_left), 0);
            self.start = offset;
            let read = disk::read_up_to(&*self.file, offset, &mut self.buffer);
            self.buffer.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        let from = ((offset - self.start) as usize).min(self.buffer.len());
        Ok(&self.buffer[from..(from + n_bytes).min(self.buffer.len())])
    }

    /// Where a marker stands next, at or after an offset.
    fn find(&mut self, marker: &[u8; 4], mut offset: u64) -> io::Result<Option<u64>> {
        loop {
            let bytes = self.at(offset, READ_AHEAD_BYTES)?;
            if let Some(at) = bytes.windows(marker.len()).position(|four| four == marker) {
                return Ok(Some(offset + at as u64));
            }
            if bytes.len() < READ_AHEAD_BYTES {
                return Ok(None);
            }
            // A marker may begin in the last three bytes.
            offset += (bytes.len() - (marker.len() - 1)) as u64;
        }
    }
}
