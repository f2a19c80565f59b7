//! The disk under the log: one flat directory of files. The real one, and the shape of the simulated one in the tests.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

const LOCK: &str = "wal.lock";

/// One directory, which belongs to the log.
pub trait Disk: Send + Sync + 'static {
    /// Keeps other processes out until what it returns is dropped; `None` when one is there already.
    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>>;

    /// The names of all files.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Makes a file, which must not exist.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file for reading and writing.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Removes a file; who has it open can go on reading.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes creations and removals durable.
    fn sync(&self) -> io::Result<()>;
}

/// One open file.
pub trait DiskFile: Send + Sync {
    /// Its length in bytes.
    fn n_bytes(&self) -> io::Result<u64>;

    /// Reads up to the length of the buffer; 0 at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes some bytes, at least one unless there is an error.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts the file to a length.
    fn truncate(&self, n_bytes: u64) -> io::Result<()>;

    /// Makes content and length durable. After an error it is unknown what is, and a later success proves nothing.
    fn sync(&self) -> io::Result<()>;
}

/// Fills the buffer as far as the file goes, and says how far.
pub(crate) fn read_up_to(file: &dyn DiskFile, mut offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n_read = 0;
    while n_read < buffer.len() {
        match file.read_at(offset, &mut buffer[n_read..]) {
            Ok(0) => break,
            Ok(n) => (n_read, offset) = (n_read + n, offset + n as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n_read)
}

/// Writes everything, however often the disk takes less.
pub(crate) fn write_all(file: &dyn DiskFile, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(offset, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => (offset, bytes) = (offset + n as u64, &bytes[n..]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A directory of the file system. Files are open to their owner only.
#[derive(Debug)]
pub struct FsDisk {
    dir: PathBuf,
}

impl FsDisk {
    /// Takes a directory, and makes it, durably, unless it is there.
    ///
    /// Errors: those of the file system.
    pub fn new(dir: &Path) -> io::Result<Self> {
        let is_new = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made: Vec<&Path> = dir.ancestors().take_while(is_new).collect();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir)?;
        for parent in made.into_iter().filter_map(Path::parent) {
            sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
        }
        Ok(Self { dir: dir.to_path_buf() })
    }
}

impl Disk for FsDisk {
    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let file = private_options().create(true).truncate(false).open(self.dir.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            // A file system without locks: whoever runs two processes there is on their own.
            Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Some(Box::new(file)))
            }
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(FsFile(private_options().create_new(true).open(self.dir.join(name))?)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(FsFile(private_options().open(self.dir.join(name))?)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        sync_dir(&self.dir)
    }
}

struct FsFile(File);

impl DiskFile for FsFile {
    fn n_bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset);
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::write_at(&self.0, bytes, offset);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_write(&self.0, bytes, offset);
    }

    fn truncate(&self, n_bytes: u64) -> io::Result<()> {
        self.0.set_len(n_bytes)
    }

    /// `fdatasync`: content, and the length that is needed to read it back.
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
