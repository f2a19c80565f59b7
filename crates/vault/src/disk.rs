//! The vault's directory: files appear whole and durable or not at all, and leave no readable trace when destroyed.
//!
//! Every write goes to a temporary file that is fsynced, renamed and made durable by an fsync of the directory. What a
//! dead process leaves behind is cleared by [`sweep`] at the next open, under the lock.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{Error, IoContext, Result};

const TEMPORARY: &str = ".vault-tmp";
const CONDEMNED: &str = ".vault-destroyed";
const LOCK: &str = "vault.lock";
const MAX_FILE_BYTES: usize = 4096;

/// Makes the directory and those above it, durably and open to their owner only, unless it is there.
///
/// Errors: [`Error::Io`].
pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    let made: Vec<&Path> = dir.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).on("make directory", dir)?;
    for parent in made.into_iter().filter_map(Path::parent) {
        sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
    }
    Ok(())
}

/// Holds other processes off the directory's key files until it is dropped.
///
/// Errors: [`Error::Io`].
pub(crate) fn lock(dir: &Path) -> Result<File> {
    let path = dir.join(LOCK);
    let file = private_options().create(true).truncate(false).open(&path).on("open", &path)?;
    match file.lock() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error).on("lock", &path),
        _ => Ok(file),
    }
}

/// The names of the directory's files.
///
/// Errors: [`Error::Io`].
pub(crate) fn names(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).on("list", dir)? {
        names.extend(entry.on("list", dir)?.file_name().into_string());
    }
    Ok(names)
}

/// Removes what a dead process left: half-written files and half-destroyed keys.
///
/// Errors: [`Error::Io`].
pub(crate) fn sweep(dir: &Path) -> Result<()> {
    for name in names(dir)? {
        if name.ends_with(CONDEMNED) {
            shred_condemned(dir, &name)?;
        } else if name.ends_with(TEMPORARY) {
            remove(dir, &name)?;
        }
    }
    Ok(())
}

/// Reads a small file; `None` when it is not there. `private` refuses one that its group or others can read.
///
/// Errors: [`Error::Permissions`], [`Error::Corrupt`] when it is too large to be a key file, [`Error::Io`].
pub(crate) fn read(dir: &Path, name: &str, private: bool) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let path = dir.join(name);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.on("open", &path)?,
    };
    if private {
        refuse_exposed(&file, &path)?;
    }
    // Capacity for everything, so that no copy of a secret is left behind by growth.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES + 1));
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).on("read", &path)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Error::corrupt(path.display().to_string(), "it is larger than any key file"));
    }
    Ok(Some(bytes))
}

#[cfg(unix)]
fn refuse_exposed(file: &File, path: &Path) -> Result<()> {
    let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().on("inspect", path)?) & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(Error::Permissions { path: path.to_path_buf(), mode }) }
}

#[cfg(not(unix))]
fn refuse_exposed(_file: &File, _path: &Path) -> Result<()> {
    Ok(())
}

/// Writes a file whole and durable, readable by its owner only; it must not exist yet.
///
/// Errors: [`Error::Refused`] when it exists, [`Error::Io`].
pub(crate) fn write_new(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = dir.join(name);
    if path.exists() {
        return Err(Error::Refused { what: "write a key file", why: "one of that name exists already" });
    }
    let temporary = dir.join(format!("{name}{TEMPORARY}"));
    step(&temporary)?;
    let mut file = private_options().create(true).truncate(true).open(&temporary).on("create", &temporary)?;
    step(&temporary)?;
    file.write_all(bytes).on("write", &temporary)?;
    step(&temporary)?;
    file.sync_all().on("fsync", &temporary)?;
    step(&path)?;
    fs::rename(&temporary, &path).on("rename into place", &path)?;
    step(&path)?;
    sync_dir(dir)
}

/// Removes a file that holds nothing to destroy, durably.
///
/// Errors: [`Error::Io`].
pub(crate) fn remove(dir: &Path, name: &str) -> Result<()> {
    let path = dir.join(name);
    step(&path)?;
    fs::remove_file(&path).on("remove", &path)?;
    step(&path)?;
    sync_dir(dir)
}

/// Takes a key file out of use, durably; what remains is for [`shred`].
///
/// Errors: [`Error::Io`].
pub(crate) fn condemn(dir: &Path, name: &str) -> Result<()> {
    let path = dir.join(name);
    step(&path)?;
    fs::rename(&path, dir.join(format!("{name}{CONDEMNED}"))).on("take out of use", &path)?;
    step(&path)?;
    sync_dir(dir)
}

/// Overwrites and removes a condemned key file.
///
/// Errors: [`Error::Io`].
pub(crate) fn shred(dir: &Path, name: &str) -> Result<()> {
    shred_condemned(dir, &format!("{name}{CONDEMNED}"))
}

fn shred_condemned(dir: &Path, condemned: &str) -> Result<()> {
    let path = dir.join(condemned);
    step(&path)?;
    let mut file = OpenOptions::new().write(true).open(&path).on("open", &path)?;
    let n_bytes = file.metadata().on("inspect", &path)?.len().min(MAX_FILE_BYTES as u64) as usize;
    file.write_all(&[0; MAX_FILE_BYTES][..n_bytes]).on("overwrite", &path)?;
    step(&path)?;
    file.sync_all().on("fsync", &path)?;
    remove(dir, condemned)
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes renames and removals in a directory durable.
fn sync_dir(dir: &Path) -> Result<()> {
    if cfg!(unix) { File::open(dir).and_then(|dir| dir.sync_all()).on("fsync directory", dir) } else { Ok(()) }
}

/// A point between two effects on the disk; tests stop the process here.
fn step(path: &Path) -> Result<()> {
    #[cfg(test)]
    crash::step().on("go on, stopped by the test, at", path)?;
    #[cfg(not(test))]
    let _ = path;
    Ok(())
}

/// Lets a test stop all effects of its thread on the disk after some steps, as the death of the process would.
#[cfg(test)]
pub(crate) mod crash {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static STEPS_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// Runs `f`, which is stopped after `steps` steps; returns whether it was.
    pub(crate) fn after(steps: u32, f: impl FnOnce()) -> bool {
        STEPS_LEFT.set(Some(steps));
        f();
        STEPS_LEFT.take() == Some(0)
    }

    pub(super) fn step() -> io::Result<()> {
        match STEPS_LEFT.get() {
            Some(0) => Err(io::Error::other("stopped")),
            Some(steps) => {
                STEPS_LEFT.set(Some(steps - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}
