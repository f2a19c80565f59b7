//! How records are sealed is decided above: the log only says which record of which segment it is.

use std::io;

/// The most bytes that a segment's wrapped key may have.
pub const MAX_KEY_BYTES: usize = 256;

/// Makes and opens the keys of segments.
pub trait Cipher: Send + Sync {
    /// Draws the key of a new segment: what the segment's header keeps of it (wrapped, at most [`MAX_KEY_BYTES`]), and
    /// what seals with it. Segments are named by their first position and never come twice.
    ///
    /// Errors: any; the append that needed the segment is refused with it.
    fn start(&self, segment: u64) -> io::Result<(Vec<u8>, Box<dyn Sealer>)>;

    /// Opens the key of a segment.
    ///
    /// Errors: any; the log does not open, and a reader stops, with it.
    fn open(&self, segment: u64, wrapped: &[u8]) -> io::Result<Box<dyn Sealer>>;
}

/// Seals and opens the records of one segment.
pub trait Sealer: Send {
    /// Appends the sealed form of a record to `out`. Called at most once per position and key.
    fn seal(&mut self, position: u64, plain: &[u8], out: &mut Vec<u8>);

    /// Opens a sealed record; `None` when it is not what was sealed at this position of this segment.
    fn open(&self, position: u64, sealed: &[u8]) -> Option<Vec<u8>>;
}
