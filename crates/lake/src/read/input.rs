//! Where the bytes come from.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::Error;

/// Bytes that can be read from any place.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// What to read: a file, or any seekable reader with a name (uploads are decrypted on the fly).
pub struct Input {
    name: String,
    n_bytes: u64,
    source: Box<dyn ReadSeek + Send>,
}

impl Input {
    /// The file of a path.
    ///
    /// **Errors**: `Directory`, `NotFound`, `Permission`, `Unsupported` (a device or pipe), `Io`.
    pub fn path(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound { name: name.clone() },
            io::ErrorKind::PermissionDenied => Error::Permission { name: name.clone() },
            _ => Error::Io { name: name.clone(), source },
        };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Err(Error::Directory { name });
        }
        if !metadata.is_file() {
            let remedy = "save its content to a file first";
            return Err(Error::unsupported("a device or pipe", "设备或管道", remedy, "请先把内容保存为文件。"));
        }
        let file = File::open(path).map_err(failed)?;
        let name = path.file_name().map_or(name, |name| name.to_string_lossy().into_owned());
        Ok(Self { name, n_bytes: metadata.len(), source: Box::new(file) })
    }

    /// Any reader; `n_bytes` is its length, for progress and limits.
    pub fn reader(name: &str, n_bytes: u64, source: Box<dyn ReadSeek + Send>) -> Self {
        Self { name: name.to_owned(), n_bytes, source }
    }

    /// Name of the file, without its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Size as stored.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Goes back to the first byte.
    ///
    /// **Errors**: `Io`.
    pub fn rewind(&mut self) -> Result<(), Error> {
        self.source.seek(SeekFrom::Start(0)).map(drop).map_err(|source| Error::from_io(&self.name, None, source))
    }

    pub(super) fn source(&mut self) -> &mut (dyn ReadSeek + Send) {
        &mut *self.source
    }

    /// Takes the reader out, until it is put back.
    pub(super) fn lend(&mut self) -> Box<dyn ReadSeek + Send> {
        std::mem::replace(&mut self.source, Box::new(Cursor::new([0_u8; 0])))
    }

    pub(super) fn put_back(&mut self, source: Box<dyn ReadSeek + Send>) {
        self.source = source;
    }

    pub(super) fn into_source(self) -> Box<dyn ReadSeek + Send> {
        self.source
    }

    /// The first bytes as stored, at most `n`; leaves the reader at the start.
    pub(super) fn head(&mut self, n: usize) -> Result<Vec<u8>, Error> {
        self.rewind()?;
        let mut head = Vec::new();
        let read = Read::take(&mut self.source, n as u64).read_to_end(&mut head);
        read.map_err(|source| Error::from_io(&self.name, None, source))?;
        self.rewind()?;
        Ok(head)
    }

    /// Inflates a file that must be read from any place into memory.
    pub(super) fn inflated(&mut self, limit: u64) -> Result<Self, Error> {
        self.rewind()?;
        let mut bytes = Vec::new();
        let decoder = MultiGzDecoder::new(BufReader::new(&mut *self.source));
        let n = decoder.take(limit + 1).read_to_end(&mut bytes);
        let n = n.map_err(|source| Error::from_io(&self.name, None, source))?;
        if n as u64 > limit {
            return Err(Error::ZipBomb { part: self.name.clone(), limit });
        }
        Ok(Self { name: self.name.clone(), n_bytes: n as u64, source: Box::new(Cursor::new(bytes)) })
    }
}

/// The bytes as stored.
impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer)
    }
}

/// Bytes of a text file in order, inflated if need be, and how many stored ones were taken.
pub(super) struct Stream<'a> {
    reader: Box<dyn Read + Send + 'a>,
    n_stored: Arc<AtomicU64>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(source: impl Read + Send + 'a, is_gzip: bool) -> Self {
        let n_stored = Arc::new(AtomicU64::new(0));
        let counting = Counting { reader: source, n: Arc::clone(&n_stored) };
        let reader: Box<dyn Read + Send + 'a> = if is_gzip {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(128 << 10, counting)))
        } else {
            Box::new(counting)
        };
        Self { reader, n_stored }
    }

    pub(super) fn n_stored(&self) -> u64 {
        self.n_stored.load(Ordering::Relaxed)
    }

    /// Appends up to `n` bytes; fewer only at the end, which an error also is.
    pub(super) fn read_block(&mut self, n: usize, out: &mut Vec<u8>) -> (usize, io::Result<()>) {
        let start = out.len();
        out.resize(start + n, 0);
        let mut at = start;
        let mut result = Ok(());
        while at < out.len() {
            match self.reader.read(&mut out[at..]) {
                Ok(0) => break,
                Ok(read) => at += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        out.truncate(at);
        (at - start, result)
    }
}

struct Counting<R> {
    reader: R,
    n: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.n.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
