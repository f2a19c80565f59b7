//! The frame of a record.
//!
//! Marker (4 bytes) · length of the sealed record (4) · position (8) · number in its group (4) · CRC-32 of the sealed
//! record (4) · CRC-32 of the segment's first position (8) and the 24 bytes before (4) · sealed record. Integers are
//! big-endian.

use crate::cipher::Sealer;
use crate::{MAX_POSITION, Position};

/// What every frame begins with, so that reading can go on behind damage.
pub(crate) const MARKER: [u8; 4] = [0xf7, b'Z', b'R', 0x1c];

/// The bytes before the sealed record.
pub(crate) const FRAME_BYTES: usize = 28;

const CHECKED_BYTES: usize = FRAME_BYTES - 4;

/// A frame's head, whose checksum was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) position: Position,
    /// How many records of its group stand before it.
    pub(crate) in_group: u32,
    /// Length of the sealed record.
    pub(crate) n_bytes: u32,
    checksum: u32,
}

impl Frame {
    /// The frame at the beginning of some bytes; `None` when there is none of this segment.
    pub(crate) fn parse(bytes: &[u8], segment: Position) -> Option<Self> {
        let bytes: &[u8; FRAME_BYTES] = bytes.first_chunk()?;
        let rest = bytes.strip_prefix(&MARKER)?;
        let (&n_bytes, rest) = rest.split_first_chunk()?;
        let (&position, rest) = rest.split_first_chunk()?;
        let (&in_group, rest) = rest.split_first_chunk()?;
        let (&checksum, rest) = rest.split_first_chunk()?;
        let head: &[u8; 4] = rest.first_chunk()?;
        let frame = Self {
            position: u64::from_be_bytes(position),
            in_group: u32::from_be_bytes(in_group),
            n_bytes: u32::from_be_bytes(n_bytes),
            checksum: u32::from_be_bytes(checksum),
        };
        let is_whole = head_checksum(segment, &bytes[..CHECKED_BYTES]) == u32::from_be_bytes(*head);
        (is_whole && frame.position <= MAX_POSITION).then_some(frame)
    }

    /// Whether this is the sealed record that was framed.
    pub(crate) fn fits(&self, sealed: &[u8]) -> bool {
        sealed.len() == self.n_bytes as usize && crc32fast::hash(sealed) == self.checksum
    }
}

/// Seals a record and appends its frame.
pub(crate) fn write(
    out: &mut Vec<u8>,
    sealer: &mut dyn Sealer,
    segment: Position,
    position: Position,
    in_group: u32,
    plain: &[u8],
) {
    let at = out.len();
    out.resize(at + FRAME_BYTES, 0);
    sealer.seal(position, plain, out);
    let (head, sealed) = out[at..].split_at_mut(FRAME_BYTES);
    head[..4].copy_from_slice(&MARKER);
    head[4..8].copy_from_slice(&(sealed.len() as u32).to_be_bytes());
    head[8..16].copy_from_slice(&position.to_be_bytes());
    head[16..20].copy_from_slice(&in_group.to_be_bytes());
    head[20..24].copy_from_slice(&crc32fast::hash(sealed).to_be_bytes());
    let checksum = head_checksum(segment, &head[..CHECKED_BYTES]);
    head[CHECKED_BYTES..].copy_from_slice(&checksum.to_be_bytes());
}

/// Covers the segment too: a frame of another one, left in the blocks of a removed file, is none of this.
fn head_checksum(segment: Position, head: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&segment.to_be_bytes());
    hasher.update(head);
    hasher.finalize()
}
