//! Files that appear whole and durable or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::{Error, Result};

/// Written first, renamed when it is whole.
const TEMPORARY: &str = ".part";

/// Writes a file to its end and makes it durable before its name shows it; open to its owner only.
pub(super) fn whole(path: &Path, write: impl FnOnce(BufWriter<File>) -> io::Result<BufWriter<File>>) -> Result<()> {
    let parent = path.parent().unwrap_or_else(|| Path::new("."));
    make_dir(parent)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(TEMPORARY);
    let temporary = parent.join(name);
    let done = (|| {
        let file = private().create(true).truncate(true).open(&temporary)?;
        let mut writer = write(BufWriter::with_capacity(1 << 20, file))?;
        writer.flush()?;
        writer.get_ref().sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(parent)?.sync_all()
    })();
    done.map_err(|error: io::Error| {
        // What is left is written over, or removed with the folder.
        let _ = fs::remove_file(&temporary);
        Error::io("write", path, error)
    })
}

fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a directory and those above it, open to their owner only; one that is there stays as it is.
pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| Error::io("make", dir, error))
}

pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| Error::io("sync", dir, error))
}

/// Copies a file as far as it reaches now.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut file = File::open(from).map_err(|error| Error::io("read", from, error))?;
    whole(to, |mut into| io::copy(&mut file, &mut into).map(|_| into))
}

/// The names in a folder, in order; none when it is not there.
pub(super) fn folder_names(dir: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", dir, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(|error| Error::io("list", dir, error))?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `None` when it is not pairs of lower-case hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = *pair { Some(digit(high)? << 4 | digit(low)?) } else { None }).collect()
}

/// Waits until nobody else holds a file, and holds it until it is dropped.
pub(super) fn wait_for(path: &Path) -> Result<File> {
    let failed = |error| Error::io("lock", path, error);
    let file = private().create(true).truncate(false).open(path).map_err(failed)?;
    match file.lock() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(failed(error)),
        _ => Ok(file),
    }
}
