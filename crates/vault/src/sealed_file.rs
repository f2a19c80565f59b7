//! Sealed streams under a key that lives only in memory: uploads and bulk temporary files.
//!
//! A stream: `"ZHKS"` · version (1 byte) · algorithm (1) · zero (2), then chunks of AES-256-GCM, 64 KiB of content and a
//! 16-byte tag each; the last chunk may be shorter. A chunk's nonce is its number (8, big-endian), zero (3) and a last
//! byte that is 1 for the last chunk; its associated data is the stream's header. The writer draws the key, so that it
//! seals one stream only, and hands it out at the end together with the length. After a crash nobody has the key.

mod temp;

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::gcm::{self, ALG_AES_256_GCM, Aes256Gcm, KeyInit, NONCE_BYTES, TAG_BYTES};
use crate::kek::unsupported;
use crate::random;

pub use temp::{SealedTemp, SealedTempWriter, sweep};

/// How much content one chunk holds.
pub const CHUNK_BYTES: usize = 64 * 1024;

const VERSION: u8 = 1;
const MAGIC: [u8; 4] = *b"ZHKS";
const HEADER: [u8; 8] = [MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], VERSION, ALG_AES_256_GCM, 0, 0];
const SEALED_CHUNK_BYTES: u64 = (CHUNK_BYTES + TAG_BYTES) as u64;

/// What opens one finished stream: its key, and the length that it must have. It cannot be stored.
#[derive(Clone)]
pub struct StreamKey {
    cipher: Arc<Aes256Gcm>,
    n_bytes: u64,
}

impl StreamKey {
    /// What opens a stream of which both are known.
    pub(crate) fn new(cipher: Arc<Aes256Gcm>, n_bytes: u64) -> Self {
        Self { cipher, n_bytes }
    }

    /// The length of the content of a stream of this length; of no stream, some length that does not verify.
    pub(crate) fn n_content(n_sealed: u64) -> u64 {
        let n_chunks = n_sealed.saturating_sub(HEADER.len() as u64).div_ceil(SEALED_CHUNK_BYTES);
        n_sealed.saturating_sub(HEADER.len() as u64 + n_chunks * TAG_BYTES as u64)
    }

    /// The length of the content.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    fn last_chunk(&self) -> u64 {
        self.n_bytes.saturating_sub(1) / CHUNK_BYTES as u64
    }

    fn chunk_bytes(&self, chunk: u64) -> usize {
        if chunk < self.last_chunk() {
            CHUNK_BYTES
        } else {
            (self.n_bytes - self.last_chunk() * CHUNK_BYTES as u64) as usize
        }
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamKey({} bytes)", self.n_bytes)
    }
}

fn nonce(chunk: u64, last: bool) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&chunk.to_be_bytes());
    nonce[NONCE_BYTES - 1] = u8::from(last);
    nonce
}

/// Seals what is written to it; nothing can be read back before [`SealedWriter::finish`].
///
/// `flush` cannot pass on a chunk that is not full: flushing means nothing before the end.
pub struct SealedWriter<W: Write> {
    inner: W,
    cipher: Arc<Aes256Gcm>,
    buffer: Zeroizing<Vec<u8>>,
    chunk: u64,
    failed: bool,
}

impl<W: Write> SealedWriter<W> {
    /// Starts a stream under a fresh key.
    ///
    /// Errors: [`Error::Io`] when there is no randomness or the header cannot be written.
    pub fn new(inner: W) -> Result<Self> {
        let key = random::system_key::<32>()?;
        let cipher = Arc::new(Aes256Gcm::new((&*key).into()));
        Self::under(inner, cipher).map_err(|source| Error::Io { op: "write", path: "a sealed stream".into(), source })
    }

    /// Starts a stream under a key that seals no other content.
    pub(crate) fn under(mut inner: W, cipher: Arc<Aes256Gcm>) -> io::Result<Self> {
        inner.write_all(&HEADER)?;
        Ok(Self {
            inner,
            cipher,
            buffer: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES)),
            chunk: 0,
            failed: false,
        })
    }

    /// Seals the last chunk and hands out what opens the stream.
    ///
    /// Errors: those of the writer below, and any that came before.
    pub fn finish(mut self) -> io::Result<(W, StreamKey)> {
        let n_bytes = self.chunk * CHUNK_BYTES as u64 + self.buffer.len() as u64;
        self.seal_chunk(true)?;
        self.inner.flush()?;
        Ok((self.inner, StreamKey { cipher: self.cipher, n_bytes }))
    }

    fn seal_chunk(&mut self, last: bool) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write to this sealed stream failed"));
        }
        let tag = gcm::seal(&*self.cipher, &nonce(self.chunk, last), &HEADER, &mut self.buffer);
        self.buffer.extend_from_slice(&tag);
        self.failed = true;
        self.inner.write_all(&self.buffer)?;
        self.failed = false;
        self.buffer.clear();
        self.chunk += 1;
        Ok(())
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.failed || self.buffer.len() == CHUNK_BYTES {
            // More follows, so the full chunk is not the last one.
            self.seal_chunk(false)?;
        }
        let n_taken = bytes.len().min(CHUNK_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..n_taken]);
        Ok(n_taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> fmt::Debug for SealedWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedWriter(chunk {})", self.chunk)
    }
}

/// Reads a finished stream, from its first byte or anywhere; yields only verified content.
///
/// Holds one chunk in memory, wiped when it is dropped. Damage is an error of kind `InvalidData` around
/// [`Error::Corrupt`], and so is content that ends early or goes on after its end. Seeking needs the stream to begin at
/// offset 0 of what is below.
pub struct SealedReader<R: Read> {
    inner: R,
    key: StreamKey,
    position: u64,
    content: Zeroizing<Vec<u8>>,
    /// The chunk that `content` holds.
    loaded: Option<u64>,
    /// The chunk at whose beginning `inner` stands; unknown after a failure.
    next: Option<u64>,
}

impl<R: Read> SealedReader<R> {
    /// Begins to read a stream.
    ///
    /// Errors: kind `InvalidData` when the bytes are no sealed stream of a known version; those of the reader below.
    pub fn new(mut inner: R, key: &StreamKey) -> io::Result<Self> {
        let mut header = [0; HEADER.len()];
        inner.read_exact(&mut header).map_err(cut_short)?;
        if header[..4] == MAGIC && header[4] != VERSION {
            return Err(invalid(unsupported("a sealed stream", header[4], VERSION)));
        }
        if header != HEADER {
            return Err(corrupt("it does not begin like one"));
        }
        let content = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES));
        Ok(Self { inner, key: key.clone(), position: 0, content, loaded: None, next: Some(0) })
    }

    /// The length of the content.
    pub fn n_bytes(&self) -> u64 {
        self.key.n_bytes
    }

    /// Reads and verifies a chunk, unless it is loaded. A failure lasts until the next seek.
    fn load(&mut self, chunk: u64) -> io::Result<()> {
        if self.loaded == Some(chunk) {
            return Ok(());
        }
        self.loaded = None;
        if self.next.take() != Some(chunk) {
            return Err(corrupt("an earlier read of it failed"));
        }
        self.content.resize(self.key.chunk_bytes(chunk) + TAG_BYTES, 0);
        self.inner.read_exact(&mut self.content).map_err(cut_short)?;
        let (content, tag) =
            self.content.split_last_chunk_mut::<TAG_BYTES>().ok_or_else(|| corrupt("it is cut short"))?;
        let last = chunk == self.key.last_chunk();
        gcm::open(&*self.key.cipher, &nonce(chunk, last), &HEADER, content, tag)
            .map_err(|_| corrupt("a chunk does not verify in its place"))?;
        if last {
            refuse_more(&mut self.inner)?;
        }
        self.content.truncate(self.key.chunk_bytes(chunk));
        self.loaded = Some(chunk);
        self.next = Some(chunk + 1);
        Ok(())
    }
}

impl<R: Read> Read for SealedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.position >= self.key.n_bytes {
            // The one chunk of an empty stream is verified like any other.
            return if self.key.n_bytes == 0 { self.load(0).map(|()| 0) } else { Ok(0) };
        }
        self.load(self.position / CHUNK_BYTES as u64)?;
        let content = self.content.get((self.position % CHUNK_BYTES as u64) as usize..).unwrap_or_default();
        let n_read = content.len().min(buffer.len());
        buffer[..n_read].copy_from_slice(&content[..n_read]);
        self.position += n_read as u64;
        Ok(n_read)
    }
}

impl<R: Read + Seek> Seek for SealedReader<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.key.n_bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let target = target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "a seek to before the start or past all limits")
        })?;
        let chunk = (target / CHUNK_BYTES as u64).min(self.key.last_chunk());
        if self.loaded != Some(chunk) && self.next != Some(chunk) {
            self.loaded = None;
            self.next = None;
            self.inner.seek(SeekFrom::Start(HEADER.len() as u64 + chunk * SEALED_CHUNK_BYTES))?;
            self.next = Some(chunk);
        }
        self.position = target;
        Ok(target)
    }
}

impl<R: Read> fmt::Debug for SealedReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedReader({} of {} bytes)", self.position, self.key.n_bytes)
    }
}

/// The stream must end here.
fn refuse_more(inner: &mut impl Read) -> io::Result<()> {
    match inner.read_exact(&mut [0]) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        Err(error) => Err(error),
        Ok(()) => Err(corrupt("it goes on after its end")),
    }
}

fn cut_short(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { corrupt("it is cut short") } else { error }
}

fn corrupt(why: &'static str) -> io::Error {
    invalid(Error::corrupt("a sealed stream", why))
}

fn invalid(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// INV-VAULT-9: even a reader that is told a shorter length knows that the stream went on.
    #[test]
    fn the_last_chunk_is_marked_as_such() {
        let mut writer = SealedWriter::new(Vec::new()).unwrap();
        writer.write_all(&[7; 2 * CHUNK_BYTES]).unwrap();
        let (sealed, mut key) = writer.finish().unwrap();
        key.n_bytes = CHUNK_BYTES as u64;
        let first = &sealed[..HEADER.len() + CHUNK_BYTES + TAG_BYTES];
        assert!(SealedReader::new(first, &key).unwrap().read(&mut [0]).is_err());
    }
}
