//! The header of a segment, and its name.
//!
//! `"ZHKW"` · version (2 bytes) · length of the header (2) · first position (8) · end of the log before (8) · how that
//! end is known (1) · length of the wrapped key (2) · wrapped key · checksum (4): CRC-32 of all before it. It stands
//! twice, at 0 and at [`BLOCK_BYTES`], so that one bad sector does not cost the segment. Every future version keeps
//! magic, version and length in front and the checksum at the end, so that damage and a newer version can be told apart.

use std::io;

use crate::cipher::MAX_KEY_BYTES;
use crate::disk::{self, DiskFile};
use crate::{MAX_POSITION, Position};

/// The version that this program writes.
pub(crate) const VERSION: u16 = 1;

/// What one copy of the header takes: what disks write as one.
const BLOCK_BYTES: usize = 4096;

/// Where records begin.
pub(crate) const HEADER_BYTES: u64 = 2 * BLOCK_BYTES as u64;

const MAGIC: [u8; 4] = *b"ZHKW";
const FIXED_BYTES: usize = 27;
const CHECKSUM_BYTES: usize = 4;

/// The name of the segment that begins at a position.
pub(crate) fn name(first: Position) -> String {
    format!("{first:020}.wal")
}

/// The first position of the segment of a name; `None` when it is not a segment's.
pub(crate) fn first_of_name(file: &str) -> Option<Position> {
    let first = file.strip_suffix(".wal")?.parse().ok()?;
    (first <= MAX_POSITION && name(first) == file).then_some(first)
}

/// What a segment says about itself and about what came before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The position of its first record, which names it.
    pub(crate) first: Position,
    /// Where the log ended before: what stands at or after it in older segments was refused and does not count.
    pub(crate) follows: Position,
    /// Whether that end is what had been acknowledged, or only what a start found after a crash.
    pub(crate) follows_acknowledged: bool,
    /// Its key, wrapped.
    pub(crate) key: Vec<u8>,
}

/// What the first bytes of a file are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A header, and whether both copies are whole.
    Header(Header, bool),
    /// A header of a version that this program does not know.
    Unknown(u16),
    /// No copy is whole.
    Damaged,
}

impl Header {
    /// Both copies, as they stand at the beginning of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_be_bytes());
        bytes.extend_from_slice(&((FIXED_BYTES + self.key.len() + CHECKSUM_BYTES) as u16).to_be_bytes());
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(&self.follows.to_be_bytes());
        bytes.push(u8::from(self.follows_acknowledged));
        bytes.extend_from_slice(&(self.key.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&self.key);
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        bytes.resize(BLOCK_BYTES, 0);
        bytes.extend_from_within(..);
        bytes
    }

    /// Reads the header of the segment that is named by `first`.
    ///
    /// Errors: those of the disk.
    pub(crate) fn read(file: &dyn DiskFile, first: Position) -> io::Result<Found> {
        let mut bytes = vec![0; HEADER_BYTES as usize];
        let n_read = disk::read_up_to(file, 0, &mut bytes)?;
        bytes.truncate(n_read);
        let (front, back) = bytes.split_at(n_read.min(BLOCK_BYTES));
        Ok(match (decode(front, first), decode(back, first)) {
            (Found::Header(header, _), other) => {
                let both = matches!(&other, Found::Header(copy, _) if *copy == header);
                Found::Header(header, both)
            }
            (Found::Damaged, Found::Header(header, _)) => Found::Header(header, false),
            (Found::Unknown(version), _) | (_, Found::Unknown(version)) => Found::Unknown(version),
            (Found::Damaged, Found::Damaged) => Found::Damaged,
        })
    }
}

/// Reads one copy.
fn decode(block: &[u8], named: Position) -> Found {
    parse(block, named).unwrap_or(Found::Damaged)
}

fn parse(block: &[u8], named: Position) -> Option<Found> {
    let n_bytes = usize::from(u16::from_be_bytes(*block.get(6..)?.first_chunk()?));
    let (content, checksum) = block.get(..n_bytes)?.split_last_chunk::<CHECKSUM_BYTES>()?;
    if crc32fast::hash(content) != u32::from_be_bytes(*checksum) {
        return None;
    }
    let rest = content.strip_prefix(&MAGIC)?;
    let (&version, rest) = rest.split_first_chunk()?;
    let version = u16::from_be_bytes(version);
    if version != VERSION {
        return Some(Found::Unknown(version));
    }
    let (_, rest) = rest.split_first_chunk::<2>()?;
    let (&first, rest) = rest.split_first_chunk()?;
    let (&follows, rest) = rest.split_first_chunk()?;
    let (&[acknowledged], rest) = rest.split_first_chunk()?;
    let (&n_key, key) = rest.split_first_chunk()?;
    let header = Header {
        first: u64::from_be_bytes(first),
        follows: u64::from_be_bytes(follows),
        follows_acknowledged: acknowledged == 1,
        key: key.to_vec(),
    };
    let fits = usize::from(u16::from_be_bytes(n_key)) == key.len()
        && key.len() <= MAX_KEY_BYTES
        && header.first == named
        && header.follows <= header.first;
    fits.then_some(Found::Header(header, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_positions_belong_together() {
        assert_eq!(name(7), "00000000000000000007.wal");
        assert_eq!(first_of_name("00000000000000000007.wal"), Some(7));
        for other in
            ["7.wal", "00000000000000000007.tmp", "wal.lock", "99999999999999999999.wal", "+0000000000000000007.wal"]
        {
            assert_eq!(first_of_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let header = Header { first: 9, follows: 4, follows_acknowledged: true, key: b"wrapped".to_vec() };
        let bytes = header.encode();
        assert_eq!(bytes.len() as u64, HEADER_BYTES);
        assert_eq!(decode(&bytes, 9), Found::Header(header, true));
        assert_eq!(decode(&bytes, 8), Found::Damaged);
        let n_bytes = FIXED_BYTES + 7;
        for bit in 0..(n_bytes + CHECKSUM_BYTES) * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped, 9), Found::Damaged, "bit {bit}");
        }
        let mut newer = bytes;
        newer[5] = 2;
        let checksum = crc32fast::hash(&newer[..n_bytes]);
        newer[n_bytes..n_bytes + 4].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(decode(&newer, 9), Found::Unknown(2));
    }
}
