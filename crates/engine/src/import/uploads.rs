//! Files that arrive over the network: sealed while they wait, under a key that lives in memory only.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use zhike_lake::read::Input;
use zhike_vault::sealed_file::{SealedTemp, SealedTempWriter};

use super::OpenFile;
use crate::{Error, Result};

/// A file that has arrived; it is deleted when this is dropped.
pub struct Upload {
    name: String,
    file: SealedTemp,
}

/// A file that is arriving.
pub struct UploadWriter {
    name: String,
    writer: SealedTempWriter,
}

impl Upload {
    /// Starts receiving a file into a folder, which is made when absent.
    ///
    /// **Errors**: `disk_full`, `unavailable`.
    pub fn create(dir: &Path, name: &str) -> Result<UploadWriter> {
        Ok(UploadWriter { name: name.to_owned(), writer: SealedTemp::create(dir)? })
    }

    /// Size in the clear.
    pub fn n_bytes(&self) -> u64 {
        self.file.n_bytes()
    }

    /// The file, to be loaded.
    pub fn file(self: &Arc<Self>) -> OpenFile {
        let upload = self.clone();
        Arc::new(move || Ok(Input::reader(&upload.name, upload.file.n_bytes(), Box::new(upload.file.open()?))))
    }
}

impl UploadWriter {
    /// Receives bytes.
    ///
    /// **Errors**: `disk_full`, `unavailable`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|error| Error::io("write the upload", Path::new(&self.name), error))
    }

    /// Ends receiving.
    ///
    /// **Errors**: as [`UploadWriter::write`].
    pub fn finish(self) -> Result<Upload> {
        Ok(Upload { name: self.name, file: self.writer.finish()? })
    }
}

/// Removes uploads that a crash left behind; nobody can read them any more. For the process that receives uploads, when
/// it starts.
///
/// **Errors**: when a file cannot be removed.
pub fn sweep(dir: &Path) -> Result<()> {
    zhike_vault::sealed_file::sweep(dir)?;
    Ok(())
}
